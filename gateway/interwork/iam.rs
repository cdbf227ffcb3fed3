//! INVITE to IAM (RFC 3398 §7.2.1.1).
//!
//! An encapsulated IAM is the template, what SIP says overwrites it, and local policy has the
//! last word (RFC 3372 §4).

use isup::{
    CalledPartyNumber, CallingPartyNumber, CallingPartysCategory, ContinuityCheck, Digits,
    DigitsError, ForwardCallIndicators, Message, MessageType, NatureOfAddress, NatureOfConnection,
    Parameter, Presentation, Screening, TransmissionMediumRequirement,
};

use super::number;
use crate::config::{SipTrunk, TrunkGroup};
use crate::dialplan::Number;
use crate::sip::Incoming;
use crate::sip::sdp::Codec;

/// Who calls, as SIP tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The number.
    pub number: Number,
    /// The caller asked not to be shown (RFC 3323).
    pub restricted: bool,
}

impl Caller {
    /// P-Asserted-Identity from a trusted peer (RFC 3325), otherwise From; none where neither
    /// holds a number.
    #[must_use]
    pub fn of(incoming: &Incoming, trunk: &SipTrunk) -> Option<Self> {
        let asserted = incoming
            .p_asserted_identity
            .iter()
            .filter(|_| trunk.trusted)
            .find_map(|identity| number::from_uri(identity));
        let number = asserted.or_else(|| number::from_uri(&incoming.from))?;
        let restricted = incoming.privacy.as_deref().is_some_and(|privacy| {
            privacy
                .split([';', ','])
                .any(|value| matches!(value.trim(), "id" | "user" | "header"))
        });
        Some(Self { number, restricted })
    }
}

/// What the IAM is made from.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// The IAM of the INVITE's body, when the trunk is trusted with one and it can be read.
    pub template: Option<&'a Message>,
    /// Digits and nature of address that go out: what the dial plan made of the Request-URI.
    pub called: &'a str,
    /// Nature of address that goes out.
    pub nature: NatureOfAddress,
    /// Who calls.
    pub caller: Option<&'a Caller>,
    /// The media agreed on.
    pub codec: Codec,
    /// The trunk group it goes to.
    pub group: &'a TrunkGroup,
    /// The circuit is to be checked before the call goes on (Q.764 §2.1.8).
    pub check: bool,
}

/// The IAM for an INVITE, en bloc.
///
/// # Errors
/// When the called number holds something that is no address signal, or too much of it.
pub fn iam(setup: &Setup<'_>) -> Result<Message, DigitsError> {
    let mut iam = setup
        .template
        .filter(|m| m.message_type() == MessageType::Iam)
        .cloned()
        .unwrap_or_else(canonical);
    // The continuity check of the template was of another circuit.
    let connection = iam.find::<NatureOfConnection>().unwrap_or_default();
    let check = match setup.check {
        true => ContinuityCheck::Required,
        false => ContinuityCheck::NotRequired,
    };
    set(&mut iam, connection.with_continuity_check(check));
    if setup.codec == Codec::Clearmode {
        set(&mut iam, TransmissionMediumRequirement::Unrestricted64);
    }
    let called = signals(setup.called)?;
    let as_before = iam
        .find::<CalledPartyNumber>()
        .is_some_and(|n| n.digits.without_st() == called && n.nature == setup.nature);
    if !as_before {
        set(&mut iam, CalledPartyNumber::new(setup.nature, called));
    }
    // Where SIP names nobody, what the template says of the caller stands (RFC 3398 §7.2.1.1).
    if let Some(caller) = setup.caller {
        let (digits, nature) = number::to_parameter(&caller.number, setup.group);
        if let Ok(digits) = signals(&digits) {
            let as_before = iam
                .find::<CallingPartyNumber>()
                .is_some_and(|n| n.digits == digits && n.nature == nature);
            if !as_before {
                set(&mut iam, calling(nature, digits, caller.restricted));
            }
        }
    }
    Ok(iam)
}

/// The IAM of a gateway without a template (RFC 3398 §7.2.1.1): no satellite, ISUP all the way,
/// ordinary subscriber, 3.1 kHz audio.
fn canonical() -> Message {
    Message::new(MessageType::Iam)
        .with(NatureOfConnection::default())
        .with(ForwardCallIndicators::ISUP_ALL_THE_WAY)
        .with(CallingPartysCategory::Ordinary)
        .with(TransmissionMediumRequirement::Audio3k1)
}

fn calling(nature: NatureOfAddress, digits: Digits, restricted: bool) -> CallingPartyNumber {
    let presentation = if restricted {
        Presentation::Restricted
    } else {
        Presentation::Allowed
    };
    CallingPartyNumber {
        presentation,
        screening: Screening::Network,
        ..CallingPartyNumber::new(nature, digits)
    }
}

fn set<P: Parameter>(iam: &mut Message, parameter: P) {
    iam.set(parameter);
}

/// Address signals of dialled digits: `*` is code 11, `#` code 12 (Q.763 §3.9).
fn signals(dialled: &str) -> Result<Digits, DigitsError> {
    dialled.replace('*', "B").replace('#', "C").parse()
}

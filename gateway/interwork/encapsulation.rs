//! ISUP in SIP bodies (RFC 3204, RFC 3372): which messages travel in which SIP message, by which
//! variant a body is read and written, and what may come out of one.

use isup::{Message, MessageType, Variant};

use super::convert::{self, Change};
use crate::config::{IsupMode, SipTrunk};
use crate::sip::{Bodies, Handling, IsupBody};

/// The SIP message that carries an ISUP message (RFC 3372 §3, §5.4; RFC 3398 §5.6, §13.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// INVITE.
    Invite,
    /// A provisional response to the INVITE.
    Provisional,
    /// 200 to the INVITE.
    Answer,
    /// A final response to the INVITE that refuses it.
    Refusal,
    /// BYE.
    Bye,
    /// INFO, while there is an early dialog or a call.
    Info,
}

/// Every message that travels and what carries it. What is not here is circuit supervision and
/// other talk between two exchanges, and never leaves the gateway nor is taken from a body.
const CARRIERS: &[(MessageType, &[Carrier])] = {
    use Carrier as C;
    use MessageType as M;
    &[
        (M::Iam, &[C::Invite]),
        (M::Sam, &[C::Invite, C::Info]),
        (M::Acm, &[C::Provisional, C::Info]),
        (M::Cpg, &[C::Provisional, C::Info]),
        (M::Anm, &[C::Answer]),
        (M::Con, &[C::Answer]),
        (M::Rel, &[C::Refusal, C::Bye]),
        (M::Sus, &[C::Info]),
        (M::Res, &[C::Info]),
        (M::Fot, &[C::Info]),
        (M::Inr, &[C::Info]),
        (M::Inf, &[C::Info]),
        (M::Far, &[C::Info]),
        (M::Faa, &[C::Info]),
        (M::Frj, &[C::Info]),
        (M::Pam, &[C::Info]),
        (M::Usr, &[C::Info]),
        (M::Crg, &[C::Info]),
        (M::Nrm, &[C::Info]),
        (M::Fac, &[C::Info]),
        (M::Idr, &[C::Info]),
        (M::Ids, &[C::Info]),
        (M::Sgm, &[C::Info]),
        (M::Lop, &[C::Info]),
        (M::Apm, &[C::Info]),
        (M::Pri, &[C::Info]),
        (M::Sdn, &[C::Info]),
    ]
};

/// What carries a message; nothing for one that never travels. A type that no standard here knows
/// is of the call and crosses in INFO, for the exchange behind to judge (Q.764 §2.9.5.2).
#[must_use]
pub fn carriers(message: MessageType) -> &'static [Carrier] {
    if let MessageType::Other(_) = message {
        return &[Carrier::Info];
    }
    let row = CARRIERS.iter().find(|(known, _)| *known == message);
    row.map_or(&[], |(_, carriers)| carriers)
}

/// Whether a message concerns the call and not the circuit: only such ones leave the gateway or
/// are taken from a body (RFC 3398 §11 and §13; RFC 3372 §5.4).
#[must_use]
pub fn may_travel(message: MessageType) -> bool {
    !carriers(message).is_empty()
}

/// [`may_travel`] for a message: one that passes another along only with what may travel.
fn is_of_the_call(message: &Message) -> bool {
    let inner = message.passed_along();
    may_travel(message.message_type())
        && inner.is_none_or(|inner| {
            inner.is_ok_and(|inner| may_travel(inner.message_type()) && inner.opaque().is_none())
        })
}

/// Beginnings of the tokens for `version` and `base` (RFC 3204 Table 1), in lower case, and the
/// variant that reads them.
const TOKENS: &[(&str, Variant)] = &[
    ("itu-t", Variant::Itu),
    ("etsi", Variant::Itu),
    ("ttc", Variant::Itu),
    ("ansi", Variant::Ansi),
    ("gr", Variant::Ansi),
];

/// The variant that reads a body: by `version`, and by `base` where operators have agreed on a
/// version of their own (RFC 3204 §3.1). None where neither is known.
#[must_use]
pub fn variant(version: &str, base: Option<&str>) -> Option<Variant> {
    let of = |token: &str| {
        let token = token.trim().to_ascii_lowercase();
        let mut known = TOKENS.iter();
        known
            .find(|(start, _)| token.starts_with(start))
            .map(|(_, variant)| *variant)
    };
    of(version).or_else(|| of(base?))
}

/// The body that carries a message to this trunk, when it may.
#[must_use]
pub fn body(trunk: &SipTrunk, message: &Message) -> Option<IsupBody> {
    converted_body(trunk, message).map(|(body, _)| body)
}

/// The body that carries a message to this trunk in the trunk's variant, and what the conversion
/// changed; none where it may not travel, or the variant has no message that says it.
#[must_use]
pub fn converted_body(trunk: &SipTrunk, message: &Message) -> Option<(IsupBody, Vec<Change>)> {
    let handling = match trunk.isup {
        IsupMode::Off => return None,
        IsupMode::Optional => Handling::Optional,
        IsupMode::Preferred | IsupMode::Mandatory => Handling::Required,
    };
    if !is_of_the_call(message) {
        return None;
    }
    // Only the IAM decides whether the peer must understand ISUP; what follows is for those who
    // do (RFC 3372 §6).
    let handling = match message.message_type() {
        MessageType::Iam => handling,
        _ => Handling::Optional,
    };
    let base = trunk.isup_base.clone();
    let variant = variant(&trunk.isup_version, base.as_deref()).unwrap_or_default();
    let converted = convert::to(variant, message)?;
    let body = IsupBody {
        version: trunk.isup_version.clone(),
        base,
        handling,
        octets: converted.message.to_vec().into(),
    };
    Some((body, converted.changes))
}

/// What an INVITE to this trunk carries: the IAM, and the SAMs beside it where they are told one
/// by one (RFC 3578 §3.2). `received` is the IAM as it came and the SAMs after it, `iam` has the
/// digits of all; it goes alone where nothing was received but it, and to a variant without SAM.
#[must_use]
pub fn of_invite(
    trunk: &SipTrunk,
    iam: &Message,
    received: &[Message],
) -> (Option<IsupBody>, Vec<IsupBody>) {
    let each = received.iter().map(|message| body(trunk, message));
    let mut each = each.collect::<Option<Vec<_>>>().unwrap_or_default();
    match each.is_empty() {
        true => (body(trunk, iam), Vec::new()),
        false => {
            let sams = each.split_off(1);
            (each.pop(), sams)
        }
    }
}

/// The ISUP message of a body, when there is one and it can be read.
#[must_use]
pub fn decoded(bodies: &Bodies) -> Option<Message> {
    read(bodies.isup.as_ref()?)
}

/// The ISUP messages of a body in order, each when it can be read.
pub fn all_decoded(bodies: &Bodies) -> impl Iterator<Item = Option<Message>> {
    bodies.isup.iter().chain(&bodies.further_isup).map(read)
}

fn read(isup: &IsupBody) -> Option<Message> {
    let variant = variant(&isup.version, isup.base.as_deref())?;
    Message::decode_variant(&isup.octets, variant).ok()
}

/// The ISUP message of a body from this trunk: none from a trunk that is not to send any
/// (RFC 3372 §7).
#[must_use]
pub fn understood(trunk: &SipTrunk, bodies: &Bodies) -> Option<Message> {
    (trunk.isup != IsupMode::Off)
        .then(|| decoded(bodies))
        .flatten()
}

/// Whether a body must be understood and is not: the message is to be refused with 415
/// (RFC 3204 §3.3, RFC 5621 §8).
#[must_use]
pub fn must_be_refused(trunk: &SipTrunk, bodies: &Bodies) -> bool {
    let required = |isup: &IsupBody| isup.handling == Handling::Required;
    bodies.isup.as_ref().is_some_and(required) && understood(trunk, bodies).is_none()
        || (bodies.further_isup.iter())
            .any(|isup| required(isup) && (trunk.isup == IsupMode::Off || sam(isup).is_none()))
}

/// A further ISUP message of an INVITE, which may be a SAM only (RFC 3578 §3.2).
fn sam(isup: &IsupBody) -> Option<Message> {
    read(isup).filter(|message| message.message_type() == MessageType::Sam)
}

/// The SAMs beside the IAM of an INVITE from this trunk, in order.
#[must_use]
pub fn sams(trunk: &SipTrunk, bodies: &Bodies) -> Vec<Message> {
    match trunk.isup {
        IsupMode::Off => Vec::new(),
        _ => bodies.further_isup.iter().filter_map(sam).collect(),
    }
}

/// The message of an INFO that goes on to the circuit: one of the call, and none that would set
/// up or release it behind the SIP dialog's back, nor one that its own response carries.
#[must_use]
pub fn forwardable(trunk: &SipTrunk, bodies: &Bodies) -> Option<Message> {
    understood(trunk, bodies).filter(|message| {
        let carriers = carriers(message.message_type());
        is_of_the_call(message)
            && carriers.contains(&Carrier::Info)
            && message.message_type() != MessageType::Acm
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every octet is a message type: what travels is exactly what facts of the call there are.
    #[test]
    fn each_message_type_in_its_carrier_or_in_none() {
        let mut text = String::new();
        for code in 0..=u8::MAX {
            let message = MessageType::from_code(code);
            let carriers = carriers(message);
            assert_eq!(may_travel(message), !carriers.is_empty());
            if !matches!(message, MessageType::Other(_)) {
                text.push_str(&format!("{:<4} {carriers:?}\n", message.acronym()));
            }
        }
        insta::assert_snapshot!(text);
    }

    /// Circuit supervision stays on its link, whatever a trunk is trusted for, both ways.
    #[test]
    fn link_local_messages_never_travel() {
        use MessageType as M;
        let trunk = "name = \"peer\"\naddress = \"192.0.2.7:5060\"\nisup = \"mandatory\"";
        let trunk: SipTrunk = toml::from_str(trunk).unwrap();
        let local = [
            M::Rlc,
            M::Ccr,
            M::Rsc,
            M::Blo,
            M::Ubl,
            M::Bla,
            M::Uba,
            M::Grs,
            M::Gra,
            M::Cgb,
            M::Cgba,
            M::Cgu,
            M::Cgua,
            M::Cqm,
            M::Cqr,
            M::Cot,
            M::Lpa,
            M::Upt,
            M::Upa,
            M::Ucic,
            M::Cfn,
            M::Olm,
            M::Cra,
            M::Crm,
            M::Cvr,
            M::Cvt,
            M::Exm,
        ];
        for code in 0..=u8::MAX {
            let message = Message::new(MessageType::from_code(code));
            let kind = message.message_type();
            let is_out = |message| body(&trunk, message).is_some();
            // A pass-along message is what it passes along; one of another is nobody's.
            if kind != M::Pam {
                assert_eq!(is_out(&message), !local.contains(&kind), "{kind}");
                assert_eq!(
                    is_out(&Message::pass_along(&message)),
                    !local.contains(&kind) && kind != M::Crg,
                    "{kind} passed along"
                );
            }
            for version in ["itu-t92+", "ansi00"] {
                let octets = message.to_vec();
                let bodies = Bodies::isup(IsupBody::new(version, None, octets));
                let taken = forwardable(&trunk, &bodies).map(|message| message.message_type());
                assert!(!taken.is_some_and(|kind| local.contains(&kind)), "{kind}");
            }
        }
    }

    #[test]
    fn the_variant_of_a_body() {
        use Variant::{Ansi, Itu};
        for (version, base, expected) in [
            ("itu-t92+", None, Some(Itu)),
            ("ITU-T88", None, Some(Itu)),
            ("etsi356", None, Some(Itu)),
            ("ansi00", Some("itu-t92+"), Some(Ansi)),
            ("gr317", None, Some(Ansi)),
            ("X-NetxProprietary", Some("ansi88"), Some(Ansi)),
            ("X-NetxProprietary", Some("etsi121"), Some(Itu)),
            ("X-NetxProprietary", None, None),
            ("X-NetxProprietary", Some("spirou"), None),
            ("", None, None),
        ] {
            assert_eq!(variant(version, base), expected, "{version} {base:?}");
        }
    }
}

//! Ported numbers and chosen carriers: `npdi`, `rn` and `cic` of a telephone number (RFC 4694) and
//! the called party number, generic address, forward call indicators, carrier identification and
//! transit network selection (RFC 3398 §7.2.1.1, §8.2.1.1).
//!
//! In ANSI networks the routing number is the called party number and the dialled number a generic
//! address; elsewhere the routing number stands before the dialled one.

use isup::{
    CalledPartyNumber, CarrierIdentification, Digits, DigitsError, ForwardCallIndicators,
    GenericNumber, Message, NatureOfAddress, NumberQualifier, NumberingPlan, Presentation,
    Screening, TransitNetworkSelection, Variant,
};

use super::number;
use super::profile::Profile;
use super::uri::Uri;
use crate::config::{SipTrunk, TrunkGroup};
use crate::dialplan::Number;

/// Type of address "ported number" of a generic address (T1.113).
pub const PORTED: NumberQualifier = NumberQualifier::Other(0xC0);
/// Type of network identification "national" (Q.763 §3.53, T1.113).
const NATIONAL: u8 = 2;

/// What the Request-URI says of a ported number and of a carrier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Portability {
    /// A query for ported numbers was made.
    pub queried: bool,
    /// The routing number, in international form where it tells its country.
    pub routing: Option<Number>,
    /// The carrier code, without country.
    pub carrier: Option<String>,
}

impl Portability {
    /// Reads a Request-URI. A carrier is taken from a trusted peer alone: it decides who is paid.
    #[must_use]
    pub fn of(uri: &str, trunk: &SipTrunk) -> Self {
        let Some(uri) = Uri::parse(uri) else {
            return Self::default();
        };
        let queried = uri
            .parameter("npdi")
            .is_some_and(|value| value.is_empty() || value.eq_ignore_ascii_case("yes"));
        let routing = uri.parameter("rn").filter(|_| queried).and_then(|rn| {
            let context = uri.parameter("rn-context").unwrap_or_default();
            // A local number in the context of a country is one of that country (RFC 4694 §4).
            let global = match rn.starts_with('+') || !context.starts_with('+') {
                true => rn.to_owned(),
                false => format!("{context}{rn}"),
            };
            Number::parse(&global)
        });
        let carrier = uri
            .parameter("cic")
            .filter(|_| trunk.trusted)
            .and_then(|cic| {
                // "+1-6789" or "6789;cic-context=+1": the country goes away.
                let code = match cic.strip_prefix('+') {
                    Some(global) => global.split_once('-')?.1,
                    None => cic,
                };
                let digits: String = code.chars().filter(char::is_ascii_digit).collect();
                (3..=4).contains(&digits.len()).then_some(digits)
            });
        Self {
            queried,
            routing,
            carrier,
        }
    }

    /// Puts it into an IAM whose called party number is the dialled one.
    ///
    /// # Errors
    /// When routing number and dialled number together are too many digits.
    pub(super) fn put_into_iam(
        &self,
        profile: &Profile,
        group: &TrunkGroup,
        iam: &mut Message,
    ) -> Result<(), DigitsError> {
        if self.queried {
            let mut indicators = iam.find::<ForwardCallIndicators>().unwrap_or_default();
            indicators.insert(ForwardCallIndicators::NUMBER_TRANSLATED);
            iam.set(indicators);
        }
        if let Some(routing) = &self.routing
            && let Some(called) = iam.find::<CalledPartyNumber>()
        {
            let (digits, nature) = number::to_parameter(routing, group, profile);
            let mut digits = number::signals(&digits)?;
            if iam.variant() == Variant::Ansi {
                iam.push(GenericNumber {
                    qualifier: PORTED,
                    nature: called.nature,
                    plan: NumberingPlan::Isdn,
                    incomplete: false,
                    presentation: Presentation::Allowed,
                    screening: Screening::UserNotVerified,
                    digits: called.digits.without_st(),
                });
                iam.set(CalledPartyNumber::new(nature, digits));
            } else {
                digits.append(&called.digits)?;
                iam.set(CalledPartyNumber {
                    nature: called.nature,
                    digits,
                    ..called
                });
            }
        }
        if let Some(carrier) = &self.carrier {
            self.carrier_into_iam(carrier.parse()?, iam);
        }
        Ok(())
    }

    /// ANSI has a parameter for it; for calls abroad, and elsewhere, transit network selection.
    fn carrier_into_iam(&self, digits: Digits, iam: &mut Message) {
        let international = iam
            .find::<CalledPartyNumber>()
            .is_some_and(|called| called.nature == NatureOfAddress::International);
        let plan = if digits.len() == 3 { 1 } else { 2 };
        if iam.variant() == Variant::Ansi && !international {
            iam.set(CarrierIdentification {
                kind: NATIONAL,
                plan,
                digits,
            });
        } else {
            iam.set(TransitNetworkSelection {
                kind: NATIONAL,
                plan,
                digits,
            });
        }
    }
}

/// The number to route an IAM by: the dialled one, which a generic address holds where the called
/// party number is a routing number.
#[must_use]
pub fn dialled(iam: &Message, group: &TrunkGroup, profile: &Profile) -> Option<Number> {
    if let Some(ported) = ported(iam) {
        let number =
            number::from_parameter(&ported.digits, ported.nature, ported.plan, group, profile);
        if number.is_some() {
            return number;
        }
    }
    let called = iam.find::<CalledPartyNumber>()?;
    number::from_parameter(&called.digits, called.nature, called.plan, group, profile)
}

fn ported(iam: &Message) -> Option<GenericNumber> {
    let translated = iam
        .find::<ForwardCallIndicators>()
        .is_some_and(|indicators| indicators.contains(ForwardCallIndicators::NUMBER_TRANSLATED));
    let mut numbers = iam.all::<GenericNumber>().filter(|_| translated);
    numbers.find(|number| number.qualifier == PORTED)
}

/// The parameters of the Request-URI for an IAM: `npdi`, `rn` and, for a trusted peer, `cic`.
#[must_use]
pub fn parameters(iam: &Message, group: &TrunkGroup, trunk: &SipTrunk) -> String {
    let mut text = String::new();
    let country = &group.country_code;
    let indicators = iam.find::<ForwardCallIndicators>().unwrap_or_default();
    if indicators.contains(ForwardCallIndicators::NUMBER_TRANSLATED) {
        text.push_str(";npdi");
        let routing = iam
            .find::<CalledPartyNumber>()
            .filter(|_| ported(iam).is_some());
        if let Some(routing) = routing {
            let digits = routing.digits.without_st();
            // Routing numbers are national (RFC 3398 §8.2.1.1), so they need their country.
            text.push_str(&format!(";rn={digits};rn-context=+{country}"));
        }
    }
    let carrier = iam
        .find::<CarrierIdentification>()
        .map(|carrier| carrier.digits)
        .or_else(|| {
            let transit = iam.find::<TransitNetworkSelection>()?;
            (transit.kind == NATIONAL).then_some(transit.digits)
        });
    if let Some(digits) = carrier.filter(|_| trunk.trusted) {
        text.push_str(&format!(";cic=+{country}-{digits}"));
    }
    text
}

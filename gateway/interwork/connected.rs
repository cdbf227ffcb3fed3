//! Who answered: the connected number (Q.763 §3.16) and P-Asserted-Identity of the 200 (RFC 3325;
//! Q.1912.5 §6.7, §7.5), between those that trust each other.

use isup::{ConnectedNumber, Message, NumberingPlan, Presentation, Screening};

use super::number;
use super::profile::Profile;
use super::uri::{Address, values};
use crate::config::{SipTrunk, TrunkGroup};
use crate::sip::{Headers, header};

/// The header fields that tell a trusted peer who answered, from the ANM or CON.
#[must_use]
pub fn fields(
    message: &Message,
    group: &TrunkGroup,
    trunk: &SipTrunk,
    profile: &Profile,
    own_host: &str,
) -> Headers {
    let mut fields = Headers::new();
    let Some(connected) = message.find::<ConnectedNumber>().filter(|_| trunk.trusted) else {
        return fields;
    };
    let (digits, nature, plan) = (&connected.digits, connected.nature, connected.plan);
    let number = number::from_parameter(digits, nature, plan, group, profile);
    if let Some(number) = number.filter(|_| connected.presentation != Presentation::NotAvailable) {
        let uri = number::to_uri(&number, own_host);
        fields.push(("P-Asserted-Identity".to_owned(), format!("<{uri}>")));
        if connected.presentation != Presentation::Allowed {
            fields.push(("Privacy".to_owned(), "id".to_owned()));
        }
    }
    fields
}

/// Puts who answered, as a trusted peer asserts it, into the ANM or CON; without that, what the
/// template says stands.
pub fn put_into_isup(
    headers: &Headers,
    group: &TrunkGroup,
    trunk: &SipTrunk,
    profile: &Profile,
    message: &mut Message,
) {
    if !trunk.trusted {
        return;
    }
    let asserted: Vec<String> = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("P-Asserted-Identity"))
        .map(|(_, value)| value.clone())
        .collect();
    let mut addresses = values(&asserted).filter_map(Address::parse);
    let Some(number) = addresses.find_map(|address| number::of(&address.uri)) else {
        return;
    };
    let privacy = header(headers, "Privacy").unwrap_or_default();
    let asks = |value: &str| ["id", "user", "header"].contains(&value.trim());
    let restricted = privacy.split([';', ',']).any(asks);
    let (digits, nature) = number::to_parameter(&number, group, profile);
    let Ok(digits) = number::signals(&digits) else {
        return;
    };
    let same = |there: ConnectedNumber| there.digits == digits && there.nature == nature;
    if !message.find().is_some_and(same) {
        message.set(ConnectedNumber {
            nature,
            plan: NumberingPlan::Isdn,
            presentation: match restricted {
                true => Presentation::Restricted,
                false => Presentation::Allowed,
            },
            screening: Screening::Network,
            digits,
        });
    }
}

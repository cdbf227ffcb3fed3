//! Telephone numbers between URIs and parameters (RFC 3398 §12, RFC 3966).

use isup::{Digits, NatureOfAddress, NumberingPlan};

use crate::config::TrunkGroup;
use crate::dialplan::Number;

/// The number of a `tel:` URI or of the user part of a `sip:` or `sips:` URI, whether or not it
/// says `user=phone`; none where that is no number. A name-addr may stand around it.
#[must_use]
pub fn from_uri(uri: &str) -> Option<Number> {
    let uri = match (uri.find('<'), uri.rfind('>')) {
        (Some(open), Some(close)) if open < close => uri.get(open + 1..close)?,
        _ => uri,
    };
    let (scheme, rest) = uri.trim().split_once(':')?;
    let user = match scheme.to_ascii_lowercase().as_str() {
        "tel" => rest,
        "sip" | "sips" => rest.split_once('@')?.0,
        _ => return None,
    };
    // Parameters of the number, and a password, end it.
    let number = user.split([';', ':', '?']).next()?;
    Number::parse(&number.replace("%23", "#"))
}

/// The number as one of the trunk group's national network (RFC 3398 §12): in international
/// form, the group's own country code makes it national.
#[must_use]
pub fn to_parameter(number: &Number, group: &TrunkGroup) -> (String, NatureOfAddress) {
    if !number.international {
        return (number.digits.clone(), nature(group.number_nature));
    }
    match number.digits.strip_prefix(group.country_code.as_str()) {
        Some(national) if !national.is_empty() => (national.to_owned(), NatureOfAddress::National),
        _ => (number.digits.clone(), NatureOfAddress::International),
    }
}

/// A number of a parameter, in international form where the nature of address and the trunk
/// group's codes say how (RFC 3398 §12); other plans than E.164 are no telephone numbers.
#[must_use]
pub fn from_parameter(
    signals: &Digits,
    nature: NatureOfAddress,
    plan: NumberingPlan,
    group: &TrunkGroup,
) -> Option<Number> {
    if plan != NumberingPlan::Isdn || signals.without_st().is_empty() {
        return None;
    }
    // Codes 11 and 12 are `*` and `#` (Q.763 §3.9).
    let digits = signals
        .without_st()
        .to_string()
        .replace('B', "*")
        .replace('C', "#");
    let international = |digits: String| Number {
        digits,
        international: true,
    };
    Some(match (nature, &group.area_code) {
        (NatureOfAddress::International, _) => international(digits),
        (NatureOfAddress::National, _) => international(format!("{}{digits}", group.country_code)),
        (NatureOfAddress::Subscriber, Some(area)) => {
            international(format!("{}{area}{digits}", group.country_code))
        }
        _ => Number {
            digits,
            international: false,
        },
    })
}

/// The SIP URI of the number at a host (RFC 3261 §19.1.6).
#[must_use]
pub fn to_uri(number: &Number, host: &str) -> String {
    format!(
        "sip:{}@{host};user=phone",
        number.to_string().replace('#', "%23")
    )
}

/// The configured nature of address as the parameter's.
#[must_use]
pub fn nature(nature: crate::config::Nature) -> NatureOfAddress {
    use crate::config::Nature as N;
    match nature {
        N::Subscriber => NatureOfAddress::Subscriber,
        N::Unknown => NatureOfAddress::Unknown,
        N::National => NatureOfAddress::National,
        N::International => NatureOfAddress::International,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(uri: &str) -> Option<String> {
        from_uri(uri).map(|n| n.to_string())
    }

    #[test]
    fn numbers_of_uris() {
        assert_eq!(
            number("tel:+49-30-555.0001").as_deref(),
            Some("+49305550001")
        );
        assert_eq!(
            number("\"A\" <sip:+49305550001;npdi;rn=+4930@gw.invalid:5060;user=phone>;tag=1")
                .as_deref(),
            Some("+49305550001")
        );
        assert_eq!(
            number("sip:0305550001@gw.invalid").as_deref(),
            Some("0305550001")
        );
        assert_eq!(number("sip:alice@gw.invalid"), None);
        assert_eq!(number("sip:gw.invalid"), None);
        assert_eq!(number("sip:+@gw.invalid"), None);
        assert_eq!(number("mailto:+49305550001@gw.invalid"), None);
    }
}

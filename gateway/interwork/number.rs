//! Telephone numbers between URIs and parameters (RFC 3398 §12, RFC 3966).

use isup::{Digits, DigitsError, NatureOfAddress, NumberingPlan};

use super::profile::{Country, Form, Profile};
use super::uri::{Address, Uri};
use crate::config::TrunkGroup;
use crate::dialplan::Number;

/// The number of a `tel:` URI or of the user part of a `sip:` or `sips:` URI, whether or not it
/// says `user=phone`; none where that is no number. A name-addr may stand around it.
#[must_use]
pub fn from_uri(uri: &str) -> Option<Number> {
    match uri.contains('<') {
        true => of(&Address::parse(uri)?.uri),
        // A Request-URI: what follows a semicolon may belong to its user part.
        false => of(&Uri::parse(uri)?),
    }
}

/// [`from_uri`] for a URI that was read.
#[must_use]
pub fn of(uri: &Uri) -> Option<Number> {
    Number::parse(uri.user.as_deref()?)
}

/// Address signals of dialled digits: `*` is code 11, `#` code 12 (Q.763 §3.9).
///
/// # Errors
/// When there are too many, or one is no address signal.
pub fn signals(dialled: &str) -> Result<Digits, DigitsError> {
    dialled.replace('*', "B").replace('#', "C").parse()
}

/// The number as one of the trunk group's national network (RFC 3398 §12.2): in international
/// form, by the profile's row for the group's own country code or for another.
#[must_use]
pub fn to_parameter(
    number: &Number,
    group: &TrunkGroup,
    profile: &Profile,
) -> (String, NatureOfAddress) {
    if !number.international {
        return (number.digits.clone(), nature(group.number_nature));
    }
    let national = number.digits.strip_prefix(group.country_code.as_str());
    let national = national.filter(|national| !national.is_empty());
    let row = profile.number(match national {
        Some(_) => Country::Own,
        None => Country::Other,
    });
    let digits = match (national, row.nature) {
        // With its country code an own number is an international one.
        (Some(national), nature) if nature != crate::config::Nature::International => national,
        _ => &number.digits,
    };
    (digits.to_owned(), nature(row.nature))
}

/// A number of a parameter, in the form that the profile gives its nature of address and in
/// international form where the trunk group's codes say how (RFC 3398 §12.1); other plans than
/// E.164 are no telephone numbers.
#[must_use]
pub fn from_parameter(
    signals: &Digits,
    nature: NatureOfAddress,
    plan: NumberingPlan,
    group: &TrunkGroup,
    profile: &Profile,
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
    Some(match (profile.nature(nature).form, &group.area_code) {
        (Form::Global, _) => international(digits),
        (Form::National, _) => international(format!("{}{digits}", group.country_code)),
        (Form::Subscriber, Some(area)) => {
            international(format!("{}{area}{digits}", group.country_code))
        }
        (Form::Subscriber | Form::Local, _) => Number {
            digits,
            international: false,
        },
    })
}

/// The SIP URI of the number at a host (RFC 3261 §19.1.6).
#[must_use]
pub fn to_uri(number: &Number, host: &str) -> String {
    to_uri_with(number, "", host)
}

/// The SIP URI of the number with parameters of its own, each after a semicolon, at a host.
#[must_use]
pub fn to_uri_with(number: &Number, parameters: &str, host: &str) -> String {
    let number = number.to_string().replace('#', "%23");
    format!("sip:{number}{parameters}@{host};user=phone")
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

//! Numbers as subscribers dial them, as ISUP carries them, and as the configuration writes them.

use isup::{
    CalledPartyNumber, CallingPartyNumber, Digits, NatureOfAddress, NumberingPlan, Presentation,
    Screening,
};

/// What a dialled number, or the one of an IAM, stands for among the subscribers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Analysis {
    /// The subscriber with this index.
    Found(usize),
    /// Some subscriber's number begins like this: more digits may follow.
    Incomplete,
    /// Nobody's.
    Unallocated,
}

/// The digits of a called party number without ST as E.164 with `+`, as far as its nature tells.
/// None for a nature that only its network understands.
fn e164(number: &CalledPartyNumber, country_code: &str) -> Option<String> {
    let digits = number.digits.without_st().to_string();
    match number.nature {
        NatureOfAddress::International => Some(format!("+{digits}")),
        NatureOfAddress::National => Some(format!("+{country_code}{digits}")),
        NatureOfAddress::Unknown | NatureOfAddress::Subscriber => {
            Some(dialled(&digits, country_code))
        }
        _ => None,
    }
}

/// A number with the prefixes 00 and 0 that subscribers dial.
fn dialled(digits: &str, country_code: &str) -> String {
    if let Some(international) = digits.strip_prefix("00") {
        format!("+{international}")
    } else if let Some(national) = digits.strip_prefix('0') {
        format!("+{country_code}{national}")
    } else {
        format!("+{country_code}{digits}")
    }
}

/// Digits analysis (Q.764 clause 2.1.1.2).
pub(super) fn analyse<'a>(
    number: &CalledPartyNumber,
    country_code: &str,
    subscribers: impl Iterator<Item = &'a str>,
) -> Analysis {
    let Some(number_dialled) = e164(number, country_code) else {
        return Analysis::Unallocated;
    };
    let mut incomplete = false;
    for (index, subscriber) in subscribers.enumerate() {
        if subscriber == number_dialled {
            return Analysis::Found(index);
        }
        incomplete |= subscriber.starts_with(&number_dialled);
    }
    match incomplete && !number.digits.ends_with_st() {
        true => Analysis::Incomplete,
        false => Analysis::Unallocated,
    }
}

/// Nature and digits of a number written with `+`, or dialled with 00, 0 or nothing before it.
fn nature(number: &str, country_code: &str) -> Option<(NatureOfAddress, Digits)> {
    let number = match number.strip_prefix('+') {
        Some(international) => format!("+{international}"),
        None => dialled(number, country_code),
    };
    let national = number
        .strip_prefix('+')
        .and_then(|digits| digits.strip_prefix(country_code));
    let (nature, digits) = match national {
        Some(national) => (NatureOfAddress::National, national),
        None => (NatureOfAddress::International, number.get(1..)?),
    };
    let decimal = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    Some((nature, digits.parse().ok().filter(|_| decimal)?))
}

/// The called party number for a number as dialled; with ST when `finished`.
pub(super) fn called(
    number: &str,
    country_code: &str,
    finished: bool,
) -> Option<CalledPartyNumber> {
    let (nature, mut digits) = nature(number, country_code)?;
    if finished {
        digits.push(isup::parameter::ST).ok()?;
    }
    Some(CalledPartyNumber {
        nature,
        plan: NumberingPlan::Isdn,
        internal_network_not_allowed: false,
        digits,
    })
}

/// The calling party number of a subscriber: presentation allowed, network provided.
pub(super) fn calling(number: &str, country_code: &str) -> Option<CallingPartyNumber> {
    let (nature, digits) = nature(number, country_code)?;
    Some(CallingPartyNumber {
        nature,
        plan: NumberingPlan::Isdn,
        incomplete: false,
        presentation: Presentation::Allowed,
        screening: Screening::Network,
        digits,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBSCRIBERS: [&str; 3] = ["+49305550001", "+49305550002", "+12125550100"];

    fn analysis(nature: NatureOfAddress, digits: &str) -> Analysis {
        let number = CalledPartyNumber {
            nature,
            plan: NumberingPlan::Isdn,
            internal_network_not_allowed: true,
            digits: digits.parse().unwrap(),
        };
        analyse(&number, "49", SUBSCRIBERS.into_iter())
    }

    #[test]
    fn the_nature_of_address_says_what_the_digits_lack() {
        use NatureOfAddress as Nature;
        for (nature, digits, expected) in [
            (Nature::International, "49305550002", Analysis::Found(1)),
            (Nature::International, "12125550100F", Analysis::Found(2)),
            (Nature::National, "305550001F", Analysis::Found(0)),
            (Nature::Unknown, "0305550001", Analysis::Found(0)),
            (Nature::Unknown, "0012125550100", Analysis::Found(2)),
            (Nature::Subscriber, "305550001", Analysis::Found(0)),
            (Nature::National, "30555", Analysis::Incomplete),
            (Nature::National, "30555F", Analysis::Unallocated),
            (Nature::National, "305550009", Analysis::Unallocated),
            (Nature::International, "305550001", Analysis::Unallocated),
            (Nature::Other(0x70), "305550001", Analysis::Unallocated),
        ] {
            assert_eq!(analysis(nature, digits), expected, "{nature:?} {digits}");
        }
    }

    #[test]
    fn a_dialled_number_gets_its_nature() {
        for (dialled, nature, digits) in [
            ("+49305550001", NatureOfAddress::National, "305550001F"),
            ("0305550001", NatureOfAddress::National, "305550001F"),
            (
                "+12125550100",
                NatureOfAddress::International,
                "12125550100F",
            ),
            (
                "0012125550100",
                NatureOfAddress::International,
                "12125550100F",
            ),
        ] {
            let number = called(dialled, "49", true).unwrap();
            assert_eq!(
                (number.nature, number.digits.to_string().as_str()),
                (nature, digits)
            );
        }
        for wrong in ["", "+", "030x", "+49"] {
            assert_eq!(called(wrong, "49", true), None, "{wrong:?}");
        }
    }
}

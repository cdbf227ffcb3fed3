//! Values of the Recommendations by their names.

use isup::{CalledPartysStatus, CallingPartysCategory, Event, Location, RedirectingReason};
use serde::Deserialize;
use serde::de::{self, Deserializer, Unexpected};

pub(super) fn location<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Location>, D::Error> {
    let token = String::deserialize(deserializer)?;
    token.parse().map(Some).map_err(|_| {
        de::Error::invalid_value(
            Unexpected::Str(&token),
            &"a location of RFC 8606: U, LPN, LN, TN, RLN, RPN, INTL, BI or LOC-6 to LOC-15",
        )
    })
}

pub(super) fn called_partys_status<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<CalledPartysStatus, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Word {
        SubscriberFree,
        NoIndication,
    }
    Ok(match Word::deserialize(deserializer)? {
        Word::SubscriberFree => CalledPartysStatus::SubscriberFree,
        Word::NoIndication => CalledPartysStatus::NoIndication,
    })
}

pub(super) fn event<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Event, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Word {
        Alerting,
        Progress,
        InBand,
        ForwardedBusy,
        ForwardedNoReply,
        ForwardedUnconditional,
    }
    Ok(match Word::deserialize(deserializer)? {
        Word::Alerting => Event::Alerting,
        Word::Progress => Event::Progress,
        Word::InBand => Event::InBandInformation,
        Word::ForwardedBusy => Event::ForwardedOnBusy,
        Word::ForwardedNoReply => Event::ForwardedOnNoReply,
        Word::ForwardedUnconditional => Event::ForwardedUnconditional,
    })
}

pub(super) fn category<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<CallingPartysCategory, D::Error> {
    u8::deserialize(deserializer).map(CallingPartysCategory::from_code)
}

pub(super) fn redirecting_reason<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<RedirectingReason, D::Error> {
    let code = u8::deserialize(deserializer)?;
    (code < 16)
        .then(|| RedirectingReason::from_code(code))
        .ok_or_else(|| {
            let found = Unexpected::Unsigned(code.into());
            de::Error::invalid_value(
                found,
                &"a redirecting reason from 0 to 15 (Q.763 section 3.45)",
            )
        })
}

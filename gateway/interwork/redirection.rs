//! Redirection: Diversion (RFC 5806) and History-Info (RFC 7044) and the redirecting number, the
//! original called number and the redirection information, by way of the table of RFC 7544 §5
//! and §6.

use isup::{
    Digits, Message, NatureOfAddress, OriginalCalledNumber, Presentation, RedirectingIndicator,
    RedirectingNumber, RedirectingReason, RedirectionInformation,
};

use super::number;
use super::profile::Profile;
use super::uri::{Address, values};
use crate::config::{SipTrunk, TrunkGroup};
use crate::dialplan::Number;
use crate::sip::{Incoming, Invite};

/// The greatest redirection counter (Q.763 §3.45).
const MOST: u8 = 5;

/// One redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// Who redirected; none where no number is told.
    pub by: Option<Number>,
    /// Why.
    pub reason: RedirectingReason,
    /// Whoever redirected asked not to be shown.
    pub restricted: bool,
}

/// All redirections of a call, the first one first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Redirections {
    /// Those that are told: at most the first and the last in ISUP.
    pub told: Vec<Redirection>,
    /// How many there were.
    pub count: u8,
}

impl Redirections {
    /// What an INVITE tells: History-Info, else Diversion (RFC 7544 §3.4, §3.5).
    #[must_use]
    pub fn of_invite(incoming: &Incoming, profile: &Profile) -> Self {
        let history = Self::of_history(&incoming.history_info, profile);
        match history.told.is_empty() {
            false => history,
            true => Self::of_diversion(&incoming.diversion, profile),
        }
    }

    /// Diversion: the last redirection stands first.
    fn of_diversion(fields: &[String], profile: &Profile) -> Self {
        let mut count = 0_u8;
        let mut told: Vec<Redirection> = values(fields)
            .filter_map(Address::parse)
            .map(|address| {
                let counter = address.parameter("counter").and_then(|c| c.parse().ok());
                count = count.saturating_add(counter.unwrap_or(1_u8).max(1));
                let word = address.parameter("reason").unwrap_or_default();
                let privacy = address.parameter("privacy").unwrap_or("off");
                Redirection {
                    by: number::of(&address.uri).filter(|_| !address.uri.is_anonymous()),
                    reason: profile
                        .redirection_of_word(word)
                        .map_or(RedirectingReason::Unknown, |row| row.reason),
                    restricted: !privacy.eq_ignore_ascii_case("off") || address.uri.is_anonymous(),
                }
            })
            .collect();
        told.reverse();
        Self { told, count }
    }

    /// History-Info: an entry with `cause` was reached because the one before it, or the one that
    /// `mp` names, redirected (RFC 7544 §4.1).
    fn of_history(fields: &[String], profile: &Profile) -> Self {
        let entries: Vec<Address> = values(fields).filter_map(Address::parse).collect();
        let told = entries.iter().enumerate().filter_map(|(place, entry)| {
            let cause = entry.uri.parameter("cause")?.parse().ok()?;
            let row = profile.redirection_of_cause(cause)?;
            let named = entry.parameter("mp").and_then(|index| {
                let mut others = entries.iter();
                others.find(|other| other.parameter("index") == Some(index))
            });
            let by = named.or_else(|| entries.get(place.checked_sub(1)?))?;
            let privacy = by.uri.header("privacy").unwrap_or_default();
            let hidden = |value: &str| ["history", "session", "header", "user"].contains(&value);
            Some(Redirection {
                by: number::of(&by.uri).filter(|_| !by.uri.is_anonymous()),
                reason: row.reason,
                restricted: by.uri.is_anonymous()
                    || privacy.split([';', ',']).any(|value| hidden(value.trim())),
            })
        });
        let told: Vec<Redirection> = told.collect();
        let count = u8::try_from(told.len()).unwrap_or(u8::MAX);
        Self { told, count }
    }

    /// What an IAM tells.
    #[must_use]
    pub fn of_iam(iam: &Message, group: &TrunkGroup, profile: &Profile) -> Self {
        let Some(information) = iam.find::<RedirectionInformation>() else {
            return Self::default();
        };
        let all_restricted = matches!(
            information.indicator,
            RedirectingIndicator::ReroutedAllRestricted
                | RedirectingIndicator::DivertedAllRestricted
        );
        let told = |by: Option<(Number, Presentation)>, reason| {
            let restricted = by
                .as_ref()
                .is_some_and(|(_, presentation)| *presentation != Presentation::Allowed);
            Redirection {
                by: by.map(|(number, _)| number),
                reason,
                restricted: restricted || all_restricted,
            }
        };
        let last = iam.find::<RedirectingNumber>().and_then(|n| {
            let number = number::from_parameter(&n.digits, n.nature, n.plan, group, profile)?;
            Some((number, n.presentation))
        });
        let count = information.counter.clamp(1, MOST);
        let mut list = Vec::new();
        if count > 1 {
            list.push(told(
                original(iam, group, profile),
                information.original_reason,
            ));
        }
        list.push(told(last, information.reason));
        Self { told: list, count }
    }

    /// Puts the redirections into the IAM; without any, the template stands.
    pub(super) fn put_into_iam(&self, profile: &Profile, group: &TrunkGroup, iam: &mut Message) {
        let (Some(first), Some(last)) = (self.told.first(), self.told.last()) else {
            return;
        };
        // What the template says already stays as it is (RFC 3372 §4.4).
        if Self::of_iam(iam, group, profile).agrees(self) {
            return;
        }
        let restricted = self.told.iter().any(|one| one.restricted);
        iam.set(RedirectionInformation {
            indicator: match restricted {
                true => RedirectingIndicator::DivertedAllRestricted,
                false => RedirectingIndicator::Diverted,
            },
            original_reason: match self.count {
                0 | 1 => RedirectingReason::Unknown,
                _ => first.reason,
            },
            counter: self.count.clamp(1, MOST),
            reason: last.reason,
        });
        if let Some((nature, digits)) = signals(profile, group, last.by.as_ref()) {
            iam.set(RedirectingNumber {
                nature,
                plan: isup::NumberingPlan::Isdn,
                presentation: presentation(last.restricted),
                digits,
            });
        }
        if let Some((nature, digits)) = signals(profile, group, first.by.as_ref()) {
            iam.set(OriginalCalledNumber {
                nature,
                plan: isup::NumberingPlan::Isdn,
                presentation: presentation(first.restricted),
                digits,
            });
        }
    }

    /// Whether both tell the same of the first and of the last redirection, as far as ISUP can.
    fn agrees(&self, other: &Self) -> bool {
        let ends = |all: &Self| (all.told.first().cloned(), all.told.last().cloned());
        ends(self) == ends(other) && self.count == other.count.clamp(1, MOST)
    }

    /// Says it in the INVITE, in the profile's way. A peer that is not trusted learns no number
    /// that may not be shown.
    pub(super) fn put_into_invite(
        &self,
        profile: &Profile,
        trunk: &SipTrunk,
        own_host: &str,
        invite: &mut Invite,
    ) {
        let sent = profile.conventions().diversion;
        let uri = |one: &Redirection| match &one.by {
            Some(number) if trunk.trusted || !one.restricted => number::to_uri(number, own_host),
            _ => "sip:anonymous@anonymous.invalid".to_owned(),
        };
        if sent.diversion {
            // The last redirection first; the first one stands for itself alone.
            let between = self.count.saturating_sub(1).max(1);
            let last = self.told.len().saturating_sub(1);
            for (place, one) in self.told.iter().enumerate().rev() {
                let word = profile
                    .redirection(one.reason)
                    .map_or("unknown", |row| &*row.diversion);
                let privacy = if one.restricted { "full" } else { "off" };
                let counter = if place == last { between } else { 1 };
                let value = format!(
                    "<{}>;reason={word};counter={counter};privacy={privacy}",
                    uri(one)
                );
                invite.headers.push(("Diversion".to_owned(), value));
            }
        }
        if sent.history_info && !self.told.is_empty() {
            let mut index = "1".to_owned();
            let mut entries = Vec::new();
            let mut cause = None;
            for one in &self.told {
                let hidden = one.restricted && trunk.trusted;
                entries.push(entry(&uri(one), cause, hidden, &index));
                cause = profile
                    .redirection(one.reason)
                    .map(|row| row.cause)
                    .or(Some(404));
                index.push_str(".1");
            }
            entries.push(entry(&invite.uri, cause, false, &index));
            invite
                .headers
                .push(("History-Info".to_owned(), entries.join(", ")));
        }
    }
}

/// One entry of History-Info: the cause stands in the URI of the one that was redirected to.
fn entry(uri: &str, cause: Option<u16>, hidden: bool, index: &str) -> String {
    let cause = cause
        .map(|cause| format!(";cause={cause}"))
        .unwrap_or_default();
    let privacy = if hidden { "?Privacy=history" } else { "" };
    let parent = match index.rsplit_once('.') {
        Some((parent, _)) if !cause.is_empty() => format!(";mp={parent}"),
        _ => String::new(),
    };
    format!("<{uri}{cause}{privacy}>;index={index}{parent}")
}

/// The original called number of an IAM, and whether it may be shown.
#[must_use]
pub fn original(
    iam: &Message,
    group: &TrunkGroup,
    profile: &Profile,
) -> Option<(Number, Presentation)> {
    let n = iam.find::<OriginalCalledNumber>()?;
    let number = number::from_parameter(&n.digits, n.nature, n.plan, group, profile)?;
    Some((number, n.presentation))
}

/// The number of To as the original called number, where the call was retargeted and nothing says
/// by whom (RFC 3398 §7.2.1.1).
pub(super) fn original_of_to(
    incoming: &Incoming,
    profile: &Profile,
    group: &TrunkGroup,
    iam: &mut Message,
) {
    let to = number::from_uri(&incoming.to);
    let target = number::from_uri(&incoming.request_uri);
    if to.is_some()
        && to != target
        && let Some((nature, digits)) = signals(profile, group, to.as_ref())
    {
        let same = |there: OriginalCalledNumber| there.digits == digits && there.nature == nature;
        if !iam.find().is_some_and(same) {
            iam.set(OriginalCalledNumber {
                nature,
                plan: isup::NumberingPlan::Isdn,
                presentation: Presentation::Allowed,
                digits,
            });
        }
    }
}

fn presentation(restricted: bool) -> Presentation {
    match restricted {
        true => Presentation::Restricted,
        false => Presentation::Allowed,
    }
}

fn signals(
    profile: &Profile,
    group: &TrunkGroup,
    number: Option<&Number>,
) -> Option<(NatureOfAddress, Digits)> {
    let (digits, nature) = number::to_parameter(number?, group, profile);
    Some((nature, number::signals(&digits).ok()?))
}

//! The Replaces header field (RFC 3891): a call that takes the place of another.

use std::fmt;

use sipx_sip::message::Request;

use super::endpoint::Endpoint;
use super::reason::split_outside_quotes;
use super::session::State;
use super::{SessionId, message};

/// A dialog named from outside. `to_tag` is the tag of the side that gets the INVITE with this
/// field, `from_tag` that of its peer (§3). `Display` writes the field's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces {
    /// Call-ID of the dialog.
    pub call_id: String,
    /// Tag of the side that is to replace it.
    pub to_tag: String,
    /// Tag of that side's peer.
    pub from_tag: String,
    /// Only while it is early (§6.1): the caller wants no answered call replaced.
    pub early_only: bool,
}

impl Replaces {
    /// Reads a value; `None` without Call-ID, or without exactly one of each tag.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let mut elements = split_outside_quotes(value, ';').map(str::trim);
        let call_id = elements.next().filter(|id| !id.is_empty())?.to_owned();
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for element in elements {
            let (name, value) = element.split_once('=').unwrap_or((element, ""));
            let (name, value) = (name.trim(), value.trim());
            let tag = if name.eq_ignore_ascii_case("to-tag") {
                &mut to_tag
            } else if name.eq_ignore_ascii_case("from-tag") {
                &mut from_tag
            } else {
                early_only |= name.eq_ignore_ascii_case("early-only");
                continue;
            };
            if value.is_empty() || tag.replace(value.to_owned()).is_some() {
                return None;
            }
        }
        Some(Self {
            call_id,
            to_tag: to_tag?,
            from_tag: from_tag?,
            early_only,
        })
    }

    /// The header field, name and value.
    #[must_use]
    pub fn to_header(&self) -> (String, String) {
        ("Replaces".to_owned(), self.to_string())
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            call_id,
            to_tag,
            from_tag,
            ..
        } = self;
        write!(f, "{call_id};to-tag={to_tag};from-tag={from_tag}")?;
        if self.early_only {
            f.write_str(";early-only")?;
        }
        Ok(())
    }
}

impl Endpoint {
    /// The session of ours that this names, whatever its state.
    pub(super) fn named(&self, replaces: &Replaces) -> Option<SessionId> {
        let mut sessions = self.tags.of(&replaces.to_tag);
        sessions.find(|id| self.dialog_named(*id, replaces).is_some())
    }

    fn dialog_named(&self, id: SessionId, replaces: &Replaces) -> Option<usize> {
        let session = self.sessions.get(&id)?;
        // A tag of 0 stands for none, as peers of RFC 2543 have it (§6.1).
        session.dialogs.iter().position(|dialog| {
            dialog.call_id == replaces.call_id
                && (dialog.remote_tag == replaces.from_tag
                    || (dialog.remote_tag.is_empty() && replaces.from_tag == "0"))
        })
    }

    /// The session that an INVITE outside a dialog asks to replace; `Err` is the status that
    /// refuses it (§3).
    pub(super) fn replaced(&self, invite: &Request) -> Result<Option<SessionId>, u16> {
        let fields = message::values(&invite.headers, &message::name("Replaces"));
        let value = match fields.as_slice() {
            [] => return Ok(None),
            [value] => value,
            _ => return Err(400),
        };
        let replaces = Replaces::parse(value).ok_or(400u16)?;
        self.replaceable(&replaces).map(Some)
    }

    /// The session that this names, where it may be replaced.
    ///
    /// # Errors
    /// The status that refuses an INVITE with it (§3): 481, 486 or 603.
    pub fn replaceable(&self, replaces: &Replaces) -> Result<SessionId, u16> {
        let id = self.named(replaces).ok_or(481u16)?;
        let session = self.sessions.get(&id).ok_or(481u16)?;
        match session.state {
            State::Releasing | State::Terminated | State::Cancelling => Err(603),
            // An early dialog that the peer began is not for a third party to take.
            State::Invited => Err(481),
            State::Inviting => Ok(id),
            State::Answered | State::Confirmed | State::AckDue => {
                // Of an answered INVITE only the dialog that was chosen is left.
                if session.current != self.dialog_named(id, replaces) {
                    Err(481)
                } else if replaces.early_only {
                    Err(486)
                } else {
                    Ok(id)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_survives_writing_and_reading() {
        for early_only in [false, true] {
            let replaces = Replaces {
                call_id: "98asjd8@192.0.2.1".to_owned(),
                to_tag: "7743".to_owned(),
                from_tag: "6472".to_owned(),
                early_only,
            };
            assert_eq!(Replaces::parse(&replaces.to_string()), Some(replaces));
        }
    }

    #[test]
    fn each_tag_is_there_once() {
        for value in [
            "",
            ";to-tag=1;from-tag=2",
            "x;to-tag=1",
            "x;from-tag=2",
            "x;to-tag=1;from-tag=2;to-tag=3",
            "x;to-tag=;from-tag=2",
        ] {
            assert_eq!(Replaces::parse(value), None, "{value}");
        }
    }
}

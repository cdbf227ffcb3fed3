//! The SIP endpoint: user agent server and client without input or output (RFC 3261).
//!
//! [`Endpoint`] is the aggregate. It is told the time, given datagrams and asked for
//! [`Request`]s; it gives back datagrams and [`Indication`]s. Messages, transaction machines and
//! the arithmetic of RFC 3262 and RFC 4028 come from `sipx-sip`, whose types go no further than
//! this module; dialogs, sessions, the order of offers and answers and the bodies are here, one
//! procedure a file:
//!
//! | file | procedure |
//! |---|---|
//! | `endpoint` | the aggregate and its verbs |
//! | `core` | transactions, timers, outputs |
//! | [`transport`], `flows`, [`framing`] | listeners, connections, messages out of streams (RFC 3261 §18) |
//! | [`peers`], [`location`], `registration`, `keep_alive`, [`digest`] | the peers known by name: who they are, where, whether they live |
//! | `receive` | RFC 3261 §8.2: what a request must satisfy before a procedure sees it |
//! | `dialog`, `session` | the state the procedures share |
//! | `invite`, `invite_again`, `progress`, `prack`, `ack`, `cancel`, `reject` | setting a session up |
//! | `renegotiate`, `reinvite`, `update`, `session_timer` | changing and keeping it |
//! | `refer`, [`replaces`] | transfer: REFER with its notifications, INVITE with Replaces |
//! | `info`, `bye`, `options` | the rest |
//! | [`body`], [`sdp`], [`reason`], [`early_media`], [`mod@summary`] | what messages carry, and one line about them |

mod ack;
pub mod body;
mod bye;
mod cancel;
mod core;
mod dialog;
pub mod digest;
pub mod early_media;
mod endpoint;
mod flows;
pub mod framing;
mod identifiers;
mod indication;
mod info;
mod invite;
mod invite_again;
mod keep_alive;
pub mod location;
mod message;
mod names;
mod options;
pub mod peers;
mod prack;
mod progress;
pub mod reason;
mod receive;
mod refer;
mod registration;
mod reinvite;
mod reject;
mod renegotiate;
pub mod replaces;
mod request;
pub mod sdp;
mod session;
mod session_timer;
pub mod summary;
#[cfg(test)]
mod tests;
pub mod transport;
mod unreadable;
mod update;

pub use body::{Bodies, Handling, IsupBody, Part};
pub use early_media::{EarlyMedia, PEarlyMedia};
pub use endpoint::{Endpoint, EndpointConfig, Output};
pub use indication::{Failure, Incoming, Indication, Refer, RenegotiationMethod};
pub use names::MOST_NAMES;
pub use peers::{PeerConfig, PeerId, PeerNews, Strangers};
pub use reason::Q850;
pub use registration::RegistrationConfig;
pub use replaces::Replaces;
pub use request::{Invite, Policy, Reliable, Renegotiation, Request, RequestError};

pub(crate) use message::phrase;
pub(crate) use reason::unquote;
pub use summary::{Summary, summary};
pub use transport::{Flow, Hop, Identity, Listener, Transport};

use std::fmt;

use serde::{Deserialize, Serialize};

/// One session of the endpoint: an INVITE, the dialogs it made and what followed.
///
/// Never used again after [`Indication::Terminated`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u32);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {}", self.0)
    }
}

/// Header fields as name and value, in the order of the message. Names are canonical
/// ("Call-ID", never "i"); values are unfolded, octets outside UTF-8 replaced.
pub type Headers = Vec<(String, String)>;

/// The value of the first field of this name, compared without case.
#[must_use]
pub fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Every value of the fields of this name, compared without case: all rows in order, each split
/// at the commas that stand outside quotes and angle brackets (RFC 3261 §7.3.1). For fields that
/// are lists: Diversion, History-Info, P-Asserted-Identity, Reason; not for dates and challenges.
pub fn values<'a>(
    headers: &'a [(String, String)],
    name: &'a str,
) -> impl Iterator<Item = &'a str> + 'a {
    headers
        .iter()
        .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
        .flat_map(|(_, row)| reason::split_list(row))
        .map(str::trim)
        .filter(|value| !value.is_empty())
}

//! Call records: one JSON line for every attempt, whatever became of it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::CallId;

/// Which side the call came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// From SIP to a circuit.
    SipToPstn,
    /// From a circuit to SIP.
    PstnToSip,
}

/// Who ended the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleasedBy {
    /// The SIP peer: BYE, CANCEL or a final response.
    Sip,
    /// The exchange: REL, or a reset or blocking of the circuit.
    Pstn,
    /// The gateway: a timer, no route, no circuit, shutdown.
    Gateway,
}

/// The record of one attempt. Times are UTC; absent ones did not happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Counts up from 1 since the gateway started.
    pub call: CallId,
    /// Which side it came from.
    pub origin: Origin,
    /// Name of the trunk or trunk group it came in on.
    pub from_trunk: String,
    /// Name of the trunk or trunk group it went out on.
    pub to_trunk: Option<String>,
    /// Calling address as it arrived.
    pub calling_received: Option<String>,
    /// Calling address as it was sent on.
    pub calling_sent: Option<String>,
    /// Called address as dialled.
    pub called_received: String,
    /// Called address as it was sent on.
    pub called_sent: Option<String>,
    /// The dial plan's rule.
    pub rule: Option<String>,
    /// Call-ID of the SIP side.
    pub sip_call_id: Option<String>,
    /// Circuit identification code.
    pub cic: Option<u16>,
    /// INVITE or IAM arrived.
    pub setup: Timestamp,
    /// The called user is being alerted.
    pub alerting: Option<Timestamp>,
    /// Answer.
    pub answer: Option<Timestamp>,
    /// The first message of the release.
    pub release: Option<Timestamp>,
    /// From answer to release, in seconds.
    pub seconds: f64,
    /// Who ended it.
    pub released_by: Option<ReleasedBy>,
    /// Q.850 cause of the release.
    pub cause: Option<u8>,
    /// Final SIP status; 200 for an answered call.
    pub sip_status: Option<u16>,
    /// The row that mapped the one to the other, with its clause.
    pub mapped_by: Option<String>,
    /// What conversions between ISUP variants lost or changed, each once.
    #[serde(default)]
    pub converted: Vec<String>,
    /// The crypto-suite of SRTP that protected the media last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub srtp: Option<String>,
    /// What the bridge counted.
    pub media: Option<media_bridge::Statistics>,
}

impl CallRecord {
    /// A record with nothing but its beginning.
    #[must_use]
    pub fn new(call: CallId, origin: Origin, from_trunk: &str, setup: Timestamp) -> Self {
        Self {
            call,
            origin,
            from_trunk: from_trunk.to_owned(),
            to_trunk: None,
            calling_received: None,
            calling_sent: None,
            called_received: String::new(),
            called_sent: None,
            rule: None,
            sip_call_id: None,
            cic: None,
            setup,
            alerting: None,
            answer: None,
            release: None,
            seconds: 0.0,
            released_by: None,
            cause: None,
            sip_status: None,
            mapped_by: None,
            converted: Vec::new(),
            srtp: None,
            media: None,
        }
    }

    /// Notes the end and the length of the conversation.
    pub fn end(&mut self, at: Timestamp, by: ReleasedBy) {
        if self.release.is_some() {
            return;
        }
        self.release = Some(at);
        self.released_by = Some(by);
        if let Some(answer) = self.answer {
            self.seconds =
                Duration::try_from(at.duration_since(answer)).map_or(0.0, |d| d.as_secs_f64());
        }
    }

    /// The record as one line of JSON, without the line feed.
    ///
    /// # Errors
    /// None in practice: every field is representable.
    pub fn to_line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

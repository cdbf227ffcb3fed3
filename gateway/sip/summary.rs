//! One line about a message, for ladders, traces and captures.

use std::fmt;

use bytes::Bytes;
use sipx_sip::message::Message;
use sipx_sip::parser::{Limits, parse_datagram};
use sipx_sip::rel::RSeq;
use sipx_sip::{CSeq, HeaderName};

use super::{Bodies, Q850, message};

/// What a message is, in short. `Display` writes `INVITE sip:+493055500001@192.0.2.2 (SDP, ISUP)`
/// or `183 Session Progress (SDP) RSeq 1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Call-ID: the messages of one call have it in common.
    pub call_id: String,
    /// Request or response.
    pub line: Line,
    /// CSeq number.
    pub sequence: u32,
    /// CSeq method: of a response, the method it answers.
    pub method: String,
    /// RSeq of a reliable provisional response (RFC 3262).
    pub rseq: Option<u32>,
    /// RAck of a PRACK, as it stands.
    pub rack: Option<String>,
    /// Q.850 cause of the Reason header.
    pub cause: Option<Q850>,
    /// The bodies; none when they cannot be read.
    pub bodies: Bodies,
}

/// The start line of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A request.
    Request {
        /// Method.
        method: String,
        /// Request-URI.
        uri: String,
    },
    /// A response.
    Response {
        /// Status, 100 to 699.
        status: u16,
        /// Reason phrase.
        reason: String,
    },
}

/// Reads a datagram; `None` when it is no SIP message with Call-ID and CSeq.
#[must_use]
pub fn summary(octets: &[u8]) -> Option<Summary> {
    let message = parse_datagram(Bytes::copy_from_slice(octets), &Limits::datagram()).ok()?;
    let line = match &message {
        Message::Request(request) => Line::Request {
            method: request.method.to_string(),
            uri: request.uri.to_string(),
        },
        Message::Response(response) => Line::Response {
            status: response.status.code(),
            reason: message::text(&response.reason),
        },
    };
    let fields = message.headers();
    let cseq = fields.typed::<CSeq>()?.ok()?;
    Some(Summary {
        call_id: message::value(fields, &HeaderName::CallId)?,
        line,
        sequence: cseq.sequence,
        method: cseq.method.to_string(),
        rseq: fields
            .typed::<RSeq>()
            .and_then(Result::ok)
            .map(|rseq| rseq.0),
        rack: message::value(fields, &HeaderName::RAck),
        cause: Q850::find(&message::list(fields)),
        bodies: message::bodies(fields, message.body()).unwrap_or_default(),
    })
}

impl Summary {
    /// The method, or the status with the method it answers: what a ladder needs when several
    /// transactions run at once.
    #[must_use]
    pub fn short(&self) -> String {
        match &self.line {
            Line::Request { method, .. } => method.clone(),
            Line::Response { status, .. } => format!("{status} ({})", self.method),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.line {
            Line::Request { method, uri } => write!(f, "{method} {uri}")?,
            Line::Response { status, reason } => write!(f, "{status} {reason}")?,
        }
        let labels = self.bodies.labels();
        if !labels.is_empty() {
            write!(f, " ({})", labels.join(", "))?;
        }
        if let Some(rseq) = self.rseq {
            write!(f, " RSeq {rseq}")?;
        }
        if let Some(rack) = &self.rack {
            write!(f, " RAck {rack}")?;
        }
        if let Some(cause) = &self.cause {
            write!(f, " {cause}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_in_one_line() {
        let request = b"INVITE sip:+493055500001@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\ni: one\r\nCSeq: 7 INVITE\r\nContent-Type: multipart/mixed;boundary=x\r\n\r\n--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--x\r\nContent-Type: application/ISUP;version=itu-t92+\r\n\r\n\x01\x00\r\n--x--\r\n";
        let summary = summary(request).unwrap();
        assert_eq!(summary.call_id, "one");
        assert_eq!((summary.sequence, summary.method.as_str()), (7, "INVITE"));
        assert_eq!(summary.short(), "INVITE");
        assert_eq!(
            summary.to_string(),
            "INVITE sip:+493055500001@192.0.2.2 (SDP, ISUP)"
        );
        assert_eq!(&summary.bodies.isup.unwrap().octets[..], [1, 0]);
    }

    #[test]
    fn a_response_with_rseq_and_one_with_a_cause() {
        let text = |more: &str| {
            format!("SIP/2.0 183 Session Progress\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\n{more}\r\n")
        };
        let reliable = summary(text("RSeq: 9\r\n").as_bytes()).unwrap();
        assert_eq!(reliable.to_string(), "183 Session Progress RSeq 9");
        assert_eq!(reliable.short(), "183 (INVITE)");
        let caused = summary(text("Reason: Q.850;cause=17\r\n").as_bytes()).unwrap();
        assert_eq!(caused.to_string(), "183 Session Progress Q.850;cause=17");
    }

    #[test]
    fn what_is_no_message_has_no_summary() {
        for octets in [&b""[..], b"\r\n\r\n", b"OPTIONS sip:x SIP/2.0\r\n\r\n"] {
            assert_eq!(summary(octets), None);
        }
    }
}

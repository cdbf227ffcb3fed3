//! A SIP far end written by hand: it says exactly what a flow's script says.

use bytes::Bytes;
use isup::Message;

use crate::sip::{self, Bodies};

/// What a message of the script carries.
#[derive(Debug, Clone, Default)]
pub(super) struct With {
    sdp: Option<String>,
    isup: Option<Vec<u8>>,
    /// ISUP messages beside it.
    further: Vec<Vec<u8>>,
    /// How they are to be handled.
    further_handling: &'static str,
    version: &'static str,
    handling: &'static str,
    headers: String,
}

impl With {
    /// Nothing.
    pub(super) fn nothing() -> Self {
        Self {
            handling: "optional",
            further_handling: "optional",
            version: "itu-t92+",
            ..Self::default()
        }
    }

    /// A description of PCMA or PCMU at the far end's address.
    pub(super) fn sdp() -> Self {
        Self::nothing().direction("sendrecv")
    }

    /// The same with a direction (RFC 3264 §5.1).
    pub(super) fn direction(self, direction: &str) -> Self {
        self.media(&format!("RTP/AVP 8 0\r\na={direction}"))
    }

    /// A description with this transport, formats and attributes.
    pub(super) fn media(mut self, media: &str) -> Self {
        self.sdp = Some(format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
             m=audio 6000 {media}\r\n"
        ));
        self
    }

    /// An ISUP message.
    pub(super) fn isup(mut self, message: &Message) -> Self {
        self.isup = Some(message.to_vec());
        if message.variant() == isup::Variant::Ansi {
            self.version = "ansi00";
        }
        self
    }

    /// A further ISUP message.
    pub(super) fn and_isup(mut self, message: &Message) -> Self {
        self.further.push(message.to_vec());
        self
    }

    /// The further messages must be understood.
    pub(super) fn required(mut self) -> Self {
        self.further_handling = "required";
        self
    }

    /// How the ISUP is to be handled.
    pub(super) fn handling(mut self, handling: &'static str) -> Self {
        self.handling = handling;
        self
    }

    /// A further header field.
    pub(super) fn field(mut self, field: &str) -> Self {
        self.headers.push_str(field);
        self.headers.push_str("\r\n");
        self
    }

    /// Header fields and the octets after them.
    fn ending(&self) -> Vec<u8> {
        let handled = |octets: &[u8], handling| {
            let mut part = format!(
                "Content-Type: application/ISUP;version={}\r\n\
                 Content-Disposition: signal;handling={handling}\r\n",
                self.version
            )
            .into_bytes();
            part.extend_from_slice(b"\r\n");
            part.extend_from_slice(octets);
            part
        };
        let isup = |octets| handled(octets, self.handling);
        let (fields, body) = match (&self.sdp, &self.isup) {
            (None, None) => (String::new(), Vec::new()),
            (Some(sdp), None) => (
                "Content-Type: application/sdp\r\n".to_owned(),
                sdp.clone().into_bytes(),
            ),
            (None, Some(octets)) => {
                let part = isup(octets);
                let split = part.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
                let (fields, body) = part.split_at(split + 4);
                let fields = String::from_utf8(fields[..split + 2].to_vec()).unwrap();
                (fields, body.to_vec())
            }
            (Some(sdp), Some(octets)) => {
                let mut body =
                    format!("--flow\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--flow\r\n")
                        .into_bytes();
                body.extend_from_slice(&isup(octets));
                for octets in &self.further {
                    body.extend_from_slice(b"\r\n--flow\r\n");
                    body.extend_from_slice(&handled(octets, self.further_handling));
                }
                body.extend_from_slice(b"\r\n--flow--\r\n");
                let fields = "Content-Type: multipart/mixed;boundary=flow\r\n".to_owned();
                (fields, body)
            }
        };
        let head = format!(
            "{}{fields}Content-Length: {}\r\n\r\n",
            self.headers,
            body.len()
        );
        let mut octets = head.into_bytes();
        octets.extend_from_slice(&body);
        octets
    }
}

/// A message that the gateway sent.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    head: String,
    octets: Bytes,
}

impl Heard {
    pub(super) fn new(octets: Bytes) -> Self {
        let end = octets
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap();
        Self {
            head: String::from_utf8(octets[..end].to_vec()).unwrap(),
            octets,
        }
    }

    /// The whole message.
    pub(super) fn octets(&self) -> Bytes {
        self.octets.clone()
    }

    /// The start line without the version: "INVITE sip:..." or "183 Session Progress".
    pub(super) fn line(&self) -> &str {
        let line = self.head.split("\r\n").next().unwrap();
        line.strip_prefix("SIP/2.0 ").unwrap_or(line)
    }

    /// The Request-URI of a request.
    pub(super) fn uri(&self) -> &str {
        self.line().split(' ').nth(1).unwrap()
    }

    /// A field's first value.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        let fields = self.head.split("\r\n").skip(1);
        fields
            .filter_map(|line| line.split_once(':'))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    pub(super) fn field(&self, name: &str) -> &str {
        self.find(name)
            .unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }

    pub(super) fn bodies(&self) -> Bodies {
        sip::summary(&self.octets).unwrap().bodies
    }

    /// The description in it, as text.
    pub(super) fn sdp(&self) -> Option<String> {
        let sdp = self.bodies().sdp?;
        Some(String::from_utf8(sdp.to_vec()).unwrap())
    }

    /// The octets of the ISUP message in it.
    pub(super) fn isup(&self) -> Option<Bytes> {
        self.bodies().isup.map(|isup| isup.octets)
    }

    /// A response to this request.
    pub(super) fn response(&self, status: &str, tag: &str, with: &With) -> Vec<u8> {
        let to = self.field("To");
        let to = match tag {
            "" => to.to_owned(),
            _ if to.contains(";tag=") => to.to_owned(),
            tag => format!("{to};tag={tag}"),
        };
        // Those of a redirection are the script's.
        let contact = match status.starts_with('3') {
            true => "",
            false => "Contact: <sip:far@127.0.0.1:5070>\r\n",
        };
        let mut octets = format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
             {contact}",
            self.field("Via"),
            self.field("From"),
            self.field("Call-ID"),
            self.field("CSeq"),
        )
        .into_bytes();
        octets.extend_from_slice(&with.ending());
        octets
    }
}

/// A dialog of the far end, or what will become one.
#[derive(Debug, Clone)]
pub(super) struct Dialog {
    target: String,
    local: String,
    remote: String,
    call_id: String,
    /// Of the far end's latest request.
    sequence: u32,
    /// Of the INVITE that is under way.
    invite: u32,
}

impl Dialog {
    /// The far end calls.
    pub(super) fn calling(number: &str, from: &str, call_id: &str) -> Self {
        let target = format!("sip:{number}@127.0.0.1:5060;user=phone");
        Self {
            local: format!("<sip:{from}@127.0.0.1:5070;user=phone>;tag=caller"),
            remote: format!("<{target}>"),
            target,
            call_id: call_id.to_owned(),
            sequence: 0,
            invite: 0,
        }
    }

    /// The gateway called.
    pub(super) fn called(invite: &Heard, tag: &'static str) -> Self {
        Self {
            target: "sip:gateway@127.0.0.1:5060".to_owned(),
            local: format!("{};tag={tag}", invite.field("To")),
            remote: invite.field("From").to_owned(),
            call_id: invite.field("Call-ID").to_owned(),
            sequence: 100,
            invite: 0,
        }
    }

    /// More digits for the same call (RFC 3578 §3.2): a new INVITE, without a tag of the gateway.
    pub(super) fn redial(&mut self, number: &str) {
        self.target = format!("sip:{number}@127.0.0.1:5060;user=phone");
        self.remote = format!("<{}>", self.target);
    }

    /// How another INVITE names this dialog, which the far end began (RFC 3891 §6.1).
    pub(super) fn replaces(&self) -> String {
        let tag = |value: &str| value.split(";tag=").nth(1).unwrap().to_owned();
        let (ours, theirs) = (tag(&self.local), tag(&self.remote));
        format!("{};to-tag={theirs};from-tag={ours}", self.call_id)
    }

    /// Takes the gateway's tag from its response.
    pub(super) fn learn(&mut self, response: &Heard) {
        response.field("To").clone_into(&mut self.remote);
    }

    /// A request of this dialog. ACK and CANCEL take the number of the INVITE.
    pub(super) fn request(&mut self, method: &str, with: &With) -> Vec<u8> {
        let number = match method {
            "ACK" | "CANCEL" => self.invite,
            _ => {
                self.sequence += 1;
                self.sequence
            }
        };
        if method == "INVITE" {
            self.invite = number;
        }
        // A CANCEL, and the ACK of a refusal, belong to the transaction of the INVITE.
        let branch = match method {
            "CANCEL" => "INVITE",
            method => method,
        };
        let remote = match method {
            "CANCEL" => self.remote.split(";tag=").next().unwrap(),
            _ => self.remote.as_str(),
        };
        let mut octets = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{}{branch}{number}\r\n\
             Max-Forwards: 70\r\nFrom: {}\r\nTo: {remote}\r\nCall-ID: {}\r\nCSeq: {number} {method}\r\n\
             Contact: <sip:far@127.0.0.1:5070>\r\n",
            self.target,
            self.call_id.split('@').next().unwrap(),
            self.local,
            self.call_id,
        )
        .into_bytes();
        octets.extend_from_slice(&with.ending());
        octets
    }

    /// The ACK of a refusal: in the transaction of the INVITE (RFC 3261 §17.1.1.3).
    pub(super) fn ack_of_refusal(&self, refusal: &Heard) -> Vec<u8> {
        format!(
            "ACK {} SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\n\
             CSeq: {} ACK\r\nContent-Length: 0\r\n\r\n",
            self.target,
            refusal.field("Via"),
            self.local,
            refusal.field("To"),
            self.call_id,
            self.invite,
        )
        .into_bytes()
    }
}

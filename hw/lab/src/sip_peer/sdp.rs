//! As much of SDP as a telephone needs (RFC 8866, RFC 3264): one audio stream.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// A session description with one audio stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sdp {
    /// Where its writer wants to receive RTP; port 0 refuses the stream.
    pub address: SocketAddr,
    /// The formats, best first.
    pub formats: Vec<Format>,
    /// `a=ptime` in milliseconds.
    pub ptime: Option<u16>,
    /// `a=sendrecv` and its three relatives.
    pub direction: Direction,
}

/// One format of the `m=` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// RTP payload type.
    pub payload_type: u8,
    /// Encoding name of `a=rtpmap`, as `PCMA`.
    pub name: String,
    /// `a=fmtp`.
    pub parameters: Option<String>,
}

/// Direction of the stream, seen from the writer of the SDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// The writer only sends.
    SendOnly,
    /// The writer only receives.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    const ALL: [(&'static str, Self); 4] = [
        ("sendrecv", Self::SendRecv),
        ("sendonly", Self::SendOnly),
        ("recvonly", Self::RecvOnly),
        ("inactive", Self::Inactive),
    ];
}

/// Static payload types of RFC 3551 that need no rtpmap.
const STATIC: [(u8, &str); 3] = [(0, "PCMU"), (8, "PCMA"), (13, "CN")];

impl Sdp {
    /// An offer of `formats`, 20 ms packets, both ways.
    #[must_use]
    pub fn offer(address: SocketAddr, formats: Vec<Format>) -> Self {
        Self {
            address,
            formats,
            ptime: Some(20),
            direction: Direction::SendRecv,
        }
    }

    /// The answer to `offer` by someone at `address` who has `formats`: those of the offer that
    /// are among them, with the offer's payload types (RFC 3264 section 6.1). None when no audio
    /// format is common.
    #[must_use]
    pub fn answer(offer: &Self, address: SocketAddr, formats: &[Format]) -> Option<Self> {
        let common: Vec<_> = offer
            .formats
            .iter()
            .filter(|offered| {
                let same = |own: &Format| own.name.eq_ignore_ascii_case(&offered.name);
                formats.iter().any(same)
            })
            .cloned()
            .collect();
        common
            .iter()
            .any(|format| !format.is_telephone_event())
            .then_some(Self {
                address,
                formats: common,
                ptime: offer.ptime,
                direction: match offer.direction {
                    Direction::SendOnly => Direction::RecvOnly,
                    Direction::RecvOnly => Direction::SendOnly,
                    other => other,
                },
            })
    }

    /// The payload type of the first audio format.
    #[must_use]
    pub fn audio(&self) -> Option<&Format> {
        self.formats
            .iter()
            .find(|format| !format.is_telephone_event())
    }

    /// The payload type of `telephone-event` (RFC 4733).
    #[must_use]
    pub fn telephone_event(&self) -> Option<u8> {
        self.formats
            .iter()
            .find(|format| format.is_telephone_event())
            .map(|format| format.payload_type)
    }

    /// Reads the first audio stream. None when there is none or an address is missing.
    #[must_use]
    pub fn decode(octets: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(octets).ok()?;
        let mut connection = None;
        let mut stream: Option<Self> = None;
        let mut in_audio = false;
        for line in text.lines() {
            let Some((kind, value)) = line.split_once('=') else {
                continue;
            };
            match kind {
                "c" if stream.is_none() || in_audio => {
                    let address: IpAddr = value.split(' ').nth(2)?.trim().parse().ok()?;
                    connection = Some(address);
                    if let Some(stream) = &mut stream {
                        stream.address.set_ip(address);
                    }
                }
                "m" => {
                    in_audio = stream.is_none() && value.starts_with("audio ");
                    if in_audio {
                        let address = connection.unwrap_or(IpAddr::from([0, 0, 0, 0]));
                        stream = Some(Self::decode_media(value, address)?);
                    }
                }
                "a" => {
                    if let Some(stream) = stream.as_mut().filter(|_| in_audio) {
                        stream.decode_attribute(value);
                    }
                }
                _ => {}
            }
        }
        stream.filter(|stream| connection.is_some() && !stream.formats.is_empty())
    }

    fn decode_media(value: &str, address: IpAddr) -> Option<Self> {
        let mut words = value.split_whitespace().skip(1);
        let port = words.next()?.parse().ok()?;
        let formats = words
            .skip(1)
            .filter_map(|word| word.parse().ok())
            .map(|payload_type| Format {
                payload_type,
                name: STATIC
                    .iter()
                    .find(|(number, _)| *number == payload_type)
                    .map_or_else(String::new, |(_, name)| (*name).to_owned()),
                parameters: None,
            })
            .collect();
        Some(Self {
            address: SocketAddr::new(address, port),
            formats,
            ptime: None,
            direction: Direction::SendRecv,
        })
    }

    fn decode_attribute(&mut self, value: &str) {
        let (name, value) = value.split_once(':').unwrap_or((value, ""));
        if let Some((_, direction)) = Direction::ALL.iter().find(|(word, _)| *word == name) {
            self.direction = *direction;
        }
        if name == "ptime" {
            self.ptime = value.trim().parse().ok();
        }
        let Some((number, rest)) = value.split_once(' ') else {
            return;
        };
        let Some(format) = number.parse().ok().and_then(|number: u8| {
            let mut formats = self.formats.iter_mut();
            formats.find(|format| format.payload_type == number)
        }) else {
            return;
        };
        match name {
            "rtpmap" => format.name = rest.split('/').next().unwrap_or_default().to_owned(),
            "fmtp" => format.parameters = Some(rest.to_owned()),
            _ => {}
        }
    }

    /// The SDP as text; `version` counts the descriptions of one session (`o=`).
    #[must_use]
    pub fn encode(&self, version: u32) -> String {
        let ip = self.address.ip();
        let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
        let mut sdp = format!(
            "v=0\r\no=lab 1 {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
             m=audio {} RTP/AVP",
            self.address.port()
        );
        for format in &self.formats {
            let _ = write!(sdp, " {}", format.payload_type);
        }
        sdp.push_str("\r\n");
        for format in &self.formats {
            let (number, name) = (format.payload_type, &format.name);
            let _ = write!(sdp, "a=rtpmap:{number} {name}/8000\r\n");
            if let Some(parameters) = &format.parameters {
                let _ = write!(sdp, "a=fmtp:{number} {parameters}\r\n");
            }
        }
        if let Some(ptime) = self.ptime {
            let _ = write!(sdp, "a=ptime:{ptime}\r\n");
        }
        let direction = Direction::ALL.iter().find(|(_, d)| *d == self.direction);
        let _ = write!(sdp, "a={}\r\n", direction.map_or("sendrecv", |d| d.0));
        sdp
    }
}

impl Format {
    /// PCMA, payload type 8.
    #[must_use]
    pub fn pcma() -> Self {
        Self {
            payload_type: 8,
            name: "PCMA".to_owned(),
            parameters: None,
        }
    }

    /// PCMU, payload type 0.
    #[must_use]
    pub fn pcmu() -> Self {
        Self {
            payload_type: 0,
            name: "PCMU".to_owned(),
            parameters: None,
        }
    }

    /// The clear channel (RFC 4040), with a dynamic payload type.
    #[must_use]
    pub fn clearmode(payload_type: u8) -> Self {
        Self {
            payload_type,
            name: "CLEARMODE".to_owned(),
            parameters: None,
        }
    }

    /// `telephone-event` for the sixteen DTMF digits.
    #[must_use]
    pub fn telephone_event(payload_type: u8) -> Self {
        Self {
            payload_type,
            name: "telephone-event".to_owned(),
            parameters: Some("0-15".to_owned()),
        }
    }

    fn is_telephone_event(&self) -> bool {
        self.name.eq_ignore_ascii_case("telephone-event")
    }
}

//! Bodies of SIP messages: SDP, ISUP and `multipart/mixed` (RFC 3204, RFC 2046 section 5.1).

use bytes::Bytes;
use sipx_sip::headers::ContentType;
use sipx_sip::{HeaderName, Headers};

/// What a message carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bodies {
    /// `application/sdp`.
    pub sdp: Option<Bytes>,
    /// `application/ISUP`.
    pub isup: Option<IsupBody>,
    /// Everything else, in order.
    pub others: Vec<Part>,
}

/// An `application/ISUP` part (RFC 3204 section 3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsupBody {
    /// The `version` parameter, as `itu-t92+`.
    pub version: String,
    /// The `base` parameter.
    pub base: Option<String>,
    /// The `handling` parameter of Content-Disposition; absent means `required`.
    pub handling: Option<String>,
    /// The message from its message type octet on.
    pub octets: Bytes,
}

impl IsupBody {
    /// An ITU body with `handling=optional`: `octets` from the message type octet on.
    #[must_use]
    pub fn itu(octets: impl Into<Bytes>) -> Self {
        Self {
            version: "itu-t92+".to_owned(),
            base: Some("itu-t92+".to_owned()),
            handling: Some("optional".to_owned()),
            octets: octets.into(),
        }
    }
}

/// A body part of a type that is neither SDP nor ISUP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The Content-Type as it came.
    pub content_type: String,
    /// The Content-Disposition as it came.
    pub content_disposition: Option<String>,
    /// The content.
    pub octets: Bytes,
}

/// Content-Type, Content-Disposition and content of a body to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Encoded {
    pub(super) content_type: String,
    pub(super) content_disposition: Option<String>,
    pub(super) octets: Bytes,
}

impl Bodies {
    /// Only an SDP.
    #[must_use]
    pub fn sdp(sdp: impl Into<Bytes>) -> Self {
        Self {
            sdp: Some(sdp.into()),
            ..Self::default()
        }
    }

    /// Only an ISUP message.
    #[must_use]
    pub fn isup(isup: IsupBody) -> Self {
        Self {
            isup: Some(isup),
            ..Self::default()
        }
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sdp.is_none() && self.isup.is_none() && self.others.is_empty()
    }

    /// Reads the body of a message by its Content-Type.
    pub(super) fn decode(headers: &Headers, body: &Bytes) -> Self {
        let mut bodies = Self::default();
        if body.is_empty() {
            return bodies;
        }
        let value = |name| headers.value(&name).map(|value| text(&value));
        let content_type = value(HeaderName::ContentType).unwrap_or_default();
        let disposition = value(HeaderName::ContentDisposition);
        bodies.part(&content_type, disposition, body);
        bodies
    }

    fn part(&mut self, content_type: &str, disposition: Option<String>, octets: &Bytes) {
        let parsed = parse_content_type(content_type);
        let parameter = |name: &str| {
            let parsed = parsed.as_ref()?;
            parsed.param(name).map(unquoted)
        };
        let is = |media: &str, subtype: &str| {
            parsed
                .as_ref()
                .is_some_and(|parsed| parsed.is(media, subtype))
        };
        if is("multipart", "mixed") {
            if let Some(boundary) = parameter("boundary") {
                for (headers, content) in split_parts(octets, boundary.as_bytes()) {
                    let find = |name: &str| find_header(&headers, name);
                    let content_type =
                        find("content-type").unwrap_or_else(|| "text/plain".to_owned());
                    self.part(&content_type, find("content-disposition"), &content);
                }
                return;
            }
        } else if is("application", "sdp") && self.sdp.is_none() {
            self.sdp = Some(octets.clone());
            return;
        } else if is("application", "isup") && self.isup.is_none() {
            self.isup = Some(IsupBody {
                version: parameter("version").unwrap_or_default(),
                base: parameter("base"),
                handling: disposition.as_deref().and_then(handling),
                octets: octets.clone(),
            });
            return;
        }
        self.others.push(Part {
            content_type: content_type.to_owned(),
            content_disposition: disposition,
            octets: octets.clone(),
        });
    }

    /// The body to send: alone when there is one part, `multipart/mixed` when there are more.
    pub(super) fn encode(&self) -> Option<Encoded> {
        let mut parts = Vec::new();
        if let Some(sdp) = &self.sdp {
            parts.push(Encoded {
                content_type: "application/sdp".to_owned(),
                content_disposition: None,
                octets: sdp.clone(),
            });
        }
        if let Some(isup) = &self.isup {
            let mut content_type = format!("application/ISUP;version={}", isup.version);
            if let Some(base) = &isup.base {
                content_type.push_str(&format!(";base={base}"));
            }
            parts.push(Encoded {
                content_type,
                content_disposition: Some(match &isup.handling {
                    Some(handling) => format!("signal;handling={handling}"),
                    None => "signal".to_owned(),
                }),
                octets: isup.octets.clone(),
            });
        }
        parts.extend(self.others.iter().map(|part| Encoded {
            content_type: part.content_type.clone(),
            content_disposition: part.content_disposition.clone(),
            octets: part.octets.clone(),
        }));
        if parts.len() < 2 {
            return parts.pop();
        }
        let boundary = free_boundary(&parts);
        let mut octets = Vec::new();
        for part in &parts {
            octets.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
            octets.extend_from_slice(format!("Content-Type: {}\r\n", part.content_type).as_bytes());
            if let Some(disposition) = &part.content_disposition {
                octets.extend_from_slice(
                    format!("Content-Disposition: {disposition}\r\n").as_bytes(),
                );
            }
            octets.extend_from_slice(b"\r\n");
            octets.extend_from_slice(&part.octets);
            octets.extend_from_slice(b"\r\n");
        }
        octets.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Some(Encoded {
            content_type: format!("multipart/mixed;boundary={boundary}"),
            content_disposition: None,
            octets: octets.into(),
        })
    }
}

/// A boundary that occurs in none of the parts: they are binary and may hold anything.
fn free_boundary(parts: &[Encoded]) -> String {
    let occurs = |boundary: &str| {
        parts.iter().any(|part| {
            part.octets
                .windows(boundary.len())
                .any(|window| window == boundary.as_bytes())
        })
    };
    let mut number = 0_u32;
    loop {
        let boundary = format!("lab-part-{number}");
        if !occurs(&boundary) {
            return boundary;
        }
        number += 1;
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn unquoted(value: &[u8]) -> String {
    let value = text(value);
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    inner.map(str::to_owned).unwrap_or(value)
}

fn parse_content_type(value: &str) -> Option<ContentType> {
    use sipx_sip::TypedHeader;
    ContentType::decode(value.as_bytes()).ok()
}

fn handling(disposition: &str) -> Option<String> {
    disposition.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        (name.trim().eq_ignore_ascii_case("handling"))
            .then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    })
}

fn find_header(headers: &[u8], name: &str) -> Option<String> {
    text(headers).split("\r\n").find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

/// The parts of a multipart body as (headers, content). A delimiter is CRLF, two hyphens and the
/// boundary; its CRLF belongs to it and not to the part before (RFC 2046 section 5.1.1).
fn split_parts(body: &Bytes, boundary: &[u8]) -> Vec<(Bytes, Bytes)> {
    let mut delimiter = b"\r\n--".to_vec();
    delimiter.extend_from_slice(boundary);
    // The first delimiter may stand at the very beginning, without its CRLF.
    let opening = delimiter.get(2..).unwrap_or_default();
    let mut rest = match body.starts_with(opening) {
        true => body.slice(opening.len()..),
        false => match find(body, &delimiter) {
            Some(at) => body.slice(at + delimiter.len()..),
            None => return Vec::new(),
        },
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let Some(line) = find(&rest, b"\r\n") else {
            break;
        };
        let part = rest.slice(line + 2..);
        // A part without headers begins with the empty line at once.
        let (headers, content) = match part.starts_with(b"\r\n") {
            true => (Bytes::new(), part.slice(2..)),
            false => match find(&part, b"\r\n\r\n") {
                Some(at) => (part.slice(..at), part.slice(at + 4..)),
                None => break,
            },
        };
        // Content may be empty: then the delimiter's CRLF is the one that ended the headers.
        let Some(end) = find(&content, &delimiter) else {
            break;
        };
        parts.push((headers, content.slice(..end)));
        rest = content.slice(end + delimiter.len()..);
    }
    parts
}

fn find(octets: &[u8], what: &[u8]) -> Option<usize> {
    octets.windows(what.len()).position(|window| window == what)
}

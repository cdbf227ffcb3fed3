//! Message bodies: SDP, encapsulated ISUP and `multipart/mixed`
//! (RFC 3204, RFC 5621, RFC 2046 §5.1).
//!
//! ISUP is binary and may hold CR, LF, NUL and hyphens: a multipart is cut at the exact
//! delimiter `CRLF--boundary` and nowhere else, and a boundary is chosen so that it occurs in
//! no part.

use bytes::Bytes;
use thiserror::Error;

use super::reason::{split_outside_quotes, unquote};
use super::{Headers, header};

/// Multiparts within multiparts that are read; deeper ones are refused.
const MAX_DEPTH: u8 = 4;
/// Parts of one message that are read: SDP, an IAM and a SAM for every further address signal of
/// the longest number fit (RFC 3578 §3.2).
const MAX_PARTS: usize = 40;

/// The bodies of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bodies {
    /// The session description.
    pub sdp: Option<Bytes>,
    /// The encapsulated ISUP message.
    pub isup: Option<IsupBody>,
    /// ISUP messages after the first, in order: the SAMs of overlap signalling (RFC 3578 §3.2).
    pub further_isup: Vec<IsupBody>,
    /// Every other part, in order.
    pub others: Vec<Part>,
}

/// An `application/ISUP` body (RFC 3204 §3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsupBody {
    /// The version parameter: `itu-t92+`, `ansi00` or what operators agreed. Empty when the
    /// mandatory parameter is missing.
    pub version: String,
    /// The base parameter: the well-known specification it can also be read by.
    pub base: Option<String>,
    /// What a receiver that does not understand it does.
    pub handling: Handling,
    /// The ISUP message from its message type octet on.
    pub octets: Bytes,
}

/// The handling parameter of Content-Disposition (RFC 3261 §20.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Handling {
    /// Refuse the message with 415 when the part is not understood; the default.
    #[default]
    Required,
    /// Ignore the part when it is not understood.
    Optional,
}

/// A body part of a type that is not looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The Content-Type value.
    pub content_type: String,
    /// The Content-Disposition value.
    pub disposition: Option<String>,
    /// The handling it asks for.
    pub handling: Handling,
    /// The octets.
    pub octets: Bytes,
}

/// A body that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BodyError {
    /// Octets without Content-Type (RFC 3261 §20.15).
    #[error("{0} octets of body without Content-Type")]
    NoContentType(usize),
    /// The Content-Type value cannot be read.
    #[error("Content-Type {0:?} is not type/subtype")]
    ContentType(String),
    /// A multipart has no boundary parameter, or one longer than 70 characters.
    #[error("multipart without a boundary of 1 to 70 characters")]
    Boundary,
    /// A multipart has no part, or its closing delimiter is missing.
    #[error("multipart is not closed by --{boundary}--")]
    Unclosed {
        /// The boundary looked for.
        boundary: String,
    },
    /// A part's header fields are not ended by an empty line.
    #[error("body part {0} has no end of its header fields")]
    PartHeader(usize),
    /// Too many parts or too deep.
    #[error("more than {MAX_PARTS} parts or {MAX_DEPTH} levels of multipart")]
    TooMany,
    /// A Content-Transfer-Encoding other than the identity ones.
    #[error("Content-Transfer-Encoding {0:?} is not binary, 8bit or 7bit")]
    TransferEncoding(String),
}

impl BodyError {
    /// The status that refuses the message: 400, or 415 for an encoding.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::TransferEncoding(_) => 415,
            _ => 400,
        }
    }
}

/// Bodies as they go on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Content-Type; `None` without a body.
    pub content_type: Option<String>,
    /// Content-Disposition, where one is needed.
    pub disposition: Option<String>,
    /// The octets.
    pub octets: Bytes,
}

impl IsupBody {
    /// An ISUP body of a well-known version, handling optional.
    #[must_use]
    pub fn new(version: impl Into<String>, base: Option<String>, octets: impl Into<Bytes>) -> Self {
        Self {
            version: version.into(),
            base,
            handling: Handling::Optional,
            octets: octets.into(),
        }
    }

    /// Whether a media range of Accept has room for this body: `application/ISUP` of this
    /// version or base, of none in particular, or anything.
    pub(super) fn is_in(&self, range: &str) -> bool {
        let Ok(range) = MediaType::parse(range) else {
            return range.trim().starts_with("*/*");
        };
        let named = match range.essence.as_str() {
            "application/isup" => true,
            "*/*" | "application/*" => return true,
            _ => false,
        };
        let version = range.parameter("version").or(range.parameter("base"));
        named
            && version.is_none_or(|version| {
                version.eq_ignore_ascii_case(&self.version)
                    || (self.base.as_ref()).is_some_and(|base| base.eq_ignore_ascii_case(version))
            })
    }

    fn content_type(&self) -> String {
        let mut value = format!("application/ISUP;version={}", parameter(&self.version));
        if let Some(base) = &self.base {
            value.push_str(&format!(";base={}", parameter(base)));
        }
        value
    }

    fn disposition(&self) -> String {
        format!("signal;handling={}", self.handling.token())
    }
}

impl Handling {
    fn token(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
        }
    }

    /// Of a Content-Disposition value; missing means required (RFC 3261 §20.11).
    fn of(disposition: Option<&str>) -> Self {
        let optional = disposition
            .into_iter()
            .flat_map(|value| split_outside_quotes(value, ';').skip(1))
            .filter_map(|p| p.split_once('='))
            .any(|(name, value)| {
                name.trim().eq_ignore_ascii_case("handling")
                    && unquote(value).eq_ignore_ascii_case("optional")
            });
        if optional {
            Self::Optional
        } else {
            Self::Required
        }
    }
}

impl Bodies {
    /// SDP alone.
    #[must_use]
    pub fn sdp(octets: impl Into<Bytes>) -> Self {
        Self {
            sdp: Some(octets.into()),
            ..Self::default()
        }
    }

    /// ISUP alone.
    #[must_use]
    pub fn isup(isup: IsupBody) -> Self {
        Self {
            isup: Some(isup),
            ..Self::default()
        }
    }

    /// The same bodies with ISUP.
    #[must_use]
    pub fn with_isup(mut self, isup: IsupBody) -> Self {
        self.isup = Some(isup);
        self
    }

    /// Takes all ISUP away; false when there was none.
    pub fn take_isup(&mut self) -> bool {
        self.further_isup.clear();
        self.isup.take().is_some()
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sdp.is_none() && self.isup.is_none() && self.others.is_empty()
    }

    /// The first part of an unknown type that must be understood: the reason for a 415. Whoever
    /// reads ISUP judges that.
    #[must_use]
    pub fn not_understood(&self) -> Option<&Part> {
        self.others
            .iter()
            .find(|part| part.handling == Handling::Required)
    }

    /// [`Self::not_understood`] in a message that carries one ISUP message at most: any but the
    /// first INVITEs of a call.
    #[must_use]
    pub fn has_more_than_understood(&self) -> bool {
        let required = |isup: &IsupBody| isup.handling == Handling::Required;
        self.not_understood().is_some() || self.further_isup.iter().any(required)
    }

    /// Reads the body of a message or of a body part.
    ///
    /// # Errors
    /// [`BodyError`], whose [`status`](BodyError::status) refuses the request.
    pub fn read(
        content_type: Option<&str>,
        disposition: Option<&str>,
        transfer_encoding: Option<&str>,
        octets: &Bytes,
    ) -> Result<Self, BodyError> {
        let mut bodies = Self::default();
        if octets.is_empty() {
            return Ok(bodies);
        }
        let Some(content_type) = content_type else {
            return Err(BodyError::NoContentType(octets.len()));
        };
        let part = Part {
            content_type: content_type.to_owned(),
            disposition: disposition.map(str::to_owned),
            handling: Handling::of(disposition),
            octets: octets.clone(),
        };
        bodies.take(part, transfer_encoding, 0, &mut 0)?;
        Ok(bodies)
    }

    fn take(
        &mut self,
        part: Part,
        transfer_encoding: Option<&str>,
        depth: u8,
        count: &mut usize,
    ) -> Result<(), BodyError> {
        *count += 1;
        if *count > MAX_PARTS || depth > MAX_DEPTH {
            return Err(BodyError::TooMany);
        }
        if let Some(encoding) = transfer_encoding
            && !["binary", "8bit", "7bit"]
                .iter()
                .any(|known| encoding.trim().eq_ignore_ascii_case(known))
        {
            return Err(BodyError::TransferEncoding(encoding.trim().to_owned()));
        }
        let media = MediaType::parse(&part.content_type)?;
        match media.essence.as_str() {
            "application/sdp" if self.sdp.is_none() => self.sdp = Some(part.octets),
            "application/isup" => {
                let isup = IsupBody {
                    version: media.parameter("version").unwrap_or_default().to_owned(),
                    base: media.parameter("base").map(str::to_owned),
                    handling: part.handling,
                    octets: part.octets,
                };
                match self.isup {
                    None => self.isup = Some(isup),
                    Some(_) => self.further_isup.push(isup),
                }
            }
            "multipart/mixed" | "multipart/alternative" => {
                let boundary = media
                    .parameter("boundary")
                    .filter(|b| (1..=70).contains(&b.len()))
                    .ok_or(BodyError::Boundary)?;
                for (index, raw) in split(&part.octets, boundary)?.into_iter().enumerate() {
                    let (headers, octets) =
                        part_header(&raw).ok_or(BodyError::PartHeader(index + 1))?;
                    let disposition = header(&headers, "Content-Disposition").map(str::to_owned);
                    let inner = Part {
                        // RFC 2046 §5.1: a part without Content-Type is plain text.
                        content_type: header(&headers, "Content-Type")
                            .unwrap_or("text/plain")
                            .to_owned(),
                        // RFC 5621 §8.2: optional as a whole means optional in every part.
                        handling: match part.handling {
                            Handling::Optional => Handling::Optional,
                            Handling::Required => Handling::of(disposition.as_deref()),
                        },
                        disposition,
                        octets,
                    };
                    self.take(
                        inner,
                        header(&headers, "Content-Transfer-Encoding"),
                        depth + 1,
                        count,
                    )?;
                }
            }
            _ => self.others.push(part),
        }
        Ok(())
    }

    /// Writes the bodies: nothing, a sole body as it is, several as `multipart/mixed`, SDP
    /// first. `seed` chooses the boundary; one that occurs in a part is passed over.
    #[must_use]
    pub fn write(&self, seed: u64) -> Written {
        let mut parts: Vec<(String, Option<String>, &Bytes)> = Vec::new();
        let mut required = false;
        if let Some(sdp) = &self.sdp {
            required = true;
            parts.push(("application/sdp".to_owned(), None, sdp));
        }
        for isup in self.isup.iter().chain(&self.further_isup) {
            required |= isup.handling == Handling::Required;
            parts.push((isup.content_type(), Some(isup.disposition()), &isup.octets));
        }
        for part in &self.others {
            required |= part.handling == Handling::Required;
            parts.push((
                part.content_type.clone(),
                part.disposition.clone(),
                &part.octets,
            ));
        }
        match parts.as_slice() {
            [] => Written {
                content_type: None,
                disposition: None,
                octets: Bytes::new(),
            },
            [(content_type, disposition, octets)] => Written {
                content_type: Some(content_type.clone()),
                disposition: disposition.clone(),
                octets: (*octets).clone(),
            },
            _ => {
                let boundary = (seed..)
                    .map(|n| format!("isthmus-{n:016x}"))
                    .find(|b| parts.iter().all(|(_, _, o)| !contains(o, b.as_bytes())))
                    .unwrap_or_default();
                let mut out = Vec::new();
                for (content_type, disposition, octets) in &parts {
                    out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
                    out.extend_from_slice(format!("Content-Type: {content_type}\r\n").as_bytes());
                    if let Some(disposition) = disposition {
                        out.extend_from_slice(
                            format!("Content-Disposition: {disposition}\r\n").as_bytes(),
                        );
                    }
                    out.extend_from_slice(b"\r\n");
                    out.extend_from_slice(octets);
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
                Written {
                    content_type: Some(format!("multipart/mixed;boundary={boundary}")),
                    disposition: (!required).then(|| "session;handling=optional".to_owned()),
                    octets: Bytes::from(out),
                }
            }
        }
    }

    /// One word a body, for traces: `SDP, ISUP`.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        let mut labels = Vec::new();
        if self.sdp.is_some() {
            labels.push("SDP".to_owned());
        }
        let isup = self.isup.iter().chain(&self.further_isup);
        labels.extend(isup.map(|_| "ISUP".to_owned()));
        labels.extend(self.others.iter().map(|part| {
            let essence = part.content_type.split(';').next().unwrap_or_default();
            essence.trim().to_ascii_lowercase()
        }));
        labels
    }
}

/// A Content-Type value.
struct MediaType {
    essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    fn parse(value: &str) -> Result<Self, BodyError> {
        let bad = || BodyError::ContentType(value.to_owned());
        let mut elements = split_outside_quotes(value, ';');
        let (kind, subtype) = elements
            .next()
            .and_then(|essence| essence.split_once('/'))
            .ok_or_else(bad)?;
        let (kind, subtype) = (kind.trim(), subtype.trim());
        if !is_token(kind) || !is_token(subtype) {
            return Err(bad());
        }
        let parameters = elements
            .filter_map(|element| element.split_once('='))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), unquote(value)))
            .collect();
        Ok(Self {
            essence: format!("{kind}/{subtype}").to_ascii_lowercase(),
            parameters,
        })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        header(&self.parameters, name)
    }
}

/// A parameter value, quoted where it is no token.
fn parameter(value: &str) -> String {
    if is_token(value) {
        return value.to_owned();
    }
    let escaped: String = value
        .chars()
        .filter(|c| !c.is_control())
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            _ => vec![c],
        })
        .collect();
    format!("\"{escaped}\"")
}

fn is_token(value: &str) -> bool {
    !value.is_empty()
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b))
}

fn find(haystack: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    haystack
        .get(from..)?
        .windows(needle.len())
        .position(|window| window == needle)
        .map(|at| from + at)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    find(haystack, needle, 0).is_some()
}

/// The parts between the delimiters, without preamble and epilogue. A delimiter is
/// `CRLF--boundary` (or `--boundary` at the very start), then `--` or nothing, then white space,
/// then CRLF; the same octets followed by anything else are content.
fn split(octets: &Bytes, boundary: &str) -> Result<Vec<Bytes>, BodyError> {
    let unclosed = || BodyError::Unclosed {
        boundary: boundary.to_owned(),
    };
    let dashed = format!("--{boundary}");
    let delimiter = format!("\r\n{dashed}");
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    let mut from = 0;
    loop {
        let (start, after) = if from == 0 && octets.starts_with(dashed.as_bytes()) {
            (0, dashed.len())
        } else {
            let at = find(octets, delimiter.as_bytes(), from).ok_or_else(unclosed)?;
            (at, at + delimiter.len())
        };
        let rest = octets.get(after..).unwrap_or_default();
        let closing = rest.starts_with(b"--");
        let padding = if closing { 2 } else { 0 };
        let blank = rest
            .get(padding..)
            .unwrap_or_default()
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        let tail = rest.get(padding + blank..).unwrap_or_default();
        let ended = tail.starts_with(b"\r\n") || (closing && tail.is_empty());
        if !ended {
            from = after;
            continue;
        }
        if let Some(open) = open {
            parts.push(octets.slice(open.min(start)..start));
        }
        if closing {
            break;
        }
        // The CRLF that ends this delimiter may begin the next one: an empty part.
        open = Some(after + blank + 2);
        from = after + blank;
    }
    if parts.is_empty() {
        return Err(unclosed());
    }
    Ok(parts)
}

/// The header fields of a part and the octets behind the empty line.
fn part_header(raw: &Bytes) -> Option<(Headers, Bytes)> {
    if raw.is_empty() {
        return Some((Headers::new(), Bytes::new()));
    }
    if raw.starts_with(b"\r\n") {
        return Some((Headers::new(), raw.slice(2..)));
    }
    let end = find(raw, b"\r\n\r\n", 0)?;
    let text = String::from_utf8_lossy(raw.get(..end)?).into_owned();
    let mut headers = Headers::new();
    for line in text.split("\r\n") {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    Some((headers, raw.slice(end + 4..)))
}

#[cfg(test)]
mod tests;

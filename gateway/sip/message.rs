//! Reading and writing the messages of `sipx-sip`.

use std::time::Duration;

use bytes::Bytes;
use sipx_sip::headers::{Address, ContentType};
use sipx_sip::message::{Header, Headers as Fields, Request, Response, StatusCode};
use sipx_sip::parser::{Limits, parse_datagram};
use sipx_sip::{HeaderName, ResponseBuilder, Uri};

use super::body::BodyError;
use super::{Bodies, Headers, RequestError};

/// Methods the endpoint carries out (RFC 3261 §20.5).
pub(super) const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO";
/// The same where transfers are allowed.
const ALLOW_REFER: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER";
/// Bodies it reads (RFC 3398 §5.2).
pub(super) const ACCEPT: &str = "application/sdp, application/isup, multipart/mixed";
/// Option tags it knows.
pub(super) const EXTENSIONS: [&str; 4] = ["100rel", "timer", "replaces", "norefersub"];

/// Fields the endpoint writes itself; a user's list must not name them.
const OWN: [HeaderName; 10] = [
    HeaderName::Via,
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::MaxForwards,
    HeaderName::RSeq,
    HeaderName::RAck,
    HeaderName::ContentLength,
    HeaderName::ContentType,
];

/// Methods that a session with this policy carries out.
pub(super) fn allow(transfer: bool) -> &'static str {
    if transfer { ALLOW_REFER } else { ALLOW }
}

/// A name of a field that the message library has no variant for.
pub(super) fn name(name: &'static str) -> HeaderName {
    HeaderName::parse(&Bytes::from_static(name.as_bytes()))
}

pub(super) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn cannot_write(field: impl Into<String>, detail: impl ToString) -> RequestError {
    RequestError::Field {
        field: field.into(),
        detail: detail.to_string(),
    }
}

/// All fields as name and value.
pub(super) fn list(fields: &Fields) -> Headers {
    fields
        .iter()
        .map(|field| (text(field.name().canonical()), text(&field.value())))
        .collect()
}

/// Every value of a field, one an entry, as it came.
pub(super) fn values(fields: &Fields, name: &HeaderName) -> Vec<String> {
    fields.get_all(name).map(|f| text(&f.value())).collect()
}

pub(super) fn value(fields: &Fields, name: &HeaderName) -> Option<String> {
    fields.value(name).map(|value| text(&value))
}

/// The option tags or methods of a comma-separated field, all rows together.
pub(super) fn tokens(fields: &Fields, name: &HeaderName) -> Vec<String> {
    values(fields, name)
        .iter()
        .flat_map(|row| row.split(','))
        .map(|token| token.trim().to_owned())
        .filter(|token| !token.is_empty())
        .collect()
}

pub(super) fn lists(fields: &Fields, name: &HeaderName, token: &str) -> bool {
    tokens(fields, name)
        .iter()
        .any(|t| t.eq_ignore_ascii_case(token))
}

/// The tag of From or To; empty when there is none (RFC 3261 §12.1.1 for RFC 2543 peers).
pub(super) fn tag(fields: &Fields, name: &HeaderName) -> String {
    fields
        .value(name)
        .and_then(|value| Address::parse(&value, "address").ok())
        .and_then(|address| address.tag().map(text))
        .unwrap_or_default()
}

/// The URI of the first Contact.
pub(super) fn contact(fields: &Fields) -> Option<Uri> {
    let value = fields.value(&HeaderName::Contact)?;
    Address::parse_list(&value, "Contact")
        .ok()?
        .into_iter()
        .next()
        .map(|address| address.uri)
}

/// Whether Accept, where there is one, has room for this type (RFC 3261 §20.1).
pub(super) fn accepts(fields: &Fields, media_type: &str) -> bool {
    if fields.get(&HeaderName::Accept).is_none() {
        return true;
    }
    let (kind, _) = media_type.split_once('/').unwrap_or((media_type, ""));
    tokens(fields, &HeaderName::Accept).iter().any(|range| {
        let range = range.split(';').next().unwrap_or_default().trim();
        range.eq_ignore_ascii_case(media_type)
            || range == "*/*"
            || range.eq_ignore_ascii_case(&format!("{kind}/*"))
    })
}

/// The URIs of all Contacts, by descending q (RFC 3261 §20.10; 1 where none is given).
pub(super) fn contacts(fields: &Fields) -> Vec<String> {
    let mut found: Vec<(u32, String)> = fields
        .get_all(&HeaderName::Contact)
        .filter_map(|row| Address::parse_list(&row.value(), "Contact").ok())
        .flatten()
        .map(|address| {
            let q = address
                .param("q")
                .and_then(|q| text(q).parse::<f32>().ok())
                .unwrap_or(1.0);
            ((q.clamp(0.0, 1.0) * 1000.0) as u32, address.uri.to_string())
        })
        .collect();
    found.sort_by_key(|(q, _)| std::cmp::Reverse(*q));
    found.into_iter().map(|(_, uri)| uri).collect()
}

/// Retry-After in seconds; its comment and parameters say nothing to a machine
/// (RFC 3261 §20.33).
pub(super) fn retry_after(fields: &Fields) -> Option<Duration> {
    let value = value(fields, &HeaderName::RetryAfter)?;
    let digits = value.trim_start();
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    digits.get(..end)?.parse().ok().map(Duration::from_secs)
}

/// The bodies of a message.
pub(super) fn bodies(fields: &Fields, body: &Bytes) -> Result<Bodies, BodyError> {
    if body.is_empty() {
        return Ok(Bodies::default());
    }
    let content_type = value(fields, &HeaderName::ContentType);
    if let Some(given) = &content_type
        && !matches!(fields.typed::<ContentType>(), Some(Ok(_)))
    {
        return Err(BodyError::ContentType(given.clone()));
    }
    let encoding = HeaderName::parse(&Bytes::from_static(b"Content-Transfer-Encoding"));
    Bodies::read(
        content_type.as_deref(),
        value(fields, &HeaderName::ContentDisposition).as_deref(),
        value(fields, &encoding).as_deref(),
        body,
    )
}

/// An address for From or To: a URI alone is put into angle brackets, so that its parameters
/// stay the URI's (RFC 3261 §20.10).
pub(super) fn name_addr(value: &str, field: &'static str) -> Result<String, RequestError> {
    let written = if value.contains('<') {
        value.to_owned()
    } else {
        format!("<{value}>")
    };
    Address::parse(written.as_bytes(), field).map_err(|e| cannot_write(field, e))?;
    Ok(written)
}

pub(super) fn uri(value: &str, field: &'static str) -> Result<Uri, RequestError> {
    Uri::parse(Bytes::copy_from_slice(value.as_bytes())).map_err(|e| cannot_write(field, e))
}

pub(super) fn put(
    fields: &mut Fields,
    name: HeaderName,
    value: impl Into<Bytes>,
) -> Result<(), RequestError> {
    let label = text(name.canonical());
    fields.push(Header::build(name, value).map_err(|e| cannot_write(label, e))?);
    Ok(())
}

/// Adds the fields of the user.
pub(super) fn put_all(fields: &mut Fields, headers: &Headers) -> Result<(), RequestError> {
    for (name, value) in headers {
        let parsed = HeaderName::parse(&Bytes::copy_from_slice(name.as_bytes()));
        // Contact is the user's in a redirection only.
        let doubled = parsed == HeaderName::Contact && fields.get(&parsed).is_some();
        if doubled || OWN.contains(&parsed) {
            return Err(cannot_write(name, "the endpoint writes it"));
        }
        put(fields, parsed, value.clone())?;
    }
    Ok(())
}

/// Adds bodies with their Content fields; returns the octets.
pub(super) fn put_bodies(
    fields: &mut Fields,
    bodies: &Bodies,
    seed: u64,
) -> Result<Bytes, RequestError> {
    let written = bodies.write(seed);
    if let Some(content_type) = written.content_type {
        if content_type.starts_with("multipart/") {
            put(fields, HeaderName::MimeVersion, "1.0")?;
        }
        put(fields, HeaderName::ContentType, content_type)?;
    }
    if let Some(disposition) = written.disposition {
        put(fields, HeaderName::ContentDisposition, disposition)?;
    }
    put(
        fields,
        HeaderName::ContentLength,
        written.octets.len().to_string(),
    )?;
    Ok(written.octets)
}

/// A response with the fields of RFC 3261 §8.2.6.2 and a To tag where the request has none.
/// Everything of it was parsed before, so that only a request without those fields fails.
pub(super) fn response(
    request: &Request,
    status: u16,
    reason: Option<&str>,
    to_tag: Option<&str>,
) -> Result<Response, RequestError> {
    let code = StatusCode::new(status).ok_or(RequestError::Status {
        status,
        expected: "a status of 100 to 699",
    })?;
    let reason = reason.unwrap_or_else(|| phrase(status)).to_owned();
    let mut response = ResponseBuilder::to_request(request, code, reason)
        .map_err(|e| cannot_write("response", e))?
        .build();
    response.headers.remove_all(&HeaderName::ContentLength);
    if let Some(to_tag) = to_tag {
        put_tag(&mut response.headers, to_tag)?;
    }
    Ok(response)
}

/// Gives To a tag where it has none. The value goes through the parser once more: a response
/// echoes octets that the builder would refuse to write (RFC 4475 §3.1.1.2).
pub(super) fn put_tag(fields: &mut Fields, to_tag: &str) -> Result<(), RequestError> {
    if !tag(fields, &HeaderName::To).is_empty() {
        return Ok(());
    }
    let place = fields.iter().position(|h| *h.name() == HeaderName::To);
    let (Some(place), Some(to)) = (place, fields.value(&HeaderName::To)) else {
        return Ok(());
    };
    let mut line = b"OPTIONS sip:to.invalid SIP/2.0\r\nTo: ".to_vec();
    line.extend_from_slice(&to);
    line.extend_from_slice(format!(";tag={to_tag}\r\n\r\n").as_bytes());
    let parsed = parse_datagram(Bytes::from(line), &Limits::datagram())
        .map_err(|e| cannot_write("To", e))?;
    if let Some(tagged) = parsed.headers().get(&HeaderName::To) {
        fields.remove_first(&HeaderName::To);
        fields.insert(place, tagged.clone());
    }
    Ok(())
}

/// A value without the octets that the builder refuses, for fields of ours that repeat what a
/// peer wrote: display names may lose them, tags and URIs cannot hold them.
pub(super) fn printable(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).collect()
}

/// The reason phrase of a status (RFC 3261 §21 and the RFCs that add to it).
pub(crate) fn phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        199 => "Early Dialog Terminated",
        200 => "OK",
        202 => "Accepted",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        305 => "Use Proxy",
        380 => "Alternative Service",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        433 => "Anonymity Disallowed",
        469 => "Bad Info Package",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        485 => "Ambiguous",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        493 => "Undecipherable",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        580 => "Precondition Failure",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => match status / 100 {
            1 => "Progress",
            2 => "OK",
            3 => "Redirection",
            4 => "Request Failure",
            5 => "Server Failure",
            _ => "Global Failure",
        },
    }
}

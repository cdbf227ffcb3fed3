//! Requests that cannot become a transaction: answered without state where an answer can find
//! its way (RFC 3261 §8.2.7, §16.3 item 1).

use bytes::Bytes;
use sipx_sip::error::{LimitKind, ParseError};
use sipx_sip::message::{Headers as Fields, Response, StatusCode};
use sipx_sip::parser::{Limits, parse_datagram};
use sipx_sip::{HeaderName, ResponseBuilder};

use super::core::Core;
use super::receive::stamp;
use super::{Flow, message};

/// The status for octets that are no message.
pub(super) fn status(error: &ParseError) -> u16 {
    match error {
        ParseError::Limit {
            limit: LimitKind::BodyBytes | LimitKind::MessageBytes,
            ..
        } => 513,
        _ => 400,
    }
}

/// Answers octets that could not be parsed: the lines that look like header fields are read as
/// fields of a request that can be.
pub(super) fn refuse(core: &mut Core, flow: Flow, octets: &[u8], status: u16) {
    let head = octets
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map_or(octets, |end| octets.get(..end).unwrap_or_default());
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let start = lines.next().unwrap_or_default();
    // A response, an ACK, or nothing of SIP: no answer.
    if start.starts_with("SIP/") || start.starts_with("ACK ") || !start.contains("SIP/") {
        return;
    }
    let wanted = ["via", "v", "from", "f", "to", "t", "call-id", "i", "cseq"];
    let mut kept = String::from("OPTIONS sip:unreadable.invalid SIP/2.0\r\n");
    let mut keeping = false;
    for line in lines {
        if !line.starts_with([' ', '\t']) {
            let name = line.split(':').next().unwrap_or_default().trim();
            keeping = line.contains(':') && wanted.contains(&name.to_ascii_lowercase().as_str());
        }
        if keeping {
            kept.push_str(line);
            kept.push_str("\r\n");
        }
    }
    kept.push_str("\r\n");
    let Ok(sipx_sip::Message::Request(mut request)) =
        parse_datagram(Bytes::from(kept), &Limits::datagram())
    else {
        return;
    };
    let Some(back) = stamp(&mut request, flow) else {
        return;
    };
    let way = if flow.transport.is_stream() {
        flow
    } else {
        back
    };
    answer(core, way, &request.headers, status);
}

/// A response with what the request has of the fields a response copies. Without Via it has no
/// way back, without CSeq no transaction.
pub(super) fn answer(core: &mut Core, flow: Flow, fields: &Fields, status: u16) {
    if let Some(response) = build(core, fields, status) {
        let mut octets = Vec::new();
        response.write_to(&mut octets);
        core.send(flow, Bytes::from(octets));
    }
}

fn build(core: &Core, fields: &Fields, status: u16) -> Option<Response> {
    use HeaderName as N;
    let code = StatusCode::new(status)?;
    let mut response = ResponseBuilder::new(code, message::phrase(status))
        .ok()?
        .build();
    response.headers.remove_all(&N::ContentLength);
    let seed = message::value(fields, &N::Via)? + &message::value(fields, &N::CSeq)?;
    for name in [N::Via, N::From, N::To, N::CallId, N::CSeq] {
        for field in fields.get_all(&name) {
            response.headers.push(field.clone());
        }
    }
    let tag = core.identifiers.stateless_tag(seed.as_bytes());
    message::put_tag(&mut response.headers, &tag).ok()?;
    core.put_server(&mut response).ok()?;
    message::put(&mut response.headers, N::ContentLength, "0").ok()?;
    Some(response)
}

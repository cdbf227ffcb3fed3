//! Builds the requests and responses of a peer.

use bytes::Bytes;
use sipx_sip::{
    BuildError, HeaderName, Message, Method, Request, RequestBuilder, Response, ResponseBuilder,
    StatusCode, Uri,
};

use super::call::text;
use super::{Bodies, CallId, PeerError, SipPeer};

/// What this peer understands (RFC 3261 section 20.5).
const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, PRACK, INFO, OPTIONS";
/// The bodies it understands (RFC 3398 section 5.2).
const ACCEPT: &str = "application/sdp, application/isup, multipart/mixed";

pub(super) fn parse_uri(uri: &str) -> Result<Uri, PeerError> {
    Uri::parse(Bytes::copy_from_slice(uri.as_bytes())).map_err(|source| PeerError::Uri {
        uri: uri.to_owned(),
        source,
    })
}

impl SipPeer {
    /// Via with a new branch, Max-Forwards, From, To, Call-ID, CSeq, Contact, User-Agent.
    #[expect(
        clippy::too_many_arguments,
        reason = "one for each header of the dialog"
    )]
    pub(super) fn request(
        &mut self,
        method: &Method,
        uri: Uri,
        from: &str,
        to: &str,
        call_id: &str,
        cseq: u32,
        headers: &[(String, String)],
        bodies: &Bodies,
    ) -> Result<Request, BuildError> {
        let address = self.config.address;
        let via = format!(
            "SIP/2.0/UDP {address};branch=z9hG4bK{};rport",
            self.unique()
        );
        let mut builder = RequestBuilder::new(method.clone(), uri)
            .header(HeaderName::Via, via)?
            .max_forwards(70)
            .header(HeaderName::From, from.to_owned())?
            .header(HeaderName::To, to.to_owned())?
            .header(HeaderName::CallId, call_id.to_owned())?
            .cseq(cseq, method)?
            .header(HeaderName::Contact, self.contact())?
            .header(HeaderName::UserAgent, self.config.name.clone())?;
        if *method == Method::Invite {
            builder = builder
                .header(HeaderName::Allow, ALLOW)?
                .header(HeaderName::Accept, ACCEPT)?;
        }
        for (name, value) in headers {
            builder = builder.header(header_name(name), value.clone())?;
        }
        if let Some(body) = bodies.encode() {
            builder = builder
                .header(HeaderName::MimeVersion, "1.0")?
                .header(HeaderName::ContentType, body.content_type)?;
            if let Some(disposition) = body.content_disposition {
                builder = builder.header(HeaderName::ContentDisposition, disposition)?;
            }
            builder = builder.body(body.octets);
        }
        Ok(builder.build())
    }

    /// The next request of a dialog (RFC 3261 section 12.2.1.1).
    pub(super) fn in_dialog(
        &mut self,
        id: CallId,
        method: Method,
        headers: &[(String, String)],
        bodies: &Bodies,
    ) -> Result<Request, BuildError> {
        let missing = BuildError::MissingRequiredResponseHeader { header: "Call-ID" };
        let Some(call) = self.calls.get_mut(&id) else {
            return Err(missing);
        };
        // The ACK has the number of its INVITE (section 13.2.2.4).
        let cseq = match method {
            Method::Ack => invite_cseq(&call.invite),
            _ => {
                call.cseq += 1;
                call.cseq
            }
        };
        let (from, to, call_id) = (
            call.local.clone(),
            call.remote.clone(),
            call.call_id.clone(),
        );
        let uri = match Uri::parse(Bytes::copy_from_slice(call.target.as_bytes())) {
            Ok(uri) => uri,
            Err(_) => call.invite.uri.clone(),
        };
        let mut all: Vec<_> = call
            .routes
            .iter()
            .map(|route| ("Route".to_owned(), format!("<{route}>")))
            .collect();
        all.extend_from_slice(headers);
        self.request(&method, uri, &from, &to, &call_id, cseq, &all, bodies)
    }

    /// Puts a request on the wire beside the transactions: the ACK for a 2xx.
    pub(super) fn send_plain(&mut self, id: CallId, request: Request) {
        if let Some(call) = self.calls.get(&id) {
            let message = (call.next_hop, Message::Request(request));
            self.transactions.messages.push_back(message);
        }
    }

    /// A response with the dialog's tag, Contact and Record-Route (RFC 3261 section 12.1.1).
    pub(super) fn response(
        &self,
        request: &Request,
        (status, reason): (u16, &str),
        tag: Option<&str>,
        headers: &[(String, String)],
        bodies: &Bodies,
    ) -> Result<Response, BuildError> {
        let status = StatusCode::new(status).or(StatusCode::new(500));
        let Some(status) = status else {
            return Err(BuildError::NotAToken { field: "status" });
        };
        let mut builder = ResponseBuilder::to_request(request, status, reason.to_owned())?;
        let to = request.headers.value(&HeaderName::To);
        let to = to.map(|value| text(&value)).unwrap_or_default();
        if let Some(tag) = tag.filter(|_| !to.contains(";tag=")) {
            builder = builder.set_header(&HeaderName::To, format!("{to};tag={tag}"))?;
        }
        if request.method == Method::Invite && status.code() > 100 && status.code() < 300 {
            for route in request.headers.get_all(&HeaderName::RecordRoute) {
                builder = builder.header(HeaderName::RecordRoute, route.value().into_owned())?;
            }
            builder = builder
                .header(HeaderName::Contact, self.contact())?
                .header(HeaderName::Allow, ALLOW)?;
        }
        builder = builder.header(HeaderName::Server, self.config.name.clone())?;
        for (name, value) in headers {
            builder = builder.header(header_name(name), value.clone())?;
        }
        if let Some(body) = bodies.encode() {
            builder = builder
                .header(HeaderName::MimeVersion, "1.0")?
                .header(HeaderName::ContentType, body.content_type)?;
            if let Some(disposition) = body.content_disposition {
                builder = builder.header(HeaderName::ContentDisposition, disposition)?;
            }
            builder = builder.body(body.octets);
        }
        Ok(builder.build())
    }

    fn contact(&self) -> String {
        let user = self.config.uri.split_once('@').map(|(user, _)| user);
        let user = user.unwrap_or("sip:lab");
        format!("<{user}@{}>", self.config.address)
    }
}

/// Number of the CSeq of an INVITE.
pub(super) fn invite_cseq(invite: &Request) -> u32 {
    match invite.headers.typed::<sipx_sip::CSeq>() {
        Some(Ok(cseq)) => cseq.sequence,
        _ => 0,
    }
}

fn header_name(name: &str) -> HeaderName {
    HeaderName::parse(&Bytes::copy_from_slice(name.as_bytes()))
}

//! Dialogs: what two user agents remember of each other (RFC 3261 §12).

use std::time::Instant;

use bytes::Bytes;
use sipx_sip::headers::Address;
use sipx_sip::message::{Header, Headers as Fields, Method, Request, Response};
use sipx_sip::rel::Sequence;
use sipx_sip::{HeaderName, Uri};

use super::core::Core;
use super::session::Negotiation;
use super::{Bodies, Flow, Headers, RequestError, message};

/// A dialog, early or confirmed.
#[derive(Debug)]
pub(super) struct Dialog {
    pub(super) call_id: String,
    /// From of our requests, with our tag.
    pub(super) local: String,
    /// To of our requests, with the peer's tag.
    pub(super) remote: String,
    pub(super) remote_tag: String,
    /// CSeq of our last request.
    pub(super) local_sequence: u32,
    /// CSeq of the peer's last request.
    pub(super) remote_sequence: Option<u32>,
    target: Uri,
    routes: Vec<String>,
    /// The way the peer's messages came: where the next hop is when its URI names a host.
    pub(super) peer: Flow,
    /// It was set up by a sips URI: our Contact has one too (RFC 3261 §12.1.1).
    pub(super) secure: bool,
    /// The order in which it appeared among the forks of one INVITE.
    pub(super) fork: u16,
    /// Reliable provisional responses of this fork, as UAC.
    pub(super) reliable: Sequence,
    /// An answer came reliably, as UAC: later descriptions are no answers.
    pub(super) answered: bool,
    /// Our ACK of its last 2xx, for each copy of that 2xx, with its CSeq number.
    pub(super) ack: Option<(u32, Flow, Bytes)>,
    /// Its Allow names UPDATE.
    pub(super) allows_update: bool,
    /// Our Allow names REFER.
    pub(super) transfer: bool,
    pub(super) negotiation: Negotiation,
}

impl Dialog {
    /// As UAS, from the INVITE (RFC 3261 §12.1.1). `None` without a usable target.
    pub(super) fn of_request(request: &Request, local_tag: &str, peer: Flow) -> Option<Self> {
        let fields = &request.headers;
        let to = message::value(fields, &HeaderName::To)?;
        let remote_tag = message::tag(fields, &HeaderName::From);
        // A peer of RFC 2543 has no From tag, and may leave Contact out: From is its target.
        let old = || {
            let from = fields.value(&HeaderName::From)?;
            let from = Address::parse(&from, "From").ok()?;
            remote_tag.is_empty().then_some(from.uri)
        };
        Some(Self {
            call_id: message::value(fields, &HeaderName::CallId)?,
            local: message::printable(&format!("{to};tag={local_tag}")),
            remote: message::printable(&message::value(fields, &HeaderName::From)?),
            local_sequence: 0,
            remote_sequence: sequence(fields),
            target: message::contact(fields).or_else(old)?,
            remote_tag,
            routes: routes(fields),
            peer,
            secure: request.uri.scheme().is_secure(),
            fork: 0,
            reliable: Sequence::default(),
            answered: false,
            ack: None,
            allows_update: message::lists(fields, &HeaderName::Allow, "UPDATE"),
            transfer: false,
            negotiation: Negotiation::default(),
        })
    }

    /// As UAC, from a response with a To tag (RFC 3261 §12.1.2). Without Contact the
    /// Request-URI of the INVITE stays the target.
    pub(super) fn of_response(
        invite: &Request,
        response: &Response,
        peer: Flow,
        fork: u16,
    ) -> Option<Self> {
        let fields = &response.headers;
        let mut routes = routes(fields);
        routes.reverse();
        Some(Self {
            call_id: message::value(fields, &HeaderName::CallId)?,
            local: message::value(&invite.headers, &HeaderName::From)?,
            remote: message::printable(&message::value(fields, &HeaderName::To)?),
            remote_tag: message::tag(fields, &HeaderName::To),
            local_sequence: sequence(&invite.headers)?,
            remote_sequence: None,
            target: message::contact(fields).unwrap_or_else(|| invite.uri.clone()),
            routes,
            peer,
            secure: invite.uri.scheme().is_secure(),
            fork,
            reliable: Sequence::default(),
            answered: false,
            ack: None,
            allows_update: message::lists(fields, &HeaderName::Allow, "UPDATE"),
            transfer: false,
            negotiation: Negotiation::default(),
        })
    }

    /// Takes over the route set and target of the 2xx: the early dialog's may be older
    /// (RFC 3261 §13.2.2.4).
    pub(super) fn confirm(&mut self, response: &Response) {
        self.routes = routes(&response.headers);
        self.routes.reverse();
        self.refresh(&response.headers);
    }

    /// A target refresh (RFC 3261 §12.2.1.2, §12.2.2).
    pub(super) fn refresh(&mut self, fields: &Fields) {
        if let Some(target) = message::contact(fields) {
            self.target = target;
        }
        if fields.get(&HeaderName::Allow).is_some() {
            self.allows_update = message::lists(fields, &HeaderName::Allow, "UPDATE");
        }
    }

    /// Whether a request of the peer is in order; its CSeq is then the last one
    /// (RFC 3261 §12.2.2).
    pub(super) fn in_order(&mut self, request: &Request) -> bool {
        let Some(number) = sequence(&request.headers) else {
            return false;
        };
        if self.remote_sequence.is_some_and(|last| number <= last) {
            return false;
        }
        self.remote_sequence = Some(number);
        true
    }

    /// A request within the dialog (RFC 3261 §12.2.1.1) with the next CSeq, and its way.
    pub(super) fn request(
        &mut self,
        core: &mut Core,
        method: Method,
        headers: &Headers,
        bodies: &Bodies,
    ) -> Result<(Request, Flow), RequestError> {
        let sequence = self.local_sequence.wrapping_add(1);
        let built = self.build(core, method, sequence, headers, bodies)?;
        self.local_sequence = sequence;
        Ok(built)
    }

    /// The same request with the next CSeq, when a later one overtook it on the way and the
    /// peer refused it for its order (RFC 3261 §12.2.2). `None` when none did.
    pub(super) fn overtaken(&mut self, core: &mut Core, sent: &Request) -> Option<(Request, Flow)> {
        if sequence(&sent.headers)? >= self.local_sequence {
            return None;
        }
        self.again(core, sent)
    }

    /// The same request with the next CSeq.
    pub(super) fn again(&mut self, core: &mut Core, sent: &Request) -> Option<(Request, Flow)> {
        let next = self.local_sequence.wrapping_add(1);
        let flow = self.way(core);
        let mut request = sent.clone();
        let fields = &mut request.headers;
        fields.remove_all(&HeaderName::Via);
        fields.remove_all(&HeaderName::CSeq);
        let via = Header::build(HeaderName::Via, core.via(flow)).ok()?;
        let cseq = format!("{next} {}", sent.method);
        fields.push_front(Header::build(HeaderName::CSeq, cseq).ok()?);
        fields.push_front(via);
        self.local_sequence = next;
        Some((request, flow))
    }

    /// Where requests of this dialog go: the first route, or the target.
    fn way(&self, core: &Core) -> Flow {
        core.way(&self.next(), self.peer)
    }

    /// The URI that requests go to (RFC 3261 §12.2.1.1).
    fn next(&self) -> Uri {
        let first = self.routes.first().and_then(|route| route_uri(route));
        first.unwrap_or_else(|| self.target.clone())
    }

    /// Asks for the name of the next hop, where it is one.
    pub(super) fn seek(&self, core: &mut Core, now: Instant) {
        core.seek(now, &self.next());
    }

    /// The ACK of a 2xx: the CSeq number of its INVITE (RFC 3261 §13.2.2.4).
    pub(super) fn ack(
        &mut self,
        core: &mut Core,
        sequence: u32,
        headers: &Headers,
        bodies: &Bodies,
    ) -> Result<(), RequestError> {
        let (ack, flow) = self.build(core, Method::Ack, sequence, headers, bodies)?;
        let mut octets = Vec::new();
        ack.write_to(&mut octets);
        let octets = Bytes::from(octets);
        core.send(flow, octets.clone());
        self.ack = Some((sequence, flow, octets));
        Ok(())
    }

    /// ACK without bodies, or the same ACK again for a copy of a 2xx.
    pub(super) fn acknowledge(&mut self, core: &mut Core, sequence: u32) {
        match &self.ack {
            Some((acknowledged, flow, octets)) if *acknowledged == sequence => {
                core.send(*flow, octets.clone());
            }
            _ => {
                // Nothing of it comes from the user.
                let _ = self.ack(core, sequence, &Headers::new(), &Bodies::default());
            }
        }
    }

    fn build(
        &self,
        core: &mut Core,
        method: Method,
        sequence: u32,
        headers: &Headers,
        bodies: &Bodies,
    ) -> Result<(Request, Flow), RequestError> {
        let first = self.routes.first().and_then(|r| route_uri(r));
        let loose = first
            .as_ref()
            .is_none_or(|uri| uri.params().is_some_and(|p| p.contains("lr")));
        // A strict router wants to be the Request-URI and the target as the last Route.
        let (target, routes): (Uri, Vec<String>) = match (&first, loose) {
            (Some(strict), false) => (
                strict.clone(),
                self.routes
                    .iter()
                    .skip(1)
                    .cloned()
                    .chain([format!("<{}>", self.target)])
                    .collect(),
            ),
            _ => (self.target.clone(), self.routes.clone()),
        };
        let flow = self.way(core);

        let mut request = Request::new(method.clone(), target);
        let fields = &mut request.headers;
        message::put(fields, HeaderName::Via, core.via(flow))?;
        message::put(fields, HeaderName::MaxForwards, "70")?;
        for route in routes {
            message::put(fields, HeaderName::Route, route)?;
        }
        message::put(fields, HeaderName::From, self.local.clone())?;
        message::put(fields, HeaderName::To, self.remote.clone())?;
        message::put(fields, HeaderName::CallId, self.call_id.clone())?;
        message::put(fields, HeaderName::CSeq, format!("{sequence} {method}"))?;
        if matches!(method, Method::Invite | Method::Update | Method::Notify) {
            message::put(fields, HeaderName::Contact, core.contact(flow, self.secure))?;
        }
        if matches!(method, Method::Invite | Method::Update) {
            message::put(fields, HeaderName::Allow, message::allow(self.transfer))?;
            message::put(fields, HeaderName::Supported, "timer")?;
            message::put(fields, HeaderName::Accept, message::ACCEPT)?;
        }
        message::put(
            fields,
            HeaderName::UserAgent,
            core.config.user_agent.clone(),
        )?;
        message::put_all(fields, headers)?;
        let octets = message::put_bodies(fields, bodies, core.identifiers.next())?;
        request.set_body(octets);
        Ok((request, flow))
    }
}

/// The number of CSeq.
pub(super) fn sequence(fields: &Fields) -> Option<u32> {
    fields
        .typed::<sipx_sip::CSeq>()?
        .ok()
        .map(|cseq| cseq.sequence)
}

/// The values of Record-Route in order, one an entry.
fn routes(fields: &Fields) -> Vec<String> {
    fields
        .get_all(&HeaderName::RecordRoute)
        .flat_map(|row| {
            super::reason::split_outside_quotes(&message::text(&row.value()), ',')
                .map(|route| message::printable(route.trim()))
                .collect::<Vec<_>>()
        })
        .collect()
}

pub(super) fn route_uri(route: &str) -> Option<Uri> {
    Address::parse(route.as_bytes(), "Route")
        .ok()
        .map(|a| a.uri)
}

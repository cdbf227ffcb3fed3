//! A datagram arrives; a call from SIP begins.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use isup::Variant;

use super::leg::{Leg, Origin, Route};
use super::replaces::Replacing;
use super::{Iwu, Output, TrunkNews, junction};
use crate::call::{self, Call, CallId, Event, SipToIsup};
use crate::cdr::{self, CallRecord, ReleasedBy};
use crate::config::{IsupMode, SipTrunk};
use crate::dialplan::{Query, Route as Routed, Trunk};
use crate::interwork::caller::Caller;
use crate::interwork::number;
use crate::interwork::profile::{Fault, Profile};
use crate::interwork::{cause, encapsulation, hops, release};
use crate::sip::{self, Flow, Hop, Incoming, Indication, Request, SessionId, sdp};

/// Cause of a call that is to take the place of one that cannot be replaced (Q.850 §2.2.7).
const INVALID_CALL_REFERENCE: u8 = 81;

/// Why an INVITE goes no further than the gateway.
pub(super) struct Refusal {
    status: u16,
    cause: u8,
    why: String,
    headers: Vec<(String, String)>,
    /// The dial plan says so: the caller may be told by an announcement.
    told: bool,
}

impl Refusal {
    fn new(status: u16, cause: u8, why: impl Into<String>) -> Self {
        Self {
            status,
            cause,
            why: why.into(),
            headers: Vec::new(),
            told: false,
        }
    }

    /// The same of the dial plan, of which the caller may be told.
    fn by_plan(self) -> Self {
        Self { told: true, ..self }
    }

    /// By the row of a failure.
    fn of(profile: &Profile, fault: Fault, why: impl Into<String>) -> Self {
        let row = profile.failure(fault);
        Self::new(row.status, row.cause, why)
    }
}

impl Iwu {
    pub(super) fn datagram(&mut self, now: Instant, flow: Flow, octets: Bytes) {
        // Whoever is no trunk draws no ladders.
        if self.sip.hears(flow.remote.ip()) {
            self.trace_sip(now, false, &octets);
        }
        self.sip.handle_datagram(now, flow, octets);
        while let Some(output) = self.sip.poll_output() {
            self.heard_from_sip(now, output);
        }
        self.claim_rungs();
    }

    /// Whether anybody at this address may speak SIP with us: what a listener asks before it
    /// takes a connection.
    #[must_use]
    pub fn hears(&self, source: IpAddr) -> bool {
        self.sip.hears(source)
    }

    /// The SIP trunk that a connection to this hop is for.
    #[must_use]
    pub fn trunk_at(&self, hop: Hop) -> Option<usize> {
        self.sip.peer_at(hop).map(|peer| usize::from(peer.0))
    }

    pub(super) fn connected(&mut self, now: Instant, flow: Flow, identity: sip::Identity) {
        let hop = flow.hop();
        let text = match &identity {
            None => format!("SIP connection with {hop}"),
            Some(names) => format!("SIP connection with {hop}, certificate of {names:?}"),
        };
        self.trace_note(now, text);
        self.sip.handle_connected(flow, identity);
    }

    pub(super) fn disconnected(&mut self, now: Instant, flow: Flow, why: &str) {
        self.trace_note(now, format!("no SIP connection with {}: {why}", flow.hop()));
        self.sip.handle_disconnected(now, flow);
    }

    pub(super) fn heard_from_sip(&mut self, now: Instant, output: sip::Output) {
        match output {
            sip::Output::Datagram(flow, octets) => {
                self.trace_sip(now, true, &octets);
                self.outputs.push_back(Output::Sip(flow, octets));
            }
            sip::Output::Resolve(question) => self.outputs.push_back(Output::Resolve(question)),
            sip::Output::Peer(peer, news) => {
                let trunk = self.config.sip_trunks.get(usize::from(peer.0));
                let trunk = trunk.map(|trunk| trunk.name.clone()).unwrap_or_default();
                self.trace_note(now, format!("SIP trunk {trunk}: {news}"));
                self.outputs
                    .push_back(Output::Trunk(TrunkNews { trunk, news }));
            }
            sip::Output::Connect(flow) => self.outputs.push_back(Output::Connect(flow)),
            sip::Output::Indication(session, indication) => {
                self.heard_from_session(now, session, indication);
            }
        }
    }

    /// News of a SIP session, or of the end of a junction that stands for one.
    pub(super) fn heard_from_session(
        &mut self,
        now: Instant,
        session: SessionId,
        indication: Indication,
    ) {
        match indication {
            Indication::Incoming(incoming) => self.incoming(now, session, incoming),
            Indication::Terminated => {
                self.by_session.remove(&session);
            }
            indication => {
                if let Some(call) = self.by_session.get(&session).copied() {
                    if let Some(refusal) = self.cannot_use(call, session, &indication) {
                        let accepted = matches!(indication, Indication::Accepted { .. });
                        self.trace_call(now, call, refusal.to_string());
                        self.step(now, call, Event::Unacceptable { refusal, accepted });
                        return;
                    }
                    self.of_one_session(now, call, session, indication);
                }
            }
        }
    }

    /// Why the answer to the first offer of a call cannot be used, where media are to be protected:
    /// without a key they would not be, and a key that is not ours is worth nothing. Unprotected
    /// media of a trunk without SRTP are taken as they come.
    fn cannot_use(
        &self,
        call: CallId,
        session: SessionId,
        indication: &Indication,
    ) -> Option<sdp::Refusal> {
        let bodies = match indication {
            Indication::Accepted { bodies, .. }
            | Indication::Acknowledged { bodies }
            | Indication::Pracked { bodies, .. } => bodies,
            _ => return None,
        };
        let leg = self.legs.get(&call)?;
        let (local, _) = leg.local.as_ref()?;
        if leg.session != Some(session) || local.srtp.is_none() {
            return None;
        }
        match (&bodies.sdp, indication, leg.plan) {
            (Some(answer), Indication::Accepted { .. }, _) | (Some(answer), _, None) => {
                sdp::conclude(local, answer).err()
            }
            // It came before, and was not taken.
            (None, Indication::Accepted { .. }, None) => Some(sdp::Refusal::NoAudio),
            _ => None,
        }
    }

    /// An INVITE: a call begins, even if it ends at once; every attempt has its record.
    fn incoming(&mut self, now: Instant, session: SessionId, incoming: Box<Incoming>) {
        let cannot_replace = match self.replaces(now, session, &incoming) {
            Replacing::Done => return,
            Replacing::Refused(status, why) => Some((status, why)),
            Replacing::Not => None,
        };
        if self.dials_on(now, session, &incoming) {
            return;
        }
        let call = CallId(self.next_call);
        self.next_call += 1;
        self.by_call_id.insert(incoming.call_id.clone(), call);
        let source = incoming.flow.remote.ip();
        let trunk = incoming.peer.map(|peer| usize::from(peer.0));
        let name = trunk
            .and_then(|index| self.config.sip_trunks.get(index))
            .map_or_else(|| source.to_string(), |trunk| trunk.name.clone());
        let mut record = CallRecord::new(call, cdr::Origin::SipToPstn, &name, self.wall(now));
        record.sip_call_id = Some(incoming.call_id.clone());
        record.called_received = number::from_uri(&incoming.request_uri)
            .map_or_else(|| incoming.request_uri.clone(), |number| number.to_string());
        record.calling_received = number::from_uri(&incoming.from).map(|n| n.to_string());
        let admitted = match cannot_replace {
            Some((status, why)) => Err(Refusal::new(status, INVALID_CALL_REFERENCE, why)),
            None => self.admit(now, session, trunk, &incoming, &mut record),
        };
        match admitted {
            Ok(leg) => {
                let leg = Leg {
                    session: Some(session),
                    ..leg
                };
                self.by_session.insert(session, call);
                self.legs.insert(call, leg);
                self.attempt(now, call);
            }
            Err(refusal) => {
                // No trunk group is chosen: it goes by the SIP trunk's own profile.
                let profile = self.profiles.of(trunk, None).clone();
                let told = match trunk.filter(|_| refusal.told) {
                    Some(index) => self.tell_sip(
                        now,
                        session,
                        (index, profile.clone()),
                        (&incoming, record),
                        call::Refusal {
                            cause: refusal.cause,
                            status: Some(refusal.status),
                            why: refusal.why.clone(),
                            headers: refusal.headers.clone(),
                            announcement: None,
                        },
                    ),
                    None => Err(Box::new(record)),
                };
                if let Err(record) = told {
                    self.refuse(now, session, &profile, *record, refusal);
                }
            }
        }
    }

    /// Everything that can be wrong with an INVITE before a circuit is looked for.
    fn admit(
        &mut self,
        now: Instant,
        session: SessionId,
        trunk: Option<usize>,
        incoming: &Incoming,
        record: &mut CallRecord,
    ) -> Result<Leg, Refusal> {
        let config = self.config.clone();
        let source = incoming.flow.remote.ip();
        let profile = self.profiles.of(trunk, None).clone();
        let (index, trunk) = trunk
            .and_then(|index| Some((index, config.sip_trunks.get(index)?)))
            .ok_or_else(|| {
                let why = format!("{source} is no trunk's address");
                Refusal::of(&profile, Fault::UnknownPeer, why)
            })?;
        let inner = self.junctions.has(session).then(|| {
            Arc::new(junction::trunk(
                trunk,
                Variant::default(),
                junction::ANY.into(),
            ))
        });
        let trunk = inner.as_deref().unwrap_or(trunk);
        if self.drain.is_some() {
            let mut refusal = Refusal::of(&profile, Fault::Draining, "shutting down");
            refusal.headers.push(("Retry-After".into(), "60".into()));
            return Err(refusal);
        }
        fits(&profile, trunk, incoming)?;
        self.within_limits(now, index, trunk).map_err(|limit| {
            let mut refusal = Refusal::new(503, 42, limit.to_string());
            let retry = ("Retry-After".into(), limit.retry_after().into());
            refusal.headers.push(retry);
            refusal
        })?;
        let template = template(&profile, trunk, incoming)?;
        let caller = Caller::of(incoming, trunk);
        let called = number::from_uri(&incoming.request_uri).ok_or_else(|| {
            Refusal::of(&profile, Fault::NoNumber, "the Request-URI holds no number").by_plan()
        })?;
        let decision = self.plan.route(Query {
            called: &called,
            from: Trunk::Sip(index),
        });
        record.rule = decision.rule.as_ref().map(ToString::to_string);
        let targets = match &decision.route {
            Routed::To(targets) => targets.clone(),
            Routed::Reject(value) => {
                let cause = isup::Cause::new(*value, isup::Location::BeyondInterworkingPoint);
                let mapped = cause::status_of(&profile, &cause);
                let refusal = Refusal::new(mapped.value, *value, mapped.to_string());
                return Err(refusal.by_plan());
            }
            Routed::Incomplete => {
                let why = "the number is incomplete";
                return Err(Refusal::of(&profile, Fault::NoNumber, why).by_plan());
            }
            Routed::None => {
                let clause = profile.failure(Fault::NoRoute).clause.to_string();
                return Err(Refusal::of(&profile, Fault::NoRoute, clause).by_plan());
            }
        };
        record.calling_sent = caller.as_ref().map(|c| c.number.to_string());
        // SIP-I peers take ISUP in responses to whatever they sent (RFC 3398 §7.2.4 does not).
        let unasked = profile.conventions().isup_unasked && trunk.isup != IsupMode::Off;
        let speaks_isup = template.is_some() || unasked || inner.is_some();
        let reads = incoming.early_media.is_some_and(|field| field.supported);
        let machine = SipToIsup::new(speaks_isup).with_early_media_field(reads);
        let call = Call::SipToIsup(machine);
        let origin = Origin::Sip {
            incoming: Box::new(incoming.clone()),
            template,
            caller,
        };
        let route = Route::new(targets, decision, origin);
        let mut leg = Leg::new(call, index, 0, profile, record.clone(), route);
        leg.inner = inner;
        Ok(leg)
    }

    /// The final response and the record of a call that was not admitted.
    fn refuse(
        &mut self,
        now: Instant,
        session: SessionId,
        profile: &Profile,
        mut record: CallRecord,
        refusal: Refusal,
    ) {
        let cause = isup::Cause::new(refusal.cause, isup::Location::BeyondInterworkingPoint);
        let mut headers = release::reason(profile, &cause, false);
        headers.extend(refusal.headers);
        let request = Request::Reject {
            status: refusal.status,
            reason: None,
            headers,
            bodies: sip::Bodies::default(),
        };
        record.cause = Some(refusal.cause);
        record.sip_status = Some(refusal.status);
        record.mapped_by = Some(refusal.why);
        record.end(self.wall(now), ReleasedBy::Gateway);
        self.ask_sip(now, record.call, session, request);
        self.record(record);
    }

    /// Agrees on media for an INVITE, with RTP at this address. Without an offer in the INVITE
    /// ours goes into the first reliable response or the 200.
    pub(super) fn agree(
        &self,
        incoming: &Incoming,
        local: &sdp::Capabilities,
    ) -> Result<(Bytes, Option<sdp::MediaPlan>), sdp::Refusal> {
        match &incoming.bodies.sdp {
            Some(offer) => {
                let answer = sdp::negotiate(local, offer)?;
                Ok((answer.octets, Some(answer.plan)))
            }
            None => Ok((sdp::offer(local), None)),
        }
    }
}

/// What an INVITE must not ask for, and must bring, on this trunk.
fn fits(profile: &Profile, trunk: &SipTrunk, incoming: &Incoming) -> Result<(), Refusal> {
    let refusal = |status, why: &str, header: (&str, &str)| {
        let mut refusal = Refusal::new(status, 127, why);
        refusal
            .headers
            .push((header.0.to_owned(), header.1.to_owned()));
        Err(refusal)
    };
    if hops::counter(profile, incoming.max_forwards).is_none() {
        return Err(Refusal::of(
            profile,
            Fault::NoHops,
            "Max-Forwards is used up",
        ));
    }
    if incoming.replaces.is_some() && !trunk.transfer {
        return Err(Refusal::new(403, 21, "the trunk may not transfer calls"));
    }
    match trunk.reliable {
        crate::config::Reliable::Off if incoming.requires_reliable => refusal(
            420,
            "100rel is off on this trunk",
            ("Unsupported", "100rel"),
        ),
        crate::config::Reliable::Required if !incoming.supports_reliable => refusal(
            421,
            "100rel is required on this trunk",
            ("Require", "100rel"),
        ),
        _ => Ok(()),
    }
}

/// The IAM of the body, with the digits of the SAMs beside it (RFC 3578 §3.2), by what the trunk
/// says about ISUP.
pub(super) fn template(
    profile: &Profile,
    trunk: &SipTrunk,
    incoming: &Incoming,
) -> Result<Option<isup::Message>, Refusal> {
    // RFC 3204 §3.1: a required body that is not understood.
    if encapsulation::must_be_refused(trunk, &incoming.bodies) {
        let why = "the ISUP body must be understood and is not";
        let mut refusal = Refusal::of(profile, Fault::IsupNotUnderstood, why);
        let accept = "application/sdp, multipart/mixed".to_owned();
        refusal.headers.push(("Accept".to_owned(), accept));
        return Err(refusal);
    }
    let mut iam = encapsulation::understood(trunk, &incoming.bodies)
        .filter(|m| m.message_type() == isup::MessageType::Iam);
    if let Some(iam) = &mut iam {
        for sam in encapsulation::sams(trunk, &incoming.bodies) {
            super::overlap::append(iam, &sam);
        }
    }
    if iam.is_none() && trunk.isup == IsupMode::Mandatory {
        return Err(Refusal::of(
            profile,
            Fault::NoIsup,
            "the trunk takes no INVITE without an IAM",
        ));
    }
    Ok(iam)
}

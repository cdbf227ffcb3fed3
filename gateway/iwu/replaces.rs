//! INVITE with Replaces: a new peer takes the place of one that talks to a party on a circuit, or
//! that a call from a circuit rings at (RFC 3891).

use std::sync::Arc;
use std::time::Instant;

use super::attempt::policy;
use super::leg::{Leg, Origin};
use super::{Iwu, bridge, junction};
use crate::call::{Call, CallId, Event};
use crate::config::SipTrunk;
use crate::interwork::bearer;
use crate::sip::sdp::Capabilities;
use crate::sip::{self, Headers, Incoming, Indication, Request, SessionId};

/// What becomes of an INVITE that may have Replaces.
pub(super) enum Replacing {
    /// It has none, or its peer is to be refused like any other.
    Not,
    /// It has taken the place.
    Done,
    /// The status that refuses it, and why.
    Refused(u16, &'static str),
}

/// Why a phone that rang stops (RFC 3326 §2).
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

impl Iwu {
    /// An INVITE that takes the place of a session of ours (RFC 3891 §3).
    pub(super) fn replaces(
        &mut self,
        now: Instant,
        session: SessionId,
        incoming: &Incoming,
    ) -> Replacing {
        let config = self.config.clone();
        let Some(old) = incoming.replaces else {
            return Replacing::Not;
        };
        let index = incoming.peer.map(|peer| usize::from(peer.0));
        let trunk = index.and_then(|index| Some((index, config.sip_trunks.get(index)?)));
        let Some((index, trunk)) = trunk.filter(|(_, trunk)| trunk.transfer) else {
            return Replacing::Not;
        };
        let gone = Replacing::Refused(481, "no such call");
        let Some(id) = self.by_session.get(&old).copied() else {
            return gone;
        };
        let Some(leg) = self.legs.get(&id) else {
            return gone;
        };
        let rings = leg.call.as_ref().is_some_and(Call::is_early)
            && (leg.session == Some(old) || leg.earlier.contains(&old));
        let talks = leg.call.as_ref().is_some_and(Call::talks) && leg.session == Some(old);
        if !rings && !talks {
            return gone;
        }
        let inner = self.junctions.has(session).then(|| {
            let codecs = self.carried(leg);
            Arc::new(junction::trunk(
                trunk,
                self.points.variant(leg.group),
                codecs,
            ))
        });
        let Some(local) = self.capabilities_of(id, inner.as_deref().unwrap_or(trunk)) else {
            return Replacing::Refused(500, "no media");
        };
        let (octets, plan) = match self.agree(incoming, &local) {
            Ok(agreed) => agreed,
            Err(refusal) => {
                self.trace_call(now, id, refusal.to_string());
                return Replacing::Refused(refusal.status(), "no media to agree on");
            }
        };
        let srtp = local.srtp;
        self.by_call_id.insert(incoming.call_id.clone(), id);
        self.by_session.insert(session, id);
        self.drop_transfer(now, id);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.session = Some(session);
            leg.trunk = index;
            leg.without_isup = inner.is_none();
            if let (Some(call), true) = (&mut leg.call, inner.is_some()) {
                call.meets_isup();
            }
            leg.inner = inner;
            leg.local = Some((local, octets.clone()));
            leg.plan = None;
        }
        self.trace_call(now, id, format!("replaced by a call from {}", trunk.name));
        self.ask_sip(now, id, session, Request::Policy(policy(trunk, srtp)));
        let bodies = sip::Bodies::sdp(octets);
        let headers = Headers::new();
        self.ask_sip(now, id, session, Request::Accept { bodies, headers });
        match rings {
            true => self.cancel_replaced(now, id, old),
            false => self.hang_up(now, id, old),
        }
        if let Some(plan) = plan {
            self.agree_on(now, id, plan);
        }
        if rings {
            self.picked_up(now, id, trunk);
        } else if plan.is_some() {
            self.media_are_new(now, id);
        }
        Replacing::Done
    }

    /// What we can say of the media of a call to another peer of it.
    pub(super) fn capabilities_of(&mut self, id: CallId, trunk: &SipTrunk) -> Option<Capabilities> {
        let bridge = self.legs.get(&id)?.bridge?;
        let mut local = self.capabilities(bridge, trunk)?;
        let leg = self.legs.get(&id)?;
        if let (Origin::Isup { iam, .. }, None) = (&leg.route.origin, leg.plan) {
            let fits = bearer::codecs(iam, &trunk.codecs);
            let of = |codec: &_| fits.iter().any(|fit| bridge::codec(*fit) == *codec);
            local.codecs.retain(of);
        }
        Some(local)
    }

    /// What carries the call's timeslot through a junction.
    pub(super) fn carried(&self, leg: &Leg) -> Vec<crate::config::Codec> {
        let group = self.config.trunk_groups.get(leg.group);
        let law = group.map_or(tdm::Law::ALaw, |group| group.law);
        match (&leg.route.origin, leg.plan) {
            (Origin::Isup { iam, .. }, None) => bearer::codecs(iam, &junction::ANY),
            (_, plan) => junction::codecs(plan.map(|plan| plan.codec), law),
        }
    }

    /// Nobody is to answer the INVITEs of a call that another peer has taken.
    fn cancel_replaced(&mut self, now: Instant, id: CallId, old: SessionId) {
        let headers: Headers = vec![("Reason".to_owned(), ELSEWHERE.to_owned())];
        self.cancel_earlier(now, id, &headers);
        if self.by_session.remove(&old).is_some() {
            self.ask_sip(now, id, old, Request::Cancel { headers });
        }
    }

    /// The call from a circuit is answered, by another peer than the one that it was for.
    fn picked_up(&mut self, now: Instant, id: CallId, trunk: &SipTrunk) {
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.record.to_trunk = Some(trunk.name.clone());
        }
        let accepted = Indication::Accepted {
            bodies: sip::Bodies::default(),
            headers: Headers::new(),
            fork: 0,
            answer_due: false,
        };
        self.step(now, id, Event::Sip(accepted));
    }
}

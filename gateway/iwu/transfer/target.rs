//! Whom a REFER asks for, and how it is called: a SIP peer by INVITE, a party on a circuit through a
//! junction.

use std::sync::Arc;
use std::time::Instant;

use super::super::attempt::{peer, policy};
use super::super::junction::{self, Entry};
use super::super::leg::{Leg, Origin};
use super::{EarlyMedia, Transfer};
use crate::call::CallId;
use crate::config::SipTrunk;
use crate::dialplan::{Number, Query, Route as Routed, Trunk};
use crate::interwork::{caller, number};
use crate::iwu::Iwu;
use crate::sip::{self, Flow, Refer, Replaces, Request, SessionId, sdp};

/// A REFER, its session and the call whose party it is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) id: CallId,
    pub(super) referrer: SessionId,
    pub(super) refer: &'a Refer,
}

impl Iwu {
    /// Calls the target of a REFER; `Err` is the status that tells why not.
    pub(super) fn call_target(&mut self, now: Instant, asked: Asked<'_>) -> Result<(), u16> {
        let Asked { id, refer, .. } = asked;
        let leg = self.legs.get(&id).ok_or(481_u16)?;
        if leg.transfer.is_some() {
            return Err(491);
        }
        if let (Some(replaces), Some(_)) = (&refer.replaces, refer.replaces_session) {
            return self.join_replacing(now, asked, replaces);
        }
        let called = number::from_uri(&refer.target).ok_or(404_u16)?;
        let decision = self.plan.route(Query {
            called: &called,
            from: Trunk::Sip(leg.trunk),
        });
        let Routed::To(targets) = &decision.route else {
            return Err(404);
        };
        match targets.first() {
            Some(Trunk::Sip(index)) => self.call_peer(now, asked, *index, &decision.number),
            // Replaces of a call that is not ours means nothing to a circuit.
            Some(Trunk::Group(_)) if refer.replaces.is_none() => {
                let uri = refer.target.clone();
                self.enter_junction(now, asked, uri, None)
            }
            Some(Trunk::Group(_)) => Err(481),
            None => Err(404),
        }
    }

    /// INVITE to a SIP trunk.
    fn call_peer(
        &mut self,
        now: Instant,
        asked: Asked<'_>,
        index: usize,
        called: &Number,
    ) -> Result<(), u16> {
        let Asked { id, refer, .. } = asked;
        let config = self.config.clone();
        let trunk = config.sip_trunks.get(index).ok_or(404_u16)?;
        let hops = self.may_invite(now, index, trunk).map_err(|_| 503_u16)?;
        let mut hops = hops.into_iter();
        let to = hops.next().ok_or(503_u16)?;
        let host = trunk.host.clone();
        let host = host.unwrap_or_else(|| trunk.address.to_string());
        let mut invite = sip::Invite::new(to, number::to_uri(called, &host), String::new());
        invite.further = hops.collect();
        invite.peer = Some(peer(index));
        invite.reliable = policy(trunk, None).reliable;
        let local = self.prepare_target(id, refer, index, trunk, &mut invite)?;
        let replaces = refer.replaces.as_ref().map(Replaces::to_header);
        invite.headers.extend(replaces);
        let session = self.sip.new_session();
        self.inviting = Some(id);
        if !self.ask_sip(now, id, session, Request::Invite(Box::new(invite))) {
            self.inviting = None;
            return Err(500);
        }
        let srtp = local.0.srtp;
        self.ask_sip(now, id, session, Request::Policy(policy(trunk, srtp)));
        self.trace_call(now, id, format!("transfer to {}", trunk.name));
        self.transfers(asked, session, index, None, local);
        Ok(())
    }

    /// The call that the REFER names is one of ours: the party takes the place of the peer there
    /// (RFC 5589 §7), where an INVITE could (RFC 3891 §3).
    fn join_replacing(
        &mut self,
        now: Instant,
        asked: Asked<'_>,
        replaces: &Replaces,
    ) -> Result<(), u16> {
        let Asked { id, refer, .. } = asked;
        let named = self.sip.replaceable(replaces)?;
        let call = self.by_session.get(&named).copied();
        let call = call.filter(|call| *call != id).ok_or(481_u16)?;
        let of = self.legs.get(&call).map(|leg| leg.trunk).ok_or(481_u16)?;
        let may = self.config.sip_trunks.get(of);
        if !may.is_some_and(|trunk| trunk.transfer) {
            return Err(403);
        }
        let uri = refer.target.clone();
        self.enter_junction(now, asked, uri, Some(named))
    }

    /// A call by itself from the referring trunk, to a circuit or into the place of a session, with
    /// a junction in place of SIP.
    fn enter_junction(
        &mut self,
        now: Instant,
        asked: Asked<'_>,
        uri: String,
        replaces: Option<SessionId>,
    ) -> Result<(), u16> {
        let Asked { id, refer, .. } = asked;
        let config = self.config.clone();
        let leg = self.legs.get(&id).ok_or(481_u16)?;
        let index = leg.trunk;
        let trunk = config.sip_trunks.get(index).ok_or(500_u16)?;
        let variant = self.points.variant(leg.group);
        let inner = Arc::new(junction::trunk(trunk, variant, self.carried(leg)));
        let own = config.sip.listen.address();
        let own = Flow::udp(own, own);
        let mut invite = sip::Invite::new(own.hop(), uri, String::new());
        let local = self.prepare_target(id, refer, index, &inner, &mut invite)?;
        let (from, to) = (self.sip.new_session(), self.sip.new_session());
        let call_id = format!("junction-{}@{}", from.0, own.local);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.record.sip_call_id = Some(call_id.clone());
        }
        let entry = Entry {
            peer: peer(index),
            own,
            call_id,
            replaces,
        };
        let whom = match replaces {
            Some(_) => "transfer into another call of ours",
            None => "transfer to a circuit",
        };
        self.trace_call(now, id, whom.to_owned());
        self.junctions.invite(from, to, invite, entry);
        self.transfers(asked, from, index, Some(inner), local);
        Ok(())
    }

    /// What an INVITE for the party says besides where it goes, with our offer.
    fn prepare_target(
        &mut self,
        id: CallId,
        refer: &Refer,
        index: usize,
        trunk: &SipTrunk,
        invite: &mut sip::Invite,
    ) -> Result<(sdp::Capabilities, bytes::Bytes), u16> {
        let mut local = self.capabilities_of(id, trunk).ok_or(500_u16)?;
        let leg = self.legs.get(&id).ok_or(481_u16)?;
        if let Some((before, _)) = &leg.local {
            local.version = before.version + 1;
        }
        let offer = sdp::offer(&local);
        self.say_who_is_transferred(leg, index, trunk, invite);
        invite.accept_isup = false;
        invite.bodies.sdp = Some(offer.clone());
        let referred_by = refer.referred_by.clone();
        let field = referred_by.map(|by| ("Referred-By".to_owned(), by));
        invite.headers.extend(field);
        Ok((local, offer))
    }

    fn transfers(
        &mut self,
        asked: Asked<'_>,
        session: SessionId,
        trunk: usize,
        inner: Option<Arc<SipTrunk>>,
        local: (sdp::Capabilities, bytes::Bytes),
    ) {
        self.by_session.insert(session, asked.id);
        if let Some(leg) = self.legs.get_mut(&asked.id) {
            leg.transfer = Some(Transfer {
                referrer: asked.referrer,
                session,
                trunk,
                inner,
                local,
                described: None,
                ringing: false,
                parted: false,
                early_media: EarlyMedia::Unknown,
            });
        }
    }

    /// The party on the circuit: who called, or who was called. The target learns no more of it
    /// than of a caller.
    fn say_who_is_transferred(
        &self,
        leg: &Leg,
        index: usize,
        trunk: &SipTrunk,
        invite: &mut sip::Invite,
    ) {
        let own = self.config.sip.listen.address().to_string();
        let group = self.config.trunk_groups.get(leg.group);
        match (&leg.route.origin, group) {
            (Origin::Isup { iam, .. }, Some(group)) => {
                let profile = self.profiles.of(Some(index), Some(leg.group));
                caller::put_into_invite(iam, group, trunk, profile, &own, invite);
            }
            _ => {
                let party = &leg.record.called_received;
                invite.from = format!("<sip:{party}@{own};user=phone>");
            }
        }
    }

    /// A request of a call to its end of a junction; false when it is out of place.
    pub(in crate::iwu) fn ask_junction(
        &mut self,
        now: Instant,
        call: CallId,
        session: SessionId,
        request: Request,
    ) -> bool {
        let text = match &request {
            Request::Policy(_) | Request::ReferProgress { .. } => None,
            Request::Progress { status, .. } | Request::Reject { status, .. } => {
                Some(format!("to the junction: {status}"))
            }
            request => Some(format!("to the junction: {}", request.name())),
        };
        if let Some(text) = text {
            self.trace_call(now, call, text);
        }
        let Err(error) = self.junctions.request(session, request) else {
            return true;
        };
        tracing::warn!(%call, %error, "junction");
        self.trace_call(now, call, error.to_string());
        false
    }
}

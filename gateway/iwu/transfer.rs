//! Call transfer: the party on a circuit gets another SIP peer (RFC 3515, RFC 3891, RFC 5589).
//!
//! The circuit, the bridge and the state of the call stay; the SIP session behind them changes.
//! The peer that refers may hang up before the new one answers: the party hears ringback then.

use std::time::Instant;

use bytes::Bytes;

use super::Iwu;
use super::attempt::policy;
use super::leg::{Leg, Origin};
use crate::call::{Bridge, CallId, Event, Tone};
use crate::config::SipTrunk;
use crate::dialplan::{Query, Route as Routed, Trunk};
use crate::interwork::{caller, cause, number};
use crate::sip::{self, Headers, Incoming, Indication, Refer, Request, SessionId, sdp};

/// A transfer under way.
#[derive(Debug)]
pub(super) struct Transfer {
    /// The new session.
    session: SessionId,
    /// Index of its trunk.
    trunk: usize,
    /// What we said of our media there.
    local: (sdp::Capabilities, Bytes),
    /// The peer's description, when one came before the answer.
    described: Option<Bytes>,
    ringing: bool,
    /// The peer that referred has hung up.
    parted: bool,
}

impl Iwu {
    /// What a transfer has to do with an indication; gives back what it has nothing to do with.
    pub(super) fn of_transfer(
        &mut self,
        now: Instant,
        id: CallId,
        session: SessionId,
        indication: Indication,
    ) -> Option<Indication> {
        if let Indication::Refer(refer) = indication {
            self.refer(now, id, session, &refer);
            return None;
        }
        let leg = self.legs.get_mut(&id)?;
        let (Some(transfer), is_old) = (&mut leg.transfer, leg.session == Some(session)) else {
            return Some(indication);
        };
        if transfer.session == session {
            match indication {
                Indication::Progress { status, bodies, .. } => {
                    transfer.described = bodies.sdp.or(transfer.described.take());
                    transfer.ringing |= status == 180;
                    self.tell_referrer(now, id, status);
                    self.ring(now, id);
                }
                Indication::Accepted { bodies, .. } => self.transferred(now, id, bodies.sdp),
                Indication::Rejected { status, .. } => self.not_transferred(now, id, status),
                Indication::Failed { .. } => self.not_transferred(now, id, 408),
                _ => {}
            }
            return None;
        }
        match indication {
            Indication::Bye { .. } if is_old => {
                transfer.parted = true;
                leg.session = None;
                let held = Bridge::Path {
                    to_rtp: false,
                    to_timeslot: false,
                };
                self.bridge(now, id, held);
                self.ring(now, id);
                None
            }
            other => Some(other),
        }
    }

    /// REFER: calls the target, when the dial plan leads there from the referring trunk.
    fn refer(&mut self, now: Instant, id: CallId, session: SessionId, refer: &Refer) {
        let status = match self.call_target(now, id, refer) {
            Ok(()) => return,
            Err(status) => status,
        };
        let progress = Request::ReferProgress {
            status,
            reason: None,
        };
        self.ask_sip(now, id, session, progress);
    }

    fn call_target(&mut self, now: Instant, id: CallId, refer: &Refer) -> Result<(), u16> {
        let config = self.config.clone();
        let leg = self.legs.get(&id).ok_or(481_u16)?;
        if leg.transfer.is_some() {
            return Err(491);
        }
        // Two circuits are not joined without SIP between them.
        if refer.replaces_session.is_some() {
            return Err(501);
        }
        let called = number::from_uri(&refer.target).ok_or(404_u16)?;
        let decision = self.plan.route(Query {
            called: &called,
            from: Trunk::Sip(leg.trunk),
        });
        let index = match &decision.route {
            Routed::To(targets) => targets.iter().find_map(|target| match target {
                Trunk::Sip(index) => Some(*index),
                Trunk::Group(_) => None,
            }),
            _ => return Err(404),
        };
        let index = index.ok_or(501_u16)?;
        let trunk = config.sip_trunks.get(index).ok_or(404_u16)?;
        let bridge = leg.bridge.ok_or(500_u16)?;
        let hops = self.may_invite(now, index, trunk).map_err(|_| 503_u16)?;
        let mut local = self.capabilities(bridge, trunk).ok_or(500_u16)?;
        if let Some((before, _)) = self.legs.get(&id).and_then(|leg| leg.local.as_ref()) {
            local.version = before.version + 1;
        }
        let offer = sdp::offer(&local);
        let mut hops = hops.into_iter();
        let host = trunk
            .host
            .clone()
            .unwrap_or_else(|| trunk.address.to_string());
        let uri = number::to_uri(&decision.number, &host);
        let to = hops.next().ok_or(503_u16)?;
        let leg = self.legs.get(&id).ok_or(481_u16)?;
        let mut invite = sip::Invite::new(to, uri, String::new());
        self.say_who_is_transferred(leg, index, trunk, &mut invite);
        invite.further = hops.collect();
        invite.peer = Some(super::attempt::peer(index));
        invite.reliable = policy(trunk, None).reliable;
        invite.accept_isup = false;
        invite.bodies.sdp = Some(offer.clone());
        let referred_by = refer.referred_by.clone();
        invite
            .headers
            .extend(referred_by.map(|by| ("Referred-By".to_owned(), by)));
        invite
            .headers
            .extend(refer.replaces.as_ref().map(sip::Replaces::to_header));
        let session = self.sip.new_session();
        self.inviting = Some(id);
        if !self.ask_sip(now, id, session, Request::Invite(Box::new(invite))) {
            self.inviting = None;
            return Err(500);
        }
        self.ask_sip(now, id, session, Request::Policy(policy(trunk, local.srtp)));
        self.by_session.insert(session, id);
        self.trace_call(now, id, format!("transfer to {}", trunk.name));
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.transfer = Some(Transfer {
                session,
                trunk: index,
                local: (local, offer),
                described: None,
                ringing: false,
                parted: false,
            });
        }
        Ok(())
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

    fn tell_referrer(&mut self, now: Instant, id: CallId, status: u16) {
        if let Some(session) = self.legs.get(&id).and_then(|leg| leg.session) {
            let progress = Request::ReferProgress {
                status,
                reason: None,
            };
            self.ask_sip(now, id, session, progress);
        }
    }

    /// Ringback for a party that nobody talks to any more.
    fn ring(&mut self, now: Instant, id: CallId) {
        let transfer = self.legs.get(&id).and_then(|leg| leg.transfer.as_ref());
        if transfer.is_some_and(|transfer| transfer.parted && transfer.ringing) {
            self.bridge(now, id, Bridge::Tone(Some(Tone::Ringback)));
        }
    }

    /// The new peer has answered: it takes the place of the old one.
    fn transferred(&mut self, now: Instant, id: CallId, answer: Option<Bytes>) {
        self.tell_referrer(now, id, 200);
        let config = self.config.clone();
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Some(transfer) = leg.transfer.take() else {
            return;
        };
        let before = leg.session.replace(transfer.session);
        leg.trunk = transfer.trunk;
        leg.local = Some(transfer.local);
        leg.plan = None;
        leg.without_isup = false;
        let name = config
            .sip_trunks
            .get(transfer.trunk)
            .map(|trunk| &trunk.name);
        self.trace_call(
            now,
            id,
            format!("talks to {}", name.map_or("", |name| name)),
        );
        if let Some(before) = before {
            self.hang_up(now, id, before);
        }
        if transfer.parted && transfer.ringing {
            self.bridge(now, id, Bridge::Tone(None));
        }
        if let Some(description) = answer.or(transfer.described) {
            self.bridge(now, id, Bridge::Remote(description));
        }
        let through = Bridge::Path {
            to_rtp: true,
            to_timeslot: true,
        };
        self.bridge(now, id, through);
        self.media_are_new(now, id);
    }

    /// The old peer may have held the party; the new one does as its description says.
    fn media_are_new(&mut self, now: Instant, id: CallId) {
        let Some(leg) = self.legs.get(&id) else {
            return;
        };
        let (Some(plan), Some((_, octets))) = (leg.plan, &leg.local) else {
            return;
        };
        let answered = sdp::Answer {
            octets: octets.clone(),
            plan,
        };
        let offered = Indication::Renegotiate {
            method: sip::RenegotiationMethod::Invite,
            fork: 0,
            bodies: sip::Bodies::default(),
            headers: Headers::new(),
            answered: Some(answered),
            answer_due: false,
        };
        self.step(now, id, Event::Sip(offered));
    }

    fn hang_up(&mut self, now: Instant, id: CallId, session: SessionId) {
        self.by_session.remove(&session);
        let bye = Request::Bye {
            headers: Headers::new(),
            bodies: sip::Bodies::default(),
        };
        self.ask_sip(now, id, session, bye);
    }

    /// The target is not to be had: the call goes on as it was, or ends when the old peer has left.
    fn not_transferred(&mut self, now: Instant, id: CallId, status: u16) {
        self.tell_referrer(now, id, status);
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Some(transfer) = leg.transfer.take() else {
            return;
        };
        if !transfer.parted {
            return;
        }
        let (cause, _) = cause::cause_of(&leg.profile, status, None);
        let bye = Indication::Bye {
            cause: Some(sip::Q850::new(cause.value)),
            bodies: sip::Bodies::default(),
            headers: Headers::new(),
        };
        if transfer.ringing {
            self.bridge(now, id, Bridge::Tone(None));
        }
        self.step(now, id, Event::Sip(bye));
    }

    /// The party has cleared: the target is not called any more.
    pub(super) fn drop_transfer(&mut self, now: Instant, id: CallId) {
        let transfer = self.legs.get_mut(&id).and_then(|leg| leg.transfer.take());
        if let Some(transfer) = transfer {
            self.by_session.remove(&transfer.session);
            let headers = Headers::new();
            self.ask_sip(now, id, transfer.session, Request::Cancel { headers });
        }
    }

    /// An INVITE that takes the place of a session of ours (RFC 3891 §3). `false` when there is no
    /// conversation behind it: it is refused like any other call that cannot be.
    pub(super) fn replaces(
        &mut self,
        now: Instant,
        session: SessionId,
        incoming: &Incoming,
    ) -> bool {
        let config = self.config.clone();
        let index = incoming.peer.map(|peer| usize::from(peer.0));
        let trunk: Option<(usize, &SipTrunk)> =
            index.and_then(|index| Some((index, config.sip_trunks.get(index)?)));
        let (Some((index, trunk)), Some(old)) = (trunk, incoming.replaces) else {
            return false;
        };
        let Some(id) = self
            .by_session
            .get(&old)
            .copied()
            .filter(|_| trunk.transfer)
        else {
            return false;
        };
        let talks = self.legs.get(&id).is_some_and(|leg| {
            leg.session == Some(old) && leg.call.as_ref().is_some_and(crate::call::Call::talks)
        });
        let bridge = self.legs.get(&id).and_then(|leg| leg.bridge);
        let local = bridge.and_then(|bridge| self.capabilities(bridge, trunk));
        let (true, Some(local)) = (talks, local) else {
            return false;
        };
        let Ok((octets, plan)) = self.agree(incoming, &local) else {
            return false;
        };
        let srtp = local.srtp;
        self.by_call_id.insert(incoming.call_id.clone(), id);
        self.by_session.insert(session, id);
        self.drop_transfer(now, id);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.session = Some(session);
            leg.trunk = index;
            leg.local = Some((local, octets.clone()));
            leg.plan = None;
            leg.without_isup = true;
        }
        self.trace_call(now, id, format!("replaced by a call from {}", trunk.name));
        self.ask_sip(now, id, session, Request::Policy(policy(trunk, srtp)));
        let accept = Request::Accept {
            bodies: sip::Bodies {
                sdp: Some(octets),
                ..sip::Bodies::default()
            },
            headers: Headers::new(),
        };
        self.ask_sip(now, id, session, accept);
        self.hang_up(now, id, old);
        if let Some(plan) = plan {
            self.agree_on(now, id, plan);
            self.media_are_new(now, id);
        }
        true
    }
}

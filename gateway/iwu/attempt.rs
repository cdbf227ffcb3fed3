//! Ways out: the circuits and SIP trunks of the dial plan's list, one after the other.

use std::sync::Arc;
use std::time::Instant;

use isup::CircuitId;
use isup::circuit::Request;
use isup::node::{CallClass, NoCircuit};
use media_bridge::BridgeId;

use super::leg::{Origin, trunk_of};
use super::{Iwu, bridge, junction};
use crate::call::{CallId, Event};
use crate::config::{SipTrunk, TrunkGroup};
use crate::dialplan::Trunk;
use crate::interwork::profile::Fault;
use crate::interwork::{bearer, iam, invite, number};
use crate::sip::sdp::crypto::Srtp;
use crate::sip::{self, Hop, PeerId, Policy, Reliable, Renegotiation, Transport, sdp};
use crate::{config, trunk_group};

/// How many circuits one call may try; Q.764 §2.8.1 asks for at least one repeat.
const MOST_ATTEMPTS: u8 = 4;

/// How many Contacts one call may be sent on to; more are a loop (RFC 3261 §8.1.3.4).
const MOST_REDIRECTIONS: u8 = 5;

/// Why a way out is none.
enum Obstacle {
    Fault(Fault),
    Media(sdp::Refusal),
}

/// Why a SIP trunk gets no INVITE now.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum NoInvite {
    #[error("it does not answer, or its address is not known")]
    Unavailable,
    #[error("{0}")]
    Limit(super::limits::Limit),
}

impl Iwu {
    /// Takes the next way out of the dial plan's list, and says so when there is none.
    pub(super) fn attempt(&mut self, now: Instant, id: CallId) {
        let taken = match self.legs.get(&id).map(|leg| &leg.route.origin) {
            Some(Origin::Sip { .. }) => self.seize_next(now, id),
            Some(Origin::Isup { .. }) => self.invite_next(now, id),
            None => return,
        };
        match taken {
            Ok(()) => {}
            Err(Obstacle::Fault(fault)) => {
                let lacking = matches!(fault, Fault::NoCircuit | Fault::Congested);
                if !lacking || !self.tell_no_circuit(now, id, fault) {
                    self.step(now, id, Event::Exhausted(fault));
                }
            }
            Err(Obstacle::Media(refusal)) => {
                self.trace_call(now, id, refusal.to_string());
                let accepted = false;
                self.step(now, id, Event::Unacceptable { refusal, accepted });
            }
        }
    }

    /// The way taken last led nowhere.
    pub(super) fn reattempt(&mut self, now: Instant, id: CallId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        leg.route.attempts += 1;
        match leg.route.origin {
            // Another circuit of the same group comes first: the last one is not idle any more.
            Origin::Sip { .. } => {
                leg.plan = None;
                if let Some(bridge) = leg.bridge.take() {
                    self.close_bridge(bridge);
                }
            }
            // Contacts of a redirection come before the next trunk.
            Origin::Isup { .. } => {
                leg.without_isup = false;
                leg.route.leave_trunk();
            }
        }
        self.attempt(now, id);
    }

    /// The trunk knows a better place: its Contacts come first (RFC 3398 §8.2.5).
    pub(super) fn redirect(&mut self, now: Instant, id: CallId, contacts: Vec<String>) {
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.without_isup = false;
            leg.route.leave_trunk();
            for contact in contacts.into_iter().rev() {
                leg.route.contacts.push_front(contact);
            }
            leg.route.contacts.truncate(MOST_REDIRECTIONS.into());
        }
        self.attempt(now, id);
    }

    /// SIP to PSTN: an idle circuit of the first trunk group that has one.
    fn seize_next(&mut self, now: Instant, id: CallId) -> Result<(), Obstacle> {
        let mut none = Fault::NoCircuit;
        while let Some(leg) = self.legs.get(&id) {
            let target = leg.route.targets.get(leg.route.next).copied();
            let Some(target) = target.filter(|_| leg.route.attempts < MOST_ATTEMPTS) else {
                return Err(Obstacle::Fault(none));
            };
            let class = match &leg.route.origin {
                Origin::Sip {
                    template: Some(iam),
                    ..
                } => CallClass::of(iam),
                _ => CallClass::Ordinary,
            };
            let Trunk::Group(group) = target else {
                self.skip(now, id, target, "it is no trunk group");
                continue;
            };
            match self.select(group, class) {
                Ok(circuit) => return self.seize(now, id, group, circuit),
                Err(why) => {
                    if why == NoCircuit::Congested {
                        none = Fault::Congested;
                    }
                    self.skip(now, id, target, &why.to_string());
                }
            }
        }
        Ok(())
    }

    /// Reserves bridge and media first (RFC 3398 §7.2.1), then sends the IAM.
    fn seize(
        &mut self,
        now: Instant,
        id: CallId,
        group_index: usize,
        circuit: CircuitId,
    ) -> Result<(), Obstacle> {
        let config = self.config.clone();
        let bridge = self
            .open_bridge(now, id, circuit)
            .ok_or(Obstacle::Fault(Fault::NoPort))?;
        let Some(leg) = self.legs.get_mut(&id) else {
            return Ok(());
        };
        leg.bridge = Some(bridge);
        leg.group = group_index;
        let profile = self.profiles.of(Some(leg.trunk), Some(group_index));
        leg.profile = profile.clone();
        if let (Some(inner), Some(trunk)) = (&leg.inner, config.sip_trunks.get(leg.trunk)) {
            let variant = self.points.variant(group_index);
            let codecs = inner.codecs.clone();
            leg.inner = Some(Arc::new(junction::trunk(trunk, variant, codecs)));
        }
        let inner = leg.inner.clone();
        let trunk = trunk_of(inner.as_deref(), leg.trunk, &config);
        let (Some(group), Some(trunk)) = (config.trunk_groups.get(group_index), trunk) else {
            return Err(Obstacle::Fault(Fault::NoCircuit));
        };
        let local = self
            .capabilities(bridge, trunk)
            .ok_or(Obstacle::Fault(Fault::NoPort))?;
        let check = self.takes_check(id, group_index, group);
        let ((iam, changes), digits, octets, plan) = self.prepare(id, group, &local, check)?;
        self.note_changes(now, id, &changes);
        let cic = self.points.circuits.get(&circuit).map(|place| place.cic.0);
        let Some(leg) = self.legs.get_mut(&id) else {
            return Ok(());
        };
        leg.circuit = Some(circuit);
        let srtp = local.srtp;
        leg.local = Some((local, octets));
        leg.record.to_trunk = Some(group.name.clone());
        leg.record.called_sent = Some(digits);
        leg.record.cic = cic;
        let session = leg.session;
        self.by_circuit.insert(circuit, id);
        if let Some(session) = session {
            let policy = policy(trunk, srtp);
            self.ask_sip(now, id, session, sip::Request::Policy(policy));
        }
        if let Some(plan) = plan {
            self.agree_on(now, id, plan);
        }
        if self.ask_isup(now, id, circuit, Request::Setup(iam)) {
            return Ok(());
        }
        self.by_circuit.remove(&circuit);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.circuit = None;
        }
        Err(Obstacle::Fault(Fault::IamRefused))
    }

    /// The IAM, the digits in it, our SDP and what it agrees to.
    fn prepare(
        &self,
        id: CallId,
        group: &TrunkGroup,
        local: &sdp::Capabilities,
        check: bool,
    ) -> Result<(iam::Made, String, bytes::Bytes, Option<sdp::MediaPlan>), Obstacle> {
        let config = &self.config;
        let leg = self
            .legs
            .get(&id)
            .ok_or(Obstacle::Fault(Fault::IamRefused))?;
        let Origin::Sip {
            incoming,
            template,
            caller,
        } = &leg.route.origin
        else {
            return Err(Obstacle::Fault(Fault::IamRefused));
        };
        let (octets, plan) = self.agree(incoming, local).map_err(Obstacle::Media)?;
        let (digits, nature) = match leg.route.nature {
            Some(nature) => (leg.route.number.digits.clone(), nature),
            None => number::to_parameter(&leg.route.number, group, &leg.profile),
        };
        let setup = iam::Setup {
            template: template.as_ref(),
            called: &digits,
            nature,
            caller: caller.as_ref(),
            incoming: leg.trunk(config).map(|trunk| (&**incoming, trunk)),
            codec: plan.map_or(sdp::Codec::Pcma, |plan| plan.codec),
            group,
            check,
            variant: self.points.variant(leg.group),
            profile: &leg.profile,
        };
        let made = iam::iam(&setup).map_err(|_| Obstacle::Fault(Fault::NoNumber))?;
        Ok((made, digits, octets, plan))
    }

    /// PSTN to SIP: the next SIP trunk.
    fn invite_next(&mut self, now: Instant, id: CallId) -> Result<(), Obstacle> {
        let config = self.config.clone();
        let (mut limited, mut unavailable) = (false, false);
        while let Some(leg) = self.legs.get_mut(&id) {
            let contact = leg.route.contacts.pop_front();
            if let Some(contact) = contact {
                let Some(hops) = self.sip.hops_of_uri(now, &contact) else {
                    self.wait_for_name(now, id, contact);
                    return Ok(());
                };
                let Some(leg) = self.legs.get_mut(&id) else {
                    return Ok(());
                };
                leg.route.redirections += 1;
                let may = leg.route.redirections <= MOST_REDIRECTIONS;
                if may && self.follow(now, id, &contact, hops) {
                    return Ok(());
                }
                let text = format!("{contact}: not followed");
                self.trace_call(now, id, text);
                continue;
            }
            let Some(target) = leg.route.targets.get(leg.route.next).copied() else {
                let attempts = leg.route.attempts;
                return Err(Obstacle::Fault(match attempts {
                    0 if self.lacks_codec(id) => Fault::NoMedia,
                    0 if limited => Fault::Congested,
                    0 if unavailable => Fault::Unavailable,
                    0 => Fault::NoRoute,
                    _ => Fault::NoResponse,
                }));
            };
            let mut why = "no INVITE can be sent, or not for this direction".to_owned();
            if let (Trunk::Sip(index), Some(bridge)) = (target, leg.bridge)
                && let Some(trunk) = config.sip_trunks.get(index)
            {
                match self.may_invite(now, index, trunk) {
                    Ok(hops) => {
                        if self.invite(now, id, bridge, index, trunk, hops, None) {
                            return Ok(());
                        }
                    }
                    Err(obstacle) => {
                        limited |= matches!(obstacle, NoInvite::Limit(_));
                        unavailable |= matches!(obstacle, NoInvite::Unavailable);
                        why = obstacle.to_string();
                    }
                }
            }
            self.skip(now, id, target, &why);
        }
        Ok(())
    }

    /// Whether no trunk of the route has a codec for what the IAM asks for.
    fn lacks_codec(&self, id: CallId) -> bool {
        let Some(leg) = self.legs.get(&id) else {
            return false;
        };
        let Origin::Isup { iam, .. } = &leg.route.origin else {
            return false;
        };
        let trunks = leg.route.targets.iter().filter_map(|target| match target {
            Trunk::Sip(index) => self.config.sip_trunks.get(*index),
            Trunk::Group(_) => None,
        });
        let mut codecs = trunks
            .map(|trunk| bearer::codecs(iam, &trunk.codecs))
            .peekable();
        codecs.peek().is_some() && codecs.all(|codecs| codecs.is_empty())
    }

    /// Where an INVITE to a trunk goes, or why none is sent.
    pub(super) fn may_invite(
        &mut self,
        now: Instant,
        index: usize,
        trunk: &SipTrunk,
    ) -> Result<Vec<Hop>, NoInvite> {
        let peer = peer(index);
        if !self.sip.is_available(peer) {
            return Err(NoInvite::Unavailable);
        }
        let limits = self.within_limits(now, index, trunk);
        limits.map_err(NoInvite::Limit)?;
        Ok(self.sip.hops(peer))
    }

    /// The name server is being asked where a Contact is; the call goes on when it has answered.
    fn wait_for_name(&mut self, now: Instant, id: CallId, contact: String) {
        self.trace_call(now, id, format!("{contact}: asking the name server"));
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.route.contacts.push_front(contact);
            leg.route.seeks = true;
            // The session of the redirection is over.
            leg.session = None;
        }
    }

    /// Goes on with the calls whose Contacts the name server has been asked about.
    pub(super) fn follow_found(&mut self, now: Instant) {
        let seeking = |leg: &super::leg::Leg| {
            let is_early = |call: &crate::call::Call| call.is_early();
            leg.route.seeks && leg.call.as_ref().is_some_and(is_early)
        };
        let of_calls = self.legs.iter().filter(|(_, leg)| seeking(leg));
        let ids: Vec<CallId> = of_calls.map(|(id, _)| *id).collect();
        for id in ids {
            let next = self
                .legs
                .get(&id)
                .and_then(|leg| leg.route.contacts.front());
            let next = next.cloned();
            // Some names need several questions.
            if next.is_some_and(|contact| self.sip.hops_of_uri(now, &contact).is_none()) {
                continue;
            }
            if let Some(leg) = self.legs.get_mut(&id) {
                leg.route.seeks = false;
            }
            self.attempt(now, id);
        }
    }

    /// Invites a Contact, with what is configured for the trunk that answers at its address, else
    /// for the trunk that redirected; false when it leads nowhere.
    fn follow(&mut self, now: Instant, id: CallId, contact: &str, hops: Vec<Hop>) -> bool {
        let config = self.config.clone();
        let Some(leg) = self.legs.get(&id) else {
            return false;
        };
        let (Some(bridge), Some(hop)) = (leg.bridge, hops.first().copied()) else {
            return false;
        };
        let there = (0..config.sip_trunks.len()).find(|index| {
            let hops = self.sip.hops(peer(*index));
            hops.iter().any(|known| known.address == hop.address)
        });
        let index = there.unwrap_or(leg.trunk);
        let Some(trunk) = config.sip_trunks.get(index) else {
            return false;
        };
        if there.is_some() && self.may_invite(now, index, trunk).is_err() {
            return false;
        }
        self.invite(now, id, bridge, index, trunk, hops, Some(contact))
    }

    /// Sends the INVITE to the hops in turn, for the Contact of a redirection where there is one;
    /// false when it cannot be made.
    #[expect(
        clippy::too_many_arguments,
        reason = "one caller each for a trunk and a Contact"
    )]
    fn invite(
        &mut self,
        now: Instant,
        id: CallId,
        bridge: BridgeId,
        index: usize,
        trunk: &SipTrunk,
        mut hops: Vec<Hop>,
        contact: Option<&str>,
    ) -> bool {
        let config = self.config.clone();
        let Some(mut local) = self.capabilities(bridge, trunk) else {
            return false;
        };
        // A Contact may be elsewhere than at the trunk's own, trusted end of TLS.
        let in_clear = hops.iter().any(|hop| hop.transport != Transport::Tls);
        if local.srtp.is_some() && in_clear && !trunk.srtp_keys_in_clear {
            if trunk.srtp == config::Srtp::Required {
                return false;
            }
            local = local.with_srtp(None);
        }
        let srtp = local.srtp;
        let session = self.sip.new_session();
        let Some(leg) = self.legs.get_mut(&id) else {
            return false;
        };
        let continues = leg.continues.take();
        let (Origin::Isup { iam, received }, Some(group)) =
            (&leg.route.origin, config.trunk_groups.get(leg.group))
        else {
            return false;
        };
        // Collected digits are one number, en bloc (RFC 3578 §2).
        let received = match group.overlap {
            config::Overlap::Pass if trunk.overlap => received.as_slice(),
            _ => &[],
        };
        let profile = self.profiles.of(Some(index), Some(leg.group)).clone();
        let offered = bearer::codecs(iam, &trunk.codecs);
        local
            .codecs
            .retain(|codec| offered.iter().any(|of| bridge::codec(*of) == *codec));
        if local.codecs.is_empty() {
            return false;
        }
        let offer = sdp::offer(&local);
        let mut invite = invite::invite(&invite::Setup {
            iam,
            received,
            called: &leg.route.number,
            group,
            trunk,
            profile: &profile,
            own_host: config.sip.listen.address().to_string(),
            offer: offer.clone(),
        });
        if hops.is_empty() {
            return false;
        }
        invite.peer = Some(peer(index));
        invite.to = hops.remove(0);
        invite.further = hops;
        if let Some(uri) = contact {
            // To stays: whom the caller meant (RFC 3261 §8.1.3.4).
            invite.to_header = Some(std::mem::replace(&mut invite.uri, uri.to_owned()));
        }
        invite.continues = continues;
        leg.trunk = index;
        leg.profile = profile;
        leg.session = Some(session);
        leg.local = Some((local, offer));
        leg.plan = None;
        leg.record.to_trunk = Some(trunk.name.clone());
        leg.record.called_sent = Some(leg.route.number.to_string());
        leg.record
            .calling_sent
            .clone_from(&leg.record.calling_received);
        self.by_session.insert(session, id);
        self.inviting = Some(id);
        leg.route.follows = contact.is_some();
        let sent = self.ask_sip(now, id, session, sip::Request::Invite(Box::new(invite)))
            && self.ask_sip(now, id, session, sip::Request::Policy(policy(trunk, srtp)));
        if !sent {
            self.inviting = None;
            self.by_session.remove(&session);
        }
        sent
    }

    /// An idle circuit of a trunk group, by its hunt.
    fn select(&mut self, group: usize, class: CallClass) -> Result<CircuitId, NoCircuit> {
        let Some((candidates, config)) = self
            .points
            .groups
            .get(group)
            .zip(self.config.trunk_groups.get(group))
        else {
            return Err(NoCircuit::Busy);
        };
        let first = candidates
            .first()
            .and_then(|id| self.points.circuits.get(id));
        match first.and_then(|place| self.points.points.get_mut(place.point)) {
            Some(point) => {
                let selection = trunk_group::selection(config);
                point.isup.select(candidates, selection, class)
            }
            None => Err(NoCircuit::Busy),
        }
    }

    fn skip(&mut self, now: Instant, id: CallId, target: Trunk, why: &str) {
        let text = format!("{}: {why}", self.plan.name(target));
        self.trace_call(now, id, text);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.route.next += 1;
        }
    }
}

/// The endpoint's peer of a trunk.
pub(super) fn peer(index: usize) -> PeerId {
    PeerId(u16::try_from(index).unwrap_or(u16::MAX))
}

/// What a session of this trunk does by itself, with the keys of its media.
pub(super) fn policy(trunk: &SipTrunk, srtp: Option<Srtp>) -> Policy {
    Policy {
        reliable: match trunk.reliable {
            config::Reliable::Required => Reliable::Required,
            config::Reliable::Supported => Reliable::Supported,
            config::Reliable::Off => Reliable::Off,
        },
        renegotiation: Renegotiation::Automatic,
        transfer: trunk.transfer,
        session_expires: trunk.session_expires,
        srtp,
    }
}

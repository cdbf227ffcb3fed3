//! Call transfer: the party on a circuit gets another peer (RFC 3515, RFC 5589): a SIP peer, or a
//! party on another circuit.
//!
//! The circuit, the bridge and the state of the call stay; the session behind them changes. The peer
//! that refers may hang up before the new one answers: the party hears what comes of the new one
//! then, or ringback.

mod target;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use self::target::Asked;
use super::Iwu;
use super::leg::{Origin, trunk_of};
use crate::call::{Bridge, CallId, Event, Tone};
use crate::config::SipTrunk;
use crate::interwork::release;
use crate::sip::{self, Headers, Indication, Q850, Refer, Request, SessionId, sdp};

/// A transfer under way.
#[derive(Debug)]
pub(super) struct Transfer {
    /// Who referred, and hears how it goes, whether its call lasts or not.
    referrer: SessionId,
    /// The new session.
    session: SessionId,
    /// Index of its trunk.
    trunk: usize,
    /// What that says of the new session, when it is the end of a junction.
    inner: Option<Arc<SipTrunk>>,
    /// What we said of our media there.
    local: (sdp::Capabilities, Bytes),
    /// The peer's description, when one came before the answer.
    described: Option<Bytes>,
    ringing: bool,
    /// The peer that referred has hung up.
    parted: bool,
    early_media: EarlyMedia,
}

/// What the party hears of the new peer before the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EarlyMedia {
    /// Nothing: the bridge does not know it.
    Unknown,
    /// What it sends, but nothing came yet.
    Awaited,
    /// What it sends.
    Heard,
}

impl Transfer {
    /// Whether the party hears ringback.
    fn rings(&self) -> bool {
        self.parted && self.ringing && self.early_media != EarlyMedia::Heard
    }
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
                Indication::Rejected {
                    status,
                    cause,
                    headers,
                    bodies,
                    ..
                } => {
                    self.not_transferred(now, id, status, (headers, bodies), cause.as_ref());
                }
                Indication::Failed { .. } => {
                    let nothing = (Headers::new(), sip::Bodies::default());
                    self.not_transferred(now, id, 408, nothing, None);
                }
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
        let asked = Asked {
            id,
            referrer: session,
            refer,
        };
        if let Err(status) = self.call_target(now, asked) {
            self.tell_of_transfer(now, session, status);
        }
    }

    fn tell_referrer(&mut self, now: Instant, id: CallId, status: u16) {
        let transfer = self.legs.get(&id).and_then(|leg| leg.transfer.as_ref());
        if let Some(referrer) = transfer.map(|transfer| transfer.referrer) {
            self.tell_of_transfer(now, referrer, status);
        }
    }

    /// NOTIFY. A session that is gone altogether has nobody who listens.
    fn tell_of_transfer(&mut self, now: Instant, referrer: SessionId, status: u16) {
        let progress = Request::ReferProgress {
            status,
            reason: None,
        };
        let _ = self.sip.request(now, referrer, progress);
    }

    /// What a party hears that nobody talks to any more: what the new peer sends, where it has said
    /// that it will, and ringback until that comes.
    fn ring(&mut self, now: Instant, id: CallId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Some(transfer) = leg.transfer.as_mut().filter(|transfer| transfer.parted) else {
            return;
        };
        let unknown = transfer.early_media == EarlyMedia::Unknown;
        let described = transfer.described.clone().filter(|_| unknown);
        let rings = transfer.rings();
        if let Some(description) = described {
            transfer.early_media = EarlyMedia::Awaited;
            leg.inner.clone_from(&transfer.inner);
            leg.trunk = transfer.trunk;
            leg.local = Some(transfer.local.clone());
            leg.plan = None;
            self.bridge(now, id, Bridge::Remote(description));
            let heard = Bridge::Path {
                to_rtp: false,
                to_timeslot: true,
            };
            self.bridge(now, id, heard);
        }
        if rings {
            self.bridge(now, id, Bridge::Tone(Some(Tone::Ringback)));
        }
    }

    /// The first packet of the new peer: no ringback is heard beside it.
    pub(super) fn media_of_target(&mut self, now: Instant, id: CallId) {
        let transfer = self.legs.get_mut(&id).and_then(|leg| leg.transfer.as_mut());
        let awaits = |transfer: &&mut Transfer| transfer.early_media == EarlyMedia::Awaited;
        if let Some(transfer) = transfer.filter(awaits) {
            let rang = transfer.rings();
            transfer.early_media = EarlyMedia::Heard;
            if rang {
                self.bridge(now, id, Bridge::Tone(None));
            }
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
        let unknown = transfer.early_media == EarlyMedia::Unknown;
        let rang = transfer.rings();
        leg.inner = transfer.inner;
        leg.without_isup = false;
        if unknown {
            leg.local = Some(transfer.local);
            leg.plan = None;
        }
        let joined = self.join(id, transfer.session);
        let with = match joined {
            Some(call) => call.to_string(),
            None => {
                let trunk = config.sip_trunks.get(transfer.trunk);
                trunk.map(|trunk| trunk.name.clone()).unwrap_or_default()
            }
        };
        self.trace_call(now, id, format!("talks to {with}"));
        if let Some(before) = before {
            self.hang_up(now, id, before);
        }
        if rang {
            self.bridge(now, id, Bridge::Tone(None));
        }
        let description = answer.or(transfer.described);
        if let Some(description) = description.filter(|_| unknown) {
            self.bridge(now, id, Bridge::Remote(description));
        }
        let through = Bridge::Path {
            to_rtp: true,
            to_timeslot: true,
        };
        self.bridge(now, id, through);
        self.media_are_new(now, id);
    }

    /// Two circuits are joined, where the new session is the end of a junction: tells both calls,
    /// and gives the other one.
    fn join(&mut self, id: CallId, session: SessionId) -> Option<CallId> {
        let other = self.junctions.other(session)?;
        let other = self.by_session.get(&other).copied()?;
        let called = |id: &CallId| {
            let origin = self.legs.get(id).map(|leg| &leg.route.origin);
            matches!(origin, Some(Origin::Sip { .. }))
        };
        let parallel = called(&id) == called(&other);
        for call in [id, other] {
            if let Some(leg) = self.legs.get_mut(&call) {
                leg.parallel = parallel;
            }
        }
        if let Some(call) = self.legs.get_mut(&id).and_then(|leg| leg.call.as_mut()) {
            call.meets_isup();
        }
        Some(other)
    }

    /// The old peer may have held the party; the new one does as its description says.
    pub(super) fn media_are_new(&mut self, now: Instant, id: CallId) {
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

    pub(super) fn hang_up(&mut self, now: Instant, id: CallId, session: SessionId) {
        self.by_session.remove(&session);
        let bye = Request::Bye {
            headers: Headers::new(),
            bodies: sip::Bodies::default(),
        };
        self.ask_sip(now, id, session, bye);
    }

    /// The target is not to be had: the call goes on as it was, or ends when the old peer has left,
    /// as one to the target would have ended.
    fn not_transferred(
        &mut self,
        now: Instant,
        id: CallId,
        status: u16,
        (headers, bodies): (Headers, sip::Bodies),
        reason: Option<&Q850>,
    ) {
        self.tell_referrer(now, id, status);
        let config = self.config.clone();
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Some(transfer) = leg.transfer.take() else {
            return;
        };
        if !transfer.parted {
            return;
        }
        let trunk = trunk_of(transfer.inner.as_deref(), transfer.trunk, &config);
        let profile = leg.profile.clone();
        let rel = trunk.map(|trunk| {
            release::rel_of_response(&profile, trunk, status, reason, &headers, &bodies).0
        });
        let cause = rel.map(|rel| {
            let cause = release::cause_of_rel(&rel);
            Q850::new(cause.value).at(cause.location.code())
        });
        let bye = Indication::Bye {
            cause,
            bodies,
            headers,
        };
        if transfer.rings() {
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
            self.tell_of_transfer(now, transfer.referrer, 487);
        }
    }
}

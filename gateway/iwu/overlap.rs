//! Digits one after the other, both ways (RFC 3578).

use std::time::Instant;

use isup::circuit::Request;
use isup::{CalledPartyNumber, Digits as Signals, Message, MessageType, ST, SubsequentNumber};

use super::Iwu;
use super::from_sip::template;
use super::leg::{Leg, Origin};
use crate::call::{CallId, Event};
use crate::config::{Overlap, SipTrunk};
use crate::dialplan::{Digits, Number, Query, Route as Routed, Trunk};
use crate::interwork::{encapsulation, number, portability};
use crate::sip::{self, Headers, Incoming, SessionId};

/// More sessions than an address has digits are no overlap signalling.
const MOST_INVITES: usize = 32;

/// Adds the digits of a SAM to those of an IAM (Q.764 §2.1.2); false where the SAM brings none, or
/// more than an address can hold: those are no address, and left out.
pub(super) fn append(iam: &mut Message, sam: &Message) -> bool {
    let more = sam.find::<SubsequentNumber>();
    let (Some(more), Some(mut called)) = (more, iam.find::<CalledPartyNumber>()) else {
        return false;
    };
    if more.digits.is_empty() || called.digits.append(&more.digits).is_err() {
        return false;
    }
    iam.set(called);
    true
}

impl Iwu {
    /// What the dial plan says of an IAM's digits so far, and the way they lead.
    pub(super) fn digits_of(
        &self,
        group: usize,
        iam: &Message,
        called: Option<&Number>,
    ) -> (Digits, Option<crate::dialplan::Decision>) {
        let Some(called) = called else {
            return (Digits::TooFew, None);
        };
        let from = Trunk::Group(group);
        let query = Query { called, from };
        let decision = self.plan.route(query);
        let ended = iam
            .find::<CalledPartyNumber>()
            .is_some_and(|number| number.digits.ends_with_st());
        let digits = match ended {
            true => Digits::All,
            false => self.plan.digits(query, &decision),
        };
        (digits, Some(decision))
    }

    /// A SAM: its digits join those of the IAM.
    pub(super) fn collect(&mut self, now: Instant, id: CallId, sam: &Message) {
        let config = self.config.clone();
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Origin::Isup { iam, received } = &mut leg.route.origin else {
            return;
        };
        let before = iam.clone();
        if append(iam, sam) {
            if received.is_empty() {
                received.push(before);
            }
            received.push(sam.clone());
        }
        let Some(group) = config.trunk_groups.get(leg.group) else {
            return;
        };
        let iam = iam.clone();
        let called = portability::dialled(&iam, group, &leg.profile);
        let group = leg.group;
        let (mut digits, decision) = self.digits_of(group, &iam, called.as_ref());
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if let Some(called) = &called {
            leg.record.called_received = called.to_string();
        }
        if let Some(decision) = decision {
            leg.record.rule = decision.rule.as_ref().map(ToString::to_string);
            match &decision.route {
                Routed::To(targets) => {
                    leg.route.targets = targets.clone();
                    leg.route.nature = decision.nature.map(number::nature);
                    leg.route.number = decision.number;
                }
                Routed::Incomplete if digits != Digits::All => {}
                Routed::None if digits == Digits::TooFew => {}
                Routed::Reject(_) | Routed::None | Routed::Incomplete => {
                    leg.route.targets = std::sync::Arc::from([]);
                    digits = Digits::All;
                }
            }
        }
        self.tell_digits(now, id, digits);
    }

    /// Tells a call what the dial plan says of its digits.
    pub(super) fn tell_digits(&mut self, now: Instant, id: CallId, digits: Digits) {
        let Some(leg) = self.legs.get(&id) else {
            return;
        };
        let pass = self.passes_digits(leg.group, &leg.route.targets);
        self.step(now, id, Event::Digits { digits, pass });
    }

    /// Sends the INVITE with the digits so far; one that is out already is continued by it.
    pub(super) fn attempt_with_digits(&mut self, now: Instant, id: CallId) {
        if let Some(leg) = self.legs.get_mut(&id)
            && let Some(session) = leg.session
            && leg.earlier.len() < MOST_INVITES
        {
            leg.earlier.push(session);
            leg.continues = Some(session);
        }
        self.attempt(now, id);
    }

    /// Whether each further digit of a call from this group may go on at once.
    fn passes_digits(&self, group: usize, targets: &[Trunk]) -> bool {
        let group = self.config.trunk_groups.get(group);
        group.is_some_and(|group| group.overlap == Overlap::Pass)
            && targets.iter().all(|target| match target {
                Trunk::Sip(index) => {
                    let trunk = self.config.sip_trunks.get(*index);
                    trunk.is_some_and(|trunk| trunk.overlap)
                }
                Trunk::Group(_) => false,
            })
    }

    /// Gives up the INVITEs with fewer digits (RFC 3578 §3.4).
    pub(super) fn cancel_earlier(&mut self, now: Instant, id: CallId, headers: &Headers) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        for session in std::mem::take(&mut leg.earlier) {
            // Those that were refused are gone already.
            if self.by_session.remove(&session).is_some() {
                let headers = headers.clone();
                let cancel = sip::Request::Cancel { headers };
                self.ask_sip(now, id, session, cancel);
            }
        }
    }

    /// An indication of a session of a call. Of several INVITEs the one that is answered wins; an
    /// earlier one's progress does not count, its refusal does.
    pub(super) fn of_one_session(
        &mut self,
        now: Instant,
        id: CallId,
        session: SessionId,
        indication: sip::Indication,
    ) {
        let Some(indication) = self.of_transfer(now, id, session, indication) else {
            return;
        };
        let leg = self.legs.get_mut(&id);
        let earlier = leg.filter(|leg| leg.earlier.contains(&session));
        let answered = matches!(indication, sip::Indication::Accepted { .. });
        if let Some(leg) = earlier {
            match indication {
                sip::Indication::Accepted { .. } => {
                    leg.earlier.retain(|earlier| *earlier != session);
                    leg.earlier.extend(leg.session.replace(session));
                }
                sip::Indication::Rejected { .. } | sip::Indication::Failed { .. } => {}
                _ => return,
            }
        }
        self.step(now, id, Event::Sip(indication));
        if answered {
            self.cancel_earlier(now, id, &Headers::new());
        }
    }

    /// An INVITE with more digits for a call that is being set up: they go on in a SAM, and the
    /// earlier INVITE is answered 484. Where the exchange takes no SAM the call is made anew
    /// (RFC 3578 §3.5). `false`: the INVITE is a call by itself.
    pub(super) fn dials_on(
        &mut self,
        now: Instant,
        session: SessionId,
        incoming: &Incoming,
    ) -> bool {
        let config = self.config.clone();
        let index = incoming.peer.map(|peer| usize::from(peer.0));
        let Some(trunk) = index.and_then(|index| config.sip_trunks.get(index)) else {
            return false;
        };
        if !trunk.overlap {
            return false;
        }
        let same_call = |origin: &Origin| match origin {
            Origin::Sip {
                incoming: earlier, ..
            } => earlier.call_id == incoming.call_id && earlier.from_tag == incoming.from_tag,
            Origin::Isup { .. } => false,
        };
        let is_it = |leg: &Leg| {
            let call = leg.call.as_ref();
            same_call(&leg.route.origin)
                && Some(leg.trunk) == index
                && call.is_some_and(|call| call.state() == "Trying")
        };
        let Some(id) = self.by_call_id.get(&incoming.call_id) else {
            return false;
        };
        let Some(leg) = self.legs.get(&id).filter(|leg| is_it(leg)) else {
            return false;
        };
        let Ok(template) = template(&leg.profile, trunk, incoming) else {
            // What it must not bring is refused, and the call goes on.
            return false;
        };
        let Some(further) = self.further_digits(leg, trunk, incoming) else {
            self.step(now, id, Event::Superseded);
            return false;
        };
        let agreed = leg
            .local
            .as_ref()
            .map(|(local, _)| self.agree(incoming, local));
        let Some(Ok(media)) = agreed else {
            self.step(now, id, Event::Superseded);
            return false;
        };
        self.take_over(now, id, session, (incoming, template), media, further);
        true
    }

    /// What an INVITE adds to the number; none where it cannot follow on the same circuit.
    fn further_digits(&self, leg: &Leg, trunk: &SipTrunk, incoming: &Incoming) -> Option<Further> {
        let group = self.config.trunk_groups.get(leg.group)?;
        leg.circuit?;
        let called = number::from_uri(&incoming.request_uri)?;
        let decision = self.plan.route(Query {
            called: &called,
            from: Trunk::Sip(leg.trunk),
        });
        let Routed::To(targets) = &decision.route else {
            return None;
        };
        if !targets.contains(&Trunk::Group(leg.group)) {
            return None;
        }
        let sent = match decision.nature {
            Some(_) => decision.number.digits.clone(),
            None => number::to_parameter(&decision.number, group, &leg.profile).0,
        };
        let more = sent.strip_prefix(leg.record.called_sent.as_deref()?)?;
        let more = number::signals(more).ok()?;
        let passes = group.overlap == Overlap::Pass;
        if !passes && !more.is_empty() {
            return None;
        }
        let Origin::Sip { incoming: last, .. } = &leg.route.origin else {
            return None;
        };
        let told = last.bodies.further_isup.len();
        let sams = encapsulation::sams(trunk, &incoming.bodies);
        Some(Further {
            received: called.to_string(),
            number: decision.number.clone(),
            sams: match passes {
                true => further_sams(more, sams.get(told..).unwrap_or_default()),
                false => Vec::new(),
            },
            sent,
        })
    }

    fn take_over(
        &mut self,
        now: Instant,
        id: CallId,
        session: SessionId,
        (incoming, iam): (&Incoming, Option<Message>),
        (octets, plan): (bytes::Bytes, Option<sip::sdp::MediaPlan>),
        further: Further,
    ) {
        let config = self.config.clone();
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let before = leg.session.replace(session);
        if let Some((_, answer)) = &mut leg.local {
            *answer = octets;
        }
        leg.record.called_received = further.received;
        leg.record.called_sent = Some(further.sent);
        leg.route.number = further.number;
        if let Origin::Sip {
            incoming: of,
            template,
            ..
        } = &mut leg.route.origin
        {
            **of = incoming.clone();
            *template = iam;
        }
        let (trunk, circuit) = (config.sip_trunks.get(leg.trunk), leg.circuit);
        self.by_session.insert(session, id);
        if let Some(before) = before {
            self.by_session.remove(&before);
            let incomplete = sip::Request::Reject {
                status: 484,
                reason: None,
                headers: Headers::new(),
                bodies: sip::Bodies::default(),
            };
            self.ask_sip(now, id, before, incomplete);
        }
        if let Some(trunk) = trunk {
            let local = self.legs.get(&id).and_then(|leg| leg.local.as_ref());
            let srtp = local.and_then(|(local, _)| local.srtp);
            let policy = super::attempt::policy(trunk, srtp);
            self.ask_sip(now, id, session, sip::Request::Policy(policy));
        }
        if let Some(plan) = plan {
            self.agree_on(now, id, plan);
        }
        if let Some(circuit) = circuit {
            for sam in further.sams {
                self.ask_isup(now, id, circuit, Request::Send(sam));
            }
        }
    }
}

/// The SAMs that say these digits: those of the INVITE as they are, else one of our own. An ST at
/// the end of theirs stays: no more will come.
fn further_sams(digits: Signals, received: &[Message]) -> Vec<Message> {
    let mut theirs = Signals::EMPTY;
    let fits = received.iter().all(|sam| {
        let more = sam.find::<SubsequentNumber>();
        more.is_some_and(|more| theirs.append(&more.digits).is_ok())
    });
    if fits && theirs.without_st() == digits {
        return received.to_vec();
    }
    let mut digits = digits;
    if theirs.ends_with_st() && digits.push(ST).is_err() {
        return Vec::new();
    }
    match digits.is_empty() {
        true => Vec::new(),
        false => vec![Message::new(MessageType::Sam).with(SubsequentNumber { digits })],
    }
}

/// What an INVITE adds to a call.
struct Further {
    /// The number as dialled.
    received: String,
    /// The number that goes out, and the digits of it that are sent.
    number: Number,
    sent: String,
    /// None where there are no more digits: the INVITE takes the place of the last one.
    sams: Vec<Message>,
}

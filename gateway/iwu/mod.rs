//! The interworking unit: the whole control plane without input or output.
//!
//! [`Iwu`] owns the SIP endpoint, the signalling points (MTP and ISUP) and the calls between
//! them. It is told the time with every input, holds no socket, no thread and no source of
//! chance but its seed: the same inputs give the same outputs, so a recording replays
//! ([`crate::recorder`]). All arrows between SIP, calls and ISUP are returned values, drained in
//! a fixed order.
//!
//! | file | what |
//! |---|---|
//! | [`io`] | inputs and outputs |
//! | `points` | signalling points, circuits, links, from the configuration |
//! | `ports` | RTP ports |
//! | `leg` | what belongs to one call |
//! | `limits` | how many calls a SIP trunk may have |
//! | `from_sip`, `from_isup` | a call arrives |
//! | `apply` | what a call asks for is done |
//! | `attempt` | circuits and SIP trunks are tried |
//! | `overlap` | digits that come and go one after the other |
//! | `transfer`, `replaces` | another peer for the party on a circuit |
//! | `junction` | two calls joined without SIP between them |
//! | `bridge` | media commands |
//! | `continuity` | check tones and loops, by circuit |
//! | `drain` | shutdown |
//! | [`maintenance`] | what an operator asks of circuits and links |
//! | `call_ids` | which call a Call-ID belongs to |
//! | `observe` | ladders and records |
//! | `occupancy` | what the calls hold |
//! | `timers` | the timers of call control |
//! | `tests` | call flows between two scripted far ends |

mod apply;
mod attempt;
mod bridge;
mod call_ids;
mod continuity;
mod drain;
mod from_isup;
mod from_sip;
pub mod io;
mod junction;
mod leg;
mod limits;
pub mod maintenance;
mod observe;
mod occupancy;
mod overlap;
mod points;
mod ports;
mod replaces;
#[cfg(test)]
mod tests;
mod timers;
mod told;
mod transfer;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use isup::CircuitId;
use jiff::Timestamp;
use media_bridge::BridgeId;
use mtp::{LineEvent, LinkId};
use tdm::{Alarm, SpanEvent, SpanId, Timeslot};

use crate::call::{CallId, Event};
use crate::chance::{Chance, Seed};
use crate::config::Config;
use crate::dialplan::DialPlan;
use crate::interwork::profile::{ProfileError, Profiles};
use crate::sip::sdp::crypto::Secret;
use crate::sip::{self, Endpoint, PeerConfig, SessionId};

pub use io::{Admin, Input, MediaEvent, Output, TrunkNews};
pub use occupancy::Occupancy;
pub use points::{Circuit, LinkPlace};
pub use ports::PortPlan;

use drain::Drain;
use leg::Leg;
use points::Points;
use ports::PortPool;

/// A configuration that cannot run. The configuration's own check finds these first and says
/// where in the file they are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A trunk group names a linkset that is not there.
    #[error("linkset {0:?} is not configured")]
    NoLinkset(String),
    /// A link or trunk group names a span that is not there.
    #[error("span {0:?} is not configured")]
    NoSpan(String),
    /// No timeslot of an E1.
    #[error("timeslot {0} is not 0 to 31")]
    Timeslot(u8),
    /// A timeslot whose CIC is beyond all numbers.
    #[error("timeslot {0}: first_cic leaves no circuit identification code for it")]
    Cic(u8),
    /// No timer of Q.764, or out of its range.
    #[error(transparent)]
    Timer(#[from] crate::trunk_group::WrongTimer),
    /// No tone plan of that country.
    #[error("tone plan {0:?} is not known")]
    Tones(String),
    /// No timer of the MTP, or out of its range.
    #[error(transparent)]
    MtpTimer(#[from] lab::config::WrongTimer),
    /// A point code that the standard of its linkset does not have.
    #[error(transparent)]
    PointCode(#[from] mtp::PointCodeError),
    /// What MTP refuses.
    #[error(transparent)]
    Mtp(#[from] mtp::ConfigError),
    /// Profiles that cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A rule that names nothing.
    #[error(transparent)]
    DialPlan(#[from] crate::dialplan::UnknownTrunk),
    /// What ISUP refuses.
    #[error(transparent)]
    Isup(#[from] isup::node::ConfigError),
}

/// When the unit starts, and its source of chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    /// The monotonic clock at start.
    pub now: Instant,
    /// The wall clock at the same moment, for records.
    pub wall: Timestamp,
    /// Seed of tags, branches, SSRCs.
    pub seed: Seed,
}

/// The interworking unit.
#[derive(Debug)]
pub struct Iwu {
    config: Arc<Config>,
    birth: Birth,
    chance: Chance,
    begun: limits::Begun,
    sip: Endpoint,
    junctions: junction::Junctions,
    points: Points,
    plan: DialPlan,
    /// Tone plans of the trunk groups.
    tones: Vec<media_bridge::tone::Plan>,
    /// IAMs sent on the circuits of each trunk group.
    outgoing: Vec<u64>,
    ports: Vec<PortPool>,
    profiles: Profiles,
    /// Alarms that each span shows at present.
    alarms: BTreeMap<SpanId, BTreeSet<Alarm>>,
    legs: BTreeMap<CallId, Leg>,
    by_session: BTreeMap<SessionId, CallId>,
    by_circuit: BTreeMap<CircuitId, CallId>,
    /// Calls by Call-ID, for ladders.
    by_call_id: call_ids::CallIds,
    /// The call whose INVITE is about to leave: its Call-ID is known only then.
    inviting: Option<CallId>,
    /// Rungs among the outputs whose Call-ID belongs to no call yet.
    unclaimed: Vec<(usize, String)>,
    bridges: BTreeMap<BridgeId, bridge::Open>,
    /// The same by timeslot: a bridge that closes is still there when the next one opens.
    bridged: BTreeSet<(SpanId, Timeslot, BridgeId)>,
    timers: timers::Timers,
    /// Records that wait for their bridge's statistics.
    ended: BTreeMap<CallId, observe::Ended>,
    next_call: u64,
    next_bridge: u32,
    secret: Secret,
    /// Whether anybody reads ladders.
    ladders: bool,
    next_secret: u64,
    drain: Option<Drain>,
    outputs: VecDeque<Output>,
}

impl Iwu {
    /// A unit that has not started.
    ///
    /// # Errors
    /// [`ConfigError`] for a configuration that cannot run.
    pub fn new(config: Arc<Config>, birth: Birth) -> Result<Self, ConfigError> {
        let points = Points::new(&config)?;
        let ports = PortPlan::divide(config.rtp.ports, config.spans.len())
            .into_iter()
            .map(PortPool::new)
            .collect();
        let tones = config
            .trunk_groups
            .iter()
            .map(|group| {
                media_bridge::tone::Plan::builtin(&group.tones)
                    .ok_or_else(|| ConfigError::Tones(group.tones.clone()))
            })
            .collect::<Result<_, _>>()?;
        let mut endpoint = sip::EndpointConfig::new(config.sip.listen.address(), birth.seed);
        endpoint.listeners = config.sip.listen.listeners().to_vec();
        endpoint.peers = config.sip_trunks.iter().map(PeerConfig::from).collect();
        endpoint.strangers = config.sip.strangers;
        endpoint.user_agent.clone_from(&config.sip.user_agent);
        (endpoint.t1, endpoint.t2, endpoint.t4) = (config.sip.t1, config.sip.t2, config.sip.t4);
        Ok(Self {
            plan: DialPlan::new(&config)?,
            profiles: Profiles::new(&config)?,
            chance: Chance::new(&birth.seed, "media"),
            begun: limits::Begun::new(config.sip_trunks.len()),
            sip: Endpoint::new(endpoint),
            junctions: junction::Junctions::default(),
            points,
            outgoing: vec![0; config.trunk_groups.len()],
            tones,
            ports,
            alarms: BTreeMap::new(),
            legs: BTreeMap::new(),
            by_session: BTreeMap::new(),
            by_circuit: BTreeMap::new(),
            by_call_id: call_ids::CallIds::default(),
            inviting: None,
            unclaimed: Vec::new(),
            bridges: BTreeMap::new(),
            bridged: BTreeSet::new(),
            timers: timers::Timers::default(),
            ended: BTreeMap::new(),
            next_call: 1,
            next_bridge: 1,
            secret: Secret::of(&mut Chance::new(&birth.seed, "srtp")),
            next_secret: 0,
            ladders: true,
            drain: None,
            outputs: VecDeque::new(),
            config,
            birth,
        })
    }

    /// Derives the keys of SRTP from this secret, which is in no recording, and no longer from the
    /// seed, which is: no key reaches what is recorded, so that a replay needs it not.
    #[must_use]
    pub fn with_secret(mut self, secret: Secret) -> Self {
        self.secret = secret;
        self
    }

    /// Draws no ladders: of [`Output::Trace`] only the service's news is left. Drawing takes a
    /// quarter as much again as the call, so that it is left out where nobody looks.
    #[must_use]
    pub fn without_ladders(mut self) -> Self {
        self.ladders = false;
        self
    }

    /// Takes one input. Outputs are to be drained before the next one.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Sip(flow, octets) => self.datagram(now, flow, octets),
            Input::Unreachable(remote) => self.sip.handle_unreachable(now, remote),
            Input::Connected(flow, identity) => self.connected(now, flow, identity),
            Input::Resolved(question, answer) => {
                self.sip.handle_resolved(now, &question, answer.as_ref());
                self.follow_found(now);
            }
            Input::Disconnected(flow, why) => self.disconnected(now, flow, &why),
            Input::SignalUnit(link, octets) => {
                if let Some(point) = self.points.links.get(&link).map(|place| place.point)
                    && let Some(point) = self.points.points.get_mut(point)
                {
                    point.mtp.handle_signal_unit(now, link, &octets);
                }
            }
            Input::Line(link, event) => self.line(now, link, event),
            Input::Media(event) => self.media(now, event),
            Input::Span(span, event) => self.span(now, span, event),
            Input::Admin(Admin::Drain { limit }) => self.start_drain(now, limit),
            Input::Admin(Admin::Maintain { circuit, action }) => {
                self.maintain(now, circuit, action);
            }
            Input::Timeout => self.timeout(now),
            Input::Start => self.start(now),
        }
        self.settle(now);
    }

    /// When the next [`Input::Timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let drain = self.drain.as_ref().and_then(Drain::poll_timeout);
        [
            self.timers.next(),
            drain,
            self.sip.poll_timeout(),
            self.points.poll_timeout(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The next output, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Which UDP ports the bridges of each span use, in the spans' order.
    #[must_use]
    pub fn port_plans(&self) -> Vec<PortPlan> {
        self.ports.iter().map(|pool| pool.plan).collect()
    }

    /// Where each link is.
    pub fn links(&self) -> impl Iterator<Item = (LinkId, LinkPlace)> + '_ {
        self.points.links.iter().map(|(id, place)| (*id, *place))
    }

    /// Where one link is.
    #[must_use]
    pub fn place_of_link(&self, id: LinkId) -> Option<LinkPlace> {
        self.points.links.get(&id).copied()
    }

    /// Where each circuit is.
    pub fn circuits(&self) -> impl Iterator<Item = (CircuitId, Circuit)> + '_ {
        self.points.circuits.iter().map(|(id, place)| (*id, *place))
    }

    /// What a circuit says about itself.
    #[must_use]
    pub fn circuit(&self, id: CircuitId) -> Option<isup::node::CircuitView> {
        let place = self.points.circuits.get(&id)?;
        self.points.points.get(place.point)?.isup.circuit(id)
    }

    /// What a link says about itself.
    #[must_use]
    pub fn link(&self, id: LinkId) -> Option<mtp::LinkState> {
        let place = self.points.links.get(&id)?;
        self.points.points.get(place.point)?.mtp.link_state(id)
    }

    /// How many calls there are.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.legs.len()
    }

    /// The wall clock at `now`.
    fn wall(&self, now: Instant) -> Timestamp {
        let since = now.saturating_duration_since(self.birth.now);
        self.birth
            .wall
            .checked_add(since)
            .unwrap_or(self.birth.wall)
    }

    /// Time since start, for ladders.
    fn since_start(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.birth.now)
    }

    fn start(&mut self, now: Instant) {
        self.sip.start(now);
        self.points.start(now);
        let links: Vec<LinkId> = self.points.links.keys().copied().collect();
        for link in links {
            self.line(now, link, LineEvent::InService);
        }
    }

    fn line(&mut self, now: Instant, link: LinkId, event: LineEvent) {
        if let Some(point) = self.points.links.get(&link).map(|place| place.point)
            && let Some(point) = self.points.points.get_mut(point)
        {
            point.mtp.handle_line(now, link, event);
        }
    }

    /// An alarm takes the span's links and circuits out, its end brings them back.
    fn span(&mut self, now: Instant, span: SpanId, event: SpanEvent) {
        self.trace_span(now, span, event);
        let SpanEvent::Alarm { alarm, on } = event else {
            return;
        };
        let shown = self.alarms.entry(span).or_default();
        let before = !shown.is_empty();
        if on {
            shown.insert(alarm);
        } else {
            shown.remove(&alarm);
        }
        let after = !shown.is_empty();
        if before == after {
            return;
        }
        let state = if after {
            LineEvent::OutOfService
        } else {
            LineEvent::InService
        };
        let links: Vec<LinkId> = self
            .links()
            .filter(|(_, place)| place.span == span)
            .map(|(id, _)| id)
            .collect();
        for link in links {
            self.line(now, link, state);
        }
        for (index, point) in self.points.points.iter_mut().enumerate() {
            let circuits: Vec<CircuitId> = self
                .points
                .circuits
                .iter()
                .filter(|(_, place)| place.span == span && place.point == index)
                .map(|(id, _)| *id)
                .collect();
            point.isup.handle_alarm(now, &circuits, after);
        }
    }

    fn timeout(&mut self, now: Instant) {
        self.sip.handle_timeout(now);
        self.points.handle_timeout(now);
        while let Some((call, timer)) = self.timers.expire(now) {
            self.step(now, call, Event::Expired(timer));
        }
        self.continue_drain(now);
    }

    /// Drains the aggregates into each other until none has anything left, in a fixed order.
    fn settle(&mut self, now: Instant) {
        loop {
            if let Some(output) = self.sip.poll_output() {
                self.heard_from_sip(now, output);
                continue;
            }
            if let Some((session, indication)) = self.junctions.poll_output() {
                self.heard_from_session(now, session, indication);
                continue;
            }
            let index = self
                .points
                .points
                .iter_mut()
                .enumerate()
                .find_map(|(index, point)| {
                    if let Some(output) = point.isup.poll_output() {
                        return Some((index, leg::Layer::Isup(output)));
                    }
                    point
                        .mtp
                        .poll_output()
                        .map(|output| (index, leg::Layer::Mtp(output)))
                });
            match index {
                Some((point, leg::Layer::Isup(output))) => self.heard_from_isup(now, point, output),
                Some((point, leg::Layer::Mtp(output))) => self.heard_from_mtp(now, point, output),
                None => break,
            }
        }
        self.unclaimed.clear();
        self.continue_drain(now);
    }
}

//! The signalling point: the aggregate of all links, linksets and destinations.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;

use super::changeover::Diversion;
use super::destination::{Destination, RouteEntry, RouteStatus};
use super::inhibition::{self, Inhibition};
use super::link_activity;
use super::link_test::LinkTest;
use super::linkset::{LinkIndex, Linkset, LinksetIndex};
use super::restart::Restart;
use super::timers::Timer;
use crate::link_state::{Activity, Cause, Hint, LinkChange, LinkState, TimerEvent, TimerName};
use crate::{Config, ConfigError, LineEvent, LinkId, Output, PointCode, Slc, mtp2};

/// A link with both its levels.
#[derive(Debug)]
pub(super) struct SignallingLink {
    pub(super) id: LinkId,
    pub(super) slc: Slc,
    pub(super) linkset: LinksetIndex,
    pub(super) level2: mtp2::Link,
    pub(super) activity: Activity,
    pub(super) test: LinkTest,
    /// Processor outage at this end.
    pub(super) local_outage: bool,
    /// Processor outage at the far end.
    pub(super) remote_outage: bool,
    pub(super) inhibition: Inhibition,
    /// Carries user traffic, as traffic management last saw it.
    pub(super) available: bool,
    /// Number of the last message accepted when level 2 went out of service.
    pub(super) last_accepted: Option<u8>,
    pub(super) diversion: Diversion,
    /// Messages held by the diversion, encoded, oldest first.
    pub(super) held: VecDeque<Bytes>,
    pub(super) since: Option<Instant>,
    pub(super) last_event: Option<LinkChange>,
    pub(super) last_failure: Option<Cause>,
    pub(super) hints: Vec<Hint>,
}

/// What a level 3 timer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// The signalling point itself.
    Point,
    Link(LinkIndex),
    /// The changeback from the second link to the first.
    Changeback(LinkIndex, LinkIndex),
    Linkset(LinksetIndex),
    Destination(usize),
    /// A destination's route over a linkset.
    Route(usize, LinksetIndex),
}

/// What management asks of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkRequest {
    /// Bring it into service and keep it there ([`Mtp::start`] does so for every link).
    Activate,
    /// Take it out of service; its traffic moves to other links.
    Deactivate,
    /// This end cannot take messages.
    LocalProcessorOutage,
    /// It can again.
    LocalProcessorRecovered,
    /// Keep user traffic off it while it stays in service. The outcome is told by
    /// [`LinkChange::Inhibited`] or [`LinkChange::InhibitionDenied`].
    Inhibit,
    /// Let user traffic use it again.
    Uninhibit,
}

/// A request names a link that is not configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no link {0} is configured")]
pub struct RequestError(pub LinkId);

/// A signalling point: MTP levels 2 and 3 of this node.
///
/// Drain [`Mtp::poll_output`] after every call before the next one. A destination counts as paused
/// until its first MTP-RESUME.
#[derive(Debug)]
pub struct Mtp {
    pub(super) config: Config,
    pub(super) links: Vec<SignallingLink>,
    pub(super) linksets: Vec<Linkset>,
    pub(super) destinations: Vec<Destination>,
    pub(super) by_point: BTreeMap<PointCode, usize>,
    by_link: BTreeMap<LinkId, LinkIndex>,
    timers: BTreeMap<(Owner, Timer), Instant>,
    pub(super) restart: Restart,
    pub(super) outputs: VecDeque<Output>,
}

impl Mtp {
    /// A signalling point with all links powered off.
    ///
    /// # Errors
    /// The first fault of the configuration.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let mut point = Self {
            links: Vec::new(),
            linksets: Vec::new(),
            destinations: Vec::new(),
            by_point: BTreeMap::new(),
            by_link: BTreeMap::new(),
            timers: BTreeMap::new(),
            restart: Restart::new(config.transfer_function),
            outputs: VecDeque::new(),
            config,
        };
        point.build();
        Ok(point)
    }

    fn build(&mut self) {
        let Config {
            standard,
            ref linksets,
            ref routes,
            ref timers,
            ..
        } = self.config;
        let mut ways: Vec<(PointCode, RouteEntry)> = Vec::new();
        for (index, linkset) in linksets.iter().enumerate() {
            let first = self.links.len();
            for link in &linkset.links {
                self.by_link.insert(link.id, self.links.len());
                self.links.push(SignallingLink {
                    id: link.id,
                    slc: link.slc,
                    linkset: index,
                    level2: mtp2::Link::new(
                        standard,
                        &timers.level2,
                        link.bit_rate,
                        link.error_correction,
                    ),
                    activity: Activity::Inactive,
                    test: LinkTest::default(),
                    local_outage: false,
                    remote_outage: false,
                    inhibition: Inhibition::default(),
                    available: false,
                    last_accepted: None,
                    diversion: Diversion::None,
                    held: VecDeque::new(),
                    since: None,
                    last_event: None,
                    last_failure: None,
                    hints: Vec::new(),
                });
            }
            let own = (first..self.links.len()).collect();
            self.linksets
                .push(Linkset::new(standard, linkset.adjacent, own));
            let entry = RouteEntry {
                linkset: index,
                priority: 0,
                status: RouteStatus::Allowed,
            };
            ways.push((linkset.adjacent, entry));
        }
        for route in routes {
            let via = linksets
                .iter()
                .position(|linkset| linkset.adjacent == route.via);
            if let Some(linkset) = via {
                let entry = RouteEntry {
                    linkset,
                    priority: route.priority,
                    status: RouteStatus::Allowed,
                };
                ways.push((route.destination, entry));
            }
        }
        for (point, entry) in ways {
            let index = *self.by_point.entry(point).or_insert_with(|| {
                self.destinations.push(Destination::new(point));
                self.destinations.len() - 1
            });
            let destination = self.destination(index);
            if destination.route(entry.linkset).is_none() {
                destination.routes.push(entry);
            }
        }
    }

    /// Powers every link on and activates it.
    pub fn start(&mut self, now: Instant) {
        for link in 0..self.links.len() {
            self.link(link).level2.request(now, mtp2::Request::PowerOn);
            self.activity(now, link, link_activity::Event::Activate);
        }
        self.settle(now);
    }

    /// A signal unit arrived on `link`: BSN to the last octet, check bits verified and removed.
    /// Units for links that are not configured are ignored.
    pub fn handle_signal_unit(&mut self, now: Instant, link: LinkId, unit: &[u8]) {
        if let Some(&index) = self.by_link.get(&link) {
            self.link(index).level2.handle_signal_unit(now, unit);
            self.settle(now);
        }
    }

    /// The line of `link` tells something.
    pub fn handle_line(&mut self, now: Instant, link: LinkId, event: LineEvent) {
        if let Some(&index) = self.by_link.get(&link) {
            self.link(index).level2.handle_line(now, event);
            self.settle(now);
        }
    }

    /// Management asks something of `link`.
    ///
    /// # Errors
    /// When there is no such link.
    pub fn request(
        &mut self,
        now: Instant,
        link: LinkId,
        request: LinkRequest,
    ) -> Result<(), RequestError> {
        let index = *self.by_link.get(&link).ok_or(RequestError(link))?;
        match request {
            LinkRequest::Activate => self.activity(now, index, link_activity::Event::Activate),
            LinkRequest::Deactivate => self.activity(now, index, link_activity::Event::Deactivate),
            LinkRequest::LocalProcessorOutage => {
                self.link(index)
                    .level2
                    .request(now, mtp2::Request::LocalProcessorOutage);
                self.processor_outage(now, index, |link| link.local_outage = true);
            }
            LinkRequest::LocalProcessorRecovered => {
                self.link(index)
                    .level2
                    .request(now, mtp2::Request::LocalProcessorRecovered);
                self.processor_outage(now, index, |link| link.local_outage = false);
            }
            LinkRequest::Inhibit => {
                let spare = self.spare(index);
                self.inhibition(now, index, inhibition::Event::Inhibit { spare });
            }
            LinkRequest::Uninhibit => {
                self.inhibition(now, index, inhibition::Event::Uninhibit);
            }
        }
        self.settle(now);
        Ok(())
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((owner, timer)) = self.due(now) {
            self.timers.remove(&(owner, timer));
            self.tell_timer(owner, timer, TimerEvent::Expired);
            self.expired(now, owner, timer);
            self.settle(now);
        }
        for link in &mut self.links {
            if link.level2.poll_timeout().is_some_and(|until| until <= now) {
                link.level2.handle_timeout(now);
            }
        }
        self.settle(now);
    }

    fn due(&self, now: Instant) -> Option<(Owner, Timer)> {
        let first = self.timers.iter().min_by_key(|&(key, until)| (until, key));
        first
            .filter(|&(_, until)| *until <= now)
            .map(|(&key, _)| key)
    }

    pub(super) fn expired(&mut self, now: Instant, owner: Owner, timer: Timer) {
        match (owner, timer) {
            (Owner::Link(link), Timer::T17) => {
                self.activity(now, link, link_activity::Event::T17Expired);
            }
            (Owner::Link(link), Timer::TestT1) => {
                self.link_test(now, link, super::link_test::Event::T1Expired);
            }
            (Owner::Link(link), Timer::TestT2) => {
                self.link_test(now, link, super::link_test::Event::T2Expired);
            }
            (Owner::Link(link), Timer::T1) => self.changeover_delay_over(now, link),
            (Owner::Link(link), Timer::T2) => self.complete_changeover(now, link, None),
            (Owner::Link(link), Timer::T12 | Timer::T13 | Timer::T14 | Timer::T22 | Timer::T23) => {
                self.inhibition(now, link, inhibition::Event::Expired(timer));
            }
            (Owner::Changeback(link, alternative), Timer::T4 | Timer::T5) => {
                self.changeback_unanswered(now, link, alternative, timer);
            }
            (Owner::Linkset(linkset), Timer::T21) => self.restart_word_missing(now, linkset),
            (Owner::Point, Timer::T18 | Timer::T20) => self.restart_ends(now),
            (Owner::Destination(destination), Timer::T6) => self.rerouted(now, destination),
            (Owner::Route(destination, linkset), Timer::T10) => {
                self.test_route(now, destination, linkset);
            }
            // T8, T19 only keep messages from being repeated too soon.
            _ => {}
        }
    }

    /// When to call [`Mtp::handle_timeout`] at the latest; `None` before [`Mtp::start`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        let level2 = self
            .links
            .iter()
            .filter_map(|link| link.level2.poll_timeout());
        self.timers.values().copied().chain(level2).min()
    }

    /// The next thing to do, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Why `link` is in the state it is in; `None` when it is not configured.
    pub fn link_state(&self, link: LinkId) -> Option<LinkState> {
        let index = *self.by_link.get(&link)?;
        let link = self.links.get(index)?;
        let level2 = link
            .level2
            .timers()
            .iter()
            .map(|&(timer, until)| (TimerName::Level2(timer), until));
        let level3 = self.timers.iter().filter_map(|(&(owner, timer), &until)| {
            let own = match owner {
                Owner::Link(of) | Owner::Changeback(of, _) => of == index,
                Owner::Linkset(of) => of == link.linkset,
                Owner::Point => true,
                Owner::Destination(_) | Owner::Route(..) => false,
            };
            own.then_some((TimerName::Level3(timer), until))
        });
        let mut hints = link.hints.clone();
        let counters = link.level2.counters();
        if link.activity != Activity::Active && counters.signal_units_good == 0 {
            if counters.signal_units_errored > 0 {
                hints.push(Hint::OnlyErrors);
            } else if link.since.is_some() {
                hints.push(Hint::Silence);
            }
        }
        Some(LinkState {
            activity: link.activity,
            level2: link.level2.state(),
            available: link.available,
            blocked: link.local_outage || link.remote_outage,
            inhibited: link.inhibition.inhibited(),
            since: link.since,
            last_event: link.last_event,
            last_failure: link.last_failure,
            timers: level2.chain(level3).collect(),
            hints,
            counters,
        })
    }

    /// The configured links, in order of configuration.
    pub fn links(&self) -> impl Iterator<Item = LinkId> {
        self.links.iter().map(|link| link.id)
    }

    /// Whether traffic for `point` can be sent now (MTP-RESUME was indicated last).
    pub fn accessible(&self, point: PointCode) -> bool {
        self.by_point
            .get(&point)
            .and_then(|&index| self.destinations.get(index))
            .is_some_and(Destination::accessible)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "made by `build`; links are never removed"
    )]
    pub(super) fn link(&mut self, index: LinkIndex) -> &mut SignallingLink {
        &mut self.links[index]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "made by `build`; linksets are never removed"
    )]
    pub(super) fn linkset(&mut self, index: LinksetIndex) -> &mut Linkset {
        &mut self.linksets[index]
    }

    #[expect(clippy::indexing_slicing, reason = "made by `build`; never removed")]
    pub(super) fn destination(&mut self, index: usize) -> &mut Destination {
        &mut self.destinations[index]
    }

    pub(super) fn available(&self, link: LinkIndex) -> bool {
        self.links.get(link).is_some_and(|link| link.available)
    }

    pub(super) fn tell(&mut self, link: LinkIndex, change: LinkChange) {
        let link = self.link(link);
        let id = link.id;
        if !matches!(
            change,
            LinkChange::Timer(..) | LinkChange::Sent(_) | LinkChange::Received(_)
        ) {
            link.last_event = Some(change);
        }
        self.outputs.push_back(Output::Link(id, change));
    }

    pub(super) fn hint(&mut self, link: LinkIndex, hint: Hint) {
        const LARGEST: usize = 8;
        let hints = &mut self.link(link).hints;
        if hints.len() < LARGEST && !hints.contains(&hint) {
            hints.push(hint);
            self.tell(link, LinkChange::Hint(hint));
        }
    }

    pub(super) fn start_timer(&mut self, now: Instant, owner: Owner, timer: Timer) {
        let duration = self.config.timers.level3.get(timer, self.config.standard);
        self.timers.insert((owner, timer), now + duration);
        self.tell_timer(owner, timer, TimerEvent::Started(duration));
    }

    pub(super) fn stop_timer(&mut self, owner: Owner, timer: Timer) {
        if self.timers.remove(&(owner, timer)).is_some() {
            self.tell_timer(owner, timer, TimerEvent::Stopped);
        }
    }

    pub(super) fn timer_runs(&self, owner: Owner, timer: Timer) -> bool {
        self.timers.contains_key(&(owner, timer))
    }

    /// Timers of linksets and routes are told with the first link that they concern.
    fn tell_timer(&mut self, owner: Owner, timer: Timer, event: TimerEvent) {
        let linkset = match owner {
            Owner::Link(link) | Owner::Changeback(link, _) => {
                self.tell(link, LinkChange::Timer(TimerName::Level3(timer), event));
                return;
            }
            Owner::Linkset(linkset) | Owner::Route(_, linkset) => linkset,
            Owner::Point => 0,
            Owner::Destination(_) => return,
        };
        let first = self.linksets.get(linkset);
        if let Some(&link) = first.and_then(|set| set.links.first()) {
            self.tell(link, LinkChange::Timer(TimerName::Level3(timer), event));
        }
    }
}

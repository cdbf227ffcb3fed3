//! The engine of one media thread.

mod attachment;
mod bridge;
mod check;
mod digits;
mod lifecycle;
mod reports;
mod to_rtp;
mod to_timeslot;
mod watch;

use std::net::SocketAddr;
use std::time::Instant;

use tdm::{Law, SpanId, SpanTick, TIMESLOTS, Timeslot};

use crate::command::{BridgeId, Command, Event, Refusal, RtpPort, Spent};
use crate::continuity::Continuity;
use crate::io::{Pace, RtpIo};
use crate::statistics::ShardStatistics;
use crate::vector::prefetch_head;
use bridge::Bridge;

/// What a shard serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardConfig {
    /// Its spans, whole. A timeslot belongs to one shard.
    pub spans: Vec<SpanId>,
    /// RTP ports of its pool: 0 to one less than this.
    pub ports: u16,
}

/// One timeslot's place, in the order in which ticks walk.
#[derive(Debug, Default)]
#[repr(C)]
struct Place {
    /// A bridge has gone: the timeslot is to be left idle.
    idle: Option<Law>,
    bridge: Option<Bridge>,
}

/// So many places ahead of the one that has its tick, its first cache line is asked for, then the
/// others of its bridge, then those that the bridge points to.
const AHEAD: [usize; 3] = [5, 3, 1];

/// What became of an RTP port by a command.
#[derive(Debug)]
enum Change {
    Attached,
    Released,
}

/// Commands that may come between two ticks, each of which changes two ports at most.
const COMMANDS: usize = 4_096;
/// Bridges that may end between two ticks and still say goodbye to their peers: those of four spans
/// that fail at once. More end without.
const GOODBYES: usize = 128;

/// Bridges between the timeslots of some spans and a pool of RTP ports.
///
/// A tick has two halves, and the line is between them: [`transmit`](Self::transmit) makes what a
/// span sends in it, of the packets that have come so far, and [`receive`](Self::receive) makes
/// packets of what the span received in it. So an octet waits for no second tick, whichever way it
/// goes. Memory comes with [`Command`]s and goes with [`Event`]s; a tick allocates nothing.
#[derive(Debug)]
pub struct Shard {
    spans: Vec<SpanId>,
    /// [`TIMESLOTS`] for each span.
    places: Vec<Place>,
    /// Where each bridge is, ascending; it never grows past its first memory.
    bridges: Vec<(BridgeId, usize)>,
    /// Continuity checks by their places, ascending: each takes its timeslot from the bridge. It
    /// never grows past its first memory either.
    checks: Vec<(usize, Box<Continuity>)>,
    /// Index of the place whose bridge has the port.
    ports: Vec<Option<usize>>,
    /// What became of ports since the last tick.
    changed: Vec<(RtpPort, Change)>,
    /// Of bridges that have ended since.
    goodbyes: Vec<reports::Goodbye>,
    /// Ports whose bridges have found their peers in this tick, or another.
    latched: Vec<(RtpPort, SocketAddr)>,
    received_at: Option<Instant>,
    /// Of the last tick.
    now: Option<Instant>,
    statistics: ShardStatistics,
}

impl Shard {
    /// A shard without bridges.
    #[must_use]
    pub fn new(config: ShardConfig) -> Self {
        let ports = usize::from(config.ports);
        Self {
            places: (0..config.spans.len() * TIMESLOTS)
                .map(|_| Place::default())
                .collect(),
            bridges: Vec::with_capacity(config.spans.len() * TIMESLOTS),
            checks: Vec::with_capacity(config.spans.len() * TIMESLOTS),
            spans: config.spans,
            ports: vec![None; ports],
            changed: Vec::with_capacity(2 * COMMANDS),
            goodbyes: Vec::with_capacity(GOODBYES),
            // Twice in a tick at most: a packet under way, and then whom signalling names.
            latched: Vec::with_capacity(2 * ports),
            received_at: None,
            now: None,
            statistics: ShardStatistics::default(),
        }
    }

    /// Counters of the shard as a whole.
    #[must_use]
    pub fn statistics(&self) -> ShardStatistics {
        self.statistics
    }

    /// Obeys a command between two ticks. What cannot be obeyed changes nothing and is answered
    /// by [`Event::Refused`].
    pub fn command(&mut self, command: Command, events: &mut dyn FnMut(Event)) {
        match command {
            Command::Open(open) => self.open(open, events),
            Command::Rtp { bridge, rtp } => self.attach(bridge, rtp, events),
            Command::Path { bridge, path } => {
                self.with(bridge, events, |bridge, _| bridge.set_path(path));
            }
            Command::Tone {
                bridge,
                towards,
                tone,
            } => {
                self.with(bridge, events, |bridge, events| {
                    if let Some(old) = bridge.set_tone(towards, tone) {
                        events(Event::Spent(Spent::Tone(old)));
                    }
                });
            }
            Command::Digit {
                bridge: id,
                towards,
                digit,
                duration,
            } => {
                let ms = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
                self.with(id, events, |bridge, events| {
                    if let Err(refusal) = bridge.play_digit(towards, digit, digits::length(ms)) {
                        refuse(id, refusal, events);
                    }
                });
            }
            Command::Close { bridge } => self.close(bridge, events),
            Command::Continuity {
                span,
                timeslot,
                check,
            } => self.check(span, timeslot, check, events),
        }
    }

    /// The first half of a tick of `span`: writes the timeslots of its bridges into `tx` and leaves
    /// the others as they are, except that a timeslot whose bridge was closed is made idle once.
    /// Packets are received at the first span of an instant. A span that is not this shard's is left
    /// alone.
    pub fn transmit(
        &mut self,
        now: Instant,
        span: SpanId,
        tx: &mut SpanTick,
        rtp: &mut dyn RtpIo,
        events: &mut dyn FnMut(Event),
    ) {
        for goodbye in self.goodbyes.drain(..) {
            let (port, flow, to) = (goodbye.port, goodbye.flow, goodbye.to);
            rtp.send(port, flow, to, goodbye.packet.octets());
        }
        for (port, change) in self.changed.drain(..) {
            match change {
                Change::Attached => rtp.open(port),
                Change::Released => rtp.close(port),
            }
        }
        let Some(start) = self.start_of(span) else {
            return;
        };
        self.now = Some(now);
        self.statistics.ticks += 1;
        if self.received_at != Some(now) {
            self.received_at = Some(now);
            self.receive_packets(now, rtp, events);
        }
        for (at, sent) in (start..).zip(&mut tx.0) {
            self.prefetch(
                at,
                Bridge::prefetch_to_timeslot,
                Bridge::prefetch_octets_to_timeslot,
            );
            let Some(place) = self.places.get_mut(at) else {
                break;
            };
            if let Some(bridge) = &mut place.bridge {
                if let Some(port) = bridge.port() {
                    rtp.look(port, &mut |datagram| bridge.receive(now, datagram, events));
                }
                bridge.tick_to_timeslot(now, sent, events);
            } else if let Some(law) = place.idle.take() {
                sent.fill(law.idle());
            }
        }
        for (number, check) in Self::checks_of(&mut self.checks, start) {
            if let Some(sent) = tx.0.get_mut(number) {
                check.transmit(sent);
            }
        }
    }

    /// The second half: takes what `span` received while it sent `tx`, and sends the packets that
    /// are full, all of them at last: signal processing and the system take turns with the caches.
    pub fn receive(
        &mut self,
        now: Instant,
        span: SpanId,
        (rx, tx): (&SpanTick, &SpanTick),
        rtp: &mut dyn RtpIo,
        events: &mut dyn FnMut(Event),
    ) {
        let Some(start) = self.start_of(span) else {
            return;
        };
        let mut full = [false; TIMESLOTS];
        let lines = rx.0.iter().zip(&tx.0);
        for (at, (line, full)) in (start..).zip(lines.zip(&mut full)) {
            self.prefetch(at, Bridge::prefetch_to_rtp, Bridge::prefetch_octets_to_rtp);
            let Some(place) = self.places.get_mut(at) else {
                break;
            };
            if let Some(bridge) = &mut place.bridge {
                *full = bridge.tick_to_rtp(now, line, rtp, events);
            }
        }
        let places = self.places.get_mut(start..).unwrap_or_default();
        for (place, _) in places.iter_mut().zip(full).filter(|(_, full)| *full) {
            if let Some(bridge) = &mut place.bridge {
                bridge.send(rtp);
            }
        }
        for (number, check) in Self::checks_of(&mut self.checks, start) {
            if let Some(received) = rx.0.get(number) {
                check::receive(check, (span, number), received, events);
            }
        }
    }

    /// Both halves, for a line that does not move in between: what it received is in `rx` already.
    pub fn tick(
        &mut self,
        now: Instant,
        span: SpanId,
        rx: &SpanTick,
        tx: &mut SpanTick,
        rtp: &mut dyn RtpIo,
        events: &mut dyn FnMut(Event),
    ) {
        self.transmit(now, span, tx, rtp, events);
        self.receive(now, span, (rx, tx), rtp, events);
    }

    /// Asks for the cache lines that the places after this one will touch.
    fn prefetch(&self, at: usize, own: impl Fn(&Bridge), octets: impl Fn(&Bridge)) {
        let [first, second, third] = AHEAD.map(|ahead| self.places.get(at + ahead));
        if let Some(place) = first {
            prefetch_head(place, 1);
        }
        if let Some(bridge) = second.and_then(|place| place.bridge.as_ref()) {
            own(bridge);
        }
        if let Some(bridge) = third.and_then(|place| place.bridge.as_ref()) {
            octets(bridge);
        }
    }

    fn receive_packets(
        &mut self,
        now: Instant,
        rtp: &mut dyn RtpIo,
        events: &mut dyn FnMut(Event),
    ) {
        let Self {
            places,
            ports,
            latched,
            statistics,
            ..
        } = self;
        rtp.receive(&mut |datagram| {
            let port = datagram.port;
            let place = ports.get(usize::from(port.0)).copied().flatten();
            let place = place.and_then(|place| places.get_mut(place));
            match place.and_then(|place| place.bridge.as_mut()) {
                Some(bridge) => {
                    let before = bridge.latched();
                    let next = bridge.receive(now, datagram, events);
                    if let Some(peer) = bridge.latched().filter(|peer| before != Some(*peer)) {
                        latched.push((port, peer));
                    }
                    next
                }
                None => {
                    statistics.packets_unclaimed += 1;
                    Pace::default()
                }
            }
        });
        for (port, peer) in latched.drain(..) {
            rtp.lock(port, peer);
        }
    }

    fn find(&self, id: BridgeId) -> Option<usize> {
        let at = self.search(id).ok()?;
        Some(self.bridges.get(at)?.1)
    }

    /// Where the bridge stands among all, or where it would.
    fn search(&self, id: BridgeId) -> Result<usize, usize> {
        self.bridges.binary_search_by_key(&id, |(id, _)| *id)
    }

    fn with(
        &mut self,
        id: BridgeId,
        events: &mut dyn FnMut(Event),
        act: impl FnOnce(&mut Bridge, &mut dyn FnMut(Event)),
    ) {
        let place = self.find(id).and_then(|place| self.places.get_mut(place));
        match place.and_then(|place| place.bridge.as_mut()) {
            Some(bridge) => act(bridge, events),
            None => refuse(id, Refusal::UnknownBridge, events),
        }
    }

    /// Index of the place of its first timeslot.
    fn start_of(&self, span: SpanId) -> Option<usize> {
        let index = self.spans.iter().position(|s| *s == span)?;
        Some(index * TIMESLOTS)
    }

    fn place_of(&self, span: SpanId, timeslot: Timeslot) -> Option<usize> {
        Some(self.start_of(span)? + timeslot.index())
    }
}

fn refuse(bridge: BridgeId, refusal: Refusal, events: &mut dyn FnMut(Event)) {
    events(Event::Refused { bridge, refusal });
}

//! One span: its line, the signalling links on it and the bridges of its timeslots, moved one
//! tick at a time. The same worker runs on a thread of its own in real time and by hand in
//! virtual time.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use media_bridge::{Command, Event, RtpIo, RtpPort, Shard, ShardConfig};
use mtp::{LineEvent, LinkId};
use tdm::hdlc::Received;
use tdm::signalling::SignallingTimeslot;
use tdm::{Law, SpanCounters, SpanEvent, SpanId, SpanIo, SpanTick, Timeslot};

use crate::iwu::{Input, MediaEvent};

/// The longest signal unit: BSN, FSN, LI, SIO and 272 octets of signalling information
/// (Q.703 §2.2).
pub const LONGEST_SIGNAL_UNIT: usize = 3 + 1 + 272;

/// Ticks after which good signal units are told that were only counted: the error rate monitor
/// counts in blocks of 256 (Q.703 §10.2), about 200 ms.
const TELL_AFTER: u8 = 5;

/// A signal unit without allocation.
#[derive(Debug, Clone, Copy)]
pub struct SignalUnit {
    length: u16,
    octets: [u8; LONGEST_SIGNAL_UNIT],
}

impl SignalUnit {
    /// None when it is longer than any signal unit.
    #[must_use]
    pub fn new(octets: &[u8]) -> Option<Self> {
        let mut unit = Self {
            length: 0,
            octets: [0; LONGEST_SIGNAL_UNIT],
        };
        unit.octets.get_mut(..octets.len())?.copy_from_slice(octets);
        unit.length = u16::try_from(octets.len()).ok()?;
        Some(unit)
    }

    /// Its octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

/// From the control plane to a span. A ring holds these by value: no box is made for a signal unit.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "allocation costs more than room in a ring"
)]
pub enum Down {
    /// To the bridges.
    Media(Command),
    /// To a link.
    SignalUnit(LinkId, SignalUnit),
}

/// From a span to the control plane.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "allocation costs more than room in a ring"
)]
pub enum Up {
    /// From the bridges.
    Media(Event),
    /// From a link.
    SignalUnit(LinkId, SignalUnit),
    /// What a link's line saw besides signal units.
    Line(LinkId, LineEvent),
    /// From the line.
    Span(SpanId, SpanEvent),
    /// A copy of an RTP packet for the capture.
    Packet {
        /// When.
        at: Instant,
        /// Towards the peer or from it.
        sent: bool,
        /// Our port.
        port: RtpPort,
        /// The span, which says which pool the port is of.
        span: SpanId,
        /// The peer.
        peer: SocketAddr,
        /// The packet.
        octets: Vec<u8>,
    },
}

impl Up {
    /// What the interworking unit hears of it.
    #[must_use]
    pub fn into_input(self) -> Option<Input> {
        match self {
            Self::Media(event) => media(event).map(Input::Media),
            Self::SignalUnit(link, unit) => Some(Input::SignalUnit(
                link,
                Bytes::copy_from_slice(unit.octets()),
            )),
            Self::Line(link, event) => Some(Input::Line(link, event)),
            Self::Span(span, event) => Some(Input::Span(span, event)),
            Self::Packet { .. } => None,
        }
    }
}

/// What the unit hears of a bridge's event; boxes that only come back to be freed are dropped.
fn media(event: Event) -> Option<MediaEvent> {
    match event {
        Event::Digit {
            bridge,
            from,
            digit,
            duration,
        } => Some(MediaEvent::Digit {
            bridge,
            from,
            digit,
            duration,
        }),
        Event::FirstPacket { bridge, .. } => Some(MediaEvent::FirstPacket { bridge }),
        Event::RtpTimeout { bridge } => Some(MediaEvent::RtpTimeout { bridge }),
        Event::Closed { bridge, statistics } => Some(MediaEvent::Closed { bridge, statistics }),
        Event::Refused { bridge, refusal } => Some(MediaEvent::Refused {
            bridge,
            why: refusal.to_string(),
        }),
        Event::Opened { .. } | Event::ToneEnded { .. } | Event::Spent(_) => None,
    }
}

/// A link's HDLC, and what is to be told of its line.
struct Link {
    id: LinkId,
    hdlc: SignallingTimeslot,
    good: u32,
    ticks: u8,
}

/// A span and everything on it.
pub struct SpanWorker<R: RtpIo> {
    span: Box<dyn SpanIo>,
    shard: Shard,
    rtp: R,
    links: Vec<Link>,
    rx: SpanTick,
    tx: SpanTick,
    /// Events of the tick in hand: kept for its room.
    events: Vec<Event>,
    capture: bool,
}

impl<R: RtpIo> std::fmt::Debug for SpanWorker<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpanWorker")
            .field("span", &self.span.id())
            .finish_non_exhaustive()
    }
}

impl<R: RtpIo> SpanWorker<R> {
    /// A span with its links; `ports` is the size of the RTP pool behind `rtp`, `capture` whether
    /// RTP packets are copied upwards.
    #[must_use]
    pub fn new(
        span: Box<dyn SpanIo>,
        links: &[(LinkId, Timeslot)],
        rtp: R,
        ports: u16,
        capture: bool,
    ) -> Self {
        let shard = Shard::new(ShardConfig {
            spans: vec![span.id()],
            ports,
        });
        let links = links
            .iter()
            .map(|(id, timeslot)| Link {
                id: *id,
                hdlc: SignallingTimeslot::new(*timeslot),
                good: 0,
                ticks: 0,
            })
            .collect();
        let idle = SpanTick::idle(Law::ALaw);
        Self {
            span,
            shard,
            rtp,
            links,
            rx: idle.clone(),
            tx: idle,
            events: Vec::new(),
            capture,
        }
    }

    /// Takes something from the control plane.
    pub fn down(&mut self, down: Down, up: &mut dyn FnMut(Up)) {
        match down {
            Down::Media(command) => self
                .shard
                .command(command, &mut |event| up(Up::Media(event))),
            Down::SignalUnit(id, unit) => {
                if let Some(link) = self.links.iter_mut().find(|link| link.id == id)
                    && let Err(error) = link.hdlc.queue(unit.octets())
                {
                    tracing::error!(link = id.0, %error, "signal unit refused by the line");
                }
            }
        }
    }

    /// Moves the line by one tick: blocks until the line says that it is due. Returns how many
    /// ticks late it was.
    ///
    /// # Errors
    /// When the line is gone for good.
    pub fn exchange(&mut self) -> io::Result<u32> {
        self.span.exchange(&self.tx, &mut self.rx)
    }

    /// Works on what the last exchange brought, and prepares what the next one takes.
    pub fn work(&mut self, now: Instant, up: &mut dyn FnMut(Up)) {
        let id = self.span.id();
        while let Some(event) = self.span.poll_event() {
            up(Up::Span(id, event));
        }
        for link in &mut self.links {
            link.receive(&self.rx, up);
        }
        let mut rtp = Tap {
            inner: &mut self.rtp,
            capture: self.capture,
            at: now,
            span: id,
            up,
        };
        // The shard speaks of events while RTP is tapped: both go up, in the order of the tick.
        let events = &mut self.events;
        self.shard
            .tick(now, id, &self.rx, &mut self.tx, &mut rtp, &mut |event| {
                events.push(event);
            });
        for event in self.events.drain(..) {
            up(Up::Media(event));
        }
        for link in &mut self.links {
            link.hdlc.transmit(&mut self.tx);
        }
    }

    /// What the line counted.
    #[must_use]
    pub fn counters(&self) -> SpanCounters {
        self.span.counters()
    }

    /// The RTP side, for tests that play the network.
    pub fn rtp(&mut self) -> &mut R {
        &mut self.rtp
    }
}

impl Link {
    fn receive(&mut self, rx: &SpanTick, up: &mut dyn FnMut(Up)) {
        let (id, good) = (self.id, &mut self.good);
        let tell_good = |good: &mut u32, up: &mut dyn FnMut(Up)| {
            if *good > 0 {
                up(Up::Line(id, LineEvent::Good(std::mem::take(good))));
            }
        };
        self.hdlc.receive(rx, &mut |received| match received {
            Received::SignalUnit(octets) => {
                if let Some(unit) = SignalUnit::new(octets) {
                    up(Up::SignalUnit(id, unit));
                }
            }
            Received::Repeated => *good += 1,
            // Good ones that came before an error count before it.
            Received::Errored => {
                tell_good(good, up);
                up(Up::Line(id, LineEvent::Errored(1)));
            }
            Received::OctetCounting => {
                tell_good(good, up);
                up(Up::Line(id, LineEvent::OctetCounting(1)));
            }
        });
        self.ticks += 1;
        if self.ticks >= TELL_AFTER {
            self.ticks = 0;
            tell_good(good, up);
        }
    }
}

/// RTP that is copied for the capture on its way.
struct Tap<'a, R: RtpIo> {
    inner: &'a mut R,
    capture: bool,
    at: Instant,
    span: SpanId,
    up: &'a mut dyn FnMut(Up),
}

impl<R: RtpIo> Tap<'_, R> {
    fn copy(&mut self, sent: bool, port: RtpPort, peer: SocketAddr, octets: &[u8]) {
        let (at, span) = (self.at, self.span);
        (self.up)(Up::Packet {
            at,
            sent,
            port,
            span,
            peer,
            octets: octets.to_vec(),
        });
    }
}

impl<R: RtpIo> RtpIo for Tap<'_, R> {
    fn receive(&mut self, sink: &mut dyn FnMut(RtpPort, SocketAddr, &[u8])) {
        let (at, span, capture, up) = (self.at, self.span, self.capture, &mut *self.up);
        self.inner.receive(&mut |port, peer, octets| {
            if capture {
                up(Up::Packet {
                    at,
                    sent: false,
                    port,
                    span,
                    peer,
                    octets: octets.to_vec(),
                });
            }
            sink(port, peer, octets);
        });
    }

    fn send(&mut self, port: RtpPort, to: SocketAddr, packet: &[u8]) {
        if self.capture {
            self.copy(true, port, to, packet);
        }
        self.inner.send(port, to, packet);
    }

    fn flush(&mut self) {
        self.inner.flush();
    }

    fn open(&mut self, port: RtpPort) {
        self.inner.open(port);
    }
}

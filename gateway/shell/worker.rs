//! Some spans, moved together one tick at a time: their lines, the signalling links on them and
//! the bridges of their timeslots. The same worker runs on a thread of its own in real time and
//! by hand in virtual time.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use media_bridge::{
    BridgeId, Codec, Command, Datagram, Event, Flow, Pace, RtpIo, RtpPort, Shard, ShardConfig, Sink,
};
use mtp::LinkId;
use tdm::{
    Alarm, Content, Due, Law, SpanCounters, SpanEvent, SpanId, SpanIo, SpanTick, TIMESLOTS,
    Timeslot,
};

use super::link::Link;
use super::word::{Down, Up};

/// Ticks after which a line's counters are told: a second.
const TELL_COUNTERS: u8 = 100;

/// The signalling links of a span and their timeslots.
pub type Links = Vec<(LinkId, Timeslot)>;

/// A span and what is on it.
struct Line {
    span: Box<dyn SpanIo>,
    links: Vec<Link>,
    rx: SpanTick,
    tx: SpanTick,
    /// Its device has failed: the other lines go on without it.
    gone: bool,
    /// Ticks since its counters were told.
    untold: u8,
    /// What was told of its device.
    trouble: Option<String>,
}

/// Some spans and everything on them.
pub struct Worker<R: RtpIo> {
    lines: Vec<Line>,
    shard: Shard,
    contents: Contents,
    rtp: R,
    capture: bool,
}

impl<R: RtpIo> std::fmt::Debug for Worker<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let spans = self.lines.iter().map(|line| line.span.id());
        f.debug_list().entries(spans).finish()
    }
}

impl<R: RtpIo> Worker<R> {
    /// Spans, each with the links on its timeslots. The first whose device works is the clock of
    /// all. `ports` is how many RTP ports there are in the whole gateway, `capture` whether RTP
    /// packets are copied upwards.
    #[must_use]
    pub fn new(spans: Vec<(Box<dyn SpanIo>, Links)>, rtp: R, ports: u16, capture: bool) -> Self {
        let shard = Shard::new(ShardConfig {
            spans: spans.iter().map(|(span, _)| span.id()).collect(),
            ports,
        });
        // A bridge has a timeslot: there are never more.
        let circuits = spans.len() * TIMESLOTS;
        let idle = SpanTick::idle(Law::ALaw);
        let lines = spans
            .into_iter()
            .map(|(span, links)| Line {
                span,
                links: links
                    .into_iter()
                    .map(|(id, timeslot)| Link::new(id, timeslot))
                    .collect(),
                rx: idle.clone(),
                tx: idle.clone(),
                gone: false,
                untold: 0,
                trouble: None,
            })
            .collect();
        Self {
            lines,
            shard,
            contents: Contents {
                open: Vec::with_capacity(circuits),
                turned: false,
            },
            rtp,
            capture,
        }
    }

    /// Takes something from the control plane.
    pub fn down(&mut self, down: Down, up: &mut dyn FnMut(Up)) {
        match down {
            Down::Media(command) => {
                self.contents.follow(&command, &mut self.lines);
                self.shard
                    .command(command, &mut |event| up(Up::Media(event)));
            }
            Down::SignalUnit(id, unit) => {
                for line in &mut self.lines {
                    if let Some(link) = line.links.iter_mut().find(|link| link.id == id) {
                        link.queue(&mut *line.span, &unit);
                    }
                }
            }
        }
    }

    /// Blocks until the line that is the clock says that a tick is due. Returns how late it was.
    ///
    /// # Errors
    /// When no line is left whose device works. One that fails is told upwards as loss of signal.
    pub fn wait(&mut self, up: &mut dyn FnMut(Up)) -> io::Result<Due> {
        loop {
            let Some(clock) = self.lines.iter_mut().find(|line| !line.gone) else {
                return Err(io::Error::other("no line is left"));
            };
            match clock.span.wait() {
                Ok(due) => return Ok(due),
                Err(error) => clock.lose(&error, up),
            }
        }
    }

    /// One tick of every line: what goes to it, the exchange, and what came of it.
    pub fn work(&mut self, now: Instant, due: Due, up: &mut dyn FnMut(Up)) {
        self.transmit(now, up);
        self.carry(due, up);
        self.receive(now, up);
    }

    /// Makes what the lines take in this tick, of the packets and signal units that are there.
    pub fn transmit(&mut self, now: Instant, up: &mut dyn FnMut(Up)) {
        // The shard speaks of events while RTP is tapped: never both at once.
        let up = RefCell::new(up);
        let mut rtp = tap(&mut self.rtp, self.capture, now, &up);
        for line in &mut self.lines {
            let id = line.span.id();
            let mut events = |event| (up.borrow_mut())(Up::Media(event));
            self.shard
                .transmit(now, id, &mut line.tx, &mut rtp, &mut events);
            for link in &mut line.links {
                if let Err(error) = link.transmit(&mut *line.span, &mut line.tx) {
                    tracing::warn!(link = link.id.0, %error, "the link's channel");
                }
            }
        }
    }

    /// Gives each line what it sends, and takes what it received. Never waits.
    pub fn carry(&mut self, due: Due, up: &mut dyn FnMut(Up)) {
        for line in self.lines.iter_mut().filter(|line| !line.gone) {
            if let Err(error) = line.span.carry(due, &line.tx, &mut line.rx) {
                line.lose(&error, up);
            }
        }
    }

    /// Works on what the lines brought.
    pub fn receive(&mut self, now: Instant, up: &mut dyn FnMut(Up)) {
        for line in &mut self.lines {
            let id = line.span.id();
            while let Some(event) = line.span.poll_event() {
                up(Up::Span(id, event));
            }
            line.untold += 1;
            if line.untold == TELL_COUNTERS {
                line.untold = 0;
                line.report(up);
            }
            for link in &mut line.links {
                if let Err(error) = link.receive(&mut *line.span, &line.rx, up) {
                    tracing::warn!(link = link.id.0, %error, "the link's channel");
                }
            }
        }
        let up = RefCell::new(up);
        let mut rtp = tap(&mut self.rtp, self.capture, now, &up);
        for line in &mut self.lines {
            let id = line.span.id();
            let contents = &mut self.contents;
            let mut events = |event| {
                contents.hear(&event);
                (up.borrow_mut())(Up::Media(event));
            };
            let ticks = (&line.rx, &line.tx);
            self.shard.receive(now, id, ticks, &mut rtp, &mut events);
            self.contents.settle(&mut *line.span);
        }
    }

    /// What each line counted.
    pub fn counters(&self) -> impl Iterator<Item = (SpanId, SpanCounters)> + '_ {
        self.lines
            .iter()
            .map(|line| (line.span.id(), line.span.counters()))
    }

    /// What the bridges of all its spans counted together.
    #[must_use]
    pub fn shard_statistics(&self) -> media_bridge::ShardStatistics {
        self.shard.statistics()
    }

    /// The RTP side, for tests that play the network.
    pub fn rtp(&mut self) -> &mut R {
        &mut self.rtp
    }
}

impl Line {
    /// Tells what it has counted, and what is new of its device.
    fn report(&mut self, up: &mut dyn FnMut(Up)) {
        let id = self.span.id();
        let (counters, device) = (self.span.counters(), self.span.device_counters());
        up(Up::Counters(id, counters, device));
        if self.trouble.as_deref() != self.span.trouble() {
            self.trouble = self.span.trouble().map(str::to_owned);
            up(Up::Trouble(id, self.trouble.clone()));
        }
    }

    /// The device is gone for good.
    fn lose(&mut self, error: &io::Error, up: &mut dyn FnMut(Up)) {
        let span = self.span.id();
        tracing::error!(%span, %error, "the line's device is gone");
        self.gone = true;
        self.rx.fill(0xff);
        up(Up::Trouble(span, Some(error.to_string())));
        up(Up::Span(
            span,
            SpanEvent::Alarm {
                alarm: Alarm::Los,
                on: true,
            },
        ));
    }
}

/// What the timeslots of open bridges carry, for devices that work on speech: learnt from the
/// commands on their way to the shard.
#[derive(Default)]
struct Contents {
    open: Vec<Carried>,
    /// Calls have turned to data in this tick.
    turned: bool,
}

/// The timeslot of an open bridge.
struct Carried {
    bridge: BridgeId,
    span: SpanId,
    timeslot: Timeslot,
    /// A modem has answered: the device hears of it after the tick.
    turned: bool,
}

impl Contents {
    fn follow(&mut self, command: &Command, lines: &mut [Line]) {
        match command {
            Command::Open(open) => {
                self.open.push(Carried {
                    bridge: open.bridge,
                    span: open.span,
                    timeslot: open.timeslot,
                    turned: false,
                });
                self.set(open.bridge, Content::Speech, lines);
            }
            Command::Rtp { bridge, rtp } if rtp.payload == Codec::Clearmode => {
                self.set(*bridge, Content::Data, lines);
            }
            Command::Close { bridge } => {
                self.set(*bridge, Content::Idle, lines);
                self.open.retain(|open| open.bridge != *bridge);
            }
            _ => {}
        }
    }

    /// What a bridge tells of modems: one that answers makes the call one of data to its end.
    fn hear(&mut self, event: &Event) {
        if let Event::Modem { bridge, signal, .. } = event
            && signal.means_data()
            && let Some(open) = self.open.iter_mut().find(|open| open.bridge == *bridge)
        {
            (open.turned, self.turned) = (true, true);
        }
    }

    /// The device of this line leaves the octets of calls alone that have turned to data.
    fn settle(&mut self, span: &mut dyn SpanIo) {
        if !std::mem::take(&mut self.turned) {
            return;
        }
        for open in self.open.iter_mut().filter(|open| open.turned) {
            open.turned = false;
            tell(span, open.timeslot, Content::Data);
        }
    }

    fn set(&self, bridge: BridgeId, content: Content, lines: &mut [Line]) {
        let Some(open) = self.open.iter().find(|open| open.bridge == bridge) else {
            return;
        };
        let mut lines = lines.iter_mut().filter(|line| line.span.id() == open.span);
        if let Some(line) = lines.next() {
            tell(&mut *line.span, open.timeslot, content);
        }
    }
}

fn tell(span: &mut dyn SpanIo, timeslot: Timeslot, content: Content) {
    if let Err(error) = span.set_content(timeslot, content) {
        // The call goes on without echo canceller and gain.
        let span = span.id();
        tracing::warn!(%span, %timeslot, ?content, %error, "refused by the line's device");
    }
}

fn tap<'a, 'b, R: RtpIo>(
    inner: &'a mut R,
    capture: bool,
    at: Instant,
    up: &'a RefCell<&'b mut dyn FnMut(Up)>,
) -> Tap<'a, 'b, R> {
    let copying = Copying { capture, at, up };
    Tap { inner, copying }
}

/// RTP that is copied for the capture on its way.
struct Tap<'a, 'b, R: RtpIo> {
    inner: &'a mut R,
    copying: Copying<'a, 'b>,
}

/// Where copies go, when any are made.
#[derive(Clone, Copy)]
struct Copying<'a, 'b> {
    capture: bool,
    at: Instant,
    up: &'a RefCell<&'b mut dyn FnMut(Up)>,
}

impl Copying<'_, '_> {
    fn copy(self, sent: bool, port: RtpPort, flow: Flow, peer: SocketAddr, octets: &[u8]) {
        if self.capture {
            (self.up.borrow_mut())(Up::Packet {
                at: self.at,
                sent,
                port,
                flow,
                peer,
                octets: octets.to_vec(),
            });
        }
    }

    fn pass(self, datagram: Datagram<'_>, sink: &mut Sink<'_>) -> Pace {
        let Datagram {
            port, flow, source, ..
        } = datagram;
        self.copy(false, port, flow, source, datagram.octets);
        sink(datagram)
    }
}

impl<'a, 'b, R: RtpIo> Tap<'a, 'b, R> {
    fn parts(&mut self) -> (Copying<'a, 'b>, &mut R) {
        (self.copying, self.inner)
    }
}

impl<R: RtpIo> RtpIo for Tap<'_, '_, R> {
    fn receive(&mut self, sink: &mut Sink<'_>) {
        let (tap, inner) = self.parts();
        inner.receive(&mut |datagram| tap.pass(datagram, sink));
    }

    fn look(&mut self, port: RtpPort, sink: &mut Sink<'_>) {
        let (tap, inner) = self.parts();
        inner.look(port, &mut |datagram| tap.pass(datagram, sink));
    }

    fn send(&mut self, port: RtpPort, flow: Flow, to: SocketAddr, packet: &[u8]) {
        self.copying.copy(true, port, flow, to, packet);
        self.inner.send(port, flow, to, packet);
    }

    fn open(&mut self, port: RtpPort) {
        self.inner.open(port);
    }

    fn lock(&mut self, port: RtpPort, peer: SocketAddr) {
        self.inner.lock(port, peer);
    }

    fn close(&mut self, port: RtpPort) {
        self.inner.close(port);
    }
}

#[cfg(test)]
mod tests;

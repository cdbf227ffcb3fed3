//! The stage in virtual time: the whole gateway, the far exchange and a SIP user with a seeded
//! network between them, moved by hand. Minutes take milliseconds, nothing sleeps, and the same
//! seed gives the same run.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use emulator::End;
use lab::exchange::{Exchange, ExchangeConfig};
use lab::network::{Network, NetworkConfig};
use lab::phone::{Output as PhoneOutput, Phone};
use lab::rtp_peer::RtpPeerConfig;
use lab::sip_peer::SipPeerConfig;
use media_bridge::QueueRtp;
use tdm::{Law, SpanId, SpanIo, SpanTick};

use super::settings::{self, Places, numbers};
use super::stage::{Seen, Stage};
use crate::iwu::{Birth, Input, Iwu, Output, PortPlan};
use crate::recorder::{Recorder, Source};
use crate::shell::without_line::WithoutLine;
use crate::shell::word::{Down, SignalUnit, Up};
use crate::shell::worker::Worker;
use crate::sip::Flow;

/// Time between two looks at the network and the timers.
const STEP: Duration = Duration::from_millis(1);
/// Steps in a tick of the line.
const STEPS: u32 = 10;

/// The world.
#[derive(Debug)]
pub struct World {
    now: Instant,
    iwu: Iwu,
    worker: Worker<QueueRtp>,
    plan: PortPlan,
    rtp: IpAddr,
    sip: SocketAddr,
    exchange: Exchange,
    line: End,
    ticks: [SpanTick; 2],
    phone: Phone,
    user: (SocketAddr, SocketAddr),
    network: Network,
    up: VecDeque<Up>,
    seen: Seen,
    recorder: Recorder<Vec<u8>>,
}

impl World {
    /// A world that has just started. `base` is any instant.
    ///
    /// # Errors
    /// When the demo's own configurations do not fit: a test finds that.
    pub fn new(base: Instant, network: NetworkConfig) -> anyhow::Result<Self> {
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let places = Places {
            sip: address(5060),
            user: address(5070),
            rtp: (16384, 16511),
            records: None,
            capture: None,
        };
        let source = settings::gateway(&places);
        let config = settings::gateway_config(&source)?;
        Self::with(
            base,
            network,
            &source,
            config,
            &settings::lab_config()?,
            &places,
        )
    }

    /// A world of configurations that differ from the demo's in something.
    ///
    /// # Errors
    /// When they do not fit.
    pub(super) fn with(
        base: Instant,
        network: NetworkConfig,
        source: &Source,
        config: crate::config::Config,
        lab: &lab::config::Config,
        places: &Places,
    ) -> anyhow::Result<Self> {
        let rtp = config.rtp.address;
        let birth = Birth {
            now: base,
            wall: jiff::Timestamp::UNIX_EPOCH,
            seed: config.gateway.seed.unwrap_or_default().into(),
        };
        let iwu = Iwu::new(Arc::new(config), birth)?;
        let (near, far) = emulator::pair(SpanId(0), SpanId(0));
        let plan = *iwu
            .port_plans()
            .first()
            .ok_or_else(|| anyhow::anyhow!("no span"))?;
        let links: Vec<_> = iwu
            .links()
            .map(|(id, place)| (id, place.timeslot))
            .collect();
        let mut spans = vec![(Box::new(near) as Box<dyn SpanIo>, links)];
        if let Some(span) = iwu.span_without_line() {
            spans.push((Box::new(WithoutLine(span)), Vec::new()));
        }
        let worker = Worker::new(spans, QueueRtp::new(), plan.count, false);
        let mut exchange = Exchange::new(ExchangeConfig::from_file(lab)?)?;
        let user_rtp = SocketAddr::new(places.user.ip(), places.user.port() + 2);
        let uri = format!("sip:{}@{}", numbers::SIP_USER, places.user);
        let phone = Phone::new(
            SipPeerConfig::new(&uri, places.user, places.sip, user_rtp),
            RtpPeerConfig::default(),
        );
        exchange.start(base);
        let idle = SpanTick::idle(Law::ALaw);
        let mut world = Self {
            now: base,
            iwu,
            worker,
            plan,
            rtp,
            sip: places.sip,
            exchange,
            line: far,
            ticks: [idle.clone(), idle],
            phone,
            user: (places.user, user_rtp),
            network: Network::new(network),
            up: VecDeque::new(),
            seen: Seen::default(),
            recorder: Recorder::new(Vec::new(), source, birth)?,
        };
        world.input(Input::Start)?;
        Ok(world)
    }

    /// The recording of the whole run so far.
    pub fn recording(self) -> Vec<u8> {
        self.recorder.into_inner()
    }

    /// The unit, to look at.
    #[must_use]
    pub fn iwu(&self) -> &Iwu {
        &self.iwu
    }

    /// Gives the gateway an input of whoever runs it.
    ///
    /// # Errors
    /// None in practice: the recording is in memory.
    pub fn input(&mut self, input: Input) -> anyhow::Result<()> {
        self.recorder.input(self.now, &input)?;
        self.iwu.handle_input(self.now, input);
        self.carry_out()
    }

    fn carry_out(&mut self) -> anyhow::Result<()> {
        while let Some(output) = self.iwu.poll_output() {
            self.recorder.output(&output)?;
            match output {
                Output::Sip(flow, octets) => {
                    self.network.send(self.now, flow.local, flow.remote, octets);
                }
                Output::SignalUnit(link, octets) => {
                    if let Some(unit) = SignalUnit::new(&octets) {
                        let up = &mut self.up;
                        self.worker
                            .down(Down::SignalUnit(link, unit), &mut |w| up.push_back(w));
                    }
                }
                Output::Media(_, command) => {
                    let up = &mut self.up;
                    self.worker
                        .down(Down::Media(command), &mut |word| up.push_back(word));
                }
                Output::Record(record) => self.seen.records.push(*record),
                Output::Trace(trace) => self.seen.traces.push(trace),
                Output::Drained | Output::Connect(_) | Output::Resolve(_) | Output::Trunk(_) => {}
            }
        }
        Ok(())
    }

    /// One step of the network and the timers.
    fn step(&mut self) -> anyhow::Result<()> {
        self.now += STEP;
        while let Some(datagram) = self.network.receive(self.now) {
            self.deliver(datagram.from, datagram.to, datagram.octets)?;
        }
        if self.iwu.poll_timeout().is_some_and(|due| due <= self.now) {
            self.input(Input::Timeout)?;
        }
        if self.phone.poll_timeout().is_some_and(|due| due <= self.now) {
            self.phone.tick(self.now);
        }
        self.speak();
        Ok(())
    }

    fn deliver(&mut self, from: SocketAddr, to: SocketAddr, octets: Bytes) -> anyhow::Result<()> {
        if to == self.sip {
            return self.input(Input::Sip(Flow::udp(to, from), octets));
        }
        if to == self.user.0 {
            self.phone.handle_sip(self.now, from, &octets);
        } else if to == self.user.1 {
            self.phone.handle_rtp(self.now, from, &octets);
        } else {
            if let Some((port, flow)) = self.plan.port(to.port()) {
                self.worker.rtp().push_on(port, flow, from, octets.to_vec());
            }
        }
        Ok(())
    }

    /// What the phone has to say goes on the network.
    fn speak(&mut self) {
        while let Some(output) = self.phone.poll_output(self.now) {
            let (from, to, octets) = match output {
                PhoneOutput::Sip(to, octets) => (self.user.0, to, octets),
                PhoneOutput::Rtp(to, octets) => (self.user.1, to, octets),
            };
            self.network.send(self.now, from, to, octets);
        }
    }

    /// One tick of the line and of both ends' media.
    fn tick(&mut self) -> anyhow::Result<()> {
        let [tx, rx] = &mut self.ticks;
        self.line.exchange(tx, rx)?;
        while let Some(event) = self.line.poll_event() {
            self.exchange.handle_span_event(self.now, SpanId(0), event);
        }
        self.exchange.tick(self.now, SpanId(0), rx, tx);
        self.seen.exchange.extend(self.exchange.take_events());
        let up = &mut self.up;
        let mut hear = |word| up.push_back(word);
        let due = self.worker.wait(&mut hear)?;
        self.worker.work(self.now, due, &mut hear);
        while let Some(queued) = self.worker.rtp().pop() {
            let from = SocketAddr::new(self.rtp, self.plan.udp_of(queued.port, queued.flow));
            self.network
                .send(self.now, from, queued.peer, queued.packet.into());
        }
        while let Some(word) = self.up.pop_front() {
            if let Some(input) = word.into_input() {
                self.input(input)?;
            }
        }
        Ok(())
    }
}

impl Stage for World {
    fn now(&self) -> Instant {
        self.now
    }

    fn turn(&mut self) -> anyhow::Result<()> {
        for _ in 0..STEPS {
            self.step()?;
        }
        self.tick()
    }

    fn user(&mut self) -> &mut Phone {
        &mut self.phone
    }

    fn exchange<R>(&mut self, with: impl FnOnce(Instant, &mut Exchange) -> R) -> R {
        with(self.now, &mut self.exchange)
    }

    fn gateway<R: Send + 'static>(
        &mut self,
        question: impl FnOnce(&Iwu) -> R + Send + 'static,
    ) -> anyhow::Result<R> {
        Ok(question(&self.iwu))
    }

    fn seen(&mut self) -> &Seen {
        &self.seen
    }
}

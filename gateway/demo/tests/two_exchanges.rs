//! Two whole gateways that call each other by SIP, an exchange at the line of each.
//!
//! ```text
//! exchange -- E1 -- gateway -- network -- gateway -- E1 -- exchange
//! ```

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use emulator::End;
use isup::{CircuitId, TransmissionMediumRequirement};
use lab::exchange::{Exchange, ExchangeConfig, Phase};
use lab::network::{Datagram, Network, NetworkConfig};
use media_bridge::QueueRtp;
use tdm::{Law, SpanId, SpanIo, SpanTick};

use crate::cdr::CallRecord;
use crate::config::Environment;
use crate::demo::settings::{self, Places, numbers};
use crate::iwu::{Birth, Input, Iwu, Output, PortPlan};
use crate::ladder::Trace;
use crate::recorder::Source;
use crate::shell::word::{Down, SignalUnit, Up};
use crate::shell::worker::Worker;
use crate::sip::Flow;

/// Time between two looks at the network and the timers.
const STEP: Duration = Duration::from_millis(2);
/// Steps in a tick of the line.
const STEPS: u32 = 5;

/// A gateway, and the exchange at its line.
pub(super) struct Side {
    pub(super) iwu: Iwu,
    worker: Worker<QueueRtp>,
    plan: PortPlan,
    host: IpAddr,
    pub(super) exchange: Exchange,
    line: End,
    ticks: [SpanTick; 2],
    up: VecDeque<Up>,
    pub(super) records: Vec<CallRecord>,
    pub(super) traces: Vec<Trace>,
}

/// Both, and the network between them.
pub(super) struct TwoExchanges {
    pub(super) now: Instant,
    pub(super) sides: [Side; 2],
    pub(super) network: Network,
}

/// The demo's gateway at `host`, whose SIP user is the gateway at `other`. `edit` changes its text.
fn source(host: IpAddr, other: IpAddr, edit: &dyn Fn(String) -> String) -> Source {
    let places = Places {
        sip: SocketAddr::new(host, 5060),
        user: SocketAddr::new(other, 5060),
        rtp: (16384, 16511),
        records: None,
        capture: None,
    };
    let text = settings::gateway(&places)
        .text
        .replace("address = \"127.0.0.1\"", &format!("address = \"{host}\""))
        .replace("prefix = \"+493055501\"", "prefix = \"+4930555\"")
        .replace("[\"pcma\"]", "[\"pcma\", \"clearmode\"]");
    Source {
        text: edit(text),
        environment: Environment::new(),
        ..Source::default()
    }
}

impl Side {
    fn new(
        base: Instant,
        seed: u64,
        source: &Source,
        host: IpAddr,
        lab: &lab::config::Config,
    ) -> Self {
        let config = settings::gateway_config(source).unwrap();
        let birth = Birth {
            now: base,
            wall: jiff::Timestamp::UNIX_EPOCH,
            seed: seed.into(),
        };
        let iwu = Iwu::new(Arc::new(config), birth).unwrap();
        let plan = iwu.port_plans()[0];
        let links: Vec<_> = iwu
            .links()
            .map(|(id, place)| (id, place.timeslot))
            .collect();
        let (near, line) = emulator::pair(SpanId(0), SpanId(0));
        let idle = SpanTick::idle(Law::ALaw);
        let mut exchange = Exchange::new(ExchangeConfig::from_file(lab).unwrap()).unwrap();
        exchange.start(base);
        Self {
            worker: Worker::new(
                vec![(Box::new(near), links)],
                QueueRtp::new(),
                plan.count,
                false,
            ),
            iwu,
            plan,
            host,
            exchange,
            line,
            ticks: [idle.clone(), idle],
            up: VecDeque::new(),
            records: Vec::new(),
            traces: Vec::new(),
        }
    }

    fn input(&mut self, now: Instant, network: &mut Network, input: Input) {
        self.iwu.handle_input(now, input);
        while let Some(output) = self.iwu.poll_output() {
            let up = &mut self.up;
            match output {
                Output::Sip(flow, octets) => network.send(now, flow.local, flow.remote, octets),
                Output::SignalUnit(link, octets) => {
                    let unit = SignalUnit::new(&octets).unwrap();
                    let down = Down::SignalUnit(link, unit);
                    self.worker.down(down, &mut |word| up.push_back(word));
                }
                Output::Media(_, command) => self
                    .worker
                    .down(Down::Media(command), &mut |word| up.push_back(word)),
                Output::Record(record) => self.records.push(*record),
                Output::Trace(trace) => self.traces.push(trace),
                Output::Drained | Output::Connect(_) | Output::Resolve(_) | Output::Trunk(_) => {}
            }
        }
    }

    fn deliver(&mut self, now: Instant, network: &mut Network, datagram: Datagram) {
        let Datagram { from, to, octets } = datagram;
        if to.port() == 5060 {
            self.input(now, network, Input::Sip(Flow::udp(to, from), octets));
        } else if let Some((port, flow)) = self.plan.port(to.port()) {
            self.worker.rtp().push_on(port, flow, from, octets.to_vec());
        }
    }

    /// One tick of the line, of the exchange and of the gateway's media.
    fn tick(&mut self, now: Instant, network: &mut Network) {
        let [tx, rx] = &mut self.ticks;
        self.line.exchange(tx, rx).unwrap();
        while let Some(event) = self.line.poll_event() {
            self.exchange.handle_span_event(now, SpanId(0), event);
        }
        self.exchange.tick(now, SpanId(0), rx, tx);
        let up = &mut self.up;
        self.worker
            .exchange(&mut |word| up.push_back(word))
            .unwrap();
        self.worker.work(now, &mut |word| up.push_back(word));
        while let Some(queued) = self.worker.rtp().pop() {
            let from = SocketAddr::new(self.host, self.plan.udp_of(queued.port, queued.flow));
            network.send(now, from, queued.peer, queued.packet.into());
        }
        while let Some(word) = self.up.pop_front() {
            if let Some(input) = word.into_input() {
                self.input(now, network, input);
            }
        }
    }

    /// The circuit of the exchange's only call, once it talks.
    pub(super) fn talks(&self) -> Option<CircuitId> {
        let mut calls = self.exchange.calls();
        let (circuit, _, phase, ..) = calls.next()?;
        (phase == Phase::Answered).then_some(circuit)
    }
}

impl TwoExchanges {
    /// Two gateways whose circuits are in service. `edit` changes the text of both configurations.
    pub(super) fn new(
        base: Instant,
        network: NetworkConfig,
        lab: &lab::config::Config,
        edit: &dyn Fn(String) -> String,
    ) -> Self {
        let hosts = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2])];
        let sides = [0, 1].map(|n| {
            let (host, other) = (hosts[n], hosts[1 - n]);
            Side::new(base, 1 + n as u64, &source(host, other, edit), host, lab)
        });
        let mut pair = Self {
            now: base,
            sides,
            network: Network::new(network),
        };
        for side in &mut pair.sides {
            side.input(base, &mut pair.network, Input::Start);
        }
        let ready = |pair: &Self| pair.sides.iter().all(|side| side.exchange.all_idle());
        assert!(pair.until(Duration::from_secs(60), ready));
        pair
    }

    /// Lets 10 ms pass.
    pub(super) fn turn(&mut self) {
        for _ in 0..STEPS {
            self.now += STEP;
            while let Some(datagram) = self.network.receive(self.now) {
                let host = datagram.to.ip();
                if let Some(side) = self.sides.iter_mut().find(|side| side.host == host) {
                    side.deliver(self.now, &mut self.network, datagram);
                }
            }
            for side in &mut self.sides {
                if side.iwu.poll_timeout().is_some_and(|due| due <= self.now) {
                    side.input(self.now, &mut self.network, Input::Timeout);
                }
            }
        }
        for side in &mut self.sides {
            side.tick(self.now, &mut self.network);
        }
    }

    /// Lets time pass until something is so; false when the limit came first.
    pub(super) fn until(&mut self, limit: Duration, so: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + limit;
        while !so(self) {
            if self.now >= end {
                return false;
            }
            self.turn();
        }
        true
    }

    /// Whether both exchanges have a call that talks.
    pub(super) fn talks(&self) -> bool {
        self.sides.iter().all(|side| side.talks().is_some())
    }

    /// A call over the clear channel from the first exchange to the echo at the second; its circuit
    /// at the first.
    pub(super) fn talk(&mut self) -> CircuitId {
        let (now, exchange) = (self.now, &mut self.sides[0].exchange);
        let circuit = exchange
            .place_call_over(
                now,
                numbers::CALLER,
                numbers::ECHO,
                TransmissionMediumRequirement::Unrestricted64,
            )
            .unwrap();
        let traces = |pair: &Self| format!("{:#?}", pair.sides[0].traces);
        assert!(
            self.until(Duration::from_secs(30), Self::talks),
            "{}",
            traces(self)
        );
        circuit
    }

    /// Lets so much time pass.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.turn();
        }
    }
}

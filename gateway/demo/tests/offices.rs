//! Two whole gateways that call each other by SIP with ISUP in it, an exchange at the line of each.
//!
//! ```text
//! exchange -- E1 -- gateway -- network -- gateway -- E1 -- exchange
//! ```

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use emulator::{Cable, End};
use lab::exchange::{Exchange, ExchangeConfig};
use lab::network::{Datagram, Network, NetworkConfig};
use media_bridge::QueueRtp;
use tdm::{Law, SpanId, SpanIo, SpanTick};

use crate::cdr::CallRecord;
use crate::config::{self, Environment};
use crate::demo::settings::{self, Places};
use crate::iwu::{Birth, Input, Iwu, Output, PortPlan};
use crate::ladder::{Columns, Trace, draw};
use crate::shell::word::{Down, SignalUnit, Up};
use crate::shell::worker::Worker;
use crate::sip::Flow;

/// Time between two looks at the network and the timers.
const STEP: Duration = Duration::from_millis(2);
/// Steps in a tick of the lines.
const STEPS: u32 = 5;

/// A gateway and the exchange at its line.
pub(super) struct Office {
    pub(super) exchange: Exchange,
    pub(super) records: Vec<CallRecord>,
    traces: Vec<Trace>,
    iwu: Iwu,
    worker: Worker<QueueRtp>,
    /// The RTP ports of each span.
    plans: Vec<PortPlan>,
    sip: SocketAddr,
    /// The exchange's end of each line, and what it sends and hears on it.
    lines: Vec<(End, [SpanTick; 2])>,
    up: VecDeque<Up>,
}

/// Both, and the network between them.
pub(super) struct Offices {
    pub(super) now: Instant,
    pub(super) offices: [Office; 2],
    pub(super) network: Network,
}

/// What an exchange is but for its subscribers.
const EXCHANGE: &str = r#"
[[span]]
name = "e1"
driver = "emulator"
path = "in-process"
role = "connect"

[[linkset]]
name = "to-gateway"
point_code = "2-10-5"
adjacent = "2-10-1"
link = [{ span = "e1", timeslot = 16, slc = 0 }]

[[circuits]]
linkset = "to-gateway"
span = "e1"
timeslots = "1-15,17-31"
"#;

impl Office {
    /// A gateway at the first address, whose trunk is at the second and whose text is changed, with an
    /// exchange of this file.
    pub(super) fn with(
        base: Instant,
        [address, other]: [&str; 2],
        exchange: &str,
        edit: &dyn Fn(String) -> String,
    ) -> Self {
        let host: Ipv4Addr = address.parse().unwrap();
        let places = Places {
            sip: SocketAddr::from((host, 5060)),
            user: SocketAddr::new(other.parse::<IpAddr>().unwrap(), 5060),
            rtp: (16384, 16511),
            records: None,
            capture: None,
        };
        let mut source = settings::gateway(&places);
        let host_of_rtp = format!("address = \"{host}\"");
        source.text = edit(source.text.replace("address = \"127.0.0.1\"", &host_of_rtp));
        let config = settings::gateway_config(&source).unwrap();
        let birth = Birth {
            now: base,
            wall: jiff::Timestamp::UNIX_EPOCH,
            seed: u64::from(u32::from_be_bytes(host.octets())).into(),
        };
        let iwu = Iwu::new(Arc::new(config), birth).unwrap();
        let plans = iwu.port_plans();
        let ports = plans.iter().map(|plan| plan.count).sum();
        let lab = config::lab::parse("exchange", exchange, &Environment::new()).unwrap();
        let mut exchange = Exchange::new(ExchangeConfig::from_file(&lab).unwrap()).unwrap();
        exchange.start(base);
        let idle = SpanTick::idle(Law::ALaw);
        let ids = (0..).map(SpanId).take(lab.spans.len());
        let ends = ids.map(|id| {
            let (near, far) = emulator::pair(id, id);
            let on_it = iwu.links().filter(|(_, place)| place.span == id);
            let links: Vec<_> = on_it.map(|(id, place)| (id, place.timeslot)).collect();
            (
                (Box::new(near) as _, links),
                (far, [idle.clone(), idle.clone()]),
            )
        });
        let (spans, lines): (Vec<_>, Vec<_>) = ends.unzip();
        Self {
            worker: Worker::new(spans, QueueRtp::new(), ports, false),
            exchange,
            records: Vec::new(),
            traces: Vec::new(),
            iwu,
            plans,
            sip: places.sip,
            lines,
            up: VecDeque::new(),
        }
    }

    pub(super) fn input(&mut self, now: Instant, network: &mut Network, input: Input) {
        self.iwu.handle_input(now, input);
        while let Some(output) = self.iwu.poll_output() {
            let down = match output {
                Output::Sip(flow, octets) => {
                    network.send(now, flow.local, flow.remote, octets);
                    continue;
                }
                Output::SignalUnit(link, octets) => {
                    Down::SignalUnit(link, SignalUnit::new(&octets).unwrap())
                }
                Output::Media(_, command) => Down::Media(command),
                Output::Record(record) => {
                    self.records.push(*record);
                    continue;
                }
                Output::Trace(trace) => {
                    self.traces.push(trace);
                    continue;
                }
                Output::Drained | Output::Connect(_) | Output::Resolve(_) | Output::Trunk(_) => {
                    continue;
                }
            };
            let up = &mut self.up;
            self.worker.down(down, &mut |word| up.push_back(word));
        }
    }

    fn step(&mut self, now: Instant, network: &mut Network) {
        if self.iwu.poll_timeout().is_some_and(|due| due <= now) {
            self.input(now, network, Input::Timeout);
        }
    }

    fn deliver(&mut self, now: Instant, network: &mut Network, datagram: Datagram) {
        let (from, to) = (datagram.from, datagram.to);
        if to == self.sip {
            let input = Input::Sip(Flow::udp(to, from), datagram.octets);
            self.input(now, network, input);
        } else if let Some((port, flow)) = self.plans.iter().find_map(|plan| plan.port(to.port())) {
            let octets = datagram.octets.to_vec();
            self.worker.rtp().push_on(port, flow, from, octets);
        }
    }

    /// Lets 10 ms pass for an office whose network is its own; returns the time after it.
    pub(super) fn turn(&mut self, mut now: Instant, network: &mut Network) -> Instant {
        for _ in 0..STEPS {
            now += STEP;
            while let Some(datagram) = network.receive(now) {
                self.deliver(now, network, datagram);
            }
            self.step(now, network);
        }
        self.tick(now, network);
        now
    }

    /// One tick of the line, of the exchange and of the gateway's media.
    fn tick(&mut self, now: Instant, network: &mut Network) {
        for (line, [tx, rx]) in &mut self.lines {
            line.exchange(tx, rx).unwrap();
            while let Some(event) = line.poll_event() {
                self.exchange.handle_span_event(now, line.id(), event);
            }
            self.exchange.tick(now, line.id(), rx, tx);
        }
        let up = &mut self.up;
        let mut hear = |word| up.push_back(word);
        let due = self.worker.wait(&mut hear).unwrap();
        self.worker.work(now, due, &mut hear);
        while let Some(queued) = self.worker.rtp().pop() {
            let mut plans = self.plans.iter();
            let plan = plans.find(|plan| plan.holds(queued.port)).unwrap();
            let from = SocketAddr::new(self.sip.ip(), plan.udp_of(queued.port, queued.flow));
            network.send(now, from, queued.peer, queued.packet.into());
        }
        while let Some(word) = self.up.pop_front() {
            if let Some(input) = word.into_input() {
                self.input(now, network, input);
            }
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        let mut circuits = self.iwu.circuits();
        self.exchange.all_idle()
            && self.iwu.calls() == 0
            && circuits.all(|(id, _)| {
                let view = self.iwu.circuit(id);
                view.is_some_and(|view| {
                    view.state == "Idle" && view.status.in_service() && view.reachable
                })
            })
    }

    /// The cable between the gateway and its exchange.
    pub(super) fn cable(&self) -> Cable {
        self.lines[0].0.cable()
    }

    /// Whether the gateway told this of a call.
    pub(super) fn told(&self, text: &str) -> bool {
        let mut texts = self.traces.iter().map(|trace| trace.what.to_string());
        texts.any(|told| told.contains(text))
    }

    /// Everything that the gateway saw, as a ladder.
    pub(super) fn ladder(&self) -> String {
        draw(&self.traces, &Columns::default())
    }
}

impl Offices {
    /// Both in service: exchanges with these subscribers, and this network between the gateways.
    pub(super) fn in_service(
        base: Instant,
        network: NetworkConfig,
        subscribers: [&str; 2],
    ) -> Self {
        Self::edited(base, network, subscribers, &|text| text)
    }

    /// The same with gateways whose text is changed.
    pub(super) fn edited(
        base: Instant,
        network: NetworkConfig,
        subscribers: [&str; 2],
        edit: &dyn Fn(String) -> String,
    ) -> Self {
        let [first, second] = ["127.0.0.1", "127.0.0.2"];
        let mut network = Network::new(network);
        let office = |addresses, subscribers| {
            Office::with(base, addresses, &format!("{EXCHANGE}{subscribers}"), edit)
        };
        let mut offices = [
            office([first, second], subscribers[0]),
            office([second, first], subscribers[1]),
        ];
        for office in &mut offices {
            office.input(base, &mut network, Input::Start);
        }
        let mut offices = Self {
            now: base,
            offices,
            network,
        };
        assert!(offices.until(Duration::from_secs(40), Self::is_idle));
        offices
    }

    pub(super) fn is_idle(&mut self) -> bool {
        self.offices.iter().all(Office::is_idle)
    }

    /// Lets 10 ms pass.
    pub(super) fn turn(&mut self) {
        for _ in 0..STEPS {
            self.now += STEP;
            while let Some(datagram) = self.network.receive(self.now) {
                let to = datagram.to.ip();
                let mut offices = self.offices.iter_mut();
                if let Some(office) = offices.find(|office| office.sip.ip() == to) {
                    office.deliver(self.now, &mut self.network, datagram);
                }
            }
            for office in &mut self.offices {
                office.step(self.now, &mut self.network);
            }
        }
        for office in &mut self.offices {
            office.tick(self.now, &mut self.network);
        }
    }

    /// Lets time pass until it is so; false when it is not within the limit.
    pub(super) fn until(&mut self, limit: Duration, is: impl Fn(&mut Self) -> bool) -> bool {
        let end = self.now + limit;
        while self.now < end {
            if is(self) {
                return true;
            }
            self.turn();
        }
        false
    }

    /// Lets so much time pass.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.turn();
        }
    }
}

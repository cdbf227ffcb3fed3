//! Two whole gateways back to back over one emulated E1, a SIP user at each, and a bad network.
//!
//! ```text
//! user -- network -- gateway -- E1 -- gateway -- network -- user
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use emulator::{Cable, End};
use lab::network::{Network, NetworkConfig};
use lab::sip_peer::{self, SipPeer, SipPeerConfig};
use media_bridge::QueueRtp;
use tdm::{Alarm, BitErrors, Due, SpanCounters, SpanEvent, SpanId, SpanIo, SpanTick};

use crate::capture::Direction;
use crate::capture::wire::Wire;
use crate::cdr::CallRecord;
use crate::config::Environment;
use crate::demo::settings::{self, Places};
use crate::iwu::{Birth, Input, Iwu, Output, PortPlan};
use crate::ladder::Trace;
use crate::recorder::{Recorder, Source};
use crate::shell::word::{Down, SignalUnit, Up};
use crate::shell::worker::Worker;
use crate::sip::Flow;

/// Time between two looks at the network and the timers.
const STEP: Duration = Duration::from_millis(2);
/// Steps in a tick of the line.
const STEPS: u32 = 5;

/// A gateway, its end of the line and its SIP user.
pub(super) struct Side {
    pub(super) iwu: Iwu,
    worker: Worker<QueueRtp>,
    plan: PortPlan,
    rtp: IpAddr,
    sip: SocketAddr,
    pub(super) user: SipPeer,
    up: VecDeque<Up>,
    pub(super) records: Vec<CallRecord>,
    pub(super) traces: Vec<Trace>,
    recorder: Recorder<Vec<u8>>,
    /// What crossed its borders, RTP apart.
    pub(super) wire: Wire,
}

/// Both, and what is between them.
pub(super) struct Pair {
    pub(super) now: Instant,
    pub(super) sides: [Side; 2],
    pub(super) network: Network,
    pub(super) cable: Cable,
    pub(super) timeslots: BadTimeslots,
    pub(super) hides_rai: Arc<AtomicBool>,
}

/// Timeslots on which every octet that arrives is noise, at either end.
#[derive(Clone, Default)]
pub(super) struct BadTimeslots(Arc<Mutex<BTreeMap<usize, BitErrors>>>);

impl BadTimeslots {
    pub(super) fn set(&self, timeslot: usize, bad: bool) {
        let mut all = self.0.lock().unwrap();
        if bad {
            let mut noise = BitErrors::new(1);
            noise.set_rate(0.5);
            all.insert(timeslot, noise);
        } else {
            all.remove(&timeslot);
        }
    }
}

/// An end of the line with bad timeslots, behind equipment that may keep the remote alarm (RAI) to
/// itself, as a section of its own between two multiplexers does.
struct Disturbed {
    end: End,
    bad: BadTimeslots,
    hides_rai: Arc<AtomicBool>,
}

impl SpanIo for Disturbed {
    fn id(&self) -> SpanId {
        self.end.id()
    }

    fn wait(&mut self) -> io::Result<Due> {
        self.end.wait()
    }

    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        self.end.carry(due, tx, rx)?;
        for (timeslot, noise) in self.bad.0.lock().unwrap().iter_mut() {
            noise.corrupt(&mut rx.0[*timeslot]);
        }
        Ok(())
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        let rai = |event: &SpanEvent| {
            matches!(
                event,
                SpanEvent::Alarm {
                    alarm: Alarm::Rai,
                    on: true
                }
            )
        };
        let hides = self.hides_rai.load(Relaxed);
        core::iter::from_fn(|| self.end.poll_event()).find(|event| !(hides && rai(event)))
    }

    fn counters(&self) -> SpanCounters {
        self.end.counters()
    }
}

/// The demo's gateway at an address of its own, or the one at the other end of its line.
fn source(
    address: &str,
    mirrored: bool,
    (timeslots, keys): (&str, &str),
    places: &Places,
) -> Source {
    let circuits = format!("timeslots = \"{timeslots}\"\n{keys}");
    let mut text = settings::gateway(places)
        .text
        .replace("127.0.0.1", address)
        .replace("timeslots = \"1-15,17-31\"", &circuits);
    if mirrored {
        text = text
            .replace("\"2-10-1\"", "\"near\"")
            .replace("\"2-10-5\"", "\"2-10-1\"")
            .replace("\"near\"", "\"2-10-5\"");
    }
    Source {
        text,
        environment: Environment::new(),
        ..Source::default()
    }
}

impl Side {
    fn new(
        base: Instant,
        mirrored: bool,
        circuits: (&str, &str),
        change: (&str, &str),
        end: Disturbed,
    ) -> Self {
        let address = if mirrored { "127.0.0.2" } else { "127.0.0.1" };
        let host: IpAddr = address.parse().unwrap();
        let places = Places {
            sip: SocketAddr::new(host, 5060),
            user: SocketAddr::new(host, 5070),
            rtp: (16384, 16511),
            records: None,
            capture: None,
        };
        let mut source = source(address, mirrored, circuits, &places);
        if mirrored {
            assert!(source.text.contains(change.0), "{}", change.0);
            source.text = source.text.replace(change.0, change.1);
        }
        let config = settings::gateway_config(&source).unwrap();
        let birth = Birth {
            now: base,
            wall: jiff::Timestamp::UNIX_EPOCH,
            seed: (1 + u64::from(mirrored)).into(),
        };
        let rtp = config.rtp.address;
        let iwu = Iwu::new(Arc::new(config), birth).unwrap();
        let plan = iwu.port_plans()[0];
        let links: Vec<_> = iwu
            .links()
            .map(|(id, place)| (id, place.timeslot))
            .collect();
        let uri = format!("sip:{}@{}", settings::numbers::SIP_USER, places.user);
        let media = SocketAddr::new(host, 5072);
        let mut user = SipPeerConfig::new(&uri, places.user, places.sip, media);
        user.seed = 10 + u64::from(mirrored);
        Self {
            worker: Worker::new(
                vec![(Box::new(end), links)],
                QueueRtp::new(),
                plan.count,
                false,
            ),
            recorder: Recorder::new(Vec::new(), &source, birth).unwrap(),
            wire: Wire::new(base),
            iwu,
            plan,
            rtp,
            sip: places.sip,
            user: SipPeer::new(user),
            up: VecDeque::new(),
            records: Vec::new(),
            traces: Vec::new(),
        }
    }

    fn input(&mut self, now: Instant, network: &mut Network, input: Input) {
        self.recorder.input(now, &input).unwrap();
        match &input {
            Input::Sip(Flow { local, remote, .. }, octets) => {
                self.wire.datagram(now, (*remote, *local), octets);
            }
            Input::SignalUnit(_, octets) => self.wire.unit(now, Direction::Received, octets),
            _ => {}
        }
        self.iwu.handle_input(now, input);
        while let Some(output) = self.iwu.poll_output() {
            self.recorder.output(&output).unwrap();
            let up = &mut self.up;
            match output {
                Output::Sip(flow, octets) => {
                    self.wire.datagram(now, (flow.local, flow.remote), &octets);
                    network.send(now, flow.local, flow.remote, octets);
                }
                Output::SignalUnit(link, octets) => {
                    self.wire.unit(now, Direction::Sent, &octets);
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

    /// What is due, and what the user has to say.
    fn step(&mut self, now: Instant, network: &mut Network) {
        if self.iwu.poll_timeout().is_some_and(|due| due <= now) {
            self.input(now, network, Input::Timeout);
        }
        if self.user.poll_timeout().is_some_and(|due| due <= now) {
            self.user.handle_timeout(now);
        }
        let from = self.user.config().address;
        while let Some(output) = self.user.poll_output() {
            if let sip_peer::Output::Datagram { to, octets } = output {
                network.send(now, from, to, octets);
            }
        }
    }

    /// One tick of the line. RTP goes through the network and back: the users have no ears.
    fn tick(&mut self, now: Instant, network: &mut Network) {
        let up = &mut self.up;
        let mut hear = |word| up.push_back(word);
        let due = self.worker.wait(&mut hear).unwrap();
        self.worker.work(now, due, &mut hear);
        while let Some(queued) = self.worker.rtp().pop() {
            let from = SocketAddr::new(self.rtp, self.plan.udp_of(queued.port, queued.flow));
            network.send(now, from, queued.peer, queued.packet.into());
        }
        while let Some(word) = self.up.pop_front() {
            if let Some(input) = word.into_input() {
                self.input(now, network, input);
            }
        }
    }

    /// True when the datagram was for somebody here.
    fn deliver(&mut self, now: Instant, network: &mut Network, datagram: &lab::network::Datagram) {
        let (from, to) = (datagram.from, datagram.to);
        if to == self.sip {
            let input = Input::Sip(Flow::udp(to, from), datagram.octets.clone());
            self.input(now, network, input);
        } else if to == self.user.config().address {
            self.user.handle_datagram(now, from, &datagram.octets);
        } else if to == self.user.config().media {
            // An echo.
            network.send(now, to, from, datagram.octets.clone());
        } else if let Some((port, flow)) = self.plan.port(to.port()) {
            self.worker
                .rtp()
                .push_on(port, flow, from, datagram.octets.to_vec());
        }
    }

    /// Why this gateway is not at rest; nothing when it is.
    pub(super) fn restless(&self, now: Instant) -> Option<String> {
        let held = self.iwu.occupancy();
        let rest = crate::iwu::Occupancy {
            begun: held.begun,
            ..Default::default()
        };
        if held != rest {
            return Some(format!("{held:?}"));
        }
        self.iwu.circuits().find_map(|(id, _)| {
            let view = self.iwu.circuit(id)?;
            let idle = view.state == "Idle" && view.status.in_service() && view.reachable;
            (!idle).then(|| view.explain(now))
        })
    }

    /// The recording of the whole run.
    pub(super) fn recording(self) -> Vec<u8> {
        self.recorder.into_inner()
    }
}

impl Pair {
    pub(super) fn new(base: Instant, network: NetworkConfig, timeslots: &str) -> Self {
        Self::with(base, network, (timeslots, ""))
    }

    /// With these timeslots as circuits, and these keys for their trunk group.
    pub(super) fn with(base: Instant, network: NetworkConfig, circuits: (&str, &str)) -> Self {
        Self::differing(base, network, circuits, ("", ""))
    }

    /// With a text of the second one's configuration changed into another.
    pub(super) fn differing(
        base: Instant,
        network: NetworkConfig,
        circuits: (&str, &str),
        change: (&str, &str),
    ) -> Self {
        let (near, far) = emulator::pair(SpanId(0), SpanId(0));
        let cable = near.cable();
        let timeslots = BadTimeslots::default();
        let hides_rai = Arc::new(AtomicBool::new(false));
        let sides = [(false, near), (true, far)].map(|(mirrored, end)| {
            let end = Disturbed {
                end,
                bad: timeslots.clone(),
                hides_rai: hides_rai.clone(),
            };
            Side::new(base, mirrored, circuits, change, end)
        });
        let mut pair = Self {
            now: base,
            sides,
            network: Network::new(network),
            cable,
            timeslots,
            hides_rai,
        };
        for side in &mut pair.sides {
            side.input(base, &mut pair.network, Input::Start);
        }
        pair
    }

    /// Lets 10 ms pass.
    pub(super) fn turn(&mut self) {
        for _ in 0..STEPS {
            self.now += STEP;
            while let Some(datagram) = self.network.receive(self.now) {
                let there = self
                    .sides
                    .iter_mut()
                    .find(|side| side.rtp == datagram.to.ip());
                if let Some(side) = there {
                    side.deliver(self.now, &mut self.network, &datagram);
                }
            }
            for side in &mut self.sides {
                side.step(self.now, &mut self.network);
            }
        }
        for side in &mut self.sides {
            side.tick(self.now, &mut self.network);
        }
    }

    /// Lets time pass until both gateways are at rest; what kept them from it when the limit came
    /// first.
    pub(super) fn rest(&mut self, limit: Duration) -> Result<(), String> {
        let end = self.now + limit;
        loop {
            let why = self.sides.iter().find_map(|side| {
                let why = side.restless(self.now)?;
                Some(format!("gateway at {}: {why}", side.sip))
            });
            match why {
                None => return Ok(()),
                Some(why) if self.now >= end => return Err(why),
                Some(_) => self.turn(),
            }
        }
    }
}

//! What the rows of the table have the bridges do, and the bridges.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media_bridge::{
    BridgeId, Codec, Command, Datagram, DtmfDetection, Flow, JitterConfig, Open, Path, Rtcp, Rtp,
    RtpIo, RtpPort, Shard, ShardConfig, Sink, UdpRtp, modem,
};
use tdm::{Law, SpanId, SpanTick, TICK, Timeslot};

use crate::peers::Peers;
use crate::{TICKS, WARM_UP, cpu_ns};

/// Circuits of a span: timeslots 1 to 30.
const A_SPAN: usize = 30;

/// What a row of the table has the bridges do.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Companding of the timeslots; RTP has A-law.
    law: Law,
    adaptive: bool,
    dtmf: DtmfDetection,
    modems: bool,
    /// Every so manyth packet is lost; 0 for none.
    lose: usize,
}

const PLAIN: Row = Row {
    name: "plain: fixed buffer, same law",
    law: Law::ALaw,
    adaptive: false,
    dtmf: DtmfDetection::Off,
    modems: false,
    lose: 0,
};

pub(crate) const ROWS: [Row; 7] = [
    PLAIN,
    Row {
        name: "law conversion",
        law: Law::MuLaw,
        ..PLAIN
    },
    Row {
        name: "adaptive buffer, concealment ready",
        adaptive: true,
        ..PLAIN
    },
    Row {
        name: "concealment active: 5 % lost",
        adaptive: true,
        lose: 20,
        ..PLAIN
    },
    Row {
        name: "DTMF detection with suppression",
        dtmf: DtmfDetection::Suppress,
        ..PLAIN
    },
    Row {
        name: "DTMF detection, adaptive buffer, concealment of 1 %",
        adaptive: true,
        dtmf: DtmfDetection::Suppress,
        lose: 100,
        ..PLAIN
    },
    ALL,
];

/// Rows of the table without sockets: each function by itself, and all.
pub(crate) const ALONE: [Row; 9] = [
    ROWS[0],
    ROWS[1],
    ROWS[2],
    Row {
        name: "concealment of 1 %",
        lose: 100,
        ..ROWS[2]
    },
    ROWS[3],
    Row {
        name: "DTMF detection",
        dtmf: DtmfDetection::Detect,
        ..PLAIN
    },
    ROWS[4],
    Row {
        name: "modems listened for both ways",
        modems: true,
        ..PLAIN
    },
    ALL,
];

/// Everything at once.
pub(crate) const ALL: Row = Row {
    name: "all that, law conversion, modems listened for both ways",
    law: Law::MuLaw,
    adaptive: true,
    dtmf: DtmfDetection::Suppress,
    modems: true,
    lose: 100,
};

/// The bridges of a row, all open, and their sockets.
pub(crate) struct Bridges {
    line: Line,
    pub(crate) rtp: UdpRtp,
}

/// The bridges' timeslots.
struct Line {
    shard: Shard,
    rx: SpanTick,
    /// Of each span.
    tx: Vec<SpanTick>,
    now: Instant,
}

impl Line {
    /// One tick of every span, as a media thread has it: all send before the first receives.
    fn tick(&mut self, rtp: &mut dyn RtpIo) {
        let Self { shard, rx, tx, now } = self;
        *now += TICK;
        for (span, tx) in (0..).map(SpanId).zip(&mut *tx) {
            shard.transmit(*now, span, tx, rtp, &mut drop);
        }
        for (span, tx) in (0..).map(SpanId).zip(&*tx) {
            shard.receive(*now, span, (rx, tx), rtp, &mut drop);
        }
    }
}

/// In place of sockets: packets that are there when they are looked for.
struct Alone<'a> {
    peers: &'a Peers,
    lose: usize,
    tick: usize,
    sent: usize,
}

impl RtpIo for Alone<'_> {
    fn receive(&mut self, _: &mut Sink<'_>) {
        self.tick += 1;
    }

    fn look(&mut self, port: RtpPort, sink: &mut Sink<'_>) {
        let n = usize::from(port.0);
        if let Some(mut packet) = self.peers.packet(n, self.tick, self.lose) {
            sink(Datagram {
                port,
                flow: Flow::Rtp,
                source: SocketAddr::from(([127, 0, 0, 1], 4_000)),
                octets: &mut packet,
            });
        }
    }

    fn send(&mut self, _: RtpPort, _: Flow, _: SocketAddr, packet: &[u8]) {
        self.sent += usize::from(packet.len() > 12);
    }

    fn open(&mut self, _: RtpPort) {}
    fn lock(&mut self, _: RtpPort, _: SocketAddr) {}
    fn close(&mut self, _: RtpPort) {}
}

impl Bridges {
    /// Without bridges as yet.
    pub(crate) fn idle(channels: usize) -> Self {
        let spans = channels.div_ceil(A_SPAN);
        let idle = SpanTick::idle(Law::ALaw);
        let line = Line {
            shard: Shard::new(ShardConfig {
                spans: (0..spans).map(|span| SpanId(span as u16)).collect(),
                ports: channels as u16,
            }),
            rx: idle.clone(),
            tx: vec![idle; spans],
            now: Instant::now(),
        };
        Self {
            line,
            rtp: Peers::pool(channels),
        }
    }

    /// Opens a bridge for each peer.
    pub(crate) fn open(&mut self, row: &Row, peers: &Peers) {
        for n in 0..peers.count() {
            let bridge = BridgeId(n as u32);
            let timeslot = Timeslot::new((n % A_SPAN + 1) as u8).unwrap();
            let span = SpanId((n / A_SPAN) as u16);
            let open = Open::new(bridge, span, timeslot, row.law, Path::BOTH);
            let mut rtp = Rtp::new(RtpPort(n as u16), peers.address(n), Codec::Pcma, n as u32);
            rtp.rtcp = Some(Rtcp {
                remote: peers.address(n),
                mux: false,
            });
            rtp.jitter = match row.adaptive {
                true => JitterConfig::default(),
                false => JitterConfig::Fixed {
                    depth: Duration::from_millis(40),
                },
            };
            rtp.dtmf = row.dtmf;
            rtp.telephone_event = (row.dtmf != DtmfDetection::Off).then_some(101);
            if row.modems {
                rtp.modems = Some(Box::new(modem::Pair::new(row.law)));
            }
            let rtp = rtp.boxed();
            for command in [Command::Open(Box::new(open)), Command::Rtp { bridge, rtp }] {
                self.line.shard.command(command, &mut drop);
            }
        }
    }

    /// One tick of every span.
    pub(crate) fn tick(&mut self) {
        self.line.tick(&mut self.rtp);
    }

    /// A round of a row without sockets: what the bridges themselves cost.
    pub(crate) fn run_alone(row: &Row, peers: &Peers) -> u64 {
        let mut bridges = Self::idle(peers.count());
        bridges.open(row, peers);
        let mut speech = peers.speech();
        let mut rtp = Alone {
            peers,
            lose: row.lose,
            tick: 0,
            sent: 0,
        };
        let mut spent = 0;
        for tick in 0..WARM_UP + TICKS {
            speech.speak(row.law, &mut bridges.line.rx);
            let before = cpu_ns();
            bridges.line.tick(&mut rtp);
            if tick >= WARM_UP {
                spent += cpu_ns() - before;
            }
        }
        assert!(rtp.sent >= peers.count() * (WARM_UP + TICKS - 2) / 2);
        spent
    }

    /// A round of a row: the CPU time of its ticks, in nanoseconds.
    pub(crate) fn run(row: &Row, peers: &mut Peers) -> u64 {
        let mut bridges = Self::idle(peers.count());
        bridges.open(row, peers);
        peers.aim_at(|n| bridges.rtp.local(RtpPort(n as u16)).unwrap());
        let mut speech = peers.speech();
        let mut spent = 0;
        for tick in 0..WARM_UP + TICKS {
            peers.send(tick, row.lose);
            speech.speak(row.law, &mut bridges.line.rx);
            let before = cpu_ns();
            bridges.tick();
            if tick >= WARM_UP {
                spent += cpu_ns() - before;
            }
            peers.read();
        }
        let counters = bridges.rtp.counters();
        assert_eq!((counters.not_connected, counters.send_errors), (0, 0));
        let least = peers.count() * (WARM_UP + TICKS - 2) / 2;
        assert!(counters.sent as usize >= least, "{counters:?}");
        spent
    }
}

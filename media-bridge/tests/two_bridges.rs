//! Two bridges that speak to each other over a network, in virtual time: reports, one-way audio,
//! timeouts, modems, redundancy and SRTP, as both ends see them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media_bridge::level::Dbm0;
use media_bridge::modem::{self, Signal};
use media_bridge::rtcp::packet::{Read, read};
use media_bridge::srtp::{MOST_PACKETS, MasterKey, Srtp, Suite};
use media_bridge::{
    BridgeId, Codec, Command, Digit, Event, Flow, JitterConfig, OneWay, Open, Path, QueueRtp,
    Redundancy, Rtcp, Rtp, RtpPort, Shard, ShardConfig, Side, Spent, Statistics, prbs,
};
use tdm::{Law, SpanId, SpanTick, TICK, TICK_OCTETS, Timeslot};

const SPAN: SpanId = SpanId(0);
const BRIDGE: BridgeId = BridgeId(1);
const PORT: RtpPort = RtpPort(0);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn timeslot() -> Timeslot {
    Timeslot::new(1).unwrap()
}

fn address(end: usize, flow: Flow) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, end as u8 + 1], 4_000 + flow as u16))
}

/// One end: a shard with one bridge, and what it has said.
struct End {
    shard: Shard,
    rtp: QueueRtp,
    rx: SpanTick,
    tx: SpanTick,
    events: Vec<Event>,
}

/// Packets on their way, by when they arrive and a number of their own.
type Way = BTreeMap<(Instant, u64), (Flow, Vec<u8>)>;

/// Both ends, and the network between them.
struct Pair {
    ends: [End; 2],
    now: Instant,
    /// What is on its way to each end, by when it arrives.
    network: [Way; 2],
    number: u64,
    /// One way, in milliseconds.
    delay: u64,
    /// Up to so many milliseconds more, by a fixed disorder.
    jitter: u64,
    /// Every so manyth RTP packet towards each end is lost; 0 for none, 1 for all.
    lose: [u64; 2],
}

impl Pair {
    fn new(change: impl Fn(usize, &mut Rtp)) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
        let now = Instant::now();
        let ends = [0, 1].map(|end| {
            let mut shard = Shard::new(ShardConfig {
                spans: vec![SPAN],
                ports: 1,
            });
            let open = Open::new(BRIDGE, SPAN, timeslot(), Law::ALaw, Path::BOTH);
            let there = 1 - end;
            let mut rtp = Rtp::new(PORT, address(there, Flow::Rtp), Codec::Pcma, 7 + end as u32);
            rtp.first_timestamp = 1_000 * end as u32;
            rtp.rtcp = Some(Rtcp {
                remote: address(there, Flow::Rtcp),
                mux: false,
            });
            change(end, &mut rtp);
            let rtp = rtp.boxed();
            for command in [
                Command::Open(Box::new(open)),
                Command::Rtp {
                    bridge: BRIDGE,
                    rtp,
                },
            ] {
                shard.command(command, &mut |event| {
                    assert!(!matches!(event, Event::Refused { .. }));
                });
            }
            End {
                shard,
                rtp: QueueRtp::new(),
                rx: SpanTick::idle(Law::ALaw),
                tx: SpanTick::idle(Law::ALaw),
                events: Vec::new(),
            }
        });
        Self {
            ends,
            now,
            network: [BTreeMap::new(), BTreeMap::new()],
            number: 0,
            delay: 5,
            jitter: 0,
            lose: [0, 0],
        }
    }

    /// One tick of both; `heard` is what arrives on the timeslots.
    fn tick(&mut self, heard: [[u8; TICK_OCTETS]; 2]) -> [[u8; TICK_OCTETS]; 2] {
        self.now += TICK;
        for (end, heard) in heard.iter().enumerate() {
            let waiting = &mut self.network[end];
            while let Some(entry) = waiting.first_entry() {
                if entry.key().0 > self.now {
                    break;
                }
                let (flow, packet) = entry.remove();
                self.ends[end]
                    .rtp
                    .push_on(PORT, flow, address(1 - end, flow), packet);
            }
            let End {
                shard,
                rtp,
                rx,
                tx,
                events,
            } = &mut self.ends[end];
            *rx.timeslot_mut(timeslot()) = *heard;
            shard.tick(self.now, SPAN, rx, tx, rtp, &mut |event| events.push(event));
            while let Some(queued) = rtp.pop() {
                self.number += 1;
                let to = 1 - end;
                let lost = match (queued.flow, self.lose[to]) {
                    (Flow::Rtcp, _) | (_, 0) => false,
                    (Flow::Rtp, every) => (self.number / 2).is_multiple_of(every),
                };
                if !lost {
                    let more = match self.jitter {
                        0 => 0,
                        jitter => self.number * self.number % 101 % (jitter + 1),
                    };
                    let at = self.now + ms(self.delay + more);
                    self.network[to].insert((at, self.number), (queued.flow, queued.packet));
                }
            }
        }
        [0, 1].map(|end| *self.ends[end].tx.timeslot(timeslot()))
    }

    /// Noise on both timeslots, which is not silence.
    fn talk(&mut self, ticks: u64) {
        for n in 0..ticks {
            let noise =
                |seed: u64| std::array::from_fn(|k| ((n * 80 + k as u64) * seed % 251) as u8);
            self.tick([noise(7), noise(13)]);
        }
    }

    fn close(&mut self, end: usize) -> Statistics {
        let End { shard, events, .. } = &mut self.ends[end];
        shard.command(Command::Close { bridge: BRIDGE }, &mut |event| {
            events.push(event);
        });
        let closed = events.iter().find_map(|event| match event {
            Event::Closed { statistics, .. } => Some(**statistics),
            _ => None,
        });
        closed.unwrap()
    }

    fn one_way(&self, end: usize) -> Vec<(OneWay, bool)> {
        let events = self.ends[end].events.iter();
        events
            .filter_map(|event| match event {
                Event::OneWay { fault, on, .. } => Some((*fault, *on)),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn both_ends_know_round_trip_loss_and_rating() {
    let mut pair = Pair::new(|_, _| {});
    pair.delay = 45;
    pair.lose = [0, 20];
    pair.talk(4_000);
    let [near, far] = [pair.close(0), pair.close(1)];
    for statistics in [&near, &far] {
        // 45 ms each way, and up to a tick until it is read.
        let trip = statistics.round_trip_us.unwrap();
        assert!((90_000..=112_000).contains(&trip), "{trip}");
        assert!((6..=20).contains(&statistics.rtcp_sent), "{statistics:?}");
        assert!(statistics.rtcp_received >= 6);
        assert_eq!(statistics.one_way, 0);
    }
    assert_eq!(near.packets_lost, 0);
    assert_eq!(near.peer_lost.unwrap() / 10, far.packets_lost as i32 / 10);
    let part = far.packets_lost as f64 / 2_000.0;
    assert!((0.03..0.07).contains(&part), "{part}");
    let (good, bad) = (near.mos_hundredths.unwrap(), far.mos_hundredths.unwrap());
    assert!(good > 425 && bad < good - 20 && bad > 300, "{good} {bad}");
}

/// Reports tell how loud the peer is heard, pauses left out (RFC 3611 §4.7.4).
#[test]
fn reports_tell_the_level_of_what_is_heard() {
    let mut pair = Pair::new(|_, _| {});
    pair.delay = 1;
    let tone = |level: f32, tick: u64| {
        std::array::from_fn(|k| {
            let turns = (tick * 80 + k as u64) as f32 * 1_010.0 / 8_000.0;
            let peak = Dbm0(level).peak(Law::ALaw);
            Law::ALaw.encode((peak * (turns.fract() * std::f32::consts::TAU).sin()) as i16)
        })
    };
    let mut told = [127; 2];
    for tick in 0..1_500 {
        // Every other second nobody says anything.
        let spoken = match tick / 100 % 2 {
            0 => [tone(-9.0, tick), tone(-24.0, tick)],
            _ => [[Law::ALaw.idle(); TICK_OCTETS]; 2],
        };
        pair.tick(spoken);
        for (waiting, told) in pair.network.iter().zip(&mut told) {
            for (_, packet) in waiting.values().filter(|(flow, _)| *flow == Flow::Rtcp) {
                read(packet, &mut |read| {
                    if let Read::Metrics(metrics) = read {
                        *told = metrics.signal_level;
                    }
                });
            }
        }
    }
    // What waits for an end is what the other one says of it.
    assert_eq!(told, [-9, -24]);
}

/// The last packet of a bridge is a goodbye.
#[test]
fn a_bridge_that_ends_says_goodbye() {
    let mut pair = Pair::new(|_, _| {});
    pair.talk(100);
    pair.close(0);
    pair.tick([[0xD5; TICK_OCTETS]; 2]);
    let (flow, last) = pair.network[1].values().last().unwrap();
    assert_eq!(*flow, Flow::Rtcp);
    let kinds: Vec<u8> = rtcp_types::Compound::parse(last)
        .unwrap()
        .map(|packet| match packet.unwrap() {
            rtcp_types::Packet::Bye(_) => 203,
            rtcp_types::Packet::Sdes(_) => 202,
            _ => 0,
        })
        .collect();
    assert_eq!(kinds, [0, 202, 203]);
}

/// Reports multiplexed with RTP go to its port and are not taken for it.
#[test]
fn rtcp_on_the_port_of_rtp() {
    let mut pair = Pair::new(|_, rtp| {
        rtp.rtcp = rtp.rtcp.map(|rtcp| Rtcp { mux: true, ..rtcp });
    });
    pair.talk(2_000);
    let statistics = pair.close(0);
    assert!(statistics.rtcp_received > 2);
    assert_eq!(
        (statistics.packets_malformed, statistics.packets_lost),
        (0, 0)
    );
    assert!(
        pair.network
            .iter()
            .flat_map(BTreeMap::values)
            .all(|(flow, _)| *flow == Flow::Rtp)
    );
}

#[test]
fn audio_that_goes_one_way_is_told_at_both_ends() {
    let mut pair = Pair::new(|_, rtp| rtp.timeout = Some(ms(20_000)));
    pair.talk(500);
    pair.lose = [1, 0];
    pair.talk(1_500);
    let gone = (OneWay::NothingFromRtp, true);
    assert_eq!(pair.one_way(0), [gone]);
    let deaf = (OneWay::PeerHearsNothing, true);
    assert_eq!(
        pair.one_way(1),
        [deaf],
        "by the reports of the end that hears nothing"
    );
    let timed_out = |end: &End| {
        let timeouts = end.events.iter();
        timeouts
            .filter(|event| matches!(event, Event::RtpTimeout { .. }))
            .count()
    };
    assert_eq!(timed_out(&pair.ends[0]), 0);
    pair.talk(700);
    assert_eq!(timed_out(&pair.ends[0]), 1);
    assert_eq!(timed_out(&pair.ends[1]), 0);
    pair.lose = [0, 0];
    pair.talk(1_000);
    assert_eq!(
        pair.one_way(0).last(),
        Some(&(OneWay::NothingFromRtp, false))
    );
    assert_eq!(
        pair.one_way(1).last(),
        Some(&(OneWay::PeerHearsNothing, false))
    );
    assert_eq!(pair.close(0).one_way, 1);
}

#[test]
fn a_timeslot_with_nobody_on_it_is_told() {
    let mut pair = Pair::new(|_, _| {});
    for n in 0..1_200u64 {
        let noise = std::array::from_fn(|k| ((n * 80 + k as u64) * 7 % 251) as u8);
        pair.tick([noise, [0xD5; TICK_OCTETS]]);
    }
    assert_eq!(pair.one_way(0), []);
    assert_eq!(pair.one_way(1), [(OneWay::NothingFromTimeslot, true)]);
}

/// Listeners for modems that were given back to be freed.
fn listeners_home(pair: &Pair, end: usize) -> usize {
    let home = |event: &&Event| matches!(event, Event::Spent(Spent::Modems(_)));
    pair.ends[end].events.iter().filter(home).count()
}

/// A minute of the test pattern, without a wrong bit.
fn assert_data_cross(pair: &mut Pair) {
    let (mut source, mut checker) = (prbs::Source::new(), prbs::Checker::new());
    for n in 0..6_000 {
        let mut octets = [0; TICK_OCTETS];
        source.fill(&mut octets);
        let [_, there] = pair.tick([octets, [0xD5; TICK_OCTETS]]);
        if n > 100 {
            checker.push(&there);
        }
    }
    assert!(checker.locked(), "{checker:?}");
    assert_eq!(checker.bit_errors(), 0, "{checker:?}");
}

/// An answering modem at one end: both ends carry data from there on, bit by bit, although the
/// network has 20 ms of jitter, and nothing is made up.
#[test]
fn a_modem_turns_the_call_into_one_of_data() {
    let mut pair = Pair::new(|_, rtp| {
        rtp.modems = Some(Box::new(modem::Pair::new(Law::ALaw)));
        rtp.jitter = JitterConfig::default();
    });
    pair.jitter = 20;
    let amplitude = Dbm0(-12.0).peak(Law::ALaw);
    let mut phase = 0.0f64;
    for _ in 0..300 {
        let answer = std::array::from_fn(|_| {
            phase += std::f64::consts::TAU * 2_100.0 / 8_000.0;
            Law::ALaw.encode((f64::from(amplitude) * phase.sin()) as i16)
        });
        pair.tick([answer, [0xD5; TICK_OCTETS]]);
    }
    for (end, side) in [(0, Side::Timeslot), (1, Side::Rtp)] {
        let heard = pair.ends[end].events.iter().any(|event| {
            matches!(event, Event::Modem { from, signal: Signal::Ans, .. } if *from == side)
        });
        assert!(heard, "end {end}: {:?}", pair.ends[end].events);
        assert_eq!(listeners_home(&pair, end), 1, "its room is free");
    }
    assert_data_cross(&mut pair);
    // A peer that moves its RTP does not make it a call of speech again.
    for end in [0, 1] {
        let there = address(1 - end, Flow::Rtp);
        let mut rtp = Rtp::new(PORT, there, Codec::Pcma, 7 + end as u32);
        rtp.modems = Some(Box::new(modem::Pair::new(Law::ALaw)));
        rtp.jitter = JitterConfig::default();
        let command = Command::Rtp {
            bridge: BRIDGE,
            rtp: Box::new(rtp),
        };
        let End { shard, events, .. } = &mut pair.ends[end];
        shard.command(command, &mut |event| events.push(event));
        assert_eq!(listeners_home(&pair, end), 2);
    }
    assert_data_cross(&mut pair);
    let statistics = pair.close(1);
    assert_eq!(statistics.modem, Some(Signal::Ans));
    assert_eq!(statistics.packets_late, 0);
}

/// Every tenth packet is lost, and the next one brings it.
#[test]
fn redundancy_repairs_what_is_lost() {
    for (generations, whole) in [(0, false), (1, true)] {
        let mut pair = Pair::new(|_, rtp| {
            rtp.jitter = JitterConfig::Fixed { depth: ms(60) };
            rtp.redundancy = Some(Redundancy::new(121, generations));
        });
        pair.lose = [0, 10];
        let (mut source, mut checker) = (prbs::Source::new(), prbs::Checker::new());
        for n in 0..1_000 {
            let mut octets = [0; TICK_OCTETS];
            source.fill(&mut octets);
            let [_, there] = pair.tick([octets, [0xD5; TICK_OCTETS]]);
            if n > 20 {
                checker.push(&there);
            }
        }
        let lost = pair.close(1).packets_lost;
        assert!(lost > 40, "{lost}");
        assert_eq!(
            checker.bit_errors() == 0,
            whole,
            "{generations}: {checker:?}"
        );
    }
}

/// SRTP at an end: our key, and the peer's, of a suite.
fn srtp(end: usize, suite: Suite, peers: u8) -> Option<Box<Srtp>> {
    let key = |n: usize, salt: u8| {
        let keying = vec![n as u8 ^ salt; suite.keying_octets()];
        MasterKey::new(suite, &keying).unwrap()
    };
    let (ours, peers) = (key(end, 0x5A), key(1 - end, peers));
    Some(Box::new(Srtp::new(&ours, &peers, MOST_PACKETS, None)))
}

/// Data cross bit by bit in every suite, with reports, events and redundant packets; none of it is
/// on the wire.
#[test]
fn protected_packets_carry_what_unprotected_ones_do() {
    for (suite, mux) in Suite::ALL.into_iter().zip([true, false, true, false]) {
        let mut pair = Pair::new(|end, rtp| {
            rtp.srtp = srtp(end, suite, 0x5A);
            rtp.jitter = JitterConfig::Fixed { depth: ms(60) };
            rtp.telephone_event = Some(101);
            // Only one end sends redundant packets; the other takes them.
            rtp.redundancy = Some(Redundancy::new(121, 1 - end as u8));
            rtp.rtcp = rtp.rtcp.map(|rtcp| Rtcp { mux, ..rtcp });
            rtp.first_sequence = 65_000;
        });
        let (mut source, mut checker) = (prbs::Source::new(), prbs::Checker::new());
        let mut clear = 0;
        for n in 0..2_000 {
            let mut octets = [0; TICK_OCTETS];
            source.fill(&mut octets);
            if n == 900 {
                let command = Command::Digit {
                    bridge: BRIDGE,
                    towards: Side::Rtp,
                    digit: Digit::ALL[5],
                    duration: ms(100),
                };
                pair.ends[0].shard.command(command, &mut |_| {});
            }
            let [here, _] = pair.tick([[0xD5; TICK_OCTETS], octets]);
            if n > 20 {
                checker.push(&here);
            }
            let sent = pair.network[0]
                .values()
                .filter(|(_, packet)| packet.len() > 100);
            clear += sent
                .filter(|(_, packet)| octets[..32] == packet[92..124])
                .count();
        }
        assert_eq!(
            (checker.bit_errors(), clear),
            (0, 0),
            "{suite}: {checker:?}"
        );
        let digits = pair.ends[1].events.iter().filter(|event| {
            matches!(
                event,
                Event::Digit {
                    from: Side::Rtp,
                    ..
                }
            )
        });
        assert_eq!(digits.count(), 1, "{suite}");
        for statistics in [pair.close(0), pair.close(1)] {
            assert!(statistics.rtcp_received > 2, "{suite}: {statistics:?}");
            assert_eq!(statistics.packets_unauthenticated, 0, "{suite}");
            assert_eq!(statistics.packets_replayed, 0, "{suite}");
            assert_eq!(statistics.packets_malformed, 0, "{suite}");
            assert_eq!(statistics.packets_lost, 0, "{suite}");
        }
    }
}

/// Whoever does not know the key neither becomes the peer nor is heard; what was heard once is not
/// heard again.
#[test]
fn forged_and_replayed_packets_are_counted_and_dropped() {
    let suite = Suite::AesCm128HmacSha1_80;
    // End 1 believes that end 0 has another key.
    let mut pair = Pair::new(|end, rtp| {
        rtp.srtp = srtp(end, suite, if end == 1 { 0x11 } else { 0x5A });
    });
    pair.talk(1_000);
    let statistics = pair.close(1);
    assert!(statistics.packets_unauthenticated > 490, "{statistics:?}");
    assert_eq!(
        (statistics.packets_received, statistics.rtcp_received),
        (0, 0)
    );
    let first = |event: &Event| matches!(event, Event::FirstPacket { .. });
    assert!(!pair.ends[1].events.iter().any(first));

    let mut pair = Pair::new(|end, rtp| rtp.srtp = srtp(end, suite, 0x5A));
    pair.delay = 1;
    let mut recorded = Vec::new();
    for _ in 0..100 {
        pair.talk(1);
        let to_far = pair.network[1].values().cloned();
        recorded.extend(to_far);
    }
    for (flow, packet) in recorded {
        let End { rtp, .. } = &mut pair.ends[1];
        rtp.push_on(PORT, flow, address(0, flow), packet);
    }
    pair.talk(1);
    let statistics = pair.close(1);
    assert!(
        (45..=55).contains(&statistics.packets_received),
        "{statistics:?}"
    );
    assert_eq!(
        u64::from(statistics.packets_replayed),
        statistics.packets_received
    );
    assert_eq!(statistics.packets_duplicate, 0);
}

/// Hold and resume attach the RTP side anew under the same keys, a rekeying under others; the
/// sequence numbers have gone round before.
#[test]
fn protection_goes_on_through_later_offers() {
    let suite = Suite::AesCm128HmacSha1_80;
    let mut pair = Pair::new(|end, rtp| {
        rtp.srtp = srtp(end, suite, 0x5A);
        rtp.first_sequence = 65_500;
    });
    for suite in [suite, suite, Suite::AesCm256HmacSha1_80] {
        pair.talk(200);
        for end in [0, 1] {
            let there = address(1 - end, Flow::Rtp);
            let mut rtp = Rtp::new(PORT, there, Codec::Pcma, 7 + end as u32);
            rtp.srtp = srtp(end, suite, 0x5A);
            let command = Command::Rtp {
                bridge: BRIDGE,
                rtp: rtp.boxed(),
            };
            pair.ends[end].shard.command(command, &mut |_| {});
        }
    }
    pair.talk(200);
    for end in [0, 1] {
        let statistics = pair.close(end);
        assert!(statistics.packets_received > 390, "{statistics:?}");
        // Those on their way when the keys changed.
        assert!(statistics.packets_unauthenticated <= 2, "{statistics:?}");
        assert_eq!(statistics.packets_replayed, 0);
    }
}

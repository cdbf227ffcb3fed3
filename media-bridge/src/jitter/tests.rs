//! The buffer in virtual time: a tick of the line is 80 octets, a packet of the sender 160.

use std::time::Duration;

use proptest::prelude::*;
use tdm::Law;

use super::*;
use crate::command::JitterConfig;

const IDLE: u8 = 0xD5;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn fixed(depth: u64) -> JitterConfig {
    JitterConfig::Fixed { depth: ms(depth) }
}

const fn adaptive(initial: u64, min: u64, max: u64) -> JitterConfig {
    JitterConfig::Adaptive {
        initial: ms(initial),
        min: ms(min),
        max: ms(max),
    }
}

/// A sender, a network and a line.
struct Rig {
    buffer: Buffer,
    sequence: Sequence,
    first_sequence: u16,
    first_timestamp: u32,
    out: Vec<u8>,
}

impl Rig {
    fn new(config: JitterConfig) -> Self {
        Self {
            buffer: Buffer::new(
                config,
                Law::ALaw,
                matches!(config, JitterConfig::Adaptive { .. }),
            ),
            sequence: Sequence::new(),
            first_sequence: 65_530,
            first_timestamp: u32::MAX - 1_000,
            out: Vec::new(),
        }
    }

    /// Octets of packet `n`: none of them idle, each one telling its place.
    fn payload(n: usize) -> Vec<u8> {
        (n * 160..(n + 1) * 160).map(octet).collect()
    }

    fn arrive(&mut self, n: usize) -> (Order, Option<Arrival>) {
        self.arrive_at(n, n * 160)
    }

    fn arrive_at(&mut self, n: usize, position: usize) -> (Order, Option<Arrival>) {
        let order = self
            .sequence
            .update(self.first_sequence.wrapping_add(n as u16));
        if matches!(order, Order::Duplicate | Order::Doubtful) {
            return (order, None);
        }
        let timestamp = self.first_timestamp.wrapping_add(position as u32);
        (
            order,
            Some(self.buffer.push(order, timestamp, &Self::payload(n))),
        )
    }

    fn tick(&mut self) {
        let mut octets = [0; 80];
        self.buffer.pull(&mut octets);
        self.out.extend(octets);
    }

    /// Sends packet `n` every other tick.
    fn run(&mut self, packets: std::ops::Range<usize>) {
        for n in packets {
            self.arrive(n);
            self.tick();
            self.tick();
        }
    }
}

fn octet(n: usize) -> u8 {
    let n = (n as u64 ^ 0x5555).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let octet = ((n ^ n >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 56) as u8;
    if octet == IDLE { 0x2A } else { octet }
}

fn stream(octets: usize) -> Vec<u8> {
    (0..octets).map(octet).collect()
}

#[test]
fn fixed_without_loss_is_bit_exact_and_contiguous() {
    for depth in [0, 10, 40, 200] {
        let mut rig = Rig::new(fixed(depth));
        rig.run(0..100);
        let delay = depth as usize * 8;
        assert_eq!(rig.out[..delay], vec![IDLE; delay]);
        assert_eq!(rig.out[delay..], stream(16_000 - delay), "depth {depth} ms");
        assert_eq!(rig.buffer.counters(), Counters::default());
    }
}

#[test]
fn any_packet_length_will_do() {
    let mut buffer = Buffer::new(fixed(60), Law::ALaw, false);
    let mut sequence = Sequence::new();
    let (mut sent, mut out, mut n) = (0, Vec::new(), 0u16);
    for tick in 0..1_000 {
        while sent < (tick + 1) * 80 {
            let length = [1, 7, 80, 160, 163, 240, 480][usize::from(n) % 7];
            let order = sequence.update(n);
            let payload: Vec<u8> = (sent..sent + length).map(octet).collect();
            buffer.push(order, sent as u32, &payload);
            sent += length;
            n += 1;
        }
        let mut octets = [0; 80];
        buffer.pull(&mut octets);
        out.extend(octets);
    }
    assert_eq!(out[480..], stream(80_000 - 480));
}

#[test]
fn reordering_and_duplicates_within_the_depth_do_no_harm() {
    let mut rig = Rig::new(fixed(60));
    for pair in 0..50 {
        rig.arrive(pair * 2);
        rig.tick();
        rig.tick();
        rig.tick();
        if pair % 2 == 0 {
            rig.arrive(pair * 2 + 1);
            assert_eq!(rig.arrive(pair * 2), (Order::Duplicate, None));
            rig.tick();
        } else {
            rig.tick();
            let (order, arrival) = rig.arrive(pair * 2 + 1);
            assert_eq!(arrival, Some(Arrival::Kept), "{order:?}");
        }
    }
    rig.arrive(101);
    rig.tick();
    let (order, _) = rig.arrive(100);
    assert_eq!(order, Order::Old);
    rig.tick();
    assert_eq!(rig.sequence.lost(), 0);
    assert_eq!(rig.out[480..], stream(rig.out.len() - 480));
    assert_eq!(rig.buffer.counters(), Counters::default());
}

/// The sender pauses for as long as the buffer is deep and sends what it owes in one burst.
#[test]
fn a_stall_within_the_depth_loses_nothing() {
    let mut rig = Rig::new(fixed(100));
    rig.run(0..20);
    for _ in 0..10 {
        rig.tick();
    }
    for n in 20..25 {
        assert_eq!(rig.arrive(n).1, Some(Arrival::Kept));
    }
    rig.run(25..40);
    assert_eq!(rig.out[800..], stream(rig.out.len() - 800));
    assert_eq!(rig.buffer.counters(), Counters::default());
}

/// A longer stall loses what was not there in time, and only that: the rest keeps its place.
#[test]
fn a_stall_beyond_the_depth_is_one_underrun_and_keeps_what_came_in_time() {
    let mut rig = Rig::new(fixed(40));
    rig.run(0..20);
    for _ in 0..10 {
        rig.tick();
    }
    for n in 20..25 {
        rig.arrive(n);
    }
    rig.run(25..40);
    let counters = rig.buffer.counters();
    assert_eq!(
        (counters.underruns, counters.late, counters.overruns),
        (1, 3, 0)
    );
    assert_eq!(counters.concealed, 480);
    let expected = stream(rig.out.len() - 320);
    assert_eq!(rig.out[320..3_520], expected[..3_200]);
    assert_eq!(rig.out[3_520..4_000], [IDLE; 480]);
    assert_eq!(rig.out[4_000..], expected[3_680..]);
}

/// The sender's clock stood still: everything after would be late for ever, so the line waits
/// for it, once.
#[test]
fn a_sender_that_falls_behind_for_good_is_followed() {
    let mut rig = Rig::new(fixed(40));
    rig.run(0..20);
    for _ in 0..30 {
        rig.tick();
    }
    rig.run(20..60);
    let counters = rig.buffer.counters();
    assert_eq!(
        (counters.overruns, counters.underruns),
        (1, 1),
        "{counters:?}"
    );
    assert!(counters.late <= 3, "{counters:?}");
    let tail = &rig.out[rig.out.len() - 4_000..];
    let all = stream(60 * 160);
    assert!(
        all.windows(4_000).any(|window| window == tail),
        "contiguous again"
    );
}

/// A sender 1,000 ppm slow or fast: data slips now and then, by as much as the depth, and is
/// whole in between; voice follows.
#[test]
fn drifting_clocks_slip_rarely() {
    for (config, samples_per_tick) in [
        (fixed(40), 79.92),
        (fixed(40), 80.08),
        (adaptive(40, 20, 100), 79.92),
        (adaptive(40, 20, 100), 80.08),
    ] {
        let mut rig = Rig::new(config);
        let mut sent = 0;
        for tick in 0..30_000 {
            while f64::from(tick) * samples_per_tick >= (sent * 160) as f64 {
                rig.arrive(sent);
                sent += 1;
            }
            rig.tick();
        }
        let counters = rig.buffer.counters();
        // 2,400 samples of drift in five minutes; without silence, voice sheds a tick at a time.
        let slips = if samples_per_tick > 80.0 { 31 } else { 9 };
        let told = format!("{config:?} {samples_per_tick}: {counters:?}");
        assert!(counters.overruns <= slips, "{told}");
        assert!(counters.concealed <= 9 * 480, "{told}");
        assert!(counters.late <= 9 * 3, "{told}");
    }
}

#[test]
fn silence_of_the_sender_is_not_loss() {
    let mut rig = Rig::new(adaptive(40, 40, 200));
    rig.run(0..10);
    for _ in 0..100 {
        rig.tick();
    }
    // A second later, with the next sequence number and a timestamp a second on.
    for n in 10..20 {
        rig.arrive_at(n, (n + 50) * 160);
        rig.tick();
        rig.tick();
    }
    let counters = rig.buffer.counters();
    assert_eq!(
        (counters.underruns, counters.late, counters.overruns),
        (0, 0, 0)
    );
    assert_eq!(rig.sequence.lost(), 0);
}

#[test]
fn loss_is_concealed_in_voice_and_idle_in_data() {
    for (config, voice) in [(fixed(40), false), (adaptive(40, 40, 200), true)] {
        let mut rig = Rig::new(config);
        rig.run(0..10);
        rig.tick();
        rig.tick();
        rig.run(11..20);
        assert_eq!(rig.sequence.lost(), 1);
        let counters = rig.buffer.counters();
        assert_eq!((counters.concealed, counters.late), (160, 0));
        let gap = &rig.out[320 + 1_600..320 + 1_760];
        assert_eq!(gap.iter().all(|o| *o == IDLE), !voice);
        let after = &rig.out[320 + 1_760 + 32..];
        assert_eq!(after, &stream(19 * 160)[1_760 + 32..][..after.len()]);
    }
}

#[test]
fn the_voice_buffer_grows_when_packets_come_late_and_shrinks_in_silence() {
    let mut rig = Rig::new(adaptive(20, 10, 200));
    rig.run(0..50);
    // From now on every packet is 60 ms late: the first of them is not in time.
    for _ in 0..6 {
        rig.tick();
    }
    rig.run(50..100);
    let grown = rig.buffer.counters();
    assert!(grown.late <= 1, "{grown:?}");
    assert_eq!(grown.overruns, 0);
    // The network recovers: three packets at once. Nothing is lost, the delay is longer.
    let late = rig.buffer.delay();
    rig.arrive(100);
    rig.arrive(101);
    rig.arrive(102);
    rig.run(103..120);
    let long = rig.buffer.delay();
    // What the three packets brought stays, but for single samples that were too many before
    // packets came late: one a tick at most.
    let counters = rig.buffer.counters();
    let left_out = (counters.deleted - grown.deleted) as u32;
    assert_eq!(long, late + 3 * 160 - left_out);
    assert!(left_out <= 17 * 2, "{counters:?}");
    // What was needed is kept while one of five windows of 2 s remembers it. With the window that it
    // came in and the one that is judged, silence has brought it back after seven.
    let quiet = [IDLE; 160];
    for n in 120..120 + 7 * 100 {
        let order = rig
            .sequence
            .update(rig.first_sequence.wrapping_add(n as u16));
        let timestamp = rig.first_timestamp.wrapping_add(n * 160);
        rig.buffer.push(order, timestamp, &quiet);
        rig.tick();
        rig.tick();
    }
    let short = rig.buffer.delay();
    assert!(short <= long - 320, "{long} then {short}");
    assert_eq!(rig.buffer.counters().late, grown.late);
}

#[test]
fn a_sender_restart_is_believed_at_its_second_packet() {
    let mut rig = Rig::new(fixed(40));
    rig.run(0..10);
    let mut restarted = Sequence::new();
    std::mem::swap(&mut restarted, &mut rig.sequence);
    assert_eq!(restarted.update(20_000), Order::Doubtful);
    assert_eq!(restarted.update(20_001), Order::First);
    assert_eq!(restarted.update(20_002), Order::Next { skipped: 0 });
    assert_eq!((restarted.restarts(), restarted.lost()), (1, 0));
}

/// A new time scale with unbroken sequence numbers.
#[test]
fn a_jump_of_the_timestamps_starts_anew() {
    for jump in [1_000_000usize, 4_000_000_000] {
        let mut rig = Rig::new(fixed(40));
        rig.run(0..10);
        for n in 10..20 {
            rig.arrive_at(n, n * 160 + jump);
            rig.tick();
            rig.tick();
        }
        assert_eq!(rig.buffer.counters().overruns, 1);
        let tail = &rig.out[rig.out.len() - 1_200..];
        assert!(stream(3_200).windows(1_200).any(|window| window == tail));
    }
}

#[test]
fn loss_is_counted_across_the_wrap() {
    let mut sequence = Sequence::new();
    for n in 0..1_000u16 {
        if n % 10 != 3 {
            sequence.update(n.wrapping_add(65_000));
        }
    }
    assert_eq!(sequence.lost(), 100);
    assert_eq!(sequence.update(65_000u16.wrapping_add(993)), Order::Old);
    assert_eq!(sequence.lost(), 99);
    assert_eq!(
        sequence.update(65_000u16.wrapping_add(993)),
        Order::Duplicate
    );
}

/// Packets of a sender through a network by seed, in continuous time.
struct Trace {
    seed: u64,
    /// The sender's clock is fast by so many millionths.
    ppm: f64,
    /// Delays are between nothing and so many milliseconds, most of them short.
    jitter_ms: f64,
    /// A delay of this many milliseconds every ten seconds.
    spike_ms: f64,
    loss: f32,
}

/// What came of a trace.
struct Outcome {
    counters: Counters,
    /// Delay at the end of each second, in samples.
    delays: Vec<u32>,
    out: Vec<u8>,
}

impl Trace {
    /// Runs `seconds` of `payload(n)`, 20 ms each, through the network into a buffer.
    fn run(
        &self,
        config: JitterConfig,
        seconds: u32,
        payload: impl Fn(usize) -> Vec<u8>,
    ) -> Outcome {
        let mut noise = crate::noise::Noise::new(self.seed, crate::level::Dbm0(0.0), Law::ALaw);
        // A fast sender does not stop before the line does.
        let packets = (seconds as usize + 1) * 50;
        let mut arrivals: Vec<(f64, usize)> = (0..packets)
            .filter_map(|n| {
                let sent = n as f64 * 160.0 / (1.0 + self.ppm * 1e-6);
                let jitter = f64::from(noise.chance()).powi(3) * self.jitter_ms * 8.0;
                let spike = if n % 500 == 250 {
                    self.spike_ms * 8.0
                } else {
                    0.0
                };
                (noise.chance() >= self.loss).then_some((sent + jitter + spike + 400.0, n))
            })
            .collect();
        arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
        let voice = matches!(config, JitterConfig::Adaptive { .. });
        let mut buffer = Buffer::new(config, Law::ALaw, voice);
        let mut sequence = Sequence::new();
        let mut next = arrivals.iter().peekable();
        let (mut out, mut delays) = (Vec::new(), Vec::new());
        for tick in 0..seconds * 100 {
            while let Some(&&(at, n)) = next.peek()
                && at <= f64::from(tick) * 80.0
            {
                next.next();
                let order = sequence.update(64_000u16.wrapping_add(n as u16));
                if !matches!(order, Order::Duplicate | Order::Doubtful) {
                    let timestamp = 0xFFFF_0000u32.wrapping_add(n as u32 * 160);
                    buffer.push(order, timestamp, &payload(n));
                }
            }
            let mut octets = [0; 80];
            buffer.pull(&mut octets);
            out.extend(octets);
            if tick % 100 == 99 {
                delays.push(buffer.delay());
            }
        }
        Outcome {
            counters: buffer.counters(),
            delays,
            out,
        }
    }
}

/// Ten minutes of speech at either end of what clocks may drift: 96 ms of it go by single
/// samples inside silence; nothing is late, made up or jumped over, and the delay stays.
#[test]
fn voice_absorbs_200_ppm_by_single_samples_in_silence() {
    let speech: Vec<u8> = crate::voice::Voice::new(3, Law::ALaw)
        .samples(600 * 8_000)
        .iter()
        .map(|&s| Law::ALaw.encode(s))
        .collect();
    let payload = |n: usize| speech[n % 30_000 * 160..][..160].to_vec();
    for ppm in [-200.0, -50.0, 50.0, 200.0] {
        let trace = Trace {
            seed: 1,
            ppm,
            jitter_ms: 5.0,
            spike_ms: 0.0,
            loss: 0.0,
        };
        let outcome = trace.run(adaptive(30, 10, 200), 600, payload);
        let Counters {
            late,
            underruns,
            overruns,
            concealed,
            deleted,
            inserted,
        } = outcome.counters;
        let told = format!("{ppm} ppm: {:?}", outcome.counters);
        assert!(overruns == 0 && underruns == 0, "{told}");
        assert!(late <= 2 && concealed <= 160, "{told}");
        // Beside what the delay sheds of its beginning.
        let drift = deleted as i64 - inserted as i64;
        let expected = (ppm * 1e-6 * 600.0 * 8_000.0) as i64;
        assert!(
            (drift - expected).abs() <= 280,
            "{told}: {drift} for {expected}"
        );
        let (least, greatest) = outcome.delays[30..]
            .iter()
            .fold((u32::MAX, 0), |(l, g), &d| (l.min(d), g.max(d)));
        assert!(
            greatest - least <= 360,
            "{told}: delay from {least} to {greatest}"
        );
        // Where it is loud, nothing was touched: every loud stretch of 40 ms is found whole.
        let mut found = 0;
        let mut from = 0;
        for n in (100..29_900).step_by(50) {
            let stretch = &speech[n * 160..n * 160 + 320];
            if stretch
                .iter()
                .any(|&o| Law::ALaw.decode(o).unsigned_abs() < 128)
            {
                continue;
            }
            let near = n * 160 - 2_000..n * 160 + 4_000;
            let place = outcome.out[near.clone()]
                .windows(320)
                .position(|w| w == stretch);
            let place = place.unwrap_or_else(|| panic!("{told}: packet {n} is not whole"));
            assert!(near.start + place > from, "{told}: packet {n}");
            from = near.start + place;
            found += 1;
        }
        assert!(found == 0 || found > 3, "{found}");
    }
}

/// Jitter of 20 ms without loss, and a data buffer deep enough: every bit arrives.
#[test]
fn data_is_bit_exact_through_20_ms_of_jitter() {
    for seed in 0..8 {
        let trace = Trace {
            seed,
            ppm: 0.0,
            jitter_ms: 20.0,
            spike_ms: 0.0,
            loss: 0.0,
        };
        let outcome = trace.run(fixed(60), 60, Rig::payload);
        assert_eq!(outcome.counters, Counters::default(), "seed {seed}");
        let start = outcome.out.iter().position(|&o| o != IDLE).unwrap();
        let body = &outcome.out[start..];
        assert_eq!(body, &stream(60 * 8_000)[..body.len()], "seed {seed}");
    }
}

/// Data and a drifting sender: slips, each counted, each as long as the buffer is deep, and bits
/// that are whole between them.
#[test]
fn data_slips_are_counted() {
    for ppm in [-200.0, 200.0] {
        let trace = Trace {
            seed: 1,
            ppm,
            jitter_ms: 0.0,
            spike_ms: 0.0,
            loss: 0.0,
        };
        let outcome = trace.run(fixed(40), 1_200, |_| vec![0x55; 160]);
        let Counters {
            overruns,
            deleted,
            inserted,
            ..
        } = outcome.counters;
        // 240 ms of drift: six times the depth, or once what fits above it, less than half of it.
        let expected = if ppm < 0.0 { 3..=8 } else { 0..=1 };
        assert!(
            expected.contains(&overruns),
            "{ppm}: {:?}",
            outcome.counters
        );
        assert_eq!((deleted, inserted), (0, 0));
    }
}

/// The delay grows with the jitter, as far as configured, and no further than it must.
#[test]
fn the_delay_follows_the_jitter_within_its_bounds() {
    let quiet = |_| vec![IDLE; 160];
    let mut before = 0;
    for (jitter_ms, most) in [
        (0.0, 35),
        (20.0, 55),
        (60.0, 95),
        (120.0, 155),
        (600.0, 250),
    ] {
        for seed in 0..4 {
            let trace = Trace {
                seed,
                ppm: 0.0,
                jitter_ms,
                spike_ms: 0.0,
                loss: 0.01,
            };
            let outcome = trace.run(adaptive(30, 10, 200), 120, quiet);
            let mean = outcome.delays[60..].iter().sum::<u32>() / 60 / 8;
            assert!(
                mean <= most,
                "{jitter_ms} ms: {mean} ms, {:?}",
                outcome.counters
            );
            assert!(
                mean + 25 >= before,
                "{jitter_ms} ms: {mean} ms after {before} ms"
            );
            before = mean;
            if jitter_ms < 200.0 {
                let late = outcome.counters.late;
                assert!(late <= 60, "{jitter_ms} ms: {late} late of 6,000");
            }
        }
    }
}

/// Now and then a packet that is 80 ms late, on a quiet network: once its delay has been
/// needed, it is kept for ten seconds, so that the next spike of the kind does no harm.
#[test]
fn a_spike_every_ten_seconds_is_remembered() {
    let trace = Trace {
        seed: 2,
        ppm: 0.0,
        jitter_ms: 3.0,
        spike_ms: 80.0,
        loss: 0.0,
    };
    let outcome = trace.run(adaptive(30, 10, 200), 300, |_| vec![IDLE; 160]);
    assert!(outcome.counters.late <= 12, "{:?}", outcome.counters);
}

/// The sender says when it is silent (RFC 3389): nothing is lost, nothing made up, and the line
/// hears noise of the level described until the next talkspurt.
#[test]
fn described_silence_sounds_and_is_no_loss() {
    let mut rig = Rig::new(adaptive(40, 40, 200));
    rig.run(0..10);
    for (n, level) in [(10usize, 50u8), (11, 60)] {
        let order = rig
            .sequence
            .update(rig.first_sequence.wrapping_add(n as u16));
        let timestamp = rig
            .first_timestamp
            .wrapping_add(1_600 + (n as u32 - 10) * 8_000);
        rig.buffer.silence(order, timestamp, &[level, 130, 120]);
        for _ in 0..100 {
            rig.tick();
        }
    }
    for n in 12..22 {
        rig.arrive_at(n, 10 * 160 + 16_000 + (n - 12) * 160);
        rig.tick();
        rig.tick();
    }
    assert_eq!(rig.buffer.counters(), Counters::default());
    let level = |range: std::ops::Range<usize>| {
        let samples: Vec<i16> = rig.out[range]
            .iter()
            .map(|&o| Law::ALaw.decode(o))
            .collect();
        crate::level::Dbm0::of(&samples, Law::ALaw).0
    };
    assert!(
        (level(3_000..9_000) + 43.8).abs() < 1.5,
        "{}",
        level(3_000..9_000)
    );
    assert!(
        (level(11_000..17_000) + 53.8).abs() < 1.5,
        "{}",
        level(11_000..17_000)
    );
    let speech: Vec<u8> = (0..10).flat_map(|n| Rig::payload(n + 12)).collect();
    let tail = &rig.out[rig.out.len() - 1_000..];
    assert!(speech.windows(1_000).any(|window| window == tail));
}

/// A redundant block puts back what was lost, as long as its turn is not over.
#[test]
fn redundant_blocks_fill_what_is_missing_and_nothing_else() {
    let mut rig = Rig::new(fixed(60));
    for n in 0..50 {
        if n % 7 != 3 {
            rig.arrive(n);
            if let Some(before) = n.checked_sub(1) {
                let timestamp = rig.first_timestamp.wrapping_add(before as u32 * 160);
                // Were it to touch what is there, this would show.
                let payload = if before % 7 == 3 {
                    Rig::payload(before)
                } else {
                    vec![0; 160]
                };
                rig.buffer.repair(timestamp, &payload);
            }
        }
        rig.tick();
        rig.tick();
    }
    assert_eq!(rig.out[480..], stream(rig.out.len() - 480));
    assert_eq!(rig.buffer.counters(), Counters::default());
    // One that comes after its turn has no effect.
    rig.buffer.repair(rig.first_timestamp, &[1; 160]);
    rig.tick();
    assert!(!rig.out[rig.out.len() - 80..].contains(&1));
}

/// A call turns out to be data: the buffer is deep and exact from the next packets on.
#[test]
fn voice_becomes_data() {
    let mut rig = Rig::new(adaptive(20, 10, 100));
    rig.run(0..50);
    rig.buffer.reconfigure(fixed(80), false);
    let start = rig.out.len();
    rig.run(50..150);
    let concealed = rig.buffer.counters().concealed;
    assert!(concealed <= 640, "{concealed}");
    let tail = &rig.out[start + 1_000..];
    assert!(
        stream(150 * 160)
            .windows(tail.len())
            .any(|window| window == tail)
    );
    assert_eq!(rig.buffer.delay() / 8, 80);
}

/// A network by seed: each packet's delay in ticks, whether it is lost, whether it is doubled.
fn network() -> impl Strategy<Value = Vec<(u8, bool, bool)>> {
    let packet = (
        0u8..12,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    );
    prop::collection::vec(packet, 1..150)
}

/// Octets of the stream, each written with its place, run through a network.
fn through(config: JitterConfig, packets: &[(u8, bool, bool)]) -> (Vec<u8>, Buffer) {
    let mut rig = Rig::new(config);
    for tick in 0..packets.len() * 2 + 40 {
        for (n, &(delay, lost, doubled)) in packets.iter().enumerate() {
            if !lost && n * 2 + usize::from(delay) == tick {
                rig.arrive(n);
                if doubled {
                    rig.arrive(n);
                }
            }
        }
        rig.tick();
    }
    (rig.out, rig.buffer)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Data: whatever the network does within the depth, each octet comes out at its place or,
    /// when its packet was lost, idle; never elsewhere, never twice.
    #[test]
    fn fixed_keeps_every_octet_in_its_place(packets in network()) {
        let (out, buffer) = through(fixed(240), &packets);
        // The line started when the first packet that was not lost arrived.
        let arrivals = packets.iter().enumerate().filter(|(_, p)| !p.1);
        let Some((first, tick)) =
            arrivals.map(|(n, p)| (n, n * 2 + usize::from(p.0))).min_by_key(|&(n, t)| (t, n))
        else { return Ok(()) };
        let origin = (tick * 80 + 240 * 8) as i64 - first as i64 * 160;
        for (n, &(_, lost, _)) in packets.iter().enumerate() {
            let place = origin + n as i64 * 160;
            let Ok(place) = usize::try_from(place) else { continue };
            let Some(octets) = out.get(place..place + 160) else { continue };
            if lost {
                prop_assert!(octets.iter().all(|o| *o == IDLE));
            } else {
                prop_assert_eq!(octets, &Rig::payload(n)[..]);
            }
        }
        prop_assert_eq!(buffer.counters().overruns, 0);
    }

    /// Voice: order is kept, whatever is concealed, shifted or shed.
    #[test]
    fn adaptive_keeps_the_order(packets in network()) {
        let (out, _) = through(adaptive(20, 10, 100), &packets);
        // Whole tens of octets of a packet are recognised by their values.
        let mut last = 0;
        for n in 0..packets.len() {
            let payload = Rig::payload(n);
            let middle = &payload[70..90];
            if let Some(at) = out.windows(20).position(|window| window == middle) {
                prop_assert!(at >= last, "packet {n} at {at}, after one at {last}");
                last = at;
            }
        }
    }

    /// Nothing from the network panics or stops the line.
    #[test]
    fn nonsense_does_no_harm(
        packets in prop::collection::vec(
            (any::<u16>(), any::<u32>(), 0usize..2_000, 0u8..4), 0..80),
        voice in any::<bool>(),
        near in any::<bool>(),
    ) {
        let config = if voice { adaptive(20, 10, 100) } else { fixed(40) };
        let mut rig = Rig::new(config);
        for (sequence, timestamp, length, ticks) in packets {
            let (sequence, timestamp) =
                if near { (sequence % 50, timestamp % 9_000) } else { (sequence, timestamp) };
            let order = rig.sequence.update(sequence);
            rig.buffer.push(order, timestamp, &vec![0x33; length]);
            for _ in 0..ticks {
                rig.tick();
            }
            prop_assert!(rig.buffer.delay() as usize <= CAPACITY);
        }
    }
}

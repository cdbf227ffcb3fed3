//! Minutes of traffic by trace: drift, jitter, and how the delay follows them.

use super::*;

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

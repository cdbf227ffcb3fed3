//! What each part of signal processing takes, beside spandsp's in the same run: CPU nanoseconds
//! per 20 ms of one channel, medians of rounds over ten seconds of speech and digits.
//!
//! `cargo bench -p media-bridge --bench signal`. Needs the C compiler and Debian's
//! `libspandsp-dev` for the right-hand column, `libsrtp2-dev` for that of SRTP.
#![expect(
    clippy::indexing_slicing,
    reason = "a bench: frames are 160 samples, rounds are not empty"
)]

#[allow(dead_code, reason = "the tests ask spandsp for more")]
#[path = "../tests/spandsp/judge.rs"]
mod judge;
#[path = "../tests/libsrtp/judge.rs"]
mod libsrtp;
#[path = "../tests/judge/program.rs"]
mod program;

use std::hint::black_box;
use std::sync::Arc;

use media_bridge::comfort;
use media_bridge::conceal::Concealer;
use media_bridge::dtmf::{self, Digit, Levels};
use media_bridge::echo::{Canceller, Nlms, NlmsConfig};
use media_bridge::level::Dbm0;
use media_bridge::modem;
use media_bridge::rtp::Header;
use media_bridge::srtp::{MasterKey, Receiver, Sender, Suite, TRAILER};
use media_bridge::tone::{Generator, Partial, Segment, ToneProgram};
use media_bridge::voice::Voice;
use rustix::time::{ClockId, clock_gettime};
use tdm::Law;

const LAW: Law = Law::ALaw;
const FRAME: usize = 160;
const ROUNDS: usize = 41;

fn cpu_ns() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// Median over rounds of the time a frame takes.
fn time(frames: &[[i16; FRAME]], mut part: impl FnMut(&[i16; FRAME])) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begin = cpu_ns();
            for frame in frames {
                part(black_box(frame));
            }
            (cpu_ns() - begin) / frames.len() as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

fn tone(frequencies: &[f32]) -> Generator {
    let partials = frequencies.iter().map(|&f| Partial::new(f, Dbm0(-13.0)));
    let segment = Segment::endless(partials.collect());
    let program = ToneProgram::new(vec![segment], false).expect("a tone");
    Generator::new(Arc::new(program), LAW)
}

fn main() {
    // Ten seconds of a line: speech, and a digit every second.
    let mut samples = Voice::new(1, LAW).samples(80_000);
    for (second, digit) in samples.chunks_mut(8_000).zip(Digit::ALL) {
        dtmf::Generator::new(digit, Levels::default(), LAW).fill(&mut second[..800]);
    }
    let frames = samples.as_chunks::<FRAME>().0;
    let octets: Vec<[u8; FRAME]> = frames.iter().map(|f| f.map(|s| LAW.encode(s))).collect();
    let judge = judge::Judge::build();
    let report = |name: &str, verb: &str, ours: f64| {
        let theirs = judge.as_ref().and_then(|judge| {
            let lines = judge.lines(&["bench", verb], &samples);
            lines.first()?.parse::<f64>().ok()
        });
        match theirs {
            Some(theirs) => {
                println!(
                    "| {name} | {ours:.0} | {theirs:.0} | {:.1} |",
                    theirs / ours
                );
            }
            None => println!("| {name} | {ours:.0} | - | - |"),
        }
    };
    println!("| ns per 20 ms | Isthmus | spandsp | ratio |\n|---|---|---|---|");

    let mut out = [0i16; FRAME];
    let mut detector = dtmf::Detector::new(dtmf::DetectorConfig::default(), LAW);
    let ours = time(frames, |f| {
        detector.push(f, &mut |r| {
            black_box(r);
        })
    });
    report("DTMF detection", "dtmf-rx", ours);
    let mut generator = dtmf::Generator::new(Digit::ALL[5], Levels::default(), LAW);
    let ours = time(frames, |_| generator.fill(black_box(&mut out)));
    report("DTMF generation", "dtmf-tx", ours);
    let (mut one, mut two) = (tone(&[440.0]), tone(&[440.0, 480.0]));
    let ours = time(frames, |_| one.fill(black_box(&mut out)));
    report("one tone", "tone-1", ours);
    let ours = time(frames, |_| two.fill(black_box(&mut out)));
    report("two tones", "tone-2", ours);

    let mut concealer = Concealer::new(LAW);
    let mut frame = octets[0];
    let ours = time(frames, |_| concealer.resume(black_box(&mut frame)));
    report("concealment, good frame", "plc-good", ours);
    let mut n = 0;
    let ours = time(frames, |_| {
        n = (n + 1) % (octets.len() - 3);
        let mut concealer = Concealer::new(LAW);
        concealer.conceal(black_box(&mut frame), |history| {
            history[..FRAME].copy_from_slice(&octets[n]);
            history[FRAME..].copy_from_slice(&octets[n + 1]);
        });
    });
    report("concealment, first lost frame", "plc-lost", ours);

    let mut at = octets.iter().cycle();
    let ours = time(frames, |_| {
        if let Some(octets) = at.next() {
            out = black_box(octets).map(|octet| LAW.decode(octet));
            black_box(&out);
        }
    });
    report("G.711 decoding", "g711-decode", ours);
    let ours = time(frames, |f| {
        black_box(f.map(|sample| LAW.encode(sample)));
    });
    report("G.711 encoding", "g711-encode", ours);
    let table = LAW.convert_to(Law::MuLaw);
    let mut at = octets.iter().cycle();
    let ours = time(frames, |_| {
        if let Some(octets) = at.next() {
            black_box(black_box(octets).map(|octet| table[usize::from(octet)]));
        }
    });
    report("A-law to mu-law", "g711-convert", ours);

    let mut noise = comfort::Generator::new(1, LAW);
    noise.set_level(Dbm0(-50.0));
    let ours = time(frames, |_| noise.fill(black_box(&mut out)));
    report("comfort noise", "noise", ours);
    // Ours hears all of them at once.
    let mut detector = modem::Detector::new(LAW);
    let ours = time(frames, |f| {
        detector.push(f, &mut |r| {
            black_box(r);
        })
    });
    report(
        "all modem signals, beside its CNG alone",
        "tone-rx-cng",
        ours,
    );
    report(
        "... beside its ANS with reversals alone",
        "tone-rx-ans-pr",
        ours,
    );
    report("... beside its V.21 preamble alone", "tone-rx-v21", ours);
    let config = NlmsConfig {
        tail_ms: 16,
        suppress: false,
    };
    let mut canceller = Nlms::new(config, LAW);
    let mut late = [0i16; FRAME];
    let ours = time(frames, |f| {
        let mut near = late;
        late = f.map(|s| s / 4);
        near.rotate_left(96);
        canceller.cancel(f, black_box(&mut near));
    });
    report("echo canceller, 128 taps", "echo", ours);
    protection(&octets);
}

/// SRTP: packets of a frame each, protected and unprotected, beside libsrtp. Each the best of some
/// rounds, as the judge times it.
fn protection(frames: &[[u8; FRAME]]) {
    let judge = libsrtp::Judge::build();
    println!("\n| ns per packet of 20 ms | Isthmus | libsrtp | ratio |\n|---|---|---|---|");
    for suite in Suite::ALL {
        let keying: Vec<u8> = (0..suite.keying_octets() as u8).collect();
        let key = MasterKey::new(suite, &keying).expect("as long as its suite's");
        let (mut sender, mut receiver) = (Sender::new(&key), Receiver::new(&key));
        let mut best = [f64::MAX; 2];
        let mut header = Header {
            marker: false,
            payload_type: 8,
            sequence: 0,
            timestamp: 0,
            ssrc: 1,
        };
        for _ in 0..ROUNDS {
            let mut protected = Vec::with_capacity(frames.len());
            let clear: Vec<_> = frames
                .iter()
                .map(|frame| {
                    header.sequence = header.sequence.wrapping_add(1);
                    let mut packet = [0; 12 + FRAME];
                    packet[..12].copy_from_slice(&header.to_octets());
                    packet[12..].copy_from_slice(frame);
                    packet
                })
                .collect();
            let begin = cpu_ns();
            for packet in &clear {
                let mut buffer = [0; 12 + FRAME + TRAILER];
                let length = sender
                    .protect(black_box(packet), &mut buffer)
                    .map(<[u8]>::len);
                protected.push((buffer, length.expect("there is room")));
            }
            let between = cpu_ns();
            for (buffer, length) in &mut protected {
                let taken = receiver.unprotect(black_box(&mut buffer[..*length]));
                assert_eq!(taken, Ok(12 + FRAME));
            }
            let end = cpu_ns();
            let packets = frames.len() as f64;
            best[0] = best[0].min((between - begin) / packets);
            best[1] = best[1].min((end - between) / packets);
        }
        let theirs = judge.as_ref().and_then(|judge| judge.bench(suite, &keying));
        for (n, what) in ["protect", "unprotect"].into_iter().enumerate() {
            let ours = best[n];
            match theirs {
                Some(theirs) => println!(
                    "| {suite}, {what} | {ours:.0} | {:.0} | {:.1} |",
                    theirs[n],
                    theirs[n] / ours
                ),
                None => println!("| {suite}, {what} | {ours:.0} | - | - |"),
            }
        }
    }
}

//! Concealment on the same losses: segmental signal-to-noise ratio against the original.
#![expect(
    clippy::indexing_slicing,
    reason = "frames and losses are as many, and history is not asked for at the beginning"
)]

use media_bridge::conceal::Concealer;
use media_bridge::level::Dbm0;
use media_bridge::noise::Noise;
use media_bridge::voice::Voice;
use tdm::Law;

use crate::judge::Judge;

const LAW: Law = Law::ALaw;
const FRAME: usize = 80;

/// Which frames of 10 ms are lost, packets of 20 ms at a time; bursts as networks have them.
fn losses(seed: u64, frames: usize, percent: f32) -> Vec<bool> {
    let mut chance = Noise::new(seed, Dbm0(0.0), LAW);
    let mut lost = Vec::new();
    let mut before = false;
    // One in three losses is followed by another.
    let first = percent / 100.0 * (1.0 - 1.0 / 3.0);
    while lost.len() < frames {
        before = chance.chance() < if before { 1.0 / 3.0 } else { first };
        lost.extend([before; 2]);
    }
    lost
}

/// What our concealer makes of the line, octets as the line has them.
fn ours(line: &[u8], lost: &[bool]) -> Vec<i16> {
    let mut concealer = Concealer::new(LAW);
    let mut out: Vec<u8> = Vec::new();
    for (frame, &lost) in line.chunks(FRAME).zip(lost) {
        let mut octets = frame.to_vec();
        if lost {
            concealer.conceal(&mut octets, |history| {
                let from = out.len() - history.len();
                history.copy_from_slice(&out[from..]);
            });
        } else {
            concealer.resume(&mut octets);
        }
        out.extend(octets);
    }
    out.iter().map(|&o| LAW.decode(o)).collect()
}

/// Mean over frames of speech of the signal-to-noise ratio in dB, each held within -10 and 35;
/// over the frames that are lost, or come right after.
fn segmental_snr(original: &[i16], made: &[i16], lost: &[bool]) -> f64 {
    let (mut sum, mut count) = (0.0, 0u32);
    for (n, (original, made)) in original.chunks(FRAME).zip(made.chunks(FRAME)).enumerate() {
        let near = lost[n] || (n > 0 && lost[n - 1]);
        let signal: f64 = original.iter().map(|&s| f64::from(s).powi(2)).sum();
        if !near || signal < 80.0 * 100.0 * 100.0 {
            continue;
        }
        let error = original.iter().zip(made);
        let error: f64 = error
            .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
            .sum();
        sum += (10.0 * (signal / error.max(1.0)).log10()).clamp(-10.0, 35.0);
        count += 1;
    }
    if count == 0 {
        35.0
    } else {
        sum / f64::from(count)
    }
}

#[test]
fn lost_speech_is_made_up_no_worse_than_by_spandsp() {
    let Some(judge) = Judge::build() else { return };
    for percent in [0.0, 1.0, 3.0, 5.0] {
        let (mut we, mut they) = (0.0, 0.0);
        let seeds = 5;
        for seed in 0..seeds {
            let speech = Voice::new(300 + seed, LAW).samples(60 * 8_000);
            let line: Vec<u8> = speech.iter().map(|&s| LAW.encode(s)).collect();
            let original: Vec<i16> = line.iter().map(|&o| LAW.decode(o)).collect();
            let mut lost = losses(seed, original.len() / FRAME, percent);
            // Both begin with something heard.
            lost[..10].fill(false);
            let mask: String = lost.iter().map(|&l| if l { 'x' } else { '.' }).collect();
            let made = judge.samples(&["conceal", &mask], &original);
            // spandsp makes up samples, the line carries octets.
            let made: Vec<i16> = made.iter().map(|&s| LAW.decode(LAW.encode(s))).collect();
            we += segmental_snr(&original, &ours(&line, &lost), &lost) / seeds as f64;
            they += segmental_snr(&original, &made, &lost) / seeds as f64;
        }
        println!("{percent} % lost: segmental SNR {we:.2} dB, spandsp {they:.2} dB");
        assert!(
            we >= they - 0.05,
            "{percent} %: {we:.2} dB, spandsp {they:.2} dB"
        );
    }
}

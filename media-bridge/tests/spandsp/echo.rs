//! Both cancellers on the same lines, without suppression of what is left.

use media_bridge::echo::{Canceller, Nlms, NlmsConfig};
use media_bridge::level::Dbm0;
use media_bridge::noise::Noise;
use media_bridge::voice::Voice;
use tdm::Law;

use crate::judge::Judge;

const LAW: Law = Law::ALaw;

/// A far end, and what a hybrid with 10 dB of loss brings back of it.
fn line(far: Vec<i16>) -> (Vec<i16>, Vec<i16>) {
    let mut background = Noise::new(5, Dbm0(-65.0), LAW);
    let far: Vec<i16> = far.iter().map(|&s| LAW.decode(LAW.encode(s))).collect();
    let taps: Vec<f32> = (0..40)
        .map(|n| (n as f32 * 1.1 + 0.7).sin() * (-(n as f32) / 9.0).exp() * 0.19)
        .collect();
    let echo = (0..far.len()).map(|n| {
        let back = taps.iter().enumerate();
        back.filter_map(|(k, t)| Some(t * f32::from(*far.get(n.checked_sub(32 + k)?)?)))
            .sum::<f32>()
    });
    let near = echo
        .map(|e| LAW.decode(LAW.encode((e + background.next_value()) as i16)))
        .collect();
    (far, near)
}

/// Loss in dB over the last third.
fn loss(before: &[i16], after: &[i16]) -> f64 {
    let energy = |samples: &[i16]| {
        let late = samples.iter().skip(samples.len() * 2 / 3);
        late.map(|&s| f64::from(s).powi(2)).sum::<f64>() + 1.0
    };
    10.0 * (energy(before) / energy(after)).log10()
}

#[test]
fn we_take_off_at_least_as_much_echo_as_spandsp() {
    let Some(judge) = Judge::build() else { return };
    let mut noise = Noise::new(1, Dbm0(-15.0), LAW);
    let noise: Vec<i16> = (0..120_000).map(|_| noise.next_sample()).collect();
    for (name, far) in [
        ("noise", noise),
        ("speech", Voice::new(1, LAW).samples(60 * 8_000)),
        ("other speech", Voice::new(8, LAW).samples(60 * 8_000)),
    ] {
        let (far, near) = line(far);
        let mut ours = near.clone();
        let config = NlmsConfig {
            tail_ms: 16,
            suppress: false,
        };
        let mut canceller = Nlms::new(config, LAW);
        for (far, near) in far.chunks(80).zip(ours.chunks_mut(80)) {
            canceller.cancel(far, near);
        }
        let pairs: Vec<i16> = far.iter().zip(&near).flat_map(|(&f, &n)| [f, n]).collect();
        let theirs = judge.samples(&["echo", "128"], &pairs);
        let (we, they) = (loss(&near, &ours), loss(&near, &theirs));
        println!("{name}: {we:.1} dB of echo taken off, spandsp {they:.1} dB");
        assert!(we >= they, "{name}: {we:.1} dB, spandsp {they:.1} dB");
    }
}

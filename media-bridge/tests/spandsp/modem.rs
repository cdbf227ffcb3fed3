//! Answer tones, CNG and V.21: spandsp's signals to our detector, ours to its.

use media_bridge::event::{Player, Sound};
use media_bridge::level::Dbm0;
use media_bridge::modem::{Detector, Report, Signal};
use media_bridge::voice::Voice;
use tdm::Law;

use crate::judge::Judge;

const LAW: Law = Law::ALaw;

fn ours(samples: &[i16]) -> Vec<Signal> {
    let mut detector = Detector::new(LAW);
    let mut heard = Vec::new();
    for tick in samples.chunks(80) {
        let tick: Vec<i16> = tick.iter().map(|&s| LAW.decode(LAW.encode(s))).collect();
        detector.push(&tick, &mut |report| {
            if let Report::Heard { signal, .. } = report {
                heard.push(signal);
            }
        });
    }
    heard
}

#[test]
fn we_hear_what_spandsp_sends() {
    let Some(judge) = Judge::build() else { return };
    for (name, signals) in [
        ("cng", &[Signal::Cng][..]),
        ("ans", &[Signal::Ans]),
        ("ans-pr", &[Signal::Ans, Signal::AnsReversed]),
        ("ansam", &[Signal::Ansam]),
        ("ansam-pr", &[Signal::Ansam, Signal::AnsamReversed]),
        ("bell", &[Signal::BellAnswer]),
        ("ct", &[Signal::CallingTone]),
        ("v21", &[Signal::V21Flags]),
    ] {
        // Each begins with a pause of its own or not; a silence after it in any case.
        let mut line = vec![0; 800];
        line.extend(judge.samples(&["tone-generate", name, "24000"], &[]));
        line.extend([0; 1_600]);
        assert_eq!(ours(&line), signals, "{name}");
    }
}

#[test]
fn spandsp_hears_the_tones_that_we_send() {
    let Some(judge) = Judge::build() else { return };
    for (event, name) in [(32, "ans"), (36, "cng"), (49, "ct"), (52, "bell")] {
        let mut player = Player::new(LAW);
        let mut samples = vec![0; 16_000];
        player.play(Sound::of_event(event).expect("a tone"), Dbm0(-12.0));
        // CNG and CT come in bursts.
        let length = match event {
            36 => 4_000,
            49 => 4_800,
            _ => 16_000,
        };
        player.fill(&mut samples[..length]);
        let heard = judge.lines(&["tone-detect", name], &samples);
        assert!(!heard.is_empty(), "event {event} is not heard as {name}");
    }
    // ANS and /ANS in turn are phase reversals.
    let mut player = Player::new(LAW);
    let mut line = Vec::new();
    for event in [32, 33, 32, 33, 32] {
        player.play(Sound::of_event(event).expect("a tone"), Dbm0(-12.0));
        let mut samples = [0; 3_600];
        player.fill(&mut samples);
        line.extend(samples);
    }
    let heard = judge.lines(&["tone-detect", "ans-pr"], &line);
    assert!(heard.iter().any(|line| line.starts_with("3 ")), "{heard:?}");
}

/// Half an hour of speech-like sound: nothing, for any of spandsp's receivers or for ours.
#[test]
fn speech_is_no_modem() {
    let Some(judge) = Judge::build() else { return };
    let (mut we, mut they) = (0, 0);
    for seed in 0..6 {
        let speech = Voice::new(200 + seed, LAW).samples(300 * 8_000);
        we += ours(&speech).len();
        for name in ["cng", "ans-pr", "v21"] {
            they += judge.lines(&["tone-detect", name], &speech).len();
        }
    }
    println!("false signals in 30 minutes: {we}, spandsp {they}");
    assert_eq!(we, 0, "spandsp {they}");
}

//! Comfort noise, redundant blocks, and voice that turns into data.

use super::*;

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

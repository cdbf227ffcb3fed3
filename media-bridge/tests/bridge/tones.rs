//! Tones in place of the audio.

use super::*;

#[test]
fn ringback_is_heard_in_rtp_before_the_path_is_open() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    rig.command(Command::Path {
        bridge: BRIDGE,
        path: Path::CLOSED,
    });
    let ringback = Plan::builtin("de").unwrap().ringback();
    let tone = Some(Box::new(media_bridge::tone::Generator::new(
        Arc::clone(&ringback),
        Law::ALaw,
    )));
    rig.command(Command::Tone {
        bridge: BRIDGE,
        towards: Side::Rtp,
        tone,
    });
    rig.idle_ticks(1_090);
    let samples: Vec<i16> = rig
        .sent()
        .concat_payloads()
        .iter()
        .map(|&o| Law::ALaw.decode(o))
        .collect();
    let mut intervals = Vec::new();
    Cadence::new(CadenceConfig::default(), Law::ALaw).push(&samples, &mut |interval| {
        intervals.push((interval.on, interval.ms()))
    });
    assert_eq!(intervals.len(), 4, "{intervals:?}");
    for ((on, length), (expected_on, expected)) in intervals
        .iter()
        .zip([(true, 1_000u64), (false, 4_000)].iter().cycle())
    {
        assert_eq!(on, expected_on);
        assert!(length.abs_diff(*expected) <= 5, "{intervals:?}");
    }
    let measured = Detector::measure(&samples[80..7_900], Law::ALaw);
    assert!(measured.matches(&[425.0], 0.2), "{measured:?}");
    // Stopped: the program comes home, nothing more is sent.
    rig.command(Command::Tone {
        bridge: BRIDGE,
        towards: Side::Rtp,
        tone: None,
    });
    let home = rig.events.iter().any(
        |event| matches!(event, Event::Spent(Spent::Tone(tone)) if Arc::ptr_eq(tone.program(), &ringback)),
    );
    assert!(home);
    rig.idle_ticks(10);
    assert_eq!(rig.sent(), []);
}

#[test]
fn a_tone_on_the_timeslot_replaces_the_audio_and_ends() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    let program = ToneProgram::steady(1_004.0, Dbm0(-16.0)).unwrap();
    let tone = Some(Box::new(media_bridge::tone::Generator::new(
        Arc::new(program),
        Law::ALaw,
    )));
    rig.command(Command::Tone {
        bridge: BRIDGE,
        towards: Side::Timeslot,
        tone,
    });
    let line = rig.idle_ticks(100);
    let samples: Vec<i16> = line.iter().map(|&o| Law::ALaw.decode(o)).collect();
    let measured = Detector::measure(&samples, Law::ALaw);
    assert!(measured.matches(&[1_004.0], 0.1), "{measured:?}");
    assert!((measured.level.0 + 16.0).abs() < 0.2, "{measured:?}");
    let congestion = Plan::builtin("de").unwrap().congestion();
    let once = ToneProgram::new(congestion.segments().to_vec(), false).unwrap();
    let tone = Some(Box::new(media_bridge::tone::Generator::new(
        Arc::new(once),
        Law::ALaw,
    )));
    rig.command(Command::Tone {
        bridge: BRIDGE,
        towards: Side::Timeslot,
        tone,
    });
    rig.idle_ticks(49);
    let side = Side::Timeslot;
    let ended = |rig: &Rig| {
        rig.events
            .iter()
            .any(|e| matches!(e, Event::ToneEnded { towards, .. } if *towards == side))
    };
    assert!(ended(&rig));
}

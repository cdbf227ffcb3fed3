//! Digits: heard on the timeslot, received as events, commanded.

use super::*;

/// Plays a dialled tone on the timeslot and returns what went out.
fn dial(rig: &mut Rig, digits: &str, on_ms: usize, off_ms: usize) {
    let mut samples = vec![0i16; 1_200];
    for character in digits.chars() {
        let start = samples.len();
        samples.resize(start + on_ms * 8, 0);
        let levels = dtmf::Levels::default();
        dtmf::Generator::new(digit(character), levels, rig.law).fill(&mut samples[start..]);
        samples.resize(samples.len() + off_ms * 8, 0);
    }
    samples.resize(samples.len() + 2_400, 0);
    let octets: Vec<u8> = samples.iter().map(|&s| rig.law.encode(s)).collect();
    for tick in octets.as_chunks::<TICK_OCTETS>().0 {
        rig.tick(tick);
    }
}

#[test]
fn digits_on_the_timeslot_become_events_and_do_not_leak() {
    for law in [Law::ALaw, Law::MuLaw] {
        let mut rig = Rig::attached(law, |rtp| {
            rtp.telephone_event = Some(EVENT_TYPE);
            rtp.dtmf = DtmfDetection::Suppress;
        });
        let dialled = "147*2580369#ABCD";
        dial(&mut rig, dialled, 70, 60);
        let sent = rig.sent();
        let (audio, events) = parted(&sent);
        // One event each, in order; each begun by a marker and ended three times.
        let ends: Vec<_> = events.iter().filter(|(_, p)| p.end).collect();
        assert_eq!(ends.len(), 3 * dialled.len());
        assert_eq!(
            events.iter().filter(|(h, _)| h.marker).count(),
            dialled.len()
        );
        for (n, (thrice, character)) in ends.chunks(3).zip(dialled.chars()).enumerate() {
            assert!(
                thrice
                    .iter()
                    .all(|e| e.1 == thrice[0].1 && e.0.timestamp == thrice[0].0.timestamp)
            );
            assert_eq!(thrice[0].1.event, digit(character).event());
            assert!(
                thrice[0].1.duration.abs_diff(560) <= 48,
                "{:?}",
                thrice[0].1
            );
            // The tone began at 1200 + n * 1040 and comes a block later.
            let began = thrice[0].0.timestamp.wrapping_sub(u32::MAX - 1_000);
            let expected = 1_200 + n as u32 * 1_040 + dtmf::LOOK_BACK as u32;
            assert!(began.abs_diff(expected) <= 24, "{began} not {expected}");
        }
        // Nothing of the tones is in the audio: at most 3 ms at a start.
        let loud = audio
            .iter()
            .flat_map(|(_, payload)| payload)
            .filter(|&&octet| Law::ALaw.decode(octet).unsigned_abs() > 100)
            .count();
        assert!(loud <= 24 * dialled.len(), "{loud} samples leaked");
        // The packets are one sequence.
        for (n, (header, _)) in sent.iter().enumerate() {
            assert_eq!(header.sequence, 65_530u16.wrapping_add(n as u16));
        }
        let heard: String = rig.digits(Side::Timeslot).iter().map(|d| d.0).collect();
        assert_eq!(heard, dialled);
        assert!(
            rig.digits(Side::Timeslot)
                .iter()
                .all(|d| d.1.abs_diff(70) <= 6)
        );
        let statistics = rig.close();
        assert_eq!(statistics.digits_from_timeslot, 16);
        assert_eq!(statistics.digits_to_rtp, 16);
    }
}

/// Digits in quick succession, at the longest packet time: the end of one waits to be sent while
/// the next is heard already.
#[test]
fn quick_digits_are_not_lost_behind_long_packets() {
    for (ptime, on, off) in [(60, 40, 32), (60, 50, 0), (20, 50, 0), (10, 45, 35)] {
        let mut rig = Rig::attached(Law::ALaw, |rtp| {
            rtp.telephone_event = Some(EVENT_TYPE);
            rtp.dtmf = DtmfDetection::Suppress;
            rtp.ptime = ms(ptime);
        });
        let dialled = "1593572846";
        dial(&mut rig, dialled, on, off);
        let sent = rig.sent();
        let (audio, events) = parted(&sent);
        let begun = events.iter().filter(|(header, _)| header.marker);
        let begun: Vec<u8> = begun.map(|(_, payload)| payload.event).collect();
        let expected: Vec<u8> = dialled.chars().map(|c| digit(c).event()).collect();
        assert_eq!(begun, expected, "ptime {ptime}, {on} ms on, {off} ms off");
        let ends = events.iter().filter(|(_, payload)| payload.end).count();
        assert_eq!(ends, 3 * dialled.len());
        let octets = audio.iter().flat_map(|(_, payload)| payload);
        let loud = octets
            .filter(|&&o| Law::ALaw.decode(o).unsigned_abs() > 100)
            .count();
        assert!(loud <= 24 * dialled.len(), "{loud} samples leaked");
    }
}

#[test]
fn durations_of_an_event_never_shrink() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| {
        rtp.telephone_event = Some(EVENT_TYPE);
        rtp.dtmf = DtmfDetection::Detect;
    });
    dial(&mut rig, "1593", 123, 77);
    let sent = rig.sent();
    let (_, events) = parted(&sent);
    let mut last: Option<(u32, u16)> = None;
    for (header, payload) in events {
        if let Some((timestamp, duration)) = last
            && timestamp == header.timestamp
        {
            assert!(payload.duration >= duration);
        }
        last = Some((header.timestamp, payload.duration));
    }
    assert_eq!(rig.digits(Side::Timeslot).len(), 4);
}

/// What the timeslot carries, as a DTMF receiver there hears it.
fn digits_on(line: &[u8], law: Law) -> Vec<(char, u64)> {
    let mut detector = dtmf::Detector::new(dtmf::DetectorConfig::default(), law);
    let mut digits = Vec::new();
    detector.push_octets(law, line, &mut |report| {
        if let dtmf::Report::Ended { digit, samples, .. } = report {
            digits.push((digit.as_char(), u64::from(samples / 8)));
        }
    });
    digits
}

/// The peer presses `character` for `duration` while it sends audio too; some packets are lost.
fn press(rig: &mut Rig, character: char, duration: u16, lost: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut line = Vec::new();
    let timestamp = rig.header.timestamp;
    let updates = usize::from(duration).div_ceil(160);
    for n in 0..updates + 2 {
        let so_far = (n + 1).saturating_mul(160).min(usize::from(duration)) as u16;
        let end = n + 1 >= updates;
        let payload = Payload {
            event: digit(character).event(),
            end,
            volume: 10,
            duration: so_far,
        };
        if lost(n) {
            rig.header.sequence = rig.header.sequence.wrapping_add(1);
        } else {
            rig.send_event(timestamp, payload, n == 0);
        }
        line.extend(rig.idle_ticks(2));
    }
    rig.header.timestamp = timestamp.wrapping_add(updates as u32 * 160 + 320);
    line.extend(rig.idle_ticks(20));
    line
}

#[test]
fn events_become_tones_on_the_timeslot() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.telephone_event = Some(EVENT_TYPE));
    for n in 0..25 {
        let loud = [if n % 2 == 0 { 0x2A } else { 0xAA }; 160];
        rig.send(&loud);
        rig.idle_ticks(2);
    }
    let mut line = Vec::new();
    let pressed = "0123456789*#ABCD";
    for character in pressed.chars() {
        line.extend(press(&mut rig, character, 800, |_| false));
    }
    let heard = digits_on(&line, Law::ALaw);
    assert_eq!(heard.iter().map(|d| d.0).collect::<String>(), pressed);
    assert!(heard.iter().all(|d| (94..=126).contains(&d.1)), "{heard:?}");
    let reported = rig.digits(Side::Rtp);
    assert_eq!(reported.len(), 16);
    assert!(reported.iter().all(|d| d.1 == 100), "{reported:?}");
    let statistics = rig.close();
    assert_eq!(
        (statistics.digits_from_rtp, statistics.digits_to_timeslot),
        (16, 16)
    );
}

/// Short events are lengthened to what receivers must recognise; lost packets, first or last,
/// neither lose the digit nor double it.
#[test]
fn short_events_and_lost_packets_still_make_one_digit() {
    type Lost = fn(usize) -> bool;
    let cases: [(u16, Lost, &str); 6] = [
        (80, |_| false, "10 ms"),
        (160, |_| false, "20 ms"),
        (800, |n| n == 0, "first lost"),
        (800, |n| n >= 4, "all ends lost"),
        (800, |n| n == 2 || n == 3, "two updates lost"),
        (800, |n| n < 6, "all but the last lost"),
    ];
    for (duration, lost, name) in cases {
        let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.telephone_event = Some(EVENT_TYPE));
        rig.send(&[0xD5; 160]);
        rig.idle_ticks(2);
        let line = press(&mut rig, '5', duration, lost);
        let heard = digits_on(&line, Law::ALaw);
        assert_eq!(heard.iter().map(|d| d.0).collect::<String>(), "5", "{name}");
        assert!(heard[0].1 >= 36, "{name}: {heard:?}");
        assert_eq!(rig.digits(Side::Rtp).len(), 1, "{name}");
    }
}

#[test]
fn commanded_digits_go_either_way() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.telephone_event = Some(EVENT_TYPE));
    for (towards, digits) in [(Side::Timeslot, "90*"), (Side::Rtp, "11#")] {
        for character in digits.chars() {
            let (bridge, digit, duration) = (BRIDGE, digit(character), ms(80));
            rig.command(Command::Digit {
                bridge,
                towards,
                digit,
                duration,
            });
        }
    }
    let line = rig.idle_ticks(80);
    let heard: String = digits_on(&line, Law::ALaw).iter().map(|d| d.0).collect();
    assert_eq!(heard, "90*");
    let sent = rig.sent();
    let (_, events) = parted(&sent);
    let markers: Vec<u8> = events
        .iter()
        .filter(|e| e.0.marker)
        .map(|e| e.1.event)
        .collect();
    assert_eq!(markers, [1, 1, 11]);
    let ends: Vec<_> = events.iter().filter(|e| e.1.end).collect();
    assert_eq!(ends.len(), 9);
    assert!(ends.iter().all(|e| e.1.duration == 640));
    // Between two digits there are 50 ms, to the packet.
    let starts: Vec<u32> = events
        .iter()
        .filter(|e| e.0.marker)
        .map(|e| e.0.timestamp)
        .collect();
    assert!(
        starts
            .windows(2)
            .all(|w| w[1].wrapping_sub(w[0]) == 640 + 480),
        "{starts:?}"
    );
    for _ in 0..16 {
        let (bridge, digit) = (BRIDGE, digit('1'));
        rig.command(Command::Digit {
            bridge,
            towards: Side::Rtp,
            digit,
            duration: ms(0),
        });
    }
    assert!(
        !rig.events
            .iter()
            .any(|e| matches!(e, Event::Refused { .. }))
    );
    let (bridge, digit) = (BRIDGE, digit('1'));
    rig.command(Command::Digit {
        bridge,
        towards: Side::Rtp,
        digit,
        duration: ms(0),
    });
    let refused = Refusal::DigitsFull;
    assert!(
        matches!(rig.events.last(), Some(Event::Refused { refusal, .. }) if *refusal == refused)
    );
}

#[test]
fn without_events_commanded_digits_are_tones_in_rtp() {
    let mut rig = Rig::attached(Law::MuLaw, |_| {});
    for character in "42".chars() {
        let (bridge, digit) = (BRIDGE, digit(character));
        rig.command(Command::Digit {
            bridge,
            towards: Side::Rtp,
            digit,
            duration: ms(60),
        });
    }
    rig.idle_ticks(40);
    let sent = rig.sent().concat_payloads();
    assert_eq!(
        digits_on(&sent, Law::ALaw)
            .iter()
            .map(|d| d.0)
            .collect::<String>(),
        "42"
    );
}

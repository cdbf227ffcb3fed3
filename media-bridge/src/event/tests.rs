//! Both sides of RFC 4733, against the text and against each other.

use super::*;

fn send(sender: &mut Sender, duration: u32, end: bool) -> Vec<Report> {
    let mut reports = Vec::new();
    sender.update(duration, end, &mut |report| reports.push(report));
    reports
}

/// Feeds a receiver and collects what it says.
#[derive(Default)]
struct Ear {
    receiver: Receiver,
    heard: Vec<Indication>,
    now: u64,
}

impl Ear {
    fn hear(&mut self, timestamp: u32, event: u8, end: bool, duration: u16) {
        self.now += 160;
        let payload = Payload {
            event,
            end,
            volume: 10,
            duration,
        }
        .to_octets();
        let Self {
            receiver,
            heard,
            now,
        } = self;
        receiver.handle(*now, timestamp, &payload, &mut |indication| {
            heard.push(indication)
        });
    }

    fn wait(&mut self, samples: u64) {
        let Self {
            receiver,
            heard,
            now,
        } = self;
        for _ in 0..samples / 80 {
            *now += 80;
            receiver.handle_time(*now, &mut |indication| heard.push(indication));
        }
    }
}

const fn started(event: u8) -> Indication {
    Indication::Started { event, volume: 10 }
}

const fn ended(event: u8, duration: u32) -> Indication {
    Indication::Ended { event, duration }
}

#[test]
fn payload_is_laid_out_as_section_2_3() {
    let payload = Payload {
        event: 11,
        end: true,
        volume: 10,
        duration: 0x0640,
    };
    assert_eq!(payload.to_octets(), [0x0B, 0x8A, 0x06, 0x40]);
    assert_eq!(
        Payload::parse(&[0x0B, 0xCA, 0x06, 0x40]),
        Some(payload),
        "R is ignored"
    );
    assert_eq!(Payload::parse(&[1, 2, 3]), None);
}

/// Marker on the first, updates with the same timestamp, the final packet three times.
#[test]
fn a_digit_is_sent_as_section_2_5_1() {
    let mut sender = Sender::new(5, 10, 1_000);
    let mut reports = Vec::new();
    for n in 1..=4 {
        reports.extend(send(&mut sender, n * 160, false));
    }
    assert!(!sender.ended());
    reports.extend(send(&mut sender, 720, true));
    assert!(sender.ended() && !sender.finished());
    while !sender.finished() {
        reports.extend(send(&mut sender, 720, true));
    }
    let markers: Vec<bool> = reports.iter().map(|r| r.marker).collect();
    assert_eq!(markers, [true, false, false, false, false, false, false]);
    assert!(
        reports
            .iter()
            .all(|r| r.timestamp == 1_000 && r.payload.event == 5)
    );
    let durations: Vec<u16> = reports.iter().map(|r| r.payload.duration).collect();
    assert_eq!(durations, [160, 320, 480, 640, 720, 720, 720]);
    let ends: Vec<bool> = reports.iter().map(|r| r.payload.end).collect();
    assert_eq!(ends, [false, false, false, false, true, true, true]);
}

#[test]
fn long_events_are_split_into_segments() {
    let mut sender = Sender::new(1, 10, 0xFFFF_FFF0);
    let mut ear = Ear::default();
    let mut total = 0;
    let mut segments = vec![];
    let mut full = 0;
    while total < 150_000 {
        total += 160;
        for report in send(&mut sender, total, false) {
            full += u32::from(report.payload.duration == 0xFFFF);
            assert!(!report.payload.end);
            assert_eq!(report.marker, total == 160);
            if segments.last() != Some(&report.timestamp) && !segments.contains(&report.timestamp) {
                segments.push(report.timestamp);
            }
            ear.hear(report.timestamp, 1, false, report.payload.duration);
        }
    }
    assert_eq!(
        segments,
        [
            0xFFFF_FFF0,
            0xFFFF_FFF0u32.wrapping_add(0xFFFF),
            0xFFFF_FFF0u32.wrapping_add(0x1_FFFE)
        ]
    );
    assert_eq!(
        full, 6,
        "the end of each of two segments is sent three times"
    );
    for report in send(&mut sender, total, true) {
        ear.hear(
            report.timestamp,
            1,
            report.payload.end,
            report.payload.duration,
        );
    }
    assert_eq!(ear.heard, [started(1), ended(1, total)]);
}

#[test]
fn repeated_and_late_packets_are_one_event() {
    let mut ear = Ear::default();
    for (end, duration) in [
        (false, 160),
        (false, 320),
        (false, 320),
        (true, 800),
        (true, 800),
        (true, 800),
        (false, 640),
    ] {
        ear.hear(1_000, 7, end, duration);
    }
    ear.wait(8_000);
    assert_eq!(ear.heard, [started(7), ended(7, 800)]);
}

/// All but the last packet lost: the event is still played, once.
#[test]
fn a_lost_beginning_does_not_lose_the_digit() {
    let mut ear = Ear::default();
    ear.hear(1_000, 3, true, 800);
    ear.hear(1_000, 3, true, 800);
    assert_eq!(ear.heard, [started(3), ended(3, 800)]);
}

/// All final packets lost: the event ends three intervals after the last update.
#[test]
fn a_lost_end_is_a_time_out() {
    let mut ear = Ear::default();
    for n in 1..5 {
        ear.hear(1_000, 3, false, n * 160);
    }
    ear.wait(480);
    assert_eq!(ear.heard, [started(3)]);
    ear.wait(80);
    assert_eq!(ear.heard, [started(3), ended(3, 640)]);
    ear.hear(1_000, 3, true, 800);
    assert_eq!(
        ear.heard.len(),
        2,
        "what came too late does not start it again"
    );
}

#[test]
fn the_next_event_ends_one_without_end() {
    let mut ear = Ear::default();
    ear.hear(1_000, 3, false, 160);
    ear.hear(2_000, 3, false, 160);
    ear.hear(1_000, 3, true, 320);
    ear.hear(2_000, 3, true, 400);
    assert_eq!(
        ear.heard,
        [started(3), ended(3, 160), started(3), ended(3, 400)]
    );
}

#[test]
fn timestamps_wrap() {
    let mut ear = Ear::default();
    ear.hear(u32::MAX - 100, 1, false, 160);
    ear.hear(700, 2, false, 160);
    ear.hear(u32::MAX - 100, 1, true, 160);
    ear.hear(700, 2, true, 320);
    assert_eq!(
        ear.heard,
        [started(1), ended(1, 160), started(2), ended(2, 320)]
    );
}

/// Two events in one packet (§2.5.1.5).
#[test]
fn contiguous_events_may_share_a_packet() {
    let mut ear = Ear::default();
    let mut payload = Payload {
        event: 1,
        end: true,
        volume: 10,
        duration: 400,
    }
    .to_octets()
    .to_vec();
    payload.extend(
        Payload {
            event: 2,
            end: false,
            volume: 10,
            duration: 80,
        }
        .to_octets(),
    );
    let Ear {
        receiver, heard, ..
    } = &mut ear;
    receiver.handle(160, 5_000, &payload, &mut |i| heard.push(i));
    assert_eq!(ear.heard, [started(1), ended(1, 400), started(2)]);
    ear.hear(5_400, 2, true, 480);
    assert_eq!(ear.heard[3..], [ended(2, 480)]);
}

proptest::proptest! {
    /// Whatever arrives, starts and ends alternate.
    #[test]
    fn starts_and_ends_alternate(
        packets in proptest::collection::vec(
            (0u32..4_000, 0u8..3, proptest::bool::ANY, proptest::num::u16::ANY, 0u64..900), 0..60)
    ) {
        let mut ear = Ear::default();
        for (timestamp, event, end, duration, wait) in packets {
            ear.hear(timestamp, event, end, duration);
            ear.wait(wait);
        }
        ear.wait(8_000);
        let paired = ear.heard.chunks(2).all(|pair| match *pair {
            [Indication::Started { event: a, .. }, Indication::Ended { event: b, .. }] => a == b,
            _ => false,
        });
        proptest::prop_assert!(paired);
    }
}

/// The last packets of a segment are lost: the next segment still belongs to the same press.
#[test]
fn a_lost_end_of_a_segment_does_not_split_a_long_press() {
    let mut receiver = Receiver::new();
    let mut said = Vec::new();
    let mut sender = Sender::new(5, 10, 100);
    for n in 1..=1_000u32 {
        let end = n == 1_000;
        sender.update(n * 160, end, &mut |report| {
            // 40 ms around the end of each segment never arrive.
            let within = report.payload.duration;
            if within < 0xFFFF - 240 && within > 120 {
                let at = u64::from(n) * 160;
                let octets = report.payload.to_octets();
                receiver.handle(at, report.timestamp, &octets, &mut |i| said.push(i));
            }
        });
        receiver.handle_time(u64::from(n) * 160, &mut |i| said.push(i));
    }
    assert_eq!(said, [started(5), ended(5, 160_000)]);
}

/// In redundant packets segments are shorter (§2.5.1.3.1), and no offset exceeds 14 bits.
#[test]
fn segments_for_redundancy_fit_its_offset() {
    let mut sender = Sender::new(5, 10, 0).redundant(2, 160);
    let mut longest = 0;
    let mut receiver = Receiver::new();
    let mut said = Vec::new();
    for n in 1..=500u32 {
        sender.update(n * 160, n == 500, &mut |report| {
            longest = longest.max(report.payload.duration);
            let octets = report.payload.to_octets();
            receiver.handle(u64::from(n) * 160, report.timestamp, &octets, &mut |i| {
                said.push(i);
            });
        });
    }
    assert_eq!(u32::from(longest), 0x3FFF - 160);
    assert_eq!(said, [started(5), ended(5, 80_000)]);
}

mod tones {
    use tdm::Law;

    use super::super::*;
    use crate::level::Dbm0;
    use crate::tone::Detector;

    const US_RINGBACK: Tone = Tone {
        modulation_thirds: 0,
        volume: 16,
        duration: 160,
        frequencies: [440, 480, 0, 0],
    };

    #[test]
    fn payload_is_laid_out_as_section_4_3_3() {
        // 25 Hz modulation, -12 dBm0, 100 ms, 425 Hz.
        let octets = [0x0C, 0x8C, 0x03, 0x20, 0x01, 0xA9];
        let tone = Tone::parse(&octets).unwrap();
        assert_eq!(
            tone,
            Tone {
                modulation_thirds: 75,
                volume: 12,
                duration: 800,
                frequencies: [425, 0, 0, 0],
            }
        );
        let mut out = [0; TONE_OCTETS];
        let length = tone.write(&mut out);
        assert_eq!(out[..length], octets);
        // 16 2/3 Hz needs the T bit: 50 thirds.
        let thirds = Tone {
            modulation_thirds: 50,
            ..tone
        };
        thirds.write(&mut out);
        assert_eq!(u16::from_be_bytes([out[0], out[1]]), 50 << 7 | 0x40 | 12);
        assert_eq!(Tone::parse(&out[..6]), Some(thirds));
        // No time, cut short, reserved bits, more frequencies than we sum, silence.
        assert_eq!(Tone::parse(&[0, 12, 0, 0, 1, 0xA9]), None);
        assert_eq!(Tone::parse(&[0, 12, 1]), None);
        let many = [0, 12, 0, 80, 0xF1, 0xA9, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4];
        assert_eq!(Tone::parse(&many).unwrap().frequencies, [425, 1, 2, 3]);
        assert_eq!(Tone::parse(&[0, 63, 0, 80]).unwrap().frequencies, [0; 4]);
    }

    #[test]
    fn reports_of_a_tone_play_without_a_break_and_stop_with_it() {
        let mut sender = ToneSender::new(US_RINGBACK, 1_000);
        let mut player = TonePlayer::new(Law::MuLaw);
        let mut heard = Vec::new();
        for n in 0..60 {
            let mut samples = [0; 160];
            if n < 50 {
                let (marker, timestamp, tone) = sender.report(160);
                assert_eq!((marker, timestamp), (n == 0, 1_000 + n * 160));
                // Two in a row are lost, and every fifth comes twice, by redundancy.
                if !matches!(n, 20 | 21) {
                    player.handle(marker, timestamp, tone);
                    if n % 5 == 4 {
                        player.handle(false, timestamp, tone);
                    }
                }
                if n == 0 {
                    // 60 ms ahead of the line.
                    continue;
                }
            }
            if n >= 3 && player.fill(&mut samples) {
                heard.extend(samples);
            }
        }
        let measured = Detector::measure(&heard[..7_000], Law::MuLaw);
        assert!(measured.matches(&[440.0, 480.0], 0.5), "{measured:?}");
        for tone in &measured.tones {
            assert!((tone.level.0 + 19.0).abs() < 0.3, "{measured:?}");
        }
        let length = heard.iter().rposition(|s| *s != 0).unwrap();
        assert!(length.abs_diff(8_000) < 20, "{length}");
        assert!(!player.fill(&mut [0; 160]));
    }

    #[test]
    fn another_tone_follows_when_the_first_is_over() {
        let mut player = TonePlayer::new(Law::ALaw);
        let at = |frequency, duration| Tone {
            frequencies: [frequency, 0, 0, 0],
            duration,
            ..US_RINGBACK
        };
        player.handle(true, 0, at(950, 2_640));
        player.handle(true, 2_640, at(1_400, 2_640));
        player.handle(true, 5_280, at(1_800, 2_640));
        player.handle(true, 7_920, at(0, 8_000));
        let mut samples = [0; 7_920];
        assert!(player.fill(&mut samples));
        for (part, frequency) in samples.chunks(2_640).zip([950.0, 1_400.0, 1_800.0]) {
            let measured = Detector::measure(part, Law::ALaw);
            assert!(measured.matches(&[frequency], 1.0), "{measured:?}");
        }
        let step = samples.windows(2).map(|w| w[0].abs_diff(w[1])).max();
        let peak = Dbm0(-16.0).peak(Law::ALaw);
        // An 1800 Hz sine moves by 1.3 times its peak from sample to sample; a click by more.
        assert!(f32::from(step.unwrap()) < 1.4 * peak, "{step:?} of {peak}");
        let mut after = [1; 800];
        assert!(player.fill(&mut after));
        assert!(after[20..].iter().all(|s| *s == 0));
    }

    #[test]
    fn events_of_tones_sound_and_a_reversal_is_half_a_turn() {
        let mut player = Player::new(Law::ALaw);
        let mut line = Vec::new();
        for event in [32, 33, 32, 33] {
            player.play(Sound::of_event(event).unwrap(), Dbm0(-12.0));
            let mut samples = [0; 3_600];
            player.fill(&mut samples);
            line.extend(samples);
        }
        let mut detector = crate::modem::Detector::new(Law::ALaw);
        let mut last = None;
        detector.push(&line, &mut |report| last = Some(report));
        let expected = crate::modem::Signal::AnsReversed;
        assert!(
            matches!(last, Some(crate::modem::Report::Heard { signal, .. }) if signal == expected),
            "{last:?}"
        );
        assert_eq!(Sound::of_event(FLASH), None);
        assert_eq!(Sound::of_event(54), None);
    }
}

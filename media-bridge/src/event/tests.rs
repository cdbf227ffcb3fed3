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

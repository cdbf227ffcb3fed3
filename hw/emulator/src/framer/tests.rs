use tdm::{Framing, SpanTick, TICK_OCTETS, TIMESLOTS};

use super::*;
use crate::frame::FRAMES;

const CHUNK: usize = frame::rows(Framing::E1) * FRAMES;

struct Line {
    framer: Framer,
    events: Events,
}

impl Line {
    fn new() -> Self {
        let framer = Framer::new(Config::LOCK_STEP, Framing::E1, false);
        Self {
            framer,
            events: Events::default(),
        }
    }

    /// So many chunks like this one; what was reported.
    fn hear(&mut self, chunk: &[u8], count: usize) -> Vec<String> {
        for _ in 0..count {
            self.framer.chunk(chunk, &mut self.events);
        }
        std::iter::from_fn(|| self.events.pop())
            .map(|event| event.to_string())
            .collect()
    }

    fn is_aligned(&self) -> bool {
        self.framer.alignment.is_aligned()
    }
}

/// A chunk with timeslot 0 as sent and the octet in all others.
fn chunk(octet: u8, remote_alarm: bool) -> Vec<u8> {
    let mut line = vec![0; frame::tick_octets(Framing::E1)];
    frame::write(
        &SpanTick([[octet; TICK_OCTETS]; TIMESLOTS]),
        Framing::E1,
        0,
        remote_alarm,
        &mut line,
    );
    line.truncate(CHUNK);
    line
}

#[test]
fn timeslot_0_is_as_g_704_has_it() {
    let sent = |remote_alarm| {
        chunk(0, remote_alarm)[..4]
            .iter()
            .map(|octet| format!("{octet:08b}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        sent(false),
        ["10011011", "11011111", "10011011", "11011111"]
    );
    assert_eq!(sent(true), ["10011011", "11111111", "10011011", "11111111"]);
}

#[test]
fn alignment_is_found_in_either_parity_within_four_frames() {
    let good = chunk(0xd5, false);
    let mut line = Line::new();
    for &octet in &good[..3] {
        assert!(!line.is_aligned());
        line.framer.alignment.push(octet);
    }
    assert!(line.is_aligned());
    let mut line = Line::new();
    for &octet in &good[1..5] {
        line.framer.alignment.push(octet);
    }
    assert!(line.is_aligned());
    // The chunk begins with the signal again: the parity changes, and is found anew before it is an alarm.
    assert_eq!(line.hear(&good, 100), [""; 0]);
    assert!(line.is_aligned() && line.framer.framing_errors() > 0);
}

/// Speech may imitate the signal; the frame between two must have bit 2 set (G.706 §4.1.2).
#[test]
fn an_imitation_is_not_alignment() {
    let mut line = Line::new();
    for octet in [0b1001_1011; 20] {
        line.framer.alignment.push(octet);
        assert!(!line.is_aligned());
    }
}

#[test]
fn three_wrong_signals_in_a_row_lose_alignment_and_two_do_not() {
    let mut line = Line::new();
    line.hear(&chunk(0xd5, false), 2);
    let mut wrong = chunk(0xd5, false);
    wrong[0] ^= 0x01;
    wrong[2] ^= 0x10;
    assert_eq!(line.hear(&wrong, 100), [""; 0]);
    assert!(line.is_aligned());
    assert_eq!(line.framer.framing_errors(), 200);
    wrong[4] ^= 0x40;
    for &octet in &wrong[..5] {
        assert!(line.is_aligned());
        line.framer.alignment.push(octet);
    }
    assert!(!line.is_aligned());
    let mut lost = chunk(0xd5, false);
    lost[..FRAMES].fill(0);
    assert_eq!(line.hear(&lost, 100), ["LOF on"]);
    assert_eq!(
        line.hear(&chunk(0xd5, false), 49),
        [""; 0],
        "cleared after 50 ms"
    );
    assert_eq!(line.hear(&chunk(0xd5, false), 1), ["LOF off"]);
}

/// Three frames without the signal in a row with bit 2 not set do it too.
#[test]
fn bit_2_not_set_loses_alignment() {
    let mut line = Line::new();
    line.hear(&chunk(0xd5, false), 2);
    let mut wrong = chunk(0xd5, false);
    for frame in [1, 3, 5] {
        wrong[frame] &= !0x40;
    }
    for &octet in &wrong[..6] {
        line.framer.alignment.push(octet);
    }
    assert!(!line.is_aligned());
}

/// G.775 §5.2: two zeros in 512 bits are ones still, three are not.
#[test]
fn ais_is_at_most_two_zeros_in_a_double_frame() {
    let mut ones = vec![0xff; CHUNK];
    for pair in 0..FRAMES / 2 {
        ones[9 * FRAMES + 2 * pair] = 0b1101_1101;
    }
    let mut line = Line::new();
    assert_eq!(line.hear(&ones, 29), [""; 0]);
    assert_eq!(line.hear(&ones, 10), ["AIS on"], "and no LOF");
    for pair in 0..FRAMES / 2 {
        ones[20 * FRAMES + 2 * pair + 1] = 0x7f;
    }
    assert_eq!(line.hear(&ones, 100), ["LOF on", "AIS off"]);
}

#[test]
fn remote_alarm_needs_no_other() {
    let mut line = Line::new();
    assert_eq!(line.hear(&chunk(0xd5, true), 40), ["RAI on"]);
    assert!(!line.framer.has_failed());
    assert_eq!(line.hear(&chunk(0xd5, false), 60), ["RAI off"]);
}

#[test]
fn silence_covers_what_stood() {
    let mut line = Line::new();
    line.hear(&chunk(0xd5, false), 1);
    line.hear(&vec![0xff; CHUNK], 40);
    line.framer
        .silence(Duration::from_millis(20), &mut line.events);
    assert!(line.framer.alarms().contains(Alarm::Ais));
    line.framer
        .silence(Duration::from_millis(10), &mut line.events);
    assert_eq!(line.hear(&[], 0), ["LOS on", "AIS off"]);
}

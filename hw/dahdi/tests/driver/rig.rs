//! What the tests have in common: spans to open, octets to send, and the driver's own commands.

use std::process::Command;

use dahdi::{Circuit, LinkMode, Purpose, Span, SpanConfig};
use tdm::{Law, SpanEvent, SpanId, SpanIo, SpanTick, TICK_OCTETS, TIMESLOTS, Timeslot};

pub(crate) fn timeslot(number: u8) -> Timeslot {
    Timeslot::new(number).unwrap()
}

/// Every timeslot of an E1 but 16.
pub(crate) fn circuits() -> Vec<(Timeslot, Purpose)> {
    (1..=31)
        .filter(|number| *number != 16)
        .map(|number| (timeslot(number), Purpose::Circuit(Circuit::new(Law::ALaw))))
        .collect()
}

/// A span of the driver with these timeslots.
pub(crate) fn config(number: u16, timeslots: Vec<(Timeslot, Purpose)>) -> SpanConfig {
    SpanConfig {
        id: SpanId(number),
        number,
        timeslots,
        buffers: SpanConfig::BUFFERS,
        queued: SpanConfig::QUEUED,
    }
}

/// Spans 1 and 2 with 30 circuits each.
pub(crate) fn joined() -> (Span, Span) {
    let open = |number| Span::open(config(number, circuits())).unwrap();
    (open(1), open(2))
}

/// Spans 1 and 2 with a link on timeslot 16.
pub(crate) fn linked(mode: Option<LinkMode>) -> (Span, Span) {
    let open = |number| {
        let mut timeslots = circuits();
        timeslots.push((timeslot(16), Purpose::Link(mode)));
        Span::open(config(number, timeslots)).unwrap()
    };
    (open(1), open(2))
}

/// Configures the driver by a file that came with the test.
pub(crate) fn configure(file: &str) {
    command("dahdi_cfg", &["-c", file]);
}

pub(crate) fn command(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Takes a span from the driver, or gives it back, as when a card is pulled out and put in. Its device
/// goes on: the other end of its line sees RAI.
pub(crate) fn assign(span: u16, there: bool) {
    let device = format!("/sys/bus/dahdi_devices/devices/dynamic:loc:{}", span - 1);
    let (file, text) = match there {
        true => ("assign_span", format!("1:{span}:{}", (span - 1) * 31 + 1)),
        false => ("unassign_span", "1".to_owned()),
    };
    std::fs::write(format!("{device}/{file}"), text).unwrap();
}

/// Removes the device of the second span, or makes it anew: the first one hears nothing any more.
pub(crate) fn second_span(there: bool) {
    let shut_down: &[&str] = if there { &[] } else { &["-s"] };
    let done = Command::new("dahdi_cfg")
        .args(shut_down)
        .args(["-c", "second.conf"])
        .status();
    // Shutting down is told by status 1.
    assert_eq!(done.unwrap().success(), there);
}

/// Octet `n` of a timeslot of a direction: no two sequences are alike, and none repeats soon.
fn octet(seed: u64, n: usize) -> u8 {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (n as u64);
    x = (x ^ x >> 31).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    (x >> 56) as u8
}

/// Sends a sequence of its own on every timeslot, and compares what arrives with what the other end
/// sends.
pub(crate) struct Talker {
    seed: u64,
    sent: usize,
    heard: Vec<Vec<u8>>,
}

impl Talker {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed: seed << 8,
            sent: 0,
            heard: vec![Vec::new(); TIMESLOTS],
        }
    }

    /// One tick of a span.
    pub(crate) fn tick(&mut self, span: &mut Span, due: tdm::Due) {
        let mut tx = SpanTick::idle(Law::ALaw);
        let mut rx = tx.clone();
        for (number, row) in (0..).zip(&mut tx.0) {
            for (n, slot) in row.iter_mut().enumerate() {
                *slot = octet(self.seed + number, self.sent + n);
            }
        }
        self.sent += TICK_OCTETS;
        span.carry(due, &tx, &mut rx).unwrap();
        for (heard, row) in self.heard.iter_mut().zip(&rx.0) {
            heard.extend_from_slice(row);
        }
    }

    /// What arrived on every circuit is what `other` sent, without a gap from its first octet on.
    /// Returns the octets compared on each timeslot.
    pub(crate) fn heard_all_of(&self, other: &Self) -> usize {
        let mut least = usize::MAX;
        for number in (1..=31).filter(|number| *number != 16) {
            let heard = &self.heard[usize::from(number as u8)];
            let head: Vec<u8> = (0..16).map(|n| octet(other.seed + number, n)).collect();
            let start = heard.windows(16).position(|window| window == head);
            let start = start.unwrap_or_else(|| panic!("timeslot {number}: nothing arrived"));
            let arrived = heard[start..].iter().take(other.sent);
            for (n, &found) in arrived.enumerate() {
                let expected = octet(other.seed + number, n);
                assert_eq!(
                    found, expected,
                    "timeslot {number}, octet {n}, from {start} on"
                );
            }
            least = least.min((heard.len() - start).min(other.sent));
        }
        least
    }
}

/// The alarms and slips since the last look.
pub(crate) fn events(span: &mut Span) -> Vec<SpanEvent> {
    std::iter::from_fn(|| span.poll_event()).collect()
}

//! Signalling units through the driver, in every mode that it has.

use dahdi::{LinkMode, Span};
use tdm::hdlc::Received;
use tdm::signalling::SignallingTimeslot;
use tdm::{Due, Law, SpanIo, SpanTick};

use crate::rig::{configure, linked, timeslot};

/// What one end heard.
#[derive(Default)]
struct Heard {
    units: Vec<Vec<u8>>,
    repeated: usize,
    errored: usize,
}

impl Heard {
    fn take(&mut self, received: Received<'_>) {
        match received {
            Received::SignalUnit(su) => self.units.push(su.to_vec()),
            Received::Repeated => self.repeated += 1,
            Received::Errored | Received::OctetCounting => self.errored += 1,
        }
    }
}

/// One end of the link: the driver's framing, or ours.
struct End {
    span: Span,
    software: SignallingTimeslot,
    tx: SpanTick,
    heard: Heard,
}

impl End {
    fn new(span: Span) -> Self {
        Self {
            span,
            software: SignallingTimeslot::new(timeslot(16)),
            tx: SpanTick::idle(Law::ALaw),
            heard: Heard::default(),
        }
    }

    fn queue(&mut self, su: &[u8]) {
        match self.span.signalling(timeslot(16)) {
            Some(link) => link.queue(su).unwrap(),
            None => self.software.queue(su).unwrap(),
        }
    }

    fn tick(&mut self, due: Due) {
        let mut rx = SpanTick::idle(Law::ALaw);
        self.span.carry(due, &self.tx, &mut rx).unwrap();
        let heard = &mut self.heard;
        if let Some(link) = self.span.signalling(timeslot(16)) {
            link.receive(&mut |received| heard.take(received)).unwrap();
            link.transmit().unwrap();
        } else {
            self.software
                .receive(&rx, &mut |received| heard.take(received));
            self.software.transmit(&mut self.tx);
        }
    }
}

fn run(ends: &mut [End; 2], ticks: usize) {
    for _ in 0..ticks {
        let due = ends[0].span.wait().unwrap();
        for end in &mut *ends {
            end.tick(due);
        }
    }
}

/// A message signal unit of so many octets, with a forward sequence number of its own.
fn msu(fsn: u8, length: usize) -> Vec<u8> {
    let information = length - 3;
    let mut su = vec![0xff, 0x80 | fsn, information.min(63) as u8];
    su.extend((0..information).map(|n| (n as u8).wrapping_mul(fsn | 1)));
    su
}

/// Status units, fill-in units and messages of every length cross both ways, each once and in order.
fn exchange(a: Option<LinkMode>) -> [End; 2] {
    let (near, far) = linked(a);
    let mut ends = [End::new(near), End::new(far)];
    const SIO: [u8; 4] = [0xff, 0xff, 1, 0];
    const FISU: [u8; 3] = [0xff, 0xff, 0];
    for end in &mut ends {
        end.queue(&SIO);
    }
    run(&mut ends, 20);
    for end in &mut ends {
        // A line that had only idle octets before is no frame of anything.
        end.heard.errored = 0;
        end.queue(&FISU);
    }
    run(&mut ends, 20);
    for end in &ends {
        assert_eq!(end.heard.units, [SIO.to_vec(), FISU.to_vec()]);
        assert_eq!(end.heard.errored, 0);
        assert!(
            end.heard.repeated >= 30,
            "only {} repeated",
            end.heard.repeated
        );
    }
    let lengths = [6, 7, 8, 20, 63, 64, 65, 66, 100, 200, 275, 276];
    let mut sent = Vec::new();
    for (fsn, length) in (0..).zip(lengths) {
        let su = msu(fsn, length);
        for end in &mut ends {
            end.queue(&su);
        }
        sent.push(su);
    }
    // 1200 octets at 8 a millisecond, and the way through the driver.
    run(&mut ends, 40);
    for end in &mut ends {
        let messages: Vec<_> = end.heard.units.drain(2..).filter(|su| su[2] != 0).collect();
        assert_eq!(messages, sent);
        assert_eq!(end.heard.errored, 0);
    }
    ends
}

#[test]
fn the_drivers_hdlc_carries_every_signal_unit_once() {
    configure("channels.conf");
    exchange(Some(LinkMode::Hdlc));
}

#[test]
fn the_drivers_mtp2_mode_carries_every_signal_unit_once() {
    configure("mtp2.conf");
    let mut ends = exchange(Some(LinkMode::Mtp2));
    // A message that is last is followed by a FISU: the driver would repeat it for ever.
    ends[0].queue(&msu(20, 30));
    ends[1].heard = Heard::default();
    run(&mut ends, 20);
    assert_eq!(ends[1].heard.units, [msu(20, 30), vec![0xff, 0x80 | 20, 0]]);
    // 20 ticks of 80 octets hold about 13 FISUs each.
    assert!(
        (200..270).contains(&ends[1].heard.repeated),
        "{}",
        ends[1].heard.repeated
    );
    configure("channels.conf");
}

#[test]
fn a_clear_channel_carries_the_software_hdlc() {
    configure("raw.conf");
    exchange(Some(LinkMode::Raw));
    configure("channels.conf");
}

/// The mode follows the channel when the configuration does not say: driver at one end, ours at the other.
#[test]
fn the_drivers_hdlc_and_ours_understand_each_other() {
    configure("mixed.conf");
    exchange(None);
    configure("channels.conf");
}

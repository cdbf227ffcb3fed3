//! Signal units and messages at a signalling point whose link is in service.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mtp::{
    Config, LineEvent, LinkId, Mtp, NetworkIndicator, Output, PointCode, Sls, Standard, Transfer,
};

const LINK: LinkId = LinkId(0);

fn point(own: u32, adjacent: u32, standard: Standard) -> Mtp {
    let config = Config::new(standard, NetworkIndicator::National, code(standard, own))
        .with_linkset(code(standard, adjacent), &[LINK]);
    Mtp::new(config).expect("two points and a link fit")
}

fn code(standard: Standard, value: u32) -> PointCode {
    PointCode::new(standard, value).expect("a small one")
}

/// A point in service, and the sequence number of the next message it takes.
struct Point {
    now: Instant,
    mtp: Mtp,
    forward: u8,
    backward: u8,
}

impl Point {
    fn in_service(standard: Standard) -> Self {
        let mut now = super::base();
        let mut points = [point(1, 2, standard), point(2, 1, standard)];
        let mut flying: VecDeque<(usize, Bytes)> = VecDeque::new();
        let (mut forward, mut backward) = (0x7F, 0x7F);
        for point in &mut points {
            point.start(now);
            point.handle_line(now, LINK, LineEvent::InService);
        }
        let end = now + Duration::from_secs(60);
        while now < end && !(points[0].accessible(code(standard, 2)) && flying.is_empty()) {
            for (from, point) in points.iter_mut().enumerate() {
                while let Some(output) = point.poll_output() {
                    if let Output::SignalUnit(_, unit) = output {
                        flying.push_back((1 - from, unit));
                    }
                }
            }
            if let Some((to, unit)) = flying.pop_front() {
                if unit.len() > 5 {
                    match to {
                        0 => forward = unit[1] & 0x7F,
                        _ => backward = unit[1] & 0x7F,
                    }
                }
                points[to].handle_signal_unit(now, LINK, &unit);
                continue;
            }
            now += Duration::from_millis(50);
            for point in &mut points {
                point.handle_line(now, LINK, LineEvent::Good(60));
                point.handle_timeout(now);
            }
        }
        let [mtp, _] = points;
        assert!(
            mtp.accessible(code(standard, 2)),
            "{:?}",
            mtp.link_state(LINK)
        );
        Self {
            now,
            mtp,
            forward,
            backward,
        }
    }

    /// A message in sequence: what follows the service information octet is the fuzzer's.
    fn message(&mut self, octets: &[u8]) {
        self.forward = (self.forward + 1) & 0x7F;
        let length = u8::try_from(octets.len().min(63)).unwrap_or(63);
        let mut unit = vec![self.backward | 0x80, self.forward | 0x80, length];
        unit.extend_from_slice(octets);
        self.mtp.handle_signal_unit(self.now, LINK, &unit);
    }

    fn drain(&mut self) {
        while let Some(output) = self.mtp.poll_output() {
            if let Output::SignalUnit(_, unit) = output {
                assert!(
                    (4..=276).contains(&unit.len()) || unit.len() == 3,
                    "{unit:?}"
                );
            }
        }
    }
}

pub(super) fn mtp(octets: &[u8]) {
    let standard = match octets.first() {
        Some(octet) if octet & 0x80 != 0 => Standard::Ansi,
        _ => Standard::Itu,
    };
    let mut point = Point::in_service(standard);
    for (operation, piece) in super::pieces(octets) {
        let count = piece.first().copied().map_or(1, u32::from);
        let now = point.now;
        match operation % 8 {
            0 => point.mtp.handle_signal_unit(now, LINK, piece),
            1 | 2 => point.message(piece),
            3 => point.mtp.handle_line(now, LINK, LineEvent::Errored(count)),
            4 => point.mtp.handle_line(now, LINK, LineEvent::Good(count)),
            5 => {
                let event = [
                    LineEvent::OutOfService,
                    LineEvent::InService,
                    LineEvent::OctetCounting(count),
                ];
                point.mtp.handle_line(now, LINK, event[count as usize % 3]);
            }
            6 => {
                let _ = point.mtp.transfer(
                    now,
                    Transfer {
                        si: 5,
                        opc: code(standard, 1),
                        dpc: code(standard, 2),
                        sls: Sls(operation >> 4),
                        sif: Bytes::copy_from_slice(piece),
                    },
                );
            }
            _ => {
                point.now += Duration::from_millis(u64::from(count) * 20);
                let now = point.now;
                point.mtp.handle_timeout(now);
            }
        }
        point.drain();
    }
    // Nothing spins: a minute of timers is a bounded number of them.
    let end = point.now + Duration::from_secs(60);
    let mut turns = 0;
    while let Some(due) = point.mtp.poll_timeout().filter(|due| *due < end) {
        point.now = point.now.max(due);
        let now = point.now;
        point.mtp.handle_timeout(now);
        point.drain();
        turns += 1;
        assert!(turns < 100_000, "timers spin");
    }
}

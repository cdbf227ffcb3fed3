//! What crossed the borders of the gateway in a flow with a reviewed ladder, as a capture that other
//! decoders read: `tests/peers` has tshark look at all of them.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Capture, Direction};
use crate::config::Standard;

/// A capture in the making.
#[derive(Debug)]
pub(crate) struct Wire {
    start: Instant,
    capture: Capture<Vec<u8>>,
}

thread_local! {
    /// Those of the flows that are over, and are not reviewed yet: a test has one or a pair.
    static OVER: RefCell<Vec<(Standard, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

impl Wire {
    pub(crate) fn new(start: Instant) -> Self {
        let capture = Capture::new(Vec::new()).unwrap();
        Self { start, capture }
    }

    fn at(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start)
    }

    /// A datagram, or as much of a connection as was read at once, from one address to another.
    pub(crate) fn datagram(
        &mut self,
        now: Instant,
        (from, to): (SocketAddr, SocketAddr),
        octets: &[u8],
    ) {
        let at = self.at(now);
        self.capture.datagram(at, from, to, octets).unwrap();
    }

    pub(crate) fn unit(&mut self, now: Instant, direction: Direction, octets: &[u8]) {
        let at = self.at(now);
        self.capture.signal_unit(at, direction, octets).unwrap();
    }

    /// The flow is over.
    pub(crate) fn end(self, standard: Standard) {
        let capture = self.capture.into_inner();
        OVER.with_borrow_mut(|over| over.push((standard, capture)));
    }
}

/// Writes `target/tmp/captures/NAME.pcapng` of the flow that was over last, and one of each that was
/// over before, as that of the other office. Those with ANSI are told by the end of their names.
pub(crate) fn write(name: &str) {
    // The test is target/PROFILE/deps/NAME.
    let program = std::env::current_exe().unwrap();
    let target = program.ancestors().nth(3).map(PathBuf::from).unwrap();
    let folder = target.join("tmp/captures");
    std::fs::create_dir_all(&folder).unwrap();
    for (office, (standard, capture)) in OVER.take().into_iter().rev().enumerate() {
        let office = match office {
            0 => String::new(),
            other => format!("__office_{}", other + 1),
        };
        let ending = match standard {
            Standard::Itu => "itu",
            Standard::Ansi => "ansi",
        };
        let file = folder.join(format!("{name}{office}__{ending}.pcapng"));
        std::fs::write(file, capture).unwrap();
    }
}

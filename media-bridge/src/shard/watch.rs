//! Whether both sides of a bridge can be heard: RTP timeout, and audio that goes one way only.

use std::time::{Duration, Instant};

use tdm::TICK_OCTETS;

use crate::command::{BridgeId, Event, OneWay, Path};

/// Nothing came from the network for so long.
const SILENT_NETWORK: Duration = Duration::from_secs(5);
/// The timeslot was constant for so many ticks: 10 s.
const SILENT_TIMESLOT: u32 = 1_000;

#[derive(Debug)]
pub(super) struct Watch {
    timeout: Option<Duration>,
    timed_out: bool,
    /// When the path to the timeslot was opened last.
    open_since: Option<Instant>,
    /// The timeslot's octet, and for how many ticks it has been that one alone.
    octet: u8,
    constant: u32,
    /// Faults that stand, by [`OneWay`].
    standing: [bool; 3],
}

/// What the watch looks at in a tick.
pub(super) struct Scene<'a> {
    pub(super) bridge: BridgeId,
    pub(super) path: Path,
    /// The last packet from the network.
    pub(super) last_heard: Option<Instant>,
    pub(super) received: &'a [u8; TICK_OCTETS],
    /// The call carries data: a constant octet is data too.
    pub(super) data: bool,
    pub(super) peer_is_deaf: bool,
}

impl Watch {
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        Self {
            timeout,
            timed_out: false,
            open_since: None,
            octet: 0,
            constant: 0,
            standing: [false; 3],
        }
    }

    /// A packet of the stream came.
    pub(super) fn heard(&mut self) {
        self.timed_out = false;
    }

    /// One tick; returns how many faults began.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        scene: &Scene<'_>,
        events: &mut dyn FnMut(Event),
    ) -> u64 {
        let Scene { bridge, path, .. } = *scene;
        if path.to_timeslot {
            self.open_since.get_or_insert(now);
        } else {
            self.open_since = None;
        }
        // What came before the path was open does not count, and nothing need come until then.
        let silent = self.open_since.map(|open| {
            let last = scene.last_heard.map_or(open, |heard| heard.max(open));
            now.saturating_duration_since(last)
        });
        if let (Some(timeout), Some(silent), false) = (self.timeout, silent, self.timed_out)
            && silent >= timeout
        {
            self.timed_out = true;
            events(Event::RtpTimeout { bridge });
        }
        self.constant(scene.received);
        let both = path == Path::BOTH;
        let faults = [
            (
                OneWay::NothingFromRtp,
                both && silent.is_some_and(|silent| silent >= SILENT_NETWORK),
            ),
            (
                OneWay::NothingFromTimeslot,
                both && !scene.data && self.constant >= SILENT_TIMESLOT,
            ),
            (OneWay::PeerHearsNothing, both && scene.peer_is_deaf),
        ];
        let mut begun = 0;
        for ((fault, on), standing) in faults.into_iter().zip(&mut self.standing) {
            if on != *standing {
                *standing = on;
                begun += u64::from(on);
                events(Event::OneWay { bridge, fault, on });
            }
        }
        begun
    }

    fn constant(&mut self, received: &[u8; TICK_OCTETS]) {
        let [first, ..] = *received;
        if first == self.octet && received.iter().all(|octet| *octet == first) {
            self.constant = self.constant.saturating_add(1);
        } else {
            (self.octet, self.constant) = (first, 0);
        }
    }
}

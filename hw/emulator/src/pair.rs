//! Two ends in one process, without a clock.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tdm::{AlarmSet, Due, SpanCounters, SpanEvent, SpanId, SpanIo, SpanTick};

use crate::{
    Config,
    cable::{Cable, Passage},
    port::Port,
};

/// Ticks that can be on the way to an end that does not take them.
const ROOM: usize = 16;

/// Two ends of a line joined in-process, without alarm from the first tick on.
///
/// Neither has a clock: [`End::exchange`](SpanIo::exchange) never blocks and always returns 0. When the
/// ends exchange in turns, in either order and even in a different order each time, what one end sends in
/// its exchange `n` arrives at the other in exchange `n + 1`; exchange 0 hands out idle frames. After
/// LOS the delay may be one tick more. An end that exchanges without the other having done so repeats
/// the last frame, reports a slip when the other comes back and LOS when it stays away; what the other
/// end sends is not lost, but arrives later by as much. An end that stays away for more than 16
/// exchanges of the other loses what was sent to it and reports that as a slip.
pub fn pair(a: SpanId, b: SpanId) -> (End, End) {
    pair_with(a, b, Config::LOCK_STEP)
}

/// As [`pair`], with times of one's own; [`Config::REAL_TIME`] suits ends that are [`Clocked`](crate::Clocked)
/// in different threads.
pub fn pair_with(a: SpanId, b: SpanId, config: Config) -> (End, End) {
    let (to_a, to_b) = (
        Arc::new(Mutex::new(Way::default())),
        Arc::new(Mutex::new(Way::default())),
    );
    let cable = Cable::default();
    let end =
        |id: SpanId, incoming: &Arc<Mutex<Way>>, outgoing: &Arc<Mutex<Way>>, cable: Cable| End {
            port: Port::alive(id, config),
            passage: Passage::new(cable.receive().clone(), config.seed ^ u64::from(id.0)),
            cable,
            incoming: Arc::clone(incoming),
            outgoing: Arc::clone(outgoing),
            sent: 0,
        };
    (
        end(a, &to_a, &to_b, cable.clone()),
        end(b, &to_b, &to_a, cable.reversed()),
    )
}

/// One end of a [`pair`].
#[derive(Debug)]
pub struct End {
    port: Port,
    cable: Cable,
    passage: Passage,
    incoming: Arc<Mutex<Way>>,
    outgoing: Arc<Mutex<Way>>,
    sent: u64,
}

/// Ticks on the way in one direction, and buffers to use again.
#[derive(Debug, Default)]
struct Way {
    ticks: VecDeque<(u64, Box<[u8]>)>,
    spare: Vec<Box<[u8]>>,
    /// Ticks that were not taken in time.
    dropped: u32,
}

impl End {
    /// The cable, seen from this end.
    pub fn cable(&self) -> Cable {
        self.cable.clone()
    }

    /// Lets this end's clock run fast by so many parts per million, slow when negative.
    pub const fn drift_by(&mut self, parts_per_million: i32) {
        self.port.set_drift(parts_per_million);
    }

    /// The alarms that stand.
    pub const fn alarms(&self) -> AlarmSet {
        self.port.alarms()
    }

    fn transmit(&mut self, tx: &SpanTick) {
        let mut way = lock(&self.outgoing);
        if way.ticks.len() == ROOM {
            way.dropped += 1;
            if let Some((_, oldest)) = way.ticks.pop_front() {
                way.spare.push(oldest);
            }
        }
        let mut line = way
            .spare
            .pop()
            .unwrap_or_else(|| vec![0; self.port.tick_octets()].into_boxed_slice());
        let alarm = self.cable.transmit().tells_of_alarm();
        self.port.send(tx, alarm, &mut line);
        way.ticks.push_back((self.sent, line));
        self.sent += 1;
    }

    fn receive(&mut self) {
        let mut way = lock(&self.incoming);
        if way.dropped > 0 {
            let lost = way.dropped as usize + way.ticks.len();
            way.dropped = 0;
            while let Some((_, line)) = way.ticks.pop_front() {
                way.spare.push(line);
            }
            self.port.begin_anew();
            self.port
                .slipped(-i32::try_from(lost * tdm::TICK_OCTETS).unwrap_or(i32::MAX));
        }
        if let Some((number, mut line)) = way.ticks.pop_front() {
            if self.passage.pass(&mut line) {
                self.port.arrive(number, &line);
            }
            way.spare.push(line);
        }
    }
}

impl SpanIo for End {
    fn id(&self) -> SpanId {
        self.port.id()
    }

    fn wait(&mut self) -> io::Result<Due> {
        Ok(Due::default())
    }

    fn carry(&mut self, _: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        self.cable.drift(self.port.drift());
        self.transmit(tx);
        self.receive();
        self.port.slip(self.passage.line().take_slip());
        self.port.hand_out(rx, Due::default());
        Ok(())
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        self.port.poll_event()
    }

    fn counters(&self) -> SpanCounters {
        self.port.counters()
    }
}

/// A panic elsewhere leaves at worst a tick half written: noise on the line.
fn lock(way: &Mutex<Way>) -> MutexGuard<'_, Way> {
    way.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

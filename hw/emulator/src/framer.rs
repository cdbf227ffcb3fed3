//! Judges what arrives: alignment by G.706, AIS and LOS by G.775, RAI by G.704.

use std::time::Duration;

use tdm::{Alarm, AlarmSet, Framing, SpanEvent};

use crate::{Config, alignment::Alignment, events::Events, frame};

/// Zeros in a double frame at or below which it counts as all ones (G.775 §5.2).
const AIS_ZEROS: u32 = 2;
/// A defect becomes an alarm, and an alarm goes, after standing for a time.
#[derive(Clone, Copy, Debug, Default)]
struct Integrator {
    on: bool,
    against: Duration,
}

impl Integrator {
    /// The defect was or was not there for another `span` of time; `Some` when the alarm changes.
    fn step(
        &mut self,
        defect: bool,
        span: Duration,
        raise_after: Duration,
        clear_after: Duration,
    ) -> Option<bool> {
        if defect == self.on {
            self.against = Duration::ZERO;
            return None;
        }
        self.against += span;
        if self.against < if defect { raise_after } else { clear_after } {
            return None;
        }
        *self = Self {
            on: defect,
            against: Duration::ZERO,
        };
        Some(defect)
    }
}

/// The receiving framer of one end.
#[derive(Debug)]
pub(crate) struct Framer {
    config: Config,
    rows: usize,
    alignment: Alignment,
    /// Double frames in a row that were all ones, and the defect that follows from two of them.
    all_ones: u8,
    ais: bool,
    integrators: [(Alarm, Integrator); 4],
    alarms: AlarmSet,
}

impl Framer {
    /// A framer in alignment and without alarm, or one that stands in LOS until something arrives.
    pub(crate) fn new(config: Config, framing: Framing, los: bool) -> Self {
        let mut alarms = AlarmSet::default();
        alarms.set(Alarm::Los, los);
        Self {
            config,
            rows: frame::rows(framing),
            alignment: Alignment::new(framing),
            all_ones: 0,
            ais: false,
            integrators: Alarm::ALL.map(|alarm| {
                (
                    alarm,
                    Integrator {
                        on: los && alarm == Alarm::Los,
                        against: Duration::ZERO,
                    },
                )
            }),
            alarms,
        }
    }

    pub(crate) const fn alarms(&self) -> AlarmSet {
        self.alarms
    }

    /// Alignment signals that arrived with an error while in alignment.
    pub(crate) const fn framing_errors(&self) -> u64 {
        self.alignment.errors()
    }

    /// Whether what arrives is not to be handed out.
    pub(crate) fn has_failed(&self) -> bool {
        self.alarms.iter().any(Alarm::is_receive_failure)
    }

    /// Nothing arrived for `span`.
    pub(crate) fn silence(&mut self, span: Duration, events: &mut Events) {
        if self.step(Alarm::Los, true, span, events) {
            // Loss of signal covers all that would be seen in a signal.
            for alarm in [Alarm::Ais, Alarm::Lof, Alarm::Rai] {
                self.force_off(alarm, events);
            }
            self.alignment.lose();
            self.all_ones = 0;
            self.ais = false;
        }
    }

    /// A chunk of eight frames arrived.
    pub(crate) fn chunk(&mut self, chunk: &[u8], events: &mut Events) {
        const CHUNK: Duration = Duration::from_millis(1);
        for pair in 0..frame::FRAMES / 2 {
            for &octet in chunk.get(2 * pair..2 * pair + 2).unwrap_or_default() {
                self.alignment.push(octet);
            }
            self.watch_for_ones(chunk, pair);
        }
        self.step(Alarm::Los, false, CHUNK, events);
        if self.step(Alarm::Ais, self.ais, CHUNK, events) {
            self.force_off(Alarm::Lof, events);
        }
        let aligned = self.alignment.is_aligned();
        self.step(Alarm::Lof, !aligned && !self.ais, CHUNK, events);
        // What the far end says counts once it can be heard: it complains of the same break in the cable.
        let remote_alarm = aligned && self.alignment.remote_alarm() && !self.has_failed();
        self.step(Alarm::Rai, remote_alarm, CHUNK, events);
    }

    /// One more double frame, the `pair`th of the chunk (G.775 §5.2 for the 512 bits of an E1).
    fn watch_for_ones(&mut self, chunk: &[u8], pair: usize) {
        // In good alignment the zeros of the alignment signal are there: nothing to count.
        if self.alignment.is_good() {
            self.all_ones = 0;
            self.ais = false;
            return;
        }
        let octets = chunk.chunks_exact(frame::FRAMES).take(self.rows);
        let zeros: u32 = octets
            .flat_map(|timeslot| timeslot.get(2 * pair..2 * pair + 2).unwrap_or_default())
            .map(|octet| octet.count_zeros())
            .sum();
        let ones = zeros <= AIS_ZEROS;
        self.all_ones = if ones == self.ais {
            0
        } else {
            self.all_ones + 1
        };
        if self.all_ones == 2 {
            self.ais = ones;
            self.all_ones = 0;
        }
    }

    /// Lets the integrator of `alarm` see the defect or its absence; whether the alarm came by it.
    fn step(&mut self, alarm: Alarm, defect: bool, span: Duration, events: &mut Events) -> bool {
        let raise_after = if alarm == Alarm::Los {
            self.config.los_after
        } else {
            self.config.raise_after
        };
        let clear_after = self.config.clear_after;
        let integrator = self.integrators.iter_mut().find(|(of, _)| *of == alarm);
        let Some(on) = integrator.and_then(|(_, i)| i.step(defect, span, raise_after, clear_after))
        else {
            return false;
        };
        self.alarms.set(alarm, on);
        events.push(SpanEvent::Alarm { alarm, on });
        on
    }

    fn force_off(&mut self, alarm: Alarm, events: &mut Events) {
        for (of, integrator) in &mut self.integrators {
            if *of == alarm {
                *integrator = Integrator::default();
            }
        }
        if self.alarms.set(alarm, false) {
            events.push(SpanEvent::Alarm { alarm, on: false });
        }
    }
}

#[cfg(test)]
mod tests;

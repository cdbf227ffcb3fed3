//! What is known of the spans outside their threads: for operators, and what they lose for the log.

use std::fmt;

use tdm::{AlarmSet, DeviceCounters, SpanCounters, SpanId};

use super::word::Up;
use crate::config::Config;

/// A span as its thread told it last.
#[derive(Debug, Clone)]
pub struct SpanView {
    /// Its name in the configuration.
    name: String,
    /// What carries it.
    driver: String,
    alarms: AlarmSet,
    counters: SpanCounters,
    device: DeviceCounters,
    /// Why its device is gone, while it is.
    trouble: Option<String>,
}

/// All spans, in the order of the configuration.
#[derive(Debug, Clone)]
pub struct Spans(Vec<SpanView>);

impl Spans {
    /// Nothing is known of them yet.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let spans = config.spans.iter().map(|span| SpanView {
            name: span.name.clone(),
            driver: span.driver.to_string(),
            alarms: AlarmSet::default(),
            counters: SpanCounters::default(),
            device: DeviceCounters::default(),
            trouble: None,
        });
        Self(spans.collect())
    }

    /// Follows what a thread says of its spans.
    pub fn follow(&mut self, word: &Up) {
        match word {
            Up::Span(id, event) => {
                if let Some(span) = self.get_mut(*id) {
                    span.alarms.follow(*event);
                }
            }
            Up::Counters(id, counters, device) => {
                if let Some(span) = self.get_mut(*id) {
                    if let Some(lost) = lost(span.counters, *counters) {
                        tracing::warn!(span = span.name, "line: {lost}");
                    }
                    span.counters = *counters;
                    span.device = *device;
                }
            }
            Up::Trouble(id, trouble) => {
                if let Some(span) = self.get_mut(*id) {
                    match trouble {
                        Some(why) => tracing::error!(span = span.name, "line: {why}"),
                        None => tracing::info!(span = span.name, "line: its device is back"),
                    }
                    span.trouble.clone_from(trouble);
                }
            }
            _ => {}
        }
    }

    fn get_mut(&mut self, id: SpanId) -> Option<&mut SpanView> {
        self.0.get_mut(usize::from(id.0))
    }

    /// One line for each.
    #[must_use]
    pub fn explain(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

/// What was lost between two looks at counters; `None` when nothing was.
fn lost(before: SpanCounters, now: SpanCounters) -> Option<String> {
    let more = [
        ("underruns", now.underruns.saturating_sub(before.underruns)),
        ("overruns", now.overruns.saturating_sub(before.overruns)),
        ("slips", now.slips.saturating_sub(before.slips)),
    ];
    let more: Vec<_> = more
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    (!more.is_empty()).then(|| more.join(", "))
}

/// The alarms that stand, every counter that is not 0, and what is wrong with its device.
impl fmt::Display for SpanView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.name, self.driver)?;
        let mut alarms = self.alarms.iter().peekable();
        if alarms.peek().is_none() {
            f.write_str("no alarm")?;
        }
        let mut separator = "";
        for alarm in alarms {
            write!(f, "{separator}{alarm}")?;
            separator = ", ";
        }
        let counters = self.counters.iter().chain(self.device.iter());
        let mut separator = "; ";
        for (name, count) in counters.filter(|(_, count)| *count > 0) {
            write!(f, "{separator}{name} {count}")?;
            separator = ", ";
        }
        match &self.trouble {
            Some(why) => write!(f, "; {why}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tdm::{Alarm, SpanEvent};

    use super::*;
    use crate::config::Environment;

    #[test]
    fn a_span_is_told_with_its_alarms_and_counters() {
        let text = include_str!("../../config/isthmus.toml");
        let config = Config::parse("isthmus.toml", text, &Environment::new()).unwrap();
        let mut spans = Spans::new(&config);
        let silent = ["e1: emulated E1 at /tmp/isthmus-e1.sock: no alarm"];
        assert_eq!(spans.explain(), silent);
        for alarm in [Alarm::Los, Alarm::Rai] {
            spans.follow(&Up::Span(SpanId(0), SpanEvent::Alarm { alarm, on: true }));
        }
        let counters = SpanCounters {
            ticks: 300,
            los: 1,
            ..SpanCounters::default()
        };
        let device = DeviceCounters::new(
            &["frames sent", "frames not sent"],
            [7, 0, 0, 0, 0, 0, 0, 0],
        );
        spans.follow(&Up::Counters(SpanId(0), counters, device));
        let disturbed =
            "e1: emulated E1 at /tmp/isthmus-e1.sock: LOS, RAI; ticks 300, LOS 1, frames sent 7";
        assert_eq!(spans.explain(), [disturbed]);
        spans.follow(&Up::Trouble(SpanId(0), Some("unplugged".to_owned())));
        assert_eq!(spans.explain(), [format!("{disturbed}; unplugged")]);
        spans.follow(&Up::Trouble(SpanId(0), None));
        assert_eq!(spans.explain(), [disturbed]);
    }

    #[test]
    fn what_was_lost_since_the_last_look_is_for_the_log() {
        let first = SpanCounters {
            ticks: 100,
            late_ticks: 3,
            underruns: 2,
            ..SpanCounters::default()
        };
        assert_eq!(lost(first, first), None);
        let second = SpanCounters {
            underruns: 5,
            slips: 1,
            ..first
        };
        let told = lost(first, second);
        assert_eq!(told.as_deref(), Some("3 underruns, 1 slips"));
    }
}

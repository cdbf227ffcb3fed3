//! What an ear made of a tone: frequency, level, cadence.

use std::time::Duration;

use lab::audio::Heard;

use crate::demo::check::Report;

/// A sound of one frequency, and the silence before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Beep {
    pub(super) hertz: f64,
    pub(super) off: Duration,
    pub(super) on: Duration,
}

/// The first whole beep: a silence that began with the end of a sound, and the sound that ended
/// it. The very first sound may have begun before anybody listened.
pub(super) fn first_beep<'a>(heard: impl Iterator<Item = &'a Heard>) -> Option<Beep> {
    let mut silence: Option<Duration> = None;
    let mut sounded = false;
    for heard in heard {
        match heard {
            Heard::Sound {
                duration, tones, ..
            } => {
                if let (Some(off), Some(tone)) = (silence, tones.first()) {
                    return Some(Beep {
                        hertz: tone.frequency,
                        off,
                        on: *duration,
                    });
                }
                sounded = true;
            }
            Heard::Silence { duration, .. } if sounded => silence = Some(*duration),
            _ => {}
        }
    }
    None
}

/// The steady tone that is being heard, when it is a single one: frequency in Hz, level in dBm0.
pub(super) fn steady<'a>(heard: impl Iterator<Item = &'a Heard>) -> Option<(f64, f64)> {
    let mut last = None;
    for heard in heard {
        if let Heard::Tones { tones, level, .. } = heard {
            last = match tones.as_slice() {
                [tone] => Some((tone.frequency, f64::from(level.0))),
                _ => None,
            };
        }
    }
    last
}

/// Checks ringback of one frequency against a country's plan.
pub(super) fn check_ringback(report: &mut Report, beep: Option<Beep>, hertz: f64, ms: [f64; 2]) {
    let Some(beep) = beep else {
        report.judged("ringback heard", "yes", "no whole beep", false);
        return;
    };
    let [on, off] = ms;
    report.near("ringback: frequency", "Hz", hertz, 2.0, beep.hertz);
    report.near(
        "ringback: tone",
        "ms",
        on,
        20.0,
        beep.on.as_secs_f64() * 1e3,
    );
    report.near(
        "ringback: silence",
        "ms",
        off,
        20.0,
        beep.off.as_secs_f64() * 1e3,
    );
}

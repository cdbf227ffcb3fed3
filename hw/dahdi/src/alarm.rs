//! The driver's alarm bits in the words of G.775 and G.706.

use dahdi_sys as sys;
use tdm::{Alarm, AlarmSet};

/// What stands on a span by the driver's bits.
///
/// RED comes with the reason where the card tells it; without one nothing arrives that could be used,
/// which is LOS. A span in loop-back hears only itself and counts as one without signal.
pub(crate) fn alarms(bits: u32) -> AlarmSet {
    let has = |mask: u32| bits & mask != 0;
    let no_frames = has(sys::DAHDI_ALARM_LFA) && !has(sys::DAHDI_ALARM_LOS);
    let red = has(sys::DAHDI_ALARM_RED);
    let mut alarms = AlarmSet::default();
    let los = has(sys::DAHDI_ALARM_LOS)
        || (red && !no_frames)
        || has(sys::DAHDI_ALARM_LOOPBACK)
        || has(sys::DAHDI_ALARM_NOTOPEN);
    alarms.set(Alarm::Los, los);
    alarms.set(Alarm::Lof, no_frames && red);
    alarms.set(Alarm::Ais, has(sys::DAHDI_ALARM_BLUE));
    alarms.set(Alarm::Rai, has(sys::DAHDI_ALARM_YELLOW));
    alarms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_is_an_alarm() {
        let of = |bits| alarms(bits).iter().collect::<Vec<_>>();
        let none: [Alarm; 0] = [];
        assert_eq!(of(sys::DAHDI_ALARM_NONE), none);
        assert_eq!(of(sys::DAHDI_ALARM_RECOVER), none);
        assert_eq!(of(sys::DAHDI_ALARM_RED), [Alarm::Los]);
        assert_eq!(
            of(sys::DAHDI_ALARM_RED | sys::DAHDI_ALARM_LFA),
            [Alarm::Lof]
        );
        let both = sys::DAHDI_ALARM_RED | sys::DAHDI_ALARM_LFA | sys::DAHDI_ALARM_LOS;
        assert_eq!(of(both), [Alarm::Los]);
        assert_eq!(of(sys::DAHDI_ALARM_BLUE), [Alarm::Ais]);
        assert_eq!(of(sys::DAHDI_ALARM_YELLOW), [Alarm::Rai]);
        assert_eq!(of(sys::DAHDI_ALARM_LOOPBACK), [Alarm::Los]);
    }
}

//! Gain tables: for every octet the one that is louder or softer by so many decibels.

use tdm::Law;

/// The table of a gain in dB. 0 dB is the identity.
pub(crate) fn table(law: Law, decibels: f32) -> [u8; 256] {
    let factor = 10_f32.powf(decibels / 20.0);
    let octets = (0..=u8::MAX).map(|octet| match decibels == 0.0 {
        true => octet,
        false => {
            let louder = f32::from(law.decode(octet)) * factor;
            // `as` saturates: what is too loud is clipped.
            law.encode(louder.round() as i16)
        }
    });
    let mut table = [0; 256];
    for (slot, octet) in table.iter_mut().zip(octets) {
        *slot = octet;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_gain_changes_no_octet() {
        for law in [Law::ALaw, Law::MuLaw] {
            assert!(
                table(law, 0.0)
                    .iter()
                    .enumerate()
                    .all(|(n, octet)| n == usize::from(*octet))
            );
        }
    }

    #[test]
    fn six_decibels_double_and_halve() {
        let (louder, softer) = (table(Law::ALaw, 6.02), table(Law::ALaw, -6.02));
        for octet in 0..=u8::MAX {
            let value = f32::from(Law::ALaw.decode(octet));
            if !(512.0..=15_000.0).contains(&value.abs()) {
                continue;
            }
            for (table, factor) in [(&louder, 2.0), (&softer, 0.5)] {
                let ratio = f32::from(Law::ALaw.decode(table[usize::from(octet)])) / value;
                assert!((ratio / factor - 1.0).abs() < 0.04, "{octet:#x}: {ratio}");
            }
        }
        // The loudest octet stays what it is, and does not change its sign.
        let loudest = Law::ALaw.encode(i16::MAX);
        assert_eq!(louder[usize::from(loudest)], loudest);
    }
}

//! The tables against G.711 written out a second way: by the decision values of its segments.

use super::*;

/// Decision values x1..x128 and levels y1..y128 of the positive half, scaled to 16 bits, by the segment
/// boundaries that Tables 1 and 2 print: `(first decision value, step, levels)` for each segment.
fn levels(segments: &[(i32, i32, i32)], scale: i32) -> Vec<(std::ops::Range<i32>, i32)> {
    let mut levels = Vec::new();
    for &(first, step, count) in segments {
        for n in 0..count {
            let low = first + n * step;
            levels.push((
                low * scale..(low + step) * scale,
                (2 * low + step) * scale / 2,
            ));
        }
    }
    levels
}

/// Table 1: 32 levels of 2 up to 64, then 16 each of 4, 8, .. up to the virtual 4096.
fn alaw() -> Vec<(std::ops::Range<i32>, i32)> {
    levels(
        &[
            (0, 2, 32),
            (64, 4, 16),
            (128, 8, 16),
            (256, 16, 16),
            (512, 32, 16),
            (1024, 64, 16),
            (2048, 128, 16),
        ],
        8,
    )
}

/// Table 2: one level of 1 at zero, 15 of 2 up to 31, then 16 each of 4, 8, .. up to the virtual 8159.
fn mulaw() -> Vec<(std::ops::Range<i32>, i32)> {
    let mut levels = levels(
        &[
            (0, 1, 1),
            (1, 2, 15),
            (31, 4, 16),
            (95, 8, 16),
            (223, 16, 16),
            (479, 32, 16),
            (991, 64, 16),
            (2015, 128, 16),
            (4063, 256, 16),
        ],
        4,
    );
    levels[0].1 = 0;
    levels
}

/// The character signal of level `n` (from 0) as the tables print it, sign first, then bits inverted.
fn character(law: Law, n: usize, negative: bool) -> u8 {
    let n = n as u8;
    match law {
        Law::ALaw => (n | if negative { 0 } else { 0x80 }) ^ 0b0101_0101,
        Law::MuLaw => !(n | if negative { 0x80 } else { 0 }),
    }
}

fn check(law: Law, levels: &[(std::ops::Range<i32>, i32)]) {
    assert_eq!(levels.len(), 128);
    for (n, (_, level)) in levels.iter().enumerate() {
        assert_eq!(
            i32::from(law.decode(character(law, n, false))),
            *level,
            "{law:?} +{n}"
        );
        assert_eq!(
            i32::from(law.decode(character(law, n, true))),
            -level,
            "{law:?} -{n}"
        );
    }
    for sample in i16::MIN..=i16::MAX {
        let magnitude = i32::from(if sample < 0 { !sample } else { sample });
        // Above the last decision value the converter is overloaded: the last level stands.
        let n = levels
            .iter()
            .position(|(range, _)| range.contains(&magnitude))
            .unwrap_or(127);
        assert_eq!(
            law.encode(sample),
            character(law, n, sample < 0),
            "{law:?} {sample}"
        );
    }
}

#[test]
fn alaw_equals_table_1_for_every_input() {
    check(Law::ALaw, &alaw());
}

#[test]
fn mulaw_equals_table_2_for_every_input() {
    check(Law::MuLaw, &mulaw());
}

#[test]
fn decoding_and_encoding_gives_the_octet_back() {
    for octet in 0..=255 {
        assert_eq!(alaw_encode(alaw_decode(octet)), octet);
        // mu-law has two zeros; the negative one is read as zero, which is positive.
        let expected = if octet == 0x7f { 0xff } else { octet };
        assert_eq!(mulaw_encode(mulaw_decode(octet)), expected);
    }
}

/// Of the 1 kHz sequences of G.711 Tables 5 and 6, 0 dBm0 in both laws: a wrong bit order would show.
#[test]
fn digital_milliwatt_is_0_dbm0() {
    let power = |law: Law, octets: [u8; 8]| -> f64 {
        octets
            .iter()
            .map(|&octet| f64::from(law.decode(octet)).powi(2))
            .sum::<f64>()
            / 8.0
    };
    // A sine of full scale is 3.14 dBm0 (A-law, 4096) and 3.17 dBm0 (mu-law, 8159).
    let full = |peak: f64, centi_dbm0: i32| {
        peak.powi(2) / 2.0 / 10f64.powf(f64::from(centi_dbm0) / 1000.0)
    };
    let a = power(Law::ALaw, [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4]);
    let mu = power(Law::MuLaw, [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e]);
    assert!((10.0 * (a / full(4096.0 * 8.0, 314)).log10()).abs() < 0.03);
    assert!((10.0 * (mu / full(8159.0 * 4.0, 317)).log10()).abs() < 0.03);
}

/// Rows of Tables 3 and 4, both counted from 1 for A-law and from 0 for mu-law.
#[test]
fn conversion_has_the_irregular_rows_of_tables_3_and_4() {
    let to_a = |n: u8| 1 + mulaw_to_alaw_level(n);
    let to_mu = |n: u8| alaw_to_mulaw_level(n - 1);
    let mu = [
        0, 1, 15, 16, 31, 32, 33, 35, 36, 47, 48, 49, 50, 63, 64, 79, 80, 81, 127,
    ];
    let a = [
        1, 1, 8, 9, 24, 25, 27, 31, 33, 44, 46, 48, 49, 62, 64, 79, 80, 82, 128,
    ];
    assert_eq!(mu.map(to_a), a);
    let a = [
        1, 2, 8, 9, 24, 25, 26, 31, 32, 33, 45, 46, 47, 48, 49, 63, 64, 65, 80, 81, 82, 128,
    ];
    let mu = [
        1, 3, 15, 16, 31, 32, 32, 35, 35, 36, 48, 48, 49, 49, 50, 64, 64, 65, 80, 80, 81, 127,
    ];
    assert_eq!(a.map(to_mu), mu);
}

/// A conversion keeps the sign and never jumps further than to a neighbour of the nearest level.
#[test]
fn conversion_is_monotonic_and_near() {
    for (from, to) in [(Law::ALaw, Law::MuLaw), (Law::MuLaw, Law::ALaw)] {
        let mut by_value: Vec<(i16, i16)> = (0..=255u8)
            .filter(|&octet| !(from == Law::MuLaw && octet & 0x7f == 0x7f))
            .map(|octet| {
                (
                    from.decode(octet),
                    to.decode(from.convert_to(to)[octet as usize]),
                )
            })
            .collect();
        by_value.sort_unstable();
        for pair in by_value.windows(2) {
            assert!(
                pair[0].1 <= pair[1].1,
                "{from:?} to {to:?} at {}",
                pair[0].0
            );
        }
        for (before, after) in by_value {
            assert_eq!(before.signum(), after.signum());
            let error = (i32::from(before) - i32::from(after)).abs();
            assert!(
                error * 16 <= i32::from(before).abs().max(256),
                "{from:?} to {to:?}: {before} to {after}"
            );
        }
    }
}

/// Each law has eight pairs of levels, each way, that the other cannot tell apart; all others survive
/// both conversions.
#[test]
fn there_and_back_changes_few_levels() {
    let changed = |from: Law, to: Law| {
        (0..=255usize)
            .filter(|&octet| {
                to.convert_to(from)[from.convert_to(to)[octet] as usize] != octet as u8
            })
            .count()
    };
    assert_eq!(changed(Law::ALaw, Law::MuLaw), 2 * 8);
    assert_eq!(changed(Law::MuLaw, Law::ALaw), 2 * 8);
    assert!((0..=255).all(|octet| Law::ALaw.convert_to(Law::ALaw)[octet as usize] == octet));
}

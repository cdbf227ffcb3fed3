//! What crossed the line in a scenario with a reviewed ladder, as a capture that other decoders read:
//! `tests/peers` has tshark look at all of them.
//!
//! `isup` takes this file into its tests, too.

use std::path::PathBuf;
use std::time::Duration;

/// Link types of captures.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "each crate has one of them")]
pub(crate) enum LinkType {
    /// Signal units from their backward sequence number on, without check sequence.
    Mtp2 = 140,
    /// Messages from their service information octet on.
    Mtp3 = 141,
}

/// Writes `target/tmp/captures/NAME.pcap`; `function` is the path of the scenario's test.
pub(crate) fn write(function: &str, link: LinkType, frames: &[(Duration, Vec<u8>)]) {
    let words = |words: &[u32]| -> Vec<u8> {
        let octets = words.iter().flat_map(|word| word.to_le_bytes());
        octets.collect()
    };
    // Magic, version 2.4, two fields unused, greatest length, link type.
    let mut octets = words(&[0xA1B2_C3D4, 4 << 16 | 2, 0, 0, 65_535, link as u32]);
    for (at, frame) in frames {
        let (seconds, length) = (at.as_secs() as u32, frame.len() as u32);
        octets.extend(words(&[seconds, at.subsec_micros(), length, length]));
        octets.extend_from_slice(frame);
    }
    // The test is target/PROFILE/deps/NAME.
    let program = std::env::current_exe().unwrap();
    let target = program.ancestors().nth(3).map(PathBuf::from).unwrap();
    let folder = target.join("tmp/captures");
    std::fs::create_dir_all(&folder).unwrap();
    let name = function.replace("::", "__");
    std::fs::write(folder.join(format!("{name}.pcap")), octets).unwrap();
}

/// The path of the function that this stands in.
macro_rules! this_function {
    () => {{
        fn here() {}
        let name = std::any::type_name_of_val(&here);
        name.strip_suffix("::here").unwrap_or(name)
    }};
}

pub(crate) use this_function;

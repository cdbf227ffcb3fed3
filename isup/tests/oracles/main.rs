//! Messages of every type, made by a seeded generator, as two independent decoders read them:
//! Wireshark's (`tshark`, ITU-T and ANSI) and pycrate (ITU-T). Message type, the list of
//! parameters with their lengths, and the fields of [`fields`] agree, but for the reviewed
//! [`differences`].
//!
//! A decoder that is missing is said loudly, and fails the test when `CI` or
//! `ISTHMUS_REQUIRE_PEERS` is set.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panic"
)]

mod compare;
mod content;
mod differences;
mod fields;
mod generate;
mod peer;
mod pycrate;
mod reading;
mod tshark;

use isup::Variant;

use generate::Generated;
use reading::Decoder;

/// Messages of each type: 49 types of ITU-T make 490.
const OF_EACH_TYPE: usize = 10;

fn generated(variant: Variant) -> Vec<Generated> {
    generate::of_every_type(variant, OF_EACH_TYPE, 0x1507)
}

#[test]
fn the_generator_makes_every_message_and_repeats_itself() {
    for (variant, types) in [(Variant::Itu, 49), (Variant::Ansi, 54)] {
        let messages = generated(variant);
        assert_eq!(messages.len(), types * OF_EACH_TYPE);
        assert_eq!(messages, generated(variant));
        for Generated { message, .. } in &messages {
            assert_eq!(message.check(), Ok(()), "{message}");
        }
    }
}

#[test]
fn wireshark_reads_itu_messages_alike() {
    if peer::present("tshark", tshark::version()) {
        let messages = generated(Variant::Itu);
        let readings = tshark::read(&messages, Variant::Itu);
        compare::all(Decoder::Tshark, &messages, &readings);
    }
}

#[test]
fn wireshark_reads_ansi_messages_alike() {
    if peer::present("tshark", tshark::version()) {
        let messages = generated(Variant::Ansi);
        let readings = tshark::read(&messages, Variant::Ansi);
        compare::all(Decoder::Tshark, &messages, &readings);
    }
}

#[test]
fn pycrate_reads_itu_messages_alike() {
    if let Some(python) = peer::found("pycrate", pycrate::python()) {
        let messages = generated(Variant::Itu);
        let readings = pycrate::read(&python, &messages);
        compare::all(Decoder::Pycrate, &messages, &readings);
    }
}

//! The messages of `tests/vectors/isup`: label, variant, octets, and the line that they are.

use isup::{Begins, Mask, Message, Variant, hex, json::JsonMessage};

const VECTORS: &str = include_str!("../../../tests/vectors/isup/messages.tsv");

struct Vector {
    label: &'static str,
    variant: Variant,
    octets: Vec<u8>,
    line: &'static str,
}

fn vectors() -> Vec<Vector> {
    let vector = |text: &'static str| {
        let columns: Vec<&str> = text.split('\t').collect();
        let [label, variant, octets, line] = columns[..] else {
            panic!("four columns: {text}")
        };
        let octets = hex::read(octets).unwrap();
        Vector {
            label,
            variant: variant.parse().unwrap(),
            octets,
            line,
        }
    };
    VECTORS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(vector)
        .collect()
}

#[test]
fn every_vector_reads_as_its_line_and_comes_back() {
    for Vector {
        label,
        variant,
        octets,
        line,
    } in vectors()
    {
        let message = Message::decode_variant(&octets, variant).unwrap();
        assert_eq!(message.to_string(), line, "{label}");
        assert_eq!(message.to_vec(), octets, "{label}");
        let json = serde_json::to_string(&JsonMessage::from(&message)).unwrap();
        let json: JsonMessage = serde_json::from_str(&json).unwrap();
        assert_eq!(json.encode().unwrap(), octets, "{label}");
        assert!(
            !format!("{message:#}").contains("wrong:"),
            "{label}: {message:#}"
        );
    }
}

#[test]
fn the_tree_of_an_initial_address_message() {
    let vectors = vectors();
    let iam = vectors
        .iter()
        .find(|vector| vector.label == "clean_iam")
        .unwrap();
    let sif = [&[0x21, 0x00][..], &iam.octets].concat();
    let tree = isup::decode_tree(&sif, Variant::Itu, Begins::Cic, Mask::Nothing).unwrap();
    insta::assert_snapshot!(tree);
}

#[test]
fn the_json_of_a_release_with_an_unknown_parameter() {
    let octets = hex::read("0c0204028490 b7021234 00").unwrap();
    let json = JsonMessage::decode(&octets, Variant::Itu, Begins::MessageType).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap());
}

#[test]
fn masked_messages_show_no_whole_number() {
    let vectors = vectors();
    let iam = vectors
        .iter()
        .find(|vector| vector.label == "clean_iam")
        .unwrap();
    let message = Message::decode(&iam.octets).unwrap();
    let masked = message.display(Mask::Numbers);
    insta::assert_snapshot!(format!("{masked}\n{masked:#}"));
}

#[test]
fn json_that_disagrees_with_its_octets_is_refused() {
    // One octet between the pointers and the cause belongs to nothing: the octets come along.
    let octets = hex::read("0c0300ee028490").unwrap();
    let mut json = JsonMessage::decode(&octets, Variant::Itu, Begins::MessageType).unwrap();
    assert_eq!(json.octets.as_deref(), Some("0c0300ee028490"));
    json.parameters[0].content = "8491".to_owned();
    let error = json.encode().unwrap_err().to_string();
    assert_eq!(
        error,
        "octets and parameters do not agree: remove octets to have the message laid out anew"
    );
    json.octets = None;
    assert_eq!(hex::write(&json.encode().unwrap()), "0c0200028491");
}

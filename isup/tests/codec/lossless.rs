use isup::{Begins, Mask, Message, ParameterCode, Variant, json::JsonMessage};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::generated::{unusual, usual};

fn parameters(message: &Message) -> Vec<(u8, Vec<u8>)> {
    message
        .parameters()
        .map(|(code, content)| (code.0, content.to_vec()))
        .collect()
}

/// Whatever a decoded message can be asked must not panic, and it must encode to itself.
fn everything(octets: &[u8], variant: Variant) {
    let Ok(message) = Message::decode_variant(octets, variant) else {
        return;
    };
    assert_eq!(message.octets(), octets);
    let _ = (
        message.to_string(),
        format!("{message:#}"),
        format!("{message:?}"),
    );
    let masked = message.display(Mask::Numbers);
    let _ = (format!("{masked}"), format!("{masked:#}"));
    let json = JsonMessage::from(&message);
    assert_eq!(json.encode().unwrap(), octets);
}

proptest! {
    #[test]
    fn every_message_is_read_as_it_was_laid_out(generated in unusual()) {
        let message = Message::decode_variant(&generated.octets, generated.variant).unwrap();
        prop_assert_eq!(message.message_type(), generated.message);
        prop_assert_eq!(parameters(&message), generated.parameters);
        prop_assert_eq!(message.to_vec(), generated.octets);
        prop_assert!(message.trailing().ends_with(&generated.trailing));
        prop_assert_eq!(message.check(), Ok(()));
    }

    #[test]
    fn a_message_laid_out_as_usual_is_built_again_from_its_parameters(generated in usual()) {
        let mut message = Message::new_variant(generated.message, generated.variant);
        for (place, (code, content)) in generated.parameters.iter().enumerate() {
            let code = ParameterCode(*code);
            if place < generated.mandatory {
                message.set_content(code, content).unwrap();
            } else if message.push_content(code, content).is_err() {
                return Ok(());
            }
        }
        // An optional parameter with the name of a mandatory one takes that one's place.
        let names = generated.parameters.iter().map(|(code, _)| code);
        let mandatory: Vec<_> = names.clone().take(generated.mandatory).collect();
        prop_assume!(!names.skip(generated.mandatory).any(|code| mandatory.contains(&code)));
        prop_assert_eq!(message.check(), Ok(()));
        prop_assert_eq!(message.to_vec(), generated.octets);
    }

    #[test]
    fn json_brings_every_message_back(generated in unusual()) {
        let json =
            JsonMessage::decode(&generated.octets, generated.variant, Begins::MessageType).unwrap();
        let text = serde_json::to_string(&json).unwrap();
        let read: JsonMessage = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read.encode().unwrap(), generated.octets);
    }

    #[test]
    fn json_needs_no_octets_for_a_usual_message(generated in usual()) {
        let json =
            JsonMessage::decode(&generated.octets, generated.variant, Begins::MessageType).unwrap();
        let names = generated.parameters.iter().map(|(code, _)| code);
        let mandatory: Vec<_> = names.clone().take(generated.mandatory).collect();
        prop_assume!(!names.skip(generated.mandatory).any(|code| mandatory.contains(&code)));
        prop_assert_eq!(json.octets, None);
    }

    #[test]
    fn changing_one_parameter_leaves_the_others(
        generated in unusual(),
        which in any::<Index>(),
        content in vec(any::<u8>(), 0..24),
    ) {
        prop_assume!(!generated.parameters.is_empty());
        let which = which.index(generated.parameters.len());
        let code = generated.parameters[which].0;
        let first = generated.parameters.iter().position(|(name, _)| *name == code).unwrap();
        let mut message = Message::decode_variant(&generated.octets, generated.variant).unwrap();
        let before = message.clone();
        match message.set_content(ParameterCode(code), &content) {
            Ok(()) => {
                let mut expected = generated.parameters.clone();
                let old = core::mem::replace(&mut expected[first].1, content.clone());
                prop_assert_eq!(parameters(&message), expected);
                prop_assert_eq!(message.trailing(), before.trailing());
                let length = generated.octets.len() + content.len() - old.len();
                prop_assert_eq!(message.octets().len(), length);
                let again = Message::decode_variant(message.octets(), generated.variant).unwrap();
                prop_assert_eq!(parameters(&again), parameters(&message));
                prop_assert_eq!(again.trailing(), message.trailing());
                // And back: every octet is where it was.
                message.set_content(ParameterCode(code), &old).unwrap();
                prop_assert_eq!(message.octets(), &generated.octets[..]);
            }
            Err(_) => prop_assert_eq!(message.octets(), &generated.octets[..]),
        }
    }

    #[test]
    fn a_parameter_added_and_removed_again_leaves_no_trace(
        generated in unusual(),
        code in 1..=255_u8,
        content in vec(any::<u8>(), 0..24),
    ) {
        prop_assume!(!generated.parameters.iter().any(|(name, _)| *name == code));
        let mut message = Message::decode_variant(&generated.octets, generated.variant).unwrap();
        let code = ParameterCode(code);
        if message.set_content(code, &content).is_ok() {
            prop_assert_eq!(message.content(code), Some(&content[..]));
            let again = Message::decode_variant(message.octets(), generated.variant).unwrap();
            prop_assert_eq!(parameters(&again), parameters(&message));
            prop_assert!(message.remove(code));
        }
        prop_assert!(!message.remove(code));
        prop_assert_eq!(message.to_vec(), generated.octets);
    }

    #[test]
    fn any_octets_are_read_without_panic(octets in vec(any::<u8>(), 0..64)) {
        everything(&octets, Variant::Itu);
        everything(&octets, Variant::Ansi);
    }

    #[test]
    fn a_damaged_message_is_read_without_panic(
        generated in unusual(),
        damage in vec((any::<Index>(), any::<u8>()), 1..4),
        cut in any::<Index>(),
    ) {
        let mut octets = generated.octets;
        for (place, value) in damage {
            let place = place.index(octets.len());
            octets[place] = value;
        }
        everything(&octets, generated.variant);
        everything(&octets[..cut.index(octets.len())], generated.variant);
    }

    #[test]
    fn an_unknown_message_with_only_an_optional_part_tells_its_parameters(
        code in 0xA0..=0xDF_u8,
        optional in vec((1..=255_u8, vec(any::<u8>(), 0..9)), 1..5),
    ) {
        let mut octets = vec![code, 1];
        for (name, content) in &optional {
            octets.extend([*name, content.len() as u8]);
            octets.extend(content);
        }
        octets.push(0);
        let message = Message::decode(&octets).unwrap();
        prop_assert_eq!(parameters(&message), optional);
        everything(&octets, Variant::Itu);
    }
}

#[test]
fn decoding_into_a_message_keeps_it_when_the_octets_are_wrong() {
    let mut message = Message::decode(&[0x0C, 2, 0, 2, 0x84, 0x90]).unwrap();
    assert!(message.decode_into(&[0x0C, 9], Variant::Itu).is_err());
    assert_eq!(message.octets(), [0x0C, 2, 0, 2, 0x84, 0x90]);
    message.decode_into(&[0x2C, 1, 0], Variant::Itu).unwrap();
    assert_eq!(message.message_type(), isup::MessageType::Cpg);
}

//! The ISUP codec: lossless, and never a panic in what reads the parameters.

use isup::json::JsonMessage;
use isup::{
    BackwardCallIndicators, Begins, CalledPartyNumber, CallingPartyNumber, Cause, Location, Mask,
    Message, Variant, decode_tree,
};

pub(super) fn isup(octets: &[u8]) {
    for variant in [Variant::Itu, Variant::Ansi] {
        // Trees look into every parameter.
        for begins in [Begins::MessageType, Begins::Cic] {
            let _ = decode_tree(octets, variant, begins, Mask::default());
            if let Ok(json) = JsonMessage::decode(octets, variant, begins) {
                let _ = json.encode();
            }
        }
        if let Ok((cic, message)) = Message::decode_sif_variant(octets, variant) {
            assert_eq!(
                message.encode_sif(cic).get(2..),
                octets.get(2..),
                "{variant:?}"
            );
        }
        let Ok(message) = Message::decode_variant(octets, variant) else {
            continue;
        };
        assert_eq!(message.to_vec(), octets, "{variant:?}: not lossless");
        let _ = message.find::<CalledPartyNumber>();
        let _ = message.find::<CallingPartyNumber>();
        let _ = message.find::<BackwardCallIndicators>();
        let _ = message.find::<Cause>();
        changed(&message, variant);
    }
}

/// A changed message can be read again, with the change in it and nothing else lost.
fn changed(message: &Message, variant: Variant) {
    let cause = Cause::new(16, Location::PublicNetworkLocalUser);
    let mut changed = message.clone();
    changed.set(cause.clone());
    let mut octets = Vec::new();
    changed.encode(&mut octets);
    if let Ok(again) = Message::decode_variant(&octets, variant)
        && changed.find::<Cause>().is_some()
    {
        assert_eq!(again.find::<Cause>(), changed.find::<Cause>());
        assert_eq!(again.to_vec(), octets);
    }
    let codes: Vec<_> = message.parameters().map(|(code, _)| code).collect();
    for code in codes {
        let mut without = message.clone();
        without.remove(code);
        let _ = Message::decode_variant(&without.to_vec(), variant);
    }
}

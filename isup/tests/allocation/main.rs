//! What messages cost in memory, counted by the allocator itself: a transit exchange that decodes
//! into the buffers it has, changes one parameter and encodes, allocates nothing.

mod counting;

use counting::allocations;
use isup::{HopCounter, Message, Variant, hex};

/// An initial address message with ten optional parameters.
const IAM: &str = "010060010a03020a088410940355050001 0a0784139403555500 0b0784009403556500 \
    13020331 1d039090a3 2807840094035575 00 3102001e 390431c03dd0 3d010a c00806841394035585 00 \
    03047d029181 00";

#[test]
fn a_transit_that_changes_one_parameter_allocates_nothing() {
    let octets = hex::read(IAM).expect("figures");
    let (decoding, mut message) = allocations(|| Message::decode(&octets));
    assert_eq!(decoding, 1, "the message keeps its octets");
    let message = message.as_mut().expect("a message");
    // Buffers of their final size, as after the first calls.
    let mut to = Vec::with_capacity(512);
    let mut transit = || {
        message
            .decode_into(&octets, Variant::Itu)
            .expect("a message");
        let HopCounter(hops) = message.find().expect("a hop counter");
        message.set(HopCounter(hops - 1));
        to.clear();
        message.encode(&mut to);
        to.len()
    };
    transit();
    assert_eq!(allocations(transit), (0, octets.len()));
}

//! Octets from outside never panic.

use std::time::Duration;

use proptest::prelude::*;

use super::world::{A, World, config, point};
use crate::line_model::epoch;
use crate::{LineEvent, LinkId, Mtp};

fn input() -> impl Strategy<Value = (u16, Vec<u8>, u64)> {
    let level3 = (
        0_u8..128,
        0_u8..128,
        any::<u8>(),
        prop::collection::vec(any::<u8>(), 0..20),
    );
    let message = level3.prop_map(|(bsn, fsn, heading, rest)| {
        // A management message from B to A.
        let label = [0x80, 0x00, 0x41, 0x40, 0x00];
        let mut unit = vec![bsn | 0x80, fsn | 0x80, 0];
        unit.extend(label);
        unit.push(heading);
        unit.extend(rest);
        unit[2] = (unit.len() - 3) as u8;
        unit
    });
    let anything = prop::collection::vec(any::<u8>(), 0..300);
    let status = (0_u8..8).prop_map(|status| vec![0xFF, 0xFF, 1, status]);
    let fill = Just(vec![0xFF, 0xFF, 0]);
    (
        0_u16..3,
        prop_oneof![anything, message, status, fill],
        0_u64..5000,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_signal_units_at_any_time(inputs in prop::collection::vec(input(), 0..60)) {
        let ids = [LinkId(0), LinkId(1)];
        let mut node = Mtp::new(config(0).with_linkset(point(1), &ids)).unwrap();
        let mut now = epoch();
        node.start(now);
        for (link, unit, milliseconds) in inputs {
            node.handle_signal_unit(now, LinkId(link), &unit);
            node.handle_line(now, LinkId(link), LineEvent::Good(3));
            now += Duration::from_millis(milliseconds);
            node.handle_timeout(now);
            while node.poll_output().is_some() {}
        }
    }
}

#[test]
fn random_units_into_a_working_pair() {
    let mut world = World::pair(2);
    world.bring_up();
    let mut chance = crate::line_model::Chance::new(5);
    for _ in 0..3000 {
        let length = chance.below(30) as usize;
        let unit: Vec<u8> = (0..length).map(|_| chance.next() as u8).collect();
        let link = LinkId(chance.below(2) as u16);
        world.nodes[A].handle_signal_unit(world.now, link, &unit);
        world.drain(A);
        world.run(Duration::from_millis(chance.below(20)));
    }
    world.until(120, "everything works again", |world| {
        world.all_active() && world.accessible(0, 1) && world.accessible(1, 0)
    });
}

//! Either end is killed and started again: link and circuits come back by themselves.

use crate::peer;
use crate::sipp::{ECHO, LIMIT, call, succeeds, talk};
use crate::world::{Changes, World};

#[test]
fn link_and_circuits_come_back_after_either_end_was_killed() {
    if !peer::is_here("sipp") {
        return;
    }
    let mut world = World::start(&Changes::default());
    // With a call up, so that there is something to be cleared.
    let mut cut_off = talk(&mut world, "released_caller.xml", &[]);
    world.exchange().kill();
    world.start_exchange();
    // The alarm or the reset of the circuits releases the call.
    let status = cut_off.wait(LIMIT);
    assert!(status.success(), "the call was not released: {status}");
    world.wait_until_in_service();
    succeeds(call(
        &world,
        "plain_caller.xml",
        ECHO,
        &["-m", "1", "-d", "500"],
    ));

    let cut_off = talk(&mut world, "released_caller.xml", &[]);
    world.gateway().kill();
    // Nobody is left to send a BYE.
    drop(cut_off);
    world.start_gateway();
    world.wait_until_in_service();
    succeeds(call(
        &world,
        "plain_caller.xml",
        ECHO,
        &["-m", "1", "-d", "500"],
    ));
    world.wait_until_idle();
}

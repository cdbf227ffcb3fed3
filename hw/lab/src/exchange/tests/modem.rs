//! Modems of two exchanges.

use super::*;
use crate::config::Terminal;
use crate::modem::Modulation;

pub(super) const CALLING: &str = "+49405550102";
pub(super) const CALLED: &str = "+49305550008";

pub(super) fn subscriber(number: &str) -> Subscriber {
    let behaviour = Behaviour::Modem {
        modulation: Modulation::V21,
        terminal: Terminal::Pty("/nowhere".into()),
    };
    super::subscriber(number, behaviour)
}

impl World {
    fn type_in(&mut self, exchange: usize, text: &str) {
        let number = [CALLING, CALLED][exchange];
        let modem = self.exchanges[exchange].modem(number).unwrap();
        modem.terminal(text.as_bytes());
    }

    /// Until the terminal at this exchange has shown the text.
    fn until_shown(&mut self, exchange: usize, text: &str, seconds: u64) {
        let number = [CALLING, CALLED][exchange];
        let mut shown = Vec::new();
        for _ in 0..seconds * 100 {
            self.tick();
            let modem = self.exchanges[exchange].modem(number).unwrap();
            shown.extend(modem.take_output());
            if String::from_utf8_lossy(&shown).contains(text) {
                return;
            }
        }
        panic!("no {text:?}, but {:?}", String::from_utf8_lossy(&shown));
    }
}

#[test]
fn a_modem_dials_another_and_data_flow() {
    let mut world = World::ready();
    world.type_in(NEAR, "ATE0DT0305550008\r");
    world.until_shown(FAR, "RING", 5);
    world.type_in(FAR, "ATE0A\r");
    world.until_shown(NEAR, "CONNECT 300", 20);
    world.until_shown(FAR, "CONNECT 300", 20);
    assert_eq!(world.ladder(FAR), "<-IAM ->ACM ->ANM");
    world.type_in(NEAR, "over the timeslot");
    world.type_in(FAR, "and back");
    world.until_shown(FAR, "over the timeslot", 2);
    world.until_shown(NEAR, "and back", 2);
    world.run_for(1.5);
    world.type_in(NEAR, "+++");
    world.until_shown(NEAR, "OK", 2);
    world.type_in(NEAR, "ATH\r");
    world.until_shown(FAR, "NO CARRIER", 2);
    world.until("idle", 5.0, World::all_idle);
    assert_eq!(world.ladder(FAR), "<-IAM ->ACM ->ANM <-REL ->RLC");
}

#[test]
fn what_a_modem_is_told_of_a_call_that_fails() {
    let mut world = World::ready();
    for (number, shown) in [
        ("0305550004", "BUSY"),
        ("0305550005", "NO CARRIER"),
        ("0305550099", "NO CARRIER"),
    ] {
        world.type_in(NEAR, &format!("ATDT{number}\r"));
        world.until_shown(NEAR, shown, 5);
    }
    // A key gives up while it rings.
    world.type_in(NEAR, "ATDT0305550003\r");
    world.run_for(3.0);
    world.type_in(NEAR, " ");
    world.until_shown(NEAR, "NO CARRIER", 1);
    world.until("idle", 5.0, World::all_idle);
    // A modem that is on a call is busy.
    world.type_in(NEAR, "ATDT0305550008\r");
    world.until_shown(FAR, "RING", 5);
    let second = world.call("+49305550008");
    world.run_for(1.0);
    let busy = world.seen[NEAR].iter().any(|event| {
        event.circuit == Some(second)
            && matches!(
                event.call(),
                Some(CallEvent::Released {
                    cause: Some(17),
                    ..
                })
            )
    });
    assert!(busy);
    // The line is cut: there is none to dial on.
    world.cable.cut();
    world.until_shown(NEAR, "NO CARRIER", 10);
    world.type_in(NEAR, "ATDT0305550008\r");
    world.until_shown(NEAR, "NO DIALTONE", 2);
}

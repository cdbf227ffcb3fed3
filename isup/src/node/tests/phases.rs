//! Every phase of a call: what ends it (Q.764 §2.3), and what passes through it end to end.

use super::*;

/// A way from the idle circuit 1 to a phase of a call by A.
type Way = fn(&mut World);

/// The phases by name.
const PHASES: [(&str, Way); 8] = [
    ("IAM", |world| world.ask_setup()),
    ("SAM", |world| {
        world.ask_setup();
        world.send(End::A, 1, MessageType::Sam);
    }),
    ("INR", |world| {
        world.ask_setup();
        world.send(End::B, 1, MessageType::Inr);
    }),
    ("ACM", |world| {
        world.ask_setup();
        world.send(End::B, 1, MessageType::Acm);
    }),
    ("CPG", |world| {
        world.ask_setup();
        world.send(End::B, 1, MessageType::Acm);
        world.send(End::B, 1, MessageType::Cpg);
    }),
    ("ANM", |world| {
        world.ask_setup();
        world.send(End::B, 1, MessageType::Acm);
        world.send(End::B, 1, MessageType::Anm);
    }),
    ("CON", |world| {
        world.ask_setup();
        world.send(End::B, 1, MessageType::Con);
    }),
    ("SUS", |world| {
        world.ask_setup();
        world.send(End::B, 1, MessageType::Con);
        world.send(End::B, 1, MessageType::Sus);
    }),
];

impl World {
    fn ask_setup(&mut self) {
        self.request(End::A, 1, setup());
        self.settle();
    }
}

fn reach(to: Way) -> World {
    let mut world = World::new();
    to(&mut world);
    world.forget();
    world
}

#[test]
fn either_end_releases_in_every_phase() {
    for (phase, to) in PHASES {
        for end in End::BOTH {
            let mut world = reach(to);
            world.request(end, 1, Request::Release(rel(16)));
            world.settle();
            let other = end.other();
            let wire = [format!("{end:?} REL 1"), format!("{other:?} RLC 1")];
            assert_eq!(world.wire(), wire, "{phase}");
            assert_eq!(world.told(end), ["1 Idle"], "{phase}");
            assert_eq!(world.told(other), ["1 Released 16", "1 Idle"], "{phase}");
            world.all_idle();
        }
    }
}

/// Each end answers the other's REL, and is idle at the RLC for its own.
#[test]
fn rel_crosses_rel_in_every_phase() {
    for (phase, to) in PHASES {
        let mut world = reach(to);
        world.request(End::A, 1, Request::Release(rel(16)));
        world.request(End::B, 1, Request::Release(rel(17)));
        world.settle();
        let mut wire = world.wire();
        wire.sort();
        assert_eq!(
            wire,
            ["A REL 1", "A RLC 1", "B REL 1", "B RLC 1"],
            "{phase}"
        );
        for end in End::BOTH {
            assert_eq!(world.told(end), ["1 Idle"], "{phase}");
        }
        world.all_idle();
    }
}

/// RLC is lost: REL again at T1, answered although the circuit is idle there.
#[test]
fn a_lost_rlc_is_made_good_in_every_phase() {
    for (phase, to) in PHASES {
        let mut world = reach(to);
        world.deaf = [false, true];
        world.request(End::A, 1, Request::Release(rel(16)));
        world.settle();
        world.deaf = [false, false];
        assert_eq!(world.state(End::A, 1), "WaitRlc", "{phase}");
        world.forget();
        world.run(seconds(16));
        assert_eq!(world.wire(), ["A REL 1", "B RLC 1"], "{phase}");
        assert_eq!(world.told(End::A), ["1 Idle"], "{phase}");
        world.all_idle();
    }
}

/// Services, charging and network management have no part in the states of a call.
#[test]
fn messages_of_services_pass_in_every_phase_both_ways() {
    use MessageType::{Apm, Crg, Exm, Faa, Fac, Far, Frj, Idr, Ids, Lop, Nrm, Pam, Pri, Sdn, Usr};
    let content = |kind: MessageType| match kind {
        Far | Faa => message(kind).with_content(ParameterCode::FACILITY_INDICATOR, &[2]),
        Frj => message(kind)
            .with_content(ParameterCode::FACILITY_INDICATOR, &[2])
            .with(Cause::new(29, Location::User)),
        kind => message(kind),
    };
    let all = [
        Apm, Crg, Exm, Faa, Fac, Far, Frj, Idr, Ids, Lop, Nrm, Pam, Pri, Sdn, Usr,
    ];
    for (phase, to) in PHASES {
        let mut world = reach(to);
        let states = End::BOTH.map(|end| world.state(end, 1));
        for kind in all {
            for end in End::BOTH {
                world.request(end, 1, Request::Send(content(kind)));
                world.settle();
                let received = [format!("1 Received {kind}")];
                assert_eq!(world.told(end.other()), received, "{phase}");
                assert_eq!(world.told(end), [""; 0], "{phase}: {kind}");
            }
        }
        assert_eq!(End::BOTH.map(|end| world.state(end, 1)), states, "{phase}");
    }
}

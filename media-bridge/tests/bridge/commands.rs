//! Commands that are refused, and what is left behind by a bridge that ends.

use super::*;

#[test]
fn commands_that_cannot_be_obeyed_are_refused_and_boxes_come_home() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    rig.events.clear();
    let other = BridgeId(8);
    let open = |bridge, span, timeslot| {
        Command::Open(Box::new(Open::new(
            bridge,
            span,
            timeslot,
            Law::ALaw,
            Path::BOTH,
        )))
    };
    let free = Timeslot::new(9).unwrap();
    let rtp = |port| Box::new(Rtp::new(port, peer(), Codec::Pcma, 1));
    let cases = [
        (open(BRIDGE, SPAN, free), Refusal::BridgeExists),
        (
            open(other, SpanId(9), free),
            Refusal::UnknownSpan(SpanId(9)),
        ),
        (open(other, SPAN, timeslot()), Refusal::TimeslotBusy(5)),
        (Command::Close { bridge: other }, Refusal::UnknownBridge),
        (
            Command::Path {
                bridge: other,
                path: Path::BOTH,
            },
            Refusal::UnknownBridge,
        ),
        (
            Command::Rtp {
                bridge: other,
                rtp: rtp(PORT),
            },
            Refusal::UnknownBridge,
        ),
        (
            Command::Rtp {
                bridge: BRIDGE,
                rtp: rtp(RtpPort(8)),
            },
            Refusal::UnknownPort(RtpPort(8)),
        ),
    ];
    for (command, expected) in cases {
        let boxed = matches!(command, Command::Open(_) | Command::Rtp { .. });
        rig.command(command);
        let events = std::mem::take(&mut rig.events);
        assert!(
            matches!(&events[0], Event::Refused { refusal, .. } if *refusal == expected),
            "{events:?}"
        );
        assert_eq!(
            matches!(events.get(1), Some(Event::Spent(_))),
            boxed,
            "{events:?}"
        );
    }
    rig.command(open(other, SPAN, free));
    rig.command(Command::Rtp {
        bridge: other,
        rtp: rtp(PORT),
    });
    let refused = rig.events.iter().any(|event| {
        matches!(event, Event::Refused { refusal, .. } if *refusal == Refusal::PortBusy(PORT))
    });
    assert!(refused);
}

#[test]
fn a_closed_bridge_leaves_its_timeslot_idle_and_its_port_free() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    let program = ToneProgram::steady(1_004.0, Dbm0(-16.0)).unwrap();
    let tone = Some(Box::new(media_bridge::tone::Generator::new(
        Arc::new(program),
        Law::ALaw,
    )));
    rig.command(Command::Tone {
        bridge: BRIDGE,
        towards: Side::Timeslot,
        tone,
    });
    assert_ne!(rig.idle_tick(), [0xD5; TICK_OCTETS]);
    rig.command(Command::Close { bridge: BRIDGE });
    assert_eq!(rig.idle_tick(), [0xD5; TICK_OCTETS]);
    // It is nobody's now: the shard does not write it again.
    rig.tx.timeslot_mut(timeslot()).fill(0x33);
    assert_eq!(rig.idle_tick(), [0x33; TICK_OCTETS]);
    rig.send(&[0x2A; 160]);
    rig.idle_tick();
    assert_eq!(rig.shard.statistics().packets_unclaimed, 1);
    assert_eq!(rig.shard.statistics().bridges, 0);
    let open = Open::new(BridgeId(9), SPAN, timeslot(), Law::MuLaw, Path::BOTH);
    rig.command(Command::Open(Box::new(open)));
    let rtp = Box::new(Rtp::new(PORT, peer(), Codec::Pcmu, 1));
    rig.command(Command::Rtp {
        bridge: BridgeId(9),
        rtp,
    });
    assert!(
        !rig.events
            .iter()
            .any(|e| matches!(e, Event::Refused { .. }))
    );
    assert_eq!(rig.idle_tick(), [0xFF; TICK_OCTETS]);
}

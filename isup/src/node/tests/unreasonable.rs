//! Unexpected and unknown messages (Q.764 §2.9.5; Q.784.1 groups 1.5, 1.6, 1.7, 6.2.5).

use super::*;

/// Q.784.1 1.5.1: on an idle circuit.
#[test]
fn unexpected_on_an_idle_circuit() {
    let mut world = World::new();
    world.inject(End::A, 1, &Message::new(MessageType::Rlc));
    world.inject(End::A, 1, &Message::new(MessageType::Bla));
    assert_eq!(world.wire(), ["B UBL 1", "A UBA 1"]);
    world.inject(End::A, 1, &rel(16));
    assert_eq!(world.wire(), ["B RLC 1"]);
    world.inject(End::A, 1, &message(MessageType::Acm));
    assert_eq!(world.wire(), ["B RSC 1", "A RLC 1"]);
    assert_eq!(world.told(End::B), [""; 0]);
    world.all_idle();
}

/// Q.784.1 1.5.2, 6.2.5: before a backward message the circuit is reset, the call tried elsewhere.
#[test]
fn unexpected_during_set_up() {
    let mut world = World::new();
    world.request(End::A, 1, setup());
    world.settle();
    world.inject(End::B, 1, &message(MessageType::Sus));
    assert_eq!(world.told(End::A), ["1 Repeat Unexpected(Sus)", "1 Idle"]);
    assert_eq!(
        world.told(End::B),
        ["1 Setup", "1 Failed 31 Reset", "1 Idle"]
    );
    world.all_idle();
}

/// Q.784.1 1.5.3: in a call nothing is disturbed, but RLC ends it.
#[test]
fn unexpected_in_a_call() {
    let mut world = answered(3);
    for kind in [
        MessageType::Acm,
        MessageType::Anm,
        MessageType::Sam,
        MessageType::Iam,
    ] {
        world.inject(End::B, 3, &message(kind));
    }
    assert_eq!(world.told(End::A), [""; 0]);
    assert_eq!(world.wire(), [""; 0]);
    world.inject(End::B, 3, &Message::new(MessageType::Rlc));
    assert_eq!(
        world.told(End::A),
        ["3 Failed 111 Unexpected(Rlc)", "3 Idle"]
    );
    world.all_idle();
}

/// Q.784.1 1.6, 1.7: unknown messages by their own instructions.
#[test]
fn unknown_messages() {
    let unknown = |instructions: u8| {
        Message::new(MessageType::Other(0x7E)).with_content(
            ParameterCode::MESSAGE_COMPATIBILITY_INFORMATION,
            &[0x80 | instructions],
        )
    };
    let mut world = answered(3);
    world.inject(End::B, 3, &Message::new(MessageType::Other(0x7E)));
    assert_eq!(world.wire(), ["A CFN 3"]);
    world.inject(End::B, 3, &unknown(0));
    assert_eq!(world.told(End::A), ["3 Received message 0x7E"]);
    world.inject(End::B, 3, &unknown(1 << 3));
    assert_eq!(world.told(End::A), [""; 0]);
    assert_eq!(world.wire(), [""; 0]);
    world.inject(End::B, 3, &unknown(1 << 3 | 1 << 2));
    assert_eq!(world.wire(), ["A CFN 3"]);
    world.inject(End::B, 3, &unknown(1 << 1));
    assert_eq!(
        world.told(End::A),
        ["3 Failed 97 Unrecognized(Other(126))", "3 Idle"]
    );
    world.all_idle();
}

/// CFN is never answered with CFN.
#[test]
fn confusion_is_not_answered() {
    let mut world = answered(3);
    let cfn = Message::new(MessageType::Cfn).with(Cause::new(97, Location::TransitNetwork));
    world.inject(End::B, 3, &cfn);
    assert_eq!(world.wire(), [""; 0]);
    assert_eq!(world.state(End::A, 3), "OutgoingAnswered");
}

/// A message for another exchange, or from one that is not configured.
#[test]
fn strangers_are_told() {
    let mut world = World::new();
    let sif: Bytes = message(MessageType::Iam).encode_sif(Cic(1)).into();
    for (opc, dpc) in [(PointCode::itu(7), B), (A, PointCode::itu(7))] {
        let transfer = Transfer {
            si: SERVICE_INDICATOR,
            opc,
            dpc,
            sls: Sls(1),
            sif: sif.clone(),
        };
        let now = world.now;
        world.b.handle_transfer(now, &transfer);
        world.drain();
        assert_eq!(
            world.alerts.pop(),
            Some((End::B, Alert::UnknownPointCode { opc, dpc }))
        );
    }
}

/// Nothing comes from the far end, but messages as if from one whose point code is another.
#[test]
fn a_wrong_point_code_is_recognised() {
    let mut world = World::of(config(A, B, 1..6), config(B, A, 1..6));
    let transfer = Transfer {
        si: SERVICE_INDICATOR,
        opc: PointCode::itu(7),
        dpc: B,
        sls: Sls(1),
        sif: message(MessageType::Iam).encode_sif(Cic(1)).into(),
    };
    let now = world.now;
    for _ in 0..2 {
        world.b.handle_transfer(now, &transfer);
        world.drain();
    }
    let line = world.view(End::B, 1).explain(now);
    let advice = "nothing came from the far end, but 2 messages like one from 0-0-7 to 2-10-3: is a \
                  point code wrong?";
    assert!(line.contains(advice), "{line}");
    // Once the far end has been heard, strangers are no fault of the configuration.
    world.inject(End::A, 1, &message(MessageType::Iam));
    assert!(world.view(End::B, 1).hints.is_empty());
}

/// Each circuit says why it is as it is.
#[test]
fn a_circuit_explains_itself() {
    let mut world = World::new();
    world.request(End::A, 3, setup());
    world.run(seconds(5));
    let line = world.view(End::A, 3).explain(world.now);
    assert_eq!(
        line,
        "circuit 3 (CIC 3 to 2-10-3): OutgoingWaitAcm for 5s, waits for ACM or CON from the far \
         end; T7 ends in 15s without ACM or CON; last: send IAM 5s ago"
    );
}

/// In an ANSI network the same machines write ANSI frames.
#[test]
fn ansi_frames() {
    let ansi = |opc, dpc| NodeConfig {
        variant: Variant::Ansi,
        ..config(opc, dpc, 1..3)
    };
    let mut node = Node::new(ansi(B, A)).unwrap();
    let now = epoch();
    let rel = Message::new_variant(MessageType::Rel, Variant::Ansi)
        .with(Cause::new(16, Location::PublicNetworkRemoteUser));
    let sif = rel.encode_sif(Cic(1)).into();
    let transfer = Transfer {
        si: SERVICE_INDICATOR,
        opc: A,
        dpc: B,
        sls: Sls(1),
        sif,
    };
    node.handle_transfer(now, &transfer);
    let Some(Output::Transfer(transfer)) = node.poll_output() else {
        panic!("no RLC")
    };
    let (_, rlc) = Message::decode_sif_variant(&transfer.sif, Variant::Ansi).unwrap();
    assert_eq!(rlc, Message::new_variant(MessageType::Rlc, Variant::Ansi));
}

/// A call with an unknown parameter F5 and an instruction for it.
fn with_unknown(kind: MessageType, instruction: u8) -> Message {
    message(kind)
        .with_content(ParameterCode(0xF5), &[1, 2, 3])
        .with_content(
            ParameterCode::PARAMETER_COMPATIBILITY_INFORMATION,
            &[0xF5, 0x80 | instruction],
        )
}

/// Q.784.1 1.6, 1.7: unknown parameters by their instructions.
#[test]
fn unknown_parameters() {
    const RELEASE: u8 = 1 << 1;
    const NOTIFY: u8 = 1 << 2;
    const DISCARD_MESSAGE: u8 = 1 << 3;
    const DISCARD_PARAMETER: u8 = 1 << 4;
    let mut world = answered(3);
    let has_unknown = |world: &mut World| {
        let told = core::mem::take(&mut world.told);
        match told.as_slice() {
            [] => None,
            [(End::A, _, Indication::Received(message))] => Some(message.has(ParameterCode(0xF5))),
            other => panic!("{other:?}"),
        }
    };
    for (instruction, passed, wire) in [
        (0, Some(true), &[][..]),
        (NOTIFY, Some(true), &["A CFN 3"][..]),
        (DISCARD_PARAMETER, Some(false), &[][..]),
        (DISCARD_PARAMETER | NOTIFY, Some(false), &["A CFN 3"][..]),
        (DISCARD_MESSAGE, None, &[][..]),
        (DISCARD_MESSAGE | NOTIFY, None, &["A CFN 3"][..]),
    ] {
        world.inject(End::B, 3, &with_unknown(MessageType::Cpg, instruction));
        assert_eq!(has_unknown(&mut world), passed, "{instruction:05b}");
        assert_eq!(world.wire(), wire, "{instruction:05b}");
    }
    // Without instructions it passes as it came.
    let plain = message(MessageType::Cpg).with_content(ParameterCode(0xF5), &[9]);
    world.inject(End::B, 3, &plain);
    assert_eq!(has_unknown(&mut world), Some(true));
    world.inject(End::B, 3, &with_unknown(MessageType::Cpg, RELEASE));
    assert_eq!(
        world.told(End::A),
        ["3 Failed 99 Unrecognized(Cpg)", "3 Idle"]
    );
    world.all_idle();
}

/// An IAM that asks for release: call control never hears of it.
#[test]
fn an_iam_with_an_unknown_parameter_is_refused() {
    let mut world = World::new();
    let iam = with_unknown(MessageType::Iam, 1 << 1);
    world.request(End::A, 1, Request::Setup(iam));
    world.settle();
    assert_eq!(world.told(End::B), [""; 0]);
    assert_eq!(world.told(End::A), ["1 Released 99", "1 Idle"]);
    world.all_idle();
}

/// Unknown parameters in REL keep no circuit.
#[test]
fn a_release_with_an_unknown_parameter_releases() {
    let mut world = answered(3);
    let release = rel(16)
        .with_content(ParameterCode(0xF5), &[1])
        .with_content(
            ParameterCode::PARAMETER_COMPATIBILITY_INFORMATION,
            &[0xF5, 0x80 | 1 << 3],
        );
    world.request(End::B, 3, Request::Release(release));
    world.settle();
    assert_eq!(world.told(End::A), ["3 Released 16", "3 Idle"]);
    world.all_idle();
}

//! States of a call and what may happen in them (Q.764 §2.1 to §2.3, §2.9).

use super::*;

pub(super) fn states() -> Vec<(String, Call)> {
    let wait_cot = |looped| Call::IncomingWaitCot {
        iam: iam(ContinuityCheck::Required),
        sams: vec![message(MessageType::Sam)],
        looped,
    };
    let states = vec![
        ("", Call::Idle),
        ("", Call::OutgoingCheck),
        ("", Call::OutgoingWaitRecheck),
        ("", Call::OutgoingRecheck),
        ("", Call::OutgoingOverloaded),
        ("", Call::OutgoingWaitAcm),
        ("", Call::OutgoingWaitAnm),
        ("", Call::OutgoingAnswered),
        ("", Call::OutgoingSuspended(Initiator::Network)),
        ("", Call::OutgoingSuspended(Initiator::User)),
        (" this circuit", wait_cot(true)),
        (" previous circuit", wait_cot(false)),
        ("", Call::IncomingWaitCcr),
        ("", Call::IncomingCheck),
        ("", Call::IncomingWaitAcm),
        ("", Call::IncomingWaitAnm),
        ("", Call::IncomingAnswered),
        (
            " of a call",
            Call::WaitRlc {
                rel: rel(16),
                held: true,
            },
        ),
        (
            " unknown to call control",
            Call::WaitRlc {
                rel: rel(41),
                held: false,
            },
        ),
        (" of a call", Call::WaitResetRlc { held: true }),
        (" without a call", Call::WaitResetRlc { held: false }),
        (" of a call", Call::WaitGra { held: true }),
        (" without a call", Call::WaitGra { held: false }),
    ];
    states
        .into_iter()
        .map(|(of, call)| (format!("{}{of}", call.name()), call))
        .collect()
}

pub(super) fn call_events() -> Vec<(String, Event)> {
    use MessageType::*;
    let mut events: Vec<(String, Event)> = Vec::new();
    let mut add = |name: &str, event: Event| events.push((name.to_owned(), event));
    add(
        "request Setup",
        Event::Request(Request::Setup(iam(ContinuityCheck::NotRequired))),
    );
    add(
        "request Setup with a check",
        Event::Request(Request::Setup(iam(ContinuityCheck::Required))),
    );
    for success in [true, false] {
        add(
            &format!("request Checked({success})"),
            Event::Request(Request::Checked(success)),
        );
    }
    for kind in [Sam, Cot, Acm, Cpg, Con, Anm, Fot, Inr, Inf, Usr, Idr] {
        add(
            &format!("request Send {kind}"),
            Event::Request(Request::Send(message(kind))),
        );
    }
    for (kind, network, by) in [
        (Sus, true, "network"),
        (Sus, false, "user"),
        (Res, true, "network"),
        (Res, false, "user"),
    ] {
        add(
            &format!("request Send {kind} {by}"),
            Event::Request(Request::Send(suspend(kind, network))),
        );
    }
    add("request Release", Event::Request(Request::Release(rel(16))));
    add("request Reset", Event::Request(Request::Reset));
    add("request Check", Event::Request(Request::Check));
    let messages = [
        ("IAM", iam(ContinuityCheck::NotRequired)),
        ("IAM check this circuit", iam(ContinuityCheck::Required)),
        (
            "IAM check previous circuit",
            iam(ContinuityCheck::OnPreviousCircuit),
        ),
        ("SAM", message(Sam)),
        ("COT success", cot(true)),
        ("COT failure", cot(false)),
        ("ACM", message(Acm)),
        ("CPG", message(Cpg)),
        ("CON", message(Con)),
        ("ANM", message(Anm)),
        ("SUS network", suspend(Sus, true)),
        ("SUS user", suspend(Sus, false)),
        ("RES network", suspend(Res, true)),
        ("RES user", suspend(Res, false)),
        ("FOT", message(Fot)),
        ("INR", message(Inr)),
        ("INF", message(Inf)),
        ("USR", message(Usr)),
        ("IDS", message(Ids)),
        ("IAM segmented", segmented(Iam)),
        ("ACM segmented", segmented(Acm)),
        ("FAC", message(Fac)),
        ("SGM", message(Sgm)),
        ("REL", rel(16)),
        ("REL cause 44", rel(44)),
        ("RLC", message(Rlc)),
        ("RSC", message(Rsc)),
        ("CCR", message(Ccr)),
        ("LPA", message(Lpa)),
        ("BLO", message(Blo)),
        ("UCIC", message(Ucic)),
        ("CFN", message(Cfn)),
        ("OLM", message(Olm)),
        ("unknown (no instructions)", unknown(None)),
        ("unknown (pass on)", unknown(Some(0))),
        ("unknown (release)", unknown(Some(1 << 1))),
        ("unknown (discard)", unknown(Some(1 << 3))),
        (
            "unknown (discard and notify)",
            unknown(Some(1 << 3 | 1 << 2)),
        ),
    ];
    for (name, message) in messages {
        add(name, Event::Message(message));
    }
    {
        use Timer::*;
        for timer in [
            T1, T2, T3, T5, T6, T7, T8, T9, T16, T17, T24, T25, T26, T27, T33, T34, T36, T38, T39,
        ] {
            add(&format!("{timer} ends"), Event::Expired(timer));
        }
    }
    let none = crate::BlockingState::None;
    for (name, call) in [
        ("idle", CallProcessingState::Idle),
        ("incoming busy", CallProcessingState::IncomingBusy),
        ("outgoing busy", CallProcessingState::OutgoingBusy),
    ] {
        let far_end = CircuitState::new(call, none, none);
        for (settled, when) in [(true, ""), (false, ", state changed since CQM")] {
            add(
                &format!("CQR {name}{when}"),
                Event::Queried { far_end, settled },
            );
        }
    }
    for (name, far_end) in [
        ("transient", CircuitState::TRANSIENT),
        ("unequipped", CircuitState::UNEQUIPPED),
    ] {
        let settled = true;
        add(&format!("CQR {name}"), Event::Queried { far_end, settled });
    }
    add("GRS received", Event::GroupReset);
    add("GRS sent", Event::GroupResetSent);
    add("GRA", Event::GroupResetAcknowledged { blocked: false });
    for (name, kind) in [
        ("hardware", Blocking::Hardware),
        ("maintenance", Blocking::Maintenance),
    ] {
        add(
            &format!("CGB {name} received"),
            Event::GroupBlocked { kind, on: true },
        );
        add(
            &format!("CGB {name} sent"),
            Event::GroupBlock { kind, on: true },
        );
    }
    add("MTP-PAUSE", Event::Pause);
    add("MTP-RESUME", Event::Resume);
    events
}

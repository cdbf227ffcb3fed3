//! A link and calls with libss7, which shares no line with this project, as the far end.
//!
//! `peer.c` beside this file is a separate program: it is built here with the C compiler and
//! Debian's `libss7-dev` (no DAHDI header is needed), and talks whole signal units over a
//! `SOCK_SEQPACKET` socket, as over a DAHDI channel in MTP2 mode. This side is [`mtp::Mtp`] and
//! [`isup::node::Node`] in real time. What is missing is said loudly, and fails the test when `CI`
//! or `ISTHMUS_REQUIRE_PEERS` is set.

mod continuity;
mod link;
mod near;
mod program;
mod services;

use std::time::Duration;

use isup::circuit::{Indication, Request};
use isup::node::GroupRequest;
use isup::{
    BackwardCallIndicators, CalledPartyNumber, CallingPartyNumber, CallingPartysCategory, Cause,
    CircuitId, Digits, Event, EventInformation, ForwardCallIndicators, Location, Message,
    MessageType, NatureOfAddress, NatureOfConnection, NumberingPlan, ParameterCode, Presentation,
    Screening, TransmissionMediumRequirement,
};

use near::Near;

const NORMAL: u8 = 16;
const BUSY: u8 = 17;

/// The number that is called, and the caller's.
const CALLED: &str = "305550001";
const CALLING: &str = "305550100";

fn setup() -> Message {
    Message::new(MessageType::Iam)
        .with(NatureOfConnection::empty())
        .with(ForwardCallIndicators::ISUP_ALL_THE_WAY)
        .with(CallingPartysCategory::Ordinary)
        .with(TransmissionMediumRequirement::Audio3k1)
        .with(CalledPartyNumber {
            nature: NatureOfAddress::National,
            plan: NumberingPlan::Isdn,
            internal_network_not_allowed: false,
            digits: CALLED.parse::<Digits>().expect("digits"),
        })
        .with(CallingPartyNumber {
            nature: NatureOfAddress::National,
            plan: NumberingPlan::Isdn,
            incomplete: false,
            presentation: Presentation::Allowed,
            screening: Screening::Network,
            digits: CALLING.parse::<Digits>().expect("digits"),
        })
}

fn address_complete() -> Request {
    let indicators = BackwardCallIndicators::ISUP_ALL_THE_WAY;
    Request::Send(Message::new(MessageType::Acm).with(indicators))
}

fn answer() -> Request {
    Request::Send(Message::new(MessageType::Anm))
}

fn release(cause: u8) -> Request {
    let cause = Cause::new(cause, Location::PublicNetworkLocalUser);
    Request::Release(Message::new(MessageType::Rel).with(cause))
}

/// A call from here that is answered there.
fn answered_there(near: &mut Near, cic: u16) {
    near.request(cic, Request::Setup(setup()));
    // libss7 writes the end-of-pulsing signal as `#`.
    near.hear(&format!("iam {cic} {CALLED} {CALLING}"));
    near.tell(&format!("acm {cic}"));
    near.expect_message(cic, MessageType::Acm);
    near.tell(&format!("anm {cic}"));
    near.expect_message(cic, MessageType::Anm);
}

/// A call from there, up to its IAM here.
fn set_up_there(near: &mut Near, cic: u16) {
    near.tell(&format!("call {cic} {CALLED} {CALLING}"));
    let iam = near.expect(cic, "IAM", |indication| match indication {
        Indication::Setup(iam) => Some(iam.clone()),
        _ => None,
    });
    let called = iam.find::<CalledPartyNumber>().expect("a called number");
    let digits = called.digits.to_string();
    assert_eq!(digits.trim_end_matches('F'), CALLED);
    assert_eq!(called.nature, NatureOfAddress::National);
    let calling = iam.find::<CallingPartyNumber>().expect("a calling number");
    assert_eq!(calling.digits.to_string(), CALLING);
    let category = iam.find::<CallingPartysCategory>();
    assert_eq!(category, Some(CallingPartysCategory::Ordinary));
}

/// A call from there that is answered here.
fn answered_here(near: &mut Near, cic: u16) {
    set_up_there(near, cic);
    near.request(cic, address_complete());
    near.hear(&format!("acm {cic}"));
    near.request(cic, answer());
    near.hear(&format!("anm {cic}"));
}

fn released_here(near: &mut Near, cic: u16, cause: u8) {
    near.request(cic, release(cause));
    near.hear(&format!("rel {cic} {cause}"));
    near.expect_idle(cic);
}

fn released_there(near: &mut Near, cic: u16, cause: u8) {
    near.tell(&format!("rel {cic} {cause}"));
    let told = near.expect(cic, "REL", |indication| match indication {
        Indication::Released(rel) => rel.find::<Cause>(),
        _ => None,
    });
    assert_eq!(told.value, cause);
    near.expect_idle(cic);
    near.hear(&format!("rlc {cic}"));
}

#[test]
fn the_link_comes_up_groups_are_reset_and_calls_go_both_ways() {
    let Some(mut near) = Near::in_service() else {
        return;
    };
    // Both ends reset their circuits: this one at MTP-RESUME, the other one now.
    near.tell("grs 1 30");
    near.hear("gra 1 30");
    answered_there(&mut near, 1);
    released_here(&mut near, 1, NORMAL);
    answered_there(&mut near, 2);
    released_there(&mut near, 2, NORMAL);
    answered_here(&mut near, 3);
    released_here(&mut near, 3, NORMAL);
    answered_here(&mut near, 4);
    released_there(&mut near, 4, NORMAL);
    // Busy, either way.
    near.request(5, Request::Setup(setup()));
    near.hear(&format!("iam 5 {CALLED} {CALLING}"));
    released_there(&mut near, 5, BUSY);
    set_up_there(&mut near, 6);
    released_here(&mut near, 6, BUSY);
    near.all_idle();
    near.readable("calls");
}

#[test]
fn calls_are_released_in_every_phase() {
    let Some(mut near) = Near::in_service() else {
        return;
    };
    // From here, released from either end after IAM, ACM, CPG.
    for (cic, here) in [(7, true), (8, false)] {
        let end = |near: &mut Near| match here {
            true => released_here(near, cic, NORMAL),
            false => released_there(near, cic, NORMAL),
        };
        near.request(cic, Request::Setup(setup()));
        near.hear(&format!("iam {cic} {CALLED} {CALLING}"));
        end(&mut near);
        near.request(cic, Request::Setup(setup()));
        near.hear(&format!("iam {cic} {CALLED} {CALLING}"));
        near.tell(&format!("acm {cic}"));
        near.expect_message(cic, MessageType::Acm);
        end(&mut near);
        near.request(cic, Request::Setup(setup()));
        near.hear(&format!("iam {cic} {CALLED} {CALLING}"));
        near.tell(&format!("acm {cic}"));
        near.expect_message(cic, MessageType::Acm);
        near.tell(&format!("cpg {cic} 1"));
        near.expect_message(cic, MessageType::Cpg);
        end(&mut near);
        // CON in place of ACM and ANM.
        near.request(cic, Request::Setup(setup()));
        near.hear(&format!("iam {cic} {CALLED} {CALLING}"));
        near.tell(&format!("con {cic}"));
        near.expect_message(cic, MessageType::Con);
        end(&mut near);
    }
    // From there.
    for (cic, here) in [(9, true), (10, false)] {
        let end = |near: &mut Near| match here {
            true => released_here(near, cic, NORMAL),
            false => released_there(near, cic, NORMAL),
        };
        set_up_there(&mut near, cic);
        end(&mut near);
        set_up_there(&mut near, cic);
        near.request(cic, address_complete());
        near.hear(&format!("acm {cic}"));
        end(&mut near);
        set_up_there(&mut near, cic);
        near.request(cic, address_complete());
        near.hear(&format!("acm {cic}"));
        let alerting = EventInformation::new(Event::Alerting);
        let progress = Message::new(MessageType::Cpg).with(alerting);
        near.request(cic, Request::Send(progress));
        near.hear(&format!("cpg {cic}"));
        end(&mut near);
    }
    near.all_idle();
    near.readable("releases");
}

#[test]
fn circuits_are_blocked_unblocked_and_reset_from_either_end() {
    let Some(mut near) = Near::in_service() else {
        return;
    };
    let blocked = |near: &Near, cic: u16| near.view(cic).status.remote_maintenance;
    near.tell("blo 11");
    near.hear("bla 11");
    assert!(blocked(&near, 11));
    near.tell("ubl 11");
    near.hear("uba 11");
    assert!(!blocked(&near, 11));
    near.request(12, Request::Block);
    near.hear("blo 12");
    near.until("BLA", |near| near.view(12).blocking == "Blocked");
    near.request(12, Request::Unblock);
    near.hear("ubl 12");
    near.until("UBA", |near| near.view(12).blocking == "Unblocked");
    // Reset in the middle of a call, from either end.
    answered_there(&mut near, 13);
    near.request(13, Request::Reset);
    near.hear("rsc 13");
    near.expect_idle(13);
    answered_here(&mut near, 14);
    near.tell("rsc 14");
    near.hear("rlc 14");
    near.expect_idle(14);
    // A broken line blocks its circuits at once (CGB for hardware failure), and gives them back.
    near.alarm(&[CircuitId(20), CircuitId(21), CircuitId(22)], true);
    near.hear("cgb 20 22");
    near.alarm(&[CircuitId(20), CircuitId(21), CircuitId(22)], false);
    near.hear("cgu 20 22");
    // What was blocked carries calls again.
    for cic in [11, 12, 13, 14, 20] {
        answered_there(&mut near, cic);
        released_there(&mut near, cic, NORMAL);
    }
    near.all_idle();
    near.readable("maintenance");
}

#[test]
fn a_hundred_calls_leave_no_circuit_behind() {
    let Some(mut near) = Near::in_service() else {
        return;
    };
    for round in 0..5 {
        // Twenty at once, ten from each end.
        for cic in 1..=10 {
            near.request(cic, Request::Setup(setup()));
            near.tell(&format!("call {} {CALLED} {CALLING}", cic + 10));
        }
        for cic in 1..=10 {
            near.hear(&format!("iam {cic} {CALLED} {CALLING}"));
            near.expect(cic + 10, "IAM", |indication| {
                matches!(indication, Indication::Setup(_)).then_some(())
            });
        }
        for cic in 1..=10 {
            near.tell(&format!("acm {cic}"));
            near.tell(&format!("anm {cic}"));
            near.request(cic + 10, address_complete());
            near.request(cic + 10, answer());
        }
        for cic in 1..=10 {
            near.expect_message(cic, MessageType::Anm);
            near.hear(&format!("anm {}", cic + 10));
        }
        // Either end releases half of either kind.
        for cic in 1..=20 {
            match (cic + round) % 2 {
                0 => near.request(cic, release(NORMAL)),
                _ => near.tell(&format!("rel {cic} {NORMAL}")),
            }
        }
        for cic in 1..=20 {
            near.expect_idle(cic);
        }
    }
    near.run(Duration::from_millis(200));
    near.all_idle();
    assert_eq!(near.calls, 100);
    near.readable("hundred");
}

//! Continuity checks (Q.764 §2.1.8) as far as libss7 goes: it takes part in those that this end
//! asks for. It has no function that asks for one of its own (no setter for the indicator of IAM,
//! no COT, no CCR), so its checks of this end's circuits cannot be played; two gateways and the
//! lab's exchange play them. No sound crosses this link: the test says whether the tone came back.

use std::time::Duration;

use isup::circuit::{RepeatReason, Request, Timer, Timers};
use isup::{ContinuityCheck, ContinuityIndicators};

use super::*;

fn setup_with(check: ContinuityCheck) -> Request {
    Request::Setup(setup().with(NatureOfConnection::empty().with_continuity_check(check)))
}

#[test]
fn circuits_are_checked_before_and_between_calls() {
    let mut timers = Timers::default();
    let second = Some(Duration::from_secs(1));
    timers.set(Timer::T25, second).expect("within its range");
    let Some(mut near) = Near::proved(false, timers) else {
        return;
    };

    // The check succeeds, the call goes on.
    near.request(1, setup_with(ContinuityCheck::Required));
    near.hear(&format!("iam 1 {CALLED} {CALLING}"));
    near.hear("check 1");
    near.request(1, Request::Checked(true));
    near.hear("cot 1 1");
    near.tell("acm 1");
    near.expect_message(1, MessageType::Acm);
    near.tell("anm 1");
    near.expect_message(1, MessageType::Anm);
    released_here(&mut near, 1, NORMAL);

    // A circuit before this one is checked: COT of call control.
    near.request(2, setup_with(ContinuityCheck::OnPreviousCircuit));
    near.hear(&format!("iam 2 {CALLED} {CALLING}"));
    near.hear("check 2");
    let cot = Message::new(MessageType::Cot).with(ContinuityIndicators::SUCCESSFUL);
    near.request(2, Request::Send(cot));
    near.hear("cot 2 1");
    near.tell("acm 2");
    near.expect_message(2, MessageType::Acm);
    released_there(&mut near, 2, BUSY);

    // The tone does not come back (T24): the call is tried elsewhere, the circuit checked again
    // with CCR after T25 until it is good, and then it serves.
    near.request(3, setup_with(ContinuityCheck::Required));
    near.hear("check 3");
    let why = near.expect(3, "repeat attempt", |indication| match indication {
        Indication::Repeat { reason } => Some(*reason),
        _ => None,
    });
    assert_eq!(why, RepeatReason::ContinuityFailed);
    near.hear("cot 3 0");
    near.hear("ccr 3");
    near.expect(3, "the check tone", |indication| {
        matches!(indication, Indication::Check(true)).then_some(())
    });
    assert_eq!(near.view(3).state, "OutgoingRecheck");
    near.request(3, Request::Checked(true));
    near.hear("rel 3 16");
    near.until("RLC", |near| near.view(3).state == "Idle");
    answered_there(&mut near, 3);
    released_there(&mut near, 3, NORMAL);

    // Maintenance has an idle circuit checked.
    near.request(4, Request::Check);
    near.hear("ccr 4");
    near.request(4, Request::Checked(true));
    near.hear("rel 4 16");
    near.until("RLC", |near| near.view(4).state == "Idle");
    near.all_idle();
    near.readable("continuity");
}

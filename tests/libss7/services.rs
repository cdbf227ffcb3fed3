//! Messages that accompany calls and circuits: further digits, suspension, requests for
//! information, circuits that are not equipped, queries.

use isup::{SubsequentNumber, SuspendResumeIndicators};

use super::*;

#[test]
fn digits_one_by_one_suspension_and_information() {
    let Some(mut near) = Near::in_service() else {
        return;
    };
    // Overlap (Q.764 §2.1.2.2): libss7 tells the digits of each message.
    near.request(1, Request::Setup(setup()));
    near.hear(&format!("iam 1 {CALLED} {CALLING}"));
    for digits in ["7", "89"] {
        let number = SubsequentNumber {
            digits: digits.parse::<Digits>().expect("digits"),
        };
        let sam = Message::new(MessageType::Sam).with(number);
        near.request(1, Request::Send(sam));
        near.hear(&format!("sam 1 {digits}"));
    }
    near.tell("acm 1");
    near.expect_message(1, MessageType::Acm);
    near.tell("anm 1");
    near.expect_message(1, MessageType::Anm);
    // The called party hangs up and comes back (§2.4), T6 here.
    near.tell("sus 1");
    near.expect_message(1, MessageType::Sus);
    assert_eq!(near.view(1).state, "OutgoingSuspendedByNetwork");
    near.tell("res 1");
    near.expect_message(1, MessageType::Res);
    assert_eq!(near.view(1).state, "OutgoingAnswered");
    released_here(&mut near, 1, NORMAL);

    // The other way round, by call control here.
    answered_here(&mut near, 2);
    let by_network = SuspendResumeIndicators::NETWORK_INITIATED;
    for (kind, name) in [(MessageType::Sus, "sus"), (MessageType::Res, "res")] {
        let message = Message::new(kind).with(by_network);
        near.request(2, Request::Send(message));
        near.hear(&format!("{name} 2"));
    }
    released_here(&mut near, 2, NORMAL);

    // libss7 wants to know more of a call, and answers the same question itself (§2.1.6).
    near.request(3, Request::Setup(setup()));
    near.hear(&format!("iam 3 {CALLED} {CALLING}"));
    near.tell("inr 3");
    near.expect_message(3, MessageType::Inr);
    let inf =
        Message::new(MessageType::Inf).with_content(ParameterCode::INFORMATION_INDICATORS, &[0, 0]);
    near.request(3, Request::Send(inf));
    near.hear(&format!("iam 3 {CALLED} {CALLING}"));
    released_there(&mut near, 3, BUSY);
    set_up_there(&mut near, 4);
    let inr = Message::new(MessageType::Inr)
        .with_content(ParameterCode::INFORMATION_REQUEST_INDICATORS, &[0x09, 0]);
    near.request(4, Request::Send(inr));
    assert_eq!(near.view(4).timers.len(), 1, "T33");
    near.expect_message(4, MessageType::Inf);
    assert_eq!(near.view(4).timers, []);
    released_here(&mut near, 4, BUSY);
    near.all_idle();
    near.readable("services");
}

#[test]
fn circuits_that_are_not_there_and_the_state_of_those_that_are() {
    let Some(mut near) = Near::in_service() else {
        return;
    };
    // A call and idle neighbours: both ends see the same, and nothing changes (§2.8.3).
    answered_there(&mut near, 7);
    answered_here(&mut near, 8);
    let circuits: Vec<CircuitId> = (6..=9).map(CircuitId).collect();
    near.request_group(&circuits, GroupRequest::Query);
    near.hear("cqm 6 9");
    near.until("CQR", |near| near.view(6).timers.is_empty());
    assert_eq!(near.view(7).state, "OutgoingAnswered");
    assert_eq!(near.view(8).state, "IncomingAnswered");
    released_there(&mut near, 7, NORMAL);
    released_here(&mut near, 8, NORMAL);
    // Beyond the last circuit here.
    near.tell(&format!("call 31 {CALLED} {CALLING}"));
    near.hear("ucic 31");
    // libss7 does not have it: the call goes elsewhere, RSC until it does (§2.12).
    near.request(9, Request::Setup(setup()));
    near.hear(&format!("iam 9 {CALLED} {CALLING}"));
    near.tell("ucic 9");
    near.expect(9, "repeat attempt", |indication| {
        matches!(indication, Indication::Repeat { .. }).then_some(())
    });
    near.until("UCIC", |near| near.view(9).status.unequipped);
    near.tell("rsc 9");
    near.hear("rlc 9");
    near.readable("unequipped");
}

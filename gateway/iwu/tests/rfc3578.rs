//! Overlap signalling (RFC 3578), by its sections. T1.113 has none: these flows are ITU's.

use isup::{CalledPartyNumber, MessageType, SubsequentNumber};

use super::rfc3398::hang_up;
use super::sip_far_end::{Dialog, Heard, With};
use super::stand::{Settings, Stand, reviewed};
use crate::config::Standard;

macro_rules! flows {
    ($($name:ident),+ $(,)?) => {$(
        #[test]
        fn $name() {
            reviewed("rfc3578", stringify!($name), flow::$name());
        }
    )+};
}

flows! {
    s2_1_t35_expires,
    s2_1_stop_digit,
    s2_2_t10_expires,
    s2_2_the_longest_number_is_complete,
    s2_2_the_caller_gives_up_while_dialling,
    s3_2_each_digit_is_an_invite,
    s3_2_all_invites_are_refused,
    s3_3_an_earlier_invite_is_answered,
    s3_5_more_digits_become_sam,
    s3_5_en_bloc_beyond_the_gateway,
    s3_5_too_few_digits,
}

const COLLECT: Settings = Settings {
    group: "overlap = \"collect\"",
    to_sip: "min_digits = 8\nmax_digits = 11",
    ..NONE
};
const PASS: Settings = Settings {
    group: "overlap = \"pass\"",
    trunk: "overlap = true",
    to_sip: "min_digits = 8\nmax_digits = 11",
    to_pstn: "min_digits = 9",
    ..NONE
};
const NONE: Settings = Settings {
    group: "",
    trunk: "",
    second: "",
    to_pstn: "",
    to_sip: "",
    route: "",
    timeslots: "",
    more: "",
    swapped: false,
};

/// An IAM for the first digits of +4930555010.
fn dials(stand: &mut Stand, digits: &str) {
    let mut iam = stand.iam();
    let called: CalledPartyNumber = iam.find().unwrap();
    iam.set(CalledPartyNumber {
        digits: digits.parse().unwrap(),
        ..called
    });
    stand.exchange_calls(&iam);
}

fn dials_on(stand: &mut Stand, digits: &str) {
    let sam = stand.message(MessageType::Sam).with(SubsequentNumber {
        digits: digits.parse().unwrap(),
    });
    stand.exchange(&sam);
}

/// The called side answers, and hangs up.
fn answered(mut stand: Stand, invite: &Heard) -> String {
    stand.respond(invite, "180 Ringing", "called", &With::nothing());
    stand.expect_isup(MessageType::Acm);
    stand.respond(invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    stand.expect_isup(MessageType::Anm);
    hang_up(stand, Dialog::called(invite, "called"))
}

fn expect_invite(stand: &mut Stand, number: &str) -> Heard {
    let invite = stand.expect("INVITE");
    let start = format!("sip:{number}@");
    assert!(invite.uri().starts_with(&start), "{}", invite.uri());
    invite
}

mod flow {
    use super::*;

    pub(super) fn s2_1_t35_expires() -> String {
        let mut stand = Stand::new(Standard::Itu, COLLECT);
        dials(&mut stand, "30");
        stand.seconds(10);
        dials_on(&mut stand, "5");
        stand.seconds(10);
        stand.quiet();
        stand.seconds(5);
        stand.expect_release(28);
        stand.over()
    }

    pub(super) fn s2_1_stop_digit() -> String {
        let mut stand = Stand::new(Standard::Itu, COLLECT);
        dials(&mut stand, "30555");
        dials_on(&mut stand, "01");
        stand.quiet();
        dials_on(&mut stand, "0F");
        let invite = expect_invite(&mut stand, "+4930555010");
        answered(stand, &invite)
    }

    /// Digits after the INVITE are without meaning.
    pub(super) fn s2_2_t10_expires() -> String {
        let mut stand = Stand::new(Standard::Itu, COLLECT);
        dials(&mut stand, "305550");
        stand.seconds(4);
        dials_on(&mut stand, "1");
        stand.seconds(4);
        stand.quiet();
        stand.seconds(1);
        let invite = expect_invite(&mut stand, "+493055501");
        dials_on(&mut stand, "0");
        answered(stand, &invite)
    }

    pub(super) fn s2_2_the_longest_number_is_complete() -> String {
        let mut stand = Stand::new(Standard::Itu, COLLECT);
        dials(&mut stand, "305550");
        dials_on(&mut stand, "1");
        dials_on(&mut stand, "00");
        let invite = expect_invite(&mut stand, "+49305550100");
        answered(stand, &invite)
    }

    pub(super) fn s2_2_the_caller_gives_up_while_dialling() -> String {
        let mut stand = Stand::new(Standard::Itu, COLLECT);
        dials(&mut stand, "305");
        stand.seconds(2);
        stand.exchange(&stand.rel(16));
        stand.expect_isup(MessageType::Rlc);
        stand.over()
    }

    /// The number is complete before the dial plan knows: the last INVITE is answered.
    pub(super) fn s3_2_each_digit_is_an_invite() -> String {
        let mut stand = Stand::new(Standard::Itu, PASS);
        dials(&mut stand, "30555");
        dials_on(&mut stand, "0");
        let first = expect_invite(&mut stand, "+49305550");
        dials_on(&mut stand, "1");
        let second = expect_invite(&mut stand, "+493055501");
        for field in ["Call-ID", "From"] {
            assert_eq!(first.field(field), second.field(field));
        }
        assert_eq!(
            (first.field("CSeq"), second.field("CSeq")),
            ("1 INVITE", "2 INVITE")
        );
        assert!(
            !second.field("To").contains("tag="),
            "{}",
            second.field("To")
        );
        stand.respond(&first, "484 Address Incomplete", "one", &With::nothing());
        stand.expect("ACK");
        answered(stand, &second)
    }

    /// REL only when T10 has run out, with the best of the responses.
    pub(super) fn s3_2_all_invites_are_refused() -> String {
        let mut stand = Stand::new(Standard::Itu, PASS);
        dials(&mut stand, "305550");
        let first = expect_invite(&mut stand, "+49305550");
        stand.respond(&first, "486 Busy Here", "one", &With::nothing());
        stand.expect("ACK");
        stand.seconds(2);
        dials_on(&mut stand, "1");
        let second = expect_invite(&mut stand, "+493055501");
        stand.respond(&second, "484 Address Incomplete", "two", &With::nothing());
        stand.expect("ACK");
        stand.seconds(4);
        stand.quiet();
        stand.seconds(1);
        stand.expect_release(17);
        stand.over()
    }

    /// The INVITE with more digits is given up.
    pub(super) fn s3_3_an_earlier_invite_is_answered() -> String {
        let mut stand = Stand::new(Standard::Itu, PASS);
        dials(&mut stand, "305550");
        let first = expect_invite(&mut stand, "+49305550");
        dials_on(&mut stand, "1");
        let second = expect_invite(&mut stand, "+493055501");
        stand.respond(&second, "100 Trying", "", &With::nothing());
        stand.respond(&first, "200 OK", "called", &With::sdp());
        stand.expect("ACK");
        stand.expect_isup(MessageType::Con);
        let cancel = stand.expect("CANCEL");
        stand.respond(&cancel, "200 OK", "two", &With::nothing());
        stand.respond(&second, "487 Request Terminated", "two", &With::nothing());
        stand.expect("ACK");
        hang_up(stand, Dialog::called(&first, "called"))
    }

    pub(super) fn s3_5_more_digits_become_sam() -> String {
        let mut stand = Stand::new(Standard::Itu, PASS);
        let mut caller = stand.invite_to("+493055500", With::sdp());
        stand.expect_isup(MessageType::Iam);
        stand.seconds(2);
        let first = caller.clone();
        caller.redial("+49305550001");
        stand.request(&mut caller, "INVITE", &With::sdp());
        let refusal = stand.expect("484");
        stand.acknowledge(&first, &refusal);
        let sam = stand.expect_isup(MessageType::Sam);
        let more: SubsequentNumber = sam.find().unwrap();
        assert_eq!(more.digits.to_string(), "01");
        stand.exchange(&stand.acm(isup::CalledPartysStatus::SubscriberFree));
        stand.expect("180");
        stand.exchange_says(MessageType::Anm);
        let ok = stand.expect("200");
        caller.learn(&ok);
        stand.request(&mut caller, "ACK", &With::nothing());
        hang_up(stand, caller)
    }

    /// The exchange takes whole numbers only: REL, and another IAM.
    pub(super) fn s3_5_en_bloc_beyond_the_gateway() -> String {
        let settings = Settings { group: "", ..PASS };
        let mut stand = Stand::new(Standard::Itu, settings);
        let mut caller = stand.invite_to("+493055500", With::sdp());
        stand.expect_isup(MessageType::Iam);
        let first = caller.clone();
        caller.redial("+49305550001");
        stand.request(&mut caller, "INVITE", &With::sdp());
        let refusal = stand.expect("484");
        stand.acknowledge(&first, &refusal);
        stand.expect_release(16);
        let iam = stand.expect_isup(MessageType::Iam);
        let called: CalledPartyNumber = iam.find().unwrap();
        assert_eq!(called.digits.to_string(), "305550001");
        stand.exchange(&stand.rel(17));
        stand.expect_isup(MessageType::Rlc);
        let refusal = stand.expect("486");
        stand.acknowledge(&caller, &refusal);
        stand.over()
    }

    pub(super) fn s3_5_too_few_digits() -> String {
        let mut stand = Stand::new(Standard::Itu, PASS);
        let caller = stand.invite_to("+49305", With::sdp());
        let refusal = stand.expect("484");
        assert!(refusal.field("Reason").contains("cause=28"));
        stand.acknowledge(&caller, &refusal);
        stand.over()
    }
}

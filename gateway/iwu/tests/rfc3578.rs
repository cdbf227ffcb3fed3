//! Overlap signalling (RFC 3578), by its sections. T1.113 has none: these flows are ITU's.

use isup::{CalledPartyNumber, Message, MessageType, SubsequentNumber};

use super::pair::Pair;
use super::rfc3398::hang_up;
use super::sip_far_end::{Dialog, Heard, With};
use super::stand::{Settings, Stand, reviewed};
use crate::config::Standard;
use crate::sip::Handling;

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
    s3_2_iam_and_sams_are_in_each_invite,
    s3_2_iam_and_sams_are_taken,
    s3_2_address_messages_survive_two_gateways,
    s3_2_a_part_that_is_no_sam_is_refused,
    s3_3_an_earlier_invite_is_answered,
    s3_5_more_digits_become_sam,
    s3_5_nothing_more_takes_its_place,
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

const WITH_ISUP: Settings = Settings {
    trunk: "overlap = true\nisup = \"mandatory\"\ntrusted = true",
    ..PASS
};

fn iam(stand: &Stand, digits: &str) -> Message {
    let mut iam = stand.iam();
    let called: CalledPartyNumber = iam.find().unwrap();
    iam.set(CalledPartyNumber {
        digits: digits.parse().unwrap(),
        ..called
    });
    iam
}

fn sam(stand: &Stand, digits: &str) -> Message {
    stand.message(MessageType::Sam).with(SubsequentNumber {
        digits: digits.parse().unwrap(),
    })
}

/// An IAM for the first digits of +4930555010.
fn dials(stand: &mut Stand, digits: &str) {
    let iam = iam(stand, digits);
    stand.exchange_calls(&iam);
}

fn dials_on(stand: &mut Stand, digits: &str) {
    let sam = sam(stand, digits);
    stand.exchange(&sam);
}

/// The INVITE carries these messages octet by octet. Only the IAM must be understood: who takes
/// nothing else has the whole number in the Request-URI.
fn carries(invite: &Heard, iam: &Message, sams: &[Message]) {
    let bodies = invite.bodies();
    let first = bodies.isup.unwrap();
    assert_eq!(first.octets, iam.to_vec());
    assert_eq!(first.handling, Handling::Required);
    let further: Vec<_> = bodies
        .further_isup
        .iter()
        .map(|b| b.octets.to_vec())
        .collect();
    let expected: Vec<_> = sams.iter().map(Message::to_vec).collect();
    assert_eq!(further, expected);
    let mut further = bodies.further_isup.iter();
    assert!(further.all(|body| body.handling == Handling::Optional));
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

    pub(super) fn s3_2_iam_and_sams_are_in_each_invite() -> String {
        let mut stand = Stand::new(Standard::Itu, WITH_ISUP);
        let iam = iam(&stand, "30555");
        let sams = ["0", "10", "F"].map(|digits| sam(&stand, digits));
        stand.exchange_calls(&iam);
        stand.quiet();
        stand.exchange(&sams[0]);
        let first = expect_invite(&mut stand, "+49305550");
        carries(&first, &iam, &sams[..1]);
        stand.exchange(&sams[1]);
        let second = expect_invite(&mut stand, "+4930555010");
        carries(&second, &iam, &sams[..2]);
        // The number stays, and is known to be complete.
        stand.exchange(&sams[2]);
        let third = expect_invite(&mut stand, "+4930555010");
        carries(&third, &iam, &sams);
        for (invite, tag) in [(&first, "one"), (&second, "two")] {
            stand.respond(invite, "484 Address Incomplete", tag, &With::nothing());
            stand.expect("ACK");
        }
        answered(stand, &third)
    }

    /// The number is that of the IAM and the SAMs together, ST with it; then a SAM goes on as it is.
    pub(super) fn s3_2_iam_and_sams_are_taken() -> String {
        let mut stand = Stand::new(Standard::Itu, WITH_ISUP);
        let iam = iam(&stand, "30555");
        let sams = ["50", "00", "1F"].map(|digits| sam(&stand, digits));
        let with = With::sdp().isup(&iam).and_isup(&sams[0]).and_isup(&sams[1]);
        let mut caller = stand.invite_to("+49305555000", with.clone());
        let sent = stand.expect_isup(MessageType::Iam);
        let called: CalledPartyNumber = sent.find().unwrap();
        assert_eq!(called.digits.to_string(), "305555000");
        let first = caller.clone();
        caller.redial("+493055550001");
        stand.request(&mut caller, "INVITE", &with.and_isup(&sams[2]));
        let refusal = stand.expect("484");
        stand.acknowledge(&first, &refusal);
        assert_eq!(stand.expect_isup(MessageType::Sam), sams[2]);
        stand.exchange(&stand.rel(17));
        stand.expect_isup(MessageType::Rlc);
        let refusal = stand.expect("486");
        stand.acknowledge(&caller, &refusal);

        // All at once, and nothing can follow.
        let with = With::sdp().isup(&iam).and_isup(&sams[0]).and_isup(&sams[2]);
        let caller = stand.invite_to("+4930555501", with);
        let sent = stand.expect_isup(MessageType::Iam);
        let called: CalledPartyNumber = sent.find().unwrap();
        assert_eq!(called.digits.to_string(), "30555501F");
        stand.exchange(&stand.rel(17));
        stand.expect_isup(MessageType::Rlc);
        let refusal = stand.expect("486");
        stand.acknowledge(&caller, &refusal);
        stand.over()
    }

    /// PSTN to SIP to PSTN: what the exchange says of the number arrives octet by octet.
    pub(super) fn s3_2_address_messages_survive_two_gateways() -> String {
        let settings = Settings {
            to_pstn: "min_digits = 8",
            ..WITH_ISUP
        };
        let mut pair = Pair::with(Standard::Itu, settings);
        let iam = iam(&pair.near, "305550");
        pair.near.exchange_calls(&iam);
        pair.carry();
        assert_eq!(pair.far.expect_isup(MessageType::Iam), iam);
        for digits in ["1", "0", "F"] {
            let sam = sam(&pair.near, digits);
            pair.near.exchange(&sam);
            pair.carry();
            assert_eq!(pair.far.expect_isup(MessageType::Sam), sam);
        }
        pair.far
            .exchange(&pair.far.acm(isup::CalledPartysStatus::SubscriberFree));
        pair.carry();
        pair.near.expect_isup(MessageType::Acm);
        pair.far.exchange(&pair.far.rel(17));
        pair.far.expect_isup(MessageType::Rlc);
        pair.carry();
        pair.near.expect_isup(MessageType::Rel);
        pair.near.exchange_says(MessageType::Rlc);
        pair.near.seconds(1);
        pair.far.seconds(1);
        pair.carry();
        pair.over()
    }

    /// Two IAMs that must be understood are no call; a part that may be passed over is.
    pub(super) fn s3_2_a_part_that_is_no_sam_is_refused() -> String {
        let mut stand = Stand::new(Standard::Itu, WITH_ISUP);
        let iam = iam(&stand, "30555500");
        let with = With::sdp().isup(&iam).and_isup(&iam);
        let caller = stand.invite_to("+4930555500", with.clone().required());
        let refusal = stand.expect("415");
        stand.acknowledge(&caller, &refusal);
        let caller = stand.invite_to("+4930555500", with);
        stand.expect_isup(MessageType::Iam);
        stand.exchange(&stand.rel(17));
        stand.expect_isup(MessageType::Rlc);
        let refusal = stand.expect("486");
        stand.acknowledge(&caller, &refusal);
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

    /// An INVITE for the same number goes on with the call, also where no SAM may follow.
    pub(super) fn s3_5_nothing_more_takes_its_place() -> String {
        let settings = Settings { group: "", ..PASS };
        let mut stand = Stand::new(Standard::Itu, settings);
        let mut caller = stand.invite_to("+493055500", With::sdp());
        stand.expect_isup(MessageType::Iam);
        let first = caller.clone();
        caller.redial("+493055500");
        stand.request(&mut caller, "INVITE", &With::sdp());
        let refusal = stand.expect("484");
        stand.acknowledge(&first, &refusal);
        stand.exchange(&stand.rel(17));
        stand.expect_isup(MessageType::Rlc);
        let refusal = stand.expect("486");
        stand.acknowledge(&caller, &refusal);
        stand.over()
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

//! Every row of the two cause tables of both profiles, by number, as a call meets it: a REL that
//! comes up from a circuit to the final response that goes out, and a final response that comes in
//! to the REL that goes down.

use bytes::Bytes;
use isup::circuit::{Indication as Isup, Request};
use isup::{CalledPartyNumber, Cause, Location, Message, NatureOfAddress, Parameter};

use crate::call::{Action, Context, Event, IsupToSip, SipToIsup};
use crate::config::SipTrunk;
use crate::interwork::profile::{Profile, Q1912_5, RFC3398};
use crate::interwork::{encapsulation, release};
use crate::sip::{self, Bodies, Headers, Indication as Sip, Q850};

fn trunk() -> SipTrunk {
    toml::from_str("name = \"peer\"\naddress = \"192.0.2.7:5060\"\nisup = \"optional\"").unwrap()
}

/// What the caller is answered when the circuit is released with this cause.
fn answered(profile: &Profile, cause: Cause) -> (u16, Headers, Bodies) {
    let (trunk, sdp) = (trunk(), Bytes::from_static(b"v=0"));
    let (group, _) = super::configured();
    let context = Context {
        variant: isup::Variant::Itu,
        isup: true,
        parallel: false,
        profile,
        trunk: &trunk,
        sdp: Some(&sdp),
        group: Some(&group),
        own_host: "192.0.2.1",
    };
    let released = Event::Isup(Isup::Released(release::message(&cause)));
    let (_, actions) = SipToIsup::new(true).step(&context, released);
    let answer = actions.into_iter().find_map(|action| match action {
        Action::Sip(sip::Request::Reject {
            status,
            headers,
            bodies,
            ..
        }) => Some((status, headers, bodies)),
        _ => None,
    });
    answer.expect("a final response")
}

/// What the circuit is released with when the callee answers this.
fn released(profile: &Profile, status: u16, headers: Headers, bodies: Bodies) -> Cause {
    let trunk = trunk();
    let context = Context {
        variant: isup::Variant::Itu,
        isup: true,
        parallel: false,
        profile,
        trunk: &trunk,
        sdp: None,
        group: None,
        own_host: "192.0.2.1",
    };
    let (call, _) = IsupToSip::new(&isup::Message::new(isup::MessageType::Iam));
    // After 183 no other trunk is tried.
    let progress = Event::Sip(Sip::Progress {
        status: 183,
        reason: String::new(),
        bodies: Bodies::default(),
        headers: Headers::new(),
        reliable: false,
        fork: 0,
        answer_due: false,
        early_media: None,
    });
    let (call, _) = call.step(&context, progress);
    let (_, actions) = call.step(
        &context,
        Event::Sip(Sip::Rejected {
            status,
            reason: String::new(),
            cause: Q850::find(&headers),
            bodies,
            contacts: Vec::new(),
            headers,
            isup_refused: false,
            retry_after: None,
        }),
    );
    let rel = actions.into_iter().find_map(|action| match action {
        Action::Isup(Request::Release(rel)) => Some(rel),
        _ => None,
    });
    release::cause_of_rel(&rel.expect("a REL"))
}

/// A test for each row: the REL's cause and what it becomes, with the REL and, where the profile
/// wants one, the Reason header field beside it.
macro_rules! causes {
    ($profile:ident, $reason:expr; $($name:ident: $value:literal => $status:literal,)+) => {
        $(
            #[test]
            fn $name() {
                let cause = Cause::new($value, Location::TransitNetwork);
                let (status, headers, bodies) = answered(&$profile, cause.clone());
                assert_eq!(status, $status);
                let reason = Q850::find(&headers).map(|q850| (q850.cause, q850.location));
                assert_eq!(reason, $reason.then_some(($value, Some(3))));
                let rel = encapsulation::decoded(&bodies).expect("the REL travels");
                assert_eq!(rel.find::<Cause>(), Some(cause));
            }
        )+
    };
}

/// A test for each row: the final response and the cause of the REL.
macro_rules! statuses {
    ($profile:ident; $($name:ident: $status:literal => $value:literal at $location:ident,)+) => {
        $(
            #[test]
            fn $name() {
                let cause = released(&$profile, $status, Headers::new(), Bodies::default());
                assert_eq!(cause, Cause::new($value, Location::$location));
            }
        )+
    };
}

/// RFC 3398 §7.2.4.1 and §8.2.6.1; the second "504" of the RFC is 505.
mod rfc3398 {
    use super::*;

    causes! {
        RFC3398, true;
        cause_1: 1 => 404,
        cause_2: 2 => 404,
        cause_3: 3 => 404,
        cause_16: 16 => 480,
        cause_17: 17 => 486,
        cause_18: 18 => 408,
        cause_19: 19 => 480,
        cause_20: 20 => 480,
        cause_21: 21 => 403,
        cause_22: 22 => 410,
        cause_23: 23 => 410,
        cause_26: 26 => 404,
        cause_27: 27 => 502,
        cause_28: 28 => 484,
        cause_29: 29 => 501,
        cause_31: 31 => 480,
        cause_34: 34 => 503,
        cause_38: 38 => 503,
        cause_41: 41 => 503,
        cause_42: 42 => 503,
        cause_44: 44 => 503,
        cause_47: 47 => 503,
        cause_55: 55 => 403,
        cause_57: 57 => 403,
        cause_58: 58 => 503,
        cause_65: 65 => 488,
        cause_70: 70 => 488,
        cause_79: 79 => 501,
        cause_87: 87 => 403,
        cause_88: 88 => 503,
        cause_102: 102 => 504,
        cause_111: 111 => 500,
        cause_127: 127 => 500,
    }

    statuses! {
        RFC3398;
        status_400: 400 => 41 at BeyondInterworkingPoint,
        status_401: 401 => 21 at BeyondInterworkingPoint,
        status_402: 402 => 21 at BeyondInterworkingPoint,
        status_403: 403 => 21 at BeyondInterworkingPoint,
        status_404: 404 => 1 at BeyondInterworkingPoint,
        status_405: 405 => 63 at BeyondInterworkingPoint,
        status_406: 406 => 79 at BeyondInterworkingPoint,
        status_407: 407 => 21 at BeyondInterworkingPoint,
        status_408: 408 => 102 at BeyondInterworkingPoint,
        status_410: 410 => 22 at BeyondInterworkingPoint,
        status_413: 413 => 127 at BeyondInterworkingPoint,
        status_414: 414 => 127 at BeyondInterworkingPoint,
        status_415: 415 => 79 at BeyondInterworkingPoint,
        status_416: 416 => 127 at BeyondInterworkingPoint,
        status_420: 420 => 127 at BeyondInterworkingPoint,
        status_421: 421 => 127 at BeyondInterworkingPoint,
        status_423: 423 => 127 at BeyondInterworkingPoint,
        status_480: 480 => 18 at BeyondInterworkingPoint,
        status_481: 481 => 41 at BeyondInterworkingPoint,
        status_482: 482 => 25 at BeyondInterworkingPoint,
        status_483: 483 => 25 at BeyondInterworkingPoint,
        status_484: 484 => 28 at BeyondInterworkingPoint,
        status_485: 485 => 1 at BeyondInterworkingPoint,
        status_486: 486 => 17 at BeyondInterworkingPoint,
        status_487: 487 => 31 at BeyondInterworkingPoint,
        status_488: 488 => 31 at BeyondInterworkingPoint,
        status_500: 500 => 41 at BeyondInterworkingPoint,
        status_501: 501 => 79 at BeyondInterworkingPoint,
        status_502: 502 => 38 at BeyondInterworkingPoint,
        status_503: 503 => 41 at BeyondInterworkingPoint,
        status_504: 504 => 102 at BeyondInterworkingPoint,
        status_505: 505 => 127 at BeyondInterworkingPoint,
        status_513: 513 => 127 at BeyondInterworkingPoint,
        status_600: 600 => 17 at User,
        status_603: 603 => 21 at User,
        status_604: 604 => 1 at User,
        status_606: 606 => 31 at User,
    }
}

/// Q.1912.5 profile C.
mod q1912_5 {
    use super::*;

    causes! {
        Q1912_5, false;
        cause_1: 1 => 404,
        cause_2: 2 => 500,
        cause_3: 3 => 500,
        cause_4: 4 => 500,
        cause_5: 5 => 404,
        cause_8: 8 => 500,
        cause_9: 9 => 500,
        cause_16: 16 => 480,
        cause_17: 17 => 486,
        cause_18: 18 => 480,
        cause_19: 19 => 480,
        cause_20: 20 => 480,
        cause_21: 21 => 480,
        cause_22: 22 => 410,
        cause_23: 23 => 480,
        cause_25: 25 => 480,
        cause_26: 26 => 500,
        cause_27: 27 => 502,
        cause_28: 28 => 484,
        cause_29: 29 => 500,
        cause_31: 31 => 480,
        cause_34: 34 => 480,
        cause_38: 38 => 500,
        cause_41: 41 => 500,
        cause_42: 42 => 500,
        cause_43: 43 => 500,
        cause_44: 44 => 500,
        cause_47: 47 => 500,
        cause_50: 50 => 500,
        cause_55: 55 => 500,
        cause_57: 57 => 500,
        cause_58: 58 => 500,
        cause_63: 63 => 500,
        cause_65: 65 => 500,
        cause_70: 70 => 500,
        cause_79: 79 => 500,
        cause_87: 87 => 500,
        cause_88: 88 => 500,
        cause_90: 90 => 500,
        cause_91: 91 => 404,
        cause_95: 95 => 500,
        cause_97: 97 => 500,
        cause_99: 99 => 500,
        cause_102: 102 => 480,
        cause_103: 103 => 500,
        cause_110: 110 => 500,
        cause_111: 111 => 500,
        cause_127: 127 => 480,
    }

    statuses! {
        Q1912_5;
        status_400: 400 => 127 at BeyondInterworkingPoint,
        status_401: 401 => 127 at BeyondInterworkingPoint,
        status_402: 402 => 127 at BeyondInterworkingPoint,
        status_403: 403 => 127 at BeyondInterworkingPoint,
        status_404: 404 => 1 at BeyondInterworkingPoint,
        status_405: 405 => 127 at BeyondInterworkingPoint,
        status_406: 406 => 127 at BeyondInterworkingPoint,
        status_407: 407 => 127 at BeyondInterworkingPoint,
        status_408: 408 => 127 at BeyondInterworkingPoint,
        status_410: 410 => 22 at BeyondInterworkingPoint,
        status_413: 413 => 127 at BeyondInterworkingPoint,
        status_414: 414 => 127 at BeyondInterworkingPoint,
        status_415: 415 => 127 at BeyondInterworkingPoint,
        status_416: 416 => 127 at BeyondInterworkingPoint,
        status_420: 420 => 127 at BeyondInterworkingPoint,
        status_421: 421 => 127 at BeyondInterworkingPoint,
        status_423: 423 => 127 at BeyondInterworkingPoint,
        status_480: 480 => 20 at BeyondInterworkingPoint,
        status_481: 481 => 127 at BeyondInterworkingPoint,
        status_482: 482 => 127 at BeyondInterworkingPoint,
        status_483: 483 => 127 at BeyondInterworkingPoint,
        status_484: 484 => 28 at BeyondInterworkingPoint,
        status_485: 485 => 127 at BeyondInterworkingPoint,
        status_486: 486 => 17 at BeyondInterworkingPoint,
        status_487: 487 => 127 at BeyondInterworkingPoint,
        status_488: 488 => 127 at BeyondInterworkingPoint,
        status_493: 493 => 127 at BeyondInterworkingPoint,
        status_500: 500 => 127 at BeyondInterworkingPoint,
        status_501: 501 => 127 at BeyondInterworkingPoint,
        status_502: 502 => 127 at BeyondInterworkingPoint,
        status_503: 503 => 127 at BeyondInterworkingPoint,
        status_504: 504 => 127 at BeyondInterworkingPoint,
        status_505: 505 => 127 at BeyondInterworkingPoint,
        status_513: 513 => 127 at BeyondInterworkingPoint,
        status_580: 580 => 127 at BeyondInterworkingPoint,
        status_600: 600 => 17 at User,
        status_603: 603 => 21 at User,
        status_604: 604 => 1 at User,
        status_606: 606 => 127 at User,
    }
}

/// A number of Berlin as diagnostics hold it.
fn number_changed() -> Cause {
    let digits = "305550002".parse().unwrap();
    let mut diagnostics = Vec::new();
    CalledPartyNumber::new(NatureOfAddress::National, digits).encode(&mut diagnostics);
    Cause::new(22, Location::User).with_diagnostics(diagnostics)
}

#[test]
fn rows_with_a_condition() {
    let rejected = |location| answered(&RFC3398, Cause::new(21, location)).0;
    assert_eq!(rejected(Location::User), 603);
    assert_eq!(rejected(Location::TransitNetwork), 403);
    assert_eq!(answered(&Q1912_5, Cause::new(21, Location::User)).0, 480);
    let (status, headers, _) = answered(&RFC3398, number_changed());
    assert_eq!(status, 301);
    let contact = sip::header(&headers, "Contact");
    assert_eq!(contact, Some("<sip:+49305550002@192.0.2.1;user=phone>"));
    assert_eq!(answered(&Q1912_5, number_changed()).0, 410);
    let garbage = Cause::new(22, Location::User).with_diagnostics([0x83]);
    assert_eq!(answered(&RFC3398, garbage).0, 410, "no number in it");
    let warned = |status, code: u16| {
        let warning = ("Warning".to_owned(), format!("{code} peer \"why\""));
        released(&RFC3398, status, vec![warning], Bodies::default()).value
    };
    for status in [488, 606] {
        assert_eq!(warned(status, 304), 65);
        assert_eq!(warned(status, 305), 65);
        assert_eq!(warned(status, 399), 31);
    }
}

#[test]
fn values_in_no_row() {
    for value in 1..=127 {
        let listed = RFC3398
            .causes()
            .any(|row| row.cause.to_string() == value.to_string());
        if !listed {
            let status = answered(&RFC3398, Cause::new(value, Location::User)).0;
            assert_eq!(status, 500, "cause {value}");
        }
    }
    for status in 300..=699 {
        let listed = |profile: &Profile| {
            let mut rows = profile.statuses();
            rows.any(|row| row.status.to_string() == status.to_string())
        };
        let value = |profile| released(profile, status, Headers::new(), Bodies::default()).value;
        if !listed(&RFC3398) {
            assert_eq!(value(&RFC3398), 31, "{status}");
        }
        if !listed(&Q1912_5) {
            assert_eq!(value(&Q1912_5), 127, "{status}");
        }
    }
}

/// RFC 3398 §8.2.6.1: the peer's own REL, then its Reason, then the table.
#[test]
fn what_a_final_response_says_beside_its_status() {
    let reason = vec![Q850::new(34).at(3).to_header()];
    let rel = release::message(&Cause::new(20, Location::PublicNetworkRemoteUser));
    let body = Bodies {
        isup: encapsulation::body(&trunk(), &rel),
        ..Bodies::default()
    };
    let of = |headers: &Headers, bodies: &Bodies| {
        released(&RFC3398, 486, headers.clone(), bodies.clone())
    };
    let none = (Headers::new(), Bodies::default());
    assert_eq!(of(&none.0, &none.1).value, 17);
    assert_eq!(
        of(&reason, &none.1),
        Cause::new(34, Location::TransitNetwork)
    );
    assert_eq!(of(&reason, &body), rel.find::<Cause>().unwrap());
    assert_eq!(of(&none.0, &body), rel.find::<Cause>().unwrap());
}

/// Who answered, and what the users say to each other, from the ANM to the 200 and back.
#[test]
fn what_an_answer_tells() {
    use isup::{ConnectedNumber, MessageType, NumberingPlan, Presentation, Screening};
    let (group, _) = super::configured();
    let trunk = SipTrunk {
        trusted: true,
        ..trunk()
    };
    let context = Context {
        variant: isup::Variant::Itu,
        isup: true,
        parallel: false,
        profile: &RFC3398,
        trunk: &trunk,
        sdp: None,
        group: Some(&group),
        own_host: "192.0.2.1",
    };
    let anm = Message::new(MessageType::Anm)
        .with(ConnectedNumber {
            nature: NatureOfAddress::National,
            plan: NumberingPlan::Isdn,
            presentation: Presentation::Allowed,
            screening: Screening::Network,
            digits: "305550002".parse().unwrap(),
        })
        .with(isup::UserToUserInformation(vec![4, 0x68]));
    let answer = Event::Isup(Isup::Received(anm.clone()));
    let (_, actions) = SipToIsup::new(false).step(&context, answer);
    let headers = actions.into_iter().find_map(|action| match action {
        Action::Sip(sip::Request::Accept { headers, .. }) => Some(headers),
        _ => None,
    });
    let headers = headers.unwrap();
    let identity = sip::header(&headers, "P-Asserted-Identity");
    assert_eq!(identity, Some("<sip:+49305550002@192.0.2.1;user=phone>"));
    assert!(
        sip::header(&headers, "User-to-User")
            .unwrap()
            .starts_with("0468;")
    );

    let (call, _) = IsupToSip::new(&isup::Message::new(isup::MessageType::Iam));
    let accepted = Event::Sip(Sip::Accepted {
        bodies: Bodies::default(),
        headers,
        fork: 0,
        answer_due: false,
    });
    let (_, actions) = call.step(&context, accepted);
    let message = actions.into_iter().find_map(|action| match action {
        Action::Isup(Request::Send(message)) => Some(message),
        _ => None,
    });
    let message = message.unwrap();
    assert_eq!(
        message.find::<ConnectedNumber>(),
        anm.find::<ConnectedNumber>()
    );
    assert_eq!(
        message.content(isup::ParameterCode::USER_TO_USER_INFORMATION),
        Some(&[4, 0x68][..])
    );
}

/// What a BYE says: RFC 3398 takes Reason first, SIP-I the REL.
#[test]
fn reason_and_rel_of_a_bye_by_the_profile() {
    let rel = release::message(&Cause::new(31, Location::User));
    let body = Bodies {
        isup: encapsulation::body(&trunk(), &rel),
        ..Bodies::default()
    };
    let reason = Q850::new(17);
    let value = |profile: &Profile, reason: Option<&Q850>| {
        let rel: Message = release::rel(profile, &trunk(), &Vec::new(), &body, reason);
        release::cause_of_rel(&rel).value
    };
    assert_eq!(value(&RFC3398, Some(&reason)), 17);
    assert_eq!(value(&Q1912_5, Some(&reason)), 31);
    assert_eq!(value(&RFC3398, None), 31);
}

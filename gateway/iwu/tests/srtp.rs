//! SRTP with keys in SDP, through the whole unit (RFC 4568 §5.1, §7.1).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use isup::{CalledPartysStatus, MessageType, SuspendResumeIndicators};
use media_bridge::srtp::{MasterKey, Sender, Srtp, Suite, TRAILER};
use media_bridge::{Command, Rtp};

use super::rfc3398::hang_up;
use super::sip_far_end::{Dialog, Heard, With};
use super::stand::{Settings, Stand};
use crate::config::Standard;

const REQUIRED: Settings = Settings {
    trunk: "srtp = \"required\"\nsrtp_keys_in_clear = true",
    group: "",
    second: "",
    to_pstn: "",
    to_sip: "",
    route: "",
    timeslots: "",
    more: "",
    swapped: false,
};
const OPTIONAL: Settings = Settings {
    trunk: "srtp = \"optional\"\nsrtp_keys_in_clear = true",
    ..REQUIRED
};
const SUITE: Suite = Suite::AesCm128HmacSha1_80;

fn keying(n: u8) -> Vec<u8> {
    vec![n; SUITE.keying_octets()]
}

/// A description with the key of this number.
fn with_key(profile: &str, n: u8, direction: &str) -> With {
    let key = BASE64_STANDARD.encode(keying(n));
    With::nothing().media(&format!(
        "{profile} 8 0\r\na=crypto:1 {SUITE} inline:{key}\r\na={direction}"
    ))
}

fn protected(n: u8) -> With {
    with_key("RTP/SAVP", n, "sendrecv")
}

fn cryptos(heard: &Heard) -> Vec<String> {
    let sdp = heard.sdp().expect("a description");
    let lines = sdp.lines().filter(|line| line.starts_with("a=crypto"));
    lines.map(str::to_owned).collect()
}

/// What the bridges were told of RTP since the last look.
fn attached(stand: &mut Stand) -> Vec<Rtp> {
    let commands = std::mem::take(&mut stand.commands).into_iter();
    let rtp = commands.filter_map(|command| match command {
        Command::Rtp { rtp, .. } => Some(*rtp),
        _ => None,
    });
    rtp.collect()
}

/// Whether this is what takes packets of the peer's key with this number.
fn takes(srtp: &Srtp, n: u8) -> bool {
    let key = MasterKey::new(SUITE, &keying(n)).unwrap();
    let packet = [0x80, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0x55];
    let mut buffer = [0; 13 + TRAILER];
    let sealed = Sender::new(&key).protect(&packet, &mut buffer).unwrap();
    srtp.clone()
        .receiver
        .unprotect(&mut sealed.to_vec())
        .is_ok()
}

/// A call from SIP with the key 1, answered; and our line.
fn answered(stand: &mut Stand, with: With) -> (Dialog, Vec<String>) {
    let mut caller = stand.invite(with);
    stand.expect_isup(MessageType::Iam);
    stand.exchange(&stand.acm(CalledPartysStatus::SubscriberFree));
    stand.expect("180");
    stand.exchange_says(MessageType::Anm);
    let ok = stand.expect("200");
    caller.learn(&ok);
    stand.request(&mut caller, "ACK", &With::nothing());
    (caller, cryptos(&ok))
}

#[test]
fn a_call_that_would_go_unprotected_is_refused_with_a_warning() {
    let mut stand = Stand::new(Standard::Itu, REQUIRED);
    let caller = stand.invite(With::sdp());
    let refusal = stand.expect("488");
    assert!(
        refusal.field("Warning").starts_with("302 "),
        "{:?}",
        refusal.find("Warning")
    );
    stand.acknowledge(&caller, &refusal);
    let record = stand.records.remove(0);
    assert_eq!((record.sip_status, record.srtp), (Some(488), None));
    stand.over();
}

/// Hold, resume and a new key of the peer: our key stays, and the media thread is told each time.
#[test]
fn a_protected_call_is_held_and_rekeyed() {
    let mut stand = Stand::new(Standard::Itu, REQUIRED);
    let (mut caller, ours) = answered(&mut stand, protected(1));
    assert_eq!(ours.len(), 1);
    let [rtp] = &attached(&mut stand)[..] else {
        panic!("one attachment")
    };
    assert!(takes(rtp.srtp.as_ref().unwrap(), 1) && rtp.first_sequence < 0x8000);
    for (key, direction, again) in [
        // A refresh changes nothing.
        (1, "sendrecv", 0),
        (1, "sendonly", 1),
        (1, "sendrecv", 1),
        (2, "sendrecv", 1),
    ] {
        let offer = with_key("RTP/SAVP", key, direction);
        let answer = stand.request_answered(&mut caller, "INVITE", &offer, "200");
        assert_eq!(cryptos(&answer), ours, "{key} {direction}");
        stand.request(&mut caller, "ACK", &With::nothing());
        while stand.unheard_isup().is_some() {}
        let attached = attached(&mut stand);
        assert_eq!(attached.len(), again, "{key} {direction}");
        for rtp in &attached {
            assert!(takes(rtp.srtp.as_ref().unwrap(), key), "{key} {direction}");
        }
    }
    // An offer that would end the protection is refused, and the call goes on.
    let refused = stand.request_answered(&mut caller, "INVITE", &With::sdp(), "488");
    assert!(refused.field("Warning").starts_with("302 "));
    stand.acknowledge(&caller, &refused);
    assert!(attached(&mut stand).is_empty());
    hang_up(stand, caller);
}

/// Our offer has the same keys however often it is made; another call has others.
#[test]
fn a_call_to_sip_offers_keys_that_stay() {
    let mut stand = Stand::new(Standard::Itu, REQUIRED);
    let mut offers = Vec::new();
    for call in 0..2 {
        let iam = stand.iam();
        stand.exchange_calls(&iam);
        let invite = stand.expect("INVITE");
        assert!(
            invite
                .sdp()
                .unwrap()
                .contains("RTP/SAVP 8 0 101\r\na=crypto:1 ")
        );
        let offered = cryptos(&invite);
        assert_eq!(offered.len(), 3);
        let dialog = Dialog::called(&invite, "called");
        stand.respond(&invite, "200 OK", "called", &protected(1));
        stand.expect("ACK");
        stand.expect_isup(MessageType::Con);
        let attached = attached(&mut stand);
        assert!(takes(attached[0].srtp.as_ref().unwrap(), 1), "call {call}");
        // The exchange holds the call: the key that was agreed on, alone.
        let suspended = stand
            .message(MessageType::Sus)
            .with(SuspendResumeIndicators::NETWORK_INITIATED);
        stand.exchange(&suspended);
        let reinvite = stand.expect("INVITE");
        assert_eq!(cryptos(&reinvite), offered[..1]);
        let held = with_key("RTP/SAVP", 1, "inactive");
        stand.respond(&reinvite, "200 OK", "", &held);
        stand.expect("ACK");
        offers.push(offered);
        stand.commands.clear();
        let mut dialog = dialog;
        stand.request_answered(&mut dialog, "BYE", &With::nothing(), "200");
        stand.expect_release(16);
    }
    assert!(offers[0].iter().all(|line| !offers[1].contains(line)));
    let record = &stand.records[0];
    assert_eq!(record.srtp.as_deref(), Some(SUITE.name()));
    stand.over();
}

/// The called user answers without a key: the session that stands is ended, the caller hears why.
#[test]
fn an_answer_without_a_key_ends_the_call() {
    for answer in [With::sdp(), With::nothing().media("RTP/SAVP 8")] {
        let mut stand = Stand::new(Standard::Itu, REQUIRED);
        let iam = stand.iam();
        stand.exchange_calls(&iam);
        let invite = stand.expect("INVITE");
        stand.respond(&invite, "180 Ringing", "called", &With::nothing());
        stand.expect_isup(MessageType::Acm);
        stand.respond(&invite, "200 OK", "called", &answer);
        stand.expect("ACK");
        let bye = stand.expect("BYE");
        stand.respond(&bye, "200 OK", "", &With::nothing());
        stand.expect_release(65);
        assert!(attached(&mut stand).is_empty());
        stand.over();
    }
}

/// Two phones ring, each with a key of its own; the one that answers is heard.
#[test]
fn the_key_of_the_fork_that_answers_is_used() {
    let mut stand = Stand::new(Standard::Itu, REQUIRED);
    let iam = stand.iam();
    stand.exchange_calls(&iam);
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "183 Session Progress", "first", &protected(1));
    stand.expect_isup(MessageType::Acm);
    stand.respond(&invite, "180 Ringing", "second", &With::nothing());
    stand.expect_isup(MessageType::Cpg);
    stand.respond(&invite, "200 OK", "second", &protected(2));
    stand.expect("ACK");
    stand.expect_isup(MessageType::Anm);
    let attached = attached(&mut stand);
    let heard: Vec<_> = attached
        .iter()
        .map(|rtp| rtp.srtp.as_ref().unwrap())
        .map(|srtp| (takes(srtp, 1), takes(srtp, 2)))
        .collect();
    assert_eq!(heard, [(true, false), (false, true)]);
    // One stream of ours, whoever hears it: the media thread goes on where it was.
    assert_eq!(attached[0].ssrc, attached[1].ssrc);
    hang_up(stand, Dialog::called(&invite, "second"));
}

/// An INVITE without an offer gets ours in the 200, with keys; the ACK answers it, or does not.
#[test]
fn a_late_offer_has_keys_and_its_answer_must() {
    for (answer, taken) in [(protected(1), true), (With::sdp(), false)] {
        let mut stand = Stand::new(Standard::Itu, REQUIRED);
        let mut caller = stand.invite(With::nothing());
        stand.expect_isup(MessageType::Iam);
        stand.exchange(&stand.acm(CalledPartysStatus::SubscriberFree));
        stand.expect("180");
        stand.exchange_says(MessageType::Anm);
        let ok = stand.expect("200");
        assert_eq!(cryptos(&ok).len(), 3);
        caller.learn(&ok);
        stand.request(&mut caller, "ACK", &answer);
        let attached = attached(&mut stand);
        assert_eq!(attached.len(), usize::from(taken));
        if taken {
            assert!(takes(attached[0].srtp.as_ref().unwrap(), 1));
            hang_up(stand, caller);
        } else {
            let bye = stand.expect("BYE");
            stand.respond(&bye, "200 OK", "", &With::nothing());
            stand.expect_release(65);
            stand.over();
        }
    }
}

/// RFC 8643: keys beside RTP/AVP, for whoever can.
#[test]
fn optional_protection_takes_what_the_peer_can() {
    for (answer, taken) in [
        (with_key("RTP/AVP", 1, "sendrecv"), true),
        (With::sdp(), false),
    ] {
        let mut stand = Stand::new(Standard::Itu, OPTIONAL);
        let iam = stand.iam();
        stand.exchange_calls(&iam);
        let invite = stand.expect("INVITE");
        let sdp = invite.sdp().unwrap();
        assert!(sdp.contains("RTP/AVP 8 0 101\r\na=crypto:1 "), "{sdp}");
        stand.respond(&invite, "200 OK", "called", &answer);
        stand.expect("ACK");
        stand.expect_isup(MessageType::Con);
        assert_eq!(attached(&mut stand)[0].srtp.is_some(), taken);
        hang_up(stand, Dialog::called(&invite, "called"));
    }
    for (offer, lines) in [
        (With::sdp(), 0),
        (with_key("RTP/AVP", 1, "sendrecv"), 1),
        (protected(1), 1),
    ] {
        let mut stand = Stand::new(Standard::Itu, OPTIONAL);
        let (caller, ours) = answered(&mut stand, offer);
        assert_eq!(ours.len(), lines);
        assert_eq!(attached(&mut stand)[0].srtp.is_some(), lines == 1);
        hang_up(stand, caller);
    }
}

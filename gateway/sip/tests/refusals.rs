//! Requests that are refused before a procedure sees them (RFC 3261 §8.2).

use super::scripted::{SDP, Scripted, field, raw, within};
use super::*;

/// What one datagram is answered with.
fn answered(text: &str) -> (Vec<String>, String) {
    let mut peer = Scripted::new();
    peer.hear(text);
    assert!(peer.told.is_empty(), "{:?}", peer.told);
    let last = peer.sent.last().map(|(_, text)| text.clone());
    (peer.lines(), last.unwrap_or_default())
}

#[test]
fn methods_schemes_and_extensions() {
    let (lines, response) = answered(&raw("REGISTER", "1", "", ""));
    assert_eq!(lines, ["405"]);
    assert_eq!(
        field(&response, "Allow"),
        "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO"
    );
    assert_eq!(answered(&raw("FLY", "1", "", "")).0, ["501"]);
    let fax = raw("INVITE", "1", "", "").replace("INVITE sip:gateway@192.0.2.2", "INVITE fax:1");
    assert_eq!(answered(&fax).0, ["416"]);
    let (lines, response) = answered(&raw(
        "INVITE",
        "1",
        "Require: 100rel, precondition\r\nRequire: gruu\r\n",
        "",
    ));
    assert_eq!(lines, ["420"]);
    assert_eq!(field(&response, "Unsupported"), "precondition, gruu");
    for method in ["BYE", "PRACK", "UPDATE", "INFO", "CANCEL"] {
        assert_eq!(answered(&raw(method, "1", "", "")).0, ["481"], "{method}");
    }
}

#[test]
fn options_tell_what_we_can() {
    let (lines, response) = answered(&raw("OPTIONS", "1", "", ""));
    assert_eq!(lines, ["200"]);
    assert_eq!(
        field(&response, "Accept"),
        "application/sdp, application/isup, multipart/mixed"
    );
    assert_eq!(
        field(&response, "Supported"),
        "100rel, timer, replaces, norefersub"
    );
    assert!(field(&response, "To").contains(";tag="));
}

#[test]
fn bodies_that_are_not_understood() {
    let xml = "Content-Type: application/xml\r\n";
    let (lines, response) = answered(&raw("INVITE", "1", xml, "<x/>"));
    assert_eq!(lines, ["100", "415"]);
    assert!(field(&response, "Accept").contains("application/isup"));
    assert_eq!(
        answered(&raw("INVITE", "1", "Content-Encoding: gzip\r\n", "x")).0,
        ["415"]
    );
    assert_eq!(answered(&raw("INVITE", "1", "", "x")).0, ["100", "400"]);
    let mut peer = Scripted::new();
    let optional = format!("{xml}Content-Disposition: render;handling=optional\r\n");
    peer.hear(&raw("INVITE", "1", &optional, "<x/>"));
    assert_eq!(peer.names(), ["Incoming"]);
}

#[test]
fn fields_that_are_missing_or_wrong() {
    let whole = raw("INVITE", "1", "", "");
    for (from, to, status) in [
        ("Call-ID: raw@192.0.2.1\r\n", "", "400"),
        ("CSeq: 1 INVITE", "CSeq: 1 BYE", "400"),
        ("CSeq: 1 INVITE", "CSeq: 4294967296 INVITE", "400"),
        (
            "INVITE sip:gateway@192.0.2.2 SIP/2.0",
            "INVITE sip:gateway@192.0.2.2 SIP/7.0",
            "505",
        ),
        (
            "INVITE sip:gateway@192.0.2.2 SIP/2.0",
            "INVITE <sip:gateway@192.0.2.2> SIP/2.0",
            "400",
        ),
        ("Content-Length: 0", "Content-Length: 9999", "400"),
    ] {
        assert!(whole.contains(from));
        let (lines, response) = answered(&whole.replace(from, to));
        assert_eq!(lines, [status], "{to}");
        assert!(field(&response, "To").contains(";tag="));
        // Every copy is answered with the same tag.
        assert_eq!(answered(&whole.replace(from, to)).1, response);
    }
    let no_contact = whole.replace("Contact: <sip:a@192.0.2.1>\r\n", "");
    assert_eq!(answered(&no_contact).0, ["100", "400"]);
    // No way back, or nothing to answer.
    for text in [
        whole.replace("Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n", ""),
        whole.replace("CSeq: 1 INVITE\r\n", ""),
        raw("ACK", "1", "", ""),
        raw("ACK", "1", "", "").replace("Call-ID: raw@192.0.2.1\r\n", ""),
        "\r\n\r\n".to_owned(),
        "nonsense".to_owned(),
    ] {
        assert!(answered(&text).0.is_empty(), "{text}");
    }
}

#[test]
fn copies_of_a_request_by_another_way_are_merged() {
    let mut peer = Scripted::new();
    peer.hear(&raw("INVITE", "1", SDP, OFFER));
    peer.hear(&raw("INVITE", "1", SDP, OFFER));
    peer.hear(&raw("INVITE", "2", SDP, OFFER));
    assert_eq!(peer.lines(), ["100", "100", "482"]);
    assert_eq!(peer.names(), ["Incoming"]);
}

#[test]
fn the_response_goes_back_by_the_via() {
    let cases = [
        // Same address: to the port of sent-by.
        ("192.0.2.1:5062", "192.0.2.1:40000", "192.0.2.1:5062", ""),
        ("192.0.2.1", "192.0.2.1:40000", "192.0.2.1:5060", ""),
        // Another address, a name: received.
        (
            "10.0.0.1:5062",
            "192.0.2.1:40000",
            "192.0.2.1:5062",
            ";received=192.0.2.1",
        ),
        (
            "pbx.example:5062",
            "192.0.2.1:40000",
            "192.0.2.1:5062",
            ";received=192.0.2.1",
        ),
        // rport: the source port (RFC 3581).
        (
            "10.0.0.1:5062;rport",
            "192.0.2.1:40000",
            "192.0.2.1:40000",
            ";rport=40000",
        ),
        (
            "192.0.2.1:5062;maddr=192.0.2.77",
            "192.0.2.1:5062",
            "192.0.2.77:5062",
            "",
        ),
    ];
    for (sent_by, source, back, stamp) in cases {
        let mut peer = Scripted::new();
        let text = raw("OPTIONS", "1", "", "").replace(
            "192.0.2.1:5060;branch=z9hG4bK1",
            &format!("{sent_by};branch=z9hG4bK1;received=192.0.2.66"),
        );
        peer.hear_from(source, text.as_bytes());
        let (flow, response) = peer.sent.last().unwrap();
        assert_eq!(flow.remote, back.parse().unwrap(), "{sent_by}");
        let via = field(response, "Via");
        assert!(via.contains(stamp), "{via}");
        assert!(!via.contains("192.0.2.66"), "{via}");
    }
}

#[test]
fn requests_within_a_dialog_are_checked() {
    let mut peer = Scripted::new();
    peer.hear(&raw("INVITE", "1", SDP, OFFER));
    let id = peer.told[0].0;
    peer.ask(id, accept(ANSWER));
    let ok = peer.last().to_owned();
    peer.hear(&within(&ok, "ACK", 1, "", ""));
    assert_eq!(peer.names(), ["Incoming", "Acknowledged"]);
    peer.sent.clear();
    // Older than the INVITE.
    peer.hear(&within(&ok, "INFO", 1, "", ""));
    peer.hear(&within(&ok, "INFO", 2, "", ""));
    peer.hear(&within(&ok, "OPTIONS", 3, "", ""));
    // A package we never asked for.
    peer.hear(&within(&ok, "INFO", 4, "Info-Package: dtmf\r\n", ""));
    peer.hear(&within(
        &ok,
        "INFO",
        5,
        "Content-Type: application/dtmf-relay\r\n",
        "Signal=1",
    ));
    // PRACK of nothing, a wrong tag, a wrong Call-ID.
    peer.hear(&within(&ok, "PRACK", 6, "RAck: 1 1 INVITE\r\n", ""));
    peer.hear(&within(&ok, "PRACK", 7, "RAck: x\r\n", ""));
    peer.hear(&within(&ok, "BYE", 8, "", "").replace(";tag=a1", ";tag=other"));
    peer.hear(&within(&ok, "BYE", 9, "", "").replace("raw@", "other@"));
    assert_eq!(
        peer.lines(),
        [
            "500", "200", "200", "469", "415", "481", "400", "481", "481"
        ]
    );
    assert!(peer.names().is_empty());
    peer.hear(&within(&ok, "BYE", 10, "", ""));
    assert_eq!(peer.lines(), ["200"]);
}

#[test]
fn reliability_follows_policy_and_peer() {
    let mut config = EndpointConfig::new(BOB.parse().unwrap(), 2);
    config.policy.reliable = Reliable::Off;
    let mut peer = Scripted::of(Endpoint::new(config));
    let require = format!("Require: 100rel\r\n{SDP}");
    peer.hear(&raw("INVITE", "1", &require, OFFER));
    assert_eq!(field(peer.last(), "Unsupported"), "100rel");
    assert_eq!(peer.lines(), ["100", "420"]);

    let mut peer = Scripted::new();
    peer.hear(&raw("INVITE", "1", &require, OFFER));
    let id = peer.told[0].0;
    peer.ask(id, progress(180, None));
    assert_eq!(field(peer.last(), "Require"), "100rel");
    let number: u32 = field(peer.last(), "RSeq").parse().unwrap();
    let ringing = peer.last().to_owned();
    let rack = |number: u32| format!("RAck: {number} 1 INVITE\r\n");
    peer.sent.clear();
    peer.hear(&within(&ringing, "PRACK", 2, &rack(number + 1), ""));
    peer.hear(&within(&ringing, "PRACK", 3, &rack(number), ""));
    peer.hear(&within(&ringing, "PRACK", 4, &rack(number), ""));
    assert_eq!(peer.lines(), ["481", "200", "481"]);
    peer.ask(id, progress(183, Some(ANSWER)));
    assert_eq!(field(peer.last(), "RSeq"), (number + 1).to_string());
}

#[test]
fn a_session_interval_too_small_is_refused() {
    let timer = format!("Supported: timer\r\nSession-Expires: 30\r\n{SDP}");
    let (lines, response) = answered(&raw("INVITE", "1", &timer, OFFER));
    assert_eq!(lines, ["100", "422"]);
    assert_eq!(field(&response, "Min-SE"), "90");
}

#[test]
fn an_offerless_invite_gets_our_offer_and_answers_in_prack_or_ack() {
    for reliable in [true, false] {
        let mut peer = Scripted::new();
        let more = if reliable {
            "Supported: 100rel\r\n"
        } else {
            ""
        };
        peer.hear(&raw("INVITE", "1", more, ""));
        let id = peer.told[0].0;
        peer.ask(id, progress(183, Some(OFFER)));
        let progress = peer.last().to_owned();
        // An offer does not go where nothing answers it.
        assert_eq!(progress.ends_with(OFFER), reliable);
        peer.ask(id, accept(OFFER));
        peer.told.clear();
        if reliable {
            assert!(peer.last().starts_with("SIP/2.0 183"), "the 200 waits");
            let rack = format!("RAck: {} 1 INVITE\r\n{SDP}", field(&progress, "RSeq"));
            peer.hear(&within(&progress, "PRACK", 2, &rack, ANSWER));
            assert!(matches!(
                &peer.told[0].1,
                Indication::Pracked { bodies, .. } if bodies.sdp.is_some()
            ));
            let ok = peer.last().to_owned();
            assert!(ok.starts_with("SIP/2.0 200") && !ok.contains("m=audio"));
        } else {
            let ok = peer.last().to_owned();
            assert!(ok.ends_with(OFFER));
            peer.hear(&within(&ok, "ACK", 1, SDP, ANSWER));
            assert!(matches!(
                &peer.told[0].1,
                Indication::Acknowledged { bodies } if bodies.sdp.is_some()
            ));
        }
    }
}

#[test]
fn an_offerless_reinvite_gets_the_description_that_stands() {
    let mut peer = Scripted::new();
    peer.hear(&raw("INVITE", "1", SDP, OFFER));
    let id = peer.told[0].0;
    peer.ask(id, accept(ANSWER));
    let ok = peer.last().to_owned();
    peer.hear(&within(&ok, "ACK", 1, "", ""));
    peer.hear(&within(&ok, "INVITE", 2, "", ""));
    assert!(peer.last().ends_with(ANSWER));
    peer.hear(&within(&ok, "ACK", 2, SDP, OFFER));
    assert_eq!(
        peer.names(),
        ["Incoming", "Acknowledged", "Renegotiate", "Acknowledged"]
    );
}

#[test]
fn a_peer_of_rfc_2543_is_called_back_at_its_from() {
    let mut peer = Scripted::new();
    let old = raw("INVITE", "1", SDP, OFFER)
        .replace(";tag=a1", "")
        .replace("Contact: <sip:a@192.0.2.1>\r\n", "")
        .replace("branch=z9hG4bK1", "x=1");
    peer.hear(&old);
    peer.hear(&old);
    assert_eq!(peer.names(), ["Incoming"]);
    let id = SessionId(1);
    peer.ask(id, accept(ANSWER));
    let ok = peer.last().to_owned();
    peer.hear(&within(&ok, "ACK", 1, "", ""));
    peer.ask(id, bye());
    assert!(peer.last().starts_with("BYE sip:a@192.0.2.1 SIP/2.0"));
    assert_eq!(field(peer.last(), "To"), "<sip:a@192.0.2.1>");
}

#[test]
fn our_own_invite_that_comes_back_is_a_spiral_and_no_copy() {
    let mut peer = Scripted::new();
    let (ours, invite) = peer.calls();
    // A proxy found that the number it calls is one of ours.
    let via = "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKproxy\r\nVia:";
    let back = invite.replacen("Via:", via, 1).replacen(
        "+493055500001@192.0.2.2",
        "+493055500009@192.0.2.2",
        1,
    );
    peer.sent.clear();
    peer.hear(&back);
    assert_eq!(peer.lines(), ["100"]);
    let theirs = peer.told[0].0;
    assert_ne!(ours, theirs);
    assert_eq!(peer.names(), ["Incoming"]);
    // The same request once more by another way is a copy (RFC 3261 §8.2.2.2).
    peer.hear(&back.replace("z9hG4bKproxy", "z9hG4bKother"));
    assert_eq!(peer.lines(), ["482"]);
    peer.ask(theirs, reject(486));
    assert_eq!(peer.lines(), ["486"]);
}

use proptest::prelude::*;

use super::*;

fn local() -> Capabilities {
    Capabilities::new(
        "192.0.2.1:20000".parse().unwrap(),
        vec![Codec::Pcma, Codec::Pcmu],
        7,
    )
}

fn described(lines: &str) -> Vec<u8> {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\n{lines}").into_bytes()
}

#[test]
fn an_offer_is_written_and_answered() {
    let ours = local();
    let octets = offer(&ours);
    assert_eq!(
        std::str::from_utf8(&octets).unwrap(),
        "v=0\r\no=- 7 7 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio 20000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    let theirs = Capabilities {
        rtp: "198.51.100.7:4000".parse().unwrap(),
        codecs: vec![Codec::Pcmu],
        ..local()
    };
    let answer = negotiate(&theirs, &octets).unwrap();
    assert_eq!(answer.plan.codec, Codec::Pcmu);
    assert_eq!(answer.plan.remote, ours.rtp);
    let plan = conclude(&ours, &answer.octets).unwrap();
    assert_eq!(plan.remote, theirs.rtp);
    assert_eq!((plan.codec, plan.payload_type), (Codec::Pcmu, 0));
    assert_eq!(plan.receive_telephone_event, Some(101));
    assert_eq!(Capabilities::of(&octets).unwrap(), ours);
}

#[test]
fn the_order_of_the_offer_decides_and_its_numbers_are_used() {
    let offer = described(
        "m=audio 4000 RTP/AVP 18 0 8 96\r\nc=IN IP4 198.51.100.1\r\na=rtpmap:96 telephone-event/8000\r\na=ptime:30\r\n",
    );
    let answer = negotiate(&local(), &offer).unwrap();
    assert_eq!(answer.plan.codec, Codec::Pcmu);
    assert_eq!(answer.plan.telephone_event, Some(96));
    assert_eq!(answer.plan.ptime, Duration::from_millis(30));
    assert_eq!(answer.plan.remote, "198.51.100.1:4000".parse().unwrap());
    assert!(String::from_utf8_lossy(&answer.octets).contains("m=audio 20000 RTP/AVP 0 96\r\n"));
}

#[test]
fn other_streams_are_refused_in_their_place() {
    let offer = described(
        "c=IN IP4 198.51.100.1\r\nm=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/SAVP 8\r\nm=audio 4002 RTP/AVP 8\r\nm=image 5002 udptl t38\r\n",
    );
    let answer = negotiate(&local(), &offer).unwrap();
    let lines: Vec<String> = String::from_utf8_lossy(&answer.octets)
        .lines()
        .filter(|line| line.starts_with("m="))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        lines,
        [
            "m=video 0 RTP/AVP 31",
            "m=audio 0 RTP/SAVP 8",
            "m=audio 20000 RTP/AVP 8",
            "m=image 0 udptl t38"
        ]
    );
}

#[test]
fn hold_and_resume() {
    for (stated, ours) in [
        ("a=sendonly\r\n", Direction::RecvOnly),
        ("a=recvonly\r\n", Direction::SendOnly),
        ("a=inactive\r\n", Direction::Inactive),
        ("a=sendrecv\r\n", Direction::SendRecv),
        ("", Direction::SendRecv),
    ] {
        let offer = described(&format!(
            "c=IN IP4 198.51.100.1\r\nm=audio 4000 RTP/AVP 8\r\n{stated}"
        ));
        let answer = negotiate(&local(), &offer).unwrap();
        assert_eq!(answer.plan.direction, ours);
        assert!(
            String::from_utf8_lossy(&answer.octets).contains(&format!("a={}\r\n", ours.name()))
        );
    }
    // The old hold, and a direction at session level.
    let old = described("c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 8\r\n");
    assert_eq!(
        negotiate(&local(), &old).unwrap().plan.direction,
        Direction::RecvOnly
    );
    let session = described("c=IN IP4 198.51.100.1\r\na=sendonly\r\nm=audio 4000 RTP/AVP 8\r\n");
    assert_eq!(
        negotiate(&local(), &session).unwrap().plan.direction,
        Direction::RecvOnly
    );
}

#[test]
fn clear_mode_by_its_dynamic_number() {
    let data = Capabilities {
        codecs: vec![Codec::Clearmode],
        telephone_event: None,
        ..local()
    };
    let offer = described(
        "c=IN IP4 198.51.100.1\r\nm=audio 4000 RTP/AVP 8 110\r\na=rtpmap:110 clearmode/8000\r\n",
    );
    let answer = negotiate(&data, &offer).unwrap();
    assert_eq!(
        (answer.plan.codec, answer.plan.payload_type),
        (Codec::Clearmode, 110)
    );
    assert!(String::from_utf8_lossy(&answer.octets).contains("a=rtpmap:110 CLEARMODE/8000\r\n"));
    // We offered it as 97; an answer may call it otherwise.
    let plan = conclude(&data, &offer).unwrap();
    assert_eq!((plan.payload_type, plan.receive_payload_type), (110, 97));
}

#[test]
fn ipv6_both_ways() {
    let six = Capabilities {
        rtp: "[2001:db8::1]:20000".parse().unwrap(),
        ..local()
    };
    let octets = offer(&six);
    assert!(String::from_utf8_lossy(&octets).contains("c=IN IP6 2001:db8::1\r\n"));
    assert_eq!(negotiate(&six, &octets).unwrap().plan.remote, six.rtp);
    assert_eq!(
        negotiate(&local(), &octets),
        Err(Refusal::Family("2001:db8::1".parse().unwrap()))
    );
}

#[test]
fn refusals_say_why() {
    let cases = [
        ("m=audio 4000 RTP/AVP 8\r\n", 488, 301),
        (
            "c=IN IP4 host.example\r\nm=audio 4000 RTP/AVP 8\r\n",
            488,
            301,
        ),
        (
            "c=IN IP4 198.51.100.1\r\nm=audio 4000 RTP/AVP 18\r\n",
            488,
            305,
        ),
        ("c=IN IP4 198.51.100.1\r\nm=audio 0 RTP/AVP 8\r\n", 488, 304),
        (
            "c=IN IP4 198.51.100.1\r\nm=audio 4000 RTP/AVP 9\r\na=rtpmap:9 PCMA/16000\r\n",
            488,
            305,
        ),
        ("m=audio x RTP/AVP 8\r\n", 400, 399),
    ];
    for (lines, status, warning) in cases {
        let refusal = negotiate(&local(), &described(lines)).unwrap_err();
        assert_eq!(
            (refusal.status(), refusal.warning()),
            (status, warning),
            "{lines}"
        );
    }
    let refusal = conclude(&local(), &described("c=IN IP4 198.51.100.1\r\n"));
    assert!(matches!(refusal, Err(Refusal::Mismatch { .. })));
}

#[test]
fn packet_times_out_of_range_are_not_sent() {
    for (asked, sent) in [("5", 20), ("10", 10), ("25", 20), ("60", 60), ("120", 20)] {
        let offer = described(&format!(
            "c=IN IP4 198.51.100.1\r\nm=audio 4000 RTP/AVP 8\r\na=ptime:{asked}\r\n"
        ));
        let plan = negotiate(&local(), &offer).unwrap().plan;
        assert_eq!(plan.ptime, Duration::from_millis(sent), "{asked}");
    }
    let short = described(
        "c=IN IP4 198.51.100.1\r\nm=audio 4000 RTP/AVP 8\r\na=ptime:40\r\na=maxptime:30\r\n",
    );
    assert_eq!(
        negotiate(&local(), &short).unwrap().plan.ptime,
        Duration::from_millis(30)
    );
}

proptest! {
    #[test]
    fn mutated_descriptions_never_panic(at in 0usize..200, octet in any::<u8>(), cut in 0usize..200) {
        let mut octets = offer(&local()).to_vec();
        if let Some(place) = octets.get_mut(at) {
            *place = octet;
        }
        let end = octets.len().saturating_sub(cut % 50);
        let _ = negotiate(&local(), &octets[..end]);
        let _ = conclude(&local(), &octets[..end]);
        let _ = Capabilities::of(&octets[..end]);
    }
}

#[test]
fn telephone_events_of_our_rate_and_with_the_keys_of_a_telephone() {
    for (lines, payload_type, event_a) in [
        (
            "m=audio 4000 RTP/AVP 8 100 101\r\na=rtpmap:100 telephone-event/16000\r\na=fmtp:100 0-15\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-11\r\n",
            Some(101),
            false,
        ),
        (
            "m=audio 4000 RTP/AVP 8 100\r\na=rtpmap:100 telephone-event/48000\r\na=fmtp:100 0-15\r\n",
            None,
            true,
        ),
        (
            "m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n",
            Some(101),
            true,
        ),
        (
            "m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 32-35\r\n",
            None,
            true,
        ),
    ] {
        let offer = described(&format!("c=IN IP4 198.51.100.1\r\n{lines}"));
        let answer = negotiate(&local(), &offer).unwrap();
        assert_eq!(answer.plan.telephone_event, payload_type, "{lines}");
        assert_eq!(answer.plan.events.contains(12), event_a, "{lines}");
        let text = String::from_utf8_lossy(&answer.octets).into_owned();
        let named = text.contains("telephone-event/8000") && text.contains("a=fmtp:101 0-15");
        assert_eq!(named, payload_type.is_some(), "{text}");
    }
}

#[test]
fn a_packet_time_no_longer_than_the_peer_takes() {
    let local = Capabilities {
        ptime: Duration::from_millis(40),
        ..local()
    };
    for (lines, sent) in [
        ("", 40),
        ("a=ptime:30\r\n", 30),
        ("a=maxptime:20\r\n", 20),
        ("a=ptime:60\r\na=maxptime:50\r\n", 50),
        ("a=maxptime:35\r\n", 30),
    ] {
        let offer = described(&format!(
            "c=IN IP4 198.51.100.1\r\nm=audio 4000 RTP/AVP 8\r\n{lines}"
        ));
        let answer = negotiate(&local, &offer).unwrap();
        assert_eq!(answer.plan.ptime, Duration::from_millis(sent), "{lines}");
    }
}

#[test]
fn a_fax_alone_is_refused_with_a_warning() {
    let offer = described("c=IN IP4 198.51.100.1\r\nm=image 5002 udptl t38\r\n");
    let refusal = negotiate(&local(), &offer).unwrap_err();
    assert_eq!(refusal.status(), 488);
    let (name, value) = refusal.to_header("192.0.2.1:5060");
    assert_eq!(name, "Warning");
    assert_eq!(value, "304 192.0.2.1:5060 \"no audio stream over RTP/AVP\"");
    let quoted = Refusal::Address("a\"b\\c\r\n".to_owned()).to_header("x").1;
    assert_eq!(quoted.matches('"').count(), 2);
    assert!(!quoted.contains(['\\', '\r', '\n']));
}

/// RFC 3605 and RFC 5761: where reports go.
#[test]
fn rtcp_goes_where_the_peer_says() {
    let of = |lines: &str| {
        let offer = described(&format!(
            "c=IN IP4 198.51.100.1\r\nm=audio 4000 RTP/AVP 8\r\n{lines}"
        ));
        negotiate(&local(), &offer).unwrap()
    };
    for (lines, rtcp) in [
        ("", "198.51.100.1:4001"),
        ("a=rtcp:5000\r\n", "198.51.100.1:5000"),
        ("a=rtcp:5000 IN IP4 198.51.100.2\r\n", "198.51.100.2:5000"),
        ("a=rtcp:none\r\n", "198.51.100.1:4001"),
    ] {
        let answer = of(lines);
        assert_eq!(answer.plan.rtcp, rtcp.parse().unwrap(), "{lines}");
        assert!(!answer.plan.rtcp_mux);
    }
    let shared = of("a=rtcp-mux\r\n");
    assert!(shared.plan.rtcp_mux);
    let text = String::from_utf8_lossy(&shared.octets);
    assert!(text.contains("a=rtcp-mux\r\n"), "{text}");
    assert!(!String::from_utf8_lossy(&of("").octets).contains("rtcp"));
    // We offered none: nobody can accept it.
    assert!(!conclude(&local(), &shared.octets).unwrap().rtcp_mux);
}

#[test]
fn comfort_noise_is_sent_when_both_sides_named_it() {
    let ours = Capabilities {
        comfort_noise: true,
        ..local()
    };
    let octets = offer(&ours);
    let text = String::from_utf8_lossy(&octets);
    assert!(text.contains("RTP/AVP 8 0 101 13\r\n"), "{text}");
    assert!(text.contains("a=rtpmap:13 CN/8000\r\n"), "{text}");
    assert!(negotiate(&ours, &octets).unwrap().plan.comfort_noise);
    assert!(!negotiate(&local(), &octets).unwrap().plan.comfort_noise);
    let answer = negotiate(&ours, &octets).unwrap();
    assert!(conclude(&ours, &answer.octets).unwrap().comfort_noise);
    let without = negotiate(&local(), &octets).unwrap();
    assert!(!conclude(&ours, &without.octets).unwrap().comfort_noise);
    // The static number needs no rtpmap.
    let bare = described("c=IN IP4 198.51.100.1\r\nm=audio 4000 RTP/AVP 8 13\r\n");
    assert!(negotiate(&ours, &bare).unwrap().plan.comfort_noise);
    assert_eq!(Capabilities::of(&octets).unwrap(), ours);
}

/// RFC 2198 §5: offered when configured, taken whenever it is offered.
#[test]
fn redundant_packets_are_agreed_on() {
    let ours = Capabilities {
        redundancy: Some(121),
        ..local()
    };
    let octets = offer(&ours);
    let text = String::from_utf8_lossy(&octets);
    assert!(text.contains("RTP/AVP 8 0 101 121\r\n"), "{text}");
    assert!(
        text.contains("a=rtpmap:121 red/8000\r\na=fmtp:121 8/8/8\r\n"),
        "{text}"
    );
    let answer = negotiate(&local(), &octets).unwrap();
    assert_eq!(answer.plan.redundancy, Some(121));
    assert_eq!(
        conclude(&ours, &answer.octets).unwrap().redundancy,
        Some(121)
    );
    let plain = negotiate(&local(), &offer(&local())).unwrap();
    assert_eq!(plain.plan.redundancy, None);
    // Nobody asked for what this answer brings.
    assert_eq!(conclude(&local(), &answer.octets).unwrap().redundancy, None);
    assert_eq!(Capabilities::of(&octets).unwrap(), ours);
}

/// Tones that a peer offers to send are taken, and none are offered.
#[test]
fn tone_payloads_are_taken() {
    let offered = described(
        "c=IN IP4 198.51.100.1\r\nm=audio 4000 RTP/AVP 8 102\r\na=rtpmap:102 tone/8000\r\n",
    );
    let answer = negotiate(&local(), &offered).unwrap();
    assert_eq!(answer.plan.tone, Some(102));
    let text = String::from_utf8_lossy(&answer.octets);
    assert!(text.contains("RTP/AVP 8 102\r\n"), "{text}");
    assert!(text.contains("a=rtpmap:102 tone/8000\r\n"), "{text}");
    assert!(!String::from_utf8_lossy(&offer(&local())).contains("tone"));
    assert_eq!(conclude(&local(), &answer.octets).unwrap().tone, None);
}

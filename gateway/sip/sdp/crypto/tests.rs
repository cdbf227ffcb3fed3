use proptest::prelude::*;

use super::super::{Codec, Direction, Refusal, negotiate, offer};
use super::*;
use crate::sip::sdp;

const KEY: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
const LONG: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLg==";
const SUITES: [Suite; 3] = [
    Suite::AesCm128HmacSha1_80,
    Suite::AesCm256HmacSha1_80,
    Suite::AesCm128HmacSha1_32,
];

fn srtp(required: bool, seed: u8, suites: &[Suite]) -> Srtp {
    Srtp {
        required,
        suites: std::array::from_fn(|n| suites.get(n).copied()),
        secret: Secret::new([seed; 32]),
    }
}

fn local(srtp: Option<Srtp>) -> Capabilities {
    let rtp = "192.0.2.1:20000".parse().unwrap();
    Capabilities::new(rtp, vec![Codec::Pcma], 7).with_srtp(srtp)
}

fn required(seed: u8) -> Capabilities {
    local(Some(srtp(true, seed, &SUITES)))
}

fn optional(seed: u8) -> Capabilities {
    local(Some(srtp(false, seed, &SUITES)))
}

fn described(lines: &str) -> Vec<u8> {
    let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";
    format!("{head}{lines}").into_bytes()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

fn cryptos(octets: &[u8]) -> Vec<String> {
    let text = text(octets);
    let lines = text.lines().filter(|line| line.starts_with("a=crypto"));
    lines.map(str::to_owned).collect()
}

#[test]
fn an_offer_has_a_line_for_each_suite_and_the_answer_one() {
    let (ours, theirs) = (required(1), required(2));
    let octets = offer(&ours);
    assert!(text(&octets).contains("m=audio 20000 RTP/SAVP 8 101\r\na=crypto:1 AES_CM_128_HMAC"));
    let lines = cryptos(&octets);
    let heads = [
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:",
        "a=crypto:2 AES_256_CM_HMAC_SHA1_80 inline:",
        "a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:",
    ];
    assert_eq!(lines.len(), 3);
    for (line, (head, length)) in lines.iter().zip(heads.iter().zip([40, 64, 40])) {
        let key = line.strip_prefix(head).expect(line);
        assert_eq!(key.len(), length);
    }
    let answer = negotiate(&theirs, &octets).unwrap();
    assert_eq!(cryptos(&answer.octets).len(), 1);
    assert!(text(&answer.octets).contains("RTP/SAVP 8 101\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80"));
    let plan = sdp::conclude(&ours, &answer.octets).unwrap();
    let (here, there) = (plan.protection.unwrap(), answer.plan.protection.unwrap());
    assert_eq!(here.ours.key, there.peers);
    assert_eq!(here.peers, there.ours.key);
    assert_ne!(here.ours.key, here.peers);
    // The same offer once more has the same keys; another secret has others.
    assert_eq!(offer(&ours), octets);
    let keys: std::collections::BTreeSet<String> = [1, 2, 3]
        .iter()
        .flat_map(|seed| cryptos(&offer(&required(*seed))))
        .collect();
    assert_eq!(keys.len(), 9);
}

/// RFC 4568 §9.1, §6.1 to §6.3: what is read, and why the rest is not.
#[test]
fn lines_as_peers_write_them() {
    let read = |value: &str| parse(value).map_err(|(_, why)| why);
    let good = |params: &str| read(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}{params}"));
    for (params, lifetime, mki) in [
        ("", MOST_PACKETS, None),
        ("|2^20", 1 << 20, None),
        ("|2^48", MOST_PACKETS, None),
        ("|1048576", 1 << 20, None),
        ("|2^20|1:4", 1 << 20, Some((1, 4))),
        ("|1066:4", MOST_PACKETS, Some((1066, 4))),
        ("|2^31|1:1", 1 << 31, Some((1, 1))),
        (
            "|18446744073709551615:128",
            MOST_PACKETS,
            Some((u64::MAX, 128)),
        ),
        (" WSH=128", MOST_PACKETS, None),
        (" FEC_ORDER=FEC_SRTP -x=1 -y", MOST_PACKETS, None),
    ] {
        let line = good(params).expect(params);
        assert_eq!((line.tag, line.lifetime), (1, lifetime), "{params}");
        assert_eq!(line.mki.map(|mki| (mki.value, mki.octets)), mki, "{params}");
    }
    for (params, why) in [
        ("|0", Unusable::Lifetime),
        ("|2^49", Unusable::Lifetime),
        ("|2^020", Unusable::Lifetime),
        ("|020", Unusable::Lifetime),
        ("|281474976710657", Unusable::Lifetime),
        ("|many", Unusable::Lifetime),
        ("|1:0", Unusable::Mki),
        ("|1:129", Unusable::Mki),
        ("|01:4", Unusable::Mki),
        ("|256:1", Unusable::Mki),
        ("|2^20|1", Unusable::Mki),
        ("|2^20|1:4|x", Unusable::Syntax),
        (";inline:x|2:4", Unusable::Keys),
        (
            " UNENCRYPTED_SRTP",
            Unusable::Parameter("UNENCRYPTED_SRTP".into()),
        ),
        (
            " UNENCRYPTED_SRTCP",
            Unusable::Parameter("UNENCRYPTED_SRTCP".into()),
        ),
        (
            " UNAUTHENTICATED_SRTP",
            Unusable::Parameter("UNAUTHENTICATED_SRTP".into()),
        ),
        (" KDR=4", Unusable::Parameter("KDR".into())),
        (" FEC_KEY=inline:x", Unusable::Parameter("FEC_KEY".into())),
        (" NEW\"\\THING", Unusable::Parameter("NEWTHING".into())),
        ("A", Unusable::Key(30)),
        ("AAAA", Unusable::Key(30)),
        ("!", Unusable::Key(30)),
    ] {
        assert_eq!(good(params).unwrap_err(), why, "{params}");
    }
    for (value, why) in [
        ("", Unusable::Syntax),
        ("1", Unusable::Syntax),
        ("0 AES_CM_128_HMAC_SHA1_80 inline:x", Unusable::Syntax),
        (
            "1000000000 AES_CM_128_HMAC_SHA1_80 inline:x",
            Unusable::Syntax,
        ),
        ("x AES_CM_128_HMAC_SHA1_80 inline:x", Unusable::Syntax),
        ("1 AES_CM_128_HMAC_SHA1_80", Unusable::Syntax),
        ("1 AES_CM_128_HMAC_SHA1_80 uri:x", Unusable::Syntax),
        (
            "1 F8_128_HMAC_SHA1_80 inline:x",
            Unusable::Suite("F8_128_HMAC_SHA1_80".into()),
        ),
        ("1 AES_256_CM_HMAC_SHA1_80 inline:x", Unusable::Key(46)),
    ] {
        assert_eq!(read(value).unwrap_err(), why, "{value}");
    }
    let long = read(&format!("999999999 AES_256_CM_HMAC_SHA1_32 INLINE:{LONG}")).unwrap();
    assert_eq!((long.tag, long.key.octets()[45]), (999_999_999, 46));
}

#[test]
fn the_first_line_that_can_be_used_is_taken() {
    let lines = format!(
        "m=audio 4000 RTP/SAVP 8\r\n\
         a=crypto:4 F8_128_HMAC_SHA1_80 inline:{KEY}\r\n\
         a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTCP\r\n\
         a=crypto:8 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|2^20|1:4\r\n\
         a=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n"
    );
    let answer = negotiate(&required(1), &described(&lines)).unwrap();
    let protection = answer.plan.protection.unwrap();
    assert_eq!(protection.peers.suite(), Suite::AesCm128HmacSha1_32);
    assert_eq!((protection.lifetime, protection.ours.tag), (1 << 20, 8));
    let lines = cryptos(&answer.octets);
    assert!(lines[0].starts_with("a=crypto:8 AES_CM_128_HMAC_SHA1_32 inline:"));
    assert!(
        !lines[0].contains('|'),
        "our key has neither lifetime nor MKI"
    );
}

#[test]
fn what_each_policy_takes() {
    let key = format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n");
    let avp = "m=audio 4000 RTP/AVP 8\r\n".to_owned();
    let savp = "m=audio 4000 RTP/SAVP 8\r\n".to_owned();
    let bad = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n".to_owned();
    let (avp_key, savp_key) = (avp.clone() + &key, savp.clone() + &key);
    let (avp_bad, savp_bad) = (avp.clone() + &bad, savp.clone() + &bad);
    let off = local(None);
    // Protected, unprotected, or the warn-code of the refusal.
    let outcome = |local: &Capabilities, lines: &str| match negotiate(local, &described(lines)) {
        Ok(answer) => {
            let shown = cryptos(&answer.octets).len();
            assert_eq!(shown, usize::from(answer.plan.protection.is_some()));
            assert_eq!(
                text(&answer.octets).contains("RTP/SAVP"),
                lines.contains("SAVP")
            );
            shown as u16
        }
        Err(refusal) => {
            assert_eq!(refusal.status(), 488);
            refusal.warning()
        }
    };
    for (lines, by_off, by_optional, by_required) in [
        (&avp, 0, 0, 302),
        (&avp_key, 0, 1, 1),
        (&avp_bad, 0, 0, 306),
        (&savp, 304, 306, 306),
        (&savp_key, 304, 1, 1),
        (&savp_bad, 304, 306, 306),
    ] {
        assert_eq!(outcome(&off, lines), by_off, "{lines}");
        assert_eq!(outcome(&optional(1), lines), by_optional, "{lines}");
        assert_eq!(outcome(&required(1), lines), by_required, "{lines}");
    }
    // Of two streams the protected one.
    let both = avp.clone() + &savp_key;
    let answer = negotiate(&optional(1), &described(&both)).unwrap();
    assert!(text(&answer.octets).contains("m=audio 0 RTP/AVP 8\r\nm=audio 20000 RTP/SAVP 8"));
    let refusal = negotiate(&required(1), &described(&avp)).unwrap_err();
    let (_, warning) = refusal.to_header("isthmus");
    assert_eq!(
        warning,
        "302 isthmus \"SRTP is required: RTP/SAVP with a=crypto\""
    );
}

#[test]
fn what_an_answer_may_be() {
    let key = |tag: &str, suite: &str| format!("a=crypto:{tag} {suite} inline:{KEY}\r\n");
    let short = key("1", "AES_CM_128_HMAC_SHA1_80");
    let weak = key("3", "AES_CM_128_HMAC_SHA1_32");
    let answer =
        |profile: &str, lines: &str| described(&format!("m=audio 4000 {profile} 8\r\n{lines}"));
    let protected = |plan: sdp::MediaPlan| plan.protection.map(|protection| protection.ours.tag);
    for ours in [required(1), optional(1)] {
        for profile in ["RTP/SAVP", "RTP/AVP"] {
            let plan = sdp::conclude(&ours, &answer(profile, &short)).unwrap();
            assert_eq!(protected(plan), Some(1));
            let plan = sdp::conclude(&ours, &answer(profile, &weak)).unwrap();
            assert_eq!(protected(plan), Some(3));
            for wrong in [
                short.clone() + &weak,
                key("3", "AES_CM_128_HMAC_SHA1_80"),
                key("9", "AES_CM_128_HMAC_SHA1_80"),
                "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n".to_owned(),
                format!("{} UNENCRYPTED_SRTP\r\n", short.trim_end()),
                // Our own key.
                format!("{}\r\n", cryptos(&offer(&ours))[0]),
            ] {
                let refusal = sdp::conclude(&ours, &answer(profile, &wrong)).unwrap_err();
                assert_eq!(refusal.warning(), 306, "{wrong}");
                assert!(!refusal.to_string().contains(KEY));
            }
        }
        let refusal = sdp::conclude(&ours, &answer("RTP/SAVP", "")).unwrap_err();
        assert_eq!(refusal, Refusal::NoKey);
    }
    let plain = answer("RTP/AVP", "");
    assert_eq!(
        protected(sdp::conclude(&optional(1), &plain).unwrap()),
        None
    );
    assert_eq!(
        sdp::conclude(&required(1), &plain),
        Err(Refusal::Unprotected)
    );
    assert_eq!(
        protected(sdp::conclude(&local(None), &answer("RTP/AVP", &short)).unwrap()),
        None
    );
}

/// RFC 4568 §7.1.4: hold and refresh keep our key; a new key of the peer, too; a new suite has a
/// new one.
#[test]
fn our_key_stays_while_the_suite_does() {
    let policy = srtp(true, 1, &SUITES);
    let key = |suite: &str, n: u8| {
        let octets: Vec<u8> = (0..30).map(|k| k * 3 + n).collect();
        let keying = BASE64.encode(octets);
        described(&format!(
            "m=audio 4000 RTP/SAVP 8\r\na=crypto:5 {suite} inline:{keying}\r\n"
        ))
    };
    let first = key("AES_CM_128_HMAC_SHA1_80", 1);
    let stands = negotiate(&required(1), &first).unwrap();
    let again = |stands: &sdp::Answer, offer: &[u8]| {
        let mut local = Capabilities::of(&stands.octets).unwrap();
        local.srtp = Some(policy);
        local.version += 1;
        let answer = negotiate(&local, offer).unwrap();
        (answer.plan.protection.unwrap(), answer)
    };
    let before = stands.plan.protection.unwrap();
    assert_eq!(again(&stands, &first).0, before);
    let (rekeyed, _) = again(&stands, &key("AES_CM_128_HMAC_SHA1_80", 2));
    assert_eq!(rekeyed.ours, before.ours);
    assert_ne!(rekeyed.peers, before.peers);
    let (weaker, answer) = again(&stands, &key("AES_CM_128_HMAC_SHA1_32", 2));
    assert_ne!(weaker.ours.key.octets(), before.ours.key.octets());
    // And back: not the first key once more.
    let (back, _) = again(&answer, &first);
    assert_ne!(back.ours.key, before.ours.key);
    // An offer of ours that holds the call has the key that was agreed on, and no other.
    let mut held = Capabilities::of(&stands.octets).unwrap();
    held.srtp = Some(policy);
    (held.version, held.direction) = (9, Direction::SendOnly);
    let offered = offer(&held);
    assert_eq!(cryptos(&offered), cryptos(&stands.octets));
    assert!(text(&offered).contains("RTP/SAVP"));
}

#[test]
fn keys_are_blotted_out_and_disguised_at_their_length() {
    let message = text(&offer(&required(1)))
        + &text(&described(&format!(
            "m=audio 4000 RTP/SAVP 8\r\na=crypto:1 X inline:{KEY}|2^20|1:4;inline:{LONG}|2:4\r\na=crypto:2 X inline:!\r\na=crypto:3 X inline:abcde\r\n"
        )));
    let octets = message.as_bytes();
    let blot = text(&blotted(octets));
    assert_eq!(blot.len(), message.len());
    assert!(!blot.contains(KEY) && !blot.contains(LONG) && blot.contains("xxx|2^20|1:4;inline:x"));
    let disguise = text(&disguised(octets));
    assert_eq!(disguise.len(), message.len());
    for line in message.lines().filter(|line| line.contains("inline:")) {
        let key = line
            .split("inline:")
            .nth(1)
            .unwrap()
            .split('|')
            .next()
            .unwrap();
        assert!(key.len() < 2 || !disguise.contains(key), "{line}");
    }
    // What was one key is one key, what was none is none, and what was two is two.
    let key = |octets: &[u8]| {
        let answer = negotiate(&required(1), octets);
        answer.map(|answer| answer.plan.protection.unwrap().peers)
    };
    let offered = |suite: &str, key: &str| {
        described(&format!(
            "m=audio 4000 RTP/SAVP 8\r\na=crypto:1 {suite} inline:{key}\r\n"
        ))
    };
    let short = offered("AES_CM_128_HMAC_SHA1_80", KEY);
    let other = offered("AES_CM_128_HMAC_SHA1_80", &KEY.replace('d', "e"));
    let long = offered("AES_256_CM_HMAC_SHA1_80", LONG);
    let broken = offered("AES_CM_128_HMAC_SHA1_80", &KEY[1..]);
    assert_eq!(key(&disguised(&short)), key(&disguised(&short)));
    assert_ne!(key(&disguised(&short)), key(&short));
    assert_ne!(key(&disguised(&short)), key(&disguised(&other)));
    assert!(key(&disguised(&long)).is_ok() && key(&disguised(&broken)).is_err());
    let plain = described("m=audio 4000 RTP/AVP 8\r\n");
    assert!(matches!(blotted(&plain), Cow::Borrowed(_)));
    assert!(matches!(disguised(&plain), Cow::Borrowed(_)));
    let shown = format!(
        "{:?}",
        (required(1), negotiate(&required(1), &short).unwrap().plan)
    );
    assert!(
        shown.contains("Secret") && !shown.contains("111, ") && !shown.contains(KEY),
        "{shown}"
    );
}

proptest! {
    /// Whatever stands in a line, nobody panics; what is taken has a key of its suite's length.
    #[test]
    fn any_line_is_read_or_refused(value in "[ -~]{0,120}", tail in "[|:^0-9;=A-Za-z ]{0,40}") {
        let _ = parse(&value);
        if let Ok(line) = parse(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}{tail}")) {
            prop_assert_eq!(line.key.octets().len(), 30);
            prop_assert!((1..=MOST_PACKETS).contains(&line.lifetime));
        }
    }

    #[test]
    fn any_octets_are_blotted_and_disguised_at_their_length(
        mut octets in proptest::collection::vec(any::<u8>(), 0..120), at in 0usize..120,
    ) {
        let at = at.min(octets.len());
        octets.splice(at..at, *b"INLINE:");
        prop_assert_eq!(blotted(&octets).len(), octets.len());
        prop_assert_eq!(disguised(&octets).len(), octets.len());
    }
}

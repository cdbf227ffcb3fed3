//! The messages of RFC 4475, and messages with octets changed.

use proptest::prelude::*;

use super::scripted::{SDP, Scripted, raw, reply, within};
use super::*;

/// File, the responses, whether a session came of it; by section of RFC 4475.
const MESSAGES: [(&str, &[&str], bool); 50] = [
    // 3.1.1 valid messages. `wsinv` has a To tag of no dialog here; what we do not carry out is
    // refused as such, which needs it to be understood.
    ("wsinv", &["481"], false),
    ("intmeth", &["501"], false),
    ("esc01", &["100"], true),
    ("escnull", &["405"], false),
    ("esc02", &["501"], false),
    ("lwsdisp", &["200"], false),
    ("longreq", &["100"], true),
    ("dblreq", &["405"], false),
    ("semiuri", &["200"], false),
    ("transports", &["200"], false),
    ("mpart01", &["405"], false),
    ("unreason", &[], false),
    ("noreason", &[], false),
    // 3.1.2 invalid messages.
    ("badinv01", &["400"], false),
    ("clerr", &["400"], false),
    ("ncl", &["400"], false),
    ("scalar02", &["400"], false),
    ("scalarlg", &[], false),
    ("quotbal", &["400"], false),
    ("ltgtruri", &["400"], false),
    ("lwsruri", &["400"], false),
    ("lwsstart", &["400"], false),
    ("trws", &["400"], false),
    ("escruri", &["400"], false),
    // The Date is of no use to us: it may be ignored.
    ("baddate", &["100"], true),
    ("regbadct", &["405"], false),
    ("badaspec", &["400"], false),
    ("baddn", &["400"], false),
    ("badvers", &["505"], false),
    ("mismatch01", &["400"], false),
    ("mismatch02", &["400"], false),
    ("bigcode", &[], false),
    // 3.2 transaction layer.
    ("badbranch", &["200"], false),
    // 3.3 application layer.
    ("insuf", &["400"], false),
    ("unkscm", &["416"], false),
    ("novelsc", &["416"], false),
    ("unksm2", &["405"], false),
    ("bext01", &["420"], false),
    ("invut", &["100", "415"], false),
    ("regaut01", &["405"], false),
    ("multi01", &["400"], false),
    ("mcl01", &["400"], false),
    ("bcast", &[], false),
    ("zeromf", &["200"], false),
    ("cparam01", &["405"], false),
    ("cparam02", &["405"], false),
    ("regescrt", &["405"], false),
    ("sdp01", &["100", "406"], false),
    // 3.4 backward compatibility.
    ("inv2543", &["100"], true),
    // A start line without version.
    ("test", &[], false),
];

fn vector(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/rfc4475");
    std::fs::read(format!("{folder}/{name}.dat")).unwrap()
}

#[test]
fn the_messages_of_rfc_4475() {
    for (name, responses, session) in MESSAGES {
        let mut peer = Scripted::new();
        let octets = vector(name);
        peer.hear_from(ALICE, &octets);
        assert_eq!(peer.lines(), responses, "{name}");
        assert_eq!(!peer.names().is_empty(), session, "{name}");
        peer.hear_from(ALICE, &octets);
        assert!(
            peer.names().is_empty(),
            "a copy of {name} makes nothing new"
        );
        peer.run(Duration::from_secs(100));
    }
}

/// What a peer might say, in order, to an endpoint that calls and is called.
fn conversation(peer: &mut Scripted) -> Vec<String> {
    let (_, invite) = peer.calls();
    let reliable = "Contact: <sip:a@192.0.2.1>\r\nRequire: 100rel\r\nRSeq: 1\r\n";
    let ok = reply(
        &raw("INVITE", "x", SDP, OFFER),
        "200 OK",
        "t",
        "Contact: <sip:a@192.0.2.1>\r\nSession-Expires: 90;refresher=uac\r\n",
        ANSWER,
    );
    vec![
        reply(&invite, "183 Session Progress", "one", reliable, ANSWER),
        reply(
            &invite,
            "200 OK",
            "one",
            "Contact: <sip:a@192.0.2.1>\r\n",
            ANSWER,
        ),
        raw("INVITE", "1", SDP, OFFER),
        raw("CANCEL", "1", "Reason: Q.850;cause=16\r\n", ""),
        raw("OPTIONS", "2", "Require: x\r\n", ""),
        ok.clone(),
        within(&ok, "BYE", 4, "", ""),
        within(&ok, "INVITE", 5, SDP, OFFER),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Octets changed, cut out and doubled: nothing panics, and time can go on.
    #[test]
    fn changed_messages_never_panic(
        which in 0usize..58,
        edits in proptest::collection::vec((any::<u16>(), any::<u8>(), 0u8..4), 0..6),
    ) {
        let mut peer = Scripted::new();
        let said = conversation(&mut peer);
        let mut octets = match MESSAGES.get(which) {
            Some((name, ..)) => vector(name),
            None => said[which - MESSAGES.len()].clone().into_bytes(),
        };
        for (at, octet, what) in edits {
            if octets.is_empty() {
                break;
            }
            let at = usize::from(at) % octets.len();
            match what {
                0 => octets[at] = octet,
                1 => { octets.remove(at); }
                2 => octets.insert(at, octet),
                _ => octets.truncate(at),
            }
        }
        let _ = summary(&octets);
        peer.hear_from(ALICE, &octets);
        for text in said {
            peer.hear(&text);
        }
        peer.hear_from(ALICE, &octets);
        peer.run(Duration::from_secs(300));
    }
}

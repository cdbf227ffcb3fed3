//! The messages of RFC 4475, and messages with octets changed.

use proptest::prelude::*;

use super::scripted::{SDP, Scripted, raw, reply, within};
use super::*;

/// A row of `outcomes.txt`.
struct Outcome {
    name: String,
    responses: Vec<String>,
    call: bool,
}

/// The reviewed table of an RFC.
fn outcomes(table: &str) -> Vec<Outcome> {
    table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut words = line.split_whitespace().skip(1);
            let mut word = || words.next().expect(line);
            let name = word().to_owned();
            let responses = word().split(',').filter(|status| *status != "-");
            Outcome {
                name,
                responses: responses.map(str::to_owned).collect(),
                call: match word() {
                    "yes" => true,
                    "no" => false,
                    other => panic!("{other}: {line}"),
                },
            }
        })
        .collect()
}

fn vector(rfc: &str, name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    std::fs::read(format!("{folder}/{rfc}/{name}.dat")).unwrap()
}

fn rfc_4475() -> Vec<Outcome> {
    outcomes(include_str!("../../../tests/vectors/rfc4475/outcomes.txt"))
}

/// Every message of the folder ends as its table says, and its copy changes nothing.
fn hold(rfc: &str, table: &[Outcome], listen: &str, source: &str) {
    let folder = format!("{}/tests/vectors/{rfc}", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|file| file.unwrap().file_name().into_string().ok())
        .filter_map(|file| Some(file.strip_suffix(".dat")?.to_owned()))
        .collect();
    files.sort();
    let mut rows: Vec<&str> = table.iter().map(|row| row.name.as_str()).collect();
    rows.sort_unstable();
    assert_eq!(rows, files, "a row a file");
    for row in table {
        let name = &row.name;
        let mut peer = Scripted::of(endpoint(listen, 2));
        let octets = vector(rfc, name);
        peer.hear_at(listen, source, &octets);
        assert_eq!(peer.lines(), row.responses, "{name}");
        assert_eq!(!peer.names().is_empty(), row.call, "{name}");
        peer.hear_at(listen, source, &octets);
        assert!(
            peer.names().is_empty(),
            "a copy of {name} makes nothing new"
        );
        peer.run(Duration::from_secs(100));
    }
}

#[test]
fn the_messages_of_rfc_4475() {
    hold("rfc4475", &rfc_4475(), BOB, ALICE);
}

#[test]
fn the_messages_of_rfc_5118() {
    let table = outcomes(include_str!("../../../tests/vectors/rfc5118/outcomes.txt"));
    hold(
        "rfc5118",
        &table,
        "[2001:db8::10]:5060",
        "[2001:db8::9:1]:5060",
    );
}

#[test]
fn the_descriptions_of_rfc_5118() {
    let description = |name| {
        let message = vector("rfc5118", name);
        let text = String::from_utf8(message).unwrap();
        text.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    let local =
        |address: &str| sdp::Capabilities::new(address.parse().unwrap(), vec![sdp::Codec::Pcmu], 1);
    let answer = |name, address| sdp::negotiate(&local(address), description(name).as_bytes());
    // G.726 alone: read to the end, and refused for its codec.
    for name in ["ipv6-in-sdp", "ipv4-mapped-ipv6"] {
        let refusal = answer(name, "[2001:db8::10]:20000").unwrap_err();
        assert!(
            matches!(refusal, sdp::Refusal::NoCodec(_)),
            "{name}: {refusal}"
        );
    }
    let answer = answer("mult-ip-in-sdp", "192.0.2.10:20000").unwrap();
    assert_eq!(answer.plan.remote, "192.0.2.1:22334".parse().unwrap());
    let text = String::from_utf8_lossy(&answer.octets).into_owned();
    assert!(text.contains("m=video 0 RTP/AVP 107"), "{text}");
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
        which in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<u16>(), any::<u8>(), 0u8..4), 0..6),
    ) {
        let mut peer = Scripted::new();
        let said = conversation(&mut peer);
        let table = rfc_4475();
        let which = which.index(table.len() + said.len());
        let mut octets = match table.get(which) {
            Some(row) => vector("rfc4475", &row.name),
            None => said[which - table.len()].clone().into_bytes(),
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

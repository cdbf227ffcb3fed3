//! tshark reads the gateway's captures: every ISUP message decodes, and nothing is malformed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use isup::MessageType;

use crate::capture;
use crate::peer;

/// A frame with ISUP as tshark reads it.
#[derive(Debug)]
struct Frame {
    number: usize,
    /// On the signalling link; in a SIP body otherwise.
    on_link: bool,
    message: MessageType,
    /// None in SIP bodies.
    cic: Option<u16>,
}

/// The fields of the frames that pass `filter`, one line a frame, separated by tabs.
pub(crate) fn fields(capture: &Path, filter: &str, names: &[&str]) -> Vec<String> {
    let mut tshark = Command::new("tshark");
    // By what a datagram says before its port: any free one may be some other protocol's.
    tshark.args(["-n", "-o", "udp.try_heuristic_first:TRUE"]);
    tshark.args(["-T", "fields", "-Y", filter]).arg("-r");
    tshark.arg(capture);
    // Nobody's own preferences.
    tshark.env("HOME", capture.parent().expect("a folder"));
    tshark.env_remove("XDG_CONFIG_HOME");
    for name in names {
        tshark.args(["-e", name]);
    }
    let output = tshark.output().expect("tshark starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "tshark: {}{text}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines().map(str::to_owned).collect()
}

/// The frames with ISUP, once it is sure that tshark finds nothing wrong in the capture.
fn decode(capture: &Path) -> Vec<Frame> {
    let wrong = fields(
        capture,
        "_ws.malformed || _ws.expert.severity >= error",
        &["frame.number", "frame.protocols", "_ws.expert.message"],
    );
    assert!(wrong.is_empty(), "{}: {wrong:#?}", capture.display());
    let names = [
        "frame.number",
        "frame.protocols",
        "isup.message_type",
        "isup.cic",
    ];
    fields(capture, "isup", &names)
        .iter()
        .map(|line| {
            let mut fields = line.split('\t');
            let mut next = || fields.next().unwrap_or_default();
            Frame {
                number: next().parse().expect(line),
                on_link: next().starts_with("mtp2:mtp3:isup"),
                message: MessageType::from_code(next().parse().expect(line)),
                cic: next().parse().ok(),
            }
        })
        .collect()
}

/// Every frame that holds ISUP is one that tshark reads as ISUP, with a message type that has a
/// name; on the link there are some.
fn assert_all_decoded(capture: &Path, frames: &[Frame]) {
    let expected = capture::isup(capture);
    let numbers = |on_link| {
        let of = frames.iter().filter(|frame| frame.on_link == on_link);
        of.map(|frame| frame.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(true), expected.on_link, "{}", capture.display());
    assert_eq!(numbers(false), expected.in_sip, "{}", capture.display());
    assert!(!expected.on_link.is_empty(), "no ISUP on the link");
    for frame in frames {
        assert!(!matches!(frame.message, MessageType::Other(_)), "{frame:?}");
        assert_eq!(frame.cic.is_some(), frame.on_link, "{frame:?}");
    }
}

/// tshark finds nothing wrong in a capture and decodes every ISUP message in it. Says so and does
/// nothing when there is no tshark.
pub(crate) fn assert_clean(capture: &Path) {
    if peer::is_here("tshark") {
        assert_all_decoded(capture, &decode(capture));
    }
}

/// The messages of calls on the link, call by call in the order of their IAMs: what comes on a
/// circuit from one IAM up to the next. Circuit supervision (Q.764 §2.8, §2.9) is of no call.
fn calls(frames: &[Frame]) -> Vec<String> {
    use MessageType as M;
    let mut calls: Vec<Vec<&str>> = Vec::new();
    let mut last: BTreeMap<u16, usize> = BTreeMap::new();
    for frame in frames.iter().filter(|frame| frame.on_link) {
        if let M::Blo
        | M::Bla
        | M::Ubl
        | M::Uba
        | M::Rsc
        | M::Grs
        | M::Gra
        | M::Cgb
        | M::Cgba
        | M::Cgu
        | M::Cgua = frame.message
        {
            continue;
        }
        let cic = frame.cic.expect("on the link each message has one");
        if frame.message == M::Iam {
            last.insert(cic, calls.len());
            calls.push(Vec::new());
        }
        let call = last.get(&cic).expect("a call begins with its IAM");
        calls[*call].push(frame.message.acronym());
    }
    calls.iter().map(|call| call.join(" ")).collect()
}

/// The same from the ladders that the demo drew: the rungs between the gateway and the exchange.
fn calls_of_ladders(text: &str) -> Vec<String> {
    let mut calls: Vec<Vec<&str>> = Vec::new();
    for line in text.lines() {
        if line.starts_with("call ") {
            calls.push(Vec::new());
        }
        // Three lifelines: SIP, the gateway, ISUP.
        let Some(rung) = line.split('|').nth(2) else {
            continue;
        };
        let message = rung.strip_prefix("- ").or_else(|| rung.strip_prefix("<- "));
        let acronym = message.and_then(|message| message.split(' ').next());
        if let (Some(acronym), Some(call)) = (acronym, calls.last_mut()) {
            call.push(acronym);
        }
    }
    // A call that was refused before it had a circuit has no ISUP.
    calls.retain(|call| !call.is_empty());
    calls.iter().map(|call| call.join(" ")).collect()
}

#[test]
fn tshark_reads_in_the_demos_capture_what_its_ladders_show() {
    if !peer::is_here("tshark") {
        return;
    }
    let folder = std::env::temp_dir().join(format!("isthmus-demo-{}", std::process::id()));
    let demo = Command::new(env!("CARGO_BIN_EXE_isthmus"))
        .args(["demo", "--out"])
        .arg(&folder)
        .output()
        .expect("the demo starts");
    assert!(
        demo.status.success(),
        "{}{}",
        String::from_utf8_lossy(&demo.stdout),
        String::from_utf8_lossy(&demo.stderr)
    );
    let capture = folder.join("capture.pcapng");
    let frames = decode(&capture);
    assert_all_decoded(&capture, &frames);
    assert!(frames.iter().any(|frame| !frame.on_link), "no ISUP in SIP");
    let ladders = std::fs::read_to_string(folder.join("ladders.txt")).expect("the ladders");
    let drawn = calls_of_ladders(&ladders);
    assert!(drawn.len() >= 5, "{drawn:?}");
    assert_eq!(calls(&frames), drawn);
    let _ = std::fs::remove_dir_all(&folder);
}

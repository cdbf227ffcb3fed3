//! States and events of both halves, written down in `call/table.txt`.

use std::path::Path;

use isup::circuit::Request;

use super::events::{
    Surroundings, iam, of_hold, of_isup_to_sip, of_overlap, of_ringing, of_sip_to_isup,
};
use crate::call::{Action, Bridge, Call, Event, IsupToSip, Mark, SipToIsup};
use crate::interwork::release;
use crate::sip;

const EVENT_COLUMN: usize = 30;

/// An action in a few words.
pub(super) fn short(action: &Action) -> String {
    match action {
        Action::Sip(request) => match request {
            sip::Request::Progress { status, bodies, .. } => {
                format!("SIP {status}{}", carried(bodies))
            }
            sip::Request::Accept { bodies, .. } => format!("SIP 200{}", carried(bodies)),
            sip::Request::Reject { status, bodies, .. } => {
                format!("SIP {status}{}", carried(bodies))
            }
            sip::Request::Bye { bodies, .. } => format!("SIP BYE{}", carried(bodies)),
            sip::Request::Info { bodies } => format!("SIP INFO{}", carried(bodies)),
            other => format!("SIP {}", other.name().to_uppercase()),
        },
        Action::Isup(Request::Release(rel)) => {
            format!("ISUP REL {}", release::cause_of_rel(rel).value)
        }
        Action::Isup(Request::Send(message)) => {
            format!("ISUP {}", message.message_type().acronym())
        }
        Action::Isup(other) => format!("ISUP {other:?}"),
        Action::Bridge(bridge) => match bridge {
            Bridge::Path {
                to_rtp,
                to_timeslot,
            } => match (to_rtp, to_timeslot) {
                (true, true) => "path both ways",
                (true, false) => "path to RTP",
                (false, true) => "path to timeslot",
                (false, false) => "path held",
            }
            .to_owned(),
            Bridge::Remote(_) => "peer's media".to_owned(),
            Bridge::Agreed(_) => "agreed media".to_owned(),
            Bridge::Concluded(_) => "peer's answer".to_owned(),
            Bridge::Tone(Some(tone)) => tone.to_string(),
            Bridge::Announce { towards, name } => format!("announcement {name} to {towards:?}"),
            Bridge::Tone(None) => "tone off".to_owned(),
        },
        Action::Start(timer) => format!("start {timer:?}"),
        Action::Stop(timer) => format!("stop {timer:?}"),
        Action::Collect(_) => "add digits".to_owned(),
        Action::Attempt => "INVITE with the digits so far".to_owned(),
        Action::Reattempt => "try the next".to_owned(),
        Action::WithoutIsup => "INVITE again without ISUP".to_owned(),
        Action::Redirect(contacts) => format!("INVITE to {}", contacts.join(", ")),
        Action::Offer { held: true } => "re-INVITE that holds".to_owned(),
        Action::Offer { held: false } => "re-INVITE that retrieves".to_owned(),
        Action::Mark(mark) => match mark {
            Mark::Alerting => "mark alerting".to_owned(),
            Mark::Answer => "mark answer".to_owned(),
            Mark::Release {
                by, cause, status, ..
            } => match status {
                Some(status) => format!("mark release by {by:?}, {cause}, {status}"),
                None => format!("mark release by {by:?}, {cause}"),
            },
        },
        Action::Finish => "finish".to_owned(),
    }
}

fn carried(bodies: &sip::Bodies) -> String {
    match (bodies.sdp.is_some(), bodies.isup.is_some()) {
        (true, true) => " SDP+ISUP",
        (true, false) => " SDP",
        (false, true) => " ISUP",
        (false, false) => "",
    }
    .to_owned()
}

/// A call counts its INVITEs of overlap signalling: the walk ends after so many.
const MOST_DIGITS: usize = 2;

/// Every state that can be reached, in the order of a walk by breadth, named after the state and
/// the way there.
pub(super) fn reachable(
    surroundings: &Surroundings,
    start: Call,
    events: &[(&'static str, Event)],
) -> Vec<(Vec<&'static str>, Call)> {
    let mut found = vec![(Vec::new(), start)];
    let mut next = 0;
    while let Some((way, call)) = found.get(next).cloned() {
        next += 1;
        let is_digits = |name: &&&str| name.contains("digits");
        let digits = way.iter().filter(is_digits).count();
        if digits >= MOST_DIGITS {
            continue;
        }
        for (name, event) in events {
            let (after, _) = call.clone().step(&surroundings.context(), event.clone());
            if !found.iter().any(|(_, known)| *known == after) {
                let way = way.iter().copied().chain([*name]).collect();
                found.push((way, after));
            }
        }
    }
    found
}

fn section(
    table: &mut String,
    title: &str,
    surroundings: &Surroundings,
    start: Call,
    walk: &[&str],
    events: &[(&'static str, Event)],
) {
    // The states worth a paragraph; every event of the list has its row in each of them.
    let walk: Vec<_> = events
        .iter()
        .filter(|(name, _)| walk.is_empty() || walk.contains(name))
        .cloned()
        .collect();
    table.push_str(&format!("== {title} ==\n\n"));
    for (way, call) in reachable(surroundings, start, &walk) {
        let way = if way.is_empty() {
            "at first".to_owned()
        } else {
            format!("after {}", way.join(", "))
        };
        table.push_str(&format!("{} ({way})\n", call.state()));
        // Rows that say the same share a line.
        let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
        for (name, event) in events {
            let (after, actions) = call.clone().step(&surroundings.context(), event.clone());
            let actions: Vec<_> = actions.iter().map(short).collect();
            let row = match (after == call, actions.is_empty()) {
                (true, true) => "nothing".to_owned(),
                (same, _) => {
                    let state = match after.state() == call.state() {
                        true if same => "-",
                        true => "- (remembers)",
                        false => after.state(),
                    };
                    format!("-> {state}: {}", actions.join("; "))
                }
            };
            match rows.iter_mut().find(|(known, _)| *known == row) {
                Some((_, names)) => names.push(name),
                None => rows.push((row, vec![name])),
            }
        }
        for (row, names) in rows {
            let names = names.join(", ");
            if names.len() > EVENT_COLUMN {
                table.push_str(&format!("  {names}\n  {:EVENT_COLUMN$} {row}\n", ""));
            } else {
                table.push_str(&format!("  {names:EVENT_COLUMN$} {row}\n"));
            }
        }
        table.push('\n');
    }
}

/// `call/table.txt` is this table, reviewed. A change of behaviour is a change of that file: run
/// with `UPDATE_TABLES=1` to write it, and read the difference.
#[test]
fn table_of_states_and_events_is_the_reviewed_one() {
    let mut table = String::from(
        "RFC 3398 and Q.1912.5 on one call: state (the shortest way there), then event -> next\n\
         state (- stays): actions. Written by the test of gateway::call with UPDATE_TABLES=1.\n\n",
    );
    let from_sip = Call::SipToIsup(SipToIsup::new(true));
    let surroundings = Surroundings::new();
    section(
        &mut table,
        "From SIP with ISUP to a circuit",
        &surroundings,
        from_sip,
        &[],
        &of_sip_to_isup(),
    );
    let announced: Vec<_> = of_sip_to_isup()
        .into_iter()
        .filter(|(name, _)| {
            let names = [
                "ACM free",
                "REL",
                "Failed RSC",
                "Idle",
                "CANCEL, BYE",
                "no ACK",
                "treatment timer",
                "announcement over",
                "Shutdown",
            ];
            names
                .iter()
                .any(|known| name.starts_with(known) || known.contains(name))
        })
        .collect();
    section(
        &mut table,
        "From SIP to a circuit: an announcement for cause 17 before the final response",
        &Surroundings::of("announcements = { 17 = \"busy\" }"),
        Call::SipToIsup(SipToIsup::new(false)),
        &[],
        &announced,
    );
    let (from_isup, actions) = IsupToSip::new(&iam(false));
    let actions: Vec<_> = actions.iter().map(short).collect();
    section(
        &mut table,
        &format!(
            "From a circuit to SIP; at the start: {}",
            actions.join("; ")
        ),
        &surroundings,
        Call::IsupToSip(from_isup.clone()),
        &["REL", "Idle", "180", "183 SDP", "200", "302", "T11"],
        &of_isup_to_sip(),
    );
    let refusals: Vec<_> = of_isup_to_sip()
        .into_iter()
        .filter(|(name, _)| ["180", "486", "REL", "Idle", "treatment timer"].contains(name))
        .collect();
    section(
        &mut table,
        "From a circuit that has met another kind of network: a tone before the release",
        &surroundings,
        Call::IsupToSip(IsupToSip::new(&iam(true)).0),
        &[],
        &refusals,
    );
    let names = [
        "REL",
        "Failed RSC",
        "183 SDP",
        "200",
        "486",
        "no response",
        "T10",
        "T35",
        "Shutdown",
    ];
    let mut overlap = of_overlap();
    overlap.extend(
        of_isup_to_sip()
            .into_iter()
            .filter(|(name, _)| names.contains(name)),
    );
    section(
        &mut table,
        "From a circuit with digits one after the other",
        &surroundings,
        Call::IsupToSip(IsupToSip::collecting(&iam(false))),
        &[
            "enough digits",
            "enough digits, passed on",
            "all digits",
            "486",
        ],
        &overlap,
    );
    for policy in ["auto", "network", "terminal"] {
        let surroundings = Surroundings::of(&format!("ringback = \"{policy}\""));
        section(
            &mut table,
            &format!("From a circuit to SIP, ringback = \"{policy}\""),
            &surroundings,
            Call::IsupToSip(from_isup.clone()),
            &["180", "183 SDP", "RTP", "early media timer"],
            &of_ringing(),
        );
    }
    let surroundings = Surroundings::of("");
    let context = surroundings.context();
    let answer = |name: &str| {
        let events = of_isup_to_sip();
        events
            .into_iter()
            .find(|(known, _)| *known == name)
            .unwrap()
            .1
    };
    let (talking, _) = Call::IsupToSip(from_isup).step(&context, answer("200"));
    section(
        &mut table,
        "Within a conversation with a peer that speaks no ISUP",
        &surroundings,
        talking,
        &[
            "SUS",
            "RES",
            "CPG remote hold",
            "200 to the offer",
            "re-INVITE that holds",
        ],
        &of_hold(),
    );
    let table: String = table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway/call/table.txt");
    if std::env::var_os("UPDATE_TABLES").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (is, was)) in table.lines().zip(reviewed.lines()).enumerate() {
        let line = number + 1;
        assert_eq!(
            is,
            was,
            "line {line} of {} (UPDATE_TABLES=1 writes it)",
            path.display()
        );
    }
    assert_eq!(
        table.lines().count(),
        reviewed.lines().count(),
        "{}",
        path.display()
    );
}

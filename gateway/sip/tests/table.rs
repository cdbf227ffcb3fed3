//! The reviewed table: every state of a session, and what each thing that happens does to it.

use std::path::Path;

use super::moments::{ALSO_TO_UAC, ALSO_TO_UAS, Happening, Making, TO_UAC, TO_UAS, UAC, UAS};
use super::*;

fn rows(out: &mut String, side: &str, makings: &[Making], happenings: &[Happening]) {
    for (moment, make) in makings {
        out.push_str(&format!("\n{side}: {moment}\n"));
        for happening in happenings {
            let mut moment = make();
            let (sent, told) = (moment.peer.sent.len(), moment.peer.told.len());
            moment.happens(*happening);
            let sends: Vec<String> = moment.peer.sent[sent..]
                .iter()
                .map(|(_, text)| start_line(text.as_bytes()))
                .collect();
            let tells: Vec<String> = moment.peer.told[told..]
                .iter()
                .map(|(_, told)| name(told))
                .collect();
            let mut row = format!("  {:<16}", format!("{happening:?}"));
            if !sends.is_empty() {
                row.push_str(&format!(" sends {};", sends.join(", ")));
            }
            if !tells.is_empty() {
                row.push_str(&format!(" tells {};", tells.join(", ")));
            }
            out.push_str(&format!("{row} {}\n", moment.state()));
        }
    }
}

#[test]
fn table_of_states_and_events_is_the_reviewed_one() {
    let mut table = String::from(
        "Sessions of the SIP endpoint: for each moment of one, what happens, what is sent and told\n\
         for it, and the state after. Written by the test of gateway::sip with UPDATE_TABLES=1.\n",
    );
    let all = |some: &[Happening], also: &[Happening]| [some, also].concat();
    rows(&mut table, "called", &UAS, &all(&TO_UAS, &ALSO_TO_UAS));
    rows(&mut table, "calling", &UAC, &all(&TO_UAC, &ALSO_TO_UAC));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway/sip/table.txt");
    if std::env::var_os("UPDATE_TABLES").is_some() {
        std::fs::write(&file, &table).unwrap();
    }
    let reviewed = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(table, reviewed, "gateway/sip/table.txt");
}

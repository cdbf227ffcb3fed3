//! Scenarios after the groups of the ISUP basic call tests (Q.784, Q.784.1), each with its ladder:
//! two exchanges in virtual time, one file for each group. What the ladders show was read beside
//! Q.764; `supervision` is group 1, `calls` 2 to 4, `abnormal` 5, `special` 6 to 9.

mod abnormal;
mod calls;
mod special;
mod supervision;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::circuit::CircuitStatus;

#[path = "../../../mtp/src/wire_capture.rs"]
mod wire_capture;

/// The ladders of a group, and what crossed the line in them.
#[derive(Default)]
struct Group(String, Vec<(Duration, Vec<u8>)>);

/// Compares the ladders of a group with the reviewed ones, and keeps their capture.
macro_rules! reviewed {
    ($group:expr) => {
        $group.write(wire_capture::this_function!());
        insta::assert_snapshot!($group.ladder());
    };
}

use reviewed;

impl Group {
    /// Plays one case between exchanges whose circuits are idle.
    fn case(&mut self, title: &str, play: impl FnOnce(&mut World)) {
        self.case_in(World::new(), title, play);
    }

    /// Plays one case in a world of its own.
    fn case_in(&mut self, mut world: World, title: &str, play: impl FnOnce(&mut World)) {
        world.ladder.clear();
        world.crossed.clear();
        let start = world.now;
        play(&mut world);
        world.settle();
        for (at, transfer) in &world.crossed {
            let at = at.saturating_duration_since(start);
            self.1.push((at, octets(transfer)));
        }
        writeln!(self.0, "-- {title}").unwrap();
        for (at, end, text) in &world.ladder {
            let ms = at.saturating_duration_since(start).as_millis();
            let indent = if *end == End::A { 0 } else { 40 };
            writeln!(self.0, "{ms:>8} {:indent$}{end:?} {text}", "").unwrap();
        }
        for end in End::BOTH {
            for circuit in world.node(end).circuits().collect::<Vec<_>>() {
                let view = world.view(end, circuit.0);
                let idle = view.state == "Idle" && view.timers.is_empty();
                if !idle || view.status != CircuitStatus::default() {
                    writeln!(self.0, "       = {end:?} {}", rest(&view)).unwrap();
                }
            }
        }
    }

    fn write(&self, function: &str) {
        wire_capture::write(function, wire_capture::LinkType::Mtp3, &self.1);
    }

    fn ladder(self) -> String {
        self.0
    }
}

/// The message of level 3 that a transfer is.
fn octets(transfer: &Transfer) -> Vec<u8> {
    let sio = mtp::ServiceInformation {
        network_indicator: mtp::NetworkIndicator::National,
        priority: 0,
        service: transfer.si,
    };
    let label = mtp::RoutingLabel {
        dpc: transfer.dpc,
        opc: transfer.opc,
        sls: transfer.sls,
    };
    let body = transfer.sif.clone();
    let message = mtp::Message { sio, label, body };
    message.encode(mtp::Standard::Itu).to_vec()
}

/// A circuit that is not simply idle at the end.
fn rest(view: &CircuitView) -> String {
    let mut text = format!("{} {}", view.id, view.state);
    let status = view.status;
    for (on, what) in [
        (status.local_maintenance, "blocked here"),
        (status.local_hardware, "blocked here for hardware"),
        (status.remote_maintenance, "blocked there"),
        (status.remote_hardware, "blocked there for hardware"),
        (status.unequipped, "not equipped there"),
    ] {
        if on {
            text += &format!(", {what}");
        }
    }
    for running in &view.timers {
        text += &format!(", {} runs", running.timer);
    }
    text
}

impl World {
    /// A heading inside a case.
    fn then(&mut self, end: End, what: &str) {
        self.ladder.push((self.now, end, format!("({what})")));
    }

    fn ask(&mut self, end: End, circuit: u32, request: Request) {
        self.request(end, circuit, request);
        self.settle();
    }

    fn ask_group(
        &mut self,
        end: End,
        circuits: core::ops::RangeInclusive<u32>,
        asked: GroupRequest,
    ) {
        let circuits: Vec<CircuitId> = circuits.map(CircuitId).collect();
        let now = self.now;
        self.node(end).request_group(now, &circuits, asked);
        self.drain();
        self.settle();
    }

    fn alarm(&mut self, end: End, circuits: core::ops::RangeInclusive<u32>, on: bool) {
        let circuits: Vec<CircuitId> = circuits.map(CircuitId).collect();
        let now = self.now;
        self.node(end).handle_alarm(now, &circuits, on);
        self.drain();
        self.settle();
    }
}

/// Cases of Q.784.1 that have no ladder here, and why. `n.n.*` stands for all of a group.
const NOT_PLAYED: [(&str, &str); 4] = [
    (
        "2.4.4",
        "a transit exchange adds its own delay: call control does, `the_circuits_add_their_own_to_the_propagation_delay` of the gateway",
    ),
    (
        "2.4.5",
        "a transit exchange adds its own delay: call control does, `the_circuits_add_their_own_to_the_propagation_delay` of the gateway",
    ),
    (
        "7.3.*",
        "multirate calls: one circuit carries a call; call control releases an IAM for more with 65",
    ),
    (
        "7.4.*",
        "N x 64 kbit/s calls: one circuit carries a call; call control releases an IAM for more with 65",
    ),
];

/// The cases of Q.784.1 by number, as far as their titles are known to the public.
const CASES: [&str; 100] = [
    "1.1", "1.2.1", "1.2.2", "1.2.3", "1.2.4", "1.2.5a", "1.2.5b", "1.2.5c", "1.2.6", "1.2.7",
    "1.3.1.1a", "1.3.1.1b", "1.3.1.1c", "1.3.1.1d", "1.3.1.1e", "1.3.1.1f", "1.3.1.2a", "1.3.1.2b",
    "1.3.2.1", "1.3.2.2", "1.3.2.3", "1.3.2.4", "1.3.2.5", "1.4.1", "1.4.2", "1.4.3", "1.4.4",
    "1.4.5", "1.5.1", "1.5.2", "1.5.3", "1.6.1", "1.6.2", "1.6.3", "1.7.1", "1.7.2", "1.7.3",
    "2.1.1", "2.1.2", "2.2.1", "2.2.2", "2.3.1", "2.3.2", "2.3.3", "2.3.4", "2.3.5", "2.3.6",
    "2.4.1", "2.4.2", "2.4.3", "2.4.4", "2.4.5", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7",
    "3.8", "4.1", "5.1", "5.2.1", "5.2.2", "5.2.3", "5.2.4", "5.2.5", "5.2.6", "5.2.7", "5.2.8",
    "5.2.9", "5.2.10", "5.2.11", "5.3.1", "5.3.2", "6.1.1", "6.1.2", "6.1.3", "6.1.4", "6.1.5",
    "6.2.1", "6.2.2", "6.2.3", "6.2.4", "6.2.5", "6.3.1", "6.4.1", "6.5.1", "6.5.2", "6.5.3",
    "6.6.1", "6.6.2", "7.1.1", "7.1.2", "7.3.*", "7.4.*", "8.1.1", "8.2.1", "9.1.1", "9.1.2",
];

/// Each case has its ladder in a reviewed file, or its reason to have none.
#[test]
fn every_case_is_played_or_says_why_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/node/tests/q784/snapshots");
    let mut played = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let headings = text.lines().filter_map(|line| line.strip_prefix("-- "));
        played.extend(headings.filter_map(|heading| heading.split(' ').next().map(str::to_owned)));
    }
    let reasons: BTreeSet<&str> = NOT_PLAYED.iter().map(|(case, _)| *case).collect();
    for case in CASES {
        // A case may have parts: 4.1a, 4.1b.
        let is_played = played.iter().any(|number| {
            let rest = number.strip_prefix(case);
            rest.is_some_and(|rest| rest.bytes().all(|octet| octet.is_ascii_lowercase()))
        });
        assert!(is_played != reasons.contains(case), "{case}");
    }
}

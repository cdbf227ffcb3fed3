//! Every order of up to four things that race, and of two or three of everything that can happen,
//! from every state: both legs always end, the peer hears one final answer at most, and the circuit
//! is released once and only while it is held.

use std::collections::BTreeSet;
use std::fmt;

use isup::circuit::{Indication as Isup, Request};

use super::events::{
    Surroundings, iam, of_hold, of_isup_to_sip, of_overlap, of_ringing, of_sip_to_isup,
};
use super::table::{reachable, short};
use crate::call::{Action, Call, Event, IsupToSip, SipToIsup};
use crate::dialplan::Digits;
use crate::interwork::profile::Fault;
use crate::sip::{self, Indication as Sip};

/// How many of everything that can happen come after each other; a call from a circuit hears more
/// kinds of things, and a third takes half a minute.
const DEPTH_FROM_SIP: usize = 3;
const DEPTH_FROM_ISUP: usize = 2;
/// How many of those that race in practice do: CANCEL, BYE, 200, REL, ANM, PRACK, UPDATE, the end
/// of a timer.
const RACE_DEPTH: usize = 4;
const FROM_SIP: &[&str] = &[
    "CANCEL",
    "BYE",
    "ACK",
    "REL",
    "Idle",
    "ANM",
    "PRACK",
    "UPDATE",
    "no PRACK",
    "no ACK",
    "Failed T7",
    "interworking timer",
    "Repeat",
];
const FROM_ISUP: &[&str] = &[
    "REL",
    "Idle",
    "BYE",
    "180",
    "183 SDP",
    "200",
    "200 of a fork",
    "486",
    "503",
    "302",
    "415",
    "UPDATE",
    "RTP",
    "T11",
    "early media timer",
    "treatment timer",
    "no response",
];

/// What led here, for a message that is written only when something is wrong.
#[derive(Clone, Copy)]
struct Way<'a>(&'a [&'static str]);

impl fmt::Display for Way<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

/// The same for an action.
struct What<'a>(&'a Action);

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&short(self.0))
    }
}

/// The circuit, as the contract of its indications has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Circuit {
    /// The call's.
    Held,
    /// REL came, or the call asked for one; Idle is due.
    Clearing,
    /// Idle, or it looks after itself.
    Parted,
}

/// The SIP session, as the contract of the endpoint has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Session {
    /// No INVITE was sent.
    None,
    /// No final response to the INVITE.
    Early,
    /// 200.
    Answered,
    /// We asked for its end: BYE, CANCEL or a refusal. The peer may still speak until then.
    Ending,
    /// It is over.
    Over,
}

/// A call, and what both layers below it know.
#[derive(Debug, Clone)]
struct Model {
    call: Call,
    circuit: Circuit,
    session: Session,
    finals: u32,
    finished: bool,
    /// Another circuit or trunk is being looked for.
    attempting: bool,
    /// An offer of ours within the call waits for its answer.
    offering: bool,
    /// INVITEs of ours without a final response.
    invites: u32,
    /// A SAM is being looked at: what the dial plan says of it comes next.
    collecting: bool,
}

impl Model {
    /// Whether the layers below can say that now.
    fn possible(&self, event: &Event) -> bool {
        if self.attempting {
            return false;
        }
        if self.collecting {
            return matches!(event, Event::Digits { .. });
        }
        match event {
            Event::Isup(Isup::Received(_) | Isup::Released(_)) => self.circuit == Circuit::Held,
            // Never after the answer (Q.764 §2.8.1).
            Event::Isup(Isup::Repeat { .. }) => {
                self.circuit == Circuit::Held && self.session == Session::Early
            }
            Event::Isup(Isup::Failed { .. }) => self.circuit != Circuit::Parted,
            Event::Isup(Isup::Idle) => self.circuit == Circuit::Clearing,
            // The first word on the digits of the IAM comes at once.
            Event::Digits { .. } => self.session == Session::None && self.circuit == Circuit::Held,
            Event::Isup(_) | Event::Exhausted(_) | Event::Unacceptable(_) => false,
            // The unit looks for it before a backward message.
            Event::Superseded => self.call.state() == "Trying",
            Event::Sip(Sip::Cancelled { .. } | Sip::Pracked { .. }) => {
                self.session == Session::Early
            }
            Event::Sip(Sip::Progress { .. } | Sip::Accepted { .. }) => {
                self.session == Session::Early
            }
            Event::Sip(Sip::Rejected { .. }) => {
                // 487 to our CANCEL.
                matches!(self.session, Session::Early | Session::Ending) && self.finals == 0
            }
            Event::Sip(Sip::Renegotiated { .. }) => {
                self.session == Session::Answered && self.offering
            }
            Event::Sip(Sip::Acknowledged { .. }) => self.session == Session::Answered,
            Event::Sip(_) => matches!(self.session, Session::Early | Session::Answered),
            Event::Expired(_) | Event::MediaCame | Event::Shutdown => true,
        }
    }

    fn step(mut self, surroundings: &Surroundings, event: Event, way: Way<'_>) -> Self {
        match &event {
            Event::Isup(Isup::Released(_)) => self.circuit = Circuit::Clearing,
            Event::Isup(Isup::Idle | Isup::Failed { .. } | Isup::Repeat { .. }) => {
                self.circuit = Circuit::Parted;
            }
            Event::Sip(Sip::Rejected { .. } | Sip::Failed { .. })
                if self.session == Session::Early && self.invites > 1 =>
            {
                self.invites -= 1;
            }
            Event::Sip(
                Sip::Cancelled { .. } | Sip::Bye { .. } | Sip::Failed { .. } | Sip::Rejected { .. },
            ) => {
                self.session = Session::Over;
                self.invites = 0;
            }
            Event::Sip(Sip::Accepted { .. }) => {
                self.session = Session::Answered;
                self.finals += 1;
            }
            Event::Sip(Sip::Renegotiated { .. }) => self.offering = false,
            _ => {}
        }
        self.attempting = false;
        self.collecting = false;
        let (call, actions) = self.call.step(&surroundings.context(), event);
        self.call = call;
        for action in &actions {
            self.act(action, way);
        }
        self
    }

    fn act(&mut self, action: &Action, way: Way<'_>) {
        let what = What(action);
        assert!(!self.finished, "{way}: {what} after the end");
        match action {
            Action::Sip(sip::Request::Accept { .. }) => {
                assert_eq!(self.session, Session::Early, "{way}: {what}");
                self.session = Session::Answered;
                self.finals += 1;
            }
            Action::Sip(sip::Request::Reject { .. } | sip::Request::Cancel { .. }) => {
                assert_eq!(self.session, Session::Early, "{way}: {what}");
                self.session = Session::Ending;
                self.finals +=
                    u32::from(matches!(action, Action::Sip(sip::Request::Reject { .. })));
            }
            Action::Sip(sip::Request::Bye { .. }) => {
                assert_eq!(self.session, Session::Answered, "{way}: {what}");
                self.session = Session::Ending;
            }
            Action::Sip(sip::Request::Progress { .. }) => {
                assert_eq!(self.session, Session::Early, "{way}: {what}");
            }
            Action::Sip(_) => {
                let alive = matches!(self.session, Session::Early | Session::Answered);
                assert!(
                    alive,
                    "{way}: {what} in a session that is {:?}",
                    self.session
                );
            }
            Action::Isup(request) => {
                assert_eq!(self.circuit, Circuit::Held, "{way}: {what}");
                if matches!(request, Request::Release(_)) {
                    self.circuit = Circuit::Clearing;
                }
            }
            Action::Collect(_) => self.collecting = true,
            Action::Attempt => {
                let may = matches!(self.session, Session::None | Session::Early | Session::Over);
                assert!(may, "{way}: {what}");
                self.session = Session::Early;
                self.invites += 1;
            }
            Action::Reattempt | Action::WithoutIsup | Action::Redirect(_) => {
                self.attempting = true;
            }
            Action::Offer { .. } => {
                assert_eq!(self.session, Session::Answered, "{way}: {what}");
                assert!(!self.offering, "{way}: {what} while another waits");
                self.offering = true;
            }
            Action::Finish => {
                self.finished = true;
                assert_eq!(self.circuit, Circuit::Parted, "{way}: {what}");
                let left = matches!(self.session, Session::Early | Session::Answered);
                assert!(
                    !left,
                    "{way}: {what} with a session that is {:?}",
                    self.session
                );
            }
            Action::Bridge(_) | Action::Start(_) | Action::Stop(_) | Action::Mark(_) => {}
        }
        assert!(self.finals <= 1, "{way}: {what} is a second final answer");
    }

    /// What the unit answers when the call asks for another circuit or trunk: one is found.
    fn found(mut self) -> Self {
        self.attempting = false;
        match self.call {
            Call::SipToIsup(_) => self.circuit = Circuit::Held,
            Call::IsupToSip(_) => {
                self.session = Session::Early;
                self.invites = self.invites.max(1);
            }
        }
        self
    }

    /// Ends everything: what has not ended by itself must end by a shutdown and the circuit's
    /// last word.
    fn close(self, surroundings: &Surroundings, way: Way<'_>) {
        let mut model = self;
        if model.collecting {
            let (digits, pass) = (Digits::TooFew, false);
            model = model.step(surroundings, Event::Digits { digits, pass }, way);
        }
        for event in [
            Event::Exhausted(Fault::NoCircuit),
            Event::Shutdown,
            Event::Isup(Isup::Idle),
        ] {
            let due = match event {
                Event::Exhausted(_) => model.attempting,
                Event::Isup(_) => model.circuit != Circuit::Parted,
                _ => true,
            };
            if due && !model.finished {
                if matches!(event, Event::Isup(_)) {
                    assert_eq!(
                        model.circuit,
                        Circuit::Clearing,
                        "{way}: nobody released the circuit"
                    );
                }
                model = model.step(surroundings, event, way);
            }
        }
        assert!(model.finished, "{way}: {} at the end", model.call.state());
        assert_eq!(model.call.state(), "Over", "{way}");
    }
}

/// Goes every way from here, and ends each of them.
fn explore(
    surroundings: &Surroundings,
    model: &Model,
    events: &[(&'static str, Event)],
    way: &mut Vec<&'static str>,
    depth: usize,
    ways: &mut usize,
) {
    *ways += 1;
    model.clone().close(surroundings, Way(way));
    if model.attempting {
        way.push("next found");
        explore(
            surroundings,
            &model.clone().found(),
            events,
            way,
            depth,
            ways,
        );
        way.pop();
        return;
    }
    if depth == 0 || model.finished {
        return;
    }
    for (name, event) in events {
        if model.possible(event) {
            way.push(name);
            let after = model.clone().step(surroundings, event.clone(), Way(way));
            explore(surroundings, &after, events, way, depth - 1, ways);
            way.pop();
        }
    }
}

/// From every state that a possible way leads to, or the first of each name: all orders of
/// `racing`, up to `depth` of them.
fn races(
    surroundings: &Surroundings,
    start: &Call,
    events: &[(&'static str, Event)],
    racing: &[(&'static str, Event)],
    depth: usize,
    one_of_a_name: bool,
) -> usize {
    let first = Model {
        call: start.clone(),
        circuit: Circuit::Held,
        session: Session::Early,
        finals: 0,
        finished: false,
        attempting: false,
        offering: false,
        invites: u32::from(start.state() == "Trying"),
        collecting: false,
    };
    let first = match start.state() {
        "Collecting" => Model {
            session: Session::None,
            ..first
        },
        _ => first,
    };
    let mut ways = 0;
    let mut names = BTreeSet::new();
    for (prefix, reached) in reachable(surroundings, start.clone(), events) {
        let mut model = first.clone();
        let possible = prefix.iter().all(|name| {
            let (_, event) = events.iter().find(|(known, _)| known == name).unwrap();
            let possible = model.possible(event);
            if possible {
                model = model
                    .clone()
                    .step(surroundings, event.clone(), Way(&prefix));
                if model.attempting {
                    model = model.clone().found();
                }
            }
            possible
        });
        if possible && (names.insert(reached.state()) || !one_of_a_name) {
            explore(
                surroundings,
                &model,
                racing,
                &mut prefix.clone(),
                depth,
                &mut ways,
            );
        }
    }
    ways
}

fn named(events: &[(&'static str, Event)], names: &[&str]) -> Vec<(&'static str, Event)> {
    for name in names {
        assert!(events.iter().any(|(known, _)| known == name), "{name}");
    }
    let chosen = events.iter().filter(|(name, _)| names.contains(name));
    chosen.cloned().collect()
}

/// All that a call can hear; some names stand in two of the lists.
fn all(lists: [Vec<(&'static str, Event)>; 3]) -> Vec<(&'static str, Event)> {
    let mut all: Vec<(&'static str, Event)> = Vec::new();
    for (name, event) in lists.into_iter().flatten() {
        if !all.iter().any(|(known, _)| *known == name) {
            all.push((name, event));
        }
    }
    all
}

fn everything(
    start: &Call,
    events: &[(&'static str, Event)],
    depth: usize,
    racing: &[&str],
) -> usize {
    let all = all([events.to_vec(), of_ringing(), of_hold()]);
    let racing = named(&all, racing);
    let mut ways = 0;
    for trunk in [
        "isup = \"optional\"\nredirect = \"notify\"",
        "ringback = \"terminal\"\nredirect = \"release\"",
    ] {
        let surroundings = Surroundings::of(trunk);
        ways += races(&surroundings, start, events, &all, depth, false);
    }
    let surroundings = Surroundings::new();
    ways + races(&surroundings, start, events, &racing, RACE_DEPTH, true)
}

#[test]
fn every_race_from_sip_ends_with_one_answer_and_a_released_circuit() {
    let mut ways = 0;
    for speaks_isup in [true, false] {
        let start = Call::SipToIsup(SipToIsup::new(speaks_isup).with_early_media_field(true));
        ways += everything(&start, &of_sip_to_isup(), DEPTH_FROM_SIP, FROM_SIP);
    }
    assert!(ways > 1_000_000, "{ways}");
}

#[test]
fn every_race_from_a_circuit_ends_with_both_legs_released() {
    let mut ways = 0;
    for interworking in [true, false] {
        let start = Call::IsupToSip(IsupToSip::new(&iam(interworking)).0);
        ways += everything(&start, &of_isup_to_sip(), DEPTH_FROM_ISUP, FROM_ISUP);
    }
    assert!(ways > 500_000, "{ways}");
}

#[test]
fn every_race_with_digits_one_after_the_other_ends_with_both_legs_released() {
    let start = Call::IsupToSip(IsupToSip::collecting(&iam(false)));
    let mut events = of_overlap();
    let further = [
        "REL",
        "Failed RSC",
        "Idle",
        "180",
        "183 SDP",
        "200",
        "486",
        "503",
        "302",
        "no response",
        "T10",
        "T35",
        "T11",
        "Shutdown",
    ];
    events.extend(named(&of_isup_to_sip(), &further));
    let surroundings = Surroundings::new();
    let racing = [
        "SAM",
        "enough digits, passed on",
        "all digits",
        "REL",
        "Idle",
        "200",
        "486",
        "no response",
        "T10",
        "T35",
    ];
    let racing = named(&events, &racing);
    let ways = races(
        &surroundings,
        &start,
        &events,
        &events,
        DEPTH_FROM_ISUP,
        false,
    ) + races(&surroundings, &start, &events, &racing, RACE_DEPTH, true);
    assert!(ways > 20_000, "{ways}");
}

/// What cannot happen does no harm either: any order of anything, from every state.
#[test]
fn nothing_that_is_heard_out_of_place_panics() {
    let surroundings = Surroundings::new();
    for (start, events) in [
        (Call::SipToIsup(SipToIsup::new(false)), of_sip_to_isup()),
        (
            Call::IsupToSip(IsupToSip::new(&iam(true)).0),
            of_isup_to_sip(),
        ),
    ] {
        let mut all = all([events.clone(), of_ringing(), of_hold()]);
        all.extend(of_overlap());
        for (_, call) in reachable(&surroundings, start, &events) {
            for (_, first) in &all {
                let (call, _) = call.clone().step(&surroundings.context(), first.clone());
                for (_, second) in &all {
                    let (after, actions) =
                        call.clone().step(&surroundings.context(), second.clone());
                    let over = call.state() == "Over";
                    assert!(!over || after.state() == "Over", "{call:?} {second:?}");
                    assert!(
                        !over
                            || actions
                                .iter()
                                .all(|action| matches!(action, Action::Bridge(_))),
                        "{call:?} {second:?}"
                    );
                }
            }
        }
    }
}

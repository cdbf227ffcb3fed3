//! Every order of everything that can happen to a call, however many come after each other: both
//! legs always end, the peer hears one final answer at most, and the circuit is released once and
//! only while it is held. CANCEL, BYE, 200, REL, ANM, PRACK, UPDATE and the end of each timer are
//! among what races; those that only the endpoint or the circuit hears race there.

use std::collections::BTreeMap;
use std::fmt;

use isup::MessageType;
use isup::circuit::{Indication as Isup, Request};

use super::events::{
    Surroundings, iam, of_hold, of_isup_to_sip, of_overlap, of_ringing, of_sip_to_isup,
};
use super::table::{reachable, short};
use crate::call::{Action, Call, Event, IsupToSip, SipToIsup};
use crate::dialplan::Digits;
use crate::interwork::profile::Fault;
use crate::sip::{self, Indication as Sip};

/// The longest orders that have to be gone through; a walk ends when nothing new is found, which is
/// later.
const RACE_DEPTH: usize = 4;
/// INVITEs of one call at the same time, in this test.
const MOST_INVITES: u32 = 3;
/// What has to be among it, whatever the lists of events become.
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

/// What led to a model, for a message that is written only when something is wrong.
#[derive(Clone, Copy)]
struct Way<'a> {
    came: &'a [(usize, &'static str)],
    at: usize,
    by: &'a str,
}

impl fmt::Display for Way<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = vec![self.by];
        let mut at = self.at;
        while at > 0 {
            let (from, by) = self.came[at];
            names.push(by);
            at = from;
        }
        names.reverse();
        f.write_str(&names.join(", "))
    }
}

/// An action, for such a message.
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
#[derive(Debug, Clone, PartialEq)]
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
    /// The name server is being asked where the next Contact is: SIP says nothing.
    seeking: bool,
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
        if self.seeking && matches!(event, Event::Sip(_) | Event::Isup(Isup::Repeat { .. })) {
            return false;
        }
        match event {
            // The unit sends so many INVITEs of one call and no more.
            Event::Isup(Isup::Received(message)) if message.message_type() == MessageType::Sam => {
                self.circuit == Circuit::Held && self.invites < MOST_INVITES
            }
            Event::Isup(Isup::Received(_) | Isup::Released(_)) => self.circuit == Circuit::Held,
            // Never after the answer (Q.764 §2.8.1).
            Event::Isup(Isup::Repeat { .. }) => {
                self.circuit == Circuit::Held && self.session == Session::Early
            }
            Event::Isup(Isup::Failed { .. }) => self.circuit != Circuit::Parted,
            Event::Isup(Isup::Idle) => self.circuit == Circuit::Clearing,
            // The first word on the digits of the IAM comes at once.
            Event::Digits { .. } => self.session == Session::None && self.circuit == Circuit::Held,
            Event::Isup(_)
            | Event::Exhausted(_)
            | Event::Refused(_)
            | Event::Unacceptable { .. } => false,
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
            Event::Announced => self.call.state() == "Treatment",
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
        if self.seeking && matches!(event, Event::Exhausted(_)) {
            self.session = Session::Over;
            self.seeking = false;
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
                self.seeking = false;
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
        self.seeking = false;
        match self.call {
            Call::SipToIsup(_) => self.circuit = Circuit::Held,
            Call::IsupToSip(_) => {
                self.session = Session::Early;
                self.invites = self.invites.max(1);
            }
        }
        self
    }

    /// Or where the next one is has to be asked first.
    fn seeks(mut self) -> Self {
        self.attempting = false;
        self.seeking = true;
        self.session = Session::Early;
        self.invites = self.invites.max(1);
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
                Event::Exhausted(_) => model.attempting || model.seeking,
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

/// Every model that possible events lead to, each gone on with once: two ways to the same model
/// have the same future, so that one of them stands for all.
struct Walk<'a> {
    surroundings: &'a Surroundings,
    events: &'a [(&'static str, Event)],
    models: Vec<Model>,
    /// Where each was first reached from, and by what.
    came: Vec<(usize, &'static str)>,
    /// How many events led there.
    depth: Vec<usize>,
    known: BTreeMap<Outline, Vec<usize>>,
    /// Pairs of a model and what may happen to it.
    steps: usize,
}

/// What two equal models have in common at least.
type Outline = (&'static str, u8, u8, u32, [bool; 4], u32);

impl Walk<'_> {
    fn of(surroundings: &Surroundings, start: &Call, events: &[(&'static str, Event)]) -> Counts {
        let first = Model {
            call: start.clone(),
            circuit: Circuit::Held,
            session: match start.state() {
                "Collecting" => Session::None,
                _ => Session::Early,
            },
            finals: 0,
            finished: false,
            attempting: false,
            offering: false,
            invites: u32::from(start.state() == "Trying"),
            seeking: false,
            collecting: false,
        };
        let mut walk = Walk {
            surroundings,
            events,
            models: Vec::new(),
            came: Vec::new(),
            depth: Vec::new(),
            known: BTreeMap::new(),
            steps: 0,
        };
        walk.add(first, 0, "");
        let mut next = 0;
        while next < walk.models.len() {
            walk.go_on(next);
            next += 1;
        }
        Counts {
            models: walk.models.len(),
            steps: walk.steps,
            depth: walk.depth.iter().copied().max().unwrap_or_default(),
        }
    }

    fn go_on(&mut self, at: usize) {
        let model = self.models[at].clone();
        let way = |by| Way {
            came: &self.came,
            at,
            by,
        };
        model.clone().close(self.surroundings, way("the end"));
        if model.finished {
            return;
        }
        let mut after = Vec::new();
        if model.attempting || model.seeking {
            after.push((model.clone().found(), "next found"));
        }
        if model.attempting && matches!(model.call, Call::IsupToSip(_)) {
            after.push((model.clone().seeks(), "asking the name server"));
        }
        for (name, event) in self.events {
            if model.possible(event) {
                let step = model
                    .clone()
                    .step(self.surroundings, event.clone(), way(name));
                after.push((step, name));
            }
        }
        self.steps += after.len();
        for (model, by) in after {
            self.add(model, at, by);
        }
    }

    fn add(&mut self, model: Model, from: usize, by: &'static str) {
        let flags = [
            model.finished,
            model.attempting || model.seeking,
            model.offering,
            model.collecting,
        ];
        let outline = (
            model.call.state(),
            model.circuit as u8,
            model.session as u8,
            model.finals,
            flags,
            model.invites,
        );
        let alike = self.known.entry(outline).or_default();
        if alike.iter().any(|known| self.models[*known] == model) {
            return;
        }
        alike.push(self.models.len());
        self.depth
            .push(self.depth.get(from).map_or(0, |depth| depth + 1));
        self.models.push(model);
        self.came.push((from, by));
    }
}

/// How much there was to go through.
#[derive(Debug)]
struct Counts {
    models: usize,
    steps: usize,
    /// Events on the shortest way to the farthest model.
    depth: usize,
}

impl Counts {
    /// That the walk was one: few models, or all of them near, would mean that it stands still.
    fn suffice(&self, name: &str) {
        let enough = self.depth > RACE_DEPTH && self.steps > 10 * self.models;
        assert!(enough, "{name}: {self:?}");
    }
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

/// Goes every way of a call, with two policies of the trunk.
fn everything(name: &str, start: &Call, events: Vec<(&'static str, Event)>, racing: &[&str]) {
    let all = all([events, of_ringing(), of_hold()]);
    for name in racing {
        assert!(all.iter().any(|(known, _)| known == name), "{name}");
    }
    for trunk in [
        "isup = \"optional\"\nredirect = \"notify\"",
        "ringback = \"terminal\"\nredirect = \"release\"",
        "announcements = { 17 = \"busy\" }",
    ] {
        let counts = Walk::of(&Surroundings::of(trunk), start, &all);
        counts.suffice(name);
    }
}

#[test]
fn every_race_from_sip_ends_with_one_answer_and_a_released_circuit() {
    for speaks_isup in [true, false] {
        let start = Call::SipToIsup(SipToIsup::new(speaks_isup).with_early_media_field(true));
        everything("from SIP", &start, of_sip_to_isup(), FROM_SIP);
    }
}

#[test]
fn every_race_from_a_circuit_ends_with_both_legs_released() {
    for interworking in [true, false] {
        let start = Call::IsupToSip(IsupToSip::new(&iam(interworking)).0);
        everything("from a circuit", &start, of_isup_to_sip(), FROM_ISUP);
    }
}

#[test]
fn every_race_with_digits_one_after_the_other_ends_with_both_legs_released() {
    let start = Call::IsupToSip(IsupToSip::collecting(&iam(false)));
    let mut events = of_overlap();
    events.extend(of_isup_to_sip());
    let counts = Walk::of(&Surroundings::new(), &start, &events);
    counts.suffice("digits");
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

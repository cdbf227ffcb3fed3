//! Every state and event of every machine of level 2, written to reviewed files.

use crate::mtp2::aerm::{self, Aerm, Threshold};
use crate::mtp2::congestion_control::{self, CongestionControl};
use crate::mtp2::initial_alignment_control::{self, InitialAlignmentControl, Phase};
use crate::mtp2::link_state_control::{self, LinkStateControl};
use crate::mtp2::processor_outage::{self, ProcessorOutage};
use crate::mtp2::reception_control::{self, ReceptionControl};
use crate::mtp2::suerm::{self, Suerm};
use crate::mtp2::transmission_control::{self, TransmissionControl, Window};
use crate::mtp2::{
    ErrorCorrection, FailureReason, Header, SignalUnit, State, Status, Thresholds, Timer,
};

use crate::state_table::{labelled_table, table};

fn flags(list: &[(bool, &str)]) -> String {
    let set: Vec<&str> = list
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, name)| *name)
        .collect();
    if set.is_empty() {
        String::new()
    } else {
        format!(" [{}]", set.join(", "))
    }
}

const STATUSES: [Status; 6] = [
    Status::Sio,
    Status::Sin,
    Status::Sie,
    Status::Sios,
    Status::Sipo,
    Status::Sib,
];

#[test]
fn link_state_control() {
    use link_state_control::Event;
    let plain = |state| LinkStateControl {
        state,
        ..LinkStateControl::default()
    };
    let states = [
        plain(State::PowerOff),
        plain(State::OutOfService),
        LinkStateControl {
            emergency: true,
            ..plain(State::OutOfService)
        },
        plain(State::InitialAlignment),
        LinkStateControl {
            local_processor_outage: true,
            ..plain(State::InitialAlignment)
        },
        plain(State::AlignedReady),
        LinkStateControl {
            local_processor_outage: true,
            ..plain(State::AlignedNotReady)
        },
        plain(State::InService),
        plain(State::ProcessorOutage),
        LinkStateControl {
            local_processor_outage: true,
            ..plain(State::ProcessorOutage)
        },
    ];
    let mut events = vec![
        Event::PowerOn,
        Event::Start,
        Event::Stop,
        Event::Emergency,
        Event::EmergencyCeases,
        Event::LocalProcessorOutage,
        Event::LocalProcessorRecovered,
        Event::AlignmentComplete,
        Event::AlignmentNotPossible,
        Event::LinkFailure(FailureReason::ErrorRate),
        Event::FisuMsuReceived,
    ];
    events.extend(STATUSES.map(Event::Received));
    events.extend([Event::NoProcessorOutage, Event::T1Expired]);
    let name = |s: &LinkStateControl| {
        let flags = flags(&[
            (s.emergency, "emergency"),
            (s.local_processor_outage, "local outage"),
        ]);
        format!("{}{flags}", s.state)
    };
    insta::assert_snapshot!(table(&states, &events, name, LinkStateControl::step));
}

#[test]
fn initial_alignment_control() {
    use initial_alignment_control::Event;
    let plain = |phase| InitialAlignmentControl {
        phase,
        ..InitialAlignmentControl::default()
    };
    let proving = plain(Phase::Proving);
    let states = [
        plain(Phase::Idle),
        plain(Phase::NotAligned),
        InitialAlignmentControl {
            emergency: true,
            ..plain(Phase::NotAligned)
        },
        plain(Phase::Aligned),
        InitialAlignmentControl {
            short: true,
            ..plain(Phase::Aligned)
        },
        proving,
        InitialAlignmentControl {
            short: true,
            ..proving
        },
        InitialAlignmentControl {
            further_proving: true,
            failed: 3,
            ..proving
        },
        InitialAlignmentControl {
            further_proving: true,
            failed: 4,
            ..proving
        },
    ];
    let mut events = vec![Event::Start, Event::Stop, Event::Emergency];
    events.extend(STATUSES.map(Event::Received));
    events.extend([
        Event::CorrectSu,
        Event::AbortProving,
        Event::T2Expired,
        Event::T3Expired,
        Event::T4Expired,
    ]);
    let name = |s: &InitialAlignmentControl| {
        let failed = format!("failed {}", s.failed);
        let flags = flags(&[
            (s.emergency, "emergency"),
            (s.short, "emergency proving"),
            (s.further_proving, "further proving"),
            (s.failed > 0, &failed),
        ]);
        format!("{:?}{flags}", s.phase)
    };
    insta::assert_snapshot!(table(&states, &events, name, InitialAlignmentControl::step));
}

#[test]
fn processor_outage() {
    use ProcessorOutage as P;
    use processor_outage::Event as E;
    let states = [P::Idle, P::Local, P::Remote, P::Both];
    let events = [
        E::LocalProcessorOutage,
        E::LocalProcessorRecovered,
        E::RemoteProcessorOutage,
        E::RemoteProcessorRecovered,
        E::Stop,
    ];
    insta::assert_snapshot!(table(&states, &events, |s| format!("{s:?}"), P::step));
}

#[test]
fn congestion_control() {
    use CongestionControl as C;
    use congestion_control::Event as E;
    let events = [E::Onset, E::Abatement, E::T5Expired];
    let states = [C::Idle, C::Busy];
    insta::assert_snapshot!(table(&states, &events, |s| format!("{s:?}"), C::step));
}

#[test]
fn error_rate_monitors() {
    let states = [
        Aerm::default(),
        Aerm {
            threshold: Threshold::Normal,
            errors: Some(2),
        },
        Aerm {
            threshold: Threshold::Normal,
            errors: Some(3),
        },
        Aerm {
            threshold: Threshold::Emergency,
            errors: Some(0),
        },
    ];
    let events = [
        aerm::Event::Order(aerm::Order::SetThreshold(Threshold::Emergency)),
        aerm::Event::Order(aerm::Order::Start),
        aerm::Event::Order(aerm::Order::Stop),
        aerm::Event::Errored(1),
    ];
    let name = |s: &Aerm| format!("AERM {:?} {:?}", s.threshold, s.errors);
    let mut text = table(&states, &events, name, Aerm::step);
    let states = [
        Suerm::Idle,
        Suerm::InService {
            errors: 0,
            signal_units: 0,
        },
        Suerm::InService {
            errors: 10,
            signal_units: 255,
        },
        Suerm::InService {
            errors: 63,
            signal_units: 100,
        },
    ];
    let events = [
        suerm::Event::Order(suerm::Order::Start),
        suerm::Event::Order(suerm::Order::Stop),
        suerm::Event::Correct(1),
        suerm::Event::Errored(1),
        suerm::Event::Errored(u32::MAX),
    ];
    text += &table(&states, &events, |s| format!("SUERM {s:?}"), Suerm::step);
    insta::assert_snapshot!(text);
}

#[test]
fn reception_control() {
    use reception_control::{Event, Order};
    let step = |state: ReceptionControl, event| state.step(event);
    let run = |events: &[Event]| {
        events
            .iter()
            .cloned()
            .fold(ReceptionControl::default(), |state, event| {
                step(state, event).0
            })
    };
    let window = Window {
        acknowledged: 127,
        sent: 3,
    };
    let header = |bsn, fsn, fib| Header {
        bsn,
        bib: true,
        fsn,
        fib,
    };
    let fisu = |bsn, fsn, fib| Event::SignalUnit(SignalUnit::Fisu(header(bsn, fsn, fib)), window);
    let msu = |bsn, fsn, fib| {
        let message = bytes::Bytes::from_static(b"SIO");
        Event::SignalUnit(SignalUnit::Msu(header(bsn, fsn, fib), message), window)
    };
    let in_service = [
        Event::Order(Order::Start),
        Event::Order(Order::AcceptMsuFisu),
        msu(127, 0, true),
    ];
    let with = |last: &[Event]| run(&[&in_service[..], last].concat());
    let states = [
        ("stopped", run(&[])),
        ("started, not accepting", run(&[Event::Order(Order::Start)])),
        ("in service, 0 accepted", with(&[])),
        ("retransmission awaited after 0", with(&[msu(127, 2, true)])),
        ("one abnormal BSN", with(&[fisu(9, 0, true)])),
        (
            "one abnormal BSN, then a normal one",
            with(&[fisu(9, 0, true), fisu(0, 0, true)]),
        ),
        ("one abnormal FIB", with(&[fisu(0, 0, false)])),
        ("congested", with(&[Event::Order(Order::CongestionDiscard)])),
    ];
    let events = [
        Event::SignalUnit(
            SignalUnit::Lssu(header(127, 127, true), Status::Sios),
            window,
        ),
        Event::SignalUnit(
            SignalUnit::Lssu(header(127, 127, true), Status::Sib),
            window,
        ),
        fisu(3, 0, true),
        fisu(3, 1, true),
        fisu(3, 0, false),
        fisu(4, 0, true),
        msu(3, 0, true),
        msu(3, 1, true),
        msu(3, 1, false),
        msu(3, 2, true),
    ];
    let only: Vec<ReceptionControl> = states.iter().map(|(_, state)| *state).collect();
    let name = |s: &ReceptionControl| {
        let known = states.iter().find(|(_, state)| state == s);
        known.map_or_else(|| s.to_string(), |(name, _)| format!("{name}: {s}"))
    };
    let label = |event: &Event| match event {
        Event::Order(order) => format!("{order:?}"),
        Event::SignalUnit(unit, _) => {
            let (what, header) = match unit {
                SignalUnit::Fisu(header) => ("FISU".to_owned(), header),
                SignalUnit::Lssu(header, status) => (format!("{status:?}"), header),
                SignalUnit::Msu(header, _) => ("MSU".to_owned(), header),
            };
            format!(
                "{what} BSN {} FSN {} FIB {}",
                header.bsn,
                header.fsn,
                u8::from(header.fib)
            )
        }
    };
    insta::assert_snapshot!(labelled_table(&only, &events, name, label, step));
}

#[test]
fn transmission_control() {
    use transmission_control::{Action, Event, Send};
    let message = || Event::Message(bytes::Bytes::from_static(b"SIO and SIF"));
    let line = Event::TransmissionRequest { room: true };
    let in_service = [
        Event::Start,
        Event::Send(Send::Fisu),
        line.clone(),
        Event::Send(Send::Msu),
    ];
    let run = |method, events: &[Event]| {
        events
            .iter()
            .cloned()
            .fold(TransmissionControl::new(method), |state, event| {
                state.step(event).0
            })
    };
    let basic = |last: &[Event]| run(ErrorCorrection::Basic, &[&in_service[..], last].concat());
    let preventive = |n1, last: &[Event]| {
        let method = ErrorCorrection::Preventive(Thresholds { n1, n2: 1_000 });
        run(method, &[&in_service[..], last].concat())
    };
    let sent = |count: usize| -> Vec<Event> {
        let one = [message(), line.clone()];
        one.into_iter().cycle().take(2 * count).collect()
    };
    let then = |mut first: Vec<Event>, last: Event| {
        first.push(last);
        first
    };
    let back = |bsn, bib| Event::Backward { bsn, bib };
    let states = [
        ("sending SIOS", run(ErrorCorrection::Basic, &[])),
        (
            "sending FISUs",
            run(ErrorCorrection::Basic, &in_service[..3]),
        ),
        ("in service, nothing to send", basic(&[])),
        ("one message waits", basic(&[message()])),
        ("0 and 1 are unacknowledged", basic(&sent(2))),
        (
            "0 and 1 are to be sent again",
            basic(&then(sent(2), back(127, false))),
        ),
        (
            "1 is to be sent again, one waits",
            basic(&[sent(2), vec![back(127, false), line.clone(), message()]].concat()),
        ),
        (
            "0 is unacknowledged, the far end is congested",
            basic(&then(sent(1), Event::SibReceived)),
        ),
        ("SIB is due", basic(&[Event::SendSib])),
        (
            "0 and 1 are to be given up, one waits",
            basic(&[sent(2), vec![Event::FlushUnacknowledged, message()]].concat()),
        ),
        (
            "127 messages are unacknowledged, one waits",
            basic(&then(sent(127), message())),
        ),
        (
            "preventive: 0 and 1 are unacknowledged",
            preventive(127, &sent(2)),
        ),
        (
            "preventive: 0 and 1 are unacknowledged, one waits",
            preventive(127, &then(sent(2), message())),
        ),
        (
            "preventive: N1 is reached by 0 and 1, one waits",
            preventive(2, &then(sent(2), message())),
        ),
    ];
    let events = [
        Event::Start,
        Event::Send(Send::Lssu(Status::Sipo)),
        Event::Send(Send::Fisu),
        Event::Send(Send::Msu),
        Event::SendSib,
        message(),
        back(127, true),
        back(127, false),
        back(0, true),
        back(1, false),
        back(9, true),
        Event::Acknowledge { bsn: 3 },
        Event::NegativeAcknowledge { bib: false },
        Event::SibReceived,
        Event::TransmissionRequest { room: true },
        Event::TransmissionRequest { room: false },
        Event::Flush,
        Event::FlushUnacknowledged,
        Event::FlushWaiting,
        Event::T6Expired,
        Event::T7Expired,
    ];
    let only: Vec<TransmissionControl> = states.iter().map(|(_, state)| state.clone()).collect();
    let name = |s: &TransmissionControl| {
        let known = states.iter().find(|(_, state)| state == s);
        known.map_or_else(
            || {
                let Window { acknowledged, sent } = s.window();
                let waiting = s.waiting();
                format!("acknowledged {acknowledged}, sent {sent}, {waiting} waiting")
            },
            |(name, _)| (*name).to_owned(),
        )
    };
    let label = |event: &Event| match event {
        Event::Message(_) => "Message".to_owned(),
        Event::Backward { bsn, bib } => format!("BSN {bsn} BIB {}", u8::from(*bib)),
        event => format!("{event:?}"),
    };
    /// An action in words.
    struct Words(String);
    impl std::fmt::Debug for Words {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&self.0)
        }
    }
    let words = |action: Action| {
        Words(match action {
            Action::Transmit { unit, again, .. } => {
                let (kind, header) = match SignalUnit::parse(&unit).unwrap() {
                    SignalUnit::Fisu(header) => ("FISU".to_owned(), header),
                    SignalUnit::Lssu(header, status) => (format!("{status:?}"), header),
                    SignalUnit::Msu(header, _) => ("MSU".to_owned(), header),
                };
                let again = if again { " again" } else { "" };
                let bits = (u8::from(header.bib), u8::from(header.fib));
                format!(
                    "{kind} BSN {}/{} FSN {}/{}{again}",
                    header.bsn, bits.0, header.fsn, bits.1
                )
            }
            Action::Start(timer @ (Timer::T6 | Timer::T7)) => format!("start {timer}"),
            action => format!("{action:?}"),
        })
    };
    let step = |state: TransmissionControl, event| {
        let (next, actions) = state.step(event);
        (next, actions.into_iter().map(words).collect())
    };
    insta::assert_snapshot!(labelled_table(&only, &events, name, label, step));
}

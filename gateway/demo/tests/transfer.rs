//! The SIP user joins two subscribers of the exchange, and they go on without it: what each says is
//! heard by the other through two bridges of the gateway, whose RTP goes from one of its ports to
//! another.

use std::sync::Arc;
use std::time::Duration;

use isup::CircuitId;
use lab::audio::{Heard, Play};
use lab::exchange::{CallEvent, Party};
use lab::network::NetworkConfig;
use lab::sip_peer::{Answering, CallId, CallState, Invitation, Role};
use media_bridge::Digit;
use media_bridge::level::Dbm0;
use media_bridge::tone::ToneProgram;

use super::{base, places};
use crate::cdr::CallRecord;
use crate::demo::real_time::{Line, Live};
use crate::demo::scenario;
use crate::demo::settings::{self, numbers};
use crate::demo::stage::{Stage, pass, until};
use crate::demo::virtual_time::World;
use crate::recorder;

const SOON: Duration = Duration::from_secs(15);

/// The user may transfer its calls.
fn transfers(text: &mut String) {
    *text = text.replace(
        "reliable = \"supported\"",
        "reliable = \"supported\"\ntransfer = true",
    );
}

fn world(network: NetworkConfig) -> World {
    let places = places();
    let mut source = settings::gateway(&places);
    transfers(&mut source.text);
    let config = settings::gateway_config(&source).unwrap();
    let lab = settings::lab_config().unwrap();
    World::with(base(), network, &source, config, &lab, &places).unwrap()
}

/// The user's latest call in this role that is not over.
fn call_of(stage: &mut impl Stage, role: Role) -> Option<CallId> {
    let calls = stage.user().sip().calls();
    calls
        .filter(|(_, of, state)| *of == role && *state != CallState::Terminated)
        .map(|(call, ..)| call)
        .last()
}

fn reaches(stage: &mut impl Stage, call: CallId, state: CallState) {
    let so = until(stage, SOON, |stage| {
        stage.user().sip().state(call) == Some(state)
    });
    let calls: Vec<_> = stage.user().sip().calls().collect();
    assert!(so.unwrap(), "{call:?} is not {state:?}: {calls:?}");
}

/// A subscriber calls the user, who answers.
fn is_called(stage: &mut impl Stage) -> (CallId, CircuitId) {
    stage.user().sip_mut().set_answering(Answering {
        ring_after: Duration::from_millis(100),
        ring_status: 180,
        answer_after: Some(Duration::from_millis(500)),
        ..Answering::default()
    });
    let place = |now, exchange: &mut lab::exchange::Exchange| {
        exchange.place_call(now, numbers::CALLER, numbers::SIP_USER)
    };
    let circuit = stage.exchange(place).unwrap();
    until(stage, SOON, |stage| call_of(stage, Role::Called).is_some()).unwrap();
    let call = call_of(stage, Role::Called).expect("an INVITE");
    reaches(stage, call, CallState::Confirmed);
    (call, circuit)
}

/// The user calls a subscriber, who answers.
fn calls(stage: &mut impl Stage) -> CallId {
    let now = stage.now();
    let host = stage.user().sip().config().remote;
    let to = format!("sip:{}@{host};user=phone", numbers::ECHO);
    let call = stage.user().sip_mut().call(now, Invitation::new(&to));
    let call = call.unwrap();
    reaches(stage, call, CallState::Confirmed);
    call
}

fn refers(stage: &mut impl Stage, call: CallId, replaces: Option<CallId>) {
    let now = stage.now();
    let sip = stage.user().sip_mut();
    let host = sip.config().remote;
    let mut to = format!("sip:{}@{host}", numbers::ECHO);
    if let Some(other) = replaces {
        to.push_str(&format!("?Replaces={}", sip.replaces(other).unwrap()));
    }
    sip.refer(now, call, &to).unwrap();
    reaches(stage, call, CallState::Terminated);
}

/// The circuit of the call that came to the exchange.
fn called(stage: &mut impl Stage, other: CircuitId) -> CircuitId {
    let calls = |_, exchange: &mut lab::exchange::Exchange| {
        let mut calls = exchange.calls().map(|(circuit, ..)| circuit);
        calls.find(|circuit| *circuit != other)
    };
    stage.exchange(calls).expect("two calls")
}

fn tone(hertz: f32) -> Play {
    Play::Tone(Arc::new(ToneProgram::steady(hertz, Dbm0(-13.0)).unwrap()))
}

fn heard(stage: &mut impl Stage, circuit: CircuitId, from: usize) -> Vec<Heard> {
    let events = stage.seen().exchange.iter().skip(from);
    events
        .filter(|event| event.circuit == Some(circuit))
        .filter_map(|event| event.heard().cloned())
        .collect()
}

/// The single tone that is heard on a circuit: hertz and dBm0.
fn steady(stage: &mut impl Stage, circuit: CircuitId, from: usize) -> Option<(f64, f64)> {
    let heard = heard(stage, circuit, from).into_iter();
    let mut tones = heard.filter_map(|heard| match heard {
        Heard::Tones { tones, level, .. } => Some((tones, f64::from(level.0))),
        _ => None,
    });
    let (tones, level) = tones.next_back()?;
    match tones.as_slice() {
        [tone] => Some((tone.frequency, level)),
        _ => None,
    }
}

/// A tone of its own each way, then digits each way.
fn talk(stage: &mut impl Stage, circuits: [CircuitId; 2]) {
    let [first, second] = circuits;
    let said = [(first, 800.0), (second, 1300.0)];
    for (circuit, hertz) in said {
        let play = |_, exchange: &mut lab::exchange::Exchange| exchange.play(circuit, tone(hertz));
        stage.exchange(play).unwrap();
    }
    pass(stage, Duration::from_secs(1)).unwrap();
    let from = stage.seen().exchange.len();
    // A change of tone is what an ear tells.
    for (circuit, hertz) in said {
        let play =
            |_, exchange: &mut lab::exchange::Exchange| exchange.play(circuit, tone(hertz + 100.0));
        stage.exchange(play).unwrap();
    }
    pass(stage, Duration::from_secs(2)).unwrap();
    for (circuit, expected) in [(first, 1400.0_f64), (second, 900.0)] {
        let Some((hertz, level)) = steady(stage, circuit, from) else {
            panic!("no tone on {circuit:?}: {:?}", heard(stage, circuit, from));
        };
        assert!((hertz - expected).abs() < 2.0, "{hertz} Hz on {circuit:?}");
        assert!((level + 13.0).abs() < 0.5, "{level} dBm0 on {circuit:?}");
    }
    for (circuit, other, digits) in [(first, second, "159"), (second, first, "357#")] {
        let from = stage.seen().exchange.len();
        let dialled: Vec<Digit> = digits.chars().filter_map(Digit::from_char).collect();
        assert_eq!(dialled.len(), digits.len());
        let dial = |_, exchange: &mut lab::exchange::Exchange| {
            for circuit in circuits {
                exchange.play(circuit, Play::Idle)?;
            }
            exchange.dial(circuit, &dialled)
        };
        stage.exchange(dial).unwrap();
        pass(stage, Duration::from_secs(3)).unwrap();
        let came: Vec<Digit> = heard(stage, other, from)
            .iter()
            .filter_map(|heard| match heard {
                Heard::Digit { digit, .. } => Some(*digit),
                _ => None,
            })
            .collect();
        assert_eq!(came, dialled);
    }
}

/// One subscriber hangs up: the other hears why, nothing is left, and each call has its record.
fn clear(stage: &mut impl Stage, [from, other]: [CircuitId; 2], seen: usize) -> Vec<CallRecord> {
    let release = |now, exchange: &mut lab::exchange::Exchange| exchange.release(now, from, 31);
    stage.exchange(release).unwrap();
    until(stage, SOON, |stage| {
        stage.exchange(|_, exchange| exchange.all_idle()) && stage.seen().records.len() >= seen + 2
    })
    .unwrap();
    let released = stage.seen().exchange.iter().rev().find_map(|event| {
        let is_it = event.circuit == Some(other);
        event
            .call()
            .filter(|call| is_it && matches!(call, CallEvent::Released { .. }))
            .cloned()
    });
    let by = Party::FarEnd;
    let cause = Some(31);
    assert_eq!(released, Some(CallEvent::Released { cause, by }));
    assert!(stage.exchange(|_, exchange| exchange.all_idle()));
    pass(stage, Duration::from_secs(1)).unwrap();
    let held = stage.gateway(|iwu| iwu.occupancy()).unwrap();
    assert_eq!(
        (held.calls, held.circuits, held.bridges),
        (0, 0, 0),
        "{held:?}"
    );
    assert_eq!(
        (held.dialogs, held.rtp_ports, held.records),
        (0, 0, 0),
        "{held:?}"
    );
    let faults: Vec<_> = stage.user().sip().faults().map(str::to_owned).collect();
    assert!(faults.is_empty(), "{faults:?}");
    let records = stage.seen().records.iter().skip(seen).cloned();
    records.collect()
}

/// What both bridges have counted: every packet of one is one that the other has heard.
fn nothing_was_lost(records: &[CallRecord]) {
    let [one, other] = records else {
        panic!("{} records", records.len());
    };
    for (from, to) in [(one, other), (other, one)] {
        assert_eq!(from.cause, Some(31));
        let (sent, received) = (from.media.unwrap(), to.media.unwrap());
        assert!(sent.packets_sent > 0 && received.packets_received > 0);
        assert_eq!(received.packets_lost, 0, "{received:?}");
    }
}

fn a_caller_is_referred(stage: &mut impl Stage) -> Vec<CallRecord> {
    assert!(scenario::in_service(stage).unwrap());
    let seen = stage.seen().records.len();
    let (call, first) = is_called(stage);
    refers(stage, call, None);
    let second = called(stage, first);
    talk(stage, [first, second]);
    clear(stage, [second, first], seen)
}

#[test]
fn a_caller_that_is_referred_talks_to_a_subscriber() {
    let mut world = world(NetworkConfig::default());
    let records = a_caller_is_referred(&mut world);
    nothing_was_lost(&records);
    let recording = world.recording();
    let replayed = recorder::replay(recording.as_slice(), base()).unwrap();
    assert!(
        replayed.inputs > 100 && replayed.outputs > 100,
        "{replayed:?}"
    );
}

#[test]
fn two_calls_of_the_user_become_one() {
    let mut world = world(NetworkConfig::default());
    assert!(scenario::in_service(&mut world).unwrap());
    let (one, first) = is_called(&mut world);
    let other = calls(&mut world);
    let second = called(&mut world, first);
    refers(&mut world, one, Some(other));
    reaches(&mut world, other, CallState::Terminated);
    talk(&mut world, [first, second]);
    nothing_was_lost(&clear(&mut world, [first, second], 0));
    let recording = world.recording();
    recorder::replay(recording.as_slice(), base()).unwrap();
}

/// A span that fails takes both calls along.
#[test]
fn a_line_that_fails_ends_both_joined_calls() {
    let mut world = world(NetworkConfig::default());
    assert!(scenario::in_service(&mut world).unwrap());
    let (call, _) = is_called(&mut world);
    refers(&mut world, call, None);
    let alarm = tdm::SpanEvent::Alarm {
        alarm: tdm::Alarm::Los,
        on: true,
    };
    let input = crate::iwu::Input::Span(tdm::SpanId(0), alarm);
    world.input(input).unwrap();
    until(&mut world, SOON, |stage| stage.seen().records.len() == 2).unwrap();
    let held = world.iwu().occupancy();
    assert_eq!(
        (held.calls, held.bridges, held.dialogs),
        (0, 0, 0),
        "{held:?}"
    );
}

/// The same over sockets and threads of the gateway: what one bridge sends to the gateway's own
/// address comes back to the other.
#[test]
fn a_caller_that_is_referred_talks_to_a_subscriber_in_real_time() {
    let folder = std::env::temp_dir().join(format!("isthmus-transfer-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut live = Live::start_with(&folder, Line::emulated(), transfers).unwrap();
    let records = a_caller_is_referred(&mut live);
    assert_eq!(records.len(), 2);
    live.stop();
    let recording = std::fs::File::open(folder.join("recording.jsonl")).unwrap();
    recorder::replay(std::io::BufReader::new(recording), base()).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

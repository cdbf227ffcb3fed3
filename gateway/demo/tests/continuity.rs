//! Continuity checks through two whole gateways, and between a gateway and the lab's exchange: the
//! tone crosses the emulated line, octet by octet (Q.764 §2.1.8).

use std::time::Duration;

use lab::exchange::{CallEvent, ExchangeEvent, ExchangeEventKind};
use lab::network::NetworkConfig;
use lab::sip_peer::{CallState, Invitation};

use super::two_gateways::{Pair, Side};
use super::{World, base, places};
use crate::capture::wire;
use crate::cdr::CallRecord;
use crate::config::Standard;
use crate::demo::check::{Check, Report};
use crate::demo::scenario;
use crate::demo::settings::{self, numbers};
use crate::demo::stage::{self, Stage};
use crate::ladder::{Columns, Trace, What, draw};

const CHECKED: &str = "continuity_check = \"always\"";

fn pair(timeslots: &str) -> Pair {
    let mut pair = Pair::with(base(), NetworkConfig::default(), (timeslots, CHECKED));
    pair.rest(Duration::from_secs(40)).unwrap();
    for side in &mut pair.sides {
        side.traces.clear();
    }
    pair
}

/// The first gateway's user calls that of the second one.
fn call(pair: &mut Pair) {
    let now = pair.now;
    let [near, _] = &mut pair.sides;
    let to = format!(
        "sip:{}@{};user=phone",
        numbers::SIP_USER,
        near.user.config().remote
    );
    let mut invitation = Invitation::new(&to);
    invitation.hang_up_after = Some(Duration::from_secs(2));
    near.user.call(now, invitation).unwrap();
}

fn until(pair: &mut Pair, seconds: u64, done: impl Fn(&Pair) -> bool) {
    let end = pair.now + Duration::from_secs(seconds);
    while !done(pair) {
        assert!(pair.now < end, "{}", ladder(&pair.sides[0], |_| true));
        pair.turn();
    }
}

fn confirmed(pair: &Pair) -> bool {
    let mut calls = pair.sides[0].user.calls();
    calls.any(|(.., state)| state == CallState::Confirmed)
}

fn ladder(side: &Side, which: impl Fn(&What) -> bool) -> String {
    let rungs = side.traces.iter().filter(|trace| which(&trace.what));
    draw(&rungs.cloned().collect::<Vec<Trace>>(), &Columns::default())
}

/// One for each ladder, by the name of its file.
fn leave_captures(name: &str, pair: Pair) {
    for (side, ending) in pair.sides.into_iter().zip(["", "_far"]) {
        side.wire.end(Standard::Itu);
        wire::write(&format!("isthmus__demo__tests__continuity__{name}{ending}"));
    }
}

/// ISUP, its timers, tones and loops.
fn of_circuits(what: &What) -> bool {
    match what {
        What::Isup { .. } => true,
        What::Timer(text) => ["T8", "T24", "T25", "T26", "T27", "T36"]
            .iter()
            .any(|timer| text.starts_with(&format!("{timer} "))),
        What::Media(text) => text.contains("tone") || text.contains("loop"),
        _ => false,
    }
}

fn talked(record: &CallRecord) -> bool {
    record.answer.is_some() && record.media.is_some_and(|media| media.packets_sent > 50)
}

#[test]
fn a_call_goes_on_when_its_check_tone_comes_back() {
    let mut pair = pair("1-10");
    call(&mut pair);
    until(&mut pair, 5, confirmed);
    pair.rest(Duration::from_secs(40)).unwrap();
    let [near, far] = &pair.sides;
    assert!(talked(&near.records[0]), "{:#?}", near.records);
    assert!(talked(&far.records[0]), "{:#?}", far.records);
    insta::assert_snapshot!("check_passes", ladder(near, of_circuits));
    insta::assert_snapshot!("check_passes_far", ladder(far, of_circuits));
    leave_captures("check_passes", pair);
}

/// The first circuit is all noise: the call goes by another, the circuit is checked again until it
/// is good, and then serves.
#[test]
fn a_circuit_that_fails_its_check_is_left_and_checked_again() {
    let mut pair = pair("1-10");
    let (_, first) = crate::trunk_group::first_hunted(
        &settings::gateway_config(&settings::gateway(&places())).unwrap(),
        &settings::gateway_config(&settings::gateway(&places()))
            .unwrap()
            .trunk_groups[0],
    )
    .unwrap();
    pair.timeslots.set(usize::from(first), true);
    call(&mut pair);
    until(&mut pair, 8, confirmed);
    // The call is over, the first check with CCR has failed, too.
    until(&mut pair, 20, |pair| {
        pair.sides[0].traces.iter().any(
            |trace| matches!(&trace.what, What::Timer(text) if text.starts_with("T26 started")),
        )
    });
    (0..10).for_each(|_| pair.turn());
    let (near, far) = (&pair.sides[0], &pair.sides[1]);
    assert!(talked(&near.records[0]), "{:#?}", near.records);
    assert_ne!(near.records[0].cic, Some(first.into()));
    assert_eq!(far.records.len(), 1, "the failed check never became a call");
    let circuit = |side: &Side| {
        let found = side
            .iwu
            .circuits()
            .find(|(_, place)| place.cic.0 == u16::from(first));
        let (id, _) = found.unwrap();
        side.iwu.circuit(id).unwrap().state
    };
    assert_eq!(
        (circuit(near), circuit(far)),
        ("OutgoingWaitRecheck", "IncomingWaitCcr")
    );
    pair.timeslots.set(usize::from(first), false);
    pair.rest(Duration::from_secs(180)).unwrap();
    let [near, far] = &pair.sides;
    insta::assert_snapshot!("check_fails", ladder(near, of_circuits));
    insta::assert_snapshot!("check_fails_far", ladder(far, of_circuits));
    leave_captures("check_fails", pair);
}

/// Every circuit fails: the caller is told, and nobody at the far end ever hears of the call.
#[test]
fn a_call_without_a_good_circuit_fails() {
    let mut pair = pair("1-2");
    for timeslot in [1, 2] {
        pair.timeslots.set(timeslot, true);
    }
    call(&mut pair);
    until(&mut pair, 10, |pair| pair.sides[0].records.len() == 1);
    let record = &pair.sides[0].records[0];
    assert_eq!(
        (record.sip_status, record.cause),
        (Some(503), Some(34)),
        "{record:#?}"
    );
    assert!(pair.sides[1].records.is_empty());
    for timeslot in [1, 2] {
        pair.timeslots.set(timeslot, false);
    }
    pair.rest(Duration::from_secs(300)).unwrap();
}

/// A transponder answers with another tone.
#[test]
fn a_check_by_transponder() {
    let keys = format!("{CHECKED}\ncontinuity_return = \"transponder\"");
    let mut pair = Pair::with(base(), NetworkConfig::default(), ("1-10", &keys));
    pair.rest(Duration::from_secs(40)).unwrap();
    call(&mut pair);
    until(&mut pair, 5, confirmed);
    pair.rest(Duration::from_secs(40)).unwrap();
    let tone = |trace: &&Trace| matches!(&trace.what, What::Media(text) if text.contains("came back at -12"));
    assert_eq!(pair.sides[0].traces.iter().filter(tone).count(), 1);
}

/// The demo's calls with every circuit checked, each way: the exchange loops and asks as the
/// gateway does.
#[test]
fn the_calls_of_the_demo_with_checks() {
    let mut source = settings::gateway(&places());
    let circuits = "timeslots = \"1-15,17-31\"";
    source.text = source
        .text
        .replace(circuits, &format!("{circuits}\n{CHECKED}"));
    let config = settings::gateway_config(&source).unwrap();
    let mut lab = settings::lab_config().unwrap();
    lab.circuits[0].continuity_check = "always".parse().unwrap();
    let network = NetworkConfig::default();
    let mut world = World::with(base(), network, &source, config, &lab, &places()).unwrap();
    assert!(scenario::in_service(&mut world).unwrap());
    let towards_exchange = scenario::all::<World>().into_iter();
    for (name, play) in towards_exchange.filter(|(name, _)| *name != "PSTN to SIP") {
        let report: Report = play(&mut world).unwrap();
        // All is as without checks, but for COT in the ladders.
        let differs =
            |check: &&Check| !check.passed && check.measured.replace("COT ", "") != check.expected;
        let failed: Vec<_> = report.checks.iter().filter(differs).collect();
        assert!(failed.is_empty(), "{name}: {failed:#?}");
    }
    let came_back =
        |trace: &&Trace| matches!(&trace.what, What::Media(text) if text.contains("came back"));
    let checks = world.seen().traces.iter().filter(came_back).count();
    assert!(checks >= 3, "{checks}");

    let before = world.seen().exchange.len();
    world
        .exchange(|now, exchange| exchange.place_call(now, numbers::CALLER, numbers::SIP_USER))
        .unwrap();
    let answered = stage::until(&mut world, Duration::from_secs(30), |world| {
        let mut events = world.seen().exchange.iter().skip(before);
        events.any(|event| event.call() == Some(&CallEvent::Answered))
    });
    assert!(answered.unwrap());
    let good = |event: &ExchangeEvent| matches!(event.kind, ExchangeEventKind::Continuity(heard) if heard.good);
    assert!(world.seen().exchange.iter().skip(before).any(good));
}

/// An operator has idle circuits checked, blocked and reset; the unit answers why, and refuses
/// what makes no sense.
#[test]
fn an_operator_maintains_circuits() {
    use crate::iwu::maintenance::{Maintenance, Refusal, Which};
    use crate::iwu::{Admin, Input};

    let mut world = World::new(base(), NetworkConfig::default()).unwrap();
    assert!(scenario::in_service(&mut world).unwrap());
    let which = Which {
        group: Some("exchange".to_owned()),
        cic: Some(5),
    };
    let explained = |world: &World| {
        let lines = world.iwu().explain_circuits(world.now(), &which);
        lines.unwrap().remove(0)
    };
    for (action, then, at_the_end) in [
        (Maintenance::Check, "OutgoingRecheck", "Idle"),
        (Maintenance::Block, "WaitBla", "Blocked"),
        (Maintenance::Unblock, "WaitUba", "Idle"),
        (Maintenance::Reset, "WaitResetRlc", "Idle"),
    ] {
        let circuit = world.iwu().maintainable(action, &which).unwrap();
        world
            .input(Input::Admin(Admin::Maintain { circuit, action }))
            .unwrap();
        assert!(explained(&world).contains(then), "{}", explained(&world));
        stage::pass(&mut world, Duration::from_secs(1)).unwrap();
        assert!(
            explained(&world).contains(at_the_end),
            "{}",
            explained(&world)
        );
    }
    let good = |trace: &Trace| matches!(&trace.what, What::Media(text) if text.contains("CIC 5: check tone came back"));
    assert!(world.seen().traces.iter().any(good));
    assert!(world.iwu().explain_links()[0].starts_with("to-exchange: SLC 0: "));
    let nowhere = Which {
        cic: Some(99),
        ..which
    };
    let refused = world.iwu().maintainable(Maintenance::Reset, &nowhere);
    assert!(matches!(refused, Err(Refusal::Cic(99, _))), "{refused:?}");
}

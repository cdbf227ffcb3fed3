//! Hundreds of random calls in bad weather: afterwards nothing is lost, on either side.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use isup::{Message, MessageType, ParameterCode};
use lab::network::NetworkConfig;
use lab::sip_peer::{
    Answering, Bodies, CallState, Invitation, IsupBody, Rejection, Reliable, Role,
};

use super::two_gateways::{Pair, Side};
use crate::ladder::{Columns, draw};
use crate::recorder;

/// splitmix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn millis(&mut self, end: u64) -> Duration {
        Duration::from_millis(self.below(end))
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.next() as usize % choices.len()]
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy)]
struct Weather {
    network: NetworkConfig,
    timeslots: &'static str,
    /// Mean time between two calls.
    between: Duration,
    /// How long calls are made.
    calls: Duration,
    /// The cable is cut and mended, slips and has bit errors.
    line: bool,
}

const BAD: NetworkConfig = NetworkConfig {
    delay: Duration::from_millis(10),
    jitter: Duration::from_millis(30),
    loss: 50,
    reorder: 50,
    duplication: 50,
    seed: 1,
};

fn answering(chance: &mut Chance) -> Answering {
    let reject = chance.one_in(4).then(|| Rejection {
        status: chance.of(&[404, 410, 480, 484, 486, 500, 503, 603]),
        reason: "No".to_owned(),
        cause: chance.one_in(3).then(|| chance.of(&[1, 17, 21, 31, 34])),
    });
    Answering {
        reject,
        ring_after: chance.millis(400),
        ring_status: chance.of(&[180, 183]),
        reliable: chance.one_in(2),
        early_media: chance.one_in(2),
        answer_after: (!chance.one_in(8)).then(|| chance.millis(4000)),
        hang_up_after: chance.one_in(2).then(|| chance.millis(5000)),
        ..Answering::default()
    }
}

fn invitation(chance: &mut Chance, to: &str) -> Invitation {
    let mut invitation = Invitation::new(to);
    invitation.offer = !chance.one_in(4);
    invitation.reliable = chance.of(&[Reliable::Off, Reliable::Supported, Reliable::Required]);
    invitation.cancel_after = chance.one_in(3).then(|| chance.millis(5000));
    invitation.hang_up_after = Some(chance.millis(6000));
    invitation
}

fn user_to_user(text: &[u8]) -> Bodies {
    let message =
        Message::new(MessageType::Usr).with_content(ParameterCode::USER_TO_USER_INFORMATION, text);
    Bodies {
        isup: Some(IsupBody::itu(message.to_vec())),
        ..Bodies::default()
    }
}

/// Something random at one side's user.
fn act(chance: &mut Chance, now: Instant, side: &mut Side, calls: bool) {
    let open: Vec<_> = side
        .user
        .calls()
        .filter(|(.., state)| *state == CallState::Confirmed)
        .map(|(call, ..)| call)
        .collect();
    match chance.below(10) {
        0 if !open.is_empty() => {
            // A call that ends in between is no fault.
            let _ = side
                .user
                .info(now, chance.of(&open), user_to_user(b"\x04hi"));
        }
        1 if !open.is_empty() => {
            let _ = side.user.bye(now, chance.of(&open), Some(16));
        }
        _ if calls => {
            let host = side.user.config().remote;
            // The user of the other gateway, nobody's number, and one without a route.
            let number = match chance.below(12) {
                0 => "+4930555",
                1 => "+15550100",
                _ => "+49305550100",
            };
            let to = format!("sip:{number}@{host};user=phone");
            side.user.call(now, invitation(chance, &to)).unwrap();
        }
        _ => {}
    }
}

/// The line's turn: cut, errors, slips, and good again.
fn disturb(chance: &mut Chance, pair: &Pair) {
    match chance.below(8) {
        0 => pair.cable.cut(),
        1 => pair.cable.error_rate(1e-4),
        2 => pair.cable.error_rate(3e-3),
        3 => pair.cable.slip(chance.of(&[-1, 1, 8])),
        4 => pair.cable.transmit().cut(),
        5 => pair.cable.ais(true),
        _ => calm(pair),
    }
}

fn calm(pair: &Pair) {
    pair.cable.mend();
    pair.cable.ais(false);
    pair.cable.error_rate(0.0);
}

#[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
fn base() -> Instant {
    Instant::now()
}

/// What a run was like.
#[derive(Debug, Default)]
struct Outcome {
    attempts: usize,
    answered: usize,
    causes: BTreeMap<u8, usize>,
    dual_seizures: usize,
    inputs: usize,
}

fn run(seed: u64, weather: Weather) -> Outcome {
    let mut chance = Chance(seed);
    let base = base();
    let quiet = NetworkConfig {
        seed,
        ..NetworkConfig::default()
    };
    let mut pair = Pair::new(base, quiet, weather.timeslots);
    pair.rest(Duration::from_secs(40)).unwrap();
    pair.network.configure(NetworkConfig {
        seed,
        ..weather.network
    });
    let end = pair.now + weather.calls;
    while pair.now < end {
        let turns = weather.between.as_millis() as u64 / 10;
        for index in 0..2 {
            if chance.one_in(turns) {
                let now = pair.now;
                // Both at the same moment now and then: glare.
                let both = chance.one_in(3);
                for (at, side) in pair.sides.iter_mut().enumerate() {
                    if both || at == index {
                        side.user.set_answering(answering(&mut chance));
                        act(&mut chance, now, side, true);
                    }
                }
            }
        }
        if weather.line && chance.one_in(300) {
            disturb(&mut chance, &pair);
        }
        pair.turn();
    }
    calm(&pair);
    // Whoever still talks hangs up, in the same weather.
    for _ in 0..500 {
        let now = pair.now;
        for side in &mut pair.sides {
            let open: Vec<_> = side.user.calls().collect();
            for (call, role, state) in open {
                match state {
                    CallState::Confirmed => drop(side.user.bye(now, call, None)),
                    CallState::Early | CallState::Proceeding if role == Role::Caller => {
                        drop(side.user.cancel(now, call, None));
                    }
                    _ => {}
                }
            }
        }
        pair.turn();
    }
    if let Err(why) = pair.rest(Duration::from_secs(900)) {
        panic!("seed {seed}: {why}\n{}", ladders(&pair));
    }
    let mut outcome = Outcome::default();
    for side in &pair.sides {
        check(seed, side, &mut outcome);
    }
    for side in &pair.sides {
        let left: Vec<_> = side
            .user
            .calls()
            .filter(|(.., state)| *state != CallState::Terminated)
            .collect();
        assert!(left.is_empty(), "seed {seed}: the user still has {left:?}");
    }
    for side in pair.sides {
        let recording = side.recording();
        let replayed = recorder::replay(recording.as_slice(), base).unwrap();
        outcome.inputs += replayed.inputs;
    }
    outcome
}

/// Every attempt has exactly one record, and it is complete.
fn check(seed: u64, side: &Side, outcome: &mut Outcome) {
    let mut calls: Vec<_> = side.records.iter().map(|record| record.call.0).collect();
    calls.sort_unstable();
    let begun = side.iwu.occupancy().begun;
    assert_eq!(
        calls,
        (1..=begun).collect::<Vec<_>>(),
        "seed {seed}: one record an attempt"
    );
    for record in &side.records {
        assert!(
            record.release.is_some() && record.released_by.is_some() && record.cause.is_some(),
            "seed {seed}: {record:#?}"
        );
        let sent = record.media.map_or(0, |media| media.packets_sent);
        if record.seconds > 1.0 && sent == 0 {
            // Only an answer that was lost with its ACK excuses it: the INVITE had no offer.
            let ladder = ladder(side, record.call);
            assert!(
                ladder
                    .lines()
                    .any(|rung| rung.contains("INVITE") && !rung.contains("SDP")),
                "seed {seed}: a call of {} s sent no RTP: {record:#?}\n{ladder}",
                record.seconds,
            );
        }
        outcome.attempts += 1;
        outcome.answered += usize::from(record.answer.is_some());
        *outcome.causes.entry(record.cause.unwrap()).or_default() += 1;
    }
    let text = |trace: &&crate::ladder::Trace| format!("{:?}", trace.what).contains("dual seizure");
    outcome.dual_seizures += side.traces.iter().filter(text).count();
}

fn ladder(side: &Side, call: crate::call::CallId) -> String {
    let rungs = side.traces.iter().filter(|trace| trace.call == Some(call));
    draw(&rungs.cloned().collect::<Vec<_>>(), &Columns::default())
}

/// The end of both sides' ladders.
fn ladders(pair: &Pair) -> String {
    let tail = |side: &Side| {
        let from = side.traces.len().saturating_sub(60);
        draw(&side.traces[from..], &Columns::default())
    };
    pair.sides.iter().map(tail).collect::<Vec<_>>().join("\n\n")
}

/// Two seeds; `LOAD_SEED=100 LOAD_SEEDS=50` runs fifty others.
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|value| value.parse().ok())
    };
    let first = number("LOAD_SEED").unwrap_or(1);
    first..first + number("LOAD_SEEDS").unwrap_or(2)
}

#[test]
fn random_calls_both_ways_over_a_bad_network_leave_nothing_behind() {
    let mut dual_seizures = 0;
    for seed in seeds() {
        let outcome = run(
            seed,
            Weather {
                network: BAD,
                timeslots: "1-10",
                between: Duration::from_millis(1200),
                calls: Duration::from_secs(60),
                line: false,
            },
        );
        eprintln!("seed {seed}: {outcome:?}");
        assert!(
            outcome.attempts > 80 && outcome.answered > 10,
            "{outcome:?}"
        );
        dual_seizures += outcome.dual_seizures;
    }
    assert!(
        dual_seizures > 0,
        "both ends never seized a circuit at once"
    );
}

#[test]
fn a_line_that_fails_again_and_again_leaves_nothing_behind() {
    for seed in seeds() {
        let outcome = run(
            seed,
            Weather {
                network: BAD,
                timeslots: "1-15,17-31",
                between: Duration::from_millis(1500),
                calls: Duration::from_secs(120),
                line: true,
            },
        );
        eprintln!("seed {seed}: {outcome:?}");
        assert!(outcome.attempts > 80, "{outcome:?}");
    }
}

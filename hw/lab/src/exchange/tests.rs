//! Two exchanges on the two ends of an emulated cable, in virtual time.

use emulator::{Cable, End};
use isup::circuit::Timer;
use isup::parameter::ParameterCode;
use mtp::PointCode;
use tdm::{Alarm, SpanIo};

use super::*;
use crate::audio::Heard;

mod cable;
mod modem;
mod t1;

const SPAN: SpanId = SpanId(0);

struct World {
    now: Instant,
    exchanges: [Exchange; 2],
    ends: [End; 2],
    ticks: [(SpanTick, SpanTick); 2],
    cable: Cable,
    /// Everything seen so far, by exchange.
    seen: [Vec<ExchangeEvent>; 2],
}

/// The exchange that calls.
const NEAR: usize = 0;
/// The exchange with the subscribers.
const FAR: usize = 1;

/// A subscriber of the near exchange that calls the echo and hangs up 3 s after the answer.
const CALLER: &str = "+49405550100";
/// A number of the near exchange that does nothing by itself.
const PHONE: &str = "+49405550101";

fn subscriber(number: &str, behaviour: Behaviour) -> Subscriber {
    Subscriber {
        number: number.to_owned(),
        behaviour,
    }
}

fn subscribers() -> Vec<Subscriber> {
    let answer_after = Duration::from_secs(7);
    vec![
        subscriber("+49305550001", Behaviour::Echo { answer_after }),
        subscriber("+49305550002", Behaviour::Milliwatt { answer_after }),
        subscriber("+49305550003", Behaviour::Ring),
        subscriber("+49305550004", Behaviour::Busy),
        subscriber("+49305550005", Behaviour::Unallocated),
        subscriber(
            "+49305550006",
            Behaviour::Announcement {
                duration: Duration::from_secs(4),
                cause: 31,
            },
        ),
        subscriber("+49305550007", Behaviour::Dtmf { answer_after }),
        modem::subscriber(modem::CALLED),
    ]
}

impl World {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
        let now = Instant::now();
        let codes: [PointCode; 2] = [0x1055, 0x1056].map(PointCode::itu);
        let caller = Behaviour::Caller {
            calls: "0305550001".to_owned(),
            hang_up_after: Some(Duration::from_secs(3)),
            answer_after: Duration::from_secs(1),
        };
        let near = vec![
            subscriber(CALLER, caller),
            modem::subscriber(modem::CALLING),
        ];
        let config = |own: usize, other: usize, subscribers| {
            let (opc, dpc) = (codes[own], codes[other]);
            ExchangeConfig::one_span(SPAN, opc, dpc, "de", "49", subscribers).unwrap()
        };
        let configs = [config(0, 1, near), config(1, 0, subscribers())];
        Self::of(now, configs, emulator::Config::LOCK_STEP)
    }

    fn of(now: Instant, configs: [ExchangeConfig; 2], line: emulator::Config) -> Self {
        let exchanges = configs.map(|config| Exchange::new(config).unwrap());
        let (near, far) = emulator::pair_with(SPAN, SPAN, line);
        let cable = near.cable();
        let idle = || (SpanTick::idle(Law::ALaw), SpanTick::idle(Law::ALaw));
        let mut world = Self {
            now,
            exchanges,
            ends: [near, far],
            ticks: [idle(), idle()],
            cable,
            seen: [Vec::new(), Vec::new()],
        };
        for exchange in &mut world.exchanges {
            exchange.start(now);
        }
        world
    }

    /// With the link in service and the circuits reset.
    fn ready() -> Self {
        Self::new().made_ready()
    }

    fn made_ready(self) -> Self {
        let mut world = self;
        world.until("ready", 60.0, |world| {
            world.exchanges.iter().all(Exchange::all_idle)
        });
        for seen in &mut world.seen {
            seen.clear();
        }
        world
    }

    fn tick(&mut self) {
        self.now += tdm::TICK;
        for index in 0..2 {
            let (rx, tx) = &mut self.ticks[index];
            let exchange = &mut self.exchanges[index];
            exchange.tick(self.now, SPAN, rx, tx);
            self.ends[index].exchange(tx, rx).unwrap();
            while let Some(event) = self.ends[index].poll_event() {
                exchange.handle_span_event(self.now, SPAN, event);
            }
            self.seen[index].extend(exchange.take_events());
        }
    }

    fn run_for(&mut self, seconds: f64) {
        for _ in 0..(seconds * 100.0) as u32 {
            self.tick();
        }
    }

    fn until(&mut self, what: &str, seconds: f64, done: impl Fn(&Self) -> bool) {
        for _ in 0..(seconds * 100.0) as u32 {
            if done(self) {
                return;
            }
            self.tick();
        }
        for seen in &self.seen {
            for event in seen.iter().rev().take(40).rev() {
                eprintln!("{event}");
            }
            eprintln!("--");
        }
        panic!("not {what} after {seconds} s");
    }

    fn call(&mut self, to: &str) -> CircuitId {
        let now = self.now;
        self.exchanges[NEAR].place_call(now, PHONE, to).unwrap()
    }

    /// Acronyms of the ISUP messages that an exchange sent (`->`) and received (`<-`).
    fn ladder(&self, exchange: usize) -> String {
        let names = self.seen[exchange].iter().filter_map(|event| {
            let (sent, message) = event.message()?;
            let arrow = if sent { "->" } else { "<-" };
            Some(format!("{arrow}{}", message.message_type()))
        });
        names.collect::<Vec<_>>().join(" ")
    }

    fn find<'a, T>(&'a self, of: usize, what: impl Fn(&'a ExchangeEvent) -> Option<T>) -> T {
        self.seen[of].iter().find_map(what).unwrap()
    }

    fn heard(&self, exchange: usize) -> Vec<&Heard> {
        let events = self.seen[exchange].iter();
        events.filter_map(ExchangeEvent::heard).collect()
    }

    fn is_answered(&self) -> bool {
        let calls = self.exchanges[NEAR].calls();
        calls
            .into_iter()
            .any(|(_, _, phase, ..)| phase == Phase::Answered)
    }

    fn all_idle(&self) -> bool {
        self.exchanges.iter().all(Exchange::all_idle)
    }
}

#[test]
fn the_link_aligns_and_the_circuits_are_reset() {
    let mut world = World::new();
    assert!(!world.exchanges[NEAR].all_idle());
    world.until("idle", 60.0, World::all_idle);
    for exchange in [NEAR, FAR] {
        let ladder = world.ladder(exchange);
        assert!(
            ladder.contains("->GRS") && ladder.contains("<-GRA"),
            "{ladder}"
        );
        let state = world.exchanges[exchange].link_state(LinkId(0)).unwrap();
        assert!(state.available, "{state}");
        assert_eq!(world.exchanges[exchange].circuits().count(), 30);
        let alert = |event: &&ExchangeEvent| matches!(event.kind, ExchangeEventKind::Alert(_));
        let alert = world.seen[exchange].iter().find(alert);
        assert_eq!(alert, None, "nothing is sent before MTP-RESUME");
    }
}

#[test]
fn the_caller_is_echoed_bit_exact_and_hangs_up() {
    let mut world = World::ready();
    let (now, exchange) = (world.now, &mut world.exchanges[NEAR]);
    let circuit = exchange.place_configured_call(now, CALLER).unwrap();
    world.until("answered", 10.0, World::is_answered);
    // Ringback of the country, from ACM on.
    let ringback = world.heard(NEAR).into_iter().find_map(|heard| match heard {
        Heard::Sound {
            duration, tones, ..
        } => Some((duration.as_millis(), tones.clone())),
        _ => None,
    });
    let (ms, tones) = ringback.unwrap();
    assert!((995..=1005).contains(&ms), "{ms} ms");
    assert!((tones[0].frequency - 425.0).abs() < 1.0 && tones.len() == 1);
    let pause = world.heard(NEAR).into_iter().find_map(|heard| match heard {
        Heard::Silence { at, duration } if !at.is_zero() => Some(duration.as_millis()),
        _ => None,
    });
    assert!((3995..=4005).contains(&pause.unwrap()), "{pause:?}");
    world.exchanges[NEAR].play(circuit, Play::Pattern).unwrap();
    world.run_for(2.0);
    let report = world.exchanges[NEAR].pattern(circuit).unwrap();
    assert!(report.locked && report.octets > 15_000, "{report:?}");
    assert_eq!((report.locks, report.bit_errors), (1, 0));
    world.until("idle", 3.0, World::all_idle);
    assert_eq!(world.ladder(NEAR), "->IAM <-ACM <-ANM ->REL <-RLC");
    assert_eq!(world.ladder(FAR), "<-IAM ->ACM ->ANM <-REL ->RLC");
    let cause = world.find(FAR, |event| event.message()?.1.find::<Cause>());
    assert_eq!(cause.value, 16);
}

#[test]
fn digits_cross_both_ways_and_messages_too() {
    let mut world = World::ready();
    let circuit = world.call("+49305550007");
    world.until("answered", 10.0, World::is_answered);
    let digits = |text: &str| -> Vec<Digit> {
        text.chars()
            .map(|digit| Digit::from_char(digit).unwrap())
            .collect()
    };
    world.exchanges[NEAR]
        .dial(circuit, &digits("1234567890*#"))
        .unwrap();
    world.run_for(3.0);
    assert_eq!(
        world.exchanges[FAR].collected(circuit),
        Some("1234567890*#")
    );
    world.exchanges[FAR].dial(circuit, &digits("ABCD")).unwrap();
    world.run_for(1.0);
    assert_eq!(world.exchanges[NEAR].collected(circuit), Some("ABCD"));
    let usr = Message::new(MessageType::Usr)
        .with_content(ParameterCode::USER_TO_USER_INFORMATION, &[4, b'h', b'i']);
    let now = world.now;
    for exchange in &mut world.exchanges {
        exchange.send(now, circuit, usr.clone()).unwrap();
    }
    world.run_for(0.5);
    for exchange in [NEAR, FAR] {
        let received = world.find(exchange, |event| match event.message()? {
            (false, message) if message.message_type() == MessageType::Usr => Some(message),
            _ => None,
        });
        assert_eq!(received.to_vec(), usr.to_vec());
    }
    let now = world.now;
    world.exchanges[FAR].release(now, circuit, 16).unwrap();
    world.until("idle", 3.0, World::all_idle);
    let ladder = world.ladder(FAR);
    assert!(ladder.ends_with("->REL <-RLC"), "{ladder}");
    let wrong = world.exchanges[FAR].release(now, circuit, 16);
    assert!(matches!(wrong, Err(RequestError::NoCall(_))));
}

#[test]
fn the_milliwatt_is_1004_hz_at_minus_16() {
    let mut world = World::ready();
    let circuit = world.call("0305550002");
    world.until("answered", 10.0, World::is_answered);
    // Neither does the caller send over it, nor is the tone an echo.
    world.exchanges[NEAR].play(circuit, Play::Idle).unwrap();
    world.run_for(2.0);
    let last = world
        .heard(NEAR)
        .into_iter()
        .rev()
        .find_map(|heard| match heard {
            Heard::Tones { tones, level, .. } => Some((tones.clone(), *level)),
            _ => None,
        });
    let (tones, level) = last.unwrap();
    assert!((tones[0].frequency - 1004.0).abs() < 0.5, "{tones:?}");
    assert!((level.0 + 16.0).abs() < 0.2, "{level}");
    let now = world.now;
    world.exchanges[NEAR].release(now, circuit, 16).unwrap();
    world.until("idle", 3.0, World::all_idle);
}

#[test]
fn busy_and_unallocated_are_released_with_their_cause() {
    let mut world = World::ready();
    for (number, expected) in [
        ("0305550004", 17),
        ("0305550005", 1),
        ("0305550099", 1),
        ("0012125550100", 1),
    ] {
        world.seen[NEAR].clear();
        world.call(number);
        world.run_for(0.5);
        assert!(world.all_idle());
        assert_eq!(world.ladder(NEAR), "->IAM <-REL ->RLC", "{number}");
        let cause = world.find(NEAR, |event| event.message()?.1.find::<Cause>());
        assert_eq!(cause.value, expected, "{number}");
        assert_eq!(cause.location, Location::PublicNetworkRemoteUser);
        let released = world.find(NEAR, |event| match event.call()? {
            CallEvent::Released { cause, by } => Some((*cause, *by)),
            _ => None,
        });
        assert_eq!(released, (Some(expected), Party::FarEnd));
    }
}

#[test]
fn nobody_answers_and_the_caller_gives_up() {
    let mut world = World::ready();
    let circuit = world.call("0305550003");
    world.run_for(20.0);
    let calls: Vec<_> = world.exchanges[NEAR].calls().collect();
    let expected = (circuit, false, Phase::Alerting, "305550003F", "405550101");
    assert_eq!(calls, [expected]);
    let now = world.now;
    world.exchanges[NEAR].release(now, circuit, 16).unwrap();
    world.until("idle", 3.0, World::all_idle);
    assert_eq!(world.ladder(NEAR), "->IAM <-ACM ->REL <-RLC");
}

#[test]
fn the_announcement_is_in_band_and_ends_with_its_cause() {
    let mut world = World::ready();
    world.call("0305550006");
    world.run_for(6.0);
    assert!(world.all_idle());
    assert_eq!(world.ladder(NEAR), "->IAM <-ACM <-REL ->RLC");
    let in_band = world.find(NEAR, |event| {
        event
            .message()?
            .1
            .find::<isup::OptionalBackwardCallIndicators>()
    });
    assert!(in_band.contains(isup::OptionalBackwardCallIndicators::IN_BAND_INFORMATION));
    let chord = world.heard(NEAR).into_iter().any(|heard| match heard {
        Heard::Sound { tones, .. } => {
            let found: Vec<_> = tones.iter().map(|tone| tone.frequency.round()).collect();
            found == [600.0, 900.0]
        }
        _ => false,
    });
    assert!(chord, "{:?}", world.heard(NEAR));
    let cause = world.find(NEAR, |event| event.message()?.1.find::<Cause>());
    assert_eq!(cause.value, 31);
}

#[test]
fn digits_that_come_one_by_one_are_waited_for() {
    let mut world = World::ready();
    world.exchanges[NEAR].sending_finished = false;
    let circuit = world.call("03055500");
    world.run_for(1.0);
    assert_eq!(world.ladder(NEAR), "->IAM");
    for digit in ["0", "1"] {
        let digits = digit.parse().unwrap();
        let sam = Message::new(MessageType::Sam).with(isup::SubsequentNumber { digits });
        let now = world.now;
        world.exchanges[NEAR].send(now, circuit, sam).unwrap();
        world.run_for(1.0);
    }
    assert_eq!(world.ladder(NEAR), "->IAM ->SAM ->SAM <-ACM");
    // And without the last ones, T35.
    let circuit = world.call("03055500");
    world.run_for(14.5);
    assert!(world.exchanges[FAR].call(circuit).is_some());
    world.run_for(1.0);
    let cause = world.find(FAR, |event| match event.message()? {
        (true, message) => message.find::<Cause>(),
        _ => None,
    });
    assert_eq!(cause.value, 28);
}

#[test]
fn a_cut_cable_is_noticed_and_a_mended_one_heals_by_itself() {
    let mut world = World::ready();
    let circuit = world.call("0305550001");
    world.until("answered", 10.0, World::is_answered);
    world.cable.cut();
    world.run_for(5.0);
    assert!(!world.exchanges.iter().any(Exchange::all_idle));
    for seen in &world.seen {
        let alarm = |event: &ExchangeEvent| match event.kind {
            ExchangeEventKind::Span(_, SpanEvent::Alarm { alarm, on: true }) => Some(alarm),
            _ => None,
        };
        assert_eq!(seen.iter().find_map(alarm), Some(Alarm::Los));
    }
    world.cable.mend();
    world.until("healed", 400.0, World::all_idle);
    assert!(world.exchanges[NEAR].call(circuit).is_none());
    let circuit = world.call("0305550001");
    world.until("answered", 10.0, World::is_answered);
    let now = world.now;
    world.exchanges[NEAR].release(now, circuit, 16).unwrap();
    world.until("idle", 3.0, World::all_idle);
}

#[test]
fn all_circuits_at_once_and_one_too_many() {
    let mut world = World::ready();
    let circuits: Vec<_> = (0..30).map(|_| world.call("0305550001")).collect();
    let now = world.now;
    let refused = world.exchanges[NEAR].place_call(now, CALLER, "0305550001");
    assert!(
        matches!(refused, Err(RequestError::NoCircuit(_))),
        "{refused:?}"
    );
    world.run_for(9.0);
    let calls = world.exchanges[FAR].calls();
    assert_eq!(calls.filter(|call| call.2 == Phase::Answered).count(), 30);
    let now = world.now;
    for circuit in circuits {
        world.exchanges[NEAR].release(now, circuit, 16).unwrap();
    }
    world.until("idle", 3.0, World::all_idle);
    assert!(
        world.seen[NEAR]
            .iter()
            .any(|event| { matches!(event.kind, ExchangeEventKind::Timer(Timer::T1, _)) })
    );
}

#[test]
fn numbers_and_countries_that_are_none_are_refused() {
    let mut world = World::ready();
    let now = world.now;
    for (from, to) in [(CALLER, "x"), ("", "0305550001"), (CALLER, "+")] {
        let refused = world.exchanges[NEAR].place_call(now, from, to);
        assert!(
            matches!(refused, Err(RequestError::Number(_))),
            "{refused:?}"
        );
    }
    let refused = world.exchanges[NEAR].place_configured_call(now, "+49305550001");
    assert!(matches!(refused, Err(RequestError::Number(_))));
    let codes = [0x1055, 0x1056].map(PointCode::itu);
    let config = ExchangeConfig::one_span(SPAN, codes[0], codes[1], "xx", "49", Vec::new());
    let error = config.unwrap_err().to_string();
    assert!(
        error.starts_with("no tones of country `xx`, expected one of "),
        "{error}"
    );
}

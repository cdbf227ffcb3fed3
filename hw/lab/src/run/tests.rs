//! The driver against a second exchange that lives inside its line, in virtual time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use emulator::End;
use tdm::{SpanCounters, SpanEvent, SpanIo};

use super::*;
use crate::config::{Behaviour, Subscriber};

const SPAN: SpanId = SpanId(0);

/// A line whose other end is an exchange.
struct Line {
    here: End,
    there: End,
    far: Exchange,
    rx: SpanTick,
    tx: SpanTick,
    now: Instant,
}

impl SpanIo for Line {
    fn id(&self) -> SpanId {
        SPAN
    }

    fn wait(&mut self) -> io::Result<Due> {
        Ok(Due::default())
    }

    fn carry(&mut self, _: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        self.now += tdm::TICK;
        self.here.exchange(tx, rx)?;
        self.there.exchange(&self.tx, &mut self.rx)?;
        self.far.tick(self.now, SPAN, &self.rx, &mut self.tx);
        Ok(())
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        self.here.poll_event()
    }

    fn counters(&self) -> SpanCounters {
        self.here.counters()
    }
}

fn exchange(codes: [&str; 2], subscribers: Vec<Subscriber>) -> Exchange {
    let code = |code: &str| {
        let written: mtp::WrittenPointCode = code.parse().unwrap();
        written.of(mtp::Standard::Itu).unwrap()
    };
    let [own, other] = codes.map(code);
    let config = ExchangeConfig::one_span(SPAN, own, other, "de", "49", subscribers);
    Exchange::new(config.unwrap()).unwrap()
}

/// Runs with commands at times in seconds; what was written.
fn written(options: Options, script: &[(u64, &str)]) -> String {
    #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
    let start = Instant::now();
    let echo = Subscriber {
        number: "+49305550001".to_owned(),
        behaviour: Behaviour::Echo {
            answer_after: Duration::from_secs(1),
        },
    };
    let (here, there) = emulator::pair(SPAN, SPAN);
    let mut far = exchange(["2-10-6", "2-10-5"], vec![echo]);
    far.start(start);
    let line = Line {
        here,
        there,
        far,
        rx: SpanTick::idle(Law::ALaw),
        tx: SpanTick::idle(Law::ALaw),
        now: start,
    };
    // Each look at the clock after a tick is one tick later.
    let ticks = Rc::new(Cell::new(0_u32));
    let mut script = script.iter();
    let mut next = script.next();
    let counted = Rc::clone(&ticks);
    let mut report = Report::new(options, Vec::new());
    let mut commands = || {
        let (at, line) = next?;
        if u64::from(counted.get()) < at * 100 {
            return None;
        }
        next = script.next();
        Some((*line).to_owned())
    };
    let mut looks = 0;
    let mut clock = || {
        looks += 1;
        ticks.set(looks);
        start + tdm::TICK * looks
    };
    let near = exchange(["2-10-5", "2-10-6"], Vec::new());
    let cable = line.here.cable();
    let lines = vec![Opened {
        span: Box::new(line),
        cable: Some(cable),
    }];
    let stop = AtomicBool::new(false);
    let mut terminals = Terminals::default();
    drive(
        near,
        lines,
        &mut terminals,
        &mut clock,
        &mut commands,
        &mut report,
        &stop,
    )
    .unwrap();
    String::from_utf8(report.into_inner()).unwrap()
}

const SCRIPT: [(u64, &str); 10] = [
    (20, "call 0305550009 0305550001"),
    (23, "calls"),
    (23, "digits 1 12"),
    (25, "release 1 31"),
    (26, "circuits"),
    (26, "release 1"),
    (26, "links"),
    (26, "spans"),
    (26, "nonsense"),
    (26, "quit"),
];

#[test]
fn commands_are_done_and_events_are_told() {
    let written = written(Options::default(), &SCRIPT);
    for expected in [
        "-> active\n",
        "CIC 1: calls 305550001F from 305550009\n",
        "CIC 1: heard 425.0 Hz",
        "CIC 1: answered\n",
        "CIC    1  outgoing Answered, 305550009 calls 305550001F\n",
        "CIC 1: heard digit 1 for ",
        "CIC 1: heard digit 2 for ",
        "CIC 1: released here, cause 31 (normal, unspecified)\n",
        "CIC 1: idle\n",
        "\nCIC    1  Idle for 0 s\n",
        "\nerror: circuit 1 carries no call\n",
        "\nlink 0: active",
        "\nspan 0: ticks 25",
        "\nerror: `nonsense` is no command; expected one of call, ",
    ] {
        assert!(written.contains(expected), "no {expected:?} in {written}");
    }
    // Messages and timers are for those who ask.
    assert!(
        !written.contains("<- ANM") && !written.contains("T7"),
        "{written}"
    );
}

#[test]
fn json_lines_say_the_same() {
    let options = Options {
        json: true,
        verbose: true,
    };
    let written = written(options, &SCRIPT);
    let lines: Vec<serde_json::Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let find = |key: &str, value: serde_json::Value| {
        let found = lines.iter().find(|line| line[key] == value);
        found.unwrap_or_else(|| panic!("no {key} {value} in {written}"))
    };
    let answer = find("message", "ANM".into());
    assert_eq!(
        (&answer["event"], &answer["cic"]),
        (&"received".into(), &1.into())
    );
    assert_eq!(answer["octets"], "0900");
    assert_eq!(find("call", "outgoing".into())["calling"], "305550009");
    assert_eq!(find("call", "released".into())["cause"], 31);
    assert_eq!(find("heard", "digit".into())["digit"], "1");
    assert_eq!(
        find("event", "error".into())["text"],
        "circuit 1 carries no call"
    );
    assert!(written.contains("T7"), "{written}");
}

#[test]
fn a_line_is_disturbed_by_command() {
    let script = [
        (20, "line 0 cut"),
        (21, "line 0 mend"),
        (23, "line 0 ais on"),
        (24, "line 0 ais off"),
        (26, "line 0 rai on"),
        (27, "line 0 rai off"),
        (28, "line 0 slip -3"),
        (29, "line 0 errors 1e-3"),
        (30, "line 1 cut"),
        (30, "line 0 errors 2"),
        (30, "quit"),
    ];
    let written = written(Options::default(), &script);
    let mut rest = written.as_str();
    for expected in [
        "span 0: LOS on",
        "span 0: LOS off",
        "span 0: AIS on",
        "span 0: AIS off",
        "span 0: RAI on",
        "span 0: RAI off",
        "span 0: slip of -3 octets",
        "error: no emulated line 1, expected one of those in the file",
        "error: expected `line SPAN cut|mend|errors RATE",
    ] {
        let at = rest.find(expected);
        rest = &rest[at.unwrap_or_else(|| panic!("no {expected:?} in {written}"))..];
    }
}

#[test]
fn commands_are_read_as_they_are_meant() {
    let read = |line: &str| line.parse::<Command>();
    assert!(matches!(read("  "), Ok(Command::Nothing)));
    assert!(matches!(read("exit"), Ok(Command::Quit)));
    let called = Command::Call {
        from: "1".into(),
        to: None,
    };
    assert_eq!(read("call 1").unwrap(), called);
    assert!(matches!(
        read("release 5"),
        Ok(Command::Release(isup::Cic(5), 16))
    ));
    for (line, expected) in [
        ("digits 5", "expected `digits CIC DIGITS, of 0-9 * # A-D`"),
        (
            "digits 5 1x",
            "expected `digits CIC DIGITS, of 0-9 * # A-D`",
        ),
        (
            "release x",
            "expected `release CIC [CAUSE], a cause of 1 to 127`",
        ),
        (
            "release 5 128",
            "expected `release CIC [CAUSE], a cause of 1 to 127`",
        ),
        (
            "block",
            "expected `block CIC, unblock CIC, reset CIC, check CIC`",
        ),
        ("call", "expected `call FROM [TO]`"),
    ] {
        assert_eq!(read(line).unwrap_err().to_string(), expected);
    }
}

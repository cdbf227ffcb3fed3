//! Two spans on two pseudo-terminals with a cable between them that corrupts, loses and delays octets.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a test in real time: devices, a thread for the cable"
)]

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, fcntl_setfl, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use serial::{Layout, Line, LineError, Span};
use tdm::{Due, Law, SpanId, SpanIo, SpanTick, TICK, TICK_OCTETS, Timeslot};

const VOICE: Timeslot = Timeslot::new(1).unwrap();

/// Our side of a pseudo-terminal, the terminal's side held open, and its name.
fn pty() -> (OwnedFd, OwnedFd, PathBuf) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    fcntl_setfl(&ours, OFlags::RDWR | OFlags::NONBLOCK).unwrap();
    let name = PathBuf::from(ptsname(&ours, Vec::new()).unwrap().to_str().unwrap());
    let theirs = open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let mut settings = tcgetattr(&theirs).unwrap();
    settings.make_raw();
    tcsetattr(&theirs, OptionalActions::Now, &settings).unwrap();
    (ours, theirs, name)
}

/// How bad the cable is.
#[derive(Clone, Copy)]
struct Faults {
    /// Of so many octets one is changed, and of a few more one is lost; none when absent.
    one_in: Option<usize>,
    /// What is read waits for so long.
    delay: Duration,
}

/// Carries octets between two pseudo-terminals until told to stop.
fn cable(ends: [OwnedFd; 2], faults: Faults, stop: &AtomicBool) {
    let mut count_of_all = 0;
    let mut way: Vec<(Instant, usize, Vec<u8>)> = Vec::new();
    let mut octets = [0; 1024];
    while !stop.load(Ordering::Relaxed) {
        for (from, end) in ends.iter().enumerate() {
            if let Ok(count) = rustix::io::read(end, &mut octets) {
                let mut carried = Vec::new();
                for octet in &octets[..count] {
                    count_of_all += 1;
                    match faults.one_in {
                        Some(n) if count_of_all % n == 0 => carried.push(octet ^ 0x10),
                        Some(n) if count_of_all % (n + 501) == 0 => {}
                        _ => carried.push(*octet),
                    }
                }
                way.push((Instant::now() + faults.delay, 1 - from, carried));
            }
        }
        while way.first().is_some_and(|(due, ..)| *due <= Instant::now()) {
            let (_, to, carried) = way.remove(0);
            let mut rest = &carried[..];
            while !rest.is_empty() && !stop.load(Ordering::Relaxed) {
                match rustix::io::write(&ends[to], rest) {
                    Ok(count) => rest = &rest[count..],
                    Err(_) => std::thread::sleep(Duration::from_millis(1)),
                }
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The numbers of the ticks that arrived at each end, and the spans.
fn run(faults: Faults, ticks: u32) -> ([Vec<u64>; 2], [Span<Line>; 2]) {
    let layout = Layout::new(921_600, &[1, 2, 3], Some(16)).unwrap();
    let (ours_a, _held_a, name_a) = pty();
    let (ours_b, _held_b, name_b) = pty();
    let stop = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&stop);
    let cable = std::thread::spawn(move || cable([ours_a, ours_b], faults, &theirs));
    let mut spans = [name_a, name_b].map(|name| {
        let line = Line::open(&name, &layout).unwrap();
        Span::new(SpanId(0), layout.clone(), line)
    });
    let mut heard = [Vec::new(), Vec::new()];
    let mut tx = SpanTick::idle(Law::ALaw);
    let mut rx = tx.clone();
    let start = Instant::now();
    for tick in 0..ticks {
        let number = u64::from(tick).to_be_bytes().repeat(TICK_OCTETS / 8);
        tx.timeslot_mut(VOICE).copy_from_slice(&number);
        for (span, heard) in spans.iter_mut().zip(&mut heard) {
            span.carry(Due::default(), &tx, &mut rx).unwrap();
            heard.push(u64::from_be_bytes(
                rx.timeslot(VOICE)[..8].try_into().unwrap(),
            ));
        }
        std::thread::sleep((start + (tick + 1) * TICK).saturating_duration_since(Instant::now()));
    }
    stop.store(true, Ordering::Relaxed);
    cable.join().unwrap();
    (heard, spans)
}

#[test]
fn two_spans_over_a_pseudo_terminal() {
    let faults = Faults {
        one_in: None,
        delay: Duration::from_millis(5),
    };
    let (heard, spans) = run(faults, 200);
    for (heard, span) in heard.iter().zip(&spans) {
        let numbers = heard.iter().filter(|number| **number != u64::MAX).count();
        assert!(numbers > 130, "{numbers} of 200 ticks");
        let line = span.line_counters();
        assert_eq!((line.broken, line.skipped), (0, 0), "{line:?}");
        assert!(span.alarms().is_empty());
    }
}

/// What was neither changed nor lost arrives, and never as anything else.
#[test]
fn a_bad_cable_is_found_out() {
    let faults = Faults {
        one_in: Some(3000),
        delay: Duration::from_millis(15),
    };
    let (heard, spans) = run(faults, 300);
    for (heard, span) in heard.iter().zip(&spans) {
        let line = span.line_counters();
        assert!(line.broken > 0 && line.missing > 0, "{line:?}");
        let good = heard.iter().filter(|number| **number != u64::MAX);
        assert!(good.clone().count() > 100);
        assert!(good.clone().all(|number| *number < 300));
        assert!(good.clone().zip(good.skip(1)).all(|(a, b)| a < b));
    }
}

#[test]
fn a_device_that_is_none_is_refused_in_words() {
    let layout = Layout::new(115_200, &[1], None).unwrap();
    let error = Line::open("/dev/no-such-line".as_ref(), &layout).unwrap_err();
    assert!(matches!(error, LineError::Open { .. }));
    assert!(error.to_string().contains("/dev/no-such-line"), "{error}");
    assert!(Line::open("/dev/null".as_ref(), &layout).is_err());
}

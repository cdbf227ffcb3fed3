use std::{
    fs,
    os::unix::net::UnixListener,
    sync::atomic::{AtomicU32, Ordering},
};

use tdm::Framing;

use super::*;
use crate::frame::tick_octets;

/// A directory of its own for a test, removed when it ends.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "isthmus-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn span(&self) -> PathBuf {
        self.0.join("span")
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn listen(path: &Path) -> Result<Socket, SocketError> {
    Socket::listen(SpanId(0), path)
}

fn connect(path: &Path) -> Result<Socket, SocketError> {
    Socket::connect(SpanId(1), path)
}

#[test]
fn files_are_there_while_it_listens() {
    let directory = Directory::new();
    let socket = listen(&directory.span()).unwrap();
    assert_eq!(socket.path(), directory.span());
    assert_eq!(directory.names(), ["span", "span.lock"]);
    drop(socket);
    assert_eq!(directory.names(), [""; 0]);
}

#[test]
fn a_second_listener_is_refused_and_does_no_harm() {
    let directory = Directory::new();
    let first = listen(&directory.span()).unwrap();
    let error = listen(&directory.span()).unwrap_err();
    assert!(matches!(error, SocketError::InUse { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("another process listens on the socket")
    );
    assert_eq!(directory.names(), ["span", "span.lock"]);
    assert!(connect(&directory.span()).unwrap().is_connected());
    drop(first);
    listen(&directory.span()).unwrap();
}

/// One that does not know of the lock, alive and then dead.
#[test]
fn a_foreign_listener_is_left_alone_and_a_dead_one_replaced() {
    let directory = Directory::new();
    let foreign = UnixListener::bind(directory.span()).unwrap();
    assert!(matches!(
        listen(&directory.span()).unwrap_err(),
        SocketError::InUse { .. }
    ));
    assert_eq!(directory.names(), ["span"], "its lock is gone again");
    drop(foreign);
    assert_eq!(directory.names(), ["span"], "a dead socket file");
    assert!(!connect(&directory.span()).unwrap().is_connected());
    let socket = listen(&directory.span()).unwrap();
    assert!(connect(socket.path()).unwrap().is_connected());
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let directory = Directory::new();
    fs::write(directory.span(), "precious").unwrap();
    for error in [
        listen(&directory.span()).unwrap_err(),
        connect(&directory.span()).unwrap_err(),
    ] {
        assert!(matches!(error, SocketError::NotASocket { .. }), "{error}");
    }
    assert_eq!(fs::read(directory.span()).unwrap(), b"precious");
}

#[test]
fn paths_that_cannot_work_are_refused_with_what_to_do() {
    let directory = Directory::new();
    let missing = directory.0.join("no/span");
    let long = directory.0.join("x".repeat(108));
    for refused in [listen, connect] {
        let error = refused(&missing).unwrap_err();
        assert!(matches!(error, SocketError::NoDirectory { .. }));
        let expected = format!(
            "the directory {}/no of the socket path {}",
            directory.0.display(),
            missing.display()
        );
        assert!(error.to_string().starts_with(&expected), "{error}");
        let error = refused(&long).unwrap_err();
        let SocketError::PathTooLong { length, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(*length, long.as_os_str().len());
        assert!(error.to_string().contains("use a shorter one"));
    }
    let error = SocketError::from_errno(Path::new("/run/span"), "create", Errno::ACCESS);
    assert!(matches!(error, SocketError::NotPermitted { .. }));
    assert!(
        error
            .to_string()
            .starts_with("this user may not create the socket /run/span")
    );
}

/// The buffers of a message, without a socket: what is not one ends the connection and nothing else.
#[test]
fn what_is_not_a_message_ends_the_connection() {
    let directory = Directory::new();
    let listener = listen(&directory.span()).unwrap();
    for length in [
        1,
        15,
        16,
        100,
        message::HEADER + tick_octets(Framing::E1) - 1,
        message::HEADER + tick_octets(Framing::E1) + 1,
    ] {
        let mut socket = connect(listener.path()).unwrap();
        Header {
            timeslots: 32,
            slip: 0,
            number: 7,
        }
        .write(&mut socket.incoming);
        socket.arrived(length);
        assert!(!socket.is_connected(), "{length} octets");
    }
    let mut socket = connect(listener.path()).unwrap();
    Header {
        timeslots: 32,
        slip: 0,
        number: 7,
    }
    .write(&mut socket.incoming);
    socket.arrived(message::HEADER + tick_octets(Framing::E1));
    assert!(socket.is_connected());
}

/// The far end's ticks arrive in bursts, as from a busy machine, late by up to 60 ms: no slip and no loss.
#[test]
fn late_bursts_of_the_far_end_cause_no_slip() {
    let mut near = Port::dead(SpanId(0), Config::REAL_TIME);
    let mut far = Port::alive(SpanId(1), Config::REAL_TIME);
    let mut line = vec![0; near.tick_octets()];
    let (mut tx, mut rx) = (
        SpanTick::idle(tdm::Law::ALaw),
        SpanTick::idle(tdm::Law::ALaw),
    );
    let (mut sent, mut heard) = (0u64, Vec::new());
    for tick in 0..1000u64 {
        // Until 150 ms on time, then up to six ticks late, in a pattern without order.
        let late = if tick < 15 { 0 } else { tick * tick % 7 };
        while sent <= tick.saturating_sub(late) {
            tx.fill(sent as u8);
            far.send(&tx, false, &mut line);
            near.arrive(sent, &line);
            sent += 1;
        }
        near.hand_out(&mut rx, Due::default());
        heard.push(rx.0[5]);
    }
    let events: Vec<String> = std::iter::from_fn(|| near.poll_event())
        .map(|event| event.to_string())
        .collect();
    assert_eq!(events, ["LOS on", "LOS off"]);
    let began = heard
        .iter()
        .position(|octets| *octets != [0xff; 80])
        .unwrap();
    let first = heard[began][0];
    for (n, octets) in heard[began..].iter().enumerate() {
        assert_eq!(*octets, [first.wrapping_add(n as u8); 80]);
    }
}

/// This end wakes up late instead, up to 400 ms: what arrived meanwhile is all there.
#[test]
fn a_late_caller_catches_up_without_loss() {
    let mut near = Port::dead(SpanId(0), Config::REAL_TIME);
    let mut far = Port::alive(SpanId(1), Config::REAL_TIME);
    let mut line = vec![0; near.tick_octets()];
    let (mut tx, mut rx) = (
        SpanTick::idle(tdm::Law::ALaw),
        SpanTick::idle(tdm::Law::ALaw),
    );
    let (mut sent, mut tick, mut heard) = (0u64, 0u64, Vec::new());
    for sleep in [1, 1, 5, 1, 2, 1, 1, 40, 1, 13, 1, 1, 6]
        .into_iter()
        .cycle()
        .take(200)
    {
        tick += sleep;
        while sent < tick {
            tx.fill(sent as u8);
            far.send(&tx, false, &mut line);
            near.arrive(sent, &line);
            sent += 1;
        }
        for late in (0..sleep).rev() {
            let due = Due {
                late: late as u32,
                skipped: 0,
            };
            near.hand_out(&mut rx, due);
            heard.push(rx.0[5]);
        }
    }
    let events: Vec<String> = std::iter::from_fn(|| near.poll_event())
        .map(|event| event.to_string())
        .collect();
    assert_eq!(events, ["LOS on", "LOS off"]);
    let began = heard
        .iter()
        .position(|octets| *octets != [0xff; 80])
        .unwrap();
    let first = heard[began][0];
    for (n, octets) in heard[began..].iter().enumerate() {
        assert_eq!(
            *octets,
            [first.wrapping_add(n as u8); 80],
            "{n} ticks after the {began}th"
        );
    }
    assert_eq!(near.counters().late_ticks, tick - 200);
}

#[test]
fn a_far_end_that_stops_is_los_after_100_ms() {
    let config = Config {
        los_after: std::time::Duration::from_millis(100),
        ..Config::REAL_TIME
    };
    let mut near = Port::dead(SpanId(0), config);
    let mut far = Port::alive(SpanId(1), config);
    let mut line = vec![0; near.tick_octets()];
    let (tx, mut rx) = (
        SpanTick::idle(tdm::Law::ALaw),
        SpanTick::idle(tdm::Law::ALaw),
    );
    let mut run = |numbers: std::ops::Range<u64>, near: &mut Port| -> Vec<(u64, String)> {
        let mut events = Vec::new();
        for number in numbers {
            if !(50..80).contains(&number) {
                far.send(&tx, false, &mut line);
                near.arrive(number, &line);
            }
            near.hand_out(&mut rx, Due::default());
            events.extend(
                std::iter::from_fn(|| near.poll_event()).map(|event| (number, event.to_string())),
            );
        }
        events
    };
    let events = run(0..120, &mut near);
    let expected = [
        (0, "LOS on"),
        (9, "LOS off"),
        (59, "LOS on"),
        (89, "LOS off"),
    ];
    assert_eq!(
        events,
        expected.map(|(number, event)| (number, event.to_owned()))
    );
}

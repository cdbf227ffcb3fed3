//! Two processes, real time, a real socket: killed with SIGKILL and started again on either side.
//!
//! The machine may be busy: lateness is tolerated and slips are, when they were reported. What was not
//! reported must not have happened.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use emulator::Socket;
use rustix::process::{Pid, Signal, kill_process};
use tdm::{Alarm, SpanId, SpanIo, SpanTick, TICK_OCTETS, TIMESLOTS};

/// Ticks of 10 ms that anything may take on a busy machine.
const PATIENCE: u32 = 1000;

/// An end that sends a count of frames on timeslots 1 and 2 and checks what it hears there; timeslot 31
/// goes back as it came.
struct Counting {
    socket: Socket,
    sent: u16,
    heard: Option<u16>,
    jumps: u32,
    tx: SpanTick,
    rx: SpanTick,
}

impl Counting {
    fn new(socket: Socket) -> Self {
        let tick = SpanTick([[0; TICK_OCTETS]; TIMESLOTS]);
        Self {
            socket,
            sent: 0,
            heard: None,
            jumps: 0,
            tx: tick.clone(),
            rx: tick,
        }
    }

    fn tick(&mut self) {
        for frame in 0..TICK_OCTETS {
            let [low, high] = self.sent.to_le_bytes();
            (self.tx.0[1][frame], self.tx.0[2][frame]) = (low, high);
            self.sent = self.sent.wrapping_add(1);
        }
        self.tx.0[31] = self.rx.0[31];
        self.socket.exchange(&self.tx, &mut self.rx).unwrap();
        if !self.socket.alarms().is_empty() {
            self.heard = None;
            return;
        }
        for frame in 0..TICK_OCTETS {
            let count = u16::from_le_bytes([self.rx.0[1][frame], self.rx.0[2][frame]]);
            self.jumps += u32::from(
                self.heard
                    .is_some_and(|heard| count != heard.wrapping_add(1)),
            );
            self.heard = Some(count);
        }
    }

    /// Ticks until LOS stands or does not.
    fn until_los(&mut self, los: bool) -> u32 {
        for ticks in 0..PATIENCE {
            if self.socket.alarms().contains(Alarm::Los) == los
                && (los || self.socket.alarms().is_empty())
            {
                return ticks;
            }
            self.tick();
        }
        panic!("LOS {los} did not come: {:?}", self.socket.counters());
    }

    fn check_count(&mut self, ticks: u32) {
        let (before, jumps) = (self.socket.counters(), self.jumps);
        for _ in 0..ticks {
            self.tick();
        }
        let after = self.socket.counters();
        let excused = (after.slips - before.slips)
            + (after.octets_lost - before.octets_lost)
            + (after.los - before.los);
        assert!(
            self.jumps == jumps || excused > 0,
            "{} jumps that were not reported: {after:?}",
            self.jumps - jumps
        );
        // A far end that has just come may say by RAI that it has not heard us yet, and no more.
        let alarms = self.socket.alarms();
        assert!(
            self.heard.is_some() || excused > 0 || alarms.contains(Alarm::Rai),
            "silence without a reason: {alarms:?}, {after:?}"
        );
        let heard = (0..PATIENCE).any(|_| {
            self.tick();
            self.heard.is_some()
        });
        assert!(heard, "no count is heard: {:?}", self.socket.alarms());
    }
}

/// The other process: this test program again, running [`far_end`] alone.
struct FarEnd(Child);

impl FarEnd {
    fn start(side: &str, path: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "far_end", "--ignored"])
            .env("EMULATOR_SIDE", side)
            .env("EMULATOR_PATH", path);
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for FarEnd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "the far end of the other tests, started by them"]
fn far_end() {
    let path = std::env::var_os("EMULATOR_PATH").unwrap();
    let socket = match std::env::var("EMULATOR_SIDE").unwrap().as_str() {
        "listen" => Socket::listen(SpanId(2), path),
        _ => Socket::connect(SpanId(2), path),
    };
    let mut end = Counting::new(socket.unwrap());
    for _ in 0..6 * PATIENCE {
        end.tick();
    }
}

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("isthmus-{}-{name}", std::process::id()))
}

fn kill_and_restart(near: Socket, far_side: &str) {
    let path = near.path().to_owned();
    let mut near = Counting::new(near);
    let mut far = FarEnd::start(far_side, &path);
    for _ in 0..2 {
        near.until_los(false);
        near.check_count(30);
        far.kill();
        let ticks = near.until_los(true);
        // 300 ms of silence, and what waited in the socket when it was killed.
        assert!((5..100).contains(&ticks), "LOS after {ticks} ticks");
        far = FarEnd::start(far_side, &path);
    }
    near.until_los(false);
    near.check_count(30);
    assert_eq!(
        near.socket.counters().los,
        3,
        "once at the start, once for each kill"
    );
}

#[test]
fn the_connecting_end_is_killed_and_comes_back() {
    let path = path("connect");
    kill_and_restart(Socket::listen(SpanId(1), &path).unwrap(), "connect");
    assert!(!path.exists());
}

#[test]
fn the_listening_end_is_killed_and_comes_back() {
    let path = path("listen");
    kill_and_restart(Socket::connect(SpanId(1), &path).unwrap(), "listen");
    std::fs::remove_file(&path).unwrap();
    std::fs::remove_file(format!("{}.lock", path.display())).unwrap();
}

/// A far end that hangs is connected but silent; when it goes on it gives up the time that it missed.
#[test]
fn the_far_end_hangs_and_goes_on() {
    let path = path("hang");
    let mut near = Counting::new(Socket::listen(SpanId(1), &path).unwrap());
    let far = FarEnd::start("connect", &path);
    let signal = |signal| kill_process(Pid::from_child(&far.0), signal).unwrap();
    near.until_los(false);
    signal(Signal::STOP);
    near.until_los(true);
    for _ in 0..80 {
        near.tick();
    }
    assert!(near.socket.is_connected());
    signal(Signal::CONT);
    near.until_los(false);
    near.check_count(30);
}

#[test]
fn a_cut_cable_is_los_here_and_there() {
    let path = path("cut");
    let mut near = Counting::new(Socket::listen(SpanId(1), &path).unwrap());
    let _far = FarEnd::start("connect", &path);
    near.until_los(false);
    let cable = near.socket.cable();
    cable.transmit().cut();
    // The far end tells of its LOS by bit A.
    let mut ticks = 0;
    while !near.socket.alarms().contains(Alarm::Rai) {
        near.tick();
        ticks += 1;
        assert!(ticks < PATIENCE);
    }
    assert!(near.socket.is_connected() && !near.socket.alarms().contains(Alarm::Los));
    cable.cut();
    near.until_los(true);
    cable.mend();
    near.until_los(false);
    near.check_count(20);
}

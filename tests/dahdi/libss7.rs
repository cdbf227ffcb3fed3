//! libss7 at the other end of the link, on a channel in the driver's MTP2 mode, while the gateway's link is
//! on the driver's HDLC: `tests/libss7/peer.c`, a program of its own. Its circuits say back what they hear.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use dahdi::{Circuit, Purpose, Span, SpanConfig};
use isthmus::demo::real_time::{Line, Live};
use isthmus::demo::settings::numbers::{ECHO, SIP_USER};
use isthmus::demo::stage::{Stage, until};
use isthmus::iwu::maintenance::{Maintenance, Which};
use isup::CircuitId;
use lab::audio::Play;
use lab::sip_peer::{Answering, CallId, CallState, Rejection, Role};
use tdm::{Law, SpanId, SpanIo, SpanTick, Timeslot};

use super::{all_idle, call, configure, explained, folder, reaches, state};

/// Q.850: normal call clearing, user busy, call rejected.
const NORMAL: u8 = 16;
const BUSY: u8 = 17;
const REJECTED: u8 = 21;
/// Octets of the test pattern that must come back.
const PATTERN: u64 = 4_000;

/// The circuits of a span joined, each with itself: an exchange's echo, and the loop of a continuity check
/// (Q.764 §2.1.8).
struct Loop {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Loop {
    fn start(number: u16) -> Self {
        let circuits = (1..=31).filter(|number| *number != 16);
        let circuit = |number| {
            let timeslot = Timeslot::new(number).unwrap();
            (timeslot, Purpose::Circuit(Circuit::new(Law::ALaw)))
        };
        let config = SpanConfig {
            id: SpanId(number),
            number,
            timeslots: circuits.map(circuit).collect(),
            buffers: SpanConfig::BUFFERS,
            queued: SpanConfig::QUEUED,
        };
        let mut span = Span::open(config).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let run = move || {
            let mut tx = SpanTick::idle(Law::ALaw);
            let mut rx = tx.clone();
            while !stopped.load(Ordering::Relaxed) {
                span.exchange(&tx, &mut rx).unwrap();
                tx.clone_from(&rx);
            }
        };
        let thread = std::thread::Builder::new().spawn(run).unwrap();
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The program.
struct Program {
    child: Child,
    commands: UnixStream,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Program {
    fn start() -> Self {
        let mut options = OpenOptions::new();
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits();
        options
            .read(true)
            .write(true)
            .custom_flags(nonblocking as i32);
        // Span 2, channel 16 of it.
        let link = options.open("/dev/dahdi/chan/002/016").unwrap();
        let (commands, theirs) = UnixStream::pair().unwrap();
        let child = Command::new("/payload/libss7-peer")
            // 2-10-5 and 2-10-1 as numbers.
            .args(["4181", "4177"])
            .stdin(link)
            .stdout(std::os::fd::OwnedFd::from(theirs))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (tell, lines) = channel();
        let reader = BufReader::new(commands.try_clone().unwrap());
        std::thread::Builder::new()
            .spawn(move || {
                for line in reader.lines().map_while(Result::ok) {
                    let _ = tell.send(line.replace('#', ""));
                }
            })
            .unwrap();
        Self {
            child,
            commands,
            lines,
            heard: Vec::new(),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The gateway with its SIP user, and libss7 at the other end.
struct Stand {
    live: Live,
    peer: Program,
    _loop: Loop,
}

impl Stand {
    /// The link is in service and every circuit reset. `group` is added to the trunk group.
    fn start(name: &str, group: &str) -> Self {
        configure("libss7.conf");
        // The exchange of the stage has a line of its own, with nobody at its other end.
        let line = Line {
            near: Line::dahdi_end(1).unwrap(),
            ..Line::emulated()
        };
        let _loop = Loop::start(2);
        let peer = Program::start();
        let key = "country_code = \"49\"";
        let live = Live::start_with(&folder(name), line, |text| {
            *text = text.replacen(key, &format!("{key}\n{group}"), 1);
        });
        let mut stand = Self {
            live: live.unwrap(),
            peer,
            _loop,
        };
        stand.hear("up");
        stand.hear("grs 1 ");
        all_idle(&mut stand.live);
        stand
    }

    fn tell(&mut self, command: &str) {
        let line = format!("{command}\n");
        self.peer.commands.write_all(line.as_bytes()).unwrap();
    }

    /// Waits for a line of libss7 that begins so, and returns the rest of it.
    #[track_caller]
    fn hear(&mut self, start: &str) -> String {
        let peer = &mut self.peer;
        let came = until(&mut self.live, Duration::from_secs(30), |_| {
            peer.heard.extend(peer.lines.try_iter());
            peer.heard.iter().any(|line| line.starts_with(start))
        });
        assert!(
            came.unwrap(),
            "no {start:?} of {:?}: {}",
            self.peer.heard,
            explained(&mut self.live)
        );
        let heard = &mut self.peer.heard;
        let place = heard.iter().position(|line| line.starts_with(start));
        heard.remove(place.unwrap()).split_off(start.len())
    }

    /// A call of the SIP user that has arrived at libss7; its CIC.
    #[track_caller]
    fn outgoing(&mut self) -> (CallId, String) {
        let call = call(&mut self.live, ECHO);
        let iam = self.hear("iam ");
        assert!(iam.contains("305550001"), "{iam}");
        (call, iam.split(' ').next().unwrap().to_owned())
    }

    /// As [`Self::outgoing`], answered.
    #[track_caller]
    fn answered_there(&mut self) -> (CallId, String) {
        let (call, cic) = self.outgoing();
        self.tell(&format!("acm {cic}"));
        self.tell(&format!("anm {cic}"));
        reaches(&mut self.live, call, CallState::Confirmed);
        (call, cic)
    }

    /// A call of libss7 that has arrived at the SIP user.
    #[track_caller]
    fn incoming(&mut self, cic: u16) -> CallId {
        let before: Vec<_> = self.live.user().sip().calls().map(|(id, ..)| id).collect();
        let number = SIP_USER.trim_start_matches("+49");
        self.tell(&format!("call {cic} {number} 305550007"));
        let mut found = None;
        let came = until(&mut self.live, Duration::from_secs(10), |live| {
            let mut calls = live.user().sip().calls();
            found = calls.find(|(id, role, _)| *role == Role::Called && !before.contains(id));
            found.is_some()
        });
        assert!(came.unwrap(), "no call at the SIP user");
        found.unwrap().0
    }

    fn answering(&mut self, answering: Answering) {
        self.live.user().sip_mut().set_answering(answering);
    }

    /// Released by libss7: the SIP user's call is over.
    #[track_caller]
    fn released_there(&mut self, call: CallId, cic: &str, cause: u8) {
        self.tell(&format!("rel {cic} {cause}"));
        self.hear(&format!("rlc {cic}"));
        reaches(&mut self.live, call, CallState::Terminated);
    }

    /// Released by the gateway, with that cause.
    #[track_caller]
    fn released_here(&mut self, call: CallId, cic: &str, cause: u8) {
        assert_eq!(self.hear(&format!("rel {cic} ")), cause.to_string());
        reaches(&mut self.live, call, CallState::Terminated);
    }

    fn hang_up(&mut self, call: CallId) {
        let now = self.live.now();
        self.live.user().sip_mut().bye(now, call, None).unwrap();
    }

    fn cancel(&mut self, call: CallId) {
        let now = self.live.now();
        self.live.user().sip_mut().cancel(now, call, None).unwrap();
    }

    fn maintain(&mut self, action: Maintenance, cic: u16) -> CircuitId {
        let which = Which {
            group: None,
            cic: Some(cic),
        };
        let circuit = self
            .live
            .gateway(move |iwu| iwu.maintainable(action, &which));
        let circuit = circuit.unwrap().unwrap();
        self.live.maintain(circuit, action).unwrap();
        circuit
    }

    /// Whether a circuit of the gateway can be given to a call.
    fn in_service(&mut self, circuit: CircuitId) -> bool {
        let view = self
            .live
            .gateway(move |iwu| iwu.circuit(circuit).unwrap().status.in_service());
        view.unwrap()
    }

    #[track_caller]
    fn until(&mut self, what: &str, so: impl Fn(&mut Self) -> bool) {
        for _ in 0..1_000 {
            if so(self) {
                return;
            }
            self.live.turn().unwrap();
        }
        panic!("{what}: {}", explained(&mut self.live));
    }

    /// Nothing is left on either side.
    #[track_caller]
    fn end(mut self) {
        all_idle(&mut self.live);
        self.tell("calls");
        assert_eq!(self.hear("calls "), "0");
        let wrong = ["hangup", "notinservice", "down", "refused", "other"];
        let heard = &self.peer.heard;
        let complaint = heard
            .iter()
            .find(|line| wrong.iter().any(|wrong| line.starts_with(wrong)));
        assert_eq!(complaint, None);
        self.live.stop();
        configure("channels.conf");
    }
}

/// Link, group resets of both ends, calls that either end releases, with every octet that is said coming
/// back; busy, either way.
#[test]
fn libss7_calls_and_is_called() {
    let mut stand = Stand::start("libss7-calls", "");
    stand.tell("grs 1 15");
    stand.hear("gra 1 15");
    let (call, cic) = stand.answered_there();
    stand.live.user().rtp_mut().play(Play::Pattern);
    let back = until(&mut stand.live, Duration::from_secs(10), |live| {
        live.user().rtp().pattern().octets >= PATTERN
    });
    let report = stand.live.user().rtp().pattern();
    assert!(back.unwrap() && report.octet_errors == 0, "{report:?}");
    stand.live.user().rtp_mut().play(Play::Idle);
    stand.hang_up(call);
    stand.released_here(call, &cic, NORMAL);
    let (call, cic) = stand.answered_there();
    stand.released_there(call, &cic, NORMAL);
    for (cic, here) in [(9, true), (11, false)] {
        let call = stand.incoming(cic);
        stand.hear(&format!("acm {cic}"));
        stand.hear(&format!("anm {cic}"));
        match here {
            true => {
                stand.hang_up(call);
                stand.released_here(call, &cic.to_string(), NORMAL);
            }
            false => stand.released_there(call, &cic.to_string(), NORMAL),
        }
    }
    let (busy, cic) = stand.outgoing();
    stand.released_there(busy, &cic, BUSY);
    stand.answering(Answering {
        reject: Some(Rejection {
            status: 486,
            reason: "Busy Here".to_owned(),
            cause: None,
        }),
        ..Answering::default()
    });
    let busy = stand.incoming(13);
    stand.released_here(busy, "13", BUSY);
    stand.end();
}

/// From either end, before and after every message of a call.
#[test]
fn calls_with_libss7_are_released_in_every_phase() {
    let mut stand = Stand::start("libss7-phases", "");
    let phases: [&[&str]; 6] = [
        &[],
        &["acm"],
        &["acm", "cpg"],
        &["con"],
        &["acm", "anm"],
        &["acm", "anm", "sus"],
    ];
    for messages in phases {
        let answered = messages.iter().any(|name| matches!(*name, "con" | "anm"));
        for here in [true, false] {
            let (call, cic) = stand.outgoing();
            for name in messages {
                // CPG with the event "alerting".
                stand.tell(&format!("{name} {cic} 1"));
            }
            let reached = match (answered, messages) {
                (true, _) => CallState::Confirmed,
                (false, []) => CallState::Proceeding,
                (false, _) => CallState::Early,
            };
            reaches(&mut stand.live, call, reached);
            match (here, answered) {
                (true, true) => stand.hang_up(call),
                (true, false) => stand.cancel(call),
                (false, _) => {
                    stand.released_there(call, &cic, REJECTED);
                    continue;
                }
            }
            stand.released_here(call, &cic, NORMAL);
        }
    }
    let silent = Answering {
        ring_after: Duration::from_secs(20),
        ..Answering::default()
    };
    let ringing = Answering {
        answer_after: None,
        ..Answering::default()
    };
    let number = |cic: u16| cic.to_string();
    // Before the ACM, from either end.
    stand.answering(silent);
    let call = stand.incoming(15);
    stand.released_there(call, &number(15), NORMAL);
    let call = stand.incoming(17);
    let reject = Rejection {
        status: 403,
        reason: "Forbidden".to_owned(),
        cause: None,
    };
    let now = stand.live.now();
    let rejected = stand.live.user().sip_mut().reject(now, call, &reject);
    rejected.unwrap();
    stand.released_here(call, &number(17), REJECTED);
    // After it.
    stand.answering(ringing);
    let call = stand.incoming(19);
    stand.hear("acm 19");
    stand.released_there(call, &number(19), NORMAL);
    let call = stand.incoming(21);
    stand.hear("acm 21");
    let now = stand.live.now();
    let rejected = stand.live.user().sip_mut().reject(now, call, &reject);
    rejected.unwrap();
    stand.released_here(call, &number(21), REJECTED);
    stand.end();
}

/// Blocking, unblocking and reset from either end, idle and under a call; and a check of an idle circuit,
/// whose tone comes back through the driver.
#[test]
fn circuits_to_libss7_are_blocked_reset_and_checked() {
    let mut stand = Stand::start("libss7-maintenance", "");
    let circuit = stand.maintain(Maintenance::Check, 23);
    stand.hear("ccr 23");
    stand.until("the tone came back", |stand| {
        let mut traces = stand.live.seen().traces.iter();
        traces.any(|trace| {
            trace
                .what
                .to_string()
                .contains("continuity check succeeded")
        })
    });
    all_idle(&mut stand.live);
    stand.tell("blo 23");
    stand.hear("bla 23");
    assert!(!stand.in_service(circuit), "blocked there");
    stand.tell("ubl 23");
    stand.hear("uba 23");
    assert!(stand.in_service(circuit));
    let circuit = stand.maintain(Maintenance::Block, 25);
    stand.hear("blo 25");
    stand.until("BLA", |stand| !stand.in_service(circuit));
    stand.maintain(Maintenance::Unblock, 25);
    stand.hear("ubl 25");
    stand.until("UBA", |stand| stand.in_service(circuit));
    stand.tell("rsc 27");
    stand.hear("rlc 27");
    stand.maintain(Maintenance::Reset, 29);
    stand.hear("rsc 29");
    let (call, cic) = stand.answered_there();
    stand.tell(&format!("rsc {cic}"));
    stand.hear(&format!("rlc {cic}"));
    reaches(&mut stand.live, call, CallState::Terminated);
    let (call, cic) = stand.answered_there();
    stand.maintain(Maintenance::Reset, cic.parse().unwrap());
    stand.hear(&format!("rsc {cic}"));
    reaches(&mut stand.live, call, CallState::Terminated);
    stand.end();
}

/// Twenty at once, ten from each end, five times; half of either kind is released by either end. Each call
/// of the gateway asks for a continuity check of its circuit first.
#[test]
fn a_hundred_calls_with_libss7_leave_no_circuit_behind() {
    let mut stand = Stand::start("libss7-hundred", "continuity_check = \"always\"");
    for round in 0..5 {
        let mut calls = Vec::new();
        // The circuits with even codes are libss7's choice, its point code is the higher one; the gateway
        // takes the others first (Q.764 §2.9.1.3).
        for there in [10, 12, 14, 18, 20, 22, 24, 26, 28, 30] {
            let (call, cic) = stand.outgoing();
            assert_eq!(cic.parse::<u16>().unwrap() % 2, 1);
            calls.push((call, cic, false));
            let call = stand.incoming(there);
            calls.push((call, there.to_string(), true));
        }
        for (_, cic, incoming) in &calls {
            if *incoming {
                stand.hear(&format!("anm {cic}"));
            } else {
                stand.hear(&format!("check {cic}"));
                assert_eq!(stand.hear(&format!("cot {cic} ")), "1");
                stand.tell(&format!("acm {cic}"));
                stand.tell(&format!("anm {cic}"));
            }
        }
        for (call, ..) in &calls {
            reaches(&mut stand.live, *call, CallState::Confirmed);
        }
        for (place, (call, cic, _)) in calls.iter().enumerate() {
            match (place / 2 + round) % 2 {
                0 => stand.hang_up(*call),
                _ => stand.tell(&format!("rel {cic} {NORMAL}")),
            }
        }
        for (call, ..) in &calls {
            reaches(&mut stand.live, *call, CallState::Terminated);
        }
        all_idle(&mut stand.live);
    }
    stand.until("a record of each call", |stand| {
        stand.live.seen().records.len() == 100
    });
    assert_eq!(stand.live.user().sip().calls().count(), 100);
    let first = stand.live.user().sip().calls().next().unwrap().0;
    assert_eq!(state(&mut stand.live, first), Some(CallState::Terminated));
    stand.end();
}

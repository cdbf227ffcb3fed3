//! The gateway on the real driver: `tests/dahdi/machine` is where this runs.
//!
//! The gateway has one of two joined spans, the lab's exchange the other one. Nothing here skips:
//! without `/dev/dahdi` every test fails.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use isthmus::demo::real_time::{Line, Live};
use isthmus::demo::scenario::in_service;
use isthmus::demo::settings::numbers::{ECHO, RING};
use isthmus::demo::stage::{Stage, pass, until};
use lab::sip_peer::{CallId, CallState, Invitation};

/// Configures the driver by a file that came with the test.
fn configure(file: &str) {
    let done = Command::new("dahdi_cfg").args(["-c", file]).status();
    assert!(done.unwrap().success(), "{file}");
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Takes both ends of the line from the driver under the programs that have them open, or gives them back:
/// the card of one is pulled out, so that the other one hears nothing.
fn assign(there: bool) {
    for (device, span, channel) in [(0, 1, 1), (1, 2, 32)] {
        let device = format!("/sys/bus/dahdi_devices/devices/dynamic:loc:{device}");
        let (file, text) = match there {
            true => ("assign_span", format!("1:{span}:{channel}")),
            false => ("unassign_span", "1".to_owned()),
        };
        std::fs::write(format!("{device}/{file}"), text).unwrap();
    }
}

/// The page, whose commands on the driver are run; `tests/peers` runs those from here on.
const PAGE: &str = include_str!("../../docs/hardware.md");
const NO_DRIVER: &str = "\n## A serial cable\n";
/// What a machine with the driver loaded and no network cannot run: each is a line of a script that did.
const BEFORE: &[(&str, &str)] = &[
    (
        "sudo apt install dahdi dahdi-source libclang-dev",
        include_str!("../run"),
    ),
    (
        "cargo build --release --features dahdi",
        include_str!("../run"),
    ),
    (
        "sudo modprobe dahdi auto_assign_spans=1",
        include_str!("init"),
    ),
    ("sudo modprobe dahdi_dynamic_loc", include_str!("init")),
];

/// The blocks of the page whose fence begins so, each with the rest of that line.
fn blocks(fence: &str) -> Vec<(&str, String)> {
    let (driver, _) = PAGE.split_once(NO_DRIVER).unwrap();
    let mut lines = driver.lines();
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix(fence) {
            let body = lines.by_ref().take_while(|line| *line != "```");
            blocks.push((name.trim(), body.map(|line| format!("{line}\n")).collect()));
        }
    }
    blocks
}

/// Every command of docs/hardware.md, in its order, with the files that the page shows. Among them are the
/// calls of `isthmus demo` both ways, octet by octet, with ringback and DTMF, over the driver's HDLC.
#[test]
fn every_command_of_the_page_is_run() {
    let folder = folder("page");
    let files = [blocks("```text "), blocks("```toml ")].concat();
    assert_eq!(files.len(), 3);
    for (name, body) in files {
        let path = match name {
            "system.conf" => PathBuf::from("/etc/dahdi/system.conf"),
            name => folder.join(name),
        };
        std::fs::write(path, body).unwrap();
    }
    let mut script = String::from("set -e\n");
    let mut before: Vec<_> = BEFORE.to_vec();
    for (_, block) in blocks("```console") {
        for line in block.lines() {
            let command = line
                .strip_prefix("$ ")
                .unwrap_or_else(|| panic!("no command: {line}"));
            if let Some(place) = before.iter().position(|(known, _)| *known == command) {
                let (known, done_by) = before.remove(place);
                let words = known
                    .split(' ')
                    .filter(|word| word.contains("dahdi") || word.contains("lib"));
                for word in words {
                    assert!(done_by.contains(word), "{word} of `{known}`");
                }
                continue;
            }
            script += command.strip_prefix("sudo ").unwrap_or(command);
            script.push('\n');
        }
    }
    assert_eq!(before, [], "no longer on the page");
    // The gateway of the page goes on in the background.
    script += "kill $!\n";
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(&folder)
        .env("PATH", "/payload:/bin:/sbin")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    for expected in [
        "timeslot 16     channel 16       dchan",
        " checks passed in ",
        "gateway.toml: right: a gateway with 1 span, 1 link, 30 circuits",
        "link 0: active",
    ] {
        assert!(
            text.contains(expected),
            "no {expected:?} in {text}\n{errors}"
        );
    }
}

/// A call to this number, answered or ringing.
fn call(live: &mut Live, number: &str) -> CallId {
    let now = live.now();
    let host = live.user().sip().config().remote;
    let invitation = Invitation::new(&format!("sip:{number}@{host};user=phone"));
    live.user().sip_mut().call(now, invitation).unwrap()
}

fn state(live: &mut Live, call: CallId) -> Option<CallState> {
    live.user().sip().state(call)
}

/// What the first circuit and the link say of themselves at both ends.
fn explained(live: &mut Live) -> String {
    let now = live.now();
    let near = live.gateway(move |iwu| {
        let circuits = iwu.circuits().filter_map(|(id, _)| iwu.circuit(id)).take(1);
        circuits.map(|view| view.explain(now)).collect::<String>()
    });
    let far = live.exchange(|now, exchange| {
        let circuits: String = exchange
            .circuits()
            .take(1)
            .map(|view| view.explain(now))
            .collect();
        let links = exchange
            .links()
            .filter_map(|link| exchange.link_state(link));
        let links: String = links.map(|state| state.to_string()).collect();
        format!("{circuits}\n{links}")
    });
    format!("gateway: {}\nexchange: {far}", near.unwrap())
}

/// libss7 at the other end of the link, on a channel in the driver's MTP2 mode: `tests/libss7/peer.c`, a
/// program of its own.
struct Libss7 {
    child: Child,
    commands: UnixStream,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Libss7 {
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
            .stderr(std::process::Stdio::null())
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

    fn tell(&mut self, command: &str) {
        self.commands
            .write_all(format!("{command}\n").as_bytes())
            .unwrap();
    }

    /// Waits for a line that begins so, and returns the rest of it.
    fn hear(&mut self, live: &mut Live, start: &str) -> String {
        let came = until(live, Duration::from_secs(30), |_| {
            self.heard.extend(self.lines.try_iter());
            self.heard.iter().any(|line| line.starts_with(start))
        });
        assert!(came.unwrap(), "no {start:?} of {:?}", self.heard);
        let place = self.heard.iter().position(|line| line.starts_with(start));
        self.heard.remove(place.unwrap()).split_off(start.len())
    }
}

impl Drop for Libss7 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A call of the SIP user to libss7, answered; its CIC.
fn answered_there(live: &mut Live, peer: &mut Libss7) -> (CallId, String) {
    let call = call(live, ECHO);
    let iam = peer.hear(live, "iam ");
    let cic = iam.split(' ').next().unwrap().to_owned();
    assert!(iam.contains("305550001"), "{iam}");
    peer.tell(&format!("acm {cic}"));
    peer.tell(&format!("anm {cic}"));
    let up = until(live, Duration::from_secs(5), |live| {
        state(live, call) == Some(CallState::Confirmed)
    });
    assert!(up.unwrap(), "answered");
    (call, cic)
}

/// The gateway's link on the driver's HDLC and libss7's in the driver's MTP2 mode: link, group reset,
/// calls that either end releases, busy, blocking; nothing is left on either side.
#[test]
fn calls_with_libss7_over_the_drivers_two_kinds_of_hdlc() {
    configure("libss7.conf");
    // The exchange of the stage has a line of its own, with nobody at its other end.
    let line = Line {
        near: Line::dahdi_near(1).unwrap(),
        ..Line::emulated()
    };
    let mut peer = Libss7::start();
    let mut live = Live::start(&folder("libss7"), line).unwrap();
    peer.hear(&mut live, "up");
    peer.hear(&mut live, "grs 1 ");
    let idle = |live: &mut Live| {
        let all = until(live, Duration::from_secs(10), |live| {
            let idle = live.gateway(|iwu| {
                let mut views = iwu.circuits().filter_map(|(id, _)| iwu.circuit(id));
                iwu.calls() == 0
                    && views.all(|view| view.state == "Idle" && view.status.in_service())
            });
            idle.unwrap()
        });
        assert!(all.unwrap(), "every circuit idle");
    };
    idle(&mut live);
    for _ in 0..5 {
        let (call, cic) = answered_there(&mut live, &mut peer);
        let now = live.now();
        live.user().sip_mut().bye(now, call, None).unwrap();
        assert_eq!(peer.hear(&mut live, &format!("rel {cic} ")), "16");
        let (call, cic) = answered_there(&mut live, &mut peer);
        peer.tell(&format!("rel {cic} 16"));
        peer.hear(&mut live, &format!("rlc {cic}"));
        let over = until(&mut live, Duration::from_secs(5), |live| {
            state(live, call) == Some(CallState::Terminated)
        });
        assert!(over.unwrap(), "released there");
    }
    // To the SIP user, which answers by itself: and the caller releases.
    peer.tell("call 9 305550100 305550007");
    peer.hear(&mut live, "acm 9");
    peer.hear(&mut live, "anm 9");
    peer.tell("rel 9 16");
    peer.hear(&mut live, "rlc 9");
    let busy = call(&mut live, ECHO);
    let iam = peer.hear(&mut live, "iam ");
    let cic = iam.split(' ').next().unwrap().to_owned();
    peer.tell(&format!("rel {cic} 17"));
    let over = until(&mut live, Duration::from_secs(5), |live| {
        state(live, busy) == Some(CallState::Terminated)
    });
    assert!(over.unwrap(), "busy");
    peer.tell("blo 7");
    peer.hear(&mut live, "bla 7");
    peer.tell("ubl 7");
    peer.hear(&mut live, "uba 7");
    idle(&mut live);
    peer.tell("calls");
    assert_eq!(peer.hear(&mut live, "calls "), "0");
    live.stop();
}

/// Circuits of the gateway that no call can have.
fn blocked(live: &mut Live) -> usize {
    let count = live.gateway(|iwu| {
        let views = iwu.circuits().filter_map(|(id, _)| iwu.circuit(id));
        views.filter(|view| !view.status.in_service()).count()
    });
    count.unwrap()
}

/// The driver repeats and filters signal units of the gateway's link. Under calls that talk and ring, the
/// line's spans are taken away: the gateway's circuits are blocked, the calls are cleared, and when the span is
/// back everything comes into service by itself.
#[test]
fn a_span_that_is_lost_under_calls_is_blocked_and_comes_back_by_itself() {
    configure("to-mtp2.conf");
    let mut live = Live::start(&folder("loss"), Line::dahdi(1, 2).unwrap()).unwrap();
    assert!(
        in_service(&mut live).unwrap(),
        "the link over the driver's MTP2 mode"
    );
    let talking: Vec<_> = (0..4).map(|_| call(&mut live, ECHO)).collect();
    let ringing: Vec<_> = (0..2).map(|_| call(&mut live, RING)).collect();
    let up = until(&mut live, Duration::from_secs(15), |live| {
        talking
            .iter()
            .all(|call| state(live, *call) == Some(CallState::Confirmed))
    });
    assert!(up.unwrap(), "four calls talk");
    assert_eq!(blocked(&mut live), 0);

    assign(false);
    let over = until(&mut live, Duration::from_secs(20), |live| {
        talking
            .iter()
            .chain(&ringing)
            .all(|call| state(live, *call) == Some(CallState::Terminated))
    });
    assert!(over.unwrap(), "all calls are cleared");
    let all = until(&mut live, Duration::from_secs(5), |live| {
        blocked(live) == 30
    });
    assert!(
        all.unwrap(),
        "every circuit is blocked, not only {}",
        blocked(&mut live)
    );
    let causes: Vec<_> = live
        .seen()
        .records
        .iter()
        .map(|record| record.cause)
        .collect();
    assert_eq!(causes.len(), 6);
    // Q.850: 27 destination out of order, 31 normal, unspecified, 41 temporary failure.
    println!("causes {causes:?}");
    assert!(
        causes
            .iter()
            .all(|cause| matches!(cause, Some(27 | 31 | 38 | 41))),
        "{causes:?}"
    );
    // It goes on without a span, and takes no call.
    pass(&mut live, Duration::from_secs(2)).unwrap();
    let refused = call(&mut live, ECHO);
    let over = until(&mut live, Duration::from_secs(5), |live| {
        state(live, refused) == Some(CallState::Terminated)
    });
    assert!(over.unwrap(), "a call without a line is refused");

    assign(true);
    configure("to-mtp2.conf");
    let back = until(&mut live, Duration::from_secs(90), |live| {
        in_service(live).unwrap_or(false)
    });
    assert!(
        back.unwrap(),
        "everything is in service again: {}",
        explained(&mut live)
    );
    assert_eq!(blocked(&mut live), 0);
    let again = call(&mut live, ECHO);
    let up = until(&mut live, Duration::from_secs(15), |live| {
        state(live, again) == Some(CallState::Confirmed)
    });
    assert!(up.unwrap(), "a call talks again");
    live.stop();
}

//! A T1: 24 timeslots, mu-law, ANSI ISUP, the gateway and the lab as two programs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use isthmus::iwu::maintenance::{self, Which};
use isthmus::shell::operators;
use isthmus::shell::thread::now;
use lab::audio::Play;
use lab::phone::UdpPhone;
use lab::rtp_peer::RtpPeerConfig;
use lab::sip_peer::{CallState, Format, Invitation, SipPeerConfig};
use tdm::Law;

use super::{configure, folder};

/// The driver's numbers of the two spans.
const NEAR: &str = "5";
/// Octets of the test pattern that must come back.
const PATTERN: u64 = 8_000;

const SIP: &str = r#"
[gateway]
control = "control"

[[sip_trunk]]
name = "softphone"
address = "127.0.0.1:5070"
codecs = ["pcmu"]

[[rule]]
name = "out"
from = ["softphone"]
to = ["exchange"]
"#;

const LAB: &str = r#"
[lab]
country = "us"
country_code = "1"

[[span]]
name = "t1"
driver = "dahdi"
number = 6

[[linkset]]
name = "to-gateway"
standard = "ansi"
point_code = 16060418
adjacent = 16060417
link = [{ span = "t1", timeslot = 24, slc = 0 }]

[[circuits]]
linkset = "to-gateway"
span = "t1"
timeslots = "1-23"
law = "mulaw"

[[subscriber]]
number = "+12125550102"
behaviour = "echo"
"#;

/// `isthmus` with these arguments; it ends with its owner.
struct Program {
    child: Child,
    /// Its end would end nothing.
    _input: Option<ChildStdin>,
    said: PathBuf,
}

impl Program {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let said = folder.join(format!("{}.log", arguments.join("-")));
        let log = std::fs::File::create(&said).unwrap();
        let mut child = Command::new("/payload/isthmus")
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self {
            _input: child.stdin.take(),
            child,
            said,
        }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a user in the machine's own time"
)]
fn until(phone: &mut UdpPhone, limit: Duration, mut so: impl FnMut(&mut UdpPhone) -> bool) -> bool {
    let end: Instant = now() + limit;
    while !so(phone) {
        if now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
        phone.turn(now()).unwrap();
    }
    true
}

/// The section of the gateway's configuration is what `isthmus hardware` says of the span.
#[test]
fn a_t1_carries_a_call_with_ansi_isup() {
    configure("t1.conf");
    let folder = folder("t1");
    let section = Command::new("/payload/isthmus")
        .args(["hardware", "--section", NEAR])
        .output()
        .unwrap();
    let section = String::from_utf8(section.stdout).unwrap();
    for line in [
        "standard = \"ansi\"",
        "timeslot = 24, slc = 0",
        "timeslots = \"1-23\"",
        "law = \"mulaw\"",
    ] {
        assert!(section.contains(line), "no {line} in {section}");
    }
    std::fs::write(folder.join("gateway.toml"), section + SIP).unwrap();
    std::fs::write(folder.join("lab.toml"), LAB).unwrap();
    let lab = Program::start(&folder, &["lab", "--config", "lab.toml"]);
    let gateway = Program::start(&folder, &["run", "--config", "gateway.toml"]);

    let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let uri = "sip:+12125550101@127.0.0.1";
    let mut config = SipPeerConfig::new(uri, local(5070), local(5060), local(0));
    config.formats = vec![Format::pcmu(), Format::telephone_event(101)];
    let rtp = RtpPeerConfig {
        law: Law::MuLaw,
        payload_type: 0,
        ..RtpPeerConfig::default()
    };
    let mut phone = UdpPhone::bind(config, rtp).unwrap();
    let control = folder.join("control");
    let idle = until(&mut phone, Duration::from_secs(60), |_| {
        let circuits = maintenance::Command::Circuits(Which::default());
        operators::ask(&control, &circuits).is_ok_and(|lines| {
            lines.len() == 23
                && lines
                    .iter()
                    .all(|line| line.contains("): Idle") && !line.contains("cannot be reached"))
        })
    });
    assert!(idle, "{}\n{}", gateway.said(), lab.said());

    let invitation = Invitation::new("sip:+12125550102@127.0.0.1:5060;user=phone");
    let call = phone.phone_mut().sip_mut().call(now(), invitation).unwrap();
    let state = |phone: &UdpPhone| phone.phone().sip().state(call);
    let up = until(&mut phone, Duration::from_secs(15), |phone| {
        state(phone) == Some(CallState::Confirmed)
    });
    assert!(up, "{}\n{}", gateway.said(), lab.said());
    phone.phone_mut().rtp_mut().play(Play::Pattern);
    let back = until(&mut phone, Duration::from_secs(10), |phone| {
        phone.phone().rtp().pattern().octets >= PATTERN
    });
    let pattern = phone.phone().rtp().pattern();
    assert!(back && pattern.octet_errors == 0, "{pattern:?}");
    phone.phone_mut().sip_mut().bye(now(), call, None).unwrap();
    let over = until(&mut phone, Duration::from_secs(5), |phone| {
        state(phone) == Some(CallState::Terminated)
    });
    assert!(over, "{}", gateway.said());
    let released = until(&mut phone, Duration::from_secs(5), |_| {
        lab.said().contains(": idle\n")
    });
    assert!(released, "{}", lab.said());
    drop((gateway, lab));
    let removed = Command::new("dahdi_cfg")
        .args(["-s", "-c", "t1.conf"])
        .status();
    // Shutting down is told by status 1.
    assert!(!removed.unwrap().success());
}

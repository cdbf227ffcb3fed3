//! linphonec as a softphone with files in place of a sound card.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use isthmus::cdr::{CallRecord, Origin, ReleasedBy};
use media_bridge::tone::Detector;
use tdm::Law;

use crate::peer;
use crate::ports;
use crate::program::Program;
use crate::wav;
use crate::world::{Changes, World};

/// The subscriber that plays 1004 Hz at -16 dBm0.
const MILLIWATT: &str = "+49305550002";
/// The subscriber that calls, and plays the same tone once it is answered.
const CALLER: &str = "+49305550007";
/// The number of the softphone.
const SOFTPHONE: &str = "+49305550100";
/// linphone reads a body as text: a multipart with an ISUP message ends for it at the first NUL,
/// and is refused with 503.
const PLAIN: (&str, &str) = ("isup = \"optional\"", "isup = \"off\"");
const LIMIT: Duration = Duration::from_secs(60);
/// A window that tells the tone from ringback and silence.
const LOOK: usize = 800;

/// linphonec on a port, with its files in a folder of the world.
pub(crate) struct Linphone {
    program: Program,
    folder: PathBuf,
}

impl Linphone {
    fn start(world: &World, port: u16, arguments: &[&str]) -> Self {
        Self::start_with(world, port, arguments, "media_encryption=none")
    }

    /// One that calls by TLS and takes nothing without SRTP. Its TLS finds no address in a
    /// certificate, and is not to look at it.
    pub(crate) fn start_protected(world: &World) -> Self {
        let lines = format!(
            "media_encryption=srtp\nmedia_encryption_mandatory=1\nsip_port=0\nsip_tcp_port=0\n\
             sip_tls_port={}\nverify_server_certs=0\nverify_server_cn=0",
            ports::free(2),
        );
        Self::start_with(world, 0, &[], &lines)
    }

    /// With these lines about SIP in its configuration, and on this UDP port alone unless it is 0.
    fn start_with(world: &World, port: u16, arguments: &[&str], lines: &str) -> Self {
        let folder = world.directory.join("linphone");
        // Without a place for its database it takes no calls.
        fs::create_dir_all(folder.join(".local/share/linphone")).expect("a folder of ours");
        // Nothing is to be listened on but what `ports sip` says below: it watches no networks.
        let config = format!(
            "[sip]\nguess_hostname=0\ncontact=sip:{SOFTPHONE}@127.0.0.1\n\
             {lines}\n\
             [net]\nfirewall_policy=0\nauto_net_state_mon=0\n\
             [rtp]\naudio_rtp_port={}\n\
             [sound]\nechocancellation=0\n\
             [audio_codec_0]\nmime=PCMA\nrate=8000\nchannels=1\nenabled=1\n",
            ports::free(2),
        );
        let file = folder.join("linphonerc");
        fs::write(&file, config).expect("a file of ours");
        let mut linphone = Command::new("linphonec");
        linphone
            .arg("-c")
            .arg(&file)
            .args(arguments)
            .env("HOME", &folder);
        let program = Program::start("linphonec", &mut linphone);
        let mut started = Self { program, folder };
        // What it is told before its first prompt, which is no line, is lost.
        started
            .program
            .wait_for(0, "Warning: video is disabled", LIMIT);
        std::thread::sleep(Duration::from_secs(1));
        started.tell("soundcard use files");
        started.program.wait_for(0, "Using wav files", LIMIT);
        started.tell("ipv6 disable");
        if port > 0 {
            started.tell(&format!("ports sip {port}"));
            started.program.wait_for(0, "Setting sip port", LIMIT);
        }
        let record = format!("record {}", started.recording().display());
        started.tell(&record);
        started
    }

    fn recording(&self) -> PathBuf {
        self.folder.join("heard.wav")
    }

    pub(crate) fn tell(&mut self, line: &str) {
        self.program.tell(line);
    }

    pub(crate) fn quit(mut self) -> PathBuf {
        self.tell("quit");
        self.program.wait(LIMIT);
        self.recording()
    }
}

/// How many tenths of a second of the recording are the milliwatt tone.
pub(crate) fn tone(recording: &Path) -> usize {
    let recording = wav::read(recording);
    assert_eq!(recording.rate, 8000);
    let windows = recording.samples.chunks_exact(LOOK);
    windows
        .filter(|window| Detector::measure(window, Law::ALaw).matches(&[1004.0], 5.0))
        .count()
}

/// What the record of each of these calls holds.
fn assert_cleared(record: &CallRecord, origin: Origin, by: ReleasedBy) {
    assert_eq!(record.origin, origin, "{record:?}");
    assert_eq!((record.cause, record.sip_status), (Some(16), Some(200)));
    assert_eq!(record.released_by, Some(by), "{record:?}");
}

#[test]
fn linphone_hears_the_tone_before_and_after_it_holds_the_call() {
    if !peer::is_here("linphonec") {
        return;
    }
    let mut world = World::start(&Changes {
        gateway: &[PLAIN],
        ..Changes::default()
    });
    let mut linphone = Linphone::start(&world, ports::free(2), &[]);
    let from = world.gateway().said();
    linphone.tell(&format!("call sip:{MILLIWATT}@{}", world.sip));
    world.gateway().wait_for(from, "SIP received ACK", LIMIT);
    std::thread::sleep(Duration::from_secs(3));
    // Hold and resume are re-INVITEs that the endpoint answers.
    for command in ["pause", "resume"] {
        let from = world.gateway().said();
        linphone.tell(command);
        let gateway = world.gateway();
        gateway.wait_for(from, "SIP received INVITE", LIMIT);
        gateway.wait_for(from, "SIP received ACK", LIMIT);
        std::thread::sleep(Duration::from_secs(3));
    }
    linphone.tell("terminate");
    world.wait_until_idle();
    let heard = tone(&linphone.quit());
    assert!(heard >= 45, "{heard} tenths of a second of 6 s");
    let records = world.wait_for_records(1);
    assert_cleared(&records[0], Origin::SipToPstn, ReleasedBy::Sip);
    world.finish();
}

#[test]
fn linphone_is_called_and_hears_the_caller() {
    if !peer::is_here("linphonec") {
        return;
    }
    let mut world = World::start(&Changes {
        gateway: &[PLAIN],
        exchange: &[("hang_up_after = \"10s\"", "hang_up_after = \"4s\"")],
        ..Changes::default()
    });
    let linphone = Linphone::start(&world, world.peer, &["-a"]);
    let from = world.gateway().said();
    // It listens a moment after it was told to.
    std::thread::sleep(Duration::from_secs(2));
    world.exchange().tell(&format!("call {CALLER} {SOFTPHONE}"));
    world.gateway().wait_for(from, "SIP received 200", LIMIT);
    world.gateway().wait_for(from, "SIP sent BYE", LIMIT);
    world.wait_until_idle();
    let heard = tone(&linphone.quit());
    assert!(heard >= 20, "{heard} tenths of a second");
    let records = world.wait_for_records(1);
    assert_cleared(&records[0], Origin::PstnToSip, ReleasedBy::Pstn);
    world.finish();
}

/// The number that answers with what it hears.
const ECHO: &str = "+49305550001";

/// A softphone of a trunk that may transfer its calls, and its call to the tone.
fn in_a_call_that_it_may_transfer() -> (World, Linphone) {
    let mut world = World::start(&Changes {
        gateway: &[PLAIN, ("transfer = false", "transfer = true")],
        ..Changes::default()
    });
    let mut linphone = Linphone::start(&world, ports::free(2), &[]);
    calls(&mut world, &mut linphone, MILLIWATT);
    (world, linphone)
}

fn calls(world: &mut World, linphone: &mut Linphone, number: &str) {
    let from = world.gateway().said();
    linphone.tell(&format!("call sip:{number}@{}", world.sip));
    world.gateway().wait_for(from, "SIP received ACK", LIMIT);
    std::thread::sleep(Duration::from_secs(1));
}

/// The softphone says `transfer`, and has no call any more: the two subscribers go on alone, until
/// one of them hangs up. The tone of the one comes back from the other.
fn transfers(mut world: World, mut linphone: Linphone, command: &str) {
    let from = world.gateway().said();
    let heard = world.exchange().said();
    linphone.tell(command);
    let gateway = world.gateway();
    gateway.wait_for(from, "SIP received REFER", LIMIT);
    gateway.wait_for(from, "talks to call", LIMIT);
    std::thread::sleep(Duration::from_secs(2));
    linphone.quit();
    let circuits = world.circuits("IncomingAnswered");
    assert_eq!(circuits.len(), 2);
    for circuit in &circuits {
        let tone = format!("CIC {circuit}: heard 100");
        let exchange = world.exchange();
        exchange.wait_for(heard, &tone, LIMIT);
    }
    world.exchange().tell(&format!("release {}", circuits[0]));
    world.wait_until_idle();
    let records = world.wait_for_records(2);
    for record in &records {
        assert_eq!((record.cause, record.sip_status), (Some(16), Some(200)));
        let media = record.media.expect("it had a bridge");
        assert!(media.packets_received > 100, "{media:?}");
    }
    world.finish();
}

#[test]
fn linphone_transfers_the_tone_to_another_subscriber() {
    if !peer::is_here("linphonec") {
        return;
    }
    let (world, linphone) = in_a_call_that_it_may_transfer();
    let command = format!("transfer sip:{ECHO}@{}", world.sip);
    transfers(world, linphone, &command);
}

#[test]
fn linphone_joins_two_subscribers() {
    if !peer::is_here("linphonec") {
        return;
    }
    let (mut world, mut linphone) = in_a_call_that_it_may_transfer();
    let from = world.gateway().said();
    linphone.tell("pause");
    world.gateway().wait_for(from, "SIP received ACK", LIMIT);
    calls(&mut world, &mut linphone, ECHO);
    transfers(world, linphone, "transfer 1 --to-call 2");
}

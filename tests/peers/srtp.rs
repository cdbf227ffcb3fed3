//! SRTP with keys in SDP over TLS: baresip and linphone call and are called, and nothing of what they
//! hear is on the wire.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use isthmus::cdr::{CallRecord, Origin};
use media_bridge::tone::Detector;
use tdm::Law;

use crate::baresip::{self, Phone};
use crate::certificates;
use crate::linphone;
use crate::peer;
use crate::ports;
use crate::program::Program;
use crate::tshark;
use crate::wav::Wav;
use crate::world::{Changes, Files, World};

const ECHO: &str = "+49305550001";
const MILLIWATT: &str = "+49305550002";
/// Calls, and plays the milliwatt tone once it is answered.
const CALLER: &str = "+49305550007";
const SOFTPHONE: &str = "+49305550100";
const LIMIT: Duration = Duration::from_secs(60);
/// The tone that baresip sends, in hertz.
const SINE: f64 = 700.0;
const BY_TLS: &str = "transport = \"tls\"";

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("isthmus-srtp-{name}-{}", std::process::id()))
}

/// A gateway that takes the softphone by TLS alone, with these lines in its trunk.
fn world(folder: &Path, peer: u16, trunk: &str) -> World {
    let tls = certificates::table(folder, "gateway");
    World::start(&Changes {
        gateway: &[
            ("#[sip.tls]", &tls),
            ("transport = \"udp\"", trunk),
            ("srtp = \"off\"", "srtp = \"required\""),
            ("isup = \"optional\"", "isup = \"off\""),
            ("# The dial plan.", certificates::PROBE),
            (
                "from = [\"softphone\"]",
                "from = [\"softphone\", \"probe\"]",
            ),
        ],
        exchange: &[("hang_up_after = \"10s\"", "hang_up_after = \"6s\"")],
        tls: true,
        peer,
        ..Changes::default()
    })
}

fn by_tls(world: &World) -> SocketAddr {
    SocketAddr::new(world.sip.ip(), world.sip.port() + 2)
}

/// Twenty seconds of the tone that baresip sends, as a file.
fn write_tone(file: &Path) {
    const RATE: u32 = 8000;
    let turn = std::f64::consts::TAU * SINE / f64::from(RATE);
    let sample = |n: u32| (8_000.0 * (turn * f64::from(n)).sin()) as i16;
    let samples: Vec<u8> = (0..20 * RATE)
        .flat_map(|n| sample(n).to_le_bytes())
        .collect();
    let length = samples.len() as u32;
    let mut octets = Vec::new();
    octets.extend(b"RIFF");
    octets.extend((36 + length).to_le_bytes());
    octets.extend(b"WAVEfmt ");
    // Sixteen octets: one channel of linear samples with 16 bits.
    octets.extend([16, 0, 0, 0, 1, 0, 1, 0]);
    octets.extend(RATE.to_le_bytes());
    octets.extend((2 * RATE).to_le_bytes());
    octets.extend([2, 0, 16, 0]);
    octets.extend(b"data");
    octets.extend(length.to_le_bytes());
    octets.extend(samples);
    fs::write(file, octets).expect("a file of ours");
}

/// Tenths of a second of this tone.
fn tenths(recording: &Wav, hertz: f64) -> usize {
    let windows = recording.samples.chunks_exact(800);
    let is_tone = |window: &&[i16]| Detector::measure(window, Law::ALaw).matches(&[hertz], 5.0);
    windows.filter(is_tone).count()
}

fn assert_protected(record: &CallRecord, origin: Origin) {
    assert_eq!(record.origin, origin, "{record:?}");
    assert_eq!((record.cause, record.sip_status), (Some(16), Some(200)));
    let suite = record.srtp.as_deref();
    assert_eq!(suite, Some("AES_CM_128_HMAC_SHA1_80"), "{record:?}");
    let media = record.media.expect("counted");
    assert!(media.packets_received > 150, "{media:?}");
    assert_eq!(media.packets_unauthenticated, 0, "{media:?}");
    assert_eq!(media.packets_replayed, 0, "{media:?}");
}

/// No key is in what the gateway has written, and no audio is: what tshark takes for the payload of
/// RTP is no tone by either law.
fn assert_secret(files: &Files) {
    for (file, blots) in [(&files.capture, true), (&files.recording, false)] {
        let octets = fs::read(file).expect("written");
        let keys = octets
            .windows(8)
            .filter(|word| word.starts_with(b"inline:"));
        let blotted = keys.clone().filter(|word| word[7] == b'x').count();
        assert!(blotted > 0, "{}: no key at all", file.display());
        // The recording has what came as hexadecimal digits, with other keys than came.
        assert_eq!(keys.count(), blotted, "{}: {blots}", file.display());
    }
    if !peer::is_here("tshark") {
        return;
    }
    let packets = tshark::fields(&files.capture, "srtp.enc_payload", &["srtp.enc_payload"]);
    assert!(packets.len() > 300, "{} packets of SRTP", packets.len());
    let octets: Vec<u8> = packets
        .iter()
        .flat_map(|line| line.as_bytes().chunks(2))
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    assert!(octets.len() > 300 * 160, "{} octets", octets.len());
    for law in [Law::ALaw, Law::MuLaw] {
        let samples = octets.iter().map(|octet| law.decode(*octet)).collect();
        let heard = Wav {
            rate: 8000,
            samples,
        };
        assert_eq!(tenths(&heard, SINE) + tenths(&heard, 1004.0), 0);
    }
    let unprotected = tshark::fields(&files.capture, "rtp.payload", &["frame.number"]);
    assert!(unprotected.is_empty(), "{unprotected:?}");
}

/// What baresip sends goes to the exchange, which sends it back: both ways at once.
#[test]
fn baresip_hears_its_own_tone_through_srtp_both_ways() {
    if !peer::is_here("baresip") {
        return;
    }
    let certificates = folder("echo");
    let config = baresip::certified(&certificates) + "module aufile.so\nmodule srtp.so\n";
    let mut world = world(&certificates, 0, BY_TLS);
    let phone = world.directory.join("baresip");
    let tone = world.directory.join("tone.wav");
    write_tone(&tone);
    let source = format!("aufile,{}", tone.display());
    baresip::configure(
        &phone,
        &Phone {
            transport: "tls",
            source: &source,
            config: &config,
            account: ";mediaenc=srtp-mand",
            ..Phone::default()
        },
    );
    let dial = format!("/dial sip:{ECHO}@{}", by_tls(&world));
    let mut baresip = Command::new("baresip");
    baresip.arg("-f").arg(&phone);
    baresip.args(["-n", "127.0.0.1", "-e", &dial, "-t", "10"]);
    let mut baresip = Program::start("baresip", baresip.env("HOME", &phone));
    assert!(baresip.wait(LIMIT).success());
    world.wait_until_idle();
    assert_protected(&world.wait_for_records(1)[0], Origin::SipToPstn);
    let heard = tenths(&baresip::recording(&phone), SINE);
    assert!(heard > 40, "{heard} tenths of a second of its tone");
    world.finish_and(assert_secret);
    fs::remove_dir_all(certificates).unwrap();
}

#[test]
fn baresip_is_called_by_srtp_and_hears_the_caller() {
    if !peer::is_here("baresip") {
        return;
    }
    let certificates = folder("called");
    let config = baresip::certified(&certificates) + "module srtp.so\n";
    let sip = ports::free(2);
    // baresip takes TLS on the port after the one it is given.
    let mut world = world(&certificates, sip + 1, BY_TLS);
    let phone = world.directory.join("baresip");
    baresip::configure(
        &phone,
        &Phone {
            sip,
            transport: "tls",
            config: &config,
            account: ";mediaenc=srtp-mand;answermode=auto",
            ..Phone::default()
        },
    );
    let mut baresip = Command::new("baresip");
    baresip.arg("-f").arg(&phone);
    baresip.args(["-n", "127.0.0.1", "-t", "16"]);
    let mut baresip = Program::start("baresip", baresip.env("HOME", &phone));
    crate::eventually("baresip listens", LIMIT, || {
        std::net::TcpStream::connect(("127.0.0.1", sip + 1)).ok()
    });
    let from = world.gateway().said();
    world.exchange().tell(&format!("call {CALLER} {SOFTPHONE}"));
    world.gateway().wait_for(from, "SIP sent BYE", LIMIT);
    world.wait_until_idle();
    assert_protected(&world.wait_for_records(1)[0], Origin::PstnToSip);
    assert!(baresip.wait(LIMIT).success());
    let heard = tenths(&baresip::recording(&phone), 1004.0);
    assert!(
        heard > 30,
        "{heard} tenths of a second of the caller's tone"
    );
    world.finish_and(assert_secret);
    fs::remove_dir_all(certificates).unwrap();
}

/// Hold and resume are offers with the same keys or with new ones: the call goes on.
#[test]
fn linphone_hears_the_tone_through_srtp_before_and_after_it_holds_the_call() {
    if !peer::is_here("linphonec") {
        return;
    }
    let certificates = folder("linphone");
    baresip::certified(&certificates);
    // It has no certificate of its own.
    let trunk = format!("{BY_TLS}\ntls = {{ verify = \"off\" }}");
    let mut world = world(&certificates, 0, &trunk);
    let mut linphone = linphone::Linphone::start_protected(&world);
    let from = world.gateway().said();
    linphone.tell(&format!(
        "call <sip:{MILLIWATT}@{};transport=tls>",
        by_tls(&world)
    ));
    world.gateway().wait_for(from, "SIP received ACK", LIMIT);
    std::thread::sleep(Duration::from_secs(3));
    for command in ["pause", "resume"] {
        let from = world.gateway().said();
        linphone.tell(command);
        let gateway = world.gateway();
        gateway.wait_for(from, "SIP received INVITE", LIMIT);
        gateway.wait_for(from, "SIP received ACK", LIMIT);
        std::thread::sleep(Duration::from_secs(3));
    }
    // It sends nothing by itself, with files in place of a sound card.
    let tone = world.directory.join("tone.wav");
    write_tone(&tone);
    linphone.tell(&format!("play {}", tone.display()));
    std::thread::sleep(Duration::from_secs(5));
    linphone.tell("terminate");
    world.wait_until_idle();
    let heard = linphone::tone(&linphone.quit());
    assert!(heard >= 45, "{heard} tenths of a second of 6 s");
    assert_protected(&world.wait_for_records(1)[0], Origin::SipToPstn);
    world.finish_and(assert_secret);
    fs::remove_dir_all(certificates).unwrap();
}

/// A softphone that knows nothing of SRTP is refused where it is required.
#[test]
fn baresip_without_srtp_is_refused() {
    if !peer::is_here("baresip") {
        return;
    }
    let certificates = folder("refused");
    let config = baresip::certified(&certificates);
    let mut world = world(&certificates, 0, BY_TLS);
    let phone = world.directory.join("baresip");
    baresip::configure(
        &phone,
        &Phone {
            transport: "tls",
            config: &config,
            ..Phone::default()
        },
    );
    let dial = format!("/dial sip:{ECHO}@{}", by_tls(&world));
    let from = world.gateway().said();
    let mut baresip = Command::new("baresip");
    baresip.arg("-f").arg(&phone);
    baresip.args(["-n", "127.0.0.1", "-e", &dial, "-t", "4"]);
    let mut baresip = Program::start("baresip", baresip.env("HOME", &phone));
    world.gateway().wait_for(from, "SIP sent 488", LIMIT);
    baresip.wait(LIMIT);
    let record = world.wait_for_records(1).remove(0);
    assert_eq!((record.sip_status, record.srtp), (Some(488), None));
    world.finish();
    fs::remove_dir_all(certificates).unwrap();
}

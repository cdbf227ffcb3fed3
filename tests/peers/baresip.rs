//! baresip as a softphone without a screen, a card or a registrar.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use isthmus::cdr::ReleasedBy;
use media_bridge::level::Dbm0;
use media_bridge::tone::Detector;
use tdm::Law;

use crate::certificates;
use crate::peer;
use crate::ports;
use crate::program::Program;
use crate::wav::{self, Wav};
use crate::world::{Changes, World};

/// The subscriber that plays 1004 Hz at -16 dBm0.
const MILLIWATT: &str = "+49305550002";
/// What baresip is given from its start to its own end, in seconds: 2 of them it rings.
const SECONDS: u32 = 12;
/// The least of the tone that must be heard, in seconds.
const LEAST: usize = 6;
const RATE: usize = 8000;

/// What one baresip has that others have not.
pub(crate) struct Phone<'a> {
    /// Where it listens; for TLS on the next port.
    pub(crate) sip: u16,
    /// By what it calls.
    pub(crate) transport: &'a str,
    /// What it sends: by default what it receives.
    pub(crate) source: &'a str,
    /// Further lines of its configuration.
    pub(crate) config: &'a str,
    /// Further parameters of its account.
    pub(crate) account: &'a str,
}

impl Default for Phone<'_> {
    fn default() -> Self {
        Self {
            sip: ports::free(2),
            transport: "udp",
            source: "aubridge,line",
            config: "",
            account: "",
        }
    }
}

/// Writes a configuration of baresip: what it decodes is recorded.
pub(crate) fn configure(folder: &Path, phone: &Phone<'_>) {
    let Phone {
        sip,
        transport,
        source,
        config: more,
        account: parameters,
    } = phone;
    let rtp = ports::free(20);
    fs::create_dir_all(folder).expect("a folder of ours");
    let config = format!(
        "sip_listen 127.0.0.1:{sip}\n\
         rtp_ports {rtp}-{}\n\
         module_path {}\n\
         module g711.so\n\
         module aubridge.so\n\
         module sndfile.so\n\
         module_app account.so\n\
         module_app menu.so\n\
         audio_source {source}\n\
         audio_player aubridge,line\n\
         audio_alert aubridge,alert\n\
         ausrc_srate {RATE}\n\
         auplay_srate {RATE}\n\
         ausrc_channels 1\n\
         auplay_channels 1\n\
         snd_path {}\n\
         {more}",
        rtp + 19,
        modules().display(),
        folder.display(),
    );
    let account = format!(
        "<sip:+49305550100@127.0.0.1:{sip};transport={transport}>;regint=0;audio_codecs=PCMA/{RATE}/1{parameters}\n"
    );
    fs::write(folder.join("config"), config).expect("a file of ours");
    fs::write(folder.join("accounts"), account).expect("a file of ours");
    fs::write(folder.join("contacts"), "").expect("a file of ours");
}

/// Where Debian's package, and builds from source, keep the modules.
fn modules() -> PathBuf {
    let places = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];
    let place = places.map(PathBuf::from).into_iter().find(|at| at.is_dir());
    place.expect("baresip's modules")
}

/// What baresip decoded in its only call.
pub(crate) fn recording(folder: &Path) -> Wav {
    let files = fs::read_dir(folder).expect("a folder of ours");
    let mut paths = files.map(|file| file.expect("readable").path());
    let decoded = |path: &PathBuf| path.to_string_lossy().ends_with("-dec.wav");
    wav::read(&paths.find(decoded).expect("a recording"))
}

/// Calls the tone by a transport from a gateway with these changes, and listens.
fn hears_the_milliwatt_tone(changes: &Changes<'_>, transport: &str, more: &str) {
    let mut world = World::start(changes);
    let folder = world.directory.join("baresip");
    let phone = Phone {
        transport,
        config: more,
        ..Phone::default()
    };
    configure(&folder, &phone);
    let dial = format!(
        "/dial sip:{MILLIWATT}@{}",
        match transport {
            "tls" => SocketAddr::new(world.sip.ip(), world.sip.port() + 2),
            _ => world.sip,
        }
    );
    let mut baresip = Command::new("baresip");
    baresip
        .arg("-f")
        .arg(&folder)
        .args(["-n", "127.0.0.1", "-e", &dial])
        .args(["-t", &SECONDS.to_string()])
        .env("HOME", &folder);
    let mut baresip = Program::start("baresip", &mut baresip);
    let status = baresip.wait(Duration::from_secs(60));
    assert!(status.success(), "baresip ended with {status}");
    world.wait_until_idle();
    let record = world.wait_for_records(1).remove(0);
    assert_eq!((record.cause, record.sip_status), (Some(16), Some(200)));
    assert_eq!(record.released_by, Some(ReleasedBy::Sip));
    assert_milliwatt(&recording(&folder));
    world.finish();
}

#[test]
fn baresip_hears_the_milliwatt_tone_without_a_gap() {
    if !peer::is_here("baresip") {
        return;
    }
    hears_the_milliwatt_tone(&Changes::default(), "udp", "");
}

#[test]
fn baresip_hears_the_tone_by_tcp() {
    if !peer::is_here("baresip") {
        return;
    }
    let by_tcp = ("transport = \"udp\"", "transport = \"tcp\"");
    let changes = Changes {
        gateway: &[by_tcp],
        ..Changes::default()
    };
    hears_the_milliwatt_tone(&changes, "tcp", "");
}

#[test]
fn baresip_hears_the_tone_by_tls_with_certificates_of_both_sides() {
    if !peer::is_here("baresip") {
        return;
    }
    let folder = std::env::temp_dir().join(format!("isthmus-baresip-{}", std::process::id()));
    let more = certified(&folder);
    let tls = certificates::table(&folder, "gateway");
    let changes = Changes {
        gateway: &[
            ("#[sip.tls]", &tls),
            ("transport = \"udp\"", "transport = \"tls\""),
            ("# The dial plan.", certificates::PROBE),
            (
                "from = [\"softphone\"]",
                "from = [\"softphone\", \"probe\"]",
            ),
        ],
        tls: true,
        ..Changes::default()
    };
    hears_the_milliwatt_tone(&changes, "tls", &more);
    fs::remove_dir_all(folder).unwrap();
}

/// Certificates of the gateway and of baresip in a folder, and the lines of baresip's configuration
/// about them.
pub(crate) fn certified(folder: &Path) -> String {
    fs::create_dir_all(folder).unwrap();
    certificates::write(folder, ["gateway", "softphone"]);
    // It wants its certificate and its key in one file.
    let part = |kind: &str| {
        fs::read_to_string(folder.join(format!("softphone-{kind}.pem"))).expect("written")
    };
    let own = folder.join("softphone.pem");
    fs::write(&own, part("certificate") + &part("key")).unwrap();
    format!(
        "sip_certificate {}\nsip_cafile {}/authority.pem\n",
        own.display(),
        folder.display()
    )
}

/// Before the tone there is ringback; the tone lasts to the end of the recording.
fn assert_milliwatt(recording: &Wav) {
    /// Tells 1004 Hz from the 425 Hz of ringback and from silence.
    const LOOK: usize = RATE / 10;
    /// 20 ms: one packet.
    const PACKET: usize = RATE / 50;
    const DROPOUT: Dbm0 = Dbm0(-40.0);
    assert_eq!(recording.rate, 8000);
    let windows = recording.samples.chunks_exact(LOOK);
    let begin = windows
        .clone()
        .position(|window| Detector::measure(window, Law::ALaw).matches(&[1004.0], 5.0));
    let begin = begin.expect("the tone was not heard") * LOOK;
    // A window that has most of its beginning is taken for the tone, too.
    let silent = |packet: &&[i16]| Dbm0::of(packet, Law::ALaw).0 <= DROPOUT.0;
    let packets = recording.samples[begin..].chunks_exact(PACKET);
    let begin = begin + packets.take_while(silent).count() * PACKET;
    let tone = &recording.samples[begin..];
    assert!(tone.len() >= LEAST * RATE, "{} samples", tone.len());
    for (number, second) in tone.chunks_exact(RATE).enumerate() {
        let heard = Detector::measure(second, Law::ALaw);
        assert!(heard.matches(&[1004.0], 1.0), "second {number}: {heard:?}");
        assert!(
            (heard.level.0 + 16.0).abs() < 0.5,
            "second {number}: {heard:?}"
        );
    }
    for (number, packet) in tone.chunks_exact(PACKET).enumerate() {
        let level = Dbm0::of(packet, Law::ALaw);
        assert!(level.0 > DROPOUT.0, "{} ms: {level}", 20 * number);
    }
}

#[test]
fn a_gap_of_one_packet_in_the_tone_is_found() {
    let tone = |n: usize| {
        let turn = std::f64::consts::TAU * 1004.0 * n as f64 / RATE as f64;
        (f64::from(Dbm0(-16.0).peak(Law::ALaw)) * turn.sin()) as i16
    };
    let mut wav = Wav {
        rate: 8000,
        samples: (0..LEAST * RATE).map(tone).collect(),
    };
    assert_milliwatt(&wav);
    wav.samples[20_000..20_160].fill(0);
    assert!(std::panic::catch_unwind(|| assert_milliwatt(&wav)).is_err());
}

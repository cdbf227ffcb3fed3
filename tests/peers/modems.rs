//! Softmodems on pseudo-terminals, driven by a script: two gateways that call each other by SIP with ISUP
//! in it, and an exchange with a modem at the line of each; four processes.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use isthmus::cdr::CallRecord;
use media_bridge::modem::Signal;

use crate::eventually;
use crate::ports;
use crate::program::Program;

/// The modems, in the order of the offices, and a number that is busy.
const NUMBERS: [&str; 2] = ["+49305550108", "+49305550109"];
const BUSY: &str = "+49305550104";
const CALLING: usize = 0;
const ANSWERING: usize = 1;

/// A machine that is busy with other things may take its time.
const SOON: Duration = Duration::from_secs(20);
/// Proving takes 8.2 s (Q.703 §12.3), twice when the first attempt fails.
const IN_SERVICE: Duration = Duration::from_secs(90);
/// Answer tone and training take 8 s or less.
const TRAINED: Duration = Duration::from_secs(40);

/// A gateway, its exchange, and the terminal of the exchange's modem.
struct Office {
    directory: PathBuf,
    gateway: Program,
    exchange: Program,
    terminal: Terminal,
}

impl Office {
    /// Starts both. `own` and `other` are the SIP ports of this gateway and of the other one.
    fn start(directory: &Path, number: &str, modulation: &str, own: u16, other: u16) -> Self {
        fs::create_dir_all(directory).expect("a directory for temporary files");
        let rtp = ports::free(128);
        let gateway = format!(
            r#"
[sip]
listen = "udp:127.0.0.1:{own}"
[rtp]
address = "127.0.0.1"
ports = "{rtp}-{last}"
jitter_data = "100ms"
[gateway]
control = "{folder}/control"
[records]
file = "{folder}/records"
[[span]]
name = "e1"
driver = "emulator"
path = "{folder}/e1"
role = "listen"
[[linkset]]
name = "to-exchange"
point_code = "2-10-1"
adjacent = "2-10-5"
link = [{{ span = "e1", timeslot = 16, slc = 0 }}]
[[trunk_group]]
name = "exchange"
linkset = "to-exchange"
span = "e1"
timeslots = "1-15,17-31"
country_code = "49"
[[sip_trunk]]
name = "other"
address = "127.0.0.1:{other}"
isup = "mandatory"
[[rule]]
name = "out"
from = ["exchange"]
to = ["other"]
[[rule]]
name = "in"
from = ["other"]
to = ["exchange"]
"#,
            last = rtp + 127,
            folder = directory.display(),
        );
        let lab = format!(
            r#"
[[span]]
name = "e1"
driver = "emulator"
path = "{folder}/e1"
role = "connect"
[[linkset]]
name = "to-gateway"
point_code = "2-10-5"
adjacent = "2-10-1"
link = [{{ span = "e1", timeslot = 16, slc = 0 }}]
[[circuits]]
linkset = "to-gateway"
span = "e1"
timeslots = "1-15,17-31"
[[subscriber]]
number = "{number}"
behaviour = "modem"
modulation = "{modulation}"
pty = "{folder}/modem"
[[subscriber]]
number = "{BUSY}"
behaviour = "busy"
"#,
            folder = directory.display(),
        );
        let run = |command: &str, text: String| {
            let file = directory.join(command);
            fs::write(&file, text).expect("a file of ours");
            let mut isthmus = Command::new(env!("CARGO_BIN_EXE_isthmus"));
            isthmus
                .args([command, "--config"])
                .arg(file)
                .env_remove("ISTHMUS_CONFIG")
                .env_remove("ISTHMUS_LOG");
            isthmus
        };
        let gateway = Program::start("gateway", run("run", gateway).args(["--log", "debug"]));
        let exchange = Program::start("exchange", &mut run("lab", lab));
        let terminal = Terminal::open(&directory.join("modem"));
        Self {
            directory: directory.to_owned(),
            gateway,
            exchange,
            terminal,
        }
    }

    /// The records of its gateway's calls, once there are `count`.
    fn records(&self, count: usize) -> Vec<CallRecord> {
        eventually("call records", SOON, || {
            let text = fs::read_to_string(self.directory.join("records")).unwrap_or_default();
            let records: Vec<_> = text
                .lines()
                .map(|line| serde_json::from_str::<CallRecord>(line).expect(line))
                .collect();
            (records.len() >= count).then_some(records)
        })
    }
}

/// What a script sees of a modem.
struct Terminal {
    line: File,
    shown: Vec<u8>,
}

impl Terminal {
    /// Opens the pseudo-terminal as soon as the exchange has made it.
    fn open(path: &Path) -> Self {
        let line = eventually("the modem's terminal", SOON, || {
            let flags = rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK;
            let mut options = OpenOptions::new();
            options.read(true).write(true);
            options.custom_flags(flags.bits() as i32);
            options.open(path).ok()
        });
        Self {
            line,
            shown: Vec::new(),
        }
    }

    fn types(&mut self, text: &str) {
        self.line.write_all(text.as_bytes()).expect("there is room");
    }

    /// Writes as much as there is room for.
    #[cfg(feature = "spandsp")]
    fn write(&mut self, octets: &[u8]) -> usize {
        match self.line.write(octets) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => panic!("the terminal: {error}"),
        }
    }

    fn look(&mut self) {
        let mut octets = [0; 4096];
        loop {
            match self.line.read(&mut octets) {
                Ok(count) if count > 0 => self.shown.extend_from_slice(&octets[..count]),
                Err(error) if error.kind() != ErrorKind::WouldBlock => panic!("{error}"),
                _ => return,
            }
        }
    }

    /// Waits until it shows this, and forgets what it showed up to there.
    fn shows(&mut self, text: &str, limit: Duration) {
        eventually(&format!("the terminal shows {text:?}"), limit, || {
            self.look();
            let shown = String::from_utf8_lossy(&self.shown);
            if shown.contains(text) {
                self.shown.clear();
                return Some(());
            }
            // The modem says how a call ended; what else it says is not what is waited for.
            let ended = shown.contains("NO CARRIER") && text.contains("CONNECT");
            assert!(!ended, "it shows {shown:?}, not {text:?}");
            None
        });
    }

    /// The escape sequence with its silences (S12: a second each).
    fn escape(&mut self) {
        std::thread::sleep(Duration::from_millis(1_300));
        self.types("+++");
        self.shows("\r\nOK\r\n", SOON);
    }
}

/// Both offices, in service.
fn start(name: &str, modulation: &str) -> [Office; 2] {
    let directory = std::env::temp_dir().join(format!("isthmus-{name}-{}", std::process::id()));
    let sip = [ports::free(2), ports::free(2)];
    let offices = [CALLING, ANSWERING].map(|end| {
        let directory = directory.join(end.to_string());
        Office::start(&directory, NUMBERS[end], modulation, sip[end], sip[1 - end])
    });
    for office in &offices {
        let link = office.gateway.wait_for(0, "-> active", IN_SERVICE);
        assert!(link.contains("link 0"), "{link}");
    }
    offices
}

/// Dials until the other exchange answers for its busy subscriber: both are in service.
fn until_in_service(offices: &mut [Office; 2]) {
    let calling = &mut offices[CALLING].terminal;
    calling.types("ATE0\r");
    calling.shows("\r\nOK\r\n", SOON);
    for attempt in 0.. {
        calling.types(&format!("ATDT{BUSY}\r"));
        let result = eventually("a result", SOON, || {
            calling.look();
            let shown = String::from_utf8_lossy(&calling.shown).into_owned();
            shown.ends_with("\r\n").then_some(shown)
        });
        calling.shown.clear();
        if result.contains("BUSY") {
            break;
        }
        assert!(attempt < 40, "{result:?}");
        std::thread::sleep(Duration::from_secs(1));
    }
    let answering = &mut offices[ANSWERING].terminal;
    answering.types("ATE0\r");
    answering.shows("\r\nOK\r\n", SOON);
}

/// Each gateway has heard the answer tone where the answering modem is, and turned to data by itself.
fn carried_data(offices: &[Office; 2], calls: usize) {
    let places = ["Ans heard from RTP", "Ans heard on the timeslot"];
    for (office, place) in offices.iter().zip(places) {
        let text = format!("{place}: data from here on");
        office.gateway.wait_for(0, &text, SOON);
        let answered = |records: &[CallRecord]| {
            let records = records.iter().filter(|record| record.answer.is_some());
            records.cloned().collect::<Vec<_>>()
        };
        let records = eventually("records of data calls", SOON, || {
            let records = answered(&office.records(1));
            (records.len() >= calls).then_some(records)
        });
        for record in records {
            let media = record.media.expect("its bridge");
            assert_eq!(media.modem, Some(Signal::Ans), "{record:?}");
        }
    }
}

fn remove(offices: [Office; 2]) {
    let [office, _] = &offices;
    let directory = office.directory.parent().expect("ours").to_owned();
    drop(offices);
    let _ = fs::remove_dir_all(directory);
}

/// `ATDT`, `RING`, `ATA`, `CONNECT`, `+++`, `ATO`, `ATH`, `BUSY`, `NO CARRIER`, `NO DIALTONE`, S0, S1, S2.
#[test]
fn a_script_talks_hayes_end_to_end() {
    let mut offices = start("hayes", "v21");
    until_in_service(&mut offices);
    let [near, far] = &mut offices;
    let (calling, answering) = (&mut near.terminal, &mut far.terminal);

    calling.types("ATDT+4930\r");
    calling.shows("\r\nNO CARRIER\r\n", SOON);
    calling.types(&format!("ATDT{}\r", NUMBERS[ANSWERING]));
    answering.shows("\r\nRING\r\n", SOON);
    answering.types("ATS1?\r");
    answering.shows("\r\n001\r\n", SOON);
    answering.types("ATA\r");
    calling.shows("\r\nCONNECT 300\r\n", TRAINED);
    answering.shows("\r\nCONNECT 300\r\n", TRAINED);
    calling.types("over there\r\n");
    answering.shows("over there\r\n", SOON);
    answering.types("and back\r\n");
    calling.shows("and back\r\n", SOON);
    calling.escape();
    calling.types("ATO\r");
    calling.shows("\r\nCONNECT 300\r\n", SOON);
    calling.types("again");
    answering.shows("again", SOON);
    calling.escape();
    calling.types("ATH\r");
    calling.shows("\r\nOK\r\n", SOON);
    answering.shows("\r\nNO CARRIER\r\n", SOON);

    // Answered by itself, with another escape character; and the modem that was called hangs up.
    answering.types("ATS0=1S2=37\r");
    answering.shows("\r\nOK\r\n", SOON);
    calling.types("ATDL\r");
    calling.shows("\r\nCONNECT 300\r\n", TRAINED);
    answering.shows("\r\nCONNECT 300\r\n", TRAINED);
    std::thread::sleep(Duration::from_millis(1_300));
    answering.types("%%%");
    answering.shows("\r\nOK\r\n", SOON);
    answering.types("ATH\r");
    answering.shows("\r\nOK\r\n", SOON);
    calling.shows("\r\nNO CARRIER\r\n", SOON);
    carried_data(&offices, 2);

    // Without its gateway the exchange has no line.
    let [near, _] = &mut offices;
    let said = near.exchange.said();
    near.gateway.kill();
    near.exchange.wait_for(said, "LOS on", SOON);
    near.terminal.types("ATDL\r");
    near.terminal.shows("\r\nNO DIALTONE\r\n", SOON);
    remove(offices);
}

/// 10 kB each way at once, at 2400 bit/s: the fastest modulation that there is.
#[cfg(feature = "spandsp")]
#[test]
fn files_cross_in_the_fastest_modulation() {
    use sha2::{Digest, Sha256};

    const FILE: usize = 10_240;

    let file = |seed: u64| {
        let mut state = seed;
        let octets = (0..FILE).map(|_| {
            // Knuth's MMIX generator; its high bits.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        });
        let mut file: Vec<u8> = octets.collect();
        file.extend_from_slice(&Sha256::digest(&file)[..]);
        file
    };
    let mut offices = start("v22bis", "v22bis");
    until_in_service(&mut offices);
    let [near, far] = &mut offices;
    far.terminal.types("ATS0=1\r");
    far.terminal.shows("\r\nOK\r\n", SOON);
    let dial = format!("ATDT{}\r", NUMBERS[ANSWERING]);
    near.terminal.types(&dial);
    near.terminal.shows("\r\nCONNECT 2400\r\n", TRAINED);
    far.terminal.shows("\r\nCONNECT 2400\r\n", TRAINED);
    let files = [file(1), file(2)];
    let mut sent = [0; 2];
    // Ten bits an octet: 43 s.
    let limit = Duration::from_secs(120);
    eventually("10 kB each way", limit, || {
        let terminals = [&mut near.terminal, &mut far.terminal];
        for ((terminal, file), sent) in terminals.into_iter().zip(&files).zip(&mut sent) {
            *sent += terminal.write(&file[*sent..]);
            terminal.look();
        }
        let shown = [&near.terminal.shown, &far.terminal.shown];
        shown
            .iter()
            .all(|shown| shown.len() >= FILE + 32)
            .then_some(())
    });
    for (end, shown) in [&near.terminal.shown, &far.terminal.shown]
        .into_iter()
        .enumerate()
    {
        let (text, checksum) = shown.split_at(FILE);
        assert_eq!(Sha256::digest(text)[..], *checksum, "the file to end {end}");
        assert_eq!(*shown, files[1 - end]);
    }
    near.terminal.shown.clear();
    far.terminal.shown.clear();
    near.terminal.escape();
    near.terminal.types("ATH\r");
    near.terminal.shows("\r\nOK\r\n", SOON);
    far.terminal.shows("\r\nNO CARRIER\r\n", SOON);
    carried_data(&offices, 1);
    remove(offices);
}

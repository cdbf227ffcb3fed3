//! Softmodems that call each other through two gateways and SIP between them, with a terminal at each.

use std::time::Duration;

use lab::network::NetworkConfig;
use media_bridge::modem::Signal;
use sha2::{Digest, Sha256};

use super::offices::Offices;

const CALLING: usize = 0;
const ANSWERING: usize = 1;
/// In the order of the offices; the prefix is the gateways' for numbers behind SIP.
const NUMBERS: [&str; 2] = ["+49305550108", "+49305550109"];

/// Octets of the file without its checksum.
const FILE: usize = 10_240;

/// A subscriber that is a modem. Its terminal is a test's, not a device.
fn modem(number: &str) -> String {
    format!(
        "[[subscriber]]\nnumber = \"{number}\"\nbehaviour = \"modem\"\nmodulation = \"v21\"\npty = \"unused\"\n"
    )
}

/// A telephone network with a terminal at each end.
struct Stand {
    offices: Offices,
    said: [Vec<u8>; 2],
}

impl Stand {
    fn new(network: NetworkConfig) -> Self {
        let others = "\n[[subscriber]]\nnumber = \"+49305550104\"\nbehaviour = \"busy\"\n";
        let near = modem(NUMBERS[CALLING]);
        let far = modem(NUMBERS[ANSWERING]) + others;
        let offices = Offices::in_service(super::base(), network, [&near, &far]);
        Self {
            offices,
            said: [Vec::new(), Vec::new()],
        }
    }

    fn types(&mut self, end: usize, octets: &[u8]) {
        let modem = self.offices.offices[end].exchange.modem(NUMBERS[end]);
        modem.unwrap().terminal(octets);
    }

    fn turn(&mut self) {
        self.offices.turn();
        for end in [CALLING, ANSWERING] {
            let modem = self.offices.offices[end].exchange.modem(NUMBERS[end]);
            self.said[end].extend(modem.unwrap().take_output());
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.offices.now + time;
        while self.offices.now < end {
            self.turn();
        }
    }

    /// Waits until the terminal shows this, and forgets what it showed.
    fn shows(&mut self, end: usize, text: &str, seconds: u64) {
        let limit = self.offices.now + Duration::from_secs(seconds);
        while self.offices.now < limit {
            self.turn();
            if String::from_utf8_lossy(&self.said[end]).contains(text) {
                self.said[end].clear();
                return;
            }
        }
        let shown = String::from_utf8_lossy(&self.said[end]);
        let ladder = self.offices.offices[end].ladder();
        panic!("end {end} does not show {text:?}, but {shown:?}\n{ladder}");
    }

    /// Both modems in data state.
    fn connect(&mut self) {
        self.types(ANSWERING, b"ATE0\r");
        self.types(
            CALLING,
            format!("ATE0DT{}\r", NUMBERS[ANSWERING]).as_bytes(),
        );
        self.shows(ANSWERING, "\r\nRING\r\n", 5);
        self.types(ANSWERING, b"ATA\r");
        self.shows(CALLING, "\r\nCONNECT 300\r\n", 20);
        self.shows(ANSWERING, "\r\nCONNECT 300\r\n", 5);
    }

    /// `ATH` of the modem that called; both are on hook and every circuit is idle.
    fn hang_up(&mut self) {
        self.pass(Duration::from_millis(1_200));
        self.types(CALLING, b"+++");
        self.shows(CALLING, "\r\nOK\r\n", 3);
        self.said[ANSWERING].clear();
        self.types(CALLING, b"ATH\r");
        self.shows(CALLING, "\r\nOK\r\n", 1);
        self.shows(ANSWERING, "\r\nNO CARRIER\r\n", 3);
        let idle = self
            .offices
            .until(Duration::from_secs(10), Offices::is_idle);
        assert!(idle, "{}", self.offices.offices[CALLING].ladder());
    }

    /// A file each way at once, each with its checksum behind it.
    fn exchange_files(&mut self) {
        let files = [CALLING, ANSWERING].map(|end| file(end as u64));
        let mut sent = [0; 2];
        // Ten bits an octet, and time for what is on its way.
        let seconds = files[0].len() as u64 / 30 + 5;
        let limit = self.offices.now + Duration::from_secs(seconds);
        while self.offices.now < limit {
            for end in [CALLING, ANSWERING] {
                let modem = self.offices.offices[end].exchange.modem(NUMBERS[end]);
                let modem = modem.unwrap();
                let piece = modem.room().min(files[end].len() - sent[end]);
                modem.terminal(&files[end][sent[end]..sent[end] + piece]);
                sent[end] += piece;
            }
            self.turn();
        }
        for end in [CALLING, ANSWERING] {
            let (text, checksum) = self.said[end].split_at(FILE);
            assert_eq!(Sha256::digest(text)[..], *checksum, "the file to end {end}");
            assert_eq!(self.said[end], files[1 - end]);
            let modem = self.offices.offices[end].exchange.modem(NUMBERS[end]);
            assert_eq!(modem.unwrap().framing_errors(), 0);
        }
    }

    /// Each gateway has noticed the answer tone on its side, turned to data by itself, and lost nothing
    /// since.
    fn carried_data(&self) {
        let heard = ["Ans heard from RTP", "Ans heard on the timeslot"];
        for (office, heard) in self.offices.offices.iter().zip(heard) {
            let text = format!("{heard}: data from here on");
            assert!(
                office.told("(SDP, IAM)"),
                "SIP with ISUP in it\n{}",
                office.ladder()
            );
            assert!(office.told(&text), "no {text:?} in\n{}", office.ladder());
            let [record] = &office.records[..] else {
                panic!("{:?}", office.records);
            };
            let media = record.media.unwrap();
            assert_eq!(media.modem, Some(Signal::Ans), "{media:?}");
            // What was made up was so before the answer tone, while the call was one of speech.
            let (lost, jumps) = (media.packets_lost + media.packets_late, media.overruns);
            assert_eq!((lost, jumps), (0, 0), "{media:?}");
            assert!(media.concealed_ms < 100, "{media:?}");
            assert_eq!(record.cause, Some(16));
        }
    }
}

/// Octets of all values, and the SHA-256 of them.
fn file(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let octets = (0..FILE).map(|_| {
        // Knuth's MMIX generator; its high bits.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    let mut file: Vec<u8> = octets.collect();
    let checksum = Sha256::digest(&file);
    file.extend_from_slice(&checksum);
    file
}

/// 10 kB each way at 300 bit/s, over a network that delays each packet by 30 to 50 ms and loses none:
/// not one bit is wrong.
#[test]
fn files_cross_two_gateways_without_an_error() {
    let mut stand = Stand::new(NetworkConfig {
        delay: Duration::from_millis(30),
        jitter: Duration::from_millis(20),
        ..NetworkConfig::default()
    });
    stand.connect();
    stand.exchange_files();
    stand.hang_up();
    stand.carried_data();
}

/// What a terminal is told of calls that come to nothing.
#[test]
fn results_come_through_isup_and_sip() {
    let mut stand = Stand::new(NetworkConfig::default());
    stand.types(CALLING, b"ATE0DT+49305550104\r");
    stand.shows(CALLING, "\r\nBUSY\r\n", 5);
    stand.types(CALLING, b"ATDT+49305550199\r");
    stand.shows(CALLING, "\r\nNO CARRIER\r\n", 5);
    // Rings, and the caller gives up.
    stand.types(CALLING, format!("ATDT{}\r", NUMBERS[ANSWERING]).as_bytes());
    stand.shows(ANSWERING, "\r\nRING\r\n", 5);
    stand.types(CALLING, b"x");
    stand.shows(CALLING, "\r\nNO CARRIER\r\n", 2);
    stand.types(ANSWERING, b"ATE0\r");
    stand.pass(Duration::from_secs(1));
    stand.types(ANSWERING, b"ATA\r");
    stand.shows(ANSWERING, "\r\nNO CARRIER\r\n", 2);
    // S0 answers by itself, S7 gives up waiting for a carrier that is none.
    stand.types(ANSWERING, b"ATS0=1\r");
    stand.types(
        CALLING,
        format!("ATS7=1DT{}\r", NUMBERS[ANSWERING]).as_bytes(),
    );
    stand.shows(CALLING, "\r\nNO CARRIER\r\n", 10);
    stand.shows(ANSWERING, "\r\nNO CARRIER\r\n", 10);
    // No line is left: the link of the exchange is gone.
    let idle = stand
        .offices
        .until(Duration::from_secs(10), Offices::is_idle);
    assert!(idle, "{}", stand.offices.offices[CALLING].ladder());
    stand.offices.offices[CALLING].cable().cut();
    stand.pass(Duration::from_secs(3));
    stand.types(CALLING, b"ATDL\r");
    stand.shows(CALLING, "\r\nNO DIALTONE\r\n", 2);
}

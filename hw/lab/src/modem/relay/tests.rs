//! The relay with a real modem that is played by hand, and the softmodem's call by hand, too.

use tdm::{Law, TICK_OCTETS};

use super::super::{Action, Modulation, Network};
use super::*;

/// The relay, its softmodem, and a softmodem at the far end of the timeslot.
struct Stand {
    relay: Relay,
    modem: Modem,
    far: Modem,
    through: bool,
    /// On the timeslot, towards the softmodem.
    way: [u8; TICK_OCTETS],
    /// What the real modem was told, and what the far end's terminal shows.
    told: Vec<u8>,
    shown: Vec<u8>,
}

impl Stand {
    fn new(calls: Option<&str>, dials: Option<&str>) -> Self {
        let mut stand = Self {
            relay: Relay::new(calls.map(Into::into), dials.map(Into::into)),
            modem: Modem::new(Modulation::V21),
            far: Modem::new(Modulation::V21),
            through: false,
            way: [Law::ALaw.idle(); TICK_OCTETS],
            told: Vec::new(),
            shown: Vec::new(),
        };
        stand.told("ATE0Q0V1X3S0=0\r", 1);
        stand.says("\r\nOK\r\n");
        stand.far.terminal(b"ATE0\r");
        stand
    }

    /// One tick, in which the real modem says this.
    fn tick(&mut self, said: &[u8]) {
        let idle = [Law::ALaw.idle(); TICK_OCTETS];
        let (mut near, mut far) = (idle, idle);
        if self.through {
            self.modem.tick(&self.way, &mut near);
            self.far.tick(&near, &mut far);
        }
        self.way = far;
        self.modem.pass();
        self.far.pass();
        self.relay.tick(&mut self.modem, said);
        self.told.extend(self.relay.to_real().drain(..));
        self.shown.extend(self.far.take_output());
        while let Some(action) = self.modem.poll_action() {
            match action {
                Action::Dial(_) => self.far.network(Network::Rings),
                Action::Answer => self.answered(),
                Action::HangUp => self.over(),
            }
        }
        while let Some(action) = self.far.poll_action() {
            match action {
                Action::Dial(_) => self.modem.network(Network::Rings),
                Action::Answer => self.answered(),
                Action::HangUp => self.over(),
            }
        }
    }

    fn answered(&mut self) {
        self.through = true;
        self.modem.network(Network::Answered(Law::ALaw));
        self.far.network(Network::Answered(Law::ALaw));
    }

    fn over(&mut self) {
        self.through = false;
        self.modem.network(Network::Released(Some(16)));
        self.far.network(Network::Released(Some(16)));
    }

    fn says(&mut self, text: &str) {
        self.tick(text.as_bytes());
    }

    fn ticks(&mut self, count: u64) {
        (0..count).for_each(|_| self.tick(&[]));
    }

    fn told(&mut self, text: &str, seconds: u64) {
        for _ in 0..seconds * TICKS_A_SECOND {
            self.tick(&[]);
            if String::from_utf8_lossy(&self.told).contains(text) {
                return self.told.clear();
            }
        }
        panic!(
            "not told {text:?}, but {:?}",
            String::from_utf8_lossy(&self.told)
        );
    }

    fn shows(&mut self, text: &str, seconds: u64) {
        for _ in 0..seconds * TICKS_A_SECOND {
            self.tick(&[]);
            if String::from_utf8_lossy(&self.shown).contains(text) {
                return self.shown.clear();
            }
        }
        panic!(
            "no {text:?}, but {:?}",
            String::from_utf8_lossy(&self.shown)
        );
    }
}

/// A call to the subscriber: the real modem dials, data pass, and the caller hangs up.
#[test]
fn a_call_on_the_timeslot_goes_on_by_the_real_modem() {
    let mut stand = Stand::new(None, Some("0305550001"));
    stand.far.terminal(b"ATDT+49305550009\r");
    stand.told("ATDT0305550001\r", 2);
    stand.says("\r\nCONNECT 9600\r\n");
    // It speaks before the softmodems are through: nothing is lost.
    stand.says("early ");
    stand.shows("CONNECT 300\r\nearly ", 20);
    stand.says("and late");
    stand.shows("and late", 3);
    stand.far.terminal(b"\xff+++ data");
    stand.told("+++ data", 3);
    // The words are no end unless silence follows.
    stand.says("\r\nNO CARRIER\r\n, it said");
    stand.shows("\r\nNO CARRIER\r\n, it said", 3);
    stand.ticks(150);
    stand.far.terminal(b"+++");
    stand.shows("OK", 3);
    stand.told.clear();
    stand.far.terminal(b"ATH\r");
    stand.told("+++", 3);
    stand.says("\r\nOK\r\n");
    stand.told("ATH\r", 1);
    stand.says("\r\nOK\r\n");
    assert!(!stand.relay.is_through());
    // And once more, for the real modem is idle again.
    stand.far.terminal(b"ATDL\r");
    stand.told("ATDT0305550001\r", 2);
}

/// Somebody rings at the real modem: the softmodem calls, and the real modem's line ends the call.
#[test]
fn a_call_at_the_real_modem_goes_on_by_the_timeslot() {
    let mut stand = Stand::new(Some("+49305550108"), None);
    stand.far.terminal(b"ATS0=1\r");
    stand.says("\r\nRING\r\n");
    stand.told("ATA\r", 20);
    stand.shows("CONNECT 300\r\n", 3);
    stand.far.terminal(b"early");
    stand.ticks(100);
    assert_eq!(stand.told, b"", "it would give up training");
    stand.says("\r\nCONNECT 2400\r\n");
    stand.told("early", 3);
    assert!(stand.relay.is_through());
    stand.says("bye\r\nNO CARRIER\r\n");
    stand.shows("NO CARRIER", 4);
    assert!(String::from_utf8_lossy(&stand.told).is_empty());
    assert!(!stand.relay.is_through());
}

/// Nobody answers on the other side, or the caller gives up first.
#[test]
fn calls_that_come_to_nothing() {
    let mut stand = Stand::new(Some("+49305550108"), Some("0305550001"));
    // The real modem's number is busy: the caller hears it ring until he gives up.
    stand.far.terminal(b"ATDT1\r");
    stand.told("ATDT0305550001\r", 2);
    stand.says("\r\nBUSY\r\n");
    stand.ticks(100);
    assert!(!stand.modem.is_connected());
    stand.far.terminal(b"x");
    stand.ticks(GIVEN_UP + 1);
    // The caller gives up while the real modem dials.
    stand.far.terminal(b"ATDT1\r");
    stand.told("ATDT0305550001\r", 2);
    stand.far.terminal(b"x");
    stand.told("\r", 1);
    stand.says("\r\nNO CARRIER\r\n");
    stand.ticks(10);
    // At the timeslot nobody answers: the real modem is left ringing, and not called for again.
    stand.says("\r\nRING\r\n");
    stand.modem.network(Network::Released(Some(17)));
    stand.ticks(500);
    stand.says("\r\nRING\r\n");
    stand.ticks(500);
    assert!(!stand.through && stand.told.is_empty(), "{:?}", stand.told);
    // A modem that does not answer is asked again and again.
    let mut silent = Relay::new(None, None);
    let mut modem = Modem::new(Modulation::V21);
    for _ in 0..1000 {
        silent.tick(&mut modem, b"\xfe\r\n\0");
    }
    let asked: Vec<u8> = silent.to_real().drain(..).collect();
    assert_eq!(asked, SET_UP, "what nobody takes is not piled up");
}

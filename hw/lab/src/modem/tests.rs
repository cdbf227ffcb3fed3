//! Two modems on two ends of a line with a delay, and one modem with its terminal.

use super::*;

/// Two modems and the ticks on their way.
struct Line {
    modems: [Modem; 2],
    way: [VecDeque<[u8; TICK_OCTETS]>; 2],
    law: Law,
    /// Whether the timeslot is through.
    through: bool,
    said: [Vec<u8>; 2],
}

const CALLING: usize = 0;
const ANSWERING: usize = 1;

impl Line {
    fn new(modulation: Modulation, law: Law, delay: usize) -> Self {
        let idle = || VecDeque::from(vec![[law.idle(); TICK_OCTETS]; delay]);
        Self {
            modems: [Modem::new(modulation), Modem::new(modulation)],
            way: [idle(), idle()],
            law,
            through: false,
            said: [Vec::new(), Vec::new()],
        }
    }

    /// One tick; does what an exchange does.
    fn tick(&mut self) {
        for end in 0..2 {
            let modem = &mut self.modems[end];
            let mut tx = [self.law.idle(); TICK_OCTETS];
            let rx = self.way[end].pop_front().unwrap();
            if self.through {
                modem.tick(&rx, &mut tx);
            }
            modem.pass();
            self.said[end].extend(modem.take_output());
            self.way[1 - end].push_back(tx);
            while let Some(action) = self.modems[end].poll_action() {
                match action {
                    Action::Dial(_) => self.modems[1 - end].network(Network::Rings),
                    Action::Answer => {
                        self.through = true;
                        for modem in &mut self.modems {
                            modem.network(Network::Answered(self.law));
                        }
                    }
                    Action::HangUp => {
                        self.through = false;
                        self.modems[1 - end].network(Network::Released(Some(16)));
                    }
                }
            }
        }
    }

    fn until(&mut self, end: usize, text: &str, seconds: u64) {
        for _ in 0..seconds * TICKS_A_SECOND {
            self.tick();
            if self.heard(end).contains(text) {
                self.said[end].clear();
                return;
            }
        }
        panic!("no {text:?}, but {:?}", self.heard(end));
    }

    fn heard(&self, end: usize) -> String {
        String::from_utf8_lossy(&self.said[end]).into_owned()
    }

    fn run(&mut self, ticks: u64) {
        (0..ticks).for_each(|_| self.tick());
    }
}

fn connected(modulation: Modulation, law: Law, delay: usize) -> Line {
    let mut line = Line::new(modulation, law, delay);
    line.modems[ANSWERING].terminal(b"ATS0=2\r");
    line.modems[CALLING].terminal(b"ATDT030 555 0001\r");
    let rates = [
        modulation.receives(Role::Calling).rate,
        modulation.receives(Role::Answering).rate,
    ];
    line.until(ANSWERING, "RING", 10);
    line.until(CALLING, &format!("CONNECT {}", rates[CALLING]), 30);
    line.until(ANSWERING, &format!("CONNECT {}", rates[ANSWERING]), 30);
    line
}

/// All octets both ways at once, over a line of 250 ms, in every modulation and law.
#[test]
fn two_modems_connect_and_exchange_octets() {
    let data: Vec<u8> = (0..=255).cycle().take(600).collect();
    for modulation in Modulation::all() {
        for law in [Law::ALaw, Law::MuLaw] {
            let mut line = connected(modulation, law, 25);
            for said in &mut line.said {
                said.clear();
            }
            for modem in &mut line.modems {
                modem.terminal(&data);
            }
            let slowest = [Role::Calling, Role::Answering].map(|role| modulation.sends(role).rate);
            let seconds = 6000 / u64::from(*slowest.iter().min().unwrap()) + 2;
            line.run(seconds * TICKS_A_SECOND);
            for end in [CALLING, ANSWERING] {
                assert_eq!(line.said[end], data, "{modulation} {law:?} {end}");
                assert_eq!(line.modems[end].framing_errors(), 0);
            }
        }
    }
}

#[test]
fn escape_hang_up_and_what_the_other_end_says() {
    let mut line = connected(Modulation::V21, Law::ALaw, 4);
    line.run(150);
    // Within data it is no escape.
    line.modems[CALLING].terminal(b"one+++two");
    line.run(200);
    assert!(!line.modems[CALLING].commanding);
    line.modems[CALLING].terminal(b"+++");
    line.until(CALLING, "OK", 3);
    line.modems[CALLING].terminal(b"ATO\r");
    line.until(CALLING, "CONNECT 300", 1);
    line.run(150);
    line.modems[CALLING].terminal(b"+++");
    line.until(CALLING, "OK", 3);
    assert_eq!(line.heard(ANSWERING), "one+++two++++++");
    line.said[ANSWERING].clear();
    line.modems[CALLING].terminal(b"ATH\r");
    line.until(CALLING, "OK", 1);
    line.until(ANSWERING, "NO CARRIER", 1);
    assert!(line.modems.iter().all(|modem| !modem.is_connected()));
}

/// The line goes dead: S10 decides when the carrier is lost.
#[test]
fn a_lost_carrier_ends_the_call() {
    let mut line = connected(Modulation::V21, Law::ALaw, 4);
    line.through = false;
    for modem in &mut line.modems {
        modem.actions.clear();
    }
    let dead = [Law::ALaw.idle(); TICK_OCTETS];
    let modem = &mut line.modems[CALLING];
    for _ in 0..130 {
        modem.tick(&dead, &mut dead.clone());
        modem.pass();
    }
    assert!(modem.is_connected(), "1.4 s are tolerated");
    for _ in 0..30 {
        modem.tick(&dead, &mut dead.clone());
        modem.pass();
    }
    assert!(!modem.is_connected());
    assert_eq!(modem.poll_action(), Some(Action::HangUp));
}

fn answer(modem: &mut Modem, typed: &str) -> String {
    modem.terminal(typed.as_bytes());
    String::from_utf8(modem.take_output().collect()).unwrap()
}

#[test]
fn commands_and_results() {
    let mut modem = Modem::new(Modulation::V21);
    assert_eq!(answer(&mut modem, "ATE0\r"), "ATE0\r\r\nOK\r\n");
    assert_eq!(answer(&mut modem, "atx4\r"), "\r\nOK\r\n");
    assert_eq!(answer(&mut modem, "ATS7?\r"), "\r\n050\r\n\r\nOK\r\n");
    assert_eq!(answer(&mut modem, "ATS7=30S7?\r"), "\r\n030\r\n\r\nOK\r\n");
    assert_eq!(answer(&mut modem, "ATS7=0\r"), "\r\nERROR\r\n");
    assert_eq!(answer(&mut modem, "ATS40?\r"), "\r\nERROR\r\n");
    assert_eq!(answer(&mut modem, "AT$\r"), "\r\nERROR\r\n");
    assert_eq!(answer(&mut modem, "hello\r"), "");
    assert_eq!(answer(&mut modem, "ATA\r"), "\r\nNO CARRIER\r\n");
    assert_eq!(answer(&mut modem, "ATO\r"), "\r\nNO CARRIER\r\n");
    assert_eq!(answer(&mut modem, "ATDL\r"), "\r\nERROR\r\n");
    assert_eq!(answer(&mut modem, "AX\u{8}\u{8}ATV0\r"), "0\r");
    assert_eq!(answer(&mut modem, "A/"), "0\r");
    assert_eq!(answer(&mut modem, "ATQ1\r"), "");
    assert_eq!(answer(&mut modem, "ATZ\r"), "\r\nOK\r\n");
    let long = format!("AT{}\r", "E0".repeat(200));
    assert_eq!(
        answer(&mut modem, &format!("ATE0\r{long}")),
        "ATE0\r\r\nOK\r\n\r\nERROR\r\n"
    );
    assert!(answer(&mut modem, "ATI\r").contains("softmodem v21"));
}

#[test]
fn what_the_network_says_of_a_dialled_number() {
    let cases = [
        (Network::Released(Some(17)), "\r\nBUSY\r\n"),
        (Network::Released(Some(19)), "\r\nNO ANSWER\r\n"),
        (Network::Released(Some(1)), "\r\nNO CARRIER\r\n"),
        (Network::NoLine, "\r\nNO DIALTONE\r\n"),
    ];
    for (event, result) in cases {
        let mut modem = Modem::new(Modulation::V21);
        answer(&mut modem, "ATE0\r");
        assert_eq!(answer(&mut modem, "ATDT0305550004\r"), "");
        let action = Action::Dial("0305550004".into());
        assert_eq!(modem.poll_action(), Some(action));
        modem.network(event);
        assert_eq!(answer(&mut modem, ""), result);
        // A key ends a call that is being set up.
        answer(&mut modem, "ATDL\r");
        assert_eq!(answer(&mut modem, "x"), "\r\nNO CARRIER\r\n");
        let actions: Vec<_> = std::iter::from_fn(|| modem.poll_action()).collect();
        assert_eq!(actions, [Action::Dial("0305550004".into()), Action::HangUp]);
    }
}

/// Nobody sends a carrier: S7 decides for how long it is awaited.
#[test]
fn a_voice_is_no_modem() {
    let mut modem = Modem::new(Modulation::V21);
    answer(&mut modem, "ATE0S7=5DT0305550002\r");
    modem.poll_action();
    modem.network(Network::Answered(Law::ALaw));
    let rx = [Law::ALaw.idle(); TICK_OCTETS];
    for _ in 0..499 {
        modem.tick(&rx, &mut rx.clone());
        modem.pass();
    }
    assert_eq!(answer(&mut modem, ""), "");
    modem.pass();
    assert_eq!(answer(&mut modem, ""), "\r\nNO CARRIER\r\n");
    assert_eq!(modem.poll_action(), Some(Action::HangUp));
}

//! A real modem at a serial line as a subscriber. The softmodem has the timeslot, the real modem its own
//! telephone line; a call on the one is made on the other, and what each receives the other sends.
//!
//! [`Relay`] takes the place of the terminal of both, and has neither clock nor device. Of the real modem
//! it asks what all have: `ATD`, `ATA`, `ATH`, `+++`, and results in words.

use std::collections::VecDeque;

use super::{Call, Modem, TICKS_A_SECOND, registers};

/// What the real modem is set to: no echo, results in words, busy tones heard, no wait for a dial tone,
/// no answer of its own.
const SET_UP: &[u8] = b"ATE0Q0V1X3S0=0\r";
/// The real modem answers a command within so many ticks.
const ANSWERS: u64 = 3 * TICKS_A_SECOND;
/// Who calls has given up when it has not rung for so many ticks.
const GIVEN_UP: u64 = 8 * TICKS_A_SECOND;
/// Silence around the escape sequence, and after the end of a connection: a second, and a little.
const GUARD: u64 = TICKS_A_SECOND + TICKS_A_SECOND / 5;
/// With silence after it, the connection is over.
const NO_CARRIER: &[u8] = b"\r\nNO CARRIER\r\n";
/// Octets held for a modem that is not connected yet, or is slower.
const HELD: usize = 4096;
/// No result is longer.
const RESULT: usize = 80;
/// Above 127 the softmodem has no escape character: what passes through it is data.
const NO_ESCAPE: u8 = 255;

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The real modem is being set up.
    Starting,
    Idle,
    /// A call came on the timeslot: the real modem dials.
    Outward,
    /// The real modem is connected: the softmodem answers.
    OutwardAnswered,
    /// The real modem rings: the softmodem dials.
    Inward,
    /// The softmodem is connected: the real modem answers.
    InwardAnswered,
    /// Data both ways.
    Through,
    /// One side came to nothing: until the other gives up, too.
    Refused,
    /// The call on the timeslot is over: silence before the escape sequence.
    Leaving,
    /// Commands are awaited of the real modem.
    Escaped,
    /// It hangs up.
    HangingUp,
}

/// What the real modem says of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Ok,
    Ring,
    Connect,
    /// No connection, or no more, whatever the reason.
    Nothing,
}

/// A result in words.
fn said(line: &[u8]) -> Option<Said> {
    let line = line.trim_ascii();
    match line {
        b"OK" => Some(Said::Ok),
        b"RING" => Some(Said::Ring),
        b"NO CARRIER" | b"BUSY" | b"NO ANSWER" | b"NO DIALTONE" | b"NO DIAL TONE" | b"ERROR" => {
            Some(Said::Nothing)
        }
        _ => line.starts_with(b"CONNECT").then_some(Said::Connect),
    }
}

/// Between a real modem and the softmodem that stands for it.
#[derive(Debug)]
pub struct Relay {
    /// The number that the softmodem calls for who rings at the real modem.
    calls: Option<String>,
    /// What the real modem dials for who calls on the timeslot.
    dials: Option<String>,
    state: State,
    /// Ticks since the state was entered, or since the real modem was heard in it.
    waited: u64,
    /// What the real modem is saying, while it takes commands.
    line: Vec<u8>,
    to_real: VecDeque<u8>,
    /// Data for either, until it is connected.
    from_soft: VecDeque<u8>,
    to_soft: VecDeque<u8>,
    /// How many octets of [`NO_CARRIER`] came, held back until they are known to be data.
    ending: usize,
}

impl Relay {
    /// A real modem that has just been found. For who rings at it, `calls` is called; for who calls this
    /// subscriber, it dials `dials`.
    #[must_use]
    pub const fn new(calls: Option<String>, dials: Option<String>) -> Self {
        Self {
            calls,
            dials,
            state: State::Starting,
            // At once.
            waited: ANSWERS,
            line: Vec::new(),
            to_real: VecDeque::new(),
            from_soft: VecDeque::new(),
            to_soft: VecDeque::new(),
            ending: 0,
        }
    }

    /// Whether data pass.
    #[must_use]
    pub fn is_through(&self) -> bool {
        self.state == State::Through
    }

    /// Whether the real modem may be read from.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.to_soft.len() < HELD
    }

    /// What waits for the real modem.
    pub const fn to_real(&mut self) -> &mut VecDeque<u8> {
        &mut self.to_real
    }

    /// One tick: what the real modem said since the last one, and the softmodem.
    pub fn tick(&mut self, modem: &mut Modem, received: &[u8]) {
        modem.settings.quiet = true;
        modem.settings.echo = false;
        modem.registers.set(registers::ESCAPE, NO_ESCAPE);
        self.waited += 1;
        for octet in received {
            self.hear(*octet, modem);
        }
        // Quiet as it is, all that it says is data. What nobody takes is too old in the end.
        self.from_soft.extend(modem.take_output());
        let excess = self.from_soft.len().saturating_sub(HELD);
        self.from_soft.drain(..excess);
        if self.state == State::Through && self.to_real.len() < HELD {
            self.to_real.append(&mut self.from_soft);
        }
        self.follow(modem);
        self.wait(modem);
        if modem.is_connected() {
            let octets = self.to_soft.len().min(modem.room());
            modem.outgoing.extend(self.to_soft.drain(..octets));
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.waited = 0;
        self.line.clear();
        self.ending = 0;
        if matches!(state, State::Idle | State::Refused | State::Leaving) {
            self.from_soft.clear();
            self.to_soft.clear();
        }
    }

    fn command(&mut self, command: &[u8], state: State) {
        self.to_real.clear();
        self.to_real.extend(command);
        self.enter(state);
    }

    fn hear(&mut self, octet: u8, modem: &mut Modem) {
        if matches!(self.state, State::Through | State::OutwardAnswered) {
            self.waited = 0;
            return self.carry(octet);
        }
        // What comes after the line feed of CONNECT is data already.
        if octet != b'\n' {
            self.line.truncate(RESULT);
            return self.line.push(octet);
        }
        let line = std::mem::take(&mut self.line);
        if let Some(said) = said(&line) {
            self.told(said, modem);
        }
    }

    /// Takes an octet of data, which the beginning of the end may be.
    fn carry(&mut self, octet: u8) {
        if NO_CARRIER.get(self.ending) != Some(&octet) {
            self.flush();
            if octet != b'\r' {
                return self.to_soft.push_back(octet);
            }
        }
        self.ending += 1;
    }

    /// What looked like the end was data.
    fn flush(&mut self) {
        let held = NO_CARRIER.get(..self.ending).unwrap_or_default();
        self.to_soft.extend(held);
        self.ending = 0;
    }

    /// The real modem says so.
    fn told(&mut self, said: Said, modem: &mut Modem) {
        match (self.state, said) {
            (State::Starting | State::HangingUp, Said::Ok | Said::Nothing) => {
                self.enter(State::Idle);
            }
            (State::Escaped, Said::Ok) => self.command(b"ATH\r", State::HangingUp),
            (State::Idle, Said::Ring) => {
                let number = self.calls.clone();
                if number.is_some_and(|number| modem.dial(number).is_ok()) {
                    self.enter(State::Inward);
                }
            }
            (State::Refused, Said::Ring) => self.waited = 0,
            (State::Outward, Said::Connect) => {
                // Whoever gave up meanwhile is found out by `follow`.
                let _ = modem.answer();
                self.enter(State::OutwardAnswered);
            }
            (State::Outward, Said::Nothing) => self.enter(State::Refused),
            (State::InwardAnswered, Said::Connect) => self.enter(State::Through),
            (State::InwardAnswered, Said::Nothing) => {
                modem.hang_up();
                self.enter(State::Idle);
            }
            (State::Leaving | State::Escaped, Said::Nothing) => self.enter(State::Idle),
            _ => {}
        }
    }

    /// Looks at how the softmodem's call is going.
    fn follow(&mut self, modem: &Modem) {
        let over = matches!(modem.call, Call::None);
        match self.state {
            State::Idle if matches!(modem.call, Call::Rings(_)) => {
                if let Some(number) = &self.dials {
                    let command = format!("ATDT{number}\r");
                    self.command(command.as_bytes(), State::Outward);
                }
            }
            // Any key makes a modem give up that has no connection yet.
            State::Outward | State::InwardAnswered if over => self.command(b"\r", State::Escaped),
            State::OutwardAnswered | State::Through if over => self.enter(State::Leaving),
            State::OutwardAnswered if modem.is_connected() => self.state = State::Through,
            State::Inward if modem.is_connected() => self.command(b"ATA\r", State::InwardAnswered),
            State::Inward if over => self.enter(State::Refused),
            State::Refused if over && self.waited >= GIVEN_UP => self.enter(State::Idle),
            _ => {}
        }
    }

    /// What time brings.
    fn wait(&mut self, modem: &mut Modem) {
        match self.state {
            State::Starting if self.waited >= ANSWERS => self.command(SET_UP, State::Starting),
            State::Through | State::OutwardAnswered if self.waited >= GUARD && self.ending > 0 => {
                if self.ending < NO_CARRIER.len() {
                    return self.flush();
                }
                modem.hang_up();
                self.enter(State::Idle);
            }
            State::Leaving if self.waited >= GUARD => self.command(b"+++", State::Escaped),
            State::Escaped if self.waited >= ANSWERS => self.command(b"ATH\r", State::HangingUp),
            State::HangingUp if self.waited >= ANSWERS => self.enter(State::Idle),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;

//! A softmodem: a terminal on one side, a timeslot on the other, and between them the commands of
//! Hayes modems (V.250) and frequency-shift keying.
//!
//! [`Modem`] has neither clock nor device. The terminal's octets go in by [`Modem::terminal`] and come
//! out of [`Modem::take_output`]; the line moves it tick by tick with [`Modem::tick`]; what it wants of
//! the exchange is in [`Modem::poll_action`], and what the exchange tells it goes in by
//! [`Modem::network`].

mod command;
mod fsk;
mod modulation;
mod pump;
mod registers;
mod relay;
mod result;
mod start_stop;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use tdm::{Law, TICK, TICK_OCTETS};

pub use modulation::{Channel, Modulation, Role, UnknownModulation};
pub use relay::Relay;
pub use result::ResultCode;

use command::Command;
use pump::{Pump, PumpEvent};
use registers::Registers;

/// Octets that wait for the line at most: [`Modem::room`] says how many more there is room for.
const OUTGOING: usize = 1024;
/// The longest command line.
const LINE: usize = 255;
/// Time from one ring to the next.
const RINGING: Duration = Duration::from_secs(5);
/// Times are counted in ticks.
const TICKS_A_SECOND: u64 = 1000 / TICK.as_millis() as u64;

/// What a modem wants of the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Call this number, as dialled.
    Dial(String),
    /// Answer the call that rings.
    Answer,
    /// End the call.
    HangUp,
}

/// What the exchange tells a modem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// A call has come for it.
    Rings,
    /// The call, in either direction, is answered: the timeslot is through, with this companding.
    Answered(Law),
    /// The call is over, with this cause (Q.850).
    Released(Option<u8>),
    /// The call that was dialled cannot begin: the exchange has no line.
    NoLine,
}

/// How far a call is.
#[derive(Debug)]
enum Call {
    None,
    /// Ticks until the next ring.
    Rings(u64),
    /// Dialled, and not answered yet.
    Dialled,
    /// Answered by this modem; the exchange has not said so yet.
    Answering,
    /// The modems train; ticks until this one gives up.
    Training(Box<Pump>, u64),
    Connected(Box<Pump>),
}

/// Silence and escape characters, for the way back to commands (Hayes' escape sequence).
#[derive(Debug, Default)]
struct Escape {
    /// Ticks since the terminal spoke.
    silent: u64,
    /// Escape characters in a row after silence.
    count: u8,
}

/// Settings by command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Settings {
    echo: bool,
    quiet: bool,
    verbose: bool,
    results: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            echo: true,
            quiet: false,
            verbose: true,
            results: 4,
        }
    }
}

/// A modem between a terminal and a timeslot.
#[derive(Debug)]
pub struct Modem {
    modulation: Modulation,
    registers: Registers,
    settings: Settings,
    call: Call,
    /// Whether the terminal speaks to the modem, rather than through it.
    commanding: bool,
    line: Vec<u8>,
    last_line: String,
    last_number: String,
    escape: Escape,
    outgoing: VecDeque<u8>,
    incoming: VecDeque<u8>,
    output: VecDeque<u8>,
    actions: VecDeque<Action>,
    /// Of the connections that are over.
    framing_errors: u64,
}

impl Modem {
    /// A modem on hook.
    #[must_use]
    pub fn new(modulation: Modulation) -> Self {
        Self {
            modulation,
            registers: Registers::default(),
            settings: Settings::default(),
            call: Call::None,
            commanding: true,
            line: Vec::new(),
            last_line: String::new(),
            last_number: String::new(),
            escape: Escape::default(),
            outgoing: VecDeque::new(),
            incoming: VecDeque::new(),
            output: VecDeque::new(),
            actions: VecDeque::new(),
            framing_errors: 0,
        }
    }

    /// How it modulates.
    #[must_use]
    pub const fn modulation(&self) -> Modulation {
        self.modulation
    }

    /// Whether data flow.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        matches!(self.call, Call::Connected(_))
    }

    /// Characters that came over all connections without a stop bit.
    #[must_use]
    pub const fn framing_errors(&self) -> u64 {
        match &self.call {
            Call::Connected(pump) => self.framing_errors + pump.framing_errors(),
            _ => self.framing_errors,
        }
    }

    /// How many octets [`Self::terminal`] may be given: a terminal is read no faster than the line
    /// sends.
    #[must_use]
    pub fn room(&self) -> usize {
        OUTGOING - self.outgoing.len().min(OUTGOING)
    }

    /// What was received and what results say, for the terminal.
    pub fn take_output(&mut self) -> impl Iterator<Item = u8> + '_ {
        self.output.drain(..)
    }

    /// What it wants of the exchange, in order.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The terminal sends this.
    pub fn terminal(&mut self, octets: &[u8]) {
        for &octet in octets {
            if self.commanding {
                self.typed(octet);
            } else {
                self.outgoing.push_back(octet);
                self.watch_escape(octet);
            }
        }
    }

    fn watch_escape(&mut self, octet: u8) {
        let (escape, guard) = (self.registers.get(registers::ESCAPE), self.guard_time());
        let in_time = self.escape.silent >= guard || self.escape.count > 0;
        self.escape.count = match octet == escape && escape < 128 && in_time {
            true => self.escape.count.saturating_add(1),
            false => 0,
        };
        self.escape.silent = 0;
    }

    /// In ticks.
    fn guard_time(&self) -> u64 {
        u64::from(self.registers.get(registers::GUARD_TIME)) * TICKS_A_SECOND / 50
    }

    fn typed(&mut self, octet: u8) {
        if matches!(
            self.call,
            Call::Dialled | Call::Answering | Call::Training(..)
        ) {
            // A key gives up a call that is being set up (V.250 clause 5.6.1).
            return self.give_up(ResultCode::NoCarrier);
        }
        if self.settings.echo {
            self.output.push_back(octet);
        }
        let octet = octet & 0x7f;
        if octet == self.registers.get(registers::LINE_TERMINATION) {
            return self.line_typed();
        }
        if octet == self.registers.get(registers::LINE_EDITING) {
            self.line.pop();
        } else if self.line.len() <= LINE {
            self.line.push(octet);
        }
        // A/ repeats the last line, without an end of line.
        if self.line.eq_ignore_ascii_case(b"A/") {
            self.line.clear();
            let line = self.last_line.clone();
            self.obey(&line);
        }
    }

    fn line_typed(&mut self) {
        let line = std::mem::take(&mut self.line);
        let too_long = line.len() > LINE;
        let line = String::from_utf8_lossy(&line).trim().to_owned();
        if line.is_empty() {
            return;
        }
        let Some(commands) = line
            .get(..2)
            .filter(|prefix| prefix.eq_ignore_ascii_case("AT"))
            .and_then(|_| line.get(2..))
        else {
            // Not for the modem: noise of a terminal that begins.
            return;
        };
        if too_long {
            return self.result(ResultCode::Error);
        }
        commands.clone_into(&mut self.last_line);
        self.obey(commands);
    }

    fn obey(&mut self, line: &str) {
        let Some(commands) = command::parse(line) else {
            return self.result(ResultCode::Error);
        };
        for command in commands {
            match self.execute(command) {
                Ok(true) => {}
                // The result comes when the call has come to something.
                Ok(false) => return,
                Err(code) => return self.result(code),
            }
        }
        self.result(ResultCode::Ok);
    }

    /// Whether the line goes on after this command.
    fn execute(&mut self, command: Command) -> Result<bool, ResultCode> {
        match command {
            Command::Answer => self.answer()?,
            Command::Dial(number) => self.dial(number)?,
            Command::HangUp => self.hang_up(),
            Command::Online => match &self.call {
                Call::Connected(_) => {
                    self.commanding = false;
                    self.escape = Escape::default();
                    return Err(ResultCode::Connect(self.rate()));
                }
                _ => return Err(ResultCode::NoCarrier),
            },
            Command::Echo(on) => self.settings.echo = on,
            Command::Quiet(on) => self.settings.quiet = on,
            Command::Verbose(on) => self.settings.verbose = on,
            Command::Results(level) => self.settings.results = level,
            Command::Identify(_) => {
                let text = format!("Isthmus softmodem {}", self.modulation);
                self.information(&text);
            }
            Command::Reset { hang_up } => {
                if hang_up {
                    self.hang_up();
                }
                self.registers = Registers::default();
                self.settings = Settings::default();
            }
            Command::Set(index, value) => {
                if !self.registers.set(index, value) {
                    return Err(ResultCode::Error);
                }
            }
            Command::Ask(index) => {
                if !Registers::exists(index) {
                    return Err(ResultCode::Error);
                }
                let text = format!("{:03}", self.registers.get(index));
                self.information(&text);
            }
            Command::Ignored => {}
        }
        let waits = matches!(self.call, Call::Dialled | Call::Answering);
        Ok(!waits)
    }

    fn answer(&mut self) -> Result<(), ResultCode> {
        let Call::Rings(_) = self.call else {
            return Err(ResultCode::NoCarrier);
        };
        self.call = Call::Answering;
        self.registers.set(registers::RINGS, 0);
        self.actions.push_back(Action::Answer);
        Ok(())
    }

    fn dial(&mut self, number: String) -> Result<(), ResultCode> {
        if !matches!(self.call, Call::None) {
            return Err(ResultCode::Error);
        }
        if !number.is_empty() {
            self.last_number = number;
        }
        if self.last_number.is_empty() {
            return Err(ResultCode::Error);
        }
        self.call = Call::Dialled;
        self.actions
            .push_back(Action::Dial(self.last_number.clone()));
        Ok(())
    }

    /// Ends the call if there is one. A call that rings goes on ringing.
    fn hang_up(&mut self) {
        if !matches!(self.call, Call::None | Call::Rings(_)) {
            self.on_hook();
            self.actions.push_back(Action::HangUp);
        }
    }

    fn give_up(&mut self, code: ResultCode) {
        self.hang_up();
        self.result(code);
    }

    /// Forgets the call; the exchange knows, or is told by the caller.
    fn on_hook(&mut self) {
        if let Call::Connected(pump) = &self.call {
            self.framing_errors += pump.framing_errors();
        }
        self.call = Call::None;
        self.commanding = true;
        self.line.clear();
        self.outgoing.clear();
        self.registers.set(registers::RINGS, 0);
    }

    /// The exchange tells this.
    pub fn network(&mut self, event: Network) {
        match event {
            Network::Rings => {
                if matches!(self.call, Call::None) {
                    self.call = Call::Rings(0);
                }
            }
            Network::Answered(law) => self.train(law),
            Network::NoLine => {
                if matches!(self.call, Call::Dialled) {
                    self.on_hook();
                    self.result(ResultCode::NoDialTone);
                }
            }
            Network::Released(cause) => self.released(cause),
        }
    }

    fn train(&mut self, law: Law) {
        let role = match self.call {
            Call::Dialled => Role::Calling,
            Call::Answering => Role::Answering,
            _ => return,
        };
        let tenths = u64::from(self.registers.get(registers::CARRIER_LOSS));
        let tolerated = Duration::from_millis(100 * tenths);
        let wait = u64::from(self.registers.get(registers::WAIT_FOR_CARRIER)) * TICKS_A_SECOND;
        let pump = Pump::new(self.modulation, role, law, tolerated);
        self.call = Call::Training(Box::new(pump), wait);
    }

    fn released(&mut self, cause: Option<u8>) {
        let code = match (&self.call, cause) {
            (Call::None, _) => return,
            // The caller gave up: there is nothing to say.
            (Call::Rings(_), _) => None,
            (Call::Dialled, Some(USER_BUSY)) => Some(ResultCode::Busy),
            (Call::Dialled, Some(NO_ANSWER | NO_RESPONSE)) => Some(ResultCode::NoAnswer),
            (Call::Connected(_), _) => {
                // What came before the end is for the terminal still.
                self.output.extend(self.incoming.drain(..));
                Some(ResultCode::NoCarrier)
            }
            _ => Some(ResultCode::NoCarrier),
        };
        self.on_hook();
        if let Some(code) = code {
            self.result(code);
        }
    }

    /// One tick of the timeslot, while a call is through: what came, and what goes out.
    pub fn tick(&mut self, rx: &[u8; TICK_OCTETS], tx: &mut [u8; TICK_OCTETS]) {
        let (Call::Training(pump, _) | Call::Connected(pump)) = &mut self.call else {
            return;
        };
        pump.tick(rx, tx, &mut self.outgoing, &mut self.incoming);
    }

    /// 10 ms pass; after [`Self::tick`] when there is a timeslot. Rings, guard times and the wait for
    /// a carrier go on.
    pub fn pass(&mut self) {
        self.escape.silent += 1;
        match &mut self.call {
            Call::Rings(0) => self.ring(),
            Call::Rings(left) => *left -= 1,
            Call::Training(pump, left) => {
                if pump.poll_event() == Some(PumpEvent::Connected) {
                    return self.connected();
                }
                *left = left.saturating_sub(1);
                if *left == 0 {
                    self.give_up(ResultCode::NoCarrier);
                }
            }
            Call::Connected(pump) => {
                if pump.poll_event() == Some(PumpEvent::Lost) {
                    self.output.extend(self.incoming.drain(..));
                    return self.give_up(ResultCode::NoCarrier);
                }
                if !self.commanding {
                    self.output.extend(self.incoming.drain(..));
                    self.escaped();
                }
                // While commands are given, what comes waits, within reason.
                let excess = self.incoming.len().saturating_sub(OUTGOING);
                self.incoming.drain(..excess);
            }
            Call::None | Call::Dialled | Call::Answering => {}
        }
    }

    fn ring(&mut self) {
        self.call = Call::Rings(RINGING.as_millis() as u64 / TICK.as_millis() as u64);
        let rings = self.registers.get(registers::RINGS).saturating_add(1);
        self.registers.set(registers::RINGS, rings);
        self.result(ResultCode::Ring);
        let automatic = self.registers.get(registers::AUTOMATIC_ANSWER);
        if automatic > 0 && rings >= automatic {
            // It rings: there is something to answer.
            let _ = self.answer();
        }
    }

    fn connected(&mut self) {
        let Call::Training(pump, _) = std::mem::replace(&mut self.call, Call::None) else {
            return;
        };
        self.call = Call::Connected(pump);
        self.result(ResultCode::Connect(self.rate()));
        self.commanding = false;
        self.escape = Escape::default();
    }

    /// Three escape characters between silences: back to commands, with the call kept.
    fn escaped(&mut self) {
        if self.escape.count == 3 && self.escape.silent >= self.guard_time() {
            self.escape.count = 0;
            self.commanding = true;
            self.result(ResultCode::Ok);
        }
    }

    /// Bits a second, from the other modem.
    fn rate(&self) -> u16 {
        match &self.call {
            Call::Training(pump, _) | Call::Connected(pump) => pump.rate(),
            _ => self.modulation.receives(Role::Calling).rate,
        }
    }

    fn result(&mut self, code: ResultCode) {
        if self.settings.quiet {
            return;
        }
        let (end, after) = self.line_ends();
        let known = code.within(self.settings.results);
        if self.settings.verbose {
            let text = format!("{end}{after}{known}{end}{after}");
            self.output.extend(text.bytes());
        } else {
            let text = format!("{}{end}", known.number());
            self.output.extend(text.bytes());
        }
    }

    fn information(&mut self, text: &str) {
        let (end, after) = self.line_ends();
        let before = match self.settings.verbose {
            true => format!("{end}{after}"),
            false => String::new(),
        };
        let text = format!("{before}{text}{end}{after}");
        self.output.extend(text.bytes());
    }

    fn line_ends(&self) -> (char, char) {
        let register = |index| char::from(self.registers.get(index));
        (
            register(registers::LINE_TERMINATION),
            register(registers::RESPONSE_FORMATTING),
        )
    }
}

/// Causes of Q.850.
const USER_BUSY: u8 = 17;
const NO_RESPONSE: u8 = 18;
const NO_ANSWER: u8 = 19;

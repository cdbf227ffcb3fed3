//! Terminals of modems: pseudo-terminals that programs open, or serial lines.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, fcntl_setfl, open};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::config::{Behaviour, Subscriber, Terminal};
use crate::exchange::Exchange;
use crate::modem::Relay;

/// Octets kept for a terminal that does not read; older ones are dropped.
const BACKLOG: usize = 65_536;

/// A terminal that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("terminal of the modem {number}, {}: cannot {action}: {source}", path.display())]
pub struct TerminalError {
    /// Number of the modem.
    number: String,
    /// The pseudo-terminal's link, or the device.
    path: PathBuf,
    /// What failed.
    action: &'static str,
    /// Why.
    source: io::Error,
}

/// The terminals of an exchange's modems.
#[derive(Debug, Default)]
pub struct Terminals(Vec<Open>);

/// The terminal of one modem.
#[derive(Debug)]
struct Open {
    number: String,
    line: OwnedFd,
    /// The terminal's own side, held so that its settings stay and that reading ours does not fail
    /// while nobody has it open, and the link that leads to it.
    pty: Option<(OwnedFd, Link)>,
    backlog: VecDeque<u8>,
    /// A real modem is there, and not a terminal.
    relay: Option<Relay>,
}

/// A symbolic link that goes away with the process.
#[derive(Debug)]
struct Link {
    path: PathBuf,
    target: PathBuf,
}

impl Terminals {
    /// Opens the terminals of all subscribers that are modems.
    ///
    /// # Errors
    /// When one cannot be made or opened.
    pub fn open(subscribers: &[Subscriber]) -> Result<Self, TerminalError> {
        let mut terminals = Vec::new();
        for subscriber in subscribers {
            let Behaviour::Modem { terminal, .. } = &subscriber.behaviour else {
                continue;
            };
            let number = subscriber.number.clone();
            let failed = |path: &Path, (action, source): (&'static str, io::Error)| TerminalError {
                number: number.clone(),
                path: path.to_owned(),
                action,
                source,
            };
            let (line, pty) = match terminal {
                Terminal::Pty(path) => {
                    let (line, pty, link) =
                        pseudo_terminal(path).map_err(|why| failed(path, why))?;
                    (line, Some((pty, link)))
                }
                Terminal::Device { path, rate } | Terminal::RealModem { path, rate, .. } => {
                    let line = serial_line(path, *rate).map_err(|why| failed(path, why))?;
                    (line, None)
                }
            };
            let relay = match terminal {
                Terminal::RealModem { calls, dials, .. } => {
                    Some(Relay::new(calls.clone(), dials.clone()))
                }
                _ => None,
            };
            terminals.push(Open {
                number,
                line,
                pty,
                backlog: VecDeque::new(),
                relay,
            });
        }
        Ok(Self(terminals))
    }

    /// Carries octets between the terminals and their modems, as far as there is room; once a tick.
    pub fn serve(&mut self, exchange: &mut Exchange) {
        for terminal in &mut self.0 {
            terminal.serve(exchange);
        }
    }

    /// The terminals, as one says to a user: number, where.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&Path>)> {
        self.0.iter().map(|terminal| {
            let link = terminal.pty.as_ref().map(|(_, link)| link.path.as_path());
            (terminal.number.as_str(), link)
        })
    }
}

impl Open {
    fn serve(&mut self, exchange: &mut Exchange) {
        let Some(modem) = exchange.modem(&self.number) else {
            return;
        };
        let mut octets = [0; 256];
        if let Some(relay) = &mut self.relay {
            let count = match relay.has_room() {
                // Nothing to read, or nobody there: both pass.
                true => rustix::io::read(&self.line, &mut octets).unwrap_or(0),
                false => 0,
            };
            relay.tick(modem, octets.get(..count).unwrap_or_default());
            return write(&self.line, relay.to_real());
        }
        while modem.room() >= octets.len() {
            match rustix::io::read(&self.line, &mut octets) {
                Ok(count) if count > 0 => {
                    modem.terminal(octets.get(..count).unwrap_or_default());
                }
                Err(Errno::INTR) => {}
                // Nothing to read, or nobody there: both pass.
                _ => break,
            }
        }
        self.backlog.extend(modem.take_output());
        let excess = self.backlog.len().saturating_sub(BACKLOG);
        self.backlog.drain(..excess);
        write(&self.line, &mut self.backlog);
    }
}

/// Writes what there is room for.
fn write(line: &OwnedFd, octets: &mut VecDeque<u8>) {
    while !octets.is_empty() {
        match rustix::io::write(line, octets.as_slices().0) {
            Ok(count) => drop(octets.drain(..count)),
            Err(Errno::INTR) => {}
            Err(_) => break,
        }
    }
}

type Failure = (&'static str, io::Error);

/// Makes a pseudo-terminal and the link to it: our side, the terminal's, the link.
fn pseudo_terminal(path: &Path) -> Result<(OwnedFd, OwnedFd, Link), Failure> {
    let failed = |action| move |error: Errno| (action, error.into());
    let make = failed("make a pseudo-terminal");
    let line = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).map_err(make)?;
    fcntl_setfl(&line, OFlags::RDWR | OFlags::NONBLOCK).map_err(make)?;
    grantpt(&line).map_err(make)?;
    unlockpt(&line).map_err(make)?;
    let name = ptsname(&line, Vec::new()).map_err(make)?;
    let target = PathBuf::from(name.to_string_lossy().into_owned());
    let pty = open(
        &target,
        OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(make)?;
    raw(&pty, None).map_err(make)?;
    let link = Link::make(path, target).map_err(|error| ("make the link", error))?;
    Ok((line, pty, link))
}

/// Opens a serial device at so many bits a second.
fn serial_line(path: &Path, rate: u32) -> Result<OwnedFd, Failure> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let line =
        open(path, flags, Mode::empty()).map_err(|error| ("open the device", error.into()))?;
    raw(&line, Some(rate)).map_err(|error| ("set the line up", error.into()))?;
    Ok(line)
}

/// Octets pass as they are, both ways and without echo.
fn raw(line: impl AsFd, rate: Option<u32>) -> Result<(), Errno> {
    let mut settings = tcgetattr(&line)?;
    settings.make_raw();
    if let Some(rate) = rate {
        settings.set_speed(rate)?;
    }
    tcsetattr(&line, OptionalActions::Now, &settings)
}

impl Link {
    /// Takes the place of a link that is there already, for one of an earlier life leads nowhere; of
    /// nothing else.
    fn make(path: &Path, target: PathBuf) -> io::Result<Self> {
        if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_symlink()) {
            match fs::remove_file(path) {
                // Whose it was has just ended, and taken it along.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        symlink(&target, path)?;
        Ok(Self {
            path: path.to_owned(),
            target,
        })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if fs::read_link(&self.path).is_ok_and(|target| target == self.target) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Modulation;
    use crate::exchange::ExchangeConfig;
    use std::fs::OpenOptions;
    use std::io::{Read, Write};

    fn modem(terminal: Terminal) -> Subscriber {
        Subscriber {
            number: "+49305550008".to_owned(),
            behaviour: Behaviour::Modem {
                modulation: Modulation::V21,
                terminal,
            },
        }
    }

    /// A program opens the link, types, and reads what the modem says; then the link is gone.
    #[test]
    fn a_modem_behind_a_pseudo_terminal() {
        let path = std::env::temp_dir().join(format!("isthmus-modem-{}", std::process::id()));
        symlink("/nowhere", &path).unwrap();
        let subscribers = vec![modem(Terminal::Pty(path.clone()))];
        let [own, other] = [0x1055, 0x1056].map(mtp::PointCode::itu);
        let config =
            ExchangeConfig::one_span(tdm::SpanId(0), own, other, "de", "49", subscribers.clone());
        let mut exchange = Exchange::new(config.unwrap()).unwrap();
        let mut terminals = Terminals::open(&subscribers).unwrap();
        assert_eq!(
            terminals.iter().collect::<Vec<_>>(),
            [("+49305550008", Some(path.as_path()))]
        );
        for (typed, shown) in [
            ("ATE0\r", "ATE0\r\r\nOK\r\n"),
            ("ATS7?\r", "\r\n050\r\n\r\nOK\r\n"),
        ] {
            let mut program = OpenOptions::new()
                .read(true)
                .write(true)
                .open(&path)
                .unwrap();
            program.write_all(typed.as_bytes()).unwrap();
            terminals.serve(&mut exchange);
            let mut read = vec![0; shown.len()];
            program.read_exact(&mut read).unwrap();
            assert_eq!(String::from_utf8(read).unwrap(), shown);
        }
        drop(terminals);
        assert!(fs::symlink_metadata(&path).is_err());
    }

    /// A real modem, as a pseudo-terminal whose other side is played by hand: a call to its number makes
    /// it dial, over a device path like any other.
    #[test]
    fn a_real_modem_at_a_device() {
        let (line, _held, link) = {
            let path = std::env::temp_dir().join(format!("isthmus-real-{}", std::process::id()));
            pseudo_terminal(&path).unwrap()
        };
        let subscribers = vec![modem(Terminal::RealModem {
            path: link.path.clone(),
            rate: 9600,
            calls: Some("+49305550001".to_owned()),
            dials: Some("0305550001".to_owned()),
        })];
        let [own, other] = [0x1055, 0x1056].map(mtp::PointCode::itu);
        let config =
            ExchangeConfig::one_span(tdm::SpanId(0), own, other, "de", "49", subscribers.clone());
        let mut exchange = Exchange::new(config.unwrap()).unwrap();
        let mut terminals = Terminals::open(&subscribers).unwrap();
        let says = |text: &str| rustix::io::write(&line, text.as_bytes()).unwrap();
        // Tick by tick, until the modem is told this.
        let mut told = |exchange: &mut Exchange, text: &str| {
            let mut heard = Vec::new();
            for _ in 0..1_000_000 {
                terminals.serve(exchange);
                let mut octets = [0; 64];
                let count = rustix::io::read(&line, &mut octets).unwrap_or(0);
                heard.extend_from_slice(&octets[..count]);
                if String::from_utf8_lossy(&heard).contains(text) {
                    return;
                }
            }
            panic!("not told {text:?}, but {heard:?}");
        };
        told(&mut exchange, "ATE0Q0V1X3S0=0\r");
        says("ATE0Q0V1X3S0=0\r\r\nOK\r\n");
        let softmodem = exchange.modem("+49305550008").unwrap();
        softmodem.network(crate::modem::Network::Rings);
        told(&mut exchange, "ATDT0305550001\r");
    }

    #[test]
    fn what_cannot_be_a_terminal_is_refused() {
        let file = std::env::temp_dir().join(format!("isthmus-no-modem-{}", std::process::id()));
        fs::write(&file, "kept").unwrap();
        let device = |path: &Path| Terminal::Device {
            path: path.to_owned(),
            rate: 9600,
        };
        let cases = [
            (
                Terminal::Pty(file.clone()),
                "cannot make the link: File exists",
            ),
            (device(&file), "cannot set the line up"),
            (device(Path::new("/dev/none")), "cannot open the device"),
        ];
        for (terminal, expected) in cases {
            let error = Terminals::open(&[modem(terminal)]).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.contains("+49305550008"), "{error}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
        fs::remove_file(&file).unwrap();
    }
}

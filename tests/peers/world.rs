//! A gateway and the exchange at the other end of its line, as `isthmus run` and `isthmus lab`,
//! with the configurations of `config/` on ports and files of their own.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use isthmus::cdr::CallRecord;

use crate::call::invite;
use crate::eventually;
use crate::ports;
use crate::program::Program;
use crate::tshark;

/// A number of the exchange that is busy: a call to it is over at once.
const BUSY: &str = "+49305550004";
/// Proving takes 8.2 s (Q.703 §12.3), twice when the first attempt meets a far end that is not
/// there yet, and a busy machine has other things to do.
const IN_SERVICE: Duration = Duration::from_secs(90);

/// The gateway's files in the directory of a world.
const RECORDS: &str = "records.jsonl";
const CAPTURE: &str = "isthmus.pcapng";
const RECORDING: &str = "recording.jsonl";

/// The two processes and what they are configured to.
pub(crate) struct World {
    /// Where the gateway takes SIP.
    pub(crate) sip: SocketAddr,
    /// The port that the gateway sends the exchange's calls to.
    pub(crate) peer: u16,
    /// Everything they write.
    pub(crate) directory: PathBuf,
    pub(crate) gateway: Option<Program>,
    pub(crate) exchange: Option<Program>,
}

/// Replacements in the two configurations.
#[derive(Default)]
pub(crate) struct Changes<'a> {
    /// Everything that stands on 127.0.0.1 stands on ::1.
    pub(crate) ipv6: bool,
    /// The gateway listens for TLS, too, two ports above the one for UDP and TCP.
    pub(crate) tls: bool,
    /// The port that the exchange's calls are sent to; one of its own choice for 0.
    pub(crate) peer: u16,
    pub(crate) gateway: &'a [(&'a str, &'a str)],
    pub(crate) exchange: &'a [(&'a str, &'a str)],
}

impl World {
    /// Starts both and waits until calls go through.
    pub(crate) fn start(changes: &Changes<'_>) -> Self {
        let mut world = Self::configure(changes);
        world.start_gateway();
        world.start_exchange();
        world.wait_until_in_service();
        world
    }

    fn configure(changes: &Changes<'_>) -> Self {
        static COUNT: AtomicU16 = AtomicU16::new(0);
        // Short: the name of a UNIX socket has 107 octets at most (unix(7)).
        let directory = std::env::temp_dir().join(format!(
            "isthmus-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        fs::create_dir_all(&directory).expect("a directory for temporary files");
        let sip = ports::free(4);
        let peer = match changes.peer {
            0 => sip + 1,
            peer => peer,
        };
        let rtp = ports::free(128);
        let place = |file: &str| directory.join(file).display().to_string();
        let socket = ("/tmp/isthmus-e1.sock".to_owned(), place("e1.sock"));
        let gateway = [
            socket.clone(),
            ("127.0.0.1:5060".to_owned(), format!("127.0.0.1:{sip}")),
            ("127.0.0.1:5070".to_owned(), format!("127.0.0.1:{peer}")),
            (
                "isup = \"off\"".to_owned(),
                "isup = \"optional\"".to_owned(),
            ),
            ("16384-16511".to_owned(), format!("{rtp}-{}", rtp + 127)),
            (
                "#file = \"isthmus-records.jsonl\"".to_owned(),
                format!("file = \"{}\"", place(RECORDS)),
            ),
            (
                "#file = \"isthmus.pcapng\"".to_owned(),
                format!("file = \"{}\"", place(CAPTURE)),
            ),
        ];
        let terminal = ("/tmp/isthmus-modem".to_owned(), place("modem"));
        let exchange = [socket, terminal];
        let write = |name: &str, own: &[(String, String)], changes_of_it: &[(&str, &str)]| {
            let reference = format!("{}/config/{name}", env!("CARGO_MANIFEST_DIR"));
            let mut text = fs::read_to_string(reference).expect("a reference file");
            let own = own.iter().map(|(from, to)| (from.as_str(), to.as_str()));
            for (from, to) in own.chain(changes_of_it.iter().copied()) {
                assert!(text.contains(from), "`{from}` is no more in config/{name}");
                text = text.replace(from, to);
            }
            if changes.tls {
                let plain = format!("listen = \"127.0.0.1:{sip}\"");
                let both = format!(
                    "listen = [\"127.0.0.1:{sip}\", \"tls:127.0.0.1:{}\"]",
                    sip + 2
                );
                text = text.replace(&plain, &both);
            }
            if changes.ipv6 {
                text = text
                    .replace("\"127.0.0.1\"", "\"::1\"")
                    .replace("\"127.0.0.1:", "\"[::1]:");
            }
            fs::write(directory.join(name), text).expect("a file of ours");
        };
        write("isthmus.toml", &gateway, changes.gateway);
        write("lab.toml", &exchange, changes.exchange);
        let address: IpAddr = match changes.ipv6 {
            true => Ipv6Addr::LOCALHOST.into(),
            false => Ipv4Addr::LOCALHOST.into(),
        };
        Self {
            sip: SocketAddr::new(address, sip),
            peer,
            directory,
            gateway: None,
            exchange: None,
        }
    }

    fn isthmus(&self, command: &str, file: &str) -> Command {
        let mut isthmus = Command::new(env!("CARGO_BIN_EXE_isthmus"));
        isthmus
            .arg(command)
            .arg("--config")
            .arg(self.directory.join(file))
            .env_remove("ISTHMUS_CONFIG")
            .env_remove("ISTHMUS_LOG");
        isthmus
    }

    pub(crate) fn start_gateway(&mut self) {
        let mut run = self.isthmus("run", "isthmus.toml");
        run.args(["--log", "debug", "--record"]);
        run.arg(self.directory.join(RECORDING));
        self.gateway = Some(Program::start("gateway", &mut run));
    }

    pub(crate) fn start_exchange(&mut self) {
        let mut lab = self.isthmus("lab", "lab.toml");
        self.exchange = Some(Program::start("exchange", &mut lab));
    }

    pub(crate) fn gateway(&mut self) -> &mut Program {
        self.gateway.as_mut().expect("it was started")
    }

    pub(crate) fn exchange(&mut self) -> &mut Program {
        self.exchange.as_mut().expect("it was started")
    }

    /// Waits until a call reaches a subscriber: one that is busy, so that the call is over at once,
    /// and then until the exchange has every circuit idle.
    pub(crate) fn wait_until_in_service(&mut self) {
        eventually("a call to a busy subscriber", IN_SERVICE, || {
            for program in [&mut self.gateway, &mut self.exchange]
                .into_iter()
                .flatten()
            {
                assert!(
                    program.ended().is_none(),
                    "it ended: {:?}",
                    program.heard(0)
                );
            }
            let status = invite(self.sip, BUSY, Duration::from_secs(5))?;
            (status == 486).then_some(())
        });
        self.wait_until_idle();
    }

    /// Asks the exchange for its circuits until all of them are idle and in service.
    pub(crate) fn wait_until_idle(&mut self) {
        eventually("30 idle circuits", Duration::from_secs(30), || {
            let circuits = self.ask_exchange("circuits", 30);
            let idle = |line: &&String| {
                line.contains("  Idle")
                    && !line.contains("out of service")
                    && !line.contains("cannot")
            };
            (circuits.iter().filter(idle).count() == 30).then_some(())
        });
    }

    /// The codes of the circuits that the exchange has in a state.
    pub(crate) fn circuits(&mut self, state: &str) -> Vec<String> {
        let circuits = self.ask_exchange("circuits", 30);
        let in_state = circuits.iter().filter(|line| line.contains(state));
        in_state
            .filter_map(|line| line.split_ascii_whitespace().nth(1))
            .map(str::to_owned)
            .collect()
    }

    /// The lines about circuits that the exchange answers a command with, at least `count`.
    fn ask_exchange(&mut self, command: &str, count: usize) -> Vec<String> {
        let exchange = self.exchange();
        let from = exchange.said();
        exchange.tell(command);
        eventually(command, Duration::from_secs(10), || {
            let mut lines = exchange.heard(from);
            lines.retain(|line| line.starts_with("CIC "));
            (lines.len() >= count).then_some(lines)
        })
    }

    /// The records of the calls to everyone but the busy subscriber that stands for readiness.
    pub(crate) fn records(&self) -> Vec<CallRecord> {
        let text = fs::read_to_string(self.directory.join(RECORDS)).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str::<CallRecord>(line).expect(line))
            .filter(|record| record.called_received != BUSY)
            .collect()
    }

    /// The records once there are `count`: they wait for what the media bridge counted.
    pub(crate) fn wait_for_records(&self, count: usize) -> Vec<CallRecord> {
        let what = format!("{count} call records");
        eventually(&what, Duration::from_secs(20), || {
            let records = self.records();
            (records.len() >= count).then_some(records)
        })
    }

    /// Ends the gateway, so that everything is written; has tshark read the capture, and the
    /// recording give the same outputs once more.
    pub(crate) fn finish(self) {
        self.finish_and(|_| {});
    }

    /// The same, with a look at the files before they are gone.
    pub(crate) fn finish_and(mut self, look: impl FnOnce(&Files)) {
        let gateway = self.gateway();
        gateway.terminate();
        let status = gateway.wait(Duration::from_secs(20));
        assert!(status.success(), "the gateway ended with {status}");
        for file in [CAPTURE, RECORDING] {
            let mode = fs::metadata(self.directory.join(file)).map(|file| file.mode());
            assert_eq!(mode.unwrap() & 0o077, 0, "others may read {file}");
        }
        tshark::assert_clean(&self.directory.join(CAPTURE));
        let mut replay = Command::new(env!("CARGO_BIN_EXE_isthmus"));
        replay.arg("replay").arg(self.directory.join(RECORDING));
        let output = replay.output().expect("it starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "replay: {text}");
        look(&Files {
            capture: self.directory.join(CAPTURE),
            recording: self.directory.join(RECORDING),
        });
    }
}

/// What a gateway has written.
pub(crate) struct Files {
    pub(crate) capture: PathBuf,
    pub(crate) recording: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        // What a failed test wrote is of use.
        if std::thread::panicking() {
            eprintln!("--- files are in {}", self.directory.display());
        } else {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

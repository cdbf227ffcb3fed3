//! The whole process: SIPp calls through a gateway to an exchange on an emulated E1, and in the
//! same run through Kamailio, which relays statefully, to another SIPp.

use std::fs;
use std::net::{TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Calls a second, and how many are measured. The exchange's subscriber and its RLC take their time:
/// a circuit is held for half a second, and the line has thirty.
const RATE: u32 = 40;
const CALLS: u32 = 800;
/// The subscriber that answers at once.
const NUMBER: &str = "+49305550001";
const PORTS: [u16; 5] = [15_060, 15_070, 15_080, 15_090, 15_100];

/// A process that ends with its owner, as it does when it is asked to.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            let _ = Command::new("kill").arg(self.0.id().to_string()).status();
            let _ = self.0.wait();
        }
    }
}

impl Process {
    fn start(command: &mut Command, folder: &Path) -> Option<Self> {
        let command = command.current_dir(folder).env("TERM", "dumb");
        let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
        silent.stdin(Stdio::null()).spawn().ok().map(Self)
    }

    /// CPU time of it and its children so far, and of its threads of this name alone.
    fn cpu(&self, thread: &str) -> (Duration, Duration) {
        let own = self.0.id();
        let mut all = ticks(&format!("/proc/{own}/stat"));
        let processes = fs::read_dir("/proc").unwrap().flatten();
        for child in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
            let stat = format!("/proc/{child}/stat");
            if field(&stat, 1) == Some(own.into()) {
                all += ticks(&stat);
            }
        }
        let mut named = Duration::ZERO;
        for entry in fs::read_dir(format!("/proc/{own}/task")).unwrap().flatten() {
            let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            if name.trim() == thread {
                named += ticks(&entry.path().join("stat").display().to_string());
            }
        }
        (all, named)
    }
}

/// A number of a stat file, counted from behind the name (proc_pid_stat(5)).
fn field(stat: &str, index: usize) -> Option<u64> {
    let text = fs::read_to_string(stat).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    rest.split(' ').nth(index)?.parse().ok()
}

/// User and system time, in ticks of 10 ms.
fn ticks(stat: &str) -> Duration {
    let time = |index| field(stat, index).unwrap_or(0);
    Duration::from_millis(10 * (time(11) + time(12)))
}

/// A hundred times a call: what it took.
struct Run {
    cpu: Duration,
    thread: Duration,
    took: Duration,
    ended: bool,
}

/// Calls from SIPp to `to`, by way of `through`.
fn calls(of: &Process, folder: &Path, through: u16, to: u16) -> Option<Run> {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sipp/plain_caller.xml");
    let (before, began) = (of.cpu("control"), Instant::now());
    let mut sipp = Process::start(
        Command::new("sipp")
            .arg(format!("127.0.0.1:{to}"))
            .args(["-rsa", &format!("127.0.0.1:{through}")])
            .args(["-sf", scenario, "-s", NUMBER, "-i", "127.0.0.1"])
            .args(["-p", &PORTS[4].to_string(), "-d", "20", "-nostdin"])
            .args(["-r", &RATE.to_string(), "-m", &CALLS.to_string()])
            .args(["-timeout", "100s"]),
        folder,
    )?;
    let ended = sipp.0.wait().is_ok_and(|status| status.success());
    let took = began.elapsed();
    let after = of.cpu("control");
    Some(Run {
        cpu: after.0 - before.0,
        thread: after.1 - before.1,
        took,
        ended,
    })
}

/// The reference configurations with ports and files of our own.
fn configure(folder: &Path) {
    let place = |file: &str| folder.join(file).display().to_string();
    let write = |name: &str, changes: &[(&str, String)]| {
        let reference = format!("{}/config/{name}", env!("CARGO_MANIFEST_DIR"));
        let mut text = fs::read_to_string(reference).unwrap();
        for (from, to) in changes {
            assert!(text.contains(from), "`{from}` is no more in config/{name}");
            text = text.replace(from, to);
        }
        fs::write(folder.join(name), text).unwrap();
    };
    let socket = ("/tmp/isthmus-e1.sock", place("e1.sock"));
    let [sip, user, ..] = PORTS;
    write(
        "isthmus.toml",
        &[
            socket.clone(),
            ("127.0.0.1:5060", format!("127.0.0.1:{sip}")),
            ("127.0.0.1:5070", format!("127.0.0.1:{user}")),
            (
                "#file = \"isthmus-records.jsonl\"",
                format!("file = \"{}\"", place("records.jsonl")),
            ),
        ],
    );
    let at_once = ("answer_after = \"2s\"", "answer_after = \"0s\"".to_owned());
    write("lab.toml", &[socket, at_once]);
}

/// The gateway with the exchange at the other end of its line, once calls go through.
fn gateway(folder: &Path) -> [Process; 2] {
    configure(folder);
    let isthmus = |command: &str, file: &str| {
        let mut isthmus = Command::new(env!("CARGO_BIN_EXE_isthmus"));
        isthmus.args([command, "--config", file]);
        Process::start(&mut isthmus, folder).unwrap()
    };
    let gateway = isthmus("run", "isthmus.toml");
    let lab = isthmus("lab", "lab.toml");
    // Proving takes 8.2 s (Q.703 §12.3), the reset of the circuits little beside.
    std::thread::sleep(Duration::from_secs(30));
    [gateway, lab]
}

/// Kamailio between two SIPp.
fn kamailio(folder: &Path) -> Option<[Process; 2]> {
    let [.., proxy, called, _] = PORTS;
    let modules: String = ["tm", "sl", "rr", "pv", "siputils", "textops"]
        .map(|name| format!("loadmodule \"{name}.so\"\n"))
        .concat();
    let text = format!(
        "#!KAMAILIO\ndebug=1\nchildren=1\nlisten=udp:127.0.0.1:{proxy}\nlisten=tcp:127.0.0.1:{proxy}\n{modules}\nrequest_route {{\n if (has_totag()) {{ loose_route(); t_relay(); exit; }}\n record_route();\n t_relay();\n}}\n"
    );
    fs::write(folder.join("kamailio.cfg"), text).unwrap();
    let kamailio = Process::start(
        Command::new("kamailio")
            .args(["-DD", "-E", "-m", "64", "-M", "8", "-f", "kamailio.cfg"])
            .arg("-Y")
            .arg(folder)
            .arg("-P")
            .arg(folder.join("kamailio.pid")),
        folder,
    )?;
    let called = Process::start(
        Command::new("sipp")
            .args(["-sn", "uas", "-i", "127.0.0.1", "-nostdin"])
            .args(["-p", &called.to_string()]),
        folder,
    )?;
    let until = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", proxy)).is_err() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(100));
    }
    Some([kamailio, called])
}

fn row(name: &str, run: Option<Run>, idle: f64) {
    let Some(run) = run else {
        println!("| {name} | not measured: SIPp is not installed | | |");
        return;
    };
    let per_call = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(CALLS);
    let all = per_call(run.cpu) - idle * per_call(run.took);
    let rate = f64::from(CALLS) / run.took.as_secs_f64();
    let failed = if run.ended {
        ""
    } else {
        ", some of which failed"
    };
    let thread = match run.thread {
        Duration::ZERO => "-".to_owned(),
        time => format!("{:.2}", per_call(time)),
    };
    println!("| {name} | {rate:.0}{failed} | {all:.2} | {thread} |");
}

/// Prints a table.
pub(crate) fn measure() {
    let folder: PathBuf = std::env::temp_dir().join(format!("calls-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for port in PORTS {
        assert!(
            UdpSocket::bind(("127.0.0.1", port)).is_ok(),
            "{port} is taken"
        );
    }
    let [gateway, _exchange] = gateway(&folder);
    // The media thread and the emulated line work whether there are calls or not.
    let (before, pause) = (gateway.cpu("control").0, Duration::from_secs(10));
    std::thread::sleep(pause);
    let idle = (gateway.cpu("control").0 - before).as_secs_f64() / pause.as_secs_f64();
    println!();
    println!(
        "| {CALLS} calls over UDP | calls a second | ms of CPU a call | of these the control thread |"
    );
    println!("|---|---|---|---|");
    let run = calls(&gateway, &folder, PORTS[0], PORTS[0]);
    row("Isthmus, SIP to ISUP on an emulated E1", run, idle);
    match kamailio(&folder) {
        Some([kamailio, _called]) => {
            let run = calls(&kamailio, &folder, PORTS[2], PORTS[3]);
            row("Kamailio, tm, SIP to SIP", run, 0.0);
        }
        None => println!("| Kamailio | not measured: it is not installed, or SIPp is not | | |"),
    }
    println!(
        "\nThe gateway takes {:.0} ms of CPU a second without calls, which is taken off.",
        idle * 1e3
    );
    let _ = fs::remove_dir_all(&folder);
}

//! rtpengine in user space as a peer: it relays as many RTP packets as the channels receive and
//! send.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::peers::{packet, socket};

pub(crate) const NAMES: [&str; 2] = ["rtpengine, relaying", "rtpengine, converting the law"];
/// Ticks that are measured, and those before them.
const TICKS: usize = 200;
const WARM_UP: usize = 50;

/// A running rtpengine with its calls.
pub(crate) struct Engine {
    child: Child,
    legs: Vec<Leg>,
    /// So many times slower than real time: what one needs of more cores than there are.
    slower: u32,
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One leg of a call: our socket, where the engine listens for it, and what it sends.
struct Leg {
    socket: UdpSocket,
    engine: SocketAddr,
    payload_type: u8,
}

/// What is installed.
pub(crate) fn version() -> String {
    let asked = Command::new("rtpengine").arg("--version").output();
    asked.map_or_else(
        |_| "rtpengine is not installed (Debian: rtpengine-daemon)".to_owned(),
        |output| {
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text).into_owned();
            format!("rtpengine: {}", text.lines().next().unwrap_or_default())
        },
    )
}

impl Engine {
    /// With a call for every two channels: a leg has the packets of a channel. `Err` says why there
    /// is none.
    pub(crate) fn start(channels: usize, convert: bool) -> Result<Self, String> {
        let control = socket(SocketAddr::from(([127, 0, 0, 1], 0)));
        // Ports that are free now.
        let [listen, cli] = [(); 2].map(|()| {
            let probe = socket(SocketAddr::from(([127, 0, 0, 1], 0)));
            probe.local_addr().unwrap()
        });
        control.set_nonblocking(false).unwrap();
        control
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        control.connect(listen).unwrap();
        let child = Command::new("rtpengine")
            .args([
                "--foreground",
                "--log-stderr",
                "--log-level=2",
                "--table=-1",
            ])
            .args([
                "--interface=127.0.0.1",
                "--pidfile=/dev/null",
                "--config-file=none",
            ])
            .arg(format!("--listen-ng={listen}"))
            .arg(format!("--listen-cli={cli}"))
            .args(["--port-min=40000", "--port-max=64000"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| "not installed".to_owned())?;
        let mut engine = Self {
            child,
            legs: Vec::new(),
            slower: 1 + (channels / if convert { 240 } else { 480 }) as u32,
        };
        for call in 0..channels / 2 {
            engine.call(&control, call, convert)?;
        }
        Ok(engine)
    }

    fn call(&mut self, control: &UdpSocket, call: usize, convert: bool) -> Result<(), String> {
        let (a, b) = (
            socket(SocketAddr::from(([127, 0, 0, 1], 0))),
            socket(SocketAddr::from(([127, 0, 0, 1], 0))),
        );
        let port = |socket: &UdpSocket| socket.local_addr().unwrap().port();
        let second = if convert { 0 } else { 8 };
        let codec = match convert {
            true => "5:codecd4:maskl4:PCMAe9:transcodel4:PCMUee",
            false => "",
        };
        let id = text(&format!("bench-{call}"));
        let offer = format!(
            "d7:call-id{id}{codec}7:command5:offer8:from-tag1:a3:sdp{}e",
            text(&sdp(port(&a), 8))
        );
        let to_b = ask(control, 2 * call, &offer)?;
        let answer = format!(
            "d7:call-id{id}7:command6:answer8:from-tag1:a3:sdp{}6:to-tag1:be",
            text(&sdp(port(&b), second))
        );
        let to_a = ask(control, 2 * call + 1, &answer)?;
        for (socket, engine, payload_type) in [(a, to_a, 8), (b, to_b, second)] {
            let engine = SocketAddr::from(([127, 0, 0, 1], engine));
            self.legs.push(Leg {
                socket,
                engine,
                payload_type,
            });
        }
        Ok(())
    }

    /// CPU time of all its threads, in nanoseconds.
    fn cpu_ns(&self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
            .filter_map(|stat| stat.split(' ').next()?.parse::<u64>().ok())
            .sum()
    }

    /// CPU microseconds for a second's packets of a channel.
    pub(crate) fn run(&self) -> f64 {
        let begin = Instant::now();
        let mut start = 0;
        let (mut relayed, mut octets) = (0u64, [0; 2_048]);
        for tick in 0..WARM_UP + TICKS {
            if tick == WARM_UP {
                (start, relayed) = (self.cpu_ns(), 0);
            }
            for (n, leg) in self.legs.iter().enumerate() {
                if (n + tick).is_multiple_of(2) {
                    let number = tick / 2;
                    let packet = packet(leg.payload_type, n, number, &[0x2A; 160]);
                    let _ = leg.socket.send_to(&packet, leg.engine);
                }
                while leg.socket.recv(&mut octets).is_ok() {
                    relayed += 1;
                }
            }
            let due = begin + Duration::from_millis(10) * self.slower * (tick as u32 + 1);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        let spent = self.cpu_ns() - start;
        let offered = (self.legs.len() * TICKS / 2) as u64;
        assert!(relayed > offered * 9 / 10, "{relayed} of {offered} relayed");
        spent as f64 / 1e3 / relayed as f64 * 50.0
    }
}

/// A string of bencode.
fn text(text: &str) -> String {
    format!("{}:{text}", text.len())
}

/// Asks the engine something; the port in its SDP.
fn ask(control: &UdpSocket, number: usize, body: &str) -> Result<u16, String> {
    let request = format!("{number} {body}");
    let cookie = format!("{number} ");
    let mut octets = [0; 8_192];
    // Starting takes seconds where others work too.
    for _ in 0..400 {
        let _ = control.send(request.as_bytes());
        match control.recv(&mut octets) {
            Ok(length) => {
                let answer = String::from_utf8_lossy(&octets[..length]).into_owned();
                // A late answer to a question that was repeated.
                if !answer.starts_with(&cookie) {
                    continue;
                }
                let port = answer
                    .split("m=audio ")
                    .nth(1)
                    .and_then(|rest| rest.split(' ').next()?.parse().ok());
                return port.ok_or(answer);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // Not listening yet.
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    Err("rtpengine does not answer".to_owned())
}

fn sdp(port: u16, payload_type: u8) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP {payload_type}\r\na=sendrecv\r\na=ptime:20\r\n"
    )
}

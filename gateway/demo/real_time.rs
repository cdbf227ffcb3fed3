//! The stage in real time: the gateway as `isthmus run` starts it, on sockets and threads of its
//! own, the exchange on a thread clocked by the line, and the SIP user on UDP sockets.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use emulator::{Clocked, pair_with};
use isup::CircuitId;
use lab::config::{Dahdi, Driver, Layout, Span};
use lab::exchange::{Exchange, ExchangeConfig};
use lab::phone::{Phone, UdpPhone};
use lab::rtp_peer::RtpPeerConfig;
use lab::sip_peer::SipPeerConfig;
use tdm::{Law, SpanId, SpanIo, SpanTick};

use super::settings::{self, Places, numbers};
use super::stage::{Seen, Stage};
use crate::iwu::maintenance::Maintenance;
use crate::iwu::{Admin, Iwu, Output};
use crate::shell::control::Ask;
use crate::shell::run::{Options, Running, start};
use crate::shell::thread::now;

/// Time between two looks at the SIP user's sockets.
const TURN: Duration = Duration::from_millis(5);
/// UDP ports of the gateway's RTP: an even and an odd one for each circuit.
const RTP_PORTS: u16 = 128;
/// The timeslot of the demo's link.
const SIGNALLING: u8 = 16;
/// How long calls may take to end when the demo is over.
const DRAIN: Duration = Duration::from_secs(2);

/// The running demo.
#[derive(Debug)]
pub struct Live {
    gateway: Option<Running>,
    exchange: Arc<Mutex<Exchange>>,
    far_end: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    phone: UdpPhone,
    outputs: Receiver<Output>,
    seen: Seen,
    next: Instant,
}

/// The two ends of the demo's line.
pub struct Line {
    /// The gateway's end.
    pub near: Box<dyn SpanIo>,
    /// The exchange's end.
    pub far: Box<dyn SpanIo>,
    /// The timeslots that it carries for circuits, as in a configuration.
    pub timeslots: String,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line")
    }
}

impl Line {
    /// An emulated E1 in this process.
    #[must_use]
    pub fn emulated() -> Self {
        let (near, far) = pair_with(SpanId(0), SpanId(0), emulator::Config::REAL_TIME);
        Self {
            near: Box::new(Clocked::new(near)),
            far: Box::new(Clocked::new(far)),
            timeslots: settings::TIMESLOTS.to_owned(),
        }
    }

    /// Two spans of the DAHDI driver that are joined by a cable or by the driver. Each end of the
    /// link uses the HDLC that its channel is configured for.
    ///
    /// # Errors
    /// When one of them cannot be opened.
    pub fn dahdi(near: u16, far: u16) -> anyhow::Result<Self> {
        Ok(Self {
            near: Self::dahdi_end(near)?,
            far: Self::dahdi_end(far)?,
            timeslots: settings::TIMESLOTS.to_owned(),
        })
    }

    /// Two serial devices that are joined by a null-modem cable, with as many circuits as the rate
    /// carries beside the link.
    ///
    /// # Errors
    /// When one of them cannot be opened, or the rate carries no circuit.
    pub fn serial(near: &Path, far: &Path, rate: u32) -> anyhow::Result<Self> {
        let circuits: Vec<u8> = (1..=31).filter(|number| *number != SIGNALLING).collect();
        let layout = |count| {
            let circuits = circuits.get(..count).unwrap_or_default();
            Layout::new(rate, circuits, Some(SIGNALLING))
        };
        let fitting = (1..=circuits.len()).map_while(|count| layout(count).ok());
        let layout = fitting.last().map_or_else(|| layout(1), Ok)?;
        let timeslots: Vec<_> = layout
            .timeslots()
            .iter()
            .map(|t| t.number().to_string())
            .collect();
        let open = |device: &Path| {
            let driver = Driver::Serial {
                device: device.to_owned(),
                layout: layout.clone(),
            };
            let name = device.display().to_string();
            lab::line::open(SpanId(0), &Span { name, driver }, &[]).map(|opened| opened.span)
        };
        Ok(Self {
            near: open(near)?,
            far: open(far)?,
            timeslots: timeslots.join(","),
        })
    }

    /// A span of the DAHDI driver with the demo's circuits, and its link by the HDLC that the channel is
    /// configured for.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn dahdi_end(number: u16) -> anyhow::Result<Box<dyn SpanIo>> {
        let lab = settings::lab_config()?;
        let circuits = lab.circuits.iter();
        let circuits = circuits.map(|group| (group.span.as_str(), group.timeslots, group.law));
        let uses = lab::line::uses("e1", &lab.linksets, circuits);
        let name = format!("DAHDI span {number}");
        let driver = Driver::Dahdi(Dahdi::new(number));
        let opened = lab::line::open(SpanId(0), &Span { name, driver }, &uses)?;
        Ok(opened.span)
    }
}

impl Live {
    /// Starts the gateway, the exchange and the SIP user on a line. `folder` takes the gateway's
    /// files.
    ///
    /// # Errors
    /// When a socket, a thread or a file cannot be had.
    pub fn start(folder: &Path, line: Line) -> anyhow::Result<Self> {
        Self::start_with(folder, line, |_| {})
    }

    /// As [`Self::start`], with something else in the gateway's configuration.
    ///
    /// # Errors
    /// As its.
    pub fn start_with(
        folder: &Path,
        line: Line,
        change: impl FnOnce(&mut String),
    ) -> anyhow::Result<Self> {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let phone_rtp = local(0);
        // A socket of port 0 is given a free one.
        let sip = UdpSocket::bind(local(0))?.local_addr()?;
        let mut phone = SipPeerConfig::new("sip:user@localhost", local(0), sip, phone_rtp);
        phone.uri = format!("sip:{}@{}", numbers::SIP_USER, Ipv4Addr::LOCALHOST);
        let phone = UdpPhone::bind(phone, RtpPeerConfig::default()).context("SIP user")?;
        let places = Places {
            sip,
            user: phone.phone().sip().config().address,
            rtp: free_ports().context("no range of UDP ports is free for RTP")?,
            records: Some(folder.join("records.jsonl")),
            capture: Some(folder.join("capture.pcapng")),
        };
        let mut source = settings::gateway(&places);
        source.text = source.text.replace(settings::TIMESLOTS, &line.timeslots);
        change(&mut source.text);
        std::fs::write(folder.join("isthmus.toml"), &source.text)?;
        let config = settings::gateway_config(&source)?;

        let file = settings::lab_config_with(&line.timeslots)?;
        let Line { near, far, .. } = line;
        let (tell, outputs) = channel();
        let options = Options {
            record: Some(folder.join("recording.jsonl")),
            lines: Some(vec![near]),
            observer: Some(Box::new(move |output| {
                if matches!(output, Output::Trace(_) | Output::Record(_)) {
                    // Nobody listens any more once the demo is over.
                    let _ = tell.send(output.clone());
                }
            })),
        };
        let exchange = Arc::new(Mutex::new(Exchange::new(ExchangeConfig::from_file(
            &file,
        )?)?));
        let stop = Arc::new(AtomicBool::new(false));
        let gateway = start(config, &source, options)?;
        let far_end = {
            let (exchange, stop) = (exchange.clone(), stop.clone());
            std::thread::Builder::new()
                .name("exchange".to_owned())
                .spawn(move || far_end(far, &exchange, &stop))?
        };
        Ok(Self {
            gateway: Some(gateway),
            exchange,
            far_end: Some(far_end),
            stop,
            phone,
            outputs,
            seen: Seen::default(),
            next: now(),
        })
    }

    /// Has the gateway do something to a circuit.
    ///
    /// # Errors
    /// When it has stopped.
    pub fn maintain(&self, circuit: CircuitId, action: Maintenance) -> anyhow::Result<()> {
        let gateway = self.gateway.as_ref().context("the gateway has stopped")?;
        let maintain = Admin::Maintain { circuit, action };
        gateway.handle().ask(Ask::Admin(maintain));
        Ok(())
    }

    /// Lets the gateway finish, then stops the rest.
    pub fn stop(mut self) -> Seen {
        if let Some(gateway) = self.gateway.take() {
            gateway
                .handle()
                .ask(Ask::Admin(Admin::Drain { limit: DRAIN }));
            gateway.wait();
        }
        self.look();
        std::mem::take(&mut self.seen)
    }

    /// Takes in what the gateway and the exchange have said.
    fn look(&mut self) {
        for output in self.outputs.try_iter() {
            match output {
                Output::Trace(trace) => self.seen.traces.push(trace),
                Output::Record(record) => self.seen.records.push(*record),
                _ => {}
            }
        }
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        self.seen.exchange.extend(exchange.take_events());
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.far_end.take() {
            let _ = thread.join();
        }
    }
}

/// The exchange's thread: the line is its clock.
fn far_end(mut line: Box<dyn SpanIo>, exchange: &Mutex<Exchange>, stop: &AtomicBool) {
    let idle = SpanTick::idle(Law::ALaw);
    let (mut tx, mut rx) = (idle.clone(), idle);
    let span = line.id();
    exchange
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .start(now());
    while !stop.load(Ordering::Relaxed) {
        if let Err(error) = line.exchange(&tx, &mut rx) {
            tracing::error!(%error, "the exchange's line is gone");
            return;
        }
        let mut exchange = exchange.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(event) = line.poll_event() {
            exchange.handle_span_event(now(), span, event);
        }
        if let Err(error) = exchange.tick_line(now(), &mut *line, &rx, &mut tx) {
            tracing::error!(%error, "the exchange's line is gone");
            return;
        }
    }
}

/// A range of UDP ports on the loopback address that are all free now.
fn free_ports() -> Option<(u16, u16)> {
    // Different demos begin their search at different places.
    let offset = (std::process::id() % 64) as u16 * RTP_PORTS;
    (0..64)
        .map(|n| 20_000 + (offset + n * RTP_PORTS) % (64 * RTP_PORTS))
        .find_map(|first| {
            let mut ports = first..first + RTP_PORTS;
            let free = ports.all(|port| UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
            free.then_some((first, first + RTP_PORTS - 1))
        })
}

impl Stage for Live {
    fn now(&self) -> Instant {
        now()
    }

    #[expect(clippy::disallowed_methods, reason = "this stage plays in real time")]
    fn turn(&mut self) -> anyhow::Result<()> {
        std::thread::sleep(self.next.saturating_duration_since(now()));
        self.next = (self.next + TURN).max(now());
        self.phone.turn(now()).context("SIP user")?;
        self.look();
        Ok(())
    }

    fn user(&mut self) -> &mut Phone {
        self.phone.phone_mut()
    }

    fn exchange<R>(&mut self, with: impl FnOnce(Instant, &mut Exchange) -> R) -> R {
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        with(now(), &mut exchange)
    }

    fn gateway<R: Send + 'static>(
        &mut self,
        question: impl FnOnce(&Iwu) -> R + Send + 'static,
    ) -> anyhow::Result<R> {
        let gateway = self.gateway.as_ref().context("the gateway has stopped")?;
        gateway
            .handle()
            .question(question)
            .context("the gateway has stopped")
    }

    fn seen(&mut self) -> &Seen {
        &self.seen
    }
}

//! The pattern across a call.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use lab::audio::Play;
use lab::phone::UdpPhone;
use lab::rtp_peer::{RtpPeerConfig, RtpStatistics};
use lab::sip_peer::{CallId, CallState, Format, Invitation, PeerEventKind, SipPeerConfig};
use serde::Serialize;

use super::{Codec, Failed, Outcome, Times};
use crate::shell::thread::now;

/// Time between two looks at the sockets.
const TURN: Duration = Duration::from_millis(5);
/// What the buffers held before the pattern has passed by then.
const SETTLE: Duration = Duration::from_secs(1);
/// How long the end of the call may take.
const END: Duration = Duration::from_secs(3);
/// Payload type of the clear channel in our offer.
const CLEARMODE: u8 = 97;

/// Whom to call, and how.
pub(super) struct Place<'a> {
    pub(super) number: &'a str,
    pub(super) gateway: SocketAddr,
    pub(super) listen: SocketAddr,
    pub(super) codec: Codec,
}

/// What the network did to the packets that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Packets {
    sent: u64,
    received: u64,
    lost: u64,
    reordered: u64,
    longest_gap_ms: u64,
}

/// Calls, sends the pattern once the call is answered, counts, and hangs up.
pub(super) fn measure(
    place: &Place<'_>,
    times: Times,
    stop: &AtomicBool,
) -> anyhow::Result<Outcome> {
    let mut test = Test::call(place)?;
    let start = now();
    test.until(times.wait, stop, |test| test.state() != CallState::Early)?;
    if test.state() != CallState::Confirmed {
        let why = test
            .refusal()
            .unwrap_or_else(|| match stop.load(Ordering::Relaxed) {
                true => "ended before the answer".to_owned(),
                false => format!("no answer within {} s", times.wait.as_secs()),
            });
        test.hang_up();
        test.until(END, &AtomicBool::new(false), |test| {
            test.state() == CallState::Terminated
        })?;
        return Err(Failed(format!("{}: {why}", place.number)).into());
    }
    test.phone.phone_mut().rtp_mut().play(Play::Pattern);
    let answered = now();
    test.until(times.wait, stop, |test| test.locked())?;
    let found = test.locked().then(|| now() - answered);
    if found.is_some() {
        test.until(SETTLE, stop, |_| false)?;
        test.phone.phone_mut().rtp_mut().restart_pattern();
        test.until(Duration::MAX, stop, |test| {
            test.phone.phone().rtp().pattern().seconds >= times.seconds
                || test.state() != CallState::Confirmed
        })?;
    }
    let rtp = test.phone.phone().rtp();
    let (pattern, packets) = (rtp.pattern(), rtp.statistics().into());
    let ended_early = test.state() != CallState::Confirmed;
    test.hang_up();
    test.until(END, &AtomicBool::new(false), |test| {
        test.state() == CallState::Terminated
    })?;
    tracing::debug!(seconds = (now() - start).as_secs(), "the call is over");
    if ended_early {
        return Err(Failed(format!("{}: the other end hung up", place.number)).into());
    }
    let over = format!("call to {} through {}", place.number, place.gateway);
    let mut outcome = Outcome::new(over, pattern, found);
    outcome.packets = Some(packets);
    Ok(outcome)
}

/// A call that is under test.
struct Test {
    phone: UdpPhone,
    call: CallId,
    next: Instant,
}

impl Test {
    fn call(place: &Place<'_>) -> anyhow::Result<Self> {
        let media = SocketAddr::new(place.listen.ip(), 0);
        let uri = format!("sip:anonymous@{}", place.listen.ip());
        let mut config = SipPeerConfig::new(&uri, place.listen, place.gateway, media);
        config.name = "isthmus ber".to_owned();
        // Tags and branches differ from run to run.
        config.seed = std::process::id().into();
        config.formats = vec![match place.codec {
            Codec::Clearmode => Format::clearmode(CLEARMODE),
            Codec::Pcma => Format::pcma(),
            Codec::Pcmu => Format::pcmu(),
        }];
        let mut phone = UdpPhone::bind(config, RtpPeerConfig::default())
            .with_context(|| format!("{}: cannot listen there", place.listen))?;
        let to = format!("sip:{}@{}", place.number, place.gateway);
        let start = now();
        let call = phone
            .phone_mut()
            .sip_mut()
            .call(start, Invitation::new(&to))?;
        Ok(Self {
            phone,
            call,
            next: start,
        })
    }

    /// Early, confirmed or over.
    fn state(&self) -> CallState {
        match self.phone.phone().sip().state(self.call) {
            Some(state @ (CallState::Confirmed | CallState::Terminated)) => state,
            Some(_) => CallState::Early,
            None => CallState::Terminated,
        }
    }

    fn locked(&self) -> bool {
        self.phone.phone().rtp().pattern().locked
    }

    /// How the INVITE was refused.
    fn refusal(&self) -> Option<String> {
        let mut events = self.phone.phone().sip().events().iter().rev();
        events.find_map(|event| match &event.kind {
            PeerEventKind::Received(message) if message.status() >= Some(300) => {
                Some(message.name())
            }
            _ => None,
        })
    }

    fn hang_up(&mut self) {
        let (at, call) = (now(), self.call);
        let sip = self.phone.phone_mut().sip_mut();
        // A call that is over needs neither.
        let _ = match sip.state(call) {
            Some(CallState::Confirmed) => sip.bye(at, call, Some(16)),
            _ => sip.cancel(at, call, None),
        };
    }

    /// Lets time pass until something is so, the limit has come, or we are told to stop.
    #[expect(clippy::disallowed_methods, reason = "the call is in real time")]
    fn until(
        &mut self,
        limit: Duration,
        stop: &AtomicBool,
        so: impl Fn(&Self) -> bool,
    ) -> anyhow::Result<()> {
        let start = now();
        while !so(self) && now() - start < limit && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(self.next.saturating_duration_since(now()));
            self.next = (self.next + TURN).max(now());
            self.phone.turn(now())?;
        }
        Ok(())
    }
}

impl From<RtpStatistics> for Packets {
    fn from(statistics: RtpStatistics) -> Self {
        Self {
            sent: statistics.sent,
            received: statistics.received,
            lost: statistics.lost,
            reordered: statistics.reordered,
            longest_gap_ms: statistics.longest_gap_ms,
        }
    }
}

impl fmt::Display for Packets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sent,
            received,
            lost,
            reordered,
            longest_gap_ms,
        } = self;
        write!(
            f,
            "{sent} sent, {received} received, {lost} lost, {reordered} out of order, longest gap {longest_gap_ms} ms"
        )
    }
}

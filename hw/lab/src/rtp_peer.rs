//! The media of a SIP user agent: G.711 in RTP packets (RFC 3550) and DTMF as events (RFC 4733),
//! with a source to speak and an ear to check what comes back.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media_bridge::dtmf::Digit;
use media_bridge::event::{self, FINAL_PACKETS};
use media_bridge::rtp::{Header, sequence_distance};
use tdm::Law;

use crate::audio::{Ear, Heard, Mouth, PatternReport, Play};

/// Samples in a packet.
const PACKET: usize = 160;
/// Time from packet to packet.
const PTIME: Duration = Duration::from_millis(20);
/// Packets held back to wait for one that was overtaken.
const HELD: usize = 3;
/// Pause between two digits sent as events (RFC 4733 section 3.1 quotes 40 ms as the shortest).
const PAUSE_PACKETS: u32 = 3;
/// Volume of a digit sent as event: -10 dBm0.
const VOLUME: u8 = 10;

/// How a peer sends and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtpPeerConfig {
    /// Companding.
    pub law: Law,
    /// Payload type of the audio, both ways.
    pub payload_type: u8,
    /// Payload type of telephone-event, both ways.
    pub telephone_event: Option<u8>,
    /// Synchronisation source.
    pub ssrc: u32,
    /// Sequence number of the first packet.
    pub first_sequence: u16,
    /// Timestamp of the first packet.
    pub first_timestamp: u32,
}

impl Default for RtpPeerConfig {
    fn default() -> Self {
        Self {
            law: Law::ALaw,
            payload_type: 8,
            telephone_event: Some(101),
            ssrc: 0x1AB0_0001,
            // Near the end of their range, so that each run sees them wrap.
            first_sequence: 0xFFF0,
            first_timestamp: 0xFFFF_F000,
        }
    }
}

/// Something that happened in the media.
#[derive(Debug, Clone, PartialEq)]
pub struct RtpEvent {
    /// When.
    pub at: Instant,
    /// What.
    pub kind: RtpEventKind,
}

/// What happened in the media.
#[derive(Debug, Clone, PartialEq)]
pub enum RtpEventKind {
    /// The first packet, or the first of a new source.
    FirstPacket {
        /// The sender's address.
        from: SocketAddr,
        /// Its synchronisation source.
        ssrc: u32,
    },
    /// Something heard in the audio.
    Heard(Heard),
    /// A digit came as an event.
    Digit {
        /// Which.
        digit: Digit,
        /// How long it was.
        duration: Duration,
    },
    /// A digit begins to go out as an event.
    DigitSent(Digit),
}

/// Counts of a peer's media.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RtpStatistics {
    /// Packets sent.
    pub sent: u64,
    /// Packets received, of any kind.
    pub received: u64,
    /// Audio packets that never came, as far as the sequence numbers tell.
    pub lost: u64,
    /// Packets that came twice, or too late to be heard.
    pub late: u64,
    /// Packets that were overtaken and put back into order.
    pub reordered: u64,
    /// Datagrams that are no RTP or of a payload type not agreed on.
    pub foreign: u64,
    /// Packets of telephone-event received.
    pub event_packets: u64,
    /// Longest time between two packets received, in milliseconds.
    pub longest_gap_ms: u64,
}

/// A digit that goes out as an event, or the pause after it.
#[derive(Debug)]
struct Sending {
    sender: event::Sender,
    total: u32,
    sent: u32,
    pause: u32,
}

/// The media of one call.
#[derive(Debug)]
pub struct RtpPeer {
    config: RtpPeerConfig,
    remote: Option<SocketAddr>,
    next: Option<Instant>,
    sequence: u16,
    timestamp: u32,
    mouth: Mouth,
    digits: VecDeque<(Digit, Duration)>,
    sending: Option<Sending>,
    marker: bool,
    ear: Ear,
    receiver: event::Receiver,
    source: Option<u32>,
    /// Number of the packet expected next, counted on from the first one's.
    expected: Option<i64>,
    held: BTreeMap<i64, Option<Vec<u8>>>,
    epoch: Option<Instant>,
    last: Option<Instant>,
    statistics: RtpStatistics,
    events: Vec<RtpEvent>,
}

impl RtpPeer {
    /// Neither sends nor hears yet.
    #[must_use]
    pub fn new(config: RtpPeerConfig) -> Self {
        Self {
            remote: None,
            next: None,
            sequence: config.first_sequence,
            timestamp: config.first_timestamp,
            mouth: Mouth::new(config.law),
            digits: VecDeque::new(),
            sending: None,
            marker: true,
            ear: Ear::new(config.law),
            receiver: event::Receiver::new(),
            source: None,
            expected: None,
            held: BTreeMap::new(),
            epoch: None,
            last: None,
            statistics: RtpStatistics::default(),
            events: Vec::new(),
            config,
        }
    }

    /// Sends there from `now` on; none stops sending.
    pub fn set_remote(&mut self, now: Instant, remote: Option<SocketAddr>) {
        self.remote = remote;
        if remote.is_some() && self.next.is_none() {
            self.next = Some(now);
        }
    }

    /// Uses this law and these payload types from now on, as negotiated. Another law begins to
    /// play and to listen anew.
    pub fn set_format(&mut self, law: Law, payload_type: u8, telephone_event: Option<u8>) {
        self.config.payload_type = payload_type;
        self.config.telephone_event = telephone_event;
        if self.config.law != law {
            self.config.law = law;
            self.mouth = Mouth::new(law);
            self.ear = Ear::new(law);
        }
    }

    /// Says this from now on.
    pub fn play(&mut self, play: Play) {
        self.mouth.play(play);
    }

    /// Sends a digit as RFC 4733 events, after those before it. Without telephone-event it goes
    /// as a tone.
    pub fn send_digit(&mut self, digit: Digit, duration: Duration) {
        match self.config.telephone_event {
            Some(_) => self.digits.push_back((digit, duration)),
            None => self.mouth.dial(digit, duration),
        }
    }

    /// Sends a digit as a tone in the audio.
    pub fn send_tone_digit(&mut self, digit: Digit, duration: Duration) {
        self.mouth.dial(digit, duration);
    }

    /// Whether digits are still on their way out.
    #[must_use]
    pub fn is_dialling(&self) -> bool {
        self.sending.is_some() || !self.digits.is_empty() || self.mouth.is_dialling()
    }

    /// What became of the test pattern in the received audio.
    #[must_use]
    pub fn pattern(&self) -> PatternReport {
        self.ear.pattern()
    }

    /// Forgets the figures of the test pattern so far.
    pub fn restart_pattern(&mut self) {
        self.ear.restart_pattern();
    }

    /// The counts so far.
    #[must_use]
    pub fn statistics(&self) -> RtpStatistics {
        self.statistics
    }

    /// All that happened, in order.
    #[must_use]
    pub fn events(&self) -> &[RtpEvent] {
        &self.events
    }

    /// When [`Self::tick`] is due next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next.filter(|_| self.remote.is_some())
    }

    /// Sends the packets that are due: one each 20 ms. A call that comes late sends what it
    /// missed, up to 200 ms of it.
    pub fn tick(&mut self, now: Instant, send: &mut dyn FnMut(SocketAddr, &[u8])) {
        let epoch = *self.epoch.get_or_insert(now);
        let mut ended = Vec::new();
        self.receiver
            .handle_time(samples_since(epoch, now), &mut |indication| {
                ended.push(indication);
            });
        self.indicate(now, ended);
        let (Some(remote), Some(mut next)) = (self.remote, self.next) else {
            return;
        };
        if now.saturating_duration_since(next) > 10 * PTIME {
            next = now;
        }
        while next <= now {
            self.packet(next, &mut |packet| send(remote, packet));
            next += PTIME;
        }
        self.next = Some(next);
    }

    /// One packet time: the audio is made in any case, so that it goes on in step.
    fn packet(&mut self, now: Instant, send: &mut dyn FnMut(&[u8])) {
        let mut payload = [0; PACKET];
        self.mouth.fill(&mut payload);
        let mut reports = [None; 2 * FINAL_PACKETS as usize];
        let silent = self.dial(now, &mut reports);
        for report in reports.into_iter().flatten() {
            let header = Header {
                marker: report.marker,
                payload_type: self.config.telephone_event.unwrap_or_default(),
                sequence: self.sequence,
                timestamp: report.timestamp,
                ssrc: self.config.ssrc,
            };
            self.send(header, &report.payload.to_octets(), send);
            self.marker = true;
        }
        if !silent {
            let header = Header {
                marker: std::mem::take(&mut self.marker),
                payload_type: self.config.payload_type,
                sequence: self.sequence,
                timestamp: self.timestamp,
                ssrc: self.config.ssrc,
            };
            self.send(header, &payload, send);
        }
        self.timestamp = self.timestamp.wrapping_add(PACKET as u32);
    }

    fn send(&mut self, header: Header, payload: &[u8], send: &mut dyn FnMut(&[u8])) {
        let mut packet = [0; PACKET + 12];
        let (head, rest) = packet.split_at_mut(12);
        head.copy_from_slice(&header.to_octets());
        if let Some(space) = rest.get_mut(..payload.len()) {
            space.copy_from_slice(payload);
        }
        send(packet.get(..12 + payload.len()).unwrap_or_default());
        self.sequence = self.sequence.wrapping_add(1);
        self.statistics.sent += 1;
    }

    /// Goes on with the digit that is being sent; true while it takes the place of the audio.
    fn dial(&mut self, now: Instant, reports: &mut [Option<event::Report>]) -> bool {
        if self.sending.is_none() {
            let Some((digit, duration)) = self.digits.pop_front() else {
                return false;
            };
            let total = u32::try_from(duration.as_millis() * 8).unwrap_or(u32::MAX);
            self.sending = Some(Sending {
                sender: event::Sender::new(digit.event(), VOLUME, self.timestamp),
                total,
                sent: 0,
                pause: PAUSE_PACKETS,
            });
            let kind = RtpEventKind::DigitSent(digit);
            self.events.push(RtpEvent { at: now, kind });
        }
        let Some(sending) = &mut self.sending else {
            return false;
        };
        if sending.sender.finished() {
            sending.pause = sending.pause.saturating_sub(1);
            if sending.pause == 0 {
                self.sending = None;
            }
            return false;
        }
        let silent = !sending.sender.ended();
        sending.sent = (sending.sent + PACKET as u32).min(sending.total);
        let end = sending.sent == sending.total;
        let mut free = reports.iter_mut();
        sending.sender.update(sending.sent, end, &mut |report| {
            if let Some(slot) = free.next() {
                *slot = Some(report);
            }
        });
        silent
    }

    /// Takes a datagram from the network.
    pub fn handle_packet(&mut self, now: Instant, from: SocketAddr, packet: &[u8]) {
        let epoch = *self.epoch.get_or_insert(now);
        let Some((header, payload)) = Header::parse(packet) else {
            self.statistics.foreign += 1;
            return;
        };
        let audio = header.payload_type == self.config.payload_type;
        let event = Some(header.payload_type) == self.config.telephone_event;
        if !audio && !event {
            self.statistics.foreign += 1;
            return;
        }
        self.statistics.received += 1;
        if let Some(last) = self.last.replace(now) {
            let gap = u64::try_from((now - last).as_millis()).unwrap_or(u64::MAX);
            self.statistics.longest_gap_ms = self.statistics.longest_gap_ms.max(gap);
        }
        if self.source != Some(header.ssrc) {
            self.source = Some(header.ssrc);
            self.expected = None;
            self.held.clear();
            let ssrc = header.ssrc;
            let kind = RtpEventKind::FirstPacket { from, ssrc };
            self.events.push(RtpEvent { at: now, kind });
        }
        if event {
            self.statistics.event_packets += 1;
            let mut indications = Vec::new();
            let at = samples_since(epoch, now);
            self.receiver
                .handle(at, header.timestamp, payload, &mut |indication| {
                    indications.push(indication);
                });
            self.indicate(now, indications);
        }
        self.order(now, header.sequence, audio.then(|| payload.to_vec()));
    }

    /// Puts packets into order; gives up on those that do not come.
    fn order(&mut self, now: Instant, sequence: u16, payload: Option<Vec<u8>>) {
        let expected = *self.expected.get_or_insert(i64::from(sequence));
        let distance = sequence_distance(expected.rem_euclid(1 << 16) as u16, sequence);
        let number = expected + i64::from(distance);
        if distance < 0 || self.held.contains_key(&number) {
            self.statistics.late += 1;
            return;
        }
        if self
            .held
            .keys()
            .next_back()
            .is_some_and(|last| number < *last)
        {
            self.statistics.reordered += 1;
        }
        self.held.insert(number, payload);
        let mut expected = expected;
        while let Some(entry) = self.held.first_entry() {
            let missing = entry.key() - expected;
            if missing > 0 && self.held.len() <= HELD {
                break;
            }
            self.statistics.lost += u64::try_from(missing).unwrap_or_default();
            if let Some((number, payload)) = self.held.pop_first() {
                expected = number + 1;
                self.ear.push(&payload.unwrap_or_default());
            }
        }
        self.expected = Some(expected);
        while let Some(heard) = self.ear.poll_heard() {
            let kind = RtpEventKind::Heard(heard);
            self.events.push(RtpEvent { at: now, kind });
        }
    }

    fn indicate(&mut self, now: Instant, indications: Vec<event::Indication>) {
        for indication in indications {
            let event::Indication::Ended { event, duration } = indication else {
                continue;
            };
            if let Some(digit) = Digit::from_event(event) {
                let duration = Duration::from_micros(u64::from(duration) * 125);
                let kind = RtpEventKind::Digit { digit, duration };
                self.events.push(RtpEvent { at: now, kind });
            }
        }
    }
}

fn samples_since(epoch: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(epoch).as_micros() / 125).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

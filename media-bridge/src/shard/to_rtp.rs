//! From the timeslot to RTP: law conversion, DTMF detection with leak suppression, packets.

use std::mem::offset_of;

use tdm::{Law, TICK_OCTETS};

use super::digits::{Digits, PAUSE};
use crate::comfort;
use crate::command::{Codec, DtmfDetection, Rtp};
use crate::dtmf::{self, Detector, DetectorConfig, Digit, LOOK_BACK};
use crate::event::{self, PAYLOAD_OCTETS};
use crate::level::Dbm0;
use crate::redundancy::{self, MAX_REDUNDANT};
use crate::rtp::{HEADER_OCTETS, Header, MAX_PAYLOAD_SENT};
use crate::statistics::Statistics;
use crate::tone::Generator;
use crate::vector::{prefetch, prefetch_head};

/// Longest packet we send.
pub(super) const MAX_PACKET_SENT: usize = HEADER_OCTETS + MAX_REDUNDANT;
/// Level of the events we send, without sign: -10 dBm0 (RFC 4733 §2.3.4 asks for the actual
/// one, which no receiver uses).
const VOLUME: u8 = 10;

/// A digit on its way out as an event.
#[derive(Debug, Clone, Copy)]
struct Outgoing {
    sender: event::Sender,
    /// Where it began in the stream.
    start: u64,
    length: Length,
}

#[derive(Debug, Clone, Copy)]
enum Length {
    /// Heard on the timeslot, and still there.
    Heard,
    /// Known, in samples.
    Known(u32),
}

/// A digit heard on the timeslot that has ended.
pub(super) struct Heard {
    pub(super) digit: Digit,
    pub(super) samples: u32,
}

/// What a tick of this direction works with.
pub(super) struct Source<'a> {
    /// Octets received from the timeslot.
    pub(super) octets: &'a [u8; TICK_OCTETS],
    /// Whether they may go out.
    pub(super) open: bool,
    /// A tone to send in their place.
    pub(super) tone: Option<&'a mut Generator>,
}

/// The sending half of an RTP attachment. Positions count octets of the outgoing stream.
///
/// What each tick or packet touches comes first, so that few cache lines hold it.
#[derive(Debug)]
#[repr(C)]
pub(super) struct ToRtp {
    /// As long as [`Room`](crate::command::Room) says.
    pending: Box<[u8]>,
    waiting: usize,
    payload: usize,
    look_back: usize,
    /// From the law of the timeslot to that of the payload, when they differ.
    table: Option<&'static [u8; 256]>,
    /// Where comfort noise was agreed: what is silence.
    silence: Option<Box<comfort::Gate>>,
    header: Header,
    first_timestamp: u32,
    telephone_event: Option<u8>,
    law: Law,
    payload_law: Law,
    /// Replaced by silence: the audio looks like a digit, or is one.
    muted: bool,
    /// The packet before this one was not sent: the next begins a talkspurt.
    pausing: bool,
    /// Something is to be sent in this tick: the path is open, or a tone or a digit plays.
    sending: bool,
    /// Whether there is a `detector`, which lies further on.
    detecting: bool,
    /// Position of the first waiting octet.
    sent: u64,
    /// Packets and octets of payload sent by this source.
    total: (u64, u64),
    /// Payload type of redundant packets, and what they repeat.
    redundancy: Option<(u8, Box<redundancy::Sender>)>,
    event_pause_until: u64,
    /// An event whose final packet is being repeated.
    repeating: Option<event::Sender>,
    event: Option<Outgoing>,
    /// Commanded digits: taken out to be sent as events, or played as tones when events were not
    /// agreed.
    digits: Digits,
    detector: Option<Detector>,
    /// A digit heard before the end of the one before it could be sent.
    next: Option<Outgoing>,
    /// What of `total` is in the statistics already.
    accounted: (u64, u64),
}

impl ToRtp {
    /// Octets at the beginning that each tick or packet touches.
    pub(super) const TOUCHED: usize = offset_of!(Self, digits) + Digits::TOUCHED;

    pub(super) fn new(rtp: &mut Rtp, law: Law, mut pending: Box<[u8]>) -> Self {
        let payload_law = rtp.payload.law().unwrap_or(law);
        let clear = rtp.payload == Codec::Clearmode;
        let detect = !clear && rtp.dtmf != DtmfDetection::Off;
        let suppress = rtp.dtmf == DtmfDetection::Suppress && rtp.telephone_event.is_some();
        let look_back = if detect && suppress { LOOK_BACK } else { 0 };
        pending.fill(payload_law.idle());
        Self {
            pending,
            waiting: look_back,
            payload: rtp.payload_octets(),
            look_back,
            table: (law != payload_law).then(|| law.convert_to(payload_law)),
            silence: match clear {
                true => None,
                false => rtp.comfort_noise.take(),
            },
            header: Header {
                marker: false,
                payload_type: rtp.payload_type,
                sequence: rtp.first_sequence,
                timestamp: rtp.first_timestamp,
                ssrc: rtp.ssrc,
            },
            first_timestamp: rtp.first_timestamp,
            telephone_event: rtp.telephone_event,
            law,
            payload_law,
            muted: false,
            pausing: true,
            sending: false,
            detecting: detect,
            sent: 0,
            total: (0, 0),
            redundancy: rtp
                .redundancy
                .as_mut()
                .and_then(|redundancy| Some((redundancy.payload_type, redundancy.sender.take()?))),
            event_pause_until: 0,
            repeating: None,
            event: None,
            digits: {
                let mut digits = Digits::new(payload_law);
                digits.shape(rtp.digits);
                digits
            },
            detector: detect.then(|| Detector::new(DetectorConfig::default(), law)),
            next: None,
            accounted: (0, 0),
        }
    }

    /// Takes over the numbering of the side it replaces, when the source stays the same.
    pub(super) fn go_on_from(&mut self, old: &Self) {
        if old.header.ssrc == self.header.ssrc {
            self.header.sequence = old.header.sequence;
            (self.total, self.accounted) = (old.total, old.accounted);
            self.first_timestamp = old.first_timestamp.wrapping_add(old.sent as u32);
        }
    }

    /// From now on octets go out as they come: nothing is looked for in them.
    pub(super) fn carry_data(&mut self) {
        self.detector = None;
        self.detecting = false;
        self.muted = false;
    }

    /// The box that came by command; from now on silence is sent as it is.
    pub(super) fn take_comfort_noise(&mut self) -> Option<Box<comfort::Gate>> {
        self.silence.take()
    }

    /// Asks for the cache lines of what a tick and a packet touch.
    pub(super) fn prefetch(&self) {
        prefetch_head(self, Self::TOUCHED);
    }

    /// Asks for the cache lines of what waits, and of the end to which a tick is added; and for those
    /// of the detector, when there is one.
    pub(super) fn prefetch_octets(&self) {
        if self.detecting {
            prefetch(&self.detector);
        }
        let end = self.waiting + TICK_OCTETS;
        for octet in self
            .pending
            .get(..end)
            .unwrap_or_default()
            .iter()
            .step_by(64)
        {
            prefetch(octet);
        }
    }

    /// The memory that came by command.
    pub(super) fn take_pending(&mut self) -> Box<[u8]> {
        self.waiting = 0;
        std::mem::take(&mut self.pending)
    }

    /// The box that came by command.
    pub(super) fn take_redundancy(&mut self) -> Option<Box<redundancy::Sender>> {
        self.redundancy.take().map(|(_, sender)| sender)
    }

    /// Packets and octets of payload sent by this source.
    pub(super) fn counted(&self) -> (u64, u64) {
        self.total
    }

    /// RTP timestamp of what is sent next.
    pub(super) fn timestamp(&self) -> u32 {
        self.first_timestamp.wrapping_add(self.sent as u32)
    }

    /// Queues a digit of `samples`; `false` when too many wait.
    pub(super) fn digit(&mut self, digit: Digit, samples: u32) -> bool {
        self.digits.play(digit, samples)
    }

    /// One tick: takes the timeslot's octets. Whether a packet is full, which
    /// [`send`](Self::send) sends before the next tick.
    pub(super) fn tick(
        &mut self,
        source: Source<'_>,
        statistics: &mut Statistics,
        heard: &mut dyn FnMut(Heard),
    ) -> bool {
        let Source { octets, open, tone } = source;
        let toning = tone.is_some();
        let mut converted = [self.payload_law.idle(); TICK_OCTETS];
        let mut digit = false;
        // Where events were agreed, digits are taken out to be sent as such.
        let digits = self.telephone_event.is_none() && !self.digits.is_silent();
        if toning || digits {
            let mut samples = [0i16; TICK_OCTETS];
            if let Some(tone) = tone {
                tone.fill(&mut samples);
            }
            if digits {
                let begun;
                (digit, begun) = self.digits.fill(&mut samples);
                statistics.digits_to_rtp += u64::from(begun);
            }
            for (octet, &sample) in converted.iter_mut().zip(&samples) {
                *octet = self.payload_law.encode(sample);
            }
        }
        let replaced = toning || digit;
        if !replaced && open && !self.muted {
            match self.table {
                None => converted = *octets,
                #[expect(clippy::indexing_slicing, reason = "an octet indexes a table of 256")]
                Some(table) => converted = octets.map(|octet| table[usize::from(octet)]),
            }
        }
        if let Some(silence) = &mut self.silence {
            // What is no audio of the timeslot's is sent as it comes.
            if replaced || self.muted {
                silence.pass();
            } else if open {
                silence.push(&converted);
            }
        }
        self.append(&converted);
        if self.detecting {
            self.detect(octets, open && !replaced, heard);
        }
        self.sending = open || toning || digit;
        self.full()
    }

    /// Sends the packets that are full.
    pub(super) fn send(&mut self, statistics: &mut Statistics, send: &mut dyn FnMut(&[u8])) {
        while self.full() {
            self.packet(self.sending, statistics, send);
        }
    }

    fn full(&self) -> bool {
        self.waiting >= self.payload + self.look_back
    }

    fn append(&mut self, octets: &[u8; TICK_OCTETS]) {
        if let Some(place) = self
            .pending
            .get_mut(self.waiting..self.waiting + TICK_OCTETS)
        {
            place.copy_from_slice(octets);
            self.waiting += TICK_OCTETS;
        }
    }

    fn detect(&mut self, octets: &[u8], open: bool, heard: &mut dyn FnMut(Heard)) {
        let Self {
            detector,
            muted,
            pending,
            waiting,
            sent,
            event,
            next,
            ..
        } = self;
        let Some(detector) = detector else { return };
        let idle = self.payload_law.idle();
        let look_back = self.look_back as u64;
        let events = open && self.telephone_event.is_some();
        let first_timestamp = self.first_timestamp;
        detector.push_octets(self.law, octets, &mut |report| match report {
            dtmf::Report::Suspected { at } if look_back > 0 => {
                if open {
                    let from = (at + look_back).saturating_sub(*sent) as usize;
                    pending
                        .get_mut(from..*waiting)
                        .unwrap_or_default()
                        .fill(idle);
                }
                *muted = true;
            }
            dtmf::Report::Suspected { .. } => {}
            dtmf::Report::Dismissed => *muted = false,
            dtmf::Report::Started { digit, at } => {
                *muted = look_back > 0;
                if events {
                    // What was sent meanwhile was silence (or, without suppression, the tone):
                    // the event overlaps it and says how long the tone has really been there.
                    let start = at + look_back;
                    let timestamp = first_timestamp.wrapping_add(start as u32);
                    let sender = event::Sender::new(digit.event(), VOLUME, timestamp);
                    let outgoing = Outgoing {
                        sender,
                        start,
                        length: Length::Heard,
                    };
                    *(if event.is_none() {
                        &mut *event
                    } else {
                        &mut *next
                    }) = Some(outgoing);
                }
            }
            dtmf::Report::Ended { digit, samples, .. } => {
                *muted = false;
                if let Some(outgoing) = next.as_mut().or(event.as_mut())
                    && matches!(outgoing.length, Length::Heard)
                {
                    outgoing.length = Length::Known(samples);
                }
                heard(Heard { digit, samples });
            }
        });
    }

    /// The next packet's worth of the stream: as an event, as audio, or not at all.
    fn packet(&mut self, sending: bool, statistics: &mut Statistics, send: &mut dyn FnMut(&[u8])) {
        let end = self.sent + self.payload as u64;
        self.begin_commanded();
        if let Some(mut sender) = self.repeating.take() {
            sender.update(0, true, &mut |report| self.send_event(report, send));
            self.repeating = (!sender.finished()).then_some(sender);
        }
        let mut silent = !sending;
        while let Some(outgoing) = self.event
            && outgoing.start < end
        {
            silent = true;
            if !self.event_packet(outgoing, end, statistics, send) {
                break;
            }
        }
        let (active, level) = match &mut self.silence {
            Some(silence) => silence.packet(),
            None => (true, None),
        };
        if silent || !active {
            if let Some(level) = level.filter(|_| !silent) {
                self.noise_packet(level, send);
            }
            self.pausing = true;
        } else {
            self.audio_packet(send);
        }
        self.pending.copy_within(self.payload..self.waiting, 0);
        self.waiting -= self.payload;
        self.sent = end;
    }

    fn begin_commanded(&mut self) {
        let busy = self.event.is_some() || self.sent < self.event_pause_until;
        if busy || self.telephone_event.is_none() {
            return;
        }
        if let Some((digit, samples)) = self.digits.take() {
            let timestamp = self.first_timestamp.wrapping_add(self.sent as u32);
            let sender = event::Sender::new(digit.event(), VOLUME, timestamp);
            let length = Length::Known(samples);
            self.event = Some(Outgoing {
                sender,
                start: self.sent,
                length,
            });
        }
    }

    /// Sends an event's packet for the interval up to `end`; says whether it was the last.
    fn event_packet(
        &mut self,
        mut outgoing: Outgoing,
        end: u64,
        statistics: &mut Statistics,
        send: &mut dyn FnMut(&[u8]),
    ) -> bool {
        let so_far = end.saturating_sub(outgoing.start);
        let (duration, over) = match outgoing.length {
            Length::Heard => {
                let look_back = self.look_back as u64;
                let confirmed = self.detector.as_ref().and_then(Detector::confirmed);
                let certain = confirmed.map_or(0, |at| at + look_back);
                (
                    so_far.min(certain.saturating_sub(outgoing.start)).max(1) as u32,
                    false,
                )
            }
            Length::Known(length) => {
                let length = length.max(1);
                (
                    length.min(so_far.min(u64::from(u32::MAX)) as u32),
                    so_far >= u64::from(length),
                )
            }
        };
        outgoing.sender.update(duration, over, &mut |report| {
            self.send_event(report, send);
        });
        if over {
            statistics.digits_to_rtp += 1;
            self.event = self.next.take();
            // Digits shorter than two packets: what is left of the last one's repetitions goes
            // out at once.
            if let Some(mut last) = self.repeating.take() {
                while !last.finished() {
                    last.update(0, true, &mut |report| self.send_event(report, send));
                }
            }
            self.repeating = Some(outgoing.sender);
            self.event_pause_until = outgoing.start + u64::from(duration) + u64::from(PAUSE);
        } else {
            self.event = Some(outgoing);
        }
        over
    }

    fn send_event(&mut self, report: event::Report, send: &mut dyn FnMut(&[u8])) {
        let Some(payload_type) = self.telephone_event else {
            return;
        };
        let event::Report {
            marker,
            timestamp,
            payload,
        } = report;
        let header = Header {
            marker,
            payload_type,
            timestamp,
            ..self.header
        };
        let mut packet = [0; HEADER_OCTETS + PAYLOAD_OCTETS];
        let (head, body) = packet.split_at_mut(HEADER_OCTETS);
        head.copy_from_slice(&header.to_octets());
        body.copy_from_slice(&payload.to_octets());
        self.sent_packet(PAYLOAD_OCTETS);
        send(&packet);
    }

    fn audio_packet(&mut self, send: &mut dyn FnMut(&[u8])) {
        let timestamp = self.first_timestamp.wrapping_add(self.sent as u32);
        let header = Header {
            marker: self.pausing,
            timestamp,
            ..self.header
        };
        if let Some((payload_type, sender)) = &mut self.redundancy {
            if self.pausing {
                sender.restart();
            }
            let waiting = self.pending.get(..self.payload).unwrap_or_default();
            let mut body = [0; MAX_REDUNDANT];
            let own = self.header.payload_type;
            if let Some(length) = sender.packet(own, timestamp, waiting, &mut body) {
                let header = Header {
                    payload_type: *payload_type,
                    ..header
                };
                let mut packet = [0; HEADER_OCTETS + MAX_REDUNDANT];
                let (head, rest) = packet.split_at_mut(HEADER_OCTETS);
                head.copy_from_slice(&header.to_octets());
                rest.copy_from_slice(&body);
                self.pausing = false;
                self.sent_packet(length);
                send(packet.get(..HEADER_OCTETS + length).unwrap_or_default());
                return;
            }
        }
        let mut packet = [0; HEADER_OCTETS + MAX_PAYLOAD_SENT];
        let (head, body) = packet.split_at_mut(HEADER_OCTETS);
        head.copy_from_slice(&header.to_octets());
        if let (Some(body), Some(waiting)) = (
            body.get_mut(..self.payload),
            self.pending.get(..self.payload),
        ) {
            body.copy_from_slice(waiting);
        }
        self.pausing = false;
        self.sent_packet(self.payload);
        send(
            packet
                .get(..HEADER_OCTETS + self.payload)
                .unwrap_or_default(),
        );
    }

    /// Describes the silence that begins or has changed.
    fn noise_packet(&mut self, level: Dbm0, send: &mut dyn FnMut(&[u8])) {
        let header = Header {
            marker: false,
            payload_type: comfort::PAYLOAD_TYPE,
            timestamp: self.first_timestamp.wrapping_add(self.sent as u32),
            ..self.header
        };
        let mut packet = [0; HEADER_OCTETS + 1];
        let (head, body) = packet.split_at_mut(HEADER_OCTETS);
        head.copy_from_slice(&header.to_octets());
        body.copy_from_slice(&comfort::payload(level));
        self.sent_packet(1);
        send(&packet);
    }

    fn sent_packet(&mut self, payload: usize) {
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.total.0 += 1;
        self.total.1 += payload as u64;
    }

    /// Brings the statistics up to date: not with every packet, for they lie elsewhere in memory.
    pub(super) fn account(&mut self, statistics: &mut Statistics) {
        statistics.packets_sent += self.total.0 - self.accounted.0;
        statistics.octets_sent += self.total.1 - self.accounted.1;
        self.accounted = self.total;
    }
}

//! One timeslot joined to one RTP stream.

use std::mem::offset_of;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tdm::{Law, TICK_OCTETS};

use super::attachment::Attachment;
use super::digits::Digits;
use super::reports::{Goodbye, is_rtcp};
use super::to_rtp::{self, MAX_PACKET_SENT, Source};
use super::to_timeslot::{self, Received, ToTimeslot};
use super::watch::Scene;
use crate::SAMPLES_PER_MS;
use crate::command::{BridgeId, Event, Path, Refusal, Rtp, RtpPort, Side, Spent};
use crate::dtmf::Digit;
use crate::io::{Datagram, Flow, Pace, RtpIo};
use crate::level::{Looks, Meter};
use crate::srtp::TRAILER;
use crate::statistics::Statistics;
use crate::tone::Generator;
use crate::vector::prefetch_head;

/// A bridge's whole state, in one piece so that a tick walks memory in order. With hundreds of them
/// cache lines are what a tick waits for: each part begins with what every tick touches, which is
/// asked for before its turn.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Bridge {
    id: BridgeId,
    law: Law,
    path: Path,
    metered: bool,
    looks: Looks,
    /// Boxed: few calls play one, and those for a short time.
    tone_to_timeslot: Option<Box<Generator>>,
    tone_to_rtp: Option<Box<Generator>>,
    /// What happens seldom is counted there at once; what each packet counts, when they are asked for.
    statistics: Box<Statistics>,
    attachment: Option<Attachment>,
    digits: Digits,
    /// What comes from the timeslot, and what goes to it, while the RTP side has a law.
    meters: [Meter; 2],
}

impl Bridge {
    /// Octets at the beginning that both halves of a tick touch.
    const TOUCHED: usize = offset_of!(Self, attachment) + Attachment::TOUCHED;

    pub(super) fn new(id: BridgeId, law: Law, path: Path, statistics: Box<Statistics>) -> Self {
        Self {
            id,
            law,
            path,
            metered: false,
            looks: Looks::new(id.0 as u8),
            tone_to_timeslot: None,
            tone_to_rtp: None,
            statistics,
            attachment: None,
            digits: Digits::new(law),
            meters: [Meter::new(law); 2],
        }
    }

    pub(super) fn law(&self) -> Law {
        self.law
    }

    pub(super) fn set_path(&mut self, path: Path) {
        self.path = path;
    }

    /// Takes an RTP side in place of the one before; its boxes go home.
    pub(super) fn attach(&mut self, rtp: &mut Rtp, events: &mut dyn FnMut(Event)) {
        if let (Some(srtp), Some(before)) = (&mut rtp.srtp, &self.attachment)
            && let Some(before) = &before.srtp
        {
            srtp.go_on_from(before);
        }
        self.send_boxes_home(events);
        // Nobody will say any more that a digit pressed by the old side has ended.
        self.digits.release(0);
        self.digits.shape(rtp.digits);
        self.metered = rtp.payload.law().is_some();
        let mut attachment = Attachment::new(rtp, self.law, &self.statistics);
        if let Some(old) = &self.attachment {
            attachment.to_rtp.go_on_from(&old.to_rtp);
        }
        self.attachment = Some(attachment);
        // Once data, always data: the modems do not begin again because a peer moves its RTP.
        if let (Some(_), Some(attachment)) = (self.statistics.modem, &mut self.attachment) {
            attachment.carry_data(events);
        }
    }

    /// Starts or stops a tone; gives back the one that played.
    pub(super) fn set_tone(
        &mut self,
        towards: Side,
        mut tone: Option<Box<Generator>>,
    ) -> Option<Box<Generator>> {
        let payload_law = self.attachment.as_ref().map_or(self.law, |a| a.payload_law);
        let (place, law) = match towards {
            Side::Timeslot => (&mut self.tone_to_timeslot, self.law),
            Side::Rtp => (&mut self.tone_to_rtp, payload_law),
        };
        if let Some(tone) = &mut tone {
            tone.restart(law);
        }
        std::mem::replace(place, tone)
    }

    /// Queues a digit of `samples`.
    pub(super) fn play_digit(
        &mut self,
        towards: Side,
        digit: Digit,
        samples: u32,
    ) -> Result<(), Refusal> {
        let queued = match (towards, &mut self.attachment) {
            (Side::Timeslot, _) => self.digits.play(digit, samples),
            (Side::Rtp, Some(attachment)) => attachment.to_rtp.digit(digit, samples),
            (Side::Rtp, None) => return Err(Refusal::NotAttached),
        };
        if queued {
            Ok(())
        } else {
            Err(Refusal::DigitsFull)
        }
    }

    /// What came by [`Rtp`] for the attachment's life, which is over.
    pub(super) fn send_boxes_home(&mut self, events: &mut dyn FnMut(Event)) {
        if let Some(attachment) = &mut self.attachment {
            attachment.send_boxes_home(&mut self.statistics, events);
        }
    }

    /// What its RTCP says last.
    pub(super) fn goodbye(&mut self, now: Instant) -> Option<Goodbye> {
        let attachment = self.attachment.as_mut()?;
        let ways = (&attachment.to_rtp, &attachment.to_timeslot);
        let srtp = attachment.srtp.as_deref_mut();
        attachment
            .reports
            .goodbye(now, attachment.port, ways, srtp, &mut self.statistics)
    }

    /// Gives back what came by command.
    pub(super) fn close(mut self) -> ([Option<Box<Generator>>; 2], Box<Statistics>) {
        let [from, to] = self.meters;
        self.statistics.level_from_timeslot = from.tenths();
        self.statistics.level_to_timeslot = to.tenths();
        let tones = [self.tone_to_timeslot, self.tone_to_rtp];
        (tones, self.statistics)
    }

    /// Its RTP port.
    pub(super) fn port(&self) -> Option<RtpPort> {
        Some(self.attachment.as_ref()?.port)
    }

    /// The peer's address, once a packet has shown it.
    pub(super) fn latched(&self) -> Option<SocketAddr> {
        self.attachment.as_ref()?.to_timeslot.latched().copied()
    }

    /// Takes a datagram from the network; says what it tells of the pace of its stream.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        datagram: Datagram<'_>,
        events: &mut dyn FnMut(Event),
    ) -> Pace {
        let Datagram {
            source,
            octets,
            flow,
            ..
        } = datagram;
        let Self {
            id,
            path,
            statistics,
            digits,
            attachment,
            ..
        } = self;
        let Some(attachment) = attachment else {
            return Pace::default();
        };
        if flow == Flow::Rtcp || (attachment.reports.mux() && is_rtcp(octets)) {
            let ways = (&attachment.to_rtp, &attachment.to_timeslot);
            let srtp = attachment.srtp.as_deref_mut();
            attachment
                .reports
                .receive(now, source, octets, ways, srtp, statistics);
            return Pace::default();
        }
        // What a peer of before had under way may come first. Whom signalling names is no stranger.
        if attachment.to_timeslot.is_stranger(source) && source != attachment.remote {
            statistics.packets_stranger += 1;
            return Pace::default();
        }
        let octets: &[u8] = match &mut attachment.srtp {
            None => octets,
            Some(srtp) => match srtp.receiver.unprotect(octets) {
                Ok(length) => octets.get(..length).unwrap_or_default(),
                Err(failure) => {
                    statistics.drop_protected(failure);
                    return Pace::default();
                }
            },
        };
        let mut released = 0;
        attachment.to_timeslot.start(now);
        let received =
            attachment
                .to_timeslot
                .receive(now, source, octets, statistics, &mut |heard| {
                    released += u64::from(matches!(heard, to_timeslot::Heard::Released { .. }));
                    press(*id, *path, digits, &heard, events);
                });
        if released > 0 {
            statistics.digits_from_rtp += released;
        }
        if received != Received::Refused {
            attachment.watch.heard();
        }
        if received == Received::First {
            events(Event::FirstPacket {
                bridge: *id,
                source,
            });
        }
        match received {
            Received::Expected(pace) => pace,
            _ => Pace::default(),
        }
    }

    /// Asks for the cache lines of its own that the first half of a tick touches. What is asked for
    /// while another bridge has its tick is there when this one has.
    pub(super) fn prefetch_to_timeslot(&self) {
        prefetch_head(self, Self::TOUCHED);
        prefetch_head(&self.digits, Digits::TOUCHED);
        if let Some(attachment) = &self.attachment {
            attachment.to_timeslot.prefetch();
            attachment.reports.prefetch();
        }
    }

    /// Those of the octets that the line takes next.
    pub(super) fn prefetch_octets_to_timeslot(&self) {
        if let Some(attachment) = &self.attachment {
            attachment.to_timeslot.prefetch_octets();
        }
    }

    /// Those of its own that the second half touches.
    pub(super) fn prefetch_to_rtp(&self) {
        prefetch_head(self, Self::TOUCHED + ToTimeslot::ASKED_FOR);
        if let Some(attachment) = &self.attachment {
            attachment.to_rtp.prefetch();
            attachment.reports.prefetch();
        }
    }

    /// Those of the octets that wait for their packet.
    pub(super) fn prefetch_octets_to_rtp(&self) {
        if let Some(attachment) = &self.attachment {
            attachment.to_rtp.prefetch_octets();
        }
    }

    /// The second half of a tick: what the line gave, while it took what the first half had made.
    /// Whether a packet is full, which [`send`](Self::send) sends.
    pub(super) fn tick_to_rtp(
        &mut self,
        now: Instant,
        (received, sent): (&[u8; TICK_OCTETS], &[u8; TICK_OCTETS]),
        rtp: &mut dyn RtpIo,
        events: &mut dyn FnMut(Event),
    ) -> bool {
        let full = self.hear(received, events);
        // The echo of what the line took just now comes in the next tick at the earliest.
        if let Some(Attachment {
            echo: Some(echo), ..
        }) = &mut self.attachment
        {
            echo.sent(sent);
        }
        self.listen(received, sent, events);
        if self.metered && self.looks.due() {
            let [from, to] = &mut self.meters;
            from.push(received);
            to.push(sent);
        }
        self.watch(now, received, rtp, events);
        full
    }

    /// Sends the packets that are full.
    pub(super) fn send(&mut self, rtp: &mut dyn RtpIo) {
        let Some(attachment) = &mut self.attachment else {
            return;
        };
        let Attachment {
            port,
            srtp,
            to_timeslot,
            to_rtp,
            remote,
            ..
        } = attachment;
        let port = *port;
        let to = *to_timeslot.latched().unwrap_or(remote);
        to_rtp.send(&mut self.statistics, &mut |packet| match srtp {
            None => rtp.send(port, Flow::Rtp, to, packet),
            Some(srtp) => {
                let mut buffer = [0; MAX_PACKET_SENT + TRAILER];
                if let Some(packet) = srtp.sender.protect(packet, &mut buffer) {
                    rtp.send(port, Flow::Rtp, to, packet);
                }
            }
        });
    }

    /// Takes what the line gave; whether a packet is full.
    fn hear(&mut self, received: &[u8; TICK_OCTETS], events: &mut dyn FnMut(Event)) -> bool {
        let Self {
            id,
            path,
            statistics,
            tone_to_rtp,
            attachment,
            ..
        } = self;
        let bridge = *id;
        let Some(attachment) = attachment else {
            return false;
        };
        let without_echo = attachment.echo.as_mut().map(|echo| echo.cancel(received));
        let source = Source {
            octets: without_echo.as_ref().unwrap_or(received),
            open: path.to_rtp,
            tone: tone_to_rtp.as_deref_mut(),
        };
        let mut digits = 0;
        let full = attachment.to_rtp.tick(
            source,
            statistics,
            &mut |to_rtp::Heard { digit, samples }| {
                digits += 1;
                let duration = milliseconds(samples);
                events(Event::Digit {
                    bridge,
                    from: Side::Timeslot,
                    digit,
                    duration,
                });
            },
        );
        if digits > 0 {
            statistics.digits_from_timeslot += digits;
        }
        end_tone(tone_to_rtp, bridge, Side::Rtp, events);
        full
    }

    /// The first half of a tick: what the line takes.
    pub(super) fn tick_to_timeslot(
        &mut self,
        now: Instant,
        sent: &mut [u8; TICK_OCTETS],
        events: &mut dyn FnMut(Event),
    ) {
        let Self {
            id,
            law,
            path,
            statistics,
            tone_to_timeslot,
            digits,
            attachment,
            ..
        } = self;
        sent.fill(law.idle());
        let mut released = 0;
        if let Some(attachment) = attachment {
            let receiver = &mut attachment.to_timeslot;
            receiver.start(now);
            receiver.tick(now, sent, &mut |heard| {
                released += u64::from(matches!(heard, to_timeslot::Heard::Released { .. }));
                press(*id, *path, digits, &heard, events);
            });
            if !path.to_timeslot {
                sent.fill(law.idle());
            }
        }
        if released > 0 {
            statistics.digits_from_rtp += released;
        }
        if tone_to_timeslot.is_none() && digits.is_silent() {
            return;
        }
        let mut samples = [0i16; TICK_OCTETS];
        let tone = tone_to_timeslot
            .as_mut()
            .map(|tone| tone.fill(&mut samples))
            .is_some();
        let (digit, begun) = digits.fill(&mut samples);
        statistics.digits_to_timeslot += u64::from(begun);
        if tone || digit {
            for (octet, &sample) in sent.iter_mut().zip(&samples) {
                *octet = law.encode(sample);
            }
        }
        end_tone(tone_to_timeslot, *id, Side::Timeslot, events);
    }

    /// Listens for fax machines and modems on both sides. The first that answers makes this a call
    /// of data to its end.
    fn listen(
        &mut self,
        received: &[u8; TICK_OCTETS],
        sent: &[u8; TICK_OCTETS],
        events: &mut dyn FnMut(Event),
    ) {
        let Some(attachment) = &mut self.attachment else {
            return;
        };
        let Some(modems) = &mut attachment.modems else {
            return;
        };
        let bridge = self.id;
        let mut data = None;
        modems.push(received, sent, &mut |from, signal| {
            if signal.means_data() {
                data = Some(signal);
            }
            events(Event::Modem {
                bridge,
                from,
                signal,
            });
        });
        if data.is_some() {
            self.statistics.modem = data;
            attachment.carry_data(events);
        }
    }

    fn watch(
        &mut self,
        now: Instant,
        received: &[u8; TICK_OCTETS],
        rtp: &mut dyn RtpIo,
        events: &mut dyn FnMut(Event),
    ) {
        let Some(attachment) = &mut self.attachment else {
            return;
        };
        let [_, heard] = &self.meters;
        let ways = (&attachment.to_rtp, &attachment.to_timeslot, heard);
        let statistics = &mut self.statistics;
        let srtp = attachment.srtp.as_deref_mut();
        attachment
            .reports
            .tick(now, attachment.port, ways, srtp, statistics, rtp);
        let scene = Scene {
            bridge: self.id,
            path: self.path,
            last_heard: attachment.to_timeslot.last_packet(),
            received,
            data: attachment.to_timeslot.carries_data(),
            peer_is_deaf: attachment.reports.peer_is_deaf(),
        };
        let begun = attachment.watch.tick(now, &scene, events);
        if begun > 0 {
            statistics.one_way += begun;
        }
    }
}

fn milliseconds(samples: u32) -> Duration {
    Duration::from_millis(u64::from(samples / SAMPLES_PER_MS))
}

/// A digit from the network: to the timeslot when that way is open, and to call control once it
/// has ended.
fn press(
    bridge: BridgeId,
    path: Path,
    digits: &mut Digits,
    heard: &to_timeslot::Heard,
    events: &mut dyn FnMut(Event),
) {
    match *heard {
        to_timeslot::Heard::Pressed { digit, volume } => {
            if path.to_timeslot && !digits.press(digit, volume) {
                let refusal = Refusal::DigitsFull;
                events(Event::Refused { bridge, refusal });
            }
        }
        to_timeslot::Heard::Released { digit, samples } => {
            digits.release(samples);
            let duration = milliseconds(samples);
            events(Event::Digit {
                bridge,
                from: Side::Rtp,
                digit,
                duration,
            });
        }
    }
}

/// A tone that has come to its end goes home.
fn end_tone(
    tone: &mut Option<Box<Generator>>,
    bridge: BridgeId,
    towards: Side,
    events: &mut dyn FnMut(Event),
) {
    if let Some(generator) = tone.take_if(|tone| tone.ended()) {
        events(Event::ToneEnded { bridge, towards });
        events(Event::Spent(Spent::Tone(generator)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::reports::Reports;
    use super::super::to_rtp::ToRtp;
    use super::*;
    use crate::command::{Codec, Room};
    use crate::modem;

    /// Memory of a channel that has every listener of a usual call: its share of the shard's places,
    /// 30 of 32 timeslots being channels, and what came by command. The pool of ports has some 200
    /// octets more.
    #[test]
    fn a_channel_is_small() {
        let rtp = Rtp::new(RtpPort(0), ([127, 0, 0, 1], 4_000).into(), Codec::Pcma, 1);
        let Room { ring, pending } = Room::new(&rtp);
        let place = size_of::<super::super::Place>() * tdm::TIMESLOTS / 30;
        let parts = [
            place,
            size_of::<Statistics>(),
            ring.memory(),
            pending.len(),
            size_of::<modem::Pair>(),
        ];
        let octets: usize = parts.iter().sum();
        assert!(octets < 7_100, "{octets} octets: {parts:?}");
    }

    /// What a plain call's ticks touch, beside audio: hundreds of channels are to find it in the
    /// nearer caches.
    #[test]
    fn a_tick_touches_little_memory() {
        let transmit = [
            Bridge::TOUCHED,
            ToTimeslot::TOUCHED,
            Reports::TOUCHED,
            Digits::TOUCHED,
        ];
        let receive = [
            Bridge::TOUCHED,
            ToTimeslot::ASKED_FOR,
            ToRtp::TOUCHED,
            Reports::TOUCHED,
        ];
        let halves = [transmit, receive].map(|parts| parts.iter().sum::<usize>());
        assert!(halves[0] <= 800 && halves[1] <= 600, "{halves:?}");
    }
}

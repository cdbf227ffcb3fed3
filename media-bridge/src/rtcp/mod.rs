//! RTCP (RFC 3550 §6) of one bridge: reports, round trip, and how the call sounds.
//!
//! A [`Session`] is told what the bridge receives and sends, and is asked for a compound packet
//! when one is due: a sender or receiver report, the canonical name, and VoIP metrics (RFC 3611).
//! The interval has the RFC's random factor, from a seed: the same seed, the same times.

pub mod packet;
pub mod quality;

use std::time::{Duration, Instant};

use packet::{Read, ReportBlock, SenderInfo, VoipMetrics, Writer};
use quality::{GMIN, Losses};

use crate::level::Dbm0;

/// Least mean time between two compound packets (RFC 3550 §6.2). With two members and a packet of
/// some 150 octets, five hundredths of 64 kbit/s would allow for more.
const INTERVAL: Duration = Duration::from_secs(5);
/// Value for what RFC 3611 knows and we do not.
const UNKNOWN: u8 = 127;

/// What a bridge counted, as its reports say it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// Source that is received, once one is.
    pub ssrc: Option<u32>,
    /// Packets expected by their sequence numbers, and received.
    pub expected: u64,
    /// See there.
    pub received: u64,
    /// Highest sequence number, the number of its cycles in the upper half.
    pub highest: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// Packets and octets of payload sent, since this source began.
    pub sent: (u64, u64),
    /// RTP timestamp of what is sent now.
    pub timestamp: u32,
    /// Delay of the jitter buffer now, and the most it may be, in milliseconds.
    pub delay_ms: (u16, u16),
    /// Whether the buffer is adaptive, and whether what is lost is concealed.
    pub adaptive: bool,
    /// See there.
    pub concealed: bool,
    /// Time in a packet received, in milliseconds.
    pub packet_ms: u32,
    /// Packet by packet, what was received.
    pub losses: Losses,
    /// Level of what is heard of it, pauses left out.
    pub level: Option<Dbm0>,
}

/// What is known of the call's quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quality {
    /// Round trip of the last report that told it.
    pub round_trip: Option<Duration>,
    /// The longest.
    pub round_trip_max: Option<Duration>,
    /// The peer's last report on what it receives from us.
    pub peer: Option<ReportBlock>,
    /// Compound packets sent and received.
    pub sent: u32,
    /// See there.
    pub received: u32,
    /// The peer has said that it leaves.
    pub goodbye: bool,
}

/// RTCP of one attachment.
#[derive(Debug, Clone)]
#[repr(C)]
pub struct Session {
    next: Option<Instant>,
    /// When this source began: zero of its NTP timestamps, which need not be the time of day
    /// (RFC 3550 §4).
    since: Option<Instant>,
    deaf: bool,
    ssrc: u32,
    chance: u64,
    /// Middle half of the NTP timestamp of the peer's last sender report, and when it came.
    last_report: Option<(u32, Instant)>,
    /// Of the report before: expected and received.
    before: (u64, u64),
    /// Packets of ours that had been sent when the last report went out.
    sent_before: u64,
    quality: Quality,
    /// Canonical name: unlike anyone else's, and saying nothing about who it is (RFC 7022 §4.2).
    name: u64,
    /// The peer's last report named this sequence number when so many packets had been sent.
    heard: Option<(u32, u64)>,
}

/// Packets sent from one report of the peer to the next that cannot all have been lost by chance.
const MANY: u64 = 50;

impl Session {
    /// For the source `ssrc`; `seed` is of the intervals.
    #[must_use]
    pub fn new(ssrc: u32, seed: u64) -> Self {
        let chance = (seed ^ u64::from(ssrc) << 16) | 1;
        Self {
            next: None,
            since: None,
            deaf: false,
            ssrc,
            chance,
            last_report: None,
            before: (0, 0),
            sent_before: 0,
            quality: Quality::default(),
            name: chance.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            heard: None,
        }
    }

    /// Octets at the beginning that each tick touches.
    pub(crate) const TOUCHED: usize = std::mem::offset_of!(Self, ssrc);

    /// Canonical name of the source.
    #[must_use]
    pub fn cname(&self) -> [u8; 16] {
        let mut cname = [0; 16];
        for (place, nibble) in cname.iter_mut().zip(0..) {
            let nibble = (self.name >> (4 * nibble) & 0xF) as u8;
            *place = if nibble < 10 { b'0' } else { b'a' - 10 } + nibble;
        }
        cname
    }

    /// Whether the peer, by its reports, hears nothing of what we send.
    #[must_use]
    pub fn peer_is_deaf(&self) -> bool {
        self.deaf
    }

    /// What is known of the call's quality.
    #[must_use]
    pub fn quality(&self) -> &Quality {
        &self.quality
    }

    /// Rating of what is received (G.107), with this delay of the buffer.
    #[must_use]
    pub fn rating(&self, seen: &Seen) -> f32 {
        let network = self
            .quality
            .round_trip
            .map_or(0.0, |trip| trip.as_secs_f32() * 500.0);
        let own = f32::from(seen.delay_ms.0) + seen.packet_ms as f32;
        quality::rating(&seen.losses, network + own, seen.concealed)
    }

    /// The time from one compound packet to the next (RFC 3550 §6.3.1).
    fn interval(&mut self, first: bool) -> Duration {
        // xorshift64*, which is random enough to keep reports from marching in step.
        self.chance ^= self.chance >> 12;
        self.chance ^= self.chance << 25;
        self.chance ^= self.chance >> 27;
        let thousandths = (self.chance.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) % 1_000;
        let mean = if first { INTERVAL / 2 } else { INTERVAL };
        // From half to one and a half, and less the compensation for timer reconsideration.
        mean * (500 + thousandths as u32) / 1_218
    }

    /// Elapsed time as an NTP timestamp.
    fn ntp(&self, now: Instant) -> u64 {
        let elapsed = self
            .since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let fraction = (u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000;
        // Zero would say that there is no timestamp.
        (elapsed.as_secs() + 1) << 32 | fraction
    }

    /// Whether a compound packet is due. The first call begins the source's time.
    pub fn due(&mut self, now: Instant) -> bool {
        self.since.get_or_insert(now);
        match self.next {
            Some(next) => now >= next,
            None => {
                self.next = Some(now + self.interval(true));
                false
            }
        }
    }

    /// The compound packet that is due.
    pub fn report(&mut self, now: Instant, seen: &Seen) -> Writer {
        self.next = Some(now + self.interval(false));
        let mut writer = self.reports(now, seen);
        if let Some(ssrc) = seen.ssrc {
            let metrics = self.metrics(ssrc, seen);
            writer.metrics(self.ssrc, &metrics);
        }
        self.quality.sent += 1;
        writer
    }

    /// The last one: the source leaves.
    pub fn goodbye(&mut self, now: Instant, seen: &Seen) -> Writer {
        let mut writer = self.reports(now, seen);
        writer.goodbye(self.ssrc);
        self.quality.sent += 1;
        writer
    }

    fn reports(&mut self, now: Instant, seen: &Seen) -> Writer {
        let sending = seen.sent.0 != self.sent_before;
        self.sent_before = seen.sent.0;
        let info = SenderInfo {
            ntp: self.ntp(now),
            timestamp: seen.timestamp,
            packets: seen.sent.0 as u32,
            octets: seen.sent.1 as u32,
        };
        let block = seen.ssrc.map(|ssrc| self.block(now, ssrc, seen));
        let mut writer = Writer::new();
        writer.report(self.ssrc, sending.then_some(&info), block.as_ref());
        writer.description(self.ssrc, &self.cname());
        writer
    }

    fn block(&mut self, now: Instant, ssrc: u32, seen: &Seen) -> ReportBlock {
        let (expected, received) = (
            seen.expected.saturating_sub(self.before.0),
            seen.received.saturating_sub(self.before.1),
        );
        self.before = (seen.expected, seen.received);
        let fraction = (expected.saturating_sub(received) << 8)
            .checked_div(expected)
            .unwrap_or(0);
        let (last_report, since_last_report) = self.last_report.map_or((0, 0), |(middle, came)| {
            let since = now.saturating_duration_since(came);
            let units = since.as_micros() * 65_536 / 1_000_000;
            (middle, u32::try_from(units).unwrap_or(u32::MAX))
        });
        ReportBlock {
            ssrc,
            fraction_lost: fraction.min(255) as u8,
            lost: (seen.expected as i64 - seen.received as i64).clamp(-0x80_0000, 0x7F_FFFF) as i32,
            highest: seen.highest,
            jitter: seen.jitter,
            last_report,
            since_last_report,
        }
    }

    fn metrics(&self, ssrc: u32, seen: &Seen) -> VoipMetrics {
        let rates = seen.losses.rates(seen.packet_ms);
        let r = self.rating(seen);
        let listening = quality::rating(&seen.losses, 0.0, seen.concealed);
        let tenths = |r| (quality::mos(r) * 10.0 + 0.5) as u8;
        let trip = self.quality.round_trip.map_or(0, |trip| trip.as_millis());
        VoipMetrics {
            ssrc,
            loss_rate: rates.loss,
            discard_rate: rates.discard,
            burst_density: rates.burst_density,
            gap_density: rates.gap_density,
            burst_duration: rates.burst_ms,
            gap_duration: rates.gap_ms,
            round_trip_delay: u16::try_from(trip).unwrap_or(u16::MAX),
            end_system_delay: seen.delay_ms.0.saturating_add(seen.packet_ms as u16),
            signal_level: seen
                .level
                .map_or(UNKNOWN as i8, |level| level.0.round() as i8),
            noise_level: UNKNOWN as i8,
            rerl: UNKNOWN,
            gmin: GMIN,
            r_factor: (r + 0.5) as u8,
            ext_r_factor: UNKNOWN,
            mos_lq: tenths(listening),
            mos_cq: tenths(r),
            // Concealment: standard or none; buffer: adaptive or fixed (RFC 3611 §4.7.6).
            rx_config: if seen.concealed { 3 << 6 } else { 1 << 6 }
                | if seen.adaptive { 3 << 4 } else { 2 << 4 },
            jb_nominal: seen.delay_ms.0,
            jb_maximum: seen.delay_ms.1,
            jb_abs_max: seen.delay_ms.1,
        }
    }

    /// Takes a compound packet of the peer, whose source is `peer` where one is known; `false`
    /// when it is none. `sent` is how many packets we have sent so far.
    pub fn handle(&mut self, now: Instant, peer: Option<u32>, sent: u64, octets: &[u8]) -> bool {
        let ours = self.ssrc;
        let arrived = (self.ntp(now) >> 16) as u32;
        let since = self.since;
        let Self {
            last_report,
            quality,
            heard,
            deaf,
            ..
        } = self;
        let understood = packet::read(octets, &mut |read| match read {
            Read::Sender { ssrc, info } if peer.is_none_or(|peer| peer == ssrc) => {
                *last_report = Some(((info.ntp >> 16) as u32, now));
            }
            Read::Block(block) if block.ssrc == ours => {
                quality.peer = Some(block);
                match *heard {
                    Some((highest, before)) if highest == block.highest => {
                        *deaf |= sent >= before + MANY;
                    }
                    _ => {
                        *deaf = false;
                        *heard = Some((block.highest, sent));
                    }
                }
                // A report of ours must have gone out, and come back in this source's time.
                if block.last_report != 0 && since.is_some() {
                    let trip = arrived
                        .wrapping_sub(block.last_report)
                        .wrapping_sub(block.since_last_report);
                    // Clocks of different units of time make it a little less than zero.
                    let trip = if trip > u32::MAX / 2 { 0 } else { trip };
                    let trip = Duration::from_micros(u64::from(trip) * 1_000_000 / 65_536);
                    quality.round_trip = Some(trip);
                    quality.round_trip_max = quality.round_trip_max.max(Some(trip));
                }
            }
            Read::Goodbye { ssrc } if peer == Some(ssrc) => quality.goodbye = true,
            _ => {}
        });
        self.quality.received += u32::from(understood);
        understood
    }
}

#[cfg(test)]
mod tests;

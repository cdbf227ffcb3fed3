//! RTCP packets as octets: written into a buffer of fixed size, read with every length checked.

use crate::srtp::{self, TRAILER};

/// Longest compound packet that we write, before it is protected.
pub const MAX_OCTETS: usize = 256;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const EXTENDED_REPORT: u8 = 207;
/// Block type of VoIP metrics (RFC 3611 §4.7).
const VOIP_METRICS: u8 = 7;

/// What a sender says of itself (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SenderInfo {
    /// NTP timestamp: seconds in the upper, their fraction in the lower half.
    pub ntp: u64,
    /// The same moment in RTP timestamps.
    pub timestamp: u32,
    /// Packets sent so far.
    pub packets: u32,
    /// Octets of payload sent so far.
    pub octets: u32,
}

/// What a receiver says of one source (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportBlock {
    /// The source.
    pub ssrc: u32,
    /// Packets lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost in all: 24 bits, signed.
    pub lost: i32,
    /// Highest sequence number received, the number of its cycles in the upper half.
    pub highest: u32,
    /// Interarrival jitter, in timestamp units.
    pub jitter: u32,
    /// Middle half of the NTP timestamp of the last sender report; 0 before any.
    pub last_report: u32,
    /// Time since then, in 65536ths of a second.
    pub since_last_report: u32,
}

/// VoIP metrics (RFC 3611 §4.7): rates and densities in 256ths, times in milliseconds, levels in
/// dBm0, MOS in tenths. 127 stands for what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of RFC 3611 §4.7, by its names")]
pub struct VoipMetrics {
    pub ssrc: u32,
    pub loss_rate: u8,
    pub discard_rate: u8,
    pub burst_density: u8,
    pub gap_density: u8,
    pub burst_duration: u16,
    pub gap_duration: u16,
    pub round_trip_delay: u16,
    pub end_system_delay: u16,
    pub signal_level: i8,
    pub noise_level: i8,
    pub rerl: u8,
    pub gmin: u8,
    pub r_factor: u8,
    pub ext_r_factor: u8,
    pub mos_lq: u8,
    pub mos_cq: u8,
    pub rx_config: u8,
    pub jb_nominal: u16,
    pub jb_maximum: u16,
    pub jb_abs_max: u16,
}

/// A compound packet being written. What does not fit is left out whole.
#[derive(Debug, Clone)]
pub struct Writer {
    octets: [u8; MAX_OCTETS + TRAILER],
    length: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// Nothing written.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            octets: [0; MAX_OCTETS + TRAILER],
            length: 0,
        }
    }

    /// The compound packet.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }

    /// Makes SRTCP of it (RFC 3711 §3.4); nothing is to be written after that. False, and nothing
    /// is left to be sent, when the key has had its time.
    #[must_use]
    pub fn protect(&mut self, sender: &mut srtp::Sender) -> bool {
        let protected = sender.protect_rtcp(&mut self.octets, self.length);
        self.length = protected.unwrap_or_default();
        protected.is_some()
    }

    fn put(&mut self, octets: &[u8]) {
        let room = self.octets.get_mut(self.length..MAX_OCTETS);
        if let Some(place) = room.and_then(|room| room.get_mut(..octets.len())) {
            place.copy_from_slice(octets);
            self.length += octets.len();
        }
    }

    fn word(&mut self, word: u32) {
        self.put(&word.to_be_bytes());
    }

    /// One packet: its header, then what `body` writes, padded to words.
    fn packet(&mut self, kind: u8, count: u8, body: impl FnOnce(&mut Self)) {
        let start = self.length;
        self.put(&[0x80 | (count & 0x1F), kind, 0, 0]);
        body(self);
        while !(self.length - start).is_multiple_of(4) {
            self.put(&[0]);
        }
        let words = ((self.length - start) / 4).saturating_sub(1) as u16;
        if let Some(place) = self.octets.get_mut(start + 2..start + 4) {
            place.copy_from_slice(&words.to_be_bytes());
        }
    }

    fn block(&mut self, block: &ReportBlock) {
        self.word(block.ssrc);
        let lost = block.lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0x00FF_FFFF;
        self.word(u32::from(block.fraction_lost) << 24 | lost);
        for word in [
            block.highest,
            block.jitter,
            block.last_report,
            block.since_last_report,
        ] {
            self.word(word);
        }
    }

    /// A sender or receiver report of `ssrc`.
    pub fn report(&mut self, ssrc: u32, info: Option<&SenderInfo>, block: Option<&ReportBlock>) {
        let kind = match info {
            Some(_) => SENDER_REPORT,
            None => RECEIVER_REPORT,
        };
        self.packet(kind, u8::from(block.is_some()), |writer| {
            writer.word(ssrc);
            if let Some(info) = info {
                writer.put(&info.ntp.to_be_bytes());
                writer.word(info.timestamp);
                writer.word(info.packets);
                writer.word(info.octets);
            }
            if let Some(block) = block {
                writer.block(block);
            }
        });
    }

    /// A source description with nothing but the canonical name (§6.5.1), of at most 255 octets.
    pub fn description(&mut self, ssrc: u32, cname: &[u8]) {
        self.packet(SOURCE_DESCRIPTION, 1, |writer| {
            writer.word(ssrc);
            let cname = cname.get(..cname.len().min(255)).unwrap_or_default();
            writer.put(&[1, cname.len() as u8]);
            writer.put(cname);
            // At least one octet ends the list of items.
            writer.put(&[0]);
        });
    }

    /// The source leaves (§6.6).
    pub fn goodbye(&mut self, ssrc: u32) {
        self.packet(GOODBYE, 1, |writer| writer.word(ssrc));
    }

    /// An extended report with VoIP metrics (RFC 3611 §2, §4.7).
    pub fn metrics(&mut self, ssrc: u32, metrics: &VoipMetrics) {
        self.packet(EXTENDED_REPORT, 0, |writer| {
            writer.word(ssrc);
            writer.put(&[VOIP_METRICS, 0, 0, 8]);
            writer.word(metrics.ssrc);
            writer.put(&[
                metrics.loss_rate,
                metrics.discard_rate,
                metrics.burst_density,
                metrics.gap_density,
            ]);
            writer.put(&metrics.burst_duration.to_be_bytes());
            writer.put(&metrics.gap_duration.to_be_bytes());
            writer.put(&metrics.round_trip_delay.to_be_bytes());
            writer.put(&metrics.end_system_delay.to_be_bytes());
            writer.put(&[
                metrics.signal_level as u8,
                metrics.noise_level as u8,
                metrics.rerl,
                metrics.gmin,
                metrics.r_factor,
                metrics.ext_r_factor,
                metrics.mos_lq,
                metrics.mos_cq,
                metrics.rx_config,
                0,
            ]);
            writer.put(&metrics.jb_nominal.to_be_bytes());
            writer.put(&metrics.jb_maximum.to_be_bytes());
            writer.put(&metrics.jb_abs_max.to_be_bytes());
        });
    }
}

/// What a bridge reads of a compound packet; the rest is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// A sender report's own part.
    Sender {
        /// Who sends.
        ssrc: u32,
        /// What it says of itself.
        info: SenderInfo,
    },
    /// A report block of a sender or receiver report.
    Block(ReportBlock),
    /// Sources leave; the first of them.
    Goodbye {
        /// Which.
        ssrc: u32,
    },
    /// VoIP metrics of the peer about what it receives.
    Metrics(VoipMetrics),
}

fn word(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*octets.get(at..)?.first_chunk()?))
}

fn half(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*octets.get(at..)?.first_chunk()?))
}

/// Reads a compound packet; `false`, and nothing more is read, where it is not RTCP or is cut
/// short (RFC 3550 A.2).
pub fn read(mut octets: &[u8], sink: &mut dyn FnMut(Read)) -> bool {
    let mut first = true;
    while !octets.is_empty() {
        let Some(&[head, kind, high, low]) = octets.first_chunk() else {
            return false;
        };
        let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        let Some((packet, rest)) = octets.split_at_checked(length) else {
            return false;
        };
        let reports = matches!(kind, SENDER_REPORT | RECEIVER_REPORT);
        // Reduced-size packets (RFC 5506) may begin with something else, but not with nothing.
        if head >> 6 != 2 || (first && !(SENDER_REPORT..=EXTENDED_REPORT).contains(&kind)) {
            return false;
        }
        let count = usize::from(head & 0x1F);
        let mut body = 8;
        match kind {
            SENDER_REPORT => {
                body = 28;
                if let Some(info) = sender(packet) {
                    sink(info);
                }
            }
            GOODBYE if count > 0 => {
                if let Some(ssrc) = word(packet, 4) {
                    sink(Read::Goodbye { ssrc });
                }
            }
            EXTENDED_REPORT => extended(packet.get(8..).unwrap_or_default(), sink),
            _ => {}
        }
        if reports {
            for block in packet
                .get(body..)
                .unwrap_or_default()
                .chunks_exact(24)
                .take(count)
            {
                if let Some(block) = report_block(block) {
                    sink(Read::Block(block));
                }
            }
        }
        first = false;
        octets = rest;
    }
    !first
}

fn sender(packet: &[u8]) -> Option<Read> {
    let info = SenderInfo {
        ntp: u64::from(word(packet, 8)?) << 32 | u64::from(word(packet, 12)?),
        timestamp: word(packet, 16)?,
        packets: word(packet, 20)?,
        octets: word(packet, 24)?,
    };
    Some(Read::Sender {
        ssrc: word(packet, 4)?,
        info,
    })
}

fn report_block(block: &[u8]) -> Option<ReportBlock> {
    let second = word(block, 4)?;
    Some(ReportBlock {
        ssrc: word(block, 0)?,
        fraction_lost: (second >> 24) as u8,
        // Sign-extended from 24 bits.
        lost: (second << 8) as i32 >> 8,
        highest: word(block, 8)?,
        jitter: word(block, 12)?,
        last_report: word(block, 16)?,
        since_last_report: word(block, 20)?,
    })
}

fn extended(mut blocks: &[u8], sink: &mut dyn FnMut(Read)) {
    while let Some(&[kind, _, high, low]) = blocks.first_chunk() {
        let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        let Some((block, rest)) = blocks.split_at_checked(length) else {
            return;
        };
        if kind == VOIP_METRICS
            && let Some(metrics) = voip_metrics(block)
        {
            sink(Read::Metrics(metrics));
        }
        blocks = rest;
    }
}

fn voip_metrics(block: &[u8]) -> Option<VoipMetrics> {
    let octet = |at: usize| block.get(at).copied();
    Some(VoipMetrics {
        ssrc: word(block, 4)?,
        loss_rate: octet(8)?,
        discard_rate: octet(9)?,
        burst_density: octet(10)?,
        gap_density: octet(11)?,
        burst_duration: half(block, 12)?,
        gap_duration: half(block, 14)?,
        round_trip_delay: half(block, 16)?,
        end_system_delay: half(block, 18)?,
        signal_level: octet(20)? as i8,
        noise_level: octet(21)? as i8,
        rerl: octet(22)?,
        gmin: octet(23)?,
        r_factor: octet(24)?,
        ext_r_factor: octet(25)?,
        mos_lq: octet(26)?,
        mos_cq: octet(27)?,
        rx_config: octet(28)?,
        jb_nominal: half(block, 30)?,
        jb_maximum: half(block, 32)?,
        jb_abs_max: half(block, 34)?,
    })
}

//! What a bridge saw: for call records and metrics.

use serde::{Deserialize, Serialize};

use crate::srtp;

/// Counters of one bridge over its life, over all its RTP attachments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Statistics {
    /// RTP packets received and accepted (duplicates and strangers excluded), events included.
    pub packets_received: u64,
    /// Octets of their payloads.
    pub octets_received: u64,
    /// RTP packets sent, events included.
    pub packets_sent: u64,
    /// Octets of their payloads.
    pub octets_sent: u64,
    /// Packets that never came: expected by sequence number less received (RFC 3550 §6.4.1),
    /// never negative.
    pub packets_lost: u64,
    /// Packets that came after their place had been played.
    pub packets_late: u64,
    /// Packets received more than once.
    pub packets_duplicate: u64,
    /// Packets that came after one of a higher sequence number.
    pub packets_out_of_order: u64,
    /// Packets from an address other than the latched one.
    pub packets_stranger: u64,
    /// Datagrams that are not RTP, or of a payload type that was not agreed.
    pub packets_malformed: u64,
    /// Packets of SRTP or SRTCP that do not bear the tag of the peer's key, or came after its
    /// lifetime.
    #[serde(default)]
    pub packets_unauthenticated: u32,
    /// Packets of SRTP or SRTCP that were received before, or too late to tell.
    #[serde(default)]
    pub packets_replayed: u32,
    /// Changes of synchronisation source and restarts of the sender.
    pub restarts: u64,
    /// Interarrival jitter at the end, in microseconds (RFC 3550 §6.4.1).
    pub jitter_us: u64,
    /// Longest interarrival jitter seen, in microseconds.
    pub jitter_max_us: u64,
    /// Longest time between two packets, in milliseconds.
    pub gap_max_ms: u64,
    /// Times the buffer ran empty while the sender was expected to send.
    pub underruns: u64,
    /// Times the buffer had to jump because it was full or too far from the sender's clock.
    pub overruns: u64,
    /// Audio made up in place of missing octets, in milliseconds.
    pub concealed_ms: u64,
    /// Delay of the jitter buffer at the end, in milliseconds.
    pub delay_ms: u64,
    /// Digits heard on the timeslot.
    pub digits_from_timeslot: u64,
    /// Digits received as RFC 4733 events.
    pub digits_from_rtp: u64,
    /// Digits sent as tones on the timeslot.
    pub digits_to_timeslot: u64,
    /// Digits sent as RFC 4733 events, or as tones where events were not agreed.
    pub digits_to_rtp: u64,
    /// RTCP packets (compound) sent.
    pub rtcp_sent: u64,
    /// RTCP packets (compound) received from the peer.
    pub rtcp_received: u64,
    /// Round trip by RTCP at the end, in microseconds.
    pub round_trip_us: Option<u64>,
    /// Longest round trip by RTCP, in microseconds.
    pub round_trip_max_us: Option<u64>,
    /// Packets of ours that the peer says it lost.
    pub peer_lost: Option<i32>,
    /// Interarrival jitter of our packets by the peer's last report, in microseconds.
    pub peer_jitter_us: Option<u64>,
    /// Rating of what was received by the E-model, 0 to 93 (G.107); none before any packet.
    pub r_factor: Option<u8>,
    /// Mean opinion score estimated from it (G.107 Annex B), in hundredths: 100 to 450.
    pub mos_hundredths: Option<u16>,
    /// Times that audio was found to go one way only.
    pub one_way: u64,
    /// The fax machine or modem that turned the call into one of data.
    pub modem: Option<crate::modem::Signal>,
    /// Level of what came from the timeslot, pauses left out, in tenths of a dBm0; none where there
    /// were pauses alone, or data without a law.
    #[serde(default)]
    pub level_from_timeslot: Option<i16>,
    /// Level of what went to the timeslot, in the same way.
    #[serde(default)]
    pub level_to_timeslot: Option<i16>,
    /// From attaching RTP to the first packet, in milliseconds; of the first attachment that
    /// received one.
    pub first_packet_ms: Option<u64>,
}

impl Statistics {
    /// Counts a packet that SRTP drops.
    pub(crate) fn drop_protected(&mut self, failure: srtp::Failure) {
        match failure {
            srtp::Failure::Malformed => self.packets_malformed += 1,
            srtp::Failure::Replayed => self.packets_replayed += 1,
            srtp::Failure::NotAuthentic => self.packets_unauthenticated += 1,
        }
    }
}

/// Counters of one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ShardStatistics {
    /// Calls of [`crate::Shard::transmit`]: ticks of its spans.
    pub ticks: u64,
    /// Packets on an RTP port that no bridge has.
    pub packets_unclaimed: u64,
    /// Bridges open now.
    pub bridges: u64,
    /// Bridges opened since the start.
    pub bridges_opened: u64,
}

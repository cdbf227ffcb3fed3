//! Protecting what is sent (RFC 3711 §3.3, §3.4).

use super::MOST_PACKETS;
use super::key::MasterKey;
use super::session::{Purpose, SessionKeys};
use super::window::Window;
use crate::rtp::payload_offset;

/// SRTCP packets that a master key protects at most: their index has 31 bits.
const MOST_RTCP: u32 = 1 << 31;
/// The E flag: the packet is encrypted (RFC 3711 §3.4).
pub(super) const ENCRYPTED: u32 = 1 << 31;
/// Octets of an RTCP packet that stay readable: the first header and its SSRC.
pub(super) const RTCP_CLEAR: usize = 8;

/// The sending half: one source, whose sequence numbers go up.
#[derive(Debug, Clone)]
pub struct Sender {
    key: MasterKey,
    rtp: SessionKeys,
    rtcp: SessionKeys,
    /// The source and the index of its last packet.
    last: Option<(u32, Window)>,
    /// Packets that this key has protected.
    packets: u64,
    /// The index of the next SRTCP packet.
    next_rtcp: u32,
}

impl Sender {
    /// Protects by this key, from roll-over counter 0 (RFC 4568 §6.4).
    #[must_use]
    pub fn new(key: &MasterKey) -> Self {
        Self {
            key: *key,
            rtp: SessionKeys::derive(key, Purpose::Rtp),
            rtcp: SessionKeys::derive(key, Purpose::Rtcp),
            last: None,
            packets: 0,
            next_rtcp: 0,
        }
    }

    /// Goes on where another stopped: see [`Srtp::go_on_from`](super::Srtp::go_on_from).
    pub fn go_on_from(&mut self, old: &Self) {
        self.last = old.last;
        // The index goes on under a new key as well (RFC 3711 §3.4).
        self.next_rtcp = old.next_rtcp;
        if self.key == old.key {
            self.packets = old.packets;
        }
    }

    /// Protects an RTP packet into a buffer. `None` when it is none, when its sequence number is
    /// not behind the last one's, when the buffer has no room for [`TRAILER`](super::TRAILER)
    /// octets more, or when the key has protected as many packets as a key may.
    pub fn protect<'a>(&mut self, packet: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let start = payload_offset(packet)?;
        let &[_, _, s0, s1, _, _, _, _, r0, r1, r2, r3] = packet.first_chunk()?;
        let (sequence, ssrc) = (
            u16::from_be_bytes([s0, s1]),
            u32::from_be_bytes([r0, r1, r2, r3]),
        );
        let length = packet.len() + self.rtp.tag_octets();
        let out = buffer.get_mut(..length)?;
        if self.packets >= MOST_PACKETS {
            return None;
        }
        let index = match self.last {
            // Never the same key stream twice.
            Some((last, window)) if last == ssrc => {
                let index = window.index(sequence);
                Some(index).filter(|index| window.is_ahead(*index))?
            }
            _ => u64::from(sequence),
        };
        self.last = Some((ssrc, Window::new(index)));
        self.packets += 1;
        let (octets, tag) = out.split_at_mut_checked(packet.len())?;
        octets.copy_from_slice(packet);
        self.rtp.apply(ssrc, index, octets.get_mut(start..)?);
        let computed = self.rtp.tag(octets, Some((index >> 16) as u32));
        tag.copy_from_slice(computed.get(..tag.len())?);
        Some(out)
    }

    /// Protects a compound RTCP packet, `packet` octets of the buffer, and tells how long it is
    /// then. `None` when it is none, when the buffer has no room for
    /// [`TRAILER`](super::TRAILER) octets more, or when the key has protected as many packets as a
    /// key may.
    pub fn protect_rtcp(&mut self, buffer: &mut [u8], packet: usize) -> Option<usize> {
        let tag = self.rtcp.tag_octets();
        let out = buffer.get_mut(..packet.checked_add(4 + tag)?)?;
        let &[_, _, _, _, r0, r1, r2, r3] = out.first_chunk()?;
        let ssrc = u32::from_be_bytes([r0, r1, r2, r3]);
        let index = self.next_rtcp;
        if packet < RTCP_CLEAR || index >= MOST_RTCP {
            return None;
        }
        self.next_rtcp += 1;
        self.rtcp
            .apply(ssrc, u64::from(index), out.get_mut(RTCP_CLEAR..packet)?);
        let word = (index | ENCRYPTED).to_be_bytes();
        out.get_mut(packet..packet + 4)?.copy_from_slice(&word);
        let (octets, place) = out.split_at_mut_checked(packet + 4)?;
        let computed = self.rtcp.tag(octets, None);
        place.copy_from_slice(computed.get(..place.len())?);
        Some(packet + 4 + tag)
    }
}

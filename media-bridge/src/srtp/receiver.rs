//! Unprotecting what is received (RFC 3711 §3.3, §3.4).

use super::MOST_PACKETS;
use super::key::{MasterKey, Mki};
use super::sender::{ENCRYPTED, RTCP_CLEAR};
use super::session::{Purpose, SessionKeys};
use super::window::Window;
use crate::rtp::payload_offset;

/// Sources of one key that are told apart: a peer that changes its source more often is taken
/// anew, and what it sent by its first ones is forgotten.
const SOURCES: usize = 8;

/// Why a packet is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It is too short, or no packet at all.
    #[error("no SRTP packet")]
    Malformed,
    /// It was received before, or is too old to tell.
    #[error("received before")]
    Replayed,
    /// Its tag, or its master key identifier, is not what it should be; or the key has had its
    /// time.
    #[error("not authentic")]
    NotAuthentic,
}

/// What was received of one source.
#[derive(Debug, Clone, Copy)]
struct Source {
    ssrc: u32,
    window: Window,
    /// Under the key before this one: this key may have begun at 0.
    guessed: bool,
}

/// Some sources, the latest one first.
#[derive(Debug, Clone, Copy, Default)]
struct Sources([Option<Source>; SOURCES]);

impl Sources {
    fn find(&self, ssrc: u32) -> Option<Source> {
        let mut sources = self.0.iter().flatten();
        sources.find(|source| source.ssrc == ssrc).copied()
    }

    /// Keeps what is known of a source; of a new one in the place of the oldest.
    fn keep(&mut self, source: Source) {
        let is_it = |place: &Option<Source>| place.is_some_and(|of| of.ssrc == source.ssrc);
        let last = self.0.iter().position(is_it).unwrap_or(SOURCES - 1);
        if let Some(places) = self.0.get_mut(..=last) {
            places.rotate_right(1);
        }
        if let Some(first) = self.0.first_mut() {
            *first = Some(source);
        }
    }

    fn guessed(mut self) -> Self {
        for source in self.0.iter_mut().flatten() {
            source.window = source.window.guess();
            source.guessed = true;
        }
        self
    }
}

/// The receiving half: whatever sources the peer has, told apart by their SSRC once they have
/// shown that they know the key (RFC 4568 §6.4.1).
#[derive(Debug, Clone)]
pub struct Receiver {
    key: MasterKey,
    mki: Option<Mki>,
    rtp: SessionKeys,
    rtcp: SessionKeys,
    sources: Sources,
    rtcp_sources: Sources,
    /// Packets of RTP, and of RTCP, that the key may still authenticate.
    left: (u64, u64),
}

impl Receiver {
    /// Takes what this key has protected.
    #[must_use]
    pub fn new(key: &MasterKey) -> Self {
        Self {
            key: *key,
            mki: None,
            rtp: SessionKeys::derive(key, Purpose::Rtp),
            rtcp: SessionKeys::derive(key, Purpose::Rtcp),
            sources: Sources::default(),
            rtcp_sources: Sources::default(),
            left: (MOST_PACKETS, MOST_PACKETS),
        }
    }

    /// With a lifetime of the key in packets, of RTP and of RTCP each, after which it is worth
    /// nothing (RFC 4568 §6.1); and with the identifier that its packets carry.
    #[must_use]
    pub fn with_policy(mut self, lifetime: u64, mki: Option<Mki>) -> Self {
        self.left = (lifetime, lifetime);
        self.mki = mki;
        self
    }

    /// Goes on where another stopped: see [`Srtp::go_on_from`](super::Srtp::go_on_from).
    pub fn go_on_from(&mut self, old: &Self) {
        if self.key == old.key {
            self.sources = old.sources;
            self.rtcp_sources = old.rtcp_sources;
            self.left = old.left;
        } else {
            // The index of SRTCP is in the packet: there is nothing to guess.
            self.sources = old.sources.guessed();
        }
    }

    /// Unprotects an RTP packet in place and tells how long it is then.
    ///
    /// # Errors
    /// [`Failure`] says why it is to be dropped; its octets are as they came.
    pub fn unprotect(&mut self, packet: &mut [u8]) -> Result<usize, Failure> {
        let (length, signed) = self.trailer(packet.len(), self.rtp.tag_octets())?;
        let (octets, trailer) = packet
            .split_at_mut_checked(length)
            .ok_or(Failure::Malformed)?;
        let start = payload_offset(octets).ok_or(Failure::Malformed)?;
        let &[_, _, s0, s1, _, _, _, _, r0, r1, r2, r3] =
            octets.first_chunk().ok_or(Failure::Malformed)?;
        let (sequence, ssrc) = (
            u16::from_be_bytes([s0, s1]),
            u32::from_be_bytes([r0, r1, r2, r3]),
        );
        let known = self.sources.find(ssrc);
        let first = Window::new(u64::from(sequence));
        let guess = known.map_or(first, |source| source.window);
        let index = guess.index(sequence);
        if known.is_some() && !guess.is_new(index) {
            return Err(Failure::Replayed);
        }
        let (mki, tag) = trailer.split_at(signed - length);
        if self.left.0 == 0 || self.mki.is_some_and(|expected| !expected.is(mki)) {
            return Err(Failure::NotAuthentic);
        }
        let is_at = |index: u64| self.rtp.verify(octets, Some((index >> 16) as u32), tag);
        let (mut window, index) = if is_at(index) {
            (guess, index)
        } else if known.is_some_and(|source| source.guessed) && is_at(u64::from(sequence)) {
            (first, u64::from(sequence))
        } else {
            return Err(Failure::NotAuthentic);
        };
        self.left.0 -= 1;
        let payload = octets.get_mut(start..).unwrap_or_default();
        self.rtp.apply(ssrc, index, payload);
        window.note(index);
        let guessed = false;
        self.sources.keep(Source {
            ssrc,
            window,
            guessed,
        });
        Ok(length)
    }

    /// Unprotects a compound RTCP packet in place and tells how long it is then.
    ///
    /// # Errors
    /// [`Failure`] says why it is to be dropped; its octets are as they came.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Failure> {
        let (length, signed) = self.trailer(packet.len(), self.rtcp.tag_octets())?;
        let length = length.checked_sub(4).ok_or(Failure::Malformed)?;
        let signed = signed - (length + 4);
        let (octets, trailer) = packet
            .split_at_mut_checked(length + 4)
            .ok_or(Failure::Malformed)?;
        let &[_, _, _, _, r0, r1, r2, r3] = octets.first_chunk().ok_or(Failure::Malformed)?;
        let ssrc = u32::from_be_bytes([r0, r1, r2, r3]);
        let word = octets.last_chunk().ok_or(Failure::Malformed)?;
        let word = u32::from_be_bytes(*word);
        if length < RTCP_CLEAR || word & ENCRYPTED == 0 {
            // RFC 4568 §6.3.2: each packet is encrypted unless that was agreed otherwise.
            return Err(Failure::Malformed);
        }
        let index = u64::from(word & !ENCRYPTED);
        let known = self.rtcp_sources.find(ssrc);
        if known.is_some_and(|source| !source.window.is_new(index)) {
            return Err(Failure::Replayed);
        }
        let (mki, tag) = trailer.split_at(signed);
        let mismatch = self.mki.is_some_and(|expected| !expected.is(mki));
        if self.left.1 == 0 || mismatch || !self.rtcp.verify(octets, None, tag) {
            return Err(Failure::NotAuthentic);
        }
        self.left.1 -= 1;
        let payload = octets.get_mut(RTCP_CLEAR..length).unwrap_or_default();
        self.rtcp.apply(ssrc, index, payload);
        let mut window = known.map_or(Window::new(index), |source| source.window);
        window.note(index);
        let guessed = false;
        self.rtcp_sources.keep(Source {
            ssrc,
            window,
            guessed,
        });
        Ok(length)
    }

    /// Where the master key identifier begins in a packet of so many octets, and where the tag.
    fn trailer(&self, packet: usize, tag: usize) -> Result<(usize, usize), Failure> {
        let signed = packet.checked_sub(tag).ok_or(Failure::Malformed)?;
        let mki = self.mki.map_or(0, |mki| usize::from(mki.octets));
        let length = signed.checked_sub(mki).ok_or(Failure::Malformed)?;
        Ok((length, signed))
    }
}

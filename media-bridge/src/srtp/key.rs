//! Suites and master keys.

use std::fmt;

/// Octets of a master salt, and of the salts derived from it (RFC 3711 §8.2).
pub const SALT_OCTETS: usize = 14;

/// A crypto-suite of RFC 4568 §6.2 and RFC 6188 §7: cipher, authentication and their lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Suite {
    /// AES with 128 bits, tags of 80 bits: the one that everybody has.
    AesCm128HmacSha1_80,
    /// The same with tags of 32 bits on RTP; those on RTCP have 80.
    AesCm128HmacSha1_32,
    /// AES with 256 bits, tags of 80 bits.
    AesCm256HmacSha1_80,
    /// The same with tags of 32 bits on RTP; those on RTCP have 80.
    AesCm256HmacSha1_32,
}

impl Suite {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::AesCm128HmacSha1_80,
        Self::AesCm128HmacSha1_32,
        Self::AesCm256HmacSha1_80,
        Self::AesCm256HmacSha1_32,
    ];

    /// Its name in `a=crypto`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AesCm256HmacSha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Self::AesCm256HmacSha1_32 => "AES_256_CM_HMAC_SHA1_32",
        }
    }

    /// The suite of this name; suites that are not here have none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// Octets of its master key, without the salt.
    #[must_use]
    pub fn key_octets(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 => 16,
            Self::AesCm256HmacSha1_80 | Self::AesCm256HmacSha1_32 => 32,
        }
    }

    /// Octets of master key and salt together, as `inline:` has them.
    #[must_use]
    pub fn keying_octets(self) -> usize {
        self.key_octets() + SALT_OCTETS
    }

    /// Octets of the tag on RTP packets.
    pub(super) fn tag_octets(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm256HmacSha1_80 => 10,
            Self::AesCm128HmacSha1_32 | Self::AesCm256HmacSha1_32 => 4,
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The longest master key with its salt.
const MOST_OCTETS: usize = 32 + SALT_OCTETS;

/// A master key and its salt, for one direction. It is never shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    octets: [u8; MOST_OCTETS],
}

impl MasterKey {
    /// Key and salt one after the other, [`Suite::keying_octets`] of them; `None` when there are
    /// more or fewer.
    #[must_use]
    pub fn new(suite: Suite, keying: &[u8]) -> Option<Self> {
        let mut octets = [0; MOST_OCTETS];
        if keying.len() != suite.keying_octets() {
            return None;
        }
        octets.get_mut(..keying.len())?.copy_from_slice(keying);
        Some(Self { suite, octets })
    }

    /// The suite it is for.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Key and salt one after the other.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        let length = self.suite.keying_octets();
        self.octets.get(..length).unwrap_or_default()
    }

    /// Key; salt.
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        self.octets().split_at(self.suite.key_octets())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({}, …)", self.suite)
    }
}

/// A master key identifier: a number that stands, big-endian, in each packet before its tag
/// (RFC 3711 §3.1, RFC 4568 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mki {
    /// The number.
    pub value: u64,
    /// Octets of it in a packet, 1 to 128.
    pub octets: u8,
}

impl Mki {
    /// Whether these octets are it.
    pub(super) fn is(self, octets: &[u8]) -> bool {
        let value = self.value.to_be_bytes();
        let (zeros, low) = octets.split_at(octets.len().saturating_sub(value.len()));
        let beyond = value.len() - low.len();
        octets.len() == usize::from(self.octets)
            && zeros.iter().all(|octet| *octet == 0)
            && value
                .get(..beyond)
                .is_some_and(|high| high.iter().all(|octet| *octet == 0))
            && value.get(beyond..) == Some(low)
    }
}

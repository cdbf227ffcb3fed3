//! Tags, branches and Call-IDs from a seed: the same seed gives the same run (RFC 3261 §19.3
//! asks for 32 bits of randomness; each value here has 64).

/// A generator of identifiers.
#[derive(Debug)]
pub(super) struct Identifiers {
    state: u64,
}

impl Identifiers {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// SplitMix64: a counter through a bijective finaliser, so no value repeats in 2^64.
    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    pub(super) fn tag(&mut self) -> String {
        format!("{:016x}", self.next())
    }

    /// A branch with the magic cookie of RFC 3261 §8.1.1.7.
    pub(super) fn branch(&mut self) -> String {
        format!("z9hG4bK{:016x}", self.next())
    }

    /// A nonce. It says nothing of the other identifiers; whoever has seen one of those can compute
    /// it, for they all come from one generator.
    pub(super) fn nonce(&mut self) -> String {
        use sha2::{Digest, Sha256};
        let hash = Sha256::digest(self.next().to_be_bytes());
        let half = hash.iter().take(16);
        half.map(|octet| format!("{octet:02x}")).collect()
    }

    /// A number below `bound`, which must not be 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A tag that is the same for the same octets: a stateless answer to each copy of a request
/// carries the same tag (RFC 3261 §8.2.7).
pub(super) fn stateless_tag(seed: u64, octets: &[u8]) -> String {
    let hash = octets.iter().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, b| {
        (hash ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{:016x}", mix(hash))
}

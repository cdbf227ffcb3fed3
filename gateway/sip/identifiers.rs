//! Tags, branches, Call-IDs and nonces. RFC 3261 §19.3 asks for 32 bits of randomness; each value
//! here has 64, a nonce 128, and nobody computes one from others that he has seen.

use crate::chance::{Chance, Seed};

/// A generator of identifiers.
#[derive(Debug)]
pub(super) struct Identifiers {
    chance: Chance,
    nonces: Chance,
    stateless: Chance,
}

impl Identifiers {
    pub(super) fn new(seed: &Seed) -> Self {
        Self {
            chance: Chance::new(seed, "sip"),
            nonces: Chance::new(seed, "sip nonces"),
            stateless: Chance::new(seed, "sip stateless tags"),
        }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.chance.draw()
    }

    pub(super) fn tag(&mut self) -> String {
        format!("{:016x}", self.next())
    }

    /// A branch with the magic cookie of RFC 3261 §8.1.1.7.
    pub(super) fn branch(&mut self) -> String {
        format!("z9hG4bK{:016x}", self.next())
    }

    /// A nonce, or cnonce, of a digest.
    pub(super) fn nonce(&mut self) -> String {
        format!("{:016x}{:016x}", self.nonces.draw(), self.nonces.draw())
    }

    /// A number below `bound`, which must not be 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.chance.below(bound)
    }

    /// A tag that is the same for the same octets: a stateless answer to each copy of a request
    /// carries the same tag (RFC 3261 §8.2.7).
    pub(super) fn stateless_tag(&self, octets: &[u8]) -> String {
        format!("{:016x}", self.stateless.of(octets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Undoes the finaliser of SplitMix64, and takes its next step: what a peer would try first
    /// on numbers of a counter without a key.
    fn next_of_split_mix(seen: u64) -> u64 {
        let unshift = |z: u64, by: u32| (1..64 / by + 1).fold(z, |x, _| z ^ (x >> by));
        let z = unshift(seen, 31).wrapping_mul(0x3196_42b2_d24d_8ec3);
        let z = unshift(z, 27).wrapping_mul(0x96de_1b17_3f11_9089);
        let state = unshift(z, 30).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    #[test]
    fn nobody_computes_a_tag_or_nonce_from_seen_ones() {
        // SplitMix64 from the state 0: the prediction works where there is no key.
        assert_eq!(
            next_of_split_mix(0xe220_a839_7b1d_cdaf),
            0x6e78_9e6a_a1b9_65f4
        );
        let mut identifiers = Identifiers::new(&Seed::from(1));
        let mut seen = Vec::new();
        let mut others = Vec::new();
        for _ in 0..64 {
            let tag = identifiers.tag();
            let nonce = identifiers.nonce();
            let (first, second) = nonce.split_at(16);
            let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
            let drawn = [number(&tag), number(first), number(second)];
            for number in drawn {
                // Nor do two numbers lie as far apart as others did.
                others.extend(seen.iter().map(|seen: &u64| number.wrapping_sub(*seen)));
                assert!(!seen.iter().any(|seen| next_of_split_mix(*seen) == number));
            }
            seen.extend(drawn);
        }
        let all = others.len();
        others.sort_unstable();
        others.dedup();
        assert_eq!(others.len(), all);
    }

    /// Peers see what one key makes; of another key they learn nothing, and a run with the same
    /// seed in its first 64 bits is another run.
    #[test]
    fn each_bit_of_the_seed_matters() {
        let tag = |octets| Identifiers::new(&Seed::new(octets)).tag();
        let mut tags: Vec<String> = (0..32)
            .flat_map(|octet| (0..8).map(move |bit| (octet, bit)))
            .map(|(octet, bit)| {
                let mut octets = [0; 32];
                octets[octet] = 1 << bit;
                tag(octets)
            })
            .collect();
        tags.push(tag([0; 32]));
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), 257);
    }

    #[test]
    fn copies_of_a_request_get_one_tag() {
        let identifiers = Identifiers::new(&Seed::from(1));
        let tag = identifiers.stateless_tag(b"Via");
        assert_eq!(tag, identifiers.stateless_tag(b"Via"));
        assert_ne!(tag, identifiers.stateless_tag(b"via"));
    }
}

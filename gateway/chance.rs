//! Chance from a seed: tags, branches, nonces, SSRCs. The same seed gives the same run.
//!
//! The generator is HMAC-SHA-256 (RFC 2104) of a counter, with a key made of the seed and of what
//! the numbers are for: who has seen any of them knows nothing of the others, which he would have
//! to of a nonce that he may not foresee (RFC 7616 §5.9) and of the tags of other people's dialogs
//! (RFC 3261 §19.3).

use std::fmt;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

/// Octets of a seed.
pub const SEED_OCTETS: usize = 32;

/// What all chance of a run comes from: 256 bits of the system, or a number for a run that is to be
/// repeated. No text shows it but a recording, which is replayed with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed([u8; SEED_OCTETS]);

impl Seed {
    /// Of octets that nobody else knows.
    #[must_use]
    pub fn new(octets: [u8; SEED_OCTETS]) -> Self {
        Self(octets)
    }
}

/// A seed that everybody knows, for runs that are to be repeated.
impl From<u64> for Seed {
    fn from(number: u64) -> Self {
        let mut octets = [0; SEED_OCTETS];
        for (octet, of) in octets.iter_mut().zip(number.to_be_bytes()) {
            *octet = of;
        }
        Self(octets)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

/// As hexadecimal digits.
impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hexadecimal(&self.0))
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let octets: Option<Vec<u8>> = text
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let octets = octets.and_then(|octets| octets.try_into().ok());
        octets
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("a seed is 64 hexadecimal digits"))
    }
}

/// A generator of numbers that nobody foresees who does not know the seed.
pub struct Chance {
    keyed: Hmac<Sha256>,
    counter: u64,
}

impl Chance {
    /// The generator of a seed for one purpose; two purposes have nothing in common.
    #[must_use]
    pub fn new(seed: &Seed, purpose: &str) -> Self {
        let key = keyed(&seed.0).chain_update(purpose).finalize().into_bytes();
        Self {
            keyed: keyed(&key),
            counter: 0,
        }
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        first_eight(self.keyed.clone().chain_update(self.counter.to_be_bytes()))
    }

    /// A number below `bound`, which must not be 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound.max(1)
    }

    /// A number that is the same for the same octets, and that nobody else can compute.
    #[must_use]
    pub fn of(&self, octets: &[u8]) -> u64 {
        // Counters have eight octets: this input is no counter.
        first_eight(
            self.keyed
                .clone()
                .chain_update("octets:")
                .chain_update(octets),
        )
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chance")
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of any length")
}

fn first_eight(mac: Hmac<Sha256>) -> u64 {
    let octets: [u8; 32] = mac.finalize().into_bytes().into();
    let (first, _) = octets.split_first_chunk().unwrap_or((&[0; 8], &[]));
    u64::from_be_bytes(*first)
}

/// Octets as hexadecimal digits.
#[must_use]
pub fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_purpose_others() {
        let take = |seed: u64, purpose| {
            let mut chance = Chance::new(&Seed::from(seed), purpose);
            std::iter::repeat_with(|| chance.draw())
                .take(4)
                .collect::<Vec<_>>()
        };
        assert_eq!(take(1, "tags"), take(1, "tags"));
        assert_ne!(take(1, "tags"), take(1, "nonces"));
        assert_ne!(take(1, "tags"), take(2, "tags"));
    }

    /// What the generator rests on, by case 2 of RFC 4231.
    #[test]
    fn hmac_sha_256_as_the_rfc_has_it() {
        let mac = keyed(b"Jefe").chain_update("what do ya want for nothing?");
        let octets: [u8; 32] = mac.finalize().into_bytes().into();
        assert_eq!(
            hexadecimal(&octets),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_seed_is_written_and_read_and_never_shown() {
        let seed = Seed::new(std::array::from_fn(|n| n as u8 * 7));
        let text = serde_json::to_string(&seed).unwrap();
        assert_eq!(serde_json::from_str::<Seed>(&text).unwrap(), seed);
        assert!(serde_json::from_str::<Seed>("\"12\"").is_err());
        assert!(serde_json::from_str::<Seed>(&text.replace("0007", "00é")).is_err());
        assert_eq!(format!("{seed:?}"), "Seed");
    }
}

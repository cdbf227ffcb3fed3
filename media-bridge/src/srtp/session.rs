//! Session keys and what is done with them: derivation (RFC 3711 §4.3), the key stream of AES in
//! counter mode (§4.1.1), tags of HMAC-SHA1 (§4.2.1).

use aes::cipher::{InnerIvInit, KeyInit, StreamCipher};
use aes::{Aes128Enc, Aes256Enc};
use ctr::CtrCore;
use ctr::cipher::StreamCipherCoreWrapper;
use ctr::flavors::Ctr128BE;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::key::{MasterKey, SALT_OCTETS, Suite};

/// Octets of a session authentication key (RFC 3711 §5.2).
const AUTHENTICATION_OCTETS: usize = 20;

/// What session keys are for: the first of the three labels of each (RFC 3711 §4.3.1, §4.3.2).
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// Labels 0 to 2.
    Rtp = 0,
    /// Labels 3 to 5.
    Rtcp = 3,
}

/// AES with the key of a session, or a master key.
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is in a box that only protected calls have"
)]
enum Cipher {
    Aes128(Aes128Enc),
    Aes256(Aes256Enc),
}

impl Cipher {
    /// That of a suite, with as much of the octets as its keys have.
    fn new(suite: Suite, key: &[u8; 32]) -> Self {
        match suite.key_octets() {
            16 => Self::Aes128(Aes128Enc::new(key.split_at(16).0.into())),
            _ => Self::Aes256(Aes256Enc::new(key.into())),
        }
    }

    /// Adds the key stream that begins with this counter block.
    fn apply(&self, counter: u128, octets: &mut [u8]) {
        let block = counter.to_be_bytes().into();
        match self {
            Self::Aes128(aes) => {
                let core = CtrCore::<_, Ctr128BE>::inner_iv_init(aes, &block);
                StreamCipherCoreWrapper::from_core(core).apply_keystream(octets);
            }
            Self::Aes256(aes) => {
                let core = CtrCore::<_, Ctr128BE>::inner_iv_init(aes, &block);
                StreamCipherCoreWrapper::from_core(core).apply_keystream(octets);
            }
        }
    }
}

/// A salt, shifted to where counter blocks have it.
fn shifted(salt: &[u8]) -> u128 {
    let octets = salt.iter().take(SALT_OCTETS);
    octets.fold(0, |sum, octet| sum << 8 | u128::from(*octet)) << 16
}

/// The keys of RTP, or of RTCP, in one direction.
#[derive(Clone)]
pub(super) struct SessionKeys {
    cipher: Cipher,
    /// The salt, shifted to where counter blocks have it.
    salt: u128,
    authentication: Hmac<Sha1>,
    tag: usize,
}

impl std::fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKeys(…)")
    }
}

impl SessionKeys {
    /// Derives them; the key derivation rate is 0, so that they stay (RFC 3711 §4.3.1).
    pub(super) fn derive(master: &MasterKey, purpose: Purpose) -> Self {
        let suite = master.suite();
        let (key, salt) = master.parts();
        let mut octets = [0; 32];
        for (octet, of_key) in octets.iter_mut().zip(key) {
            *octet = *of_key;
        }
        let (master, salt) = (Cipher::new(suite, &octets), shifted(salt));
        let derive = |label: u8, octets: &mut [u8]| {
            octets.fill(0);
            master.apply(salt ^ u128::from(purpose as u8 + label) << 64, octets);
        };
        derive(0, &mut octets);
        let mut authentication = [0; AUTHENTICATION_OCTETS];
        derive(1, &mut authentication);
        let mut salt = [0; SALT_OCTETS];
        derive(2, &mut salt);
        let tag = match purpose {
            Purpose::Rtp => suite.tag_octets(),
            // Both suites of short tags have long ones on RTCP (RFC 4568 §6.2).
            Purpose::Rtcp => 10,
        };
        Self::new((suite, &octets), &salt, authentication, tag)
    }

    fn new(
        (suite, key): (Suite, &[u8; 32]),
        salt: &[u8; SALT_OCTETS],
        authentication: [u8; AUTHENTICATION_OCTETS],
        tag: usize,
    ) -> Self {
        // A key of HMAC is filled up with zeros to a block of the hash (RFC 2104 §2).
        let mut block = [0; 64];
        for (octet, of_key) in block.iter_mut().zip(authentication) {
            *octet = of_key;
        }
        Self {
            cipher: Cipher::new(suite, key),
            salt: shifted(salt),
            authentication: <Hmac<Sha1> as KeyInit>::new(&block.into()),
            tag,
        }
    }

    /// Session keys as a test vector has them.
    #[cfg(test)]
    pub(super) fn of(suite: Suite, key: &[u8], salt: &[u8], authentication: &[u8]) -> Self {
        let mut octets = [0; 32];
        octets[..key.len()].copy_from_slice(key);
        let (salt, authentication) = (salt.try_into().unwrap(), authentication.try_into().unwrap());
        Self::new((suite, &octets), &salt, authentication, suite.tag_octets())
    }

    /// Octets of its tags.
    pub(super) fn tag_octets(&self) -> usize {
        self.tag
    }

    /// Encrypts or decrypts what is behind the header: the key stream of this source and packet
    /// index, of 48 bits (RFC 3711 §4.1.1).
    pub(super) fn apply(&self, ssrc: u32, index: u64, octets: &mut [u8]) {
        let counter = self.salt ^ (u128::from(ssrc) << 64) ^ (u128::from(index) << 16);
        self.cipher.apply(counter, octets);
    }

    /// The tag of a packet and, for RTP, its roll-over counter (RFC 3711 §4.2).
    pub(super) fn tag(&self, packet: &[u8], rollover: Option<u32>) -> [u8; 20] {
        self.hash(packet, rollover).finalize().into_bytes().into()
    }

    /// Whether it is that tag; takes the same time whatever differs.
    pub(super) fn verify(&self, packet: &[u8], rollover: Option<u32>, tag: &[u8]) -> bool {
        tag.len() == self.tag
            && self
                .hash(packet, rollover)
                .verify_truncated_left(tag)
                .is_ok()
    }

    fn hash(&self, packet: &[u8], rollover: Option<u32>) -> Hmac<Sha1> {
        let mut mac = self.authentication.clone();
        mac.update(packet);
        if let Some(rollover) = rollover {
            mac.update(&rollover.to_be_bytes());
        }
        mac
    }
}

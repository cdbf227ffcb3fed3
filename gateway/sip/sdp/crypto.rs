//! Keys of SRTP in session descriptions: `a=crypto` (RFC 4568), with RTP/SAVP, or with RTP/AVP
//! where protection is wished for and not required (RFC 8643).
//!
//! One key for each packet that goes out, none shared with the peer: ours are derived from a
//! [`Secret`] and stay through a session, whatever offers follow, as long as the suite stays.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, Mac};
use media_bridge::srtp::{MOST_PACKETS, MasterKey, Mki, Suite};
use sdp_types::{Attribute, Media};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{Capabilities, Refusal};
use crate::chance::Chance;

/// Padding is discarded (RFC 4568 §6.1).
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Lines of one description that are looked at.
const MOST_LINES: usize = 16;

/// The transport of an m= line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// RTP/AVP (RFC 3551).
    #[default]
    Avp,
    /// RTP/SAVP (RFC 3711).
    Savp,
}

impl Profile {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Avp => "RTP/AVP",
            Self::Savp => "RTP/SAVP",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Avp, Self::Savp]
            .into_iter()
            .find(|profile| profile.name().eq_ignore_ascii_case(name))
    }
}

/// What the keys of a session are derived from. No text shows it, and no recording holds it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Of octets that nobody else knows.
    #[must_use]
    pub fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Of the next numbers of a generator.
    #[must_use]
    pub fn of(chance: &mut Chance) -> Self {
        let mut octets = [0; 32];
        for eight in octets.as_chunks_mut().0 {
            *eight = chance.draw().to_be_bytes();
        }
        Self(octets)
    }

    /// Another secret, for one purpose and number: neither says anything of the other.
    #[must_use]
    pub fn derive(&self, purpose: &str, number: u64) -> Self {
        Self(self.hash(purpose, number))
    }

    /// A master key for the suite that we begin to use in this version of our description.
    fn key(&self, suite: Suite, version: u64) -> Option<MasterKey> {
        let key = self.hash(suite.name(), version);
        let salt = self.derive("salt", 0).hash(suite.name(), version);
        let octets: Vec<u8> = key.into_iter().chain(salt).collect();
        MasterKey::new(suite, octets.get(..suite.keying_octets())?)
    }

    fn hash(&self, purpose: &str, number: u64) -> [u8; 32] {
        // A key of HMAC is filled up with zeros to a block of the hash (RFC 2104 §2).
        let mut block = [0; 64];
        for (octet, of) in block.iter_mut().zip(self.0) {
            *octet = of;
        }
        let mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into());
        let mac = mac.chain_update(number.to_be_bytes());
        mac.chain_update(purpose).finalize().into_bytes().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Whether and how a session is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Srtp {
    /// Nothing goes unprotected: offers are of RTP/SAVP, and whoever offers or answers without a
    /// key is refused. Otherwise offers are of RTP/AVP with keys (RFC 8643 §3.1), and a peer
    /// without is taken.
    pub required: bool,
    /// Suites, the preferred first. An offer lists them so; an answer keeps the offer's order.
    pub suites: [Option<Suite>; 4],
    /// Where our keys come from.
    pub secret: Secret,
}

impl Srtp {
    fn suites(&self) -> impl Iterator<Item = Suite> + '_ {
        self.suites.iter().flatten().copied()
    }
}

/// A line of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Its tag, 1 to 999,999,999.
    pub tag: u32,
    /// Our key.
    pub key: MasterKey,
}

impl Line {
    fn attribute(&self) -> Attribute {
        let keying = BASE64.encode(self.key.octets());
        let suite = self.key.suite();
        Attribute::with_value("crypto", format!("{} {suite} inline:{keying}", self.tag))
    }
}

/// What was agreed on: two keys of one suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protection {
    /// Our line, as the offer or the answer has it.
    pub ours: Line,
    /// The peer's key.
    pub peers: MasterKey,
    /// How many packets of RTP, and of RTCP, the peer's key may protect.
    pub lifetime: u64,
    /// What the peer's packets carry to say which key it is.
    pub mki: Option<Mki>,
}

/// A line of the peer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offered {
    tag: u32,
    key: MasterKey,
    lifetime: u64,
    mki: Option<Mki>,
}

/// Why a line of the peer cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unusable {
    /// It is not written as RFC 4568 §9.1 says.
    #[error("it is not written as RFC 4568 section 9 says")]
    Syntax,
    /// A suite that we do not have, or are not to use.
    #[error("suite {0} is not used")]
    Suite(String),
    /// Key and salt have not as many octets as the suite wants.
    #[error("its key has not the {0} octets that its suite wants")]
    Key(usize),
    /// More than one key: they would be told apart by their MKI.
    #[error("more than one key")]
    Keys,
    /// Zero, or more packets than a key may protect.
    #[error("its lifetime is not 1 to 2^48 packets")]
    Lifetime,
    /// A master key identifier that is longer than 128 octets, or a number beyond 64 bits.
    #[error("its MKI is not a number of 64 bits in 1 to 128 octets")]
    Mki,
    /// A session parameter that changes what the suite does.
    #[error("session parameter {0} is not supported")]
    Parameter(String),
}

/// The lines of an m= line, as far as they are looked at.
pub(super) fn lines(media: &Media) -> Vec<Result<Offered, (u32, Unusable)>> {
    let values = media.get_attribute_values("crypto").flatten();
    values.take(MOST_LINES).map(parse).collect()
}

/// Reads the value of `a=crypto`.
fn parse(value: &str) -> Result<Offered, (u32, Unusable)> {
    let mut words = value.split_ascii_whitespace();
    let tag = words.next().and_then(|tag| number(tag, 999_999_999));
    let (Some(tag), Some(suite), Some(params)) = (tag, words.next(), words.next()) else {
        return Err((0, Unusable::Syntax));
    };
    let tag = tag as u32;
    read(tag, suite, params, words).map_err(|why| (tag, why))
}

fn read<'a>(
    tag: u32,
    suite: &str,
    params: &str,
    session: impl Iterator<Item = &'a str>,
) -> Result<Offered, Unusable> {
    let suite = Suite::named(suite).ok_or_else(|| Unusable::Suite(token(suite)))?;
    if params.contains(';') {
        return Err(Unusable::Keys);
    }
    let method = params.split_once(':').ok_or(Unusable::Syntax)?;
    if !method.0.eq_ignore_ascii_case("inline") {
        return Err(Unusable::Syntax);
    }
    let mut fields = method.1.split('|');
    let keying = fields.next().unwrap_or_default();
    let wrong = Unusable::Key(suite.keying_octets());
    let keying = BASE64.decode(keying).map_err(|_| wrong.clone())?;
    let key = MasterKey::new(suite, &keying).ok_or(wrong)?;
    let mut field = fields.next();
    // The lifetime never has a colon, the MKI always has one.
    let lifetime = match field {
        Some(text) if !text.contains(':') => {
            field = fields.next();
            lifetime(text).ok_or(Unusable::Lifetime)?
        }
        _ => MOST_PACKETS,
    };
    let mki = field
        .map(|text| mki(text).ok_or(Unusable::Mki))
        .transpose()?;
    if fields.next().is_some() {
        return Err(Unusable::Syntax);
    }
    for parameter in session {
        let name = parameter.split('=').next().unwrap_or_default();
        // Hints, the order of error correction that we do not do, and what may be ignored.
        if !matches!(name, "WSH" | "FEC_ORDER") && !name.starts_with('-') {
            return Err(Unusable::Parameter(token(name)));
        }
    }
    Ok(Offered {
        tag,
        key,
        lifetime,
        mki,
    })
}

/// A decimal number from 1 on, without leading zeros.
fn number(text: &str, most: u64) -> Option<u64> {
    let plain = !text.starts_with('0') && text.bytes().all(|octet| octet.is_ascii_digit());
    let number = text.parse().ok().filter(|_| plain)?;
    (number <= most).then_some(number)
}

fn lifetime(text: &str) -> Option<u64> {
    match text.strip_prefix("2^") {
        Some("0") => Some(1),
        Some(power) => Some(1 << number(power, 48)?),
        None => number(text, MOST_PACKETS),
    }
}

fn mki(text: &str) -> Option<Mki> {
    let (value, octets) = text.split_once(':')?;
    let octets = number(octets, 128)? as u8;
    // A number of zero identifies, too.
    let value = if value == "0" {
        0
    } else {
        number(value, u64::MAX)?
    };
    let fits = octets >= 8 || value >> (8 * octets) == 0;
    fits.then_some(Mki { value, octets })
}

/// A word of the peer as it may stand in a text of ours.
fn token(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.chars().filter(plain).take(40).collect()
}

/// Whatever stands in the lines: those of a description of ours.
pub(super) fn ours(media: &Media) -> Vec<Line> {
    let lines = lines(media).into_iter().flatten();
    lines
        .map(|Offered { tag, key, .. }| Line { tag, key })
        .collect()
}

impl Capabilities {
    /// With keys in offers, and for those who offer keys.
    #[must_use]
    pub fn with_srtp(self, srtp: Option<Srtp>) -> Self {
        let required = srtp.is_some_and(|srtp| srtp.required);
        Self {
            srtp,
            profile: if required {
                Profile::Savp
            } else {
                Profile::Avp
            },
            ..self
        }
    }

    /// Our lines: those that stand, or one for each suite.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let Some(srtp) = &self.srtp else {
            return Vec::new();
        };
        if !self.keys.is_empty() {
            return self.keys.clone();
        }
        let keys = srtp
            .suites()
            .filter_map(|suite| srtp.secret.key(suite, self.version));
        (1..)
            .zip(keys)
            .map(|(tag, key)| Line { tag, key })
            .collect()
    }

    /// Writes the transport and the lines into an m= line of ours.
    pub(super) fn protect(&self, media: &mut Media, profile: Profile, lines: &[Line]) {
        profile.name().clone_into(&mut media.proto);
        let lines = lines.iter().map(Line::attribute);
        media.attributes.splice(0..0, lines);
    }

    /// Chooses among the lines of an offer: the first that can be used (RFC 4568 §7.1.2). Nothing
    /// when the stream goes unprotected.
    pub(super) fn accept(
        &self,
        profile: Profile,
        lines: Vec<Result<Offered, (u32, Unusable)>>,
    ) -> Result<Option<Protection>, Refusal> {
        let Some(srtp) = &self.srtp else {
            return match profile {
                // Keys beside RTP/AVP may be ignored (RFC 8643 §3.2).
                Profile::Avp => Ok(None),
                Profile::Savp => Err(Refusal::NoAudio),
            };
        };
        let plain = profile == Profile::Avp && !srtp.required;
        let mut refusal = match profile {
            Profile::Avp => Refusal::Unprotected,
            Profile::Savp => Refusal::NoKey,
        };
        for line in lines {
            match line.and_then(|line| self.choose(srtp, line)) {
                Ok(protection) => return Ok(Some(protection)),
                Err((tag, why)) => refusal = Refusal::Crypto { tag, why },
            }
        }
        if plain { Ok(None) } else { Err(refusal) }
    }

    fn choose(&self, srtp: &Srtp, line: Offered) -> Result<Protection, (u32, Unusable)> {
        let suite = line.key.suite();
        let unused = (line.tag, Unusable::Suite(suite.to_string()));
        if !srtp.suites().any(|of| of == suite) {
            return Err(unused);
        }
        let stands = self.keys.iter().find(|ours| ours.key.suite() == suite);
        let key = stands.map(|ours| ours.key);
        let key = key.or_else(|| srtp.secret.key(suite, self.version));
        // A peer that sends our own key back has none.
        let key = key.filter(|key| *key != line.key).ok_or(unused)?;
        Ok(Protection {
            ours: Line { tag: line.tag, key },
            peers: line.key,
            lifetime: line.lifetime,
            mki: line.mki,
        })
    }

    /// What an answer says to our lines: one of them, by its tag and its suite (RFC 4568 §5.1.3).
    pub(super) fn conclude(
        &self,
        profile: Profile,
        lines: Vec<Result<Offered, (u32, Unusable)>>,
    ) -> Result<Option<Protection>, Refusal> {
        let Some(srtp) = &self.srtp else {
            return match profile {
                Profile::Avp => Ok(None),
                Profile::Savp => Err(Refusal::NoAudio),
            };
        };
        let mut lines = lines.into_iter();
        let line = match (lines.next(), lines.next()) {
            (None, _) if profile == Profile::Savp => return Err(Refusal::NoKey),
            (None, _) if srtp.required => return Err(Refusal::Unprotected),
            (None, _) => return Ok(None),
            (Some(line), None) => line.map_err(|(tag, why)| Refusal::Crypto { tag, why })?,
            (Some(_), Some(_)) => return Err(Refusal::Lines),
        };
        let is_answered = |ours: &&Line| {
            ours.tag == line.tag && ours.key.suite() == line.key.suite() && ours.key != line.key
        };
        let lines = self.lines();
        let ours = lines.iter().find(is_answered);
        let ours = *ours.ok_or(Refusal::Tag(line.tag))?;
        Ok(Some(Protection {
            ours,
            peers: line.key,
            lifetime: line.lifetime,
            mki: line.mki,
        }))
    }
}

/// Every key in a message, by its place: where `inline:` (RFC 4568 §9.2) is followed by base64.
fn keys(octets: &[u8]) -> Vec<std::ops::Range<usize>> {
    const INLINE: &[u8] = b"inline:";
    let is_base64 =
        |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'=');
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(rest) = octets.get(from..) {
        let mut found = rest.windows(INLINE.len());
        let Some(at) = found.position(|word| word.eq_ignore_ascii_case(INLINE)) else {
            break;
        };
        let start = from + at + INLINE.len();
        let key = octets.get(start..).unwrap_or_default();
        let length = key.iter().take_while(|octet| is_base64(octet)).count();
        if length > 0 {
            places.push(start..start + length);
        }
        from = start + length;
    }
    places
}

/// A SIP message with every key of SRTP blotted out, as long as it was.
#[must_use]
pub fn blotted(octets: &[u8]) -> Cow<'_, [u8]> {
    let places = keys(octets);
    if places.is_empty() {
        return Cow::Borrowed(octets);
    }
    let mut blotted = octets.to_vec();
    for place in places {
        blotted.get_mut(place).unwrap_or_default().fill(b'x');
    }
    Cow::Owned(blotted)
}

/// A SIP message with another key in the place of each key of SRTP: the same for the same, another
/// for another, so that a gateway does with it what it did with the first; and what the first was
/// cannot be told.
#[must_use]
pub fn disguised(octets: &[u8]) -> Cow<'_, [u8]> {
    let places = keys(octets);
    if places.is_empty() {
        return Cow::Borrowed(octets);
    }
    let mut disguised = octets.to_vec();
    for place in places {
        let Some(key) = disguised.get_mut(place) else {
            continue;
        };
        let Ok(keying) = BASE64.decode(&*key) else {
            // Nothing reads it now, and nothing shall then.
            key.fill(b'=');
            continue;
        };
        let hashes = (0u8..).flat_map(|n| {
            Sha256::new()
                .chain_update([n])
                .chain_update(&keying)
                .finalize()
        });
        let other: Vec<u8> = hashes.take(keying.len()).collect();
        let mut text = BASE64.encode(other).into_bytes();
        text.resize(key.len(), b'=');
        key.copy_from_slice(&text);
    }
    Cow::Owned(disguised)
}

#[cfg(test)]
mod tests;

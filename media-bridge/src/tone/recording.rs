//! Recorded sound: announcements from files.
//!
//! WAV files of one channel at 8 kHz are read with 16-bit PCM, A-law or mu-law (RIFF; format tags of
//! RFC 2361), and raw G.711. The reader is ours: `hound` reads no G.711.

use std::fmt;
use std::sync::Arc;

use tdm::Law;

use crate::SAMPLE_RATE;

/// The longest recording: ten minutes.
pub const MAX_RECORDING_SECONDS: u32 = 600;
/// Samples over which the first and the last sound rise and fall: 2 ms, as tones do.
const RAMP: usize = 16;

/// Format tags of a WAV file (RFC 2361).
const PCM: u16 = 1;
const ALAW: u16 = 6;
const MULAW: u16 = 7;
/// The tag stands further back: WAVE_FORMAT_EXTENSIBLE.
const EXTENSIBLE: u16 = 0xFFFE;

/// Why a file cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordingError {
    /// It does not begin as a WAV file does.
    #[error("no WAV file: it does not begin with RIFF and WAVE")]
    NoWave,
    /// A chunk that it needs is missing, or the file ends within it.
    #[error("the WAV file has no whole `{0}` chunk")]
    NoChunk(&'static str),
    /// Another encoding.
    #[error(
        "WAV format {tag} with {bits} bits; expected PCM of 16 bits (1), A-law (6) or mu-law (7)"
    )]
    Encoding {
        /// Its format tag.
        tag: u16,
        /// Bits of a sample.
        bits: u16,
    },
    /// More than one channel.
    #[error("{0} channels; expected one")]
    Channels(u16),
    /// Another rate.
    #[error("{0} samples a second; expected {SAMPLE_RATE}")]
    Rate(u32),
    /// Nothing to hear.
    #[error("no samples in it")]
    Empty,
    /// More than a recording may have.
    #[error("{0} s long; at most {MAX_RECORDING_SECONDS} s are possible")]
    TooLong(u32),
}

/// Samples that any number of calls play at the same time: cloning shares them.
#[derive(Clone, PartialEq, Eq)]
pub struct Recording {
    name: String,
    samples: Arc<[i16]>,
}

impl fmt::Debug for Recording {
    /// The name alone: what it sounds like is in its file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording({:?})", self.name)
    }
}

impl Recording {
    /// Reads a WAV file; `name` is what it is called in logs.
    ///
    /// # Errors
    /// [`RecordingError`] says what was found and what was expected.
    pub fn from_wav(name: &str, file: &[u8]) -> Result<Self, RecordingError> {
        let Some((b"RIFF", [_, _, _, _, b'W', b'A', b'V', b'E', chunks @ ..])) =
            file.split_first_chunk::<4>()
        else {
            return Err(RecordingError::NoWave);
        };
        let format = chunk(chunks, b"fmt ").ok_or(RecordingError::NoChunk("fmt "))?;
        let data = chunk(chunks, b"data").ok_or(RecordingError::NoChunk("data"))?;
        let short = |at: usize| {
            let octets = format
                .get(at..at + 2)
                .and_then(|octets| octets.try_into().ok());
            octets.map(u16::from_le_bytes)
        };
        let field = |at| short(at).ok_or(RecordingError::NoChunk("fmt "));
        let (tag, channels, bits) = (field(0)?, field(2)?, field(14)?);
        // The first two octets of the sub-format are the tag.
        let tag = if tag == EXTENSIBLE { field(24)? } else { tag };
        let rate = u32::from(field(4)?) | u32::from(field(6)?) << 16;
        if channels != 1 {
            return Err(RecordingError::Channels(channels));
        }
        if rate != SAMPLE_RATE {
            return Err(RecordingError::Rate(rate));
        }
        match (tag, bits) {
            (PCM, 16) => {
                let samples = data.as_chunks::<2>().0.iter();
                Self::new(
                    name,
                    samples.map(|octets| i16::from_le_bytes(*octets)).collect(),
                )
            }
            (ALAW, 8) => Self::from_g711(name, data, Law::ALaw),
            (MULAW, 8) => Self::from_g711(name, data, Law::MuLaw),
            (tag, bits) => Err(RecordingError::Encoding { tag, bits }),
        }
    }

    /// Octets of G.711, as raw files have them.
    ///
    /// # Errors
    /// [`RecordingError::Empty`] and [`RecordingError::TooLong`].
    pub fn from_g711(name: &str, octets: &[u8], law: Law) -> Result<Self, RecordingError> {
        Self::new(
            name,
            octets.iter().map(|octet| law.decode(*octet)).collect(),
        )
    }

    /// Linear samples of 16 bits at 8 kHz, of the scale of G.711.
    ///
    /// # Errors
    /// [`RecordingError::Empty`] and [`RecordingError::TooLong`].
    pub fn new(name: &str, mut samples: Vec<i16>) -> Result<Self, RecordingError> {
        let seconds = samples.len() / SAMPLE_RATE as usize;
        if seconds >= MAX_RECORDING_SECONDS as usize {
            return Err(RecordingError::TooLong(
                u32::try_from(seconds).unwrap_or(u32::MAX),
            ));
        }
        if samples.is_empty() {
            return Err(RecordingError::Empty);
        }
        let ramp = |(n, sample): (usize, &mut i16)| {
            *sample = (i32::from(*sample) * n as i32 / RAMP as i32) as i16;
        };
        samples.iter_mut().take(RAMP).enumerate().for_each(ramp);
        samples
            .iter_mut()
            .rev()
            .take(RAMP)
            .enumerate()
            .for_each(ramp);
        Ok(Self::held(name, samples))
    }

    /// One without sound, in place of a file that is not at hand: it ends at once.
    #[must_use]
    pub fn silent(name: &str) -> Self {
        Self::held(name, vec![0])
    }

    fn held(name: &str, samples: Vec<i16>) -> Self {
        Self {
            name: name.to_owned(),
            samples: samples.into(),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its samples: at least one.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }
}

/// The content of the first chunk of this name; none when it is not there or the file ends within.
fn chunk<'a>(mut chunks: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    loop {
        let (found, rest) = chunks.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        if found == name {
            return rest.get(..length);
        }
        // Chunks begin at even places.
        chunks = rest.get(length.checked_add(length % 2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A WAV file of these chunks.
    fn wav(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVE".to_vec();
        for (name, content) in chunks {
            file.extend_from_slice(*name);
            file.extend_from_slice(&(content.len() as u32).to_le_bytes());
            file.extend_from_slice(content);
            file.resize(file.len().next_multiple_of(2), 0);
        }
        file
    }

    fn format(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
        let mut format = Vec::new();
        format.extend_from_slice(&tag.to_le_bytes());
        format.extend_from_slice(&channels.to_le_bytes());
        format.extend_from_slice(&rate.to_le_bytes());
        format.extend_from_slice(&[0; 6]);
        format.extend_from_slice(&bits.to_le_bytes());
        format
    }

    fn read(tag: u16, bits: u16, data: Vec<u8>) -> Result<Recording, RecordingError> {
        let list = (b"LIST", vec![7; 5]);
        Recording::from_wav(
            "test",
            &wav(&[
                list,
                (b"fmt ", format(tag, 1, 8_000, bits)),
                (b"data", data),
            ]),
        )
    }

    #[test]
    fn pcm_and_both_laws_are_read_and_begin_softly() {
        let pcm: Vec<u8> = (0..100).flat_map(|_| 8_000i16.to_le_bytes()).collect();
        let recording = read(PCM, 16, pcm).unwrap();
        let samples = recording.samples();
        assert_eq!(samples.len(), 100);
        assert_eq!((samples[0], samples[99], samples[16]), (0, 0, 8_000));
        assert!(
            samples
                .windows(2)
                .all(|pair| (pair[1] - pair[0]).abs() <= 500)
        );
        for (tag, law) in [(ALAW, Law::ALaw), (MULAW, Law::MuLaw)] {
            let octets: Vec<u8> = (0..=255).collect();
            let recording = read(tag, 8, octets.clone()).unwrap();
            let raw = Recording::from_g711("test", &octets, law).unwrap();
            assert_eq!(recording, raw);
            let decoded: Vec<i16> = octets.iter().map(|octet| law.decode(*octet)).collect();
            assert_eq!(raw.samples()[16..240], decoded[16..240]);
        }
        // WAVE_FORMAT_EXTENSIBLE.
        let mut extensible = format(EXTENSIBLE, 1, 8_000, 16);
        extensible.extend_from_slice(&[22, 0, 16, 0, 0, 0, 0, 0, 1, 0]);
        let file = wav(&[(b"fmt ", extensible), (b"data", vec![1; 4])]);
        assert_eq!(
            Recording::from_wav("test", &file).unwrap().samples().len(),
            2
        );
    }

    #[test]
    fn what_cannot_be_played_is_refused_with_what_was_expected() {
        use RecordingError as E;
        let with = |format: Vec<u8>| {
            Recording::from_wav("test", &wav(&[(b"fmt ", format), (b"data", vec![0; 4])]))
        };
        assert_eq!(Recording::from_wav("test", b"ID3"), Err(E::NoWave));
        assert_eq!(
            Recording::from_wav("test", &wav(&[])),
            Err(E::NoChunk("fmt "))
        );
        let no_data = wav(&[(b"fmt ", format(PCM, 1, 8_000, 16))]);
        assert_eq!(
            Recording::from_wav("test", &no_data),
            Err(E::NoChunk("data"))
        );
        let mut cut = wav(&[(b"fmt ", format(PCM, 1, 8_000, 16)), (b"data", vec![0; 4])]);
        cut.pop();
        assert_eq!(Recording::from_wav("test", &cut), Err(E::NoChunk("data")));
        assert_eq!(with(format(PCM, 2, 8_000, 16)), Err(E::Channels(2)));
        assert_eq!(with(format(PCM, 1, 44_100, 16)), Err(E::Rate(44_100)));
        assert_eq!(
            with(format(PCM, 1, 8_000, 8)),
            Err(E::Encoding { tag: 1, bits: 8 })
        );
        assert_eq!(
            with(format(85, 1, 8_000, 0)),
            Err(E::Encoding { tag: 85, bits: 0 })
        );
        assert_eq!(read(PCM, 16, Vec::new()), Err(E::Empty));
        assert_eq!(
            Recording::new("test", vec![0; 600 * 8_000]),
            Err(E::TooLong(600))
        );
        let text = E::Rate(44_100).to_string();
        assert_eq!(text, "44100 samples a second; expected 8000");
    }

    proptest! {
        #[test]
        fn no_file_panics(mut file in proptest::collection::vec(any::<u8>(), 0..200), wave in any::<bool>()) {
            if wave && file.len() >= 12 {
                file[..12].copy_from_slice(b"RIFF\0\0\0\0WAVE");
            }
            let _ = Recording::from_wav("test", &file);
        }
    }
}

//! Country plans: the call progress tones of a network, read from `config/tones/*.toml`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tdm::Law;

use super::program::{Modulation, Partial, ProgramError, Segment, ToneProgram};
use crate::SAMPLES_PER_MS;
use crate::level::Dbm0;

/// The tones a plan may hold (E.180 clauses 3 to 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToneName {
    /// Dial: the exchange is ready for digits.
    Dial,
    /// Ringback: the called party is being alerted.
    Ringback,
    /// Busy: the called party is busy.
    Busy,
    /// Congestion: no way through the network.
    Congestion,
    /// Special information: an announcement follows, or would.
    SpecialInformation,
    /// Call waiting.
    CallWaiting,
}

impl ToneName {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Dial,
        Self::Ringback,
        Self::Busy,
        Self::Congestion,
        Self::SpecialInformation,
        Self::CallWaiting,
    ];
}

impl std::fmt::Display for ToneName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Dial => "dial",
            Self::Ringback => "ringback",
            Self::Busy => "busy",
            Self::Congestion => "congestion",
            Self::SpecialInformation => "special_information",
            Self::CallWaiting => "call_waiting",
        })
    }
}

/// Why a plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file is not TOML of the expected shape; the message points at line and column.
    #[error("tone plan: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A tone cannot be played.
    #[error("tone plan {country}: {tone}: {source}")]
    Tone {
        /// The plan's country.
        country: String,
        /// Which tone.
        tone: ToneName,
        /// What is wrong with it.
        source: ProgramError,
    },
}

/// The tones of one country, ready to play.
#[derive(Debug, Clone)]
pub struct Plan {
    country: String,
    name: String,
    law: Law,
    dial: Arc<ToneProgram>,
    ringback: Arc<ToneProgram>,
    busy: Arc<ToneProgram>,
    congestion: Arc<ToneProgram>,
    special_information: Arc<ToneProgram>,
    call_waiting: Option<Arc<ToneProgram>>,
}

/// The file, key by key; `config/tones/de.toml` explains each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    country: String,
    name: String,
    law: Law,
    level: f32,
    dial: ToneFile,
    ringback: ToneFile,
    busy: ToneFile,
    congestion: ToneFile,
    special_information: ToneFile,
    call_waiting: Option<ToneFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToneFile {
    #[serde(default = "repeats")]
    repeat: bool,
    level: Option<f32>,
    segments: Vec<SegmentFile>,
}

fn repeats() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentFile {
    #[serde(default)]
    frequencies: Vec<f32>,
    ms: Option<u32>,
    level: Option<f32>,
    modulation: Option<ModulationFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModulationFile {
    frequency: f32,
    depth: f32,
}

impl ToneFile {
    fn program(&self, level: f32) -> Result<Arc<ToneProgram>, ProgramError> {
        let level = self.level.unwrap_or(level);
        let segments = self
            .segments
            .iter()
            .map(|segment| segment.build(level))
            .collect();
        ToneProgram::new(segments, self.repeat).map(Arc::new)
    }
}

impl SegmentFile {
    fn build(&self, level: f32) -> Segment {
        let level = Dbm0(self.level.unwrap_or(level));
        let modulation = self.modulation.as_ref().map(|m| Modulation {
            frequency: m.frequency,
            depth: m.depth,
        });
        let partials = self
            .frequencies
            .iter()
            .map(|&frequency| Partial {
                frequency,
                level,
                modulation,
            })
            .collect();
        Segment {
            partials,
            recording: None,
            samples: self.ms.map(|ms| ms.saturating_mul(SAMPLES_PER_MS)),
        }
    }
}

macro_rules! builtin {
    ($($country:literal)*) => {
        /// Country code and text of the plans that come with the program.
        const BUILTIN: &[(&str, &str)] = &[
            $(($country, include_str!(concat!("../../../config/tones/", $country, ".toml")))),*
        ];
    };
}
builtin!("at" "au" "be" "br" "ch" "cn" "de" "dk" "es" "fr" "gb" "in" "it" "jp" "nl" "no" "nz"
         "pl" "pt" "ru" "se" "us");

impl Plan {
    /// Reads a plan from the text of a file.
    ///
    /// # Errors
    /// [`PlanError::Syntax`] with line and column for unknown or missing keys and wrong types,
    /// [`PlanError::Tone`] for tones that cannot be played.
    pub fn parse(text: &str) -> Result<Self, PlanError> {
        let file: PlanFile = toml::from_str(text)?;
        let build = |tone, source: &ToneFile| {
            source
                .program(file.level)
                .map_err(|source| PlanError::Tone {
                    country: file.country.clone(),
                    tone,
                    source,
                })
        };
        Ok(Self {
            dial: build(ToneName::Dial, &file.dial)?,
            ringback: build(ToneName::Ringback, &file.ringback)?,
            busy: build(ToneName::Busy, &file.busy)?,
            congestion: build(ToneName::Congestion, &file.congestion)?,
            special_information: build(ToneName::SpecialInformation, &file.special_information)?,
            call_waiting: match &file.call_waiting {
                Some(tone) => Some(build(ToneName::CallWaiting, tone)?),
                None => None,
            },
            law: file.law,
            country: file.country,
            name: file.name,
        })
    }

    /// The plan of a country that comes with the program, by ISO 3166 code in lower case, such
    /// as `"de"`; `None` when there is none.
    #[must_use]
    pub fn builtin(country: &str) -> Option<Self> {
        let (_, text) = BUILTIN.iter().find(|(code, _)| *code == country)?;
        // Every file is parsed by a test.
        Self::parse(text).ok()
    }

    /// Codes of the countries that [`Plan::builtin`] knows, in order.
    pub fn countries() -> impl Iterator<Item = &'static str> {
        BUILTIN.iter().map(|(code, _)| *code)
    }

    /// Country code, as in the file.
    #[must_use]
    pub fn country(&self) -> &str {
        &self.country
    }

    /// Name of the country, in English.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The companding law of the country's network.
    #[must_use]
    pub fn law(&self) -> Law {
        self.law
    }

    /// A tone to play; `None` when the plan lacks it, which only call waiting may be.
    #[must_use]
    pub fn tone(&self, name: ToneName) -> Option<Arc<ToneProgram>> {
        match name {
            ToneName::Dial => Some(Arc::clone(&self.dial)),
            ToneName::Ringback => Some(self.ringback()),
            ToneName::Busy => Some(self.busy()),
            ToneName::Congestion => Some(self.congestion()),
            ToneName::SpecialInformation => Some(self.special_information()),
            ToneName::CallWaiting => self.call_waiting.clone(),
        }
    }

    /// Ringback tone.
    #[must_use]
    pub fn ringback(&self) -> Arc<ToneProgram> {
        Arc::clone(&self.ringback)
    }

    /// Busy tone.
    #[must_use]
    pub fn busy(&self) -> Arc<ToneProgram> {
        Arc::clone(&self.busy)
    }

    /// Congestion tone.
    #[must_use]
    pub fn congestion(&self) -> Arc<ToneProgram> {
        Arc::clone(&self.congestion)
    }

    /// Special information tone.
    #[must_use]
    pub fn special_information(&self) -> Arc<ToneProgram> {
        Arc::clone(&self.special_information)
    }
}

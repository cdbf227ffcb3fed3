//! What a node is told at its birth.

use mtp::PointCode;

use crate::{Cic, CircuitId, Location, Variant, circuit::Timers};

/// The circuits of this exchange towards all others.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The standard that messages follow.
    pub variant: Variant,
    /// The point code of this exchange.
    pub opc: PointCode,
    /// One for each exchange at the other end (or several, when timers differ).
    pub groups: Vec<GroupConfig>,
}

/// Circuits towards one exchange.
#[derive(Clone, Debug)]
pub struct GroupConfig {
    /// The point code of the exchange at the other end.
    pub dpc: PointCode,
    /// The circuits: their number here, and their code on the line.
    pub circuits: Vec<(CircuitId, Cic)>,
    /// The values of the timers.
    pub timers: Timers,
    /// How the circuits are made idle at start-up (Q.764 §2.9.3).
    pub start: StartReset,
    /// The location in the causes that this exchange makes up itself (Q.850 §2.2.3).
    pub location: Location,
    /// Answer messages for circuits that are not configured with UCIC (Q.764 §2.12, national use);
    /// otherwise they are only discarded.
    pub unequipped: bool,
}

impl GroupConfig {
    /// Circuits towards `dpc`, everything else by default.
    #[must_use]
    pub fn new(dpc: PointCode, circuits: Vec<(CircuitId, Cic)>) -> Self {
        Self {
            dpc,
            circuits,
            timers: Timers::default(),
            start: StartReset::default(),
            location: Location::BeyondInterworkingPoint,
            unequipped: true,
        }
    }
}

/// How circuits are made idle at start-up, when neither end knows what the other believes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartReset {
    /// GRS for each run of adjoining codes (Q.764 §2.9.3.2); RSC for a code that stands alone.
    #[default]
    Group,
    /// RSC for each circuit (Q.764 §2.9.3.1).
    Circuit,
}

/// A configuration that no node can be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The exchange would be its own far end.
    #[error("dpc {0} is the node's own point code, expected that of the far end")]
    OwnPointCode(PointCode),
    /// The two ends of circuits would be of two standards.
    #[error("dpc {dpc} and the node's own point code {opc} are of different standards")]
    Standards {
        /// The far end.
        dpc: PointCode,
        /// The node.
        opc: PointCode,
    },
    /// Two circuits would have one name on the line.
    #[error("CIC {cic} towards {dpc} is given twice")]
    CicTwice {
        /// The far end.
        dpc: PointCode,
        /// The code on the line.
        cic: Cic,
    },
    /// Two circuits would have one name here.
    #[error("circuit {0} is given twice")]
    CircuitTwice(CircuitId),
    /// The code has no room in a message.
    #[error("CIC {cic} towards {dpc}: expected 0 to {most}")]
    CicRange {
        /// The far end.
        dpc: PointCode,
        /// The code on the line.
        cic: Cic,
        /// The greatest code of the variant.
        most: u16,
    },
}

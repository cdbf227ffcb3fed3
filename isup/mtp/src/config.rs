//! What a node is told about itself and its neighbours.

use std::collections::BTreeSet;

use crate::timers::{OutOfRange, Timers};
use crate::{ErrorCorrection, LinkId, NetworkIndicator, PointCode, Slc, Standard, Thresholds};

/// Links a linkset can have (Q.704 §2.3: the SLC has four bits).
pub const LINKS_PER_LINKSET: usize = 16;

/// Configuration of a signalling point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// ITU or ANSI formats and figures.
    pub standard: Standard,
    /// Sent in every message; messages with another one are discarded.
    pub network_indicator: NetworkIndicator,
    /// This signalling point.
    pub point_code: PointCode,
    /// The neighbours and the links to them.
    pub linksets: Vec<LinksetConfig>,
    /// Ways to signalling points behind neighbours; an adjacent point is always reached over its
    /// own linkset first.
    pub routes: Vec<Route>,
    /// Timer values that differ from the defaults.
    pub timers: Timers,
    /// Service indicators of the user parts there are; a message for another is answered by user
    /// part unavailable (Q.704 §11.2.7).
    pub user_parts: Vec<u8>,
    /// Relay messages for other signalling points: the signalling transfer function (Q.704 §2.1).
    pub transfer_function: bool,
}

impl Config {
    /// A signalling end point without neighbours, to be filled in.
    pub fn new(standard: Standard, ni: NetworkIndicator, point_code: PointCode) -> Self {
        Self {
            standard,
            network_indicator: ni,
            point_code,
            linksets: Vec::new(),
            routes: Vec::new(),
            timers: Timers::default(),
            user_parts: vec![crate::service::ISUP],
            transfer_function: false,
        }
    }

    /// With one more linkset, its links numbered by `links` in order of their SLC from 0.
    pub fn with_linkset(mut self, adjacent: PointCode, links: &[LinkId]) -> Self {
        let links = (0..)
            .zip(links)
            .map(|(slc, &id)| LinkConfig::new(id, Slc(slc)))
            .collect();
        self.linksets.push(LinksetConfig { adjacent, links });
        self
    }

    /// Checks the configuration; [`crate::Mtp::new`] does it too.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), ConfigError> {
        let fits = |code: PointCode| {
            (code.standard() == self.standard)
                .then_some(())
                .ok_or(ConfigError::PointCode {
                    found: code,
                    expected: self.standard,
                })
        };
        fits(self.point_code)?;
        let mut adjacents = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for linkset in &self.linksets {
            let adjacent = linkset.adjacent;
            fits(adjacent)?;
            if adjacent == self.point_code {
                return Err(ConfigError::AdjacentIsSelf(adjacent));
            }
            if !adjacents.insert(adjacent) {
                return Err(ConfigError::DuplicateLinkset(adjacent));
            }
            if linkset.links.is_empty() || linkset.links.len() > LINKS_PER_LINKSET {
                return Err(ConfigError::LinkCount {
                    adjacent,
                    found: linkset.links.len(),
                });
            }
            let mut slcs = BTreeSet::new();
            for link in &linkset.links {
                if link.slc.0 > 15 {
                    return Err(ConfigError::Slc {
                        link: link.id,
                        found: link.slc.0,
                    });
                }
                if !slcs.insert(link.slc) {
                    return Err(ConfigError::DuplicateSlc {
                        adjacent,
                        slc: link.slc,
                    });
                }
                if !ids.insert(link.id) {
                    return Err(ConfigError::DuplicateLink(link.id));
                }
                if !(4_800..=2_048_000).contains(&link.bit_rate) {
                    return Err(ConfigError::BitRate {
                        link: link.id,
                        found: link.bit_rate,
                    });
                }
                if let ErrorCorrection::Preventive(Thresholds { n1, n2 }) = link.error_correction
                    && (!(1..=Thresholds::LARGEST_N1).contains(&n1) || n2 == 0)
                {
                    return Err(ConfigError::Thresholds {
                        link: link.id,
                        n1,
                        n2,
                    });
                }
            }
        }
        for route in &self.routes {
            fits(route.destination)?;
            if route.destination == self.point_code {
                return Err(ConfigError::RouteToSelf(route.destination));
            }
            if !adjacents.contains(&route.via) {
                return Err(ConfigError::RouteVia {
                    destination: route.destination,
                    via: route.via,
                });
            }
        }
        self.timers.check(self.standard)?;
        Ok(())
    }
}

/// A linkset: all links to one adjacent signalling point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinksetConfig {
    /// The neighbour.
    pub adjacent: PointCode,
    /// 1 to [`LINKS_PER_LINKSET`] links.
    pub links: Vec<LinkConfig>,
}

/// A link: one signalling timeslot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkConfig {
    /// The node's own number for it.
    pub id: LinkId,
    /// Signalling link code agreed with the neighbour, 0 to 15.
    pub slc: Slc,
    /// Bits per second of the line, 64000 unless the timeslot is restricted (56000).
    pub bit_rate: u32,
    /// Method of error correction agreed with the neighbour.
    pub error_correction: ErrorCorrection,
}

impl LinkConfig {
    /// A 64 kbit/s link with basic error correction.
    pub const fn new(id: LinkId, slc: Slc) -> Self {
        Self {
            id,
            slc,
            bit_rate: 64_000,
            error_correction: ErrorCorrection::Basic,
        }
    }
}

/// A way to a signalling point that is not adjacent, or a further way to one that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where it leads.
    pub destination: PointCode,
    /// The neighbour whose linkset is used.
    pub via: PointCode,
    /// Lower is preferred; routes of one priority share the load by SLS. The direct linkset to an
    /// adjacent point has priority 0.
    pub priority: u8,
}

/// A configuration cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A point code is of a network of another standard.
    #[error("point code {found} is one of another standard, expected one of {expected}")]
    PointCode {
        /// The code given.
        found: PointCode,
        /// The standard of the signalling point.
        expected: Standard,
    },
    /// The node is its own neighbour.
    #[error("linkset to {0}: that is this signalling point itself")]
    AdjacentIsSelf(PointCode),
    /// Two linksets lead to one neighbour.
    #[error("two linksets to {0}, expected one with all its links")]
    DuplicateLinkset(PointCode),
    /// A linkset has no link, or too many.
    #[error("linkset to {adjacent} has {found} links, expected 1 to 16")]
    LinkCount {
        /// The linkset.
        adjacent: PointCode,
        /// Its links.
        found: usize,
    },
    /// An SLC is out of range.
    #[error("link {link}: signalling link code {found}, expected 0 to 15")]
    Slc {
        /// The link.
        link: LinkId,
        /// The value given.
        found: u8,
    },
    /// Two links of a linkset have one SLC.
    #[error("linkset to {adjacent}: signalling link code {slc} is used twice")]
    DuplicateSlc {
        /// The linkset.
        adjacent: PointCode,
        /// The code.
        slc: Slc,
    },
    /// Two links have one number.
    #[error("link {0} is configured twice")]
    DuplicateLink(LinkId),
    /// A bit rate no signalling link has.
    #[error("link {link}: {found} bit/s, expected 4800 to 2048000")]
    BitRate {
        /// The link.
        link: LinkId,
        /// The value given.
        found: u32,
    },
    /// Thresholds of forced retransmission that would never let a message pass.
    #[error(
        "link {link}: forced retransmission from {n1} messages or {n2} octets, expected N1 1 to 127 and N2 above 0 (Q.703 §6.4)"
    )]
    Thresholds {
        /// The link.
        link: LinkId,
        /// N1 given.
        n1: u8,
        /// N2 given.
        n2: u32,
    },
    /// A route leads to the node itself.
    #[error("route to {0}: that is this signalling point itself")]
    RouteToSelf(PointCode),
    /// A route goes over a neighbour that there is not.
    #[error("route to {destination} via {via}: no linkset leads there")]
    RouteVia {
        /// Where the route leads.
        destination: PointCode,
        /// The unknown neighbour.
        via: PointCode,
    },
    /// A timer value is out of range.
    #[error(transparent)]
    Timer(#[from] OutOfRange),
}

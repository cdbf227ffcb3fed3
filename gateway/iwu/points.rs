//! The gateway's signalling points: an MTP and an ISUP node for each own point code.

use std::collections::BTreeMap;
use std::time::Instant;

use isup::node::{GroupConfig, Node, NodeConfig, StartReset};
use isup::{Cic, CircuitId, Variant};
use mtp::{LinkId, LinksetConfig, Mtp, PointCode, Route};
use tdm::{SpanId, Timeslot};

use super::ConfigError;
use crate::config::{Config, Standard};
use crate::trunk_group;

/// One own point code in one network.
#[derive(Debug)]
pub(super) struct Point {
    /// Point codes that have circuits.
    destinations: Vec<PointCode>,
    pub(super) variant: Variant,
    pub(super) mtp: Mtp,
    pub(super) isup: Node,
}

/// Where a circuit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circuit {
    /// Index of the trunk group in the configuration.
    pub group: usize,
    /// Index of the signalling point.
    pub(super) point: usize,
    /// Circuit identification code.
    pub cic: Cic,
    /// Span.
    pub span: SpanId,
    /// Timeslot of the span.
    pub timeslot: Timeslot,
}

/// Where a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkPlace {
    /// Index of the signalling point.
    pub(super) point: usize,
    /// Span.
    pub span: SpanId,
    /// Timeslot of the span.
    pub timeslot: Timeslot,
}

/// All signalling points, and what lies where.
#[derive(Debug)]
pub(super) struct Points {
    pub(super) points: Vec<Point>,
    pub(super) circuits: BTreeMap<CircuitId, Circuit>,
    pub(super) by_timeslot: BTreeMap<(SpanId, Timeslot), CircuitId>,
    pub(super) links: BTreeMap<LinkId, LinkPlace>,
    /// Circuits of each trunk group in ascending order of CIC.
    pub(super) groups: Vec<Vec<CircuitId>>,
}

/// Linksets with the same key share a signalling point.
type Key = (crate::config::NetworkIndicator, PointCode);

struct Draft {
    mtp: mtp::Config,
    groups: Vec<GroupConfig>,
}

impl Points {
    pub(super) fn new(config: &Config) -> Result<Self, ConfigError> {
        let mut keys: Vec<Key> = Vec::new();
        let mut drafts: Vec<Draft> = Vec::new();
        let mut links = BTreeMap::new();
        let mut point_of_linkset = Vec::new();
        let mut next_link = 0;
        for linkset in &config.linksets {
            let key: Key = (linkset.network_indicator, linkset.own()?);
            let point = keys.iter().position(|k| *k == key).unwrap_or_else(|| {
                keys.push(key);
                drafts.push(Draft {
                    mtp: mtp::Config::new(linkset.standard, key.0, key.1),
                    groups: Vec::new(),
                });
                keys.len() - 1
            });
            if let Some(draft) = drafts.get_mut(point) {
                draft.mtp.timers = linkset.timers()?;
            }
            point_of_linkset.push(point);
            let mut configured = Vec::new();
            for link in &linkset.links {
                let id = LinkId(next_link);
                next_link += 1;
                configured.push(link.configured(id));
                let place = LinkPlace {
                    point,
                    span: span_of(config, &link.span)?,
                    timeslot: timeslot(link.timeslot)?,
                };
                links.insert(id, place);
            }
            if let Some(draft) = drafts.get_mut(point) {
                draft.mtp.linksets.push(LinksetConfig {
                    adjacent: linkset.neighbour()?,
                    links: configured,
                });
            }
        }
        // Before those of the trunk groups: of two ways over one linkset the first counts.
        for route in &config.signalling_routes {
            let position = config
                .linksets
                .iter()
                .position(|linkset| linkset.name == route.via)
                .ok_or_else(|| ConfigError::NoLinkset(route.via.clone()))?;
            let point = point_of_linkset.get(position).copied();
            if let Some(linkset) = config.linksets.get(position)
                && let Some(draft) = point.and_then(|point| drafts.get_mut(point))
            {
                draft.mtp.routes.push(Route {
                    destination: linkset.leads_to(Some(route.destination))?,
                    via: linkset.neighbour()?,
                    priority: route.priority,
                });
            }
        }
        let mut circuits = BTreeMap::new();
        let mut by_timeslot = BTreeMap::new();
        let mut groups = Vec::new();
        for (index, group) in config.trunk_groups.iter().enumerate() {
            let position = config
                .linksets
                .iter()
                .position(|l| l.name == group.linkset)
                .ok_or_else(|| ConfigError::NoLinkset(group.linkset.clone()))?;
            let linkset = config.linksets.get(position);
            let point = point_of_linkset.get(position).copied();
            let (Some(linkset), Some(point)) = (linkset, point) else {
                return Err(ConfigError::NoLinkset(group.linkset.clone()));
            };
            let span = span_of(config, &group.span)?;
            let adjacent = linkset.neighbour()?;
            let dpc = linkset.leads_to(group.destination)?;
            let mut ids = Vec::new();
            let mut cics = Vec::new();
            for slot in group.timeslots.iter() {
                let id = CircuitId(u32::try_from(circuits.len()).unwrap_or(u32::MAX));
                let cic = trunk_group::cic(group, slot).ok_or(ConfigError::Cic(slot))?;
                let place = Circuit {
                    group: index,
                    point,
                    cic,
                    span,
                    timeslot: timeslot(slot)?,
                };
                by_timeslot.insert((span, place.timeslot), id);
                circuits.insert(id, place);
                ids.push(id);
                cics.push((id, cic));
            }
            if let Some(draft) = drafts.get_mut(point) {
                if dpc != adjacent {
                    draft.mtp.routes.push(Route {
                        destination: dpc,
                        via: adjacent,
                        priority: 0,
                    });
                }
                let mut configured = GroupConfig::new(dpc, cics);
                configured.start = StartReset::Group;
                configured.timers = trunk_group::timers(&group.timers)?;
                draft.groups.push(configured);
            }
            groups.push(ids);
        }
        let points = drafts.into_iter().map(point).collect::<Result<_, _>>()?;
        Ok(Self {
            points,
            circuits,
            by_timeslot,
            links,
            groups,
        })
    }

    /// The standard of a trunk group's circuits.
    pub(super) fn variant(&self, group: usize) -> Variant {
        let circuit = self.groups.get(group).and_then(|circuits| circuits.first());
        circuit
            .and_then(|circuit| self.points.get(self.circuits.get(circuit)?.point))
            .map_or(Variant::Itu, |point| point.variant)
    }

    pub(super) fn start(&mut self, now: Instant) {
        for point in &mut self.points {
            point.mtp.start(now);
            point.isup.start(now);
            // MTP says when a destination can be reached; until then no circuit is seized.
            for destination in &point.destinations {
                point
                    .isup
                    .handle_status(now, mtp::Status::Pause(*destination));
            }
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.points
            .iter()
            .flat_map(|p| [p.mtp.poll_timeout(), p.isup.poll_timeout()])
            .flatten()
            .min()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        for point in &mut self.points {
            point.mtp.handle_timeout(now);
            point.isup.handle_timeout(now);
        }
    }
}

fn point(draft: Draft) -> Result<Point, ConfigError> {
    let variant = match draft.mtp.standard {
        Standard::Itu => Variant::Itu,
        Standard::Ansi => Variant::Ansi,
    };
    let mut destinations: Vec<PointCode> = draft.groups.iter().map(|group| group.dpc).collect();
    destinations.sort_unstable();
    destinations.dedup();
    let node = NodeConfig {
        variant,
        opc: draft.mtp.point_code,
        groups: draft.groups,
    };
    Ok(Point {
        destinations,
        variant,
        mtp: Mtp::new(draft.mtp)?,
        isup: Node::new(node)?,
    })
}

fn span_of(config: &Config, name: &str) -> Result<SpanId, ConfigError> {
    config
        .spans
        .iter()
        .position(|span| span.name == name)
        .and_then(|index| u16::try_from(index).ok())
        .map(SpanId)
        .ok_or_else(|| ConfigError::NoSpan(name.to_owned()))
}

fn timeslot(number: u8) -> Result<Timeslot, ConfigError> {
    Timeslot::new(number).ok_or(ConfigError::Timeslot(number))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mtp::{Sls, Transfer, TransferError};

    use super::*;

    /// A pair of transfer points: each a linkset of two links, and two ways to the exchange.
    #[test]
    fn a_destination_behind_a_pair_of_transfer_points() {
        let mut text = String::new();
        for (name, adjacent, timeslots) in [("stp-a", 2, [1, 2]), ("stp-b", 3, [3, 4])] {
            text +=
                &format!("[[linkset]]\nname = '{name}'\npoint_code = 1\nadjacent = {adjacent}\n");
            for (slc, timeslot) in timeslots.into_iter().enumerate() {
                text +=
                    &format!("[[linkset.link]]\nspan = 'e1'\ntimeslot = {timeslot}\nslc = {slc}\n");
            }
        }
        text += "
[[span]]
name = 'e1'
driver = 'emulator'
path = '/tmp/test.sock'
role = 'listen'
[[signalling_route]]
destination = 9
via = 'stp-b'
[[trunk_group]]
name = 'exchange'
linkset = 'stp-a'
destination = 9
span = 'e1'
timeslots = '5-31'
country_code = '49'
";
        let config = Config::parse("test", &text, &BTreeMap::new()).unwrap();
        let mut points = Points::new(&config).unwrap();
        assert_eq!((points.points.len(), points.links.len()), (1, 4));
        let point = &mut points.points[0];
        let mut ways = |dpc: u16| {
            let transfer = Transfer {
                si: 5,
                opc: PointCode::itu(1),
                dpc: PointCode::itu(dpc),
                sls: Sls(0),
                sif: bytes::Bytes::from_static(&[1, 0, 0x12]),
            };
            #[expect(clippy::disallowed_methods, reason = "any moment will do")]
            point.mtp.transfer(Instant::now(), transfer).unwrap_err()
        };
        // No link is in service; a point without a way is told apart.
        assert!(
            matches!(ways(9), TransferError::Inaccessible(_)),
            "{:?}",
            ways(9)
        );
        assert!(matches!(ways(8), TransferError::NoRoute(_)));
    }
}

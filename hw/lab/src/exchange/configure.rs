//! Builds an exchange from parts, and the parts from a file.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use isup::node::{GroupConfig, NodeConfig};
use isup::{Cic, CircuitId, Variant};
use media_bridge::tone::{Plan, ProgramError, ToneProgram};
use mtp::{LinkId, LinksetConfig, Mtp, PointCode, Route};
use tdm::signalling::SignallingTimeslot;
use tdm::{Law, SpanId, Timeslot};

use super::modem::ModemLine;
use super::{Exchange, Link, TEST_LEVEL, Trunk, plan_of, voice};
use crate::config::{self, CheckRate, Return, Subscriber};

/// A signalling link's place on a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkTimeslot {
    /// The link, as named in the configuration of the MTP.
    pub link: LinkId,
    /// Its span.
    pub span: SpanId,
    /// Its timeslot.
    pub timeslot: Timeslot,
}

/// A speech circuit's place on a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrunkConfig {
    /// The circuit, as named in the configuration of ISUP.
    pub circuit: CircuitId,
    /// Its code on the line.
    pub cic: Cic,
    /// Its span.
    pub span: SpanId,
    /// Its timeslot.
    pub timeslot: Timeslot,
    /// Its companding.
    pub law: Law,
    /// Which outgoing calls ask for a continuity check.
    pub continuity_check: CheckRate,
    /// How check tones come back.
    pub continuity_return: Return,
}

/// What an exchange is made of.
#[derive(Debug)]
pub struct ExchangeConfig {
    /// The signalling point.
    pub mtp: mtp::Config,
    /// Its links on the line.
    pub links: Vec<LinkTimeslot>,
    /// The ISUP.
    pub node: NodeConfig,
    /// Its circuits on the line.
    pub trunks: Vec<TrunkConfig>,
    /// The subscribers.
    pub subscribers: Vec<Subscriber>,
    /// The tones that they hear.
    pub plan: Plan,
    /// E.164 country code without `+`.
    pub country_code: String,
    /// Whether outgoing calls end their number with ST.
    pub sending_finished: bool,
}

/// A configuration whose parts do not fit each other.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The MTP refuses.
    #[error("MTP: {0}")]
    Mtp(#[from] mtp::ConfigError),
    /// ISUP refuses.
    #[error("ISUP: {0}")]
    Isup(#[from] isup::node::ConfigError),
    /// A tone that cannot be played.
    #[error("tone: {0}")]
    Tone(#[from] ProgramError),
    /// No such tone plan.
    #[error("no tones of country `{found}`, expected one of {expected}")]
    Country {
        /// The country asked for.
        found: String,
        /// Those there are.
        expected: String,
    },
    /// A span, linkset or timeslot that is not there.
    #[error("{what} `{name}` is not there")]
    Missing {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Linksets of one exchange that differ where they cannot.
    #[error("linkset `{name}`: {what} differs from that of the first linkset")]
    Differs {
        /// The linkset.
        name: String,
        /// Point code, standard or network indicator.
        what: &'static str,
    },
    /// No timer of the MTP, or out of its range.
    #[error(transparent)]
    Timer(#[from] config::WrongTimer),
    /// A point code that the standard of its linkset does not have.
    #[error(transparent)]
    PointCode(#[from] mtp::PointCodeError),
    /// A file without linksets.
    #[error("there is no linkset")]
    NoLinkset,
}

impl ExchangeConfig {
    /// The exchange of a lab file. Spans get the numbers of their order in the file, links and
    /// circuits too.
    ///
    /// # Errors
    /// When a name leads nowhere or linksets differ where they cannot.
    pub fn from_file(file: &config::Config) -> Result<Self, ExchangeError> {
        let first = file.linksets.first().ok_or(ExchangeError::NoLinkset)?;
        let variant = match first.standard {
            mtp::Standard::Itu => Variant::Itu,
            mtp::Standard::Ansi => Variant::Ansi,
        };
        let opc = first.own()?;
        let mut mtp = mtp::Config::new(first.standard, first.network_indicator, opc);
        let mut links = Vec::new();
        for linkset in &file.linksets {
            let differs = [
                ("standard", linkset.standard != first.standard),
                ("point_code", linkset.own()? != opc),
                ("mtp2_timers", linkset.mtp2_timers != first.mtp2_timers),
                ("mtp3_timers", linkset.mtp3_timers != first.mtp3_timers),
                (
                    "network_indicator",
                    linkset.network_indicator != first.network_indicator,
                ),
            ];
            if let Some((what, _)) = differs.into_iter().find(|(_, differs)| *differs) {
                let name = linkset.name.clone();
                return Err(ExchangeError::Differs { name, what });
            }
            let mut of_set = Vec::new();
            for link in &linkset.links {
                let id = LinkId(number(links.len()));
                links.push(LinkTimeslot {
                    link: id,
                    span: span_id(file, &link.span)?,
                    timeslot: timeslot(link.timeslot)?,
                });
                of_set.push(link.configured(id));
            }
            mtp.linksets.push(LinksetConfig {
                adjacent: linkset.neighbour()?,
                links: of_set,
            });
        }
        mtp.timers = first.timers()?;
        for route in &file.signalling_routes {
            let linkset = file
                .linksets
                .iter()
                .find(|linkset| linkset.name == route.via);
            let linkset = linkset.ok_or_else(|| missing("linkset", &route.via))?;
            mtp.routes.push(Route {
                destination: linkset.leads_to(Some(route.destination))?,
                via: linkset.neighbour()?,
                priority: route.priority,
            });
        }
        let mut trunks = Vec::new();
        let mut groups: BTreeMap<PointCode, Vec<(CircuitId, Cic)>> = BTreeMap::new();
        for circuits in &file.circuits {
            let linkset = file
                .linksets
                .iter()
                .find(|linkset| linkset.name == circuits.linkset)
                .ok_or_else(|| missing("linkset", &circuits.linkset))?;
            let adjacent = linkset.neighbour()?;
            let dpc = linkset.leads_to(circuits.destination)?;
            if dpc != adjacent {
                mtp.routes.push(Route {
                    destination: dpc,
                    via: adjacent,
                    priority: 0,
                });
            }
            let span = span_id(file, &circuits.span)?;
            for index in circuits.timeslots.iter() {
                let circuit = CircuitId(u32::from(number(trunks.len())));
                let cic = Cic(circuits.first_cic.saturating_add(u16::from(index)));
                groups.entry(dpc).or_default().push((circuit, cic));
                trunks.push(TrunkConfig {
                    circuit,
                    cic,
                    span,
                    timeslot: timeslot(index)?,
                    law: circuits.law,
                    continuity_check: circuits.continuity_check,
                    continuity_return: circuits.continuity_return,
                });
            }
        }
        let groups = groups.into_iter();
        Ok(Self {
            mtp,
            links,
            node: NodeConfig {
                variant,
                opc,
                groups: groups
                    .map(|(dpc, list)| GroupConfig::new(dpc, list))
                    .collect(),
            },
            trunks,
            subscribers: file.subscribers.clone(),
            plan: plan_of(&file.lab.country)?,
            country_code: file.lab.country_code.clone(),
            sending_finished: true,
        })
    }

    /// One span with signalling on timeslot 16 and 30 circuits on the others, the CIC of each the
    /// number of its timeslot, between two adjacent points of a national network.
    ///
    /// # Errors
    /// When `country` has no tones.
    pub fn one_span(
        span: SpanId,
        opc: PointCode,
        dpc: PointCode,
        country: &str,
        country_code: &str,
        subscribers: Vec<Subscriber>,
    ) -> Result<Self, ExchangeError> {
        let link = LinkId(0);
        let ni = mtp::NetworkIndicator::National;
        let trunk = |index: u8| -> Result<TrunkConfig, ExchangeError> {
            Ok(TrunkConfig {
                circuit: CircuitId(u32::from(index)),
                cic: Cic(u16::from(index)),
                span,
                timeslot: timeslot(index)?,
                law: Law::ALaw,
                continuity_check: CheckRate::default(),
                continuity_return: Return::default(),
            })
        };
        let trunks = (1..32).filter(|index| *index != 16).map(trunk);
        let trunks = trunks.collect::<Result<Vec<_>, _>>()?;
        let circuits = trunks.iter().map(|trunk| (trunk.circuit, trunk.cic));
        Ok(Self {
            mtp: mtp::Config::new(mtp::Standard::Itu, ni, opc).with_linkset(dpc, &[link]),
            links: vec![LinkTimeslot {
                link,
                span,
                timeslot: timeslot(16)?,
            }],
            node: NodeConfig {
                variant: Variant::Itu,
                opc,
                groups: vec![GroupConfig::new(dpc, circuits.collect())],
            },
            trunks,
            subscribers,
            plan: plan_of(country)?,
            country_code: country_code.to_owned(),
            sending_finished: true,
        })
    }
}

pub(super) fn build(config: ExchangeConfig) -> Result<Exchange, ExchangeError> {
    let links = config.links.iter().map(|link| Link {
        id: link.link,
        span: link.span,
        line: SignallingTimeslot::new(link.timeslot),
        queue: VecDeque::new(),
    });
    let trunks = config.trunks.iter().map(|trunk| {
        let state = Trunk {
            cic: trunk.cic,
            timeslot: trunk.timeslot,
            law: trunk.law,
            continuity_check: trunk.continuity_check,
            continuity_return: trunk.continuity_return,
            outgoing: 0,
            call: None,
            voice: None,
            check: None,
        };
        (trunk.circuit, state)
    });
    let mut on_span = BTreeMap::<_, Vec<_>>::new();
    for trunk in &config.trunks {
        on_span.entry(trunk.span).or_default().push(trunk.circuit);
    }
    Ok(Exchange {
        on_span,
        country_code: config.country_code,
        sending_finished: config.sending_finished,
        links: links.collect(),
        trunks: trunks.collect(),
        mtp: Mtp::new(config.mtp)?,
        destinations: config.node.groups.iter().map(|group| group.dpc).collect(),
        node: isup::node::Node::new(config.node)?,
        modems: config
            .subscribers
            .iter()
            .filter_map(ModemLine::of)
            .collect(),
        modems_at: None,
        subscribers: config.subscribers,
        ringback: config.plan.ringback(),
        milliwatt: Arc::new(ToneProgram::steady(voice::MILLIWATT, TEST_LEVEL)?),
        announcement: Arc::new(voice::announcement()?),
        alarms: BTreeMap::new(),
        steps: BTreeMap::new(),
        serial: 0,
        events: VecDeque::new(),
    })
}

fn span_id(file: &config::Config, name: &str) -> Result<SpanId, ExchangeError> {
    let index = file.spans.iter().position(|span| span.name == name);
    index
        .map(|index| SpanId(number(index)))
        .ok_or_else(|| missing("span", name))
}

fn timeslot(index: u8) -> Result<Timeslot, ExchangeError> {
    Timeslot::new(index).ok_or_else(|| missing("timeslot", &index.to_string()))
}

fn missing(what: &'static str, name: &str) -> ExchangeError {
    let name = name.to_owned();
    ExchangeError::Missing { what, name }
}

fn number(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}

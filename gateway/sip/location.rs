//! Where a peer is (RFC 3263 §4): from a host name to addresses, by what a name server says.
//!
//! `Location` asks no one itself. It says which [`Question`]s have to be answered, is told the
//! [`Answer`]s and gives back hops. What was found is kept for its time to live, and longer when
//! the name server does not answer: a call to where the peer was is better than none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::identifiers::Identifiers;
use super::{Hop, Transport};

/// How soon a name server is asked again that did not answer, or knew nothing.
pub const ASK_AGAIN: Duration = Duration::from_secs(30);
/// The shortest and the longest time that an answer is kept.
const LIFE: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(86_400);
/// Addresses of one peer that are kept.
const MOST_HOPS: usize = 64;

/// What a name server is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Question {
    /// The name, without a dot at its end.
    pub name: String,
    /// Which records of it.
    pub kind: Kind,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}", self.kind, self.name)
    }
}

/// The kind of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Which transports, in which order (RFC 3403).
    Naptr,
    /// Which hosts and ports (RFC 2782).
    Srv,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
}

/// A record that matters here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// NAPTR.
    Naptr {
        /// Lowest first.
        order: u16,
        /// Lowest first among the same order.
        preference: u16,
        /// `s`: the replacement has SRV records.
        flags: String,
        /// `SIP+D2U`, `SIP+D2T`, `SIPS+D2T`.
        service: String,
        /// The next name.
        replacement: String,
    },
    /// SRV.
    Srv {
        /// Lowest first.
        priority: u16,
        /// Share among the same priority.
        weight: u16,
        /// Port.
        port: u16,
        /// Host.
        target: String,
    },
    /// A or AAAA.
    Address(IpAddr),
}

/// What a name server said; no records when there are none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// The records.
    pub records: Vec<Record>,
    /// How long they may be used.
    pub life: Duration,
}

/// Where a peer is, as configured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// There.
    Address(SocketAddr),
    /// Where the name server says.
    Name {
        /// Host name.
        host: String,
        /// With a port neither NAPTR nor SRV are asked for (RFC 3263 §4.1, §4.2).
        port: Option<u16>,
    },
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Name { host, port: None } => f.write_str(host),
            Self::Name {
                host,
                port: Some(port),
            } => write!(f, "{host}:{port}"),
        }
    }
}

/// A place where a peer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    /// Place of its transport among those of the peer.
    rank: usize,
    priority: u16,
    weight: u16,
    hop: Hop,
}

/// A transport and address family that we can be answered by.
pub(super) type Way = (Transport, bool);

/// Where one peer is.
#[derive(Debug)]
pub(super) struct Location {
    target: Target,
    transport: Option<Transport>,
    ways: Vec<Way>,
    /// Answers of the search under way.
    answers: BTreeMap<Question, Answer>,
    waiting: BTreeSet<Question>,
    found: Vec<Candidate>,
    /// When to search again; none for an address.
    pub(super) due: Option<Instant>,
}

/// What a search came to.
enum Step {
    Ask(BTreeSet<Question>),
    Found(Vec<Candidate>),
}

impl Location {
    /// A location that has not been searched. `ways` are our own transports, with true for IPv4.
    pub(super) fn new(target: Target, transport: Option<Transport>, ways: Vec<Way>) -> Self {
        let mut location = Self {
            target,
            transport,
            ways,
            answers: BTreeMap::new(),
            waiting: BTreeSet::new(),
            found: Vec::new(),
            due: None,
        };
        if let Target::Address(address) = location.target {
            let transport = transport.unwrap_or(Transport::Udp);
            location.found.push(Candidate {
                rank: 0,
                priority: 0,
                weight: 0,
                hop: Hop::new(transport, address),
            });
        }
        location
    }

    /// Begins a search: the first questions.
    pub(super) fn search(&mut self, now: Instant) -> BTreeSet<Question> {
        self.answers.clear();
        self.waiting.clear();
        if matches!(self.target, Target::Address(_)) {
            return BTreeSet::new();
        }
        // An answer that never comes is no reason not to ask again.
        self.due = Some(now + ASK_AGAIN);
        match self.step() {
            Step::Ask(questions) => {
                self.waiting.clone_from(&questions);
                questions
            }
            Step::Found(_) => BTreeSet::new(),
        }
    }

    /// Takes an answer, `None` when the name server did not answer: further questions.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        question: &Question,
        answer: Option<&Answer>,
    ) -> BTreeSet<Question> {
        if !self.waiting.remove(question) {
            return BTreeSet::new();
        }
        let Some(answer) = answer else {
            // Half a search finds half a peer: what was found last stays.
            self.waiting.clear();
            self.due = Some(now + ASK_AGAIN);
            return BTreeSet::new();
        };
        self.answers.insert(question.clone(), answer.clone());
        if !self.waiting.is_empty() {
            return BTreeSet::new();
        }
        match self.step() {
            Step::Ask(questions) => {
                self.waiting.clone_from(&questions);
                questions
            }
            Step::Found(mut found) => {
                let life = self
                    .answers
                    .values()
                    .filter(|answer| !answer.records.is_empty())
                    .map(|answer| answer.life)
                    .min();
                let life = life.filter(|_| !found.is_empty()).unwrap_or(ASK_AGAIN);
                self.due = Some(now + life.clamp(*LIFE.start(), *LIFE.end()));
                found.sort();
                found.dedup_by_key(|candidate| (candidate.rank, candidate.hop));
                found.truncate(MOST_HOPS);
                self.found = found;
                BTreeSet::new()
            }
        }
    }

    /// Whether an answer is waited for.
    pub(super) fn is_searching(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// All hops, in no order that would matter to a call.
    pub(super) fn hops(&self) -> impl Iterator<Item = Hop> + '_ {
        self.found.iter().map(|candidate| candidate.hop)
    }

    /// The hops in the order in which a call tries them: by transport and priority, and by
    /// chance among the same priority, in proportion to their weights (RFC 2782).
    pub(super) fn order(&self, chance: &mut Identifiers) -> Vec<Hop> {
        let mut rest = self.found.clone();
        let mut ordered = Vec::with_capacity(rest.len());
        while let Some(first) = rest.first().copied() {
            let alike = |c: &&Candidate| (c.rank, c.priority) == (first.rank, first.priority);
            let sum: u64 = rest.iter().filter(alike).map(|c| u64::from(c.weight)).sum();
            // Those without weight stand first here, and are taken when chance says 0.
            let mut left = match sum {
                0 => 0,
                sum => chance.below(sum + 1),
            };
            let mut taken = 0;
            for (index, candidate) in rest.iter().enumerate().filter(|(_, c)| alike(c)) {
                taken = index;
                let weight = u64::from(candidate.weight);
                if weight >= left {
                    break;
                }
                left -= weight;
            }
            ordered.push(rest.remove(taken).hop);
        }
        ordered
    }

    /// Goes as far as the answers reach (RFC 3263 §4.1, §4.2).
    fn step(&self) -> Step {
        let Target::Name { host, port } = &self.target else {
            return Step::Found(self.found.clone());
        };
        if let Some(port) = *port {
            let transport = self.transport.unwrap_or(Transport::Udp);
            return self.hosts(vec![(0, 0, 0, host.clone(), port, transport)]);
        }
        let services = match self.transport {
            Some(transport) => vec![(service(transport, host), transport)],
            None => match self.services(host) {
                Ok(services) => services,
                Err(question) => return Step::Ask(BTreeSet::from([question])),
            },
        };
        let mut missing = BTreeSet::new();
        let mut hosts = Vec::new();
        for (rank, (name, transport)) in services.into_iter().enumerate() {
            let question = Question {
                name,
                kind: Kind::Srv,
            };
            let Some(answer) = self.answers.get(&question) else {
                missing.insert(question);
                continue;
            };
            for record in &answer.records {
                if let Record::Srv {
                    priority,
                    weight,
                    port,
                    target,
                } = record
                    && !target.is_empty()
                {
                    let place = (rank, *priority, *weight, target.clone(), *port, transport);
                    hosts.push(place);
                }
            }
        }
        if !missing.is_empty() {
            return Step::Ask(missing);
        }
        if hosts.is_empty() {
            let transport = self.transport.unwrap_or(Transport::Udp);
            hosts.push((0, 0, 0, host.clone(), transport.default_port(), transport));
        }
        self.hosts(hosts)
    }

    /// The names that have SRV records, with their transports.
    fn services(&self, host: &str) -> Result<Vec<(String, Transport)>, Question> {
        let question = Question {
            name: host.to_owned(),
            kind: Kind::Naptr,
        };
        let Some(answer) = self.answers.get(&question) else {
            return Err(question);
        };
        let mut found: Vec<_> = answer
            .records
            .iter()
            .filter_map(|record| match record {
                Record::Naptr {
                    order,
                    preference,
                    flags,
                    service,
                    replacement,
                } if flags.eq_ignore_ascii_case("s") => {
                    let transport = of_service(service)?;
                    let place = (*order, *preference, replacement.clone(), transport);
                    self.speaks(transport).then_some(place)
                }
                _ => None,
            })
            .collect();
        found.sort();
        if found.is_empty() {
            let spoken = Transport::ALL.into_iter().filter(|t| self.speaks(*t));
            return Ok(spoken.map(|t| (service(t, host), t)).collect());
        }
        Ok(found.into_iter().map(|(_, _, name, t)| (name, t)).collect())
    }

    fn speaks(&self, transport: Transport) -> bool {
        self.ways.iter().any(|(way, _)| *way == transport)
    }

    fn hosts(&self, hosts: Vec<(usize, u16, u16, String, u16, Transport)>) -> Step {
        let mut missing = BTreeSet::new();
        let mut found = Vec::new();
        for (rank, priority, weight, name, port, transport) in hosts {
            for (kind, v4) in [(Kind::Aaaa, false), (Kind::A, true)] {
                if !self.ways.contains(&(transport, v4)) {
                    continue;
                }
                let question = Question {
                    name: name.clone(),
                    kind,
                };
                let Some(answer) = self.answers.get(&question) else {
                    missing.insert(question);
                    continue;
                };
                for record in &answer.records {
                    if let Record::Address(ip) = record {
                        found.push(Candidate {
                            rank,
                            priority,
                            weight,
                            hop: Hop::new(transport, (*ip, port).into()),
                        });
                    }
                }
            }
        }
        match missing.is_empty() {
            true => Step::Found(found),
            false => Step::Ask(missing),
        }
    }
}

/// The name of the SRV records of a transport (RFC 3263 §4.2).
fn service(transport: Transport, host: &str) -> String {
    let service = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
    };
    format!("{service}.{host}")
}

/// The transport of a NAPTR service (RFC 3263 §4.1).
fn of_service(service: &str) -> Option<Transport> {
    let known = [
        ("SIP+D2U", Transport::Udp),
        ("SIP+D2T", Transport::Tcp),
        ("SIPS+D2T", Transport::Tls),
    ];
    let found = known
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(service));
    found.map(|(_, transport)| *transport)
}

#[cfg(test)]
mod tests;

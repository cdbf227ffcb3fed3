//! The name server: questions of the core out, answers back (RFC 3263).
//!
//! Nothing is kept here: the core keeps what it was told, for as long as it was told.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use crate::sip::location::{Answer, Kind, Question, Record};

/// How long one question to one server may take, and how often it is asked.
const TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPTS: usize = 2;
/// How long it stays so that there is no such record, when the server does not say.
const NEGATIVE_LIFE: Duration = Duration::from_secs(60);

/// Asks name servers.
#[derive(Clone)]
pub(super) struct Resolver(TokioResolver);

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}

impl Resolver {
    /// Asks this server, or those of the system.
    ///
    /// # Errors
    /// In words: the system names no server.
    pub(super) fn new(server: Option<SocketAddr>) -> Result<Self, String> {
        let provider = TokioRuntimeProvider::default();
        let mut builder = match server {
            Some(server) => {
                let at = |mut connection: ConnectionConfig| {
                    connection.port = server.port();
                    connection
                };
                let connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
                let server = NameServerConfig::new(server.ip(), true, connections);
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                TokioResolver::builder_with_config(config, provider)
            }
            None => TokioResolver::builder(provider).map_err(|error| error.to_string())?,
        };
        let options = builder.options_mut();
        options.cache_size = 0;
        options.timeout = TIMEOUT;
        options.attempts = ATTEMPTS;
        Ok(Self(builder.build().map_err(|error| error.to_string())?))
    }

    /// What the server says; `None` when it does not answer, or not to the purpose.
    pub(super) async fn ask(&self, question: &Question) -> Option<Answer> {
        let kind = match question.kind {
            Kind::Naptr => RecordType::NAPTR,
            Kind::Srv => RecordType::SRV,
            Kind::A => RecordType::A,
            Kind::Aaaa => RecordType::AAAA,
        };
        let mut name = Name::from_ascii(&question.name).ok()?;
        // Nobody's search list is asked: the name is whole.
        name.set_fqdn(true);
        match self.0.lookup(name, kind).await {
            Ok(found) => {
                let answers = found.answers();
                let lives = answers.iter().map(|record| u64::from(record.ttl));
                Some(Answer {
                    records: answers.iter().filter_map(|r| record(&r.data)).collect(),
                    life: Duration::from_secs(lives.min().unwrap_or_default()),
                })
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(nothing))) => Some(Answer {
                records: Vec::new(),
                life: nothing
                    .negative_ttl
                    .map_or(NEGATIVE_LIFE, |seconds| Duration::from_secs(seconds.into())),
            }),
            Err(error) => {
                tracing::warn!(%question, %error, "no answer of the name server");
                None
            }
        }
    }
}

fn record(data: &RData) -> Option<Record> {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Some(match data {
        RData::NAPTR(naptr) => Record::Naptr {
            order: naptr.order,
            preference: naptr.preference,
            flags: text(&naptr.flags),
            service: text(&naptr.services),
            replacement: whole(&naptr.replacement),
        },
        RData::SRV(srv) => Record::Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: whole(&srv.target),
        },
        RData::A(address) => Record::Address(address.0.into()),
        RData::AAAA(address) => Record::Address(address.0.into()),
        _ => return None,
    })
}

/// A name without the dot at its end.
fn whole(name: &Name) -> String {
    let text = name.to_ascii();
    text.trim_end_matches('.').to_owned()
}

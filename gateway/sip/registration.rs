//! REGISTER as client (RFC 3261 §10.2): our Contact with a registrar, kept fresh.

use std::time::{Duration, Instant};

use sipx_sip::HeaderName;
use sipx_sip::headers::Address;
use sipx_sip::message::{Method, Request, Response};
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, Expiry, Owner};
use super::endpoint::Endpoint;
use super::peers::{PeerId, PeerNews, PeerPurpose, PeerTimer};
use super::{Headers, Hop, Output, digest, message};

/// The first wait after a failure; each further one is twice as long (RFC 5626 §4.5).
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(1800);
/// Changes of one REGISTER that are tried before it is a failure: credentials, a stale nonce,
/// a longer time.
const MOST_CHANGES: u8 = 3;

/// What is registered, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationConfig {
    /// The user part of our address of record.
    pub user: String,
    /// The domain of the registrar.
    pub domain: String,
    /// How long a registration is asked for.
    pub expires: Duration,
}

/// Where a registration stands.
#[derive(Debug)]
pub(super) struct Registration {
    config: RegistrationConfig,
    /// What is asked for, after a 423 more than configured.
    expires: Duration,
    call_id: String,
    sequence: u32,
    waiting: Option<TransactionKey>,
    /// Hops that this round has not tried.
    hops: Vec<Hop>,
    changes: u8,
    failures: u32,
    /// The registrar has us.
    registered: bool,
    /// We want to be gone.
    leaving: bool,
}

impl Registration {
    pub(super) fn new(config: RegistrationConfig) -> Self {
        Self {
            expires: config.expires,
            config,
            call_id: String::new(),
            sequence: 0,
            waiting: None,
            hops: Vec::new(),
            changes: 0,
            failures: 0,
            registered: false,
            leaving: false,
        }
    }
}

impl Core {
    fn registration(&mut self, id: PeerId) -> Option<&mut Registration> {
        self.peer(id)?.registration.as_mut()
    }

    /// Begins a round: the first hop, and the others after it.
    pub(super) fn register(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.peers.get(usize::from(id.0)) else {
            return;
        };
        let hops = peer.location.order(&mut self.identifiers);
        let fresh = format!("{:016x}", self.identifiers.next());
        let Some(registration) = self.registration(id) else {
            return;
        };
        // A name that is not found yet, or a round that is under way.
        if hops.is_empty() || registration.waiting.is_some() {
            return;
        }
        if registration.call_id.is_empty() {
            registration.call_id = fresh;
        }
        registration.hops = hops;
        registration.changes = 0;
        self.register_next(now, id, "no address is known");
    }

    fn register_next(&mut self, now: Instant, id: PeerId, why: &str) {
        let next = self.registration(id).and_then(|registration| {
            (!registration.hops.is_empty()).then(|| registration.hops.remove(0))
        });
        match next {
            Some(hop) => self.send_register(now, id, hop, None),
            None => self.not_registered(now, id, why),
        }
    }

    fn send_register(
        &mut self,
        now: Instant,
        id: PeerId,
        hop: Hop,
        credentials: Option<(HeaderName, String)>,
    ) {
        let tag = self.identifiers.tag();
        let contact = self.contact(self.flow(hop), false);
        let Some(registration) = self.registration(id) else {
            return;
        };
        registration.sequence += 1;
        let (user, domain) = (&registration.config.user, &registration.config.domain);
        let own = format!("<sip:{user}@{domain}>");
        let seconds = match registration.leaving {
            true => 0,
            false => registration.expires.as_secs(),
        };
        let headers: Headers = [
            ("From", format!("{own};tag={tag}")),
            ("To", own.clone()),
            ("Call-ID", registration.call_id.clone()),
            ("CSeq", format!("{} REGISTER", registration.sequence)),
            (
                "Contact",
                contact.replacen("sip:", &format!("sip:{user}@"), 1),
            ),
            ("Expires", seconds.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let uri = format!("sip:{domain}");
        let Some((mut request, flow)) = self.plain(Method::Register, &uri, hop, headers) else {
            return self.not_registered(now, id, "the REGISTER cannot be written");
        };
        if let Some(credentials) = credentials {
            let _ = digest::put(&mut request.headers, credentials);
        }
        let sent = self.call_for(now, Owner::Peer(id, PeerPurpose::Register), request, flow);
        if let Some(registration) = self.registration(id) {
            registration.waiting = sent;
        }
    }

    /// What came of a REGISTER: a final response, or `None`.
    pub(super) fn on_register_done(
        &mut self,
        now: Instant,
        id: PeerId,
        hop: Hop,
        key: &TransactionKey,
        answered: Option<(Option<&Request>, &Response)>,
    ) {
        let Some(registration) = self.registration(id) else {
            return;
        };
        if registration
            .waiting
            .take_if(|waiting| waiting == key)
            .is_none()
        {
            return;
        }
        let Some((sent, response)) = answered else {
            return self.register_next(now, id, "the registrar does not answer");
        };
        let status = response.status.code();
        match status {
            200..=299 => self.registered(now, id, response, hop),
            401 | 407 => {
                let cnonce = self.identifiers.nonce();
                let Some(peer) = self.peer(id) else { return };
                let account = peer.config.account.clone();
                let answer = account.zip(sent).and_then(|(account, sent)| {
                    peer.answers.answer(&account, sent, response, &cnonce)
                });
                match answer.filter(|_| self.may_change(id)) {
                    Some(answer) => self.send_register(now, id, hop, Some(answer)),
                    None => self.not_registered(now, id, &format!("{status}, not authorized")),
                }
            }
            423 if self.is_longer(id, response) && self.may_change(id) => {
                self.send_register(now, id, hop, None);
            }
            503 => self.register_next(now, id, "503 from the registrar"),
            _ => {
                let reason = message::text(&response.reason);
                self.not_registered(now, id, &format!("{status} {reason}"));
            }
        }
    }

    fn may_change(&mut self, id: PeerId) -> bool {
        self.registration(id).is_some_and(|registration| {
            registration.changes += 1;
            registration.changes <= MOST_CHANGES
        })
    }

    /// 423: the least time that the registrar takes (§10.2.8).
    fn is_longer(&mut self, id: PeerId, response: &Response) -> bool {
        let name = HeaderName::parse(&bytes::Bytes::from_static(b"Min-Expires"));
        let least = message::value(&response.headers, &name)
            .and_then(|value| value.trim().parse().ok())
            .map(Duration::from_secs);
        let day = Duration::from_secs(86_400);
        match (self.registration(id), least) {
            (Some(registration), Some(least)) if least > registration.expires && least <= day => {
                registration.expires = least;
                true
            }
            _ => false,
        }
    }

    fn registered(&mut self, now: Instant, id: PeerId, response: &Response, hop: Hop) {
        let own = self.flow(hop).local;
        let Some(registration) = self.registration(id) else {
            return;
        };
        registration.failures = 0;
        if registration.leaving {
            registration.registered = false;
            self.outputs
                .push_back(Output::Peer(id, PeerNews::Deregistered));
            return;
        }
        let life = granted(response, own).unwrap_or(registration.expires);
        let news = !std::mem::replace(&mut registration.registered, true);
        // Before it runs out, with time for all retransmissions of one more.
        let margin = (life / 2).min(Duration::from_secs(64));
        let at = now + (life - margin).max(Duration::from_secs(1));
        self.arm(at, Expiry::Peer(id, PeerTimer::Registration));
        if news {
            self.outputs
                .push_back(Output::Peer(id, PeerNews::Registered(life)));
        }
    }

    fn not_registered(&mut self, now: Instant, id: PeerId, why: &str) {
        let chance = self.identifiers.below(50);
        let Some(registration) = self.registration(id) else {
            return;
        };
        registration.registered = false;
        if registration.leaving {
            return;
        }
        let doubled = FIRST_WAIT * 2u32.saturating_pow(registration.failures.min(6));
        registration.failures = registration.failures.saturating_add(1);
        // Not all at once after the registrar was away (RFC 5626 §4.5: 50 to 100 %).
        let percent = 100 - u32::try_from(chance).unwrap_or(0);
        let again = doubled.min(LONGEST_WAIT) * percent / 100;
        self.arm(now + again, Expiry::Peer(id, PeerTimer::Registration));
        let why = why.to_owned();
        self.outputs
            .push_back(Output::Peer(id, PeerNews::NotRegistered { why, again }));
    }
}

impl Endpoint {
    /// Takes our Contacts from all registrars (§10.2.2).
    pub fn deregister(&mut self, now: Instant) {
        for index in 0..self.core.peers.len() {
            let id = PeerId(u16::try_from(index).unwrap_or(u16::MAX));
            let core = &mut self.core;
            core.disarm(&Expiry::Peer(id, PeerTimer::Registration));
            let Some(registration) = core.registration(id) else {
                continue;
            };
            registration.leaving = true;
            if registration.registered {
                registration.waiting = None;
                core.register(now, id);
            }
        }
    }

    /// Whether a registrar has still to answer a REGISTER that takes our Contact away.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.core.peers.iter().any(|peer| {
            let registration = peer.registration.as_ref();
            registration.is_some_and(|r| r.leaving && r.waiting.is_some())
        })
    }
}

/// How long the registrar keeps our Contact (§10.2.4): its own parameter, or Expires.
fn granted(response: &Response, own: std::net::SocketAddr) -> Option<Duration> {
    let fields = &response.headers;
    let contacts = fields
        .get_all(&HeaderName::Contact)
        .filter_map(|row| Address::parse_list(&row.value(), "Contact").ok())
        .flatten();
    let ours = |address: &Address| {
        let host = sipx_sip::Host::Ip(own.ip());
        let port = address.uri.port().unwrap_or(5060);
        address
            .uri
            .host()
            .is_some_and(|found| found.equivalent(&host))
            && port == own.port()
    };
    let of_contact = contacts
        .filter(ours)
        .find_map(|address| message::text(address.param("expires")?).parse::<u32>().ok());
    let of_all = || {
        let value = message::value(fields, &HeaderName::Expires)?;
        value.trim().parse::<u32>().ok()
    };
    let seconds = of_contact.or_else(of_all).filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(u64::from(seconds.min(86_400))))
}

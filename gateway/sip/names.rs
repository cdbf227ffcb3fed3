//! Where the names in Contact, Record-Route and redirections lead (RFC 3263 §4).
//!
//! A name is asked for as soon as a dialog has it; until the name server has answered, and where it
//! knows nothing, requests go the way that the peer's messages came. Names of SIP trunks are kept
//! by the [peers](super::peers).

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use sipx_sip::{Host, Uri};

use super::core::Core;
use super::dialog::route_uri;
use super::endpoint::{Endpoint, Output};
use super::flows::{hop_of, transport_of};
use super::location::{Answer, Location, Question, Target, Way};
use super::{Flow, Hop, Transport};

/// Names that are kept at the same time. One more takes the place of an outdated one; without any,
/// it is not asked for.
pub const MOST_NAMES: usize = 1024;

/// A host name, its port where there is one, and the transport that the URI asks for.
type Name = (Target, Option<Transport>);

/// Names, and where they lead.
#[derive(Debug)]
pub(super) struct Names {
    known: BTreeMap<Name, Location>,
    ways: Vec<Way>,
}

impl Names {
    /// No names yet; `ways` are our own transports, with true for IPv4.
    pub(super) fn new(ways: Vec<Way>) -> Self {
        Self {
            known: BTreeMap::new(),
            ways,
        }
    }

    /// The hop of a name that was found: the one that the peer's messages came from where it is
    /// among them, so that a dialog stays where it is (RFC 3263 §4.3), else the best.
    pub(super) fn hop(&self, uri: &Uri, peer: Flow) -> Option<Hop> {
        let location = self.known.get(&name_of(uri)?)?;
        let came = (peer.transport, peer.remote.ip());
        let same = |hop: &Hop| (hop.transport, hop.address.ip()) == came;
        location
            .hops()
            .find(same)
            .or_else(|| location.hops().next())
    }

    /// Begins to look for a name, unless what is known of it still holds: the questions.
    fn seek(&mut self, now: Instant, name: Name) -> Vec<Question> {
        let holds = |location: &Location| {
            location.is_searching() || location.due.is_some_and(|due| due > now)
        };
        if self.known.get(&name).is_some_and(holds) {
            return Vec::new();
        }
        if self.known.len() >= MOST_NAMES && !self.known.contains_key(&name) {
            let outdated = self.known.iter().find(|(_, location)| !holds(location));
            let Some(outdated) = outdated.map(|(name, _)| name.clone()) else {
                return Vec::new();
            };
            self.known.remove(&outdated);
        }
        let (target, transport) = name.clone();
        let location = self
            .known
            .entry(name)
            .or_insert_with(|| Location::new(target, transport, self.ways.clone()));
        location.search(now).into_iter().collect()
    }

    /// Takes an answer: further questions.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        question: &Question,
        answer: Option<&Answer>,
    ) -> Vec<Question> {
        let known = self.known.values_mut();
        known
            .flat_map(|location| location.answered(now, question, answer))
            .collect()
    }
}

/// The name in a URI; none when its host is an address, or it asks for a transport that nobody
/// knows.
fn name_of(uri: &Uri) -> Option<Name> {
    let Host::Name(name) = uri.host()? else {
        return None;
    };
    let host = std::str::from_utf8(name.as_bytes()).ok()?;
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let port = uri.port();
    Some((Target::Name { host, port }, transport_of(uri)?))
}

impl Core {
    /// Asks for the name in a URI.
    pub(super) fn seek(&mut self, now: Instant, uri: &Uri) {
        if let Some(name) = name_of(uri) {
            let questions = self.names.seek(now, name);
            self.outputs
                .extend(questions.into_iter().map(Output::Resolve));
        }
    }
}

impl Endpoint {
    /// The hops of a URI, in the order in which they are to be tried: one for an address, those of
    /// a name by its records, none where it leads nowhere. `None` while the name server is being
    /// asked: to be called again after [`Endpoint::handle_resolved`].
    pub fn hops_of_uri(&mut self, now: Instant, uri: &str) -> Option<Vec<Hop>> {
        // Without angle brackets the parameters are those of the URI all the same.
        let bare = Uri::parse(Bytes::copy_from_slice(uri.as_bytes())).ok();
        let Some(uri) = bare.or_else(|| route_uri(uri)) else {
            return Some(Vec::new());
        };
        let Some(name) = name_of(&uri) else {
            return Some(hop_of(&uri).into_iter().collect());
        };
        self.core.seek(now, &uri);
        let core = &mut self.core;
        match core.names.known.get(&name) {
            Some(location) if location.is_searching() => None,
            Some(location) => Some(location.order(&mut core.identifiers)),
            None => Some(Vec::new()),
        }
    }
}

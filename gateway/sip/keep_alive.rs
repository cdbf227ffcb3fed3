//! OPTIONS to see whether a peer is there (RFC 3261 §11): each of its hops by itself.
//!
//! A hop that leaves one OPTIONS unanswered until the next is due, that cannot be reached, or
//! that says 408 or 503, is out of use until it answers one. Any other answer is one of somebody
//! who is there.

use std::time::Instant;

use sipx_sip::message::Method;
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, Expiry, Owner};
use super::peers::{PeerId, PeerPurpose, PeerTimer};
use super::{Headers, Hop};

/// What is known of a hop.
#[derive(Debug, Default)]
pub(super) struct Health {
    pub(super) alive: bool,
    /// The OPTIONS that has no answer yet.
    waiting: Option<TransactionKey>,
}

impl Core {
    /// OPTIONS to every hop, and the next ones later.
    pub(super) fn keep_alive(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.peer(id) else { return };
        let Some(interval) = peer.config.options else {
            return;
        };
        let hops: Vec<Hop> = peer.location.hops().collect();
        for hop in hops {
            self.probe(now, id, hop);
        }
        self.arm(now + interval, Expiry::Peer(id, PeerTimer::Options));
    }

    fn probe(&mut self, now: Instant, id: PeerId, hop: Hop) {
        let Some(peer) = self.peer(id) else { return };
        let health = peer.health.entry(hop).or_insert(Health {
            alive: true,
            waiting: None,
        });
        if let Some(late) = health.waiting.take() {
            self.abandon(now, &late);
            self.found(id, hop, false, "OPTIONS has no answer");
        }
        let uri = format!("sip:{}", hop.address);
        let own = format!("<sip:{}>", self.flow(hop).local);
        let call_id = format!("{:016x}", self.identifiers.next());
        let headers: Headers = [
            ("From", format!("{own};tag={}", self.identifiers.tag())),
            ("To", format!("<{uri}>")),
            ("Call-ID", call_id),
            ("CSeq", "1 OPTIONS".to_owned()),
            ("Accept", super::message::ACCEPT.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let Some((request, flow)) = self.plain(Method::Options, &uri, hop, headers) else {
            return;
        };
        let owner = Owner::Peer(id, PeerPurpose::Options);
        let sent = self.call_for(now, owner, request, flow);
        if let Some(health) = self.peer(id).and_then(|peer| peer.health.get_mut(&hop)) {
            health.waiting = sent;
        }
    }

    /// What came of an OPTIONS: a final status, or `None`.
    pub(super) fn on_options_done(
        &mut self,
        id: PeerId,
        hop: Hop,
        key: &TransactionKey,
        status: Option<u16>,
    ) {
        let Some(health) = self.peer(id).and_then(|peer| peer.health.get_mut(&hop)) else {
            return;
        };
        if health.waiting.take_if(|waiting| waiting == key).is_none() {
            return;
        }
        match status {
            Some(status @ (408 | 503)) => {
                self.found(
                    id,
                    hop,
                    false,
                    &format!("OPTIONS is answered with {status}"),
                );
            }
            Some(_) => self.found(id, hop, true, ""),
            None => self.found(id, hop, false, "OPTIONS cannot be sent, or has no answer"),
        }
    }

    fn found(&mut self, id: PeerId, hop: Hop, alive: bool, why: &str) {
        if let Some(health) = self.peer(id).and_then(|peer| peer.health.get_mut(&hop)) {
            health.alive = alive;
        }
        self.assess(id, &format!("{hop}: {why}"));
    }
}

//! Drives the transaction layer with time and addresses (RFC 3261 section 17).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use sipx_sip::transaction::Dispatch;
use sipx_sip::{
    Message, Output, Reliability, Request, Response, Timer, Timers, TransactionKey,
    TransactionLayer, TuEvent,
};

/// The transactions of a peer over UDP.
#[derive(Debug)]
pub(super) struct Transactions {
    layer: TransactionLayer,
    timers: BTreeMap<(Instant, u64), (TransactionKey, Timer)>,
    timers_started: u64,
    /// Where each transaction sends. Looked up only, never iterated.
    remotes: HashMap<TransactionKey, SocketAddr>,
    /// To put on the wire.
    pub(super) messages: VecDeque<(SocketAddr, Message)>,
    /// For the transaction user.
    pub(super) events: VecDeque<(TransactionKey, TuEvent)>,
}

impl Transactions {
    pub(super) fn new(timers: Timers) -> Self {
        Self {
            layer: TransactionLayer::new(timers),
            timers: BTreeMap::new(),
            timers_started: 0,
            remotes: HashMap::new(),
            messages: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Starts a client transaction. None when the request has no usable Via.
    pub(super) fn request(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        request: Request,
    ) -> Option<TransactionKey> {
        let (key, outputs) = self.layer.send_request(request, Reliability::Unreliable)?;
        self.remotes.insert(key.clone(), remote);
        self.perform(now, &key, outputs);
        Some(key)
    }

    /// Sends a response of a server transaction.
    pub(super) fn respond(&mut self, now: Instant, key: &TransactionKey, response: Response) {
        let outputs = self.layer.send_response(key, response);
        self.perform(now, key, outputs);
    }

    /// Takes a message from the wire; gives back one that belongs to no transaction.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        message: Message,
    ) -> Option<Message> {
        match self.layer.receive(message, Reliability::Unreliable) {
            Dispatch::Matched { key, outputs } => self.perform(now, &key, outputs),
            Dispatch::Created { key, outputs } => {
                self.remotes.insert(key.clone(), remote);
                self.perform(now, &key, outputs);
            }
            Dispatch::Unmatched(message) => return Some(*message),
        }
        None
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.timers.keys().next().map(|(at, _)| *at)
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        while let Some(entry) = self.timers.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let (key, timer) = entry.remove();
            let outputs = self.layer.on_timer(&key, timer);
            self.perform(now, &key, outputs);
        }
    }

    fn perform(&mut self, now: Instant, key: &TransactionKey, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(message) => {
                    if let Some(remote) = self.remotes.get(key) {
                        self.messages.push_back((*remote, *message));
                    }
                }
                Output::SetTimer { timer, after } => {
                    self.clear(key, timer);
                    self.timers_started += 1;
                    self.timers
                        .insert((now + after, self.timers_started), (key.clone(), timer));
                }
                Output::ClearTimer(timer) => self.clear(key, timer),
                Output::ToTu(event) => self.events.push_back((key.clone(), *event)),
                Output::Terminated(_) => {
                    self.timers.retain(|_, (of, _)| of != key);
                    self.remotes.remove(key);
                }
                _ => {}
            }
        }
    }

    fn clear(&mut self, key: &TransactionKey, timer: Timer) {
        self.timers
            .retain(|_, (of, which)| of != key || *which != timer);
    }
}

//! Suspend, resume, hold and retrieval (RFC 3398 §9).
//!
//! Towards SIP there are two methods: INFO with the message to a peer that speaks ISUP, a
//! re-INVITE to any other. One call keeps to one of them, so that RES goes the way of SUS. Towards
//! the circuit a peer that holds becomes CPG with a notification.

use isup::{
    Event as Progressed, EventInformation, GenericNotification, Message, MessageType, Notification,
    NotificationIndicator, SuspendResumeIndicators, Variant,
};

use super::Action;
use isup::circuit::Request;

/// The notification indicator of T1.113: one octet, its extension bit set at the last.
const LAST: u8 = 0x80;

/// Who holds whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hold {
    /// SUS of the network: the party on the circuit has hung up and may come back.
    by_network: bool,
    /// SUS of a user.
    by_user: bool,
    /// CPG: the party on the circuit holds.
    by_notification: bool,
    /// What the peer was offered last: held media.
    offered: bool,
    /// The peer has not answered that offer.
    under_way: bool,
    /// The peer holds the party on the circuit.
    by_peer: bool,
}

impl Hold {
    /// A message from the circuit. `false` when it says nothing of hold.
    pub(super) fn hear(&mut self, message: &Message) -> bool {
        let on = match message.message_type() {
            MessageType::Sus => true,
            MessageType::Res => false,
            MessageType::Cpg => match notified(message) {
                Some(held) => {
                    self.by_notification = held;
                    return true;
                }
                None => return false,
            },
            _ => return false,
        };
        let by_user = message
            .find::<SuspendResumeIndicators>()
            .is_some_and(|by| !by.contains(SuspendResumeIndicators::NETWORK_INITIATED));
        if by_user {
            self.by_user = on;
        } else {
            self.by_network = on;
        }
        true
    }

    /// The offer that is due, when the peer does not know yet how things stand and no earlier
    /// offer waits for its answer.
    pub(super) fn offer(&mut self) -> Vec<Action> {
        let held = self.by_network || self.by_user || self.by_notification;
        if self.under_way || held == self.offered {
            return Vec::new();
        }
        self.offered = held;
        self.under_way = true;
        vec![Action::Offer { held }]
    }

    /// The peer answered the offer; one that it refused is not repeated until the other way is
    /// due.
    pub(super) fn answered(&mut self) -> Vec<Action> {
        self.under_way = false;
        self.offer()
    }

    /// The peer offered media, or took them away: CPG tells the circuit of a change.
    pub(super) fn by_peer(&mut self, held: bool, variant: Variant) -> Vec<Action> {
        // What the peer stops because we asked for it is no hold of its own.
        if held == self.by_peer || self.offered {
            return Vec::new();
        }
        self.by_peer = held;
        vec![Action::Isup(Request::Send(notification(held, variant)))]
    }
}

/// CPG with remote hold, or with remote retrieval (RFC 3398 §9.2).
fn notification(held: bool, variant: Variant) -> Message {
    let what = if held {
        Notification::RemoteHold
    } else {
        Notification::RemoteRetrieval
    };
    let cpg = Message::new_variant(MessageType::Cpg, variant)
        .with(EventInformation::new(Progressed::Progress));
    match variant {
        Variant::Itu => cpg.with(GenericNotification::new(what)),
        Variant::Ansi => cpg.with(NotificationIndicator(vec![LAST | what.code()])),
    }
}

/// Whether a CPG tells of hold (true) or retrieval (false).
fn notified(cpg: &Message) -> Option<bool> {
    let itu = cpg.find::<GenericNotification>().map(|n| n.notification);
    let ansi = || {
        let indicator = cpg.find::<NotificationIndicator>()?;
        let octet = *indicator.0.first()?;
        Some(Notification::from_code(octet & !LAST))
    };
    match itu.or_else(ansi)? {
        Notification::RemoteHold => Some(true),
        Notification::RemoteRetrieval => Some(false),
        _ => None,
    }
}

//! ANSI sends messages for groups of circuits twice, and acts on the second copy only: one message
//! that was damaged unseen must not end the calls of a whole group (T1.113.4 §2.8.2.2, §2.9.3.2).

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use mtp::PointCode;

use crate::{Cic, Message, MessageType};

/// The two copies come within this time.
const WINDOW: Duration = Duration::from_secs(5);

/// First copies whose second is awaited.
#[derive(Debug, Default)]
pub(super) struct Copies(BTreeMap<(PointCode, Cic, u8), (Instant, Message)>);

/// Messages that come twice.
pub(super) const fn comes_twice(message: MessageType) -> bool {
    matches!(
        message,
        MessageType::Grs | MessageType::Cgb | MessageType::Cgu
    )
}

impl Copies {
    /// Whether this is the second copy. A first one replaces what was not followed in time, or
    /// by something else.
    pub(super) fn complete(
        &mut self,
        now: Instant,
        from: PointCode,
        cic: Cic,
        message: &Message,
    ) -> bool {
        let key = (from, cic, message.message_type().code());
        match self.0.remove(&key) {
            Some((at, first))
                if first == *message && now.saturating_duration_since(at) <= WINDOW =>
            {
                true
            }
            _ => {
                self.0.insert(key, (now, message.clone()));
                false
            }
        }
    }
}

//! UPDATE (RFC 3311).

use std::time::Instant;

use sipx_sip::message::Request;
use sipx_sip::transaction::TransactionKey;

use super::core::Core;
use super::session::{Exchange, Session};
use super::{Headers, RenegotiationMethod};

impl Session {
    /// An UPDATE of the peer, in an early or a confirmed dialog. One with an offer has to fit
    /// the offers that are on their way (RFC 3311 §5.2).
    pub(super) fn on_update(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: Request,
        index: usize,
    ) {
        let tag = self.local_tag.clone();
        if self.negotiation_of(index).pending.is_some() {
            return core.retry_later(now, key, &request, &tag);
        }
        let Some(bodies) = self.readable(core, now, key, &request) else {
            return;
        };
        if bodies.sdp.is_some() {
            match self.negotiation_of(index).exchange {
                Exchange::Stable => {}
                Exchange::Local => {
                    return core.answer(now, key, &request, 491, Some(&tag), &Headers::new());
                }
                Exchange::Remote | Exchange::None => {
                    return core.retry_later(now, key, &request, &tag);
                }
            }
        }
        let method = RenegotiationMethod::Update;
        self.on_offer(core, now, key, request, index, (bodies, method));
    }
}

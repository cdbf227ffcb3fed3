//! re-INVITE and UPDATE of ours (RFC 3261 §14.1, RFC 3311 §5.1).

use std::time::{Duration, Instant};

use sipx_sip::message::{Method, Response};
use sipx_sip::session::MinSe;
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, Purpose, SessionTimer};
use super::session::{Exchange, Ours, Role, Session, State};
use super::session_timer::Interval;
use super::{Bodies, Failure, Headers, Indication, RequestError, message};

impl Session {
    /// Sends a re-INVITE or an UPDATE in the dialog that stands, or the latest early one.
    pub(super) fn renegotiate(
        &mut self,
        core: &mut Core,
        now: Instant,
        ours: Ours,
    ) -> Result<(), RequestError> {
        match self.current {
            Some(index) => self.renegotiate_in(core, now, index, ours),
            None => Err(self.out_of_place(ours.name())),
        }
    }

    fn renegotiate_in(
        &mut self,
        core: &mut Core,
        now: Instant,
        index: usize,
        mut ours: Ours,
    ) -> Result<(), RequestError> {
        // A re-INVITE without an offer would ask for one, which nobody here answers.
        if !ours.update && ours.bodies.sdp.is_none() {
            return Err(RequestError::SdpMissing { session: self.id });
        }
        let out_of_place = self.out_of_place(ours.name());
        let stands = match self.state {
            State::Confirmed => true,
            State::Inviting | State::Invited | State::Answered => ours.update,
            _ => false,
        };
        let acknowledged = ours.update || self.unacknowledged.is_none();
        let id = self.id;
        let Some(dialog) = self.dialogs.get_mut(index) else {
            return Err(out_of_place);
        };
        let negotiation = &dialog.negotiation;
        let free = negotiation.ours.is_none()
            && negotiation.retry.is_none()
            && negotiation.pending.is_none()
            && acknowledged
            && (ours.bodies.sdp.is_none() || negotiation.exchange == Exchange::Stable);
        if !stands || !free {
            return Err(out_of_place);
        }
        let (method, purpose) = if ours.update {
            (Method::Update, Purpose::Update)
        } else {
            (Method::Invite, Purpose::Reinvite)
        };
        let (request, flow) = dialog.request(core, method, &ours.headers, &ours.bodies)?;
        let negotiation = &mut dialog.negotiation;
        ours.before.clone_from(&negotiation.local_sdp);
        if let Some(offer) = &ours.bodies.sdp {
            negotiation.exchange = Exchange::Local;
            negotiation.local_sdp = Some(offer.clone());
        }
        ours.key = core.call(now, id, purpose, request, flow);
        negotiation.ours = Some(ours);
        Ok(())
    }

    /// The dialog whose re-INVITE or UPDATE this is, and what it asked.
    fn take_ours(&mut self, key: &TransactionKey) -> Option<(usize, Ours)> {
        for (index, dialog) in self.dialogs.iter_mut().enumerate() {
            let negotiation = &mut dialog.negotiation;
            let ours = negotiation
                .ours
                .take_if(|ours| ours.key.as_ref() == Some(key));
            if let Some(ours) = ours {
                if ours.bodies.sdp.is_some() && negotiation.exchange == Exchange::Local {
                    negotiation.exchange = Exchange::Stable;
                }
                return Some((index, ours));
            }
        }
        None
    }

    /// A response to our re-INVITE or UPDATE.
    pub(super) fn on_renegotiation_response(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        purpose: Purpose,
        response: &Response,
    ) {
        let status = response.status.code();
        if status < 200 {
            return;
        }
        if status < 300 && purpose == Purpose::Reinvite {
            let number = super::dialog::sequence(&response.headers).unwrap_or(0);
            if let Some(dialog) = self.dialog() {
                dialog.acknowledge(core, number);
            }
        }
        if self.state.is_over() {
            return;
        }
        let Some((index, ours)) = self.take_ours(key) else {
            return;
        };
        if status >= 300 {
            let least = response.headers.typed::<MinSe>().and_then(Result::ok);
            if let (422, Some(MinSe(least)), Some(interval)) = (status, least, &mut self.interval) {
                // RFC 4028 §7.4: the next refresh asks for it.
                interval.lengthen(least);
            }
            return self.renegotiation_failed(core, now, index, ours, status);
        }
        if let Some(dialog) = self.dialogs.get_mut(index) {
            dialog.refresh(&response.headers);
            dialog.seek(core, now);
        }
        if self.interval.is_some() {
            let asked = self.interval.as_ref().map(Interval::length);
            self.interval = Interval::adopted(&response.headers, asked);
            self.start_interval(core, now);
        }
        let bodies = message::bodies(&response.headers, response.body()).unwrap_or_default();
        if !ours.refresh {
            core.indicate(self.id, Indication::Renegotiated { status, bodies });
        }
    }

    /// No answer to our re-INVITE or UPDATE: as if 408 had come (RFC 3261 §8.1.3.1).
    pub(super) fn on_renegotiation_lost(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
    ) {
        if self.state.is_over() {
            return;
        }
        if let Some((index, ours)) = self.take_ours(key) {
            self.renegotiation_failed(core, now, index, ours, 408);
        }
    }

    fn renegotiation_failed(
        &mut self,
        core: &mut Core,
        now: Instant,
        index: usize,
        ours: Ours,
        status: u16,
    ) {
        let owner = matches!(self.role, Role::Uac(_));
        if let Some(dialog) = self.dialogs.get_mut(index) {
            dialog.negotiation.local_sdp.clone_from(&ours.before);
            if ours.update && matches!(status, 405 | 501) {
                dialog.allows_update = false;
            }
        }
        match status {
            481 | 408 if self.state == State::Confirmed => self.gone(core, now, status),
            491 if !ours.again => {
                // §14.1: the owner of the Call-ID waits longer, so that one of both comes first.
                let units = if owner {
                    210 + core.identifiers.below(191)
                } else {
                    core.identifiers.below(201)
                };
                let at = now + Duration::from_millis(units * 10);
                core.start(at, self.id, SessionTimer::Retry);
                self.negotiation_of(index).retry = Some(Ours {
                    again: true,
                    ..ours
                });
            }
            // The session timer tries again while there is time.
            _ if ours.refresh => {}
            _ => core.indicate(
                self.id,
                Indication::Renegotiated {
                    status,
                    bodies: Bodies::default(),
                },
            ),
        }
    }

    /// Another try after 491, in every dialog that waits for one.
    pub(super) fn on_retry_timer(&mut self, core: &mut Core, now: Instant) {
        for index in 0..self.dialogs.len() {
            let Some(ours) = self.negotiation_of(index).retry.take() else {
                continue;
            };
            let refresh = ours.refresh;
            if self.renegotiate_in(core, now, index, ours).is_err() && !refresh {
                core.indicate(
                    self.id,
                    Indication::Renegotiated {
                        status: 491,
                        bodies: Bodies::default(),
                    },
                );
            }
        }
    }

    /// The peer lost the dialog (481), or does not answer (RFC 3261 §12.2.1.2).
    fn gone(&mut self, core: &mut Core, now: Instant, status: u16) {
        self.fail(core, Failure::DialogGone);
        if status == 481 {
            self.terminate(core, now);
        } else {
            self.send_bye(core, now, &Headers::new(), &Bodies::default());
        }
    }
}

//! Provisional responses, reliable ones too (RFC 3261 §13.3.1.1, RFC 3262).

use std::time::Instant;

use bytes::Bytes;
use sipx_sip::HeaderName;
use sipx_sip::message::Response;
use sipx_sip::rel::{self, RSeq, Received, Reliability};

use super::core::{Core, SessionTimer};
use super::session::{Exchange, Outstanding, Provisional, Role, Session, State};
use super::{Bodies, Failure, Headers, Indication, PEarlyMedia, Reliable, RequestError, message};

impl Session {
    /// UAS: sends, or queues, a provisional response.
    pub(super) fn progress(
        &mut self,
        core: &mut Core,
        now: Instant,
        status: u16,
        reason: Option<String>,
        mut bodies: Bodies,
        headers: &Headers,
    ) -> Result<(), RequestError> {
        if !(101..=199).contains(&status) {
            return Err(RequestError::Status {
                status,
                expected: "a provisional status of 101 to 199",
            });
        }
        let Role::Uas(uas) = &self.role else {
            return Err(self.out_of_place("Progress"));
        };
        if self.state != State::Invited || uas.accept.is_some() {
            return Err(self.out_of_place("Progress"));
        }
        let enabled = self.policy.reliable != Reliable::Off;
        let reliable = match rel::reliability(uas.offered, enabled) {
            Reliability::Required | Reliability::Permitted => true,
            Reliability::Forbidden => false,
            // The policy was switched off after an INVITE that requires it was taken.
            Reliability::Refuse => true,
        };
        let request = uas.invite.clone();
        let stood = self.negotiation().exchange;
        let sdp = self.fit(bodies.sdp.take(), reliable);
        let has_sdp = sdp.is_some();
        bodies.sdp = sdp;
        let made = self.response(core, &request, status, reason.as_deref(), headers, &bodies);
        let response = match made {
            Ok(response) => response,
            Err(e) => {
                self.negotiation().exchange = stood;
                return Err(e);
            }
        };
        let provisional = Provisional {
            status,
            response,
            has_sdp,
        };
        let Role::Uas(uas) = &mut self.role else {
            return Ok(());
        };
        if reliable {
            uas.queue.push_back(provisional);
            self.next_provisional(core, now);
        } else {
            uas.early = true;
            let key = uas.key.clone();
            core.respond(now, &key, provisional.response);
            self.next_info(core, now);
        }
        Ok(())
    }

    /// Which description a response to the INVITE may carry (RFC 3261 §13.2.1): the answer to
    /// the INVITE's offer is the same in all of them and not repeated once it went reliably; an
    /// offer of ours goes reliably and once.
    pub(super) fn fit(&mut self, sdp: Option<Bytes>, reliable: bool) -> Option<Bytes> {
        let (Role::Uas(uas), Some(dialog)) = (&mut self.role, self.dialogs.first_mut()) else {
            return sdp;
        };
        let negotiation = &mut dialog.negotiation;
        match negotiation.exchange {
            Exchange::Remote => {
                if sdp.is_some() && uas.shown.is_none() {
                    uas.shown = sdp.clone();
                }
                let sdp = sdp.and(uas.shown.clone());
                if sdp.is_some() && reliable {
                    negotiation.exchange = Exchange::Stable;
                    negotiation.local_sdp = sdp.clone();
                }
                sdp
            }
            Exchange::None if reliable => {
                if sdp.is_some() {
                    negotiation.exchange = Exchange::Local;
                    negotiation.local_sdp = sdp.clone();
                }
                sdp
            }
            Exchange::None | Exchange::Local | Exchange::Stable => None,
        }
    }

    /// UAS: sends the next reliable provisional response when none waits for its PRACK
    /// (RFC 3262 §3).
    pub(super) fn next_provisional(&mut self, core: &mut Core, now: Instant) {
        let Role::Uas(uas) = &mut self.role else {
            return;
        };
        if uas.outstanding.is_some() {
            return;
        }
        let Some(mut next) = uas.queue.pop_front() else {
            return;
        };
        let Some(number) = uas.numbering.allocate() else {
            uas.queue.push_front(next);
            return;
        };
        let fields = &mut next.response.headers;
        // Digits and a token: both can be written.
        let _ = message::put(fields, HeaderName::Require, rel::OPTION_TAG);
        let _ = message::put(fields, HeaderName::RSeq, number.to_string());
        let interval = core.config.t1;
        core.start(now + interval, self.id, SessionTimer::Provisional);
        let key = uas.key.clone();
        let response = next.response.clone();
        uas.outstanding = Some(Outstanding {
            provisional: next,
            interval,
            until: now + core.timeout(),
        });
        core.respond(now, &key, response);
    }

    /// UAS: no PRACK yet. T1, 2*T1 and so on; 64*T1 rejects the INVITE (RFC 3262 §3).
    pub(super) fn on_provisional_timer(&mut self, core: &mut Core, now: Instant) {
        let Role::Uas(uas) = &mut self.role else {
            return;
        };
        let Some(outstanding) = &mut uas.outstanding else {
            return;
        };
        if now >= outstanding.until {
            uas.queue.clear();
            uas.outstanding = None;
            self.fail(core, Failure::NoPrack);
            // 504 has no fields that could be refused.
            let _ = self.refuse(core, now, 504, None, &Headers::new(), &Bodies::default());
            return;
        }
        outstanding.interval *= 2;
        let at = (now + outstanding.interval).min(outstanding.until);
        core.start(at, self.id, SessionTimer::Provisional);
        let key = uas.key.clone();
        let response = outstanding.provisional.response.clone();
        core.respond(now, &key, response);
    }

    /// UAC: a provisional response.
    pub(super) fn on_provisional(&mut self, core: &mut Core, now: Instant, response: &Response) {
        let Role::Uac(uac) = &mut self.role else {
            return;
        };
        let first = !uac.provisional;
        uac.provisional = true;
        if first && self.state == State::Cancelling {
            self.send_cancel(core, now);
        }
        let status = response.status.code();
        if status == 100 || self.state != State::Inviting {
            return;
        }
        let index = self.dialog_of(response);
        let fields = &response.headers;
        let number = fields.typed::<RSeq>().and_then(Result::ok);
        let reliable = message::lists(fields, &HeaderName::Require, rel::OPTION_TAG);
        let number = number.filter(|_| reliable);
        let Ok(mut bodies) = message::bodies(fields, response.body()) else {
            return;
        };
        let mut fork = 0;
        let mut answer_due = false;
        if let Some(dialog) = index.and_then(|index| self.dialogs.get_mut(index)) {
            fork = dialog.fork;
            if let Some(RSeq(number)) = number
                && dialog.reliable.accept(number) != Received::Acknowledge
            {
                return;
            }
            dialog.refresh(fields);
            dialog.seek(core, now);
            if dialog.answered {
                bodies.sdp = None;
            } else if bodies.sdp.is_some() && number.is_some() {
                match dialog.negotiation.exchange {
                    Exchange::None => {
                        dialog.negotiation.exchange = Exchange::Remote;
                        answer_due = true;
                    }
                    // A second offer before the first is answered breaks RFC 3264 §4.
                    Exchange::Remote => bodies.sdp = None,
                    Exchange::Local | Exchange::Stable => {
                        dialog.answered = true;
                        dialog.negotiation.exchange = Exchange::Stable;
                    }
                }
            }
        }
        if let (Some(RSeq(number)), Some(index)) = (number, index) {
            let ack = rack(number, response);
            if answer_due {
                self.negotiation_of(index).prack = Some(ack);
            } else {
                self.send_prack(core, now, index, ack, &Headers::new(), &Bodies::default());
            }
        }
        if index.is_some() {
            self.current = index;
        }
        core.indicate(
            self.id,
            Indication::Progress {
                status,
                reason: message::text(&response.reason),
                bodies,
                headers: message::list(fields),
                reliable: number.is_some(),
                fork,
                answer_due,
                early_media: PEarlyMedia::find(&message::list(fields)),
            },
        );
        self.next_info(core, now);
    }
}

/// The RAck that acknowledges a response (RFC 3262 §7.2).
fn rack(number: u32, response: &Response) -> String {
    let cseq = message::value(&response.headers, &HeaderName::CSeq).unwrap_or_default();
    format!("{number} {cseq}")
}

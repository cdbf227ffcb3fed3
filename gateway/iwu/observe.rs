//! What the outside may know of a call: rungs of its ladder, and its record.

use std::time::Instant;

use isup::circuit::Timer;
use isup::node::TimerEvent;
use isup::{
    BackwardCallIndicators, CalledPartyNumber, Cause, CircuitId, ContinuityIndicators,
    EventInformation, Message, MessageType, Variant,
};
use media_bridge::{BridgeId, Statistics};
use mtp::{LinkChange, LinkId, Status, Transfer};
use tdm::{SpanEvent, SpanId};

use super::{Iwu, Output};
use crate::call::{CallId, Mark};
use crate::cdr::CallRecord;
use crate::interwork::convert::Change;
use crate::interwork::{encapsulation, number};
use crate::ladder::{Trace, What};
use crate::sip;
use crate::sip::summary::Line;

/// A record that waits for what its bridge counted.
#[derive(Debug)]
pub(super) struct Ended {
    record: CallRecord,
    bridge: BridgeId,
}

/// How many of a number's last digits logs hide.
const HIDDEN_DIGITS: usize = 4;

impl Iwu {
    /// A rung for a SIP message. Those of a call that is not known yet wait for it.
    pub(super) fn trace_sip(&mut self, now: Instant, sent: bool, octets: &[u8]) {
        // The record has the Call-ID of our INVITE.
        if !self.ladders && self.inviting.is_none() {
            return;
        }
        let Some(summary) = sip::summary(octets) else {
            return;
        };
        let is_invite = matches!(&summary.line, Line::Request { method, .. } if method == "INVITE");
        if sent
            && is_invite
            && let Some(call) = self.inviting.take()
        {
            self.by_call_id.insert(summary.call_id.clone(), call);
            if let Some(leg) = self.legs.get_mut(&call) {
                leg.record.sip_call_id = Some(summary.call_id.clone());
            }
        }
        let call = self.by_call_id.get(&summary.call_id);
        let text = sip_in_short(&summary, self.config.gateway.mask_numbers);
        if call.is_none() {
            self.unclaimed.push((self.outputs.len(), summary.call_id));
        }
        self.rung(now, call, What::Sip { sent, text });
    }

    /// Gives the rungs of an INVITE and its 100 the call that the INVITE began.
    pub(super) fn claim_rungs(&mut self) {
        for (place, call_id) in std::mem::take(&mut self.unclaimed) {
            if let Some(call) = self.by_call_id.get(&call_id)
                && let Some(Output::Trace(trace)) = self.outputs.get_mut(place)
            {
                trace.call = Some(call);
            }
        }
    }

    /// A rung for an ISUP message.
    pub(super) fn trace_transfer(
        &mut self,
        now: Instant,
        point: usize,
        transfer: &Transfer,
        sent: bool,
    ) {
        if !self.ladders {
            return;
        }
        let variant = self.points.points.get(point).map(|at| at.variant);
        let variant = variant.unwrap_or(Variant::Itu);
        let Ok((cic, message)) = Message::decode_sif_variant(&transfer.sif, variant) else {
            return;
        };
        // The CIC of a group's message only says where its range begins (Q.763 §3.43).
        let far_end = if sent { transfer.dpc } else { transfer.opc };
        let circuit = self
            .points
            .points
            .get(point)
            .and_then(|at| at.isup.circuit_of_cic(far_end, cic))
            .filter(|_| !is_of_group(message.message_type()));
        let call = circuit.and_then(|id| self.by_circuit.get(&id).copied());
        let mask = self.config.gateway.mask_numbers;
        let text = format!("{} (CIC {})", in_short(&message, mask), cic.0);
        self.rung(now, call, What::Isup { sent, text });
    }

    /// The IAM that began a call was drawn before the call was there.
    pub(super) fn claim_rung(&mut self, call: CallId) {
        let rung = self
            .outputs
            .iter_mut()
            .rev()
            .find_map(|output| match output {
                Output::Trace(trace) if matches!(trace.what, What::Isup { sent: false, .. }) => {
                    Some(trace)
                }
                _ => None,
            });
        if let Some(trace) = rung {
            trace.call = Some(call);
        }
    }

    pub(super) fn trace_timer(
        &mut self,
        now: Instant,
        circuit: CircuitId,
        timer: Timer,
        event: TimerEvent,
    ) {
        if !self.ladders {
            return;
        }
        let call = match timer_is_of_group(timer) {
            true => None,
            false => self.by_circuit.get(&circuit).copied(),
        };
        let text = match event {
            TimerEvent::Started(length) => format!("{timer} started, {length:?}"),
            TimerEvent::Stopped => format!("{timer} stopped"),
            TimerEvent::Expired => format!("{timer} expired"),
        };
        self.rung(now, call, What::Timer(text));
    }

    pub(super) fn trace_media(&mut self, now: Instant, call: CallId, text: String) {
        self.rung(now, Some(call), What::Media(text));
    }

    pub(super) fn trace_call(&mut self, now: Instant, call: CallId, text: String) {
        self.rung(now, Some(call), What::Call(text));
    }

    pub(super) fn trace_state(&mut self, now: Instant, call: CallId, state: &str) {
        self.rung(now, Some(call), What::Call(state.to_owned()));
    }

    pub(super) fn trace_link(&mut self, now: Instant, link: LinkId, change: &LinkChange) {
        let text = format!("link {}: {change}", link.0);
        let what = match change {
            LinkChange::Activity { .. }
            | LinkChange::Blocked(_)
            | LinkChange::Inhibited(_)
            | LinkChange::Congested(_)
            | LinkChange::Discarded(_)
            | LinkChange::Hint(_) => What::Service(text),
            _ => What::Call(text),
        };
        self.rung(now, None, what);
    }

    pub(super) fn trace_span(&mut self, now: Instant, span: SpanId, event: SpanEvent) {
        self.rung(now, None, What::Service(format!("{span}: {event}")));
    }

    pub(super) fn trace_status(&mut self, now: Instant, status: Status) {
        let text = match status {
            Status::Pause(point) => format!("MTP-PAUSE {point}"),
            Status::Resume(point) => format!("MTP-RESUME {point}"),
            Status::Congested(point, level) => format!("MTP-STATUS {point} congested {level}"),
            Status::UserPartUnavailable(point) => format!("MTP-STATUS {point} user part"),
        };
        self.rung(now, None, What::Service(text));
    }

    pub(super) fn trace_note(&mut self, now: Instant, text: String) {
        self.rung(now, None, What::Call(text));
    }

    pub(super) fn rung(&mut self, now: Instant, call: Option<CallId>, what: What) {
        if !self.ladders && !matches!(what, What::Service(_)) {
            return;
        }
        let at = self.since_start(now);
        self.outputs
            .push_back(Output::Trace(Trace { at, call, what }));
    }

    /// Notes something in a call's record.
    pub(super) fn mark(&mut self, now: Instant, call: CallId, mark: Mark) {
        let at = self.wall(now);
        let Some(leg) = self.legs.get_mut(&call) else {
            return;
        };
        let record = &mut leg.record;
        match mark {
            Mark::Alerting => record.alerting = record.alerting.or(Some(at)),
            Mark::Answer => {
                record.answer = Some(at);
                record.sip_status = Some(200);
            }
            Mark::Release {
                by,
                cause,
                status,
                mapped_by,
            } => {
                if record.release.is_none() {
                    record.cause = Some(cause);
                    record.sip_status = status.or(record.sip_status);
                    record.mapped_by = mapped_by;
                    record.end(at, by);
                }
            }
        }
    }

    /// Notes what a conversion between ISUP variants lost or changed.
    pub(super) fn note_changes(&mut self, now: Instant, call: CallId, changes: &[Change]) {
        for change in changes {
            let text = change.to_string();
            let Some(leg) = self.legs.get_mut(&call) else {
                return;
            };
            if !leg.record.converted.contains(&text) {
                leg.record.converted.push(text.clone());
                self.trace_call(now, call, text);
            }
        }
    }

    /// A call is over: its record goes out, with its bridge's statistics when it had one.
    pub(super) fn ended(&mut self, record: CallRecord, bridge: Option<BridgeId>) {
        match bridge.filter(|bridge| self.bridges.contains_key(bridge)) {
            Some(bridge) => {
                self.ended.insert(record.call, Ended { record, bridge });
            }
            None => self.record(record),
        }
    }

    /// A bridge's statistics came back.
    pub(super) fn statistics(&mut self, call: CallId, bridge: BridgeId, statistics: Statistics) {
        if self
            .ended
            .get(&call)
            .is_some_and(|ended| ended.bridge == bridge)
            && let Some(mut ended) = self.ended.remove(&call)
        {
            ended.record.media = Some(statistics);
            self.record(ended.record);
        }
    }

    /// Records whose statistics will not come any more.
    pub(super) fn flush_records(&mut self) {
        for ended in std::mem::take(&mut self.ended).into_values() {
            self.record(ended.record);
        }
        for leg in std::mem::take(&mut self.legs).into_values() {
            self.record(leg.record);
        }
    }

    /// The one record of a call, its last word.
    pub(super) fn record(&mut self, record: CallRecord) {
        self.by_call_id.over(record.call);
        self.outputs.push_back(Output::Record(Box::new(record)));
    }
}

/// A SIP message in a few words: the number of an INVITE, the status, the bodies by name, what
/// makes a provisional response reliable, and the cause.
fn sip_in_short(summary: &sip::Summary, mask: bool) -> String {
    let mut text = match &summary.line {
        Line::Request { method, uri } if method == "INVITE" => {
            let number = number::from_uri(uri).map(|number| number.to_string());
            format!(
                "{method} {}",
                masked(number.as_deref().unwrap_or(uri), mask)
            )
        }
        Line::Request { method, .. } => method.clone(),
        Line::Response { status, reason } => format!("{status} {reason}"),
    };
    let mut isup = encapsulation::all_decoded(&summary.bodies);
    let mut labels = summary.bodies.labels();
    for label in labels.iter_mut().filter(|label| *label == "ISUP") {
        if let Some(Some(message)) = isup.next() {
            *label = message.message_type().acronym().to_owned();
        }
    }
    if !labels.is_empty() {
        text.push_str(&format!(" ({})", labels.join(", ")));
    }
    if let Some(rseq) = summary.rseq {
        text.push_str(&format!(" RSeq {rseq}"));
    }
    if let Some(rack) = &summary.rack {
        text.push_str(&format!(" RAck {rack}"));
    }
    if let Some(cause) = &summary.cause {
        text.push_str(&format!(" cause {}", cause.cause));
    }
    text
}

/// A number with its last digits hidden, when they are to be.
fn masked(number: &str, mask: bool) -> String {
    let shown = number
        .chars()
        .count()
        .saturating_sub(if mask { HIDDEN_DIGITS } else { 0 });
    number
        .chars()
        .enumerate()
        .map(|(at, c)| if at < shown { c } else { '*' })
        .collect()
}

/// Whether a message supervises a group of circuits (Q.764 §2.8.2, §2.8.3, §2.9.3.2): it is no
/// call's, even when a call uses the circuit where its range begins.
fn is_of_group(message: MessageType) -> bool {
    use MessageType as M;
    matches!(
        message,
        M::Grs | M::Gra | M::Cgb | M::Cgba | M::Cgu | M::Cgua | M::Cqm | M::Cqr
    )
}

/// The same for the timers of such messages.
fn timer_is_of_group(timer: Timer) -> bool {
    (Timer::T18..=Timer::T23).contains(&timer) || timer == Timer::T28
}

/// An ISUP message in a few words.
fn in_short(message: &Message, mask: bool) -> String {
    let name = message.message_type().acronym();
    let detail = match message.message_type() {
        MessageType::Iam => message.find::<CalledPartyNumber>().map(|number| {
            if mask {
                number.digits.masked(HIDDEN_DIGITS)
            } else {
                number.digits.to_string()
            }
        }),
        MessageType::Acm => message
            .find::<BackwardCallIndicators>()
            .map(|indicators| indicators.called_partys_status().name().to_owned()),
        MessageType::Cpg => message
            .find::<EventInformation>()
            .map(|event| event.event().name().to_owned()),
        MessageType::Rel => message
            .find::<Cause>()
            .map(|c| format!("{} {}", c.value, c.name())),
        MessageType::Cot => message.find::<ContinuityIndicators>().map(|indicators| {
            if indicators.contains(ContinuityIndicators::SUCCESSFUL) {
                "successful".to_owned()
            } else {
                "failed".to_owned()
            }
        }),
        _ => None,
    };
    match detail {
        Some(detail) => format!("{name} {detail}"),
        None => name.to_owned(),
    }
}

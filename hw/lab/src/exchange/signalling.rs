//! Carries messages between the timeslot, the MTP and ISUP.

use std::time::Instant;

use bytes::Bytes;
use isup::Message;
use isup::node::Output as NodeOutput;
use mtp::{LineEvent, Output as MtpOutput, Transfer};
use tdm::hdlc::Received;
use tdm::{SpanId, SpanTick};

use super::{Exchange, ExchangeEvent, ExchangeEventKind};

/// What the timeslot of a link brought.
enum Arrived {
    SignalUnit(Bytes),
    Line(LineEvent),
}

impl Exchange {
    /// Reads the signalling timeslots of a span.
    pub(super) fn receive_signalling(&mut self, now: Instant, span: SpanId, rx: &SpanTick) {
        let mut arrived = Vec::new();
        for link in self.links.iter_mut().filter(|link| link.span == span) {
            let id = link.id;
            link.line.receive(rx, &mut |received| {
                let what = match received {
                    Received::SignalUnit(su) => Arrived::SignalUnit(Bytes::copy_from_slice(su)),
                    Received::Repeated => Arrived::Line(LineEvent::Good(1)),
                    Received::Errored => Arrived::Line(LineEvent::Errored(1)),
                    Received::OctetCounting => Arrived::Line(LineEvent::OctetCounting(1)),
                };
                // Repeated units come by the dozen in each tick: one event for all in a row.
                match (arrived.last_mut(), &what) {
                    (
                        Some((last, Arrived::Line(LineEvent::Good(count)))),
                        Arrived::Line(LineEvent::Good(more)),
                    ) if *last == id => *count += more,
                    _ => arrived.push((id, what)),
                }
            });
        }
        for (link, what) in arrived {
            match what {
                Arrived::SignalUnit(su) => self.mtp.handle_signal_unit(now, link, &su),
                Arrived::Line(event) => self.mtp.handle_line(now, link, event),
            }
            self.pump(now);
        }
    }

    /// Drains MTP and ISUP into each other, the line and the calls.
    pub(super) fn pump(&mut self, now: Instant) {
        loop {
            if let Some(output) = self.mtp.poll_output() {
                self.mtp_output(now, output);
            } else if let Some(output) = self.node.poll_output() {
                self.node_output(now, output);
            } else {
                return;
            }
        }
    }

    fn mtp_output(&mut self, now: Instant, output: MtpOutput) {
        match output {
            MtpOutput::SignalUnit(id, su) => {
                let link = self.links.iter_mut().find(|link| link.id == id);
                if let Some(Err(error)) = link.map(|link| link.line.queue(&su)) {
                    self.log(now, None, ExchangeEventKind::Alert(error.to_string()));
                }
            }
            MtpOutput::Transfer(transfer) => {
                self.log_transfer(now, &transfer, ExchangeEventKind::Received);
                self.node.handle_transfer(now, &transfer);
            }
            MtpOutput::Status(status) => {
                self.log(now, None, ExchangeEventKind::Mtp(status));
                self.node.handle_status(now, status);
            }
            MtpOutput::Link(link, change) => {
                self.log(now, None, ExchangeEventKind::Link(link, change));
            }
        }
    }

    fn node_output(&mut self, now: Instant, output: NodeOutput) {
        match output {
            NodeOutput::Transfer(transfer) => {
                self.log_transfer(now, &transfer, ExchangeEventKind::Sent);
                if let Err(error) = self.mtp.transfer(now, transfer) {
                    self.log(now, None, ExchangeEventKind::Alert(error.to_string()));
                }
            }
            NodeOutput::Indication(circuit, indication) => {
                self.indicated(now, circuit, indication);
            }
            NodeOutput::Timer(circuit, timer, event) => {
                let kind = ExchangeEventKind::Timer(timer, event);
                self.log(now, Some(circuit), kind);
            }
            NodeOutput::Alert(alert) => {
                self.log(now, None, ExchangeEventKind::Alert(alert.to_string()));
            }
        }
    }

    fn log_transfer(
        &mut self,
        at: Instant,
        transfer: &Transfer,
        kind: fn(Message) -> ExchangeEventKind,
    ) {
        match Message::decode_sif(&transfer.sif) {
            Ok((cic, message)) => self.events.push_back(ExchangeEvent {
                at,
                circuit: self.circuit_of(cic),
                cic: Some(cic),
                kind: kind(message),
            }),
            Err(error) => self.log(at, None, ExchangeEventKind::Alert(error.to_string())),
        }
    }
}

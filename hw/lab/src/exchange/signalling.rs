//! Carries messages between the timeslot, the MTP and ISUP.

use std::io;
use std::time::Instant;

use bytes::Bytes;
use isup::Message;
use isup::node::Output as NodeOutput;
use mtp::{LineEvent, LinkId, Output as MtpOutput, Transfer};
use tdm::hdlc::{self, Received};
use tdm::{SpanId, SpanIo, SpanTick};

use super::{Exchange, ExchangeEvent, ExchangeEventKind, Link};

/// What the timeslot of a link brought.
enum Arrived {
    SignalUnit(Bytes),
    Line(LineEvent),
}

/// Everything that links of one span brought in a tick, in order.
#[derive(Default)]
struct Catch(Vec<(LinkId, Arrived)>);

impl Catch {
    fn add(&mut self, id: LinkId, received: Received<'_>) {
        let what = match received {
            Received::SignalUnit(su) => Arrived::SignalUnit(Bytes::copy_from_slice(su)),
            Received::Repeated => Arrived::Line(LineEvent::Good(1)),
            Received::Errored => Arrived::Line(LineEvent::Errored(1)),
            Received::OctetCounting => Arrived::Line(LineEvent::OctetCounting(1)),
        };
        // Repeated units come by the dozen in each tick: one event for all in a row.
        match (self.0.last_mut(), &what) {
            (
                Some((last, Arrived::Line(LineEvent::Good(count)))),
                Arrived::Line(LineEvent::Good(more)),
            ) if *last == id => *count += more,
            _ => self.0.push((id, what)),
        }
    }
}

impl Link {
    /// Writes the next octets of its timeslot.
    pub(super) fn transmit_octets(&mut self, tx: &mut SpanTick) {
        for unit in self.queue.drain(..) {
            // Its length was looked at when it was queued.
            let _ = self.line.queue(&unit);
        }
        self.line.transmit(tx);
    }

    /// Gives a device that frames signal units itself what there is, any other its octets.
    pub(super) fn transmit(&mut self, span: &mut dyn SpanIo, tx: &mut SpanTick) -> io::Result<()> {
        let Some(device) = span.signalling(self.line.timeslot()) else {
            self.transmit_octets(tx);
            return Ok(());
        };
        for unit in self.queue.drain(..) {
            let _ = device.queue(&unit);
        }
        device.transmit()
    }
}

impl Exchange {
    /// Reads the signalling timeslots of a span.
    pub(super) fn receive_octets(&mut self, now: Instant, span: SpanId, rx: &SpanTick) {
        let mut arrived = Catch::default();
        for link in self.links.iter_mut().filter(|link| link.span == span) {
            let id = link.id;
            link.line
                .receive(rx, &mut |received| arrived.add(id, received));
        }
        self.arrived(now, arrived);
    }

    /// As [`Self::receive_octets`], and from the device where that frames signal units itself.
    pub(super) fn receive_from(
        &mut self,
        now: Instant,
        span: &mut dyn SpanIo,
        rx: &SpanTick,
    ) -> io::Result<()> {
        let mut arrived = Catch::default();
        let of_span = span.id();
        for link in self.links.iter_mut().filter(|link| link.span == of_span) {
            let id = link.id;
            let mut sink = |received: Received<'_>| arrived.add(id, received);
            match span.signalling(link.line.timeslot()) {
                Some(device) => device.receive(&mut sink)?,
                None => link.line.receive(rx, &mut sink),
            }
        }
        self.arrived(now, arrived);
        Ok(())
    }

    fn arrived(&mut self, now: Instant, arrived: Catch) {
        for (link, what) in arrived.0 {
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
                if !(hdlc::MIN_SU..=hdlc::MAX_SU).contains(&su.len()) {
                    let error = hdlc::InvalidLength(su.len());
                    return self.log(now, None, ExchangeEventKind::Alert(error.to_string()));
                }
                if let Some(link) = self.links.iter_mut().find(|link| link.id == id) {
                    link.queue.push_back(su);
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

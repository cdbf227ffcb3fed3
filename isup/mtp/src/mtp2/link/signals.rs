//! The signals between the blocks of level 2 (Q.703 Figure 7): who hears what from whom.

use std::time::Instant;

use super::{Link, Output, Signal};
use crate::mtp2::{
    FailureReason, Indication, aerm, congestion_control, initial_alignment_control,
    link_state_control, processor_outage, reception_control, suerm, transmission_control,
};

impl Link {
    pub(super) fn dispatch(&mut self, now: Instant, signal: Signal) {
        match signal {
            Signal::LinkState(event) => {
                let (next, actions) = self.link_state.step(event);
                self.link_state = next;
                for action in actions {
                    self.link_state_action(now, action);
                }
            }
            Signal::InitialAlignment(event) => {
                let (next, actions) = self.initial_alignment.step(event);
                self.initial_alignment = next;
                for action in actions {
                    self.initial_alignment_action(now, action);
                }
            }
            Signal::ProcessorOutage(event) => {
                let (next, actions) = self.processor_outage.step(event);
                self.processor_outage = next;
                for action in actions {
                    match action {
                        processor_outage::Action::RemoteProcessorOutage => {
                            self.indicate(Indication::RemoteProcessorOutage);
                        }
                        processor_outage::Action::RemoteProcessorRecovered => {
                            self.indicate(Indication::RemoteProcessorRecovered);
                        }
                        processor_outage::Action::NoProcessorOutage => self.signals.push_back(
                            Signal::LinkState(link_state_control::Event::NoProcessorOutage),
                        ),
                    }
                }
            }
            Signal::Congestion(event) => {
                let (next, actions) = self.congestion.step(event);
                self.congestion = next;
                for action in actions {
                    use congestion_control::Action as A;
                    match action {
                        A::SendSib => self.transmission(transmission_control::Event::SendSib),
                        A::Reception(order) => self.signals.push_back(Signal::Order(order)),
                        A::Start(timer) => self.start(now, timer),
                        A::Stop(timer) => self.stop(timer),
                    }
                }
            }
            Signal::Aerm(event) => {
                let (next, actions) = self.aerm.step(event);
                self.aerm = next;
                for aerm::Action::AbortProving in actions {
                    let event = initial_alignment_control::Event::AbortProving;
                    self.signals.push_back(Signal::InitialAlignment(event));
                }
            }
            Signal::Suerm(event) => {
                let (next, actions) = self.suerm.step(event);
                self.suerm = next;
                for suerm::Action::LinkFailure in actions {
                    self.link_failure(FailureReason::ErrorRate);
                }
            }
            Signal::Transmission(event) => {
                self.transmit(now, event);
            }
            Signal::Order(order) => self.receive(reception_control::Event::Order(order)),
            Signal::Received(unit) => {
                let window = self.transmission.window();
                self.receive(reception_control::Event::SignalUnit(unit, window));
            }
        }
    }

    fn link_state_action(&mut self, now: Instant, action: link_state_control::Action) {
        use link_state_control::Action as A;
        match action {
            A::InitialAlignment(event) => self.signals.push_back(Signal::InitialAlignment(event)),
            A::ProcessorOutage(event) => self.signals.push_back(Signal::ProcessorOutage(event)),
            A::Send(send) => self.transmission(transmission_control::Event::Send(send)),
            A::StartTransmission => self.transmission(transmission_control::Event::Start),
            A::Reception(order) => self.signals.push_back(Signal::Order(order)),
            A::Suerm(order) => self
                .signals
                .push_back(Signal::Suerm(suerm::Event::Order(order))),
            A::Aerm(order) => self
                .signals
                .push_back(Signal::Aerm(aerm::Event::Order(order))),
            A::Start(timer) => self.start(now, timer),
            A::Stop(timer) => self.stop(timer),
            A::Indicate(indication) => self.indicate(indication),
        }
    }

    fn initial_alignment_action(
        &mut self,
        now: Instant,
        action: initial_alignment_control::Action,
    ) {
        use initial_alignment_control::Action as A;
        use link_state_control::Event as E;
        match action {
            A::Send(status) => {
                let send = transmission_control::Send::Lssu(status);
                self.transmission(transmission_control::Event::Send(send));
            }
            A::Aerm(order) => self
                .signals
                .push_back(Signal::Aerm(aerm::Event::Order(order))),
            A::Start(timer) => self.start(now, timer),
            A::Stop(timer) => self.stop(timer),
            A::AlignmentComplete => {
                self.signals
                    .push_back(Signal::LinkState(E::AlignmentComplete));
            }
            A::AlignmentNotPossible => {
                self.signals
                    .push_back(Signal::LinkState(E::AlignmentNotPossible));
            }
        }
    }

    fn transmission(&mut self, event: transmission_control::Event) {
        self.signals.push_back(Signal::Transmission(event));
    }

    fn receive(&mut self, event: reception_control::Event) {
        let (next, actions) = std::mem::take(&mut self.reception).step(event);
        self.reception = next;
        for action in actions {
            use initial_alignment_control::Event as Iac;
            use link_state_control::Event as Lsc;
            use reception_control::Action as A;
            use transmission_control::Event as Txc;
            match action {
                A::Received(status) => {
                    self.signals
                        .push_back(Signal::InitialAlignment(Iac::Received(status)));
                    self.signals
                        .push_back(Signal::LinkState(Lsc::Received(status)));
                }
                A::SibReceived => self.transmission(Txc::SibReceived),
                A::FisuMsuReceived => {
                    self.signals
                        .push_back(Signal::LinkState(Lsc::FisuMsuReceived));
                }
                A::Backward { bsn, bib } => self.transmission(Txc::Backward { bsn, bib }),
                A::Acknowledge { bsn } => self.transmission(Txc::Acknowledge { bsn }),
                A::NegativeAcknowledge { bib } => {
                    self.counters.negative_acknowledgements += 1;
                    self.transmission(Txc::NegativeAcknowledge { bib });
                }
                A::Deliver(message) => {
                    self.counters.messages_received += 1;
                    self.outputs.push_back(Output::Message(message));
                }
                A::LinkFailure(reason) => self.link_failure(reason),
            }
        }
    }

    /// One step of transmission control; says whether it sent something.
    pub(super) fn transmit(&mut self, now: Instant, event: transmission_control::Event) -> bool {
        let (next, actions) = std::mem::take(&mut self.transmission).step(event);
        self.transmission = next;
        let mut sent = false;
        for action in actions {
            use transmission_control::Action as A;
            match action {
                A::Transmit {
                    unit,
                    message,
                    again,
                } => {
                    sent = true;
                    self.counters.messages_sent += u64::from(message);
                    self.counters.messages_retransmitted += u64::from(again);
                    let free = self.line_free.map_or(now, |free| free.max(now));
                    self.line_free = Some(free + self.line_time(unit.len()));
                    self.outputs.push_back(Output::SignalUnit(unit));
                }
                A::Start(timer) => self.start(now, timer),
                A::Stop(timer) => self.stop(timer),
                A::Discarded(count) => self.counters.messages_discarded += count as u64,
                A::LinkFailure(reason) => self.link_failure(reason),
            }
        }
        sent
    }
}

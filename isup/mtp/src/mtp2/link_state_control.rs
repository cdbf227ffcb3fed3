//! Link state control (Q.703 §12.1, Figure 8): leads the other blocks and answers level 3.

use super::{
    FailureReason, Indication, State, Status, Timer, aerm, initial_alignment_control,
    processor_outage, reception_control, suerm, transmission_control,
};

/// Link state control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStateControl {
    /// The state of the link.
    pub state: State,
    /// Level 3 marked the link for emergency alignment.
    pub emergency: bool,
    /// Level 3 reported processor outage before the link was aligned.
    pub local_processor_outage: bool,
}

/// What link state control reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Management powers the link on.
    PowerOn,
    /// Level 3 wants the link in service.
    Start,
    /// Level 3 wants the link out of service.
    Stop,
    /// Level 3 wants emergency alignment.
    Emergency,
    /// Level 3 no longer wants it.
    EmergencyCeases,
    /// Level 3 or above cannot take messages.
    LocalProcessorOutage,
    /// It can again.
    LocalProcessorRecovered,
    /// Initial alignment control: proved.
    AlignmentComplete,
    /// Initial alignment control: gave up.
    AlignmentNotPossible,
    /// Another block found the link unusable.
    LinkFailure(FailureReason),
    /// Reception control saw a FISU or MSU.
    FisuMsuReceived,
    /// Reception control saw an LSSU.
    Received(Status),
    /// Processor outage control: neither end has an outage.
    NoProcessorOutage,
    /// T1 ran out.
    T1Expired,
}

/// What link state control asks of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To initial alignment control.
    InitialAlignment(initial_alignment_control::Event),
    /// To processor outage control.
    ProcessorOutage(processor_outage::Event),
    /// To transmission control: what to send from now on.
    Send(transmission_control::Send),
    /// To transmission control: begin anew.
    StartTransmission,
    /// To reception control.
    Reception(reception_control::Order),
    /// To the signal unit error rate monitor.
    Suerm(suerm::Order),
    /// To the alignment error rate monitor.
    Aerm(aerm::Order),
    /// Start a timer.
    Start(Timer),
    /// Stop a timer.
    Stop(Timer),
    /// To level 3.
    Indicate(Indication),
}

impl LinkStateControl {
    /// One row of Figure 8.
    pub fn step(mut self, event: Event) -> (Self, Vec<Action>) {
        use Action as A;
        use Event as E;
        use initial_alignment_control::Event as Iac;
        use processor_outage::Event as Poc;
        use reception_control::Order as Rc;
        use transmission_control::Send;

        let actions = match (self.state, event) {
            (State::PowerOff, E::PowerOn) => {
                self = Self {
                    state: State::OutOfService,
                    ..Self::default()
                };
                vec![
                    A::StartTransmission,
                    A::Send(Send::Lssu(Status::Sios)),
                    A::Aerm(aerm::Order::SetThreshold(aerm::Threshold::Normal)),
                ]
            }
            (State::PowerOff, _) => vec![],

            // Flags that level 3 may set in any state.
            (State::OutOfService, E::Emergency) => {
                self.emergency = true;
                vec![]
            }
            (State::InitialAlignment, E::Emergency) => {
                self.emergency = true;
                vec![A::InitialAlignment(Iac::Emergency)]
            }
            (_, E::EmergencyCeases) => {
                self.emergency = false;
                vec![]
            }
            (State::OutOfService | State::InitialAlignment, E::LocalProcessorOutage) => {
                self.local_processor_outage = true;
                vec![]
            }
            (State::OutOfService | State::InitialAlignment, E::LocalProcessorRecovered) => {
                self.local_processor_outage = false;
                vec![]
            }

            (State::OutOfService, E::Start) => {
                self.state = State::InitialAlignment;
                let mut actions = vec![A::Reception(Rc::Start), A::StartTransmission];
                if self.emergency {
                    actions.push(A::InitialAlignment(Iac::Emergency));
                }
                actions.push(A::InitialAlignment(Iac::Start));
                actions
            }

            (State::InitialAlignment, E::AlignmentComplete) => {
                let mut actions = vec![A::Suerm(suerm::Order::Start), A::Start(Timer::T1)];
                if self.local_processor_outage {
                    self.state = State::AlignedNotReady;
                    actions.extend([
                        A::ProcessorOutage(Poc::LocalProcessorOutage),
                        A::Send(Send::Lssu(Status::Sipo)),
                        A::Reception(Rc::RejectMsuFisu),
                    ]);
                } else {
                    self.state = State::AlignedReady;
                    actions.extend([A::Send(Send::Fisu), A::Reception(Rc::AcceptMsuFisu)]);
                }
                actions
            }
            (State::InitialAlignment, E::AlignmentNotPossible) => {
                self.out_of_service(Some(FailureReason::AlignmentNotPossible), vec![])
            }
            (State::InitialAlignment, E::LinkFailure(reason)) => {
                self.out_of_service(Some(reason), vec![A::InitialAlignment(Iac::Stop)])
            }
            (State::InitialAlignment, E::Stop) => {
                self.out_of_service(None, vec![A::InitialAlignment(Iac::Stop)])
            }

            (State::AlignedReady, E::FisuMsuReceived) => {
                self.state = State::InService;
                vec![
                    A::Stop(Timer::T1),
                    A::Indicate(Indication::InService),
                    A::Send(Send::Msu),
                ]
            }
            (State::AlignedReady, E::LocalProcessorOutage) => {
                self.state = State::AlignedNotReady;
                self.local_processor_outage = true;
                vec![
                    A::ProcessorOutage(Poc::LocalProcessorOutage),
                    A::Send(Send::Lssu(Status::Sipo)),
                    A::Reception(Rc::RejectMsuFisu),
                ]
            }
            (State::AlignedNotReady, E::FisuMsuReceived) => {
                self.state = State::ProcessorOutage;
                vec![A::Stop(Timer::T1), A::Indicate(Indication::InService)]
            }
            (State::AlignedNotReady, E::LocalProcessorRecovered) => {
                self.state = State::AlignedReady;
                self.local_processor_outage = false;
                vec![
                    A::ProcessorOutage(Poc::LocalProcessorRecovered),
                    A::Send(Send::Fisu),
                    A::Reception(Rc::AcceptMsuFisu),
                ]
            }
            (State::AlignedReady | State::AlignedNotReady, E::Received(Status::Sipo)) => {
                let ready = self.state == State::AlignedReady;
                self.state = State::ProcessorOutage;
                let mut actions = vec![
                    A::Stop(Timer::T1),
                    A::Indicate(Indication::InService),
                    A::ProcessorOutage(Poc::RemoteProcessorOutage),
                ];
                if ready {
                    actions.push(A::Send(Send::Fisu));
                }
                actions
            }
            // SIN and SIE: the far end is still proving (Q.703 §7.3).
            (
                State::AlignedReady | State::AlignedNotReady,
                E::Received(status @ (Status::Sios | Status::Sio)),
            ) => self.out_of_service(Some(received(status)), vec![A::Stop(Timer::T1)]),
            (State::AlignedReady | State::AlignedNotReady, E::T1Expired) => {
                self.out_of_service(Some(FailureReason::AlignedReadyTimeout), vec![])
            }
            (State::AlignedReady | State::AlignedNotReady, E::LinkFailure(reason)) => {
                self.out_of_service(Some(reason), vec![A::Stop(Timer::T1)])
            }
            (State::AlignedReady | State::AlignedNotReady, E::Stop) => {
                self.out_of_service(None, vec![A::Stop(Timer::T1)])
            }

            (State::InService, E::Received(Status::Sipo)) => {
                self.state = State::ProcessorOutage;
                vec![
                    A::Send(Send::Fisu),
                    A::ProcessorOutage(Poc::RemoteProcessorOutage),
                ]
            }
            (State::InService | State::ProcessorOutage, E::LocalProcessorOutage) => {
                self.state = State::ProcessorOutage;
                self.local_processor_outage = true;
                vec![
                    A::ProcessorOutage(Poc::LocalProcessorOutage),
                    A::Send(Send::Lssu(Status::Sipo)),
                    A::Reception(Rc::RejectMsuFisu),
                ]
            }
            (
                State::InService | State::ProcessorOutage,
                E::Received(status @ (Status::Sio | Status::Sin | Status::Sie | Status::Sios)),
            ) => self.out_of_service(Some(received(status)), vec![]),
            (State::InService | State::ProcessorOutage, E::LinkFailure(reason)) => {
                self.out_of_service(Some(reason), vec![])
            }
            (State::InService | State::ProcessorOutage, E::Stop) => {
                self.out_of_service(None, vec![])
            }

            (State::ProcessorOutage, E::Received(Status::Sipo)) => {
                vec![A::ProcessorOutage(Poc::RemoteProcessorOutage)]
            }
            (State::ProcessorOutage, E::FisuMsuReceived) => {
                vec![A::ProcessorOutage(Poc::RemoteProcessorRecovered)]
            }
            (State::ProcessorOutage, E::LocalProcessorRecovered) => {
                self.local_processor_outage = false;
                vec![
                    A::Send(Send::Fisu),
                    A::Reception(Rc::AcceptMsuFisu),
                    A::ProcessorOutage(Poc::LocalProcessorRecovered),
                ]
            }
            (State::ProcessorOutage, E::NoProcessorOutage) => {
                self.state = State::InService;
                vec![A::Send(Send::Msu), A::Reception(Rc::AcceptMsuFisu)]
            }

            // Figure 8 has no row: the event has no meaning in the state.
            _ => vec![],
        };
        (self, actions)
    }

    /// The common end of every row that leads out of service. A stop is level 3's own doing and
    /// is not indicated to it.
    fn out_of_service(
        &mut self,
        reason: Option<FailureReason>,
        mut actions: Vec<Action>,
    ) -> Vec<Action> {
        if self.state != State::InitialAlignment {
            actions.push(Action::Suerm(suerm::Order::Stop));
            actions.push(Action::ProcessorOutage(processor_outage::Event::Stop));
        }
        *self = Self {
            state: State::OutOfService,
            ..Self::default()
        };
        actions.extend([
            Action::Reception(reception_control::Order::Stop),
            Action::Send(transmission_control::Send::Lssu(Status::Sios)),
        ]);
        if let Some(reason) = reason {
            actions.push(Action::Indicate(Indication::OutOfService(reason)));
        }
        actions
    }
}

const fn received(status: Status) -> FailureReason {
    match status {
        Status::Sios => FailureReason::ReceivedSios,
        _ => FailureReason::ReceivedAlignment,
    }
}

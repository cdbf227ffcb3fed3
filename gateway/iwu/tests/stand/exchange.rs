//! What the exchange says, and what it is told.

use isup::{
    BackwardCallIndicators, CalledPartyNumber, CalledPartysStatus, CallingPartyNumber,
    CallingPartysCategory, Cause, Cic, ForwardCallIndicators, Location, Message, MessageType,
    NatureOfAddress, NatureOfConnection, ParameterCode, TransmissionMediumRequirement,
};

use super::{SAYING, Stand};
use crate::config::Standard;

impl Stand {
    /// An empty message of the flow's standard.
    pub(in crate::iwu::tests) fn message(&self, kind: MessageType) -> Message {
        Message::new_variant(kind, self.variant())
    }

    /// An IAM from the PSTN number to the one behind SIP.
    pub(in crate::iwu::tests) fn iam(&self) -> Message {
        let number = |digits: &str| digits.parse().unwrap();
        let mut iam = self
            .message(MessageType::Iam)
            .with(NatureOfConnection::default())
            .with(ForwardCallIndicators::ISUP_ALL_THE_WAY)
            .with(CallingPartysCategory::Ordinary)
            .with(CalledPartyNumber::new(
                NatureOfAddress::National,
                number(self.numbers.sip.1),
            ))
            .with(CallingPartyNumber {
                screening: isup::Screening::Network,
                ..CallingPartyNumber::new(NatureOfAddress::National, number(self.numbers.pstn.1))
            });
        match self.standard {
            Standard::Itu => iam.set(TransmissionMediumRequirement::Audio3k1),
            Standard::Ansi => iam
                .set_content(ParameterCode::USER_SERVICE_INFORMATION, &[0x90, 0x90, 0xA2])
                .unwrap(),
        }
        iam
    }

    /// An ACM: the called party is free, or nothing is known of it.
    pub(in crate::iwu::tests) fn acm(&self, status: CalledPartysStatus) -> Message {
        self.message(MessageType::Acm)
            .with(BackwardCallIndicators::ISUP_ALL_THE_WAY.with_called_partys_status(status))
    }

    pub(in crate::iwu::tests) fn rel(&self, cause: u8) -> Message {
        self.message(MessageType::Rel)
            .with(Cause::new(cause, Location::PublicNetworkRemoteUser))
    }

    /// The exchange sends an IAM on a circuit that the gateway does not control.
    pub(in crate::iwu::tests) fn exchange_calls(&mut self, iam: &Message) {
        // Timeslot 16 has the link.
        self.cic = match 2 + self.cic.0.next_multiple_of(2) {
            16 => Cic(18),
            32.. => Cic(2),
            cic => Cic(cic),
        };
        self.exchange(iam);
    }

    /// The exchange sends a message on the flow's circuit.
    pub(in crate::iwu::tests) fn exchange(&mut self, message: &Message) {
        self.exchange_on(self.cic, message);
    }

    pub(in crate::iwu::tests) fn exchange_on(&mut self, cic: Cic, message: &Message) {
        self.transfer(cic, message);
        self.settle();
        self.pass(SAYING);
    }

    /// The exchange sends a message that is nothing but its type.
    pub(in crate::iwu::tests) fn exchange_says(&mut self, kind: MessageType) {
        let message = self.message(kind);
        self.exchange(&message);
    }

    /// The next message of the gateway to the exchange.
    pub(in crate::iwu::tests) fn expect_isup(&mut self, kind: MessageType) -> Message {
        let Some((cic, message)) = self.isup.pop_front() else {
            panic!("no {kind} came\n{}", self.ladder());
        };
        if message.message_type() != kind {
            panic!(
                "{} in place of {kind}\n{}",
                message.message_type(),
                self.ladder()
            );
        }
        if kind == MessageType::Iam {
            self.cic = cic;
        }
        message
    }

    /// The same, and its circuit.
    pub(in crate::iwu::tests) fn expect_isup_on(&mut self, kind: MessageType) -> (Cic, Message) {
        let cic = self.isup.front().map_or(Cic(0), |(cic, _)| *cic);
        (cic, self.expect_isup(kind))
    }

    /// The next message of the gateway to the exchange, whatever it is: its circuit and type.
    pub(in crate::iwu::tests) fn next_isup(&mut self) -> Option<(Cic, MessageType)> {
        let (cic, message) = self.isup.pop_front()?;
        Some((cic, message.message_type()))
    }

    /// The gateway blocks its circuits, and the exchange agrees.
    pub(in crate::iwu::tests) fn blocks(&mut self) {
        while let Some((cic, cgb)) = self.isup.pop_front() {
            assert_eq!(cgb.message_type(), MessageType::Cgb);
            let mut cgba = self.message(MessageType::Cgba);
            for (code, content) in cgb.parameters() {
                cgba.set_content(code, content).unwrap();
            }
            self.exchange_on(cic, &cgba);
        }
    }

    /// The type of the next message of the gateway to the exchange.
    pub(in crate::iwu::tests) fn message_is_due(&self) -> MessageType {
        self.isup.front().expect("a message").1.message_type()
    }

    /// The next message to the exchange that the script does not care for.
    pub(in crate::iwu::tests) fn unheard_isup(&mut self) -> Option<MessageType> {
        Some(self.isup.pop_front()?.1.message_type())
    }

    /// REL with this cause comes, and RLC answers it.
    pub(in crate::iwu::tests) fn expect_release(&mut self, cause: u8) -> Message {
        let rel = self.expect_isup(MessageType::Rel);
        assert_eq!(rel.find::<Cause>().unwrap().value, cause, "{rel}");
        self.exchange_says(MessageType::Rlc);
        rel
    }
}

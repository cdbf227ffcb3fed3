//! Parameters that only ANSI T1.113 has.

use super::{
    Describe, Digits, Field, Parameter, ParameterCode,
    address::{NatureOfAddress, NumberingPlan, Presentation},
    coded::{coded, coded_parameter, indicators, number_parameter, octets_parameter},
    first_octets,
};
use crate::error::DecodeError;

number_parameter! {
    /// Originating line information: the two ANI II digits as a number.
    OriginatingLineInformation(u8) = ORIGINATING_LINE_INFORMATION, "ANI II"
}

coded! {
    /// Carrier selection information.
    CarrierSelection {
        NoIndication = 0 => "no indication",
        PresubscribedNotInput = 1 => "presubscribed and not input by calling party",
        PresubscribedInput = 2 => "presubscribed and input by calling party",
        PresubscribedUnknown = 3 => "presubscribed, unknown whether input by calling party",
        NotPresubscribedInput = 4 => "not presubscribed and input by calling party",
    }
}

coded_parameter!(
    CarrierSelection = CARRIER_SELECTION_INFORMATION,
    "carrier selection"
);

/// Charge number: who pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChargeNumber {
    /// Nature of address; 1 to 7 tell ANI of the calling or called party in several forms.
    pub nature: NatureOfAddress,
    /// Numbering plan.
    pub plan: NumberingPlan,
    /// The address signals.
    pub digits: Digits,
}

impl Parameter for ChargeNumber {
    const CODE: ParameterCode = ParameterCode::CHARGE_NUMBER;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [nature, plan] = first_octets(Self::CODE, content)?;
        Ok(Self {
            nature: NatureOfAddress::from_code(nature & 0x7F),
            plan: NumberingPlan::from_code(plan >> 4 & 7),
            digits: Digits::read(Self::CODE, content, 2, nature & 0x80 != 0)?,
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let odd = if self.digits.is_odd() { 0x80 } else { 0 };
        to.extend([odd | self.nature.code() & 0x7F, (self.plan.code() & 7) << 4]);
        self.digits.pack(to);
    }
}

impl Describe for ChargeNumber {
    fn describe(&self) -> Vec<Field> {
        vec![
            // The same codes mean other things here than in the numbers of Q.763.
            Field::number("nature of address", self.nature.code()),
            Field::coded("numbering plan", self.plan.code(), self.plan.name()),
            Field::digits("address signals", self.digits),
        ]
    }
}

/// Jurisdiction: the six digits (NPA-NXX) of the exchange where the call began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jurisdiction {
    /// The address signals.
    pub digits: Digits,
}

impl Parameter for Jurisdiction {
    const CODE: ParameterCode = ParameterCode::JURISDICTION;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self {
            digits: Digits::read(Self::CODE, content, 0, false)?,
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        self.digits.pack(to);
    }
}

impl Describe for Jurisdiction {
    fn describe(&self) -> Vec<Field> {
        vec![Field::digits("address signals", self.digits)]
    }
}

/// Carrier identification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CarrierIdentification {
    /// Type of network identification, 3 bits: 2 national.
    pub kind: u8,
    /// Network identification plan, 4 bits: 1 three-digit, 2 four-digit carrier codes.
    pub plan: u8,
    /// The carrier code; three digits have a filler after them.
    pub digits: Digits,
}

impl Parameter for CarrierIdentification {
    const CODE: ParameterCode = ParameterCode::CARRIER_IDENTIFICATION;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [first] = first_octets(Self::CODE, content)?;
        let plan = first & 0xF;
        let digits = Digits::read(Self::CODE, content, 1, plan == 1)?;
        Ok(Self {
            kind: first >> 4 & 7,
            plan,
            digits,
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.push((self.kind & 7) << 4 | self.plan & 0xF);
        self.digits.pack(to);
    }
}

impl Describe for CarrierIdentification {
    fn describe(&self) -> Vec<Field> {
        vec![
            Field::number("type of network identification", self.kind),
            Field::number("network identification plan", self.plan),
            Field::digits("carrier code", self.digits),
        ]
    }
}

/// Generic name: the name of a party, up to 15 IA5 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenericName {
    /// Type of name, 3 bits: 1 calling name, 2 original called name, 3 redirecting name.
    pub kind: u8,
    /// The name is not available.
    pub unavailable: bool,
    /// Whether it may be shown.
    pub presentation: Presentation,
    /// The characters.
    pub name: String,
}

impl Parameter for GenericName {
    const CODE: ParameterCode = ParameterCode::GENERIC_NAME;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [first] = first_octets(Self::CODE, content)?;
        Ok(Self {
            kind: first >> 5,
            unavailable: first & 0x10 != 0,
            presentation: Presentation::from_code(first & 3),
            name: super::user::ia5(content.get(1..).unwrap_or_default()),
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let unavailable = u8::from(self.unavailable) << 4;
        to.push(self.kind << 5 | unavailable | self.presentation.code() & 3);
        to.extend(super::user::to_ia5(&self.name));
    }
}

impl Describe for GenericName {
    fn describe(&self) -> Vec<Field> {
        vec![
            Field::number("type of name", self.kind),
            Field::flag("name unavailable", self.unavailable),
            Field::coded(
                "presentation",
                self.presentation.code(),
                self.presentation.name(),
            ),
            Field::text("name", self.name.clone()),
        ]
    }
}

coded! {
    /// Circuit validation response indicator.
    CvrResponse {
        Failure = 0 => "failure",
        Success = 1 => "success",
    }
}

coded_parameter!(
    CvrResponse = CVR_RESPONSE_INDICATOR,
    "circuit validation response"
);

coded! {
    /// Circuit group carrier indicator (bits BA).
    CircuitGroupCarrier {
        Unknown = 0 => "unknown",
        Analogue = 1 => "analogue",
        Digital = 2 => "digital",
        AnalogueAndDigital = 3 => "analogue and digital",
    }
}

coded! {
    /// Double seizing control indicator (bits DC).
    DoubleSeizingControl {
        None = 0 => "no circuits controlled",
        Odd = 1 => "odd circuits controlled",
        Even = 2 => "even circuits controlled",
        All = 3 => "all circuits controlled",
    }
}

coded! {
    /// Alarm carrier indicator (bits FE).
    AlarmCarrier {
        Unknown = 0 => "unknown",
        Software = 1 => "software carrier handling",
        Hardware = 2 => "hardware carrier handling",
    }
}

coded! {
    /// Continuity check requirements of a circuit group (bits HG).
    GroupContinuityCheck {
        Unknown = 0 => "unknown",
        None = 1 => "none",
        Statistical = 2 => "statistical",
        PerCall = 3 => "per call",
    }
}

indicators! {
    /// Circuit group characteristic indicator.
    CircuitGroupCharacteristic(u8) = CIRCUIT_GROUP_CHARACTERISTIC_INDICATOR {
        fn carrier, with_carrier: CircuitGroupCarrier = 0, 2 => "circuit group carrier indicator";
        fn double_seizing_control, with_double_seizing_control: DoubleSeizingControl = 2, 2 => "double seizing control indicator";
        fn alarm_carrier, with_alarm_carrier: AlarmCarrier = 4, 2 => "alarm carrier indicator";
        fn continuity_check, with_continuity_check: GroupContinuityCheck = 6, 2 => "continuity check requirements indicator";
    }
}

octets_parameter! {
    /// Operator services information.
    OperatorServicesInformation = OPERATOR_SERVICES_INFORMATION, "operator services information"
}

octets_parameter! {
    /// Egress.
    Egress = EGRESS, "egress"
}

octets_parameter! {
    /// Business group.
    BusinessGroup = BUSINESS_GROUP, "business group"
}

octets_parameter! {
    /// Notification indicator.
    NotificationIndicator = NOTIFICATION_INDICATOR, "notification indicator"
}

octets_parameter! {
    /// Carrier service provider; service activation in other editions.
    CarrierServiceProvider = CARRIER_SERVICE_PROVIDER, "carrier service provider"
}

octets_parameter! {
    /// Transaction request: a transaction identity and an SCCP address.
    TransactionRequest = TRANSACTION_REQUEST, "transaction request"
}

octets_parameter! {
    /// Outgoing trunk group number.
    OutgoingTrunkGroupNumber = OUTGOING_TRUNK_GROUP_NUMBER, "trunk group number"
}

octets_parameter! {
    /// Circuit identification name: trunk number and the two ends' location codes.
    CircuitIdentificationName = CIRCUIT_IDENTIFICATION_NAME, "circuit identification name"
}

octets_parameter! {
    /// Common language location identification.
    CommonLanguageLocationIdentification = COMMON_LANGUAGE_LOCATION_IDENTIFICATION, "CLLI code"
}

octets_parameter! {
    /// Service code.
    ServiceCode = SERVICE_CODE, "service code"
}

octets_parameter! {
    /// Special processing request.
    SpecialProcessingRequest = SPECIAL_PROCESSING_REQUEST, "special processing request"
}

octets_parameter! {
    /// Network transport.
    NetworkTransport = NETWORK_TRANSPORT, "network transport"
}

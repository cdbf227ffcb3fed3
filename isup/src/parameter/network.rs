//! What exchanges tell each other: counters, echo control, requests for information, routing,
//! portability.

use super::{
    Describe, Digits, Field, Parameter, ParameterCode,
    coded::{coded, coded_parameter, indicators, number_parameter},
    first_octets,
};
use crate::error::DecodeError;

number_parameter! {
    /// Hop counter (§3.80): exchanges that the call may still pass, 0 to 31.
    HopCounter(u8, 0x1F) = HOP_COUNTER, "hop counter"
}

number_parameter! {
    /// Propagation delay counter (§3.42), in milliseconds.
    PropagationDelayCounter(u16) = PROPAGATION_DELAY_COUNTER, "propagation delay, ms"
}

number_parameter! {
    /// Call history information (§3.7): propagation delay of the connection, in milliseconds.
    CallHistoryInformation(u16) = CALL_HISTORY_INFORMATION, "propagation delay, ms"
}

coded! {
    /// Automatic congestion level (§3.4).
    AutomaticCongestionLevel {
        Level1 = 1 => "congestion level 1 exceeded",
        Level2 = 2 => "congestion level 2 exceeded",
    }
}

coded_parameter!(
    AutomaticCongestionLevel = AUTOMATIC_CONGESTION_LEVEL,
    "automatic congestion level"
);

coded! {
    /// Echo control device information (§3.19, bits BA outgoing, DC incoming).
    EchoControlDevice {
        NoInformation = 0 => "no information",
        NotAvailable = 1 => "not included and not available",
        Included = 2 => "included",
        Available = 3 => "not included but available",
    }
}

coded! {
    /// Echo control device request (§3.19, bits FE outgoing, HG incoming).
    EchoControlRequest {
        NoInformation = 0 => "no information",
        Activation = 1 => "activation request",
        Deactivation = 2 => "deactivation request",
    }
}

indicators! {
    /// Echo control information (§3.19).
    EchoControlInformation(u8) = ECHO_CONTROL_INFORMATION {
        fn outgoing, with_outgoing: EchoControlDevice = 0, 2 => "outgoing echo control device information";
        fn incoming, with_incoming: EchoControlDevice = 2, 2 => "incoming echo control device information";
        fn outgoing_request, with_outgoing_request: EchoControlRequest = 4, 2 => "outgoing echo control device request";
        fn incoming_request, with_incoming_request: EchoControlRequest = 6, 2 => "incoming echo control device request";
    }
}

indicators! {
    /// Information request indicators (§3.29), national use.
    InformationRequestIndicators(u16) = INFORMATION_REQUEST_INDICATORS {
        /// Bit A.
        const CALLING_PARTY_ADDRESS = 1 << 0 => "calling party address requested";
        /// Bit B.
        const HOLDING = 1 << 1 => "holding requested";
        /// Bit D.
        const CALLING_PARTYS_CATEGORY = 1 << 3 => "calling party's category requested";
        /// Bit E.
        const CHARGE_INFORMATION = 1 << 4 => "charge information requested";
        /// Bit H.
        const MALICIOUS_CALL_IDENTIFICATION = 1 << 7 => "malicious call identification requested";
    }
}

coded! {
    /// Calling party address response indicator (§3.28, bits BA).
    CallingPartyAddressResponse {
        NotIncluded = 0 => "calling party address not included",
        NotAvailable = 1 => "calling party address not available",
        Included = 3 => "calling party address included",
    }
}

indicators! {
    /// Information indicators (§3.28), national use.
    InformationIndicators(u16) = INFORMATION_INDICATORS {
        /// Bit C.
        const HOLD_PROVIDED = 1 << 2 => "hold provided";
        /// Bit F.
        const CALLING_PARTYS_CATEGORY = 1 << 5 => "calling party's category included";
        /// Bit G.
        const CHARGE_INFORMATION = 1 << 6 => "charge information included";
        /// Bit H.
        const UNSOLICITED = 1 << 7 => "unsolicited";
        fn calling_party_address, with_calling_party_address: CallingPartyAddressResponse = 0, 2 => "calling party address response indicator";
    }
}

/// The point code of an exchange inside a parameter (§3.8, §3.40, §3.50).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointCodeOctets {
    /// 14 bits in two octets, low octet first.
    Itu(u16),
    /// 24 bits in three octets, member first.
    Ansi(u32),
}

impl PointCodeOctets {
    fn read(parameter: ParameterCode, octets: &[u8], offset: usize) -> Result<Self, DecodeError> {
        match *octets {
            [low, high] => Ok(Self::Itu(u16::from_le_bytes([low, high]))),
            [member, cluster, network] => Ok(Self::Ansi(u32::from_le_bytes([
                member, cluster, network, 0,
            ]))),
            _ => Err(DecodeError::Length {
                parameter,
                offset,
                found: octets.len(),
                expected: "a point code of 2 octets, or of 3 in ANSI networks",
            }),
        }
    }

    fn write(self, to: &mut Vec<u8>) {
        match self {
            Self::Itu(code) => to.extend(code.to_le_bytes()),
            Self::Ansi(code) => to.extend(code.to_le_bytes().iter().take(3)),
        }
    }

    fn value(self) -> u32 {
        match self {
            // Bits H and G of the second octet are spare.
            Self::Itu(code) => u32::from(code & 0x3FFF),
            Self::Ansi(code) => code,
        }
    }
}

macro_rules! point_code {
    ($(#[$meta:meta])* $name:ident = $code:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub PointCodeOctets);

        impl Parameter for $name {
            const CODE: ParameterCode = ParameterCode::$code;

            fn decode(content: &[u8]) -> Result<Self, DecodeError> {
                PointCodeOctets::read(Self::CODE, content, 0).map(Self)
            }

            fn encode(&self, to: &mut Vec<u8>) {
                self.0.write(to);
            }
        }

        impl Describe for $name {
            fn describe(&self) -> Vec<Field> {
                vec![Field::number("signalling point code", self.0.value())]
            }
        }
    };
}

point_code! {
    /// Signalling point code (§3.50), national use.
    SignallingPointCode = SIGNALLING_POINT_CODE
}

point_code! {
    /// Origination ISC point code (§3.40).
    OriginationIscPointCode = ORIGINATION_ISC_POINT_CODE
}

/// Call reference (§3.8), national use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallReference {
    /// Call identity, 24 bits.
    pub identity: u32,
    /// The exchange that gave the identity.
    pub point_code: PointCodeOctets,
}

impl Parameter for CallReference {
    const CODE: ParameterCode = ParameterCode::CALL_REFERENCE;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [high, middle, low] = first_octets(Self::CODE, content)?;
        let point_code = content.get(3..).unwrap_or_default();
        Ok(Self {
            identity: u32::from_be_bytes([0, high, middle, low]),
            point_code: PointCodeOctets::read(Self::CODE, point_code, 3)?,
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let [_, identity @ ..] = self.identity.to_be_bytes();
        to.extend(identity);
        self.point_code.write(to);
    }
}

impl Describe for CallReference {
    fn describe(&self) -> Vec<Field> {
        vec![
            Field::number("call identity", self.identity),
            Field::number("signalling point code", self.point_code.value()),
        ]
    }
}

/// Connection request (§3.17): an end-to-end connection of the SCCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRequest {
    /// Local reference, 24 bits.
    pub local_reference: u32,
    /// Signalling point code, 14 bits.
    pub point_code: u16,
    /// Protocol class and credit, each of them only when the one before is there.
    pub class_and_credit: Vec<u8>,
}

impl Parameter for ConnectionRequest {
    const CODE: ParameterCode = ParameterCode::CONNECTION_REQUEST;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [high, middle, low, point_low, point_high] = first_octets(Self::CODE, content)?;
        Ok(Self {
            local_reference: u32::from_be_bytes([0, high, middle, low]),
            point_code: u16::from_le_bytes([point_low, point_high]),
            class_and_credit: content.get(5..).unwrap_or_default().to_vec(),
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let [_, reference @ ..] = self.local_reference.to_be_bytes();
        to.extend(reference);
        to.extend(self.point_code.to_le_bytes());
        to.extend_from_slice(&self.class_and_credit);
    }
}

impl Describe for ConnectionRequest {
    fn describe(&self) -> Vec<Field> {
        vec![
            Field::number("local reference", self.local_reference),
            Field::number("signalling point code", self.point_code),
            Field::octets("protocol class, credit", &self.class_and_credit),
        ]
    }
}

/// Transit network selection (§3.53), national use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransitNetworkSelection {
    /// Type of network identification, 3 bits: 0 ITU-T standardized, 2 national.
    pub kind: u8,
    /// Network identification plan, 4 bits.
    pub plan: u8,
    /// The network.
    pub digits: Digits,
}

impl Parameter for TransitNetworkSelection {
    const CODE: ParameterCode = ParameterCode::TRANSIT_NETWORK_SELECTION;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [first] = first_octets(Self::CODE, content)?;
        Ok(Self {
            kind: first >> 4 & 7,
            plan: first & 0xF,
            digits: Digits::read(Self::CODE, content, 1, first & 0x80 != 0)?,
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let odd = if self.digits.is_odd() { 0x80 } else { 0 };
        to.push(odd | (self.kind & 7) << 4 | self.plan & 0xF);
        self.digits.pack(to);
    }
}

impl Describe for TransitNetworkSelection {
    fn describe(&self) -> Vec<Field> {
        vec![
            Field::number("type of network identification", self.kind),
            Field::number("network identification plan", self.plan),
            Field::digits("network identification", self.digits),
        ]
    }
}

/// Network routing number (§3.90), national use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkRoutingNumber {
    /// Numbering plan, 3 bits.
    pub plan: u8,
    /// Nature of address, 4 bits: 1 national number format, 2 network-specific format.
    pub nature: u8,
    /// The address signals.
    pub digits: Digits,
}

impl Parameter for NetworkRoutingNumber {
    const CODE: ParameterCode = ParameterCode::NETWORK_ROUTING_NUMBER;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [first] = first_octets(Self::CODE, content)?;
        Ok(Self {
            plan: first >> 4 & 7,
            nature: first & 0xF,
            digits: Digits::read(Self::CODE, content, 1, first & 0x80 != 0)?,
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let odd = if self.digits.is_odd() { 0x80 } else { 0 };
        to.push(odd | (self.plan & 7) << 4 | self.nature & 0xF);
        self.digits.pack(to);
    }
}

impl Describe for NetworkRoutingNumber {
    fn describe(&self) -> Vec<Field> {
        vec![
            Field::number("numbering plan", self.plan),
            Field::number("nature of address", self.nature),
            Field::digits("address signals", self.digits),
        ]
    }
}

coded! {
    /// Encoding scheme of generic digits (§3.24, bits HGF).
    DigitsEncoding {
        BcdEven = 0 => "BCD, even number of digits",
        BcdOdd = 1 => "BCD, odd number of digits",
        Ia5 = 2 => "IA5 characters",
        Binary = 3 => "binary",
    }
}

/// Generic digits (§3.24), national use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenericDigits {
    /// How the digits are coded.
    pub encoding: DigitsEncoding,
    /// Type of digits, 5 bits: 0 account code, 1 authorisation code, ...
    pub kind: u8,
    /// The digits as they are coded.
    pub octets: Vec<u8>,
}

impl Parameter for GenericDigits {
    const CODE: ParameterCode = ParameterCode::GENERIC_DIGITS;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [first] = first_octets(Self::CODE, content)?;
        Ok(Self {
            encoding: DigitsEncoding::from_code(first >> 5),
            kind: first & 0x1F,
            octets: content.get(1..).unwrap_or_default().to_vec(),
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.push(self.encoding.code() << 5 | self.kind & 0x1F);
        to.extend_from_slice(&self.octets);
    }
}

impl Describe for GenericDigits {
    fn describe(&self) -> Vec<Field> {
        let odd = self.encoding == DigitsEncoding::BcdOdd;
        let bcd = odd || self.encoding == DigitsEncoding::BcdEven;
        let digits = match Digits::unpack(&self.octets, odd) {
            Ok(digits) if bcd => Field::digits("digits", digits),
            _ if self.encoding == DigitsEncoding::Ia5 => {
                Field::text("digits", super::user::ia5(&self.octets))
            }
            _ => Field::octets("digits", &self.octets),
        };
        vec![
            Field::coded(
                "encoding scheme",
                self.encoding.code(),
                self.encoding.name(),
            ),
            Field::number("type of digits", self.kind),
            digits,
        ]
    }
}

coded! {
    /// Map type (§3.69, bits FEDCBA).
    MapType {
        Path1544 = 1 => "1544 kbit/s digital path, 64 kbit/s base rate",
        Path2048 = 2 => "2048 kbit/s digital path, 64 kbit/s base rate",
    }
}

/// Circuit assignment map (§3.69): the circuits of an N x 64 kbit/s call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitAssignmentMap {
    /// What the bits stand for.
    pub kind: MapType,
    /// Bit 0 is circuit 1 of the path, set when the call uses it.
    pub circuits: u32,
}

impl Parameter for CircuitAssignmentMap {
    const CODE: ParameterCode = ParameterCode::CIRCUIT_ASSIGNMENT_MAP;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [kind, map @ ..] = first_octets::<5>(Self::CODE, content)?;
        Ok(Self {
            kind: MapType::from_code(kind & 0x3F),
            circuits: u32::from_le_bytes(map),
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.push(self.kind.code() & 0x3F);
        to.extend(self.circuits.to_le_bytes());
    }
}

impl Describe for CircuitAssignmentMap {
    fn describe(&self) -> Vec<Field> {
        vec![
            Field::coded("map type", self.kind.code(), self.kind.name()),
            Field::octets("map", &self.circuits.to_le_bytes()),
        ]
    }
}

indicators! {
    /// Network management controls (§3.68).
    NetworkManagementControls(u8 | 0x80) = NETWORK_MANAGEMENT_CONTROLS {
        /// Bit A.
        const TAR_CONTROLLED = 1 << 0 => "TAR controlled call";
    }
}

indicators! {
    /// Query on release capability (§3.91).
    QueryOnReleaseCapability(u8 | 0x80) = QUERY_ON_RELEASE_CAPABILITY {
        /// Bit A.
        const SUPPORTED = 1 << 0 => "query on release supported";
    }
}

coded! {
    /// Number portability status (§3.101, bits DCBA).
    PortabilityStatus {
        NoIndication = 0 => "no indication",
        NotQueried = 1 => "query not done for called number",
        NotPorted = 2 => "query done for called number, non-ported called subscriber",
        Ported = 3 => "query done for called number, ported called subscriber",
    }
}

indicators! {
    /// Number portability forward information (§3.101).
    NumberPortabilityForwardInformation(u8 | 0x80) = NUMBER_PORTABILITY_FORWARD_INFORMATION {
        fn status, with_status: PortabilityStatus = 0, 4 => "number portability status indicator";
    }
}

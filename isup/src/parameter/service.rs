//! Supplementary services and intelligent networks.

use super::{
    Describe, Field, Parameter, ParameterCode,
    coded::{coded, indicators, number_parameter, octets_parameter},
    first_octets,
};
use crate::error::DecodeError;

/// Closed user group interlock code (§3.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedUserGroupInterlockCode {
    /// Network identity: four digits in half octets, the first in the higher half.
    pub network: [u8; 2],
    /// The code that the network gave the group.
    pub code: u16,
}

impl Parameter for ClosedUserGroupInterlockCode {
    const CODE: ParameterCode = ParameterCode::CLOSED_USER_GROUP_INTERLOCK_CODE;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [first, second, high, low] = first_octets(Self::CODE, content)?;
        Ok(Self {
            network: [first, second],
            code: u16::from_be_bytes([high, low]),
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.extend(self.network);
        to.extend(self.code.to_be_bytes());
    }
}

impl Describe for ClosedUserGroupInterlockCode {
    fn describe(&self) -> Vec<Field> {
        vec![
            Field::octets("network identity", &self.network),
            Field::number("binary code", self.code),
        ]
    }
}

coded! {
    /// Look-ahead for busy (§3.34, bits GF).
    LookAheadForBusy {
        Allowed = 0 => "look-ahead for busy allowed",
        PathReserved = 1 => "path reserved",
        NotAllowed = 2 => "look-ahead for busy not allowed",
    }
}

coded! {
    /// Precedence level (§3.34, bits DCBA).
    PrecedenceLevel {
        FlashOverride = 0 => "flash override",
        Flash = 1 => "flash",
        Immediate = 2 => "immediate",
        Priority = 3 => "priority",
        Routine = 4 => "routine",
    }
}

/// MLPP precedence (§3.34).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MlppPrecedence {
    /// Look-ahead for busy.
    pub look_ahead: LookAheadForBusy,
    /// Precedence level.
    pub level: PrecedenceLevel,
    /// Network identity: four digits in half octets.
    pub network: [u8; 2],
    /// MLPP service domain, 24 bits.
    pub domain: u32,
}

impl Parameter for MlppPrecedence {
    const CODE: ParameterCode = ParameterCode::MLPP_PRECEDENCE;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [first, network @ .., high, middle, low] = first_octets::<6>(Self::CODE, content)?;
        Ok(Self {
            look_ahead: LookAheadForBusy::from_code(first >> 5 & 3),
            level: PrecedenceLevel::from_code(first & 0xF),
            network,
            domain: u32::from_be_bytes([0, high, middle, low]),
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.push((self.look_ahead.code() & 3) << 5 | self.level.code() & 0xF);
        to.extend(self.network);
        let [_, domain @ ..] = self.domain.to_be_bytes();
        to.extend(domain);
    }
}

impl Describe for MlppPrecedence {
    fn describe(&self) -> Vec<Field> {
        vec![
            Field::coded(
                "look-ahead for busy",
                self.look_ahead.code(),
                self.look_ahead.name(),
            ),
            Field::coded("precedence level", self.level.code(), self.level.name()),
            Field::octets("network identity", &self.network),
            Field::number("MLPP service domain", self.domain),
        ]
    }
}

indicators! {
    /// MCID request indicators (§3.31).
    McidRequestIndicators(u8) = MCID_REQUEST_INDICATORS {
        /// Bit A.
        const REQUESTED = 1 << 0 => "MCID requested";
        /// Bit B, national use.
        const HOLDING_REQUESTED = 1 << 1 => "holding requested";
    }
}

indicators! {
    /// MCID response indicators (§3.32).
    McidResponseIndicators(u8) = MCID_RESPONSE_INDICATORS {
        /// Bit A.
        const INCLUDED = 1 << 0 => "MCID included";
        /// Bit B, national use.
        const HOLDING_PROVIDED = 1 << 1 => "holding provided";
    }
}

indicators! {
    /// CCSS (§3.63).
    Ccss(u8) = CCSS {
        /// Bit A.
        const CCSS_CALL = 1 << 0 => "CCSS call";
    }
}

indicators! {
    /// CCNR possible indicator (§3.83).
    CcnrPossibleIndicator(u8) = CCNR_POSSIBLE_INDICATOR {
        /// Bit A.
        const POSSIBLE = 1 << 0 => "CCNR possible";
    }
}

indicators! {
    /// Collect call request (§3.81).
    CollectCallRequest(u8) = COLLECT_CALL_REQUEST {
        /// Bit A.
        const REQUESTED = 1 << 0 => "collect call requested";
    }
}

coded! {
    /// Call to be offered indicator (§3.74, bits BA).
    CallToBeOffered {
        NoIndication = 0 => "no indication",
        NotAllowed = 1 => "call offering not allowed",
        Allowed = 2 => "call offering allowed",
    }
}

indicators! {
    /// Call offering treatment indicators (§3.74).
    CallOfferingTreatmentIndicators(u8 | 0x80) = CALL_OFFERING_TREATMENT_INDICATORS {
        fn call_to_be_offered, with_call_to_be_offered: CallToBeOffered = 0, 2 => "call to be offered indicator";
    }
}

coded! {
    /// Conference acceptance indicator (§3.76, bits BA).
    ConferenceAcceptance {
        NoIndication = 0 => "no indication",
        Accept = 1 => "accept conference request",
        Reject = 2 => "reject conference request",
    }
}

indicators! {
    /// Conference treatment indicators (§3.76).
    ConferenceTreatmentIndicators(u8 | 0x80) = CONFERENCE_TREATMENT_INDICATORS {
        fn acceptance, with_acceptance: ConferenceAcceptance = 0, 2 => "conference acceptance indicator";
    }
}

indicators! {
    /// UID action indicators (§3.78).
    UidActionIndicators(u8 | 0x80) = UID_ACTION_INDICATORS {
        /// Bit A.
        const THROUGH_CONNECT = 1 << 0 => "through-connect in both directions";
        /// Bit B.
        const STOP_T9 = 1 << 1 => "stop or do not start timer T9";
    }
}

indicators! {
    /// UID capability indicators (§3.79).
    UidCapabilityIndicators(u8 | 0x80) = UID_CAPABILITY_INDICATORS {
        /// Bit A.
        const THROUGH_CONNECTION = 1 << 0 => "through-connection modification possible";
        /// Bit B.
        const T9 = 1 << 1 => "stopping of timer T9 possible";
    }
}

coded! {
    /// Terminating access indicator (§3.62, bits BA).
    TerminatingAccess {
        NoInformation = 0 => "no information",
        Dedicated = 1 => "dedicated terminating access",
        Switched = 2 => "switched terminating access",
    }
}

indicators! {
    /// Backward GVNS (§3.62).
    BackwardGvns(u8 | 0x80) = BACKWARD_GVNS {
        fn terminating_access, with_terminating_access: TerminatingAccess = 0, 2 => "terminating access indicator";
    }
}

octets_parameter! {
    /// Forward GVNS (§3.66): originating participating service provider, GVNS user group and
    /// terminating network routing number.
    ForwardGvns = FORWARD_GVNS, "forward GVNS"
}

coded! {
    /// Loop prevention response indicator (§3.67, bits CB).
    LoopPreventionResponse {
        InsufficientInformation = 0 => "insufficient information",
        NoLoop = 1 => "no loop exists",
        SimultaneousTransfer = 2 => "simultaneous transfer",
    }
}

indicators! {
    /// Loop prevention indicators (§3.67).
    LoopPreventionIndicators(u8) = LOOP_PREVENTION_INDICATORS {
        /// Bit A: a response; clear: a request.
        const RESPONSE = 1 << 0 => "response";
        fn response, with_response: LoopPreventionResponse = 1, 2 => "response indicator";
    }
}

number_parameter! {
    /// Call transfer reference (§3.65).
    CallTransferReference(u8) = CALL_TRANSFER_REFERENCE, "call transfer identity"
}

octets_parameter! {
    /// Service activation (§3.49): one feature code an octet, 1 call transfer.
    ServiceActivation = SERVICE_ACTIVATION, "feature codes"
}

octets_parameter! {
    /// Remote operations (§3.48): protocol profile, then components in BER; national use.
    RemoteOperations = REMOTE_OPERATIONS, "protocol profile and components"
}

octets_parameter! {
    /// Network specific facility (§3.36), national use.
    NetworkSpecificFacility = NETWORK_SPECIFIC_FACILITY, "network identification and facility"
}

octets_parameter! {
    /// Correlation id (§3.70): the IN correlation identity of Q.1218.
    CorrelationId = CORRELATION_ID, "correlation id"
}

octets_parameter! {
    /// SCF id (§3.71): the IN service control function identity of Q.1218.
    ScfId = SCF_ID, "SCF id"
}

octets_parameter! {
    /// Charged party identification (§3.75) of Q.1218; national use.
    ChargedPartyIdentification = CHARGED_PARTY_IDENTIFICATION, "charged party identification"
}

octets_parameter! {
    /// Calling geodetic location (§3.88): presentation, shape, description of the shape.
    CallingGeodeticLocation = CALLING_GEODETIC_LOCATION, "calling geodetic location"
}

octets_parameter! {
    /// IEPS call information (Q.763 Amd.4).
    IepsCallInformation = IEPS_CALL_INFORMATION, "IEPS call information"
}

octets_parameter! {
    /// VED information (Q.763 Amd.5).
    VedInformation = VED_INFORMATION, "VED information"
}

octets_parameter! {
    /// Automatic re-routing (Q.763 Amd.3).
    AutomaticRerouting = AUTOMATIC_REROUTING, "automatic re-routing"
}

octets_parameter! {
    /// Forward CAT indicator (Q.763 Amd.6).
    ForwardCatIndicator = FORWARD_CAT_INDICATOR, "forward CAT indicator"
}

octets_parameter! {
    /// Backward CAT indicator (Q.763 Amd.6).
    BackwardCatIndicator = BACKWARD_CAT_INDICATOR, "backward CAT indicator"
}

//! Parameter names: the codes of Q.763 §3.1 (Table 5) and the further ones of ANSI T1.113.

use core::fmt;

/// The octet that names a parameter (Q.763 §3.1), whether this crate knows it or not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParameterCode(pub u8);

impl ParameterCode {
    /// End of optional parameters (§3.20).
    pub const END_OF_OPTIONAL_PARAMETERS: Self = Self(0x00);
    /// Call reference (§3.8).
    pub const CALL_REFERENCE: Self = Self(0x01);
    /// Transmission medium requirement (§3.54).
    pub const TRANSMISSION_MEDIUM_REQUIREMENT: Self = Self(0x02);
    /// Access transport (§3.3).
    pub const ACCESS_TRANSPORT: Self = Self(0x03);
    /// Called party number (§3.9).
    pub const CALLED_PARTY_NUMBER: Self = Self(0x04);
    /// Subsequent number (§3.51).
    pub const SUBSEQUENT_NUMBER: Self = Self(0x05);
    /// Nature of connection indicators (§3.35).
    pub const NATURE_OF_CONNECTION: Self = Self(0x06);
    /// Forward call indicators (§3.23).
    pub const FORWARD_CALL_INDICATORS: Self = Self(0x07);
    /// Optional forward call indicators (§3.38).
    pub const OPTIONAL_FORWARD_CALL_INDICATORS: Self = Self(0x08);
    /// Calling party's category (§3.11).
    pub const CALLING_PARTYS_CATEGORY: Self = Self(0x09);
    /// Calling party number (§3.10).
    pub const CALLING_PARTY_NUMBER: Self = Self(0x0A);
    /// Redirecting number (§3.44).
    pub const REDIRECTING_NUMBER: Self = Self(0x0B);
    /// Redirection number (§3.46).
    pub const REDIRECTION_NUMBER: Self = Self(0x0C);
    /// Connection request (§3.17).
    pub const CONNECTION_REQUEST: Self = Self(0x0D);
    /// Information request indicators (§3.29).
    pub const INFORMATION_REQUEST_INDICATORS: Self = Self(0x0E);
    /// Information indicators (§3.28).
    pub const INFORMATION_INDICATORS: Self = Self(0x0F);
    /// Continuity indicators (§3.18).
    pub const CONTINUITY_INDICATORS: Self = Self(0x10);
    /// Backward call indicators (§3.5).
    pub const BACKWARD_CALL_INDICATORS: Self = Self(0x11);
    /// Cause indicators (§3.12).
    pub const CAUSE: Self = Self(0x12);
    /// Redirection information (§3.45).
    pub const REDIRECTION_INFORMATION: Self = Self(0x13);
    /// Circuit group supervision message type (§3.13).
    pub const CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE: Self = Self(0x15);
    /// Range and status (§3.43).
    pub const RANGE_AND_STATUS: Self = Self(0x16);
    /// Facility indicator (§3.22).
    pub const FACILITY_INDICATOR: Self = Self(0x18);
    /// Closed user group interlock code (§3.15).
    pub const CLOSED_USER_GROUP_INTERLOCK_CODE: Self = Self(0x1A);
    /// User service information (§3.57).
    pub const USER_SERVICE_INFORMATION: Self = Self(0x1D);
    /// Signalling point code (§3.50).
    pub const SIGNALLING_POINT_CODE: Self = Self(0x1E);
    /// User-to-user information (§3.61).
    pub const USER_TO_USER_INFORMATION: Self = Self(0x20);
    /// Connected number (§3.16).
    pub const CONNECTED_NUMBER: Self = Self(0x21);
    /// Suspend/resume indicators (§3.52).
    pub const SUSPEND_RESUME_INDICATORS: Self = Self(0x22);
    /// Transit network selection (§3.53).
    pub const TRANSIT_NETWORK_SELECTION: Self = Self(0x23);
    /// Event information (§3.21).
    pub const EVENT_INFORMATION: Self = Self(0x24);
    /// Circuit assignment map (§3.69).
    pub const CIRCUIT_ASSIGNMENT_MAP: Self = Self(0x25);
    /// Circuit state indicator (§3.14).
    pub const CIRCUIT_STATE_INDICATOR: Self = Self(0x26);
    /// Automatic congestion level (§3.4).
    pub const AUTOMATIC_CONGESTION_LEVEL: Self = Self(0x27);
    /// Original called number (§3.39).
    pub const ORIGINAL_CALLED_NUMBER: Self = Self(0x28);
    /// Optional backward call indicators (§3.37).
    pub const OPTIONAL_BACKWARD_CALL_INDICATORS: Self = Self(0x29);
    /// User-to-user indicators (§3.60).
    pub const USER_TO_USER_INDICATORS: Self = Self(0x2A);
    /// Origination ISC point code (§3.40).
    pub const ORIGINATION_ISC_POINT_CODE: Self = Self(0x2B);
    /// Generic notification indicator (§3.25).
    pub const GENERIC_NOTIFICATION: Self = Self(0x2C);
    /// Call history information (§3.7).
    pub const CALL_HISTORY_INFORMATION: Self = Self(0x2D);
    /// Access delivery information (§3.2).
    pub const ACCESS_DELIVERY_INFORMATION: Self = Self(0x2E);
    /// Network specific facility (§3.36).
    pub const NETWORK_SPECIFIC_FACILITY: Self = Self(0x2F);
    /// User service information prime (§3.58).
    pub const USER_SERVICE_INFORMATION_PRIME: Self = Self(0x30);
    /// Propagation delay counter (§3.42).
    pub const PROPAGATION_DELAY_COUNTER: Self = Self(0x31);
    /// Remote operations (§3.48).
    pub const REMOTE_OPERATIONS: Self = Self(0x32);
    /// Service activation (§3.49).
    pub const SERVICE_ACTIVATION: Self = Self(0x33);
    /// User teleservice information (§3.59).
    pub const USER_TELESERVICE_INFORMATION: Self = Self(0x34);
    /// Transmission medium used (§3.56).
    pub const TRANSMISSION_MEDIUM_USED: Self = Self(0x35);
    /// Call diversion information (§3.6).
    pub const CALL_DIVERSION_INFORMATION: Self = Self(0x36);
    /// Echo control information (§3.19).
    pub const ECHO_CONTROL_INFORMATION: Self = Self(0x37);
    /// Message compatibility information (§3.33).
    pub const MESSAGE_COMPATIBILITY_INFORMATION: Self = Self(0x38);
    /// Parameter compatibility information (§3.41).
    pub const PARAMETER_COMPATIBILITY_INFORMATION: Self = Self(0x39);
    /// MLPP precedence (§3.34).
    pub const MLPP_PRECEDENCE: Self = Self(0x3A);
    /// MCID request indicators (§3.31).
    pub const MCID_REQUEST_INDICATORS: Self = Self(0x3B);
    /// MCID response indicators (§3.32).
    pub const MCID_RESPONSE_INDICATORS: Self = Self(0x3C);
    /// Hop counter (§3.80).
    pub const HOP_COUNTER: Self = Self(0x3D);
    /// Transmission medium requirement prime (§3.55).
    pub const TRANSMISSION_MEDIUM_REQUIREMENT_PRIME: Self = Self(0x3E);
    /// Location number (§3.30).
    pub const LOCATION_NUMBER: Self = Self(0x3F);
    /// Redirection number restriction (§3.47).
    pub const REDIRECTION_NUMBER_RESTRICTION: Self = Self(0x40);
    /// Call transfer reference (§3.65).
    pub const CALL_TRANSFER_REFERENCE: Self = Self(0x43);
    /// Loop prevention indicators (§3.67).
    pub const LOOP_PREVENTION_INDICATORS: Self = Self(0x44);
    /// Call transfer number (§3.64).
    pub const CALL_TRANSFER_NUMBER: Self = Self(0x45);
    /// CCSS (§3.63).
    pub const CCSS: Self = Self(0x4B);
    /// Forward GVNS (§3.66).
    pub const FORWARD_GVNS: Self = Self(0x4C);
    /// Backward GVNS (§3.62).
    pub const BACKWARD_GVNS: Self = Self(0x4D);
    /// Redirect capability (§3.96).
    pub const REDIRECT_CAPABILITY: Self = Self(0x4E);
    /// Network management controls (§3.68).
    pub const NETWORK_MANAGEMENT_CONTROLS: Self = Self(0x5B);
    /// Correlation id (§3.70).
    pub const CORRELATION_ID: Self = Self(0x65);
    /// SCF id (§3.71).
    pub const SCF_ID: Self = Self(0x66);
    /// Call diversion treatment indicators (§3.72).
    pub const CALL_DIVERSION_TREATMENT_INDICATORS: Self = Self(0x6E);
    /// Called IN number (§3.73).
    pub const CALLED_IN_NUMBER: Self = Self(0x6F);
    /// Call offering treatment indicators (§3.74).
    pub const CALL_OFFERING_TREATMENT_INDICATORS: Self = Self(0x70);
    /// Charged party identification (§3.75).
    pub const CHARGED_PARTY_IDENTIFICATION: Self = Self(0x71);
    /// Conference treatment indicators (§3.76).
    pub const CONFERENCE_TREATMENT_INDICATORS: Self = Self(0x72);
    /// Display information (§3.77).
    pub const DISPLAY_INFORMATION: Self = Self(0x73);
    /// UID action indicators (§3.78).
    pub const UID_ACTION_INDICATORS: Self = Self(0x74);
    /// UID capability indicators (§3.79).
    pub const UID_CAPABILITY_INDICATORS: Self = Self(0x75);
    /// Redirect counter (§3.97).
    pub const REDIRECT_COUNTER: Self = Self(0x77);
    /// Application transport (§3.82).
    pub const APPLICATION_TRANSPORT: Self = Self(0x78);
    /// Collect call request (§3.81).
    pub const COLLECT_CALL_REQUEST: Self = Self(0x79);
    /// CCNR possible indicator (§3.83).
    pub const CCNR_POSSIBLE_INDICATOR: Self = Self(0x7A);
    /// Pivot capability (§3.84).
    pub const PIVOT_CAPABILITY: Self = Self(0x7B);
    /// Pivot routing indicators (§3.85).
    pub const PIVOT_ROUTING_INDICATORS: Self = Self(0x7C);
    /// Called directory number (§3.86).
    pub const CALLED_DIRECTORY_NUMBER: Self = Self(0x7D);
    /// Original called IN number (§3.87).
    pub const ORIGINAL_CALLED_IN_NUMBER: Self = Self(0x7F);
    /// Calling geodetic location (§3.88).
    pub const CALLING_GEODETIC_LOCATION: Self = Self(0x81);
    /// HTR information (§3.89).
    pub const HTR_INFORMATION: Self = Self(0x82);
    /// Network routing number (§3.90).
    pub const NETWORK_ROUTING_NUMBER: Self = Self(0x84);
    /// Query on release capability (§3.91).
    pub const QUERY_ON_RELEASE_CAPABILITY: Self = Self(0x85);
    /// Pivot status (§3.92).
    pub const PIVOT_STATUS: Self = Self(0x86);
    /// Pivot counter (§3.93).
    pub const PIVOT_COUNTER: Self = Self(0x87);
    /// Pivot routing forward information (§3.94).
    pub const PIVOT_ROUTING_FORWARD_INFORMATION: Self = Self(0x88);
    /// Pivot routing backward information (§3.95).
    pub const PIVOT_ROUTING_BACKWARD_INFORMATION: Self = Self(0x89);
    /// Redirect status (§3.98).
    pub const REDIRECT_STATUS: Self = Self(0x8A);
    /// Redirect forward information (§3.99).
    pub const REDIRECT_FORWARD_INFORMATION: Self = Self(0x8B);
    /// Redirect backward information (§3.100).
    pub const REDIRECT_BACKWARD_INFORMATION: Self = Self(0x8C);
    /// Number portability forward information (§3.101).
    pub const NUMBER_PORTABILITY_FORWARD_INFORMATION: Self = Self(0x8D);
    /// Forward CAT indicator (Q.763 Amd.6).
    pub const FORWARD_CAT_INDICATOR: Self = Self(0x8E);
    /// Backward CAT indicator (Q.763 Amd.6).
    pub const BACKWARD_CAT_INDICATOR: Self = Self(0x8F);
    /// Automatic re-routing (Q.763 Amd.3).
    pub const AUTOMATIC_REROUTING: Self = Self(0x96);
    /// IEPS call information (Q.763 Amd.4).
    pub const IEPS_CALL_INFORMATION: Self = Self(0xA6);
    /// VED information (Q.763 Amd.5).
    pub const VED_INFORMATION: Self = Self(0xA8);
    /// Generic number (§3.26).
    pub const GENERIC_NUMBER: Self = Self(0xC0);
    /// Generic digits (§3.24).
    pub const GENERIC_DIGITS: Self = Self(0xC1);
    /// Operator services information (T1.113).
    pub const OPERATOR_SERVICES_INFORMATION: Self = Self(0xC2);
    /// Egress (T1.113).
    pub const EGRESS: Self = Self(0xC3);
    /// Jurisdiction (T1.113).
    pub const JURISDICTION: Self = Self(0xC4);
    /// Carrier identification (T1.113).
    pub const CARRIER_IDENTIFICATION: Self = Self(0xC5);
    /// Business group (T1.113).
    pub const BUSINESS_GROUP: Self = Self(0xC6);
    /// Generic name (T1.113).
    pub const GENERIC_NAME: Self = Self(0xC7);
    /// Notification indicator (T1.113).
    pub const NOTIFICATION_INDICATOR: Self = Self(0xE1);
    /// Carrier service provider (T1.113).
    pub const CARRIER_SERVICE_PROVIDER: Self = Self(0xE2);
    /// Transaction request (T1.113).
    pub const TRANSACTION_REQUEST: Self = Self(0xE3);
    /// Circuit group characteristic indicator (T1.113).
    pub const CIRCUIT_GROUP_CHARACTERISTIC_INDICATOR: Self = Self(0xE5);
    /// Circuit validation response indicator (T1.113).
    pub const CVR_RESPONSE_INDICATOR: Self = Self(0xE6);
    /// Outgoing trunk group number (T1.113).
    pub const OUTGOING_TRUNK_GROUP_NUMBER: Self = Self(0xE7);
    /// Circuit identification name (T1.113).
    pub const CIRCUIT_IDENTIFICATION_NAME: Self = Self(0xE8);
    /// Common language location identification (T1.113).
    pub const COMMON_LANGUAGE_LOCATION_IDENTIFICATION: Self = Self(0xE9);
    /// Originating line information (T1.113).
    pub const ORIGINATING_LINE_INFORMATION: Self = Self(0xEA);
    /// Charge number (T1.113).
    pub const CHARGE_NUMBER: Self = Self(0xEB);
    /// Service code (T1.113).
    pub const SERVICE_CODE: Self = Self(0xEC);
    /// Special processing request (T1.113).
    pub const SPECIAL_PROCESSING_REQUEST: Self = Self(0xED);
    /// Carrier selection information (T1.113).
    pub const CARRIER_SELECTION_INFORMATION: Self = Self(0xEE);
    /// Network transport (T1.113).
    pub const NETWORK_TRANSPORT: Self = Self(0xEF);

    /// The name in Q.763, or in T1.113 where only that has the code; "unknown parameter" otherwise.
    #[must_use]
    pub fn name(self) -> &'static str {
        super::row(self).map_or("unknown parameter", |row| row.name)
    }
}

impl fmt::Display for ParameterCode {
    /// The name, and the code where the name alone does not tell it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match super::row(*self) {
            Some(row) => f.write_str(row.name),
            None => write!(f, "unknown parameter 0x{:02X}", self.0),
        }
    }
}

impl fmt::Debug for ParameterCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02X} {}", self.0, self.name())
    }
}

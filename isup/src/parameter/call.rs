//! Indicators of a call: nature of connection, forward and backward call indicators, category,
//! transmission medium, event information and the like.

use super::coded::{coded, coded_parameter, indicators};

coded! {
    /// Satellite circuits in the connection (§3.35, bits BA).
    Satellites {
        None = 0 => "no satellite circuit in the connection",
        One = 1 => "one satellite circuit in the connection",
        Two = 2 => "two satellite circuits in the connection",
    }
}

coded! {
    /// Continuity check indicator (§3.35, bits DC).
    ContinuityCheck {
        NotRequired = 0 => "continuity check not required",
        Required = 1 => "continuity check required on this circuit",
        OnPreviousCircuit = 2 => "continuity check performed on a previous circuit",
    }
}

indicators! {
    /// Nature of connection indicators (§3.35).
    NatureOfConnection(u8) = NATURE_OF_CONNECTION {
        /// Bit E.
        const OUTGOING_ECHO_CONTROL = 0x10 => "outgoing echo control device included";
        fn satellites, with_satellites: Satellites = 0, 2 => "satellite indicator";
        fn continuity_check, with_continuity_check: ContinuityCheck = 2, 2 => "continuity check indicator";
    }
}

coded! {
    /// End-to-end method indicator (§3.5 bits HG, §3.23 bits CB).
    EndToEndMethod {
        None = 0 => "no end-to-end method available",
        PassAlong = 1 => "pass-along method available",
        Sccp = 2 => "SCCP method available",
        PassAlongAndSccp = 3 => "pass-along and SCCP methods available",
    }
}

coded! {
    /// ISDN user part preference indicator (§3.23, bits HG).
    IsupPreference {
        Preferred = 0 => "ISDN user part preferred all the way",
        NotRequired = 1 => "ISDN user part not required all the way",
        Required = 2 => "ISDN user part required all the way",
    }
}

coded! {
    /// SCCP method indicator (§3.5 bits PO, §3.23 bits KJ).
    SccpMethod {
        None = 0 => "no indication",
        Connectionless = 1 => "connectionless method available",
        ConnectionOriented = 2 => "connection oriented method available",
        Both = 3 => "connectionless and connection oriented methods available",
    }
}

indicators! {
    /// Forward call indicators (§3.23).
    ForwardCallIndicators(u16) = FORWARD_CALL_INDICATORS {
        /// Bit A.
        const INTERNATIONAL_CALL = 1 << 0 => "call to be treated as an international call";
        /// Bit D.
        const INTERWORKING_ENCOUNTERED = 1 << 3 => "interworking encountered";
        /// Bit E.
        const END_TO_END_INFORMATION = 1 << 4 => "end-to-end information available";
        /// Bit F.
        const ISUP_ALL_THE_WAY = 1 << 5 => "ISDN user part used all the way";
        /// Bit I.
        const ORIGINATING_ACCESS_ISDN = 1 << 8 => "originating access ISDN";
        /// Bit M.
        const NUMBER_TRANSLATED = 1 << 12 => "number translated";
        /// Bit N.
        const QUERY_ON_RELEASE_ATTEMPT = 1 << 13 => "query on release routing attempt in progress";
        fn end_to_end_method, with_end_to_end_method: EndToEndMethod = 1, 2 => "end-to-end method indicator";
        fn isup_preference, with_isup_preference: IsupPreference = 6, 2 => "ISDN user part preference indicator";
        fn sccp_method, with_sccp_method: SccpMethod = 9, 2 => "SCCP method indicator";
    }
}

coded! {
    /// Charge indicator (§3.5, bits BA).
    ChargeIndicator {
        NoIndication = 0 => "no indication",
        NoCharge = 1 => "no charge",
        Charge = 2 => "charge",
    }
}

coded! {
    /// Called party's status indicator (§3.5, bits DC).
    CalledPartysStatus {
        NoIndication = 0 => "no indication",
        SubscriberFree = 1 => "subscriber free",
        ConnectWhenFree = 2 => "connect when free",
    }
}

coded! {
    /// Called party's category indicator (§3.5, bits FE).
    CalledPartysCategory {
        NoIndication = 0 => "no indication",
        OrdinarySubscriber = 1 => "ordinary subscriber",
        Payphone = 2 => "payphone",
    }
}

indicators! {
    /// Backward call indicators (§3.5).
    BackwardCallIndicators(u16) = BACKWARD_CALL_INDICATORS {
        /// Bit I.
        const INTERWORKING_ENCOUNTERED = 1 << 8 => "interworking encountered";
        /// Bit J.
        const END_TO_END_INFORMATION = 1 << 9 => "end-to-end information available";
        /// Bit K.
        const ISUP_ALL_THE_WAY = 1 << 10 => "ISDN user part used all the way";
        /// Bit L.
        const HOLDING_REQUESTED = 1 << 11 => "holding requested";
        /// Bit M.
        const TERMINATING_ACCESS_ISDN = 1 << 12 => "terminating access ISDN";
        /// Bit N.
        const INCOMING_ECHO_CONTROL = 1 << 13 => "incoming echo control device included";
        fn charge, with_charge: ChargeIndicator = 0, 2 => "charge indicator";
        fn called_partys_status, with_called_partys_status: CalledPartysStatus = 2, 2 => "called party's status indicator";
        fn called_partys_category, with_called_partys_category: CalledPartysCategory = 4, 2 => "called party's category indicator";
        fn end_to_end_method, with_end_to_end_method: EndToEndMethod = 6, 2 => "end-to-end method indicator";
        fn sccp_method, with_sccp_method: SccpMethod = 14, 2 => "SCCP method indicator";
    }
}

indicators! {
    /// Optional backward call indicators (§3.37).
    OptionalBackwardCallIndicators(u8) = OPTIONAL_BACKWARD_CALL_INDICATORS {
        /// Bit A.
        const IN_BAND_INFORMATION = 1 << 0 => "in-band information or an appropriate pattern is now available";
        /// Bit B.
        const CALL_DIVERSION_MAY_OCCUR = 1 << 1 => "call diversion may occur";
        /// Bit C.
        const SIMPLE_SEGMENTATION = 1 << 2 => "additional information will be sent in a segmentation message";
        /// Bit D.
        const MLPP_USER = 1 << 3 => "MLPP user";
    }
}

coded! {
    /// Closed user group call indicator (§3.38, bits BA).
    ClosedUserGroupCall {
        NonCug = 0 => "non-CUG call",
        OutgoingAccessAllowed = 2 => "closed user group call, outgoing access allowed",
        OutgoingAccessNotAllowed = 3 => "closed user group call, outgoing access not allowed",
    }
}

indicators! {
    /// Optional forward call indicators (§3.38).
    OptionalForwardCallIndicators(u8) = OPTIONAL_FORWARD_CALL_INDICATORS {
        /// Bit C.
        const SIMPLE_SEGMENTATION = 1 << 2 => "additional information will be sent in a segmentation message";
        /// Bit H.
        const CONNECTED_LINE_IDENTITY_REQUESTED = 1 << 7 => "connected line identity requested";
        fn closed_user_group_call, with_closed_user_group_call: ClosedUserGroupCall = 0, 2 => "closed user group call indicator";
    }
}

coded! {
    /// Calling party's category (§3.11).
    CallingPartysCategory {
        Unknown = 0x00 => "calling party's category unknown at this time",
        OperatorFrench = 0x01 => "operator, language French",
        OperatorEnglish = 0x02 => "operator, language English",
        OperatorGerman = 0x03 => "operator, language German",
        OperatorRussian = 0x04 => "operator, language Russian",
        OperatorSpanish = 0x05 => "operator, language Spanish",
        NationalOperator = 0x09 => "national operator",
        Ordinary = 0x0A => "ordinary calling subscriber",
        Priority = 0x0B => "calling subscriber with priority",
        Data = 0x0C => "data call (voice band data)",
        Test = 0x0D => "test call",
        Ieps = 0x0E => "IEPS call marking for preferential call set up",
        Payphone = 0x0F => "payphone",
    }
}

coded_parameter!(
    CallingPartysCategory = CALLING_PARTYS_CATEGORY,
    "calling party's category"
);

coded! {
    /// Transmission medium requirement (§3.54).
    TransmissionMediumRequirement {
        Speech = 0x00 => "speech",
        Unrestricted64 = 0x02 => "64 kbit/s unrestricted",
        Audio3k1 = 0x03 => "3.1 kHz audio",
        AlternateSpeech = 0x04 => "reserved for alternate speech/64 kbit/s unrestricted",
        AlternateUnrestricted64 = 0x05 => "reserved for alternate 64 kbit/s unrestricted/speech",
        Preferred64 = 0x06 => "64 kbit/s preferred",
        Unrestricted2x64 = 0x07 => "2 x 64 kbit/s unrestricted",
        Unrestricted384 = 0x08 => "384 kbit/s unrestricted",
        Unrestricted1536 = 0x09 => "1536 kbit/s unrestricted",
        Unrestricted1920 = 0x0A => "1920 kbit/s unrestricted",
    }
}

coded_parameter!(
    TransmissionMediumRequirement = TRANSMISSION_MEDIUM_REQUIREMENT,
    "transmission medium requirement"
);

coded! {
    /// Event indicator (§3.21, bits GFEDCBA).
    Event {
        Alerting = 1 => "alerting",
        Progress = 2 => "progress",
        InBandInformation = 3 => "in-band information or an appropriate pattern is now available",
        ForwardedOnBusy = 4 => "call forwarded on busy",
        ForwardedOnNoReply = 5 => "call forwarded on no reply",
        ForwardedUnconditional = 6 => "call forwarded unconditional",
    }
}

indicators! {
    /// Event information (§3.21).
    EventInformation(u8) = EVENT_INFORMATION {
        /// Bit H.
        const PRESENTATION_RESTRICTED = 1 << 7 => "presentation restricted";
        fn event, with_event: Event = 0, 7 => "event indicator";
    }
}

impl EventInformation {
    /// The information for one event, its presentation not restricted.
    #[must_use]
    pub const fn new(event: Event) -> Self {
        Self::from_bits_retain(event.code())
    }
}

indicators! {
    /// Suspend/resume indicators (§3.52).
    SuspendResumeIndicators(u8) = SUSPEND_RESUME_INDICATORS {
        /// Bit A: set by the network, clear by the ISDN subscriber.
        const NETWORK_INITIATED = 1 << 0 => "network initiated";
    }
}

indicators! {
    /// Continuity indicators (§3.18).
    ContinuityIndicators(u8) = CONTINUITY_INDICATORS {
        /// Bit A.
        const SUCCESSFUL = 1 << 0 => "continuity check successful";
    }
}

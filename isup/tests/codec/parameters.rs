//! Typed parameters: what is read is written back, and nothing panics.

use isup::*;
use proptest::{collection::vec, prelude::*};

/// For content that can be read: what is read from what is written is the same.
fn stable<P: Parameter + PartialEq + core::fmt::Debug>(content: &[u8]) {
    let Ok(parameter) = P::decode(content) else {
        return;
    };
    let mut written = Vec::new();
    parameter.encode(&mut written);
    assert_eq!(
        P::decode(&written).as_ref(),
        Ok(&parameter),
        "{:?} {content:02x?}",
        P::CODE
    );
}

macro_rules! all {
    ($content:ident: $($type:ident)*) => { $(stable::<$type>($content);)* };
}

fn every_type(content: &[u8]) {
    all! { content:
        AccessDeliveryInformation AccessTransport ApplicationTransport AutomaticCongestionLevel
        AutomaticRerouting BackwardCallIndicators BackwardCatIndicator BackwardGvns BusinessGroup
        CallDiversionInformation CallDiversionTreatmentIndicators CallHistoryInformation
        CallOfferingTreatmentIndicators CallReference CallTransferNumber CallTransferReference
        CalledDirectoryNumber CalledInNumber CalledPartyNumber CallingGeodeticLocation
        CallingPartyNumber CallingPartysCategory CarrierIdentification CarrierSelection
        CarrierServiceProvider Cause Ccss CcnrPossibleIndicator ChargeNumber
        ChargedPartyIdentification CircuitAssignmentMap CircuitGroupCharacteristic
        CircuitGroupSupervisionType CircuitIdentificationName CircuitStateIndicator
        ClosedUserGroupInterlockCode CollectCallRequest CommonLanguageLocationIdentification
        ConferenceTreatmentIndicators ConnectedNumber ConnectionRequest ContinuityIndicators
        CorrelationId CvrResponse DisplayInformation EchoControlInformation Egress EventInformation
        FacilityIndicator ForwardCallIndicators ForwardCatIndicator ForwardGvns GenericDigits
        GenericName GenericNotification GenericNumber HopCounter HtrInformation
        IepsCallInformation InformationIndicators InformationRequestIndicators Jurisdiction
        LocationNumber LoopPreventionIndicators McidRequestIndicators McidResponseIndicators
        MessageCompatibilityInformation MlppPrecedence NatureOfConnection NetworkManagementControls
        NetworkRoutingNumber NetworkSpecificFacility NetworkTransport NotificationIndicator
        NumberPortabilityForwardInformation OperatorServicesInformation
        OptionalBackwardCallIndicators OptionalForwardCallIndicators OriginalCalledInNumber
        OriginalCalledNumber OriginatingLineInformation OriginationIscPointCode
        OutgoingTrunkGroupNumber ParameterCompatibilityInformation PivotCapability PivotCounter
        PivotRoutingBackwardInformation PivotRoutingForwardInformation PivotRoutingIndicators
        PivotStatus PropagationDelayCounter QueryOnReleaseCapability RangeAndStatus
        RedirectBackwardInformation RedirectCapability RedirectCounter RedirectForwardInformation
        RedirectStatus RedirectingNumber RedirectionInformation RedirectionNumber
        RedirectionNumberRestriction RemoteOperations ScfId ServiceActivation ServiceCode
        SignallingPointCode SpecialProcessingRequest SubsequentNumber SuspendResumeIndicators
        TransactionRequest TransitNetworkSelection TransmissionMediumRequirement
        TransmissionMediumRequirementPrime TransmissionMediumUsed UidActionIndicators
        UidCapabilityIndicators UserServiceInformation UserServiceInformationPrime
        UserTeleserviceInformation UserToUserIndicators UserToUserInformation VedInformation
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_as_what_was_read(content in vec(any::<u8>(), 0..24)) {
        every_type(&content);
        for row in isup::parameter::rows() {
            let _ = (row.describe)(&content);
        }
    }

    #[test]
    fn digits_are_packed_and_unpacked(text in "[0-9A-F]{0,32}") {
        let digits: Digits = text.parse().unwrap();
        prop_assert_eq!(digits.to_string(), text.clone());
        let number = CalledPartyNumber::new(NatureOfAddress::National, digits);
        let mut content = Vec::new();
        number.encode(&mut content);
        prop_assert_eq!(content.len(), 2 + text.len().div_ceil(2));
        prop_assert_eq!(content[0] >> 7, (text.len() % 2) as u8);
        prop_assert_eq!(CalledPartyNumber::decode(&content), Ok(number));
    }
}

fn encoded(parameter: &impl Parameter) -> String {
    let mut content = Vec::new();
    parameter.encode(&mut content);
    hex::write(&content)
}

fn decoded<P: Parameter>(content: &str) -> P {
    P::decode(&hex::read(content).unwrap()).unwrap()
}

#[test]
fn tables_know_each_parameter_once_in_the_order_of_the_codes() {
    let codes: Vec<_> = parameter::rows().iter().map(|row| row.code).collect();
    assert!(codes.is_sorted_by(|a, b| a < b));
    for row in parameter::rows() {
        assert_eq!(row.code.name(), row.name);
    }
}

/// What a parameter has beyond the fields that are known is told, not passed over.
#[test]
fn spare_bits_and_further_octets_are_told() {
    let told = |code: ParameterCode, content: &[u8]| {
        let fields = (parameter::row(code).unwrap().describe)(content).unwrap();
        let octets = fields.into_iter().filter_map(|field| match field.value {
            parameter::Value::Octets(octets) => Some((field.name, octets)),
            _ => None,
        });
        octets.collect::<Vec<_>>()
    };
    let requested = ParameterCode::INFORMATION_REQUEST_INDICATORS;
    assert_eq!(told(requested, &[0x9B, 0]), []);
    assert_eq!(
        told(requested, &[0x9F, 0x80]),
        [("spare bits", vec![0x04, 0x80])]
    );
    assert_eq!(
        told(requested, &[0, 0, 7, 8]),
        [("further octets", vec![7, 8])]
    );
    assert_eq!(
        told(ParameterCode::HOP_COUNTER, &[5, 6]),
        [("further octets", vec![6])]
    );
}

#[test]
fn default_content_of_mandatory_variable_parameters_can_be_read() {
    for variant in [Variant::Itu, Variant::Ansi] {
        for row in isup::message::rows(variant) {
            let message = Message::new_variant(row.message, variant);
            assert!(
                Message::decode_variant(message.octets(), variant).is_ok(),
                "{}",
                row.message
            );
            assert!(!format!("{message:#}").contains("wrong:"), "{message:#}");
        }
    }
}

#[test]
fn nature_of_connection() {
    let indicators = decoded::<NatureOfConnection>("15");
    assert_eq!(indicators.satellites(), Satellites::One);
    assert_eq!(indicators.continuity_check(), ContinuityCheck::Required);
    assert!(indicators.contains(NatureOfConnection::OUTGOING_ECHO_CONTROL));
    let changed = indicators.with_continuity_check(ContinuityCheck::OnPreviousCircuit);
    assert_eq!(encoded(&changed), "19");
    // Spare bits stay.
    assert_eq!(
        encoded(&decoded::<NatureOfConnection>("E0").with_satellites(Satellites::Two)),
        "e2"
    );
}

#[test]
fn forward_call_indicators() {
    let indicators =
        ForwardCallIndicators::ISUP_ALL_THE_WAY | ForwardCallIndicators::ORIGINATING_ACCESS_ISDN;
    let indicators = indicators.with_isup_preference(IsupPreference::NotRequired);
    assert_eq!(encoded(&indicators), "6001");
    assert_eq!(
        decoded::<ForwardCallIndicators>("2100"),
        ForwardCallIndicators::ISUP_ALL_THE_WAY | ForwardCallIndicators::INTERNATIONAL_CALL
    );
}

#[test]
fn backward_call_indicators() {
    let indicators = BackwardCallIndicators::TERMINATING_ACCESS_ISDN
        .with_charge(ChargeIndicator::Charge)
        .with_called_partys_status(CalledPartysStatus::SubscriberFree)
        .with_called_partys_category(CalledPartysCategory::OrdinarySubscriber);
    assert_eq!(encoded(&indicators), "1610");
}

#[test]
fn numbers() {
    let number = CalledPartyNumber::new(
        NatureOfAddress::International,
        "49305550001".parse().unwrap(),
    );
    assert_eq!(encoded(&number), "8410940355050001");
    let with_st: CalledPartyNumber = decoded("0490940355050010F0");
    assert_eq!(with_st.digits.to_string(), "4930555000010F");
    assert!(with_st.digits.ends_with_st() && with_st.internal_network_not_allowed);
    assert_eq!(
        with_st.digits.without_st().to_string(),
        "493055500001 0".replace(' ', "")
    );
    assert_eq!(encoded(&CallingPartyNumber::not_available()), "000b");
    let calling: CallingPartyNumber = decoded("831713452015");
    assert_eq!(calling.presentation, Presentation::Restricted);
    assert_eq!(calling.screening, Screening::Network);
}

#[test]
fn digits_can_be_extended_and_refuse_what_they_are_not() {
    let mut digits: Digits = "4930".parse().unwrap();
    digits.append(&"555F".parse().unwrap()).unwrap();
    assert_eq!(digits.to_string(), "4930555F");
    assert_eq!(digits.pop(), Some(ST));
    assert_eq!(digits, "4930555".parse().unwrap());
    assert_eq!("49 30".parse::<Digits>(), Err(DigitsError::NoSignal(' ')));
    assert_eq!("0".repeat(33).parse::<Digits>(), Err(DigitsError::TooMany));
    assert_eq!(digits.masked(4), "493****");
}

#[test]
fn causes() {
    let cause: Cause = decoded("84 90");
    assert_eq!(cause, Cause::new(16, Location::PublicNetworkRemoteUser));
    assert_eq!(
        encoded(&Cause::new(31, Location::BeyondInterworkingPoint)),
        "8a9f"
    );
    let unknown = Cause::new(99, Location::PublicNetworkLocalUser).with_diagnostics([0xB7]);
    assert_eq!(encoded(&unknown), "82e3b7");
    // Octet 1a is tolerated and kept.
    assert_eq!(encoded(&decoded::<Cause>("04 83 91")), "048391");
    assert_eq!(decoded::<Cause>("04 83 91").value, 17);
}

#[test]
fn cause_values_have_names_and_classes() {
    assert_eq!(cause::name(17), Some("user busy"));
    assert_eq!(cause::known_or_unspecified(17), 17);
    assert_eq!(cause::known_or_unspecified(60), 63);
    assert_eq!((cause::unspecified(3), cause::unspecified(120)), (31, 127));
    assert_eq!(
        cause::Explained(60).to_string(),
        "60 unknown, treated as 63 \
        service or option not available, unspecified"
    );
    assert!(cause::all().is_sorted_by(|a, b| a.0 < b.0));
}

#[test]
fn locations_have_tokens() {
    for code in 0..16 {
        let location = Location::from_code(code);
        assert_eq!(location.token().to_lowercase().parse(), Ok(location));
    }
    assert_eq!(Location::BeyondInterworkingPoint.token(), "BI");
    assert_eq!(Location::Other(6).token(), "LOC-6");
    assert!("LOC-7".parse::<Location>().is_err());
}

#[test]
fn redirection_information() {
    let information: RedirectionInformation = decoded("0322");
    assert_eq!(information.indicator, RedirectingIndicator::Diverted);
    assert_eq!(information.reason, RedirectingReason::NoReply);
    assert_eq!(information.counter, 2);
    assert_eq!(encoded(&information), "0322");
}

#[test]
fn user_service_information() {
    let a_law = UserServiceInformation::new(TransferCapability::Speech, Some(Layer1Protocol::ALaw));
    assert_eq!(encoded(&a_law), "8090a3");
    assert_eq!(a_law.layer1(), Some(Layer1Protocol::ALaw));
    let data = UserServiceInformation::new(TransferCapability::UnrestrictedDigital, None);
    assert_eq!(encoded(&data), "8890");
    assert_eq!((data.rate(), data.layer1()), (TransferRate::K64, None));
    // Multirate with its multiplier before layer 1.
    let multirate: UserServiceInformation = decoded("889886A3");
    assert_eq!(multirate.layer1(), Some(Layer1Protocol::ALaw));
}

#[test]
fn range_and_status() {
    assert_eq!(encoded(&RangeAndStatus::range(31)), "1f");
    let mut row = RangeAndStatus::cleared(30);
    assert_eq!((row.circuits(), row.status.len()), (31, 4));
    row.set_status(0, true);
    row.set_status(9, true);
    assert_eq!(encoded(&row), "1e01020000");
    assert!(row.status(9) && !row.status(10));
    assert!(RangeAndStatus::decode(&[31, 0xFF]).is_err());
}

#[test]
fn circuit_states() {
    let state = CircuitState::new(
        CallProcessingState::Idle,
        BlockingState::Local,
        BlockingState::Remote,
    );
    assert_eq!(state.0, 0b10_1101);
    assert_eq!(state.hardware_blocking(), BlockingState::Remote);
    assert_eq!(CircuitState::UNEQUIPPED.0, 3);
}

#[test]
fn compatibility_information() {
    let message: MessageCompatibilityInformation = decoded("86");
    assert!(
        message
            .instruction
            .contains(MessageInstruction::SEND_NOTIFICATION)
    );
    assert!(
        message
            .instruction
            .contains(MessageInstruction::RELEASE_CALL)
    );
    let parameters: ParameterCompatibilityInformation = decoded("31C1 3D 10 A0 8E 90");
    let discard = ParameterInstruction::DISCARD_PARAMETER;
    assert_eq!(parameters.of(ParameterCode(0x8E)), Some(discard));
    assert_eq!(parameters.of(ParameterCode::HOP_COUNTER), Some(discard));
    assert_eq!(parameters.of(ParameterCode::CAUSE), None);
    assert_eq!(encoded(&parameters), "31c13d10a08e90");
}

#[test]
fn access_transport_tells_its_elements() {
    let transport: AccessTransport = decoded("1E028088 A1 7D029181");
    let elements: Vec<_> = transport
        .elements()
        .map(|(id, content)| (id, content.len()))
        .collect();
    assert_eq!(elements, [(0x1E, 2), (0xA1, 0), (0x7D, 2)]);
}

#[test]
fn counters() {
    assert_eq!(decoded::<HopCounter>("EF"), HopCounter(15));
    assert_eq!(encoded(&PropagationDelayCounter(300)), "012c");
}

//! The parameters as data (Q.763 §3; ANSI T1.113).

use super::{
    Describe, Field, Parameter, ParameterCode, ansi, application, bearer, call, cause, circuit,
    compatibility, network, number, redirection, service, user,
};
use crate::error::DecodeError;

/// What is known of a parameter.
#[derive(Clone, Copy, Debug)]
pub struct ParameterRow {
    /// Its name on the line.
    pub code: ParameterCode,
    /// Its name in the Recommendation.
    pub name: &'static str,
    /// Where it is defined.
    pub clause: &'static str,
    /// The content of a mandatory variable parameter that was not set yet: a short one that can
    /// be decoded.
    pub shortest: &'static [u8],
    /// Decodes a content and tells its fields.
    pub describe: fn(&[u8]) -> Result<Vec<Field>, DecodeError>,
}

/// The row of a parameter; `None` for an unknown one.
#[must_use]
pub fn row(code: ParameterCode) -> Option<&'static ParameterRow> {
    let place = ROWS.binary_search_by_key(&code, |row| row.code).ok()?;
    ROWS.get(place)
}

/// All known parameters, in the order of their codes.
#[must_use]
pub fn rows() -> &'static [ParameterRow] {
    ROWS
}

const fn typed<P: Parameter + Describe>(name: &'static str, clause: &'static str) -> ParameterRow {
    ParameterRow {
        code: P::CODE,
        name,
        clause,
        shortest: &[0],
        describe: describe::<P>,
    }
}

fn describe<P: Parameter + Describe>(content: &[u8]) -> Result<Vec<Field>, DecodeError> {
    let value = P::decode(content)?;
    let mut fields = value.describe();
    // A later edition may have made the parameter longer.
    let mut known = Vec::new();
    value.encode(&mut known);
    if let Some(further @ [_, ..]) = content.get(known.len()..) {
        fields.push(Field::octets("further octets", further));
    }
    Ok(fields)
}

const fn untyped(code: u8, name: &'static str, clause: &'static str) -> ParameterRow {
    let describe = |content: &[u8]| Ok(vec![Field::octets("content", content)]);
    ParameterRow {
        code: ParameterCode(code),
        name,
        clause,
        shortest: &[],
        describe,
    }
}

#[rustfmt::skip]
const ROWS: &[ParameterRow] = &[
    untyped(0x00, "end of optional parameters", "Q.763 §3.20"),
    typed::<network::CallReference>("call reference", "Q.763 §3.8"),
    typed::<call::TransmissionMediumRequirement>("transmission medium requirement", "Q.763 §3.54"),
    typed::<user::AccessTransport>("access transport", "Q.763 §3.3"),
    ParameterRow { shortest: &[0x00, 0x10], ..typed::<number::CalledPartyNumber>("called party number", "Q.763 §3.9") },
    typed::<number::SubsequentNumber>("subsequent number", "Q.763 §3.51"),
    typed::<call::NatureOfConnection>("nature of connection indicators", "Q.763 §3.35"),
    typed::<call::ForwardCallIndicators>("forward call indicators", "Q.763 §3.23"),
    typed::<call::OptionalForwardCallIndicators>("optional forward call indicators", "Q.763 §3.38"),
    typed::<call::CallingPartysCategory>("calling party's category", "Q.763 §3.11"),
    typed::<number::CallingPartyNumber>("calling party number", "Q.763 §3.10"),
    typed::<number::RedirectingNumber>("redirecting number", "Q.763 §3.44"),
    typed::<number::RedirectionNumber>("redirection number", "Q.763 §3.46"),
    typed::<network::ConnectionRequest>("connection request", "Q.763 §3.17"),
    typed::<network::InformationRequestIndicators>("information request indicators", "Q.763 §3.29"),
    typed::<network::InformationIndicators>("information indicators", "Q.763 §3.28"),
    typed::<call::ContinuityIndicators>("continuity indicators", "Q.763 §3.18"),
    typed::<call::BackwardCallIndicators>("backward call indicators", "Q.763 §3.5"),
    ParameterRow { shortest: &[0x80, 0x9F], ..typed::<cause::Cause>("cause indicators", "Q.763 §3.12") },
    typed::<redirection::RedirectionInformation>("redirection information", "Q.763 §3.45"),
    typed::<circuit::CircuitGroupSupervisionType>("circuit group supervision message type", "Q.763 §3.13"),
    typed::<circuit::RangeAndStatus>("range and status", "Q.763 §3.43"),
    typed::<user::FacilityIndicator>("facility indicator", "Q.763 §3.22"),
    typed::<service::ClosedUserGroupInterlockCode>("closed user group interlock code", "Q.763 §3.15"),
    ParameterRow { shortest: &[0x80, 0x90, 0xA3], ..typed::<bearer::UserServiceInformation>("user service information", "Q.763 §3.57") },
    typed::<network::SignallingPointCode>("signalling point code", "Q.763 §3.50"),
    typed::<user::UserToUserInformation>("user-to-user information", "Q.763 §3.61"),
    typed::<number::ConnectedNumber>("connected number", "Q.763 §3.16"),
    typed::<call::SuspendResumeIndicators>("suspend/resume indicators", "Q.763 §3.52"),
    typed::<network::TransitNetworkSelection>("transit network selection", "Q.763 §3.53"),
    typed::<call::EventInformation>("event information", "Q.763 §3.21"),
    typed::<network::CircuitAssignmentMap>("circuit assignment map", "Q.763 §3.69"),
    typed::<circuit::CircuitStateIndicator>("circuit state indicator", "Q.763 §3.14"),
    typed::<network::AutomaticCongestionLevel>("automatic congestion level", "Q.763 §3.4"),
    typed::<number::OriginalCalledNumber>("original called number", "Q.763 §3.39"),
    typed::<call::OptionalBackwardCallIndicators>("optional backward call indicators", "Q.763 §3.37"),
    typed::<user::UserToUserIndicators>("user-to-user indicators", "Q.763 §3.60"),
    typed::<network::OriginationIscPointCode>("origination ISC point code", "Q.763 §3.40"),
    typed::<user::GenericNotification>("generic notification indicator", "Q.763 §3.25"),
    typed::<network::CallHistoryInformation>("call history information", "Q.763 §3.7"),
    typed::<user::AccessDeliveryInformation>("access delivery information", "Q.763 §3.2"),
    typed::<service::NetworkSpecificFacility>("network specific facility", "Q.763 §3.36"),
    typed::<bearer::UserServiceInformationPrime>("user service information prime", "Q.763 §3.58"),
    typed::<network::PropagationDelayCounter>("propagation delay counter", "Q.763 §3.42"),
    typed::<service::RemoteOperations>("remote operations", "Q.763 §3.48"),
    typed::<service::ServiceActivation>("service activation", "Q.763 §3.49"),
    typed::<bearer::UserTeleserviceInformation>("user teleservice information", "Q.763 §3.59"),
    typed::<bearer::TransmissionMediumUsed>("transmission medium used", "Q.763 §3.56"),
    typed::<redirection::CallDiversionInformation>("call diversion information", "Q.763 §3.6"),
    typed::<network::EchoControlInformation>("echo control information", "Q.763 §3.19"),
    typed::<compatibility::MessageCompatibilityInformation>("message compatibility information", "Q.763 §3.33"),
    typed::<compatibility::ParameterCompatibilityInformation>("parameter compatibility information", "Q.763 §3.41"),
    typed::<service::MlppPrecedence>("MLPP precedence", "Q.763 §3.34"),
    typed::<service::McidRequestIndicators>("MCID request indicators", "Q.763 §3.31"),
    typed::<service::McidResponseIndicators>("MCID response indicators", "Q.763 §3.32"),
    typed::<network::HopCounter>("hop counter", "Q.763 §3.80"),
    typed::<bearer::TransmissionMediumRequirementPrime>("transmission medium requirement prime", "Q.763 §3.55"),
    typed::<number::LocationNumber>("location number", "Q.763 §3.30"),
    typed::<redirection::RedirectionNumberRestriction>("redirection number restriction", "Q.763 §3.47"),
    typed::<service::CallTransferReference>("call transfer reference", "Q.763 §3.65"),
    typed::<service::LoopPreventionIndicators>("loop prevention indicators", "Q.763 §3.67"),
    typed::<number::CallTransferNumber>("call transfer number", "Q.763 §3.64"),
    typed::<service::Ccss>("CCSS", "Q.763 §3.63"),
    typed::<service::ForwardGvns>("forward GVNS", "Q.763 §3.66"),
    typed::<service::BackwardGvns>("backward GVNS", "Q.763 §3.62"),
    typed::<redirection::RedirectCapability>("redirect capability", "Q.763 §3.96"),
    typed::<network::NetworkManagementControls>("network management controls", "Q.763 §3.68"),
    typed::<service::CorrelationId>("correlation id", "Q.763 §3.70"),
    typed::<service::ScfId>("SCF id", "Q.763 §3.71"),
    typed::<redirection::CallDiversionTreatmentIndicators>("call diversion treatment indicators", "Q.763 §3.72"),
    typed::<number::CalledInNumber>("called IN number", "Q.763 §3.73"),
    typed::<service::CallOfferingTreatmentIndicators>("call offering treatment indicators", "Q.763 §3.74"),
    typed::<service::ChargedPartyIdentification>("charged party identification", "Q.763 §3.75"),
    typed::<service::ConferenceTreatmentIndicators>("conference treatment indicators", "Q.763 §3.76"),
    typed::<user::DisplayInformation>("display information", "Q.763 §3.77"),
    typed::<service::UidActionIndicators>("UID action indicators", "Q.763 §3.78"),
    typed::<service::UidCapabilityIndicators>("UID capability indicators", "Q.763 §3.79"),
    typed::<redirection::RedirectCounter>("redirect counter", "Q.763 §3.97"),
    typed::<application::ApplicationTransport>("application transport", "Q.763 §3.82"),
    typed::<service::CollectCallRequest>("collect call request", "Q.763 §3.81"),
    typed::<service::CcnrPossibleIndicator>("CCNR possible indicator", "Q.763 §3.83"),
    typed::<redirection::PivotCapability>("pivot capability", "Q.763 §3.84"),
    typed::<redirection::PivotRoutingIndicators>("pivot routing indicators", "Q.763 §3.85"),
    typed::<number::CalledDirectoryNumber>("called directory number", "Q.763 §3.86"),
    typed::<number::OriginalCalledInNumber>("original called IN number", "Q.763 §3.87"),
    typed::<service::CallingGeodeticLocation>("calling geodetic location", "Q.763 §3.88"),
    typed::<number::HtrInformation>("HTR information", "Q.763 §3.89"),
    typed::<network::NetworkRoutingNumber>("network routing number", "Q.763 §3.90"),
    typed::<network::QueryOnReleaseCapability>("query on release capability", "Q.763 §3.91"),
    typed::<redirection::PivotStatus>("pivot status", "Q.763 §3.92"),
    typed::<redirection::PivotCounter>("pivot counter", "Q.763 §3.93"),
    typed::<redirection::PivotRoutingForwardInformation>("pivot routing forward information", "Q.763 §3.94"),
    typed::<redirection::PivotRoutingBackwardInformation>("pivot routing backward information", "Q.763 §3.95"),
    typed::<redirection::RedirectStatus>("redirect status", "Q.763 §3.98"),
    typed::<redirection::RedirectForwardInformation>("redirect forward information", "Q.763 §3.99"),
    typed::<redirection::RedirectBackwardInformation>("redirect backward information", "Q.763 §3.100"),
    typed::<network::NumberPortabilityForwardInformation>("number portability forward information", "Q.763 §3.101"),
    typed::<service::ForwardCatIndicator>("forward CAT indicator", "Q.763 Amd.6"),
    typed::<service::BackwardCatIndicator>("backward CAT indicator", "Q.763 Amd.6"),
    typed::<service::AutomaticRerouting>("automatic re-routing", "Q.763 Amd.3"),
    typed::<service::IepsCallInformation>("IEPS call information", "Q.763 Amd.4"),
    typed::<service::VedInformation>("VED information", "Q.763 Amd.5"),
    typed::<number::GenericNumber>("generic number", "Q.763 §3.26"),
    typed::<network::GenericDigits>("generic digits", "Q.763 §3.24"),
    typed::<ansi::OperatorServicesInformation>("operator services information", "T1.113"),
    typed::<ansi::Egress>("egress", "T1.113"),
    typed::<ansi::Jurisdiction>("jurisdiction", "T1.113"),
    typed::<ansi::CarrierIdentification>("carrier identification", "T1.113"),
    typed::<ansi::BusinessGroup>("business group", "T1.113"),
    typed::<ansi::GenericName>("generic name", "T1.113"),
    typed::<ansi::NotificationIndicator>("notification indicator", "T1.113"),
    typed::<ansi::CarrierServiceProvider>("carrier service provider", "T1.113"),
    typed::<ansi::TransactionRequest>("transaction request", "T1.113"),
    typed::<ansi::CircuitGroupCharacteristic>("circuit group characteristic indicator", "T1.113"),
    typed::<ansi::CvrResponse>("circuit validation response indicator", "T1.113"),
    typed::<ansi::OutgoingTrunkGroupNumber>("outgoing trunk group number", "T1.113"),
    typed::<ansi::CircuitIdentificationName>("circuit identification name", "T1.113"),
    typed::<ansi::CommonLanguageLocationIdentification>("common language location identification", "T1.113"),
    typed::<ansi::OriginatingLineInformation>("originating line information", "T1.113"),
    typed::<ansi::ChargeNumber>("charge number", "T1.113"),
    typed::<ansi::ServiceCode>("service code", "T1.113"),
    typed::<ansi::SpecialProcessingRequest>("special processing request", "T1.113"),
    typed::<ansi::CarrierSelection>("carrier selection information", "T1.113"),
    typed::<ansi::NetworkTransport>("network transport", "T1.113"),
];

//! What users send each other and what is told to them: user-to-user signalling, access
//! transport, notifications, display.

use super::{
    Describe, Field, Parameter, ParameterCode,
    coded::{coded, coded_parameter, indicators, octets_parameter_content},
    first_octets,
};
use crate::error::DecodeError;

octets_parameter_content! {
    /// User-to-user information (§3.61): protocol discriminator, then what the users agreed on.
    UserToUserInformation = USER_TO_USER_INFORMATION
}

coded! {
    /// Protocol discriminator of user information (Q.931 §4.5.30).
    ProtocolDiscriminator {
        UserSpecific = 0 => "user-specific protocol",
        OsiHighLayer = 1 => "OSI high layer protocols",
        X244 = 2 => "X.244",
        Ia5 = 4 => "IA5 characters",
        Asn1 = 5 => "X.208 and X.209 coded user information",
        V120 = 7 => "V.120 rate adaption",
        Q931 = 8 => "Q.931 user-network call control messages",
    }
}

impl UserToUserInformation {
    /// How the users' own octets are to be read; none when there is no octet at all.
    #[must_use]
    pub fn protocol_discriminator(&self) -> Option<ProtocolDiscriminator> {
        let code = self.0.first()?;
        Some(ProtocolDiscriminator::from_code(*code))
    }

    /// The users' own octets, without the protocol discriminator.
    #[must_use]
    pub fn of_the_users(&self) -> &[u8] {
        self.0.get(1..).unwrap_or_default()
    }
}

impl Describe for UserToUserInformation {
    fn describe(&self) -> Vec<Field> {
        let discriminator = self
            .protocol_discriminator()
            .map(|value| Field::coded("protocol discriminator", value.code(), value.name()));
        let octets = Field::octets("user-to-user information", &self.0);
        discriminator.into_iter().chain([octets]).collect()
    }
}

coded! {
    /// A user-to-user service in a request or in a response (§3.60).
    UserToUserService {
        NoInformation = 0 => "no information",
        NotProvided = 1 => "not provided",
        ProvidedOrNotEssential = 2 => "request: not essential; response: provided",
        Essential = 3 => "request: essential",
    }
}

indicators! {
    /// User-to-user indicators (§3.60).
    UserToUserIndicators(u8) = USER_TO_USER_INDICATORS {
        /// Bit A: a response; clear: a request.
        const RESPONSE = 1 << 0 => "response";
        /// Bit H, in a response.
        const DISCARDED_BY_NETWORK = 1 << 7 => "user-to-user information discarded by the network";
        fn service1, with_service1: UserToUserService = 1, 2 => "service 1";
        fn service2, with_service2: UserToUserService = 3, 2 => "service 2";
        fn service3, with_service3: UserToUserService = 5, 2 => "service 3";
    }
}

/// Access transport (§3.3): information elements of Q.931, carried between the accesses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessTransport(pub Vec<u8>);

impl AccessTransport {
    /// The information elements: identifier and content. An element of a single octet
    /// (identifier with bit 8 set) has no content. Ends where an element is cut.
    pub fn elements(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let mut rest = self.0.as_slice();
        core::iter::from_fn(move || {
            let (&identifier, after) = rest.split_first()?;
            if identifier & 0x80 != 0 {
                rest = after;
                return Some((identifier, &[][..]));
            }
            let (&length, after) = after.split_first()?;
            let (content, after) = after.split_at_checked(usize::from(length))?;
            rest = after;
            Some((identifier, content))
        })
    }
}

impl Parameter for AccessTransport {
    const CODE: ParameterCode = ParameterCode::ACCESS_TRANSPORT;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self(content.to_vec()))
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.0);
    }
}

impl Describe for AccessTransport {
    fn describe(&self) -> Vec<Field> {
        let element = |(identifier, content): (u8, &[u8])| {
            let name = match identifier {
                0x04 => "bearer capability",
                0x1C => "facility",
                0x1E => "progress indicator",
                0x28 => "display",
                0x6D => "calling party subaddress",
                0x71 => "called party subaddress",
                0x7C => "low layer compatibility",
                0x7D => "high layer compatibility",
                0x7E => "user-user",
                _ => "other element",
            };
            let identifier = Field::coded("identifier", identifier, name);
            Field::group(
                "information element",
                vec![identifier, Field::octets("content", content)],
            )
        };
        self.elements().map(element).collect()
    }
}

indicators! {
    /// Access delivery information (§3.2).
    AccessDeliveryInformation(u8) = ACCESS_DELIVERY_INFORMATION {
        /// Bit A.
        const NO_SETUP_MESSAGE = 1 << 0 => "no set-up message generated";
    }
}

coded! {
    /// Notification indicator (§3.25, bits GFEDCBA).
    Notification {
        UserSuspended = 0x00 => "user suspended",
        UserResumed = 0x01 => "user resumed",
        BearerServiceChange = 0x02 => "bearer service change",
        Asn1Extension = 0x03 => "discriminator for extension to ASN.1 encoded component",
        CallCompletionDelay = 0x04 => "call completion delay",
        OtherPartyDisconnected = 0x40 => "other party disconnected",
        ConferenceFloating = 0x41 => "conference floating",
        ConferenceEstablished = 0x42 => "conference established",
        ConferenceDisconnected = 0x43 => "conference disconnected",
        OtherPartyAdded = 0x44 => "other party added",
        Isolated = 0x45 => "isolated",
        Reattached = 0x46 => "reattached",
        OtherPartyIsolated = 0x47 => "other party isolated",
        OtherPartyReattached = 0x48 => "other party reattached",
        OtherPartySplit = 0x49 => "other party split",
        CallIsWaiting = 0x60 => "call is a waiting call",
        DiversionActivated = 0x68 => "diversion activated",
        TransferAlerting = 0x69 => "call transfer, alerting",
        TransferActive = 0x6A => "call transfer, active",
        RemoteHold = 0x79 => "remote hold",
        RemoteRetrieval = 0x7A => "remote retrieval",
        CallIsDiverting = 0x7B => "call is diverting",
    }
}

/// Generic notification indicator (§3.25); may be repeated in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenericNotification {
    /// What is notified.
    pub notification: Notification,
    /// Octets of an extension, as they came.
    pub more: Vec<u8>,
}

impl GenericNotification {
    /// A notification without extension.
    #[must_use]
    pub const fn new(notification: Notification) -> Self {
        Self {
            notification,
            more: Vec::new(),
        }
    }
}

impl Parameter for GenericNotification {
    const CODE: ParameterCode = ParameterCode::GENERIC_NOTIFICATION;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [first] = first_octets(Self::CODE, content)?;
        let more = content.get(1..).unwrap_or_default().to_vec();
        Ok(Self {
            notification: Notification::from_code(first & 0x7F),
            more,
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let last = if self.more.is_empty() { 0x80 } else { 0 };
        to.push(last | self.notification.code() & 0x7F);
        to.extend_from_slice(&self.more);
    }
}

impl Describe for GenericNotification {
    fn describe(&self) -> Vec<Field> {
        let (code, name) = (self.notification.code(), self.notification.name());
        let mut fields = vec![Field::coded("notification indicator", code, name)];
        if !self.more.is_empty() {
            fields.push(Field::octets("extension", &self.more));
        }
        fields
    }
}

/// Display information (§3.77): the display information element of Q.931 §4.5.16.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayInformation {
    /// The IA5 characters.
    pub text: String,
}

/// The identifier of the display information element.
const DISPLAY: u8 = 0x28;

impl Parameter for DisplayInformation {
    const CODE: ParameterCode = ParameterCode::DISPLAY_INFORMATION;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [identifier, length] = first_octets(Self::CODE, content)?;
        if identifier != DISPLAY {
            return Err(DecodeError::Value {
                parameter: Self::CODE,
                offset: 0,
                field: "information element identifier",
                found: u32::from(identifier),
                expected: "40 (display)",
            });
        }
        let characters = content
            .get(2..2 + usize::from(length))
            .ok_or(DecodeError::Cut {
                parameter: Self::CODE,
                offset: 1,
                expected: usize::from(length),
                found: content.len() - 2,
            })?;
        Ok(Self {
            text: ia5(characters),
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.extend([DISPLAY, self.text.chars().count() as u8]);
        to.extend(to_ia5(&self.text));
    }
}

impl Describe for DisplayInformation {
    fn describe(&self) -> Vec<Field> {
        vec![Field::text("display", self.text.clone())]
    }
}

/// IA5 characters as text; `?` for what is no printable character.
pub(super) fn ia5(octets: &[u8]) -> String {
    octets
        .iter()
        .map(|&octet| printable(char::from(octet & 0x7F)))
        .collect()
}

/// Text as IA5 characters; `?` for what is no printable character of that alphabet.
pub(super) fn to_ia5(text: &str) -> impl Iterator<Item = u8> {
    text.chars().map(|character| printable(character) as u8)
}

fn printable(character: char) -> char {
    if matches!(character, ' '..='~') {
        character
    } else {
        '?'
    }
}

coded! {
    /// Facility indicator (§3.22).
    FacilityIndicator {
        UserToUserService = 2 => "user-to-user service",
    }
}

coded_parameter!(FacilityIndicator = FACILITY_INDICATOR, "facility indicator");

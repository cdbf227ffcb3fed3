//! Bearer: transmission medium, user service information, user teleservice information.

use super::{
    Describe, Field, Parameter, ParameterCode, call::TransmissionMediumRequirement, coded::coded,
    first_octets,
};
use crate::error::DecodeError;

macro_rules! medium {
    ($(#[$meta:meta])* $name:ident = $code:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub TransmissionMediumRequirement);

        impl Parameter for $name {
            const CODE: ParameterCode = ParameterCode::$code;

            fn decode(content: &[u8]) -> Result<Self, DecodeError> {
                let [octet] = first_octets(Self::CODE, content)?;
                Ok(Self(TransmissionMediumRequirement::from_code(octet)))
            }

            fn encode(&self, to: &mut Vec<u8>) {
                to.push(self.0.code());
            }
        }

        impl Describe for $name {
            fn describe(&self) -> Vec<Field> {
                vec![Field::coded("transmission medium", self.0.code(), self.0.name())]
            }
        }
    };
}

medium! {
    /// Transmission medium requirement prime (§3.55): the fallback medium.
    TransmissionMediumRequirementPrime = TRANSMISSION_MEDIUM_REQUIREMENT_PRIME
}

medium! {
    /// Transmission medium used (§3.56): the medium after fallback.
    TransmissionMediumUsed = TRANSMISSION_MEDIUM_USED
}

coded! {
    /// Information transfer capability (Q.931 §4.5.5, octet 3).
    TransferCapability {
        Speech = 0x00 => "speech",
        UnrestrictedDigital = 0x08 => "unrestricted digital information",
        RestrictedDigital = 0x09 => "restricted digital information",
        Audio3k1 = 0x10 => "3.1 kHz audio",
        UnrestrictedDigitalTones = 0x11 => "unrestricted digital information with tones/announcements",
        Video = 0x18 => "video",
    }
}

coded! {
    /// Information transfer rate (Q.931 §4.5.5, octet 4).
    TransferRate {
        Packet = 0x00 => "packet mode",
        K64 = 0x10 => "64 kbit/s",
        K2x64 = 0x11 => "2 x 64 kbit/s",
        K384 = 0x13 => "384 kbit/s",
        K1536 = 0x15 => "1536 kbit/s",
        K1920 = 0x17 => "1920 kbit/s",
        Multirate = 0x18 => "multirate, 64 kbit/s base rate",
    }
}

coded! {
    /// User information layer 1 protocol (Q.931 §4.5.5, octet 5).
    Layer1Protocol {
        V110 = 1 => "V.110, I.460, X.30",
        MuLaw = 2 => "G.711 mu-law",
        ALaw = 3 => "G.711 A-law",
        G721 = 4 => "G.721 ADPCM",
        H221 = 5 => "H.221, H.242",
        NonItu = 7 => "non ITU-T standardized rate adaption",
        V120 = 8 => "V.120",
        X31 = 9 => "X.31 HDLC flag stuffing",
    }
}

macro_rules! user_service_information {
    ($(#[$meta:meta])* $name:ident = $code:ident) => {
        $(#[$meta])*
        ///
        /// The content of the bearer capability information element of Q.931 §4.5.5. It holds at
        /// least two octets; [`new`](Self::new) gives the usual ones.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            octets: Vec<u8>,
        }

        impl $name {
            /// A circuit mode bearer of this capability at 64 kbit/s, ITU-T coded, with a layer 1
            /// protocol where one belongs.
            #[must_use]
            pub fn new(capability: TransferCapability, layer1: Option<Layer1Protocol>) -> Self {
                let mut octets = vec![0x80 | capability.code() & 0x1F, 0x80 | TransferRate::K64.code()];
                // Layer identification 01: layer 1.
                octets.extend(layer1.map(|protocol| 0x80 | 1 << 5 | protocol.code() & 0x1F));
                Self { octets }
            }

            /// The octets of the information element after its length.
            #[must_use]
            pub fn octets(&self) -> &[u8] {
                &self.octets
            }

            /// Information transfer capability.
            #[must_use]
            pub fn capability(&self) -> TransferCapability {
                TransferCapability::from_code(self.octet(0) & 0x1F)
            }

            /// Transfer mode: 0 circuit, 2 packet.
            #[must_use]
            pub fn mode(&self) -> u8 {
                self.rate_octet() >> 5 & 3
            }

            /// Information transfer rate.
            #[must_use]
            pub fn rate(&self) -> TransferRate {
                TransferRate::from_code(self.rate_octet() & 0x1F)
            }

            /// User information layer 1 protocol, when it is told.
            #[must_use]
            pub fn layer1(&self) -> Option<Layer1Protocol> {
                let mut at = self.rate_place() + 1;
                // Octets 4a and 4b (extension bit clear before them), and the rate multiplier.
                while self.octets.get(at - 1)? & 0x80 == 0 {
                    at += 1;
                }
                at += usize::from(self.rate() == TransferRate::Multirate);
                let octet = self.octets.get(at)?;
                (octet >> 5 & 3 == 1).then(|| Layer1Protocol::from_code(octet & 0x1F))
            }

            /// Octet 3a may stand between octets 3 and 4.
            fn rate_place(&self) -> usize {
                self.octets.iter().position(|octet| octet & 0x80 != 0).map_or(1, |last| last + 1)
            }

            fn rate_octet(&self) -> u8 {
                self.octet(self.rate_place())
            }

            fn octet(&self, at: usize) -> u8 {
                self.octets.get(at).copied().unwrap_or_default()
            }
        }

        impl Parameter for $name {
            const CODE: ParameterCode = ParameterCode::$code;

            fn decode(content: &[u8]) -> Result<Self, DecodeError> {
                let [_, _] = first_octets(Self::CODE, content)?;
                Ok(Self { octets: content.to_vec() })
            }

            fn encode(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.octets);
            }
        }

        impl Describe for $name {
            fn describe(&self) -> Vec<Field> {
                let (capability, rate) = (self.capability(), self.rate());
                let mode = if self.mode() == 0 { "circuit mode" } else { "packet mode" };
                let mut fields = vec![
                    Field::coded("information transfer capability", capability.code(), capability.name()),
                    Field::coded("transfer mode", self.mode(), mode),
                    Field::coded("information transfer rate", rate.code(), rate.name()),
                ];
                if let Some(protocol) = self.layer1() {
                    let (code, name) = (protocol.code(), protocol.name());
                    fields.push(Field::coded("user information layer 1 protocol", code, name));
                }
                fields
            }
        }
    };
}

user_service_information! {
    /// User service information (§3.57).
    UserServiceInformation = USER_SERVICE_INFORMATION
}

user_service_information! {
    /// User service information prime (§3.58): the fallback bearer.
    UserServiceInformationPrime = USER_SERVICE_INFORMATION_PRIME
}

/// User teleservice information (§3.59): the content of the high layer compatibility information
/// element of Q.931 §4.5.17.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserTeleserviceInformation {
    /// Octet 3: coding standard, interpretation, presentation method; without extension bit.
    pub presentation: u8,
    /// High layer characteristics identification: 1 telephony, 4 facsimile group 2/3, ...
    pub characteristics: u8,
    /// Extended characteristics, as they came.
    pub more: Vec<u8>,
}

impl Parameter for UserTeleserviceInformation {
    const CODE: ParameterCode = ParameterCode::USER_TELESERVICE_INFORMATION;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [presentation, characteristics] = first_octets(Self::CODE, content)?;
        Ok(Self {
            presentation: presentation & 0x7F,
            characteristics: characteristics & 0x7F,
            more: content.get(2..).unwrap_or_default().to_vec(),
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let last = if self.more.is_empty() { 0x80 } else { 0 };
        to.extend([0x80 | self.presentation, last | self.characteristics & 0x7F]);
        to.extend_from_slice(&self.more);
    }
}

impl Describe for UserTeleserviceInformation {
    fn describe(&self) -> Vec<Field> {
        let meaning = match self.characteristics {
            0x01 => "telephony",
            0x04 => "facsimile group 2/3",
            0x21 => "facsimile group 4 class I",
            0x60 => "audio visual",
            _ => "other",
        };
        let mut fields = vec![
            Field::number("coding, interpretation, presentation", self.presentation),
            Field::coded(
                "high layer characteristics identification",
                self.characteristics,
                meaning,
            ),
        ];
        if !self.more.is_empty() {
            fields.push(Field::octets("extended characteristics", &self.more));
        }
        fields
    }
}

//! Bearer: transmission medium requirement (Q.763 §3.54) and user service information (T1.113,
//! Q.931 §4.5.5) and the codecs of an offer (RFC 3398 §7.2.1.1, §8.2.1.1; RFC 4040).

use isup::{
    Layer1Protocol, Message, TransferCapability, TransmissionMediumRequirement,
    UserServiceInformation, Variant,
};

use crate::config::{Codec as Configured, Law};
use crate::sip::sdp::Codec;

/// What a circuit must carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// Speech, or audio of 3.1 kHz: G.711 will do.
    Audio,
    /// 64 kbit/s unrestricted: nothing but the octets themselves.
    Unrestricted,
    /// 64 kbit/s unrestricted, or else audio.
    Preferred,
    /// What no single timeslot carries.
    Other,
}

/// What an IAM asks for.
#[must_use]
pub fn medium(iam: &Message) -> Medium {
    use TransmissionMediumRequirement as T;
    if iam.variant() == Variant::Ansi {
        let information = iam.find::<UserServiceInformation>();
        return match information.map(|i| (i.capability(), i.rate())) {
            None | Some((TransferCapability::Speech | TransferCapability::Audio3k1, _)) => {
                Medium::Audio
            }
            Some((
                TransferCapability::UnrestrictedDigital | TransferCapability::RestrictedDigital,
                isup::TransferRate::K64,
            )) => Medium::Unrestricted,
            Some((TransferCapability::UnrestrictedDigitalTones, _)) => Medium::Preferred,
            Some(_) => Medium::Other,
        };
    }
    match iam.find::<T>() {
        None | Some(T::Speech | T::Audio3k1 | T::AlternateSpeech) => Medium::Audio,
        Some(T::Unrestricted64 | T::AlternateUnrestricted64) => Medium::Unrestricted,
        Some(T::Preferred64) => Medium::Preferred,
        Some(_) => Medium::Other,
    }
}

/// The codecs to offer for an IAM, of those that the trunk has, in its order: clearmode where the
/// circuit is to carry octets, and nowhere else.
#[must_use]
pub fn codecs(iam: &Message, of_the_trunk: &[Configured]) -> Vec<Configured> {
    let wanted = |codec: &Configured| match (medium(iam), codec) {
        (Medium::Audio, codec) => *codec != Configured::Clearmode,
        (Medium::Unrestricted, codec) => *codec == Configured::Clearmode,
        (Medium::Preferred, _) => true,
        (Medium::Other, _) => false,
    };
    of_the_trunk.iter().copied().filter(wanted).collect()
}

/// Says in the IAM what the codec needs: SIP has agreed on it, so the template only stands where
/// it asks for the same.
pub(super) fn put_into_iam(codec: Codec, law: Law, iam: &mut Message) {
    let fits = match (codec, medium(iam)) {
        (Codec::Clearmode, medium) => matches!(medium, Medium::Unrestricted | Medium::Preferred),
        (_, medium) => matches!(medium, Medium::Audio | Medium::Preferred),
    };
    if fits {
        return;
    }
    let (requirement, information) = match codec {
        Codec::Clearmode => (
            TransmissionMediumRequirement::Unrestricted64,
            UserServiceInformation::new(TransferCapability::UnrestrictedDigital, None),
        ),
        _ => (TransmissionMediumRequirement::Audio3k1, audio(law)),
    };
    match iam.variant() {
        Variant::Ansi => iam.set(information),
        Variant::Itu => {
            iam.set(requirement);
            if iam.has(isup::ParameterCode::USER_SERVICE_INFORMATION) {
                iam.set(information);
            }
        }
    }
}

/// 3.1 kHz audio in the law of the circuit.
#[must_use]
pub fn audio(law: Law) -> UserServiceInformation {
    let layer1 = match law {
        Law::ALaw => Layer1Protocol::ALaw,
        Law::MuLaw => Layer1Protocol::MuLaw,
    };
    UserServiceInformation::new(TransferCapability::Audio3k1, Some(layer1))
}

//! Header fields and parameters: bearers.

use super::*;
use crate::config::{Codec as Configured, Law};

#[test]
fn what_the_circuit_carries_and_what_is_offered() {
    let all = [Configured::Pcma, Configured::Pcmu, Configured::Clearmode];
    let stand = Stand::berlin();
    let of = |medium| bearer::codecs(&stand.received().with(medium), &all);
    use TransmissionMediumRequirement as T;
    assert_eq!(of(T::Speech), all[..2]);
    assert_eq!(of(T::Audio3k1), all[..2]);
    assert_eq!(of(T::Unrestricted64), all[2..]);
    assert_eq!(of(T::Preferred64), all);
    assert!(of(T::Unrestricted1920).is_empty());
    let stand = Stand::new_york();
    let of = |capability| {
        let information = UserServiceInformation::new(capability, None);
        bearer::codecs(&stand.received().with(information), &all)
    };
    assert_eq!(of(TransferCapability::Speech), all[..2]);
    assert_eq!(of(TransferCapability::UnrestrictedDigital), all[2..]);
    assert!(of(TransferCapability::Video).is_empty());
}

#[test]
fn what_was_agreed_on_is_what_the_circuit_is_to_carry() {
    let say = |codec, mut iam: Message| {
        bearer::put_into_iam(codec, Law::ALaw, &mut iam);
        (
            iam.find::<TransmissionMediumRequirement>(),
            iam.find::<UserServiceInformation>(),
        )
    };
    use TransmissionMediumRequirement as T;
    let itu = || Stand::berlin().received().with(T::Speech);
    assert_eq!(
        say(Codec::Pcma, itu()),
        (Some(T::Speech), None),
        "the template stands"
    );
    assert_eq!(say(Codec::Clearmode, itu()).0, Some(T::Unrestricted64));
    let digital = itu().with(T::Unrestricted64);
    assert_eq!(say(Codec::Pcmu, digital).0, Some(T::Audio3k1));
    let speech = UserServiceInformation::new(TransferCapability::Speech, None);
    let ansi = Stand::new_york().received().with(speech);
    let said = say(Codec::Clearmode, ansi).1.unwrap();
    assert_eq!(said.octets(), [0x88, 0x90]);
}

use super::*;
use crate::{
    cause::Location,
    parameter::{
        Digits,
        address::NatureOfAddress,
        cause::Cause,
        number::{CalledPartyNumber, CallingPartyNumber},
    },
};

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

const IAM: &str = "011060000a03020b0984904402976410320f0a0804134461236900103d010f00";

#[test]
fn an_initial_address_message_is_read_and_written_back() {
    let message = Message::decode(&octets(IAM)).unwrap();
    assert_eq!(message.message_type(), MessageType::Iam);
    let called: CalledPartyNumber = message.get().unwrap().unwrap();
    assert_eq!(called.nature, NatureOfAddress::International);
    assert!(called.digits.ends_with_st());
    assert_eq!(message.parameters().count(), 7);
    assert_eq!(message.to_vec(), octets(IAM));
}

#[test]
fn setting_one_parameter_leaves_the_others() {
    let mut message = Message::decode(&octets(IAM)).unwrap();
    let called: Digits = "49305550001".parse().unwrap();
    message.set(CalledPartyNumber::new(
        NatureOfAddress::International,
        called,
    ));
    message.check().unwrap();
    let expected = octets("011060000a03020a0884109403550500010a0804134461236900103d010f00");
    assert_eq!(message.to_vec(), expected);
    assert_eq!(Message::decode(&expected).unwrap().parameters().count(), 7);
}

#[test]
fn optional_parameters_are_appended_and_removed() {
    let mut message = Message::new(MessageType::Rel);
    assert!(message.check().is_err());
    message.set(Cause::new(17, Location::User));
    message.check().unwrap();
    assert_eq!(message.to_vec(), [0x0C, 0x02, 0x00, 0x02, 0x80, 0x91]);
    let digits = "493055".parse().unwrap();
    message.set(CallingPartyNumber::new(NatureOfAddress::National, digits));
    assert_eq!(message.octets()[2], 4);
    assert_eq!(message.octets().last(), Some(&0));
    assert!(
        Message::decode(message.octets())
            .unwrap()
            .has(ParameterCode::CALLING_PARTY_NUMBER)
    );
    assert!(message.remove(ParameterCode::CALLING_PARTY_NUMBER));
    assert_eq!(message.to_vec(), [0x0C, 0x02, 0x00, 0x02, 0x80, 0x91]);
}

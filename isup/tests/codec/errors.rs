//! What is wrong is told by parameter, offset and what was expected.

use isup::{
    CalledPartyNumber, Cause, DecodeError, EncodeError, Location, Message, MessageType,
    ParameterCode, UserToUserInformation, Variant,
};

fn refused(octets: &[u8]) -> String {
    Message::decode(octets).unwrap_err().to_string()
}

#[test]
fn no_message() {
    assert_eq!(refused(&[]), "0 octets: too few for a message type");
    let error = Message::decode_sif(&[1]).unwrap_err().to_string();
    assert_eq!(
        error,
        "1 octets: too few for a circuit identification code and a message type"
    );
}

#[test]
fn a_cut_fixed_part_names_the_parameter() {
    assert_eq!(
        refused(&[1, 0, 0x60]),
        "IAM: forward call indicators (mandatory fixed) at offset 2 takes 2 octets, 1 left"
    );
}

#[test]
fn a_missing_pointer_names_what_it_should_point_to() {
    assert_eq!(
        refused(&[1, 0, 0x60, 0, 0x0A, 3]),
        "IAM: no pointer to called party number at offset 6, the message ends there"
    );
}

#[test]
fn a_pointer_outside_the_message_tells_its_greatest_value() {
    assert_eq!(
        refused(&[0x0C, 9, 0, 2, 0x84, 0x90]),
        "REL: pointer to cause indicators at offset 1 is 9, expected 1 to 4 \
         (octets from the pointer to the last of the message)"
    );
    assert_eq!(
        refused(&[0x0C, 0, 0, 2, 0x84, 0x90]),
        "REL: pointer to cause indicators at offset 1 is 0, expected 1 to 4 \
         (octets from the pointer to the last of the message)"
    );
}

#[test]
fn parts_that_overlap_are_refused() {
    assert_eq!(
        refused(&[0x0C, 2, 2, 2, 0x03, 0x01, 0x00, 0x00]),
        "REL: the optional part at offset 4 overlaps cause indicators"
    );
    // A pointer to a pointer: CQR has two variable parameters.
    assert_eq!(
        refused(&[0x2B, 1, 1, 1, 0]),
        "CQR: range and status at offset 2 overlaps the pointers"
    );
}

#[test]
fn a_parameter_longer_than_the_message_is_refused() {
    assert_eq!(
        refused(&[0x0C, 2, 0, 5, 0x84, 0x90]),
        "cause indicators at offset 3: length 5, but 2 octets are left"
    );
    assert_eq!(
        refused(&[0x09, 1, 0x2C, 4, 0xF9]),
        "generic notification indicator at offset 3: length 4, but 1 octets are left"
    );
    assert_eq!(
        refused(&[0x09, 1, 0xB7]),
        "unknown parameter 0xB7 at offset 3: length 1, but 0 octets are left"
    );
}

#[test]
fn an_optional_part_needs_its_end() {
    assert_eq!(
        refused(&[0x09, 1, 0x2C, 1, 0xF9]),
        "optional part ends at offset 5 without end of optional parameters"
    );
}

#[test]
fn wrong_content_is_told_where_it_stands_when_it_is_read() {
    // The called party number has one octet where it needs two.
    let message = Message::decode(&[1, 0, 0x60, 0, 0x0A, 3, 2, 0, 1, 0x83]).unwrap();
    let error = message.get::<CalledPartyNumber>().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "called party number at offset 9: 1 octets, expected at least 2"
    );
    assert_eq!(message.find::<CalledPartyNumber>(), None);
    assert!(format!("{message:#}").contains("wrong: called party number at offset 9"));
}

#[test]
fn a_number_of_more_digits_than_any_plan_has_is_refused_when_it_is_read() {
    let mut content = vec![0x04, 0x10];
    content.resize(2 + 17, 0x11);
    let message =
        Message::new(MessageType::Iam).with_content(ParameterCode::CALLED_PARTY_NUMBER, &content);
    let error = message.get::<CalledPartyNumber>().unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            DecodeError::Length {
                offset: 11,
                found: 17,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn pointers_that_senders_leave_out_are_tolerated() {
    // A subsequent address message without the pointer to its optional part.
    let sam = Message::decode(&[0x02, 1, 3, 0x80, 0x21, 0x03]).unwrap();
    assert_eq!(
        sam.find::<isup::SubsequentNumber>()
            .unwrap()
            .digits
            .to_string(),
        "123"
    );
    assert_eq!(Message::decode(&[0x10]).unwrap().parameters().count(), 0);
}

#[test]
fn octets_after_the_end_are_kept() {
    let message = Message::decode(&[0x10, 0, 0xAB, 0xCD]).unwrap();
    assert_eq!(message.trailing(), [0xAB, 0xCD]);
    let message = Message::decode(&[0x15, 0xAB]).unwrap();
    assert_eq!(message.trailing(), [0xAB]);
}

#[test]
fn a_message_tells_which_mandatory_parameter_was_not_set() {
    let iam = Message::new(MessageType::Iam);
    assert_eq!(iam.missing().count(), 5);
    let error = iam.check().unwrap_err().to_string();
    assert_eq!(
        error,
        "IAM: mandatory nature of connection indicators was not set"
    );
    let release = Message::new(MessageType::Rel).with(Cause::new(16, Location::User));
    assert_eq!(release.check(), Ok(()));
    assert!(Message::decode(iam.octets()).is_ok());
}

#[test]
fn a_message_without_optional_part_refuses_optional_parameters() {
    let blocking = Message::new(MessageType::Blo).with(Cause::new(16, Location::User));
    assert_eq!(
        blocking.check().unwrap_err().to_string(),
        "BLO cannot carry cause indicators: it has no optional part"
    );
    assert_eq!(blocking.to_vec(), [0x13]);
}

#[test]
fn what_does_not_fit_is_refused_and_the_message_stays() {
    let mut release = Message::new(MessageType::Rel).with(Cause::new(16, Location::User));
    let before = release.to_vec();
    release.set(UserToUserInformation(vec![0; 256]));
    assert_eq!(release.to_vec(), before);
    let too_long = "REL: user-to-user information of 256 octets, a parameter has at most 255";
    assert_eq!(release.check().unwrap_err().to_string(), too_long);

    // The pointer to the optional part cannot skip 255 octets of cause.
    let mut release = Message::new(MessageType::Rel);
    release
        .set_content(ParameterCode::CAUSE, &[0x80; 255])
        .unwrap();
    let error = release
        .set_content(ParameterCode::ACCESS_TRANSPORT, &[1])
        .unwrap_err();
    assert!(matches!(error, EncodeError::OutOfReach { .. }), "{error:?}");
    assert_eq!(
        Message::decode(release.octets())
            .unwrap()
            .parameters()
            .count(),
        1
    );

    // Nor can it once it is there.
    let mut release = Message::new(MessageType::Rel).with(UserToUserInformation(vec![4, 1]));
    let error = release
        .set_content(ParameterCode::CAUSE, &[0x80; 255])
        .unwrap_err();
    assert!(matches!(error, EncodeError::OutOfReach { .. }), "{error:?}");

    let mut iam = Message::new(MessageType::Iam);
    let error = iam
        .set_content(ParameterCode::FORWARD_CALL_INDICATORS, &[1])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "IAM: forward call indicators takes 2 octets, not 1"
    );
    let end = ParameterCode::END_OF_OPTIONAL_PARAMETERS;
    assert!(iam.set_content(end, &[1]).is_err());
}

#[test]
fn variants_differ_where_their_tables_do() {
    let octets =
        isup::hex::read("010020000a03060d038090a207031079525522220a0703131354551111ea010000");
    let octets = octets.unwrap();
    let ansi = Message::decode_variant(&octets, Variant::Ansi).unwrap();
    assert!(ansi.has(ParameterCode::USER_SERVICE_INFORMATION));
    assert!(!ansi.has(ParameterCode::TRANSMISSION_MEDIUM_REQUIREMENT));
    let called = ansi.find::<CalledPartyNumber>().unwrap();
    assert_eq!(called.digits.to_string(), "9725552222");
}

#[test]
fn a_passed_along_message_carries_another() {
    let inner = Message::new(MessageType::Usr).with(UserToUserInformation(b"\x04hallo".to_vec()));
    let outer = Message::pass_along(&inner);
    assert_eq!(outer.octets()[0], 0x28);
    let users = inner.find::<UserToUserInformation>().unwrap();
    assert_eq!(users.of_the_users(), b"hallo");
    assert_eq!(outer.passed_along(), Some(Ok(inner)));
    let tree = format!("{:#}", Message::decode(outer.octets()).unwrap());
    assert!(tree.contains("message passed along: USR"), "{tree}");
    assert!(
        tree.contains("protocol discriminator: IA5 characters (4)"),
        "{tree}"
    );
    let damaged = Message::decode(&[0x28, 0x0C, 9]).unwrap();
    assert!(matches!(
        damaged.passed_along(),
        Some(Err(DecodeError::Pointer { .. }))
    ));
    assert!(format!("{damaged:#}").contains("content: 0C 09"));
}

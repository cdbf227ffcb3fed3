//! Header fields and parameters: users.

use super::*;

#[test]
fn user_to_user_information_both_ways() {
    let stand = Stand::berlin();
    let read = |value: &str| {
        let mut invite = from("<sip:+12125550199@x>");
        invite.user_to_user = vec![value.into()];
        stand
            .iam(&invite)
            .find::<UserToUserInformation>()
            .map(|information| information.0)
    };
    let said = Some(vec![0x04, b'h', b'i']);
    assert_eq!(read("046869;encoding=hex"), said);
    assert_eq!(
        read("046869;purpose=isdn-uui;content=isdn-uui;encoding=hex"),
        said
    );
    assert_eq!(read("\"046869\""), said);
    assert_eq!(read("0468;purpose=other, 046869"), said);
    for wrong in ["046869;encoding=text", "hello", "0", "", "046869;purpose=x"] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
    assert_eq!(
        read(&"04".repeat(131)).map(|octets| octets.len()),
        Some(131)
    );
    assert_eq!(read(&"04".repeat(132)), None, "too long for the parameter");
    let iam = stand
        .received()
        .with(UserToUserInformation(vec![0x04, 0x68]));
    let value = "0468;purpose=isdn-uui;content=isdn-uui;encoding=hex";
    assert_eq!(field(&stand.invite(&iam), "User-to-User"), [value]);
}

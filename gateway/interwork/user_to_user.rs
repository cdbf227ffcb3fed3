//! User-to-user information (Q.763 §3.61) and the User-to-User header field (RFC 7433, RFC 7434):
//! the protocol discriminator and what the users agreed on, in hexadecimal figures.

use isup::{Message, UserToUserInformation, hex};

use super::uri::values;
use crate::sip::Headers;

/// Octets of the parameter: the protocol discriminator and 130 of the users (Q.763 §3.61).
const LONGEST: usize = 131;

/// The information of the first field that ISDN users can have sent.
#[must_use]
pub fn of(fields: &[String]) -> Option<UserToUserInformation> {
    values(fields).find_map(|field| {
        let mut parts = field.split(';');
        let data = parts.next()?;
        let parameter = |name: &str| {
            let mut parameters = parts.clone().filter_map(|part| part.split_once('='));
            let found = parameters.find(|(known, _)| known.trim().eq_ignore_ascii_case(name));
            found.map(|(_, value)| crate::sip::unquote(value))
        };
        let is = |name: &str, word: &str| {
            parameter(name).is_none_or(|value| value.eq_ignore_ascii_case(word))
        };
        // What another application means by it is no matter of ISUP (RFC 7434 §4).
        let fits = is("purpose", "isdn-uui") && is("content", "isdn-uui") && is("encoding", "hex");
        let octets = hex::read(&crate::sip::unquote(data))
            .ok()
            .filter(|_| fits)?;
        (1..=LONGEST)
            .contains(&octets.len())
            .then_some(UserToUserInformation(octets))
    })
}

/// Puts the information of a message's header fields into the ISUP message; without any, what the
/// template says stands.
pub fn put_into_isup(fields: &[String], message: &mut Message) {
    if let Some(information) = of(fields)
        && message.find::<UserToUserInformation>().as_ref() != Some(&information)
    {
        message.set(information);
    }
}

/// The same for all header fields of a message.
pub fn put_from(headers: &Headers, message: &mut Message) {
    let fields = headers.iter();
    let said: Vec<String> = fields
        .filter(|(name, _)| name.eq_ignore_ascii_case("User-to-User"))
        .map(|(_, value)| value.clone())
        .collect();
    put_into_isup(&said, message);
}

/// The header field for an ISUP message that has the parameter.
#[must_use]
pub fn field(message: &Message) -> Option<(String, String)> {
    let information = message.find::<UserToUserInformation>()?;
    let figures = hex::write(&information.0);
    let value = format!("{figures};purpose=isdn-uui;content=isdn-uui;encoding=hex");
    Some(("User-to-User".to_owned(), value))
}

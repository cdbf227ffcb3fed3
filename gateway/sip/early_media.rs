//! The P-Early-Media header field (RFC 5009): whether media before the answer is authorised.

use super::{Headers, values};

/// Which way early media is authorised, seen from the side that sends the field, as in SDP: in
/// a response that is the called side (RFC 5009 §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlyMedia {
    /// Both ways.
    SendRecv,
    /// Backward only: the caller is to hear an announcement, or ringback of the network.
    SendOnly,
    /// Forward only: the caller may send and hears nothing.
    RecvOnly,
    /// Neither: a caller that wants ringback plays its own.
    Inactive,
}

/// What a P-Early-Media field says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PEarlyMedia {
    /// The authorisation; a field with several has one a media line, and the first is ours.
    pub direction: Option<EarlyMedia>,
    /// The sender understands the field (RFC 5009 §8); in an INVITE it asks for it.
    pub supported: bool,
    /// A network entity on the way holds unauthorised media back already.
    pub gated: bool,
}

impl EarlyMedia {
    const ALL: [Self; 4] = [
        Self::SendRecv,
        Self::SendOnly,
        Self::RecvOnly,
        Self::Inactive,
    ];

    /// The token of the field.
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// Whether the caller is to hear the called side.
    #[must_use]
    pub fn is_heard(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// The header field for a response, name and value.
    #[must_use]
    pub fn to_header(self) -> (String, String) {
        ("P-Early-Media".to_owned(), self.token().to_owned())
    }
}

impl PEarlyMedia {
    /// Reads the field of a message; `None` without one. Tokens that are not known are passed
    /// over (RFC 5009 §8).
    #[must_use]
    pub fn find(headers: &Headers) -> Option<Self> {
        let mut fields = values(headers, "P-Early-Media").peekable();
        fields.peek()?;
        let mut found = Self::default();
        for token in fields {
            let token = token.trim();
            if token.eq_ignore_ascii_case("supported") {
                found.supported = true;
            } else if token.eq_ignore_ascii_case("gated") {
                found.gated = true;
            } else if found.direction.is_none() {
                found.direction = EarlyMedia::ALL
                    .into_iter()
                    .find(|direction| token.eq_ignore_ascii_case(direction.token()));
            }
        }
        Some(found)
    }

    /// `P-Early-Media: supported`, for an INVITE.
    #[must_use]
    pub fn ask() -> (String, String) {
        ("P-Early-Media".to_owned(), "supported".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(value: &str) -> Headers {
        vec![("p-early-media".to_owned(), value.to_owned())]
    }

    #[test]
    fn every_direction_survives_writing_and_reading() {
        for direction in EarlyMedia::ALL {
            let read = PEarlyMedia::find(&vec![direction.to_header()]).unwrap();
            assert_eq!(read.direction, Some(direction));
            assert!(!read.supported && !read.gated);
        }
        assert!(EarlyMedia::SendRecv.is_heard() && EarlyMedia::SendOnly.is_heard());
        assert!(!EarlyMedia::RecvOnly.is_heard() && !EarlyMedia::Inactive.is_heard());
    }

    #[test]
    fn one_direction_a_media_line_and_the_other_tokens() {
        let read = PEarlyMedia::find(&field("recvonly, sendrecv, gated, new-token")).unwrap();
        assert_eq!(read.direction, Some(EarlyMedia::RecvOnly));
        assert!(read.gated && !read.supported);
        let asked = PEarlyMedia::find(&vec![PEarlyMedia::ask()]).unwrap();
        assert_eq!((asked.supported, asked.direction), (true, None));
        assert_eq!(PEarlyMedia::find(&Headers::new()), None);
    }
}

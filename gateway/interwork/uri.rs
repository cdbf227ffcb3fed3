//! SIP and tel URIs and name-addr values as interworking reads them (RFC 3261 §19.1, RFC 3966 §3,
//! RFC 4694 §4).
//!
//! The parameters of a telephone number stand in a tel URI, in the user part of a SIP URI with
//! `user=phone`, or, from some peers, among the parameters of that URI: they are looked for in
//! this order.

/// A URI of scheme sip, sips or tel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uri {
    /// In lower case.
    pub scheme: String,
    /// The user part without its parameters and password, decoded; the number of a tel URI.
    pub user: Option<String>,
    /// Host and port.
    pub host: Option<String>,
    /// Of the number first, then of the URI; names in lower case, values decoded.
    parameters: Vec<(String, String)>,
    /// Header fields after `?`, values decoded.
    headers: Vec<(String, String)>,
}

impl Uri {
    /// Reads a URI without angle brackets; `None` for other schemes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(':')?;
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_str() {
            "tel" => {
                let mut parts = rest.split(';');
                let user = parts.next().map(decoded).filter(|user| !user.is_empty());
                Some(Self {
                    scheme,
                    user,
                    parameters: parts.map(parameter).collect(),
                    ..Self::default()
                })
            }
            "sip" | "sips" => {
                let (address, headers) = match rest.split_once('?') {
                    Some((address, headers)) => (address, Some(headers)),
                    None => (rest, None),
                };
                let (user_info, host_part) = match address.rsplit_once('@') {
                    Some((user_info, host_part)) => (Some(user_info), host_part),
                    None => (None, address),
                };
                let mut of_host = host_part.split(';');
                let host = of_host
                    .next()
                    .map(str::trim)
                    .filter(|host| !host.is_empty());
                let without_password = user_info.map(|info| info.split(':').next().unwrap_or(info));
                let mut of_user = without_password.unwrap_or_default().split(';');
                let user = of_user.next().map(decoded).filter(|user| !user.is_empty());
                let headers = headers.into_iter().flat_map(|headers| headers.split('&'));
                Some(Self {
                    scheme,
                    user,
                    host: Some(host?.to_owned()),
                    parameters: of_user.chain(of_host).map(parameter).collect(),
                    headers: headers.map(parameter).collect(),
                })
            }
            _ => None,
        }
    }

    /// The value of a parameter, empty for one without; names compare without case.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        value(&self.parameters, name)
    }

    /// The value of a header field of the URI.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        value(&self.headers, name)
    }

    /// Whether the user wants not to be known: the anonymous URI of RFC 3323 §4.1.1.3.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        let anonymous = |text: &Option<String>, name: &str| {
            text.as_deref()
                .is_some_and(|text| text.eq_ignore_ascii_case(name))
        };
        anonymous(&self.user, "anonymous") || anonymous(&self.host, "anonymous.invalid")
    }
}

/// A name-addr or addr-spec with the parameters of its header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The display name, without quotes; none where it is empty.
    pub display: Option<String>,
    /// The URI.
    pub uri: Uri,
    /// Of the header field.
    parameters: Vec<(String, String)>,
}

impl Address {
    /// Reads one value of From, P-Asserted-Identity, Diversion, History-Info and alike.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let open = outside_quotes(text)
            .find(|(_, c)| *c == '<')
            .map(|(at, _)| at);
        let Some(open) = open else {
            // RFC 3261 §20: without brackets, parameters belong to the field.
            let mut parts = text.split(';');
            return Some(Self {
                display: None,
                uri: Uri::parse(parts.next()?)?,
                parameters: parts.map(parameter).collect(),
            });
        };
        let (before, rest) = text.split_at_checked(open)?;
        let (uri, after) = rest.strip_prefix('<')?.split_once('>')?;
        let display = crate::sip::unquote(before);
        Some(Self {
            display: (!display.is_empty()).then_some(display),
            uri: Uri::parse(uri)?,
            parameters: after.split(';').skip(1).map(parameter).collect(),
        })
    }

    /// The value of a parameter of the field, empty for one without.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        value(&self.parameters, name)
    }
}

/// The values of fields that list several with commas, in order: commas in quotes and in angle
/// brackets part nothing.
pub fn values(fields: &[String]) -> impl Iterator<Item = &str> {
    fields.iter().flat_map(|field| {
        let mut bracket = false;
        let mut cuts = vec![0];
        for (at, c) in outside_quotes(field) {
            match c {
                '<' => bracket = true,
                '>' => bracket = false,
                ',' if !bracket => cuts.push(at + 1),
                _ => {}
            }
        }
        let ends: Vec<usize> = cuts
            .iter()
            .skip(1)
            .map(|cut| cut - 1)
            .chain([field.len()])
            .collect();
        cuts.into_iter()
            .zip(ends)
            .filter_map(|(start, end)| field.get(start..end))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .collect::<Vec<_>>()
    })
}

/// Characters outside quoted strings, with their places.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quoted, mut escaped) = (false, false);
    text.char_indices().filter(move |(_, c)| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return !quoted,
        }
        false
    })
}

fn value<'a>(list: &'a [(String, String)], name: &str) -> Option<&'a str> {
    list.iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn parameter(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let value = crate::sip::unquote(value);
    (name.trim().to_ascii_lowercase(), decoded(&value))
}

/// `%23` as `#` and so on (RFC 3261 §19.1.2); what is no escape stays.
#[must_use]
pub fn decoded(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.trim().as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escape = after.first_chunk::<2>().filter(|_| first == b'%');
        let octet = escape
            .and_then(|figures| std::str::from_utf8(figures).ok())
            .and_then(|figures| u8::from_str_radix(figures, 16).ok());
        match octet {
            Some(octet) => {
                octets.push(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_a_number_wherever_they_stand() {
        for text in [
            "tel:+12125550100;npdi;rn=+12125550199",
            "sip:+12125550100;npdi;rn=+12125550199@gw.invalid:5060;user=phone",
            "sip:+12125550100@gw.invalid;user=phone;NPDI;rn=%2B12125550199",
        ] {
            let uri = Uri::parse(text).unwrap();
            assert_eq!(uri.user.as_deref(), Some("+12125550100"), "{text}");
            assert_eq!(uri.parameter("npdi"), Some(""), "{text}");
            assert_eq!(uri.parameter("rn"), Some("+12125550199"), "{text}");
            assert_eq!(uri.parameter("cic"), None);
        }
        assert_eq!(Uri::parse("mailto:a@b"), None);
        assert_eq!(Uri::parse("sip:"), None);
    }

    #[test]
    fn addresses_with_names_and_parameters() {
        let text = r#""Berg, \"A\" <x>" <sip:+49305550001@gw.invalid;cause=302?Privacy=history&Reason=SIP%3Bcause%3D302>;index=1.1;mp=1"#;
        let address = Address::parse(text).unwrap();
        assert_eq!(address.display.as_deref(), Some(r#"Berg, "A" <x>"#));
        assert_eq!(address.uri.parameter("cause"), Some("302"));
        assert_eq!(address.uri.header("privacy"), Some("history"));
        assert_eq!(address.uri.header("Reason"), Some("SIP;cause=302"));
        assert_eq!(address.parameter("mp"), Some("1"));
        let bare = Address::parse("sip:a@gw.invalid;tag=1").unwrap();
        assert_eq!(
            (bare.uri.parameter("tag"), bare.parameter("tag")),
            (None, Some("1"))
        );
    }

    #[test]
    fn lists_are_cut_at_their_own_commas_alone() {
        let fields = [
            r#""a, b" <sip:a,b@x>;p=1, <sip:c@x>"#.to_owned(),
            "<tel:+1>".to_owned(),
        ];
        let list: Vec<&str> = values(&fields).collect();
        assert_eq!(list, [r#""a, b" <sip:a,b@x>;p=1"#, "<sip:c@x>", "<tel:+1>"]);
    }

    #[test]
    fn anonymous_is_known() {
        for text in [
            "sip:anonymous@anonymous.invalid",
            "sip:x@anonymous.invalid",
            "sip:Anonymous@gw",
        ] {
            assert!(Uri::parse(text).unwrap().is_anonymous(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_harms_the_readers(text in "\\PC{0,60}") {
            let _ = (Uri::parse(&text), Address::parse(&text), decoded(&text));
            let _ = Uri::parse(&format!("sip:{text}"));
            let _ = values(&[text]).count();
        }
    }
}

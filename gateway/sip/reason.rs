//! The Reason header field with a Q.850 cause (RFC 3326, RFC 6432) and its location (RFC 8606).

use std::fmt;

use super::Headers;

/// Tokens of the location parameter by Q.850 location code (RFC 8606 §4).
const LOCATION: [&str; 16] = [
    "U", "LPN", "LN", "TN", "RLN", "RPN", "LOC-6", "INTL", "LOC-8", "LOC-9", "BI", "LOC-11",
    "LOC-12", "LOC-13", "LOC-14", "LOC-15",
];

/// A Q.850 cause as a Reason header field carries it. `Display` writes the field's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Q850 {
    /// Cause value, 0 to 127.
    pub cause: u8,
    /// Location code, 0 to 15, when the field tells it.
    pub location: Option<u8>,
    /// The text parameter.
    pub text: Option<String>,
}

impl Q850 {
    /// A cause without location or text.
    #[must_use]
    pub fn new(cause: u8) -> Self {
        Self {
            cause,
            location: None,
            text: None,
        }
    }

    /// The same cause with a Q.850 location code; codes above 15 are left out.
    #[must_use]
    pub fn at(mut self, location: u8) -> Self {
        self.location = (location < 16).then_some(location);
        self
    }

    /// The same cause with a text.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Reads one Reason value; `None` when it is not of protocol Q.850 or has no cause of 0 to 127.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let mut elements = split_outside_quotes(value, ';');
        let protocol = elements.next()?.trim();
        if !protocol.eq_ignore_ascii_case("Q.850") {
            return None;
        }
        let mut cause = None;
        let mut found = Self::new(0);
        for element in elements {
            let Some((name, value)) = element.split_once('=') else {
                continue;
            };
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("cause") {
                cause = value.parse::<u8>().ok().filter(|c| *c < 128);
            } else if name.eq_ignore_ascii_case("location") {
                found.location = (0u8..)
                    .zip(LOCATION)
                    .find(|(_, token)| token.eq_ignore_ascii_case(value))
                    .map(|(code, _)| code);
            } else if name.eq_ignore_ascii_case("text") {
                found.text = Some(unquote(value));
            }
        }
        found.cause = cause?;
        Some(found)
    }

    /// The first Q.850 cause among the Reason fields of a message. A field may list several
    /// protocols, SIP beside Q.850 (RFC 3326 §2).
    #[must_use]
    pub fn find(headers: &Headers) -> Option<Self> {
        headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("Reason"))
            .flat_map(|(_, value)| split_outside_quotes(value, ','))
            .find_map(Self::parse)
    }

    /// The header field, name and value.
    #[must_use]
    pub fn to_header(&self) -> (String, String) {
        ("Reason".to_owned(), self.to_string())
    }
}

impl fmt::Display for Q850 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Q.850;cause={}", self.cause)?;
        if let Some(text) = &self.text {
            f.write_str(";text=\"")?;
            for c in text.chars().filter(|c| !c.is_control()) {
                if matches!(c, '"' | '\\') {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
            f.write_str("\"")?;
        }
        if let Some(token) = self.location.and_then(|l| LOCATION.get(usize::from(l))) {
            write!(f, ";location={token}")?;
        }
        Ok(())
    }
}

/// Splits at a separator that stands outside quoted strings (RFC 3261 §25.1).
pub(super) fn split_outside_quotes(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    value.split(move |c| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        c == separator && !quoted
    })
}

/// Splits a list at the commas outside quoted strings and angle brackets.
pub(super) fn split_list(row: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    row.split(move |c| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => angle = true,
            '>' if !quoted => angle = false,
            _ => {}
        }
        c == ',' && !quoted && !angle
    })
}

/// A quoted string without its quotes and escapes; a token as it is.
pub(crate) fn unquote(value: &str) -> String {
    let value = value.trim();
    let Some(inner) = value
        .strip_prefix('"')
        .map(|v| v.strip_suffix('"').unwrap_or(v))
    else {
        return value.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_survives_writing_and_reading() {
        for location in (0..16).map(Some).chain([None]) {
            let cause = Q850 {
                cause: 17,
                location,
                text: Some(r#"a "busy" \ user"#.to_owned()),
            };
            assert_eq!(Q850::parse(&cause.to_string()), Some(cause));
        }
        assert_eq!(
            Q850::new(16).at(10).to_string(),
            "Q.850;cause=16;location=BI"
        );
    }

    #[test]
    fn the_q850_value_is_found_among_others() {
        let headers = vec![
            ("Via".to_owned(), "x".to_owned()),
            (
                "reason".to_owned(),
                r#"SIP;cause=200;text="a, Q.850;cause=3", q.850 ; cause=34 ;location=ln"#
                    .to_owned(),
            ),
        ];
        assert_eq!(Q850::find(&headers), Some(Q850::new(34).at(2)));
    }

    #[test]
    fn lists_are_cut_outside_quotes_and_brackets() {
        let headers = vec![
            (
                "Diversion".to_owned(),
                r#""a, \"b" <sip:1@x?a=1,2>;reason=no-answer, <tel:+1>"#.to_owned(),
            ),
            ("P-Other".to_owned(), "none".to_owned()),
            ("diversion".to_owned(), " <sip:3@x> ,".to_owned()),
        ];
        let found: Vec<&str> = super::super::values(&headers, "DIVERSION").collect();
        assert_eq!(
            found,
            [
                r#""a, \"b" <sip:1@x?a=1,2>;reason=no-answer"#,
                "<tel:+1>",
                "<sip:3@x>"
            ]
        );
    }

    #[test]
    fn what_is_no_q850_cause_is_none() {
        for value in [
            "",
            "SIP;cause=486",
            "Q.850",
            "Q.850;cause=128",
            "Q.850;cause=x",
        ] {
            assert_eq!(Q850::parse(value), None, "{value}");
        }
    }
}

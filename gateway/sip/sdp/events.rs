//! Which telephone-events a side takes: a=fmtp of the format (RFC 4733 §2.4.1).

/// The events 0 to 15 that a side takes: the DTMF digits 0 to 9, *, #, A to D. Later ones are
/// none of a gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events(u16);

impl Events {
    /// All sixteen: what a description without a=fmtp means (RFC 4733 §2.4.1).
    pub const DTMF: Self = Self(u16::MAX);

    /// Whether this event may be sent to that side.
    #[must_use]
    pub fn contains(self, event: u8) -> bool {
        event < 16 && self.0 & (1 << event) != 0
    }

    /// Whether the twelve keys of a telephone are among them: with fewer, digits go as tones.
    #[must_use]
    pub fn has_keys(self) -> bool {
        self.0 & 0x0fff == 0x0fff
    }

    /// Reads the list of an a=fmtp, as `0-15,32`: single events and ranges. What is no event is
    /// passed over.
    pub(super) fn parse(list: &str) -> Self {
        let mut found = 0;
        for element in list.split(',') {
            let (first, last) = element.split_once('-').unwrap_or((element, element));
            let (Ok(first), Ok(last)) = (first.trim().parse::<u8>(), last.trim().parse::<u8>())
            else {
                continue;
            };
            for event in first..=last.min(15) {
                found |= 1 << event;
            }
        }
        Self(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_events() {
        for (list, taken) in [
            ("0-15", u16::MAX),
            ("0-11", 0x0fff),
            ("0-9,10,11,12-15,32-49", u16::MAX),
            (" 0 - 9 , 11", 0x0bff),
            ("16,200-255", 0),
            ("15-0", 0),
            ("300,x,-,", 0),
            ("", 0),
        ] {
            assert_eq!(Events::parse(list), Events(taken), "{list}");
        }
        assert!(Events::DTMF.contains(15) && !Events::DTMF.contains(16));
        assert!(Events::parse("0-11").has_keys() && !Events::parse("0-10").has_keys());
    }
}

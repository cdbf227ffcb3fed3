//! Application transport (Q.763 §3.82; Q.765).

use super::{
    Describe, Field,
    coded::{coded, octets_parameter_content},
};

octets_parameter_content! {
    /// Application transport: context, instructions, segmentation, then what the context defines.
    ApplicationTransport = APPLICATION_TRANSPORT
}

/// The extension bit: set in the last octet of a group.
const LAST: u8 = 0x80;

coded! {
    /// Application context identifier (octet 1).
    ApplicationContext {
        UnidentifiedContextAndErrorHandling = 0 => "unidentified context and error handling",
        Pss1 = 1 => "PSS1 ASE (VPN)",
        Charging = 3 => "charging ASE",
        Gat = 4 => "GAT",
        Bat = 5 => "BAT ASE",
        EnhancedUnidentifiedContextAndErrorHandling = 6 => "enhanced unidentified context and error handling",
    }
}

/// What stands before the application's own octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApplicationHeader<'a> {
    /// Whom the rest is for.
    pub context: ApplicationContext,
    /// The call is to be released where the context is not supported (RCI, octet 2).
    pub release_call: bool,
    /// A notification is to be sent where the context is not supported (SNI, octet 2).
    pub send_notification: bool,
    /// The first segment, or all there is; clear in those after it (SI, octet 3).
    pub new_sequence: bool,
    /// Segments that follow; 0 in the last one (octet 3).
    pub segments_to_come: u8,
    /// What the segments of one message have in common (octet 3a).
    pub local_reference: Option<u8>,
    /// The application's own: addresses and encapsulated information.
    pub information: &'a [u8],
}

impl ApplicationTransport {
    /// The fields before the application's own octets; `None` where it is shorter than they are or
    /// has them otherwise than the Recommendation: two octets of context, further instructions.
    #[must_use]
    pub fn header(&self) -> Option<ApplicationHeader<'_>> {
        let [context, instructions, segmentation, rest @ ..] = self.0.as_slice() else {
            return None;
        };
        if context & instructions & LAST == 0 {
            return None;
        }
        let (local_reference, information) = match rest {
            information if segmentation & LAST != 0 => (None, information),
            [reference, information @ ..] if reference & LAST != 0 => {
                (Some(reference & !LAST), information)
            }
            _ => return None,
        };
        Some(ApplicationHeader {
            context: ApplicationContext::from_code(context & !LAST),
            release_call: instructions & 1 != 0,
            send_notification: instructions & 2 != 0,
            new_sequence: segmentation & 0x40 != 0,
            segments_to_come: segmentation & 0x3F,
            local_reference,
            information,
        })
    }
}

impl Describe for ApplicationTransport {
    fn describe(&self) -> Vec<Field> {
        let Some(header) = self.header() else {
            return vec![Field::octets("application transport", &self.0)];
        };
        let context = header.context;
        let mut fields = vec![
            Field::coded(
                "application context identifier",
                context.code(),
                context.name(),
            ),
            Field::flag("release call", header.release_call),
            Field::flag("send notification", header.send_notification),
            Field::flag("new sequence", header.new_sequence),
            Field::number("segments to come", header.segments_to_come),
        ];
        let reference = header.local_reference;
        fields.extend(reference.map(|n| Field::number("segmentation local reference", n)));
        fields.push(Field::octets("application information", header.information));
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bearer association, a first segment of two with its reference.
    #[test]
    fn the_header_is_read() {
        let transport = ApplicationTransport(vec![0x85, 0x82, 0x41, 0x87, 0, 0, 9]);
        let header = transport.header().unwrap();
        assert_eq!(header.context, ApplicationContext::Bat);
        assert!(!header.release_call && header.send_notification && header.new_sequence);
        assert_eq!(
            (header.segments_to_come, header.local_reference),
            (1, Some(7))
        );
        assert_eq!(header.information, [0, 0, 9]);
    }

    /// Whatever is laid out otherwise keeps all its octets in sight.
    #[test]
    fn another_header_is_octets() {
        for content in [
            &[][..],
            &[0x85, 0x80],
            &[5, 0x80, 0xC0, 1],
            &[0x85, 0, 0xC0],
            &[0x85, 0x80, 0x41, 7],
        ] {
            let transport = ApplicationTransport(content.to_vec());
            assert_eq!(transport.header(), None);
            let whole = Field::octets("application transport", content);
            assert_eq!(transport.describe(), [whole]);
        }
    }
}

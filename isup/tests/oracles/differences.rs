//! Where decoders are known to read something else, each with the reason.

use isup::{MessageType as M, ParameterCode as P, Variant};

use crate::{compare::Place, reading::Decoder};

/// A reviewed difference.
pub(crate) struct Difference {
    pub(crate) decoder: Decoder,
    pub(crate) variants: &'static [Variant],
    pub(crate) name: &'static str,
    /// Why it is theirs and not ours.
    reason: &'static str,
    applies: fn(&Place<'_>, ours: &str, theirs: &str) -> bool,
}

impl std::fmt::Debug for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.reason)
    }
}

/// The name of the reviewed difference that this is.
pub(crate) fn known(
    decoder: Decoder,
    place: &Place<'_>,
    ours: &str,
    theirs: &str,
) -> Option<&'static str> {
    let variant = place.generated.message.variant();
    of(decoder, variant)
        .find(|difference| (difference.applies)(place, ours, theirs))
        .map(|difference| difference.name)
}

/// The reviewed differences of a decoder.
pub(crate) fn of(decoder: Decoder, variant: Variant) -> impl Iterator<Item = &'static Difference> {
    DIFFERENCES
        .iter()
        .filter(move |known| known.decoder == decoder && known.variants.contains(&variant))
}

const BOTH: &[Variant] = &[Variant::Itu, Variant::Ansi];
const ITU: &[Variant] = &[Variant::Itu];
const ANSI: &[Variant] = &[Variant::Ansi];

/// tshark 4.0.17 and pycrate 0.8.1.
const DIFFERENCES: &[Difference] = &[
    Difference {
        decoder: Decoder::Tshark,
        variants: BOTH,
        name: "range",
        reason: "it shows how many circuits the range has, one more than the octet says",
        applies: |place, ours, theirs| {
            place.what == "range"
                && Ok(1)
                    == theirs
                        .parse::<u32>()
                        .and_then(|theirs| Ok(theirs - ours.parse::<u32>()?))
        },
    },
    Difference {
        decoder: Decoder::Tshark,
        variants: BOTH,
        name: "octets of point codes in parameters",
        reason: "it reads the more significant octet first; Q.763 3.40 and 3.50 have it last, as \
                 the routing label does, and so does pycrate",
        applies: |place, ours, theirs| {
            let swapped = |code: u16| code.swap_bytes() & 0x3FFF;
            place.what == "signalling point code"
                && theirs.parse().is_ok_and(|theirs: u16| {
                    ours.parse().is_ok_and(|ours: u16| {
                        (0..4).any(|spare: u16| swapped(ours | spare << 14) == theirs)
                    })
                })
        },
    },
    Difference {
        decoder: Decoder::Tshark,
        variants: BOTH,
        name: "causes of national coding",
        reason: "it decodes no value that is not coded by Q.850",
        applies: |place, _, theirs| {
            let national = |content: &[u8]| content.first().is_some_and(|octet| octet & 0x60 != 0);
            matches!(place.what, "cause value" | "location")
                && theirs == "none"
                && place
                    .generated
                    .message
                    .content(P::CAUSE)
                    .is_some_and(national)
        },
    },
    Difference {
        decoder: Decoder::Tshark,
        variants: BOTH,
        name: "subsequent directory number message",
        reason: "it does not know the message SDN (Q.763 Amendment 1) and shows no parameter",
        applies: |place, _, theirs| {
            place.generated.message.message_type() == M::Sdn
                && place.what == "list"
                && theirs.is_empty()
        },
    },
    Difference {
        decoder: Decoder::Tshark,
        variants: ANSI,
        name: "exit message",
        reason: "it does not know the message EXM (T1.113)",
        applies: |place, _, _| place.generated.message.message_type() == M::Exm,
    },
    Difference {
        decoder: Decoder::Tshark,
        variants: ANSI,
        name: "release complete with a cause",
        reason: "it gives the ANSI message no optional part; libss7 sends one",
        applies: |place, _, theirs| {
            place.generated.message.message_type() == M::Rlc
                && place.what == "list"
                && theirs.is_empty()
        },
    },
    Difference {
        decoder: Decoder::Pycrate,
        variants: ITU,
        name: "spare bits of point codes",
        reason: "it shows them as part of the code (Q.763 3.50: bits H and G are spare)",
        applies: |place, ours, theirs| {
            let masked = theirs
                .parse()
                .map(|theirs: u16| (theirs & 0x3FFF).to_string());
            place.what == "signalling point code" && masked.is_ok_and(|masked| masked == ours)
        },
    },
    Difference {
        decoder: Decoder::Pycrate,
        variants: ITU,
        name: "optional part of information messages",
        reason: "it takes the pointer for 0 and drops what it leads to",
        applies: |place, _, _| {
            place.generated.message.message_type() == M::Inf
                && matches!(place.what, "list" | "complaint")
        },
    },
    Difference {
        decoder: Decoder::Pycrate,
        variants: ITU,
        name: "diagnostics",
        reason: "it has no place for the diagnostics of a cause, and what follows it is shifted",
        applies: |place, _, _| {
            let content = place.generated.message.content(P::CAUSE);
            matches!(place.what, "list" | "complaint" | "message")
                && content.is_some_and(|cause| cause.len() > 2)
        },
    },
    Difference {
        decoder: Decoder::Pycrate,
        variants: ITU,
        name: "user teleservice information",
        reason: "it cannot parse the two octets of Q.763 3.59",
        applies: |place, _, _| {
            let content = place
                .generated
                .message
                .content(P::USER_TELESERVICE_INFORMATION);
            content.is_some() && matches!(place.what, "complaint" | "message")
        },
    },
    Difference {
        decoder: Decoder::Pycrate,
        variants: ITU,
        name: "pivot status in facility messages",
        reason: "it cannot parse any",
        applies: |place, _, _| {
            place.generated.message.message_type() == M::Fac
                && place.generated.message.content(P::PIVOT_STATUS).is_some()
        },
    },
    Difference {
        decoder: Decoder::Pycrate,
        variants: ITU,
        name: "user-to-user information in segmentation messages",
        reason: "it takes the name for that of a message and cannot parse it",
        applies: |place, _, _| {
            place.generated.message.message_type() == M::Sgm
                && place
                    .generated
                    .message
                    .content(P::USER_TO_USER_INFORMATION)
                    .is_some()
        },
    },
    Difference {
        decoder: Decoder::Pycrate,
        variants: ITU,
        name: "charge information message",
        reason: "its format is a national matter, it knows none",
        applies: |place, _, _| place.generated.message.message_type() == M::Crg,
    },
    Difference {
        decoder: Decoder::Pycrate,
        variants: ITU,
        name: "pass-along message",
        reason: "it does not decode the message inside, and drops it",
        applies: |place, _, _| place.generated.message.message_type() == M::Pam,
    },
];

//! Message types (Q.763 §1.3, Table 4; the further ones of ANSI T1.113).

use core::fmt;

macro_rules! message_types {
    ($($variant:ident = $code:literal, $acronym:literal, $name:literal;)*) => {
        /// The message type octet (Q.763 §1.3).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum MessageType {
            $(#[doc = concat!($acronym, ": ", $name, ".")] $variant,)*
            /// A code that no known message has.
            Other(u8),
        }

        impl MessageType {
            /// Every known message type, in the order of the codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The octet on the line.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Other(code) => code,
                }
            }

            /// The message type that an octet names.
            #[must_use]
            pub const fn from_code(code: u8) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    code => Self::Other(code),
                }
            }

            /// The acronym in the Recommendation, "IAM"; "unknown" for a code without one.
            #[must_use]
            pub const fn acronym(self) -> &'static str {
                match self {
                    $(Self::$variant => $acronym,)*
                    Self::Other(_) => "unknown",
                }
            }

            /// The name in the Recommendation, "initial address"; "unknown message" without one.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(_) => "unknown message",
                }
            }

            /// The message type with this acronym, in any case.
            #[must_use]
            pub fn from_acronym(acronym: &str) -> Option<Self> {
                $(if acronym.eq_ignore_ascii_case($acronym) {
                    return Some(Self::$variant);
                })*
                None
            }
        }
    };
}

message_types! {
    Iam = 0x01, "IAM", "initial address";
    Sam = 0x02, "SAM", "subsequent address";
    Inr = 0x03, "INR", "information request";
    Inf = 0x04, "INF", "information";
    Cot = 0x05, "COT", "continuity";
    Acm = 0x06, "ACM", "address complete";
    Con = 0x07, "CON", "connect";
    Fot = 0x08, "FOT", "forward transfer";
    Anm = 0x09, "ANM", "answer";
    Rel = 0x0C, "REL", "release";
    Sus = 0x0D, "SUS", "suspend";
    Res = 0x0E, "RES", "resume";
    Rlc = 0x10, "RLC", "release complete";
    Ccr = 0x11, "CCR", "continuity check request";
    Rsc = 0x12, "RSC", "reset circuit";
    Blo = 0x13, "BLO", "blocking";
    Ubl = 0x14, "UBL", "unblocking";
    Bla = 0x15, "BLA", "blocking acknowledgement";
    Uba = 0x16, "UBA", "unblocking acknowledgement";
    Grs = 0x17, "GRS", "circuit group reset";
    Cgb = 0x18, "CGB", "circuit group blocking";
    Cgu = 0x19, "CGU", "circuit group unblocking";
    Cgba = 0x1A, "CGBA", "circuit group blocking acknowledgement";
    Cgua = 0x1B, "CGUA", "circuit group unblocking acknowledgement";
    Far = 0x1F, "FAR", "facility request";
    Faa = 0x20, "FAA", "facility accepted";
    Frj = 0x21, "FRJ", "facility reject";
    Lpa = 0x24, "LPA", "loop back acknowledgement";
    Pam = 0x28, "PAM", "pass-along";
    Gra = 0x29, "GRA", "circuit group reset acknowledgement";
    Cqm = 0x2A, "CQM", "circuit group query";
    Cqr = 0x2B, "CQR", "circuit group query response";
    Cpg = 0x2C, "CPG", "call progress";
    Usr = 0x2D, "USR", "user-to-user information";
    Ucic = 0x2E, "UCIC", "unequipped circuit identification code";
    Cfn = 0x2F, "CFN", "confusion";
    Olm = 0x30, "OLM", "overload";
    Crg = 0x31, "CRG", "charge information";
    Nrm = 0x32, "NRM", "network resource management";
    Fac = 0x33, "FAC", "facility";
    Upt = 0x34, "UPT", "user part test";
    Upa = 0x35, "UPA", "user part available";
    Idr = 0x36, "IDR", "identification request";
    Ids = 0x37, "IDS", "identification response";
    Sgm = 0x38, "SGM", "segmentation";
    Lop = 0x40, "LOP", "loop prevention";
    Apm = 0x41, "APM", "application transport";
    Pri = 0x42, "PRI", "pre-release information";
    Sdn = 0x43, "SDN", "subsequent directory number";
    Cra = 0xE9, "CRA", "circuit reservation acknowledgement";
    Crm = 0xEA, "CRM", "circuit reservation";
    Cvr = 0xEB, "CVR", "circuit validation response";
    Cvt = 0xEC, "CVT", "circuit validation test";
    Exm = 0xED, "EXM", "exit";
}

impl fmt::Display for MessageType {
    /// The acronym; "message 0x7E" for an unknown type.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(code) => write!(f, "message 0x{code:02X}"),
            known => f.pad(known.acronym()),
        }
    }
}

//! The parameters as data (Q.763 §3; ANSI T1.113).

use super::ParameterCode;

/// What is known of a parameter.
#[derive(Clone, Copy, Debug)]
pub struct ParameterRow {
    /// Its name on the line.
    pub code: ParameterCode,
    /// Its name in the Recommendation.
    pub name: &'static str,
    /// Where it is defined.
    pub clause: &'static str,
    /// The shortest content that it can have where it is mandatory and variable.
    pub shortest: &'static [u8],
}

/// The row of a parameter; `None` for an unknown one.
#[must_use]
pub fn row(code: ParameterCode) -> Option<&'static ParameterRow> {
    let place = ROWS.binary_search_by_key(&code, |row| row.code).ok()?;
    ROWS.get(place)
}

/// All known parameters, in the order of their codes.
#[must_use]
pub fn rows() -> &'static [ParameterRow] {
    ROWS
}

const fn of(code: u8, name: &'static str, clause: &'static str) -> ParameterRow {
    ParameterRow {
        code: ParameterCode(code),
        name,
        clause,
        shortest: &[0],
    }
}

#[rustfmt::skip]
const ROWS: &[ParameterRow] = &[
    of(0x00, "end of optional parameters", "Q.763 §3.20"),
    of(0x01, "call reference", "Q.763 §3.8"),
    of(0x02, "transmission medium requirement", "Q.763 §3.54"),
    of(0x03, "access transport", "Q.763 §3.3"),
    ParameterRow { shortest: &[0x00, 0x10], ..of(0x04, "called party number", "Q.763 §3.9") },
    ParameterRow { shortest: &[0x00], ..of(0x05, "subsequent number", "Q.763 §3.51") },
    of(0x06, "nature of connection indicators", "Q.763 §3.35"),
    of(0x07, "forward call indicators", "Q.763 §3.23"),
    of(0x08, "optional forward call indicators", "Q.763 §3.38"),
    of(0x09, "calling party's category", "Q.763 §3.11"),
    of(0x0A, "calling party number", "Q.763 §3.10"),
    of(0x0B, "redirecting number", "Q.763 §3.44"),
    of(0x0C, "redirection number", "Q.763 §3.46"),
    of(0x0D, "connection request", "Q.763 §3.17"),
    of(0x0E, "information request indicators", "Q.763 §3.29"),
    of(0x0F, "information indicators", "Q.763 §3.28"),
    of(0x10, "continuity indicators", "Q.763 §3.18"),
    of(0x11, "backward call indicators", "Q.763 §3.5"),
    ParameterRow { shortest: &[0x80, 0x9F], ..of(0x12, "cause indicators", "Q.763 §3.12") },
    of(0x13, "redirection information", "Q.763 §3.45"),
    of(0x15, "circuit group supervision message type", "Q.763 §3.13"),
    ParameterRow { shortest: &[0x00], ..of(0x16, "range and status", "Q.763 §3.43") },
    of(0x18, "facility indicator", "Q.763 §3.22"),
    of(0x1A, "closed user group interlock code", "Q.763 §3.15"),
    ParameterRow { shortest: &[0x80, 0x90, 0xA3], ..of(0x1D, "user service information", "Q.763 §3.57") },
    of(0x1E, "signalling point code", "Q.763 §3.50"),
    ParameterRow { shortest: &[0x00], ..of(0x20, "user-to-user information", "Q.763 §3.61") },
    of(0x21, "connected number", "Q.763 §3.16"),
    of(0x22, "suspend/resume indicators", "Q.763 §3.52"),
    of(0x23, "transit network selection", "Q.763 §3.53"),
    of(0x24, "event information", "Q.763 §3.21"),
    of(0x25, "circuit assignment map", "Q.763 §3.69"),
    ParameterRow { shortest: &[0x00], ..of(0x26, "circuit state indicator", "Q.763 §3.14") },
    of(0x27, "automatic congestion level", "Q.763 §3.4"),
    of(0x28, "original called number", "Q.763 §3.39"),
    of(0x29, "optional backward call indicators", "Q.763 §3.37"),
    of(0x2A, "user-to-user indicators", "Q.763 §3.60"),
    of(0x2B, "origination ISC point code", "Q.763 §3.40"),
    of(0x2C, "generic notification indicator", "Q.763 §3.25"),
    of(0x2D, "call history information", "Q.763 §3.7"),
    of(0x2E, "access delivery information", "Q.763 §3.2"),
    of(0x2F, "network specific facility", "Q.763 §3.36"),
    of(0x30, "user service information prime", "Q.763 §3.58"),
    of(0x31, "propagation delay counter", "Q.763 §3.42"),
    of(0x32, "remote operations", "Q.763 §3.48"),
    of(0x33, "service activation", "Q.763 §3.49"),
    of(0x34, "user teleservice information", "Q.763 §3.59"),
    of(0x35, "transmission medium used", "Q.763 §3.56"),
    of(0x36, "call diversion information", "Q.763 §3.6"),
    of(0x37, "echo control information", "Q.763 §3.19"),
    of(0x38, "message compatibility information", "Q.763 §3.33"),
    of(0x39, "parameter compatibility information", "Q.763 §3.41"),
    of(0x3A, "MLPP precedence", "Q.763 §3.34"),
    of(0x3B, "MCID request indicators", "Q.763 §3.31"),
    of(0x3C, "MCID response indicators", "Q.763 §3.32"),
    of(0x3D, "hop counter", "Q.763 §3.80"),
    of(0x3E, "transmission medium requirement prime", "Q.763 §3.55"),
    of(0x3F, "location number", "Q.763 §3.30"),
    of(0x40, "redirection number restriction", "Q.763 §3.47"),
    of(0x43, "call transfer reference", "Q.763 §3.65"),
    of(0x44, "loop prevention indicators", "Q.763 §3.67"),
    of(0x45, "call transfer number", "Q.763 §3.64"),
    of(0x4B, "CCSS", "Q.763 §3.63"),
    of(0x4C, "forward GVNS", "Q.763 §3.66"),
    of(0x4D, "backward GVNS", "Q.763 §3.62"),
    of(0x4E, "redirect capability", "Q.763 §3.96"),
    of(0x5B, "network management controls", "Q.763 §3.68"),
    of(0x65, "correlation id", "Q.763 §3.70"),
    of(0x66, "SCF id", "Q.763 §3.71"),
    of(0x6E, "call diversion treatment indicators", "Q.763 §3.72"),
    of(0x6F, "called IN number", "Q.763 §3.73"),
    of(0x70, "call offering treatment indicators", "Q.763 §3.74"),
    of(0x71, "charged party identification", "Q.763 §3.75"),
    of(0x72, "conference treatment indicators", "Q.763 §3.76"),
    of(0x73, "display information", "Q.763 §3.77"),
    of(0x74, "UID action indicators", "Q.763 §3.78"),
    of(0x75, "UID capability indicators", "Q.763 §3.79"),
    of(0x77, "redirect counter", "Q.763 §3.97"),
    of(0x78, "application transport", "Q.763 §3.82"),
    of(0x79, "collect call request", "Q.763 §3.81"),
    of(0x7A, "CCNR possible indicator", "Q.763 §3.83"),
    of(0x7B, "pivot capability", "Q.763 §3.84"),
    of(0x7C, "pivot routing indicators", "Q.763 §3.85"),
    of(0x7D, "called directory number", "Q.763 §3.86"),
    of(0x7F, "original called IN number", "Q.763 §3.87"),
    of(0x81, "calling geodetic location", "Q.763 §3.88"),
    of(0x82, "HTR information", "Q.763 §3.89"),
    of(0x84, "network routing number", "Q.763 §3.90"),
    of(0x85, "query on release capability", "Q.763 §3.91"),
    of(0x86, "pivot status", "Q.763 §3.92"),
    of(0x87, "pivot counter", "Q.763 §3.93"),
    of(0x88, "pivot routing forward information", "Q.763 §3.94"),
    of(0x89, "pivot routing backward information", "Q.763 §3.95"),
    of(0x8A, "redirect status", "Q.763 §3.98"),
    of(0x8B, "redirect forward information", "Q.763 §3.99"),
    of(0x8C, "redirect backward information", "Q.763 §3.100"),
    of(0x8D, "number portability forward information", "Q.763 §3.101"),
    of(0x8E, "forward CAT indicator", "Q.763 Amd.6"),
    of(0x8F, "backward CAT indicator", "Q.763 Amd.6"),
    of(0x96, "automatic re-routing", "Q.763 Amd.3"),
    of(0xA6, "IEPS call information", "Q.763 Amd.4"),
    of(0xA8, "VED information", "Q.763 Amd.5"),
    of(0xC0, "generic number", "Q.763 §3.26"),
    of(0xC1, "generic digits", "Q.763 §3.24"),
    of(0xC2, "operator services information", "T1.113"),
    of(0xC3, "egress", "T1.113"),
    of(0xC4, "jurisdiction", "T1.113"),
    of(0xC5, "carrier identification", "T1.113"),
    of(0xC6, "business group", "T1.113"),
    of(0xC7, "generic name", "T1.113"),
    of(0xE1, "notification indicator", "T1.113"),
    of(0xE2, "carrier service provider", "T1.113"),
    of(0xE3, "transaction request", "T1.113"),
    of(0xE5, "circuit group characteristic indicator", "T1.113"),
    of(0xE6, "circuit validation response indicator", "T1.113"),
    of(0xE7, "outgoing trunk group number", "T1.113"),
    of(0xE8, "circuit identification name", "T1.113"),
    of(0xE9, "common language location identification", "T1.113"),
    of(0xEA, "originating line information", "T1.113"),
    of(0xEB, "charge number", "T1.113"),
    of(0xEC, "service code", "T1.113"),
    of(0xED, "special processing request", "T1.113"),
    of(0xEE, "carrier selection information", "T1.113"),
    of(0xEF, "network transport", "T1.113"),
];

//! A profile is the interworking tables of one standard or operator, as data.
//!
//! RFC 3398 and Q.1912.5 disagree on purpose and operators disagree with both, so no mapping
//! stands in code: a [`Profile`] names every row and the clause it comes from.

/// One row of the table from ISUP cause to SIP final response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CauseRow {
    /// Q.850 cause value.
    pub cause: u8,
    /// When the row holds.
    pub when: When,
    /// Final response.
    pub status: u16,
    /// Where the row stands.
    pub clause: &'static str,
}

/// A condition on a row of the cause table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Whatever else the parameter says.
    Always,
    /// The location is "user" (0).
    LocationUser,
    /// The diagnostics hold a new number.
    NewNumber,
}

/// One row of the table from SIP final response to ISUP cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRow {
    /// SIP status.
    pub status: u16,
    /// Q.850 cause value.
    pub cause: u8,
    /// Where the row stands.
    pub clause: &'static str,
}

/// What a timer's or the network's failure becomes on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureRow {
    /// Final response to the INVITE.
    pub status: u16,
    /// Cause of the REL.
    pub cause: u8,
    /// Where the row stands.
    pub clause: &'static str,
}

/// The tables of one standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Name used in the configuration.
    pub name: &'static str,
    /// ISUP cause to SIP status; the first row that holds wins.
    pub causes: &'static [CauseRow],
    /// For causes in no row.
    pub other_cause: CauseRow,
    /// SIP status to ISUP cause.
    pub statuses: &'static [StatusRow],
    /// For statuses in no row.
    pub other_status: StatusRow,
    /// T7 ran out: no backward message.
    pub t7: FailureRow,
    /// T9 ran out: no answer.
    pub t9: FailureRow,
    /// The INVITE was never answered by a final response.
    pub no_response: FailureRow,
    /// A 200 was never acknowledged.
    pub no_ack: FailureRow,
    /// No circuit is idle, and no further trunk stands in the route.
    pub no_circuit: FailureRow,
    /// No rule of the dial plan takes the number.
    pub no_route: FailureRow,
}

const RESPONSES: &str = "RFC 3398 §7.2.4.1";
const STATUSES: &str = "RFC 3398 §8.2.6.1";

const fn row(cause: u8, status: u16) -> CauseRow {
    CauseRow {
        cause,
        when: When::Always,
        status,
        clause: RESPONSES,
    }
}
const fn row_when(cause: u8, when: When, status: u16) -> CauseRow {
    CauseRow {
        cause,
        when,
        status,
        clause: RESPONSES,
    }
}
const fn back(status: u16, cause: u8) -> StatusRow {
    StatusRow {
        status,
        cause,
        clause: STATUSES,
    }
}
const fn failure(status: u16, cause: u8, clause: &'static str) -> FailureRow {
    FailureRow {
        status,
        cause,
        clause,
    }
}

/// RFC 3398 as it stands.
pub static RFC3398: Profile = Profile {
    name: "rfc3398",
    causes: &[
        row(1, 404),
        row(2, 404),
        row(3, 404),
        // 16 as a final response is not in the RFC's table: a release before answer by a network
        // that names no fault leaves the callee unreachable for now.
        CauseRow {
            cause: 16,
            when: When::Always,
            status: 480,
            clause: "RFC 3261 §21.4.18",
        },
        row(17, 486),
        row(18, 408),
        row(19, 480),
        row(20, 480),
        row_when(21, When::LocationUser, 603),
        row(21, 403),
        row_when(22, When::NewNumber, 301),
        row(22, 410),
        row(23, 410),
        row(26, 404),
        row(27, 502),
        row(28, 484),
        row(29, 501),
        row(31, 480),
        row(34, 503),
        row(38, 503),
        row(41, 503),
        row(42, 503),
        // 44 is answered by a repeat attempt; this row is for the last one.
        row(44, 503),
        row(47, 503),
        row(55, 403),
        row(57, 403),
        row(58, 503),
        row(65, 488),
        row(70, 488),
        row(79, 501),
        row(87, 403),
        row(88, 503),
        row(102, 504),
        row(111, 500),
        row(127, 500),
    ],
    other_cause: row(0, 500),
    statuses: &[
        back(400, 41),
        back(401, 21),
        back(402, 21),
        back(403, 21),
        back(404, 1),
        back(405, 63),
        back(406, 79),
        back(407, 21),
        back(408, 102),
        back(410, 22),
        back(413, 127),
        back(414, 127),
        back(415, 79),
        back(416, 127),
        back(420, 127),
        back(421, 127),
        back(423, 127),
        back(480, 18),
        back(481, 41),
        back(482, 25),
        back(483, 25),
        back(484, 28),
        back(485, 1),
        back(486, 17),
        back(488, 31),
        back(500, 41),
        back(501, 79),
        back(502, 38),
        back(503, 41),
        back(504, 102),
        back(505, 127),
        back(513, 127),
        back(600, 17),
        back(603, 21),
        back(604, 1),
        back(606, 31),
    ],
    other_status: back(0, 31),
    t7: failure(504, 102, "RFC 3398 §7.2.2"),
    t9: failure(480, 19, "RFC 3398 §7.2.8"),
    no_response: failure(408, 18, "RFC 3398 §8.1.3"),
    no_ack: failure(500, 102, "RFC 3398 §7.1.4"),
    no_circuit: failure(503, 34, "RFC 3398 §7.2.1"),
    no_route: failure(404, 3, "RFC 3398 §7.2.1.1"),
};

impl Profile {
    /// The tables that a trunk group is configured to use.
    #[must_use]
    pub fn configured(name: crate::config::Profile) -> &'static Self {
        match name {
            crate::config::Profile::Rfc3398 => &RFC3398,
        }
    }
}

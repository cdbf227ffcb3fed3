//! `[[rule]]`: one line of the dial plan.

use serde::Deserialize;

/// `[[rule]]`: numbers with a prefix, from some trunks, go to a list of trunks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What explanations and records call the rule.
    pub name: String,
    /// Leading digits of the called number; `+` first for the international form. Every number
    /// when empty.
    #[serde(default)]
    pub prefix: String,
    /// Names of the trunks that the call must have come from; any when empty.
    #[serde(default)]
    pub from: Vec<String>,
    /// Fewest digits of a complete called number, `+` not counted; with fewer the call waits for more
    /// where digits may come one after the other, and is refused as incomplete elsewhere.
    #[serde(default)]
    pub min_digits: Option<u8>,
    /// Most digits of a called number: with so many it is complete, with more the rule does not
    /// take the call.
    #[serde(default)]
    pub max_digits: Option<u8>,
    /// How many leading digits to take away, `+` not counted.
    #[serde(default)]
    pub strip: u8,
    /// Digits to put in front afterwards; `+` first makes the number international.
    #[serde(default)]
    pub prepend: String,
    /// Nature of address that goes out; by the form of the number when absent.
    #[serde(default)]
    pub nature: Option<Nature>,
    /// Trunk groups and SIP trunks to try, in this order.
    #[serde(default)]
    pub to: Vec<String>,
    /// Refuse with this Q.850 cause value in place of trying any trunk.
    #[serde(default)]
    pub reject: Option<u8>,
}

/// Nature of address (Q.763 clause 3.9): what kind of number the digits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nature {
    /// Subscriber number.
    Subscriber,
    /// Unknown.
    Unknown,
    /// National (significant) number.
    National,
    /// International number.
    International,
}

//! Interworking of SIP and ISUP (RFC 3398, RFC 3372): what one side's message becomes on the
//! other. Pure mappings; who sends what when is [`crate::call`]'s.
//!
//! | file | maps |
//! |---|---|
//! | [`cause`] | ISUP cause to SIP status and back, by the profile's table |
//! | [`profile`] | the tables themselves: data |
//! | [`number`] | telephone numbers: tel and SIP URIs, nature of address |
//! | [`iam`] | INVITE to IAM |
//! | [`invite`] | IAM to INVITE |
//! | [`backward`] | ACM, CPG, CON, ANM and 18x, 200 |
//! | [`release`] | REL, final responses, BYE, CANCEL and the Reason header |
//! | [`encapsulation`] | ISUP bodies: which message goes in which carrier, and what a body may do |

pub mod backward;
pub mod cause;
pub mod encapsulation;
pub mod iam;
pub mod invite;
pub mod number;
pub mod profile;
pub mod release;

#[cfg(test)]
mod tests;

//! Interworking of SIP and ISUP (RFC 3398, RFC 3372): what one side's message becomes on the
//! other. Pure mappings; who sends what when is [`crate::call`]'s.
//!
//! | file | maps |
//! |---|---|
//! | [`cause`] | ISUP cause to SIP status and back, by the profile's table |
//! | [`profile`] | the tables themselves: data |
//! | [`uri`], [`number`] | URIs, and the telephone numbers in them |
//! | [`iam`] | INVITE to IAM |
//! | [`invite`] | IAM to INVITE |
//! | [`caller`] | From, P-Asserted-Identity, Privacy and the calling number, both ways |
//! | [`redirection`] | Diversion, History-Info and the redirecting numbers, both ways |
//! | [`portability`] | `rn`, `npdi`, `cic` and routing numbers and carriers, both ways |
//! | [`bearer`] | the codecs and the transmission medium, both ways |
//! | [`user_to_user`] | User-to-User, both ways |
//! | [`hops`] | Max-Forwards and the hop counter, both ways |
//! | [`connected`] | who answered, both ways |
//! | [`backward`] | ACM, CPG, CON, ANM and 18x, 200 |
//! | [`release`] | REL, final responses, BYE, CANCEL and the Reason header |
//! | [`encapsulation`] | ISUP bodies: which message goes in which carrier, and what a body may do |
//! | [`convert`] | ITU-T ISUP to ANSI ISUP and back |

pub mod backward;
pub mod bearer;
pub mod caller;
pub mod cause;
pub mod connected;
pub mod convert;
pub mod encapsulation;
pub mod hops;
pub mod iam;
pub mod invite;
pub mod number;
pub mod portability;
pub mod profile;
pub mod redirection;
pub mod release;
pub mod uri;
pub mod user_to_user;

#[cfg(test)]
mod tests;

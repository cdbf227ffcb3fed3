//! `isthmus demo`: the gateway, the far exchange and a SIP user, and the calls between them,
//! each measured. The same scenarios play in virtual time in the tests.

pub mod check;
pub mod scenario;
pub mod settings;
pub mod stage;
pub mod virtual_time;

#[cfg(test)]
mod tests;

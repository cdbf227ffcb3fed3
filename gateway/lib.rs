//! Isthmus: a SIP-PSTN gateway. SIP-T, with ISUP tunnelled in SIP, on one side;
//! timeslots signalled by ISUP over MTP on the other; the media bridge between them.
//!
//! [`iwu::Iwu`] is the whole interworking unit without input or output; [`shell`] gives it a
//! clock, sockets and spans.

pub mod call;
pub mod capture;
pub mod cdr;
pub mod chance;
pub mod cli;
pub mod config;
pub mod demo;
pub mod dialplan;
pub mod interwork;
pub mod iwu;
pub mod ladder;
pub mod recorder;
pub mod shell;
pub mod sip;
pub mod trunk_group;

//! The far end of the cable, and SIP peers.

pub mod config;
pub mod network;
pub mod sip_peer;

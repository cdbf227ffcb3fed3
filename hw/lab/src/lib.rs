//! The far end of the cable, and SIP peers.

pub mod audio;
pub mod config;
pub mod exchange;
pub mod network;
pub mod phone;
pub mod rtp_peer;
pub mod run;
pub mod sip_peer;

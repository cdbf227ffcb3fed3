//! The far end of the cable, and SIP peers.

pub mod config;

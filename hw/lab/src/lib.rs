//! The far end of the cable, and SIP peers: what a gateway is measured against.
//!
//! Everything is a machine without a clock or a socket, so that a scenario runs in virtual time
//! in milliseconds and in real time alike:
//!
//! * [`exchange::Exchange`] is an exchange with circuits on the other end of an E1 and
//!   subscribers by number; the line drives it tick by tick.
//! * [`phone::Phone`] is a SIP user agent with its media, made of [`sip_peer::SipPeer`] and
//!   [`rtp_peer::RtpPeer`]; [`phone::UdpPhone`] gives it sockets.
//! * [`audio`] speaks and listens for both of them: test pattern, tones, cadence, DTMF.
//! * [`mod@line`] opens lines, for the gateway too.
//! * [`modem::Modem`] is a softmodem between a terminal and a timeslot.
//! * [`network::Network`] carries, delays and loses datagrams by a seed.
//! * [`run`] is the exchange as a program.
//!
//! None of it shares call control with the gateway: two ends with the same mistake would
//! understand each other.

pub mod audio;
pub mod config;
pub mod exchange;
pub mod line;
pub mod modem;
pub mod network;
pub mod phone;
pub mod rtp_peer;
pub mod run;
pub mod sip_peer;

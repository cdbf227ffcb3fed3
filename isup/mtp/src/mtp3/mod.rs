//! Signalling network functions, level 3 (Q.704, Q.707).
//!
//! Message handling is in `discrimination` and `routing`; traffic management in `changeover`,
//! `changeback`, `routing`, `restart`; link management in `link_activity`, `link_test`,
//! `inhibition`, `activation`; route management in `transfer_status`.

mod activation;
mod changeback;
mod changeover;
mod destination;
mod discrimination;
mod inhibiting;
pub mod inhibition;
pub mod link_activity;
pub mod link_test;
mod linkset;
mod message;
mod restart;
mod routing;
mod signalling_point;
mod timers;
mod transfer_status;

#[cfg(test)]
mod tests;

pub use message::{LARGEST_PATTERN, LinkTestMessage, Management};
pub use signalling_point::{LinkRequest, Mtp, RequestError};
pub use timers::{Timer, Timers};

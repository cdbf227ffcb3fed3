//! Modem modulations of libspandsp, for softmodems faster than frequency-shift keying.
//!
//! Only with the feature `library`; without it the crate is empty, so that a plain build needs neither
//! the library nor libclang. Debian's package is `libspandsp-dev`. The library is under the LGPL and
//! linked dynamically.

#[cfg(feature = "library")]
mod bound {
    #![allow(
        missing_docs,
        dead_code,
        non_camel_case_types,
        non_upper_case_globals,
        unreachable_pub,
        unsafe_code,
        unsafe_op_in_unsafe_fn,
        clippy::all,
        reason = "made by bindgen from the library's header"
    )]
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
}

#[cfg(feature = "library")]
mod v22bis;

#[cfg(feature = "library")]
pub use v22bis::{Status, V22bis};

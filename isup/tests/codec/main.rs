//! The codec from outside: every accepted message comes back octet by octet.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panic"
)]

mod errors;
mod generated;
mod lossless;
mod parameters;
mod vectors;

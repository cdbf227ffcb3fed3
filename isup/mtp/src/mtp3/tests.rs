//! Signalling points joined by lines, in virtual time.

mod world;

mod associated;
mod diversion_tables;
mod linksets;
mod octets;
mod outages;
mod q782;
mod quasi_associated;
mod restart;
mod soak;
mod tables;

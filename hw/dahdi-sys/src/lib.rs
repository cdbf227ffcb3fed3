//! The user interface of the DAHDI driver, bound at build time from `dahdi/user.h` of the
//! installed driver: structures, constants, ioctl numbers.
//!
//! Only with the feature `bindings`; without it the crate is empty, so that a plain build needs
//! neither the header nor libclang. The header comes with the driver's source: Debian's package
//! `dahdi-source`, `dahdi-dkms`, or a driver installed by hand. `DAHDI_INCLUDE` names the folder
//! that holds `dahdi/user.h` when it is elsewhere.
//!
//! Nothing here is called: `hw/dahdi` is the only user.

#[cfg(feature = "bindings")]
mod bound {
    #![allow(
        missing_docs,
        non_camel_case_types,
        non_upper_case_globals,
        non_snake_case,
        unreachable_pub,
        unsafe_code,
        unsafe_op_in_unsafe_fn,
        clippy::all,
        clippy::indexing_slicing,
        reason = "made by bindgen from the driver's header"
    )]
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));

    /// Every ioctl of the header by name, in its order, for tests and traces.
    pub const IOCTLS: &[(&str, u32)] = include!(concat!(env!("OUT_DIR"), "/ioctls.rs"));
}

#[cfg(feature = "bindings")]
pub use bound::*;

/// The folder whose `dahdi/user.h` was bound.
#[cfg(feature = "bindings")]
pub const INCLUDE: &str = env!("DAHDI_INCLUDE_FOLDER");

//! The whole unit between two scripted far ends in virtual time: the call flows of the RFCs, each
//! with its ladder as a reviewed file, as ITU and as ANSI.

mod limits;
mod media;
mod pair;
mod rfc3372;
mod rfc3398;
mod rfc3578;
mod rfc3666;
mod rfc5589;
mod sip_far_end;
mod srtp;
mod stand;
mod transparency;

/// Each flow is a function from a standard to its ladder; the ladders are files under `snapshots`.
macro_rules! flows {
    ($document:literal: $($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn itu() {
                crate::iwu::tests::stand::reviewed(
                    $document,
                    concat!(stringify!($name), "_itu"),
                    super::$name(crate::config::Standard::Itu),
                );
            }
            #[test]
            fn ansi() {
                crate::iwu::tests::stand::reviewed(
                    $document,
                    concat!(stringify!($name), "_ansi"),
                    super::$name(crate::config::Standard::Ansi),
                );
            }
        }
    )+};
}
use flows;

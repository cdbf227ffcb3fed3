//! Whether a decoder is here, and what its absence means.

use std::io::Write;

/// What there is of the decoder `name`, or a loud line with the reason that there is nothing.
///
/// # Panics
/// When it is missing and `CI` (to anything but "false") or `ISTHMUS_REQUIRE_PEERS` is set.
pub(crate) fn found<T>(name: &str, peer: Result<T, String>) -> Option<T> {
    let set = |name| std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "false");
    match peer {
        Ok(peer) => Some(peer),
        Err(reason) => {
            let missing = format!("{name} IS MISSING: {reason}");
            assert!(!set("CI") && !set("ISTHMUS_REQUIRE_PEERS"), "{missing}");
            // Past the capture of a passing test's output.
            let _ = writeln!(
                std::io::stderr(),
                "\n!!! {missing}: its comparison is SKIPPED !!!\n"
            );
            None
        }
    }
}

/// [`found`] for a decoder of which only the presence matters; says its version.
pub(crate) fn present(name: &str, version: Result<String, String>) -> bool {
    found(name, version).is_some_and(|version| {
        eprintln!("{version}");
        true
    })
}

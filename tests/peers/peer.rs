//! Whether a peer is there.

use std::io::Write;

/// Whether `program` can be run. Says so when not; fails when it must be there.
pub(crate) fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
        return true;
    }
    let set = |name| std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "false");
    assert!(
        !set("CI") && !set("ISTHMUS_REQUIRE_PEERS"),
        "{program} is not installed and must be"
    );
    // Past the capture of a passing test's output.
    let _ = writeln!(
        std::io::stderr(),
        "\n!!! {program} is not installed: a test with it is SKIPPED !!!\n"
    );
    false
}

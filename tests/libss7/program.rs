//! Builds the far end and starts it.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

/// The far end, ended with this value.
pub(crate) struct Program {
    child: Child,
    /// Whole signal units, each with two octets in place of the check sequence.
    pub(crate) link: OwnedFd,
    /// Lines of text.
    pub(crate) control: OwnedFd,
}

impl Program {
    /// Builds it once and starts it; `None` when this machine cannot. It asks for the emergency
    /// proving period unless it is `normal`.
    ///
    /// # Panics
    /// When it cannot and `CI` (to anything but "false") or `ISTHMUS_REQUIRE_PEERS` is set.
    pub(crate) fn start(own: u32, far: u32, normal: bool) -> Option<Self> {
        static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        let set =
            |name| std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "false");
        let path = match BUILT.get_or_init(build) {
            Ok(path) => path,
            Err(reason) => {
                let missing = format!("libss7 IS MISSING (packages gcc, libss7-dev): {reason}");
                assert!(!set("CI") && !set("ISTHMUS_REQUIRE_PEERS"), "{missing}");
                // Past the capture of a passing test's output.
                let _ = writeln!(std::io::stderr(), "\n!!! {missing}: SKIPPED !!!\n");
                return None;
            }
        };
        let pair = |kind| {
            socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).expect("two sockets")
        };
        let (link, link_there) = pair(SocketType::SEQPACKET);
        let (control, control_there) = pair(SocketType::STREAM);
        for socket in [&link, &link_there, &control] {
            rustix::io::ioctl_fionbio(socket, true).expect("a socket that never waits");
        }
        let child = Command::new(path)
            .args([far.to_string(), own.to_string()])
            .args(normal.then_some("normal"))
            .stdin(Stdio::from(link_there))
            .stdout(Stdio::from(control_there))
            .spawn()
            .expect("the far end starts");
        Some(Self {
            child,
            link,
            control,
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn build() -> Result<PathBuf, String> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/libss7/peer.c");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libss7-peer");
    let output = Command::new("cc")
        .args([
            "-std=gnu11",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-O1",
            source,
            "-lss7",
            "-o",
        ])
        .arg(&path)
        .output()
        .map_err(|error| format!("cc: {error}"))?;
    match output.status.success() {
        true => Ok(path),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

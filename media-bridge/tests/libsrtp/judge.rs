//! Building and running `judge.c`, the program around libsrtp.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use media_bridge::srtp::Suite;

/// The built program.
#[derive(Debug, Clone)]
pub(crate) struct Judge(PathBuf);

impl Judge {
    /// Builds the program; without libsrtp or a compiler, says so loudly and returns nothing.
    ///
    /// # Panics
    /// When it cannot be built and `CI` (to anything but "false") or `ISTHMUS_REQUIRE_PEERS` is
    /// set.
    pub(crate) fn build() -> Option<Self> {
        static BUILT: std::sync::OnceLock<Result<Judge, String>> = std::sync::OnceLock::new();
        match BUILT.get_or_init(Self::compile) {
            Ok(judge) => Some(judge.clone()),
            Err(reason) => {
                let set = |name| {
                    std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "false")
                };
                let missing = format!("libsrtp IS MISSING: {reason}");
                assert!(!set("CI") && !set("ISTHMUS_REQUIRE_PEERS"), "{missing}");
                // Past the capture of a passing test's output.
                let _ = writeln!(
                    std::io::stderr(),
                    "\n!!! {missing}: its judgement is SKIPPED !!!\n"
                );
                None
            }
        }
    }

    fn compile() -> Result<Self, String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/libsrtp/judge.c");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("libsrtp-judge-{}", std::process::id()));
        let built = Command::new("cc")
            .args(["-O2", "-Wall", "-Werror", "-o"])
            .arg(&program)
            .arg(&source)
            .arg("-lsrtp2")
            .output()
            .map_err(|error| format!("cc: {error}"))?;
        if built.status.success() {
            Ok(Self(program))
        } else {
            Err(format!(
                "judge.c was not built (Debian package libsrtp2-dev): {}",
                String::from_utf8_lossy(&built.stderr)
            ))
        }
    }

    /// What libsrtp makes of each packet by `verb` (`protect` or `unprotect`) and `kind` (`rtp` or
    /// `rtcp`); empty for those that it refuses.
    #[allow(dead_code, reason = "the bench has no use for it")]
    pub(crate) fn packets(
        &self,
        [verb, kind]: [&str; 2],
        suite: Suite,
        keying: &[u8],
        packets: &[Vec<u8>],
    ) -> Vec<Vec<u8>> {
        let framed = |packet: &Vec<u8>| {
            let mut framed = (packet.len() as u16).to_be_bytes().to_vec();
            framed.extend(packet);
            framed
        };
        let input: Vec<u8> = packets.iter().flat_map(framed).collect();
        let output = self.run(&[verb, kind, suite.name(), &hex(keying)], input);
        let mut rest = &output[..];
        let mut found = Vec::new();
        while let [l0, l1, after @ ..] = rest {
            let (packet, next) = after.split_at(usize::from(u16::from_be_bytes([*l0, *l1])));
            found.push(packet.to_vec());
            rest = next;
        }
        assert_eq!(found.len(), packets.len());
        found
    }

    /// Nanoseconds that libsrtp takes to protect, and to unprotect, a packet of 160 octets of
    /// audio.
    #[allow(dead_code, reason = "the tests have no use for it")]
    pub(crate) fn bench(&self, suite: Suite, keying: &[u8]) -> Option<[f64; 2]> {
        let output = self.run(&["bench", suite.name(), &hex(keying)], Vec::new());
        let text = String::from_utf8(output).ok()?;
        let mut numbers = text.split_whitespace().map(str::parse);
        Some([numbers.next()?.ok()?, numbers.next()?.ok()?])
    }

    fn run(&self, arguments: &[&str], input: Vec<u8>) -> Vec<u8> {
        let mut child = Command::new(&self.0)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the judge starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let writer = std::thread::Builder::new()
            .spawn(move || stdin.write_all(&input))
            .expect("a thread to write with");
        let output = child.wait_with_output().expect("the judge ends");
        let _ = writer.join();
        let status = output.status;
        assert!(status.success(), "{arguments:?}: {status:?}");
        output.stdout
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

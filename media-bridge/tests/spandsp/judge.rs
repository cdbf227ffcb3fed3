//! Building and running `judge.c`, the program around spandsp.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The built program.
#[derive(Debug, Clone)]
pub(crate) struct Judge(PathBuf);

impl Judge {
    /// Builds the program; without spandsp or a compiler, says so loudly and returns nothing.
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
                let missing = format!("spandsp IS MISSING: {reason}");
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
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spandsp/judge.c");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("spandsp-judge-{}", std::process::id()));
        let built = Command::new("cc")
            .args(["-O2", "-Wall", "-Werror", "-o"])
            .arg(&program)
            .arg(&source)
            .args(["-lspandsp", "-lm"])
            .output()
            .map_err(|error| format!("cc: {error}"))?;
        if built.status.success() {
            Ok(Self(program))
        } else {
            Err(format!(
                "judge.c was not built (Debian package libspandsp-dev): {}",
                String::from_utf8_lossy(&built.stderr)
            ))
        }
    }

    /// Runs a verb on samples; gives back what it wrote.
    pub(crate) fn run(&self, arguments: &[&str], samples: &[i16]) -> Vec<u8> {
        let mut child = Command::new(&self.0)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the judge starts");
        let octets: Vec<u8> = samples.iter().flat_map(|s| s.to_ne_bytes()).collect();
        let mut stdin = child.stdin.take().expect("a pipe");
        let writer = std::thread::Builder::new()
            .spawn(move || stdin.write_all(&octets))
            .expect("a thread to write with");
        let output = child.wait_with_output().expect("the judge ends");
        // A generator does not read; its pipe may be closed before all was written.
        let _ = writer.join();
        assert!(
            output.status.success(),
            "{arguments:?}: {:?}",
            output.status
        );
        output.stdout
    }

    /// Runs a verb that prints lines.
    pub(crate) fn lines(&self, arguments: &[&str], samples: &[i16]) -> Vec<String> {
        let text = String::from_utf8(self.run(arguments, samples)).expect("text");
        text.lines().map(str::to_owned).collect()
    }

    /// Runs a verb that writes samples.
    pub(crate) fn samples(&self, arguments: &[&str], samples: &[i16]) -> Vec<i16> {
        let octets = self.run(arguments, samples);
        octets
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&pair| i16::from_ne_bytes(pair))
            .collect()
    }
}

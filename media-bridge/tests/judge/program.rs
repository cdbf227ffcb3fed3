//! A program around a library of others, `judge.c` in the folder of its tests: built and run here.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What came of building one; it is tried once.
pub(crate) type Built = OnceLock<Result<Program, String>>;

/// The built program.
#[derive(Debug, Clone)]
pub(crate) struct Program(PathBuf);

impl Program {
    /// Builds the program of a library, of this Debian package, with these words for the linker;
    /// without the library or a compiler, says so loudly and returns nothing.
    ///
    /// # Panics
    /// When it cannot be built and `CI` (to anything but "false") or `ISTHMUS_REQUIRE_PEERS` is
    /// set.
    pub(crate) fn build(
        built: &'static Built,
        library: &str,
        package: &str,
        linked: &[&str],
    ) -> Option<Self> {
        match built.get_or_init(|| Self::compile(library, package, linked)) {
            Ok(program) => Some(program.clone()),
            Err(reason) => {
                let set = |name| {
                    std::env::var(name).is_ok_and(|value| !value.is_empty() && value != "false")
                };
                let missing = format!("{library} IS MISSING: {reason}");
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

    fn compile(library: &str, package: &str, linked: &[&str]) -> Result<Self, String> {
        let source = format!("{}/tests/{library}/judge.c", env!("CARGO_MANIFEST_DIR"));
        let program = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{library}-judge-{}", std::process::id()));
        let built = Command::new("cc")
            .args(["-O2", "-Wall", "-Werror", "-o"])
            .arg(&program)
            .arg(&source)
            .args(linked)
            .output()
            .map_err(|error| format!("cc: {error}"))?;
        if built.status.success() {
            Ok(Self(program))
        } else {
            Err(format!(
                "judge.c was not built (Debian package {package}): {}",
                String::from_utf8_lossy(&built.stderr)
            ))
        }
    }

    /// Runs a verb on octets; gives back what it wrote.
    pub(crate) fn run(&self, arguments: &[&str], input: Vec<u8>) -> Vec<u8> {
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
        // One that makes its own input does not read; its pipe may be closed before all was written.
        let _ = writer.join();
        let status = output.status;
        assert!(status.success(), "{arguments:?}: {status:?}");
        output.stdout
    }
}

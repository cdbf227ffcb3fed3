//! A process, what it says, and its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::eventually;

/// A process that ends with its owner.
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    input: ChildStdin,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Program {
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let lines = Arc::default();
        listen(child.stdout.take().expect("a pipe"), &lines);
        listen(child.stderr.take().expect("a pipe"), &lines);
        Self {
            name,
            input: child.stdin.take().expect("a pipe"),
            child,
            lines,
        }
    }

    /// Writes a line to its standard input.
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// How many lines it has said.
    pub(crate) fn said(&self) -> usize {
        self.lines().len()
    }

    /// The lines it said after the first `from`.
    pub(crate) fn heard(&self, from: usize) -> Vec<String> {
        self.lines().get(from..).unwrap_or_default().to_vec()
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a line after the first `from` that contains `text`.
    pub(crate) fn wait_for(&self, from: usize, text: &str, limit: Duration) -> String {
        eventually(&format!("{} says `{text}`", self.name), limit, || {
            let lines = self.heard(from);
            lines.into_iter().find(|line| line.contains(text))
        })
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.expect("a shell").success());
    }

    /// Sends SIGKILL and waits for the end.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it ends");
    }

    /// Whether it has ended, and how.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is ours")
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(&mut self, limit: Duration) -> ExitStatus {
        let what = format!("the end of {}", self.name);
        eventually(&what, limit, || self.ended())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let lines = self.heard(0);
            let last = lines.len().saturating_sub(40);
            eprintln!("--- the last lines of {}:", self.name);
            for line in &lines[last..] {
                eprintln!("{line}");
            }
        }
    }
}

fn listen(pipe: impl Read + Send + 'static, lines: &Arc<Mutex<Vec<String>>>) {
    let lines = lines.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line).into_owned();
            lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    });
}

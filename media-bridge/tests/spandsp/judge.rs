//! `judge.c`, the program around spandsp.

use crate::program::{Built, Program};

/// The built program.
#[derive(Debug, Clone)]
pub(crate) struct Judge(Program);

impl Judge {
    /// Builds it once: see [`Program::build`].
    pub(crate) fn build() -> Option<Self> {
        static BUILT: Built = Built::new();
        let linked = ["-lspandsp", "-lm"];
        Program::build(&BUILT, "spandsp", "libspandsp-dev", &linked).map(Self)
    }

    /// Runs a verb on samples; gives back what it wrote.
    pub(crate) fn run(&self, arguments: &[&str], samples: &[i16]) -> Vec<u8> {
        let octets = samples.iter().flat_map(|sample| sample.to_ne_bytes());
        self.0.run(arguments, octets.collect())
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

//! `judge.c`, the program around libsrtp.

use media_bridge::srtp::Suite;

use crate::program::{Built, Program};

/// The built program.
#[derive(Debug, Clone)]
pub(crate) struct Judge(Program);

impl Judge {
    /// Builds it once: see [`Program::build`].
    pub(crate) fn build() -> Option<Self> {
        static BUILT: Built = Built::new();
        Program::build(&BUILT, "libsrtp", "libsrtp2-dev", &["-lsrtp2"]).map(Self)
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
        let output = self.0.run(&[verb, kind, suite.name(), &hex(keying)], input);
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
        let output = self
            .0
            .run(&["bench", suite.name(), &hex(keying)], Vec::new());
        let text = String::from_utf8(output).ok()?;
        let mut numbers = text.split_whitespace().map(str::parse);
        Some([numbers.next()?.ok()?, numbers.next()?.ok()?])
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

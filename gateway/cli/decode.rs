//! `isthmus decode`: an ISUP message, or those of a capture, for people or as JSON.

mod capture;
mod frame;
mod m3ua;
mod mtp;
mod packets;
mod sctp;

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use isup::explain::{self, Begins};
use isup::json::JsonMessage;
use isup::{Mask, Variant, hex};

pub use self::capture::print_capture;

/// Print an ISUP message, or those of a capture, as a tree or as JSON.
///
/// HEX is the message from its message type octet on, as the body of a SIP message carries it;
/// white space, `:`, `-` and `,` may separate the octets. With --cic the circuit identification
/// code comes first, as after the routing label of a signal unit. Unknown parameters and messages
/// are shown with their octets.
///
/// With --pcap each frame of a capture that carries signalling is printed: number, time, link,
/// then the message. Read are pcap and pcapng with MTP2 (with pseudo header or without), MTP3, and
/// M3UA over SCTP and SIP over UDP on Ethernet, IP or a cooked link; SCTP also as a link type of its
/// own and in UDP. A frame of SCTP can carry several messages, and a message come in several frames.
/// Not read are IP fragments, SIP over TCP, M2UA and M2PA. A frame that cannot be read is told with
/// its number; the exit status is 1 then. With --json each message is a line of its own, the ISUP
/// message under `message`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus decode 0C0200028090
          A REL with its cause.
  isthmus decode --cic 05 00 10 00
          An RLC for circuit 5.
  isthmus decode --json 0C0200028090 | isthmus encode
          Prints the same octets again.
  isthmus decode --pcap call.pcapng
          Every message of a capture.
  isthmus decode --json --pcap call.pcapng | jq -c 'select(.message) | .message'
          The messages alone, which `isthmus encode` reads.")]
pub(super) struct Arguments {
    /// The standard that the message follows: itu or ansi.
    #[arg(long, default_value_t)]
    variant: Variant,
    /// Print JSON, which `isthmus encode` reads.
    #[arg(long)]
    json: bool,
    /// The circuit identification code comes before the message type.
    #[arg(long, conflicts_with = "pcap")]
    cic: bool,
    /// Read this capture; --variant is the standard of its links.
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
    /// Octets in hexadecimal figures.
    #[arg(
        value_name = "HEX",
        required_unless_present = "pcap",
        conflicts_with = "pcap"
    )]
    hex: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    if let Some(path) = &arguments.pcap {
        return capture::run(path, arguments.variant, arguments.json, out);
    }
    let octets = hex::read(&arguments.hex.join(" ")).context("HEX cannot be read")?;
    let begins = if arguments.cic {
        Begins::Cic
    } else {
        Begins::MessageType
    };
    let refused = || format!("no {} ISUP message", arguments.variant);
    if arguments.json {
        let message = JsonMessage::decode(&octets, arguments.variant, begins);
        serde_json::to_writer_pretty(&mut *out, &message.with_context(refused)?)
            .map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        let tree = explain::decode_tree(&octets, arguments.variant, begins, Mask::Nothing);
        writeln!(out, "{}", tree.with_context(refused)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(arguments: &Arguments) -> anyhow::Result<String> {
        let mut out = Vec::new();
        run(arguments, &mut out)?;
        Ok(String::from_utf8(out)?)
    }

    fn arguments(hex: &[&str], json: bool, cic: bool) -> Arguments {
        let hex = hex.iter().map(|&octets| octets.to_owned()).collect();
        Arguments {
            variant: Variant::Itu,
            json,
            cic,
            pcap: None,
            hex,
        }
    }

    #[test]
    fn a_release_as_a_tree() {
        insta::assert_snapshot!(
            printed(&arguments(&["0C 02 00 02", "8091"], false, false)).unwrap()
        );
    }

    /// What is decoded encodes to the same octets, also what is unknown.
    #[test]
    fn json_comes_back_octet_by_octet() {
        for hex in [
            "0c0200028091",
            "10020390010200",
            "7e0102",
            "0100000a000302080603907856341200aa",
        ] {
            let json = printed(&arguments(&[hex], true, false));
            let Ok(json) = json else {
                panic!("{hex}: {:?}", json.unwrap_err())
            };
            let mut out = Vec::new();
            super::super::encode::run(
                &super::super::encode::Arguments {},
                json.as_bytes(),
                &mut out,
            )
            .unwrap();
            assert_eq!(String::from_utf8(out).unwrap().trim(), hex);
        }
    }

    #[test]
    fn what_is_no_message_is_refused_with_the_reason() {
        let error = printed(&arguments(&["0C0"], false, false)).unwrap_err();
        assert!(format!("{error:#}").contains("figures"), "{error:#}");
        let error = printed(&arguments(&["0C05"], false, false)).unwrap_err();
        assert!(
            format!("{error:#}").starts_with("no itu ISUP message: "),
            "{error:#}"
        );
    }

    #[test]
    fn a_circuit_code_before_the_message() {
        let text = printed(&arguments(&["05", "00", "10", "00"], false, true)).unwrap();
        assert!(text.starts_with("CIC 5\nRLC"), "{text}");
    }
}

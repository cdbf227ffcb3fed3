//! What a capture holds, found without a dissector: the ISUP messages that a dissector must find.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use pcap_file::DataLink;
use pcap_file::pcapng::{Block, PcapNgReader};

/// The frames with ISUP, by their number from 1 on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Isup {
    /// On the signalling link.
    pub(crate) on_link: Vec<usize>,
    /// In SIP bodies.
    pub(crate) in_sip: Vec<usize>,
}

/// Reads a capture.
pub(crate) fn isup(path: &Path) -> Isup {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = PcapNgReader::new(BufReader::new(file)).expect("a capture");
    let mut links = Vec::new();
    let mut frame = 0;
    let mut found = Isup::default();
    while let Some(block) = reader.next_block() {
        match block.expect("a whole block") {
            Block::InterfaceDescription(interface) => links.push(interface.linktype),
            Block::EnhancedPacket(packet) => {
                frame += 1;
                match links[packet.interface_id as usize] {
                    DataLink::MTP2 if is_isup(&packet.data) => found.on_link.push(frame),
                    DataLink::RAW if has_isup_body(&packet.data) => found.in_sip.push(frame),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    found
}

/// A message signal unit (Q.703 §2.2, length indicator above 2) of the ISUP (Q.704 §14.2.1,
/// service indicator 5).
fn is_isup(unit: &[u8]) -> bool {
    unit.get(2).is_some_and(|length| length & 0x3f > 2)
        && unit.get(3).is_some_and(|service| service & 0x0f == 5)
}

fn has_isup_body(packet: &[u8]) -> bool {
    let name = b"application/isup;";
    packet
        .windows(name.len())
        .any(|window| window.eq_ignore_ascii_case(name))
}

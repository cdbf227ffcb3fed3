//! The packets of a capture file, pcap or pcapng, one after the other.

use std::io::{BufRead, Read};
use std::time::Duration;

use anyhow::Context;
use pcap_file::DataLink;
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::{Block, PcapNgReader};

/// Where a packet is in the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Its number in the file, from 1, as other programs count them.
    pub(super) number: u64,
    /// Since the Unix epoch.
    pub(super) at: Duration,
}

/// A packet as it was captured.
pub(super) struct Packet<'a> {
    pub(super) place: Place,
    /// What the octets are.
    pub(super) link: DataLink,
    pub(super) octets: &'a [u8],
    /// Octets that were there on the line.
    pub(super) original: usize,
}

/// Whether to go on.
pub(super) type Each<'a> = &'a mut dyn FnMut(Packet<'_>) -> anyhow::Result<()>;

/// First octets of a section header block, by which pcapng begins.
const PCAPNG: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];

/// Calls `each` for every packet.
///
/// # Errors
/// When the file is no capture or breaks off, and those of `each`, which end the reading.
pub(super) fn read(mut file: impl BufRead, each: Each<'_>) -> anyhow::Result<()> {
    if file.fill_buf()?.starts_with(&PCAPNG) {
        pcapng(file, each)
    } else {
        pcap(file, each)
    }
}

fn pcap(file: impl Read, each: Each<'_>) -> anyhow::Result<()> {
    let mut reader = PcapReader::new(file).context("no capture, neither pcap nor pcapng")?;
    let link = reader.header().datalink;
    let mut number = 0;
    while let Some(packet) = reader.next_packet() {
        let packet = packet.with_context(|| breaks_off(number))?;
        number += 1;
        each(Packet {
            place: Place {
                number,
                at: packet.timestamp,
            },
            link,
            octets: &packet.data,
            original: packet.orig_len as usize,
        })?;
    }
    Ok(())
}

fn pcapng(file: impl Read, each: Each<'_>) -> anyhow::Result<()> {
    let mut reader = PcapNgReader::new(file).context("a pcapng capture without a section")?;
    // Links and resolutions of the section's interfaces; a block borrows the reader.
    let mut interfaces: Vec<(DataLink, u8)> = Vec::new();
    let mut number = 0;
    while let Some(block) = reader.next_block() {
        let block = block.with_context(|| breaks_off(number))?;
        let (place, ticks, octets, original) = match &block {
            Block::SectionHeader(_) => {
                interfaces.clear();
                continue;
            }
            Block::InterfaceDescription(interface) => {
                interfaces.push((interface.linktype, resolution(interface)));
                continue;
            }
            Block::EnhancedPacket(packet) => (
                packet.interface_id,
                packet.timestamp.as_nanos(),
                &packet.data,
                packet.original_len,
            ),
            Block::SimplePacket(packet) => (0, 0, &packet.data, packet.original_len),
            _ => continue,
        };
        number += 1;
        let &(link, resolution) = interfaces.get(place as usize).with_context(|| {
            format!("frame {number} is of interface {place}, which is not described")
        })?;
        each(Packet {
            place: Place {
                number,
                at: since_epoch(ticks, resolution),
            },
            link,
            octets,
            original: original as usize,
        })?;
    }
    Ok(())
}

fn breaks_off(number: u64) -> String {
    format!("the capture breaks off after frame {number}")
}

/// `if_tsresol`: a negative power of ten, or of two with bit 7; microseconds by default.
fn resolution(interface: &InterfaceDescriptionBlock<'_>) -> u8 {
    let option = interface.options.iter().find_map(|option| match option {
        InterfaceDescriptionOption::IfTsResol(resolution) => Some(*resolution),
        _ => None,
    });
    option.unwrap_or(6)
}

/// The time of so many ticks; the reader passes ticks as if they were nanoseconds.
fn since_epoch(ticks: u128, resolution: u8) -> Duration {
    const NANOSECONDS: u128 = 1_000_000_000;
    let power = u32::from(resolution & 0x7F);
    let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
    // A tick is at most 64 bits, so the product fits; a finer resolution than this is no time.
    let nanoseconds = base
        .checked_pow(power)
        .map_or(0, |per_second| ticks * NANOSECONDS / per_second);
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolutions_of_ten_and_two() {
        assert_eq!(since_epoch(1_500_000, 6), Duration::from_millis(1500));
        assert_eq!(since_epoch(1_500_000_000, 9), Duration::from_millis(1500));
        assert_eq!(since_epoch(3 << 9, 0x8A), Duration::from_millis(1500));
        assert_eq!(since_epoch(u128::from(u64::MAX), 0x7F), Duration::ZERO);
    }

    #[test]
    fn what_is_no_capture_says_so() {
        for octets in [&b""[..], b"no capture at all, however long", &PCAPNG] {
            let error = read(octets, &mut |_| Ok(())).unwrap_err();
            assert!(format!("{error:#}").contains("capture"), "{error:#}");
        }
    }
}

//! One pcapng file for everything that crossed the gateway's borders: SIP and RTP as UDP in
//! IPv4 or IPv6 packets, each signalling link as MTP2 (link type 140, from BSN on, without flags
//! and FCS), so that one look in Wireshark shows a call on one time axis.

#[cfg(test)]
pub(crate) mod wire;

use std::borrow::Cow;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use etherparse::PacketBuilder;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{DataLink, PcapError};

/// Which way a signal unit went, seen from the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the line to the gateway.
    Received,
    /// From the gateway to the line.
    Sent,
}

const IP: u32 = 0;
const MTP2: u32 = 1;
/// Nanoseconds: `if_tsresol` as a power of ten.
const RESOLUTION: u8 = 9;
const SNAPLEN: u32 = 65_535;

/// Writes a capture. Times are since the Unix epoch.
pub struct Capture<W: Write> {
    writer: PcapNgWriter<W>,
    packet: Vec<u8>,
}

impl<W: Write> Capture<W> {
    /// Starts a capture: section header and one interface a link type.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(writer: W) -> io::Result<Self> {
        let mut writer = PcapNgWriter::new(writer).map_err(other)?;
        for (linktype, name) in [
            (DataLink::RAW, "SIP and RTP"),
            (DataLink::MTP2, "signalling links"),
        ] {
            let mut interface = InterfaceDescriptionBlock::new(linktype, SNAPLEN);
            interface
                .options
                .push(InterfaceDescriptionOption::IfName(Cow::Borrowed(name)));
            interface
                .options
                .push(InterfaceDescriptionOption::IfTsResol(RESOLUTION));
            writer.write_pcapng_block(interface).map_err(other)?;
        }
        Ok(Self {
            writer,
            packet: Vec::with_capacity(2048),
        })
    }

    /// A UDP datagram between two addresses of the same family.
    ///
    /// # Errors
    /// Those of the writer; [`io::ErrorKind::InvalidInput`] for a datagram that no IP packet
    /// holds.
    pub fn datagram(
        &mut self,
        at: Duration,
        from: SocketAddr,
        to: SocketAddr,
        octets: &[u8],
    ) -> io::Result<()> {
        const HOP_LIMIT: u8 = 64;
        self.packet.clear();
        let builder = match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                PacketBuilder::ipv4(from.octets(), to.octets(), HOP_LIMIT)
            }
            (from, to) => PacketBuilder::ipv6(v6(from), v6(to), HOP_LIMIT),
        };
        builder
            .udp(from.port(), to.port())
            .write(&mut self.packet, octets)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e.to_string()))?;
        let packet = std::mem::take(&mut self.packet);
        let written = self.block(IP, at, &packet, Vec::new());
        self.packet = packet;
        written
    }

    /// A signal unit of Q.703 without flags and FCS.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn signal_unit(
        &mut self,
        at: Duration,
        direction: Direction,
        octets: &[u8],
    ) -> io::Result<()> {
        // epb_flags, bits 0 and 1: 1 inbound, 2 outbound.
        let flags = match direction {
            Direction::Received => 1,
            Direction::Sent => 2,
        };
        self.block(MTP2, at, octets, vec![EnhancedPacketOption::Flags(flags)])
    }

    /// Pushes everything to the file.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn flush(&mut self) -> io::Result<()> {
        self.writer.get_mut().flush()
    }

    /// Ends the capture and gives the writer back.
    #[must_use]
    pub fn into_inner(self) -> W {
        self.writer.into_inner()
    }

    fn block(
        &mut self,
        interface_id: u32,
        timestamp: Duration,
        data: &[u8],
        options: Vec<EnhancedPacketOption<'_>>,
    ) -> io::Result<()> {
        let original_len = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let block = EnhancedPacketBlock {
            interface_id,
            timestamp,
            original_len,
            data: Cow::Borrowed(data),
            options,
        };
        self.writer
            .write_pcapng_block(block)
            .map(drop)
            .map_err(other)
    }
}

impl<W: Write> std::fmt::Debug for Capture<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capture").finish_non_exhaustive()
    }
}

fn v6(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

fn other(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(e) => e,
        e => io::Error::other(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_file::pcapng::{Block, PcapNgReader};

    #[test]
    fn a_datagram_and_a_signal_unit_read_back() {
        let mut capture = Capture::new(Vec::new()).unwrap();
        let (a, b) = (
            "127.0.0.1:5060".parse().unwrap(),
            "127.0.0.1:5070".parse().unwrap(),
        );
        capture
            .datagram(Duration::new(1, 5), a, b, b"OPTIONS")
            .unwrap();
        capture
            .signal_unit(Duration::new(2, 7), Direction::Sent, &[0x80, 0x80, 0])
            .unwrap();
        let octets = capture.writer.into_inner();
        let mut reader = PcapNgReader::new(&octets[..]).unwrap();
        let mut packets = Vec::new();
        while let Some(block) = reader.next_block() {
            if let Block::EnhancedPacket(packet) = block.unwrap() {
                packets.push((packet.interface_id, packet.timestamp, packet.data.to_vec()));
            }
        }
        assert_eq!(packets.len(), 2);
        assert_eq!(packets[0].0, IP);
        assert_eq!(packets[0].2.len(), 20 + 8 + 7);
        assert!(packets[0].2.ends_with(b"OPTIONS"));
        assert_eq!(packets[1], (MTP2, Duration::new(2, 7), vec![0x80, 0x80, 0]));
    }
}

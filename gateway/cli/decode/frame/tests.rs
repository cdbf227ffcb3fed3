use std::time::Duration;

use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep};

use super::*;

fn read(link: DataLink, octets: &[u8]) -> Vec<Result<Frame, FrameError>> {
    Reader::new(Variant::Itu).read(&Packet {
        place: Place {
            number: 1,
            at: Duration::ZERO,
        },
        link,
        octets,
        original: octets.len(),
    })
}

fn frame(link: DataLink, octets: &[u8]) -> Frame {
    let mut found = read(link, octets);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0).unwrap()
}

fn refused(link: DataLink, octets: &[u8]) -> String {
    let mut found = read(link, octets);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0).unwrap_err().to_string()
}

const RLC: [u8; 12] = [0x80, 0x81, 9, 0x85, 0x02, 0x40, 0x00, 0x50, 5, 0, 0x10, 0];

#[test]
fn one_message_in_each_link_of_the_mtp() {
    let found = frame(DataLink::MTP2, &RLC);
    assert_eq!(
        (found.link, found.path.as_str()),
        ("mtp2", "0-0-1 > 0-0-2 sls 5 ni national")
    );
    let isup = found.isup.unwrap();
    assert_eq!(
        (&isup.octets[..], isup.begins),
        (&[5, 0, 0x10, 0][..], Begins::Cic)
    );
    let with_header = [&[1, 0, 0, 3], &RLC[..]].concat();
    assert_eq!(
        frame(DataLink::MTP2_WITH_PHDR, &with_header).isup,
        Some(isup.clone())
    );
    let with_check_sequence = [&RLC[..], &[0xAA, 0xBB]].concat();
    assert_eq!(
        frame(DataLink::MTP2, &with_check_sequence).isup,
        Some(isup.clone())
    );
    let found = frame(DataLink::MTP3, &RLC[3..]);
    assert_eq!((found.link, found.isup), ("mtp3", Some(isup)));
}

#[test]
fn what_is_no_message_is_named() {
    assert_eq!(frame(DataLink::MTP2, &[0x80, 0x80, 1, 3]).what, "SIOS");
    assert!(read(DataLink::MTP2, &[0x80, 0x80, 0]).is_empty());
    let test = [0x81, 0x02, 0x40, 0x00, 0x00, 0x11, 0x20, 0xAA, 0xBB];
    assert_eq!(frame(DataLink::MTP3, &test).what, "SLTM");
    let restart = [0x80, 0x02, 0x40, 0x00, 0x00, 0x17];
    assert_eq!(frame(DataLink::MTP3, &restart).what, "TRA");
    assert_eq!(
        frame(DataLink::MTP3, &[0x83, 2, 0x40, 0, 0, 9]).what,
        "service indicator 3"
    );
}

#[test]
fn what_cannot_be_read_says_why() {
    assert!(refused(DataLink::MTP2, &[0x80]).contains("expected the 3"));
    assert!(refused(DataLink::MTP2, &RLC[..11]).contains("length indicator 9"));
    assert!(refused(DataLink::MTP2_WITH_PHDR, &[0, 1, 0, 0, 1]).contains("Annex A"));
    assert!(refused(DataLink::MTP3, &[0x85, 1]).contains("routing label"));
    assert!(refused(DataLink::ETHERNET, &[0; 5]).contains("taken apart"));
    assert!(refused(DataLink::USER0, &[]).contains("not looked into"));
}

#[test]
fn versions_of_bodies() {
    let body = |version: &str, base: Option<&str>| {
        let body = sip::IsupBody::new(version, base.map(str::to_owned), Vec::new());
        variant_of(&body, Variant::Itu)
    };
    assert_eq!(body("ansi00", None), Variant::Ansi);
    assert_eq!(body("itu-t92+", None), Variant::Itu);
    assert_eq!(body("X-Ours", Some("ansi88")), Variant::Ansi);
    assert_eq!(body("X-Ours", None), Variant::Itu);
    assert_eq!(body("gr317", None), Variant::Ansi);
}

/// An SCTP packet with DATA chunks, each a whole message of M3UA.
fn sctp(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut octets = vec![0x0B, 0x59, 0x0B, 0x59, 0, 0, 0, 1, 0, 0, 0, 0];
    for (tsn, message) in messages.iter().enumerate() {
        octets.extend([0, 3]);
        octets.extend((16 + message.len() as u16).to_be_bytes());
        octets.extend((tsn as u32).to_be_bytes());
        octets.extend([0, 1, 0, 0, 0, 0, 0, 3]);
        octets.extend(message);
        octets.resize(octets.len().next_multiple_of(4), 0);
    }
    octets
}

fn m3ua(class: u8, kind: u8, parameters: &[u8]) -> Vec<u8> {
    let length = 8 + parameters.len() as u32;
    [&[1, 0, class, kind][..], &length.to_be_bytes(), parameters].concat()
}

/// Protocol Data from 1 to 2 with SLS 5 and priority 1: RLC for circuit 5, two octets of padding
/// after it.
const RLC_DATA: [u8; 20] = [
    2, 0x10, 0, 19, 0, 0, 0, 1, 0, 0, 0, 2, 5, 2, 1, 5, 5, 0, 0x10, 0,
];

#[test]
fn messages_of_m3ua_in_every_link_that_carries_sctp() {
    let release_complete = m3ua(1, 1, &RLC_DATA);
    let unavailable = m3ua(2, 1, &[0, 0x12, 0, 12, 0, 0, 0, 2, 3, 0, 0, 8]);
    let packet = sctp(&[release_complete, unavailable, m3ua(3, 1, &[])]);
    let build = || PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64);
    let write = |builder: PacketBuilderStep<IpHeaders>| {
        let mut octets = Vec::new();
        builder.write(&mut octets, IpNumber::SCTP, &packet).unwrap();
        octets
    };
    let v6 = PacketBuilder::ipv6([1; 16], [2; 16], 64);
    let ethernet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let ethernet = ethernet.ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64);
    let mut in_udp = Vec::new();
    build().udp(9899, 9899).write(&mut in_udp, &packet).unwrap();
    for (link, octets) in [
        (DataLink::SCTP, packet.clone()),
        (DataLink::RAW, write(build())),
        (DataLink::IPV4, write(build())),
        (DataLink::IPV6, write(v6)),
        (DataLink::ETHERNET, write(ethernet)),
        (DataLink::RAW, in_udp),
    ] {
        let found: Vec<_> = read(link, &octets)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let lines: Vec<_> = found
            .iter()
            .map(|frame| format!("{} {} {}", frame.link, frame.path, frame.what))
            .collect();
        assert_eq!(
            lines,
            [
                "m3ua 0-0-1 > 0-0-2 sls 5 ni national priority 1 ",
                "m3ua  DUNA 0-0-2 0-1-0 (last 3 bits any)",
                "m3ua  ASPUP",
            ]
        );
        let isup = found[0].isup.as_ref().unwrap();
        assert_eq!(
            (&isup.octets[..], isup.begins),
            (&[5, 0, 0x10][..], Begins::Cic)
        );
    }
}

/// Identifier 3 in the other order of octets, and none at all, are taken for what they are.
#[test]
fn payload_protocol_identifiers() {
    let with = |identifier: u32| {
        let mut packet = sctp(&[m3ua(1, 1, &RLC_DATA)]);
        packet[24..28].copy_from_slice(&identifier.to_be_bytes());
        read(DataLink::SCTP, &packet).len()
    };
    assert_eq!([0, 3, 0x0300_0000, 2, 5].map(with), [1, 1, 1, 0, 0]);
    let mut other = sctp(&[m3ua(1, 1, &RLC_DATA)]);
    other[24..29].copy_from_slice(&[0, 0, 0, 0, 2]);
    assert!(read(DataLink::SCTP, &other).is_empty());
}

#[test]
fn m3ua_that_cannot_be_read_says_where() {
    let told = |message: Vec<u8>| refused(DataLink::SCTP, &sctp(&[message]));
    assert_eq!(
        told(vec![1, 0, 1]),
        "3 octets, expected the 8 of the header of M3UA at least"
    );
    let mut message = m3ua(1, 1, &RLC_DATA);
    message[0] = 2;
    assert_eq!(told(message.clone()), "M3UA version 2, expected 1");
    message[0] = 1;
    message[7] = 29;
    assert_eq!(
        told(message.clone()),
        "M3UA message at offset 4 has length 29, expected 8 to 28"
    );
    message[7] = 28;
    message[11] = 21;
    assert_eq!(
        told(message.clone()),
        "M3UA parameter at offset 8 has length 21, expected 4 to 20"
    );
    assert_eq!(
        told(m3ua(1, 1, &[2, 0x10, 0, 8, 0, 0, 0, 1])),
        "Protocol Data of M3UA at offset 8 has length 8, expected 16 to 65535"
    );
    message[11] = 19;
    message[13] = 1;
    assert_eq!(
        told(message),
        "point code 65537 at offset 12, expected 0 to 16383 (itu)"
    );
    assert_eq!(
        told(m3ua(1, 1, &[0, 6, 0, 8, 0, 0, 0, 1, 2])),
        "1 octets at offset 16, expected the 4 of the header of an M3UA parameter"
    );
    assert!(told(m3ua(1, 1, &[])).contains("without Protocol Data"));
    let mut fragment = Vec::new();
    PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
        .write(&mut fragment, IpNumber::SCTP, &[0; 16])
        .unwrap();
    // More fragments follow.
    fragment[6] = 0x20;
    assert!(refused(DataLink::RAW, &fragment).contains("fragment of an IP packet"));
}

/// An INVITE of overlap signalling: each ISUP message in it is one to decode.
#[test]
fn every_isup_message_of_a_sip_message_is_found() {
    let part = |octets: &str| {
        format!("--x\r\nContent-Type: application/ISUP;version=itu-t92+\r\n\r\n{octets}\r\n")
    };
    let body = format!("{}{}--x--\r\n", part("\u{1}iam"), part("\u{2}sam"));
    let invite = format!(
        "INVITE sip:+49305550@192.0.2.2 SIP/2.0\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\n\
         i: one\r\nCSeq: 7 INVITE\r\nContent-Type: multipart/mixed;boundary=x\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut octets = Vec::new();
    PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
        .udp(5060, 5060)
        .write(&mut octets, invite.as_bytes())
        .unwrap();
    let found: Vec<_> = read(DataLink::IPV4, &octets)
        .into_iter()
        .map(|frame| frame.unwrap().isup.unwrap().octets)
        .collect();
    assert_eq!(found, [&b"\x01iam"[..], b"\x02sam"]);
}

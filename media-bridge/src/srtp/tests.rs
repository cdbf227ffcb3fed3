//! The vectors of RFC 3711 Appendix B and RFC 6188 §7, and what a bad network does.

use proptest::prelude::*;

use super::session::{Purpose, SessionKeys};
use super::*;

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn key(suite: Suite, seed: u8) -> MasterKey {
    let keying: Vec<u8> = (0..suite.keying_octets() as u8)
        .map(|n| n.wrapping_mul(7) ^ seed)
        .collect();
    MasterKey::new(suite, &keying).unwrap()
}

fn packet(sequence: u16, ssrc: u32) -> Vec<u8> {
    let header = crate::rtp::Header {
        marker: false,
        payload_type: 8,
        sequence,
        timestamp: u32::from(sequence) * 160,
        ssrc,
    };
    let mut packet = header.to_octets().to_vec();
    packet.extend((0..160u32).map(|n| (n * u32::from(sequence | 1)) as u8));
    packet
}

fn report(ssrc: u32) -> Vec<u8> {
    let mut report = vec![0x80, 201, 0, 1];
    report.extend(ssrc.to_be_bytes());
    report.extend([0x81, 202, 0, 3]);
    report.extend(ssrc.to_be_bytes());
    report.extend([1, 5, b'a', b'b', b'c', b'd', b'e', 0]);
    report
}

fn protect(sender: &mut Sender, packet: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; packet.len() + TRAILER];
    sender.protect(packet, &mut buffer).unwrap().to_vec()
}

fn protect_rtcp(sender: &mut Sender, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + TRAILER, 0);
    let length = sender.protect_rtcp(&mut buffer, packet.len()).unwrap();
    buffer.truncate(length);
    buffer
}

/// RFC 3711 B.3: the three session keys of RTP; B.2: key stream of the counter. The session keys
/// show in a packet of zeros and in its tag.
#[test]
fn keys_are_derived_as_rfc_3711_appendix_b_says() {
    let master = octets("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6");
    let master = MasterKey::new(Suite::AesCm128HmacSha1_80, &master).unwrap();
    let keys = SessionKeys::derive(&master, Purpose::Rtp);
    let expected = SessionKeys::of(
        Suite::AesCm128HmacSha1_80,
        &octets("C61E7A93744F39EE10734AFE3FF7A087"),
        &octets("30CBBC08863D8C85D49DB34A9AE1"),
        &octets("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"),
    );
    assert_same(&keys, &expected);
}

/// RFC 6188 §7.4: the same with 256 bits.
#[test]
fn keys_of_256_bits_are_derived_as_rfc_6188_says() {
    let master = octets(
        "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6
         3b04803de51ee7c96423ab5b78d2",
    );
    let master = MasterKey::new(Suite::AesCm256HmacSha1_80, &master).unwrap();
    let keys = SessionKeys::derive(&master, Purpose::Rtp);
    let expected = SessionKeys::of(
        Suite::AesCm256HmacSha1_80,
        &octets("5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4"),
        &octets("fa31791685ca444a9e07c6c64e93"),
        &octets("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"),
    );
    assert_same(&keys, &expected);
}

#[track_caller]
fn assert_same(keys: &SessionKeys, expected: &SessionKeys) {
    let stream = |keys: &SessionKeys| {
        let mut octets = [0; 100];
        keys.apply(0x0102_0304, 0x0506_0708_090A, &mut octets);
        octets
    };
    assert_eq!(stream(keys), stream(expected));
    assert_eq!(
        keys.tag(b"packet", Some(7)),
        expected.tag(b"packet", Some(7))
    );
}

/// RFC 3711 B.2: the first blocks of the key stream, and those around the carry of the counter.
#[test]
fn the_key_stream_is_that_of_rfc_3711_appendix_b() {
    let keys = SessionKeys::of(
        Suite::AesCm128HmacSha1_80,
        &octets("2B7E151628AED2A6ABF7158809CF4F3C"),
        &octets("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"),
        &[0; 20],
    );
    let mut stream = vec![0; 65_282 * 16];
    keys.apply(0, 0, &mut stream);
    let block = |n: usize| &stream[16 * n..16 * (n + 1)];
    for (n, expected) in [
        (0, "E03EAD0935C95E80E166B16DD92B4EB4"),
        (1, "D23513162B02D0F72A43A2FE4A5F97AB"),
        (2, "41E95B3BB0A2E8DD477901E4FCA894C0"),
        (0xFEFF, "EC8CDF7398607CB0F2D21675EA9EA1E4"),
        (0xFF00, "362B7C3C6773516318A077D7FC5073AE"),
        (0xFF01, "6A2CC3787889374FBEB4C81B17BA6C44"),
    ] {
        assert_eq!(block(n), octets(expected), "block {n:#x}");
    }
}

#[test]
fn what_is_protected_comes_out_again_in_every_suite() {
    for suite in Suite::ALL {
        let key = key(suite, 1);
        let (mut sender, mut receiver) = (Sender::new(&key), Receiver::new(&key));
        let clear = packet(9, 7);
        let mut sealed = protect(&mut sender, &clear);
        let tag = if suite.name().ends_with("_32") { 4 } else { 10 };
        assert_eq!(sealed.len(), clear.len() + tag, "{suite}");
        assert_eq!(sealed[..12], clear[..12], "the header stays readable");
        assert_ne!(sealed[12..172], clear[12..]);
        let length = receiver.unprotect(&mut sealed).unwrap();
        assert_eq!(sealed[..length], clear[..]);

        let clear = report(7);
        let mut sealed = protect_rtcp(&mut sender, &clear);
        assert_eq!(sealed.len(), clear.len() + 4 + 10, "{suite}");
        assert_eq!(sealed[..8], clear[..8]);
        let length = receiver.unprotect_rtcp(&mut sealed).unwrap();
        assert_eq!(sealed[..length], clear[..]);
        // Keys of RTCP are others than those of RTP.
        assert_eq!(
            receiver.unprotect(&mut protect_rtcp(&mut sender, &clear)),
            Err(Failure::NotAuthentic)
        );
    }
}

#[test]
fn contributing_sources_and_extension_stay_readable() {
    let key = key(Suite::AesCm128HmacSha1_80, 1);
    let mut clear = vec![0x80 | 0x10 | 1, 8, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
    clear.extend([0, 0, 0, 4]);
    clear.extend([0xBE, 0xDE, 0, 1, 9, 9, 9, 9]);
    clear.extend([0x55; 5]);
    let sealed = protect(&mut Sender::new(&key), &clear);
    assert_eq!(sealed[..24], clear[..24]);
    assert_ne!(sealed[24..29], clear[24..]);
    let mut sealed = sealed;
    let length = Receiver::new(&key).unprotect(&mut sealed).unwrap();
    assert_eq!(sealed[..length], clear[..]);
}

/// Three times around the circle of sequence numbers, one packet in seven lost, some late.
#[test]
fn the_roll_over_counter_follows_through_loss_and_disorder() {
    let key = key(Suite::AesCm128HmacSha1_32, 3);
    let (mut sender, mut receiver) = (Sender::new(&key), Receiver::new(&key));
    let mut late = None;
    for n in 0..200_000u32 {
        let clear = packet((n + 30_000) as u16, 5);
        let sealed = protect(&mut sender, &clear);
        if n % 7 == 3 {
            continue;
        }
        if n % 1_000 == 10 {
            late = Some((sealed, clear));
            continue;
        }
        let mut sealed = sealed;
        let length = receiver.unprotect(&mut sealed).unwrap();
        assert_eq!(sealed[..length], clear[..], "{n}");
        if n % 1_000 == 110
            && let Some((mut sealed, clear)) = late.take()
        {
            let length = receiver.unprotect(&mut sealed).unwrap();
            assert_eq!(sealed[..length], clear[..], "{n}");
        }
    }
}

#[test]
fn replayed_packets_are_refused() {
    let key = key(Suite::AesCm128HmacSha1_80, 3);
    let (mut sender, mut receiver) = (Sender::new(&key), Receiver::new(&key));
    let sealed: Vec<_> = (0..300)
        .map(|n| protect(&mut sender, &packet(n, 5)))
        .collect();
    for packet in &sealed {
        receiver.unprotect(&mut packet.clone()).unwrap();
    }
    for packet in &sealed {
        assert_eq!(
            receiver.unprotect(&mut packet.clone()),
            Err(Failure::Replayed)
        );
    }
    let sealed: Vec<_> = (0..3)
        .map(|_| protect_rtcp(&mut sender, &report(5)))
        .collect();
    for packet in sealed.iter().rev() {
        receiver.unprotect_rtcp(&mut packet.clone()).unwrap();
        assert_eq!(
            receiver.unprotect_rtcp(&mut packet.clone()),
            Err(Failure::Replayed)
        );
    }
}

/// A source is taken up when one of its packets is authentic, and its indices are its own.
#[test]
fn sources_are_told_apart() {
    let key = key(Suite::AesCm128HmacSha1_80, 3);
    let mut receiver = Receiver::new(&key);
    let mut first = Sender::new(&key);
    receiver
        .unprotect(&mut protect(&mut first, &packet(40_000, 1)))
        .unwrap();
    let mut second = Sender::new(&key);
    receiver
        .unprotect(&mut protect(&mut second, &packet(5, 2)))
        .unwrap();
    // The first one goes around; the second one does not.
    for sequence in [60_000, 10_000, 42_000] {
        receiver
            .unprotect(&mut protect(&mut first, &packet(sequence, 1)))
            .unwrap();
    }
    receiver
        .unprotect(&mut protect(&mut second, &packet(6, 2)))
        .unwrap();
    // Forged sources leave the known ones as they are.
    for ssrc in 100..200 {
        let mut forged = protect(
            &mut Sender::new(&super::tests::key(key.suite(), 9)),
            &packet(1, ssrc),
        );
        assert_eq!(receiver.unprotect(&mut forged), Err(Failure::NotAuthentic));
    }
    receiver
        .unprotect(&mut protect(&mut first, &packet(42_001, 1)))
        .unwrap();
}

#[test]
fn a_side_that_is_replaced_under_the_same_key_goes_on() {
    let (ours, theirs) = (
        key(Suite::AesCm128HmacSha1_80, 1),
        key(Suite::AesCm128HmacSha1_80, 2),
    );
    let new = || Srtp::new(&ours, &theirs, MOST_PACKETS, None);
    let mut here = new();
    let mut there = Srtp::new(&theirs, &ours, MOST_PACKETS, None);
    let mut old = Vec::new();
    for sequence in [65_535, 0, 1] {
        old.push(protect(&mut there.sender, &packet(sequence, 9)));
        here.receiver
            .unprotect(&mut old.last().unwrap().clone())
            .unwrap();
        let mut sealed = protect(&mut here.sender, &packet(sequence, 8));
        there.receiver.unprotect(&mut sealed).unwrap();
    }
    let mut replaced = new();
    replaced.go_on_from(&here);
    // The counter stands at 1 on both sides, and nothing is taken twice.
    let mut sealed = protect(&mut replaced.sender, &packet(2, 8));
    there.receiver.unprotect(&mut sealed).unwrap();
    for packet in &old {
        assert_eq!(
            replaced.receiver.unprotect(&mut packet.clone()),
            Err(Failure::Replayed)
        );
    }
    let mut sealed = protect(&mut there.sender, &packet(2, 9));
    replaced.receiver.unprotect(&mut sealed).unwrap();
    // Nothing goes out twice under one index, either.
    let mut buffer = [0; 200];
    assert_eq!(replaced.sender.protect(&packet(2, 8), &mut buffer), None);
    assert_eq!(replaced.sender.protect(&packet(1, 8), &mut buffer), None);
}

/// RFC 3711 §3.3.1 lets the roll-over counter go on under a new key, RFC 4568 §7.1.4 begins it
/// anew where a new peer has come: either is understood.
#[test]
fn a_new_key_goes_on_or_begins_anew() {
    let (ours, before, after) = (
        key(Suite::AesCm128HmacSha1_80, 1),
        key(Suite::AesCm128HmacSha1_80, 2),
        key(Suite::AesCm256HmacSha1_80, 3),
    );
    for goes_on in [true, false] {
        let mut here = Srtp::new(&ours, &before, MOST_PACKETS, None);
        let mut there = Sender::new(&before);
        for sequence in [65_534, 1] {
            let mut sealed = protect(&mut there, &packet(sequence, 9));
            here.receiver.unprotect(&mut sealed).unwrap();
        }
        let mut rekeyed = Srtp::new(&ours, &after, MOST_PACKETS, None);
        rekeyed.go_on_from(&here);
        let mut new = Sender::new(&after);
        if goes_on {
            new.go_on_from(&there);
        }
        let mut sealed = protect(&mut new, &packet(2, 9));
        let again = sealed.clone();
        rekeyed.receiver.unprotect(&mut sealed).unwrap();
        assert_eq!(
            rekeyed.receiver.unprotect(&mut again.clone()),
            Err(Failure::Replayed)
        );
        rekeyed
            .receiver
            .unprotect(&mut protect(&mut new, &packet(3, 9)))
            .unwrap();
        // The old key is worth nothing any more.
        let mut old = protect(&mut there, &packet(4, 9));
        assert_eq!(
            rekeyed.receiver.unprotect(&mut old),
            Err(Failure::NotAuthentic)
        );
    }
}

#[test]
fn a_master_key_identifier_is_looked_at_and_taken_away() {
    let key = key(Suite::AesCm128HmacSha1_80, 4);
    for (mki, octets) in [
        (
            Mki {
                value: 1,
                octets: 1,
            },
            &[1][..],
        ),
        (
            Mki {
                value: 1066,
                octets: 4,
            },
            &[0, 0, 4, 42],
        ),
        (
            Mki {
                value: 7,
                octets: 12,
            },
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
        ),
    ] {
        let mut receiver = Receiver::new(&key).with_policy(MOST_PACKETS, Some(mki));
        let mut sender = Sender::new(&key);
        let clear = packet(3, 3);
        let mut sealed = protect(&mut sender, &clear);
        let at = sealed.len() - 10;
        let mut wrong = sealed.clone();
        sealed.splice(at..at, octets.iter().copied());
        wrong.splice(at..at, octets.iter().map(|octet| octet ^ 2));
        assert_eq!(receiver.unprotect(&mut wrong), Err(Failure::NotAuthentic));
        let length = receiver.unprotect(&mut sealed).unwrap();
        assert_eq!(sealed[..length], clear[..], "{mki:?}");
        let clear = report(3);
        let mut sealed = protect_rtcp(&mut sender, &clear);
        let at = sealed.len() - 10;
        sealed.splice(at..at, octets.iter().copied());
        let length = receiver.unprotect_rtcp(&mut sealed).unwrap();
        assert_eq!(sealed[..length], clear[..], "{mki:?}");
    }
}

#[test]
fn a_key_that_has_had_its_time_is_worth_nothing() {
    let key = key(Suite::AesCm128HmacSha1_80, 4);
    let mut receiver = Receiver::new(&key).with_policy(2, None);
    let mut sender = Sender::new(&key);
    let mut take = |n| {
        receiver
            .unprotect(&mut protect(&mut sender, &packet(n, 1)))
            .is_ok()
    };
    assert_eq!([take(1), take(2), take(3)], [true, true, false]);
}

#[test]
fn keys_are_never_shown() {
    let key = MasterKey::new(Suite::AesCm128HmacSha1_80, &[0xAB; 30]).unwrap();
    let shown = format!("{key:?} {:?}", Srtp::new(&key, &key, 1, None));
    let lower = shown.to_lowercase();
    assert!(
        !lower.contains("171") && !lower.contains("ab, ab") && !lower.contains("abab"),
        "{shown}"
    );
    assert_eq!(MasterKey::new(Suite::AesCm128HmacSha1_80, &[0; 29]), None);
    assert_eq!(MasterKey::new(Suite::AesCm256HmacSha1_32, &[0; 30]), None);
}

proptest! {
    /// Whatever is changed, the packet is refused and nobody panics; the genuine one still passes.
    #[test]
    fn changed_packets_are_refused(
        at in 0usize..182, flip in 1u8.., cut in 0usize..182, rtcp in any::<bool>(), mki in any::<bool>(),
    ) {
        let key = key(Suite::AesCm128HmacSha1_80, 4);
        let mki = mki.then_some(Mki { value: 0, octets: 3 });
        let mut receiver = Receiver::new(&key).with_policy(MOST_PACKETS, mki);
        let mut sender = Sender::new(&key);
        let mut sealed = match rtcp {
            true => protect_rtcp(&mut sender, &report(5)),
            false => protect(&mut sender, &packet(77, 5)),
        };
        if mki.is_some() {
            let place = sealed.len() - 10;
            sealed.splice(place..place, [0; 3]);
        }
        let mut take = |packet: &mut [u8]| match rtcp {
            true => receiver.unprotect_rtcp(packet),
            false => receiver.unprotect(packet),
        };
        let mut changed = sealed.clone();
        let place = at % changed.len();
        changed[place] ^= flip;
        let before = changed.clone();
        prop_assert!(take(&mut changed).is_err());
        prop_assert_eq!(&changed, &before, "a packet that is refused is as it came");
        let mut short = sealed.clone();
        short.truncate(cut % sealed.len());
        prop_assert!(take(&mut short).is_err());
        prop_assert!(take(&mut sealed).is_ok());
    }

    #[test]
    fn any_octets_are_refused(mut octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let key = key(Suite::AesCm128HmacSha1_32, 4);
        let mut receiver = Receiver::new(&key);
        prop_assert!(receiver.unprotect(&mut octets).is_err());
        prop_assert!(receiver.unprotect_rtcp(&mut octets).is_err());
        let mut buffer = [0; 300];
        let mut sender = Sender::new(&key);
        let _ = sender.protect(&octets, &mut buffer);
        let length = octets.len();
        let _ = sender.protect_rtcp(&mut octets, length);
    }
}

/// Memory of a protected channel beside its bridge.
#[test]
fn the_box_is_small() {
    let octets = size_of::<Srtp>();
    assert!(octets < 6_000, "{octets} octets");
}

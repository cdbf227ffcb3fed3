use proptest::prelude::*;
use rtcp_types::{Compound, Packet};

use super::packet::read;
use super::*;

#[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
fn base() -> Instant {
    Instant::now()
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn seen(sent: u64) -> Seen {
    Seen {
        ssrc: Some(7),
        expected: 1_000,
        received: 990,
        highest: 70_000,
        jitter: 24,
        sent: (sent, 160 * sent),
        timestamp: 123_456,
        delay_ms: (40, 200),
        adaptive: true,
        concealed: true,
        packet_ms: 20,
        losses: Losses::default(),
        level: Some(Dbm0(-17.6)),
    }
}

/// Another reader of RTCP finds in our packets what we put there.
#[test]
fn a_compound_packet_is_what_others_read() {
    let now = base();
    let mut session = Session::new(0x1234_5678, 1);
    assert!(!session.due(now));
    let octets = session.report(now + ms(2_500), &seen(50));
    let compound = Compound::parse(octets.octets()).unwrap();
    let packets: Vec<_> = compound.map(Result::unwrap).collect();
    let [Packet::Sr(sr), Packet::Sdes(sdes), xr] = packets.as_slice() else {
        panic!("{packets:?}")
    };
    assert_eq!(
        (sr.ssrc(), sr.packet_count(), sr.octet_count()),
        (0x1234_5678, 50, 8_000)
    );
    assert_eq!(sr.rtp_timestamp(), 123_456);
    assert_eq!(
        sr.ntp_timestamp(),
        3 << 32 | 1 << 31,
        "2.5 s after one second"
    );
    let block = sr.report_blocks().next().unwrap();
    assert_eq!((block.ssrc(), block.cumulative_lost()), (7, 10));
    assert_eq!(block.fraction_lost(), 2);
    assert_eq!(block.extended_sequence_number(), 70_000);
    assert_eq!(block.interarrival_jitter(), 24);
    let chunk = sdes.chunks().next().unwrap();
    assert_eq!(chunk.ssrc(), 0x1234_5678);
    let item = chunk.items().next().unwrap();
    assert_eq!(
        (item.type_(), item.get_value_string().unwrap().as_str()),
        (1, std::str::from_utf8(&session.cname()).unwrap())
    );
    assert!(!matches!(
        xr,
        Packet::Sr(_) | Packet::Rr(_) | Packet::Bye(_)
    ));
    let mut metrics = None;
    assert!(read(octets.octets(), &mut |read| {
        if let Read::Metrics(found) = read {
            metrics = Some(found);
        }
    }));
    let metrics = metrics.unwrap();
    assert_eq!((metrics.ssrc, metrics.gmin, metrics.mos_lq), (7, 16, 44));
    assert_eq!((metrics.jb_nominal, metrics.end_system_delay), (40, 60));
    assert_eq!((metrics.signal_level, metrics.noise_level), (-18, 127));
    // And one that leaves, having sent nothing since: a receiver report.
    let last = session.goodbye(now + ms(3_000), &seen(50));
    let packets: Vec<_> = Compound::parse(last.octets())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(matches!(
        packets.as_slice(),
        [Packet::Rr(_), Packet::Sdes(_), Packet::Bye(_)]
    ));
}

/// Two ends, 30 ms apart one way: both find 60 ms.
#[test]
fn the_round_trip_is_measured() {
    let now = base();
    let (mut a, mut b) = (Session::new(1, 1), Session::new(2, 2));
    let (mut seen_a, mut seen_b) = (seen(10), seen(10));
    (seen_a.ssrc, seen_b.ssrc) = (Some(2), Some(1));
    assert!(!a.due(now) && !b.due(now));
    let from_a = a.report(now + ms(1_000), &seen_a);
    assert!(b.handle(now + ms(1_030), Some(1), 10, from_a.octets()));
    let from_b = b.report(now + ms(1_700), &seen_b);
    assert!(a.handle(now + ms(1_730), Some(2), 10, from_b.octets()));
    let trip = a.quality().round_trip.unwrap();
    assert!((59..=61).contains(&trip.as_millis()), "{trip:?}");
    assert_eq!(b.quality().round_trip, None, "nothing came back yet");
    assert_eq!(a.quality().peer.unwrap().lost, 10);
    let bye = b.goodbye(now + ms(2_000), &seen_b);
    a.handle(now + ms(2_030), Some(2), 10, bye.octets());
    assert!(a.quality().goodbye);
}

/// The peer's reports name the same sequence number while we go on sending.
#[test]
fn a_peer_that_hears_nothing_is_noticed() {
    let now = base();
    let (mut a, mut b) = (Session::new(1, 1), Session::new(2, 2));
    let mut what = seen(0);
    what.ssrc = Some(1);
    for (n, highest, deaf) in [
        (1, 100, false),
        (2, 200, false),
        (3, 200, true),
        (4, 300, false),
    ] {
        what.highest = highest;
        let report = b.report(now + ms(5_000 * n), &what);
        assert!(a.handle(now + ms(5_000 * n), None, 250 * n, report.octets()));
        assert_eq!(a.peer_is_deaf(), deaf, "report {n}");
    }
}

/// From half to one and a half of 5 s, by the compensation of §6.3.1; the first comes sooner; two
/// seeds do not march in step, and one seed does it again alike.
#[test]
fn reports_come_at_random_intervals() {
    let times = |seed| {
        let mut now = base();
        let start = now;
        let mut session = Session::new(9, seed);
        let mut times = Vec::new();
        while times.len() < 50 {
            if session.due(now) {
                session.report(now, &seen(1));
                times.push(now - start);
            }
            now += ms(10);
        }
        times
    };
    let (one, two) = (times(1), times(2));
    assert_ne!(one, two);
    assert_eq!(one, times(1));
    assert!((ms(1_020)..=ms(3_090)).contains(&one[0]), "{:?}", one[0]);
    for pair in one.windows(2) {
        let gap = pair[1] - pair[0];
        assert!((ms(2_040)..=ms(6_170)).contains(&gap), "{gap:?}");
    }
}

proptest! {
    /// Whatever arrives, nothing panics.
    #[test]
    fn octets_of_any_kind_are_read(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut session = Session::new(1, 1);
        session.handle(base(), None, 0, &octets);
    }

    /// And a packet of ours with octets changed or cut.
    #[test]
    fn spoiled_packets_are_read(at in 0usize..150, value: u8, cut in 0usize..160) {
        let mut session = Session::new(1, 1);
        let mut octets = session.report(base(), &seen(5)).octets().to_vec();
        if let Some(octet) = octets.get_mut(at) {
            *octet = value;
        }
        octets.truncate(cut);
        session.handle(base(), None, 0, &octets);
    }
}

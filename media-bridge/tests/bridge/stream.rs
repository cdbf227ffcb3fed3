//! Whose stream it is: latching, restarts, replaced sides, silence, statistics.

use super::*;

#[test]
fn the_source_is_latched_and_strangers_are_dropped() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    rig.idle_ticks(4);
    assert!(
        rig.rtp.outbound.iter().all(|queued| queued.peer == peer()),
        "as SDP said"
    );
    rig.rtp.outbound.clear();
    // The peer is behind a translator: its packets come from elsewhere, and so must go there.
    let seen: SocketAddr = "198.51.100.9:61000".parse().unwrap();
    let packet = |header: Header, octet: u8| {
        let mut packet = header.to_octets().to_vec();
        packet.extend([octet; 160]);
        packet
    };
    let mut header = rig.header;
    for _ in 0..10 {
        rig.rtp.push(PORT, seen, packet(header, 0x2A));
        let stranger = Header { ssrc: 99, ..header };
        rig.rtp.push(
            PORT,
            "203.0.113.5:5000".parse().unwrap(),
            packet(stranger, 0x55),
        );
        header.sequence = header.sequence.wrapping_add(1);
        header.timestamp = header.timestamp.wrapping_add(160);
        assert!(rig.idle_ticks(2).iter().all(|o| [0x2A, 0xD5].contains(o)));
    }
    assert!(rig.rtp.outbound.iter().all(|queued| queued.peer == seen));
    let first = rig
        .events
        .iter()
        .filter(|e| matches!(e, Event::FirstPacket { source, .. } if *source == seen));
    assert_eq!(first.count(), 1);
    rig.rtp.push(PORT, seen, vec![0x80; 5]);
    rig.rtp.push(
        PORT,
        seen,
        packet(
            Header {
                payload_type: 3,
                ..header
            },
            0,
        ),
    );
    rig.idle_tick();
    let statistics = rig.close();
    assert_eq!(statistics.packets_stranger, 10);
    assert_eq!(statistics.packets_malformed, 2);
    assert_eq!((statistics.packets_received, statistics.restarts), (10, 0));
    assert_eq!(statistics.first_packet_ms, Some(40));
}

/// A packet of a peer of before is still under way when signalling names another: the other is heard.
#[test]
fn whom_signalling_names_is_heard_though_another_came_first() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    let before: SocketAddr = "198.51.100.9:61000".parse().unwrap();
    let late = Header {
        ssrc: 99,
        ..rig.header
    };
    let packet = [&late.to_octets()[..], &[0x55; 160]].concat();
    rig.rtp.push(PORT, before, packet.clone());
    rig.idle_ticks(1);
    for _ in 0..10 {
        rig.send(&[0x2A; 160]);
        rig.rtp.push(PORT, before, packet.clone());
        rig.idle_ticks(2);
    }
    rig.rtp.outbound.clear();
    rig.send(&[0x2A; 160]);
    assert_eq!(rig.idle_ticks(2), [0x2A; 160]);
    assert!(rig.rtp.outbound.iter().all(|queued| queued.peer == peer()));
    let statistics = rig.close();
    assert_eq!((statistics.packets_received, statistics.restarts), (12, 1));
    assert_eq!(statistics.packets_stranger, 10);
}

/// A peer that sends from one place only: nobody else is heard, not even before its first packet.
#[test]
fn only_whom_signalling_names_is_heard_where_nobody_else_can_be_the_peer() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.only_remote = true);
    let before: SocketAddr = "198.51.100.9:61000".parse().unwrap();
    let packet = [&rig.header.to_octets()[..], &[0x55; 160]].concat();
    for _ in 0..3 {
        rig.rtp.push(PORT, before, packet.clone());
        assert_eq!(rig.idle_ticks(2), [Law::ALaw.idle(); 160]);
    }
    for _ in 0..3 {
        rig.send(&[0x2A; 160]);
        rig.idle_ticks(2);
    }
    assert_eq!(rig.idle_ticks(2), [0x2A; 160]);
    assert!(rig.rtp.outbound.iter().all(|queued| queued.peer == peer()));
    let told = |e: &&Event| matches!(e, Event::FirstPacket { source, .. } if *source == peer());
    assert_eq!(rig.events.iter().filter(told).count(), 1);
    let statistics = rig.close();
    assert_eq!(
        (statistics.packets_received, statistics.packets_stranger),
        (3, 3)
    );
}

#[test]
fn a_new_source_starts_the_stream_anew() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    let octets = pattern(3_200);
    for change in [0u32, 1] {
        rig.header.ssrc = rig.header.ssrc.wrapping_add(change);
        rig.header.timestamp = rig.header.timestamp.wrapping_mul(77);
        rig.header.sequence = rig.header.sequence.wrapping_mul(77);
        let mut line = Vec::new();
        for payload in octets.chunks(160) {
            rig.send(payload);
            line.extend(rig.idle_ticks(2));
        }
        assert!(line[320..] == octets[..2_880], "source {change}");
    }
    let statistics = rig.close();
    assert_eq!((statistics.restarts, statistics.packets_lost), (1, 0));
}

#[test]
fn a_replaced_side_goes_on_where_the_old_one_stopped() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    rig.idle_ticks(20);
    let mut rtp = Rtp::new(RtpPort(4), peer(), Codec::Pcma, 0x1234_5678);
    rtp.ptime = ms(30);
    rig.command(Command::Rtp {
        bridge: BRIDGE,
        rtp: rtp.boxed(),
    });
    rig.idle_ticks(6);
    let sent: Vec<_> = std::iter::from_fn(|| rig.rtp.pop())
        .map(|queued| (queued.port, Header::parse(&queued.packet).unwrap().0))
        .collect();
    assert_eq!(sent.len(), 12);
    assert_eq!(sent[10].0, RtpPort(4));
    assert_eq!(sent[10].1.sequence, sent[9].1.sequence.wrapping_add(1));
    assert_eq!(sent[10].1.timestamp, sent[9].1.timestamp.wrapping_add(160));
    // The old port is free.
    rig.send(&[0x2A; 160]);
    rig.idle_tick();
    assert_eq!(rig.shard.statistics().packets_unclaimed, 1);
}

/// A digit that was pressed when its RTP side is replaced does not sound for ever.
#[test]
fn a_replaced_side_takes_its_digit_along() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.telephone_event = Some(EVENT_TYPE));
    let payload = Payload {
        event: 5,
        end: false,
        volume: 10,
        duration: 160,
    };
    rig.send_event(rig.header.timestamp, payload, true);
    rig.idle_ticks(5);
    let rtp = Box::new(Rtp::new(PORT, peer(), Codec::Pcma, 1));
    rig.command(Command::Rtp {
        bridge: BRIDGE,
        rtp,
    });
    let line = rig.idle_ticks(50);
    assert!(line[..400].iter().any(|octet| *octet != 0xD5));
    assert!(line[480..].iter().all(|octet| *octet == 0xD5));
}

#[test]
fn silence_on_rtp_is_said_once() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.timeout = Some(ms(500)));
    let count = |rig: &Rig| {
        rig.events
            .iter()
            .filter(|e| matches!(e, Event::RtpTimeout { .. }))
            .count()
    };
    rig.idle_ticks(50);
    assert_eq!(count(&rig), 0);
    rig.idle_ticks(50);
    assert_eq!(count(&rig), 1);
    rig.send(&[0xD5; 160]);
    rig.idle_ticks(40);
    assert_eq!(count(&rig), 1);
    rig.idle_ticks(40);
    assert_eq!(count(&rig), 2);
}

#[test]
fn statistics_tell_loss_lateness_and_jitter() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| {
        rtp.jitter = JitterConfig::Adaptive {
            initial: ms(40),
            min: ms(20),
            max: ms(100),
        };
    });
    let mut kept = None;
    for n in 0..100 {
        match n {
            30 | 31 => {
                rig.send(&[0x2A; 160]);
                rig.rtp.inbound.pop_back();
            }
            50 => {
                rig.send(&[0x2A; 160]);
                kept = rig.rtp.inbound.pop_back();
            }
            51 => {
                rig.send(&[0x2A; 160]);
                rig.rtp.inbound.extend(kept.clone());
                rig.rtp.inbound.extend(kept.take());
            }
            _ => rig.send(&[0x2A; 160]),
        }
        rig.idle_ticks(2);
    }
    let statistics = rig.close();
    assert_eq!(statistics.packets_lost, 2);
    assert_eq!(
        (
            statistics.packets_out_of_order,
            statistics.packets_duplicate
        ),
        (1, 1)
    );
    assert_eq!(
        (statistics.packets_received, statistics.packets_late),
        (98, 0)
    );
    assert_eq!((statistics.concealed_ms, statistics.gap_max_ms), (40, 60));
    assert!(statistics.jitter_max_us > 0 && statistics.jitter_us < statistics.jitter_max_us);
    let json = serde_json::to_value(statistics).unwrap();
    assert_eq!(json["packets_lost"], 2);
}

/// Each way has its level meter: a sine that comes, and silence that goes.
#[test]
fn levels_are_told_for_each_way() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    // The digital milliwatt of G.711: 0 dBm0.
    let milliwatt = [0x34, 0x21, 0x21, 0x34, 0xB4, 0xA1, 0xA1, 0xB4].repeat(20);
    for _ in 0..100 {
        rig.send(&milliwatt);
        rig.idle_ticks(2);
    }
    let statistics = rig.close();
    assert_eq!(statistics.level_from_timeslot, None);
    let level = statistics.level_to_timeslot.unwrap();
    assert!((-3..=3).contains(&level), "{level}");
}

/// A packet that comes too late, a sender that stops for a while, and one that sends too early: each
/// in the counter that call records have for it.
#[test]
fn late_packets_underruns_and_overruns_are_counted() {
    let disturbed = |at: usize, disturb: fn(&mut Rig)| {
        let mut rig = Rig::attached(Law::ALaw, |_| {});
        for n in 0..100 {
            if n == at {
                disturb(&mut rig);
            }
            rig.send(&[0x2A; 160]);
            rig.idle_ticks(2);
        }
        let statistics = rig.close();
        (
            statistics.packets_late,
            statistics.underruns,
            statistics.overruns,
        )
    };
    assert_eq!(disturbed(50, |_| {}), (0, 0, 0));
    let late = disturbed(50, |rig| {
        rig.send(&[0x2A; 160]);
        let kept = rig.rtp.inbound.pop_back();
        rig.idle_ticks(2);
        for _ in 0..3 {
            rig.send(&[0x2A; 160]);
            rig.idle_ticks(2);
        }
        rig.rtp.inbound.extend(kept);
    });
    assert_eq!(late.0, 1, "{late:?}");
    let stopped = disturbed(50, |rig| {
        rig.idle_ticks(10);
    });
    assert!(stopped.1 > 0, "{stopped:?}");
    let early = disturbed(50, |rig| (0..50).for_each(|_| rig.send(&[0x2A; 160])));
    assert!(early.2 > 0, "{early:?}");
}

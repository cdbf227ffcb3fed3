//! Audio both ways: laws, packet times, look-back, closed paths.

use super::*;

#[test]
fn the_same_law_is_a_copy_both_ways() {
    for (law, codec) in [
        (Law::ALaw, Codec::Pcma),
        (Law::MuLaw, Codec::Pcmu),
        (Law::ALaw, Codec::Clearmode),
    ] {
        let mut rig = Rig::attached(law, |rtp| {
            let defaults = Rtp::new(PORT, peer(), codec, 1);
            (rtp.payload, rtp.payload_type) = (codec, defaults.payload_type);
        });
        let octets = pattern(80_000);
        let mut line = Vec::new();
        for (n, tick) in octets.as_chunks::<TICK_OCTETS>().0.iter().enumerate() {
            if n % 2 == 0 {
                rig.send(&octets[n * 80..(n + 2) * 80]);
            }
            line.extend(rig.tick(tick));
        }
        assert_eq!(line[..320], [law.idle(); 320]);
        assert!(line[320..] == octets[..79_680], "{codec:?} to the timeslot");
        let sent = rig.sent();
        assert!(sent.concat_payloads() == octets, "{codec:?} to RTP");
        for (n, (header, payload)) in sent.iter().enumerate() {
            assert_eq!(payload.len(), 160);
            assert_eq!(header.sequence, 65_530u16.wrapping_add(n as u16));
            assert_eq!(
                header.timestamp,
                (u32::MAX - 1_000).wrapping_add(n as u32 * 160)
            );
            assert_eq!((header.ssrc, header.marker), (0x1234_5678, n == 0));
        }
        let statistics = rig.close();
        assert_eq!(
            (statistics.packets_received, statistics.packets_sent),
            (500, 500)
        );
        assert_eq!(
            (statistics.octets_received, statistics.octets_sent),
            (80_000, 80_000)
        );
        assert_eq!(statistics.packets_lost + statistics.packets_late, 0);
        assert_eq!(
            statistics.underruns + statistics.overruns + statistics.concealed_ms,
            0
        );
    }
}

/// Towards RTP what came in the first tick; towards the timeslot, after the 10 ms of the buffer,
/// what came from the network by then.
#[test]
fn first_audio_is_there_within_two_ticks_both_ways() {
    let mut rig = Rig::new(Law::ALaw);
    let mut rtp = Rtp::new(PORT, peer(), Codec::Pcma, 1);
    (rtp.ptime, rtp.jitter) = (TICK, JitterConfig::Fixed { depth: TICK });
    // The line has run without the call for a while.
    rig.command(Command::Close { bridge: BRIDGE });
    rig.idle_ticks(10);
    let open = Open::new(BRIDGE, SPAN, timeslot(), Law::ALaw, Path::BOTH);
    rig.command(Command::Open(Box::new(open)));
    let rtp = rtp.boxed();
    rig.command(Command::Rtp {
        bridge: BRIDGE,
        rtp,
    });
    let octets = pattern(2 * TICK_OCTETS);
    rig.send(&octets);
    let line = [
        rig.tick(&[0x31; TICK_OCTETS]),
        rig.tick(&[0x32; TICK_OCTETS]),
    ];
    assert_eq!(line[0], [Law::ALaw.idle(); TICK_OCTETS]);
    assert_eq!(line[1], octets[..TICK_OCTETS]);
    let sent = rig.sent().concat_payloads();
    assert_eq!(sent, [[0x31; TICK_OCTETS], [0x32; TICK_OCTETS]].concat());
}

#[test]
fn another_law_is_converted_by_table() {
    let mut rig = Rig::attached(Law::MuLaw, |_| {});
    let octets = pattern(16_000);
    let mut line = Vec::new();
    for (n, tick) in octets.as_chunks::<TICK_OCTETS>().0.iter().enumerate() {
        if n % 2 == 0 {
            rig.send(&octets[n * 80..(n + 2) * 80]);
        }
        line.extend(rig.tick(tick));
    }
    let to_rtp: Vec<u8> = octets
        .iter()
        .map(|&o| tdm::g711::mulaw_to_alaw(o))
        .collect();
    let to_line: Vec<u8> = octets
        .iter()
        .map(|&o| tdm::g711::alaw_to_mulaw(o))
        .collect();
    assert!(rig.sent().concat_payloads() == to_rtp);
    assert!(line[320..] == to_line[..15_680]);
}

#[test]
fn packet_times_from_10_to_60_ms() {
    for (ptime, length) in [
        (1, 80),
        (10, 80),
        (20, 160),
        (30, 240),
        (35, 280),
        (60, 480),
        (500, 480),
    ] {
        let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.ptime = ms(ptime));
        let octets = pattern(33_600);
        for tick in octets.as_chunks::<TICK_OCTETS>().0 {
            rig.tick(tick);
        }
        let sent = rig.sent();
        assert!(
            sent.iter().all(|(_, payload)| payload.len() == length),
            "{ptime} ms"
        );
        assert!(sent.concat_payloads() == octets);
    }
}

/// With detection and suppression on, the pattern only comes 95 octets later.
#[test]
fn the_pattern_survives_dtmf_suppression_a_look_back_later() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| {
        rtp.telephone_event = Some(EVENT_TYPE);
        rtp.dtmf = DtmfDetection::Suppress;
    });
    let octets = pattern(80_000);
    for tick in octets.as_chunks::<TICK_OCTETS>().0 {
        rig.tick(tick);
    }
    let sent = rig.sent().concat_payloads();
    assert_eq!(sent[..dtmf::LOOK_BACK], [Law::ALaw.idle(); dtmf::LOOK_BACK]);
    assert!(sent[dtmf::LOOK_BACK..] == octets[..sent.len() - dtmf::LOOK_BACK]);
}

#[test]
fn closed_paths_carry_nothing() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    rig.command(Command::Path {
        bridge: BRIDGE,
        path: Path::CLOSED,
    });
    let octets = pattern(1_600);
    for (n, tick) in octets.as_chunks::<TICK_OCTETS>().0.iter().enumerate() {
        if n % 2 == 0 {
            rig.send(&octets[..160]);
        }
        assert_eq!(rig.tick(tick), [Law::ALaw.idle(); TICK_OCTETS]);
    }
    assert_eq!(rig.sent(), []);
    // Opened towards RTP: sequence numbers begin, timestamps have gone on, a talkspurt starts.
    rig.command(Command::Path {
        bridge: BRIDGE,
        path: Path::TO_RTP,
    });
    for tick in octets.as_chunks::<TICK_OCTETS>().0 {
        assert_eq!(rig.tick(tick), [Law::ALaw.idle(); TICK_OCTETS]);
    }
    let sent = rig.sent();
    assert_eq!(sent[0].0.sequence, 65_530);
    assert_eq!(sent[0].0.timestamp, (u32::MAX - 1_000).wrapping_add(1_600));
    assert!(sent[0].0.marker && !sent[1].0.marker);
    assert!(sent.concat_payloads() == octets);
}

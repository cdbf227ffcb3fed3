//! Any network.

use proptest::prelude::*;

use super::*;

/// A network by seed: each packet's delay in ticks, whether it is lost, whether it is doubled.
fn network() -> impl Strategy<Value = Vec<(u8, bool, bool)>> {
    let packet = (
        0u8..12,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    );
    prop::collection::vec(packet, 1..150)
}

/// Octets of the stream, each written with its place, run through a network.
fn through(config: JitterConfig, packets: &[(u8, bool, bool)]) -> (Vec<u8>, Buffer) {
    let mut rig = Rig::new(config);
    for tick in 0..packets.len() * 2 + 40 {
        for (n, &(delay, lost, doubled)) in packets.iter().enumerate() {
            if !lost && n * 2 + usize::from(delay) == tick {
                rig.arrive(n);
                if doubled {
                    rig.arrive(n);
                }
            }
        }
        rig.tick();
    }
    (rig.out, rig.buffer)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Data: whatever the network does within the depth, each octet comes out at its place or,
    /// when its packet was lost, idle; never elsewhere, never twice.
    #[test]
    fn fixed_keeps_every_octet_in_its_place(packets in network()) {
        let (out, buffer) = through(fixed(240), &packets);
        // The line started when the first packet that was not lost arrived.
        let arrivals = packets.iter().enumerate().filter(|(_, p)| !p.1);
        let Some((first, tick)) =
            arrivals.map(|(n, p)| (n, n * 2 + usize::from(p.0))).min_by_key(|&(n, t)| (t, n))
        else { return Ok(()) };
        let origin = (tick * 80 + 240 * 8) as i64 - first as i64 * 160;
        for (n, &(_, lost, _)) in packets.iter().enumerate() {
            let place = origin + n as i64 * 160;
            let Ok(place) = usize::try_from(place) else { continue };
            let Some(octets) = out.get(place..place + 160) else { continue };
            if lost {
                prop_assert!(octets.iter().all(|o| *o == IDLE));
            } else {
                prop_assert_eq!(octets, &Rig::payload(n)[..]);
            }
        }
        prop_assert_eq!(buffer.counters().overruns, 0);
    }

    /// Voice: order is kept, whatever is concealed, shifted or shed.
    #[test]
    fn adaptive_keeps_the_order(packets in network()) {
        let (out, _) = through(adaptive(20, 10, 100), &packets);
        // Whole tens of octets of a packet are recognised by their values.
        let mut last = 0;
        for n in 0..packets.len() {
            let payload = Rig::payload(n);
            let middle = &payload[70..90];
            if let Some(at) = out.windows(20).position(|window| window == middle) {
                prop_assert!(at >= last, "packet {n} at {at}, after one at {last}");
                last = at;
            }
        }
    }

    /// Nothing from the network panics or stops the line.
    #[test]
    fn nonsense_does_no_harm(
        packets in prop::collection::vec(
            (any::<u16>(), any::<u32>(), 0usize..2_000, 0u8..4), 0..80),
        voice in any::<bool>(),
        near in any::<bool>(),
    ) {
        let config = if voice { adaptive(20, 10, 100) } else { fixed(40) };
        let mut rig = Rig::new(config);
        for (sequence, timestamp, length, ticks) in packets {
            let (sequence, timestamp) =
                if near { (sequence % 50, timestamp % 9_000) } else { (sequence, timestamp) };
            let order = rig.sequence.update(sequence);
            rig.buffer.push(order, timestamp, &vec![0x33; length]);
            for _ in 0..ticks {
                rig.tick();
            }
            prop_assert!(rig.buffer.delay() <= 320 * 8);
        }
    }
}

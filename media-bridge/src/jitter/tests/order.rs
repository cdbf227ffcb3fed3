//! Packets in and out of order, late, lost; senders that stop, jump and restart.

use super::*;

#[test]
fn fixed_without_loss_is_bit_exact_and_contiguous() {
    for depth in [0, 10, 40, 200] {
        let mut rig = Rig::new(fixed(depth));
        rig.run(0..100);
        let delay = depth as usize * 8;
        assert_eq!(rig.out[..delay], vec![IDLE; delay]);
        assert_eq!(rig.out[delay..], stream(16_000 - delay), "depth {depth} ms");
        assert_eq!(rig.buffer.counters(), Counters::default());
    }
}

#[test]
fn any_packet_length_will_do() {
    let mut buffer = Buffer::new(fixed(60), Law::ALaw, false);
    let mut sequence = Sequence::new();
    let (mut sent, mut out, mut n) = (0, Vec::new(), 0u16);
    for tick in 0..1_000 {
        while sent < (tick + 1) * 80 {
            let length = [1, 7, 80, 160, 163, 240, 480][usize::from(n) % 7];
            let order = sequence.update(n);
            let payload: Vec<u8> = (sent..sent + length).map(octet).collect();
            buffer.push(order, sent as u32, &payload);
            sent += length;
            n += 1;
        }
        let mut octets = [0; 80];
        buffer.pull(&mut octets);
        out.extend(octets);
    }
    assert_eq!(out[480..], stream(80_000 - 480));
}

#[test]
fn reordering_and_duplicates_within_the_depth_do_no_harm() {
    let mut rig = Rig::new(fixed(60));
    for pair in 0..50 {
        rig.arrive(pair * 2);
        rig.tick();
        rig.tick();
        rig.tick();
        if pair % 2 == 0 {
            rig.arrive(pair * 2 + 1);
            assert_eq!(rig.arrive(pair * 2), (Order::Duplicate, None));
            rig.tick();
        } else {
            rig.tick();
            let (order, arrival) = rig.arrive(pair * 2 + 1);
            assert_eq!(arrival, Some(Arrival::Kept), "{order:?}");
        }
    }
    rig.arrive(101);
    rig.tick();
    let (order, _) = rig.arrive(100);
    assert_eq!(order, Order::Old);
    rig.tick();
    assert_eq!(rig.sequence.lost(), 0);
    assert_eq!(rig.out[480..], stream(rig.out.len() - 480));
    assert_eq!(rig.buffer.counters(), Counters::default());
}

/// The sender pauses for as long as the buffer is deep and sends what it owes in one burst.
#[test]
fn a_stall_within_the_depth_loses_nothing() {
    let mut rig = Rig::new(fixed(100));
    rig.run(0..20);
    for _ in 0..10 {
        rig.tick();
    }
    for n in 20..25 {
        assert_eq!(rig.arrive(n).1, Some(Arrival::Kept));
    }
    rig.run(25..40);
    assert_eq!(rig.out[800..], stream(rig.out.len() - 800));
    assert_eq!(rig.buffer.counters(), Counters::default());
}

/// A longer stall loses what was not there in time, and only that: the rest keeps its place.
#[test]
fn a_stall_beyond_the_depth_is_one_underrun_and_keeps_what_came_in_time() {
    let mut rig = Rig::new(fixed(40));
    rig.run(0..20);
    for _ in 0..10 {
        rig.tick();
    }
    for n in 20..25 {
        rig.arrive(n);
    }
    rig.run(25..40);
    let counters = rig.buffer.counters();
    assert_eq!(
        (counters.underruns, counters.late, counters.overruns),
        (1, 3, 0)
    );
    assert_eq!(counters.concealed, 480);
    let expected = stream(rig.out.len() - 320);
    assert_eq!(rig.out[320..3_520], expected[..3_200]);
    assert_eq!(rig.out[3_520..4_000], [IDLE; 480]);
    assert_eq!(rig.out[4_000..], expected[3_680..]);
}

/// The sender's clock stood still: everything after would be late for ever, so the line waits
/// for it, once.
#[test]
fn a_sender_that_falls_behind_for_good_is_followed() {
    let mut rig = Rig::new(fixed(40));
    rig.run(0..20);
    for _ in 0..30 {
        rig.tick();
    }
    rig.run(20..60);
    let counters = rig.buffer.counters();
    assert_eq!(
        (counters.overruns, counters.underruns),
        (1, 1),
        "{counters:?}"
    );
    assert!(counters.late <= 3, "{counters:?}");
    let tail = &rig.out[rig.out.len() - 4_000..];
    let all = stream(60 * 160);
    assert!(
        all.windows(4_000).any(|window| window == tail),
        "contiguous again"
    );
}

/// A sender 1,000 ppm slow or fast: data slips now and then, by as much as the depth, and is
/// whole in between; voice follows.
#[test]
fn drifting_clocks_slip_rarely() {
    for (config, samples_per_tick) in [
        (fixed(40), 79.92),
        (fixed(40), 80.08),
        (adaptive(40, 20, 100), 79.92),
        (adaptive(40, 20, 100), 80.08),
    ] {
        let mut rig = Rig::new(config);
        let mut sent = 0;
        for tick in 0..30_000 {
            while f64::from(tick) * samples_per_tick >= (sent * 160) as f64 {
                rig.arrive(sent);
                sent += 1;
            }
            rig.tick();
        }
        let counters = rig.buffer.counters();
        // 2,400 samples of drift in five minutes; without silence, voice sheds a tick at a time.
        let slips = if samples_per_tick > 80.0 { 31 } else { 9 };
        let told = format!("{config:?} {samples_per_tick}: {counters:?}");
        assert!(counters.overruns <= slips, "{told}");
        assert!(counters.concealed <= 9 * 480, "{told}");
        assert!(counters.late <= 9 * 3, "{told}");
    }
}

#[test]
fn silence_of_the_sender_is_not_loss() {
    let mut rig = Rig::new(adaptive(40, 40, 200));
    rig.run(0..10);
    for _ in 0..100 {
        rig.tick();
    }
    // A second later, with the next sequence number and a timestamp a second on.
    for n in 10..20 {
        rig.arrive_at(n, (n + 50) * 160);
        rig.tick();
        rig.tick();
    }
    let counters = rig.buffer.counters();
    assert_eq!(
        (counters.underruns, counters.late, counters.overruns),
        (0, 0, 0)
    );
    assert_eq!(rig.sequence.lost(), 0);
}

#[test]
fn loss_is_concealed_in_voice_and_idle_in_data() {
    for (config, voice) in [(fixed(40), false), (adaptive(40, 40, 200), true)] {
        let mut rig = Rig::new(config);
        rig.run(0..10);
        rig.tick();
        rig.tick();
        rig.run(11..20);
        assert_eq!(rig.sequence.lost(), 1);
        let counters = rig.buffer.counters();
        assert_eq!((counters.concealed, counters.late), (160, 0));
        let gap = &rig.out[320 + 1_600..320 + 1_760];
        assert_eq!(gap.iter().all(|o| *o == IDLE), !voice);
        let after = &rig.out[320 + 1_760 + 32..];
        assert_eq!(after, &stream(19 * 160)[1_760 + 32..][..after.len()]);
    }
}

#[test]
fn the_voice_buffer_grows_when_packets_come_late_and_shrinks_in_silence() {
    let mut rig = Rig::new(adaptive(20, 10, 200));
    rig.run(0..50);
    // From now on every packet is 60 ms late: the first of them is not in time.
    for _ in 0..6 {
        rig.tick();
    }
    rig.run(50..100);
    let grown = rig.buffer.counters();
    assert!(grown.late <= 1, "{grown:?}");
    assert_eq!(grown.overruns, 0);
    // The network recovers: three packets at once. Nothing is lost, the delay is longer.
    let late = rig.buffer.delay();
    rig.arrive(100);
    rig.arrive(101);
    rig.arrive(102);
    rig.run(103..120);
    let long = rig.buffer.delay();
    // What the three packets brought stays, but for single samples that were too many before
    // packets came late: one a tick at most.
    let counters = rig.buffer.counters();
    let left_out = (counters.deleted - grown.deleted) as u32;
    assert_eq!(long, late + 3 * 160 - left_out);
    assert!(left_out <= 17 * 2, "{counters:?}");
    // What was needed is kept while one of five windows of 2 s remembers it. With the window that it
    // came in and the one that is judged, silence has brought it back after seven.
    let quiet = [IDLE; 160];
    for n in 120..120 + 7 * 100 {
        let order = rig
            .sequence
            .update(rig.first_sequence.wrapping_add(n as u16));
        let timestamp = rig.first_timestamp.wrapping_add(n * 160);
        rig.buffer.push(order, timestamp, &quiet);
        rig.tick();
        rig.tick();
    }
    let short = rig.buffer.delay();
    assert!(short <= long - 320, "{long} then {short}");
    assert_eq!(rig.buffer.counters().late, grown.late);
}

#[test]
fn a_sender_restart_is_believed_at_its_second_packet() {
    let mut rig = Rig::new(fixed(40));
    rig.run(0..10);
    let mut restarted = Sequence::new();
    std::mem::swap(&mut restarted, &mut rig.sequence);
    assert_eq!(restarted.update(20_000), Order::Doubtful);
    assert_eq!(restarted.update(20_001), Order::First);
    assert_eq!(restarted.update(20_002), Order::Next { skipped: 0 });
    assert_eq!((restarted.restarts(), restarted.lost()), (1, 0));
}

/// A new time scale with unbroken sequence numbers.
#[test]
fn a_jump_of_the_timestamps_starts_anew() {
    for jump in [1_000_000usize, 4_000_000_000] {
        let mut rig = Rig::new(fixed(40));
        rig.run(0..10);
        for n in 10..20 {
            rig.arrive_at(n, n * 160 + jump);
            rig.tick();
            rig.tick();
        }
        assert_eq!(rig.buffer.counters().overruns, 1);
        let tail = &rig.out[rig.out.len() - 1_200..];
        assert!(stream(3_200).windows(1_200).any(|window| window == tail));
    }
}

#[test]
fn loss_is_counted_across_the_wrap() {
    let mut sequence = Sequence::new();
    for n in 0..1_000u16 {
        if n % 10 != 3 {
            sequence.update(n.wrapping_add(65_000));
        }
    }
    assert_eq!(sequence.lost(), 100);
    assert_eq!(sequence.update(65_000u16.wrapping_add(993)), Order::Old);
    assert_eq!(sequence.lost(), 99);
    assert_eq!(
        sequence.update(65_000u16.wrapping_add(993)),
        Order::Duplicate
    );
}

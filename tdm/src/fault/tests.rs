use super::*;

/// A line that sends frame numbers: octet n of the stream is n, in every timeslot.
struct Counting {
    next: usize,
    sent: Vec<u8>,
}

impl SpanIo for Counting {
    fn id(&self) -> SpanId {
        SpanId(3)
    }

    fn wait(&mut self) -> io::Result<Due> {
        Ok(Due {
            late: 2,
            skipped: 0,
        })
    }

    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        assert_eq!(due.late, 2, "lateness is passed on");
        self.sent.extend(tx.0[1]);
        for octets in &mut rx.0 {
            for (n, octet) in octets.iter_mut().enumerate() {
                *octet = (self.next + n) as u8;
            }
        }
        self.next += TICK_OCTETS;
        Ok(())
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        None
    }

    fn counters(&self) -> SpanCounters {
        SpanCounters {
            ticks: (self.next / TICK_OCTETS) as u64,
            ..Default::default()
        }
    }
}

fn injector(seed: u64) -> FaultInjector<Counting> {
    FaultInjector::new(
        Counting {
            next: 0,
            sent: Vec::new(),
        },
        seed,
    )
}

/// What arrived on a timeslot in so many ticks.
fn run(span: &mut FaultInjector<Counting>, ticks: usize) -> Vec<u8> {
    let tx = SpanTick([[0x2a; TICK_OCTETS]; TIMESLOTS]);
    let mut rx = tx.clone();
    let mut octets = Vec::new();
    for _ in 0..ticks {
        assert_eq!(
            span.exchange(&tx, &mut rx).unwrap(),
            2,
            "lateness is passed on"
        );
        octets.extend(rx.0[5]);
    }
    octets
}

fn events(span: &mut FaultInjector<Counting>) -> Vec<String> {
    std::iter::from_fn(|| span.poll_event())
        .map(|event| event.to_string())
        .collect()
}

fn counted(from: usize, octets: usize) -> Vec<u8> {
    (from..from + octets).map(|n| n as u8).collect()
}

#[test]
fn without_faults_it_only_delays_by_a_tick() {
    let mut span = injector(1);
    let octets = run(&mut span, 10);
    assert_eq!(octets[80..], counted(0, 720));
    assert_eq!(span.inner.sent, [0x2a; 800]);
    assert_eq!(
        span.counters(),
        SpanCounters {
            ticks: 10,
            ..Default::default()
        }
    );
    assert_eq!(events(&mut span), [""; 0]);
}

#[test]
fn slips_leave_out_and_repeat_frames() {
    let mut span = injector(1);
    run(&mut span, 3);
    span.slip(-2);
    assert_eq!(run(&mut span, 1), counted(162, 80));
    span.slip(5);
    assert_eq!(run(&mut span, 1), counted(237, 80));
    assert_eq!(
        events(&mut span),
        ["slip of -2 octets", "slip of +5 octets"]
    );
    let counters = span.counters();
    assert_eq!(
        (
            counters.slips,
            counters.octets_lost,
            counters.octets_inserted
        ),
        (2, 2, 5)
    );
}

#[test]
fn slips_without_end_keep_the_octets_in_their_order() {
    for frames in [-7, 7] {
        let mut span = injector(1);
        let mut expected = 160;
        run(&mut span, 3);
        for _ in 0..500 {
            span.slip(frames);
            let octets = run(&mut span, 1);
            let moved: i32 = std::iter::from_fn(|| span.poll_event())
                .map(|event| match event {
                    SpanEvent::Slip { octets } => octets,
                    other => panic!("{other}"),
                })
                .sum();
            expected -= moved;
            assert_eq!(
                octets,
                (0..80).map(|n| (expected + n) as u8).collect::<Vec<_>>()
            );
            expected += 80;
        }
    }
}

#[test]
fn drift_slips_at_its_rate() {
    let mut span = injector(1);
    span.set_drift(50.0);
    run(&mut span, 2000);
    // 160,000 frames at 50 per million.
    assert!((7..=8).contains(&span.counters().octets_lost));
    assert!(
        events(&mut span)
            .iter()
            .all(|event| event == "slip of -1 octets")
    );
}

#[test]
fn a_cut_is_los_and_ones_both_ways() {
    let mut span = injector(1);
    run(&mut span, 2);
    span.cut();
    span.cut();
    assert_eq!(run(&mut span, 2), [0xff; 160]);
    span.mend();
    run(&mut span, 1);
    assert_eq!(run(&mut span, 1), counted(320, 80));
    assert_eq!(events(&mut span), ["LOS on", "LOS off"]);
    assert_eq!(span.counters().los, 1);
    assert_eq!(span.into_inner().sent[160..320], [0xff; 160]);
}

#[test]
fn errors_are_the_same_for_the_same_seed_in_each_direction() {
    let faulty = |seed| {
        let mut span = injector(seed);
        span.set_error_rate(0.01, 0.002);
        let received = run(&mut span, 50);
        (received, span.into_inner().sent)
    };
    let (received, sent) = faulty(5);
    let wrong = |octets: &[u8], expected: &[u8]| -> u32 {
        octets
            .iter()
            .zip(expected)
            .map(|(a, b)| (a ^ b).count_ones())
            .sum()
    };
    let (in_received, in_sent) = (
        wrong(&received[80..], &counted(0, 3920)),
        wrong(&sent, &[0x2a; 4000]),
    );
    assert!(
        (30..100).contains(&in_received),
        "{in_received} of 31,360 bits at 0.002"
    );
    assert!(
        (240..400).contains(&in_sent),
        "{in_sent} of 32,000 bits at 0.01"
    );
    assert_eq!(faulty(5), (received.clone(), sent));
    assert_ne!(faulty(6).0, received);
}

#[test]
fn a_tracer_around_it_shows_ticks_and_events() {
    let mut lines = Vec::new();
    {
        let mut inner = injector(1);
        inner.cut();
        let mut span = crate::Tracer::new(inner, |id: SpanId, trace: crate::Trace<'_>| {
            lines.push(match trace {
                crate::Trace::Tick {
                    number,
                    tx,
                    rx,
                    late,
                } => {
                    format!("{id} {number} {:02x} {:02x} {late}", tx.0[1][0], rx.0[1][0])
                }
                crate::Trace::Event { number, event } => format!("{id} {number} {event}"),
            });
        });
        let tx = SpanTick([[0x2a; TICK_OCTETS]; TIMESLOTS]);
        span.exchange(&tx, &mut tx.clone()).unwrap();
        assert!(span.poll_event().is_some() && span.poll_event().is_none());
        assert_eq!(span.counters().ticks, 1);
    }
    assert_eq!(lines, ["span 3 0 2a ff 2", "span 3 1 LOS on"]);
}

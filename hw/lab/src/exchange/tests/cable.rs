//! Two exchanges at the two ends of a serial line: one circuit, and signalling in what 115,200 bit/s
//! leave it.

use std::io;
use std::sync::{Arc, Mutex};

use serial::{Layout, Port, Span};

use super::*;
use crate::audio::Play;

/// Octets on their way to each end.
type Ways = Arc<Mutex<[VecDeque<u8>; 2]>>;

/// An end of a line that loses nothing.
struct Wire {
    ways: Ways,
    end: usize,
}

impl Port for Wire {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        let way = &mut self.ways.lock().unwrap()[self.end];
        let count = way.len().min(octets.len());
        for (slot, octet) in octets.iter_mut().zip(way.drain(..count)) {
            *slot = octet;
        }
        Ok(count)
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<bool> {
        self.ways.lock().unwrap()[1 - self.end].extend(octets);
        Ok(true)
    }
}

fn exchange(codes: [&str; 2], subscribers: Vec<Subscriber>) -> Exchange {
    let code = |code: &str| {
        let written: mtp::WrittenPointCode = code.parse().unwrap();
        written.of(mtp::Standard::Itu).unwrap()
    };
    let [own, other] = codes.map(code);
    let mut config = ExchangeConfig::one_span(SPAN, own, other, "de", "49", subscribers).unwrap();
    let first = config.trunks[0];
    config.trunks.truncate(1);
    config.node.groups[0].circuits = vec![(first.circuit, first.cic)];
    Exchange::new(config).unwrap()
}

#[test]
fn a_call_and_its_signalling_over_a_serial_line() {
    #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
    let mut now = Instant::now();
    let echo = Behaviour::Echo {
        answer_after: Duration::from_secs(1),
    };
    let mut exchanges = [
        exchange(["2-10-5", "2-10-6"], Vec::new()),
        exchange(["2-10-6", "2-10-5"], vec![subscriber("+49305550001", echo)]),
    ];
    let layout = Layout::new(115_200, &[1], Some(16)).unwrap();
    let ways = Ways::default();
    let mut spans = [0, 1].map(|end| {
        let ways = Arc::clone(&ways);
        Span::new(SPAN, layout.clone(), Wire { ways, end })
    });
    let idle = SpanTick::idle(Law::ALaw);
    let mut ticks = [(idle.clone(), idle.clone()), (idle.clone(), idle)];
    for exchange in &mut exchanges {
        exchange.start(now);
    }
    let mut circuit = None;
    let (mut pattern, mut released) = (None, false);
    for tick in 0..6000 {
        now += tdm::TICK;
        for ((exchange, span), (rx, tx)) in exchanges.iter_mut().zip(&mut spans).zip(&mut ticks) {
            span.exchange(tx, rx).unwrap();
            while let Some(event) = span.poll_event() {
                exchange.handle_span_event(now, SPAN, event);
            }
            exchange.tick_line(now, span, rx, tx).unwrap();
        }
        let near = &mut exchanges[NEAR];
        match circuit {
            None if near.all_idle() => {
                let called = near.place_call(now, "+49405550100", "+49305550001");
                circuit = Some((called.unwrap(), tick));
            }
            // Answered after 1 s: a pattern there and back for 5 s.
            Some((circuit, placed)) if tick == placed + 200 => {
                near.play(circuit, Play::Pattern).unwrap();
            }
            Some((circuit, placed)) if tick == placed + 700 => {
                pattern = near.pattern(circuit);
                near.release(now, circuit, 16).unwrap();
                released = true;
            }
            _ => {}
        }
        if released && exchanges.iter().all(Exchange::all_idle) {
            break;
        }
    }
    assert!(released && exchanges.iter().all(Exchange::all_idle));
    let pattern = pattern.unwrap();
    assert!(
        pattern.octets > 30_000 && pattern.bit_errors == 0,
        "{pattern:?}"
    );
    for span in &spans {
        assert_eq!(span.counters().slips, 0);
    }
}

//! The buffer in virtual time: a tick of the line is 80 octets, a packet of the sender 160.

mod order;
mod random;
mod silence;
mod traces;

use std::time::Duration;

use tdm::Law;

use super::*;
use crate::command::JitterConfig;

const IDLE: u8 = 0xD5;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const fn fixed(depth: u64) -> JitterConfig {
    JitterConfig::Fixed { depth: ms(depth) }
}

const fn adaptive(initial: u64, min: u64, max: u64) -> JitterConfig {
    JitterConfig::Adaptive {
        initial: ms(initial),
        min: ms(min),
        max: ms(max),
    }
}

/// A sender, a network and a line.
struct Rig {
    buffer: Buffer,
    sequence: Sequence,
    first_sequence: u16,
    first_timestamp: u32,
    out: Vec<u8>,
}

impl Rig {
    fn new(config: JitterConfig) -> Self {
        Self {
            buffer: Buffer::new(
                config,
                Law::ALaw,
                matches!(config, JitterConfig::Adaptive { .. }),
            ),
            sequence: Sequence::new(),
            first_sequence: 65_530,
            first_timestamp: u32::MAX - 1_000,
            out: Vec::new(),
        }
    }

    /// Octets of packet `n`: none of them idle, each one telling its place.
    fn payload(n: usize) -> Vec<u8> {
        (n * 160..(n + 1) * 160).map(octet).collect()
    }

    fn arrive(&mut self, n: usize) -> (Order, Option<Arrival>) {
        self.arrive_at(n, n * 160)
    }

    fn arrive_at(&mut self, n: usize, position: usize) -> (Order, Option<Arrival>) {
        let order = self
            .sequence
            .update(self.first_sequence.wrapping_add(n as u16));
        if matches!(order, Order::Duplicate | Order::Doubtful) {
            return (order, None);
        }
        let timestamp = self.first_timestamp.wrapping_add(position as u32);
        (
            order,
            Some(self.buffer.push(order, timestamp, &Self::payload(n))),
        )
    }

    fn tick(&mut self) {
        let mut octets = [0; 80];
        self.buffer.pull(&mut octets);
        self.out.extend(octets);
    }

    /// Sends packet `n` every other tick.
    fn run(&mut self, packets: std::ops::Range<usize>) {
        for n in packets {
            self.arrive(n);
            self.tick();
            self.tick();
        }
    }
}

fn octet(n: usize) -> u8 {
    let n = (n as u64 ^ 0x5555).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let octet = ((n ^ n >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 56) as u8;
    if octet == IDLE { 0x2A } else { octet }
}

fn stream(octets: usize) -> Vec<u8> {
    (0..octets).map(octet).collect()
}

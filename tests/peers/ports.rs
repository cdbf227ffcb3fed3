//! UDP ports of 127.0.0.1 that nobody uses.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that the system hands out by itself (RFC 6335 §6 and Linux's own range).
const PORTS: std::ops::Range<u16> = 10_000..32_000;

/// The first of `count` free ports in a row, an even one. None is handed out twice by the same
/// process; other processes begin elsewhere.
pub(crate) fn free(count: u16) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % 170).unwrap_or(0) * 128;
    for _ in 0..200 {
        let step = NEXT.fetch_add(count.next_multiple_of(2), Ordering::Relaxed);
        let port = PORTS.start + begin.wrapping_add(step) % (PORTS.end - PORTS.start - count);
        let port = port.next_multiple_of(2);
        if (port..port + count).all(|port| UdpSocket::bind(("127.0.0.1", port)).is_ok()) {
            return port;
        }
    }
    panic!("no {count} free UDP ports in a row");
}

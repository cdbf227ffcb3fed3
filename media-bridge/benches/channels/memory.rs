//! Octets of a channel: those that this process has allocated for it, and the kernel's for its
//! sockets.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

use media_bridge::RtpPort;

use crate::bridges::{ALL, Bridges, ROWS};
use crate::peers::Peers;

/// Counts the octets that are allocated.
struct Counting;

static ALLOCATED: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Channels that are opened to see what they take.
const CHANNELS: usize = 960;

/// Memory of the kernel's objects, those of sockets among them, in octets.
fn slab() -> f64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find(|line| line.starts_with("Slab:")).unwrap();
    let kb = line.split_whitespace().nth(1).unwrap();
    kb.parse::<f64>().unwrap() * 1_024.0
}

pub(crate) fn print() {
    let mut peers = Peers::new(CHANNELS);
    println!();
    for row in [&ROWS[0], &ALL] {
        let before = (ALLOCATED.load(Ordering::Relaxed), slab());
        let mut bridges = Bridges::idle(CHANNELS);
        bridges.open(row, &peers);
        peers.aim_at(|n| bridges.rtp.local(RtpPort(n as u16)).unwrap());
        for tick in 0..40 {
            peers.send(tick, 0);
            bridges.tick();
            peers.read();
        }
        let each = |octets: f64| octets / CHANNELS as f64;
        println!(
            "Memory per channel in a call, {}: {:.0} octets, and {:.0} of the kernel for its sockets.",
            row.name,
            each((ALLOCATED.load(Ordering::Relaxed) - before.0) as f64),
            each(slab() - before.1)
        );
    }
}

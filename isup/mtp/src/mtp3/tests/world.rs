//! A network of signalling points for tests.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::ladder::Ladder;
use crate::line_model::{Arrival, Fault, Line, TICK, epoch};
use crate::{
    Activity, Config, LinkChange, LinkId, LinkRequest, LinkState, Mtp, NetworkIndicator, Output,
    PointCode, Sls, Standard, Status, Transfer,
};

pub(super) const A: usize = 0;
pub(super) const B: usize = 1;

pub(super) fn point(node: usize) -> PointCode {
    PointCode::itu(0x100 + node as u16)
}

pub(super) fn config(node: usize) -> Config {
    Config::new(Standard::Itu, NetworkIndicator::National, point(node))
}

/// Both directions between two links.
struct Cable {
    ends: [(usize, LinkId); 2],
    /// `lines[i]` leads from `ends[i]` to the other.
    lines: [Line; 2],
}

#[derive(Default)]
pub(super) struct Log {
    pub(super) transfers: Vec<Transfer>,
    pub(super) statuses: Vec<(Duration, Status)>,
    pub(super) changes: Vec<(Duration, LinkId, LinkChange)>,
}

pub(super) struct World {
    pub(super) nodes: Vec<Mtp>,
    pub(super) logs: Vec<Log>,
    pub(super) ladder: Ladder,
    cables: Vec<Cable>,
    start: Instant,
    pub(super) now: Instant,
}

impl World {
    /// Links of the same number at two nodes are joined; `cables` lists (node, node, link).
    pub(super) fn new(configs: Vec<Config>, cables: &[(usize, usize, u16)]) -> Self {
        let start = epoch();
        let nodes: Vec<Mtp> = configs.into_iter().map(|c| Mtp::new(c).unwrap()).collect();
        let cable = |&(a, b, link): &(usize, usize, u16)| {
            let line =
                |seed: u64| Line::new(seed * 1000 + u64::from(link) + 1, Duration::from_millis(4));
            let id = LinkId(link);
            Cable {
                ends: [(a, id), (b, id)],
                lines: [line(1), line(2)],
            }
        };
        let logs = nodes.iter().map(|_| Log::default()).collect();
        Self {
            logs,
            nodes,
            ladder: Ladder::new(["A", "B", "S", "T"]),
            cables: cables.iter().map(cable).collect(),
            start,
            now: start,
        }
    }

    /// Two neighbours joined by `links` links, numbered from 0.
    pub(super) fn pair(links: u16) -> Self {
        Self::pair_of(config(A), config(B), links)
    }

    pub(super) fn pair_of(a: Config, b: Config, links: u16) -> Self {
        let ids: Vec<LinkId> = (0..links).map(LinkId).collect();
        let cables: Vec<_> = (0..links).map(|link| (A, B, link)).collect();
        let (to_b, to_a) = (b.point_code, a.point_code);
        Self::new(
            vec![a.with_linkset(to_b, &ids), b.with_linkset(to_a, &ids)],
            &cables,
        )
    }

    pub(super) fn start(&mut self) {
        for node in 0..self.nodes.len() {
            self.nodes[node].start(self.now);
            self.drain(node);
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    pub(super) fn fault(&mut self, link: u16, fault: Fault) {
        for cable in &mut self.cables {
            if cable.ends[0].1 == LinkId(link) {
                for line in &mut cable.lines {
                    line.set_fault(self.now, fault);
                }
            }
        }
    }

    pub(super) fn fault_all(&mut self, fault: Fault) {
        for line in self.cables.iter_mut().flat_map(|cable| &mut cable.lines) {
            line.set_fault(self.now, fault);
        }
    }

    pub(super) fn longest_queue(&self) -> usize {
        let lines = self.cables.iter().flat_map(|cable| &cable.lines);
        lines.map(|line| line.longest_queue).max().unwrap_or(0)
    }

    pub(super) fn drain(&mut self, node: usize) {
        let at = self.elapsed();
        while let Some(output) = self.nodes[node].poll_output() {
            self.ladder.level3(at, node, &output);
            match output {
                Output::SignalUnit(link, unit) => {
                    for cable in &mut self.cables {
                        for (end, line) in cable.ends.iter().zip(&mut cable.lines) {
                            if *end == (node, link) {
                                line.send(unit.clone());
                            }
                        }
                    }
                }
                Output::Transfer(transfer) => self.logs[node].transfers.push(transfer),
                Output::Status(status) => self.logs[node].statuses.push((at, status)),
                Output::Link(link, change) => self.logs[node].changes.push((at, link, change)),
            }
        }
    }

    pub(super) fn tick(&mut self) {
        self.now += TICK;
        for node in 0..self.nodes.len() {
            if self.nodes[node]
                .poll_timeout()
                .is_some_and(|until| until <= self.now)
            {
                self.nodes[node].handle_timeout(self.now);
                self.drain(node);
            }
        }
        for cable in 0..self.cables.len() {
            for direction in 0..2 {
                let (node, link) = self.cables[cable].ends[1 - direction];
                self.cables[cable].lines[direction].tick(self.now);
                while let Some(arrival) = self.cables[cable].lines[direction].arrival(self.now) {
                    match arrival {
                        Arrival::Unit(unit) => {
                            self.nodes[node].handle_signal_unit(self.now, link, &unit);
                        }
                        Arrival::Line(event) => {
                            self.nodes[node].handle_line(self.now, link, event);
                        }
                    }
                    self.drain(node);
                }
            }
        }
    }

    pub(super) fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.tick();
        }
    }

    pub(super) fn seconds(&mut self, seconds: u64) {
        self.run(Duration::from_secs(seconds));
    }

    /// Runs until `done`; fails after `limit` seconds.
    #[track_caller]
    pub(super) fn until(&mut self, limit: u64, what: &str, done: impl Fn(&Self) -> bool) {
        let end = self.now + Duration::from_secs(limit);
        while !done(self) {
            if self.now >= end {
                for node in 0..self.nodes.len() {
                    for link in self.nodes[node].links().collect::<Vec<_>>() {
                        println!("{node} {link}: {}", self.state(node, link.0));
                    }
                    println!("{node} {:?}", self.logs[node].statuses);
                }
                panic!("not within {limit} s: {what}");
            }
            self.tick();
        }
    }

    pub(super) fn state(&self, node: usize, link: u16) -> LinkState {
        self.nodes[node].link_state(LinkId(link)).unwrap()
    }

    pub(super) fn active(&self, node: usize, link: u16) -> bool {
        self.state(node, link).activity == Activity::Active
    }

    pub(super) fn all_active(&self) -> bool {
        self.nodes.iter().all(|node| {
            node.links()
                .all(|link| node.link_state(link).unwrap().activity == Activity::Active)
        })
    }

    pub(super) fn accessible(&self, from: usize, to: usize) -> bool {
        self.nodes[from].accessible(point(to))
    }

    /// Brings everything up.
    #[track_caller]
    pub(super) fn bring_up(&mut self) {
        self.start();
        self.until(30, "all links active", Self::all_active);
        // Transfer points that wait for each other's word restart for T18.
        self.until(25, "everything accessible", |world| {
            world.accessible(A, B) && world.accessible(B, A)
        });
    }

    /// Sends a message with a number in it; its SLS follows from the number.
    pub(super) fn send(&mut self, from: usize, to: usize, number: u32) -> bool {
        let taken = self.nodes[from]
            .transfer(self.now, message(from, to, number))
            .is_ok();
        self.drain(from);
        taken
    }

    /// Checks that messages `0..count` arrived at `node`, each once, in sequence for every SLS.
    #[track_caller]
    pub(super) fn assert_complete(&self, node: usize, count: u32) {
        let missing = self.missing(node, count);
        assert!(missing.is_empty(), "missing: {missing:?}");
    }

    /// Which of the messages `0..count` did not arrive at `node`. Checks that none arrived twice
    /// or out of sequence for its SLS.
    #[track_caller]
    pub(super) fn missing(&self, node: usize, count: u32) -> Vec<u32> {
        let mut last = [None; 256];
        let mut missing = vec![true; count as usize];
        for transfer in &self.logs[node].transfers {
            let number = u32::from_be_bytes(transfer.sif[..4].try_into().unwrap());
            missing[number as usize] = false;
            let last = &mut last[usize::from(transfer.sls.0)];
            assert!(
                last.is_none_or(|last| last < number),
                "{number} after {last:?}"
            );
            *last = Some(number);
        }
        (0..count)
            .filter(|&number| missing[number as usize])
            .collect()
    }

    /// Messages that a node told to have given up.
    pub(super) fn discarded(&self, node: usize) -> usize {
        let told = self.logs[node].changes.iter().map(|(_, _, change)| change);
        let level3: usize = told
            .map(|change| match change {
                LinkChange::Discarded(count) => *count,
                _ => 0,
            })
            .sum();
        let links = self.nodes[node].links();
        let level2: u64 = links
            .map(|link| self.state(node, link.0).counters.messages_discarded)
            .sum();
        level3 + level2 as usize
    }

    /// What `node` sends on a link vanishes, and no layer 1 alarm tells.
    pub(super) fn mute(&mut self, node: usize, link: u16, on: bool) {
        for cable in &mut self.cables {
            for (end, line) in cable.ends.iter().zip(&mut cable.lines) {
                if *end == (node, LinkId(link)) {
                    line.fault = if on { Fault::Cut } else { Fault::None };
                }
            }
        }
    }

    pub(super) fn request(&mut self, node: usize, link: u16, request: LinkRequest) {
        self.nodes[node]
            .request(self.now, LinkId(link), request)
            .unwrap();
        self.drain(node);
    }
}

pub(super) fn message(from: usize, to: usize, number: u32) -> Transfer {
    let mut sif = number.to_be_bytes().to_vec();
    sif.resize(4 + (number as usize * 7) % 60, number as u8);
    Transfer {
        si: 5,
        opc: point(from),
        dpc: point(to),
        sls: Sls((number % 16) as u8),
        sif: Bytes::from(sif),
    }
}

//! A datagram network in virtual time: delay, jitter, loss, reordering and duplication from a
//! seed, so that the same run loses the same packets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

/// What the network does to datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkConfig {
    /// Time that every datagram takes.
    pub delay: Duration,
    /// Up to this much more, evenly spread. Alone it keeps the order of each pair of addresses.
    pub jitter: Duration,
    /// Datagrams lost, in thousandths.
    pub loss: u16,
    /// Datagrams that are overtaken, in thousandths: they take `delay + jitter` longer.
    pub reorder: u16,
    /// Datagrams that arrive twice, in thousandths.
    pub duplication: u16,
    /// The same seed and the same datagrams give the same fate.
    pub seed: u64,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(1),
            jitter: Duration::ZERO,
            loss: 0,
            reorder: 0,
            duplication: 0,
            seed: 1,
        }
    }
}

/// A datagram on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The sender.
    pub from: SocketAddr,
    /// The receiver.
    pub to: SocketAddr,
    /// The content.
    pub octets: Bytes,
}

/// How many datagrams met which fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NetworkStatistics {
    /// Put in.
    pub sent: u64,
    /// Taken out.
    pub delivered: u64,
    /// Lost.
    pub lost: u64,
    /// Held back so that others overtake.
    pub reordered: u64,
    /// Sent twice.
    pub duplicated: u64,
}

/// A datagram network in virtual time.
#[derive(Debug, Clone)]
pub struct Network {
    config: NetworkConfig,
    random: u64,
    flying: BTreeMap<(Instant, u64), Datagram>,
    serial: u64,
    /// Latest arrival of each pair of addresses that has to keep its order.
    latest: BTreeMap<(SocketAddr, SocketAddr), Instant>,
    statistics: NetworkStatistics,
}

impl Network {
    /// An empty network.
    #[must_use]
    pub fn new(config: NetworkConfig) -> Self {
        Self {
            config,
            random: config.seed,
            flying: BTreeMap::new(),
            serial: 0,
            latest: BTreeMap::new(),
            statistics: NetworkStatistics::default(),
        }
    }

    /// Changes what happens to datagrams from now on; the seed goes on where it was.
    pub fn configure(&mut self, config: NetworkConfig) {
        self.config = config;
    }

    /// Puts a datagram in.
    pub fn send(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, octets: Bytes) {
        self.statistics.sent += 1;
        if self.chance(self.config.loss) {
            self.statistics.lost += 1;
            return;
        }
        let datagram = Datagram { from, to, octets };
        if self.chance(self.config.duplication) {
            self.statistics.duplicated += 1;
            self.fly(now, datagram.clone());
        }
        self.fly(now, datagram);
    }

    fn fly(&mut self, now: Instant, datagram: Datagram) {
        let NetworkConfig { delay, jitter, .. } = self.config;
        let spread = u64::try_from(jitter.as_nanos()).unwrap_or(u64::MAX);
        let extra = match spread {
            0 => 0,
            spread => self.next() % spread,
        };
        let mut at = now + delay + Duration::from_nanos(extra);
        if self.chance(self.config.reorder) {
            self.statistics.reordered += 1;
            at += delay + jitter;
        } else {
            let latest = self
                .latest
                .entry((datagram.from, datagram.to))
                .or_insert(at);
            at = at.max(*latest);
            *latest = at;
        }
        self.serial += 1;
        self.flying.insert((at, self.serial), datagram);
    }

    /// The next datagram that has arrived.
    pub fn receive(&mut self, now: Instant) -> Option<Datagram> {
        let entry = self.flying.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        self.statistics.delivered += 1;
        Some(entry.remove())
    }

    /// When the next datagram arrives.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.flying.keys().next().map(|(at, _)| *at)
    }

    /// What happened so far.
    #[must_use]
    pub fn statistics(&self) -> NetworkStatistics {
        self.statistics
    }

    fn chance(&mut self, thousandths: u16) -> bool {
        thousandths > 0 && self.next() % 1000 < u64::from(thousandths)
    }

    /// splitmix64.
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.random;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Instant {
        #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
        Instant::now()
    }

    fn run(config: NetworkConfig) -> (Vec<u32>, NetworkStatistics) {
        let (mut network, base) = (Network::new(config), base());
        let [a, b]: [SocketAddr; 2] =
            ["127.0.0.1:1", "127.0.0.1:2"].map(|address| address.parse().unwrap());
        let mut arrived = Vec::new();
        for number in 0..1000_u32 {
            let now = base + Duration::from_millis(u64::from(number) * 20);
            network.send(now, a, b, number.to_be_bytes().to_vec().into());
        }
        while let Some(at) = network.poll_timeout() {
            while let Some(datagram) = network.receive(at) {
                assert_eq!((datagram.from, datagram.to), (a, b));
                arrived.push(u32::from_be_bytes(datagram.octets[..].try_into().unwrap()));
            }
        }
        (arrived, network.statistics())
    }

    #[test]
    fn a_good_network_delivers_all_in_order_after_the_delay() {
        let config = NetworkConfig {
            jitter: Duration::from_millis(50),
            ..NetworkConfig::default()
        };
        let (arrived, statistics) = run(config);
        assert_eq!(arrived, (0..1000).collect::<Vec<_>>());
        assert_eq!((statistics.sent, statistics.delivered), (1000, 1000));
    }

    #[test]
    fn a_bad_network_is_bad_as_configured_and_the_same_for_the_same_seed() {
        let config = NetworkConfig {
            delay: Duration::from_millis(30),
            loss: 100,
            reorder: 50,
            duplication: 50,
            ..NetworkConfig::default()
        };
        let (arrived, statistics) = run(config);
        assert_eq!(arrived, run(config).0);
        assert!((70..130).contains(&statistics.lost), "{statistics:?}");
        assert!((25..75).contains(&statistics.duplicated), "{statistics:?}");
        let late = arrived.windows(2).filter(|pair| pair[0] > pair[1]).count();
        assert!(late > 20, "only {late} overtaken");
        assert_ne!(arrived, run(NetworkConfig { seed: 2, ..config }).0);
    }
}

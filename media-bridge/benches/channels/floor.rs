//! The floor: the same sockets, `recv` and `send` for the same packets in the same ticks, and
//! nothing else.

use std::net::{SocketAddr, UdpSocket};

use media_bridge::RtpPort;

use crate::peers::{PACKET, Peers, socket};
use crate::{TICKS, WARM_UP, cpu_ns};

pub(crate) const NAME: &str = "the bare `recv` and `send` of the same sockets";

/// CPU time in nanoseconds.
pub(crate) fn run(peers: &mut Peers) -> u64 {
    let pool = Peers::pool(peers.count());
    let ports: Vec<SocketAddr> = (0..peers.count())
        .map(|n| pool.local(RtpPort(n as u16)).unwrap())
        .collect();
    drop(pool);
    let sockets: Vec<UdpSocket> = ports
        .iter()
        .enumerate()
        .map(|(n, port)| {
            let socket = socket(*port);
            socket.connect(peers.address(n)).unwrap();
            socket
        })
        .collect();
    peers.aim_at(|n| ports[n]);
    let mut spent = 0;
    let mut octets = [0; 2_048];
    for tick in 0..WARM_UP + TICKS {
        peers.send(tick, 0);
        let before = cpu_ns();
        for (n, socket) in sockets.iter().enumerate() {
            // Half of the packets come in each tick; what has come since is sent in every second.
            if Peers::sends_in(n, tick) {
                assert_eq!(socket.recv(&mut octets).unwrap(), PACKET);
            }
            if tick % 2 == 1 {
                socket.send(&octets[..PACKET]).unwrap();
            }
        }
        if tick >= WARM_UP {
            spent += cpu_ns() - before;
        }
        peers.read();
    }
    spent
}

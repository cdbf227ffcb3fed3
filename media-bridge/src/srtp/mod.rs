//! SRTP and SRTCP (RFC 3711, RFC 6188): AES in counter mode, HMAC-SHA1, one master key each way.
//!
//! [`Srtp`] is both ways of one stream: [`Sender`] protects into a buffer, [`Receiver`] unprotects
//! in place. Nothing allocates after they are made. Every packet received is looked up in a replay
//! window and authenticated before anything of it is believed; the roll-over counter follows from
//! sequence numbers, for each source by itself, from 0 (RFC 4568 §6.4).
//!
//! ```
//! use media_bridge::srtp::{MasterKey, Receiver, Sender, Suite, TRAILER};
//!
//! let key = MasterKey::new(Suite::AesCm128HmacSha1_80, &[7; 30]).expect("16 octets and 14 of salt");
//! let packet = [0x80, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0x55, 0x55];
//! let mut buffer = [0; 14 + TRAILER];
//! let protected = Sender::new(&key).protect(&packet, &mut buffer).expect("room for it");
//! let mut buffer = protected.to_vec();
//! let length = Receiver::new(&key).unprotect(&mut buffer).expect("authentic");
//! assert_eq!(buffer[..length], packet);
//! ```

mod key;
mod receiver;
mod sender;
mod session;
mod window;

pub use key::{MasterKey, Mki, SALT_OCTETS, Suite};
pub use receiver::{Failure, Receiver};
pub use sender::Sender;

/// Octets that protection adds to a packet at most: the index of SRTCP and a tag of 80 bits.
pub const TRAILER: usize = 4 + 10;

/// Packets that a master key protects at most: 2^48 of SRTP (RFC 3711 §9.2).
pub const MOST_PACKETS: u64 = 1 << 48;

/// Both ways of a stream.
#[derive(Debug, Clone)]
pub struct Srtp {
    /// What we send, by our key.
    pub sender: Sender,
    /// What we receive, by the peer's.
    pub receiver: Receiver,
}

impl Srtp {
    /// Protection by our key and the peer's; `lifetime` and `mki` are the peer's, as its
    /// description says them (RFC 4568 §6.1).
    #[must_use]
    pub fn new(ours: &MasterKey, peers: &MasterKey, lifetime: u64, mki: Option<Mki>) -> Self {
        Self {
            sender: Sender::new(ours),
            receiver: Receiver::new(peers).with_policy(lifetime, mki),
        }
    }

    /// Goes on where the one it replaces stopped. With the same key all of its state stays: to
    /// begin anew would use the key stream twice, and take replayed packets. Under a new key the
    /// roll-over counters go on (RFC 3711 §3.3.1), the peer's only as a guess, for RFC 4568
    /// §7.1.4 has cases in which they begin at 0.
    pub fn go_on_from(&mut self, old: &Self) {
        self.sender.go_on_from(&old.sender);
        self.receiver.go_on_from(&old.receiver);
    }
}

#[cfg(test)]
mod tests;

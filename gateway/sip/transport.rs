//! Transports, listeners and flows (RFC 3261 §18).

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The transport of a [`Flow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// One message a datagram; the endpoint retransmits.
    Udp,
    /// A stream; the network retransmits.
    Tcp,
    /// TLS over TCP.
    Tls,
}

impl Transport {
    /// Every transport, the one preferred where nothing decides first.
    pub const ALL: [Self; 3] = [Self::Udp, Self::Tcp, Self::Tls];

    /// Whether messages travel in connections.
    #[must_use]
    pub fn is_stream(self) -> bool {
        self != Self::Udp
    }

    /// The port of a URI or Via without one (RFC 3261 §18.2.2, §19.1.2).
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
        }
    }

    /// The transport as it stands in Via.
    #[must_use]
    pub fn token(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// Its name in a configuration and in the `transport` parameter of a URI.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// The transport of this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|transport| transport.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An address that we are heard at: `udp:192.0.2.1:5060`, `tls:[2001:db8::1]:5061`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listener {
    /// The transport.
    pub transport: Transport,
    /// Address and port; they stand in Via and Contact.
    pub address: SocketAddr,
}

impl Listener {
    /// A listener.
    #[must_use]
    pub fn new(transport: Transport, address: SocketAddr) -> Self {
        Self { transport, address }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.address)
    }
}

/// Text that names no listener.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no address that SIP can be heard at: `{0}`, expected an IP address and port, as \"192.0.2.1:5060\" or \"[2001:db8::1]:5060\"; \"udp:\", \"tcp:\" or \"tls:\" may stand before it"
)]
pub struct NoListener(pub String);

impl FromStr for Listener {
    type Err = NoListener;

    fn from_str(text: &str) -> Result<Self, NoListener> {
        let wrong = || NoListener(text.to_owned());
        let (transport, address) = text.split_once(':').ok_or_else(wrong)?;
        Ok(Self {
            transport: Transport::named(transport).ok_or_else(wrong)?,
            address: address.parse().map_err(|_| wrong())?,
        })
    }
}

impl FromStr for Hop {
    type Err = NoListener;

    /// As a listener; without a transport it is UDP.
    fn from_str(text: &str) -> Result<Self, NoListener> {
        if let Ok(address) = text.parse() {
            return Ok(Self::new(Transport::Udp, address));
        }
        let Listener { transport, address } = text.parse()?;
        Ok(Self::new(transport, address))
    }
}

/// Where a request goes next: a transport and the address it is spoken at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Hop {
    /// The transport.
    pub transport: Transport,
    /// Address and port.
    pub address: SocketAddr,
}

impl Hop {
    /// A hop.
    #[must_use]
    pub fn new(transport: Transport, address: SocketAddr) -> Self {
        Self { transport, address }
    }
}

impl From<SocketAddr> for Hop {
    /// By UDP.
    fn from(address: SocketAddr) -> Self {
        Self::new(Transport::Udp, address)
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.address)
    }
}

/// Which way a message came or goes. A connection is known by its transport and the peer's
/// address and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Flow {
    /// The transport.
    pub transport: Transport,
    /// Our address and port: those of the listener, also where a connection of ours leaves from
    /// another port.
    pub local: SocketAddr,
    /// The peer's address and port.
    pub remote: SocketAddr,
}

impl Flow {
    /// A flow.
    #[must_use]
    pub fn new(transport: Transport, local: SocketAddr, remote: SocketAddr) -> Self {
        Self {
            transport,
            local,
            remote,
        }
    }

    /// A UDP flow.
    #[must_use]
    pub fn udp(local: SocketAddr, remote: SocketAddr) -> Self {
        Self::new(Transport::Udp, local, remote)
    }

    /// The far end of it.
    #[must_use]
    pub fn hop(self) -> Hop {
        Hop::new(self.transport, self.remote)
    }
}

/// What the certificate of a TLS peer says: the names of the configuration that it is right for.
/// `None` when there is no certificate of an authority that we believe.
pub type Identity = Option<Vec<String>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_read_as_it_is_written() {
        for text in [
            "udp:192.0.2.1:5060",
            "tcp:[2001:db8::1]:5060",
            "tls:127.0.0.1:5061",
        ] {
            assert_eq!(text.parse::<Listener>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "udp",
            "udp:",
            "sctp:192.0.2.1:5060",
            "192.0.2.1:5060",
            "udp:name:5060",
        ] {
            assert_eq!(text.parse::<Listener>(), Err(NoListener(text.to_owned())));
        }
    }
}

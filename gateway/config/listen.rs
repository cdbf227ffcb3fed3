//! `listen` of `[sip]`: where SIP is heard.

use std::net::SocketAddr;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

use crate::sip::{Listener, Transport};

/// Where SIP is heard. In a file it is one text or a list of them: `"192.0.2.1:5060"` for UDP and
/// TCP (RFC 3261 section 18.2.1 wants both), or with the transport before it,
/// `"tls:192.0.2.1:5061"`. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen(Vec<Listener>);

impl Listen {
    /// UDP and TCP at one address.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self(vec![
            Listener::new(Transport::Udp, address),
            Listener::new(Transport::Tcp, address),
        ])
    }

    /// The listeners in the order of the file.
    #[must_use]
    pub fn listeners(&self) -> &[Listener] {
        &self.0
    }

    /// The first address: it stands in the URIs that we write for ourselves.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        let first = self.0.first().map(|listener| listener.address);
        first.unwrap_or_else(|| ([127, 0, 0, 1], 5060).into())
    }

    /// Whether there is a listener of this transport, and of the family of `address` when given.
    #[must_use]
    pub fn has(&self, transport: Transport, address: Option<SocketAddr>) -> bool {
        self.0.iter().any(|listener| {
            listener.transport == transport
                && address.is_none_or(|address| address.is_ipv4() == listener.address.is_ipv4())
        })
    }

    /// Adds what one text names; several may be joined by commas, for the environment.
    fn add<E: Error>(&mut self, text: &str) -> Result<(), E> {
        for text in text.split(',').map(str::trim) {
            if let Ok(address) = text.parse::<SocketAddr>() {
                self.0.extend(Self::at(address).0);
            } else {
                self.0.push(text.parse().map_err(E::custom)?);
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = Listen;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an address with a port, or a list of them")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Listen, E> {
                let mut listen = Listen(Vec::new());
                listen.add(text)?;
                Ok(listen)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Listen, A::Error> {
                let mut listen = Listen(Vec::new());
                while let Some(text) = texts.next_element::<String>()? {
                    listen.add(&text)?;
                }
                if listen.0.is_empty() {
                    return Err(A::Error::custom(
                        "no address that SIP is heard at, expected at least one",
                    ));
                }
                Ok(listen)
            }
        }

        from.deserialize_any(Texts)
    }
}

//! What the timeslots of a span are for.

use std::fmt;

use tdm::{Law, SpanId, Timeslot};

/// A span as a configuration wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanConfig {
    /// What the gateway calls it.
    pub id: SpanId,
    /// The driver's number of the span, 1 and up: `/proc/dahdi/1`.
    pub number: u16,
    /// The timeslots to be opened; the others are left to other programs.
    pub timeslots: Vec<(Timeslot, Purpose)>,
    /// Ticks that the driver holds for a caller that is late, 2 to 32; it has as many for sending.
    pub buffers: u8,
    /// Ticks kept queued for sending, 2 to `buffers`: the line gets real octets while the caller is
    /// late by less than this, and they are as much older.
    pub queued: u8,
}

impl SpanConfig {
    /// Room for a caller that is late, unless configured: 160 ms.
    pub const BUFFERS: u8 = 16;
    /// Ticks queued for sending, unless configured. With two, the second of them is the one that the
    /// driver is at while the caller works.
    pub const QUEUED: u8 = 3;
    /// The most that the driver takes (`DAHDI_MAX_NUM_BUFS`).
    pub const MOST_BUFFERS: u8 = 32;
}

/// What one timeslot is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Purpose {
    /// Calls.
    Circuit(Circuit),
    /// A signalling link; `None` takes the mode that the channel is configured for.
    Link(Option<LinkMode>),
}

/// A timeslot for calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Circuit {
    /// Companding.
    pub law: Law,
    /// Gain on what arrives, in dB; 0 leaves every octet as it is.
    pub receive_gain: f32,
    /// Gain on what is sent, in dB.
    pub transmit_gain: f32,
    /// Echo canceller while the timeslot carries speech.
    pub echo_canceller: Option<EchoCanceller>,
}

impl Circuit {
    /// Octets cross as they are: no gain, no echo canceller.
    pub const fn new(law: Law) -> Self {
        Self {
            law,
            receive_gain: 0.0,
            transmit_gain: 0.0,
            echo_canceller: None,
        }
    }
}

/// The driver's echo canceller, of the kind that `echocanceller=` of `system.conf` attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EchoCanceller {
    /// The longest echo that it removes.
    pub taps: Taps,
}

/// Length of an echo canceller in samples of 125 microseconds: one of those the driver takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taps(u16);

impl Taps {
    /// What the driver takes; others it would silently replace by its default.
    pub const ALL: [u16; 6] = [32, 64, 128, 256, 512, 1024];

    /// So many samples, 8 a millisecond; `None` for a number that the driver does not take.
    pub fn new(samples: u16) -> Option<Self> {
        Self::ALL.contains(&samples).then_some(Self(samples))
    }

    /// Samples.
    pub const fn samples(self) -> u16 {
        self.0
    }
}

/// Who does the HDLC of a signalling link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkMode {
    /// We do, on the octets of the timeslot. The channel is `bchan` or `clear`.
    Raw,
    /// The driver frames and checks; every signal unit crosses. The channel is `dchan` or `fcshdlc`.
    Hdlc,
    /// The driver also repeats the last signal unit sent and filters repeated ones received. The
    /// channel is `mtp2`.
    Mtp2,
}

impl LinkMode {
    /// The keyword of `system.conf` that makes a channel fit.
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Raw => "bchan",
            Self::Hdlc => "dchan",
            Self::Mtp2 => "mtp2",
        }
    }
}

impl fmt::Display for LinkMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "raw",
            Self::Hdlc => "hdlc",
            Self::Mtp2 => "mtp2",
        })
    }
}

//! The media bridge: RTP on one side, timeslots on the other.
//!
//! [`Shard`] is the engine of one media thread. The line drives it in ticks of 10 ms
//! ([`tdm::TICK`]): octets received on a span's timeslots go in, octets to send on them come
//! out, and RTP packets pass through an [`RtpIo`]. Call control reaches it by [`Command`] and
//! hears from it by [`Event`]; in steady state a tick neither allocates nor locks nor logs.
//!
//! The parts work alone too, on samples and octets and without a clock: [`dtmf`] (Q.23, Q.24),
//! [`tone`] (E.180), [`continuity`] (Q.724), [`modem`] (V.25, V.8, T.30), [`event`] (RFC 4733),
//! [`jitter`], [`conceal`], [`rtp`] (RFC 3550), [`srtp`] (RFC 3711), [`prbs`] (O.150) and [`level`] (dBm0 on the scale
//! of G.711); [`noise`] and [`voice`] make signals to test them with.

pub mod comfort;
pub mod command;
pub mod conceal;
pub mod continuity;
mod correlate;
pub mod dtmf;
pub mod echo;
pub mod event;
pub mod io;
pub mod jitter;
pub mod level;
pub mod modem;
pub mod noise;
pub mod prbs;
pub mod realtime;
pub mod redundancy;
pub mod rtcp;
pub mod rtp;
mod shard;
pub mod srtp;
pub mod statistics;
pub mod tone;
pub mod udp;
mod vector;
pub mod voice;

pub use command::{
    BridgeId, Codec, Command, DigitTones, DtmfDetection, Event, JitterConfig, OneWay, Open, Path,
    Redundancy, Refusal, Rtcp, Rtp, RtpPort, Side, Spent,
};
pub use dtmf::Digit;
pub use io::{Datagram, Flow, NullRtp, Pace, QueueRtp, RtpIo, Sink};
pub use shard::{Shard, ShardConfig};
pub use statistics::{ShardStatistics, Statistics};
pub use udp::{BindError, UdpRtp};

/// Samples (and G.711 octets) per second on either side.
pub const SAMPLE_RATE: u32 = 8_000;

/// Samples in one millisecond.
pub const SAMPLES_PER_MS: u32 = SAMPLE_RATE / 1_000;

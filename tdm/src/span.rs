//! A span as the rest of the gateway sees it.

use std::{fmt, io};

use serde::{Deserialize, Serialize};

use crate::{
    Law, TICK_OCTETS, TIMESLOTS,
    hdlc::{InvalidLength, Received},
};

/// A span (one E1 or T1 line) of this node.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SpanId(pub u16);

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "span {}", self.0)
    }
}

/// The kind of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// 2,048 kbit/s: 31 timeslots and timeslot 0, which carries frame alignment (G.704 §2.3).
    #[default]
    E1,
    /// 1,544 kbit/s: 24 timeslots and a bit for frame alignment (G.704 §2.1).
    T1,
}

impl Framing {
    /// How many timeslots carry calls or signalling: they are numbered from 1.
    pub const fn timeslots(self) -> u8 {
        match self {
            Self::E1 => 31,
            Self::T1 => 24,
        }
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::E1 => "E1",
            Self::T1 => "T1",
        })
    }
}

/// A timeslot of a span: 0..=31. Timeslot 0 of an E1 carries frame alignment (G.704 §2.3.2).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u8", into = "u8")]
pub struct Timeslot(u8);

impl Timeslot {
    /// The timeslot with this number; `None` above 31.
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < TIMESLOTS {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Index into [`SpanTick`], always below [`TIMESLOTS`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The number as written in configurations and on cards.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Timeslot {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::new(number).ok_or_else(|| {
            format!(
                "timeslot {number}: a span has timeslots 0 to {}",
                TIMESLOTS - 1
            )
        })
    }
}

impl From<Timeslot> for u8 {
    fn from(timeslot: Timeslot) -> Self {
        timeslot.0
    }
}

impl fmt::Display for Timeslot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timeslot {}", self.0)
    }
}

/// One tick of every timeslot: 32 rows of 80 octets, oldest octet first.
#[derive(Clone, PartialEq, Eq)]
pub struct SpanTick(pub [[u8; TICK_OCTETS]; TIMESLOTS]);

impl SpanTick {
    /// Every timeslot filled with the idle octet of `law`.
    pub const fn idle(law: Law) -> Self {
        Self([[law.idle(); TICK_OCTETS]; TIMESLOTS])
    }

    /// The 80 octets of one timeslot.
    #[expect(
        clippy::indexing_slicing,
        reason = "a Timeslot is below TIMESLOTS by construction"
    )]
    pub const fn timeslot(&self, timeslot: Timeslot) -> &[u8; TICK_OCTETS] {
        &self.0[timeslot.index()]
    }

    /// The 80 octets of one timeslot, to be filled.
    #[expect(
        clippy::indexing_slicing,
        reason = "a Timeslot is below TIMESLOTS by construction"
    )]
    pub const fn timeslot_mut(&mut self, timeslot: Timeslot) -> &mut [u8; TICK_OCTETS] {
        &mut self.0[timeslot.index()]
    }

    /// Fills every timeslot with one octet.
    pub fn fill(&mut self, octet: u8) {
        self.0.as_flattened_mut().fill(octet);
    }
}

impl fmt::Debug for SpanTick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(
                self.0
                    .iter()
                    .enumerate()
                    .map(|(number, octets)| (number, octets.first())),
            )
            .finish()
    }
}

/// An alarm of a span as its receiver sees it (G.706, G.775).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alarm {
    /// Loss of signal: nothing arrives (G.775).
    Los,
    /// Loss of frame alignment (G.706 §4.1.1).
    Lof,
    /// Alarm indication signal: all ones arrive (G.775 §5).
    Ais,
    /// Remote alarm indication: the far end sees one of the others (G.704, bit A of timeslot 0).
    Rai,
}

impl Alarm {
    /// All alarms, most severe first.
    pub const ALL: [Self; 4] = [Self::Los, Self::Ais, Self::Lof, Self::Rai];

    /// Whether the octets that arrive mean nothing while it stands: all but RAI, which says that the
    /// far end does not hear us.
    pub const fn is_receive_failure(self) -> bool {
        !matches!(self, Self::Rai)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Los => "LOS",
            Self::Lof => "LOF",
            Self::Ais => "AIS",
            Self::Rai => "RAI",
        })
    }
}

/// The alarms that stand on a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlarmSet(u8);

impl AlarmSet {
    /// Whether `alarm` stands.
    pub const fn contains(self, alarm: Alarm) -> bool {
        self.0 & alarm.bit() != 0
    }

    /// Whether none stands: the span can carry calls.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Notes that an alarm came or went; says whether that was news.
    pub const fn set(&mut self, alarm: Alarm, on: bool) -> bool {
        let before = self.0;
        if on {
            self.0 |= alarm.bit();
        } else {
            self.0 &= !alarm.bit();
        }
        self.0 != before
    }

    /// Follows a [`SpanEvent`]; says whether an alarm came or went by it.
    pub const fn follow(&mut self, event: SpanEvent) -> bool {
        match event {
            SpanEvent::Alarm { alarm, on } => self.set(alarm, on),
            SpanEvent::Slip { .. } => false,
        }
    }

    /// The alarms that stand, most severe first.
    pub fn iter(self) -> impl Iterator<Item = Alarm> {
        Alarm::ALL
            .into_iter()
            .filter(move |&alarm| self.contains(alarm))
    }
}

/// What a span reports beside its octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpanEvent {
    /// An alarm came or went.
    Alarm {
        /// Which.
        alarm: Alarm,
        /// Whether it came.
        on: bool,
    },
    /// The octets that arrive jumped, in every timeslot alike (G.822).
    Slip {
        /// Octets per timeslot: positive were inserted or repeated, negative were lost.
        octets: i32,
    },
}

impl fmt::Display for SpanEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alarm { alarm, on: true } => write!(f, "{alarm} on"),
            Self::Alarm { alarm, on: false } => write!(f, "{alarm} off"),
            Self::Slip { octets } => write!(f, "slip of {octets:+} octets"),
        }
    }
}

/// What a span counted since it was opened. Counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SpanCounters {
    /// Ticks exchanged.
    pub ticks: u64,
    /// Exchanges that were done one tick or more after they were due; no octet was lost by that.
    pub late_ticks: u64,
    /// Slips, each of any number of octets.
    pub slips: u64,
    /// Octets per timeslot that came from the line, or should have, and were never handed out.
    pub octets_lost: u64,
    /// Octets per timeslot handed out that did not come from the line: repeated or inserted by a slip.
    pub octets_inserted: u64,
    /// Times that the device had no room for what arrived, because it was not fetched in time.
    pub overruns: u64,
    /// Times that the device had nothing to send, and sent idle octets of its own.
    pub underruns: u64,
    /// Frame alignment signals that arrived with an error while in alignment (G.706).
    pub framing_errors: u64,
    /// Times that loss of signal was raised.
    pub los: u64,
    /// Times that loss of frame alignment was raised.
    pub lof: u64,
    /// Times that the alarm indication signal was raised.
    pub ais: u64,
    /// Times that the remote alarm indication was raised.
    pub rai: u64,
}

impl SpanCounters {
    /// Each counter's name, in words, and its count.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("ticks", self.ticks),
            ("late ticks", self.late_ticks),
            ("slips", self.slips),
            ("octets lost", self.octets_lost),
            ("octets inserted", self.octets_inserted),
            ("overruns", self.overruns),
            ("underruns", self.underruns),
            ("framing errors", self.framing_errors),
            ("LOS", self.los),
            ("LOF", self.lof),
            ("AIS", self.ais),
            ("RAI", self.rai),
        ]
        .into_iter()
    }

    /// Counts an event: the alarms raised, the slips and their octets.
    pub const fn count(&mut self, event: SpanEvent) {
        match event {
            SpanEvent::Alarm { on: false, .. } => {}
            SpanEvent::Alarm {
                alarm: Alarm::Los, ..
            } => self.los += 1,
            SpanEvent::Alarm {
                alarm: Alarm::Lof, ..
            } => self.lof += 1,
            SpanEvent::Alarm {
                alarm: Alarm::Ais, ..
            } => self.ais += 1,
            SpanEvent::Alarm {
                alarm: Alarm::Rai, ..
            } => self.rai += 1,
            SpanEvent::Slip { octets } => {
                self.slips += 1;
                if octets < 0 {
                    self.octets_lost += octets.unsigned_abs() as u64;
                } else {
                    self.octets_inserted += octets.unsigned_abs() as u64;
                }
            }
        }
    }
}

/// What a kind of device counts beside what every span counts. Counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceCounters {
    names: &'static [&'static str],
    counts: [u64; Self::MOST],
}

impl DeviceCounters {
    /// The most counters that a device has.
    pub const MOST: usize = 8;

    /// A count for each name, in their order; what has no name is not told.
    pub const fn new(names: &'static [&'static str], counts: [u64; Self::MOST]) -> Self {
        Self { names, counts }
    }

    /// Each counter's name, in words, and its count.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.names.iter().copied().zip(self.counts)
    }
}

/// What the octets of a timeslot are, for devices that work on speech themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Content {
    /// No call: the device leaves the octets alone.
    #[default]
    Idle,
    /// Speech: the device's echo canceller and gains, where it is configured to have them.
    Speech,
    /// Data: every octet crosses as it is.
    Data,
}

/// How far behind its time a tick is, as the clock that the thread waited for says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Whole ticks by which it is late; as many will be due at once after it.
    pub late: u32,
    /// Ticks before it that are given up: the caller was away for longer than can be caught up with.
    pub skipped: u32,
}

impl Due {
    /// Ticks behind the clock, those given up included.
    pub const fn behind(self) -> u32 {
        self.late.saturating_add(self.skipped)
    }
}

/// A span: a device that moves one tick of every timeslot in each direction at a time.
///
/// A thread with one span calls [`exchange`](Self::exchange). A thread with several takes its clock
/// from one of them: each tick it calls [`wait`](Self::wait) on that one, and then
/// [`carry`](Self::carry) on all with what `wait` returned. The others keep what arrives between
/// ticks in an elastic store of their own; when their line runs faster or slower than the clock, the
/// store slips, and the slip is counted and reported ([`SpanEvent::Slip`], G.822).
pub trait SpanIo: Send {
    /// Which span this is.
    fn id(&self) -> SpanId;

    /// Waits until the next tick of this line is due, and for nothing else.
    ///
    /// A caller that was away longer than a tick does not wait until it has caught up. A device whose
    /// clock has stopped (a dead card) returns no later than it would by the machine's clock, give or
    /// take some ticks: other spans may wait with it. A device without any clock returns at once.
    ///
    /// # Errors
    /// The device is gone.
    fn wait(&mut self) -> io::Result<Due>;

    /// Sends `tx` and fills `rx` with the tick that arrived. Never waits: what is not there yet is
    /// made up, what there is no room for is dropped, and both are slips.
    ///
    /// `due` is what the thread's clock said, this line's or another's: a device that is asked for
    /// several ticks at once must not take that for a line that went silent. Within the room of the
    /// device nothing is lost by a late call.
    ///
    /// While a receive failure stands (LOS, LOF, AIS), `rx` is all ones. Timeslot 0 belongs to the
    /// framer: what `tx` holds there is not sent.
    ///
    /// # Errors
    /// The device is gone or refuses; a line that is merely dead is an alarm, not an error.
    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()>;

    /// [`wait`](Self::wait) and [`carry`](Self::carry): the line clocks the caller. Returns how many
    /// ticks behind the line this one was handed over (0 when on time).
    ///
    /// # Errors
    /// As theirs.
    fn exchange(&mut self, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<u32> {
        let due = self.wait()?;
        self.carry(due, tx, rx)?;
        Ok(due.behind())
    }

    /// The next alarm or slip noticed by the exchanges so far, oldest first.
    fn poll_event(&mut self) -> Option<SpanEvent>;

    /// What was counted so far.
    fn counters(&self) -> SpanCounters;

    /// What only this kind of device counts: nothing, for most.
    fn device_counters(&self) -> DeviceCounters {
        DeviceCounters::default()
    }

    /// The signalling channel on a timeslot whose framing is the device's own; the octets of such a
    /// timeslot mean nothing in the ticks. `None`, now and later, where HDLC is the caller's work
    /// ([`SignallingTimeslot`](crate::signalling::SignallingTimeslot)).
    fn signalling(&mut self, _timeslot: Timeslot) -> Option<&mut dyn SignallingIo> {
        None
    }

    /// Says what a timeslot carries from now on. A device that works on no octets ignores it.
    ///
    /// # Errors
    /// The device refuses; the timeslot carries what it carried before.
    fn set_content(&mut self, _timeslot: Timeslot, _content: Content) -> io::Result<()> {
        Ok(())
    }

    /// Why the device is gone and what mends it, while it is gone and waited for.
    fn trouble(&self) -> Option<&str> {
        None
    }
}

impl<S: SpanIo + ?Sized> SpanIo for Box<S> {
    fn id(&self) -> SpanId {
        (**self).id()
    }

    fn wait(&mut self) -> io::Result<Due> {
        (**self).wait()
    }

    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        (**self).carry(due, tx, rx)
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        (**self).poll_event()
    }

    fn counters(&self) -> SpanCounters {
        (**self).counters()
    }

    fn device_counters(&self) -> DeviceCounters {
        (**self).device_counters()
    }

    fn signalling(&mut self, timeslot: Timeslot) -> Option<&mut dyn SignallingIo> {
        (**self).signalling(timeslot)
    }

    fn set_content(&mut self, timeslot: Timeslot, content: Content) -> io::Result<()> {
        (**self).set_content(timeslot, content)
    }

    fn trouble(&self) -> Option<&str> {
        (**self).trouble()
    }
}

/// A signalling channel whose device does the framing itself: whole signal units, without flags and check
/// bits. Once a tick the caller takes what arrived, queues what is to go out, and lets it be sent; none of
/// it waits.
pub trait SignallingIo: Send {
    /// Hands what arrived since the last call to `sink`, as the software receiver would: repeated FISUs and
    /// LSSUs are filtered but counted.
    ///
    /// # Errors
    /// The device is gone or refuses.
    fn receive(&mut self, sink: &mut dyn FnMut(Received<'_>)) -> io::Result<()>;

    /// Queues one signal unit, from BSN on. The last FISU or LSSU is repeated while nothing else is queued.
    ///
    /// # Errors
    /// When its length is not 3 to 277 octets.
    fn queue(&mut self, su: &[u8]) -> Result<(), InvalidLength>;

    /// Gives the device as much of the queue as it takes.
    ///
    /// # Errors
    /// The device is gone or refuses.
    fn transmit(&mut self) -> io::Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeslot_is_below_32() {
        assert_eq!(Timeslot::new(31).unwrap().index(), 31);
        assert_eq!(Timeslot::new(32), None);
    }

    #[test]
    fn alarms_come_and_go_once() {
        let mut alarms = AlarmSet::default();
        assert!(alarms.follow(SpanEvent::Alarm {
            alarm: Alarm::Rai,
            on: true
        }));
        assert!(alarms.set(Alarm::Los, true));
        assert!(!alarms.set(Alarm::Los, true), "twice is no news");
        assert_eq!(alarms.iter().collect::<Vec<_>>(), [Alarm::Los, Alarm::Rai]);
        assert!(alarms.set(Alarm::Los, false) && alarms.set(Alarm::Rai, false));
        assert!(alarms.is_empty());
    }

    #[test]
    fn slips_are_counted_by_direction() {
        let mut counters = SpanCounters::default();
        counters.count(SpanEvent::Slip { octets: 8 });
        counters.count(SpanEvent::Slip { octets: -3 });
        counters.count(SpanEvent::Alarm {
            alarm: Alarm::Ais,
            on: true,
        });
        counters.count(SpanEvent::Alarm {
            alarm: Alarm::Ais,
            on: false,
        });
        let expected = SpanCounters {
            slips: 2,
            octets_inserted: 8,
            octets_lost: 3,
            ais: 1,
            ..Default::default()
        };
        assert_eq!(counters, expected);
    }
}

//! The open channels of a span.

use std::io;

use rustix::io::Errno;
use tdm::{Content, Law, SpanTick, TICK_OCTETS, TIMESLOTS, Timeslot};

use crate::channel::{Channel, Heard, is_event, is_gone};
use crate::control::{Control, SpanStatus};
use crate::link::Link;
use crate::purpose::{LinkMode, Purpose, SpanConfig};
use crate::refusal::{Place, Refusal};
use crate::report::{self, Signalling, SpanReport};

/// Gains beyond this leave nothing of speech.
const MOST_GAIN: f32 = 20.0;

/// The open channels whose octets are in the ticks, and the driver's control device.
#[derive(Debug)]
pub(crate) struct Line {
    control: Control,
    number: u16,
    channels: Vec<Channel>,
    /// Channels whose block of the tick under way has not come, a bit for each place in the list.
    missing: u32,
    /// The channel that is the last of them to have its block: the one worth waiting for.
    last: usize,
}

/// What reading a block of every channel came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// Every channel had one.
    Whole,
    /// Some have not, or none.
    Partly,
}

impl Line {
    /// Opens everything that `config` names, the links into `links`.
    pub(crate) fn open(
        config: &SpanConfig,
        links: &mut [(Timeslot, Link)],
    ) -> Result<Self, Refusal> {
        let control = Control::open()?;
        let spans = report::spans()?;
        let span = find(&spans, config.number)?;
        let mut channels = Vec::new();
        let mut of_links = Vec::new();
        for &(timeslot, purpose) in &config.timeslots {
            let place = Place {
                span: config.number,
                timeslot: timeslot.number(),
            };
            let channel = span.channel(timeslot.number()).ok_or(Refusal::NoTimeslot {
                place,
                last: span.channels.len(),
            })?;
            check(channel, place, purpose)?;
            let circuit = match purpose {
                Purpose::Circuit(circuit) => Some(circuit),
                Purpose::Link(_) => None,
            };
            let open = Channel::open(channel.number, place, timeslot, circuit)?;
            match links.iter().position(|(link, _)| *link == timeslot) {
                Some(index) => of_links.push((index, open)),
                None => channels.push(open),
            }
        }
        let system = |source| Refusal::System {
            what: format!("span {}", config.number),
            source,
        };
        for channel in &channels {
            channel
                .set_buffers(config.buffers, TICK_OCTETS as u16)
                .map_err(system)?;
        }
        for (index, channel) in of_links {
            if let Some((_, link)) = links.get_mut(index) {
                link.attach(channel).map_err(system)?;
            }
        }
        let line = Self {
            control,
            number: config.number,
            missing: everyone(&channels),
            last: 0,
            channels,
        };
        Ok(line)
    }

    /// Forgets all that was before and queues so many ticks of idle octets. The channels begin as one:
    /// their blocks end within the same millisecond.
    pub(crate) fn begin(&mut self, ticks: u8) -> io::Result<()> {
        for channel in &self.channels {
            channel.flush()?;
        }
        self.missing = everyone(&self.channels);
        self.refill(ticks)
    }

    /// Empties what is queued for sending and queues so many ticks of idle octets.
    pub(crate) fn refill(&mut self, ticks: u8) -> io::Result<()> {
        for channel in &self.channels {
            channel.flush_sending()?;
        }
        for _ in 0..ticks {
            self.send(&IDLE, &mut Heard::default())?;
        }
        Ok(())
    }

    /// The span's state.
    pub(crate) fn status(&self) -> io::Result<SpanStatus> {
        self.control.span(self.number)
    }

    /// The channel that is worth waiting for; none on a span of links alone.
    pub(crate) fn awaited(&self) -> Option<&Channel> {
        self.channels.get(self.last)
    }

    /// Reads a block of each channel that has not given its block of the tick under way.
    pub(crate) fn fetch(&mut self, rx: &mut SpanTick, heard: &mut Heard) -> io::Result<Fetched> {
        for (place, channel) in self.channels.iter().enumerate() {
            let mut event = false;
            while self.missing & 1 << place != 0 {
                match rustix::io::read(channel.fd(), &mut *rx.timeslot_mut(channel.timeslot())) {
                    Ok(TICK_OCTETS) => self.missing &= !(1 << place),
                    // Its buffers are of another size than those that it was given.
                    Ok(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Err(Errno::INTR) => {}
                    Err(Errno::AGAIN) => {
                        self.last = place;
                        break;
                    }
                    Err(error) if is_event(error) && !event => {
                        channel.events(heard);
                        event = true;
                    }
                    Err(error) if is_gone(error) => heard.removed = true,
                    Err(error) => return Err(error.into()),
                }
                if heard.removed {
                    // Each further call would keep the thread for 5 ms.
                    return Ok(Fetched::Partly);
                }
            }
        }
        if self.missing == 0 {
            self.missing = everyone(&self.channels);
            return Ok(Fetched::Whole);
        }
        Ok(Fetched::Partly)
    }

    /// Gives every channel its block to send. False when one of them had no room.
    pub(crate) fn send(&mut self, tx: &SpanTick, heard: &mut Heard) -> io::Result<bool> {
        let mut room = true;
        for channel in &self.channels {
            let row = tx.timeslot(channel.timeslot());
            let mut done = rustix::io::write(channel.fd(), row);
            if done.is_err_and(|error| is_event(error) || error == Errno::INTR) {
                channel.events(heard);
                done = rustix::io::write(channel.fd(), row);
            }
            match done {
                Ok(_) => {}
                Err(Errno::AGAIN) => room = false,
                Err(error) if is_gone(error) => heard.removed = true,
                Err(error) => return Err(error.into()),
            }
            if heard.removed {
                return Ok(true);
            }
        }
        Ok(room)
    }

    /// Says what the channel of a timeslot carries.
    pub(crate) fn set_content(&self, timeslot: Timeslot, content: Content) -> io::Result<()> {
        let channel = self
            .channels
            .iter()
            .find(|channel| channel.timeslot() == timeslot);
        channel.map_or(Ok(()), |channel| channel.set_content(content))
    }
}

/// What is sent before there is anything to send: the idle octet of both laws differs, and all ones is
/// what the driver itself sends on a clear channel.
static IDLE: SpanTick = SpanTick([[0xff; TICK_OCTETS]; TIMESLOTS]);

/// A bit for each channel.
fn everyone(channels: &[Channel]) -> u32 {
    u32::try_from((1_u64 << channels.len()) - 1).unwrap_or(u32::MAX)
}

/// The mode of a link, from the configuration or from the channel.
pub(crate) fn link_mode(
    report: &SpanReport,
    timeslot: Timeslot,
    wanted: Option<LinkMode>,
) -> LinkMode {
    let found = report
        .channel(timeslot.number())
        .map(|channel| &channel.signalling);
    wanted.unwrap_or(match found {
        Some(Signalling::Clear) => LinkMode::Raw,
        Some(Signalling::Mtp2) => LinkMode::Mtp2,
        // What else there is would be refused for any.
        _ => LinkMode::Hdlc,
    })
}

/// The driver's span of this number.
pub(crate) fn find(spans: &[SpanReport], number: u16) -> Result<&SpanReport, Refusal> {
    let found = || match spans {
        [] => "nor any other".to_owned(),
        spans => {
            let name = |span: &SpanReport| format!("{} ({})", span.number, span.name);
            let names: Vec<_> = spans.iter().map(name).collect();
            format!("only {}", names.join(", "))
        }
    };
    spans
        .iter()
        .find(|span| span.number == number)
        .ok_or_else(|| Refusal::NoSpan {
            number,
            found: found(),
        })
}

/// Whether a channel is configured for what it is wanted for.
fn check(channel: &report::ChannelReport, place: Place, purpose: Purpose) -> Result<(), Refusal> {
    let number = channel.number;
    match (purpose, &channel.signalling) {
        (Purpose::Circuit(circuit), Signalling::Clear) => {
            let gains = [circuit.receive_gain, circuit.transmit_gain];
            if let Some(&gain) = gains
                .iter()
                .find(|gain| gain.is_nan() || gain.abs() > MOST_GAIN)
            {
                return Err(Refusal::Gain { place, gain });
            }
            if circuit.echo_canceller.is_some() && channel.echo_canceller.is_none() {
                return Err(Refusal::NoEchoCanceller {
                    channel: number,
                    place,
                });
            }
            Ok(())
        }
        (Purpose::Circuit(_), found) => Err(Refusal::not_a_circuit(number, place, found)),
        (Purpose::Link(None | Some(LinkMode::Raw)), Signalling::Clear)
        | (Purpose::Link(None | Some(LinkMode::Hdlc)), Signalling::Hdlc)
        | (Purpose::Link(None | Some(LinkMode::Mtp2)), Signalling::Mtp2) => Ok(()),
        (Purpose::Link(mode), found) => {
            let mode = mode.unwrap_or(LinkMode::Hdlc);
            Err(Refusal::not_this_link(number, place, found, mode))
        }
    }
}

/// The octet that a receive failure leaves of a timeslot.
pub(crate) const ALL_ONES: u8 = Law::MuLaw.idle();

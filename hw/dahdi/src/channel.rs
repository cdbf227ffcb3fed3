//! One open channel of the driver.

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use dahdi_sys as sys;
use rustix::fs::{Mode, OFlags};
use tdm::{Content, Law, Timeslot};

use crate::purpose::Circuit;
use crate::refusal::{Place, Refusal};
use crate::{gain, ioctl};

/// Where any channel is opened.
const PATH: &str = "/dev/dahdi/channel";
/// The most events that the driver queues for a channel (`DAHDI_MAX_EVENTSIZE`).
const MOST_EVENTS: usize = 64;

/// An open channel. It is closed, and free for others, when it is dropped.
#[derive(Debug)]
pub(crate) struct Channel {
    fd: OwnedFd,
    timeslot: Timeslot,
    /// What it carries calls with; `None` for a link.
    circuit: Option<Circuit>,
}

/// What the events of a channel said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The span is gone.
    pub(crate) removed: bool,
    /// An alarm came or went.
    pub(crate) alarm: bool,
    /// There was no room for what arrived.
    pub(crate) overrun: bool,
    /// There was nothing to send.
    pub(crate) underrun: bool,
    /// Frames that the driver's HDLC could not use: bad check bits, broken off, too long.
    pub(crate) errored: u32,
}

impl Channel {
    /// Opens the channel with the driver's number, which must be at `place` and of type `sigtype`.
    pub(crate) fn open(
        number: u16,
        place: Place,
        timeslot: Timeslot,
        circuit: Option<Circuit>,
    ) -> Result<Self, Refusal> {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::open(PATH, flags, Mode::empty())
            .map_err(|error| Refusal::device(PATH, error.into()))?;
        ioctl::set(fd.as_fd(), ioctl::SPECIFY, number.into()).map_err(|source| {
            match source.raw_os_error() {
                Some(libc::EBUSY) => Refusal::Busy {
                    channel: number,
                    place,
                },
                _ => Refusal::System {
                    what: format!("channel {number} ({place})"),
                    source,
                },
            }
        })?;
        let channel = Self {
            fd,
            timeslot,
            circuit,
        };
        let system = |source| Refusal::System {
            what: format!("channel {number} ({place})"),
            source,
        };
        let params = ioctl::params(channel.fd()).map_err(system)?;
        // Spans can come and go between the report and this.
        if (params.spanno, params.chanpos) != (place.span.into(), place.timeslot.into()) {
            return Err(system(io::Error::other(format!(
                "the driver has it at span {}, timeslot {} now",
                params.spanno, params.chanpos
            ))));
        }
        let law = circuit.map_or(sys::DAHDI_LAW_DEFAULT, |circuit| match circuit.law {
            Law::ALaw => sys::DAHDI_LAW_ALAW,
            Law::MuLaw => sys::DAHDI_LAW_MULAW,
        });
        ioctl::set(channel.fd(), ioctl::SETLAW, law as c_int).map_err(system)?;
        ioctl::set(channel.fd(), ioctl::BUFFER_EVENTS, 1).map_err(system)?;
        Ok(channel)
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    pub(crate) const fn timeslot(&self) -> Timeslot {
        self.timeslot
    }

    /// So many buffers of so many octets each way.
    pub(crate) fn set_buffers(&self, count: u8, size: u16) -> io::Result<()> {
        ioctl::set_buffers(self.fd(), count.into(), size.into())
    }

    /// Forgets everything that is buffered, and every event.
    pub(crate) fn flush(&self) -> io::Result<()> {
        ioctl::set(self.fd(), ioctl::FLUSH, sys::DAHDI_FLUSH_ALL as c_int)
    }

    /// Forgets what is queued for sending.
    pub(crate) fn flush_sending(&self) -> io::Result<()> {
        ioctl::set(self.fd(), ioctl::FLUSH, sys::DAHDI_FLUSH_WRITE as c_int)
    }

    /// Prepares the channel for what it is about to carry. Only speech with a gain or an echo canceller
    /// has the driver touch the octets.
    pub(crate) fn set_content(&self, content: Content) -> io::Result<()> {
        let Some(circuit) = self.circuit else {
            return Ok(());
        };
        let gains = (circuit.receive_gain, circuit.transmit_gain) != (0.0, 0.0);
        if !gains && circuit.echo_canceller.is_none() {
            return Ok(());
        }
        if content != Content::Speech {
            // Ends the canceller and the gains too.
            return ioctl::set(self.fd(), ioctl::AUDIOMODE, 0);
        }
        ioctl::set(self.fd(), ioctl::AUDIOMODE, 1)?;
        if gains {
            let receive = gain::table(circuit.law, circuit.receive_gain);
            let transmit = gain::table(circuit.law, circuit.transmit_gain);
            ioctl::set_gains(self.fd(), &receive, &transmit)?;
        }
        if let Some(canceller) = circuit.echo_canceller {
            ioctl::set(
                self.fd(),
                ioctl::ECHOCANCEL,
                canceller.taps.samples().into(),
            )?;
        }
        Ok(())
    }

    /// Takes all events: while one is queued, the channel neither reads nor writes.
    pub(crate) fn events(&self, heard: &mut Heard) {
        for _ in 0..=MOST_EVENTS {
            match ioctl::event(self.fd()) {
                sys::DAHDI_EVENT_NONE => return,
                sys::DAHDI_EVENT_REMOVED => {
                    heard.removed = true;
                    return;
                }
                sys::DAHDI_EVENT_ALARM | sys::DAHDI_EVENT_NOALARM => heard.alarm = true,
                sys::DAHDI_EVENT_READ_OVERRUN => heard.overrun = true,
                sys::DAHDI_EVENT_WRITE_UNDERRUN => heard.underrun = true,
                sys::DAHDI_EVENT_ABORT | sys::DAHDI_EVENT_OVERRUN | sys::DAHDI_EVENT_BADFCS => {
                    heard.errored += 1;
                }
                // Of no meaning for a clear channel.
                _ => {}
            }
        }
    }
}

/// Whether a read or write failed because an event waits.
pub(crate) fn is_event(error: rustix::io::Errno) -> bool {
    error.raw_os_error() == sys::ELAST as i32
}

/// Whether a read or write failed because the span is gone.
pub(crate) fn is_gone(error: rustix::io::Errno) -> bool {
    error == rustix::io::Errno::NODEV || error == rustix::io::Errno::NXIO
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd()
    }
}

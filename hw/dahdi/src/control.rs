//! `/dev/dahdi/ctl`: the driver as a whole.

use std::ffi::c_char;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use tdm::AlarmSet;

use crate::refusal::Refusal;
use crate::{alarm, ioctl};

/// The driver's control device.
#[derive(Debug)]
pub struct Control(OwnedFd);

/// The state of a span (`DAHDI_SPANSTAT`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanStatus {
    /// Alarms.
    pub alarms: AlarmSet,
    /// Frame alignment signals that arrived with an error.
    pub framing_errors: u32,
    /// Interrupts that the card's driver missed.
    pub missed_interrupts: u32,
    /// The span of the card whose line is the card's clock; 0 when it runs on its own.
    pub clock_source: u16,
    /// Who made the card.
    pub manufacturer: String,
    /// What the card is.
    pub device: String,
    /// Where it is in the machine.
    pub location: String,
    /// Kind of span, as `E1` or `T1`.
    pub kind: String,
}

impl Control {
    /// Where it is.
    pub const PATH: &str = "/dev/dahdi/ctl";

    /// Opens it.
    ///
    /// # Errors
    /// [`Refusal`]: there is no driver, or this user may not.
    pub fn open() -> Result<Self, Refusal> {
        let fd = rustix::fs::open(Self::PATH, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
        fd.map(Self)
            .map_err(|error| Refusal::device(Self::PATH, error.into()))
    }

    /// The state of a span.
    ///
    /// # Errors
    /// There is no such span.
    pub fn span(&self, number: u16) -> io::Result<SpanStatus> {
        let info = ioctl::span_status(self.0.as_fd(), number)?;
        // The structure is packed: its members are copied, never borrowed.
        let (alarms, frames, missed) = (info.alarms, info.fascount, info.irqmisses);
        let source = info.syncsrc;
        let (manufacturer, device) = (info.manufacturer, info.devicetype);
        let (location, kind) = (info.location, info.spantype);
        Ok(SpanStatus {
            alarms: alarm::alarms(alarms as u32),
            framing_errors: frames as u32,
            missed_interrupts: missed as u32,
            clock_source: u16::try_from(source).unwrap_or(0),
            manufacturer: text(&manufacturer),
            device: text(&device),
            location: text(&location),
            kind: text(&kind),
        })
    }

    /// The driver's version, and the echo cancellers compiled into it.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn version(&self) -> io::Result<(String, String)> {
        let info = ioctl::version(self.0.as_fd())?;
        Ok((text(&info.version), text(&info.echo_canceller)))
    }
}

/// A string of the driver: octets up to the first zero.
pub(crate) fn text(octets: &[c_char]) -> String {
    let octets: Vec<u8> = octets
        .iter()
        .map(|octet| *octet as u8)
        .take_while(|octet| *octet != 0)
        .collect();
    String::from_utf8_lossy(&octets).into_owned()
}

//! The driver's ioctls, each with the type that its number says it has.
//!
//! The one place where the driver is handed a pointer of ours.
#![expect(
    unsafe_code,
    reason = "ioctl takes a pointer that only its number gives a type"
)]

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use dahdi_sys as sys;

/// An ioctl whose argument is a pointer to an int that the driver reads.
#[derive(Clone, Copy)]
pub(crate) struct Set(u32);

/// `DAHDI_SPECIFY`: makes an open `/dev/dahdi/channel` the channel of this number.
pub(crate) const SPECIFY: Set = Set(sys::DAHDI_SPECIFY);
/// `DAHDI_AUDIOMODE`: 1 lets the driver work on the octets as speech, 0 leaves them alone.
pub(crate) const AUDIOMODE: Set = Set(sys::DAHDI_AUDIOMODE);
/// `DAHDI_SETLAW`: companding until the channel is closed.
pub(crate) const SETLAW: Set = Set(sys::DAHDI_SETLAW);
/// `DAHDI_FLUSH`: forgets what is buffered.
pub(crate) const FLUSH: Set = Set(sys::DAHDI_FLUSH);
/// `DAHDI_BUFFER_EVENTS`: 1 reports overruns and underruns as events.
pub(crate) const BUFFER_EVENTS: Set = Set(sys::DAHDI_BUFFER_EVENTS);
/// `DAHDI_ECHOCANCEL`: taps of the echo canceller, 0 for none.
pub(crate) const ECHOCANCEL: Set = Set(sys::DAHDI_ECHOCANCEL);

/// Gives the driver an int.
pub(crate) fn set(fd: BorrowedFd<'_>, what: Set, value: c_int) -> io::Result<()> {
    let mut value = value;
    // SAFETY: every `Set` is an ioctl that reads one int.
    unsafe { call(fd, what.0, &mut value) }
}

/// `DAHDI_GETEVENT`: the next event of a channel; 0 when there is none. A channel whose span is gone
/// gives `DAHDI_EVENT_REMOVED` although the call fails.
pub(crate) fn event(fd: BorrowedFd<'_>) -> u32 {
    let mut event: c_int = 0;
    // SAFETY: this ioctl writes one int.
    let done = unsafe { call(fd, sys::DAHDI_GETEVENT, &mut event) };
    match (done, event) {
        (Ok(()), event) => event.unsigned_abs(),
        (Err(_), _) => sys::DAHDI_EVENT_REMOVED,
    }
}

/// `DAHDI_GET_PARAMS`: what the channel is.
pub(crate) fn params(fd: BorrowedFd<'_>) -> io::Result<sys::dahdi_params> {
    let mut params = sys::dahdi_params::default();
    // SAFETY: this ioctl reads and writes one dahdi_params.
    unsafe { call(fd, sys::DAHDI_GET_PARAMS, &mut params) }?;
    Ok(params)
}

/// `DAHDI_SPANSTAT`: the state of a span.
pub(crate) fn span_status(fd: BorrowedFd<'_>, number: u16) -> io::Result<sys::dahdi_spaninfo> {
    let mut info = sys::dahdi_spaninfo {
        spanno: number.into(),
        ..Default::default()
    };
    // SAFETY: this ioctl reads and writes one dahdi_spaninfo.
    unsafe { call(fd, sys::DAHDI_SPANSTAT, &mut info) }?;
    Ok(info)
}

/// `DAHDI_GETVERSION`: the driver's version and its echo cancellers.
pub(crate) fn version(fd: BorrowedFd<'_>) -> io::Result<sys::dahdi_versioninfo> {
    let mut info = sys::dahdi_versioninfo {
        version: [0; 80],
        echo_canceller: [0; 80],
    };
    // SAFETY: this ioctl writes one dahdi_versioninfo.
    unsafe { call(fd, sys::DAHDI_GETVERSION, &mut info) }?;
    Ok(info)
}

/// `DAHDI_SET_BUFINFO`: so many buffers of so many octets in each direction. Sending begins with the
/// first of them, and what arrives is handed out when one is full.
pub(crate) fn set_buffers(fd: BorrowedFd<'_>, count: c_int, size: c_int) -> io::Result<()> {
    let mut info = sys::dahdi_bufferinfo {
        txbufpolicy: sys::DAHDI_POLICY_IMMEDIATE as c_int,
        rxbufpolicy: sys::DAHDI_POLICY_IMMEDIATE as c_int,
        numbufs: count,
        bufsize: size,
        ..Default::default()
    };
    // SAFETY: this ioctl reads one dahdi_bufferinfo.
    unsafe { call(fd, sys::DAHDI_SET_BUFINFO, &mut info) }
}

/// `DAHDI_SETGAINS`: for every octet, the octet that takes its place.
pub(crate) fn set_gains(
    fd: BorrowedFd<'_>,
    receive: &[u8; 256],
    transmit: &[u8; 256],
) -> io::Result<()> {
    let mut gains = sys::dahdi_gains {
        chan: 0,
        rxgain: *receive,
        txgain: *transmit,
    };
    // SAFETY: this ioctl reads and writes one dahdi_gains.
    unsafe { call(fd, sys::DAHDI_SETGAINS, &mut gains) }
}

/// # Safety
/// `request` must be an ioctl that reads or writes a `T` and nothing beyond it.
unsafe fn call<T>(fd: BorrowedFd<'_>, request: u32, data: &mut T) -> io::Result<()> {
    // SAFETY: `data` is valid for the call, and the caller says that its type is the request's.
    let done = unsafe { libc::ioctl(fd.as_raw_fd(), request.into(), std::ptr::from_mut(data)) };
    match done {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

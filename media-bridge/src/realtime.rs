//! What a media thread asks of the kernel: a core of its own, to be woken before others, and
//! sockets enough.

#![allow(unsafe_code, reason = "sched_setscheduler through libc")]

use std::io;

use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores that this process may use, ascending.
///
/// # Errors
/// What the kernel says; it always answers for the calling thread.
pub fn cores() -> io::Result<Vec<usize>> {
    let allowed = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU)
        .filter(|&core| allowed.is_set(core))
        .collect())
}

/// Keeps the calling thread on one core.
///
/// # Errors
/// When this process may not use that core.
pub fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    if core >= CpuSet::MAX_CPU {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    set.set(core);
    Ok(sched_setaffinity(None, &set)?)
}

/// Gives the calling thread the scheduling policy `SCHED_FIFO` with a priority of 1 to 99: it is
/// woken before every ordinary thread and runs until it waits again.
///
/// # Errors
/// `PermissionDenied` without `CAP_SYS_NICE` and without a limit on real-time priority
/// (`RLIMIT_RTPRIO`) that allows this one.
pub fn fifo(priority: u8) -> io::Result<()> {
    // SAFETY: all-zero is a valid value of this C structure on every libc.
    let mut parameter: libc::sched_param = unsafe { std::mem::zeroed() };
    parameter.sched_priority = libc::c_int::from(priority);
    // SAFETY: the pointer is to a live structure, and 0 names the calling thread.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameter) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Raises this process's limit on open files as far as it may: each channel has up to three
/// sockets, and systems give 1,024 files unless they are asked.
///
/// # Errors
/// When the kernel refuses, which it has no reason to.
pub fn raise_file_limit() -> io::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_limit_is_raised_to_its_most() {
        raise_file_limit().unwrap();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }

    #[test]
    fn a_thread_is_kept_on_an_allowed_core() {
        let allowed = cores().unwrap();
        let core = *allowed.last().unwrap();
        // Pinning is of the thread: other tests keep their cores.
        let thread = std::thread::Builder::new().spawn(move || {
            pin(core).unwrap();
            cores().unwrap()
        });
        assert_eq!(thread.unwrap().join().unwrap(), [core]);
        assert!(pin(usize::MAX).is_err());
    }

    #[test]
    fn priority_is_given_or_refused_with_the_reason() {
        let thread = std::thread::Builder::new().spawn(|| fifo(1));
        if let Err(error) = thread.unwrap().join().unwrap() {
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
        }
    }
}

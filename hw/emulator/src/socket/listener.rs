//! The listening side's path: taken over from the dead, never from the living.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::{
        fd::OwnedFd,
        unix::{
            ffi::OsStrExt,
            fs::{FileTypeExt, MetadataExt},
        },
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
    net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, listen,
        socket_with,
    },
};
use thiserror::Error;

/// Octets that the kernel takes for the path of a UNIX socket.
const MAX_PATH: usize = 107;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 16;

/// Why a path cannot be used for a span.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The path is too long for the kernel.
    #[error(
        "the socket path {} has {length} octets, at most {MAX_PATH} are possible: use a shorter one, for example below /run or /tmp",
        path.display()
    )]
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length in octets.
        length: usize,
    },
    /// The directory does not exist.
    #[error("the directory {} of the socket path {} does not exist: create it, or use another path", directory.display(), path.display())]
    NoDirectory {
        /// The path.
        path: PathBuf,
        /// The directory that is missing.
        directory: PathBuf,
    },
    /// This user may not.
    #[error("this user may not {action} the socket {}: use a path that both processes may write to, or run both as the same user", path.display())]
    NotPermitted {
        /// The path.
        path: PathBuf,
        /// What was refused: "create" or "connect to".
        action: &'static str,
    },
    /// Another process listens there.
    #[error("another process listens on the socket {} already: stop it, use another path, or connect instead of listening", path.display())]
    InUse {
        /// The path.
        path: PathBuf,
    },
    /// Something else is there.
    #[error("{} exists and is not a socket: it is left alone; remove it or use another path", path.display())]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// Anything else.
    #[error("cannot {action} the socket {}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What was being done: "create" or "connect to".
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl SocketError {
    pub(super) fn from_errno(path: &Path, action: &'static str, error: Errno) -> Self {
        Self::from_io(path, action, error.into())
    }

    fn from_io(path: &Path, action: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied => Self::NotPermitted { path, action },
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NoDirectory {
                directory: directory(&path).to_owned(),
                path,
            },
            _ => Self::Io {
                path,
                action,
                source,
            },
        }
    }
}

/// The directory of a path; the current one for a bare name.
fn directory(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Checks what must hold for either side.
pub(super) fn check(path: &Path) -> Result<SocketAddrUnix, SocketError> {
    let length = path.as_os_str().as_bytes().len();
    if length > MAX_PATH {
        return Err(SocketError::PathTooLong {
            path: path.to_owned(),
            length,
        });
    }
    if !directory(path).is_dir() {
        return Err(SocketError::NoDirectory {
            path: path.to_owned(),
            directory: directory(path).to_owned(),
        });
    }
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => Err(SocketError::NotASocket {
            path: path.to_owned(),
        }),
        _ => SocketAddrUnix::new(path)
            .map_err(|error| SocketError::from_errno(path, "create", error)),
    }
}

/// A socket that listens, and the lock that says so.
#[derive(Debug)]
pub(super) struct Listener {
    socket: OwnedFd,
    path: PathBuf,
    /// Device and inode of the socket file, to remove no other's.
    file: (u64, u64),
    _lock: Lock,
}

impl Listener {
    pub(super) fn bind(path: &Path) -> Result<Self, SocketError> {
        let address = check(path)?;
        // Two that find the same dead socket would each remove the other's new one: only the holder of
        // the lock may. The kernel lets go of it when the process ends, however it ends.
        let lock = Lock::take(path)?;
        let failed = |error: Errno| SocketError::from_errno(path, "create", error);
        let socket = socket_with(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )
        .map_err(failed)?;
        match bind(&socket, &address) {
            Err(Errno::ADDRINUSE) => {
                remove_dead(path, &address)?;
                bind(&socket, &address).map_err(failed)?;
            }
            other => other.map_err(failed)?,
        }
        listen(&socket, BACKLOG).map_err(failed)?;
        let found = fs::symlink_metadata(path)
            .map_err(|error| SocketError::from_io(path, "create", error))?;
        Ok(Self {
            socket,
            path: path.to_owned(),
            file: identity(&found),
            _lock: lock,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The last that connected, if any did: those before it gave up or are older lives of the same.
    pub(super) fn accept(&self) -> Option<OwnedFd> {
        let next = || accept_with(&self.socket, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK).ok();
        std::iter::from_fn(next).take(BACKLOG as usize).last()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| identity(&found) == self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes a socket file on which nobody listens. Who does need not know of our lock.
fn remove_dead(path: &Path, address: &SocketAddrUnix) -> Result<(), SocketError> {
    match super::reach(address) {
        Err(Errno::CONNREFUSED) => {
            fs::remove_file(path).map_err(|error| SocketError::from_io(path, "create", error))
        }
        Err(Errno::NOENT) => Ok(()),
        Err(Errno::ACCESS | Errno::PERM) => Err(SocketError::NotPermitted {
            path: path.to_owned(),
            action: "connect to",
        }),
        // It answered, has a full queue or is of another type: in any case it is alive.
        _ => Err(SocketError::InUse {
            path: path.to_owned(),
        }),
    }
}

/// A file beside the socket, locked while someone listens.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    fn take(socket: &Path) -> Result<Self, SocketError> {
        let mut name = socket.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let failed = |error: io::Error| SocketError::from_io(socket, "create", error);
        loop {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(&path)
                .map_err(failed)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::AGAIN) => {
                    return Err(SocketError::InUse {
                        path: socket.to_owned(),
                    });
                }
                Err(Errno::INTR) => continue,
                Err(error) => return Err(failed(error.into())),
            }
            let lock = Self {
                path: path.clone(),
                file,
            };
            // The one who held it may have removed the file between our opening and locking it.
            if lock.is_in_place() {
                return Ok(lock);
            }
        }
    }

    fn is_in_place(&self) -> bool {
        let ours = self.file.metadata().map(|found| identity(&found));
        let there = fs::symlink_metadata(&self.path).map(|found| identity(&found));
        matches!((ours, there), (Ok(ours), Ok(there)) if ours == there)
    }
}

impl Drop for Lock {
    /// Removes the file while the lock is still held.
    fn drop(&mut self) {
        if self.is_in_place() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(found: &fs::Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

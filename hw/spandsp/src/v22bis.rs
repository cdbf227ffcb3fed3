//! ITU-T V.22bis: 2400 bit/s both ways on one line, 1200 when the line is bad.

#![expect(
    unsafe_code,
    reason = "calls into libspandsp: this file is their only place"
)]

use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::fmt;
use std::ptr::NonNull;

use crate::bound;

/// What the modem says of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Trained: bits are data from now on.
    Trained,
    /// Training failed.
    Failed,
    /// The carrier came.
    CarrierUp,
    /// The carrier went.
    CarrierDown,
}

/// Bits on their way through the library's callbacks.
#[derive(Debug, Default)]
struct Bits {
    outgoing: VecDeque<bool>,
    incoming: VecDeque<bool>,
    statuses: VecDeque<Status>,
}

/// One end of a V.22bis connection.
pub struct V22bis {
    state: NonNull<bound::v22bis_state_t>,
    /// The library holds its address: boxed, and dropped after the state.
    bits: NonNull<Bits>,
}

// SAFETY: the state belongs to this value alone, is used through `&mut self` only, and the library has
// no thread-local parts in it.
unsafe impl Send for V22bis {}

impl fmt::Debug for V22bis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("V22bis").finish_non_exhaustive()
    }
}

impl V22bis {
    /// A modem that has just gone on the line; `calling` when it placed the call. `None` when the
    /// library has no memory.
    #[must_use]
    pub fn new(calling: bool) -> Option<Self> {
        let bits = NonNull::from(Box::leak(Box::<Bits>::default()));
        let user = bits.as_ptr().cast::<c_void>();
        // SAFETY: a null state asks the library to allocate; the callbacks match their types, and their
        // user data lives until `drop`, after the state.
        let state = unsafe {
            bound::v22bis_init(
                std::ptr::null_mut(),
                2400,
                0,
                calling.into(),
                Some(get_bit),
                user,
                Some(put_bit),
                user,
            )
        };
        match NonNull::new(state) {
            Some(state) => Some(Self { state, bits }),
            None => {
                // SAFETY: leaked above, and nobody else has it.
                drop(unsafe { Box::from_raw(bits.as_ptr()) });
                None
            }
        }
    }

    fn bits(&mut self) -> &mut Bits {
        // SAFETY: it lives as long as `self`, and the library touches it only within `rx` and `tx`.
        unsafe { self.bits.as_mut() }
    }

    /// Bits that wait to be sent.
    pub fn queued(&mut self) -> usize {
        self.bits().outgoing.len()
    }

    /// Queues a bit; ones are sent when none waits.
    pub fn queue(&mut self, bit: bool) {
        self.bits().outgoing.push_back(bit);
    }

    /// The next bit that was received.
    pub fn next_bit(&mut self) -> Option<bool> {
        self.bits().incoming.pop_front()
    }

    /// The next change of the line.
    pub fn next_status(&mut self) -> Option<Status> {
        self.bits().statuses.pop_front()
    }

    /// Bits a second of the connection: 2400 or 1200.
    #[must_use]
    pub fn rate(&self) -> u16 {
        // SAFETY: the state is valid until `drop`.
        let rate = unsafe { bound::v22bis_get_current_bit_rate(self.state.as_ptr()) };
        u16::try_from(rate).unwrap_or_default()
    }

    /// Takes samples of the line, 8000 a second.
    pub fn rx(&mut self, samples: &[i16]) {
        let length = c_int::try_from(samples.len()).unwrap_or(0);
        // SAFETY: the state is valid until `drop`, the samples for the call.
        unsafe { bound::v22bis_rx(self.state.as_ptr(), samples.as_ptr(), length) };
    }

    /// Makes samples for the line; silence where the modem has none.
    pub fn tx(&mut self, samples: &mut [i16]) {
        samples.fill(0);
        let length = c_int::try_from(samples.len()).unwrap_or(0);
        // SAFETY: as above; the library writes at most `length` samples.
        unsafe { bound::v22bis_tx(self.state.as_ptr(), samples.as_mut_ptr(), length) };
    }
}

impl Drop for V22bis {
    fn drop(&mut self) {
        // SAFETY: both are this value's own; the state goes first, for it holds the other's address.
        unsafe {
            bound::v22bis_free(self.state.as_ptr());
            drop(Box::from_raw(self.bits.as_ptr()));
        }
    }
}

unsafe extern "C" fn get_bit(user: *mut c_void) -> c_int {
    // SAFETY: called within `tx` with the address given to `v22bis_init`.
    let bits = unsafe { &mut *user.cast::<Bits>() };
    bits.outgoing.pop_front().unwrap_or(true).into()
}

unsafe extern "C" fn put_bit(user: *mut c_void, bit: c_int) {
    // SAFETY: called within `rx` with the address given to `v22bis_init`.
    let bits = unsafe { &mut *user.cast::<Bits>() };
    let status = match bit {
        0 | 1 => return bits.incoming.push_back(bit == 1),
        bound::SIG_STATUS_TRAINING_SUCCEEDED => Status::Trained,
        bound::SIG_STATUS_TRAINING_FAILED => Status::Failed,
        bound::SIG_STATUS_CARRIER_UP => Status::CarrierUp,
        bound::SIG_STATUS_CARRIER_DOWN => Status::CarrierDown,
        _ => return,
    };
    bits.statuses.push_back(status);
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use super::*;

    /// Two modems train on each other over a delay and exchange bits without an error.
    #[test]
    fn two_modems_train_and_exchange_bits() {
        let mut modems = [true, false].map(|calling| V22bis::new(calling).unwrap());
        let mut ways = [(); 2].map(|()| VecDeque::from(vec![[0_i16; 80]; 4]));
        let mut trained = [false; 2];
        let sent: Vec<bool> = (0..2000_u32).map(|n| n.count_ones() % 3 == 0).collect();
        let mut got = [Vec::new(), Vec::new()];
        let mut since = 0;
        for _ in 0..2000 {
            for end in 0..2 {
                let (near, far) = ways.split_at_mut(1);
                let (from, to) = match end {
                    0 => (&mut near[0], &mut far[0]),
                    _ => (&mut far[0], &mut near[0]),
                };
                let modem = &mut modems[end];
                modem.rx(&from.pop_front().unwrap());
                let mut samples = [0; 80];
                modem.tx(&mut samples);
                to.push_back(samples);
                while let Some(status) = modem.next_status() {
                    trained[end] |= status == Status::Trained;
                }
                while let Some(bit) = modem.next_bit() {
                    got[end].push(bit);
                }
            }
            if trained == [true; 2] {
                since += 1;
                if since == 50 {
                    for (modem, got) in modems.iter_mut().zip(&mut got) {
                        got.clear();
                        sent.iter().for_each(|bit| modem.queue(*bit));
                    }
                }
            }
        }
        assert_eq!(trained, [true; 2]);
        for (modem, got) in modems.iter().zip(&got) {
            assert_eq!(modem.rate(), 2400);
            let found = got.windows(sent.len()).any(|window| window == sent);
            assert!(found);
        }
    }
}

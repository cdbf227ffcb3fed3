//! Where a scenario plays: in real time on sockets and threads, or in virtual time by hand. The
//! scenario cannot tell the difference.

use std::time::{Duration, Instant};

use lab::exchange::{Exchange, ExchangeEvent};
use lab::phone::Phone;

use crate::cdr::CallRecord;
use crate::iwu::Iwu;
use crate::ladder::Trace;

/// A stage with its three players: the SIP user, the gateway and the exchange.
pub trait Stage {
    /// The stage's clock.
    fn now(&self) -> Instant;

    /// Lets about 10 ms pass.
    ///
    /// # Errors
    /// When a socket or a thread of the stage fails.
    fn turn(&mut self) -> anyhow::Result<()>;

    /// The SIP user.
    fn user(&mut self) -> &mut Phone;

    /// The exchange at the other end of the cable.
    fn exchange<R>(&mut self, with: impl FnOnce(Instant, &mut Exchange) -> R) -> R;

    /// Asks the gateway something.
    ///
    /// # Errors
    /// When the gateway has stopped.
    fn gateway<R: Send + 'static>(
        &mut self,
        question: impl FnOnce(&Iwu) -> R + Send + 'static,
    ) -> anyhow::Result<R>;

    /// What was seen since the start.
    fn seen(&mut self) -> &Seen;
}

/// What a stage has seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// The gateway's rungs.
    pub traces: Vec<Trace>,
    /// The gateway's records.
    pub records: Vec<CallRecord>,
    /// What the exchange saw.
    pub exchange: Vec<ExchangeEvent>,
}

/// Lets time pass until something is so; false when the limit came first.
///
/// # Errors
/// Those of [`Stage::turn`].
pub fn until<S: Stage>(
    stage: &mut S,
    limit: Duration,
    mut so: impl FnMut(&mut S) -> bool,
) -> anyhow::Result<bool> {
    let end = stage.now() + limit;
    while !so(stage) {
        if stage.now() >= end {
            return Ok(false);
        }
        stage.turn()?;
    }
    Ok(true)
}

/// Lets time pass.
///
/// # Errors
/// Those of [`Stage::turn`].
pub fn pass<S: Stage>(stage: &mut S, time: Duration) -> anyhow::Result<()> {
    until(stage, time, |_| false).map(drop)
}

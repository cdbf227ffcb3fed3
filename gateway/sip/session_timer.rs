//! Session timers (RFC 4028).

use std::time::{Duration, Instant};

use sipx_sip::HeaderName;
use sipx_sip::message::Headers as Fields;
use sipx_sip::session::{self, Accepted, MinSe, Refresher, SessionExpires};

use super::core::{Core, SessionTimer};
use super::session::{Ours, Session, State};
use super::{Bodies, Failure, Headers, RequestError, message};

/// The longest a session timer runs: what a peer asks for beyond is never reached by a call.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// The session interval that was agreed.
#[derive(Debug)]
pub(super) struct Interval {
    agreed: session::Session,
    /// When a session that was not refreshed ends.
    until: Option<Instant>,
}

impl Interval {
    /// As UAS of the request that agreed it.
    pub(super) fn accepted(accepted: Accepted) -> Self {
        Self::of(session::Session {
            interval: accepted.interval,
            we_refresh: accepted.refresher == Refresher::Uas,
        })
    }

    /// As UAC, from the 2xx (§7.2). A timer of which neither side spoke is none.
    pub(super) fn adopted(fields: &Fields, asked: Option<Duration>) -> Option<Self> {
        let agreed = fields.typed::<SessionExpires>().and_then(Result::ok);
        session::adopt(agreed, asked).map(Self::of)
    }

    fn of(agreed: session::Session) -> Self {
        Self {
            agreed,
            until: None,
        }
    }

    pub(super) fn length(&self) -> Duration {
        self.agreed.interval
    }

    /// A 422 to a refresh of ours wants a longer one.
    pub(super) fn lengthen(&mut self, least: Duration) {
        self.agreed.interval = self.agreed.interval.max(least);
    }
}

/// Writes what was agreed into a 2xx (§9).
pub(super) fn put(fields: &mut Fields, accepted: Option<Accepted>) -> Result<(), RequestError> {
    let Some(accepted) = accepted else {
        return Ok(());
    };
    let value = SessionExpires {
        interval: accepted.interval,
        refresher: Some(accepted.refresher),
    };
    message::put(fields, HeaderName::SessionExpires, value.to_string())?;
    if accepted.require {
        message::put(fields, HeaderName::Require, "timer")?;
    }
    Ok(())
}

/// UAS: the timer that we ask for of our own accord, of a peer that supports timers and did not
/// ask itself. We refresh: that tells us of a dead peer first (§9, table 2).
pub(super) fn wish(fields: &Fields, interval: Option<Duration>) -> Option<Accepted> {
    let interval = interval?;
    if fields.get(&HeaderName::SessionExpires).is_some()
        || !message::lists(fields, &HeaderName::Supported, session::OPTION_TAG)
    {
        return None;
    }
    let least = fields.typed::<MinSe>().and_then(Result::ok).map(|m| m.0);
    Some(Accepted {
        interval: interval
            .max(least.unwrap_or_default())
            .max(session::ABSOLUTE_MIN_INTERVAL),
        refresher: Refresher::Uas,
        require: true,
    })
}

impl Session {
    /// Starts the interval anew: a refresh went either way.
    pub(super) fn start_interval(&mut self, core: &mut Core, now: Instant) {
        let Some(interval) = &mut self.interval else {
            return core.stop(self.id, SessionTimer::Interval);
        };
        let end = session::Session {
            we_refresh: false,
            ..interval.agreed
        };
        interval.until = Some(now + end.act_after().min(LONGEST));
        let at = now + interval.agreed.act_after().min(LONGEST);
        core.start(at, self.id, SessionTimer::Interval);
    }

    /// The refresher refreshes at half the interval, by UPDATE where the peer takes it, and again
    /// until it succeeds; a session that nobody refreshed is ended by either side (§10).
    pub(super) fn on_interval_timer(&mut self, core: &mut Core, now: Instant) {
        let Some(Interval { agreed, until }) = &self.interval else {
            return;
        };
        let (agreed, until) = (*agreed, until.unwrap_or(now));
        if !agreed.we_refresh || now >= until {
            self.fail(core, Failure::SessionExpired);
            if self.state == State::Answered {
                self.bye = Some((Headers::new(), Bodies::default()));
            } else {
                self.send_bye(core, now, &Headers::new(), &Bodies::default());
            }
            return;
        }
        let update = self.dialog().is_some_and(|dialog| dialog.allows_update);
        let mut bodies = Bodies::default();
        if !update {
            bodies.sdp.clone_from(&self.negotiation().local_sdp);
        }
        let ours = Ours {
            key: None,
            update,
            bodies,
            headers: vec![(
                "Session-Expires".to_owned(),
                format!("{};refresher=uac", agreed.interval.as_secs()),
            )],
            before: None,
            refresh: true,
            again: false,
        };
        // Where another offer is on its way, or this one fails: the half that is left holds some
        // six more tries.
        let _ = self.renegotiate(core, now, ours);
        let at = (now + agreed.interval / 16).min(until);
        core.start(at, self.id, SessionTimer::Interval);
    }
}

//! What the caller on the circuit hears before the answer: the peer's early media, or ringback
//! from here; never both.

use super::{Action, Bridge, Timer, Tone};
use crate::config::Ringback;
use crate::sip::PEarlyMedia;

/// What is known of the called side, and what is being played.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ringing {
    alerting: bool,
    /// SDP came: early media may follow.
    described: bool,
    /// P-Early-Media took the permission away (RFC 5009 §8).
    forbidden: bool,
    /// RTP came.
    came: bool,
    /// Nothing came for the configured time.
    waited: bool,
    waiting: bool,
    tone: bool,
    path: bool,
}

impl Ringing {
    /// A provisional response: its status, whether it has SDP of the dialog that is heard, and
    /// P-Early-Media.
    pub(super) fn progress(
        &mut self,
        policy: Ringback,
        status: u16,
        described: bool,
        permission: Option<PEarlyMedia>,
    ) -> Vec<Action> {
        self.alerting |= status == 180;
        self.described |= described;
        if let Some(direction) = permission.and_then(|said| said.direction) {
            self.forbidden = !direction.is_heard();
        }
        self.decide(policy)
    }

    /// The first RTP packet.
    pub(super) fn came(&mut self, policy: Ringback) -> Vec<Action> {
        self.came = true;
        self.decide(policy)
    }

    /// [`Timer::EarlyMedia`] ran out.
    pub(super) fn waited(&mut self, policy: Ringback) -> Vec<Action> {
        self.waiting = false;
        self.waited = true;
        self.decide(policy)
    }

    /// Something is to be heard: the in-band information indicator of ACM and CPG says so.
    pub(super) fn heard(&self) -> bool {
        self.tone || self.path
    }

    /// Whether early media may come.
    pub(super) fn expected(&self) -> bool {
        self.described && !self.forbidden
    }

    /// The call was answered or has failed.
    pub(super) fn end(&mut self) -> Vec<Action> {
        let before = std::mem::take(self);
        let mut actions = Vec::new();
        if before.waiting {
            actions.push(Action::Stop(Timer::EarlyMedia));
        }
        if before.tone {
            actions.push(Action::Bridge(Bridge::Tone(None)));
        }
        actions
    }

    /// The next trunk, or the next target, is tried.
    pub(super) fn again(&mut self) -> Vec<Action> {
        let path = self.path;
        let mut actions = self.end();
        if path {
            actions.push(held());
        }
        actions
    }

    fn decide(&mut self, policy: Ringback) -> Vec<Action> {
        let expected = self.expected();
        let tone = match policy {
            Ringback::Network => false,
            Ringback::Terminal => self.alerting,
            Ringback::Auto => {
                let heard = expected && self.came;
                // A tone that plays already goes on until there is something better.
                let patient = expected && !self.waited && !self.tone;
                !heard && !patient && (self.alerting || expected)
            }
        };
        let path = expected && !(policy == Ringback::Terminal && self.alerting);
        let waiting = policy == Ringback::Auto && expected && !self.came && !self.waited && !tone;
        let mut actions = Vec::new();
        if path != self.path {
            actions.push(match path {
                true => Action::Bridge(Bridge::Path {
                    to_rtp: false,
                    to_timeslot: true,
                }),
                false => held(),
            });
        }
        if tone != self.tone {
            actions.push(Action::Bridge(Bridge::Tone(tone.then_some(Tone::Ringback))));
        }
        if waiting != self.waiting {
            actions.push(match waiting {
                true => Action::Start(Timer::EarlyMedia),
                false => Action::Stop(Timer::EarlyMedia),
            });
        }
        (self.path, self.tone, self.waiting) = (path, tone, waiting);
        actions
    }
}

fn held() -> Action {
    Action::Bridge(Bridge::Path {
        to_rtp: false,
        to_timeslot: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::EarlyMedia;

    fn says(direction: EarlyMedia) -> Option<PEarlyMedia> {
        Some(PEarlyMedia {
            direction: Some(direction),
            ..PEarlyMedia::default()
        })
    }

    /// Whatever comes in whatever order: a tone only while nothing of the peer is let through and
    /// heard.
    #[test]
    fn never_both() {
        type Step = fn(&mut Ringing, Ringback) -> Vec<Action>;
        let steps: [Step; 6] = [
            |r, p| r.progress(p, 180, false, None),
            |r, p| r.progress(p, 183, true, None),
            |r, p| r.progress(p, 180, true, says(EarlyMedia::Inactive)),
            |r, p| r.progress(p, 183, false, says(EarlyMedia::SendOnly)),
            Ringing::came,
            |r, p| match r.waiting {
                true => r.waited(p),
                false => Vec::new(),
            },
        ];
        for policy in [Ringback::Auto, Ringback::Network, Ringback::Terminal] {
            for way in 0..steps.len().pow(5) {
                let mut ringing = Ringing::default();
                let mut rest = way;
                for _ in 0..5 {
                    let _ = steps[rest % steps.len()](&mut ringing, policy);
                    rest /= steps.len();
                    let audible = ringing.path && ringing.came;
                    assert!(
                        !(ringing.tone && audible && policy == Ringback::Auto),
                        "{ringing:?}"
                    );
                    assert!(!(ringing.tone && ringing.waiting), "{ringing:?}");
                    assert!(!(ringing.tone && policy == Ringback::Network));
                    let silent = ringing.alerting && !ringing.tone && !ringing.path;
                    assert!(
                        !silent || policy == Ringback::Network,
                        "{policy:?} {ringing:?}"
                    );
                }
            }
        }
    }
}

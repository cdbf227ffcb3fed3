//! A timeslot takes part in a continuity check (Q.764 §2.1.8), bridge or not.

use tdm::{Law, SpanId, TICK_OCTETS, Timeslot};

use super::Shard;
use crate::command::Event;
use crate::continuity::{Continuity, Mode};

impl Shard {
    pub(super) fn check(
        &mut self,
        span: SpanId,
        timeslot: Timeslot,
        law: Law,
        mode: Option<Mode>,
        events: &mut dyn FnMut(Event),
    ) {
        let place = self.place_of(span, timeslot);
        let Some(place) = place.and_then(|place| self.places.get_mut(place)) else {
            return;
        };
        let new = mode.map(|mode| Continuity::new(mode, law));
        let Some(old) = std::mem::replace(&mut place.check, new) else {
            return;
        };
        if place.check.is_none() && place.bridge.is_none() {
            place.idle = Some(old.law());
        }
        // One that came back was told when it did.
        if let Some(heard) = old.heard().filter(|heard| !heard.good) {
            events(Event::Continuity {
                span,
                timeslot,
                heard,
            });
        }
    }
}

/// What came on a timeslot that is being checked.
pub(super) fn receive(
    check: &mut Continuity,
    (span, number): (SpanId, u8),
    received: &[u8; TICK_OCTETS],
    events: &mut dyn FnMut(Event),
) {
    if let Some(heard) = check.receive(received)
        && let Some(timeslot) = Timeslot::new(number)
    {
        events(Event::Continuity {
            span,
            timeslot,
            heard,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tdm::SpanTick;

    use super::*;
    use crate::command::{BridgeId, Command, Open, Path};
    use crate::continuity::Return;
    use crate::io::NullRtp;
    use crate::shard::ShardConfig;

    const SPAN: SpanId = SpanId(7);

    fn shard() -> Shard {
        Shard::new(ShardConfig {
            spans: vec![SPAN],
            ports: 4,
        })
    }

    fn mode(shard: &mut Shard, mode: Option<Mode>, events: &mut Vec<Event>) {
        let command = Command::Continuity {
            span: SPAN,
            timeslot: Timeslot::new(5).unwrap(),
            law: Law::MuLaw,
            mode,
        };
        shard.command(command, &mut |event| events.push(event));
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "tests need one moment to count from"
    )]
    fn tick(shard: &mut Shard, rx: &SpanTick) -> (SpanTick, Vec<Event>) {
        let mut tx = SpanTick::idle(Law::MuLaw);
        let mut events = Vec::new();
        shard.tick(
            Instant::now(),
            SPAN,
            rx,
            &mut tx,
            &mut NullRtp,
            &mut |event| {
                events.push(event);
            },
        );
        (tx, events)
    }

    /// The loop takes the timeslot from its bridge and gives it back; the check succeeds once.
    #[test]
    fn a_check_through_the_loop_of_another_shard() {
        let (mut near, mut far) = (shard(), shard());
        let slot = Timeslot::new(5).unwrap();
        let mut told = Vec::new();
        let open = Open::new(BridgeId(1), SPAN, slot, Law::MuLaw, Path::CLOSED);
        far.command(Command::Open(Box::new(open)), &mut |_| {});
        mode(&mut near, Some(Mode::Check(Return::Loop)), &mut told);
        mode(&mut far, Some(Mode::Answer(Return::Loop)), &mut told);
        let mut back = SpanTick::idle(Law::MuLaw);
        let mut before = SpanTick::idle(Law::MuLaw);
        for _ in 0..20 {
            let (there, events) = tick(&mut near, &back);
            told.extend(events);
            back = tick(&mut far, &there).0;
            // A loop gives back in each tick what came in the one before.
            assert_eq!(back.timeslot(slot), before.timeslot(slot));
            before = there;
        }
        mode(&mut near, None, &mut told);
        mode(&mut far, None, &mut told);
        let [
            Event::Continuity {
                span,
                timeslot,
                heard,
            },
        ] = told.as_slice()
        else {
            panic!("{told:?}");
        };
        assert!(
            (*span, *timeslot) == (SPAN, slot) && heard.good,
            "{heard:?}"
        );
        let (idle, _) = tick(&mut near, &back);
        assert_eq!(idle, SpanTick::idle(Law::MuLaw));
        let (idle, _) = tick(&mut far, &back);
        assert_eq!(idle, SpanTick::idle(Law::MuLaw));
    }

    #[test]
    fn a_check_that_ends_without_its_tone_says_what_was_heard() {
        let mut shard = shard();
        let mut told = Vec::new();
        mode(&mut shard, Some(Mode::Check(Return::Loop)), &mut told);
        tick(&mut shard, &SpanTick::idle(Law::MuLaw));
        mode(&mut shard, None, &mut told);
        assert!(
            matches!(told.as_slice(), [Event::Continuity { heard, .. }] if !heard.good),
            "{told:?}"
        );
    }
}

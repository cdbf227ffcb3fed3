//! A timeslot takes part in a continuity check (Q.764 §2.1.8), bridge or not.

use tdm::{SpanId, TICK_OCTETS, TIMESLOTS, Timeslot};

use super::Shard;
use crate::command::{Event, Spent};
use crate::continuity::Continuity;

impl Shard {
    pub(super) fn check(
        &mut self,
        span: SpanId,
        timeslot: Timeslot,
        check: Option<Box<Continuity>>,
        events: &mut dyn FnMut(Event),
    ) {
        let Some(at) = self.place_of(span, timeslot) else {
            if let Some(check) = check {
                events(Event::Spent(Spent::Continuity(check)));
            }
            return;
        };
        let found = self.checks.binary_search_by_key(&at, |(place, _)| *place);
        let ends = check.is_none();
        let old = match (found, check) {
            (Ok(index), Some(check)) => {
                let slot = self.checks.get_mut(index);
                slot.map(|(_, slot)| std::mem::replace(slot, check))
            }
            (Ok(index), None) => Some(self.checks.remove(index).1),
            (Err(index), Some(check)) => {
                self.checks.insert(index, (at, check));
                None
            }
            (Err(_), None) => None,
        };
        let Some(old) = old else { return };
        if let Some(place) = self.places.get_mut(at)
            && ends
            && place.bridge.is_none()
        {
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
        events(Event::Spent(Spent::Continuity(old)));
    }

    /// Checks of the span whose first place is `start`: the number of the timeslot, and the check.
    pub(super) fn checks_of(
        checks: &mut [(usize, Box<Continuity>)],
        start: usize,
    ) -> impl Iterator<Item = (usize, &mut Continuity)> {
        let first = checks.partition_point(|(place, _)| *place < start);
        let those = checks.get_mut(first..).unwrap_or_default().iter_mut();
        those
            .map(move |(place, check)| (*place - start, &mut **check))
            .take_while(|(number, _)| *number < TIMESLOTS)
    }
}

/// What came on a timeslot that is being checked.
pub(super) fn receive(
    check: &mut Continuity,
    (span, number): (SpanId, usize),
    received: &[u8; TICK_OCTETS],
    events: &mut dyn FnMut(Event),
) {
    if let Some(heard) = check.receive(received)
        && let Some(timeslot) = u8::try_from(number).ok().and_then(Timeslot::new)
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

    use tdm::{Law, SpanTick};

    use super::*;
    use crate::command::{BridgeId, Command, Open, Path};
    use crate::continuity::{Mode, Return};
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
            check: mode.map(|mode| Box::new(Continuity::new(mode, Law::MuLaw))),
        };
        shard.command(command, &mut |event| match event {
            Event::Spent(Spent::Continuity(_)) => {}
            event => events.push(event),
        });
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

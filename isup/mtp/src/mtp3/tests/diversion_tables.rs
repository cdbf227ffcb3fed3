//! Changeover and changeback: every state and event of link 0 of two, written to reviewed files.
//!
//! They are procedures over several links rather than a machine of one, so each cell is tried on a
//! signalling point in that state; four messages of link 0 are on their way in each.

use std::fmt::Write;
use std::time::Duration;

use super::world::{A, B, World};
use crate::label::service;
use crate::line_model::Fault;
use crate::mtp3::changeover::Diversion;
use crate::mtp3::signalling_point::Owner;
use crate::mtp3::{Management, Timer};
use crate::{LineEvent, LinkChange, LinkId, LinkRequest, Output, Slc, TimerEvent, TimerName};

type Prepare = fn() -> World;
type Apply = fn(&mut World) -> bool;

fn up() -> World {
    let mut world = World::pair(2);
    world.bring_up();
    world.seconds(3);
    world
}

/// Two messages that link 0 has sent.
fn send(world: &mut World) {
    for number in [0, 2] {
        world.send(A, B, number);
    }
}

fn in_use() -> World {
    let mut world = up();
    send(&mut world);
    world
}

fn waiting_for_acknowledgement() -> World {
    let mut world = in_use();
    line_lost(&mut world);
    world.drain(A);
    send(&mut world);
    world
}

fn time_controlled() -> World {
    let mut world = in_use();
    world.request(A, 0, LinkRequest::LocalProcessorOutage);
    send(&mut world);
    world
}

fn changed_over() -> World {
    let mut world = up();
    world.fault(0, Fault::Cut);
    world.seconds(1);
    for number in [0, 2, 4, 6] {
        world.send(A, B, number);
    }
    world
}

fn declared() -> World {
    let mut world = up();
    world.request(A, 0, LinkRequest::LocalProcessorOutage);
    world.seconds(2);
    for number in [0, 2] {
        world.send(A, B, number);
    }
    // The far end hears of the end of the outage, but nothing on link 1.
    world.request(A, 0, LinkRequest::LocalProcessorRecovered);
    send(&mut world);
    world
}

fn declared_twice() -> World {
    let mut world = declared();
    assert!(expire(&mut world, Owner::Changeback(0, 1), Timer::T4));
    world.drain(A);
    world
}

fn line_lost(world: &mut World) -> bool {
    world.nodes[A].handle_line(world.now, LinkId(0), LineEvent::OutOfService);
    true
}

fn other_line_lost(world: &mut World) -> bool {
    world.nodes[A].handle_line(world.now, LinkId(1), LineEvent::OutOfService);
    true
}

fn request(world: &mut World, request: LinkRequest) -> bool {
    let now = world.now;
    world.nodes[A].request(now, LinkId(0), request).unwrap();
    true
}

/// A message of B, as level 2 of link 1 hands it up.
fn receive(world: &mut World, management: &Management) -> bool {
    let octets = world.nodes[B].management(super::world::point(A), management);
    let now = world.now;
    world.nodes[A].discriminate(now, 1, &octets);
    world.nodes[A].settle(now);
    true
}

fn expire(world: &mut World, owner: Owner, timer: Timer) -> bool {
    let now = world.now;
    let node = &mut world.nodes[A];
    if !node.timer_runs(owner, timer) {
        return false;
    }
    node.stop_timer(owner, timer);
    while node.poll_output().is_some() {}
    node.expired(now, owner, timer);
    node.settle(now);
    true
}

/// Number before the first of the messages on link 0: all of them are still wanted.
fn none_accepted(world: &World) -> u8 {
    world.nodes[B].links[0].level2.last_accepted()
}

const EVENTS: &[(&str, Apply)] = &[
    ("link 0 fails", line_lost),
    ("link 1 fails", other_line_lost),
    ("processor outage begins", |world| {
        request(world, LinkRequest::LocalProcessorOutage)
    }),
    ("processor outage ends", |world| {
        request(world, LinkRequest::LocalProcessorRecovered)
    }),
    ("COO, none accepted", |world| {
        let fsn = none_accepted(world);
        receive(world, &Management::Coo(Slc(0), fsn))
    }),
    ("COO, one accepted", |world| {
        let fsn = none_accepted(world).wrapping_add(1) & 0x7F;
        receive(world, &Management::Coo(Slc(0), fsn))
    }),
    ("COA, none accepted", |world| {
        let fsn = none_accepted(world);
        receive(world, &Management::Coa(Slc(0), fsn))
    }),
    ("COA, a number never sent", |world| {
        receive(world, &Management::Coa(Slc(0), 100))
    }),
    ("ECO", |world| receive(world, &Management::Eco(Slc(0)))),
    ("ECA", |world| receive(world, &Management::Eca(Slc(0)))),
    ("CBD", |world| receive(world, &Management::Cbd(Slc(0), 7))),
    ("CBA", |world| receive(world, &Management::Cba(Slc(0), 0))),
    ("CBA, another code", |world| {
        receive(world, &Management::Cba(Slc(0), 1))
    }),
    ("T1 expires", |world| {
        expire(world, Owner::Link(0), Timer::T1)
    }),
    ("T2 expires", |world| {
        expire(world, Owner::Link(0), Timer::T2)
    }),
    ("T4 expires", |world| {
        expire(world, Owner::Changeback(0, 1), Timer::T4)
    }),
    ("T5 expires", |world| {
        expire(world, Owner::Changeback(0, 1), Timer::T5)
    }),
];

fn state(world: &World) -> String {
    let link = &world.nodes[A].links[0];
    let held = match link.held.len() {
        0 => String::new(),
        count => format!(", {count} held"),
    };
    let diversion = match &link.diversion {
        Diversion::None => "none".to_owned(),
        Diversion::Changeover(undelivered) => format!(
            "changeover, {} unacknowledged",
            undelivered.unacknowledged.len()
        ),
        Diversion::Changeback(_) => "changeback".to_owned(),
    };
    let available = if link.available { "" } else { "not " };
    format!("{available}available, diversion: {diversion}{held}")
}

/// What A does, without what level 2 does for itself.
fn outputs(world: &mut World) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut user_messages = [0; 2];
    while let Some(output) = world.nodes[A].poll_output() {
        match output {
            Output::SignalUnit(link, unit) => {
                let user = unit.get(3).is_some_and(|sio| sio & 0xF == service::ISUP);
                user_messages[usize::from(link.0)] += u32::from(user);
            }
            Output::Status(status) => words.push(format!("{status:?}")),
            Output::Link(link, LinkChange::Sent(acronym)) => {
                words.push(format!("{acronym} on link {link}"));
            }
            Output::Link(link, LinkChange::Discarded(count)) => {
                words.push(format!("messages of link {link} given up: {count}"));
            }
            Output::Link(link, LinkChange::Timer(TimerName::Level3(timer), event))
                if matches!(timer, Timer::T1 | Timer::T2 | Timer::T4 | Timer::T5) =>
            {
                let event = match event {
                    TimerEvent::Started(_) => "start",
                    TimerEvent::Stopped => "stop",
                    TimerEvent::Expired => "expired:",
                };
                words.push(format!("{event} {timer} of link {link}"));
            }
            Output::Link(..) | Output::Transfer(_) => {}
        }
    }
    // What waits for the line is sent within 100 ms, before any timer of level 3 runs out.
    for _ in 0..10 {
        world.now += Duration::from_millis(10);
        world.nodes[A].handle_timeout(world.now);
        while let Some(output) = world.nodes[A].poll_output() {
            if let Output::SignalUnit(link, unit) = output {
                let user = unit.get(3).is_some_and(|sio| sio & 0xF == service::ISUP);
                user_messages[usize::from(link.0)] += u32::from(user);
            }
        }
    }
    for (link, count) in (0..).zip(user_messages).filter(|(_, count)| *count > 0) {
        words.push(format!("messages on link {link}: {count}"));
    }
    words
}

fn table(states: &[(&str, Prepare)]) -> String {
    let mut text = String::new();
    for (name, prepare) in states {
        let before = state(&prepare());
        writeln!(text, "{name} ({before})").unwrap();
        let mut ignored = Vec::new();
        let mut impossible = Vec::new();
        for (event, apply) in EVENTS {
            let mut world = prepare();
            if !apply(&mut world) {
                impossible.push(*event);
                continue;
            }
            let after = state(&world);
            let done = outputs(&mut world);
            if after == before && done.is_empty() {
                ignored.push(*event);
                continue;
            }
            let after = if after == before { "(same)" } else { &after };
            writeln!(text, "  {event} -> {after}").unwrap();
            for word in done {
                writeln!(text, "      {word}").unwrap();
            }
        }
        writeln!(text, "  ignored: {}", ignored.join(", ")).unwrap();
        writeln!(text, "  does not run: {}\n", impossible.join(", ")).unwrap();
    }
    text
}

#[test]
fn changeover() {
    insta::assert_snapshot!(table(&[
        ("in use", in_use),
        ("COO sent", waiting_for_acknowledgement),
        ("processor outage, T1 runs", time_controlled),
        ("changed over", changed_over),
    ]));
}

#[test]
fn changeback() {
    insta::assert_snapshot!(table(&[
        ("CBD sent", declared),
        ("CBD sent twice", declared_twice),
    ]));
}

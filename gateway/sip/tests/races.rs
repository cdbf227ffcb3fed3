//! Races, enumerated: every ordering of up to four of the things that can happen, from every
//! state of a session. Nothing panics, every request of the peer has one final response, every
//! 2xx to our INVITE is acknowledged and released where it did not win, the user hears one end,
//! and nothing is left behind.

use std::collections::BTreeMap;

use super::moments::{Happening, Making, Moment, TO_UAC, TO_UAS, UAC, UAS};
use super::scripted::{field, find};
use super::*;

/// Calls `visit` with every ordering of one to `most` of these.
fn orderings(all: &[Happening], most: usize, visit: &mut dyn FnMut(&[Happening])) {
    fn go(
        all: &[Happening],
        most: usize,
        taken: &mut Vec<Happening>,
        visit: &mut dyn FnMut(&[Happening]),
    ) {
        for happening in all {
            if taken.contains(happening) {
                continue;
            }
            taken.push(*happening);
            visit(taken);
            if taken.len() < most {
                go(all, most, taken, visit);
            }
            taken.pop();
        }
    }
    go(all, most, &mut Vec::new(), visit);
}

/// The final responses we sent, by the transaction they answer: copies once.
fn answers(moment: &Moment) -> BTreeMap<String, Vec<u16>> {
    let mut answers: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    for (_, text) in &moment.peer.sent {
        let Some(rest) = text.strip_prefix("SIP/2.0 ") else {
            continue;
        };
        let status: u16 = rest[..3].parse().unwrap();
        if status < 200 {
            continue;
        }
        let method = field(text, "CSeq").split_once(' ').unwrap().1.to_owned();
        let via = field(text, "Via");
        let branch = via.split_once("branch=").unwrap().1;
        let branch = branch.split(';').next().unwrap();
        let statuses = answers.entry(format!("{method} {branch}")).or_default();
        if !statuses.contains(&status) {
            statuses.push(status);
        }
    }
    answers
}

fn hold(name: &str, moment: &Moment, order: &[Happening]) {
    let endpoint = &moment.peer.endpoint;
    let what = format!("{name}: {order:?}");
    // Nothing is left behind.
    assert_eq!(endpoint.sessions(), 0, "{what}");
    assert_eq!(endpoint.core.transactions(), (0, 0), "{what}");
    assert_eq!(endpoint.poll_timeout(), None, "{what}");
    assert!(
        endpoint.tags.is_empty() && endpoint.invites.is_empty(),
        "{what}"
    );
    // One final response to each request.
    let answers = answers(moment);
    for asked in &moment.asked {
        let given = answers.get(asked).map_or(&[][..], Vec::as_slice);
        assert_eq!(given.len(), 1, "{what}: {asked} was answered {given:?}");
    }
    // One end, and it is the last word.
    let told: Vec<&Indication> = moment.peer.told.iter().map(|(_, told)| told).collect();
    let ends = told.iter().filter(|t| matches!(t, Indication::Terminated));
    assert_eq!(ends.count(), 1, "{what}: {told:?}");
    assert_eq!(told.last(), Some(&&Indication::Terminated), "{what}");
    let reasons = told.iter().filter(|told| {
        matches!(
            told,
            Indication::Rejected { .. }
                | Indication::Bye { .. }
                | Indication::Cancelled { .. }
                | Indication::Failed { .. }
        )
    });
    assert!(reasons.count() <= 1, "{what}: {told:?}");
    let accepted = told
        .iter()
        .filter(|t| matches!(t, Indication::Accepted { .. }));
    assert!(accepted.count() <= 1, "{what}: {told:?}");
    if moment.is_uac() {
        forks(&what, moment, order);
    }
}

/// Every fork whose 200 came has its ACK, and its BYE from one side.
fn forks(what: &str, moment: &Moment, order: &[Happening]) {
    let sent = |method: &str, tag: &str| {
        moment.peer.sent.iter().any(|(_, text)| {
            text.starts_with(method) && find(text, "To").is_some_and(|to| to.ends_with(tag))
        })
    };
    for (happening, tag) in [
        (Happening::Ok, ";tag=one"),
        (Happening::OkOfAnotherFork, ";tag=two"),
    ] {
        let Some(at) = order.iter().position(|h| *h == happening) else {
            continue;
        };
        // After 487, or once the transaction has been given up, there is no 200 to our INVITE.
        let before = &order[..at];
        if before.contains(&Happening::Terminated487) || before.contains(&Happening::Timer) {
            continue;
        }
        assert!(sent("ACK", tag), "{what}: no ACK of {tag}");
        let by_peer = tag.ends_with("one") && order.contains(&Happening::Bye);
        assert!(by_peer || sent("BYE", tag), "{what}: no BYE of {tag}");
    }
}

fn race(makings: &[Making], happenings: &[Happening]) {
    std::thread::scope(|scope| {
        for half in makings.chunks(makings.len().div_ceil(2)) {
            scope.spawn(move || {
                for (name, make) in half {
                    orderings(happenings, 4, &mut |order| {
                        let mut moment = make();
                        for happening in order {
                            moment.happens(*happening);
                        }
                        moment.ends();
                        hold(name, &moment, order);
                    });
                }
            });
        }
    });
}

#[test]
fn every_race_of_a_session_we_were_called_by() {
    race(&UAS, &TO_UAS);
}

#[test]
fn every_race_of_a_session_we_called_for() {
    race(&UAC, &TO_UAC);
}

//! A transfer to a circuit, and everything that may happen meanwhile in every order.

use std::time::Duration;

use isup::{CalledPartysStatus, Cic, MessageType};

use super::super::rfc3398::{from_isup, from_sip};
use super::super::sip_far_end::{Dialog, With};
use super::super::stand::Stand;
use super::TRANSFER;
use super::circuits::refers;
use crate::config::Standard;
use crate::iwu::{Admin, Input};

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happens {
    /// The further party is being alerted.
    Rings,
    /// It answers.
    Answers,
    /// It clears.
    Clears,
    /// The party that is transferred clears.
    PartyClears,
    /// The user hangs up.
    UserLeaves,
    /// The gateway shuts down.
    Shutdown,
}

const ALL: [Happens; 6] = [
    Happens::Rings,
    Happens::Answers,
    Happens::Clears,
    Happens::PartyClears,
    Happens::UserLeaves,
    Happens::Shutdown,
];

impl Happens {
    fn at(self, stand: &mut Stand, user: &mut Dialog, [first, second]: [Cic; 2]) {
        match self {
            Self::Rings => {
                let acm = stand.acm(CalledPartysStatus::SubscriberFree);
                stand.exchange_on(second, &acm);
            }
            Self::Answers => {
                let anm = stand.message(MessageType::Anm);
                stand.exchange_on(second, &anm);
            }
            Self::Clears => stand.exchange_on(second, &stand.rel(16)),
            Self::PartyClears => stand.exchange_on(first, &stand.rel(16)),
            Self::UserLeaves => stand.request(user, "BYE", &With::nothing()),
            Self::Shutdown => {
                let limit = Duration::ZERO;
                stand.input(Input::Admin(Admin::Drain { limit }));
            }
        }
    }
}

/// Both far ends answer what they are asked, until there is nothing more.
fn agree(stand: &mut Stand) {
    loop {
        if let Some((cic, kind)) = stand.next_isup() {
            let answer = match kind {
                MessageType::Rel => MessageType::Rlc,
                _ => continue,
            };
            let answer = stand.message(answer);
            stand.exchange_on(cic, &answer);
        } else if let Some(heard) = stand.next_sip() {
            let is_request = !heard.line().starts_with(|c: char| c.is_ascii_digit());
            if is_request && !heard.line().starts_with("ACK") {
                stand.respond(&heard, "200 OK", "called", &With::nothing());
            }
        } else {
            return;
        }
    }
}

/// The calls end, and nothing is left of them, whichever four things happen in whatever order.
#[test]
fn every_race_of_a_transfer_to_a_circuit_leaves_nothing_behind() {
    let mut orders = vec![Vec::new()];
    for _ in 0..4 {
        let longer = orders.iter().flat_map(|order| {
            let further = ALL.into_iter().filter(|happens| !order.contains(happens));
            further.map(|happens| [order.as_slice(), &[happens]].concat())
        });
        orders = longer.collect();
    }
    for (nth, order) in orders.into_iter().enumerate() {
        let mut stand = Stand::new(Standard::Itu, TRANSFER);
        let mut user = match nth % 2 {
            0 => from_isup(&mut stand),
            _ => from_sip(&mut stand, With::sdp()),
        };
        let (first, second) = refers(&mut stand, &mut user);
        for happens in &order {
            happens.at(&mut stand, &mut user, [first, second]);
            // At every other one nobody has answered yet.
            if nth % 4 < 2 {
                agree(&mut stand);
            }
        }
        agree(&mut stand);
        for last in [Happens::PartyClears, Happens::Clears] {
            last.at(&mut stand, &mut user, [first, second]);
            agree(&mut stand);
        }
        stand.seconds(70);
        agree(&mut stand);
        stand.seconds(70);
        let held = stand.iwu.occupancy();
        let rest = (held.calls, held.circuits, held.bridges, held.sessions);
        assert_eq!(
            rest,
            (0, 0, 0, 0),
            "{order:?}: {held:?}\n{}",
            stand.ladder()
        );
        assert_eq!(
            (held.dialogs, held.timers, held.records),
            (0, 0, 0),
            "{order:?}"
        );
        assert_eq!(stand.records.len(), 2, "{order:?}");
    }
}

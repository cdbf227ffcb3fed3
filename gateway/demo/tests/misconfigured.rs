//! The four usual mistakes between two exchanges, each seen by a gateway in what the other sends and
//! told by `isthmus links` or `isthmus circuits`, whose lines these are.

use std::time::Duration;

use lab::network::NetworkConfig;
use lab::sip_peer::Invitation;

use super::base;
use super::two_gateways::Pair;
use crate::demo::settings::numbers;
use crate::iwu::maintenance::Which;

/// Two gateways of which the second is configured otherwise, after half a minute.
fn differing(circuits: (&str, &str), change: (&str, &str)) -> Pair {
    let mut pair = Pair::differing(base(), NetworkConfig::default(), circuits, change);
    run(&mut pair, 30);
    pair
}

fn run(pair: &mut Pair, seconds: u64) {
    let end = pair.now + Duration::from_secs(seconds);
    while pair.now < end {
        pair.turn();
    }
}

/// What `isthmus links` says at one of them.
fn links(pair: &Pair, side: usize) -> String {
    pair.sides[side].iwu.explain_links().join("\n")
}

/// What `isthmus circuits` says at one of them.
fn circuits(pair: &Pair, side: usize) -> String {
    let iwu = &pair.sides[side].iwu;
    let lines = iwu.explain_circuits(pair.now, &Which::default()).unwrap();
    lines.join("\n")
}

fn says(text: &str, advice: &str) {
    assert!(text.contains(advice), "expected {advice:?} in:\n{text}");
}

const ALL: (&str, &str) = ("1-15,17-31", "");

#[test]
fn the_network_indicators_differ() {
    let pair = differing(
        ALL,
        (
            "adjacent = ",
            "network_indicator = \"international\"\nadjacent = ",
        ),
    );
    for (side, seen, configured) in [
        (0, "international", "national"),
        (1, "national", "international"),
    ] {
        let advice =
            format!("the far end sends network indicator {seen}, configured is {configured}");
        says(&links(&pair, side), &advice);
        says(&circuits(&pair, side), "far end cannot be reached");
    }
}

#[test]
fn a_point_code_is_wrong() {
    let pair = differing(ALL, ("point_code = \"2-10-5\"", "point_code = \"2-10-6\""));
    says(&links(&pair, 0), "2-10-6");
    says(&links(&pair, 0), "2-10-5");
    says(&links(&pair, 1), "2-10-5");
}

#[test]
fn the_circuit_codes_are_beside_each_other() {
    let change = ("timeslots = ", "first_cic = 32\ntimeslots = ");
    let pair = differing(ALL, change);
    // So far they have sent GRS, for the first 15 circuits and for the others.
    let low =
        "the far end uses CIC 33 to 49, which are not configured: are the codes here 32 too low?";
    says(&circuits(&pair, 0), low);
    let high =
        "the far end uses CIC 1 to 17, which are not configured: are the codes here 32 too high?";
    says(&circuits(&pair, 1), high);
}

/// Both ends prefer the even circuits: they seize the same ones at once, again and again.
#[test]
fn both_ends_prefer_even_circuits() {
    let even = "hunt = \"ascending\"\nprefer = \"even\"";
    let mut pair = differing(("1-15,17-31", even), ("", ""));
    assert!(!circuits(&pair, 0).contains("dual seizures"));
    for _ in 0..3 {
        let now = pair.now;
        for side in &mut pair.sides {
            let host = side.user.config().remote;
            let to = format!("sip:{}@{host};user=phone", numbers::SIP_USER);
            let mut invitation = Invitation::new(&to);
            invitation.hang_up_after = Some(Duration::from_secs(1));
            side.user.call(now, invitation).unwrap();
        }
        run(&mut pair, 10);
    }
    for side in 0..2 {
        says(
            &circuits(&pair, side),
            "3 dual seizures: do both ends hunt the same (even or odd) circuits first, or is a point \
             code wrong?",
        );
    }
}

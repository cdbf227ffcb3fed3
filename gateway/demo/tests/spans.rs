//! Sixty-three lines between one gateway and one exchange, in one process.

use std::fmt::Write as _;
use std::time::Duration;

use lab::exchange::Phase;
use lab::network::{Network, NetworkConfig};

use super::base;
use super::offices::Office;
use crate::iwu::Input;

/// As many E1s as an STM-1 has.
const SPANS: u16 = 63;
/// Circuit codes of a span.
const CICS: u16 = 32;
const CALLER: &str = "+49305550007";

/// The sections of a file that each span has, and the links on the first two.
fn spans(role: &str) -> String {
    let mut text = String::new();
    for n in 0..SPANS {
        let span = format!("name = \"e{n}\"\ndriver = \"emulator\"\npath = \"e{n}\"");
        writeln!(text, "[[span]]\n{span}\nrole = \"{role}\"\n").unwrap();
    }
    text
}

const LINKS: &str = "link = [{ span = \"e0\", timeslot = 16, slc = 0 }, \
                     { span = \"e62\", timeslot = 16, slc = 1 }]";

/// The exchange, with a subscriber that the first span leads to and one behind the last.
fn exchange() -> String {
    let mut text = spans("connect");
    text += "[[linkset]]\nname = \"to-gateway\"\npoint_code = \"2-10-5\"\nadjacent = \"2-10-1\"\n";
    text += LINKS;
    for n in 0..SPANS {
        let first = n * CICS;
        let span = format!("span = \"e{n}\"\ntimeslots = \"1-15,17-31\"\nfirst_cic = {first}");
        write!(text, "\n[[circuits]]\nlinkset = \"to-gateway\"\n{span}\n").unwrap();
    }
    for number in ["+49305550001", "+49305550002"] {
        let subscriber = format!("number = \"{number}\"\nbehaviour = \"milliwatt\"");
        write!(text, "\n[[subscriber]]\n{subscriber}\n").unwrap();
    }
    text
}

/// The gateway, which is its own SIP trunk: what comes by a circuit goes out by another.
fn gateway(text: &str) -> String {
    let (head, _) = text.split_once("[[span]]").unwrap();
    let mut text = head.replace("16384-16511", "16384-24575") + &spans("listen");
    text += "[[linkset]]\nname = \"to-exchange\"\npoint_code = \"2-10-1\"\nadjacent = \"2-10-5\"\n";
    text += LINKS;
    for n in 0..SPANS {
        let first = n * CICS;
        let span = format!("span = \"e{n}\"\ntimeslots = \"1-15,17-31\"\nfirst_cic = {first}");
        let group = format!("name = \"g{n}\"\nlinkset = \"to-exchange\"\n{span}");
        write!(text, "\n[[trunk_group]]\n{group}\ncountry_code = \"49\"\n").unwrap();
    }
    text +=
        "\n[[sip_trunk]]\nname = \"itself\"\naddress = \"127.0.0.1:5060\"\nisup = \"optional\"\n";
    for (number, group) in [("+49305550001", "g0"), ("+49305550002", "g62")] {
        let rule = format!("name = \"to-{group}\"\nprefix = \"{number}\"");
        write!(
            text,
            "\n[[rule]]\n{rule}\nfrom = [\"itself\"]\nto = [\"{group}\"]\n"
        )
        .unwrap();
    }
    let groups: Vec<_> = (0..SPANS).map(|n| format!("\"g{n}\"")).collect();
    let groups = groups.join(", ");
    write!(
        text,
        "\n[[rule]]\nname = \"in\"\nfrom = [{groups}]\nto = [\"itself\"]\n"
    )
    .unwrap();
    text
}

/// 1,890 circuits come into service, and calls cross the first and the last span.
#[test]
fn sixty_three_spans_come_into_service_and_carry_calls() {
    let mut now = base();
    let mut network = Network::new(NetworkConfig::default());
    let addresses = ["127.0.0.1", "127.0.0.1"];
    let mut office = Office::with(now, addresses, &exchange(), &|text| gateway(&text));
    office.input(now, &mut network, Input::Start);
    let mut until = |office: &mut Office, limit, is: &dyn Fn(&Office) -> bool| {
        let end = now + Duration::from_secs(limit);
        while now < end && !is(office) {
            now = office.turn(now, &mut network);
        }
        assert!(is(office), "{}", office.ladder());
        now
    };
    let mut now = until(&mut office, 30, &Office::is_idle);
    let circuits = office.exchange.circuits().count();
    assert_eq!(circuits, usize::from(SPANS) * 30);
    for (number, first) in [("+49305550001", 0), ("+49305550002", (SPANS - 1) * CICS)] {
        let circuit = office.exchange.place_call(now, CALLER, number).unwrap();
        until(&mut office, 20, &|office| {
            let calls = office.exchange.calls();
            let answered = calls.filter(|(_, _, phase, ..)| *phase == Phase::Answered);
            answered.count() == 2
        });
        let (called, ..) = office
            .exchange
            .calls()
            .find(|(_, incoming, ..)| *incoming)
            .unwrap();
        let cic = office
            .exchange
            .circuits()
            .find(|view| view.id == called)
            .unwrap()
            .cic
            .0;
        assert!(
            (first + 1..first + CICS).contains(&cic),
            "{number}: CIC {cic}"
        );
        now = until(&mut office, 5, &|office| {
            let mut heard = office
                .exchange
                .events()
                .filter(|event| event.circuit == Some(circuit));
            heard.any(|event| event.to_string().contains("heard 1004"))
        });
        office.exchange.release(now, circuit, 16).unwrap();
        now = until(&mut office, 10, &Office::is_idle);
        office.exchange.take_events();
    }
    assert_eq!(office.records.len(), 4, "each call is two of the gateway's");
}

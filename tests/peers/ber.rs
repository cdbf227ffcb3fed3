//! `isthmus ber` through the gateway: the pattern of O.150 across a call, against a subscriber that
//! sends back what it hears and one that sends the pattern itself.

use std::process::Command;

use crate::world::{Changes, World};

fn test(world: &World, number: &str) -> serde_json::Value {
    let gateway = world.sip.to_string();
    let arguments = ["ber", "--call", number, "--gateway", &gateway];
    let output = Command::new(env!("CARGO_BIN_EXE_isthmus"))
        .args(arguments)
        .args(["--seconds", "2", "--json"])
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{wrong}"))
}

/// A machine that is too busy may slip on its emulated line, which runs in real time: then the count
/// says so, and the test is made once more.
#[test]
fn the_pattern_crosses_calls_without_a_wrong_bit() {
    let clear = (
        "codecs = [\"pcma\", \"pcmu\"]",
        "codecs = [\"pcma\", \"pcmu\", \"clearmode\"]",
    );
    let world = World::start(&Changes {
        gateway: &[clear],
        ..Changes::default()
    });
    for number in ["+49305550001", "+49305550009"] {
        let clean = (0..5).any(|_| {
            let told = test(&world, number);
            assert!(told["bits"].as_u64() >= Some(2 * 64_000), "{told}");
            assert!(told["packets"]["received"].as_u64() >= Some(100), "{told}");
            eprintln!("{number}: {told}");
            told["bit_errors"] == 0 && told["losses"] == 0 && told["error_free_seconds"] == 2
        });
        assert!(clean, "{number}");
    }
    // A subscriber that is busy: no test, and an exit status that says so.
    let gateway = world.sip.to_string();
    let refused = Command::new(env!("CARGO_BIN_EXE_isthmus"))
        .args(["ber", "--call", "+49305550004", "--gateway", &gateway])
        .output()
        .expect("the program starts");
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8_lossy(&refused.stderr);
    assert!(why.contains("486"), "{why}");
}

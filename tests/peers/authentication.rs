//! A peer that has to prove who it is (RFC 3261 §22.2).

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use crate::certificates;
use crate::peer;
use crate::ports;
use crate::sipp::{self, ECHO, LIMIT, succeeds};
use crate::world::{Changes, World};

const PASSWORD: &str = "not-to-be-recorded";
/// The trunk that has to prove itself is at another address.
const ELSEWHERE: [u8; 4] = [127, 0, 0, 2];

/// The gateway asks `softphone` at 127.0.0.2 for a password, by one of these hashes.
fn world(hashes: &str, file: &Path) -> World {
    let authenticate = format!(
        "transport = \"udp\"\nauthenticate = {{ username = \"carrier\", password_file = \"{}\", \
         realm = \"isthmus\", algorithms = {hashes} }}",
        file.display()
    );
    World::start(&Changes {
        gateway: &[
            ("transport = \"udp\"", &authenticate),
            ("sources = [\"127.0.0.1\"]", "sources = [\"127.0.0.2\"]"),
            ("# The dial plan.", certificates::PROBE),
            (
                "from = [\"softphone\"]",
                "from = [\"softphone\", \"probe\"]",
            ),
        ],
        ..Changes::default()
    })
}

#[test]
fn a_caller_with_the_password_gets_through_and_one_without_does_not() {
    if !peer::is_here("sipp") {
        return;
    }
    let file = std::env::temp_dir().join(format!("isthmus-password-{}", std::process::id()));
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let mut world = world("[\"MD5\"]", &file);
    let call = |world: &World, password: &str| {
        let at = SocketAddr::from((ELSEWHERE, ports::free(2)));
        // By itself it names the host alone, which is not what it requests (RFC 7616 §3.4.6).
        let uri = format!("{ECHO}@{}", world.sip);
        let arguments = [
            "-s",
            ECHO,
            "-m",
            "1",
            "-d",
            "500",
            "-au",
            "carrier",
            "-ap",
            password,
            "-auth_uri",
            &uri,
        ];
        sipp::start_at(world, "challenged_caller.xml", at, &arguments)
    };
    succeeds(call(&world, PASSWORD));
    world.wait_until_idle();
    let from = world.gateway().said();
    let refused = call(&world, "another");
    // What it sends with the wrong password is asked for the right one again.
    crate::eventually("two challenges", LIMIT, || {
        let said = world.gateway().heard(from);
        let challenges = said.iter().filter(|line| line.contains("SIP sent 401"));
        (challenges.count() >= 2).then_some(())
    });
    drop(refused);
    world.wait_until_idle();
    let records = world.wait_for_records(1);
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(
        (records[0].cause, records[0].sip_status),
        (Some(16), Some(200))
    );
    world.finish();
    fs::remove_file(file).unwrap();
}

//! What the programs say of spans that they cannot use: what was found, and what mends it.

use std::os::unix::process::CommandExt;
use std::process::Command;

use isthmus::demo::real_time::Line;

use super::folder;

/// A user to whom the driver's devices do not belong.
const NOBODY: u32 = 65_534;

/// What `isthmus run` says, as this user, when it has a span with these keys.
fn refused(keys: &str, user: u32) -> String {
    let folder = folder("refusals");
    let text = format!(
        "[[span]]\nname = \"card\"\ndriver = \"dahdi\"\n{keys}\n\
         [[linkset]]\nname = \"set\"\npoint_code = \"2-10-1\"\nadjacent = \"2-10-5\"\n\
         link = [{{ span = \"card\", timeslot = 16, slc = 0 }}]\n\
         [[trunk_group]]\nname = \"group\"\nlinkset = \"set\"\nspan = \"card\"\n\
         timeslots = \"1-5\"\ncountry_code = \"49\"\n\
         [[sip_trunk]]\nname = \"phone\"\naddress = \"127.0.0.1:5070\"\n\
         [[rule]]\nname = \"all\"\nfrom = [\"phone\"]\nto = [\"group\"]\n"
    );
    std::fs::write(folder.join("gateway.toml"), text).unwrap();
    let output = Command::new("/payload/isthmus")
        .args(["run", "--config", "gateway.toml"])
        .current_dir(&folder)
        .uid(user)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    // However wide the terminal.
    let text = String::from_utf8_lossy(&output.stderr);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_cannot_be_used_is_refused_with_the_line_that_mends_it() {
    let apply = "in /etc/dahdi/system.conf, then `dahdi_cfg -vv`";
    for (keys, told) in [
        (
            "number = 9",
            "span card: the driver has no span 9, only 1 (DYN/loc/1:0), ".to_owned(),
        ),
        (
            "number = 1\nsignalling_mode = \"mtp2\"",
            format!(
                "span card: channel 16 (span 1, timeslot 16) is `dchan`, and one in the driver's MTP2 mode \
                 is needed: write `mtp2=16` {apply}"
            ),
        ),
        (
            "number = 2\necho_canceller = \"16ms\"",
            format!(
                "channel 32 (span 2, timeslot 1) has no echo canceller: write `echocanceller=mg2,32` {apply}"
            ),
        ),
    ] {
        let found = refused(keys, 0);
        assert!(found.contains(&told), "no {told:?} in {found}");
    }
    let found = refused("number = 1", NOBODY);
    assert!(found.contains("usermod -aG dahdi USER"), "{found}");
    let other = Line::dahdi_end(1).unwrap();
    let found = refused("number = 1", 0);
    assert!(
        found.contains("is open in another program: `fuser -v"),
        "{found}"
    );
    drop(other);
}

//! `isthmus ber` through the gateway: the pattern of O.150 across a call, against a subscriber that
//! sends back what it hears and one that sends the pattern itself; and over a timeslot of a serial line.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::peer;
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

/// A file of a lab whose only line is this device.
fn cable(folder: &Path, device: &str) -> PathBuf {
    let text = format!(
        "[[span]]\nname = \"cable\"\ndriver = \"serial\"\ndevice = \"{}\"\nrate = 921600\n\
         timeslots = \"1-3\"\nsignalling = 16\n",
        folder.join(device).display()
    );
    let path = folder.join(format!("{device}.toml"));
    std::fs::write(&path, text).expect("a file of ours");
    path
}

/// Carries octets from one terminal to another, and inverts a bit of one in so many unless that is zero.
fn carry(from: &Path, to: &Path, one_in: &'static AtomicUsize) {
    let mut from = File::open(from).expect("a terminal");
    let mut to = OpenOptions::new().write(true).open(to).expect("another");
    std::thread::spawn(move || {
        let (mut octets, mut passed) = ([0; 1024], 0_usize);
        while let Ok(count @ 1..) = from.read(&mut octets) {
            for octet in &mut octets[..count] {
                passed += 1;
                let one_in = one_in.load(Ordering::Relaxed);
                if one_in > 0 && passed.is_multiple_of(one_in) {
                    *octet ^= 0x10;
                }
            }
            if to.write_all(&octets[..count]).is_err() {
                break;
            }
        }
    });
}

/// Ends a program of ours with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A timeslot of a serial line, looped at the far end: without an error over a good cable (again when
/// this machine was too busy to feed it), and with errors, counted, over a bad one.
#[test]
fn the_pattern_crosses_a_serial_line() {
    static ONE_IN: AtomicUsize = AtomicUsize::new(0);
    if !peer::is_here("socat") {
        return;
    }
    let folder = std::env::temp_dir().join(format!("isthmus-ber-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a directory for temporary files");
    let terminal = |name: &str| format!("pty,link={},raw,echo=0", folder.join(name).display());
    let joined = [("near", "near-end"), ("far", "far-end")].map(|(one, other)| {
        let socat = Command::new("socat")
            .args([terminal(one), terminal(other)])
            .spawn();
        Ended(socat.expect("socat starts"))
    });
    let ends = ["near-end", "far-end"].map(|name| folder.join(name));
    for end in &ends {
        for _ in 0..500 {
            if end.exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    carry(&ends[0], &ends[1], &ONE_IN);
    carry(&ends[1], &ends[0], &ONE_IN);
    let ber = |device: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_isthmus"));
        command
            .arg("ber")
            .arg("--config")
            .arg(cable(&folder, device));
        command.args(["--span", "cable", "--timeslot", "2"]);
        command
    };
    let far = ber("far").arg("--loop").stdout(Stdio::null()).spawn();
    let far = Ended(far.expect("the program starts"));
    let test = || {
        let output = ber("near").args(["--seconds", "3", "--json"]).output();
        let output = output.expect("the program starts");
        let told = serde_json::from_slice::<serde_json::Value>(&output.stdout);
        (output.status.code(), told.expect("JSON"))
    };
    let clean = (0..5).any(|_| {
        let (status, told) = test();
        eprintln!("a good cable: {told}");
        status == Some(0) && told["bit_errors"] == 0 && told["error_free_seconds"] == 3
    });
    assert!(clean);
    // Some frames in each second are thrown away for their checksums, and made up for.
    ONE_IN.store(20_000, Ordering::Relaxed);
    let (status, told) = test();
    assert_eq!(status, Some(1), "{told}");
    assert!(told["bit_errors"].as_u64() > Some(0), "{told}");
    drop((far, joined));
    let _ = std::fs::remove_dir_all(folder);
}

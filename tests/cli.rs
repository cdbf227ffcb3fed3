//! The program as its user meets it: what it prints, where, and its exit status.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn isthmus(arguments: &[&str], input: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_isthmus"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("ISTHMUS_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    program
        .stdin
        .take()
        .expect("a pipe")
        .write_all(input.as_bytes())
        .expect("it reads");
    program.wait_with_output().expect("it ends")
}

/// Exit status, standard output and standard error.
fn outcome(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = isthmus(arguments, "");
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).expect("text");
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn the_files_of_the_repository_are_right() {
    let (status, out, err) = outcome(&["check", "config/isthmus.toml", "config/lab.toml"]);
    assert_eq!((status, err.as_str()), (Some(0), ""));
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(out.lines().all(|line| line.contains(": right: ")), "{out}");
}

#[test]
fn a_typo_is_pointed_at() {
    let text = std::fs::read_to_string("config/isthmus.toml").expect("the reference file");
    let wrong = Path::new(env!("CARGO_TARGET_TMPDIR")).join("typo.toml");
    std::fs::write(&wrong, text.replace("\nlisten =", "\nlisen =")).expect("written");
    let line = 1 + text
        .lines()
        .position(|line| line.starts_with("listen ="))
        .expect("it is there");
    let (status, out, err) = outcome(&["check", wrong.to_str().expect("text")]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(err.contains(&format!("typo.toml:{line}:1")), "{err}");
    assert!(err.contains("found `lisen`"), "{err}");
    assert!(err.contains("did you mean `listen`?"), "{err}");
    let (status, _, err) = outcome(&["run", "--config", wrong.to_str().expect("text")]);
    assert_eq!(status, Some(1));
    assert!(
        err.contains("did you mean `listen`?"),
        "a wrong file does not run: {err}"
    );
}

#[test]
fn exit_status_of_routes() {
    let status = |arguments: &[&str]| outcome(arguments).0;
    assert_eq!(
        status(&["route", "+49305550001", "--from", "softphone"]),
        Some(0)
    );
    assert_eq!(
        status(&["route", "+49900555", "--from", "softphone"]),
        Some(1),
        "refused"
    );
    assert_eq!(
        status(&["route", "+12125550100", "--from", "softphone"]),
        Some(1),
        "no route"
    );
    assert_eq!(
        status(&["route", "nobody", "--from", "softphone"]),
        Some(2),
        "no number"
    );
    assert_eq!(
        status(&["route", "+49305550001", "--from", "nobody"]),
        Some(2),
        "no trunk"
    );
    assert_eq!(status(&["route", "+49305550001"]), Some(2), "no origin");
    assert_eq!(status(&["--help"]), Some(0));
    assert_eq!(status(&["--version"]), Some(0));
}

#[test]
fn what_is_decoded_is_encoded_again() {
    let (status, json, _) = outcome(&["decode", "--json", "0C0200028091"]);
    assert_eq!(status, Some(0));
    let encoded = isthmus(&["encode"], &json);
    assert_eq!(encoded.stdout, b"0c0200028091\n");
    let refused = isthmus(&["encode"], "{}");
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty());
}

/// `isthmus route ... | head` is no error.
#[test]
fn a_reader_may_go_away() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_isthmus"))
        .args(["route", "+49305550001", "--from", "softphone"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(program.stdout.take());
    let output = program.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

/// A gateway of the reference configuration, with its sockets in a folder of its own.
struct Running {
    child: std::process::Child,
    folder: std::path::PathBuf,
}

impl Running {
    #[expect(clippy::disallowed_methods, reason = "another process takes its time")]
    fn start(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let text = std::fs::read_to_string("config/isthmus.toml").expect("the reference file");
        let path = |name: &str| folder.join(name).display().to_string();
        let text = text
            .replace(
                "#control = \"/run/isthmus/control\"",
                &format!("control = {:?}", path("control")),
            )
            .replace("/tmp/isthmus-e1.sock", &path("e1"))
            .replace("127.0.0.1:5060", "127.0.0.1:25960")
            .replace("16384-16511", "29384-29511");
        std::fs::write(folder.join("run.toml"), text).expect("written");
        let child = Command::new(env!("CARGO_BIN_EXE_isthmus"))
            .args(["run", "--config", &path("run.toml")])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let running = Self { child, folder };
        let there = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            running.folder.join("control").exists()
        });
        assert!(there, "no control socket after 10 s");
        running
    }

    fn ask(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let config = self.folder.join("run.toml");
        outcome(&[arguments, &["--config", config.to_str().expect("text")]].concat())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_running_gateway_is_asked_why() {
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;

    let running = Running::start("control");
    let control = running.folder.join("control");
    let mode = std::fs::metadata(&control)
        .expect("a socket")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let (status, out, err) = running.ask(&["circuits"]);
    assert_eq!((status, err.as_str()), (Some(0), ""));
    assert_eq!(out.lines().count(), 30, "{out}");
    let (status, out, _) = running.ask(&["circuits", "5", "--group", "exchange"]);
    assert_eq!((status, out.lines().count()), (Some(0), 1));
    // Nobody is at the other end of the line.
    assert!(out.starts_with("exchange: circuit "), "{out}");
    assert!(
        out.contains("(CIC 5 to 2-10-5)") && out.contains("far end cannot be reached"),
        "{out}"
    );
    let (status, out, _) = running.ask(&["links"]);
    assert_eq!((status, out.lines().count()), (Some(0), 1));
    assert!(out.starts_with("to-exchange: SLC 0: "), "{out}");
    let (status, out, _) = running.ask(&["spans"]);
    assert_eq!((status, out.lines().count()), (Some(0), 1));
    assert!(out.starts_with("e1: emulated E1 at "), "{out}");

    let (status, out, _) = running.ask(&["maintain", "block", "5"]);
    assert_eq!(status, Some(0));
    assert!(out.contains("WaitBla"), "{out}");
    let refused = running.ask(&["maintain", "check", "5"]);
    assert_eq!(refused.0, Some(1));
    assert!(
        refused.2.contains("2-10-5 cannot be reached"),
        "{}",
        refused.2
    );
    for (arguments, told) in [
        (&["circuits", "16"][..], "no circuit has CIC 16"),
        (
            &["circuits", "--group", "nowhere"],
            "no trunk group `nowhere`, expected one of exchange",
        ),
        (
            &["maintain", "reset", "99", "--group", "exchange"],
            "no circuit has CIC 99 in exchange",
        ),
    ] {
        let (status, _, err) = running.ask(arguments);
        assert_eq!(status, Some(1));
        assert!(err.contains(told), "{err}");
    }

    // Nonsense, and more of it than a command has, gets a clear answer and does no harm.
    let long = [b'x'; 256];
    for (sent, told) in [
        (
            &b"shutdown\n"[..],
            "error: found `shutdown`, expected circuits, links, spans, block",
        ),
        (b"\xFF\xFE\n", "error: the command is no UTF-8"),
        (b"\n", "error: found ``"),
        (&long, "error: expected one line of less than 256 octets"),
    ] {
        let mut stream = UnixStream::connect(&control).expect("it listens");
        stream.write_all(sent).expect("it reads");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.starts_with(told), "{answer}");
    }
    let (status, ..) = running.ask(&["links"]);
    assert_eq!(status, Some(0));
    drop(running);
    let (status, _, err) = outcome(&["links", "--control", control.to_str().expect("text")]);
    assert_eq!(status, Some(1));
    assert!(err.contains("no gateway answers at"), "{err}");
}

#[test]
fn a_test_of_bit_errors_that_cannot_be_made_is_refused() {
    let no_span = outcome(&["ber", "--span", "e2", "--timeslot", "1"]);
    assert_eq!(no_span.0, Some(1));
    assert!(no_span.2.contains("no span `e2`"), "{}", no_span.2);
    assert!(no_span.2.contains("expected one of: e1"), "{}", no_span.2);
    for wrong in [
        &["ber"][..],
        &["ber", "--span", "e1"],
        &["ber", "--span", "e1", "--timeslot", "32"],
        &["ber", "--span", "e1", "--timeslot", "1", "--seconds", "0"],
        &[
            "ber",
            "--span",
            "e1",
            "--timeslot",
            "1",
            "--call",
            "+49305550001",
        ],
        &["ber", "--call", "+49305550001", "--gateway", "somewhere"],
    ] {
        assert_eq!(outcome(wrong).0, Some(2), "{wrong:?}");
    }
}

/// Both ends of an emulated line: one sends back, the other counts.
#[test]
fn two_ends_test_a_timeslot_between_them() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let socket = folder.join(format!("ber-{}.sock", std::process::id()));
    let file = |name: &str| {
        let text = std::fs::read_to_string(format!("config/{name}")).expect("a reference file");
        let socket = socket.to_str().expect("text");
        let path = folder.join(format!("ber-{name}"));
        std::fs::write(&path, text.replace("/tmp/isthmus-e1.sock", socket)).expect("written");
        path
    };
    let (gateway, lab) = (file("isthmus.toml"), file("lab.toml"));
    let ends = ["--span", "e1", "--timeslot", "5"];
    let mut far = Command::new(env!("CARGO_BIN_EXE_isthmus"))
        .args(["ber", "--config", lab.to_str().expect("text"), "--loop"])
        .args(ends)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let near = [
        "ber",
        "--seconds",
        "1",
        "--json",
        "--config",
        gateway.to_str().expect("text"),
    ];
    let (_, said, wrong) = outcome(&[&near[..], &ends[..]].concat());
    far.kill().expect("it is ours");
    far.wait().expect("it ends");
    let told: serde_json::Value = serde_json::from_str(&said).expect(&wrong);
    assert!(told["bits"].as_u64() >= Some(64_000), "{told}");
    // In real time, a busy machine makes slips of the line; they are told as such.
    let slips = told["line"]["slips"].as_u64().expect("a number");
    assert!(slips > 0 || told["bit_errors"] == 0, "{told}");
}

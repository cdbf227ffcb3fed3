//! Each key of `[sip]` and `[[sip_trunk]]` with a value that it cannot have.

use super::*;

const TYPICAL: &str = include_str!("typical.toml");

/// A refusal for each of these lines in place of `of`, which the typical file holds once.
fn refusals(of: &str, lines: &[&str]) -> String {
    assert_eq!(TYPICAL.matches(of).count(), 1, "{of}");
    let refused = lines.iter().map(|line| {
        let text = TYPICAL.replace(of, line);
        let refusal = Config::parse("isthmus.toml", &text, &no_environment());
        let refusal = refusal.expect_err(line);
        for problem in refusal.problems() {
            assert!(problem.position().is_some(), "{line}: {problem}");
        }
        drawn(&refusal)
    });
    refused.collect()
}

#[test]
fn wrong_values_of_sip() {
    let all = refusals(
        "user_agent = \"isthmus\"",
        &[
            "strangers = \"refues\"",
            "idle = \"5s\"",
            "name_server = \"ns.example.net\"",
            "tls = { certificate = \"a.pem\", key = \"b.pem\" }",
        ],
    ) + &refusals(
        "listen = \"127.0.0.1:5060\"",
        &[
            "listen = \"sctp:127.0.0.1:5060\"",
            "listen = \"0.0.0.0:5060\"",
            "listen = [\"127.0.0.1:5060\", \"127.0.0.1:5060\"]",
            "listen = [\"127.0.0.1:5060\", \"tls:127.0.0.1:5061\"]",
        ],
    ) + &refusals("t1 = \"500ms\"", &["t1 = \"5s\""]);
    insta::assert_snapshot!(all);
}

#[test]
fn wrong_values_of_a_sip_trunk() {
    let address = refusals(
        "address = \"127.0.0.1:5070\"",
        &[
            "address = \"127.0.0.1\"",
            "address = \"sip_example.net\"",
            "address = \"sip.example.net:0\"",
        ],
    );
    let sources = refusals(
        "sources = [\"127.0.0.1\"]",
        &["sources = [\"127.0.0.0/33\"]"],
    );
    let others = refusals(
        "trusted = false",
        &[
            "transport = \"tls\"",
            "tls = { verify = \"name\", names = [\"a.example.net\"] }",
            "tls = { verify = \"maybe\" }",
            "options = \"500ms\"",
            "most_calls = 0",
            "most_calls = -1",
            "calls_per_second = 0",
            "credentials = { username = \"a\", password_file = \"/nonexistent\" }",
            "authenticate = { username = \"a\", password_file = \"/nonexistent\" }",
            "register = { user = \"a b\" }",
            "register = { user = \"a\", expires = \"10s\" }",
            "isup_base = \"a b\"",
            "session_expires = \"80s\"",
            "transfer = \"yes\"",
            "rtp_timeout = 30",
            "profile = \"rfc3389\"",
        ],
    );
    let codecs = refusals(
        "codecs = [\"pcma\", \"pcmu\"]",
        &["codecs = []", "codecs = [\"g729\"]"],
    );
    let words = [
        ("reliable = \"supported\"", "reliable = \"on\""),
        ("ringback = \"auto\"", "ringback = \"both\""),
        ("early_media_wait = \"3s\"", "early_media_wait = 3"),
        ("overlap = false", "overlap = \"pass\""),
        ("suspend = \"hold\"", "suspend = \"reinvite\""),
        ("redirect = \"follow\"", "redirect = \"folow\""),
        ("overlap = \"off\"", "overlap = \"on\""),
    ];
    let words: String = words
        .iter()
        .map(|(of, line)| refusals(of, &[line]))
        .collect();
    insta::assert_snapshot!(address + &sources + &others + &codecs + &words);
}

/// Passwords stand in files of their own, which are read.
#[test]
fn a_challenge_needs_a_hash_and_a_realm() {
    let folder = std::env::temp_dir().join(format!("isthmus-password-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("password");
    std::fs::write(&file, "secret\n").unwrap();
    let of = |more: &str| {
        let file = file.display();
        let line =
            format!("authenticate = {{ username = \"a\", password_file = \"{file}\"{more} }}");
        let text = TYPICAL.replace("trusted = false", &line);
        Config::parse("isthmus.toml", &text, &no_environment())
    };
    of("").unwrap();
    let before = TYPICAL.split("trusted = false").next().unwrap();
    let line = before.matches('\n').count() + 1;
    for (more, expected) in [
        (
            ", algorithms = []",
            "at least one of \"MD5\", \"SHA-256\", \"SHA-256-sess\"",
        ),
        (", algorithms = [\"SHA-1\"]", "MD5"),
        (", realm = \"\"", "text without quotes"),
    ] {
        let refusal = of(more).unwrap_err();
        let [problem] = refusal.problems() else {
            panic!("{}", drawn(&refusal))
        };
        assert_eq!(
            problem.position().map(|(line, _)| line),
            Some(line),
            "{problem}"
        );
        assert!(
            problem.expected().contains(expected),
            "{}",
            problem.expected()
        );
    }
    std::fs::write(&file, "two\nlines\n").unwrap();
    assert!(drawn(&of("").unwrap_err()).contains("expected a file with one line of text"));
    std::fs::remove_dir_all(folder).unwrap();
}

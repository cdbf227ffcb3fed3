//! What subcommands print for the configuration of the repository.

use std::path::Path;

use clap::{CommandFactory, FromArgMatches};

use super::*;

/// What `isthmus route` prints, and its error.
fn route(arguments: &[&str]) -> String {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/config/isthmus.toml");
    let line = ["isthmus", "route", "--config", config]
        .into_iter()
        .chain(arguments.iter().copied());
    let matches = Line::command().try_get_matches_from(line).unwrap();
    let Command::Route(arguments) = Line::from_arg_matches(&matches).unwrap().command else {
        panic!("route was asked for");
    };
    let mut out = Vec::new();
    let done = route::run(&arguments, &mut out);
    let error = done
        .err()
        .map(|error| format!("error: {error}\n"))
        .unwrap_or_default();
    String::from_utf8(out).unwrap() + &error
}

#[test]
fn a_call_to_a_circuit() {
    insta::assert_snapshot!(route(&[
        "0305550001",
        "--from",
        "softphone",
        "--caller",
        "+49305550100"
    ]));
}

#[test]
fn a_call_to_a_sip_trunk() {
    insta::assert_snapshot!(route(&[
        "+49305550100",
        "--from",
        "exchange",
        "--caller",
        "+49305550007",
        "--others",
        "0"
    ]));
}

#[test]
fn a_call_that_is_refused_and_one_without_a_route() {
    let refused = route(&["+49900555", "--from", "softphone"]);
    let nowhere = route(&["+12125550100", "--from", "softphone"]);
    insta::assert_snapshot!(format!("{refused}\n{nowhere}"));
}

/// What `isthmus explain` prints, or its error.
fn explain(arguments: &[&str]) -> String {
    let line = ["isthmus", "explain"].iter().chain(arguments);
    let matches = Line::command().try_get_matches_from(line);
    let Command::Explain(arguments) = Line::from_arg_matches(&matches.unwrap()).unwrap().command
    else {
        panic!("explain was asked for");
    };
    let mut out = Vec::new();
    match explain::run(&arguments, &mut out) {
        Ok(()) => String::from_utf8(out).unwrap(),
        Err(error) => format!("error: {error}\n"),
    }
}

/// Every row that comes with the gateway.
#[test]
fn all_rows_of_the_profiles() {
    for name in crate::interwork::profile::builtin_names() {
        insta::assert_snapshot!(format!("profile {name}"), explain(&["profile", name]));
    }
}

#[test]
fn rows_of_a_cause_and_of_a_status() {
    let asked: [&[&str]; 9] = [
        &["cause", "34"],
        &["cause", "34", "--profile", "q1912-5"],
        &["cause", "21"],
        &["cause", "21", "--location", "u"],
        &["cause", "99", "--json"],
        &["status", "480"],
        &["status", "480", "--profile", "q1912-5"],
        &["status", "488", "--warning", "305"],
        &["status", "480", "--profile", "rfc3389"],
    ];
    let text = asked.map(|asked| {
        format!(
            "$ isthmus explain {}\n{}\n",
            asked.join(" "),
            explain(asked)
        )
    });
    insta::assert_snapshot!(text.concat());
}

/// A configuration's own profile, its file, and the trunks that name it.
#[test]
fn rows_of_an_administrators_profile() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway/cli/tests");
    let config = folder.join("profiles.toml");
    let config = config.to_str().unwrap();
    let mut text = String::new();
    for asked in [
        &[
            "cause",
            "34",
            "--sip-trunk",
            "plain",
            "--trunk-group",
            "exchange",
        ][..],
        &["cause", "34", "--sip-trunk", "particular"],
        &["cause", "34", "--sip-trunk", "plain"],
        &["status", "480", "--profile", "strict"],
        &["cause", "34", "--trunk-group", "exchnge"],
    ] {
        let shown = asked.join(" ");
        let answer = explain(&[asked, &["--config", config]].concat());
        text.push_str(&format!("$ isthmus explain {shown}\n{answer}\n"));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_command_line_is_consistent() {
    Line::command().debug_assert();
}

/// The help reads like a manual page: every subcommand and argument says what it is for.
#[test]
fn everything_has_help() {
    for command in Line::command().get_subcommands() {
        let name = command.get_name();
        assert!(command.get_about().is_some(), "{name}");
        assert!(command.get_after_help().is_some(), "{name} has no example");
        for argument in command.get_arguments() {
            assert!(
                argument.get_help().is_some(),
                "{name}: {}",
                argument.get_id()
            );
        }
    }
}

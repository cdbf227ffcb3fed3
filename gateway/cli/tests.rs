//! What subcommands print for the configuration of the repository.

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

//! The files of `config/`, and what the reader says about wrong ones.

mod announcements;
mod fields;
mod refusals;
mod sip_keys;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

fn reference(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).unwrap()
}

fn no_environment() -> Environment {
    BTreeMap::new()
}

fn drawn(refusal: &Refusal) -> String {
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::none());
    let mut text = format!("{refusal}\n");
    for problem in refusal.problems() {
        handler.render_report(&mut text, problem).unwrap();
    }
    text
}

/// Nothing lies in `config/` that no program can read.
#[test]
fn every_file_is_right() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let text = || std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let refused = match name {
            "tones" => {
                every_tone_plan_is_right(&path);
                continue;
            }
            "profiles" => {
                every_profile_is_right(&path);
                continue;
            }
            "lab.toml" => lab::parse(name, &text(), &no_environment()).err(),
            _ => Config::parse(name, &text(), &no_environment()).err(),
        };
        assert!(refused.is_none(), "{}", drawn(&refused.unwrap()));
    }
}

fn every_profile_is_right(folder: &Path) {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let profile = profile::read(&file, &text, &no_environment());
        let profile = profile.unwrap_or_else(|refusal| panic!("{}", drawn(&refusal)));
        assert_eq!(profile.name, file);
        names.push(file);
    }
    names.sort();
    let mut builtin: Vec<_> = crate::interwork::profile::builtin_names().collect();
    builtin.sort_unstable();
    assert_eq!(
        names, builtin,
        "every profile of the folder comes with the gateway"
    );
}

fn every_tone_plan_is_right(folder: &Path) {
    let mut countries = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let plan = media_bridge::tone::Plan::parse(&std::fs::read_to_string(&path).unwrap());
        plan.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        countries.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
    }
    countries.sort();
    let mut builtin: Vec<_> = media_bridge::tone::Plan::countries().collect();
    builtin.sort_unstable();
    assert_eq!(
        countries, builtin,
        "every plan of the folder can be configured"
    );
}

#[test]
fn the_pair_fits_together() {
    let gateway = Config::parse(
        "isthmus.toml",
        &reference("isthmus.toml"),
        &no_environment(),
    );
    let lab = lab::parse("lab.toml", &reference("lab.toml"), &no_environment());
    let (gateway, lab) = (gateway.unwrap(), lab.unwrap());
    let (
        Driver::Emulator {
            path: ours,
            role: our_role,
            ..
        },
        Driver::Emulator { path, role, .. },
    ) = (&gateway.spans[0].driver, &lab.spans[0].driver)
    else {
        panic!("both are emulated");
    };
    assert_eq!(
        (ours, our_role, role),
        (path, &Role::Listen, &Role::Connect)
    );
    let (ours, theirs) = (&gateway.linksets[0], &lab.linksets[0]);
    assert_eq!(
        (ours.point_code, ours.adjacent),
        (theirs.adjacent, theirs.point_code)
    );
    assert_eq!(ours.links, theirs.links);
    let (ours, theirs) = (&gateway.trunk_groups[0], &lab.circuits[0]);
    assert_eq!(
        (ours.timeslots, ours.first_cic),
        (theirs.timeslots, theirs.first_cic)
    );
    assert_eq!(ours.law, theirs.law);
}

/// What the reference file says a default is, is the default.
#[test]
fn the_reference_file_holds_the_defaults() {
    let config = Config::parse(
        "isthmus.toml",
        &reference("isthmus.toml"),
        &no_environment(),
    );
    let config = config.unwrap();
    assert_eq!(config.gateway, Gateway::default());
    assert_eq!(config.rtp, Rtp::default());
    assert_eq!(config.media, Media::default());
    assert_eq!(config.records, Records::default());
    assert_eq!(config.capture, Capture::default());
    let sip = Sip {
        user_agent: Sip::default().user_agent,
        ..config.sip
    };
    assert_eq!(sip, Sip::default());
    assert_eq!(config.linksets[0].standard, Standard::default());
    assert_eq!(
        config.linksets[0].network_indicator,
        NetworkIndicator::default()
    );
    assert_eq!(config.trunk_groups[0].hunt, Hunt::default());
    assert_eq!(config.trunk_groups[0].prefer, Prefer::default());
    assert_eq!(config.sip_trunks[0].isup, IsupMode::default());
    assert_eq!(config.sip_trunks[0].reliable, Reliable::default());
    assert_eq!(config.sip_trunks[0].ringback, Ringback::default());
}

#[test]
fn the_environment_lies_over_the_file() {
    let environment = BTreeMap::from(
        [
            ("ISTHMUS__SIP__LISTEN", "192.0.2.1:5080"),
            ("ISTHMUS__GATEWAY__DRAIN", "5min"),
            ("ISTHMUS__GATEWAY__MASK_NUMBERS", "false"),
            ("ISTHMUS__GATEWAY__SEED", "7"),
            ("ISTHMUS__RECORDS__FILE", "/var/log/calls.jsonl"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let config = Config::parse("isthmus.toml", &reference("isthmus.toml"), &environment).unwrap();
    let address = SocketAddr::from(([192, 0, 2, 1], 5080));
    assert_eq!(config.sip.listen, Listen::at(address));
    assert_eq!(config.gateway.drain, Duration::from_secs(300));
    assert!(!config.gateway.mask_numbers);
    assert_eq!(config.gateway.seed, Some(7));
    assert_eq!(
        config.records.file,
        Some(PathBuf::from("/var/log/calls.jsonl"))
    );
    assert_eq!(
        config.trunk_groups.len(),
        1,
        "what it does not name stays as the file has it"
    );
}

#[test]
fn a_trunk_is_an_address_or_a_name() {
    use crate::sip::location::Target;
    let trunk = |address: &str| {
        let text = format!("[[sip_trunk]]\nname = \"t\"\naddress = \"{address}\"\n");
        Config::parse("test", &text, &no_environment())
            .map(|config| config.sip_trunks[0].address.clone())
    };
    let name = |host: &str, port| Target::Name {
        host: host.to_owned(),
        port,
    };
    assert_eq!(
        trunk("192.0.2.1:5070").unwrap().to_string(),
        "192.0.2.1:5070"
    );
    assert_eq!(
        trunk("sip.example.net").unwrap(),
        name("sip.example.net", None)
    );
    assert_eq!(
        trunk("localhost:5080").unwrap(),
        name("localhost", Some(5080))
    );
    for wrong in [
        "192.0.2.1",
        "sip..net",
        "-a.net",
        "a.net:0",
        "a.net:x",
        "",
        "a b",
    ] {
        assert!(trunk(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_password_comes_from_a_file_and_is_not_shown() {
    let file = std::env::temp_dir().join(format!("isthmus-password-{}", std::process::id()));
    std::fs::write(&file, "s3cr3t-of-the-trunk\n").unwrap();
    let text = |path: &std::path::Path| {
        format!(
            "[[sip_trunk]]\nname = \"t\"\naddress = \"127.0.0.1:5070\"\ncredentials = {{ username = \"u\", password_file = \"{}\" }}\n",
            path.display()
        )
    };
    let config = Config::parse("test", &text(&file), &no_environment()).unwrap();
    assert!(!format!("{config:?}").contains("s3cr3t"));
    assert!(config.sip_trunks[0].credentials.is_some());
    std::fs::remove_file(&file).unwrap();
    let refusal = Config::parse("test", &text(&file), &no_environment()).unwrap_err();
    let [problem] = refusal.problems() else {
        panic!("one problem")
    };
    assert!(problem.to_string().contains("no password in"), "{problem}");
}

#[test]
fn rtp_takes_even_ports_that_have_a_neighbour() {
    let ports = |first, last| PortRange { first, last }.rtp_ports().collect::<Vec<_>>();
    assert_eq!(ports(10, 13), [10, 12]);
    assert_eq!(ports(11, 14), [12]);
    assert_eq!(ports(65534, 65535), [65534]);
    assert!(ports(10, 10).is_empty());
    assert_eq!(Rtp::default().ports.pairs(), 64);
}

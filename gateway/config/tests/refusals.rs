//! What a wrong file is told: line, column, what was found and what was expected.

use super::*;

/// As the files of `config/`, without their text: those may grow, and nothing here changes.
const TYPICAL: &str = include_str!("typical.toml");
const TYPICAL_LAB: &str = include_str!("typical_lab.toml");

/// The typical file with one text put in the place of another, which it must hold once.
fn changed(from: &str, to: &str) -> Refusal {
    let text = TYPICAL;
    assert_eq!(
        text.matches(from).count(),
        1,
        "{from:?} stands once in the file"
    );
    refused(&text.replace(from, to))
}

fn refused(text: &str) -> Refusal {
    Config::parse("isthmus.toml", text, &no_environment()).expect_err("refused")
}

/// Line, column, found, expected, suggestion of the only problem.
#[track_caller]
fn only(refusal: &Refusal) -> &Problem {
    let [problem] = refusal.problems() else {
        panic!("one problem: {}", drawn(refusal))
    };
    problem
}

/// Every kind of problem, drawn: one snapshot each.
macro_rules! drawn {
    ($($name:ident: $from:expr => $to:expr;)+) => {
        $(
            #[test]
            fn $name() {
                let refusal = changed($from, $to);
                assert!(only(&refusal).position().is_some());
                insta::assert_snapshot!(stringify!($name), drawn(&refusal));
            }
        )+
    };
}

drawn! {
    unknown_key: "listen = \"127" => "lisen = \"127";
    unknown_table: "[records]" => "[recods]";
    wrong_type: "mask_numbers = true" => "mask_numbers = \"yes\"";
    duration_without_unit: "drain = \"60s\"" => "drain = 60";
    duration_of_nonsense: "t1 = \"500ms\"" => "t1 = \"fast\"";
    not_an_address: "listen = \"127.0.0.1:5060\"" => "listen = \"localhost\"";
    not_a_word_of_the_list: "isup = \"optional\"" => "isup = \"optoinal\"";
    number_out_of_range: "slc = 0" => "slc = 256";
    slc_out_of_range: "slc = 0" => "slc = 16";
    timeslot_of_frame_alignment: "timeslot = 16" => "timeslot = 0";
    timeslots_of_nonsense: "timeslots = \"1-15,17-31\"" => "timeslots = \"1-15,17-32\"";
    point_code_of_nonsense: "point_code = \"2-10-1\"" => "point_code = \"8-10-1\"";
    point_code_of_letters: "point_code = \"2-10-1\"" => "point_code = \"2-x-1\"";
    point_code_of_ansi: "point_code = \"2-10-1\"" => "point_code = \"250-3-17\"";
    ansi_point_code_of_nonsense: "standard = \"itu\"\nnetwork_indicator = \"national\"\npoint_code = \"2-10-1\"" => "standard = \"ansi\"\npoint_code = \"250-3-256\"";
    circuits_of_no_preference: "hunt = \"most-idle\"" => "hunt = \"most-idle\"\nprefer = \"evne\"";
    same_point_code_at_both_ends: "point_code = \"2-10-1\"" => "point_code = \"2-10-5\"";
    key_missing: "country_code = \"49\"\n" => "";
    driver_without_socket: "path = \"/tmp/isthmus-e1.sock\"\n" => "";
    clock_out_of_range: "role = \"listen\"" => "role = \"listen\"\ndrift_ppm = 5000";
    timeslot_that_a_t1_lacks: "role = \"listen\"" => "role = \"listen\"\nframing = \"t1\"";
    driver_with_the_keys_of_another: "role = \"listen\"" => "role = \"listen\"\nrate = 9600";
    serial_line_too_slow: "driver = \"emulator\"\npath = \"/tmp/isthmus-e1.sock\"\nrole = \"listen\""
        => "driver = \"serial\"\ndevice = \"/dev/ttyS0\"\nrate = 115200\ntimeslots = \"1-15,17-31\"\nsignalling = 16";
    serial_line_without_the_timeslots: "driver = \"emulator\"\npath = \"/tmp/isthmus-e1.sock\"\nrole = \"listen\""
        => "driver = \"serial\"\ndevice = \"/dev/ttyS0\"\nrate = 921600\ntimeslots = \"1-9\"\nsignalling = 16";
    dahdi_without_number: "driver = \"emulator\"\npath = \"/tmp/isthmus-e1.sock\"\nrole = \"listen\""
        => "driver = \"dahdi\"";
    dahdi_with_too_few_buffers: "driver = \"emulator\"\npath = \"/tmp/isthmus-e1.sock\"\nrole = \"listen\""
        => "driver = \"dahdi\"\nnumber = 1\nbuffers = 4\nqueued = 5";
    dahdi_with_an_echo_canceller_of_odd_length: "driver = \"emulator\"\npath = \"/tmp/isthmus-e1.sock\"\nrole = \"listen\""
        => "driver = \"dahdi\"\nnumber = 1\necho_canceller = \"20ms\"";
    dahdi_with_a_mode_that_is_none: "driver = \"emulator\"\npath = \"/tmp/isthmus-e1.sock\"\nrole = \"listen\""
        => "driver = \"dahdi\"\nnumber = 1\nsignalling_mode = \"dchan\"";
    keys_without_tls: "trusted = false" => "trusted = false\nsrtp = \"required\"";
    keys_of_a_suite_that_is_none: "trusted = false" => "trusted = false\nsrtp_suites = [\"F8_128_HMAC_SHA1_80\"]";
    keys_of_one_suite_twice: "trusted = false" => "trusted = false\nsrtp_suites = [\"AES_CM_128_HMAC_SHA1_80\", \"AES_CM_128_HMAC_SHA1_80\"]";
    keys_of_no_suite: "trusted = false" => "trusted = false\nsrtp_suites = []";
    dangling_linkset: "linkset = \"to-exchange\"" => "linkset = \"to-exchnage\"";
    dangling_span: "span = \"e1\"\ntimeslots" => "span = \"e2\"\ntimeslots";
    dangling_trunk: "to = [\"softphone\"]" => "to = [\"softfone\"]";
    circuit_on_the_links_timeslot: "timeslots = \"1-15,17-31\"" => "timeslots = \"1-31\"";
    cic_too_large: "first_cic = 0" => "first_cic = 4080";
    too_few_ports: "ports = \"16384-16511\"" => "ports = \"16384-16401\"";
    packets_of_no_tick: "ptime = \"20ms\"" => "ptime = \"25ms\"";
    no_media_thread: "[records]\n" => "[media]\nthreads = 0\n[records]\n";
    priority_beyond_all: "[records]\n" => "[media]\npriority = 100\n[records]\n";
    jitter_upside_down: "jitter_min = \"20ms\"" => "jitter_min = \"300ms\"";
    data_buffer_too_deep: "jitter_max = \"200ms\"" => "jitter_max = \"200ms\"\njitter_data = \"301ms\"";
    rule_that_leads_nowhere: "reject = 21" => "";
    rule_with_both: "reject = 21" => "reject = 21\nto = [\"exchange\"]";
    no_cause: "reject = 21" => "reject = 0";
    prefix_of_letters: "prefix = \"030555\"" => "prefix = \"030-555\"";
    rule_never_reached: "prefix = \"030555\"" => "prefix = \"+4930555\"";
    timer_out_of_range: "t7 = \"20s\"" => "t7 = \"5s\"";
    timer_that_nobody_runs: "t7 = \"20s\"" => "t31 = \"7min\"";
    timer_of_no_number: "t7 = \"20s\"" => "t70 = \"20s\"";
    session_interval_too_small: "trusted = false" => "session_expires = \"60s\"\ntrusted = false";
    mtp_timer_out_of_range: "slc = 0" => "slc = 0\n[linkset.mtp2_timers]\nt7 = \"9s\"";
    mtp_timer_of_no_name: "slc = 0" => "slc = 0\n[linkset.mtp3_timers]\nt7 = \"1s\"";
    loop_delay_of_a_cable: "slc = 0" => "slc = 0\nloop_delay = \"700ms\"";
    loop_delay_of_the_moon: "slc = 0" => "slc = 0\nerror_correction = \"preventive\"\nloop_delay = \"9s\"";
    signalling_route_to_nowhere: "slc = 0" => "slc = 0\n[[signalling_route]]\ndestination = \"2-10-7\"\nvia = \"to-exchnage\"";
    signalling_route_to_the_neighbour: "slc = 0" => "slc = 0\n[[signalling_route]]\ndestination = \"2-10-5\"\nvia = \"to-exchange\"";
    check_of_no_call: "first_cic = 0" => "first_cic = 0\ncontinuity_check = \"1-in-0\"";
    tones_of_nowhere: "tones = \"de\"" => "tones = \"dd\"";
    not_toml: "[rtp]" => "[rtp";
    key_twice: "t2 = \"4s\"" => "t1 = \"4s\"";
}

#[test]
fn all_unknown_keys_at_once() {
    let text = TYPICAL
        .replace("listen =", "lisen =")
        .replace("slc =", "scl =");
    let refusal = refused(&text);
    let found: Vec<_> = refusal.problems().iter().map(Problem::found).collect();
    assert_eq!(found, ["`scl`", "[[linkset.link]]", "`lisen`"]);
    let suggested: Vec<_> = refusal.problems().iter().map(Problem::suggestion).collect();
    assert_eq!(suggested, [Some("slc"), None, Some("listen")]);
}

#[test]
fn duplicate_cic() {
    let second = r#"
[[span]]
name = "e2"
driver = "emulator"
path = "/tmp/two.sock"
role = "listen"
[[trunk_group]]
name = "second"
linkset = "to-exchange"
span = "e2"
timeslots = "1-31"
first_cic = 31
country_code = "49"
"#;
    let text = TYPICAL.to_owned() + second;
    let fine = text.replace("first_cic = 31", "first_cic = 32");
    assert!(Config::parse("t", &fine, &no_environment()).is_ok());
    assert!(
        Config::parse("t", &text, &no_environment()).is_ok(),
        "CIC 32 is the first"
    );
    insta::assert_snapshot!(drawn(&refused(
        &text.replace("first_cic = 31", "first_cic = 30")
    )));
}

#[test]
fn one_dahdi_span_twice() {
    let dahdi = "driver = \"dahdi\"\nnumber = 1";
    let text = TYPICAL.replace(
        "driver = \"emulator\"\npath = \"/tmp/isthmus-e1.sock\"\nrole = \"listen\"",
        dahdi,
    );
    let twice = text.clone() + "\n[[span]]\nname = \"e2\"\n" + dahdi + "\n";
    let text = text.replace("16384-16511", "16384-16639");
    assert!(Config::parse("t", &text, &no_environment()).is_ok());
    let twice = twice.replace("16384-16511", "16384-16639");
    insta::assert_snapshot!(drawn(&refused(&twice)));
}

#[test]
fn duplicate_names() {
    let text = TYPICAL.replace(
        "name = \"softphone\"\naddress",
        "name = \"exchange\"\naddress",
    );
    let refusal = refused(&text);
    insta::assert_snapshot!(drawn(&refusal));
}

#[test]
fn positions_count_lines_and_characters_from_one() {
    let refusal = refused("[gateway]\nname = \"Zürich\"\n\n[sip]\nlisten = \"x\"\n");
    assert_eq!(only(&refusal).position(), Some((5, 10)));
    let refusal = refused("gateway = { name = \"Zürich\", drian = \"1s\" }");
    assert_eq!(only(&refusal).position(), Some((1, 30)));
}

#[test]
fn the_environment_is_named() {
    let environment = |name: &str, value: &str| {
        let variables = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let refusal = Config::parse("isthmus.toml", TYPICAL, &variables);
        let refusal = refusal.expect_err("refused");
        let problem = only(&refusal);
        assert_eq!(problem.position(), None);
        assert!(
            problem.found().contains(&format!("{name}={value}")),
            "{}",
            problem.found()
        );
        problem.expected().to_owned()
    };
    assert!(environment("ISTHMUS__SIP__LISTEN", "here").contains("address"));
    assert!(environment("ISTHMUS__GATEWAY__DRAIN", "60").contains("duration"));
    assert!(environment("ISTHMUS__RTP__PTIME", "25ms").contains("20ms"));
    assert!(environment("ISTHMUS__SIP__LISEN", "x").contains("listen"));
}

#[test]
fn a_lab_is_checked_too() {
    let text = TYPICAL_LAB;
    let refuse = |from: &str, to: &str| {
        assert_eq!(text.matches(from).count(), 1);
        let refusal = lab::parse("lab.toml", &text.replace(from, to), &no_environment());
        drawn(&refusal.expect_err("refused"))
    };
    let all = [
        refuse("cause = 31", "cause = 128"),
        refuse("behaviour = \"echo\"", "behaviour = \"ehco\""),
        refuse("number = \"+49305550002\"", "number = \"+49305550001\""),
        refuse("number = \"+49305550002\"", "number = \"0305550002\""),
        refuse("calls = \"+49305550100\"\n", ""),
        refuse(
            "behaviour = \"ring\"",
            "behaviour = \"ring\"\nanswer_after = \"1s\"",
        ),
        refuse("behaviour = \"dtmf\"", "behaviour = \"modem\""),
        refuse(
            "behaviour = \"dtmf\"",
            "behaviour = \"modem\"\nmodulation = \"v90\"\npty = \"modem\"",
        ),
        refuse("linkset = \"to-gateway\"", "linkset = \"gateway\""),
        refuse("timeslots = \"1-15,17-31\"", "timeslots = \"16-31\""),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

/// A refused profile, which stands after the typical file.
fn of_profile(text: &str) -> String {
    drawn(&refused(&format!("{TYPICAL}\n{text}")))
}

#[test]
fn rows_that_no_profile_can_have() {
    let cases = [
        "[[profile]]\nname = \"a\"\ncause = [{ cause = 128, status = 480 }]\n",
        "[[profile]]\nname = \"a\"\ncause = [{ cause = 34, status = 200 }]\n",
        "[[profile]]\nname = \"a\"\ncause = [\n  { cause = 34, status = 480 },\n  { cause = 34, status = 503 },\n]\n",
        "[[profile]]\nname = \"a\"\ncause = [{ cause = 21, location = \"X\", status = 603 }]\n",
        "[[profile]]\nname = \"a\"\ncause = [{ cause = \"other\", location = \"U\", status = 603 }]\n",
        "[[profile]]\nname = \"a\"\nfailure = [{ event = \"t8\", status = 480, cause = 41 }]\n",
        "[[profile]]\nname = \"a\"\nbackward = [{ message = \"ACM\", is = \"alerting\", status = 180 }]\n",
        "[[profile]]\nname = \"a\"\nconvention = [{ key = \"reason\", value = \"allways\" }]\n",
        "[[profile]]\nname = \"rfc3398\"\n",
        "[[profile]]\nname = \"a\"\ninherit = \"rfc3389\"\n",
        "[[profile]]\nname = \"a\"\ninherit = \"b\"\n[[profile]]\nname = \"b\"\ninherit = \"a\"\n",
        "[[profile]]\nfile = \"nowhere.toml\"\n",
        "[[profile]]\nname = \"a\"\nfile = \"a.toml\"\n",
    ];
    insta::assert_snapshot!(cases.map(of_profile).concat());
}

#[test]
fn a_trunk_that_names_no_profile() {
    let refusal = changed("profile = \"rfc3398\"", "profile = \"rfc3389\"");
    insta::assert_snapshot!(drawn(&refusal));
}

/// A version that says nothing of its variant needs a base that does.
#[test]
fn an_isup_version_of_no_variant() {
    let of = |version: &str| {
        let line = format!("isup_version = \"{version}\"\nisup = \"optional\"");
        let text = TYPICAL.replace("isup = \"optional\"", &line);
        let text = text.replace("isup_version = \"itu-t92+\"\n", "");
        Config::parse("isthmus.toml", &text, &no_environment())
    };
    let refusal = of("X-carrier").unwrap_err();
    assert!(
        only(&refusal)
            .to_string()
            .contains("says nothing of its variant"),
        "{refusal}"
    );
    of("X-carrier\"\nisup_base = \"ansi00").unwrap();
    of("gr317").unwrap();
    let refusal = of("itu-t92+\"\nisup_base = \"a b").unwrap_err();
    assert_eq!(only(&refusal).found(), "\"a b\"");
}

/// What is wrong in a profile's file is told with the place in that file.
#[test]
fn the_file_of_a_profile_is_checked_too() {
    let text = format!("{TYPICAL}\n[[profile]]\nfile = \"carrier.toml\"\n");
    let carrier = "name = \"carrier\"\nstatus = [{ status = 480, cause = 0 }]\n";
    let files = BTreeMap::from([(PathBuf::from("carrier.toml"), carrier.to_owned())]);
    let refusal = Config::parse_with("isthmus.toml", &text, &no_environment(), &files);
    let refusal = refusal.unwrap_err();
    let problem = only(&refusal);
    assert_eq!(
        (problem.file(), problem.position()),
        ("carrier.toml", Some((2, 35)))
    );
    let files = BTreeMap::from([(
        PathBuf::from("carrier.toml"),
        carrier.replace("= 0", "= 20"),
    )]);
    let config = Config::parse_with("isthmus.toml", &text, &no_environment(), &files).unwrap();
    assert_eq!(config.profile_files, files, "kept for recordings");
    assert_eq!(config.profiles[0].status.len(), 1);
}

#[test]
fn linksets_of_one_point_have_the_same_timers() {
    let second = r#"
[[linkset]]
name = "to-another"
point_code = "2-10-1"
adjacent = "2-10-6"
mtp3_timers = { t17 = "1s" }
link = [{ span = "e1", timeslot = 31, slc = 0 }]
"#;
    let text = TYPICAL.replace("1-15,17-31", "1-15,17-30") + second;
    insta::assert_snapshot!("linksets_of_one_point", drawn(&refused(&text)));
    let other = text.replace(
        "point_code = \"2-10-1\"\nadjacent = \"2-10-6\"",
        "point_code = \"2-10-2\"\nadjacent = \"2-10-6\"",
    );
    assert!(Config::parse("t", &other, &no_environment()).is_ok());
}

/// Keys without TLS, where that is said; and the rest of a trunk with SRTP.
#[test]
fn keys_may_go_in_the_clear_where_that_is_wanted() {
    let text = TYPICAL.replace(
        "trusted = false",
        "trusted = false\nsrtp = \"optional\"\nsrtp_keys_in_clear = true",
    );
    let config = Config::parse("isthmus.toml", &text, &no_environment()).expect("taken");
    let trunk = &config.sip_trunks[0];
    assert!(trunk.srtp_keys_in_clear && trunk.srtp == Srtp::Optional);
    assert_eq!(trunk.srtp_suites.len(), 3);
}

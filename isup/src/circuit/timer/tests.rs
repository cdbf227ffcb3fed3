use super::*;

#[test]
fn rows_are_in_order() {
    for (index, timer) in Timer::all().enumerate() {
        assert_eq!(timer as usize, index);
        assert_eq!(timer.to_string().parse(), Ok(timer));
    }
}

#[test]
fn defaults_are_within_their_ranges() {
    let mut timers = Timers::default();
    for timer in Timer::all().filter(|timer| !matches!(timer.run_by(), RunBy::Nobody(_))) {
        timers.set(timer, Some(timer.default())).unwrap();
        assert_eq!(timers.get(timer), Some(timer.default()));
    }
}

#[test]
fn out_of_range_and_off_are_refused() {
    let mut timers = Timers::default();
    let error = timers
        .set(Timer::T7, Some(Duration::from_secs(5)))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "T7 is 5s, expected 20s to 30s (Q.764 2.1.2.1)"
    );
    assert_eq!(timers.set(Timer::T5, None), Err(TimerError::Off(Timer::T5)));
    timers.set(Timer::T9, None).unwrap();
    assert_eq!(timers.get(Timer::T9), None);
}

#[test]
fn no_timer_zero() {
    assert_eq!(Timer::from_number(0), None);
    assert!("T40".parse::<Timer>().is_err());
}

#[test]
fn a_timer_that_nobody_runs_is_refused() {
    let mut timers = Timers::default();
    for timer in [Timer::T31, Timer::T32, Timer::T37] {
        let error = timers.set(timer, Some(timer.default())).unwrap_err();
        assert!(error.to_string().contains("is not used"), "{error}");
    }
    assert_eq!(
        timers.set(Timer::T31, None).unwrap_err().to_string(),
        "T31 is not used: signalling connections end to end need SCCP, which the gateway has not"
    );
}

/// Where each timer is played to its end: file and test.
#[rustfmt::skip]
const PROOFS: &[(&[u8], &str, &str)] = &[
    (&[1, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23], "isup/src/node/tests/q784/abnormal.rs", "group_5_2_timers"),
    (&[2], "isup/src/node/tests/annex_a.rs", "t2_q733_4_the_user_does_not_resume"),
    (&[3], "isup/src/node/tests/annex_a.rs", "t3_2_9_9_the_circuit_of_an_overloaded_far_end_is_released"),
    (&[4], "isup/src/node/tests/q784/special.rs", "group_8_2_user_part_availability"),
    (&[10], "gateway/iwu/tests/rfc3578.rs", "s2_2_t10_expires"),
    (&[11], "gateway/iwu/tests/rfc3398/from_a_circuit.rs", "s8_1_3_sip_timeout"),
    (&[24, 25, 26], "isup/src/node/tests/q784/special.rs", "group_6_1_continuity_check"),
    (&[27], "isup/src/node/tests/q784/supervision.rs", "group_1_4_continuity_check_on_idle_circuits"),
    (&[28], "isup/src/node/tests/query.rs", "no_answer_is_told"),
    (&[29], "isup/src/node/tests/congestion.rs", "indications_within_t29_do_not_count"),
    (&[30], "isup/src/node/tests/congestion.rs", "traffic_goes_down_and_up_by_steps"),
    (&[33], "isup/src/node/tests/calls.rs", "information_is_asked_for"),
    (&[34], "isup/src/node/tests/q784/special.rs", "group_6_5_simple_segmentation"),
    (&[35], "gateway/iwu/tests/rfc3578.rs", "s2_1_t35_expires"),
    (&[36], "isup/src/node/tests/annex_a.rs", "t36_2_1_8_neither_cot_nor_rel_after_ccr"),
    (&[38], "isup/src/node/tests/calls.rs", "a_call_that_this_end_suspended_ends_by_t38"),
    (&[39], "isup/src/node/tests/annex_a.rs", "t39_q731_7_nobody_identifies_the_caller"),
];

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A link to the test of a timer, which exists.
fn proof(timer: Timer) -> String {
    let mut proofs = PROOFS.iter();
    let found = proofs.find(|(timers, ..)| timers.contains(&timer.number()));
    let (_, file, test) = found.unwrap_or_else(|| panic!("{timer} is played to its end nowhere"));
    let text = std::fs::read_to_string(format!("{ROOT}/{file}")).unwrap();
    assert!(text.contains(&format!("fn {test}(")), "{file}: no {test}");
    format!("[`{test}`](../{file})")
}

fn in_words(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    match (milliseconds / 60_000, milliseconds % 60_000) {
        (minutes @ 1.., 0) => format!("{minutes} min"),
        _ if milliseconds.is_multiple_of(1_000) => format!("{} s", milliseconds / 1_000),
        _ => format!("{milliseconds} ms"),
    }
}

/// The states of the circuit that have the timer, as its table has them.
fn states_with(timer: Timer, table: &str) -> Vec<&str> {
    let headings = table.lines().filter_map(|line| {
        let (state, timers) = line.strip_suffix(']')?.split_once(" [")?;
        let runs = timers
            .split(' ')
            .any(|name| name.parse().ok() == Some(timer));
        // The same state may stand there twice, with what it holds.
        runs.then(|| state.split([' ', ',']).next().unwrap_or(state))
    });
    let mut states: Vec<_> = headings.collect();
    states.dedup();
    states
}

fn circuit_table() -> String {
    std::fs::read_to_string(format!("{ROOT}/isup/src/circuit/table.txt")).unwrap()
}

fn runs_in(timer: Timer, table: &str) -> String {
    match timer.run_by() {
        RunBy::Nobody(why) => format!("nobody: {why}"),
        RunBy::Circuit => match (timer, states_with(timer, table)) {
            (Timer::T12 | Timer::T13, _) => "circuit: WaitBla".to_owned(),
            (Timer::T14 | Timer::T15, _) => "circuit: WaitUba".to_owned(),
            (Timer::T34, _) => "circuit: any state, after the first part".to_owned(),
            (_, states) => format!("circuit: {}", states.join(", ")),
        },
        run_by => run_by.to_string(),
    }
}

/// All timers, their figures, who runs them and where they are played to their end: the document is
/// written from the table here and from that of the circuit. `UPDATE_TABLES=1` writes it.
#[test]
fn the_document_has_all_timers() {
    let table = circuit_table();
    let mut text = String::from(
        "# The timers of Q.764\n\n\
         Annex A by number: default, range within which the `timers` of a trunk group may set it, \
         whether it may be `\"off\"`, and who runs it. \"Circuit\" is the machine of one circuit \
         ([its table](../isup/src/circuit/table.txt)) with the states in which the timer runs; \"row \
         of circuits\" the procedures for groups ([group.rs](../isup/src/node/group.rs)); \"far end\" \
         those for an exchange ([far_end.rs](../isup/src/node/far_end.rs), \
         [congestion.rs](../isup/src/node/congestion.rs)); \"call control\" the call above the \
         circuit ([gateway/call](../gateway/call/mod.rs)), which knows whether a number is complete. \
         Figures are second-hand, see [DEVIATIONS](../DEVIATIONS.md). A test of `isup` writes this \
         file and holds that each test named here exists.\n\n\
         | | default | range | off | clause | waits for | runs in | test |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for timer in Timer::all() {
        let (least, most) = timer.range();
        let range = match most == Duration::from_millis(OPEN) {
            true => format!("from {}", in_words(least)),
            false if least == most => "fixed".to_owned(),
            false => format!("{} to {}", in_words(least), in_words(most)),
        };
        let test = match timer.run_by() {
            RunBy::Nobody(_) => String::new(),
            _ => proof(timer),
        };
        text += &format!(
            "| {timer} | {} | {range} | {} | {} | {} | {} | {test} |\n",
            in_words(timer.default()),
            if timer.is_optional() && !matches!(timer.run_by(), RunBy::Nobody(_)) {
                "yes"
            } else {
                ""
            },
            timer.clause(),
            timer.awaits(),
            runs_in(timer, &table),
        );
    }
    let path = format!("{ROOT}/docs/timers.md");
    if std::env::var_os("UPDATE_TABLES").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, written, "UPDATE_TABLES=1 writes docs/timers.md");
}

/// A timer of the circuit is started, and ends, in some state; one of others never does.
#[test]
fn the_circuit_runs_its_own_timers_and_no_others() {
    let table = circuit_table();
    for timer in Timer::all() {
        let started = table
            .split(['\n', ';', ':'])
            .any(|action| action.trim() == format!("start {timer}"));
        assert_eq!(
            started,
            timer.run_by() == RunBy::Circuit,
            "{timer}, run by: {}",
            timer.run_by()
        );
    }
}

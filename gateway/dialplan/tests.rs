use std::collections::BTreeMap;

use proptest::prelude::*;

use super::trie::Trie;
use super::*;

const TRUNKS: &str = r#"
[[span]]
name = "e1"
driver = "emulator"
path = "/tmp/test.sock"
role = "listen"
[[linkset]]
name = "set"
point_code = 1
adjacent = 2
link = [{ span = "e1", timeslot = 16, slc = 0 }]
[[trunk_group]]
name = "exchange"
linkset = "set"
span = "e1"
timeslots = "1-15"
country_code = "49"
[[trunk_group]]
name = "second"
linkset = "set"
span = "e1"
timeslots = "17-31"
country_code = "49"
[[sip_trunk]]
name = "phone"
address = "127.0.0.1:5070"
[[sip_trunk]]
name = "core"
address = "192.0.2.1:5060"
"#;

fn plan(rules: &str) -> DialPlan {
    let text = format!("{TRUNKS}{rules}");
    let config = Config::parse("test", &text, &BTreeMap::new());
    DialPlan::new(&config.unwrap_or_else(|refusal| panic!("{:?}", refusal.problems()))).unwrap()
}

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

/// Rule, number and nature that go out, and trunks, of a call.
fn route(plan: &DialPlan, called: &str, from: &str) -> String {
    let called = number(called);
    let decision = plan.route(Query {
        called: &called,
        from: plan.trunk(from).unwrap(),
    });
    let (explained, _) = plan.explain(
        Query {
            called: &called,
            from: plan.trunk(from).unwrap(),
        },
        9,
    );
    assert_eq!(decision, explained);
    let to = match &decision.route {
        Route::To(trunks) => trunks
            .iter()
            .map(|trunk| plan.name(*trunk))
            .collect::<Vec<_>>()
            .join(" "),
        Route::Reject(cause) => format!("reject {cause}"),
        Route::Incomplete => "incomplete".to_owned(),
        Route::None => "nowhere".to_owned(),
    };
    let nature = decision
        .nature
        .map(|nature| format!(" {nature:?}"))
        .unwrap_or_default();
    let rule = decision.rule.as_deref().unwrap_or("no rule");
    format!("{rule}: {}{nature} -> {to}", decision.number)
}

const RULES: &str = r#"
rule = [
  { name = "berlin from phone", prefix = "+4930", from = ["phone"], to = ["exchange", "second"] },
  { name = "berlin", prefix = "+4930", to = ["second"] },
  { name = "germany", prefix = "+49", to = ["exchange"] },
  { name = "premium", prefix = "+49900", reject = 21 },
  { name = "abroad", prefix = "+", to = ["core"] },
  { name = "local", prefix = "030", strip = 1, prepend = "+49", to = ["exchange"] },
  { name = "operator", prefix = "0", strip = 1, nature = "unknown", to = ["exchange"] },
  { name = "services", prefix = "*21#", to = ["exchange"] },
  { name = "rest", from = ["exchange"], to = ["phone"] },
]
"#;

/// The rule table has to stand before the tables in double brackets.
fn standard() -> DialPlan {
    let text = format!("{RULES}{TRUNKS}");
    DialPlan::new(&Config::parse("test", &text, &BTreeMap::new()).unwrap()).unwrap()
}

#[test]
fn the_longest_prefix_decides_and_then_the_order() {
    let plan = standard();
    let cases = [
        (
            "+49305550001",
            "phone",
            "berlin from phone: +49305550001 -> exchange second",
        ),
        ("+49305550001", "core", "berlin: +49305550001 -> second"),
        ("+49301", "exchange", "berlin: +49301 -> second"),
        ("+49895550001", "phone", "germany: +49895550001 -> exchange"),
        ("+4990055501", "phone", "premium: +4990055501 -> reject 21"),
        ("+12125550100", "phone", "abroad: +12125550100 -> core"),
        ("+4", "phone", "abroad: +4 -> core"),
    ];
    for (called, from, expected) in cases {
        assert_eq!(route(&plan, called, from), expected);
    }
}

#[test]
fn digits_are_taken_away_and_put_in_front() {
    let plan = standard();
    assert_eq!(
        route(&plan, "0305550001", "phone"),
        "local: +49305550001 -> exchange"
    );
    assert_eq!(
        route(&plan, "0895550001", "phone"),
        "operator: 895550001 Unknown -> exchange"
    );
    assert_eq!(
        route(&plan, "*21#5", "phone"),
        "services: *21#5 -> exchange"
    );
}

#[test]
fn a_rule_without_prefix_takes_either_form() {
    let plan = standard();
    assert_eq!(
        route(&plan, "5550001", "exchange"),
        "rest: 5550001 -> phone"
    );
    assert_eq!(
        route(&plan, "5550001", "phone"),
        "no rule: 5550001 -> nowhere"
    );
    let plan = self::plan("[[rule]]\nname = \"all\"\nto = [\"phone\"]\n");
    assert_eq!(
        route(&plan, "+495550001", "exchange"),
        "all: +495550001 -> phone"
    );
}

/// A number with nothing left goes on to the next rule.
#[test]
fn a_rule_that_would_leave_no_digit_does_not_take_the_call() {
    let plan = standard();
    assert_eq!(route(&plan, "0", "exchange"), "rest: 0 -> phone");
    let zero = number("0");
    let query = Query {
        called: &zero,
        from: Trunk::Group(0),
    };
    let (_, steps) = plan.explain(query, 0);
    assert_eq!(
        steps[0].verdict,
        Verdict::Mismatch(Mismatch::TooShort { strip: 1 })
    );
}

#[test]
fn the_form_of_the_number_after_a_rule() {
    let plan = plan(
        r#"
[[rule]]
name = "national"
prefix = "+49"
strip = 2
nature = "national"
to = ["exchange"]
[[rule]]
name = "foreign exchange"
prefix = "+1"
prepend = "00"
to = ["exchange"]
[[rule]]
name = "short"
prefix = "8"
prepend = "+4930555000"
to = ["exchange"]
"#,
    );
    assert_eq!(
        route(&plan, "+49305550001", "phone"),
        "national: 305550001 National -> exchange"
    );
    assert_eq!(
        route(&plan, "+12125550100", "phone"),
        "foreign exchange: 0012125550100 -> exchange"
    );
    assert_eq!(
        route(&plan, "8", "phone"),
        "short: +49305550008 -> exchange"
    );
}

#[test]
fn an_explanation_lists_what_was_looked_at_and_why() {
    let plan = standard();
    let called = number("+49305550001");
    let query = Query {
        called: &called,
        from: plan.trunk("core").unwrap(),
    };
    let (_, steps) = plan.explain(query, usize::MAX);
    let lines: Vec<_> = steps
        .iter()
        .map(|step| format!("{}: {}", step.rule, step.verdict))
        .collect();
    let expected = [
        "berlin from phone: the call comes from another trunk",
        "berlin: takes the call",
        "germany: not reached: an earlier rule took the call",
        "abroad: not reached: an earlier rule took the call",
        "rest: not reached: an earlier rule took the call",
        "premium: the number does not begin with its prefix",
        "local: the number does not begin with its prefix",
        "operator: the number does not begin with its prefix",
        "services: the number does not begin with its prefix",
    ];
    assert_eq!(lines, expected);
    let (_, few) = plan.explain(query, 2);
    assert_eq!(few, &steps[..few.len()]);
    assert_eq!(
        few.iter()
            .filter(|step| step.verdict == Verdict::OtherPrefix)
            .count(),
        2
    );
}

#[test]
fn an_unknown_trunk_is_named() {
    let mut config = Config::parse("test", TRUNKS, &BTreeMap::new()).unwrap();
    let text = format!("{TRUNKS}[[rule]]\nname = \"r\"\nto = [\"phone\"]\n");
    config.rules = Config::parse("test", &text, &BTreeMap::new())
        .unwrap()
        .rules;
    config.rules[0].to.push("nobody".to_owned());
    let unknown = UnknownTrunk {
        rule: "r".to_owned(),
        trunk: "nobody".to_owned(),
    };
    assert_eq!(DialPlan::new(&config).unwrap_err(), unknown);
}

#[test]
fn forms_of_numbers() {
    assert_eq!(number("+49 (30) 555-00.01").to_string(), "+49305550001");
    assert_eq!(
        number("030-5550001"),
        Number {
            digits: "0305550001".into(),
            international: false
        }
    );
    assert_eq!(number("*21#a").to_string(), "*21#A");
    for wrong in ["", "+", "+*1", "alice", "+49x", "--"] {
        assert_eq!(Number::parse(wrong), None, "{wrong}");
    }
}

/// What the trie must find, written down without one.
fn by_hand(prefixes: &[String], number: &Number) -> Vec<usize> {
    let text = number.to_string();
    let fits = |prefix: &str| prefix.is_empty() || text.starts_with(prefix);
    let mut fitting: Vec<usize> = (0..prefixes.len())
        .filter(|i| fits(&prefixes[*i]))
        .collect();
    fitting.sort_by_key(|index| std::cmp::Reverse(prefixes[*index].len()));
    fitting
}

proptest! {
    #[test]
    fn the_trie_finds_what_a_search_of_all_rules_finds(
        prefixes in prop::collection::vec("[+]?[0-3*#]{0,4}", 0..60),
        called in "[+]?[0-3*#]{1,6}",
    ) {
        let number = Number {
            digits: called.trim_start_matches('+').to_owned(),
            international: called.starts_with('+'),
        };
        let trie = Trie::new(prefixes.iter().map(String::as_str));
        let found: Vec<_> = trie.fitting(&number).collect();
        prop_assert_eq!(found, by_hand(&prefixes, &number));
    }

    #[test]
    fn no_number_upsets_the_trie(called in "\\PC{0,12}", international: bool) {
        let trie = Trie::new(["", "+", "1", "é", "+4a"].into_iter());
        let number = Number { digits: called, international };
        prop_assert!(trie.fitting(&number).all(|rule| rule < 5));
    }
}

/// A plan of a million prefixes is some 40 MB at most: two of them fit during a reload.
#[test]
fn a_hundred_thousand_prefixes() {
    let prefixes: Vec<String> = (0..100_000)
        .map(|n| format!("+{}", 1_000_000 + n * 7))
        .collect();
    let trie = Trie::new(prefixes.iter().map(String::as_str));
    assert!(
        trie.octets() < 40 * prefixes.len(),
        "{} octets",
        trie.octets()
    );
    for (index, prefix) in prefixes.iter().enumerate().step_by(997) {
        let found: Vec<_> = trie.fitting(&number(&format!("{prefix}55"))).collect();
        assert_eq!(found, [index]);
    }
}

#[test]
fn numbers_have_their_length_and_may_grow() {
    let plan = plan(
        r#"
[[rule]]
name = "berlin"
prefix = "+4930"
min_digits = 6
max_digits = 9
to = ["exchange"]
[[rule]]
name = "world"
prefix = "+"
to = ["second"]
[[rule]]
name = "emergency"
prefix = "112"
max_digits = 3
to = ["exchange"]
"#,
    );
    let digits = |called: &str| {
        let called = number(called);
        let query = Query {
            called: &called,
            from: plan.trunk("phone").unwrap(),
        };
        plan.digits(query, &plan.route(query))
    };
    // Too few for the rule of its prefix: no shorter prefix takes it.
    assert_eq!(
        route(&plan, "+49305", "phone"),
        "berlin: +49305 -> incomplete"
    );
    assert_eq!(digits("+49305"), Digits::TooFew);
    assert_eq!(digits("+493055"), Digits::Enough);
    assert_eq!(digits("+493055500"), Digits::All);
    // Too many for it: the next one does.
    assert_eq!(
        route(&plan, "+4930555001", "phone"),
        "world: +4930555001 -> second"
    );
    // It may still become one of Berlin.
    assert_eq!(digits("+49"), Digits::Enough);
    assert_eq!((digits("1"), digits("112")), (Digits::TooFew, Digits::All));
    assert_eq!(digits("5"), Digits::All);
}

//! Every plan that comes with the program, and what generator, detector and cadence make of it.

use super::*;

#[test]
fn every_builtin_plan_parses_and_is_filed_under_its_code() {
    let codes: Vec<_> = Plan::countries().collect();
    assert!(codes.len() >= 20 && codes.is_sorted(), "{codes:?}");
    for code in codes {
        let plan = Plan::builtin(code).unwrap_or_else(|| panic!("{code}.toml does not parse"));
        assert_eq!(plan.country(), code);
    }
    assert!(Plan::builtin("xx").is_none());
}

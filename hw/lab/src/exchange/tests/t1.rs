//! Two exchanges on a T1: 24 timeslots, mu-law, and the ISUP and MTP of T1.113 and T1.111.

use serde_json::json;
use tdm::Framing;

use super::*;
use crate::audio::Heard;
use crate::config::Config;

/// An exchange with signalling on timeslot 24 and 23 circuits.
fn config(own: &str, other: &str, subscribers: serde_json::Value) -> ExchangeConfig {
    let file: Config = serde_json::from_value(json!({
        "lab": { "country": "us", "country_code": "1" },
        "span": [{
            "name": "t1", "driver": "emulator", "path": "/nowhere", "role": "listen",
            "framing": "t1",
        }],
        "linkset": [{
            "name": "set", "standard": "ansi", "point_code": own, "adjacent": other,
            "link": [{ "span": "t1", "timeslot": 24, "slc": 0 }],
        }],
        "circuits": [{
            "linkset": "set", "span": "t1", "timeslots": "1-23", "law": "mulaw",
        }],
        "subscriber": subscribers,
    }))
    .unwrap();
    ExchangeConfig::from_file(&file).unwrap()
}

#[test]
fn a_call_over_a_t1_with_ansi_signalling() {
    #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
    let now = Instant::now();
    let tone = json!([{ "number": "+12125550102", "behaviour": "milliwatt" }]);
    let configs = [
        config("245-16-1", "245-16-2", json!([])),
        config("245-16-2", "245-16-1", tone),
    ];
    let line = emulator::Config {
        framing: Framing::T1,
        ..emulator::Config::LOCK_STEP
    };
    let mut world = World::of(now, configs, line).made_ready();
    assert_eq!(world.exchanges[NEAR].circuits().count(), 23);
    let now = world.now;
    let circuit = world.exchanges[NEAR]
        .place_call(now, "+12125550101", "+12125550102")
        .unwrap();
    world.until("answered", 10.0, World::is_answered);
    world.run_for(1.0);
    let heard_tone = world.heard(NEAR).into_iter().any(|heard| {
        matches!(heard, Heard::Tones { tones, level, .. }
            if tones.len() == 1 && (tones[0].frequency - 1004.0).abs() < 1.0
                && (level.0 + 16.0).abs() < 0.2)
    });
    assert!(heard_tone, "{:?}", world.heard(NEAR));
    let now = world.now;
    world.exchanges[NEAR].release(now, circuit, 16).unwrap();
    world.until("idle", 5.0, World::all_idle);
    assert_eq!(world.ladder(FAR), "<-IAM ->ACM ->ANM <-REL ->RLC");
}

//! PSTN to SIP to PSTN through two whole gateways: every message arrives octet by octet, except for
//! what a rule changes.

use isup::{
    CallingPartysCategory, Cause, Event, EventInformation, HopCounter, Location, Message,
    MessageType, ParameterCode,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::pair::Pair;
use crate::config::Standard;

/// Parameters that a rule changes on the way, and the rule; all others arrive as they were sent.
const CHANGED: &[(MessageType, ParameterCode, &str)] = &[(
    MessageType::Iam,
    ParameterCode::HOP_COUNTER,
    "one less (Q.764 §2.20), by way of Max-Forwards (Q.1912.5 §6.1.3)",
)];

/// What a generated message carries: contents of optional parameters that neither SIP nor the
/// procedures of a circuit speak of.
type Extra = Vec<(ParameterCode, Vec<u8>)>;

fn extra(standard: Standard) -> impl Strategy<Value = Extra> {
    let codes = match standard {
        Standard::Itu => vec![
            ParameterCode::ACCESS_TRANSPORT,
            ParameterCode::PROPAGATION_DELAY_COUNTER,
            ParameterCode::LOCATION_NUMBER,
            ParameterCode::GENERIC_DIGITS,
            ParameterCode::SERVICE_ACTIVATION,
            ParameterCode::MLPP_PRECEDENCE,
            ParameterCode::REMOTE_OPERATIONS,
        ],
        Standard::Ansi => vec![
            ParameterCode::ACCESS_TRANSPORT,
            ParameterCode::GENERIC_DIGITS,
            ParameterCode::BUSINESS_GROUP,
            ParameterCode::SERVICE_ACTIVATION,
            ParameterCode::REMOTE_OPERATIONS,
        ],
    };
    let content = vec(any::<u8>(), 1..12);
    vec((proptest::sample::select(codes), content), 0..5)
}

fn with(mut message: Message, extra: &Extra) -> Message {
    for (code, content) in extra {
        message.push_content(*code, content).unwrap();
    }
    message
}

/// The same octets, but for what the list says.
fn same(sent: &Message, arrived: &Message) {
    let kind = sent.message_type();
    let changed: Vec<_> = CHANGED.iter().filter(|(of, ..)| *of == kind).collect();
    if changed.is_empty() {
        assert_eq!(arrived.to_vec(), sent.to_vec(), "{arrived:#} was {sent:#}");
        return;
    }
    let rest = |message: &Message| -> Vec<(ParameterCode, Vec<u8>)> {
        message
            .parameters()
            .filter(|(code, _)| !changed.iter().any(|(_, of, _)| of == code))
            .map(|(code, content)| (code, content.to_vec()))
            .collect()
    };
    let rules: Vec<&str> = changed.iter().map(|(.., rule)| *rule).collect();
    assert_eq!(
        rest(arrived),
        rest(sent),
        "{arrived:#} was {sent:#} but for {rules:?}"
    );
}

/// What one call says.
#[derive(Debug, Clone)]
struct Script {
    category: u8,
    satellites: u8,
    hops: Option<u8>,
    indicators: [u8; 2],
    event: u8,
    cause: u8,
    location: u8,
    /// CON in place of ACM, CPG and ANM, where there is one.
    at_once: bool,
    /// REL before the answer.
    refused: bool,
    extra: [Extra; 5],
}

fn script(standard: Standard) -> impl Strategy<Value = Script> {
    let extras = [(); 5].map(|()| extra(standard));
    (
        (
            any::<u8>(),
            0..3_u8,
            proptest::option::of(2..=31_u8),
            any::<[u8; 2]>(),
        ),
        (1..=6_u8, 1..=127_u8, 0..=15_u8),
        any::<[bool; 2]>(),
        extras,
    )
        .prop_map(
            |((category, satellites, hops, indicators), (event, cause, location), flags, extra)| {
                Script {
                    category,
                    satellites,
                    hops,
                    indicators,
                    event,
                    cause,
                    location,
                    at_once: flags[0],
                    refused: flags[1],
                    extra,
                }
            },
        )
}

fn plays(pair: &mut Pair, script: &Script) {
    let Script { extra, .. } = script;
    let [of_iam, of_acm, of_cpg, of_anm, of_rel] = extra;
    let mut iam = pair.near.iam();
    iam.set(CallingPartysCategory::from_code(script.category));
    iam.set_content(ParameterCode::NATURE_OF_CONNECTION, &[script.satellites])
        .unwrap();
    if let Some(hops) = script.hops {
        iam.set(HopCounter(hops));
    }
    let iam = with(iam, of_iam);
    pair.near.exchange_calls(&iam);
    pair.carry();
    let arrived = pair.far.expect_isup(MessageType::Iam);
    same(&iam, &arrived);
    let hops = arrived.find::<HopCounter>().map(|hops| hops.0);
    assert_eq!(hops, script.hops.map(|hops| hops - 1));

    let cause = Cause::new(script.cause, Location::from_code(script.location));
    let rel = with(pair.far.message(MessageType::Rel).with(cause), of_rel);
    let backward = |kind, indicators: [u8; 2]| {
        pair.far
            .message(kind)
            .with_content(ParameterCode::BACKWARD_CALL_INDICATORS, &indicators)
    };
    let mut says = Vec::new();
    if script.at_once && !pair.far.is_ansi() {
        says.push(with(backward(MessageType::Con, script.indicators), of_anm));
    } else {
        says.push(with(backward(MessageType::Acm, script.indicators), of_acm));
        let event = EventInformation::new(Event::from_code(script.event));
        let cpg = pair.far.message(MessageType::Cpg).with(event);
        says.push(with(cpg, of_cpg));
        if !script.refused {
            says.push(with(pair.far.message(MessageType::Anm), of_anm));
        }
    }
    for message in says {
        pair.far.exchange(&message);
        pair.carry();
        let arrived = pair.near.expect_isup(message.message_type());
        same(&message, &arrived);
    }
    pair.far.exchange(&rel);
    pair.far.expect_isup(MessageType::Rlc);
    pair.carry();
    let arrived = pair.near.expect_isup(MessageType::Rel);
    same(&rel, &arrived);
    pair.near.exchange_says(MessageType::Rlc);
    pair.near.seconds(1);
    pair.far.seconds(1);
    pair.carry();
    pair.near.quiet();
    pair.far.quiet();
}

fn many(standard: Standard) {
    let mut pair = Pair::new(standard);
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(48)
    });
    let pair = std::cell::RefCell::new(&mut pair);
    runner
        .run(&script(standard), |script| {
            plays(&mut pair.borrow_mut(), &script);
            Ok(())
        })
        .unwrap();
}

#[test]
fn generated_itu_messages_survive_two_gateways() {
    many(Standard::Itu);
}

#[test]
fn generated_ansi_messages_survive_two_gateways() {
    many(Standard::Ansi);
}

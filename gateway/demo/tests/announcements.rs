//! Recorded announcements for callers on either side whose call fails.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lab::audio::Heard;
use lab::exchange::Exchange;
use lab::network::NetworkConfig;
use lab::rtp_peer::RtpEventKind;
use lab::sip_peer::{Answering, CallId, CallState, Invitation, Rejection};
use media_bridge::tone::{Recording, ToneProgram};

use super::{World, base, places};
use crate::config::Config;
use crate::demo::scenario;
use crate::demo::settings::{self, numbers};
use crate::demo::stage::{Stage, pass, until};
use crate::iwu::maintenance::Maintenance;
use crate::iwu::{Admin, Input};
use crate::recorder;

/// 700 Hz for a second and silence for a tenth, twice.
fn program() -> Arc<ToneProgram> {
    let sine = |n: i32| f64::from(n) * 700.0 / 8_000.0 * std::f64::consts::TAU;
    let tone = (0..8_000).map(|n| (sine(n).sin() * 4_000.0) as i16);
    let samples = tone.chain([0; 800]);
    let recording = Recording::new("busy", samples.collect()).unwrap();
    Arc::new(ToneProgram::announcement(&recording, 2, 500).unwrap())
}

/// A world where cause 17 has that announcement, for callers of both sides. `circuits` are the
/// timeslots that there are.
fn world(base: Instant, circuits: &str) -> World {
    world_of(base, circuits, &[17], |text| text)
}

/// The same for these causes, and a configuration that differs in something else.
fn world_of(
    base: Instant,
    circuits: &str,
    causes: &[u8],
    other: impl FnOnce(String) -> String,
) -> World {
    let places = places();
    let causes: Vec<_> = causes
        .iter()
        .map(|cause| format!("{cause} = \"busy\""))
        .collect();
    let announcements = format!("announcements = {{ {} }}", causes.join(", "));
    let mut source = settings::gateway(&places);
    source.text = source
        .text
        .replace("1-15,17-31", circuits)
        .replace(
            "tones = \"de\"",
            &format!("tones = \"de\"\n{announcements}"),
        )
        .replace("codecs = [", &format!("{announcements}\ncodecs = ["))
        + "\n[[announcement]]\nname = \"busy\"\nfile = \"busy.wav\"\ntimes = 2\npause = \"500ms\"\n";
    source.text = other(source.text);
    let mut config: Config = settings::gateway_config(&source).unwrap();
    config.announcements[0].program = Some(program());
    let lab = settings::lab_config().unwrap();
    let network = NetworkConfig::default();
    let mut world = World::with(base, network, &source, config, &lab, &places).unwrap();
    let ready = |world: &mut World| world.exchange(|_, exchange| in_service(exchange, circuits));
    assert!(until(&mut world, Duration::from_secs(60), |world| ready(world)).unwrap());
    world
}

fn in_service(exchange: &Exchange, circuits: &str) -> bool {
    let cics = circuits.split(['-', ',']).map(|cic| cic.parse().unwrap());
    let last: u16 = cics.max().unwrap();
    let mut views = exchange.circuits();
    views.any(|view| view.cic.0 == last && view.state == "Idle" && view.reachable)
}

fn call(world: &mut World, number: &str) -> CallId {
    let now = world.now();
    let to = format!(
        "sip:{number}@{};user=phone",
        world.user().sip().config().remote
    );
    world
        .user()
        .sip_mut()
        .call(now, Invitation::new(&to))
        .unwrap()
}

/// Responses that the phone has seen to the INVITE of a call.
fn responses(world: &mut World, call: CallId) -> Vec<u16> {
    let messages = world.user().sip().messages(call);
    messages
        .filter(|(_, sent, message)| !sent && message.method == "INVITE")
        .filter_map(|(_, _, message)| message.status())
        .collect()
}

/// Lengths of sounds of 700 Hz.
fn beeps<'a>(heard: impl Iterator<Item = &'a Heard>) -> Vec<u128> {
    let beep = |heard: &Heard| match heard {
        Heard::Sound {
            duration, tones, ..
        } => {
            let [tone] = tones.as_slice() else {
                return None;
            };
            ((tone.frequency - 700.0).abs() < 2.0).then(|| (duration.as_millis() + 5) / 10 * 10)
        }
        _ => None,
    };
    heard.filter_map(beep).collect()
}

/// REL 17 becomes early media with the announcement, and 486 when it was heard.
#[test]
fn a_sip_caller_hears_why_before_the_final_response() {
    let base = base();
    let mut world = world(base, "1-15,17-31");
    let call = call(&mut world, numbers::BUSY);
    let ended = |world: &mut World| world.user().sip().state(call) == Some(CallState::Terminated);
    let start = world.now();
    assert!(until(&mut world, Duration::from_secs(10), ended).unwrap());
    let took = world.now() - start;
    assert!((2_400..3_500).contains(&took.as_millis()), "{took:?}");
    assert_eq!(responses(&mut world, call), [100, 183, 486]);
    let events = world.user().rtp().events().iter();
    let heard = events.filter_map(|event| match &event.kind {
        RtpEventKind::Heard(heard) => Some(heard),
        _ => None,
    });
    assert_eq!(beeps(heard), [1_000, 1_000]);
    pass(&mut world, Duration::from_secs(1)).unwrap();
    let record = world.seen().records.last().unwrap();
    assert_eq!((record.sip_status, record.cause), (Some(486), Some(17)));
    // The recording holds no sound, and replays to the same commands.
    let recording = world.recording();
    let replayed = recorder::replay(recording.as_slice(), base).unwrap();
    assert!(replayed.outputs > 0);
}

/// A caller who hangs up during it, and one whose circuit is taken by the next call.
#[test]
fn an_announcement_ends_with_its_caller_or_its_circuit() {
    let mut world = world(base(), "1");
    let first = call(&mut world, numbers::BUSY);
    pass(&mut world, Duration::from_millis(700)).unwrap();
    assert_eq!(responses(&mut world, first), [100, 183]);
    let now = world.now();
    world.user().sip_mut().cancel(now, first, None).unwrap();
    pass(&mut world, Duration::from_millis(300)).unwrap();
    assert_eq!(responses(&mut world, first), [100, 183, 487]);

    let second = call(&mut world, numbers::BUSY);
    pass(&mut world, Duration::from_millis(700)).unwrap();
    assert_eq!(responses(&mut world, second), [100, 183]);
    let third = call(&mut world, numbers::RING);
    pass(&mut world, Duration::from_millis(700)).unwrap();
    assert_eq!(responses(&mut world, second), [100, 183, 486]);
    assert_eq!(
        responses(&mut world, third),
        [100, 183],
        "it rings on the same circuit"
    );
    assert_eq!(world.seen().records.len(), 2);
}

/// 486 becomes an announcement on the circuit, and REL 17 when it was heard.
#[test]
fn a_caller_on_a_circuit_hears_why_before_the_release() {
    let mut world = world(base(), "1-15,17-31");
    world.user().sip_mut().set_answering(Answering {
        reject: Some(Rejection {
            status: 486,
            reason: "Busy Here".to_owned(),
            cause: Some(17),
        }),
        ..Answering::default()
    });
    world
        .exchange(|now, exchange| exchange.place_configured_call(now, numbers::CALLER))
        .unwrap();
    let over = |world: &mut World| !world.seen().records.is_empty();
    assert!(until(&mut world, Duration::from_secs(10), over).unwrap());
    let heard = world
        .seen()
        .exchange
        .iter()
        .filter_map(|event| event.heard());
    assert_eq!(beeps(heard), [1_000, 1_000]);
    let record = &world.seen().records[0];
    assert_eq!(record.cause, Some(17));
    pass(&mut world, Duration::from_secs(1)).unwrap();
    assert!(scenario::in_service(&mut world).unwrap());
}

fn heard_from_rtp(world: &mut World) -> Vec<u128> {
    let events = world.user().rtp().events().iter();
    beeps(events.filter_map(|event| match &event.kind {
        RtpEventKind::Heard(heard) => Some(heard),
        _ => None,
    }))
}

/// Calls, hears the announcement whole, and gets this status and cause in place of an answer.
fn told(world: &mut World, number: &str, status: u16, cause: u8) {
    let before = heard_from_rtp(world).len();
    let call = call(world, number);
    let ended = |world: &mut World| world.user().sip().state(call) == Some(CallState::Terminated);
    let start = world.now();
    assert!(until(world, Duration::from_secs(10), ended).unwrap());
    let took = world.now() - start;
    assert!((2_400..3_500).contains(&took.as_millis()), "{took:?}");
    assert_eq!(responses(world, call), [100, 183, status]);
    assert_eq!(heard_from_rtp(world)[before..], [1_000, 1_000]);
    let reason = {
        let mut messages = world.user().sip().messages(call);
        messages.find_map(|(_, _, message)| message.q850())
    };
    assert_eq!(reason, Some(u16::from(cause)));
    pass(world, Duration::from_secs(1)).unwrap();
    let record = world.seen().records.last().unwrap();
    assert_eq!(
        (record.sip_status, record.cause),
        (Some(status), Some(cause))
    );
    assert_eq!(record.cic, None);
}

/// Numbers that no rule takes; the announcement has no circuit.
#[test]
fn a_sip_caller_hears_that_there_is_no_route() {
    let shorter = |text: String| text.replace("\"+4930555\"", "\"+49305550\"");
    let base = base();
    let mut world = world_of(base, "1-15,17-31", &[3], shorter);
    told(&mut world, "+49305551001", 404, 3);
    // Who hangs up hears no more of it.
    let call = call(&mut world, "+49305551001");
    pass(&mut world, Duration::from_millis(700)).unwrap();
    let now = world.now();
    world.user().sip_mut().cancel(now, call, None).unwrap();
    pass(&mut world, Duration::from_secs(1)).unwrap();
    assert_eq!(responses(&mut world, call), [100, 183, 487]);
    assert_eq!(world.iwu().occupancy().rtp_ports, 0);
    let recording = world.recording();
    let replayed = recorder::replay(recording.as_slice(), base).unwrap();
    assert!(replayed.outputs > 0);
}

/// The only circuit is blocked.
#[test]
fn a_sip_caller_hears_that_there_is_no_circuit() {
    let mut world = world_of(base(), "1", &[34], |text| text);
    let (circuit, _) = world.iwu().circuits().next().unwrap();
    let action = Maintenance::Block;
    let block = Input::Admin(Admin::Maintain { circuit, action });
    world.input(block).unwrap();
    told(&mut world, numbers::RING, 503, 34);
}

/// Calls from the exchange that no rule takes: ACM, the announcement on the circuit, REL 3.
#[test]
fn a_caller_on_a_circuit_hears_that_there_is_no_route() {
    let elsewhere = |text: String| text.replace("\"+493055501\"", "\"+493055502\"");
    let mut world = world_of(base(), "1-15,17-31", &[3], elsewhere);
    world
        .exchange(|now, exchange| exchange.place_configured_call(now, numbers::CALLER))
        .unwrap();
    let over = |world: &mut World| !world.seen().records.is_empty();
    let start = world.now();
    assert!(until(&mut world, Duration::from_secs(10), over).unwrap());
    let took = world.now() - start;
    assert!((2_400..3_500).contains(&took.as_millis()), "{took:?}");
    let seen = world.seen();
    let heard = seen.exchange.iter().filter_map(|event| event.heard());
    assert_eq!(beeps(heard), [1_000, 1_000]);
    let record = &seen.records[0];
    assert_eq!((record.cause, record.cic), (Some(3), Some(2)));
    assert_eq!(
        record.mapped_by.as_deref(),
        Some("no rule of the dial plan takes it")
    );
    pass(&mut world, Duration::from_secs(1)).unwrap();
    assert!(scenario::in_service(&mut world).unwrap());
}

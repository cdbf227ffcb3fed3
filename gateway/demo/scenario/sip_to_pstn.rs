//! A SIP caller reaches the echo subscriber: ringback, answer, octets, digits, ISUP in INFO.

use std::time::Duration;

use isup::{CalledPartyNumber, Digits, Message, MessageType, NatureOfAddress, ParameterCode};
use isup::{
    CallingPartysCategory, ForwardCallIndicators, NatureOfConnection, TransmissionMediumRequirement,
};
use lab::audio::{Heard, Play};
use lab::exchange::ExchangeEvent;
use lab::rtp_peer::RtpEventKind;
use lab::sip_peer::{Bodies, CallState, IsupBody};
use media_bridge::Digit;

use super::hear::{check_ringback, first_beep};
use super::{
    SOON, call, check_record, dialogue, finish, isup_since, mark, reaches, request, response, shown,
};
use crate::demo::check::Report;
use crate::demo::settings::numbers::ECHO;
use crate::demo::stage::{Stage, pass, until};

/// Octets of the pattern that must come back.
const PATTERN: u64 = 8_000;
/// What is dialled each way.
const DIGITS: &str = "159#";

pub(super) fn play<S: Stage>(stage: &mut S) -> anyhow::Result<Report> {
    let mut report = Report::new("SIP caller to the echo subscriber");
    let from = mark(stage);
    let iam = iam(ECHO);
    let call = call(stage, ECHO, |invitation| {
        invitation.isup = Some(IsupBody::itu(iam.to_vec()));
    })?;

    let progress = until(stage, SOON, |stage| response(stage, call, 183).is_some())?;
    let early = response(stage, call, 183);
    report.equal("183 with SDP", "yes", if progress { "yes" } else { "no" });
    let carries = |message: &Option<lab::sip_peer::SeenMessage>| {
        message.as_ref().is_some_and(|m| m.bodies.sdp.is_some())
    };
    report.equal("SDP in the 183", true, carries(&early));
    let rseq = early.as_ref().and_then(|message| message.rseq);
    report.judged("RSeq in the 183", "a number", shown(rseq), rseq.is_some());
    report.equal(
        "ISUP in the 183",
        "ACM".to_owned(),
        isup_name(early.as_ref()),
    );

    // Two beeps and the silence between them.
    let heard = until(stage, Duration::from_secs(8), |stage| {
        first_beep(heard_by_user(stage).iter()).is_some()
    })?;
    let beep = first_beep(heard_by_user(stage).iter()).filter(|_| heard);
    check_ringback(&mut report, beep, 425.0, [1000.0, 4000.0]);

    let answered = reaches_within(stage, call, CallState::Confirmed, Duration::from_secs(8))?;
    report.equal("answered", true, answered);
    let answer = response(stage, call, 200);
    report.equal(
        "ISUP in the 200",
        "ANM".to_owned(),
        isup_name(answer.as_ref()),
    );
    report.equal(
        "SIP up to the answer",
        "INVITE 100 183 PRACK 200 200 ACK".to_owned(),
        dialogue(stage, call),
    );

    pattern(stage, &mut report)?;
    digits(stage, &mut report)?;
    information(stage, &mut report, call)?;

    let now = stage.now();
    stage.user().sip_mut().bye(now, call, None)?;
    let left = reaches(stage, call, CallState::Terminated)?;
    report.equal("BYE answered", true, left);
    let record = finish(stage, from, &mut report)?;
    report.equal(
        "ISUP of the call",
        "IAM ACM ANM USR USR REL RLC".to_owned(),
        isup_since(stage, from.traces),
    );
    check_record(&mut report, record.as_ref(), ECHO, 16);
    let lost = record
        .and_then(|record| record.media)
        .map(|media| media.packets_lost);
    report.equal("RTP packets lost", "0".to_owned(), shown(lost));
    Ok(report)
}

/// A pseudo-random pattern goes out as PCMA and must come back octet by octet.
fn pattern<S: Stage>(stage: &mut S, report: &mut Report) -> anyhow::Result<()> {
    stage.user().rtp_mut().play(Play::Pattern);
    // The ear finds the pattern, then counts.
    until(stage, SOON, |stage| stage.user().rtp().pattern().locked)?;
    stage.user().rtp_mut().restart_pattern();
    until(stage, SOON, |stage| {
        stage.user().rtp().pattern().octets >= PATTERN
    })?;
    let seen = stage.user().rtp().pattern();
    report.judged(
        "pattern O.150 2^15-1 back from the echo",
        format!("{PATTERN} octets, 0 wrong"),
        format!("{} octets, {} wrong", seen.octets, seen.octet_errors),
        seen.octets >= PATTERN && seen.octet_errors == 0 && seen.locks == 1,
    );
    stage.user().rtp_mut().play(Play::Idle);
    pass(stage, Duration::from_millis(300))
}

/// Digits as telephone-events become tones on the timeslot, and tones become events.
fn digits<S: Stage>(stage: &mut S, report: &mut Report) -> anyhow::Result<()> {
    let length = Duration::from_millis(100);
    for digit in DIGITS.chars().filter_map(Digit::from_char) {
        stage.user().rtp_mut().send_digit(digit, length);
    }
    let from = stage.seen().exchange.len();
    until(stage, SOON, |stage| {
        on_timeslot(stage, from).len() >= DIGITS.len()
    })?;
    // A doubled digit would come now.
    pass(stage, Duration::from_millis(300))?;
    report.equal(
        "telephone-events to tones on the timeslot",
        DIGITS.to_owned(),
        on_timeslot(stage, from),
    );
    // The echo sent them back: they too arrive as events.
    let echoed = as_events(stage, 0);
    report.equal(
        "the same tones echoed, as telephone-events",
        DIGITS.to_owned(),
        echoed,
    );
    let before = stage.user().rtp().events().len();
    stage.exchange(|_, exchange| {
        let circuit = exchange.calls().next().map(|(circuit, ..)| circuit);
        let digits: Vec<Digit> = DIGITS.chars().rev().filter_map(Digit::from_char).collect();
        circuit.map_or(Ok(()), |circuit| exchange.dial(circuit, &digits))
    })?;
    until(stage, SOON, |stage| {
        as_events(stage, before).len() >= DIGITS.len()
    })?;
    pass(stage, Duration::from_millis(300))?;
    let reversed: String = DIGITS.chars().rev().collect();
    report.equal(
        "tones on the timeslot to telephone-events",
        reversed,
        as_events(stage, before),
    );
    Ok(())
}

/// ISUP crosses in INFO, both ways, octet by octet.
fn information<S: Stage>(
    stage: &mut S,
    report: &mut Report,
    call: lab::sip_peer::CallId,
) -> anyhow::Result<()> {
    let to_pstn = user_to_user(b"from SIP");
    let isup = Some(IsupBody::itu(to_pstn.to_vec()));
    let now = stage.now();
    stage.user().sip_mut().info(
        now,
        call,
        Bodies {
            isup,
            ..Bodies::default()
        },
    )?;
    let arrived = |stage: &mut S| {
        let seen = stage
            .seen()
            .exchange
            .iter()
            .filter_map(ExchangeEvent::message);
        seen.filter(|(sent, m)| !sent && m.message_type() == MessageType::Usr)
            .map(|(_, message)| message.to_vec())
            .next_back()
    };
    until(stage, SOON, |stage| arrived(stage).is_some())?;
    report.equal("USR in INFO to the circuit", hex(&to_pstn.to_vec()), {
        arrived(stage).map_or_else(|| "nothing".to_owned(), |octets| hex(&octets))
    });
    let to_sip = user_to_user(b"from PSTN");
    let sent = to_sip.clone();
    stage.exchange(move |now, exchange| {
        let circuit = exchange.calls().next().map(|(circuit, ..)| circuit);
        circuit.map_or(Ok(()), |circuit| exchange.send(now, circuit, sent))
    })?;
    until(stage, SOON, |stage| {
        request(stage, call, false, "INFO").is_some()
    })?;
    let body = request(stage, call, false, "INFO").and_then(|message| message.bodies.isup);
    report.equal("USR from the circuit in INFO", hex(&to_sip.to_vec()), {
        body.map_or_else(|| "nothing".to_owned(), |isup| hex(&isup.octets))
    });
    Ok(())
}

fn reaches_within<S: Stage>(
    stage: &mut S,
    call: lab::sip_peer::CallId,
    state: CallState,
    limit: Duration,
) -> anyhow::Result<bool> {
    until(stage, limit, |stage| {
        stage.user().sip().state(call) == Some(state)
    })
}

/// What the SIP user's ear has heard so far.
fn heard_by_user<S: Stage>(stage: &mut S) -> Vec<Heard> {
    let events = stage.user().rtp().events();
    events
        .iter()
        .filter_map(|event| match &event.kind {
            RtpEventKind::Heard(heard) => Some(heard.clone()),
            _ => None,
        })
        .collect()
}

/// Digits that the exchange heard as tones.
fn on_timeslot<S: Stage>(stage: &mut S, from: usize) -> String {
    let seen = stage.seen().exchange.iter().skip(from);
    seen.filter_map(|event| match event.heard() {
        Some(Heard::Digit { digit, .. }) => Some(digit.to_string()),
        _ => None,
    })
    .collect()
}

/// Digits that the SIP user received as telephone-events.
fn as_events<S: Stage>(stage: &mut S, from: usize) -> String {
    let events = stage.user().rtp().events().iter().skip(from);
    events
        .filter_map(|event| match &event.kind {
            RtpEventKind::Digit { digit, .. } => Some(digit.to_string()),
            _ => None,
        })
        .collect()
}

fn isup_name(message: Option<&lab::sip_peer::SeenMessage>) -> String {
    message
        .and_then(|message| message.bodies.isup.as_ref())
        .and_then(|isup| Message::decode(&isup.octets).ok())
        .map_or_else(
            || "none".to_owned(),
            |isup| isup.message_type().acronym().to_owned(),
        )
}

/// The IAM that a SIP-T peer would encapsulate.
fn iam(called: &str) -> Message {
    let digits: Digits = called.trim_start_matches("+49").parse().unwrap_or_default();
    Message::new(MessageType::Iam)
        .with(NatureOfConnection::default())
        .with(ForwardCallIndicators::ISUP_ALL_THE_WAY)
        .with(CallingPartysCategory::Ordinary)
        .with(TransmissionMediumRequirement::Speech)
        .with(CalledPartyNumber::new(NatureOfAddress::National, digits))
}

/// User-to-user information with these octets (Q.763 §3.60).
fn user_to_user(text: &[u8]) -> Message {
    // Protocol discriminator 4: IA5 characters.
    let content: Vec<u8> = [4].into_iter().chain(text.iter().copied()).collect();
    Message::new(MessageType::Usr).with_content(ParameterCode::USER_TO_USER_INFORMATION, &content)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

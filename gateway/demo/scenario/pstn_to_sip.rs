//! A subscriber of the exchange calls the SIP user, and hangs up first.

use std::time::Duration;

use isup::MessageType;
use lab::audio::{Heard, Play};
use lab::exchange::ExchangeEvent;
use lab::rtp_peer::RtpEventKind;
use lab::sip_peer::{Answering, CallState, Role};
use media_bridge::level::Dbm0;
use media_bridge::tone::ToneProgram;

use super::hear::{check_ringback, first_beep, steady};
use super::{SOON, check_record, dialogue, finish, isup_since, mark, reaches, request, shown};
use crate::demo::check::Report;
use crate::demo::settings::numbers::{CALLER, SIP_USER};
use crate::demo::stage::{Stage, pass, until};

pub(super) fn play<S: Stage>(stage: &mut S) -> anyhow::Result<Report> {
    let mut report = Report::new("PSTN subscriber to the SIP user");
    let from = mark(stage);
    let user = stage.user();
    user.reset_rtp(lab::rtp_peer::RtpPeerConfig::default());
    user.sip_mut().set_answering(Answering {
        ring_after: Duration::from_millis(100),
        ring_status: 180,
        answer_after: Some(Duration::from_millis(6500)),
        ..Answering::default()
    });
    let seen = stage.seen().exchange.len();
    let circuit = stage.exchange(|now, exchange| exchange.place_call(now, CALLER, SIP_USER))?;

    let rings = |stage: &mut S| {
        let calls = stage.user().sip().calls();
        calls
            .filter(|(_, role, state)| *role == Role::Called && *state != CallState::Terminated)
            .map(|(call, ..)| call)
            .last()
    };
    until(stage, SOON, |stage| rings(stage).is_some())?;
    let call = rings(stage).ok_or_else(|| anyhow::anyhow!("no INVITE reached the SIP user"))?;
    let invite = request(stage, call, false, "INVITE");
    let bodies = invite.map(|message| message.bodies).unwrap_or_default();
    report.equal("INVITE with SDP", true, bodies.sdp.is_some());
    let sent = stage
        .seen()
        .exchange
        .iter()
        .skip(seen)
        .filter_map(ExchangeEvent::message)
        .find(|(sent, message)| *sent && message.message_type() == MessageType::Iam)
        .map(|(_, message)| hex(&message.to_vec()));
    let carried = bodies.isup.map(|isup| hex(&isup.octets));
    report.equal(
        "application/ISUP: the IAM octet by octet",
        shown(sent),
        shown(carried),
    );

    // Ringback of the gateway on the timeslot, while the SIP user only says 180.
    until(stage, Duration::from_secs(8), |stage| {
        first_beep(on_timeslot(stage, seen).iter()).is_some()
    })?;
    let beep = first_beep(on_timeslot(stage, seen).iter());
    check_ringback(&mut report, beep, 425.0, [1000.0, 4000.0]);

    let answered = reaches(stage, call, CallState::Confirmed)?;
    report.equal("answered", true, answered);
    report.equal(
        "SIP up to the answer",
        "INVITE 180 PRACK 200 200 ACK".to_owned(),
        dialogue(stage, call),
    );

    both_ways(stage, &mut report)?;

    stage.exchange(|now, exchange| exchange.release(now, circuit, 16))?;
    let left = reaches(stage, call, CallState::Terminated)?;
    report.equal("BYE received", true, left);
    let bye = request(stage, call, false, "BYE");
    let cause = bye.as_ref().and_then(|message| message.q850());
    report.equal("Reason of the BYE", "16".to_owned(), shown(cause));
    let record = finish(stage, from, &mut report)?;
    report.equal(
        "ISUP of the call",
        "IAM ACM ANM REL RLC".to_owned(),
        isup_since(stage, from.traces),
    );
    check_record(&mut report, record.as_ref(), SIP_USER, 16);
    Ok(report)
}

/// A tone each way, of two frequencies, measured at the other end. The subscriber speaks 1004 Hz
/// since the answer, and nothing was to be heard in RTP before it.
fn both_ways<S: Stage>(stage: &mut S, report: &mut Report) -> anyhow::Result<()> {
    let backward = std::sync::Arc::new(ToneProgram::steady(800.0, Dbm0(-13.0))?);
    stage.user().rtp_mut().play(Play::Tone(backward));
    let from_exchange = stage.seen().exchange.len();
    let measured = |stage: &mut S| {
        let to_sip = steady(in_rtp(stage).iter());
        let to_pstn = steady(on_timeslot(stage, from_exchange).iter());
        to_sip.zip(to_pstn)
    };
    until(stage, SOON, |stage| measured(stage).is_some())?;
    pass(stage, Duration::from_millis(200))?;
    match measured(stage) {
        Some((to_sip, to_pstn)) => {
            report.near("PSTN to SIP: frequency", "Hz", 1004.0, 1.0, to_sip.0);
            report.near("PSTN to SIP: level", "dBm0", -16.0, 0.5, to_sip.1);
            report.near("SIP to PSTN: frequency", "Hz", 800.0, 1.0, to_pstn.0);
            report.near("SIP to PSTN: level", "dBm0", -13.0, 0.5, to_pstn.1);
        }
        None => report.judged("audio both ways", "two tones", "not both heard", false),
    }
    Ok(())
}

fn on_timeslot<S: Stage>(stage: &mut S, from: usize) -> Vec<Heard> {
    let seen = stage.seen().exchange.iter().skip(from);
    seen.filter_map(|event| event.heard().cloned()).collect()
}

fn in_rtp<S: Stage>(stage: &mut S) -> Vec<Heard> {
    let events = stage.user().rtp().events().iter();
    events
        .filter_map(|event| match &event.kind {
            RtpEventKind::Heard(heard) => Some(heard.clone()),
            _ => None,
        })
        .collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

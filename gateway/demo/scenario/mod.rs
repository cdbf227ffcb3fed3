//! The demo's calls. Each plays on any [`Stage`] and measures what it shows.

mod announcement;
mod hear;
mod pstn_to_sip;
mod refused;
mod sip_to_pstn;

use std::time::Duration;

use lab::sip_peer::{CallId as PhoneCall, CallState, Invitation, SeenMessage, Start};

use super::check::Report;
use super::stage::{Stage, until};
use crate::cdr::CallRecord;
use crate::ladder::{Trace, What};

/// How long the link and the circuits may take to come into service: proving takes 8.2 s
/// (Q.703 T4n), then the link test, the restart and the group reset follow.
const IN_SERVICE: Duration = Duration::from_secs(30);
/// How long signalling may take: generous, because a busy machine wakes late.
const SOON: Duration = Duration::from_secs(5);

/// One scenario: what progress calls it, and the scenario.
type Scenario<S> = (&'static str, fn(&mut S) -> anyhow::Result<Report>);

/// The demo's calls in order.
#[must_use]
pub fn all<S: Stage>() -> Vec<Scenario<S>> {
    vec![
        ("SIP to PSTN: echo", sip_to_pstn::play),
        ("PSTN to SIP", pstn_to_sip::play),
        ("busy", refused::busy),
        ("unallocated", refused::unallocated),
        ("given up", refused::given_up),
        ("no circuit", refused::no_circuit),
        ("announcement", announcement::play),
    ]
}

/// Waits until the link is in service and every circuit is idle at both ends.
///
/// # Errors
/// Those of the stage.
pub fn in_service<S: Stage>(stage: &mut S) -> anyhow::Result<bool> {
    until(stage, IN_SERVICE, |stage| all_idle(stage))
}

/// Whether every circuit is idle at both ends.
fn all_idle<S: Stage>(stage: &mut S) -> bool {
    let near = stage.gateway(|iwu| {
        iwu.calls() == 0
            && iwu.circuits().all(|(id, _)| {
                iwu.circuit(id).is_some_and(|view| {
                    view.state == "Idle" && view.status.in_service() && view.reachable
                })
            })
    });
    near.unwrap_or(false) && stage.exchange(|_, exchange| exchange.all_idle())
}

/// The SIP user calls a number through the gateway.
fn call<S: Stage>(
    stage: &mut S,
    number: &str,
    with: impl FnOnce(&mut Invitation),
) -> anyhow::Result<PhoneCall> {
    let now = stage.now();
    let host = stage.user().sip().config().remote;
    let mut invitation = Invitation::new(&format!("sip:{number}@{host};user=phone"));
    with(&mut invitation);
    let user = stage.user();
    user.reset_rtp(lab::rtp_peer::RtpPeerConfig::default());
    Ok(user.sip_mut().call(now, invitation)?)
}

/// Waits for a state of the SIP user's call.
fn reaches<S: Stage>(stage: &mut S, call: PhoneCall, state: CallState) -> anyhow::Result<bool> {
    until(stage, SOON, |stage| {
        stage.user().sip().state(call) == Some(state)
    })
}

/// The first response of that status to the INVITE.
fn response<S: Stage>(stage: &mut S, call: PhoneCall, status: u16) -> Option<SeenMessage> {
    let sip = stage.user().sip();
    sip.messages(call)
        .find(|(_, sent, message)| {
            !sent && message.status() == Some(status) && message.method == "INVITE"
        })
        .map(|(.., message)| message.clone())
}

/// The first request of that method, sent or received.
fn request<S: Stage>(
    stage: &mut S,
    call: PhoneCall,
    sent: bool,
    method: &str,
) -> Option<SeenMessage> {
    let sip = stage.user().sip();
    sip.messages(call)
        .find(|(_, by_us, message)| *by_us == sent && message.is_request(method))
        .map(|(.., message)| message.clone())
}

/// What SIP said in a call, in order, without repetitions: "INVITE", "183", "PRACK" ...
fn dialogue<S: Stage>(stage: &mut S, call: PhoneCall) -> String {
    let sip = stage.user().sip();
    let words: Vec<String> = sip
        .messages(call)
        .filter(|(.., message)| !message.repeated)
        .map(|(.., message)| match &message.start {
            Start::Request(method) => method.clone(),
            Start::Response(status, _) => status.to_string(),
        })
        .collect();
    words.join(" ")
}

/// The gateway's rungs since a mark, of ISUP: "IAM", "ACM" ..., in order.
fn isup_since<S: Stage>(stage: &mut S, mark: usize) -> String {
    let words: Vec<String> = stage
        .seen()
        .traces
        .iter()
        .skip(mark)
        .filter(|trace| trace.call.is_some())
        .filter_map(|trace| match &trace.what {
            What::Isup { text, .. } => text.split(' ').next().map(str::to_owned),
            _ => None,
        })
        .collect();
    words.join(" ")
}

/// Where the rungs and records of the next call will begin.
#[derive(Debug, Clone, Copy)]
struct Mark {
    traces: usize,
    records: usize,
}

fn mark<S: Stage>(stage: &mut S) -> Mark {
    let seen = stage.seen();
    Mark {
        traces: seen.traces.len(),
        records: seen.records.len(),
    }
}

/// Waits until the call is over on both sides, checks that nothing is left of it, and returns
/// its record.
fn finish<S: Stage>(
    stage: &mut S,
    mark: Mark,
    report: &mut Report,
) -> anyhow::Result<Option<CallRecord>> {
    let recorded = until(stage, SOON, |stage| {
        stage.seen().records.len() > mark.records
    })?;
    let idle = until(stage, SOON, |stage| all_idle(stage))?;
    let words = |so: bool| if so { "yes" } else { "no" };
    report.equal("every circuit idle at both ends", "yes", words(idle));
    report.equal("call record written", "yes", words(recorded));
    let faults: Vec<String> = stage.user().sip().faults().map(str::to_owned).collect();
    report.judged(
        "faults the SIP user found",
        "none",
        joined(&faults),
        faults.is_empty(),
    );
    let seen = stage.seen();
    let calls = seen
        .traces
        .iter()
        .skip(mark.traces)
        .filter_map(|trace: &Trace| trace.call);
    for call in calls {
        if !report.calls.contains(&call) {
            report.calls.push(call);
        }
    }
    Ok(seen.records.get(mark.records).cloned())
}

fn joined(words: &[String]) -> String {
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join("; ")
    }
}

/// Checks a call's record: direction-independent parts.
fn check_record(report: &mut Report, record: Option<&CallRecord>, called: &str, cause: u8) {
    let Some(record) = record else { return };
    report.equal("record: called number", called, &record.called_received);
    report.equal("record: cause", cause.to_string(), shown(record.cause));
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

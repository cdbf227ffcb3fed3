//! Calls that are not answered: busy, unallocated, given up, no circuit.

use std::time::Duration;

use isup::circuit::Request;
use lab::sip_peer::CallState;

use super::{
    SOON, all_idle, call, check_record, dialogue, finish, isup_since, mark, reaches, response,
    shown,
};
use crate::demo::check::Report;
use crate::demo::settings::numbers::{BUSY, ECHO, RING, UNALLOCATED};
use crate::demo::stage::{Stage, pass, until};

pub(super) fn busy<S: Stage>(stage: &mut S) -> anyhow::Result<Report> {
    refused(stage, "Busy", BUSY, 486, 17)
}

pub(super) fn unallocated<S: Stage>(stage: &mut S) -> anyhow::Result<Report> {
    refused(stage, "Unallocated number", UNALLOCATED, 404, 1)
}

/// REL before answer: the status by the table of causes, the cause itself in Reason.
fn refused<S: Stage>(
    stage: &mut S,
    title: &str,
    number: &str,
    status: u16,
    cause: u8,
) -> anyhow::Result<Report> {
    let mut report = Report::new(title);
    let from = mark(stage);
    let call = call(stage, number, |_| {})?;
    reaches(stage, call, CallState::Terminated)?;
    report.equal(
        "SIP of the call",
        format!("INVITE 100 {status} ACK"),
        dialogue(stage, call),
    );
    let reason = response(stage, call, status).and_then(|message| message.q850());
    report.equal("Reason: Q.850 cause", cause.to_string(), shown(reason));
    let record = finish(stage, from, &mut report)?;
    report.equal(
        "ISUP of the call",
        "IAM REL RLC".to_owned(),
        isup_since(stage, from.traces),
    );
    check_record(&mut report, record.as_ref(), number, cause);
    Ok(report)
}

/// CANCEL while it rings.
pub(super) fn given_up<S: Stage>(stage: &mut S) -> anyhow::Result<Report> {
    let mut report = Report::new("Caller gives up while it rings");
    let from = mark(stage);
    let call = call(stage, RING, |_| {})?;
    until(stage, SOON, |stage| response(stage, call, 183).is_some())?;
    pass(stage, Duration::from_millis(300))?;
    let now = stage.now();
    stage.user().sip_mut().cancel(now, call, None)?;
    reaches(stage, call, CallState::Terminated)?;
    report.equal(
        "SIP of the call",
        "INVITE 100 183 PRACK 200 CANCEL 200 487 ACK".to_owned(),
        dialogue(stage, call),
    );
    let record = finish(stage, from, &mut report)?;
    report.equal(
        "ISUP of the call",
        "IAM ACM REL RLC".to_owned(),
        isup_since(stage, from.traces),
    );
    check_record(&mut report, record.as_ref(), RING, 16);
    Ok(report)
}

/// The exchange blocks every circuit: 503 and no IAM.
pub(super) fn no_circuit<S: Stage>(stage: &mut S) -> anyhow::Result<Report> {
    let mut report = Report::new("No circuit");
    let from = mark(stage);
    maintain(stage, &Request::Block)?;
    let blocked = until(stage, SOON, |stage| {
        let none = stage.gateway(|iwu| {
            let mut circuits = iwu.circuits();
            circuits.all(|(id, _)| {
                iwu.circuit(id)
                    .is_some_and(|view| !view.status.in_service())
            })
        });
        none.unwrap_or(false)
    })?;
    report.equal("every circuit blocked by the exchange", true, blocked);
    let call = call(stage, ECHO, |_| {})?;
    reaches(stage, call, CallState::Terminated)?;
    report.equal(
        "SIP of the call",
        "INVITE 100 503 ACK".to_owned(),
        dialogue(stage, call),
    );
    let reason = response(stage, call, 503).and_then(|message| message.q850());
    report.equal("Reason: Q.850 cause", "34".to_owned(), shown(reason));
    report.equal(
        "ISUP of the call",
        String::new(),
        isup_since(stage, from.traces),
    );
    maintain(stage, &Request::Unblock)?;
    until(stage, SOON, |stage| all_idle(stage))?;
    let record = finish(stage, from, &mut report)?;
    check_record(&mut report, record.as_ref(), ECHO, 34);
    Ok(report)
}

fn maintain<S: Stage>(stage: &mut S, request: &Request) -> anyhow::Result<()> {
    stage.exchange(|now, exchange| {
        let circuits: Vec<_> = exchange.circuits().map(|view| view.id).collect();
        circuits
            .into_iter()
            .try_for_each(|circuit| exchange.maintain(now, circuit, request.clone()))
    })?;
    Ok(())
}

//! An announcement without answer: the SIP side hears it as early media, then gets its cause.

use std::time::Duration;

use lab::audio::Heard;
use lab::rtp_peer::RtpEventKind;
use lab::sip_peer::CallState;

use super::{SOON, call, check_record, dialogue, finish, isup_since, mark, response, shown};
use crate::demo::check::Report;
use crate::demo::settings::numbers::ANNOUNCEMENT;
use crate::demo::stage::{Stage, until};

pub(super) fn play<S: Stage>(stage: &mut S) -> anyhow::Result<Report> {
    let mut report = Report::new("Announcement before answer");
    let from = mark(stage);
    let call = call(stage, ANNOUNCEMENT, |_| {})?;
    until(stage, SOON, |stage| response(stage, call, 183).is_some())?;
    let over = Duration::from_secs(8);
    until(stage, over, |stage| {
        stage.user().sip().state(call) == Some(CallState::Terminated)
    })?;
    let heard = stage.user().rtp().events().iter().any(|event| {
        matches!(&event.kind, RtpEventKind::Heard(Heard::Tones { level, .. }) if level.0 > -40.0)
    });
    report.equal("announcement heard before answer", true, heard);
    report.equal(
        "SIP of the call",
        "INVITE 100 183 PRACK 200 480 ACK".to_owned(),
        dialogue(stage, call),
    );
    let reason = response(stage, call, 480).and_then(|message| message.q850());
    report.equal("Reason: Q.850 cause", "31".to_owned(), shown(reason));
    let record = finish(stage, from, &mut report)?;
    report.equal(
        "ISUP of the call",
        "IAM ACM REL RLC".to_owned(),
        isup_since(stage, from.traces),
    );
    check_record(&mut report, record.as_ref(), ANNOUNCEMENT, 31);
    Ok(report)
}

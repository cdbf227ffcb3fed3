//! Suspension and hold, the end of a call, and maintenance of its circuit (RFC 3398 §9 to §11).

use isup::{
    CalledPartysStatus, Event, GenericNotification, Message, MessageType, Notification,
    NotificationIndicator, ParameterCode, SuspendResumeIndicators,
};

use super::super::flows;
use super::super::sip_far_end::With;
use super::super::stand::{Settings, Stand};
use super::{cpg, from_isup, from_sip, hang_up};
use crate::config::Standard;

flows! { "rfc3398":
    s9_1_sus_and_res_by_reinvite,
    s9_1_sus_and_res_by_info,
    s9_2_hold_from_sip,
    s9_2_hold_from_isup,
    s10_1_sip_initiated_release,
    s10_2_2_callee_hangs_up,
    s11_1_reset_circuit,
    s11_2_group_reset,
    s11_2_hardware_blocking,
    s11_2_blocking_keeps_the_call,
}

fn by_network(stand: &Stand, kind: MessageType) -> Message {
    stand
        .message(kind)
        .with(SuspendResumeIndicators::NETWORK_INITIATED)
}

/// A re-INVITE of the gateway with this direction, and the user's answer.
fn reinvited(stand: &mut Stand, direction: &str, answer: &str) {
    let reinvite = stand.expect("INVITE");
    let sdp = reinvite.sdp().unwrap();
    assert!(sdp.contains(&format!("a={direction}\r\n")), "{sdp}");
    stand.respond(&reinvite, "200 OK", "", &With::nothing().direction(answer));
    stand.expect("ACK");
}

fn s9_1_sus_and_res_by_reinvite(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let caller = from_sip(&mut stand, With::sdp());
    stand.exchange(&by_network(&stand, MessageType::Sus));
    reinvited(&mut stand, "inactive", "inactive");
    stand.seconds(10);
    stand.exchange(&by_network(&stand, MessageType::Res));
    reinvited(&mut stand, "sendrecv", "sendrecv");
    hang_up(stand, caller)
}

fn s9_1_sus_and_res_by_info(standard: Standard) -> String {
    let settings = Settings {
        trunk: "isup = \"optional\"",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    let iam = stand.iam();
    let caller = from_sip(&mut stand, With::sdp().isup(&iam));
    for kind in [MessageType::Sus, MessageType::Res] {
        let message = by_network(&stand, kind);
        stand.exchange(&message);
        let info = stand.expect("INFO");
        assert_eq!(info.isup().unwrap(), message.to_vec());
        stand.respond(&info, "200 OK", "", &With::nothing());
        stand.seconds(5);
    }
    hang_up(stand, caller)
}

fn hold_notified(stand: &mut Stand, notification: Notification) {
    let cpg = stand.expect_isup(MessageType::Cpg);
    let found = match stand.standard {
        Standard::Itu => cpg.find::<GenericNotification>().unwrap().notification,
        Standard::Ansi => {
            Notification::from_code(cpg.find::<NotificationIndicator>().unwrap().0[0] & 0x7F)
        }
    };
    assert_eq!(found, notification);
}

fn s9_2_hold_from_sip(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let mut caller = from_sip(&mut stand, With::sdp());
    for (direction, notification) in [
        ("sendonly", Notification::RemoteHold),
        ("sendrecv", Notification::RemoteRetrieval),
    ] {
        let offer = With::nothing().direction(direction);
        let answer = stand.request_answered(&mut caller, "INVITE", &offer, "200");
        assert!(answer.sdp().is_some());
        stand.request(&mut caller, "ACK", &With::nothing());
        hold_notified(&mut stand, notification);
        stand.seconds(3);
    }
    hang_up(stand, caller)
}

/// The exchange holds a call that came from it, and retrieves it.
fn s9_2_hold_from_isup(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let called = from_isup(&mut stand);
    for (notification, direction) in [
        (Notification::RemoteHold, "inactive"),
        (Notification::RemoteRetrieval, "sendrecv"),
    ] {
        let message = cpg(&stand, Event::Progress);
        let message = match standard {
            Standard::Itu => message.with(GenericNotification::new(notification)),
            Standard::Ansi => message.with(NotificationIndicator(vec![0x80 | notification.code()])),
        };
        stand.exchange(&message);
        reinvited(&mut stand, direction, direction);
        stand.seconds(3);
    }
    hang_up(stand, called)
}

/// With a REL in the BYE, its cause goes on.
fn s10_1_sip_initiated_release(standard: Standard) -> String {
    let settings = Settings {
        trunk: "isup = \"optional\"",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    let iam = stand.iam();
    let mut caller = from_sip(&mut stand, With::sdp().isup(&iam));
    let rel = stand.rel(31);
    stand.request_answered(&mut caller, "BYE", &With::nothing().isup(&rel), "200");
    let sent = stand.expect_release(31);
    assert_eq!(sent.to_vec(), rel.to_vec());
    stand.over()
}

fn s10_2_2_callee_hangs_up(standard: Standard) -> String {
    let settings = Settings {
        group: "timers = { t6 = \"30s\" }",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    from_sip(&mut stand, With::sdp());
    stand.exchange(&by_network(&stand, MessageType::Sus));
    reinvited(&mut stand, "inactive", "inactive");
    stand.seconds(30);
    let bye = stand.expect("BYE");
    assert!(bye.field("Reason").contains("cause=16"));
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.expect_release(16);
    stand.over()
}

fn s11_1_reset_circuit(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    from_sip(&mut stand, With::sdp());
    stand.exchange_says(MessageType::Rsc);
    stand.expect_isup(MessageType::Rlc);
    let bye = stand.expect("BYE");
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.over()
}

/// A message about the circuits from the flow's on; ANSI sends each twice.
fn about_group(stand: &mut Stand, kind: MessageType, supervision: Option<u8>) {
    let content = match kind {
        MessageType::Grs => vec![2],
        _ => vec![2, 0b111],
    };
    let mut message = stand
        .message(kind)
        .with_content(ParameterCode::RANGE_AND_STATUS, &content);
    if let Some(supervision) = supervision {
        message = message.with_content(
            ParameterCode::CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE,
            &[supervision],
        );
    }
    stand.exchange(&message);
    if stand.is_ansi() {
        stand.exchange(&message);
    }
}

fn s11_2_group_reset(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    from_sip(&mut stand, With::sdp());
    about_group(&mut stand, MessageType::Grs, None);
    stand.expect_isup(MessageType::Gra);
    let bye = stand.expect("BYE");
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.over()
}

fn s11_2_hardware_blocking(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    stand.exchange(&stand.acm(CalledPartysStatus::SubscriberFree));
    stand.expect("180");
    about_group(&mut stand, MessageType::Cgb, Some(1));
    let refusal = stand.expect("5");
    stand.acknowledge(&caller, &refusal);
    stand.expect_isup(MessageType::Cgba);
    stand.over()
}

/// BLO takes the circuit from new calls; the one that talks goes on.
fn s11_2_blocking_keeps_the_call(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let caller = from_sip(&mut stand, With::sdp());
    stand.exchange_says(MessageType::Blo);
    stand.expect_isup(MessageType::Bla);
    stand.seconds(5);
    hang_up(stand, caller)
}

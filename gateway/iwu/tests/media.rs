//! What the bridge of a call is asked for, by the configuration and by the session description.

use std::time::Duration;

use isup::MessageType;
use media_bridge::level::Dbm0;
use media_bridge::{Command, Rtp};

use super::rfc3398::from_sip;
use super::sip_far_end::With;
use super::stand::{Settings, Stand};
use crate::config::Standard;

/// The RTP side that the bridge was given last.
fn latest(stand: &Stand) -> &Rtp {
    let mut commands = stand.commands.iter().rev();
    let rtp = commands.find_map(|command| match command {
        Command::Rtp { rtp, .. } => Some(&**rtp),
        _ => None,
    });
    rtp.expect("an RTP side")
}

/// A peer that holds the call owes no RTP: the timeout waits until the call is retrieved.
#[test]
fn a_call_on_hold_is_not_ended_for_want_of_rtp() {
    let settings = Settings {
        trunk: "rtp_timeout = \"20s\"",
        ..Settings::default()
    };
    let mut stand = Stand::new(Standard::Itu, settings);
    let mut caller = from_sip(&mut stand, With::sdp());
    assert_eq!(latest(&stand).timeout, Some(Duration::from_secs(20)));
    for (direction, timeout) in [
        ("sendonly", None),
        ("inactive", None),
        ("sendrecv", Some(Duration::from_secs(20))),
    ] {
        let offer = With::nothing().direction(direction);
        stand.request_answered(&mut caller, "INVITE", &offer, "200");
        stand.request(&mut caller, "ACK", &With::nothing());
        assert_eq!(latest(&stand).timeout, timeout, "{direction}");
    }
}

/// The keys of a trunk group reach the bridge; without them there is no canceller.
#[test]
fn echo_and_digits_are_as_the_trunk_group_says() {
    let settings = Settings {
        group: "echo = \"on\"\necho_tail = \"64ms\"\ndtmf_level = -9\ndtmf_length = \"80ms\"\n\
                dtmf_pause = \"70ms\"",
        ..Settings::default()
    };
    let mut stand = Stand::new(Standard::Itu, settings);
    from_sip(&mut stand, With::sdp());
    let rtp = latest(&stand);
    assert!(rtp.echo.is_some());
    assert_eq!(rtp.digits.level, Some(Dbm0(-9.0)));
    assert_eq!(rtp.digits.least, Duration::from_millis(80));
    assert_eq!(rtp.digits.pause, Duration::from_millis(70));

    let mut stand = Stand::new(Standard::Itu, Settings::default());
    from_sip(&mut stand, With::sdp());
    let rtp = latest(&stand);
    assert!(rtp.echo.is_none() && rtp.digits.level.is_none());
    assert!(rtp.comfort_noise.is_none() && rtp.redundancy.is_none());
    assert_eq!(rtp.rtcp.unwrap().remote.port(), rtp.remote.port() + 1);
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
}

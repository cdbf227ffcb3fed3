//! The link in the modes that a channel has besides the driver's HDLC, which `isthmus demo` uses in
//! `page.rs`: calls over both.

use std::time::Duration;

use isthmus::demo::real_time::{Line, Live};
use isthmus::demo::scenario::{all, in_service};
use isthmus::demo::stage::until;

use super::{configure, explained, folder};

/// The demo's answered calls, one each way: ringback, octets compared one by one, DTMF both ways, ISUP in
/// the bodies.
fn calls_both_ways(name: &str, channels: &str) {
    configure(channels);
    let mut live = Live::start(&folder(name), Line::dahdi(1, 2).unwrap()).unwrap();
    assert!(
        in_service(&mut live).unwrap(),
        "{name}: {}",
        explained(&mut live)
    );
    for (title, play) in all::<Live>().into_iter().take(2) {
        let report = play(&mut live).unwrap();
        assert!(report.passed(), "{name}, {title}: {:#?}", report.checks);
    }
    let quiet = until(&mut live, Duration::from_secs(5), |live| {
        in_service(live).unwrap_or(false)
    });
    assert!(quiet.unwrap(), "{name}: {}", explained(&mut live));
    live.stop();
    configure("channels.conf");
}

#[test]
fn calls_go_both_ways_over_the_drivers_mtp2_mode() {
    calls_both_ways("mtp2", "mtp2.conf");
}

#[test]
fn calls_go_both_ways_over_our_hdlc_on_clear_channels() {
    calls_both_ways("raw", "raw.conf");
}

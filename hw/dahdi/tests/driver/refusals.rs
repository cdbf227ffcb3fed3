//! What cannot be used is refused with what was found and what mends it.

use dahdi::{Circuit, EchoCanceller, LinkMode, Purpose, Refusal, Span, SpanConfig, Taps};
use tdm::Law;

use crate::rig::{circuits, config, timeslot};

fn refused(config: SpanConfig) -> String {
    match Span::open(config) {
        Ok(_) => panic!("it was opened"),
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn a_span_that_is_not_there_is_told_with_those_that_are() {
    assert_eq!(
        refused(config(9, circuits())),
        "the driver has no span 9, only 1 (DYN/loc/1:0), 2 (DYN/loc/1:1), 3 (DYN/loc/2:0), 4 (DYN/loc/2:1); `isthmus hardware` lists them"
    );
}

#[test]
fn a_channel_of_another_kind_is_told_with_the_line_that_mends_it() {
    let circuit = Purpose::Circuit(Circuit::new(Law::ALaw));
    assert_eq!(
        refused(config(2, vec![(timeslot(16), circuit)])),
        "channel 47 (span 2, timeslot 16) is `dchan`, and a clear channel is needed: write `bchan=47` \
         in /etc/dahdi/system.conf, then `dahdi_cfg -vv`"
    );
    let link = |mode| Purpose::Link(Some(mode));
    assert_eq!(
        refused(config(1, vec![(timeslot(16), link(LinkMode::Mtp2))])),
        "channel 16 (span 1, timeslot 16) is `dchan`, and one in the driver's MTP2 mode is needed: \
         write `mtp2=16` in /etc/dahdi/system.conf, then `dahdi_cfg -vv`"
    );
    let error = refused(config(1, vec![(timeslot(5), link(LinkMode::Hdlc))]));
    assert!(
        error.contains("is `bchan`, and one with the driver's HDLC is needed: write `dchan=5`"),
        "{error}"
    );
}

#[test]
fn a_timeslot_that_the_span_does_not_have_is_told_with_those_that_it_has() {
    // Timeslot 0 is the framer's.
    let circuit = Purpose::Circuit(Circuit::new(Law::ALaw));
    assert_eq!(
        refused(config(1, vec![(timeslot(0), circuit)])),
        "span 1, timeslot 0 does not exist: the span has timeslots 1 to 31"
    );
}

#[test]
fn a_channel_that_another_program_has_is_busy() {
    let other = Span::open(config(1, circuits())).unwrap();
    let error = refused(config(1, circuits()));
    assert!(
        error.starts_with("channel 1 (span 1, timeslot 1) is open in another program: `fuser -v"),
        "{error}"
    );
    drop(other);
    Span::open(config(1, circuits())).unwrap();
}

#[test]
fn echo_cancellers_gains_and_buffers_are_checked() {
    let with = |circuit| Purpose::Circuit(circuit);
    let canceller = EchoCanceller {
        taps: Taps::new(128).unwrap(),
    };
    let circuit = Circuit {
        echo_canceller: Some(canceller),
        ..Circuit::new(Law::ALaw)
    };
    // system.conf attaches one to the channels of the first span only.
    assert_eq!(
        refused(config(2, vec![(timeslot(3), with(circuit))])),
        "channel 34 (span 2, timeslot 3) has no echo canceller: write `echocanceller=mg2,34` in \
         /etc/dahdi/system.conf, then `dahdi_cfg -vv`"
    );
    let circuit = Circuit {
        transmit_gain: 20.5,
        ..Circuit::new(Law::ALaw)
    };
    let error = refused(config(1, vec![(timeslot(3), with(circuit))]));
    assert_eq!(
        error,
        "span 1, timeslot 3: a gain of 20.5 dB; -20 to 20 dB are possible"
    );
    let buffers = SpanConfig {
        buffers: 33,
        ..config(1, circuits())
    };
    assert!(matches!(
        Span::open(buffers),
        Err(Refusal::Buffers {
            buffers: 33,
            queued: 3
        })
    ));
    let queued = SpanConfig {
        buffers: 2,
        ..config(1, circuits())
    };
    assert!(
        refused(queued).starts_with("2 buffers, 3 of them queued: 2 to 32 buffers are possible")
    );
}

/// Last in the alphabet of this file's tests, as it gives up its privileges for a moment.
#[test]
fn without_permission_the_group_is_named() {
    // A thread has credentials of its own for the kernel; the device files belong to root.
    let error = std::thread::Builder::new()
        .spawn(|| {
            rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(65_534)).unwrap();
            refused(config(1, circuits()))
        })
        .unwrap()
        .join()
        .unwrap();
    assert!(
        error.contains("/dev/dahdi/ctl may not be opened by this user"),
        "{error}"
    );
    assert!(error.contains("usermod -aG dahdi"), "{error}");
}

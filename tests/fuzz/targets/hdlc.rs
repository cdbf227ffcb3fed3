//! Software HDLC: any octets from the line, and signal units there and back.

use tdm::hdlc::{Received, Receiver, Transmitter};

pub(super) fn hdlc(octets: &[u8]) {
    let mut receiver = Receiver::new();
    let mut longest = 0;
    receiver.push(octets, &mut |received| {
        if let Received::SignalUnit(unit) = received {
            longest = longest.max(unit.len());
        }
    });
    assert!(longest <= 279, "{longest} octets are no signal unit");

    // After anything, a signal unit gets through.
    let mut transmitter = Transmitter::new();
    let mut line = vec![0; 1600];
    let unit: Vec<u8> = [0xFF, 0xFF, 40]
        .into_iter()
        .chain(octets.iter().copied().take(260))
        .collect();
    transmitter.fill(line.get_mut(..16).expect("it is longer"));
    transmitter.queue(&unit).expect("its length is allowed");
    let (flags, rest) = line.split_at_mut(16);
    transmitter.fill(rest);
    let mut arrived = false;
    receiver.push(flags, &mut |_| {});
    receiver.push(rest, &mut |received| {
        arrived |= received == Received::SignalUnit(&unit);
    });
    assert!(arrived, "a signal unit of {} octets was lost", unit.len());
}

//! Octets from outside never panic and never lose a circuit.

use proptest::prelude::*;

use super::*;

proptest! {
    /// Any octets at all, and octets that begin like a message for a configured circuit.
    #[test]
    fn any_octets(
        octets in prop::collection::vec(any::<u8>(), 0..280),
        cic in 0u16..40,
        kind in 0u8..0x45,
    ) {
        let mut world = answered(3);
        let now = world.now;
        let mut likely = Cic(cic).to_octets().to_vec();
        likely.push(kind);
        likely.extend_from_slice(&octets);
        for sif in [octets, likely] {
            let sif = Bytes::from(sif);
            let transfer = Transfer { si: SERVICE_INDICATOR, opc: A, dpc: B, sls: Sls(0), sif };
            world.b.handle_transfer(now, &transfer);
        }
        world.drain();
        world.run(seconds(1));
    }
}

use proptest::prelude::*;

use super::*;

/// What a receiver made of some octets.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    signal_units: Vec<Vec<u8>>,
    repeated: usize,
    errored: usize,
    octet_counting: usize,
}

impl Heard {
    fn add(&mut self, received: Received<'_>) {
        match received {
            Received::SignalUnit(su) => self.signal_units.push(su.to_vec()),
            Received::Repeated => self.repeated += 1,
            Received::Errored => self.errored += 1,
            Received::OctetCounting => self.octet_counting += 1,
        }
    }
}

fn hear(receiver: &mut Receiver, octets: &[u8]) -> Heard {
    let mut heard = Heard::default();
    receiver.push(octets, &mut |received| heard.add(received));
    heard
}

/// The octets of a timeslot that carries these bits, first on the line first, and after them as many
/// flags, each sharing the zero of the one before, as make the octets whole.
fn timeslot(bits: &str) -> Vec<u8> {
    let mut bits = bits.replace(' ', "");
    while !bits.len().is_multiple_of(8) {
        bits.push_str("1111110");
    }
    let bits: Vec<u8> = bits
        .bytes()
        .filter(|bit| *bit != b' ')
        .map(|bit| bit - b'0')
        .collect();
    bits.chunks(8)
        .map(|bits| bits.iter().enumerate().map(|(n, bit)| bit << (7 - n)).sum())
        .collect()
}

/// A second way to the bits: flags, zero insertion and check bits one bit at a time, by division.
fn bits_of(su: &[u8]) -> String {
    let mut data: Vec<u8> = su
        .iter()
        .flat_map(|octet| (0..8).map(move |n| octet >> n & 1))
        .collect();
    let mut register = [1u8; 16];
    for bit in &data {
        let feedback = register[15] ^ bit;
        register.rotate_right(1);
        register[0] = feedback;
        register[5] ^= feedback;
        register[12] ^= feedback;
    }
    data.extend(register.iter().rev().map(|bit| bit ^ 1));
    let mut bits = String::from("01111110");
    let mut ones = 0;
    for bit in data {
        bits.push(char::from(b'0' + bit));
        ones = if bit == 1 { ones + 1 } else { 0 };
        if ones == 5 {
            bits.push('0');
            ones = 0;
        }
    }
    bits + "01111110"
}

const FISU: [u8; 3] = [0xff, 0xff, 0x00];
const FLAGS: &str = "01111110";

#[test]
fn check_bits_are_those_of_the_known_example() {
    // The check value of CRC-16/X-25 over "123456789".
    assert_eq!(fcs::check(b"123456789"), 0x906eu16.to_le_bytes());
}

#[test]
fn a_signal_unit_leaves_as_the_bits_of_the_recommendation() {
    for su in [
        &FISU[..],
        &[0x00, 0x80, 0x01, 0x3e],
        &[0x7e, 0x7e, 0x7f, 0xfe, 0x1f, 0xf8, 0xff, 0xff],
    ] {
        let mut transmitter = Transmitter::new();
        transmitter.set_repeat(false);
        transmitter.queue(su).unwrap();
        let bits = bits_of(su);
        let mut octets = vec![0; bits.len() / 8];
        transmitter.fill(&mut octets);
        assert_eq!(octets, timeslot(&bits)[..bits.len() / 8]);
    }
}

#[test]
fn nothing_queued_is_flags_and_a_fisu_is_repeated_until_the_next() {
    let mut transmitter = Transmitter::new();
    let mut octets = [0; 16];
    transmitter.fill(&mut octets);
    assert_eq!(octets, [0x7e; 16]);
    transmitter.queue(&FISU).unwrap();
    transmitter
        .queue(&[0x80, 0x81, 0x05, 1, 2, 3, 4, 5])
        .unwrap();
    transmitter.queue(&[0x80, 0x81, 0x00]).unwrap();
    assert_eq!(transmitter.queued(), 3);
    let mut octets = [0; 400];
    transmitter.fill(&mut octets);
    let heard = hear(&mut Receiver::new(), &octets);
    assert_eq!(
        heard.signal_units,
        [
            &FISU[..],
            &[0x80, 0x81, 0x05, 1, 2, 3, 4, 5],
            &[0x80, 0x81, 0x00]
        ]
    );
    assert!(
        heard.repeated > 40 && heard.errored == 0 && heard.octet_counting == 0,
        "{heard:?}"
    );
}

/// A FISU from before a MSU has an old FSN: the far end would ask for a retransmission.
#[test]
fn after_a_msu_flags_are_sent_and_not_the_fisu_before_it() {
    let mut transmitter = Transmitter::new();
    transmitter.queue(&FISU).unwrap();
    transmitter
        .queue(&[0x80, 0x81, 0x05, 1, 2, 3, 4, 5])
        .unwrap();
    let mut octets = [0; 200];
    transmitter.fill(&mut octets);
    let heard = hear(&mut Receiver::new(), &octets);
    assert_eq!(
        (heard.signal_units.len(), heard.repeated, heard.errored),
        (2, 0, 0)
    );
}

#[test]
fn clear_finishes_what_is_being_sent_and_forgets_the_rest() {
    let mut transmitter = Transmitter::new();
    transmitter.queue(&FISU).unwrap();
    transmitter.queue(&[1, 2, 3, 4]).unwrap();
    let (mut first, mut rest) = ([0; 2], [0; 100]);
    transmitter.fill(&mut first);
    transmitter.clear();
    transmitter.fill(&mut rest);
    let heard = hear(&mut Receiver::new(), &[&first[..], &rest].concat());
    assert_eq!(
        heard,
        Heard {
            signal_units: vec![FISU.to_vec()],
            ..Default::default()
        }
    );
}

#[test]
fn lengths_that_cannot_be_sent_are_refused() {
    let mut transmitter = Transmitter::new();
    assert_eq!(transmitter.queue(&[0; 2]), Err(InvalidLength(2)));
    assert_eq!(transmitter.queue(&[0; MAX_SU + 1]), Err(InvalidLength(278)));
    assert_eq!(
        transmitter.queue(&[0; 100_000]),
        Err(InvalidLength(100_000))
    );
    assert_eq!(transmitter.queued(), 0);
    transmitter.queue(&[0; MAX_SU]).unwrap();
    let mut octets = [0; 320];
    transmitter.fill(&mut octets);
    assert_eq!(
        hear(&mut Receiver::new(), &octets).signal_units,
        [[0; MAX_SU]]
    );
}

#[test]
fn flags_may_share_their_zero() {
    let su = bits_of(&[0x00, 0x80, 0x01, 0x3e]);
    let bits = "011111101111110111111".to_owned() + &su + "1111110" + &FLAGS.repeat(3);
    let heard = hear(&mut Receiver::new(), &timeslot(&bits));
    assert_eq!(
        heard,
        Heard {
            signal_units: vec![vec![0x00, 0x80, 0x01, 0x3e]],
            ..Default::default()
        }
    );
}

#[test]
fn the_same_fisu_is_filtered_until_something_else_comes() {
    let mut receiver = Receiver::new();
    let line = |su: &[u8]| timeslot(&(bits_of(su) + &FLAGS.repeat(8)));
    let mut count = |su: &[u8]| {
        let heard = hear(&mut receiver, &line(su));
        assert_eq!(heard.errored, 0);
        (heard.signal_units.len(), heard.repeated)
    };
    assert_eq!(count(&FISU), (1, 0));
    assert_eq!(count(&FISU), (0, 1));
    assert_eq!(count(&[0xff, 0xff, 0x06, 1, 2, 3, 4, 5, 6]), (1, 0));
    assert_eq!(
        count(&[0xff, 0xff, 0x06, 1, 2, 3, 4, 5, 6]),
        (1, 0),
        "a MSU is never filtered"
    );
    assert_eq!(count(&FISU), (1, 0));
    receiver.forget();
    assert_eq!(hear(&mut receiver, &line(&FISU)).signal_units.len(), 1);
}

#[test]
fn short_wrong_and_ragged_signal_units_are_errored() {
    let good = bits_of(&[0x00, 0x80, 0x01, 0x3e]);
    let mut wrong: Vec<u8> = good.clone().into_bytes();
    wrong[12] ^= 1;
    let ragged = format!("{}{}", &good[..good.len() - 8], "0 01111110");
    for bits in [
        format!("{FLAGS}00000000 00000000 00000000 00000000{FLAGS}"),
        format!("{FLAGS}010{FLAGS}"),
        String::from_utf8(wrong).unwrap(),
        ragged,
    ] {
        let heard = hear(
            &mut Receiver::new(),
            &timeslot(&(bits.clone() + &FLAGS.repeat(2))),
        );
        assert_eq!(
            heard,
            Heard {
                errored: 1,
                ..Default::default()
            },
            "{bits}"
        );
    }
}

/// Q.703 §4.1.4: after seven ones, every 16 octets until a signal unit is right.
#[test]
fn ones_are_counted_by_octets_until_a_good_signal_unit() {
    let mut receiver = Receiver::new();
    assert_eq!(hear(&mut receiver, &[0x7e; 8]), Heard::default());
    assert_eq!(
        hear(&mut receiver, &[0xff; 16]),
        Heard {
            errored: 1,
            octet_counting: 1,
            ..Default::default()
        }
    );
    assert!(receiver.is_octet_counting());
    assert_eq!(
        hear(&mut receiver, &[0xff; 160]),
        Heard {
            octet_counting: 10,
            ..Default::default()
        }
    );
    // Flags alone do not end it, nor does an errored signal unit.
    assert_eq!(hear(&mut receiver, &[0x7e; 16]).octet_counting, 1);
    let wrong = format!("{FLAGS}00000000 00000000 00000000 00000000{FLAGS}");
    assert_eq!(hear(&mut receiver, &timeslot(&wrong)), Heard::default());
    assert_eq!(
        hear(&mut receiver, &timeslot(&(bits_of(&FISU) + FLAGS))).signal_units,
        [FISU]
    );
    assert!(!receiver.is_octet_counting());
    assert_eq!(hear(&mut receiver, &[0x7e; 64]), Heard::default());
}

#[test]
fn a_signal_unit_too_long_and_a_line_without_flags_are_counted_by_octets() {
    let mut receiver = Receiver::new();
    let heard = hear(&mut receiver, &[&[0x7e][..], &[0x55; 279 + 33]].concat());
    assert_eq!(
        heard,
        Heard {
            errored: 1,
            octet_counting: 2,
            ..Default::default()
        }
    );
    // Before any flag the same holds: an idle voice timeslot is no signalling link.
    let heard = hear(&mut Receiver::new(), &[0xd5; 8000]);
    assert_eq!((heard.errored, heard.signal_units.len()), (1, 0));
    assert!(heard.octet_counting > 400);
}

proptest! {
    /// Any signal units, handed over in pieces of any size in both directions, arrive as they were sent.
    #[test]
    fn signal_units_arrive_identical(
        signal_units in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), MIN_SU..=MAX_SU),
                prop::collection::vec(prop_oneof![Just(0xffu8), Just(0x7e), Just(0x1f), Just(0xf8)], MIN_SU..40),
            ],
            0..12,
        ),
        pieces in prop::collection::vec(1usize..200, 1..20),
    ) {
        let (mut transmitter, mut receiver) = (Transmitter::new(), Receiver::new());
        for su in &signal_units {
            transmitter.queue(su).unwrap();
        }
        let total: usize = signal_units.iter().map(|su| (su.len() + 2) * 5 / 4 + 4).sum::<usize>() + 40;
        let mut heard = Heard::default();
        let (mut sent, mut pieces) = (0, pieces.into_iter().cycle());
        let mut octets = Vec::new();
        while sent < total {
            let mut piece = vec![0; pieces.next().unwrap()];
            transmitter.fill(&mut piece);
            sent += piece.len();
            octets.extend(piece);
        }
        while !octets.is_empty() {
            let piece: Vec<u8> = octets.drain(..pieces.next().unwrap().min(octets.len())).collect();
            receiver.push(&piece, &mut |received| heard.add(received));
        }
        let mut expected = signal_units;
        expected.dedup_by(|after, before| after == before && after.len() <= MAX_REPEATED);
        prop_assert_eq!(&heard.signal_units, &expected);
        prop_assert_eq!((heard.errored, heard.octet_counting), (0, 0));
    }

    /// Whatever the octets, nothing panics, and whatever is delivered has its check bits on the line.
    #[test]
    fn errors_deliver_nothing_that_fails_its_check(
        signal_units in prop::collection::vec(prop::collection::vec(any::<u8>(), MIN_SU..60), 1..8),
        errors in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        noise in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut transmitter = Transmitter::new();
        for su in &signal_units {
            transmitter.queue(su).unwrap();
        }
        let mut octets = vec![0; 700];
        transmitter.fill(&mut octets);
        for error in errors {
            let bit = error.index(octets.len() * 8);
            octets[bit / 8] ^= 0x80 >> (bit % 8);
        }
        octets.extend(noise);
        let line: String = octets.iter().map(|octet| format!("{octet:08b}")).collect();
        let heard = hear(&mut Receiver::new(), &octets);
        for su in &heard.signal_units {
            prop_assert!((MIN_SU..=MAX_SU).contains(&su.len()));
            // By the bits written out the other way, check bits and both flags included.
            prop_assert!(line.contains(&bits_of(su)), "{su:02x?} is not on the line");
        }
    }
}

//! Valid contents of parameters.

use isup::{MessageType, ParameterCode as P, parameter};

use crate::generate::Seeded;

/// The extension bit: no further octet of this group follows.
const LAST: u8 = 0x80;

/// A content that the parameter may have in this message.
pub(crate) fn of(code: P, message: MessageType, seeded: &mut Seeded) -> Vec<u8> {
    match code {
        P::CALLED_PARTY_NUMBER
        | P::CALLING_PARTY_NUMBER
        | P::REDIRECTING_NUMBER
        | P::REDIRECTION_NUMBER
        | P::CONNECTED_NUMBER
        | P::ORIGINAL_CALLED_NUMBER
        | P::LOCATION_NUMBER
        | P::CALL_TRANSFER_NUMBER
        | P::CALLED_IN_NUMBER
        | P::CALLED_DIRECTORY_NUMBER
        | P::ORIGINAL_CALLED_IN_NUMBER
        | P::CHARGE_NUMBER => number(seeded),
        P::GENERIC_NUMBER => {
            let qualifier = seeded.one_of(&[0, 1, 5, 6, 7, 8, 9, 10]);
            [&[qualifier], number(seeded).as_slice()].concat()
        }
        P::SUBSEQUENT_NUMBER => {
            let (odd, digits) = digits(seeded);
            [&[odd], digits.as_slice()].concat()
        }
        P::CAUSE => cause(seeded),
        P::RANGE_AND_STATUS => range_and_status(message, seeded),
        P::CIRCUIT_STATE_INDICATOR => (0..=seeded.up_to(7))
            .map(|_| seeded.octet() & 0x3F)
            .collect(),
        P::USER_SERVICE_INFORMATION | P::USER_SERVICE_INFORMATION_PRIME => seeded
            .one_of(&[&[0x80, 0x90, 0xA3][..], &[0x90, 0x90, 0xA3], &[0x88, 0x90]])
            .to_vec(),
        P::ACCESS_TRANSPORT => vec![0x7D, 2, 0x91, 0x81],
        P::PARAMETER_COMPATIBILITY_INFORMATION => (0..=seeded.up_to(2))
            .flat_map(|_| [seeded.octet(), LAST | seeded.octet()])
            .collect(),
        P::MESSAGE_COMPATIBILITY_INFORMATION => vec![LAST | seeded.octet()],
        // A context that Wireshark does not look into, instructions, a message that is not
        // segmented.
        P::APPLICATION_TRANSPORT => {
            let header = [LAST | 3, LAST | seeded.up_to(3) as u8, LAST | 0x40];
            // Neither originating nor destination address.
            [&header[..], &[0, 0], seeded.octets(1, 6).as_slice()].concat()
        }
        // An invoke component of Q.932.
        P::REMOTE_OPERATIONS => vec![0x91, 0xA1, 6, 2, 1, seeded.octet() & 0x7F, 2, 1, 2],
        P::NETWORK_SPECIFIC_FACILITY => [&[1, LAST | 1], seeded.octets(1, 4).as_slice()].concat(),
        P::GENERIC_NOTIFICATION
        | P::BACKWARD_GVNS
        | P::CONFERENCE_TREATMENT_INDICATORS
        | P::CALL_DIVERSION_TREATMENT_INDICATORS
        | P::CALL_OFFERING_TREATMENT_INDICATORS
        | P::UID_ACTION_INDICATORS
        | P::UID_CAPABILITY_INDICATORS
        | P::CCNR_POSSIBLE_INDICATOR
        | P::COLLECT_CALL_REQUEST
        | P::PIVOT_CAPABILITY
        | P::PIVOT_ROUTING_INDICATORS
        | P::PIVOT_STATUS
        | P::PIVOT_COUNTER
        | P::REDIRECT_CAPABILITY
        | P::REDIRECT_STATUS
        | P::REDIRECT_COUNTER
        | P::QUERY_ON_RELEASE_CAPABILITY => vec![LAST | seeded.octet()],
        P::HTR_INFORMATION | P::NETWORK_ROUTING_NUMBER => number(seeded),
        P::GENERIC_DIGITS => {
            let (odd, digits) = digits(seeded);
            let scheme = odd >> 7 << 5;
            [&[scheme | seeded.up_to(3) as u8], digits.as_slice()].concat()
        }
        // Type and plan, three digits.
        P::CARRIER_IDENTIFICATION => vec![0x22, seeded.octet() & 0x77, seeded.octet() & 0x07],
        P::JURISDICTION => (0..3).map(|_| seeded.octet() & 0x77).collect(),
        P::USER_TELESERVICE_INFORMATION => vec![0x91, 0x81],
        P::GENERIC_NAME => vec![0x21, b'L', b'A', b'B'],
        P::DISPLAY_INFORMATION => vec![0x28, 3, b'O', b'K', b'!'],
        _ => any_that_decodes(code, seeded),
    }
}

/// The first of some random contents that this crate takes for one of the parameter.
fn any_that_decodes(code: P, seeded: &mut Seeded) -> Vec<u8> {
    let row = parameter::row(code);
    let fixed = fixed_length(code);
    for _ in 0..1000 {
        let (least, most) = fixed.map_or((1, 8), |length| (length, length));
        let content = seeded.octets(least, most);
        if row.is_none_or(|row| (row.describe)(&content).is_ok()) {
            return content;
        }
    }
    panic!("no content for {code}");
}

/// Octets of the parameters that have a length of their own.
fn fixed_length(code: P) -> Option<u32> {
    Some(match code {
        P::FORWARD_CALL_INDICATORS
        | P::BACKWARD_CALL_INDICATORS
        | P::INFORMATION_REQUEST_INDICATORS
        | P::INFORMATION_INDICATORS
        | P::REDIRECTION_INFORMATION
        | P::SIGNALLING_POINT_CODE
        | P::ORIGINATION_ISC_POINT_CODE
        | P::CALL_HISTORY_INFORMATION
        | P::PROPAGATION_DELAY_COUNTER => 2,
        P::CLOSED_USER_GROUP_INTERLOCK_CODE => 4,
        P::CALL_REFERENCE => 5,
        P::MLPP_PRECEDENCE => 6,
        P::CONNECTION_REQUEST => 7,
        P::NATURE_OF_CONNECTION
        | P::CALLING_PARTYS_CATEGORY
        | P::TRANSMISSION_MEDIUM_REQUIREMENT
        | P::TRANSMISSION_MEDIUM_REQUIREMENT_PRIME
        | P::TRANSMISSION_MEDIUM_USED
        | P::CONTINUITY_INDICATORS
        | P::EVENT_INFORMATION
        | P::SUSPEND_RESUME_INDICATORS
        | P::CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE
        | P::FACILITY_INDICATOR
        | P::AUTOMATIC_CONGESTION_LEVEL
        | P::OPTIONAL_FORWARD_CALL_INDICATORS
        | P::OPTIONAL_BACKWARD_CALL_INDICATORS
        | P::ACCESS_DELIVERY_INFORMATION
        | P::CALL_DIVERSION_INFORMATION
        | P::ECHO_CONTROL_INFORMATION
        | P::HOP_COUNTER
        | P::CCSS
        | P::MCID_REQUEST_INDICATORS
        | P::MCID_RESPONSE_INDICATORS
        | P::REDIRECTION_NUMBER_RESTRICTION
        | P::CALL_TRANSFER_REFERENCE
        | P::LOOP_PREVENTION_INDICATORS
        | P::USER_TO_USER_INDICATORS
        | P::CVR_RESPONSE_INDICATOR
        | P::CIRCUIT_GROUP_CHARACTERISTIC_INDICATOR => 1,
        _ => return None,
    })
}

fn number(seeded: &mut Seeded) -> Vec<u8> {
    let (odd, digits) = digits(seeded);
    let nature = seeded.one_of(&[1, 2, 3, 4]);
    // Indicators of either kind: the bits mean something in every number.
    let indicators = seeded.octet() & 0x8F | 1 << 4;
    [&[odd | nature, indicators], digits.as_slice()].concat()
}

/// The odd indicator and up to 15 digits.
fn digits(seeded: &mut Seeded) -> (u8, Vec<u8>) {
    let count = 1 + seeded.up_to(14) as usize;
    let digits: Vec<u8> = (0..count).map(|_| seeded.up_to(9) as u8).collect();
    let pairs = digits.chunks(2);
    let octets = pairs.map(|pair| pair[0] | pair.get(1).map_or(0, |digit| digit << 4));
    let odd = if count % 2 == 1 { 0x80 } else { 0 };
    (odd, octets.collect())
}

/// With diagnostics of no or two octets: see the differences for one.
fn cause(seeded: &mut Seeded) -> Vec<u8> {
    let coding = seeded.one_of(&[0, 2]);
    let location = seeded.up_to(15) as u8;
    let mut content = vec![0x80 | coding << 5 | location, 0x80 | seeded.octet()];
    if seeded.up_to(3) == 0 {
        content.extend(seeded.octets(1, 2));
    }
    content
}

/// Status bits only where the message has them (Q.763 §3.43).
fn range_and_status(message: MessageType, seeded: &mut Seeded) -> Vec<u8> {
    let range = 1 + seeded.up_to(30) as u8;
    let status = match message {
        MessageType::Grs | MessageType::Cqm | MessageType::Cqr => 0,
        _ => usize::from(range / 8 + 1),
    };
    let mut content = vec![range];
    content.extend((0..status).map(|_| seeded.octet()));
    content
}

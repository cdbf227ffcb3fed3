//! Signal units (Q.703) and level 3 messages (Q.704): what a signalling link carries.

use bytes::Bytes;
use isup::{Begins, Variant};
use mtp::mtp2::{LARGEST_MESSAGE, SignalUnit};
use mtp::mtp3::{LinkTestMessage, Management};
use mtp::{Standard, service};

use super::frame::{Frame, FrameError, Isup, short};

/// What a signal unit carries; nothing for a fill-in signal unit, of which there are hundreds a
/// second.
pub(super) fn signal_unit(unit: &[u8], variant: Variant) -> Result<Option<Frame>, FrameError> {
    let &[_, _, indicator, ..] = unit else {
        return Err(short("signal unit", unit, 3));
    };
    match SignalUnit::parse(without_check_sequence(unit)) {
        None => Err(FrameError::SignalUnit {
            found: unit.len(),
            indicator: indicator & 0x3F,
        }),
        Some(SignalUnit::Fisu(_)) => Ok(None),
        Some(SignalUnit::Lssu(_, status)) => Ok(Some(Frame {
            link: "mtp2",
            path: String::new(),
            what: format!("{status:?}").to_uppercase(),
            isup: None,
        })),
        Some(SignalUnit::Msu(_, octets)) => message("mtp2", &octets, variant).map(Some),
    }
}

/// Some captures keep the two octets of the check sequence at the end of a signal unit.
fn without_check_sequence(unit: &[u8]) -> &[u8] {
    let indicator = unit.get(2).map_or(0, |indicator| indicator & 0x3F);
    let exact = match indicator {
        63 => 3 + LARGEST_MESSAGE,
        shorter => 3 + usize::from(shorter),
    };
    match unit.len() == exact + 2 {
        true => unit.get(..exact).unwrap_or(unit),
        false => unit,
    }
}

/// Whose MTP carries the messages of `variant`.
pub(super) fn standard(variant: Variant) -> Standard {
    match variant {
        Variant::Itu => Standard::Itu,
        Variant::Ansi => Standard::Ansi,
    }
}

/// A message from its service information octet on.
pub(super) fn message(
    link: &'static str,
    octets: &Bytes,
    variant: Variant,
) -> Result<Frame, FrameError> {
    let message = mtp::Message::decode(standard(variant), octets)?;
    Ok(of_user(link, message, variant))
}

/// A message whose label is read, for the user part that its service indicator names.
pub(super) fn of_user(link: &'static str, message: mtp::Message, variant: Variant) -> Frame {
    let standard = standard(variant);
    let (sio, label) = (message.sio, message.label);
    let mut path = format!(
        "{} > {} sls {} ni {}",
        label.opc, label.dpc, label.sls, sio.network_indicator
    );
    if sio.priority > 0 {
        path += &format!(" priority {}", sio.priority);
    }
    let (what, isup) = match sio.service {
        service::ISUP => {
            let isup = Isup {
                octets: message.body,
                variant,
                begins: Begins::Cic,
            };
            (String::new(), Some(isup))
        }
        service::MANAGEMENT => {
            let management = Management::decode(standard, label.sls, &message.body);
            let acronym = management.map(|management| management.acronym().to_owned());
            (
                acronym.unwrap_or_else(|| "network management".to_owned()),
                None,
            )
        }
        service::TESTING | service::TESTING_SPECIAL => {
            let test = LinkTestMessage::decode(label.sls, &message.body);
            let acronym = match test.map(|test| test.acknowledgement) {
                Some(false) => "SLTM",
                Some(true) => "SLTA",
                None => "network testing",
            };
            (acronym.to_owned(), None)
        }
        other => (format!("service indicator {other}"), None),
    };
    Frame {
        link,
        path,
        what,
        isup,
    }
}

//! ISUP in SIP bodies (RFC 3204, RFC 3372): which messages travel, and what may come out of one.

use isup::{Message, MessageType};

use crate::config::{IsupMode, SipTrunk};
use crate::sip::{Bodies, Handling, IsupBody};

/// Whether a message concerns the call and not the circuit: only such ones leave the gateway or
/// are taken from a body (RFC 3398 §11 and §13; RFC 3372 §5.4).
#[must_use]
pub fn may_travel(message: MessageType) -> bool {
    use MessageType as M;
    !matches!(
        message,
        M::Blo
            | M::Ubl
            | M::Bla
            | M::Uba
            | M::Cgb
            | M::Cgu
            | M::Cgba
            | M::Cgua
            | M::Rsc
            | M::Grs
            | M::Gra
            | M::Cqm
            | M::Cqr
            | M::Ccr
            | M::Cot
            | M::Upt
            | M::Upa
            | M::Ucic
            | M::Cfn
            | M::Lpa
            | M::Olm
            | M::Rlc
    )
}

/// The body that carries a message to this trunk, when it may.
#[must_use]
pub fn body(trunk: &SipTrunk, message: &Message) -> Option<IsupBody> {
    let handling = match trunk.isup {
        IsupMode::Off => return None,
        IsupMode::Optional => Handling::Optional,
        IsupMode::Preferred | IsupMode::Mandatory => Handling::Required,
    };
    // Only the IAM decides whether the peer must understand ISUP; what follows is for those who
    // do (RFC 3372 §6).
    let handling = if message.message_type() == MessageType::Iam {
        handling
    } else {
        Handling::Optional
    };
    may_travel(message.message_type()).then(|| IsupBody {
        version: trunk.isup_version.clone(),
        base: None,
        handling,
        octets: message.to_vec().into(),
    })
}

/// The ISUP message of a body, when there is one and it can be read.
#[must_use]
pub fn decoded(bodies: &Bodies) -> Option<Message> {
    let isup = bodies.isup.as_ref()?;
    Message::decode(&isup.octets).ok()
}

/// The ISUP message of a body from this trunk: none from a trunk that is not to send any
/// (RFC 3372 §7).
#[must_use]
pub fn understood(trunk: &SipTrunk, bodies: &Bodies) -> Option<Message> {
    (trunk.isup != IsupMode::Off)
        .then(|| decoded(bodies))
        .flatten()
}

/// The message of an INFO that goes on to the circuit: one of the call, and none that would set
/// up or release it behind the SIP dialog's back.
#[must_use]
pub fn forwardable(trunk: &SipTrunk, bodies: &Bodies) -> Option<Message> {
    use MessageType as M;
    understood(trunk, bodies).filter(|message| {
        may_travel(message.message_type())
            && !matches!(
                message.message_type(),
                M::Iam | M::Rel | M::Anm | M::Con | M::Acm
            )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circuit_supervision_never_travels() {
        for message in [
            MessageType::Blo,
            MessageType::Grs,
            MessageType::Rsc,
            MessageType::Rlc,
        ] {
            assert!(!may_travel(message), "{message}");
        }
        for message in [
            MessageType::Iam,
            MessageType::Usr,
            MessageType::Sus,
            MessageType::Rel,
        ] {
            assert!(may_travel(message), "{message}");
        }
    }
}

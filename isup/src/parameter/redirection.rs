//! Call diversion, redirection and pivot routing.

use super::{
    Describe, Field, Parameter, ParameterCode,
    address::Presentation,
    coded::{coded, indicators, number_parameter},
    first_octets,
};
use crate::error::DecodeError;

coded! {
    /// Redirecting indicator (§3.45, bits CBA).
    RedirectingIndicator {
        NoRedirection = 0 => "no redirection",
        Rerouted = 1 => "call rerouted",
        ReroutedAllRestricted = 2 => "call rerouted, all redirection information presentation restricted",
        Diverted = 3 => "call diverted",
        DivertedAllRestricted = 4 => "call diverted, all redirection information presentation restricted",
        ReroutedNumberRestricted = 5 => "call rerouted, redirection number presentation restricted",
        DivertedNumberRestricted = 6 => "call diverted, redirection number presentation restricted",
    }
}

coded! {
    /// Redirecting reason (§3.45, bits HGFE of the second octet; §3.6, bits GFED).
    RedirectingReason {
        Unknown = 0 => "unknown/not available",
        UserBusy = 1 => "user busy",
        NoReply = 2 => "no reply",
        Unconditional = 3 => "unconditional",
        DeflectionDuringAlerting = 4 => "deflection during alerting",
        DeflectionImmediate = 5 => "deflection immediate response",
        NotReachable = 6 => "mobile subscriber not reachable",
    }
}

/// Redirection information (§3.45).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedirectionInformation {
    /// How the call was redirected and what may be shown of it.
    pub indicator: RedirectingIndicator,
    /// Why it was redirected the first time; other reasons than "unknown" are for national use.
    pub original_reason: RedirectingReason,
    /// How often it was redirected, 1 to 5.
    pub counter: u8,
    /// Why it was redirected the last time.
    pub reason: RedirectingReason,
}

impl Parameter for RedirectionInformation {
    const CODE: ParameterCode = ParameterCode::REDIRECTION_INFORMATION;

    /// A content of one octet, which the second one may be missing from, has counter 0 and the
    /// reason "unknown".
    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [first] = first_octets(Self::CODE, content)?;
        let second = content.get(1).copied().unwrap_or_default();
        Ok(Self {
            indicator: RedirectingIndicator::from_code(first & 7),
            original_reason: RedirectingReason::from_code(first >> 4),
            counter: second & 7,
            reason: RedirectingReason::from_code(second >> 4),
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.push(self.indicator.code() & 7 | self.original_reason.code() << 4);
        to.push(self.counter & 7 | self.reason.code() << 4);
    }
}

impl Describe for RedirectionInformation {
    fn describe(&self) -> Vec<Field> {
        let Self {
            indicator,
            original_reason,
            counter,
            reason,
        } = self;
        vec![
            Field::coded("redirecting indicator", indicator.code(), indicator.name()),
            Field::coded(
                "original redirection reason",
                original_reason.code(),
                original_reason.name(),
            ),
            Field::number("redirection counter", *counter),
            Field::coded("redirecting reason", reason.code(), reason.name()),
        ]
    }
}

coded! {
    /// Notification subscription options (§3.6, bits CBA).
    NotificationSubscription {
        Unknown = 0 => "unknown",
        NotAllowed = 1 => "presentation not allowed",
        AllowedWithNumber = 2 => "presentation allowed with redirection number",
        AllowedWithoutNumber = 3 => "presentation allowed without redirection number",
    }
}

indicators! {
    /// Call diversion information (§3.6).
    CallDiversionInformation(u8) = CALL_DIVERSION_INFORMATION {
        fn notification, with_notification: NotificationSubscription = 0, 3 => "notification subscription options";
        fn reason, with_reason: RedirectingReason = 3, 4 => "redirecting reason";
    }
}

indicators! {
    /// Redirection number restriction (§3.47).
    RedirectionNumberRestriction(u8) = REDIRECTION_NUMBER_RESTRICTION {
        fn presentation, with_presentation: Presentation = 0, 2 => "presentation restricted indicator";
    }
}

coded! {
    /// Call to be diverted indicator (§3.72, bits BA).
    CallToBeDiverted {
        NoIndication = 0 => "no indication",
        Allowed = 1 => "call diversion allowed",
        NotAllowed = 2 => "call diversion not allowed",
    }
}

indicators! {
    /// Call diversion treatment indicators (§3.72).
    CallDiversionTreatmentIndicators(u8 | 0x80) = CALL_DIVERSION_TREATMENT_INDICATORS {
        fn call_to_be_diverted, with_call_to_be_diverted: CallToBeDiverted = 0, 2 => "call to be diverted indicator";
    }
}

coded! {
    /// When a call can be redirected or pivot routed (§3.84 and §3.96, bits CBA).
    Possible {
        NoIndication = 0 => "no indication",
        BeforeAcm = 1 => "possible before ACM",
        BeforeAnm = 2 => "possible before ANM",
        AnyTime = 3 => "possible at any time during the call",
    }
}

indicators! {
    /// Redirect capability (§3.96), national use.
    RedirectCapability(u8 | 0x80) = REDIRECT_CAPABILITY {
        fn possible, with_possible: Possible = 0, 3 => "redirect possible indicator";
    }
}

indicators! {
    /// Pivot capability (§3.84).
    PivotCapability(u8 | 0x80) = PIVOT_CAPABILITY {
        /// Bit G.
        const INTERWORKING_TO_REDIRECTION_NOT_ALLOWED = 0x40 => "interworking to redirection not allowed";
        fn possible, with_possible: Possible = 0, 3 => "pivot possible indicator";
    }
}

coded! {
    /// Pivot routing indicator (§3.85, bits GFEDCBA).
    PivotRouting {
        NoIndication = 0 => "no indication",
        Request = 1 => "pivot request",
        CancelRequest = 2 => "cancel pivot request",
        RequestFailure = 3 => "pivot request failure",
        InterworkingProhibited = 4 => "interworking to redirection prohibited",
    }
}

indicators! {
    /// Pivot routing indicators (§3.85).
    PivotRoutingIndicators(u8 | 0x80) = PIVOT_ROUTING_INDICATORS {
        fn routing, with_routing: PivotRouting = 0, 7 => "pivot routing indicator";
    }
}

coded! {
    /// What becomes of a redirection or of pivot routing (§3.92 and §3.98, bits BA).
    RoutingStatus {
        NotUsed = 0 => "not used",
        Acknowledged = 1 => "acknowledgement",
        NotInvoked = 2 => "will not be invoked",
    }
}

indicators! {
    /// Pivot status (§3.92), national use.
    PivotStatus(u8 | 0x80) = PIVOT_STATUS {
        fn status, with_status: RoutingStatus = 0, 2 => "pivot status indicator";
    }
}

indicators! {
    /// Redirect status (§3.98), national use.
    RedirectStatus(u8 | 0x80) = REDIRECT_STATUS {
        fn status, with_status: RoutingStatus = 0, 2 => "redirect status indicator";
    }
}

number_parameter! {
    /// Pivot counter (§3.93): pivot routings of the call, 0 to 31.
    PivotCounter(u8, 0x1F) = PIVOT_COUNTER, "pivot counter"
}

number_parameter! {
    /// Redirect counter (§3.97): redirections of the call, 0 to 31; national use.
    RedirectCounter(u8, 0x1F) = REDIRECT_COUNTER, "redirect counter"
}

/// One piece of redirect or pivot routing information: tag, length octet, content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Information {
    /// Information type tag; its meaning depends on the parameter.
    pub tag: u8,
    /// The content.
    pub content: Vec<u8>,
}

macro_rules! information_list {
    ($(#[$meta:meta])* $name:ident = $code:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name(pub Vec<Information>);

        impl Parameter for $name {
            const CODE: ParameterCode = ParameterCode::$code;

            fn decode(content: &[u8]) -> Result<Self, DecodeError> {
                information(Self::CODE, content).map(Self)
            }

            fn encode(&self, to: &mut Vec<u8>) {
                for Information { tag, content } in &self.0 {
                    to.extend([*tag, content.len() as u8]);
                    to.extend_from_slice(content);
                }
            }
        }

        impl Describe for $name {
            fn describe(&self) -> Vec<Field> {
                let piece = |Information { tag, content }: &Information| {
                    let fields = vec![Field::number("tag", *tag), Field::octets("content", content)];
                    Field::group("information", fields)
                };
                self.0.iter().map(piece).collect()
            }
        }
    };
}

/// The pieces of a content; each must be all there.
fn information(parameter: ParameterCode, content: &[u8]) -> Result<Vec<Information>, DecodeError> {
    let mut pieces = Vec::new();
    let mut rest = content;
    while let Some((&tag, after)) = rest.split_first() {
        let offset = content.len() - after.len();
        let (&length, after) = after.split_first().ok_or(DecodeError::Cut {
            parameter,
            offset,
            expected: 1,
            found: 0,
        })?;
        let expected = usize::from(length);
        let (piece, after) = after.split_at_checked(expected).ok_or(DecodeError::Cut {
            parameter,
            offset,
            expected,
            found: after.len(),
        })?;
        pieces.push(Information {
            tag,
            content: piece.to_vec(),
        });
        rest = after;
    }
    Ok(pieces)
}

information_list! {
    /// Pivot routing forward information (§3.94).
    PivotRoutingForwardInformation = PIVOT_ROUTING_FORWARD_INFORMATION
}

information_list! {
    /// Pivot routing backward information (§3.95).
    PivotRoutingBackwardInformation = PIVOT_ROUTING_BACKWARD_INFORMATION
}

information_list! {
    /// Redirect forward information (§3.99), national use.
    RedirectForwardInformation = REDIRECT_FORWARD_INFORMATION
}

information_list! {
    /// Redirect backward information (§3.100), national use.
    RedirectBackwardInformation = REDIRECT_BACKWARD_INFORMATION
}

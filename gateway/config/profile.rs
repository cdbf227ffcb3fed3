//! `[[profile]]`, and the files of `config/profiles`: interworking tables as an administrator
//! writes them. [`crate::interwork::profile`] makes of them what a call looks things up in.

mod check;
mod key;
mod name;

use std::fmt;
use std::path::PathBuf;

use isup::{
    CalledPartysStatus, CallingPartysCategory, Event, Location, NatureOfAddress, RedirectingReason,
};
use serde::Deserialize;

use super::{Environment, Refusal, read};

pub(super) use self::check::{Files, check, gather};
pub use self::key::{CauseValue, FinalStatus, Key, ProvisionalStatus, WarnCode};
use self::name::{called_partys_status, category, event, location, redirecting_reason};

/// Reads the file of one profile.
///
/// # Errors
/// [`Refusal`] with everything wrong in it.
pub fn read(file: &str, text: &str, environment: &Environment) -> Result<ProfileTable, Refusal> {
    read::parse(file, text, environment, check::alone)
}

/// A profile: rows of its own, and those of the profile that it inherits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileTable {
    /// The name that trunks use.
    pub name: String,
    /// A file that holds the whole profile; nothing else then stands here.
    pub file: Option<PathBuf>,
    /// What it is, in a few words.
    pub title: String,
    /// The profile whose rows hold where this one has none.
    pub inherit: Option<String>,
    /// Cause of a REL to final response.
    pub cause: Vec<CauseEntry>,
    /// Final response to cause of a REL.
    pub status: Vec<StatusEntry>,
    /// Failures of the gateway's own to both.
    pub failure: Vec<FailureEntry>,
    /// ACM and CPG to provisional response.
    pub backward: Vec<BackwardEntry>,
    /// Provisional response to ACM and CPG.
    pub progress: Vec<ProgressEntry>,
    /// Nature of address to the form of a number in SIP.
    pub nature: Vec<NatureEntry>,
    /// Form of a number in SIP to nature of address.
    pub number: Vec<NumberEntry>,
    /// Calling party's category and `cpc`.
    pub category: Vec<CategoryEntry>,
    /// Redirecting reason, reason of Diversion and cause of History-Info.
    pub redirection: Vec<RedirectionEntry>,
    /// Conventions, each one word.
    pub convention: Vec<ConventionEntry>,
}

impl ProfileTable {
    /// How many rows it has of its own.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.cause.len()
            + self.status.len()
            + self.failure.len()
            + self.backward.len()
            + self.progress.len()
            + self.nature.len()
            + self.number.len()
            + self.category.len()
            + self.redirection.len()
            + self.convention.len()
    }
}

macro_rules! entry {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            /// Where the row stands; the profile itself when absent.
            #[serde(default)]
            pub clause: Option<String>,
            /// What an administrator should know about it.
            #[serde(default)]
            pub note: Option<String>,
        }
    };
}

entry! {
    /// A row of `cause`.
    CauseEntry {
        /// Q.850 cause value.
        cause: Key<CauseValue>,
        /// Holds only for causes of this location (RFC 8606 §4).
        #[serde(default, deserialize_with = "location")]
        location: Option<Location>,
        /// Holds only where the diagnostics say this.
        #[serde(default)]
        diagnostics: Option<Diagnostics>,
        /// Final response.
        status: FinalStatus,
    }
}

entry! {
    /// A row of `status`.
    StatusEntry {
        /// Final response.
        status: Key<FinalStatus>,
        /// Holds only where a Warning header has this code (RFC 3261 §20.43).
        #[serde(default)]
        warning: Option<WarnCode>,
        /// Q.850 cause value.
        cause: CauseValue,
        /// Location of the cause; by the profile's conventions when absent.
        #[serde(default, deserialize_with = "location")]
        location: Option<Location>,
    }
}

entry! {
    /// A row of `failure`.
    FailureEntry {
        /// What failed.
        event: Fault,
        /// Final response.
        status: FinalStatus,
        /// Q.850 cause value.
        cause: CauseValue,
    }
}

entry! {
    /// A row of `backward`.
    BackwardEntry {
        /// ACM or CPG.
        message: BackwardMessage,
        /// What it says.
        is: Says,
        /// Provisional response.
        status: ProvisionalStatus,
    }
}

entry! {
    /// A row of `progress`.
    ProgressEntry {
        /// Provisional response.
        status: Key<ProvisionalStatus>,
        /// Holds only for responses with SDP, or without.
        #[serde(default)]
        media: Option<bool>,
        /// Called party's status of the ACM.
        #[serde(deserialize_with = "called_partys_status")]
        acm: CalledPartysStatus,
        /// Event of the CPG.
        #[serde(deserialize_with = "event")]
        cpg: Event,
        /// The first one sends the CPG after its ACM.
        #[serde(default)]
        both: bool,
    }
}

entry! {
    /// A row of `nature`.
    NatureEntry {
        /// Nature of address of a parameter.
        nature: NatureKey,
        /// Form in SIP.
        form: Form,
    }
}

entry! {
    /// A row of `number`.
    NumberEntry {
        /// Form in SIP.
        form: Country,
        /// Nature of address of the parameter.
        nature: super::Nature,
    }
}

entry! {
    /// A row of `category`.
    CategoryEntry {
        /// Value of the `cpc` parameter; `other` for those in no row.
        cpc: String,
        /// Calling party's category.
        #[serde(deserialize_with = "category")]
        code: CallingPartysCategory,
    }
}

entry! {
    /// A row of `redirection`.
    RedirectionEntry {
        /// Reason of a Diversion field.
        diversion: String,
        /// Redirecting reason.
        #[serde(deserialize_with = "redirecting_reason")]
        reason: RedirectingReason,
        /// `cause` of a History-Info entry (RFC 4458).
        cause: FinalStatus,
    }
}

entry! {
    /// A row of `convention`.
    ConventionEntry {
        /// Which convention.
        key: Convention,
        /// One of its words.
        value: String,
    }
}

/// Words of the file and what they stand for.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// How many there are.
            pub const COUNT: usize = [$($word),+].len();

            /// All of them, in order.
            pub const ALL: &'static [Self; Self::COUNT] = &[$(Self::$variant),+];

            /// The word of the file.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

words! {
    /// What the diagnostics of a cause hold.
    Diagnostics {
        /// A new number, in the form of a called party number.
        Number = "number",
    }
}

words! {
    /// What fails in the gateway itself.
    Fault {
        /// T7 ran out: no backward message.
        T7 = "t7",
        /// T9 ran out: no answer.
        T9 = "t9",
        /// A 200, or a reliable provisional response, was never acknowledged.
        NoAck = "no-ack",
        /// The INVITE was never answered by a final response.
        NoResponse = "no-response",
        /// No circuit is idle, and no further trunk stands in the route.
        NoCircuit = "no-circuit",
        /// Circuits are idle, and their far end asks to be spared.
        Congested = "congested",
        /// No rule of the dial plan takes the number.
        NoRoute = "no-route",
        /// No SIP trunk of the route answers, or its address is not known.
        Unavailable = "unavailable",
        /// There is no number, or none that an IAM can carry.
        NoNumber = "no-number",
        /// Every RTP port of the span is taken.
        NoPort = "no-port",
        /// The offer holds nothing to agree on.
        NoMedia = "no-media",
        /// The circuit takes no IAM made from this INVITE.
        IamRefused = "iam-refused",
        /// The circuit was lost after a backward message.
        CircuitLost = "circuit-lost",
        /// Max-Forwards or the hop counter is used up.
        NoHops = "no-hops",
        /// A body must be understood and is not.
        IsupNotUnderstood = "isup-not-understood",
        /// The trunk takes no INVITE without an IAM.
        NoIsup = "no-isup",
        /// The request comes from no trunk's address.
        UnknownPeer = "unknown-peer",
        /// The gateway takes no new calls.
        Draining = "draining",
        /// The gateway ends its calls.
        Shutdown = "shutdown",
    }
}

words! {
    /// A message that becomes a provisional response.
    BackwardMessage {
        /// Address complete.
        Acm = "ACM",
        /// Call progress.
        Cpg = "CPG",
    }
}

words! {
    /// What an ACM or CPG says.
    Says {
        /// ACM: a cause, so that an announcement follows.
        Cause = "cause",
        /// In-band information is now available.
        InBand = "in-band",
        /// ACM: interworking has been encountered.
        Interworking = "interworking",
        /// ACM: subscriber free.
        SubscriberFree = "subscriber-free",
        /// ACM: no indication.
        NoIndication = "no-indication",
        /// CPG: alerting.
        Alerting = "alerting",
        /// CPG: progress.
        Progress = "progress",
        /// CPG: call forwarded on busy.
        ForwardedBusy = "forwarded-busy",
        /// CPG: call forwarded on no reply.
        ForwardedNoReply = "forwarded-no-reply",
        /// CPG: call forwarded unconditional.
        ForwardedUnconditional = "forwarded-unconditional",
        /// CPG: any other event, or none.
        Other = "other",
    }
}

words! {
    /// A nature of address as the key of a row.
    NatureKey {
        /// Subscriber number.
        Subscriber = "subscriber",
        /// Unknown.
        Unknown = "unknown",
        /// National (significant) number.
        National = "national",
        /// International number.
        International = "international",
        /// Any other.
        Other = "other",
    }
}

impl NatureKey {
    /// The key of a nature of address.
    #[must_use]
    pub fn of(nature: NatureOfAddress) -> Self {
        match nature {
            NatureOfAddress::Subscriber => Self::Subscriber,
            NatureOfAddress::Unknown => Self::Unknown,
            NatureOfAddress::National => Self::National,
            NatureOfAddress::International => Self::International,
            _ => Self::Other,
        }
    }
}

words! {
    /// The form of a number in SIP.
    Form {
        /// `+` and the digits.
        Global = "global",
        /// `+`, the trunk group's country code, the digits.
        National = "national",
        /// `+`, country code, area code, the digits; local without an area code.
        Subscriber = "subscriber",
        /// The digits as they are.
        Local = "local",
    }
}

words! {
    /// Whose country code a number with `+` begins with.
    Country {
        /// The trunk group's, which goes away.
        Own = "own-country",
        /// Another.
        Other = "other-country",
    }
}

words! {
    /// A convention of the headers or of the bodies.
    Convention {
        /// Reason header in what goes out.
        Reason = "reason",
        /// Reason header of the peer.
        ReasonReceived = "reason-received",
        /// ISUP in responses to an INVITE that had none.
        IsupUnasked = "isup-unasked",
        /// REL in the body of a final response.
        RelInResponse = "rel-in-response",
        /// Location of causes for 4xx and 5xx.
        Location = "location",
        /// Location of causes for 6xx.
        LocationGlobal = "location-6xx",
        /// How redirection is told.
        Diversion = "diversion",
        /// The number of From beside one that a network asserts.
        FromNumber = "from-number",
        /// P-Early-Media in provisional responses.
        EarlyMedia = "early-media",
        /// Max-Forwards for one of the hop counter.
        HopFactor = "hop-factor",
    }
}

impl Convention {
    /// The words that its value may be.
    #[must_use]
    pub const fn values(self) -> &'static [&'static str] {
        match self {
            Self::Reason => &["always", "without-isup", "never"],
            Self::ReasonReceived => &["before-isup", "after-isup", "never"],
            Self::IsupUnasked | Self::RelInResponse | Self::EarlyMedia => &["yes", "no"],
            Self::Location | Self::LocationGlobal => {
                &["U", "LPN", "LN", "TN", "RLN", "RPN", "INTL", "BI"]
            }
            Self::FromNumber => &["additional", "ignored"],
            Self::Diversion => &["diversion", "history-info", "both", "none"],
            Self::HopFactor => &["1", "2", "3", "4", "5", "6", "7", "8"],
        }
    }
}

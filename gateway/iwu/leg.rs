//! What belongs to one call besides its state.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use isup::{CircuitId, Message};
use media_bridge::{BridgeId, Path};

use crate::call::Call;
use crate::cdr::CallRecord;
use crate::config::{Config, SipTrunk};
use crate::dialplan::{Decision, Number, Trunk};
use crate::interwork::caller::Caller;
use crate::interwork::number;
use crate::interwork::profile::Profile;
use crate::sip::sdp::{Capabilities, MediaPlan};
use crate::sip::{Incoming, SessionId};

/// An output of one of a signalling point's aggregates.
pub(super) enum Layer {
    Isup(isup::node::Output),
    Mtp(mtp::Output),
}

/// A call and its two legs.
#[derive(Debug)]
pub(super) struct Leg {
    /// Taken out while it steps.
    pub(super) call: Option<Call>,
    pub(super) session: Option<SessionId>,
    /// Sessions of earlier INVITEs with fewer digits (RFC 3578 §3).
    pub(super) earlier: Vec<SessionId>,
    pub(super) circuit: Option<CircuitId>,
    /// The INVITE to come repeats that of this session with more digits.
    pub(super) continues: Option<SessionId>,
    /// A transfer under way.
    pub(super) transfer: Option<super::transfer::Transfer>,
    /// Index of the SIP trunk.
    pub(super) trunk: usize,
    /// What the trunk says of a session that is the end of a junction.
    pub(super) inner: Option<Arc<SipTrunk>>,
    /// The junction joins two circuits of one direction: both called, or both calling.
    pub(super) parallel: bool,
    /// Index of the trunk group.
    pub(super) group: usize,
    /// Interworking tables: of the SIP trunk, or of the trunk group once there is one.
    pub(super) profile: Arc<Profile>,
    pub(super) bridge: Option<BridgeId>,
    /// The path that the call asks for.
    pub(super) path: Path,
    /// What we said of our media, and the SDP that says it.
    pub(super) local: Option<(Capabilities, Bytes)>,
    /// What was agreed on, once it was.
    pub(super) plan: Option<MediaPlan>,
    /// The peer has refused ISUP (RFC 3372 §6).
    pub(super) without_isup: bool,
    pub(super) route: Route,
    pub(super) record: CallRecord,
}

/// Where a call goes, and where it may still go.
#[derive(Debug)]
pub(super) struct Route {
    /// Trunks in the dial plan's order.
    pub(super) targets: Arc<[Trunk]>,
    /// The one being tried.
    pub(super) next: usize,
    /// Circuits and trunks tried so far.
    pub(super) attempts: u8,
    /// An IAM asked for a continuity check: those of further attempts do, too.
    pub(super) checked: bool,
    /// Contacts of redirections that were not tried yet, the next one first.
    pub(super) contacts: VecDeque<String>,
    /// The name server is being asked where the next Contact is.
    pub(super) seeks: bool,
    /// The latest INVITE went to a Contact, and not to a trunk.
    pub(super) follows: bool,
    /// Contacts that were tried.
    pub(super) redirections: u8,
    /// The number that goes out.
    pub(super) number: Number,
    /// Nature of address that goes out; by the form of the number when absent.
    pub(super) nature: Option<isup::NatureOfAddress>,
    pub(super) origin: Origin,
}

/// What every attempt is made from.
#[derive(Debug)]
pub(super) enum Origin {
    /// The INVITE, with the IAM of its body, to which the digits of the SAMs beside it are added.
    Sip {
        incoming: Box<Incoming>,
        template: Option<Message>,
        caller: Option<Caller>,
    },
    /// The IAM, with the digits of all SAMs so far.
    Isup {
        iam: Message,
        /// The IAM and the SAMs as they came, once there is a SAM.
        received: Vec<Message>,
    },
}

impl Route {
    /// The trunk that was tried last is done with; after a Contact it was left before.
    pub(super) fn leave_trunk(&mut self) {
        if !std::mem::take(&mut self.follows) {
            self.next += 1;
        }
    }
}

impl Leg {
    /// A call that the dial plan has routed and that has taken no way yet.
    pub(super) fn new(
        call: Call,
        trunk: usize,
        group: usize,
        profile: Arc<Profile>,
        record: CallRecord,
        route: Route,
    ) -> Self {
        Self {
            call: Some(call),
            session: None,
            earlier: Vec::new(),
            continues: None,
            transfer: None,
            circuit: None,
            trunk,
            inner: None,
            parallel: false,
            group,
            profile,
            bridge: None,
            path: Path::CLOSED,
            local: None,
            plan: None,
            without_isup: false,
            route,
            record,
        }
    }
}

impl Leg {
    /// What is configured for its session.
    pub(super) fn trunk<'a>(&'a self, config: &'a Config) -> Option<&'a SipTrunk> {
        trunk_of(self.inner.as_deref(), self.trunk, config)
    }
}

/// What is configured for a session: `inner` for the end of a junction, the trunk of this index for
/// any other.
pub(super) fn trunk_of<'a>(
    inner: Option<&'a SipTrunk>,
    index: usize,
    config: &'a Config,
) -> Option<&'a SipTrunk> {
    inner.or_else(|| config.sip_trunks.get(index))
}

impl Route {
    /// The way that a decision of the dial plan opens.
    pub(super) fn new(targets: Arc<[Trunk]>, decision: Decision, origin: Origin) -> Self {
        Self {
            targets,
            next: 0,
            attempts: 0,
            checked: false,
            contacts: VecDeque::new(),
            seeks: false,
            follows: false,
            redirections: 0,
            number: decision.number,
            nature: decision.nature.map(number::nature),
            origin,
        }
    }
}

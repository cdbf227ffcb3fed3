//! A junction: two calls of this gateway joined without SIP between them.
//!
//! Each call has one end of it in place of a SIP session, and asks and hears what it would of one:
//! a request at one end is the indication at the other. Offers and answers are real descriptions of
//! both bridges, whose RTP goes from one of our ports to another; ISUP travels whole. No message is
//! made, nothing is retransmitted, and no answer is outstanding: what is asked for is done.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use isup::Variant;
use tdm::Law;

use crate::config::{self, Announcements, Codec, IsupMode, SipTrunk, Suspend};
use crate::sip::sdp::{self, Answer, Capabilities};
use crate::sip::{
    Bodies, Flow, Headers, Incoming, Indication, Invite, PEarlyMedia, PeerId, Q850,
    RenegotiationMethod, Request, RequestError, SessionId,
};

/// Where an end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has called, no final response yet.
    Inviting,
    /// It was called, no final response yet.
    Invited,
    /// Answered.
    Standing,
    /// Its last indication is on its way; what it still asks for says nothing new.
    Over,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Inviting => "inviting",
            Self::Invited => "invited",
            Self::Standing => "confirmed",
            Self::Over => "terminated",
        }
    }
}

#[derive(Debug)]
struct End {
    other: SessionId,
    state: State,
    /// What it said of its media last.
    local: Option<Bytes>,
}

/// How a call enters a junction.
#[derive(Debug)]
pub(super) struct Entry {
    /// The SIP trunk that asked for it: the call is one of its own.
    pub(super) peer: PeerId,
    /// Our own address: the call comes from nowhere else.
    pub(super) own: Flow,
    /// What stands for a Call-ID in the records of both calls.
    pub(super) call_id: String,
    /// The session whose place it takes.
    pub(super) replaces: Option<SessionId>,
}

/// All junctions.
#[derive(Debug, Default)]
pub(super) struct Junctions {
    ends: BTreeMap<SessionId, End>,
    outputs: VecDeque<(SessionId, Indication)>,
}

impl Junctions {
    /// Whether a session is an end of a junction.
    pub(super) fn has(&self, session: SessionId) -> bool {
        self.ends.contains_key(&session)
    }

    /// Ends that live.
    pub(super) fn ends(&self) -> usize {
        self.ends.len()
    }

    /// The next indication, in order.
    pub(super) fn poll_output(&mut self) -> Option<(SessionId, Indication)> {
        let output = self.outputs.pop_front()?;
        if output.1 == Indication::Terminated {
            self.ends.remove(&output.0);
        }
        Some(output)
    }

    /// The end that this one is joined with.
    pub(super) fn other(&self, session: SessionId) -> Option<SessionId> {
        self.ends.get(&session).map(|end| end.other)
    }

    /// Calls from one end to the other.
    pub(super) fn invite(&mut self, from: SessionId, to: SessionId, invite: Invite, entry: Entry) {
        let end = |other, state, local| End {
            other,
            state,
            local,
        };
        let offer = invite.bodies.sdp.clone();
        self.ends.insert(from, end(to, State::Inviting, offer));
        self.ends.insert(to, end(from, State::Invited, None));
        let incoming = incoming(invite, entry);
        self.tell(to, Indication::Incoming(Box::new(incoming)));
    }

    /// Carries out a request at one end.
    ///
    /// # Errors
    /// [`RequestError`] for what cannot be asked now, as of a SIP session.
    pub(super) fn request(
        &mut self,
        session: SessionId,
        request: Request,
    ) -> Result<(), RequestError> {
        let name = request.name();
        let Some(End { other, state, .. }) = self.ends.get(&session) else {
            return Err(RequestError::NoSession {
                session,
                request: name,
            });
        };
        let (other, state) = (*other, *state);
        if state == State::Over {
            return Ok(());
        }
        match (state, request) {
            (
                State::Invited,
                Request::Progress {
                    status,
                    reason,
                    bodies,
                    headers,
                },
            ) => {
                self.describe(session, &bodies);
                let early_media = PEarlyMedia::find(&headers);
                self.tell(
                    other,
                    Indication::Progress {
                        status,
                        reason: reason.unwrap_or_default(),
                        bodies,
                        headers,
                        reliable: false,
                        fork: 0,
                        answer_due: false,
                        early_media,
                    },
                );
            }
            (State::Invited, Request::Accept { bodies, headers }) => {
                self.describe(session, &bodies);
                self.stand(session, other);
                self.tell(
                    other,
                    Indication::Accepted {
                        bodies,
                        headers,
                        fork: 0,
                        answer_due: false,
                    },
                );
                let bodies = Bodies::default();
                self.tell(session, Indication::Acknowledged { bodies });
            }
            (
                State::Invited,
                Request::Reject {
                    status,
                    reason,
                    headers,
                    bodies,
                },
            ) => {
                let rejected = Indication::Rejected {
                    status,
                    reason: reason.unwrap_or_default(),
                    cause: Q850::find(&headers),
                    bodies,
                    contacts: Vec::new(),
                    retry_after: None,
                    isup_refused: false,
                    headers,
                };
                self.end(session, other, rejected);
            }
            (State::Inviting, Request::Cancel { headers } | Request::Bye { headers, .. }) => {
                let cause = Q850::find(&headers);
                self.end(session, other, Indication::Cancelled { cause, headers });
            }
            // It was given up when the answer was on its way.
            (State::Standing, Request::Cancel { headers }) => {
                let cause = Q850::find(&headers);
                let bodies = Bodies::default();
                let bye = Indication::Bye {
                    cause,
                    bodies,
                    headers,
                };
                self.end(session, other, bye);
            }
            (State::Standing, Request::Bye { headers, bodies }) => {
                let cause = Q850::find(&headers);
                let bye = Indication::Bye {
                    cause,
                    bodies,
                    headers,
                };
                self.end(session, other, bye);
            }
            (_, Request::Info { bodies }) => {
                self.tell(other, Indication::Info { bodies, fork: 0 });
            }
            (
                State::Standing,
                Request::Reinvite { bodies, headers } | Request::Update { bodies, headers },
            ) => self.renegotiate(session, other, bodies, headers),
            // Nobody listens to a REFER's progress, and an end does nothing by itself.
            (_, Request::ReferProgress { .. } | Request::Policy(_)) => {}
            (state, _) => {
                return Err(RequestError::OutOfPlace {
                    session,
                    request: name,
                    state: state.name(),
                });
            }
        }
        Ok(())
    }

    /// An offer within the call: the other end answers it as the SIP endpoint does by itself, with
    /// what it said before in the direction that fits (RFC 3264 §6.1).
    fn renegotiate(
        &mut self,
        session: SessionId,
        other: SessionId,
        bodies: Bodies,
        headers: Headers,
    ) {
        let answered = match (&bodies.sdp, self.ends.get(&other)) {
            (Some(offer), Some(End { local: Some(l), .. })) => answer_again(l, offer).map(Some),
            _ => Ok(None),
        };
        let answered = match answered {
            Ok(answered) => answered,
            Err(refusal) => {
                let bodies = Bodies::default();
                let status = refusal.status();
                return self.tell(session, Indication::Renegotiated { status, bodies });
            }
        };
        self.describe(session, &bodies);
        let ours = answered
            .as_ref()
            .map_or_else(Bodies::default, |answer| Bodies::sdp(answer.octets.clone()));
        self.describe(other, &ours);
        self.tell(
            other,
            Indication::Renegotiate {
                method: RenegotiationMethod::Invite,
                fork: 0,
                bodies,
                headers,
                answered,
                answer_due: false,
            },
        );
        let (status, bodies) = (200, ours);
        self.tell(session, Indication::Renegotiated { status, bodies });
    }

    fn tell(&mut self, session: SessionId, indication: Indication) {
        self.outputs.push_back((session, indication));
    }

    fn describe(&mut self, session: SessionId, bodies: &Bodies) {
        if let (Some(end), Some(sdp)) = (self.ends.get_mut(&session), &bodies.sdp) {
            end.local = Some(sdp.clone());
        }
    }

    fn stand(&mut self, one: SessionId, other: SessionId) {
        for session in [one, other] {
            if let Some(end) = self.ends.get_mut(&session) {
                end.state = State::Standing;
            }
        }
    }

    /// The last word of one end to the other.
    fn end(&mut self, session: SessionId, other: SessionId, last: Indication) {
        for session in [session, other] {
            if let Some(end) = self.ends.get_mut(&session) {
                end.state = State::Over;
            }
        }
        self.tell(other, last);
        self.tell(session, Indication::Terminated);
        self.tell(other, Indication::Terminated);
    }
}

fn answer_again(stands: &Bytes, offer: &Bytes) -> Result<Answer, sdp::Refusal> {
    let mut local = Capabilities::of(stands)?;
    local.direction = sdp::Direction::SendRecv;
    local.version = local.version.wrapping_add(1);
    sdp::negotiate(&local, offer)
}

fn incoming(invite: Invite, entry: Entry) -> Incoming {
    Incoming {
        flow: entry.own,
        peer: Some(entry.peer),
        to: invite.to_header.unwrap_or_else(|| invite.uri.clone()),
        request_uri: invite.uri,
        from: invite.from,
        from_tag: String::new(),
        call_id: entry.call_id,
        p_asserted_identity: invite.p_asserted_identity,
        privacy: invite.privacy,
        diversion: Vec::new(),
        history_info: Vec::new(),
        user_to_user: Vec::new(),
        max_forwards: invite.max_forwards,
        supports_reliable: false,
        requires_reliable: false,
        accepts_isup: true,
        early_media: None,
        replaces: entry.replaces,
        headers: invite.headers,
        bodies: invite.bodies,
    }
}

/// What a junction can carry.
pub(super) const ANY: [Codec; 3] = [Codec::Pcma, Codec::Pcmu, Codec::Clearmode];

/// What carries a timeslot of this law through a junction: what it holds already where that is
/// known, speech in its own law first.
pub(super) fn codecs(agreed: Option<sdp::Codec>, law: Law) -> Vec<Codec> {
    match (agreed, law) {
        (Some(sdp::Codec::Clearmode), _) => vec![Codec::Clearmode],
        (_, Law::ALaw) => vec![Codec::Pcma, Codec::Pcmu],
        (_, Law::MuLaw) => vec![Codec::Pcmu, Codec::Pcma],
    }
}

/// What a trunk says of a call that enters a junction: its interworking and its limits stand; what
/// is about the way to a SIP peer is that between two gateways that trust each other. ISUP travels
/// in the variant of the circuit, so that nothing is converted between two of one standard.
pub(super) fn trunk(of: &SipTrunk, variant: Variant, codecs: Vec<Codec>) -> SipTrunk {
    SipTrunk {
        isup: IsupMode::Optional,
        isup_version: match variant {
            Variant::Itu => "itu-t92+",
            Variant::Ansi => "ansi00",
        }
        .to_owned(),
        isup_base: None,
        reliable: config::Reliable::Off,
        session_expires: None,
        trusted: true,
        codecs,
        srtp: config::Srtp::Off,
        announcements: Announcements::default(),
        comfort_noise: false,
        redundancy: 0,
        overlap: false,
        suspend: Suspend::default(),
        ..of.clone()
    }
}

#[cfg(test)]
mod tests;

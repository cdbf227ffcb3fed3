//! Every moment a session can be in, and everything that can happen to it then: the ground of the
//! reviewed table and of the enumerated races.

use super::scripted::{SDP, Scripted, callee, field, raw, reply, within};
use super::*;

/// A session in some state, and the peer that brought it there.
pub(super) struct Moment {
    pub(super) peer: Scripted,
    pub(super) id: SessionId,
    /// UAS: a response of ours with our tag. UAC: our INVITE.
    ours: String,
    /// CSeq of the peer's last request.
    sequence: u32,
    /// The peer's requests, without ACK: method and branch.
    pub(super) asked: Vec<String>,
}

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happening {
    /// A request of the peer.
    Cancel,
    Bye,
    Ack,
    Prack,
    Update,
    Reinvite,
    Refer,
    /// A response to our INVITE.
    Reliable183,
    Ok,
    OkOfAnotherFork,
    Terminated487,
    /// A final response to our last request other than INVITE and ACK.
    OkToOurs,
    /// Requests of the user.
    UserAccepts,
    UserRejects,
    UserCancels,
    UserHangsUp,
    UserAnswers,
    /// The timer that is due next.
    Timer,
}

use Happening as H;

/// What can happen to a session that we were called by.
pub(super) const TO_UAS: [Happening; 8] = [
    H::Cancel,
    H::Bye,
    H::Ack,
    H::Prack,
    H::Update,
    H::Reinvite,
    H::UserAccepts,
    H::Timer,
];
/// The rest of it: not in the races, which its kin stand for.
pub(super) const ALSO_TO_UAS: [Happening; 5] = [
    H::Refer,
    H::UserRejects,
    H::UserHangsUp,
    H::UserAnswers,
    H::OkToOurs,
];

/// What can happen to a session that we called for.
pub(super) const TO_UAC: [Happening; 8] = [
    H::UserCancels,
    H::Bye,
    H::Ok,
    H::OkOfAnotherFork,
    H::Terminated487,
    H::Reliable183,
    H::Update,
    H::Timer,
];
/// The rest of it.
pub(super) const ALSO_TO_UAC: [Happening; 5] = [
    H::Reinvite,
    H::Refer,
    H::UserHangsUp,
    H::UserAnswers,
    H::OkToOurs,
];

const RELIABLE: &str = "Contact: <sip:one@192.0.2.1:5070>\r\nRequire: 100rel\r\nRSeq: 1\r\n";
const CONTACT: &str = "Contact: <sip:one@192.0.2.1:5070>\r\nAllow: UPDATE\r\n";

impl Moment {
    fn called(offer: bool) -> Self {
        let mut peer = Scripted::new();
        let more = format!("{}Supported: 100rel\r\n", if offer { SDP } else { "" });
        peer.hear(&raw("INVITE", "1", &more, if offer { OFFER } else { "" }));
        let id = peer.told[0].0;
        let tag = peer.endpoint.sessions[&id].local_tag.clone();
        let trying = peer.last();
        let ours = trying.replace(
            "<sip:gateway@192.0.2.2>",
            &format!("<sip:gateway@192.0.2.2>;tag={tag}"),
        );
        Self {
            peer,
            id,
            ours,
            sequence: 1,
            asked: vec!["INVITE z9hG4bK1".to_owned()],
        }
    }

    fn calling(offer: bool) -> Self {
        let mut peer = Scripted::new();
        let id = peer.endpoint.new_session();
        let invite = Invite {
            to: ALICE.parse().unwrap(),
            bodies: if offer {
                Bodies::sdp(OFFER)
            } else {
                Bodies::default()
            },
            ..invite()
        };
        peer.ask(id, Request::Invite(Box::new(invite)));
        let ours = peer.last().to_owned();
        Self {
            peer,
            id,
            ours,
            sequence: 0,
            asked: Vec::new(),
        }
    }

    fn policy(mut self, renegotiation: Renegotiation, transfer: bool) -> Self {
        let policy = Policy {
            renegotiation,
            transfer,
            ..Policy::default()
        };
        self.peer.ask(self.id, Request::Policy(policy));
        self
    }

    fn then(mut self, request: Request) -> Self {
        self.peer.ask(self.id, request);
        self
    }

    fn after(mut self, happenings: &[Happening]) -> Self {
        for happening in happenings {
            self.happens(*happening);
        }
        self
    }

    /// Whether we called.
    pub(super) fn is_uac(&self) -> bool {
        self.ours.starts_with("INVITE")
    }

    /// The peer's next request within the dialog.
    fn request(&mut self, method: &str, more: &str, body: &str) {
        self.sequence += 1;
        let number = self.sequence;
        let text = if self.is_uac() {
            callee(&self.ours, "one", method, number, more, body)
        } else {
            within(&self.ours, method, number, more, body)
        };
        let branch = field(&text, "Via")
            .split_once("branch=")
            .unwrap()
            .1
            .to_owned();
        self.asked.push(format!("{method} {branch}"));
        self.peer.hear(&text);
    }

    fn respond(&mut self, status: &str, tag: &str, more: &str, body: &str) {
        let text = reply(&self.ours, status, tag, more, body);
        self.peer.hear(&text);
    }

    fn user(&mut self, request: Request) {
        // What is out of place is refused, which is the caller's to know.
        let _ = self.peer.endpoint.request(self.peer.now, self.id, request);
        self.peer.drain();
    }

    /// Lets something happen.
    pub(super) fn happens(&mut self, happening: Happening) {
        match happening {
            H::Cancel => {
                // It has the branch of the INVITE.
                self.asked.push("CANCEL z9hG4bK1".to_owned());
                self.peer.hear(&raw("CANCEL", "1", "", ""));
            }
            H::Bye => self.request("BYE", "", ""),
            H::Ack => {
                let ack = within(&self.ours, "ACK", 1, "", "");
                self.peer.hear(&ack);
            }
            H::Prack => {
                let rseq = self
                    .peer
                    .sent
                    .iter()
                    .rev()
                    .find_map(|(_, text)| scripted::find(text, "RSeq"));
                let more = format!(
                    "RAck: {} 1 INVITE\r\n",
                    rseq.unwrap_or_else(|| "1".to_owned())
                );
                self.request("PRACK", &more, "");
            }
            H::Update => self.request("UPDATE", SDP, OFFER),
            H::Reinvite => self.request("INVITE", SDP, OFFER),
            H::Refer => self.request("REFER", "Refer-To: <sip:c@192.0.2.9>\r\n", ""),
            H::Reliable183 => self.respond("183 Session Progress", "one", RELIABLE, ANSWER),
            H::Ok => self.respond("200 OK", "one", CONTACT, ANSWER),
            H::OkOfAnotherFork => self.respond("200 OK", "two", CONTACT, ANSWER),
            H::Terminated487 => self.respond("487 Request Terminated", "one", "", ""),
            H::OkToOurs => {
                let ours = self.peer.sent.iter().rev().map(|(_, text)| text.clone());
                let ours = ours.into_iter().find(|text| {
                    !text.starts_with("SIP/") && !text.starts_with("ACK") && *text != self.ours
                });
                if let Some(ours) = ours {
                    let sdp = if ours.contains("application/sdp") {
                        ANSWER
                    } else {
                        ""
                    };
                    self.peer.hear(&reply(&ours, "200 OK", "", CONTACT, sdp));
                }
            }
            H::UserAccepts => self.user(accept(ANSWER)),
            H::UserRejects => self.user(reject(486)),
            H::UserCancels => self.user(cancel()),
            H::UserHangsUp => self.user(bye()),
            H::UserAnswers => self.user(Request::Answer {
                fork: 0,
                bodies: Bodies::sdp(ANSWER),
                headers: Headers::new(),
            }),
            H::Timer => {
                if let Some(at) = self.peer.endpoint.poll_timeout() {
                    let wait = at.duration_since(self.peer.now);
                    self.peer.run(wait);
                }
            }
        }
    }

    /// The user gives up and nobody answers any more, until no timer runs.
    pub(super) fn ends(&mut self) {
        for request in [bye(), reject(480), reject(480), cancel()] {
            self.user(request);
        }
        self.peer.run(Duration::from_secs(300));
    }

    /// The name of the state, or what became of the session.
    pub(super) fn state(&self) -> &'static str {
        match self.peer.endpoint.sessions.get(&self.id) {
            Some(session) => session.state.name(),
            None => "gone",
        }
    }
}

/// Name and making of a moment.
pub(super) type Making = (&'static str, fn() -> Moment);

/// Sessions that we were called by.
pub(super) const UAS: [Making; 12] = [
    ("invited", || Moment::called(true)),
    ("invited without offer", || Moment::called(false)),
    ("180 waits for PRACK", || {
        Moment::called(true).then(progress(180, None))
    }),
    ("183 with the answer waits for PRACK", || {
        Moment::called(true).then(progress(183, Some(ANSWER)))
    }),
    ("183 with an offer waits for PRACK", || {
        Moment::called(false).then(progress(183, Some(OFFER)))
    }),
    ("183 with the answer has its PRACK", || {
        Moment::called(true)
            .then(progress(183, Some(ANSWER)))
            .after(&[H::Prack])
    }),
    ("200 waits for PRACK", || {
        Moment::called(true)
            .then(progress(183, Some(ANSWER)))
            .then(accept(ANSWER))
    }),
    ("200 waits for ACK", || {
        Moment::called(true).then(accept(ANSWER))
    }),
    ("confirmed", || {
        Moment::called(true)
            .policy(Renegotiation::Automatic, true)
            .then(accept(ANSWER))
            .after(&[H::Ack])
    }),
    (
        "confirmed, re-INVITE of the peer waits for the user",
        || {
            Moment::called(true)
                .policy(Renegotiation::User, false)
                .then(accept(ANSWER))
                .after(&[H::Ack, H::Reinvite])
        },
    ),
    ("confirmed, re-INVITE of ours is out", || {
        Moment::called(true)
            .then(accept(ANSWER))
            .after(&[H::Ack])
            .then(Request::Reinvite {
                bodies: Bodies::sdp(ANSWER),
                headers: Headers::new(),
            })
    }),
    ("releasing", || {
        Moment::called(true)
            .then(accept(ANSWER))
            .after(&[H::Ack])
            .then(bye())
    }),
];

/// Sessions that we called for.
pub(super) const UAC: [Making; 11] = [
    ("inviting", || Moment::calling(true)),
    ("inviting without offer", || Moment::calling(false)),
    ("early, answered", || {
        Moment::calling(true).after(&[H::Reliable183])
    }),
    ("early, PRACK waits for the user's answer", || {
        Moment::calling(false).after(&[H::Reliable183])
    }),
    ("ACK waits for the user's answer", || {
        Moment::calling(false).after(&[H::Ok])
    }),
    ("CANCEL waits for a provisional response", || {
        Moment::calling(true).then(cancel())
    }),
    ("cancelling", || {
        Moment::calling(true)
            .after(&[H::Reliable183])
            .then(cancel())
    }),
    ("confirmed", || {
        Moment::calling(true)
            .policy(Renegotiation::Automatic, true)
            .after(&[H::Ok])
    }),
    ("confirmed, UPDATE of the peer waits for the user", || {
        Moment::calling(true)
            .policy(Renegotiation::User, false)
            .after(&[H::Ok, H::Update])
    }),
    ("confirmed, UPDATE of ours is out", || {
        Moment::calling(true).after(&[H::Ok]).then(Request::Update {
            bodies: Bodies::sdp(OFFER),
            headers: Headers::new(),
        })
    }),
    ("releasing", || {
        Moment::calling(true).after(&[H::Ok]).then(bye())
    }),
];

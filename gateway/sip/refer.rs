//! REFER towards us and the notifications of what became of it (RFC 3515, RFC 6665).
//!
//! A REFER is taken within a confirmed dialog and where the policy allows transfers. It makes a
//! subscription that lives as long as the reference, or until it runs out, whether the call of its
//! dialog does or not (RFC 5057 §4.1); its NOTIFYs go one at a time, each a complete statement, so
//! that only the latest waits.

use std::time::{Duration, Instant};

use sipx_sip::event::Reason;
use sipx_sip::headers::Address;
use sipx_sip::message::{Method, Request};
use sipx_sip::transaction::TransactionKey;
use sipx_sip::{HeaderName, Scheme, Uri};

use super::core::{Core, Purpose, SessionTimer};
use super::endpoint::Endpoint;
use super::session::{Session, State};
use super::{Bodies, Handling, Headers, Indication, Part, Refer, Replaces, RequestError, message};

/// How long a subscription lives without a refresh: as long as a called user may take to answer
/// (T9 of Q.764 has 90 to 180 s).
const LIFETIME: Duration = Duration::from_secs(180);
/// The shortest refresh that is taken (423 below).
const SHORTEST: Duration = Duration::from_secs(30);

/// The subscription to what becomes of a REFER.
#[derive(Debug)]
pub(super) struct Subscription {
    /// The id parameter of Event: CSeq of the REFER, for all but the first of a dialog (§2.4.6).
    id: Option<u32>,
    until: Instant,
    /// The Status-Line that stands.
    line: String,
    /// A NOTIFY is on its way.
    sent: bool,
    /// What is to be told after it: an end with its reason, or the line again.
    next: Option<Option<Reason>>,
    /// The last NOTIFY is on its way, or waits to be sent.
    over: bool,
}

fn status_line(status: u16, reason: Option<&str>) -> String {
    let phrase: String = reason
        .unwrap_or_else(|| message::phrase(status))
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    format!("SIP/2.0 {status} {phrase}\r\n")
}

impl Endpoint {
    /// A REFER within a dialog of ours: the session of the call that it may name is looked up
    /// before the session that got it takes it.
    pub(super) fn on_refer(&mut self, now: Instant, key: &TransactionKey, request: &Request) {
        let asked = read(request).map(|mut refer| {
            refer.replaces_session = refer.replaces.as_ref().and_then(|r| self.named(r));
            refer
        });
        if let Some((session, core)) = self.session_of(request) {
            session.on_refer(core, now, key, request, asked);
        }
    }
}

impl Session {
    fn on_refer(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
        asked: Result<Refer, u16>,
    ) {
        let tag = self.local_tag.clone();
        let none = Headers::new();
        if !self.policy.transfer {
            return core.answer(now, key, request, 603, Some(&tag), &none);
        }
        let refer = match asked {
            Ok(refer) => refer,
            Err(status) => return core.answer(now, key, request, status, Some(&tag), &none),
        };
        if self.state != State::Confirmed {
            return core.retry_later(now, key, request, &tag);
        }
        if self.subscription.is_some() {
            return core.answer(now, key, request, 491, Some(&tag), &none);
        }
        if self.readable(core, now, key, request).is_none() {
            return;
        }
        let mut headers = vec![("Contact".to_owned(), self.contact(core, request))];
        let status = if refer.subscribed {
            202
        } else {
            headers.push(("Refer-Sub".to_owned(), "false".to_owned()));
            200
        };
        core.answer(now, key, request, status, Some(&tag), &headers);
        if refer.subscribed {
            let id = self
                .referred
                .then(|| super::dialog::sequence(&request.headers))
                .flatten();
            self.referred = true;
            self.subscription = Some(Subscription {
                id,
                until: now + LIFETIME,
                line: status_line(100, None),
                sent: false,
                next: None,
                over: false,
            });
            core.start(now + LIFETIME, self.id, SessionTimer::Subscription);
            self.notify(core, now, None);
        }
        core.indicate(self.id, Indication::Refer(Box::new(refer)));
    }

    /// The user tells how the new call goes.
    pub(super) fn refer_progress(
        &mut self,
        core: &mut Core,
        now: Instant,
        status: u16,
        reason: Option<&str>,
    ) -> Result<(), RequestError> {
        if !(100..=699).contains(&status) {
            return Err(RequestError::Status {
                status,
                expected: "a status of 100 to 699",
            });
        }
        let Some(subscription) = self.subscription.as_mut().filter(|s| !s.over) else {
            return Ok(());
        };
        let line = status_line(status, reason);
        if status < 200 && subscription.line == line {
            return Ok(());
        }
        subscription.line = line;
        let end = (status >= 200).then_some(Reason::NoResource);
        self.notify(core, now, end);
        Ok(())
    }

    /// Sends a NOTIFY, the last one with a reason; one that is on its way goes first.
    fn notify(&mut self, core: &mut Core, now: Instant, end: Option<Reason>) {
        let Some(subscription) = &mut self.subscription else {
            return;
        };
        if end.is_some() {
            subscription.over = true;
            core.stop(self.id, SessionTimer::Subscription);
        }
        if subscription.sent {
            subscription.next = Some(end);
            return;
        }
        subscription.sent = true;
        let state = match end {
            Some(reason) => format!("terminated;reason={}", reason.as_str()),
            None => {
                let left = subscription.until.saturating_duration_since(now);
                format!("active;expires={}", left.as_secs())
            }
        };
        let event = match subscription.id {
            Some(id) => format!("refer;id={id}"),
            None => "refer".to_owned(),
        };
        let headers = vec![
            ("Event".to_owned(), event),
            ("Subscription-State".to_owned(), state),
        ];
        let bodies = Bodies {
            others: vec![Part {
                content_type: "message/sipfrag;version=2.0".to_owned(),
                disposition: None,
                handling: Handling::Required,
                octets: subscription.line.clone().into(),
            }],
            ..Bodies::default()
        };
        let id = self.id;
        let made = self
            .dialog()
            .map(|dialog| dialog.request(core, Method::Notify, &headers, &bodies));
        match made {
            Some(Ok((notify, flow))) => {
                core.call(now, id, Purpose::Notify, notify, flow);
            }
            _ => self.unsubscribed(core),
        }
    }

    /// Nobody listens any more: what is left of a call that is over may go.
    fn unsubscribed(&mut self, core: &mut Core) {
        core.stop(self.id, SessionTimer::Subscription);
        self.subscription = None;
        core.ended.push(self.id);
    }

    /// A NOTIFY of ours was answered, or not: a refusal ends the subscription (RFC 6665 §4.2.2).
    pub(super) fn on_notify_done(&mut self, core: &mut Core, now: Instant, status: Option<u16>) {
        let Some(subscription) = &mut self.subscription else {
            return;
        };
        subscription.sent = false;
        let taken = status.is_some_and(|status| (200..300).contains(&status));
        let next = subscription.next.take();
        match next {
            Some(end) if taken => self.notify(core, now, end),
            _ if taken && !subscription.over => {}
            _ => self.unsubscribed(core),
        }
    }

    /// The subscription ran out.
    pub(super) fn on_subscription_timer(&mut self, core: &mut Core, now: Instant) {
        self.notify(core, now, Some(Reason::Timeout));
    }

    /// SUBSCRIBE within the dialog: a refresh, or the end with Expires: 0.
    pub(super) fn on_subscribe(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
    ) {
        let tag = self.local_tag.clone();
        let mut refuse = |status: u16, headers: &Headers| {
            core.answer(now, key, request, status, Some(&tag), headers);
        };
        let event = message::value(&request.headers, &HeaderName::Event).unwrap_or_default();
        let package = event.split(';').next().unwrap_or_default().trim();
        if !package.eq_ignore_ascii_case("refer") {
            let known = vec![("Allow-Events".to_owned(), "refer".to_owned())];
            return refuse(489, &known);
        }
        let Some(subscription) = self.subscription.as_mut().filter(|s| !s.over) else {
            // RFC 3515 §2.4.4: nothing but a REFER begins one.
            return refuse(403, &Headers::new());
        };
        let asked = message::value(&request.headers, &HeaderName::Expires)
            .and_then(|value| value.trim().parse().ok())
            .map_or(LIFETIME, Duration::from_secs);
        if !asked.is_zero() && asked < SHORTEST {
            let least = SHORTEST.as_secs().to_string();
            return refuse(423, &vec![("Min-Expires".to_owned(), least)]);
        }
        let granted = asked.min(LIFETIME);
        subscription.until = now + granted;
        let headers = vec![
            ("Expires".to_owned(), granted.as_secs().to_string()),
            ("Contact".to_owned(), self.contact(core, request)),
        ];
        core.answer(now, key, request, 200, Some(&tag), &headers);
        if granted.is_zero() {
            return self.notify(core, now, Some(Reason::Timeout));
        }
        core.start(now + granted, self.id, SessionTimer::Subscription);
        self.notify(core, now, None);
    }
}

/// What a REFER asks for; `Err` is the status that refuses it (§2.4.2).
fn read(request: &Request) -> Result<Refer, u16> {
    let fields = &request.headers;
    let values = message::values(fields, &HeaderName::ReferTo);
    let [value] = values.as_slice() else {
        return Err(400);
    };
    let list = Address::parse_list(value.as_bytes(), "Refer-To").map_err(|_| 400u16)?;
    let Ok([to]) = <[Address; 1]>::try_from(list) else {
        return Err(400);
    };
    let mut target: Uri = to.uri;
    if !target.scheme().is_sip() && !matches!(target.scheme(), Scheme::Tel) {
        return Err(416);
    }
    let method = target.params().and_then(|params| params.value("method"));
    if method.is_some_and(|method| !method.eq_ignore_ascii_case(b"INVITE")) {
        return Err(501);
    }
    let mut replaces = None;
    if let Some(value) = target
        .headers()
        .and_then(|headers| headers.value("Replaces"))
    {
        let value = unescape(&message::text(value)).ok_or(400u16)?;
        replaces = Some(Replaces::parse(&value).ok_or(400u16)?);
    }
    let names: Vec<String> = target
        .headers()
        .into_iter()
        .flat_map(|headers| headers.iter())
        .map(|header| message::text(header.name()))
        .collect();
    for name in names {
        target.remove_header(&name);
    }
    target.remove_param("method");
    Ok(Refer {
        target: target.to_string(),
        replaces,
        replaces_session: None,
        referred_by: message::value(fields, &HeaderName::ReferredBy),
        subscribed: !message::value(fields, &HeaderName::ReferSub)
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("false")),
        headers: message::list(fields),
    })
}

/// The value of a header component of a URI (RFC 3261 §19.1.2); `None` where an escape is none.
fn unescape(value: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                (digit()? * 16 + digit()?) as u8
            }
            octet => octet,
        });
    }
    String::from_utf8(octets).ok()
}

//! Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760), as client and as server.
//!
//! A [`Secret`] is never printed. As server, nonces are made by us, live for [`NONCE_LIFE`] and
//! take each count once and only upwards, so that credentials that were overheard are no use.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use sipx_sip::HeaderName;
use sipx_sip::auth::{self, Algorithm, Challenge, Credentials};
use sipx_sip::message::{Headers as Fields, Request, Response};

use super::{Headers, message};

/// How long a nonce of ours may be used; afterwards the peer is told that it is stale.
pub const NONCE_LIFE: Duration = Duration::from_secs(300);
/// Nonces that one peer may have at the same time; the oldest goes first.
const MOST_NONCES: usize = 256;

/// A password that no text shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a password.
    #[must_use]
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A user and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

impl Account {
    fn credentials(&self) -> Credentials {
        Credentials::new(self.username.clone(), self.password.0.clone())
    }
}

/// A hash that we ask a peer for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub enum Hash {
    /// MD5 (RFC 7616), for peers that know nothing else.
    #[serde(rename = "MD5")]
    Md5,
    /// SHA-256 (RFC 7616).
    #[serde(rename = "SHA-256")]
    Sha256,
    /// SHA-256 with a key for the session (RFC 7616 §3.4.2).
    #[serde(rename = "SHA-256-sess")]
    Sha256Sess,
}

impl Hash {
    fn algorithm(self) -> Algorithm {
        match self {
            Self::Md5 => Algorithm::Md5,
            Self::Sha256 => Algorithm::Sha256,
            Self::Sha256Sess => Algorithm::Sha256Sess,
        }
    }
}

// --- as client ---

/// Counts the uses of the nonces of one peer.
#[derive(Debug, Default)]
pub(super) struct Answers {
    nonce: String,
    count: u32,
}

impl Answers {
    /// Answers the strongest challenge of a 401 or 407 that we understand: the header field to
    /// add. `None` without a challenge, or when `sent` answered this realm already and the
    /// nonce was not stale: the password is wrong then.
    pub(super) fn answer(
        &mut self,
        account: &Account,
        sent: &Request,
        response: &Response,
        cnonce: &str,
    ) -> Option<(HeaderName, String)> {
        let from_proxy = response.status.code() == 407;
        let name = match from_proxy {
            true => HeaderName::ProxyAuthenticate,
            false => HeaderName::WwwAuthenticate,
        };
        let challenges: Vec<Challenge> = message::values(&response.headers, &name)
            .iter()
            .filter_map(|value| Challenge::parse(value.as_bytes(), from_proxy))
            .collect();
        let challenge = auth::strongest(challenges)?;
        let field = challenge.response_header();
        let answered = message::values(&sent.headers, &field)
            .iter()
            .any(|value| parameter(value, "realm").as_deref() == Some(challenge.realm.as_str()));
        if answered && !challenge.stale {
            return None;
        }
        if self.nonce != challenge.nonce {
            self.nonce.clone_from(&challenge.nonce);
            self.count = 0;
        }
        self.count += 1;
        let value = auth::respond(
            &challenge,
            &account.credentials(),
            &sent.method.to_string(),
            &sent.uri.to_string(),
            self.count,
            cnonce,
        );
        Some((field, value))
    }
}

// --- as server ---

/// What a peer has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// The account that it has to have.
    pub account: Account,
    /// The realm that we ask in.
    pub realm: String,
    /// Hashes that we take, the best first (RFC 8760 §2.3).
    pub hashes: Vec<Hash>,
}

#[derive(Debug)]
struct Nonce {
    value: String,
    until: Instant,
    /// The highest count seen.
    count: u32,
}

/// The nonces that one peer has of us.
#[derive(Debug, Default)]
pub(super) struct Nonces(VecDeque<Nonce>);

/// What came of a look at credentials.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They are right.
    Right,
    /// There are none, or wrong ones.
    Wrong,
    /// They are right, and their nonce is not (RFC 7616 §3.3).
    Stale,
}

impl Nonces {
    /// Looks at the credentials of a request.
    pub(super) fn judge(
        &mut self,
        now: Instant,
        protection: &Protection,
        request: &Request,
    ) -> Verdict {
        let name = HeaderName::Authorization;
        let mut verdict = Verdict::Wrong;
        for value in message::values(&request.headers, &name) {
            match self.look(now, protection, request, &value) {
                Some(Verdict::Right) => return Verdict::Right,
                Some(Verdict::Stale) => verdict = Verdict::Stale,
                _ => {}
            }
        }
        verdict
    }

    fn look(
        &mut self,
        now: Instant,
        protection: &Protection,
        request: &Request,
        value: &str,
    ) -> Option<Verdict> {
        let get = |name| parameter(value, name);
        let algorithm = Algorithm::parse(&get("algorithm").unwrap_or_else(|| "MD5".to_owned()))?;
        let taken = protection
            .hashes
            .iter()
            .any(|hash| hash.algorithm() == algorithm);
        let count = u32::from_str_radix(&get("nc")?, 16).ok()?;
        let uri = get("uri")?;
        let same = get("username")? == protection.account.username
            && get("realm")? == protection.realm
            && get("qop")?.eq_ignore_ascii_case("auth")
            && is_same_uri(&uri, request);
        if !taken || !same {
            return Some(Verdict::Wrong);
        }
        let challenge = Challenge {
            realm: protection.realm.clone(),
            nonce: get("nonce")?,
            opaque: None,
            algorithm,
            qop_auth: true,
            stale: false,
            from_proxy: false,
        };
        let expected = auth::respond(
            &challenge,
            &protection.account.credentials(),
            &request.method.to_string(),
            &uri,
            count,
            &get("cnonce")?,
        );
        if !is_equal(&parameter(&expected, "response")?, &get("response")?) {
            return Some(Verdict::Wrong);
        }
        self.0.retain(|nonce| nonce.until > now);
        let nonce = self
            .0
            .iter_mut()
            .find(|nonce| nonce.value == challenge.nonce);
        Some(match nonce {
            Some(nonce) if count > nonce.count => {
                nonce.count = count;
                Verdict::Right
            }
            _ => Verdict::Stale,
        })
    }

    /// The challenges of a 401, with a new nonce.
    pub(super) fn challenge(
        &mut self,
        now: Instant,
        protection: &Protection,
        nonce: String,
        stale: bool,
    ) -> Headers {
        let stale = if stale { ", stale=true" } else { "" };
        let fields = protection.hashes.iter().map(|hash| {
            let value = format!(
                "Digest realm=\"{}\", nonce=\"{nonce}\", algorithm={}, qop=\"auth\"{stale}",
                protection.realm,
                hash.algorithm().as_str()
            );
            ("WWW-Authenticate".to_owned(), value)
        });
        let fields = fields.collect();
        if self.0.len() >= MOST_NONCES {
            self.0.pop_front();
        }
        self.0.push_back(Nonce {
            value: nonce,
            until: now + NONCE_LIFE,
            count: 0,
        });
        fields
    }
}

/// The URI in credentials is the Request-URI (RFC 7616 §3.4.6); proxies may have changed the
/// case of its host, or its parameters.
fn is_same_uri(uri: &str, request: &Request) -> bool {
    let own = request.uri.to_string();
    let parsed = sipx_sip::Uri::parse(bytes::Bytes::copy_from_slice(uri.as_bytes()));
    own == uri || parsed.is_ok_and(|uri| uri.user() == request.uri.user())
}

/// Equal in a time that does not tell where they part.
fn is_equal(one: &str, other: &str) -> bool {
    let other = other.to_ascii_lowercase();
    let differences = one.bytes().zip(other.bytes());
    one.len() == other.len() && differences.fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// A parameter of credentials or a challenge, without its quotes.
fn parameter(value: &str, name: &str) -> Option<String> {
    let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    super::reason::split_outside_quotes(rest, ',').find_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        if !found.trim().eq_ignore_ascii_case(name) {
            return None;
        }
        let value = value.trim();
        let quoted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        Some(match quoted {
            Some(quoted) => quoted.replace("\\\"", "\"").replace("\\\\", "\\"),
            None => value.to_owned(),
        })
    })
}

/// Puts an answer in the place of one for the same header field.
pub(super) fn put(fields: &mut Fields, (name, value): (HeaderName, String)) -> Option<()> {
    fields.remove_all(&name);
    message::put(fields, name, value).ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use sipx_sip::parser::{Limits, parse_datagram};
    use sipx_sip::{Message, message::Method};

    use super::super::tests::origin;
    use super::*;

    fn request(more: &str) -> Request {
        let text = format!(
            "INVITE sip:+493055500001@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n{more}\r\n"
        );
        match parse_datagram(Bytes::from(text), &Limits::datagram()).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => panic!("a request"),
        }
    }

    fn response(status: u16, more: &str) -> Response {
        let text = format!("SIP/2.0 {status} No\r\n{more}\r\n");
        match parse_datagram(Bytes::from(text), &Limits::datagram()).unwrap() {
            Message::Response(response) => response,
            Message::Request(_) => panic!("a response"),
        }
    }

    fn protection(hashes: &[Hash]) -> Protection {
        Protection {
            account: Account {
                username: "trunk".to_owned(),
                password: Secret::new("se\"cret"),
            },
            realm: "gateway.example.net".to_owned(),
            hashes: hashes.to_vec(),
        }
    }

    /// Challenge, answer, and the request with it.
    fn authorised(
        nonces: &mut Nonces,
        answers: &mut Answers,
        protection: &Protection,
        now: Instant,
    ) -> Request {
        let challenge = nonces.challenge(now, protection, "n1".to_owned(), false);
        let rows: String = challenge
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let account = &protection.account;
        let (name, value) = answers
            .answer(account, &request(""), &response(401, &rows), "c")
            .unwrap();
        assert_eq!(name, HeaderName::Authorization);
        request(&format!("Authorization: {value}\r\n"))
    }

    #[test]
    fn what_a_client_answers_the_server_takes_once() {
        for hash in [Hash::Md5, Hash::Sha256, Hash::Sha256Sess] {
            let (mut nonces, mut answers) = (Nonces::default(), Answers::default());
            let protection = protection(&[hash]);
            let now = origin();
            assert_eq!(nonces.judge(now, &protection, &request("")), Verdict::Wrong);
            let sent = authorised(&mut nonces, &mut answers, &protection, now);
            assert_eq!(nonces.judge(now, &protection, &sent), Verdict::Right);
            // Overheard and sent again: the count has been used.
            assert_eq!(nonces.judge(now, &protection, &sent), Verdict::Stale);
        }
    }

    #[test]
    fn a_nonce_grows_old() {
        let (mut nonces, mut answers) = (Nonces::default(), Answers::default());
        let protection = protection(&[Hash::Sha256]);
        let now = origin();
        let sent = authorised(&mut nonces, &mut answers, &protection, now);
        let later = now + NONCE_LIFE;
        assert_eq!(nonces.judge(later, &protection, &sent), Verdict::Stale);
    }

    #[test]
    fn a_wrong_password_method_or_nonce_is_refused() {
        let (mut nonces, mut answers) = (Nonces::default(), Answers::default());
        let protection = protection(&[Hash::Sha256, Hash::Md5]);
        let now = origin();
        let mut sent = authorised(&mut nonces, &mut answers, &protection, now);
        let mut other = protection.clone();
        other.account.password = Secret::new("guess");
        assert_eq!(nonces.judge(now, &other, &sent), Verdict::Wrong);
        sent.method = Method::Bye;
        assert_eq!(nonces.judge(now, &protection, &sent), Verdict::Wrong);
        let fresh = &mut Nonces::default();
        sent.method = Method::Invite;
        assert_eq!(fresh.judge(now, &protection, &sent), Verdict::Stale);
        // A hash that was not asked for.
        let strong = Protection {
            hashes: vec![Hash::Sha256Sess],
            ..protection
        };
        assert_eq!(nonces.judge(now, &strong, &sent), Verdict::Wrong);
    }

    #[test]
    fn the_strongest_hash_is_answered_and_a_wrong_password_not_twice() {
        let rows = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=MD5\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=UNKNOWN\r\n";
        let mut answers = Answers::default();
        let account = protection(&[]).account;
        let refused = response(401, rows);
        let (_, value) = answers
            .answer(&account, &request(""), &refused, "c")
            .unwrap();
        assert!(value.contains("algorithm=SHA-256") && value.contains("nc=00000001"));
        let sent = request(&format!("Authorization: {value}\r\n"));
        assert_eq!(answers.answer(&account, &sent, &refused, "c"), None);
        let stale = response(401, &rows.replace("qop=", "stale=true, qop="));
        let (_, value) = answers.answer(&account, &sent, &stale, "c").unwrap();
        assert!(value.contains("nc=00000002"), "the same nonce, used again");
        let proxy = response(407, &rows.replace("WWW-", "Proxy-"));
        let (name, _) = answers.answer(&account, &sent, &proxy, "c").unwrap();
        assert_eq!(name, HeaderName::ProxyAuthorization);
    }

    /// RFC 7616 §3.9.1, whose figures are those of the algorithms beneath.
    #[test]
    fn the_example_of_the_rfc() {
        let account = Account {
            username: "Mufasa".to_owned(),
            password: Secret::new("Circle of Life"),
        };
        let challenge = Challenge {
            realm: "http-auth@example.org".to_owned(),
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".to_owned(),
            opaque: None,
            algorithm: Algorithm::Sha256,
            qop_auth: true,
            stale: false,
            from_proxy: false,
        };
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let credentials = account.credentials();
        let value = auth::respond(
            &challenge,
            &credentials,
            "GET",
            "/dir/index.html",
            1,
            cnonce,
        );
        assert_eq!(
            parameter(&value, "response").unwrap(),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = format!("{:?}", protection(&[Hash::Md5]));
        assert!(!shown.contains("cret\""), "{shown}");
    }
}

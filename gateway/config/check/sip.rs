//! SIP, RTP and SIP trunks.

use std::collections::BTreeMap;
use std::time::Duration;

use humantime::format_duration;
use isup::circuit::TimerError;

use super::{country_code, tones, unique};
use crate::config::place::Place;
use crate::config::read::Complaints;
use crate::config::{Config, SipTrunk, Srtp, TrunkGroup, TrunkTls};
use crate::interwork::encapsulation;
use crate::sip::Transport;
use crate::sip::location::Target;
use crate::trunk_group::{self, WrongTimer};

pub(super) fn check(config: &Config, complaints: &mut Complaints) {
    let sip = Place::root().key("sip");
    if config.sip.t1.is_zero() || config.sip.t1 > config.sip.t2 {
        complaints.add(
            sip.key("t1"),
            format!("T1 of {:?} with T2 of {:?}", config.sip.t1, config.sip.t2),
            "more than 0 and no more than T2 (RFC 3261 section 17.1.2.2)",
        );
    }
    listeners(config, complaints);
    rtp(config, complaints);
    unique(
        "sip_trunk",
        "name",
        config.sip_trunks.iter().map(|t| t.name.as_str()),
        complaints,
    );
    for (index, trunk) in config.sip_trunks.iter().enumerate() {
        let place = Place::root().key("sip_trunk").index(index);
        if trunk.codecs.is_empty() {
            complaints.add(
                place.key("codecs"),
                format!("SIP trunk `{}` has no codec", trunk.name),
                "at least one of \"pcma\", \"pcmu\", \"clearmode\"",
            );
        }
        let least = Duration::from_secs(90);
        if let Some(interval) = trunk.session_expires.filter(|interval| *interval < least) {
            complaints.add(
                place.key("session_expires"),
                format!("a session interval of {}", format_duration(interval)),
                "90s or more (RFC 4028 section 5)",
            );
        }
        if trunk.redundancy > 2 {
            complaints.add(
                place.key("redundancy"),
                format!("{} repeated packets in each", trunk.redundancy),
                "0, 1 or 2",
            );
        }
        transport(&place, config, trunk, complaints);
        isup_version(&place, trunk, complaints);
    }
    for (index, group) in config.trunk_groups.iter().enumerate() {
        let place = Place::root().key("trunk_group").index(index);
        timers(&place.key("timers"), group, complaints);
        let ansi = |linkset: &crate::config::Linkset| {
            linkset.name == group.linkset && linkset.standard == crate::config::Standard::Ansi
        };
        if group.overlap != crate::config::Overlap::Off && config.linksets.iter().any(ansi) {
            complaints.add(
                place.key("overlap"),
                format!(
                    "overlap signalling on trunk group `{}` of an ANSI network",
                    group.name
                ),
                "\"off\": T1.113 has no subsequent address message",
            );
        }
        tones(place.key("tones"), &group.tones, complaints);
        country_code(place.key("country_code"), &group.country_code, complaints);
        let area_code = group.area_code.as_deref().unwrap_or("1");
        if area_code.is_empty() || !area_code.bytes().all(|digit| digit.is_ascii_digit()) {
            complaints.add(
                place.key("area_code"),
                "no area code",
                "digits without the national prefix, as \"30\"",
            );
        }
    }
}

/// Addresses that can stand in Via and Contact, each once, and a certificate for TLS.
fn listeners(config: &Config, complaints: &mut Complaints) {
    let sip = Place::root().key("sip");
    let listeners = config.sip.listen.listeners();
    for (index, listener) in listeners.iter().enumerate() {
        if listener.address.ip().is_unspecified() {
            complaints.add(
                sip.key("listen"),
                format!("SIP at {}, which no peer could answer to", listener.address),
                "an address of this machine: it stands in Via and Contact",
            );
        }
        if listeners.iter().take(index).any(|other| other == listener) {
            complaints.add(
                sip.key("listen"),
                format!("{listener} twice"),
                "each address once for each transport",
            );
        }
    }
    if config.sip.tls.is_none() && config.sip.listen.has(Transport::Tls, None) {
        complaints.add(
            sip.key("listen"),
            "SIP over TLS without a certificate",
            "a table [sip.tls] with `certificate`, `key` and `authorities`",
        );
    }
    if config.sip.idle < Duration::from_secs(32) {
        complaints.add(
            sip.key("idle"),
            format!(
                "connections that live for {}",
                format_duration(config.sip.idle)
            ),
            "32s or more, as long as a transaction (RFC 3261 section 17.1.1.2)",
        );
    }
}

/// What goes out by a transport is answered by it: there has to be a listener.
fn transport(place: &Place, config: &Config, trunk: &SipTrunk, complaints: &mut Complaints) {
    let listen = &config.sip.listen;
    let (spoken, what) = match (&trunk.address, trunk.transport) {
        (Target::Address(address), transport) => {
            let transport = transport.unwrap_or(Transport::Udp);
            let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
            let what = format!("\"{transport}:\" with an {family} address");
            (listen.has(transport, Some(*address)), what)
        }
        (Target::Name { .. }, Some(transport)) => {
            (listen.has(transport, None), format!("\"{transport}:\""))
        }
        (Target::Name { .. }, None) => (true, String::new()),
    };
    if !spoken {
        let complaint = complaints.add(
            place.key("transport"),
            format!(
                "nothing is heard by the transport of SIP trunk `{}`",
                trunk.name
            ),
            format!("a transport of `listen` in [sip], or {what} there"),
        );
        let listen = Place::root().key("sip").key("listen");
        complaint.others.push((listen, "what is heard".to_owned()));
    }
    if trunk.transport != Some(Transport::Tls) && trunk.tls != TrunkTls::default() {
        complaints.add(
            place.key("tls"),
            format!(
                "SIP trunk `{}` verifies certificates and does not use TLS",
                trunk.name
            ),
            "`transport = \"tls\"`, or no `tls`",
        );
    }
    if trunk.tcp_above.is_some() && !listen.has(Transport::Tcp, None) {
        complaints.add(
            place.key("tcp_above"),
            format!(
                "SIP trunk `{}` may go by TCP, and nothing is heard by it",
                trunk.name
            ),
            "a \"tcp:\" address in `listen` of [sip], or no `tcp_above`",
        );
    }
    if let Some(interval) = trunk
        .options
        .filter(|interval| *interval < Duration::from_secs(1))
    {
        complaints.add(
            place.key("options"),
            format!("OPTIONS every {}", format_duration(interval)),
            "1s or more",
        );
    }
    for (key, limit) in [
        ("most_calls", trunk.most_calls),
        ("calls_per_second", trunk.calls_per_second),
    ] {
        if limit == Some(0) {
            complaints.add(place.key(key), "a trunk without a call", "1 or more");
        }
    }
    srtp(place, trunk, complaints);
    authentication(place, trunk, complaints);
}

/// Keys go where nobody else reads them, for suites that are there once.
fn srtp(place: &Place, trunk: &SipTrunk, complaints: &mut Complaints) {
    let is_tls = trunk.transport == Some(Transport::Tls);
    if trunk.srtp != Srtp::Off && !is_tls && !trunk.srtp_keys_in_clear {
        complaints.add(
            place.key("srtp"),
            format!("keys of SRTP for `{}` without TLS", trunk.name),
            "`transport = \"tls\"`; or `srtp_keys_in_clear = true` where whoever reads the SIP may hear the calls",
        );
    }
    let suites = &trunk.srtp_suites;
    let mut places = suites.iter().enumerate();
    let twice = places.any(|(index, suite)| suites.iter().take(index).any(|other| other == suite));
    if suites.is_empty() || twice {
        complaints.add(
            place.key("srtp_suites"),
            if twice { "a suite twice" } else { "no suite" },
            "at least one of \"AES_CM_128_HMAC_SHA1_80\", \"AES_256_CM_HMAC_SHA1_80\", \"AES_CM_128_HMAC_SHA1_32\", \"AES_256_CM_HMAC_SHA1_32\", each once",
        );
    }
}

/// Challenges that can be answered, and registrations that can be written.
fn authentication(place: &Place, trunk: &SipTrunk, complaints: &mut Complaints) {
    if let Some(asked) = &trunk.authenticate {
        let place = place.key("authenticate");
        if asked.algorithms.is_empty() {
            complaints.add(
                place.key("algorithms"),
                "a challenge without a hash",
                "at least one of \"MD5\", \"SHA-256\", \"SHA-256-sess\"",
            );
        }
        let is_plain = |text: &str| !text.is_empty() && !text.contains(['"', '\\', '\r', '\n']);
        if !is_plain(&asked.realm) {
            complaints.add(place.key("realm"), "no realm", "text without quotes");
        }
    }
    let Some(register) = &trunk.register else {
        return;
    };
    let place = place.key("register");
    let marks = b"-_.!~*'()&=+$,;?/";
    let is_user = |octet: u8| octet.is_ascii_alphanumeric() || marks.contains(&octet);
    if register.user.is_empty() || !register.user.bytes().all(is_user) {
        complaints.add(
            place.key("user"),
            "no user part of a SIP URI",
            "letters, figures and marks, as \"+493055500\" or \"gateway\"",
        );
    }
    let day = Duration::from_secs(86_400);
    if !(Duration::from_secs(30)..=day).contains(&register.expires) {
        complaints.add(
            place.key("expires"),
            format!("a registration for {}", format_duration(register.expires)),
            "30s to 1day",
        );
    }
}

/// Version and base are tokens, and one of them says which variant reads the body.
fn isup_version(place: &Place, trunk: &SipTrunk, complaints: &mut Complaints) {
    let is_token = |text: &str| {
        let of_token = |octet: u8| octet.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&octet);
        !text.is_empty() && text.bytes().all(of_token)
    };
    let base = trunk.isup_base.as_deref();
    for (key, text) in [
        ("isup_version", Some(trunk.isup_version.as_str())),
        ("isup_base", base),
    ] {
        if text.is_some_and(|text| !is_token(text)) {
            complaints.add(
                place.key(key),
                "no ISUP version",
                "a token (RFC 3204 section 3.1), as \"itu-t92+\" or \"ansi00\"",
            );
            return;
        }
    }
    if encapsulation::variant(&trunk.isup_version, base).is_none() {
        complaints.add(
            place.key("isup_version"),
            format!(
                "ISUP version `{}` says nothing of its variant",
                trunk.isup_version
            ),
            "a version of RFC 3204 Table 1, as \"itu-t92+\" or \"ansi00\", or `isup_base` with one",
        );
    }
}

fn timers(place: &Place, group: &TrunkGroup, complaints: &mut Complaints) {
    for (name, duration) in &group.timers {
        let alone = BTreeMap::from([(name.clone(), *duration)]);
        let expected = match trunk_group::timers(&alone) {
            Ok(_) => continue,
            Err(WrongTimer::Value(TimerError::Range {
                least, most, timer, ..
            })) => {
                let (least, most) = (format_duration(least), format_duration(most));
                format!("{least} to {most} (Q.764 {})", timer.clause())
            }
            Err(WrongTimer::Value(TimerError::Unused { why, .. })) => {
                format!("no value: {why}")
            }
            Err(WrongTimer::Value(error)) => error.to_string(),
            Err(WrongTimer::Name(_)) => {
                complaints.add(
                    place.clone(),
                    format!("there is no ISUP timer `{name}`"),
                    "timers of Q.764 Annex A by their number, t1 to t39",
                );
                continue;
            }
        };
        let length = duration.map_or("off".to_owned(), |d| format_duration(d).to_string());
        let message = format!("ISUP timer `{name}` of {length}");
        complaints.add(place.key(name), message, expected);
    }
}

fn rtp(config: &Config, complaints: &mut Complaints) {
    let rtp = &config.rtp;
    let place = Place::root().key("rtp");
    let ptime = rtp.ptime.as_micros();
    if !(10_000..=60_000).contains(&ptime) || !ptime.is_multiple_of(10_000) {
        complaints.add(
            place.key("ptime"),
            format!("packets of {:?}", rtp.ptime),
            "10ms, 20ms, 30ms, 40ms, 50ms or 60ms",
        );
    }
    if rtp.jitter_min > rtp.jitter_max {
        let complaint = complaints.add(
            place.key("jitter_min"),
            format!(
                "jitter buffer of at least {:?}, at most {:?}",
                rtp.jitter_min, rtp.jitter_max
            ),
            "no more than `jitter_max`",
        );
        complaint
            .others
            .push((place.key("jitter_max"), "the greatest delay".to_owned()));
    }
    if rtp.jitter_max > Duration::from_secs(2) {
        complaints.add(
            place.key("jitter_max"),
            format!("jitter buffer of up to {:?}", rtp.jitter_max),
            "2s or less",
        );
    }
    if rtp.jitter_data > Duration::from_millis(300) {
        complaints.add(
            place.key("jitter_data"),
            format!("buffer of {:?} for data", rtp.jitter_data),
            "300ms or less",
        );
    }
    let pairs = rtp.ports.pairs();
    let spans = config.spans.len().max(1);
    let mut circuits: BTreeMap<&str, usize> = BTreeMap::new();
    for group in &config.trunk_groups {
        *circuits.entry(&group.span).or_default() += group.timeslots.len();
    }
    let most = circuits.into_values().max().unwrap_or_default();
    if pairs / spans < most {
        let (shared, each) = match spans {
            1 => (String::new(), ""),
            spans => (
                format!(" shared by {spans} spans"),
                ", as many for each span",
            ),
        };
        let ports = 2 * most * spans;
        complaints.add(
            place.key("ports"),
            format!("{pairs} RTP ports{shared} for {most} circuits on a span"),
            format!("at least {ports} ports: an even one and the next for each circuit{each}"),
        );
    }
}

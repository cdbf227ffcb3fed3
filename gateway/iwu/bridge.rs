//! Media commands: what a call asks of its bridge, and what the bridge tells.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use isup::CircuitId;
use media_bridge::echo::{Control, NlmsConfig};
use media_bridge::event::Sounds;
use media_bridge::level::Dbm0;
use media_bridge::srtp;
use media_bridge::tone::Generator;
use media_bridge::{
    BridgeId, Command, DigitTones, DtmfDetection, JitterConfig, OneWay, Path, Redundancy, Rtcp,
    Rtp, RtpPort, Side, comfort, modem,
};
use tdm::{Law, SpanId, Timeslot};

use super::{Iwu, MediaEvent, Output};
use crate::call::{Bridge, CallId, Event, Tone};
use crate::config::{Codec, Config, Driver, Dtmf, Echo, SipTrunk, TrunkGroup};
use crate::sip;
use crate::sip::sdp::crypto::{Protection, Srtp};
use crate::sip::sdp::{self, Capabilities, MediaPlan};

/// A bridge that was opened and has not said that it is closed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) call: CallId,
    pub(super) span: SpanId,
    pub(super) timeslot: Timeslot,
    /// The span whose RTP ports it uses.
    ports: SpanId,
    pub(super) port: RtpPort,
    /// The gateway's RTP stream: identity and where it starts (RFC 3550 §5.1).
    stream: Stream,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
}

/// Payload type that redundant packets are offered with.
const REDUNDANCY: u8 = 121;

/// Delay that a jitter buffer starts with, within the configured bounds.
const INITIAL_JITTER: Duration = Duration::from_millis(40);

impl Iwu {
    /// Opens a held bridge on a circuit's timeslot; none when every RTP port of its span is taken.
    pub(super) fn open_bridge(
        &mut self,
        now: Instant,
        call: CallId,
        circuit: CircuitId,
    ) -> Option<BridgeId> {
        let place = *self.points.circuits.get(&circuit)?;
        let law = self.config.trunk_groups.get(place.group)?.law;
        self.end_treatment_on(now, place.span, place.timeslot);
        let at = (place.span, place.timeslot);
        self.open_on(now, call, at, place.span, law)
    }

    /// Opens a held bridge on a timeslot, with an RTP port of a span of the same media thread.
    pub(super) fn open_on(
        &mut self,
        now: Instant,
        call: CallId,
        (span, timeslot): (SpanId, Timeslot),
        ports: SpanId,
        law: Law,
    ) -> Option<BridgeId> {
        let port = self.ports.get_mut(usize::from(ports.0))?.take()?;
        let bridge = BridgeId(self.next_bridge);
        self.next_bridge += 1;
        let random = self.chance.draw();
        let stream = Stream {
            ssrc: random as u32,
            sequence: (random >> 32) as u16,
            timestamp: (self.chance.draw()) as u32,
        };
        self.bridges.insert(
            bridge,
            Open {
                call,
                span,
                timeslot,
                ports,
                port,
                stream,
            },
        );
        self.bridged.insert((span, timeslot, bridge));
        let open = media_bridge::Open::new(bridge, span, timeslot, law, Path::CLOSED);
        self.command(span, Command::Open(Box::new(open)));
        let text = match span == ports {
            true => format!("bridge opened on {timeslot}"),
            false => "bridge opened without a circuit".to_owned(),
        };
        self.trace_media(now, call, text);
        Some(bridge)
    }

    /// A circuit that is taken again: whoever still hears an announcement by its bridge has heard
    /// enough.
    fn end_treatment_on(&mut self, now: Instant, span: SpanId, timeslot: Timeslot) {
        let first = (span, timeslot, BridgeId(0));
        let last = (span, timeslot, BridgeId(u32::MAX));
        if let Some((.., bridge)) = self.bridged.range(first..=last).next()
            && let Some(open) = self.bridges.get(bridge)
        {
            self.step(now, open.call, Event::Announced);
        }
    }

    /// Closes a bridge; its statistics come back by [`MediaEvent::Closed`].
    pub(super) fn close_bridge(&mut self, bridge: BridgeId) {
        if let Some(open) = self.bridges.get(&bridge) {
            self.command(open.span, Command::Close { bridge });
        }
    }

    /// What we say of our media for a call whose bridge is open.
    pub(super) fn capabilities(
        &mut self,
        bridge: BridgeId,
        trunk: &SipTrunk,
    ) -> Option<Capabilities> {
        let srtp = self.srtp(trunk);
        let open = self.bridges.get(&bridge)?;
        let plan = self.ports.get(usize::from(open.ports.0))?.plan;
        let address = SocketAddr::new(self.config.rtp.address, plan.udp(open.port));
        let codecs = trunk.codecs.iter().copied().map(codec).collect();
        let mut local = Capabilities::new(address, codecs, u64::from(open.stream.ssrc));
        local.ptime = self.config.rtp.ptime;
        local.comfort_noise = trunk.comfort_noise;
        local.redundancy = (trunk.redundancy > 0).then_some(REDUNDANCY);
        if self.config.rtp.dtmf == Dtmf::Inband {
            local.telephone_event = None;
        }
        Some(local.with_srtp(srtp))
    }

    /// How media of a trunk are protected, with a secret of their own: no two peers have keys of
    /// one call.
    fn srtp(&mut self, trunk: &SipTrunk) -> Option<Srtp> {
        let secret = self.secret.derive("call", self.next_secret + 1);
        let protection = trunk.protection(secret)?;
        self.next_secret += 1;
        Some(protection)
    }

    /// Does what a call asks of its bridge.
    pub(super) fn bridge(&mut self, now: Instant, call: CallId, request: Bridge) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        let Some(bridge) = leg.bridge else { return };
        let Some(span) = self.bridges.get(&bridge).map(|open| open.span) else {
            return;
        };
        match request {
            Bridge::Path {
                to_rtp,
                to_timeslot,
            } => {
                if let Some(leg) = self.legs.get_mut(&call) {
                    leg.path = Path {
                        to_rtp,
                        to_timeslot,
                    };
                }
                self.through_connect(call);
                let way = match (to_rtp, to_timeslot) {
                    (true, true) => "path through both ways",
                    (true, false) => "path through to RTP",
                    (false, true) => "path through to the timeslot",
                    (false, false) => "path held",
                };
                self.trace_media(now, call, way.to_owned());
            }
            Bridge::Tone(tone) => {
                let text = match tone {
                    Some(tone) => format!("{tone} to the timeslot"),
                    None => "tone ends".to_owned(),
                };
                let tones = self.tones.get(leg.group);
                let tone = tone.zip(tones).map(|(tone, tones)| match tone {
                    Tone::Ringback => tones.ringback(),
                    Tone::Busy => tones.busy(),
                    Tone::Congestion => tones.congestion(),
                });
                // The bridge plays it by the law of the timeslot.
                let tone = tone.map(|program| Box::new(Generator::new(program, Law::ALaw)));
                self.command(
                    span,
                    Command::Tone {
                        bridge,
                        towards: Side::Timeslot,
                        tone,
                    },
                );
                self.trace_media(now, call, text);
            }
            Bridge::Announce { towards, name } => {
                let mut announcements = self.config.announcements.iter();
                let program = announcements
                    .find(|announcement| announcement.name == name)
                    .and_then(|announcement| announcement.program.clone());
                let tone = program.map(|program| Box::new(Generator::new(program, Law::ALaw)));
                self.command(
                    span,
                    Command::Tone {
                        bridge,
                        towards,
                        tone,
                    },
                );
                let side = match towards {
                    Side::Timeslot => "the timeslot",
                    Side::Rtp => "RTP",
                };
                self.trace_media(now, call, format!("announcement {name} to {side}"));
            }
            Bridge::Concluded(answer) => self.concluded(now, call, &answer),
            Bridge::Remote(description) => self.remote(now, call, &description),
            Bridge::Agreed(plan) => self.agree_on(now, call, *plan),
        }
    }

    /// The peer's SDP: an answer to our offer, or a new offer that the endpoint has answered
    /// with what we said before.
    fn remote(&mut self, now: Instant, call: CallId, description: &[u8]) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        let Some((local, _)) = &leg.local else { return };
        let understood = match leg.plan {
            // The first word of the peer answers our offer; every later one is an offer.
            None => sdp::conclude(local, description),
            Some(_) => sdp::negotiate(local, description).map(|answer| answer.plan),
        };
        match understood {
            Ok(plan) => self.agree_on(now, call, plan),
            Err(refusal) => self.trace_media(now, call, refusal.to_string()),
        }
    }

    /// The peer's answer to an offer of ours within the call.
    fn concluded(&mut self, now: Instant, call: CallId, answer: &[u8]) {
        let local = self.legs.get(&call).and_then(|leg| leg.local.as_ref());
        let Some((local, _)) = local else { return };
        match sdp::conclude(local, answer) {
            Ok(plan) => self.agree_on(now, call, plan),
            Err(refusal) => self.trace_media(now, call, refusal.to_string()),
        }
    }

    /// Offers the peer held media, or as before (RFC 3264 §8.4).
    pub(super) fn offer(&mut self, now: Instant, call: CallId, held: bool) {
        let Some(leg) = self.legs.get_mut(&call) else {
            return;
        };
        let (Some(session), Some((local, octets))) = (leg.session, &mut leg.local) else {
            return;
        };
        let before = (local.clone(), octets.clone());
        // The keys stay (RFC 4568 §7.1.4), and so does a stream that went without.
        match leg.plan.and_then(|plan| plan.protection) {
            Some(protection) => local.keys = vec![protection.ours],
            None if leg.plan.is_some() => local.srtp = None,
            None => local.keys = local.lines(),
        }
        local.profile = leg.plan.map_or(local.profile, |plan| plan.profile);
        local.version += 1;
        local.direction = match held {
            true => sdp::Direction::Inactive,
            false => sdp::Direction::SendRecv,
        };
        // What was agreed on stands: only the direction changes.
        if let Some(plan) = leg.plan {
            local.codecs = vec![plan.codec];
        }
        *octets = sdp::offer(local);
        let bodies = sip::Bodies {
            sdp: Some(octets.clone()),
            ..sip::Bodies::default()
        };
        let headers = Vec::new();
        if !self.ask_sip(
            now,
            call,
            session,
            sip::Request::Reinvite { bodies, headers },
        ) {
            if let Some(leg) = self.legs.get_mut(&call) {
                leg.local = Some(before);
            }
            // As if the peer had refused it.
            let refused = sip::Indication::Renegotiated {
                status: 491,
                bodies: sip::Bodies::default(),
            };
            self.step(now, call, Event::Sip(refused));
        }
    }

    /// Points the bridge at what was agreed on.
    pub(super) fn agree_on(&mut self, now: Instant, call: CallId, plan: MediaPlan) {
        let Some(leg) = self.legs.get_mut(&call) else {
            return;
        };
        if leg.plan == Some(plan) {
            return;
        }
        leg.plan = Some(plan);
        let Some(bridge) = leg.bridge else { return };
        let Some(open) = self.bridges.get(&bridge).copied() else {
            return;
        };
        let payload = match plan.codec {
            sdp::Codec::Pcma => media_bridge::Codec::Pcma,
            sdp::Codec::Pcmu => media_bridge::Codec::Pcmu,
            sdp::Codec::Clearmode => media_bridge::Codec::Clearmode,
        };
        let config = &self.config.rtp;
        let mut rtp = Rtp::new(open.port, plan.remote, payload, open.stream.ssrc);
        // The other end of a junction is a bridge of ours.
        rtp.only_remote = leg.inner.is_some();
        rtp.payload_type = plan.payload_type;
        rtp.telephone_event = plan.telephone_event;
        rtp.ptime = plan.ptime;
        rtp.first_sequence = open.stream.sequence;
        if let Some(protection) = plan.protection {
            // RFC 4568 §6.4: so that losses at the beginning cannot hide a wrap.
            rtp.first_sequence &= 0x7FFF;
            let Protection {
                ours,
                peers,
                lifetime,
                mki,
            } = protection;
            rtp.srtp = Some(Box::new(srtp::Srtp::new(&ours.key, &peers, lifetime, mki)));
        }
        leg.record.srtp = (plan.protection).map(|protection| protection.peers.suite().to_string());
        rtp.first_timestamp = open.stream.timestamp;
        // Who holds the call may send nothing (RFC 3264 §8.4): that is no fault.
        rtp.timeout = (leg.trunk(&self.config))
            .and_then(|trunk| trunk.rtp_timeout)
            .filter(|_| plan.direction == sdp::Direction::SendRecv);
        rtp.data_depth = config.jitter_data;
        rtp.rtcp = config.rtcp.then_some(Rtcp {
            remote: plan.rtcp,
            mux: plan.rtcp_mux,
        });
        let trunk = leg.trunk(&self.config);
        rtp.redundancy = plan.redundancy.map(|payload_type| {
            Redundancy::new(payload_type, trunk.map_or(0, |trunk| trunk.redundancy))
        });
        let law = payload.law().unwrap_or(Law::ALaw);
        let gate = plan.comfort_noise.then(|| comfort::Gate::new(law));
        rtp.comfort_noise = gate.map(Box::new);
        if let Some(group) = self.config.trunk_groups.get(leg.group) {
            if plan.telephone_event.is_some() || plan.tone.is_some() {
                rtp.tones = Some(Box::new(Sounds::new(group.law, plan.tone)));
            }
            rtp.digits = DigitTones {
                level: group.dtmf_level.map(|level| Dbm0(level.into())),
                least: group.dtmf_length,
                pause: group.dtmf_pause,
            };
            if payload != media_bridge::Codec::Clearmode {
                rtp.echo = canceller(group, &self.config);
            }
        }
        if payload == media_bridge::Codec::Clearmode {
            rtp.jitter = JitterConfig::Fixed {
                depth: config.jitter_data,
            };
        } else {
            if config.modems
                && let Some(group) = self.config.trunk_groups.get(leg.group)
            {
                rtp.modems = Some(Box::new(modem::Pair::new(group.law)));
            }
        }
        if payload != media_bridge::Codec::Clearmode {
            rtp.jitter = JitterConfig::Adaptive {
                initial: INITIAL_JITTER.clamp(config.jitter_min, config.jitter_max),
                min: config.jitter_min,
                max: config.jitter_max,
            };
            rtp.dtmf = match plan.telephone_event {
                Some(_) => DtmfDetection::Suppress,
                None => DtmfDetection::Off,
            };
        }
        self.command(
            open.span,
            Command::Rtp {
                bridge,
                rtp: rtp.boxed(),
            },
        );
        let how = match &plan.protection {
            Some(protection) => format!("SRTP ({})", protection.peers.suite()),
            None => "RTP".to_owned(),
        };
        let text = format!("{how} {} to {}", plan.codec.name(), plan.remote);
        self.trace_media(now, call, text);
        self.through_connect(call);
    }

    /// Sets the path: what the call asks for, less what the peer does not want to hear or will
    /// not send (RFC 3264 §8.4).
    fn through_connect(&mut self, call: CallId) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        let Some((bridge, open)) = leg
            .bridge
            .and_then(|bridge| Some((bridge, *self.bridges.get(&bridge)?)))
        else {
            return;
        };
        let direction = leg
            .plan
            .map_or(sdp::Direction::SendRecv, |plan| plan.direction);
        let path = Path {
            to_rtp: leg.path.to_rtp && direction.sends(),
            to_timeslot: leg.path.to_timeslot && direction.receives(),
        };
        self.command(open.span, Command::Path { bridge, path });
    }

    /// Something from the media bridge.
    pub(super) fn media(&mut self, now: Instant, event: MediaEvent) {
        let open = |bridge: &BridgeId| self.bridges.get(bridge).copied();
        match event {
            MediaEvent::Digit {
                bridge,
                from,
                digit,
                duration,
            } => {
                if let Some(open) = open(&bridge) {
                    let from = match from {
                        Side::Timeslot => "tone on the timeslot",
                        Side::Rtp => "telephone-event",
                    };
                    let text = format!("digit {digit} {} ms, {from}", duration.as_millis());
                    self.trace_media(now, open.call, text);
                }
            }
            MediaEvent::FirstPacket { bridge } => {
                if let Some(open) = open(&bridge) {
                    self.trace_media(now, open.call, "first RTP packet".to_owned());
                    let current = self.legs.get(&open.call).and_then(|leg| leg.bridge);
                    if current == Some(bridge) {
                        self.media_of_target(now, open.call);
                        self.step(now, open.call, Event::MediaCame);
                    }
                }
            }
            MediaEvent::RtpTimeout { bridge } => {
                if let Some(open) = open(&bridge) {
                    let text = "no RTP from the peer for the trunk's time: the call ends";
                    self.trace_media(now, open.call, text.to_owned());
                    self.step(now, open.call, Event::Shutdown);
                }
            }
            MediaEvent::ToneEnded { bridge } => {
                if let Some(open) = open(&bridge) {
                    self.trace_media(now, open.call, "announcement ends".to_owned());
                    self.step(now, open.call, Event::Announced);
                }
            }
            MediaEvent::OneWay { bridge, fault, on } => {
                if let Some(open) = open(&bridge) {
                    let fault = match fault {
                        OneWay::NothingFromRtp => "no RTP from the peer",
                        OneWay::NothingFromTimeslot => "the timeslot is silent",
                        OneWay::PeerHearsNothing => "the peer receives nothing, by its reports",
                    };
                    let text = match on {
                        true => format!("one-way audio: {fault}"),
                        false => format!("both ways again, no longer: {fault}"),
                    };
                    self.trace_media(now, open.call, text);
                }
            }
            MediaEvent::Modem {
                bridge,
                from,
                signal,
            } => {
                if let Some(open) = open(&bridge) {
                    let from = match from {
                        Side::Timeslot => "on the timeslot",
                        Side::Rtp => "from RTP",
                    };
                    let data = match signal.means_data() {
                        true => ": data from here on",
                        false => "",
                    };
                    let text = format!("{signal:?} heard {from}{data}");
                    self.trace_media(now, open.call, text);
                }
            }
            MediaEvent::Refused { bridge, why } => {
                if let Some(open) = open(&bridge) {
                    self.trace_media(now, open.call, format!("bridge: {why}"));
                }
            }
            MediaEvent::Continuity {
                span,
                timeslot,
                heard,
            } => self.checked(now, span, timeslot, heard),
            MediaEvent::Closed { bridge, statistics } => {
                if let Some(open) = self.bridges.remove(&bridge) {
                    self.bridged.remove(&(open.span, open.timeslot, bridge));
                    if let Some(pool) = self.ports.get_mut(usize::from(open.ports.0)) {
                        pool.give_back(open.port);
                    }
                    self.statistics(open.call, bridge, *statistics);
                }
            }
        }
    }

    pub(super) fn command(&mut self, span: SpanId, command: Command) {
        self.outputs.push_back(Output::Media(span, command));
    }
}

/// The echo canceller for calls of a trunk group, where it asks for one and the driver of its span has
/// none.
fn canceller(group: &TrunkGroup, config: &Config) -> Option<Box<Control>> {
    let mut spans = config.spans.iter();
    let span = spans.find(|span| span.name == group.span)?;
    let drivers = matches!(&span.driver, Driver::Dahdi(dahdi) if dahdi.echo_canceller.is_some());
    if group.echo == Echo::Off || drivers {
        return None;
    }
    let cancels = NlmsConfig {
        tail_ms: u32::try_from(group.echo_tail.as_millis()).unwrap_or(u32::MAX),
        ..NlmsConfig::default()
    };
    // Without detectors of modems, it listens for what switches it off by itself.
    let listen = !config.rtp.modems;
    let ticks = group.echo_delay.as_millis() / tdm::TICK.as_millis();
    let delay = u8::try_from(ticks).unwrap_or(u8::MAX);
    Some(Box::new(Control::new(cancels, group.law, listen, delay)))
}

/// The configured codec as the session description's.
pub(super) fn codec(codec: Codec) -> sdp::Codec {
    match codec {
        Codec::Pcma => sdp::Codec::Pcma,
        Codec::Pcmu => sdp::Codec::Pcmu,
        Codec::Clearmode => sdp::Codec::Clearmode,
    }
}

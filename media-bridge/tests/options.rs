//! What a trunk may ask of its calls: echo control, comfort noise, the sound of digits. One shard in
//! virtual time.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media_bridge::echo::{Control, NlmsConfig};
use media_bridge::level::Dbm0;
use media_bridge::modem::Pair;
use media_bridge::noise::Noise;
use media_bridge::rtp::Header;
use media_bridge::tone::{Detector, Oscillator};
use media_bridge::voice::Voice;
use media_bridge::{
    BridgeId, Codec, Command, Digit, DigitTones, Event, JitterConfig, Open, Path, QueueRtp, Rtp,
    RtpPort, Shard, ShardConfig, Side, Spent, comfort, event, modem,
};
use tdm::{Law, SpanId, SpanTick, TICK, TICK_OCTETS, Timeslot};

const BRIDGE: BridgeId = BridgeId(1);
const SPAN: SpanId = SpanId(0);
const PORT: RtpPort = RtpPort(0);
const LAW: Law = Law::ALaw;

/// A shard with one bridge.
struct Rig {
    shard: Shard,
    rtp: QueueRtp,
    now: Instant,
    ticks: [SpanTick; 2],
    events: Vec<Event>,
    header: Header,
}

fn timeslot() -> Timeslot {
    Timeslot::new(5).unwrap()
}

fn peer() -> SocketAddr {
    "192.0.2.1:4000".parse().unwrap()
}

impl Rig {
    fn new(change: impl FnOnce(&mut Rtp)) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
        let now = Instant::now();
        let shard = Shard::new(ShardConfig {
            spans: vec![SPAN],
            ports: 1,
        });
        let idle = SpanTick::idle(LAW);
        let mut rig = Self {
            shard,
            rtp: QueueRtp::new(),
            now,
            ticks: [idle.clone(), idle],
            events: Vec::new(),
            header: Header {
                marker: true,
                payload_type: 8,
                sequence: 1,
                timestamp: 0,
                ssrc: 9,
            },
        };
        let mut rtp = Rtp::new(PORT, peer(), Codec::Pcma, 1);
        rtp.ptime = TICK;
        rtp.jitter = JitterConfig::Adaptive {
            initial: TICK,
            min: TICK,
            max: Duration::from_millis(50),
        };
        change(&mut rtp);
        let open = Open::new(BRIDGE, SPAN, timeslot(), LAW, Path::BOTH);
        rig.command(Command::Open(Box::new(open)));
        rig.command(Command::Rtp {
            bridge: BRIDGE,
            rtp: rtp.boxed(),
        });
        rig
    }

    fn command(&mut self, command: Command) {
        let events = &mut self.events;
        self.shard.command(command, &mut |event| events.push(event));
    }

    /// One tick of 10 ms: what came from the network and from the line; what went to the line, and
    /// the packets that went out.
    fn tick(&mut self, far: &[i16], near: &[i16]) -> ([i16; TICK_OCTETS], Vec<(Header, Vec<u8>)>) {
        let mut packet = self.header.to_octets().to_vec();
        packet.extend(far.iter().map(|sample| LAW.encode(*sample)));
        self.rtp.push(PORT, peer(), packet);
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(80);
        self.header.marker = false;
        let [rx, tx] = &mut self.ticks;
        for (octet, sample) in rx.timeslot_mut(timeslot()).iter_mut().zip(near) {
            *octet = LAW.encode(*sample);
        }
        let events = &mut self.events;
        let mut hear = |event| events.push(event);
        self.shard
            .tick(self.now, SPAN, rx, tx, &mut self.rtp, &mut hear);
        self.now += TICK;
        let sent = tx.timeslot(timeslot()).map(|octet| LAW.decode(octet));
        let packets = std::iter::from_fn(|| self.rtp.pop()).map(|queued| {
            let (header, payload) = Header::parse(&queued.packet).unwrap();
            (header, payload.to_vec())
        });
        (sent, packets.collect())
    }
}

/// A hybrid some milliseconds behind the timeslot that returns a tenth of what it hears.
struct Hybrid {
    past: Vec<i16>,
}

impl Hybrid {
    fn new(delay_ms: usize) -> Self {
        Self {
            past: vec![0; delay_ms * 8],
        }
    }

    /// What comes back while these samples go there. The delay is longer than a tick.
    fn echo(&mut self, sent: &[i16; TICK_OCTETS]) -> Vec<i16> {
        let echo = self.past.drain(..TICK_OCTETS).map(|sample| sample / 4);
        let echo = echo.collect();
        self.past.extend_from_slice(sent);
        echo
    }
}

fn energy(samples: impl Iterator<Item = i16>) -> f64 {
    samples.map(|s| f64::from(s) * f64::from(s)).sum()
}

/// Seconds of a far end that speaks alone; echo and what was left of it, in energy.
fn far_end_alone(
    rig: &mut Rig,
    hybrid: &mut Hybrid,
    voice: &mut Voice,
    seconds: usize,
) -> (f64, f64) {
    let mut near = vec![0; TICK_OCTETS];
    let (mut before, mut after) = (1.0, 1.0);
    for _ in 0..seconds * 100 {
        let far = voice.samples(TICK_OCTETS);
        before += energy(near.iter().copied());
        let (sent, packets) = rig.tick(&far, &near);
        near = hybrid.echo(&sent);
        let octets = packets.iter().flat_map(|(_, payload)| payload);
        after += energy(octets.map(|octet| LAW.decode(*octet)));
    }
    (before, after)
}

fn echo(tail_ms: u32, listen: bool) -> Option<Box<Control>> {
    late_echo(tail_ms, listen, 0)
}

fn late_echo(tail_ms: u32, listen: bool, ticks: u8) -> Option<Box<Control>> {
    let config = NlmsConfig {
        tail_ms,
        ..NlmsConfig::default()
    };
    Some(Box::new(Control::new(config, LAW, listen, ticks)))
}

#[test]
fn echo_of_the_line_does_not_reach_the_network() {
    let loss_of = |delay_ms: usize, control: Option<Box<Control>>| {
        let mut rig = Rig::new(|rtp| rtp.echo = control);
        let (mut hybrid, mut voice) = (Hybrid::new(delay_ms), Voice::new(3, LAW));
        far_end_alone(&mut rig, &mut hybrid, &mut voice, 4);
        let (before, after) = far_end_alone(&mut rig, &mut hybrid, &mut voice, 4);
        10.0 * (before / after).log10()
    };
    let loss = |control| loss_of(24, control);
    let without = loss(None);
    assert!(without.abs() < 1.0, "{without} dB");
    let with = loss(echo(32, false));
    // G.711 on both ways, and four seconds to learn the path.
    assert!(with > 20.0, "{with} dB");
    // A line that takes its time there and back, and is known to.
    let late = loss_of(184, late_echo(32, false, 16));
    assert!(late > 20.0, "{late} dB");
    // A path longer than the tail is none of its.
    let short = loss(echo(8, false));
    assert!(short < 3.0, "{short} dB");
}

/// Who speaks at the near end is heard, echo control or not.
#[test]
fn the_near_end_is_heard_through_the_canceller() {
    let mut rig = Rig::new(|rtp| rtp.echo = echo(32, false));
    let (mut hybrid, mut voice) = (Hybrid::new(24), Voice::new(3, LAW));
    far_end_alone(&mut rig, &mut hybrid, &mut voice, 4);
    let mut speaker = Voice::new(8, LAW);
    let (mut spoken, mut heard) = (0.0, 0.0);
    for _ in 0..400 {
        let near = speaker.samples(TICK_OCTETS);
        spoken += energy(near.iter().copied());
        let (_, packets) = rig.tick(&[0; TICK_OCTETS], &near);
        let octets = packets.iter().flat_map(|(_, payload)| payload);
        heard += energy(octets.map(|octet| LAW.decode(*octet)));
    }
    let loss = 10.0 * (spoken / heard).log10();
    assert!(loss.abs() < 1.0, "{loss} dB");
}

/// 2100 Hz with phase reversals every 450 ms.
fn answer_tone(seconds: usize) -> Vec<i16> {
    let mut oscillator = Oscillator::new(2_100.0, Dbm0(-12.0).peak(LAW));
    let sample = |n: usize| {
        let sample = oscillator.next_sample();
        if (n / 3_600).is_multiple_of(2) {
            sample as i16
        } else {
            -sample as i16
        }
    };
    (0..seconds * 8_000).map(sample).collect()
}

/// A modem that answers ends echo control for the call, and its octets cross as they are; where
/// nobody listens for modems, the canceller itself stands aside while the tone lasts (G.168
/// clause 7).
#[test]
fn an_answer_tone_switches_echo_control_off() {
    for detectors in [true, false] {
        let mut rig = Rig::new(|rtp| {
            rtp.echo = echo(32, !detectors);
            rtp.modems = detectors.then(|| Box::new(Pair::new(LAW)));
        });
        let (mut hybrid, mut voice) = (Hybrid::new(24), Voice::new(3, LAW));
        far_end_alone(&mut rig, &mut hybrid, &mut voice, 2);
        for near in answer_tone(2).chunks(TICK_OCTETS) {
            rig.tick(&[0; TICK_OCTETS], near);
        }
        let spent = |event: &Event| matches!(event, Event::Spent(Spent::Echo(_)));
        assert_eq!(rig.events.iter().any(spent), detectors);
        // Both ends send at once: with a canceller at work something would be taken off.
        let (mut far, mut near) = (
            Noise::new(1, Dbm0(-13.0), LAW),
            Noise::new(2, Dbm0(-13.0), LAW),
        );
        let (mut sent, mut came): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
        for _ in 0..100 {
            let (mut a, mut b) = ([0; TICK_OCTETS], [0; TICK_OCTETS]);
            far.fill(&mut a);
            near.fill(&mut b);
            sent.extend(b.iter().map(|sample| LAW.encode(*sample)));
            let (_, packets) = rig.tick(&a, &b);
            came.extend(packets.into_iter().flat_map(|(_, payload)| payload));
        }
        assert_eq!(came, sent, "detectors: {detectors}");
    }
}

/// Silence is described once a second and not sent; speech is sent whole, and begins with a marker.
#[test]
fn silence_is_described_where_comfort_noise_was_agreed() {
    let mut rig = Rig::new(|rtp| {
        rtp.comfort_noise = Some(Box::new(comfort::Gate::new(LAW)));
        rtp.ptime = Duration::from_millis(20);
    });
    let mut background = Noise::new(4, Dbm0(-60.0), LAW);
    let mut quiet = |rig: &mut Rig, ticks: usize| -> Vec<(Header, Vec<u8>)> {
        (0..ticks)
            .flat_map(|_| {
                let mut near = [0; TICK_OCTETS];
                background.fill(&mut near);
                rig.tick(&[0; TICK_OCTETS], &near).1
            })
            .collect()
    };
    quiet(&mut rig, 500);
    let packets = quiet(&mut rig, 1_000);
    assert!((8..=16).contains(&packets.len()), "{}", packets.len());
    for (header, payload) in &packets {
        assert_eq!(header.payload_type, comfort::PAYLOAD_TYPE);
        assert_eq!(payload.len(), 1);
        let level = comfort::level(payload).unwrap();
        assert!((level.0 + 60.0).abs() < 4.0, "{level}");
    }
    let (last, _) = packets.last().unwrap();
    let mut tone = Oscillator::new(440.0, Dbm0(-20.0).peak(LAW));
    let spoken: Vec<_> = (0..100)
        .flat_map(|_| {
            let near: [i16; TICK_OCTETS] = std::array::from_fn(|_| tone.next_sample() as i16);
            rig.tick(&[0; TICK_OCTETS], &near).1
        })
        .collect();
    assert!(spoken.len() >= 49, "{}", spoken.len());
    assert!(spoken[0].0.marker && spoken[1..].iter().all(|(header, _)| !header.marker));
    assert!(
        spoken
            .iter()
            .all(|(header, payload)| { header.payload_type == 8 && payload.len() == 160 })
    );
    assert_eq!(spoken[0].0.sequence, last.sequence.wrapping_add(1));
    let step = spoken[0].0.timestamp.wrapping_sub(last.timestamp);
    assert_eq!(step % 160, 0, "the clock goes on in silence");
}

/// Without the agreement every packet is sent.
#[test]
fn silence_is_sent_where_comfort_noise_was_not_agreed() {
    let mut rig = Rig::new(|_| {});
    let packets: usize = (0..500)
        .map(|_| rig.tick(&[0; TICK_OCTETS], &[0; TICK_OCTETS]).1.len())
        .sum();
    assert_eq!(packets, 500);
}

/// Level, length and pause of digits on the line are those of the trunk.
#[test]
fn digits_sound_as_configured() {
    let mut rig = Rig::new(|rtp| {
        rtp.digits = DigitTones {
            level: Some(Dbm0(-20.0)),
            least: Duration::from_millis(90),
            pause: Duration::from_millis(70),
        };
    });
    for digit in ['1', '2'] {
        rig.command(Command::Digit {
            bridge: BRIDGE,
            towards: Side::Timeslot,
            digit: Digit::from_char(digit).unwrap(),
            duration: Duration::from_millis(50),
        });
    }
    let heard: Vec<i16> = (0..60)
        .flat_map(|_| rig.tick(&[0; TICK_OCTETS], &[0; TICK_OCTETS]).0)
        .collect();
    let loud: Vec<bool> = heard
        .chunks(40)
        .map(|samples| samples.iter().any(|sample| sample.abs() > 200))
        .collect();
    let runs: Vec<usize> = loud.chunk_by(|a, b| a == b).map(<[bool]>::len).collect();
    // In steps of 5 ms.
    let [.., first, pause, second, _] = runs[..] else {
        panic!("{runs:?}")
    };
    assert_eq!((first, pause, second), (18, 14, 18), "{runs:?}");
    let start = loud.iter().position(|loud| *loud).unwrap() * 40;
    let measured = Detector::measure(&heard[start + 80..start + 640], LAW);
    assert_eq!(measured.tones.len(), 2, "{measured:?}");
    for tone in &measured.tones {
        assert!((tone.level.0 + 20.0).abs() < 0.5, "{tone:?}");
    }
}

/// Events of answer tones become the tones (RFC 4734), at the level that they say, and end with them;
/// ANS with a reversal is one tone whose phase turns.
#[test]
fn events_of_modem_tones_sound_on_the_line() {
    let mut rig = Rig::new(|rtp| {
        rtp.telephone_event = Some(101);
        rtp.tones = Some(Box::new(event::Sounds::new(LAW, None)));
    });
    let mut timestamp = 800;
    let mut sequence = 100u16;
    let mut event = |rig: &mut Rig, code: u8, duration: u16, end: bool| {
        let header = Header {
            marker: duration == 80,
            payload_type: 101,
            sequence,
            timestamp,
            ssrc: 9,
        };
        let payload = event::Payload {
            event: code,
            end,
            volume: 15,
            duration,
        };
        let mut packet = header.to_octets().to_vec();
        packet.extend(payload.to_octets());
        rig.rtp.push(PORT, peer(), packet);
        sequence = sequence.wrapping_add(1);
        if end {
            timestamp += u32::from(duration);
        }
        let [rx, tx] = &mut rig.ticks;
        rig.shard
            .tick(rig.now, SPAN, rx, tx, &mut rig.rtp, &mut |_| {});
        rig.now += TICK;
        tx.timeslot(timeslot()).map(|octet| LAW.decode(octet))
    };
    let mut heard = Vec::new();
    for code in [32, 33] {
        for n in 1..=40u16 {
            heard.extend(event(&mut rig, code, n * 80, n == 40));
        }
    }
    let measured = Detector::measure(&heard[800..2_400], LAW);
    let [tone] = measured.tones.as_slice() else {
        panic!("{measured:?}")
    };
    assert!((tone.frequency - 2_100.0).abs() < 1.0, "{tone:?}");
    assert!((tone.level.0 + 15.0).abs() < 0.5, "{tone:?}");
    let mut detector = modem::Detector::new(LAW);
    let mut signals = Vec::new();
    for _ in 0..3 {
        // Three times over, so that the turns come as V.25 has them, 400 ms and more apart.
        for samples in heard.chunks(80) {
            detector.push(samples, &mut |report| {
                if let modem::Report::Heard { signal, .. } = report {
                    signals.push(signal);
                }
            });
        }
    }
    assert!(signals.contains(&modem::Signal::AnsReversed), "{signals:?}");
    let after: Vec<i16> = (0..20)
        .flat_map(|_| rig.tick(&[0; TICK_OCTETS], &[0; TICK_OCTETS]).0)
        .collect();
    assert!(after[160..].iter().all(|sample| sample.abs() < 20));
}

/// Tone payloads (RFC 4733 §4) are played as they say, one report after the other without a gap.
#[test]
fn tone_payloads_sound_on_the_line() {
    const TONE: u8 = 102;
    let mut rig = Rig::new(|rtp| rtp.tones = Some(Box::new(event::Sounds::new(LAW, Some(TONE)))));
    let tone = event::Tone {
        modulation_thirds: 0,
        volume: 20,
        duration: 1,
        frequencies: [425, 0, 0, 0],
    };
    let mut sender = event::ToneSender::new(tone, 8_000);
    let mut heard = Vec::new();
    for n in 0..150u16 {
        // A report each 50 ms for a second.
        if n % 5 == 0 && n < 100 {
            let (marker, timestamp, tone) = sender.report(400);
            let header = Header {
                marker,
                payload_type: TONE,
                sequence: n / 5,
                timestamp,
                ssrc: 9,
            };
            let mut octets = [0; event::TONE_OCTETS];
            let length = tone.write(&mut octets);
            let mut packet = header.to_octets().to_vec();
            packet.extend(&octets[..length]);
            rig.rtp.push(PORT, peer(), packet);
        }
        let [rx, tx] = &mut rig.ticks;
        rig.shard
            .tick(rig.now, SPAN, rx, tx, &mut rig.rtp, &mut |_| {});
        rig.now += TICK;
        heard.extend(tx.timeslot(timeslot()).map(|octet| LAW.decode(octet)));
    }
    let measured = Detector::measure(&heard[160..7_840], LAW);
    let [tone] = measured.tones.as_slice() else {
        panic!("{measured:?}")
    };
    assert!((tone.frequency - 425.0).abs() < 1.0, "{tone:?}");
    assert!((tone.level.0 + 20.0).abs() < 0.5, "{tone:?}");
    let loud = heard.iter().filter(|sample| sample.abs() > 100).count();
    assert!(
        (6_800..8_000).contains(&loud),
        "{loud}: a second, and no gap"
    );
    assert!(heard[8_400..].iter().all(|sample| sample.abs() < 20));
}

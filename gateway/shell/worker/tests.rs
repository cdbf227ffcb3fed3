//! Several spans of one worker, in virtual time.

use std::sync::{Arc, Mutex};

use emulator::{End, pair};
use media_bridge::level::Dbm0;
use media_bridge::rtp::Header;
use media_bridge::tone::Oscillator;
use media_bridge::{BridgeId, Codec, Command, JitterConfig, Open, Path, QueueRtp, Rtp, modem};
use tdm::hdlc::{InvalidLength, Received};
use tdm::{SignallingIo, TICK, TICK_OCTETS};

use super::*;
use crate::shell::thread::now;
use crate::shell::word::SignalUnit;

/// A line whose device fails after some ticks.
struct Failing {
    end: End,
    ticks: u32,
}

impl SpanIo for Failing {
    fn id(&self) -> SpanId {
        self.end.id()
    }
    fn wait(&mut self) -> io::Result<Due> {
        match self.ticks {
            0 => Err(io::Error::other("unplugged")),
            _ => self.end.wait(),
        }
    }
    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        self.ticks = self
            .ticks
            .checked_sub(1)
            .ok_or_else(|| io::Error::other("unplugged"))?;
        self.end.carry(due, tx, rx)
    }
    fn poll_event(&mut self) -> Option<SpanEvent> {
        self.end.poll_event()
    }
    fn counters(&self) -> SpanCounters {
        self.end.counters()
    }
}

/// Two spans whose devices fail after so many ticks, and their far ends.
fn worker(ticks: [u32; 2]) -> (Worker<QueueRtp>, [End; 2]) {
    let (a, far_a) = pair(SpanId(0), SpanId(0));
    let (b, far_b) = pair(SpanId(1), SpanId(1));
    let [ticks_a, ticks_b] = ticks;
    let spans: Vec<(Box<dyn SpanIo>, Links)> = vec![
        (
            Box::new(Failing {
                end: a,
                ticks: ticks_a,
            }),
            Vec::new(),
        ),
        (
            Box::new(Failing {
                end: b,
                ticks: ticks_b,
            }),
            Vec::new(),
        ),
    ];
    (
        Worker::new(spans, QueueRtp::new(), 8, false),
        [far_a, far_b],
    )
}

fn open(worker: &mut Worker<QueueRtp>, span: SpanId) {
    let bridge = BridgeId(u32::from(span.0));
    let timeslot = Timeslot::new(9).unwrap();
    let open = Open::new(bridge, span, timeslot, Law::ALaw, Path::BOTH);
    let peer = SocketAddr::from(([192, 0, 2, 1], 4000));
    let mut rtp = Rtp::new(RtpPort(span.0), peer, Codec::Pcma, 1);
    (rtp.ptime, rtp.jitter) = (TICK, JitterConfig::Fixed { depth: TICK });
    let rtp = rtp.boxed();
    for command in [Command::Open(Box::new(open)), Command::Rtp { bridge, rtp }] {
        worker.down(Down::Media(command), &mut |word| {
            assert!(!matches!(
                word,
                Up::Media(media_bridge::Event::Refused { .. })
            ));
        });
    }
}

/// One tick of the worker and of the far ends, which send an octet of their own; what became RTP.
fn turn(worker: &mut Worker<QueueRtp>, far: &mut [End; 2]) -> (Vec<(u16, u8)>, Vec<SpanEvent>) {
    let mut rx = SpanTick::idle(Law::ALaw);
    let mut events = Vec::new();
    for (octet, end) in (0x11..).zip(far) {
        end.exchange(&SpanTick([[octet; TICK_OCTETS]; 32]), &mut rx)
            .unwrap();
    }
    let mut up = |word| {
        if let Up::Span(_, event) = word {
            events.push(event);
        }
    };
    let due = worker.wait(&mut up).unwrap();
    worker.work(now(), due, &mut up);
    let sent = std::iter::from_fn(|| worker.rtp().pop())
        .map(|queued| (queued.port.0, *queued.packet.last().unwrap()))
        .collect();
    (sent, events)
}

/// From the command to the first packet with what is on the line now: two ticks.
#[test]
fn a_bridge_speaks_within_two_ticks() {
    let (mut worker, mut far) = worker([u32::MAX; 2]);
    for _ in 0..5 {
        turn(&mut worker, &mut far);
    }
    open(&mut worker, SpanId(0));
    open(&mut worker, SpanId(1));
    let (first, _) = turn(&mut worker, &mut far);
    assert_eq!(first, [(0, 0x11), (1, 0x12)], "each span in its own bridge");
}

/// From the packet to the line: the tick that is due when the packet is there, once the buffer has
/// let it wait as long as it should.
#[test]
fn a_bridge_is_heard_within_two_ticks() {
    let (end, _far) = pair(SpanId(0), SpanId(0));
    let sent: Arc<Mutex<Vec<u8>>> = Arc::default();
    let line = Watched {
        end,
        sent: Arc::clone(&sent),
    };
    let mut worker = Worker::new(
        vec![(Box::new(line), Vec::new())],
        QueueRtp::new(),
        8,
        false,
    );
    let tick = |worker: &mut Worker<QueueRtp>| {
        let due = worker.wait(&mut |_| {}).unwrap();
        worker.work(now(), due, &mut |_| {});
    };
    (0..5).for_each(|_| tick(&mut worker));
    sent.lock().unwrap().clear();
    open(&mut worker, SpanId(0));
    let header = Header {
        marker: true,
        payload_type: 8,
        sequence: 1,
        timestamp: 0,
        ssrc: 1,
    };
    let packet = [&header.to_octets()[..], &[0x2A; 160]].concat();
    let peer = SocketAddr::from(([192, 0, 2, 1], 4000));
    worker.rtp().push(RtpPort(0), peer, packet);
    (0..2).for_each(|_| tick(&mut worker));
    assert_eq!(*sent.lock().unwrap(), [Law::ALaw.idle(), 0x2A]);
}

/// A line whose timeslot 9 is watched: the first octet of each tick that it takes.
struct Watched {
    end: End,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl SpanIo for Watched {
    fn id(&self) -> SpanId {
        self.end.id()
    }
    fn wait(&mut self) -> io::Result<Due> {
        self.end.wait()
    }
    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        self.sent.lock().unwrap().push(tx.0[9][0]);
        self.end.carry(due, tx, rx)
    }
    fn poll_event(&mut self) -> Option<SpanEvent> {
        self.end.poll_event()
    }
    fn counters(&self) -> SpanCounters {
        self.end.counters()
    }
}

#[test]
fn a_line_that_fails_takes_no_other_with_it() {
    let (mut worker, mut far) = worker([10, 20]);
    open(&mut worker, SpanId(0));
    open(&mut worker, SpanId(1));
    for _ in 0..10 {
        assert_eq!(turn(&mut worker, &mut far).1, []);
    }
    // The clock fails: the other line is the clock from now on, and its bridge goes on.
    let los = SpanEvent::Alarm {
        alarm: Alarm::Los,
        on: true,
    };
    let (sent, events) = turn(&mut worker, &mut far);
    assert_eq!(events, [los]);
    assert_eq!(
        sent,
        [(0, 0xff), (1, 0x12)],
        "nothing old of the dead line is repeated"
    );
    for _ in 0..9 {
        assert_eq!(turn(&mut worker, &mut far).1, []);
    }
    let mut told = Vec::new();
    assert!(worker.wait(&mut |word| told.push(word)).is_err());
    assert!(matches!(&told[..], [Up::Trouble(_, Some(why)), Up::Span(..)] if why == "unplugged"));
}

/// A line whose device frames timeslot 16 itself and wants to know what the others carry.
struct Device {
    end: End,
    told: Arc<Mutex<Vec<(u8, Content)>>>,
    queued: Arc<Mutex<Vec<Vec<u8>>>>,
    arrived: Vec<Vec<u8>>,
}

impl SpanIo for Device {
    fn id(&self) -> SpanId {
        self.end.id()
    }
    fn wait(&mut self) -> io::Result<Due> {
        self.end.wait()
    }
    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        self.end.carry(due, tx, rx)
    }
    fn poll_event(&mut self) -> Option<SpanEvent> {
        self.end.poll_event()
    }
    fn counters(&self) -> SpanCounters {
        self.end.counters()
    }
    fn signalling(&mut self, timeslot: Timeslot) -> Option<&mut dyn SignallingIo> {
        (timeslot.number() == 16).then_some(self as _)
    }
    fn set_content(&mut self, timeslot: Timeslot, content: Content) -> io::Result<()> {
        self.told.lock().unwrap().push((timeslot.number(), content));
        Ok(())
    }
}

impl SignallingIo for Device {
    fn receive(&mut self, sink: &mut dyn FnMut(Received<'_>)) -> io::Result<()> {
        for su in self.arrived.drain(..) {
            sink(Received::SignalUnit(&su));
            sink(Received::Repeated);
        }
        Ok(())
    }
    fn queue(&mut self, su: &[u8]) -> Result<(), InvalidLength> {
        self.queued.lock().unwrap().push(su.to_vec());
        Ok(())
    }
    fn transmit(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_device_frames_its_link_itself_and_hears_what_its_timeslots_carry() {
    let (end, _far) = pair(SpanId(0), SpanId(0));
    let (told, queued) = (Arc::default(), Arc::default());
    let device = Device {
        end,
        told: Arc::clone(&told),
        queued: Arc::clone(&queued),
        arrived: vec![vec![1, 2, 0]],
    };
    let links = vec![(LinkId(7), Timeslot::new(16).unwrap())];
    let mut worker = Worker::new(vec![(Box::new(device), links)], QueueRtp::new(), 8, false);
    let unit = SignalUnit::new(&[3, 4, 0]).unwrap();
    worker.down(Down::SignalUnit(LinkId(7), unit), &mut |_| {});
    let mut heard = Vec::new();
    for _ in 0..5 {
        let mut up = |word| match word {
            Up::SignalUnit(link, unit) => heard.push(format!("{} {:?}", link.0, unit.octets())),
            Up::Line(link, event) => heard.push(format!("{} {event:?}", link.0)),
            _ => {}
        };
        let due = worker.wait(&mut up).unwrap();
        worker.work(now(), due, &mut up);
    }
    assert_eq!(heard, ["7 [1, 2, 0]", "7 Good(1)"]);
    assert_eq!(*queued.lock().unwrap(), [[3, 4, 0]]);
    open(&mut worker, SpanId(0));
    let bridge = BridgeId(0);
    let peer = SocketAddr::from(([192, 0, 2, 1], 4000));
    let rtp = Box::new(Rtp::new(RtpPort(0), peer, Codec::Clearmode, 1));
    for command in [Command::Rtp { bridge, rtp }, Command::Close { bridge }] {
        worker.down(Down::Media(command), &mut |_| {});
    }
    let expected = [(9, Content::Speech), (9, Content::Data), (9, Content::Idle)];
    assert_eq!(*told.lock().unwrap(), expected);
}

/// A modem that answers makes its call one of data to the device, and no other call.
#[test]
fn a_device_leaves_a_call_alone_that_a_modem_has_answered() {
    let (end, mut far) = pair(SpanId(0), SpanId(0));
    let told = Arc::default();
    let device = Device {
        end,
        told: Arc::clone(&told),
        queued: Arc::default(),
        arrived: Vec::new(),
    };
    let spans: Vec<(Box<dyn SpanIo>, Links)> = vec![(Box::new(device), Vec::new())];
    let mut worker = Worker::new(spans, QueueRtp::new(), 4, false);
    let peer = SocketAddr::from(([192, 0, 2, 1], 4000));
    for n in [1, 2] {
        let timeslot = Timeslot::new(n).unwrap();
        let bridge = BridgeId(n.into());
        let open = Open::new(bridge, SpanId(0), timeslot, Law::ALaw, Path::BOTH);
        let mut rtp = Rtp::new(RtpPort(n.into()), peer, Codec::Pcma, n.into());
        rtp.modems = Some(Box::new(modem::Pair::new(Law::ALaw)));
        let rtp = Box::new(rtp);
        for command in [Command::Open(Box::new(open)), Command::Rtp { bridge, rtp }] {
            worker.down(Down::Media(command), &mut |_| {});
        }
    }
    // 2100 Hz on the second one's timeslot.
    let mut tone = Oscillator::new(2_100.0, Dbm0(-12.0).peak(Law::ALaw));
    let (mut tx, mut rx) = (SpanTick::idle(Law::ALaw), SpanTick::idle(Law::ALaw));
    for _ in 0..200 {
        tx.0[2] = std::array::from_fn(|_| Law::ALaw.encode(tone.next_sample() as i16));
        far.exchange(&tx, &mut rx).unwrap();
        let due = worker.wait(&mut |_| {}).unwrap();
        worker.work(now(), due, &mut |_| {});
    }
    let expected = [
        (1, Content::Speech),
        (2, Content::Speech),
        (2, Content::Data),
    ];
    assert_eq!(*told.lock().unwrap(), expected);
}

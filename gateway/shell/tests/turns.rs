//! Who has the next turn on the control thread.

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tdm::{Alarm, SpanEvent, SpanId};
use tokio::net::unix::pipe;
use tokio::sync::mpsc::unbounded_channel;

use super::Ports;
use crate::chance::Seed;
use crate::config::Config;
use crate::iwu::{Birth, Iwu, Output};
use crate::ladder::What;
use crate::recorder::Source;
use crate::shell::control::{Control, LARGEST_DATAGRAM};
use crate::shell::files::Files;
use crate::shell::sockets::Sockets;
use crate::shell::spans::Spans;
use crate::shell::thread::{MediaThread, now};
use crate::shell::word::Up;

/// A gateway with a span and one SIP trunk.
fn control(config: Config, sockets: Sockets, thread: MediaThread) -> Control {
    let config = Arc::new(config);
    let birth = Birth {
        now: now(),
        wall: Timestamp::UNIX_EPOCH,
        seed: Seed::from(1),
    };
    let source = Source::default();
    let files = Files::open(None, None, None, &source, birth).unwrap();
    let iwu = Iwu::new(config.clone(), birth).unwrap();
    Control {
        plans: iwu.port_plans(),
        iwu,
        spans: Spans::new(&config),
        rtp: config.rtp.address,
        sockets,
        threads: vec![thread],
        thread_of: vec![0],
        woken: pipe::pipe().unwrap().1,
        files,
        asked: unbounded_channel().1,
        operators: None,
        observer: None,
        news: Vec::new(),
        log: BTreeMap::new(),
    }
}

/// Many datagrams have come, and while each of them is answered the span says something: it is
/// heard before the next datagram is, and not after all of them.
#[test]
fn what_a_span_says_waits_for_one_datagram_however_many_have_come() {
    const DATAGRAMS: usize = 50;
    let (gateway, user) = (Ports::free().1, Ports::free().1);
    let text = format!(
        "[sip]\nlisten = \"{gateway}\"\n[[span]]\nname = \"e1\"\ndriver = \"emulator\"\npath = \"/nowhere\"\nrole = \"listen\"\n[[sip_trunk]]\nname = \"user\"\naddress = \"{user}\"\n"
    );
    let config = Config::parse("test", &text, &BTreeMap::new()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sockets = Sockets::bind(&config).await.unwrap();
        let (thread, mut span, _) = MediaThread::played();
        let mut control = control(config, sockets, thread);
        let order = Arc::new(Mutex::new(Vec::new()));
        let seen = order.clone();
        let mut alarm = false;
        control.observer = Some(Box::new(move |output| match output {
            Output::Sip(..) => {
                seen.lock().unwrap().push("SIP");
                alarm = !alarm;
                let event = SpanEvent::Alarm {
                    alarm: Alarm::Los,
                    on: alarm,
                };
                span.push(Up::Span(SpanId(0), event)).unwrap();
            }
            Output::Trace(trace) if matches!(trace.what, What::Service(_)) => {
                seen.lock().unwrap().push("span");
            }
            _ => {}
        }));
        let socket = UdpSocket::bind(user).unwrap();
        for n in 0..DATAGRAMS {
            let options = format!(
                "OPTIONS sip:{gateway} SIP/2.0\r\nVia: SIP/2.0/UDP {user};branch=z9hG4bK{n}\r\nFrom: <sip:{user}>;tag=1\r\nTo: <sip:{gateway}>\r\nCall-ID: {n}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            );
            socket.send_to(options.as_bytes(), gateway).unwrap();
        }
        assert!(control.sockets.ready().await.unwrap().is_none());
        assert!(control.read(&mut [0; LARGEST_DATAGRAM]));
        let order = order.lock().unwrap();
        assert_eq!(*order, ["SIP", "span"].repeat(DATAGRAMS));
    });
}

//! Two of us on the loopback interface, with certificates made for the occasion.

mod turns;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::time::timeout;

use super::sockets::{Arrived, Sockets};
use super::tls::{Tls, TlsError};
use crate::config::Config;
use crate::sip::{Flow, Identity, Transport};

const OPTIONS: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n";

/// An authority and the files of those it has signed.
struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Self {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.join("authority.pem"), certificate.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        Self { folder, issuer }
    }

    fn sign(&self, name: &str) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let file = |kind: &str| self.folder.join(format!("{name}-{kind}.pem"));
        std::fs::write(file("certificate"), certificate.pem()).unwrap();
        std::fs::write(file("key"), key.serialize_pem()).unwrap();
    }
}

/// One that calls itself `name`, listens with TLS and TCP on ports of its own, and believes
/// `believes`.
fn sockets(own: &Authority, name: &str, believes: &Authority, trunk: &str) -> (Config, Ports) {
    let ports = Ports::free();
    let folder = own.folder.display();
    let text = format!(
        "[sip]\nlisten = [\"tls:{}\", \"tcp:{}\", \"udp:{}\"]\n[sip.tls]\ncertificate = \"{folder}/{name}-certificate.pem\"\nkey = \"{folder}/{name}-key.pem\"\nauthorities = \"{}/authority.pem\"\n[[sip_trunk]]\nname = \"peer\"\naddress = \"127.0.0.1:5061\"\ntransport = \"tls\"\n{trunk}",
        ports.0,
        ports.1,
        ports.1,
        believes.folder.display()
    );
    let config = Config::parse("test", &text, &std::collections::BTreeMap::new());
    (
        config.unwrap_or_else(|refusal| panic!("{:?}", refusal.problems())),
        ports,
    )
}

#[derive(Clone, Copy)]
struct Ports(SocketAddr, SocketAddr);

impl Ports {
    /// Those of an address of the loopback network that no other test has: a port that was free a
    /// moment ago may be taken by the time it is bound.
    fn free() -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let process = (std::process::id() % 250) as u8;
        let address = [127, 77, process, NEXT.fetch_add(1, Ordering::Relaxed)];
        Self((address, 5061).into(), (address, 5060).into())
    }
}

async fn next(sockets: &mut Sockets) -> Arrived {
    let arrived = timeout(Duration::from_secs(20), sockets.ready()).await;
    arrived
        .expect("something arrives")
        .unwrap()
        .expect("no datagram")
}

/// A connects to B, and sends a message: what A and B find out about each other, or why not.
async fn meet(
    a: &Config,
    b: (&Config, Ports),
    transport: Transport,
) -> Result<(Identity, Identity), String> {
    let mut one = Sockets::bind(a).await.unwrap();
    let mut other = Sockets::bind(b.0).await.unwrap();
    let remote = match transport {
        Transport::Tls => b.1.0,
        _ => b.1.1,
    };
    let flow = Flow::new(transport, remote, remote);
    one.connect(flow, Some(0));
    one.send(flow, &Bytes::from_static(OPTIONS)).unwrap();
    let Arrived::Accepted(listener, stream, from) = next(&mut other).await else {
        panic!("a connection");
    };
    other.accept(listener, stream, from);
    let seen = match next(&mut other).await {
        Arrived::Connected(_, seen) => seen,
        Arrived::Closed(_, _, why) => return Err(why),
        arrived => panic!("{arrived:?}"),
    };
    let shown = match next(&mut one).await {
        Arrived::Connected(_, shown) => shown,
        Arrived::Closed(_, _, why) => return Err(why),
        arrived => panic!("{arrived:?}"),
    };
    match next(&mut other).await {
        Arrived::Message(from, octets) => {
            assert_eq!(octets, OPTIONS);
            assert_eq!((from.transport, from.local), (transport, remote));
        }
        Arrived::Closed(_, _, why) => return Err(why),
        arrived => panic!("{arrived:?}"),
    }
    Ok((shown, seen))
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("isthmus-tls-{}-{name}", std::process::id()))
}

const NAMES: &str = "tls = { names = [\"peer.example.net\"] }\n";

#[test]
fn both_ends_know_each_other_by_their_certificates() {
    let folder = folder("both");
    let authority = Authority::new(&folder, "ours");
    authority.sign("peer.example.net");
    let (a, _) = sockets(&authority, "peer.example.net", &authority, NAMES);
    let (b, ports) = sockets(&authority, "peer.example.net", &authority, NAMES);
    let known = Some(vec!["peer.example.net".to_owned()]);
    let met = run(meet(&a, (&b, ports), Transport::Tls));
    assert_eq!(met, Ok((known.clone(), known)));
    let met = run(meet(&a, (&b, ports), Transport::Tcp));
    assert_eq!(met, Ok((None, None)));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_certificate_of_another_name_or_authority_is_refused() {
    let folder = folder("refused");
    let (ours, theirs) = (
        Authority::new(&folder, "ours"),
        Authority::new(&folder, "theirs"),
    );
    for name in ["peer.example.net", "other.example.net"] {
        ours.sign(name);
        theirs.sign(name);
    }
    let meet = |verify: &str, server: &Authority, name: &str| {
        let (a, _) = sockets(&ours, "peer.example.net", &ours, verify);
        // The server believes the client in any case.
        let (b, ports) = sockets(server, name, &ours, NAMES);
        run(meet(&a, (&b, ports), Transport::Tls))
    };
    let authority = "tls = { verify = \"authority\", names = [\"peer.example.net\"] }\n";
    let off = "tls = { verify = \"off\", names = [\"peer.example.net\"] }\n";
    let other = "other.example.net";
    assert!(meet(NAMES, &ours, other).is_err());
    assert_eq!(meet(authority, &ours, other).unwrap().0, Some(vec![]));
    assert!(meet(authority, &theirs, "peer.example.net").is_err());
    // Nothing was verified, so nothing is known.
    assert_eq!(meet(off, &theirs, other).unwrap().0, None);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn files_that_hold_no_certificate_are_told_by_name() {
    let folder = folder("files");
    let authority = Authority::new(&folder, "ours");
    authority.sign("peer.example.net");
    let (config, _) = sockets(&authority, "peer.example.net", &authority, NAMES);
    let files = config.sip.tls.clone().unwrap();
    let broken = |tls: crate::config::Tls| {
        let mut config = config.clone();
        config.sip.tls = Some(tls);
        Tls::load(&config).unwrap_err().to_string()
    };
    let missing = PathBuf::from("/nonexistent.pem");
    let why = broken(crate::config::Tls {
        key: missing,
        ..files.clone()
    });
    assert!(why.starts_with("/nonexistent.pem: "), "{why}");
    let why = broken(crate::config::Tls {
        key: files.certificate.clone(),
        ..files.clone()
    });
    assert!(why.contains("expected a private key as PEM"), "{why}");
    let why = broken(crate::config::Tls {
        certificate: files.key.clone(),
        ..files.clone()
    });
    assert!(why.contains("expected certificates as PEM"), "{why}");
    let mut wrong = config.clone();
    wrong.sip_trunks[0].tls.names = vec!["no name".to_owned()];
    assert!(matches!(Tls::load(&wrong), Err(TlsError::Name { .. })));
    std::fs::remove_dir_all(folder).unwrap();
}

/// `isthmus check` opens the files, and tells what is wrong with the line of the key.
#[test]
fn files_of_certificates_are_checked_before_anything_starts() {
    let folder = folder("check");
    let authority = Authority::new(&folder, "ours");
    for name in ["gateway.example.net", "other.example.net"] {
        authority.sign(name);
    }
    let text = |certificate: &str, key: &str, authorities: &str, names: &str| {
        format!(
            "[sip]\nlisten = \"tls:127.0.0.1:5061\"\n[sip.tls]\ncertificate = \"{0}/{certificate}.pem\"\nkey = \"{0}/{key}.pem\"\nauthorities = \"{0}/{authorities}.pem\"\n[[sip_trunk]]\nname = \"peer\"\naddress = \"127.0.0.1:5061\"\ntransport = \"tls\"\ntls = {{ names = [\"{names}\"] }}\n",
            authority.folder.display()
        )
    };
    let none = std::collections::BTreeMap::new();
    let check = |text: &str| {
        let path = folder.join("isthmus.toml");
        Config::parse_fit(&path, text, &none, super::tls::misfit)
    };
    let (own, key) = ("gateway.example.net-certificate", "gateway.example.net-key");
    let name = "peer.example.net";
    check(&text(own, key, "authority", name)).unwrap();
    for (text, line, message, expected) in [
        (
            text("gone", key, "authority", name),
            4,
            "No such file",
            "certificates as PEM",
        ),
        (
            text(key, key, "authority", name),
            4,
            "no items found",
            "certificates as PEM",
        ),
        (
            text(own, "gone", "authority", name),
            5,
            "No such file",
            "a private key as PEM",
        ),
        (
            text(own, own, "authority", name),
            5,
            "no items found",
            "a private key as PEM",
        ),
        (
            text(own, "other.example.net-key", "authority", name),
            4,
            "KeyMismatch",
            "of the private key in `key`",
        ),
        (
            text(own, key, "gone", name),
            6,
            "No such file",
            "certificates as PEM",
        ),
        (
            text(own, key, key, name),
            6,
            "no items found",
            "certificates as PEM",
        ),
        (
            text(own, key, "authority", "no name"),
            11,
            "no name",
            "host names and addresses",
        ),
    ] {
        let refusal = check(&text).unwrap_err();
        let [problem] = refusal.problems() else {
            panic!("{refusal}")
        };
        assert_eq!(
            problem.position().map(|(line, _)| line),
            Some(line),
            "{problem}"
        );
        assert!(problem.file().ends_with("isthmus.toml"));
        assert!(problem.to_string().contains(message), "{problem}");
        assert!(
            problem.expected().contains(expected),
            "{}",
            problem.expected()
        );
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_peer_that_is_not_there_is_told() {
    let text = "[sip]\nlisten = [\"tcp:127.0.0.1:0\"]\n";
    let config = Config::parse("test", text, &std::collections::BTreeMap::new()).unwrap();
    let why = run(async {
        let mut sockets = Sockets::bind(&config).await.unwrap();
        // Nobody listens there: the system refuses.
        let closed = std::net::UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let flow = Flow::new(Transport::Tcp, closed, closed);
        sockets.connect(flow, None);
        match next(&mut sockets).await {
            Arrived::Closed(of, number, why) => {
                assert_eq!(of, flow);
                assert!(sockets.closed(of, number));
                assert!(!sockets.closed(of, number), "it is gone");
                why
            }
            arrived => panic!("{arrived:?}"),
        }
    });
    assert!(why.contains("refused"), "{why}");
}

/// A name server on the loopback interface with one zone.
mod name_server {
    use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
    use hickory_resolver::proto::rr::rdata::{A, NAPTR, SRV};
    use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
    use tokio::net::UdpSocket;

    pub(super) const LIFE: u32 = 77;

    fn zone(name: &str, kind: RecordType) -> Vec<RData> {
        let of = |text: &str| Name::from_ascii(text).unwrap();
        let octets = |text: &str| text.as_bytes().to_vec().into_boxed_slice();
        match (name, kind) {
            ("example.net.", RecordType::NAPTR) => vec![RData::NAPTR(NAPTR::new(
                10,
                1,
                octets("s"),
                octets("SIP+D2U"),
                octets(""),
                of("_sip._udp.example.net."),
            ))],
            ("_sip._udp.example.net.", RecordType::SRV) => vec![
                RData::SRV(SRV::new(2, 0, 5062, of("b.example.net."))),
                RData::SRV(SRV::new(1, 0, 5061, of("a.example.net."))),
            ],
            ("a.example.net.", RecordType::A) => vec![RData::A(A::new(127, 0, 0, 2))],
            ("b.example.net.", RecordType::A) => vec![RData::A(A::new(127, 0, 0, 3))],
            _ => Vec::new(),
        }
    }

    pub(super) async fn serve(socket: UdpSocket) {
        let mut buffer = [0; 1500];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let id = question.metadata.id;
            let mut answer = Message::new(id, MessageType::Response, OpCode::Query);
            answer.queries.clone_from(&question.queries);
            let query = &question.queries[0];
            let records = zone(&query.name().to_ascii().to_lowercase(), query.query_type());
            if records.is_empty() {
                answer.metadata.response_code = ResponseCode::NXDomain;
            }
            for data in records {
                answer.add_answer(Record::from_rdata(query.name().clone(), LIFE, data));
            }
            let octets = answer.to_vec().unwrap();
            socket.send_to(&octets, from).await.unwrap();
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a base for the core's time")]
fn a_name_server_on_the_loopback_interface_is_asked() {
    use crate::sip::location::Target;
    use crate::sip::{Endpoint, EndpointConfig, Output, PeerConfig, PeerId, PeerNews};

    run(async {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = socket.local_addr().unwrap();
        tokio::spawn(name_server::serve(socket));
        let text = format!(
            "[sip]\nlisten = \"udp:127.0.0.1:0\"\nname_server = \"{server}\"\n[[sip_trunk]]\nname = \"t\"\naddress = \"example.net\"\n"
        );
        let config = Config::parse("test", &text, &std::collections::BTreeMap::new()).unwrap();
        let mut sockets = Sockets::bind(&config).await.unwrap();
        let mut core = EndpointConfig::new("127.0.0.1:5060".parse().unwrap(), 1);
        let host = "example.net".to_owned();
        core.peers = vec![PeerConfig::new(Target::Name { host, port: None })];
        let mut endpoint = Endpoint::new(core);
        let now = std::time::Instant::now();
        endpoint.start(now);
        assert!(!endpoint.is_available(PeerId(0)));
        let mut asked = 0;
        loop {
            match endpoint.poll_output() {
                Some(Output::Resolve(question)) => {
                    asked += 1;
                    sockets.resolve(question);
                }
                Some(Output::Peer(_, news)) => {
                    assert_eq!(news, PeerNews::Available);
                    break;
                }
                Some(output) => panic!("{output:?}"),
                None => match next(&mut sockets).await {
                    Arrived::Resolved(question, answer) => {
                        assert!(answer.is_some(), "{question}");
                        endpoint.handle_resolved(now, &question, answer.as_ref());
                    }
                    arrived => panic!("{arrived:?}"),
                },
            }
        }
        // NAPTR, SRV, and the addresses of two hosts.
        assert_eq!(asked, 4);
        let hops = ["udp:127.0.0.2:5061", "udp:127.0.0.3:5062"];
        assert_eq!(
            endpoint.hops(PeerId(0)),
            hops.map(|hop| hop.parse().unwrap())
        );
        // Asked again when the shortest of the lives is over.
        let life = Duration::from_secs(name_server::LIFE.into());
        assert_eq!(endpoint.poll_timeout(), Some(now + life));
    });
}

//! Kamailio as the proxy in front: TLS towards the gateway with certificates of both sides, UDP
//! towards SIPp, Record-Route on both, and a password asked of the gateway.

use std::fs;
use std::path::Path;
use std::process::Command;

use isthmus::cdr::Origin;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::peer;
use crate::ports;
use crate::program::Program;
use crate::sipp::{ECHO, LIMIT, start, succeeds};
use crate::world::{Changes, World};

const CALLER: &str = "+49305550007";
const SIP_USER: &str = "+49305550100";
const PASSWORD: &str = "not-to-be-recorded";

const PROBE: &str = "[[sip_trunk]]\nname = \"probe\"\naddress = \"127.0.0.1:9\"\n# The dial plan.";

/// Its main process ends the others when it is asked to end.
struct Proxy(Program);

impl Drop for Proxy {
    fn drop(&mut self) {
        self.0.terminate();
        self.0.wait(LIMIT);
    }
}

/// An authority, and certificates of 127.0.0.1 for the gateway and for the proxy.
fn certificates(folder: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // OpenSSL takes a certificate whose issuer has its own name for its own authority.
    params
        .distinguished_name
        .push(DnType::CommonName, "authority");
    let authority = params.self_signed(&key).unwrap();
    fs::write(folder.join("authority.pem"), authority.pem()).unwrap();
    let issuer = Issuer::new(params, key);
    for name in ["gateway", "proxy"] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let file = |kind: &str| folder.join(format!("{name}-{kind}.pem"));
        fs::write(file("certificate"), certificate.pem()).unwrap();
        fs::write(file("key"), key.serialize_pem()).unwrap();
    }
}

/// From the gateway to SIPp at `user`, from SIPp to the gateway at `gateway`.
fn proxy(world: &World, folder: &Path, udp: u16, gateway: u16, user: u16) -> Proxy {
    let folder_text = folder.display();
    let side = |name: &str| {
        format!(
            "[{name}:default]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\nprivate_key = {folder_text}/proxy-key.pem\ncertificate = {folder_text}/proxy-certificate.pem\nca_list = {folder_text}/authority.pem\n"
        )
    };
    fs::write(folder.join("tls.cfg"), side("server") + &side("client")).unwrap();
    let tls = world.peer;
    let modules = ["tm", "sl", "rr", "pv", "siputils", "auth", "tls", "textops"];
    let modules: String = modules
        .map(|name| format!("loadmodule \"{name}.so\"\n"))
        .concat();
    let text = format!(
        r#"#!KAMAILIO
debug=1
log_stderror=yes
children=2
tcp_children=2
enable_tls=yes
tcp_reuse_port=yes
listen=udp:127.0.0.1:{udp}
listen=tls:127.0.0.1:{tls}
{modules}
modparam("tls", "config", "{folder_text}/tls.cfg")
request_route {{
    if (is_method("CANCEL")) {{ t_relay(); exit; }}
    if (has_totag()) {{
        loose_route();
        t_relay();
        exit;
    }}
    if ($proto == "tls") {{
        if (!pv_proxy_authenticate("proxy", "{PASSWORD}", "0")) {{
            proxy_challenge("proxy", "1");
            exit;
        }}
        consume_credentials();
        record_route();
        $du = "sip:127.0.0.1:{user}";
    }} else {{
        record_route();
        $du = "sip:127.0.0.1:{gateway};transport=tls";
    }}
    t_relay();
}}
"#
    );
    let file = folder.join("kamailio.cfg");
    fs::write(&file, text).unwrap();
    let mut kamailio = Command::new("kamailio");
    kamailio
        .args(["-DD", "-E", "-m", "16", "-M", "4", "-Y"])
        .arg(folder)
        .arg("-P")
        .arg(folder.join("kamailio.pid"))
        .arg("-f")
        .arg(file);
    let proxy = Proxy(Program::start("Kamailio", &mut kamailio));
    crate::eventually("Kamailio listens", LIMIT, || {
        std::net::TcpStream::connect(("127.0.0.1", tls)).ok()
    });
    proxy
}

#[test]
fn calls_through_a_proxy_over_tls_with_record_route_and_a_password() {
    if !peer::is_here("kamailio") || !peer::is_here("sipp") {
        return;
    }
    let folder = std::env::temp_dir().join(format!("isthmus-kamailio-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    certificates(&folder);
    fs::write(folder.join("password"), format!("{PASSWORD}\n")).unwrap();
    let (gateway, udp, user) = (ports::free(2), ports::free(2), ports::free(2));
    let place = |file: &str| folder.join(file).display().to_string();
    let listen = format!("listen = \"tls:127.0.0.1:{gateway},127.0.0.1:");
    let certificate = format!("certificate = \"{}\"", place("gateway-certificate.pem"));
    let key = format!("key = \"{}\"", place("gateway-key.pem"));
    let authorities = format!("authorities = \"{}\"", place("authority.pem"));
    let trunk = format!(
        "transport = \"tls\"\ncredentials = {{ username = \"gateway\", password_file = \"{}\" }}\noptions = \"2s\"",
        place("password")
    );
    let mut world = World::start(&Changes {
        gateway: &[
            ("listen = \"127.0.0.1:", &listen),
            ("#[sip.tls]", "[sip.tls]"),
            (
                "#certificate = \"/etc/isthmus/certificate.pem\"",
                &certificate,
            ),
            ("#key = \"/etc/isthmus/key.pem\"", &key),
            (
                "#authorities = \"/etc/ssl/certs/ca-certificates.crt\"",
                &authorities,
            ),
            ("transport = \"udp\"", &trunk),
            // By UDP the softphone's trunk is nobody's any more: what asks whether calls go
            // through has one of its own.
            ("# The dial plan.", PROBE),
            (
                "from = [\"softphone\"]",
                "from = [\"softphone\", \"probe\"]",
            ),
        ],
        exchange: &[("hang_up_after = \"10s\"", "hang_up_after = \"2s\"")],
    });
    // Nobody is there yet: OPTIONS says so.
    world.gateway().wait_for(0, "unavailable", LIMIT);
    let from = world.gateway().said();
    let proxy = proxy(&world, &folder, udp, gateway, user);
    world.gateway().wait_for(from, "available", LIMIT);

    let caller = ports::free(2);
    let through = format!("127.0.0.1:{udp}");
    let arguments = [
        "-rsa", &through, "-s", ECHO, "-m", "5", "-r", "2", "-d", "500",
    ];
    succeeds(start(&world, "plain_caller.xml", caller, &arguments));
    world.wait_until_idle();
    let sipp = start(&world, "called.xml", user, &["-m", "1", "-s", SIP_USER]);
    let from = world.exchange().said();
    world.exchange().tell(&format!("call {CALLER} {SIP_USER}"));
    world.exchange().wait_for(from, "answered", LIMIT);
    succeeds(sipp);
    world.wait_until_idle();
    let records = world.wait_for_records(6);
    for record in &records {
        assert_eq!(
            (record.cause, record.sip_status),
            (Some(16), Some(200)),
            "{record:?}"
        );
    }
    assert_eq!(records[5].origin, Origin::PstnToSip);
    let from = world.gateway().said();
    drop(proxy);
    world.gateway().wait_for(from, "unavailable", LIMIT);
    let said = world.gateway().heard(0).join("\n");
    assert!(!said.contains(PASSWORD), "the password is in the log");
    let recording = fs::read_to_string(world.directory.join("recording.jsonl"));
    assert!(
        !recording.unwrap().contains(PASSWORD),
        "it is in the recording"
    );
    world.finish();
    fs::remove_dir_all(folder).unwrap();
}

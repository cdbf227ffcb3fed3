//! Kamailio as the proxy in front: TLS towards the gateway with certificates of both sides, UDP
//! towards SIPp, Record-Route on both, and a password asked of the gateway; and as the registrar
//! of a carrier that calls the gateway where it has registered.

use std::fs;
use std::path::Path;
use std::process::Command;

use isthmus::cdr::Origin;

use crate::certificates;
use crate::peer;
use crate::ports;
use crate::program::Program;
use crate::sipp::{self, ECHO, LIMIT, succeeds};
use crate::world::{Changes, World};

const CALLER: &str = "+49305550007";
const SIP_USER: &str = "+49305550100";
const PASSWORD: &str = "not-to-be-recorded";

/// Requests within dialogs, and CANCEL, go the way of the INVITE.
const WITHIN_DIALOGS: &str = r#"if (is_method("CANCEL")) { t_relay(); exit; }
    if (has_totag()) {
        loose_route();
        t_relay();
        exit;
    }"#;

/// Its main process ends the others when it is asked to end.
struct Proxy(Program);

impl Drop for Proxy {
    fn drop(&mut self) {
        self.0.terminate();
        self.0.wait(LIMIT);
    }
}

/// Starts Kamailio with this configuration, which has it listen at `port`.
fn start(folder: &Path, text: String, port: u16) -> Proxy {
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
        std::net::TcpStream::connect(("127.0.0.1", port)).ok()
    });
    proxy
}

/// The modules of these names.
fn modules(names: &[&str]) -> String {
    let load = |name: &&str| format!("loadmodule \"{name}.so\"\n");
    names.iter().map(load).collect()
}

/// From the gateway to SIPp at `user`, from SIPp to the gateway.
fn proxy(world: &World, folder: &Path, udp: u16, user: u16) -> Proxy {
    let folder_text = folder.display();
    let side = |name: &str| {
        format!(
            "[{name}:default]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\nprivate_key = {folder_text}/proxy-key.pem\ncertificate = {folder_text}/proxy-certificate.pem\nca_list = {folder_text}/authority.pem\n"
        )
    };
    fs::write(folder.join("tls.cfg"), side("server") + &side("client")).unwrap();
    let (tls, gateway) = (world.peer, world.sip.port() + 2);
    let modules = modules(&["tm", "sl", "rr", "pv", "siputils", "auth", "tls", "textops"]);
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
    {WITHIN_DIALOGS}
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
    start(folder, text, tls)
}

#[test]
fn calls_through_a_proxy_over_tls_with_record_route_and_a_password() {
    if !peer::is_here("kamailio") || !peer::is_here("sipp") {
        return;
    }
    let folder = std::env::temp_dir().join(format!("isthmus-kamailio-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    certificates::write(&folder, ["gateway", "proxy"]);
    fs::write(folder.join("password"), format!("{PASSWORD}\n")).unwrap();
    let (udp, user) = (ports::free(2), ports::free(2));
    let place = |file: &str| folder.join(file).display().to_string();
    let tls = certificates::table(&folder, "gateway");
    let trunk = format!(
        "transport = \"tls\"\ncredentials = {{ username = \"gateway\", password_file = \"{}\" }}\noptions = \"2s\"",
        place("password")
    );
    let mut world = World::start(&Changes {
        tls: true,
        gateway: &[
            ("#[sip.tls]", &tls),
            ("transport = \"udp\"", &trunk),
            ("# The dial plan.", certificates::PROBE),
            (
                "from = [\"softphone\"]",
                "from = [\"softphone\", \"probe\"]",
            ),
        ],
        exchange: &[("hang_up_after = \"10s\"", "hang_up_after = \"2s\"")],
        ..Changes::default()
    });
    // Nobody is there yet: OPTIONS says so.
    world.gateway().wait_for(0, "unavailable", LIMIT);
    let from = world.gateway().said();
    let proxy = proxy(&world, &folder, udp, user);
    world.gateway().wait_for(from, "available", LIMIT);

    let caller = ports::free(2);
    let through = format!("127.0.0.1:{udp}");
    let arguments = [
        "-rsa", &through, "-s", ECHO, "-m", "5", "-r", "2", "-d", "500",
    ];
    succeeds(sipp::start(&world, "plain_caller.xml", caller, &arguments));
    world.wait_until_idle();
    let called = sipp::start(&world, "called.xml", user, &["-m", "1", "-s", SIP_USER]);
    let from = world.exchange().said();
    world.exchange().tell(&format!("call {CALLER} {SIP_USER}"));
    world.exchange().wait_for(from, "answered", LIMIT);
    succeeds(called);
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

/// The registrar of a carrier: REGISTER and calls of the gateway with a password, by SHA-256;
/// calls from elsewhere to where it has registered.
fn registrar(world: &World, folder: &Path, user: u16) -> Proxy {
    let port = world.peer;
    let modules = modules(&[
        "tm",
        "sl",
        "rr",
        "pv",
        "siputils",
        "auth",
        "usrloc",
        "registrar",
        "textops",
        "xlog",
    ]);
    let text = format!(
        r#"#!KAMAILIO
debug=1
log_stderror=yes
children=2
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
{modules}
modparam("auth", "algorithm", "SHA-256")
modparam("usrloc", "db_mode", 0)
request_route {{
    {WITHIN_DIALOGS}
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("carrier", "{PASSWORD}", "0")) {{
            www_challenge("carrier", "1");
            exit;
        }}
        save("location");
        xlog("L_ALERT", "registered $au for $hdr(Expires) s by $adu $aa\n");
        exit;
    }}
    record_route();
    if ($ua =~ "isthmus") {{
        if (!pv_proxy_authenticate("carrier", "{PASSWORD}", "0")) {{
            proxy_challenge("carrier", "1");
            exit;
        }}
        consume_credentials();
        $du = "sip:127.0.0.1:{user}";
    }} else {{
        $var(number) = $rU;
        $rU = "gateway";
        if (!lookup("location")) {{
            sl_send_reply("480", "Not registered");
            exit;
        }}
        $rU = $var(number);
    }}
    t_relay();
}}
"#
    );
    start(folder, text, port)
}

#[test]
fn a_carrier_calls_where_the_gateway_registered_with_a_password() {
    if !peer::is_here("kamailio") || !peer::is_here("sipp") {
        return;
    }
    let folder = std::env::temp_dir().join(format!("isthmus-registrar-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let password = folder.join("password").display().to_string();
    fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    let account = format!(
        "credentials = {{ username = \"gateway\", password_file = \"{password}\" }}\n\
         register = {{ user = \"gateway\", expires = \"30s\" }}\ntransport = \"udp\""
    );
    let mut world = World::start(&Changes {
        gateway: &[("transport = \"udp\"", &account)],
        exchange: &[("hang_up_after = \"10s\"", "hang_up_after = \"2s\"")],
        ..Changes::default()
    });
    let user = ports::free(2);
    let registrar = registrar(&world, &folder, user);
    registrar
        .0
        .wait_for(0, "registered gateway for 30 s", LIMIT);

    let through = format!("127.0.0.1:{}", world.peer);
    let arguments = [
        "-rsa", &through, "-s", ECHO, "-m", "3", "-r", "2", "-d", "500",
    ];
    let caller = ports::free(2);
    succeeds(sipp::start(&world, "plain_caller.xml", caller, &arguments));
    world.wait_until_idle();
    let called = sipp::start(&world, "called.xml", user, &["-m", "1", "-s", SIP_USER]);
    let from = world.exchange().said();
    world.exchange().tell(&format!("call {CALLER} {SIP_USER}"));
    world.exchange().wait_for(from, "answered", LIMIT);
    succeeds(called);
    world.wait_until_idle();
    let records = world.wait_for_records(4);
    for record in &records {
        assert_eq!(
            (record.cause, record.sip_status),
            (Some(16), Some(200)),
            "{record:?}"
        );
    }
    // Made again before it runs out, and taken back at the end.
    let from = registrar.0.said();
    registrar
        .0
        .wait_for(from, "registered gateway for 30 s", LIMIT);
    let from = registrar.0.said();
    world.finish();
    registrar
        .0
        .wait_for(from, "registered gateway for 0 s", LIMIT);
    fs::remove_dir_all(folder).unwrap();
}

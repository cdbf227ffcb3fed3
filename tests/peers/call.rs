//! The least of a SIP user: one INVITE, and what came of it.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Calls `number`. The status of the final response, which it acknowledges (RFC 3261 §17.1.1.3);
/// none when there is none in time. For calls that are refused: an answered one is left alone.
pub(crate) fn invite(gateway: SocketAddr, number: &str, limit: Duration) -> Option<u16> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let socket = UdpSocket::bind((gateway.ip(), 0)).expect("a port");
    let own = socket.local_addr().expect("it is bound");
    let step = Duration::from_millis(500);
    socket.set_read_timeout(Some(step)).expect("not zero");
    let (ip, port) = (own.ip(), own.port());
    let of_type = if ip.is_ipv6() { "IP6" } else { "IP4" };
    let sdp = format!(
        "v=0\r\no=- 1 1 IN {of_type} {ip}\r\ns=-\r\nc=IN {of_type} {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8\r\n"
    );
    let request = |method: &str, to: &str, body: &str| {
        let id = format!("{}-{count}", std::process::id());
        let content = match body.is_empty() {
            true => "",
            false => "Content-Type: application/sdp\r\n",
        };
        format!(
            "{method} sip:{number}@{gateway} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {own};branch=z9hG4bK{id}\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:+49305550100@{own}>;tag={id}\r\n\
             To: {to}\r\n\
             Call-ID: {id}@{own}\r\n\
             CSeq: 1 {method}\r\n\
             Contact: <sip:{own}>\r\n\
             {content}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let to = format!("<sip:{number}@{gateway}>");
    let start = Instant::now();
    let mut datagram = [0; 65_535];
    let mut send_again = true;
    while start.elapsed() < limit {
        if send_again {
            let invite = request("INVITE", &to, &sdp);
            let _ = socket.send_to(invite.as_bytes(), gateway);
        }
        // A refused datagram is a gateway that is not there yet.
        let Ok((length, _)) = socket.recv_from(&mut datagram) else {
            continue;
        };
        let response = String::from_utf8_lossy(&datagram[..length]);
        let status = response.split(' ').nth(1)?.parse().ok()?;
        send_again = false;
        if status >= 200 {
            let to = response
                .lines()
                .find_map(|line| line.strip_prefix("To: "))?;
            let _ = socket.send_to(request("ACK", to, "").as_bytes(), gateway);
            return Some(status);
        }
    }
    None
}

//! Strangers at the doors of the running program: what they try, and that nobody else suffers.
//!
//! That a panic ends its own connection only (G9) is shown in `net`, where one can be caused.

use std::time::Duration;

use base64::Engine;
use sim::client::{Lines, any_certificate};
use sim::process;
use sim::relay::Manner;
use sim::sample;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::world::{ALICE, BOB, World, plain};

const MIB: u64 = 1 << 20;
/// A line this long has no end, in bytes.
const ENDLESS_BYTES: usize = 50 << 20;

/// Sends a line without an end until the server is gone or has enough; how much it took.
async fn endless(mut lines: Lines) -> usize {
    let piece = vec![b'x'; 65_536];
    let mut taken = 0;
    while taken < ENDLESS_BYTES {
        match timeout(Duration::from_secs(10), lines.send(&piece)).await {
            Ok(Ok(())) => taken += piece.len(),
            _ => return taken,
        }
    }
    taken
}

/// IMAP ends such a connection at once; submission swallows the line until the patience before login
/// is over, and answers 500 if the line ends before that.
#[tokio::test]
async fn s24_i1_endless_lines_before_login_cost_no_memory() {
    let world = World::new().await;
    world.chat(1).await;
    let before = world.relay.resident_bytes().unwrap();
    let taken = endless(world.tls(993, None).await.unwrap()).await;
    assert!(taken < ENDLESS_BYTES, "IMAP listens for ever");
    endless(world.tls(465, None).await.unwrap()).await;
    let grown = world.relay.resident_bytes().unwrap().saturating_sub(before);
    assert!(grown < 8 * MIB, "memory grew by {grown}");
    world.chat(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_25_mb_in_parallel_keep_memory_flat() {
    const PARALLEL: usize = 4;
    let world = World::new().await;
    world.chat(1).await;
    let before = world.relay.resident_bytes().unwrap();
    let message = std::sync::Arc::new(sample::encrypted(ALICE, 25_000_000, 7));
    let mut senders = JoinSet::new();
    for _ in 0..PARALLEL {
        let (mut smtp, message) = (world.smtp(ALICE).await.unwrap(), message.clone());
        senders.spawn(async move { smtp.send(ALICE, &[BOB], &message).await });
    }
    let mut most = 0;
    loop {
        most = most.max(world.relay.resident_bytes().unwrap());
        match timeout(Duration::from_millis(20), senders.join_next()).await {
            Ok(Some(sent)) => drop(sent.unwrap().unwrap()),
            Ok(None) => break,
            Err(_) => {}
        }
    }
    let grown = most.saturating_sub(before);
    println!("memory grew by {:.1} MiB", grown as f64 / MIB as f64);
    assert!(grown < 60 * MIB, "memory grew by {grown}");
}

#[tokio::test]
async fn t4_s28_half_open_and_dripping_strangers_keep_nobody_waiting() {
    let world = World::new().await;
    let mut strangers = Vec::new();
    for n in 0..200 {
        let port = if n % 2 == 0 { 993 } else { 465 };
        let mut tcp = TcpStream::connect(world.relay.at(port)).await.unwrap();
        // Half of them begin a handshake and leave it there.
        if n % 4 < 2 {
            tcp.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
        }
        strangers.push(tcp);
    }
    let mut dripping = JoinSet::new();
    for _ in 0..20 {
        let mut lines = world.tls(465, None).await.unwrap();
        dripping.spawn(async move {
            while lines.send(b"E").await.is_ok() {
                sleep(Duration::from_millis(100)).await;
            }
        });
    }
    for seed in 1..=10 {
        world.chat(seed).await;
    }
}

#[tokio::test]
async fn o1_when_descriptors_run_out_it_waits_and_recovers() {
    let manner = Manner { descriptors: Some(64), ..Manner::default() };
    let mut world = World::with(&manner).await;
    world.chat(1).await;
    let mut flood = Vec::new();
    for n in 0..150 {
        let port = if n % 2 == 0 { 993 } else { 465 };
        flood.push(TcpStream::connect(world.relay.at(port)).await.unwrap());
    }
    sleep(Duration::from_millis(500)).await;
    let before = process::cpu_time(world.relay.pid()).unwrap();
    sleep(Duration::from_secs(1)).await;
    let spun = process::cpu_time(world.relay.pid()).unwrap().saturating_sub(before);
    assert!(spun < Duration::from_millis(300), "it spins: {spun:?} in a second");
    drop(flood);
    sleep(Duration::from_millis(1_500)).await;
    assert!(world.relay.is_running());
    world.chat(2).await;
}

#[tokio::test]
async fn s31_http_at_mail_ports_is_sent_away() {
    let world = World::new().await;
    for request in [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\n\r\n",
        "CONNECT x:25 HTTP/1.1\r\n\r\n",
    ] {
        let server = world.relay.at(587);
        let (heard, closed) = plain(server, request.as_bytes(), Duration::from_secs(2)).await;
        assert!(closed && !heard.contains("250"), "{request}: {heard}");
    }
}

#[tokio::test]
async fn s29_s30_without_login_nothing_is_relayed_or_told() {
    let world = World::new().await;
    world.chat(1).await;
    let mut lines = world.tls(465, None).await.unwrap();
    lines.line().await.unwrap();
    lines.send(b"EHLO [127.0.0.1]\r\n").await.unwrap();
    while !lines.line().await.unwrap().starts_with("250 ") {}
    for verified in ["alice0001@chat.test", "nobody001@chat.test"] {
        lines.send(format!("VRFY {verified}\r\n").as_bytes()).await.unwrap();
        assert!(lines.line().await.unwrap().starts_with("252 "), "{verified}");
    }
    for (from, to) in [
        ("x@example.org", "y@example.net"),
        ("x@chat.test", "y@example.net"),
        ("", "y@example.net"),
        ("x@chat.test", "y%example.net@chat.test"),
        ("x@chat.test", "y@example.net@chat.test"),
        ("x@chat.test", "\"y@example.net\"@chat.test"),
        ("x@chat.test", "@chat.test:y@example.net"),
        ("x@[127.0.0.1]", "y@example.net"),
    ] {
        let said = format!("MAIL FROM:<{from}>\r\nRCPT TO:<{to}>\r\n");
        lines.send(said.as_bytes()).await.unwrap();
        for _ in 0..2 {
            let reply = lines.line().await.unwrap();
            assert!(reply.starts_with('5') || reply.starts_with("421"), "{from} {to}: {reply}");
            if reply.starts_with("421") {
                return;
            }
        }
    }
}

#[tokio::test]
async fn s15_unknown_users_and_wrong_passwords_sound_alike() {
    let world = World::new().await;
    world.chat(1).await;
    let mut heard = Vec::new();
    for name in ["alice0001@chat.test", "no@chat.test", "nobody-by-this-name@chat.test"] {
        let mut lines = world.tls(465, None).await.unwrap();
        lines.line().await.unwrap();
        lines.send(b"EHLO x\r\n").await.unwrap();
        while !lines.line().await.unwrap().starts_with("250 ") {}
        let secret = format!("\0{name}\0not-the-password");
        let secret = base64::engine::general_purpose::STANDARD.encode(secret);
        let clock = net::Clock::real();
        lines.send(format!("AUTH PLAIN {secret}\r\n").as_bytes()).await.unwrap();
        heard.push((lines.line().await.unwrap(), clock.elapsed()));
    }
    assert!(heard.iter().all(|(reply, _)| *reply == heard[0].0), "{heard:?}");
    let times = heard.iter().map(|(_, taken)| *taken);
    let spread = times.clone().max().unwrap() - times.min().unwrap();
    assert!(spread < Duration::from_millis(200), "{heard:?}");
}

#[tokio::test]
async fn t3_one_port_serves_all_by_alpn() {
    let world = World::new().await;
    for (alpn, greeting) in [("imap", "* OK"), ("smtp", "220 ")] {
        let line = world.tls(443, Some(alpn)).await.unwrap().line().await.unwrap();
        assert!(line.starts_with(greeting), "{alpn}: {line}");
    }
    let mut web = world.tls(443, None).await.unwrap();
    web.send(b"GET / HTTP/1.1\r\nHost: chat.test\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(web.line().await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(Lines::connect(world.relay.at(443), any_certificate(Some("xmpp"))).await.is_err());
}

#[tokio::test]
async fn i18_the_fifty_first_connection_of_a_user_is_refused_and_the_others_live() {
    let world = World::new().await;
    let mut devices = Vec::new();
    for _ in 0..mail::limits::IMAP_CONNECTIONS_PER_USER_MAX {
        devices.push(world.imap(ALICE).await.unwrap());
    }
    let refused = world.imap(ALICE).await.err().map(|why| why.to_string()).unwrap_or_default();
    assert!(refused.contains("[UNAVAILABLE]"), "{refused}");
    devices[0].command("NOOP").await.unwrap();
    drop(devices);
    sleep(Duration::from_millis(300)).await;
    world.imap(ALICE).await.unwrap();
}

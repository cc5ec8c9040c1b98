//! The web door by its bytes: what a socket sees (cases H1, H2, H4, H6).

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use mail::limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::super::{Registration, Site, samples, serve};

const GET: &str = "GET /robots.txt HTTP/1.1\r\nHost: chat.example\r\n\r\n";

/// A visitor at the site; his connection and the door's end of it.
fn visit() -> (DuplexStream, JoinHandle<()>) {
    visit_until(pending())
}

fn visit_until(stop: impl Future<Output = ()> + Send + 'static) -> (DuplexStream, JoinHandle<()>) {
    let registration = Registration {
        random: Arc::new(|out| out.fill(7)),
        closed: Arc::new(|| None),
        limit: None,
    };
    let site = Arc::new(Site::new(samples::ordinary(), registration).unwrap());
    let (near, far) = duplex(4_096);
    let peer = "192.0.2.1".parse().unwrap();
    (near, tokio::spawn(serve(far, site, peer, || Duration::ZERO, stop)))
}

#[expect(clippy::disallowed_methods, reason = "the clock of these tests is paused")]
fn clock() -> Instant {
    Instant::now()
}

/// Sends everything and reads until the door closes.
async fn say(bytes: impl AsRef<[u8]>) -> String {
    let (mut near, door) = visit();
    let (mut reader, mut writer) = tokio::io::split(&mut near);
    let mut said = Vec::new();
    let write = async { _ = writer.write_all(bytes.as_ref()).await };
    let (_, read) = tokio::join!(write, reader.read_to_end(&mut said));
    read.unwrap();
    door.await.unwrap();
    String::from_utf8(said).unwrap()
}

/// Reads what comes until nothing more does for a while, the connection staying open.
async fn hear(near: &mut DuplexStream) -> String {
    let mut said = Vec::new();
    while let Ok(Ok(1..)) = timeout(Duration::from_secs(1), near.read_buf(&mut said)).await {}
    String::from_utf8(said).unwrap()
}

fn statuses(said: &str) -> Vec<&str> {
    said.match_indices("HTTP/1.1 ").map(|(at, _)| &said[at + 9..at + 12]).collect()
}

async fn is_refused(request: impl AsRef<[u8]>) -> bool {
    // Whatever is smuggled behind must not be answered.
    let said = say([request.as_ref(), GET.as_bytes()].concat()).await;
    statuses(&said) == ["400"]
}

#[tokio::test(start_paused = true)]
async fn requests_on_one_connection_are_answered_in_order() {
    let (mut near, _door) = visit();
    near.write_all(format!("{GET}{GET}GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
        .await
        .unwrap();
    assert_eq!(statuses(&hear(&mut near).await), ["200", "200", "404"]);
    near.write_all(GET.as_bytes()).await.unwrap();
    assert_eq!(statuses(&hear(&mut near).await), ["200"]);
}

#[tokio::test(start_paused = true)]
async fn head_has_no_body() {
    let said = say("HEAD /robots.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(said.contains("content-length: 26\r\n") && said.ends_with("\r\n\r\n"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn the_client_s_own_request_for_an_account_works() {
    let said = say(
        "POST /new HTTP/1.1\r\nhost: chat.example\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n") && said.ends_with("\"}\n"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn h1_heads_that_can_be_read_in_two_ways_are_refused() {
    for fields in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: 4, 4\r\n",
        "Content-Length: +4\r\n",
        "Content-Length : 4\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X: a\r\n folded: b\r\n",
        "X: a\nY: b\r\n",
        "X: a\rY: b\r\n",
        "X: a\0b\r\n",
        "Host: second.example\r\n",
    ] {
        let request = format!("POST /new HTTP/1.1\r\nHost: x\r\n{fields}\r\n0\r\n\r\n");
        assert!(is_refused(&request).await, "{fields:?}");
    }
    assert!(is_refused("GET / HTTP/1.1\nHost: x\n\n").await);
    assert!(is_refused("GET / HTTP/1.1\r\n\r\n").await, "no Host");
    assert!(is_refused("POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").await);
}

#[tokio::test(start_paused = true)]
async fn h1_requests_before_a_refused_one_are_answered() {
    let said = say(format!("{GET}GET / HTTP/1.1\r\nX: a\nb\r\n\r\n")).await;
    assert_eq!(statuses(&said), ["200", "400"]);
}

#[tokio::test(start_paused = true)]
async fn h1_chunks_that_lie_are_refused() {
    let head = "POST /new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        "11111111111111111\r\nx".to_owned(),
        "fffffffffffffffff\r\n".to_owned(),
        "-1\r\n".to_owned(),
        "1\nx\n0\n\n".to_owned(),
        format!("0\r\nX: {}\r\n\r\n", "y".repeat(1_000_000)),
        format!("0\r\n{}\r\n", "X: y\r\n".repeat(100_000)),
    ] {
        let said = say(format!("{head}{body}")).await;
        assert_eq!(statuses(&said), ["400"], "{}", &body[..body.len().min(20)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_chunked_body_ends_the_connection_after_its_answer() {
    let head = "POST /new HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let said = say(format!("{head}1\r\nx\r\n0\r\n\r\n{GET}")).await;
    assert_eq!(statuses(&said), ["200"]);
    assert!(said.contains("connection: close\r\n"));
}

#[tokio::test(start_paused = true)]
async fn bodies_up_to_the_limit_are_forgotten_and_larger_ones_refused() {
    for (excess, status) in [(0, "200"), (1, "413")] {
        let body = "x".repeat(limits::HTTP_BODY_BYTES_MAX + excess);
        let request = format!(
            "POST /new HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(statuses(&say(request).await), [status]);
    }
}

#[tokio::test(start_paused = true)]
async fn heads_up_to_the_limit_are_read_and_larger_ones_refused() {
    for (excess, status) in [(0, "200"), (1, "431")] {
        let frame = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: \r\n\r\n";
        let filler = "y".repeat(limits::HTTP_HEAD_BYTES_MAX + excess - frame.len());
        let request = frame.replace("X: ", &format!("X: {filler}"));
        assert_eq!(statuses(&say(request).await), [status], "{excess}");
    }
    for (count, status) in [(super::FIELDS_MAX, "200"), (super::FIELDS_MAX + 1, "431")] {
        let fields = "X: y\r\n".repeat(count - 2);
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n");
        assert_eq!(statuses(&say(request).await), [status], "{count}");
    }
}

#[tokio::test(start_paused = true)]
async fn h2_a_head_that_trickles_has_ten_seconds_in_all() {
    let (mut near, door) = visit();
    let began = clock();
    let slowly = async {
        for byte in GET.bytes().cycle() {
            if near.write_all(&[if byte == b'\r' { b'x' } else { byte }]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
    };
    timeout(Duration::from_secs(600), async { tokio::join!(slowly, door) })
        .await
        .unwrap()
        .1
        .unwrap();
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn h2_who_never_ends_a_head_is_told() {
    let (mut near, door) = visit();
    near.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
    let began = clock();
    let mut said = String::new();
    near.read_to_string(&mut said).await.unwrap();
    door.await.unwrap();
    assert_eq!(statuses(&said), ["408"]);
    assert_eq!(began.elapsed().as_secs(), limits::HTTP_HEAD_TIMEOUT_S);
}

#[tokio::test(start_paused = true)]
async fn h2_silence_is_bounded_before_and_between_requests() {
    let (mut near, door) = visit();
    let began = clock();
    assert_eq!(near.read_u8().await.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    door.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), limits::HTTP_HEAD_TIMEOUT_S);

    let (mut near, door) = visit();
    near.write_all(GET.as_bytes()).await.unwrap();
    let began = clock();
    let mut said = String::new();
    near.read_to_string(&mut said).await.unwrap();
    door.await.unwrap();
    assert_eq!(statuses(&said), ["200"]);
    assert_eq!(began.elapsed().as_secs(), limits::HTTP_IDLE_TIMEOUT_S);
}

#[tokio::test(start_paused = true)]
async fn h2_a_body_that_never_comes_is_given_up() {
    let (mut near, door) = visit();
    near.write_all(b"POST /new HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1").await.unwrap();
    let began = clock();
    let mut said = String::new();
    near.read_to_string(&mut said).await.unwrap();
    door.await.unwrap();
    assert_eq!(statuses(&said), ["408"]);
    assert!(began.elapsed().as_secs() <= limits::HTTP_HEAD_TIMEOUT_S + 1);
}

#[tokio::test(start_paused = true)]
async fn h2_who_does_not_read_is_left() {
    let (mut near, door) = visit();
    let began = clock();
    // More than the 4 KB that fit into the pipe.
    near.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    door.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), limits::WRITE_TIMEOUT_S);
}

#[tokio::test(start_paused = true)]
async fn h4_paths_stay_as_they_were_sent() {
    for path in ["/..%2f..%2fetc/passwd", "/%00", "/../../etc/passwd", "/main.css%2f.."] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_eq!(statuses(&say(request).await), ["404"], "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn h6_nothing_is_fetched_for_anyone() {
    let connect = say("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n").await;
    assert_eq!(statuses(&connect), ["405"]);
    let absolute = say(
        "GET http://evil.example/robots.txt HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(absolute.ends_with("User-agent: *\nDisallow: /\n"), "{absolute}");
}

#[tokio::test(start_paused = true)]
async fn other_protocols_are_turned_away() {
    assert_eq!(statuses(&say("EHLO x\r\n").await), ["400"]);
    let http2 = say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(!http2.contains(" 200 "), "{http2}");
    assert_eq!(statuses(&say([0x16, 3, 1, 2, 0, 1, 0, 1]).await), ["400"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_an_idle_connection_at_once() {
    let (stop, stopped) = oneshot::channel::<()>();
    let (mut near, door) = visit_until(async { _ = stopped.await });
    near.write_all(GET.as_bytes()).await.unwrap();
    assert_eq!(statuses(&hear(&mut near).await), ["200"]);
    let began = clock();
    stop.send(()).unwrap();
    door.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(1));
}

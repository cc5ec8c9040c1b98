use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;
use crate::cert::LiveIdentity;
use crate::listener::bind_all;
use crate::shutdown::{self, ShutdownTrigger};
use crate::testing::{TLS_1_2, TLS_1_3, client, connect, identity, live_identity};

/// A served port on loopback.
struct Fixture {
    address: SocketAddr,
    counters: Arc<Counters>,
    budget: Arc<Budget>,
    trigger: ShutdownTrigger,
    task: JoinHandle<()>,
}

impl Fixture {
    fn new<F>(opening: Opening, budget: Arc<Budget>, handler: fn(Accepted) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = bind_all(&["127.0.0.1:0".parse().unwrap()]).unwrap().remove(0);
        let address = listener.address();
        let counters = Arc::new(Counters::default());
        let (trigger, shutdown) = shutdown::channel();
        let port = Port {
            listener,
            opening,
            budget: Arc::clone(&budget),
            counters: Arc::clone(&counters),
            clock: Clock::real(),
        };
        let task = tokio::spawn(serve(port, shutdown, handler));
        Self { address, counters, budget, trigger, task }
    }

    async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// What a TLS client reads: the name of the service, or nothing if the handshake fails.
    async fn service(&self, config: &Arc<ClientConfig>) -> Option<String> {
        let mut stream = connect(self.tcp().await, config).await.ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await.ok()?;
        Some(text)
    }
}

/// Says which service it was taken for, and leaves.
async fn say_service(mut accepted: Accepted) {
    let text = format!("{:?}", accepted.service);
    accepted.stream.write_all(text.as_bytes()).await.unwrap();
    accepted.stream.shutdown().await;
}

/// Sends back what comes until the end or shutdown.
async fn echo(mut accepted: Accepted) {
    let mut bytes = Vec::new();
    loop {
        tokio::select! {
            () = accepted.shutdown.requested() => break,
            n = accepted.stream.read_some(&mut bytes, 1_000) => if n.unwrap_or(0) == 0 { break },
        }
        if accepted.stream.write_all(&bytes).await.is_err() {
            break;
        }
        bytes.clear();
    }
    accepted.stream.shutdown().await;
}

fn open_budget() -> Arc<Budget> {
    Budget::unlimited_share(1_000)
}

#[tokio::test]
async fn t3_on_443_alpn_routes_and_unknown_names_get_an_alert() {
    let fixture =
        Fixture::new(Opening::Mux(live_identity().tls().unwrap()), open_budget(), say_service);
    let cases: [(&[&[u8]], _); 8] = [
        (&[], Some("Web")),
        (&[b"http/1.1"], Some("Web")),
        (&[b"h2", b"http/1.1"], Some("Web")),
        (&[b"imap"], Some("Imap")),
        (&[b"imap", b"smtp"], Some("Submission")),
        (&[b"smtp-x"], Some("Submission")),
        (&[b"h2"], None),
        (&[b"imap4"], None),
    ];
    for (offer, expected) in cases {
        let got = fixture.service(&client(TLS_1_3, offer)).await;
        assert_eq!(got.as_deref(), expected, "{offer:?}");
    }
    assert_eq!(fixture.counters.read().handshakes_failed, 2);
}

#[tokio::test]
async fn t3_mail_ports_accept_their_own_name_and_none() {
    for (service, name) in [(Service::Imap, &b"imap"[..]), (Service::Submission, b"smtp")] {
        let opening = Opening::Tls(service, live_identity().tls().unwrap());
        let fixture = Fixture::new(opening, open_budget(), say_service);
        let expected = Some(format!("{service:?}"));
        assert_eq!(fixture.service(&client(TLS_1_3, &[])).await, expected);
        assert_eq!(fixture.service(&client(TLS_1_3, &[name])).await, expected);
        assert_eq!(fixture.service(&client(TLS_1_3, &[b"ftp"])).await, None);
    }
}

#[tokio::test]
async fn t1_old_tls_is_refused_where_our_clients_come_in() {
    let tls = live_identity().tls().unwrap();
    let fixture = Fixture::new(Opening::Mux(tls), open_budget(), say_service);
    assert_eq!(fixture.service(&client(TLS_1_2, &[])).await.as_deref(), Some("Web"));
    assert_eq!(fixture.service(&client(TLS_1_2, &[b"imap"])).await, None);
    assert_eq!(fixture.service(&client(TLS_1_2, &[b"smtp"])).await, None);
}

#[tokio::test]
async fn t2_odd_server_names_get_the_one_certificate_or_an_alert() {
    let tls = live_identity().tls().unwrap();
    let fixture = Fixture::new(Opening::Tls(Service::Imap, tls), open_budget(), say_service);
    let long = format!("{}.example", ["a".repeat(60), "b".repeat(60), "c".repeat(60)].join("."));
    for name in ["unknown.example", "trailing.example.", "127.0.0.1", &long] {
        let name = rustls::pki_types::ServerName::try_from(name.to_owned()).unwrap();
        let connector = tokio_rustls::TlsConnector::from(client(TLS_1_3, &[]));
        let mut stream = connector.connect(name, fixture.tcp().await).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "Imap");
    }
    // An empty server name, in an otherwise good ClientHello.
    let mut raw = fixture.tcp().await;
    raw.write_all(&hello_with_empty_name().await).await.unwrap();
    let mut answer = Vec::new();
    let _ = raw.read_to_end(&mut answer).await;
    assert_eq!(answer.first(), Some(&21), "an alert");
    assert_eq!(fixture.counters.read().panics, 0);
}

/// A real ClientHello whose server name, nine letters, is declared to have none.
async fn hello_with_empty_name() -> Vec<u8> {
    let (theirs, mut ours) = crate::testing::pair().await;
    let config = client(TLS_1_3, &[]);
    let attempt = tokio::spawn(async move { connect(theirs, &config).await.is_ok() });
    let mut hello = vec![0; 4_096];
    let n = ours.read(&mut hello).await.unwrap();
    hello.truncate(n);
    drop(ours);
    assert!(!attempt.await.unwrap());
    let at = hello.windows(9).position(|w| w == b"localhost").unwrap();
    hello[at - 2..at].copy_from_slice(&[0, 0]);
    hello
}

#[tokio::test]
async fn t4_half_open_connections_end_at_the_deadline_and_count_in_the_budget() {
    let budget = Budget::with_share(100, Some(20));
    let tls = live_identity().tls().unwrap();
    let fixture = Fixture::new(Opening::Mux(tls), Arc::clone(&budget), say_service);
    let mut stalled = Vec::new();
    for _ in 0..20 {
        let mut tcp = fixture.tcp().await;
        tcp.write_all(&[22, 3, 1]).await.unwrap();
        stalled.push(tcp);
    }
    while fixture.counters.read().accepted < 20 {
        sleep(Duration::from_millis(1)).await;
    }
    let mut one_more = fixture.tcp().await;
    assert_eq!(one_more.read(&mut [0]).await.unwrap_or(0), 0, "refused at once");
    tokio::time::pause();
    for mut tcp in stalled {
        assert_eq!(tcp.read(&mut [0]).await.unwrap(), 0, "closed at the deadline");
    }
    let counts = fixture.counters.read();
    assert_eq!((counts.refused_by_share, counts.handshakes_failed), (1, 20));
    assert_eq!(fixture.budget.in_use(), 1, "only the room for the next one");
}

#[tokio::test]
async fn t5_a_replaced_certificate_counts_for_new_sessions_and_old_ones_go_on() {
    let live: LiveIdentity = live_identity();
    let opening = Opening::Tls(Service::Imap, live.tls().unwrap());
    let fixture = Fixture::new(opening, open_budget(), echo);
    let shown = |stream: &tokio_rustls::client::TlsStream<TcpStream>| {
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    };
    let mut sessions = Vec::new();
    for _ in 0..50 {
        sessions.push(connect(fixture.tcp().await, &client(TLS_1_3, &[])).await.unwrap());
    }
    let old = shown(&sessions[0]);
    live.replace(identity());
    let new = connect(fixture.tcp().await, &client(TLS_1_3, &[])).await.unwrap();
    assert_ne!(shown(&new), old);
    for session in &mut sessions {
        session.write_all(b"still").await.unwrap();
        let mut back = [0; 5];
        session.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"still");
    }
}

#[tokio::test]
async fn t10_a_ticket_resumes_at_its_own_service_only() {
    let tls = live_identity().tls().unwrap();
    let imap = Fixture::new(Opening::Tls(Service::Imap, tls.clone()), open_budget(), say_service);
    let submission =
        Fixture::new(Opening::Tls(Service::Submission, tls), open_budget(), say_service);
    let config = client(TLS_1_3, &[]);
    let kind = async |fixture: &Fixture| {
        let mut stream = connect(fixture.tcp().await, &config).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        stream.get_ref().1.handshake_kind().unwrap()
    };
    assert_eq!(kind(&imap).await, rustls::HandshakeKind::Full);
    assert_eq!(kind(&imap).await, rustls::HandshakeKind::Resumed);
    assert_eq!(kind(&submission).await, rustls::HandshakeKind::Full);
}

#[tokio::test]
async fn starttls_begins_in_the_clear_and_is_refused_twice() {
    async fn handler(mut accepted: Accepted) {
        let with = accepted.tls.take().unwrap();
        let mut line = Vec::new();
        accepted.stream.read_some(&mut line, 100).await.unwrap();
        accepted.stream.write_all(b"go\n").await.unwrap();
        let mut stream = accepted.stream.start_tls(&with).await.unwrap();
        stream.write_all(b"safe").await.unwrap();
        let again = stream.start_tls(&with).await.unwrap_err();
        assert!(matches!(again, HandshakeError::AlreadyTls));
    }
    let tls = live_identity().tls().unwrap();
    let fixture = Fixture::new(Opening::StartTls(Service::Imap, tls), open_budget(), handler);
    let mut tcp = fixture.tcp().await;
    tcp.write_all(b"a starttls\n").await.unwrap();
    let mut line = [0; 3];
    tcp.read_exact(&mut line).await.unwrap();
    let mut stream = connect(tcp, &client(TLS_1_3, &[b"imap"])).await.unwrap();
    let mut safe = [0; 4];
    stream.read_exact(&mut safe).await.unwrap();
    assert_eq!(&safe, b"safe");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"imap"[..]));
}

#[tokio::test]
async fn g9_a_panic_ends_one_connection_and_is_counted() {
    async fn handler(mut accepted: Accepted) {
        let mut word = Vec::new();
        while accepted.stream.read_some(&mut word, 1).await.unwrap() > 0 {
            assert_ne!(word, b"!", "asked to panic");
            accepted.stream.write_all(&word).await.unwrap();
            word.clear();
        }
    }
    let fixture = Fixture::new(Opening::Plain(Service::Web), open_budget(), handler);
    let (mut good, mut bad) = (fixture.tcp().await, fixture.tcp().await);
    bad.write_all(b"!").await.unwrap();
    assert_eq!(bad.read(&mut [0]).await.unwrap_or(0), 0);
    good.write_all(b"x").await.unwrap();
    let mut back = [0];
    good.read_exact(&mut back).await.unwrap();
    fixture.trigger.pull();
    drop(good);
    fixture.task.await.unwrap();
    assert_eq!(fixture.counters.read().panics, 1);
    assert_eq!(fixture.budget.in_use(), 0);
}

#[tokio::test]
async fn g7_a_stop_takes_no_more_and_waits_for_those_who_finish() {
    let fixture = Fixture::new(Opening::Plain(Service::Web), open_budget(), echo);
    let mut tcp = fixture.tcp().await;
    tcp.write_all(b"x").await.unwrap();
    tcp.read_exact(&mut [0]).await.unwrap();
    fixture.trigger.pull();
    assert_eq!(tcp.read(&mut [0]).await.unwrap(), 0);
    drop(tcp);
    fixture.task.await.unwrap();
    assert!(TcpStream::connect(fixture.address).await.is_err());
    assert_eq!(fixture.counters.read().cut, 0);
}

#[tokio::test(start_paused = true)]
async fn g7_who_does_not_finish_is_cut_after_the_grace() {
    async fn deaf(accepted: Accepted) {
        sleep(Duration::from_secs(1_000_000)).await;
        drop(accepted);
    }
    let fixture = Fixture::new(Opening::Plain(Service::Web), open_budget(), deaf);
    let mut tcp = fixture.tcp().await;
    while fixture.counters.read().accepted == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    fixture.trigger.pull();
    assert_eq!(tcp.read(&mut [0]).await.unwrap_or(0), 0);
    fixture.task.await.unwrap();
    assert_eq!(fixture.counters.read().cut, 1);
    assert_eq!(fixture.budget.in_use(), 0);
}

/// Fails a number of times before it accepts.
struct Exhausted {
    errors: AtomicUsize,
    calls: Arc<AtomicUsize>,
    code: i32,
    connection: Mutex<Option<(TcpStream, SocketAddr)>>,
}

impl Accept for Exhausted {
    async fn accept(&self) -> std::io::Result<(TcpStream, SocketAddr)> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self
            .errors
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
            .is_ok()
        {
            return Err(std::io::Error::from_raw_os_error(self.code));
        }
        let connection = self.connection.lock().unwrap().take();
        match connection {
            Some(connection) => Ok(connection),
            None => std::future::pending().await,
        }
    }
}

async fn greet(mut accepted: Accepted) {
    accepted.stream.write_all(b"220").await.unwrap();
}

/// How long a connection behind `errors` failures of kind `code` waited, and the counted errors.
#[expect(clippy::disallowed_methods, reason = "the paused clock of the runtime is measured")]
async fn behind_errors(code: i32, errors: usize) -> (Duration, u64, usize) {
    let (mut theirs, ours) = crate::testing::pair().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let listener = Exhausted {
        errors: errors.into(),
        calls: Arc::clone(&calls),
        code,
        connection: Mutex::new(Some((ours, "127.0.0.1:1".parse().unwrap()))),
    };
    let counters = Arc::new(Counters::default());
    let (_trigger, shutdown) = shutdown::channel();
    let port = Port {
        listener,
        opening: Opening::Plain(Service::Web),
        budget: open_budget(),
        counters: Arc::clone(&counters),
        clock: Clock::real(),
    };
    let begin = tokio::time::Instant::now();
    tokio::spawn(serve(port, shutdown, greet));
    let mut text = [0; 3];
    theirs.read_exact(&mut text).await.unwrap();
    (begin.elapsed(), counters.read().accept_errors, calls.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn o1_accept_pauses_when_descriptors_or_memory_run_out() {
    for code in [24, 23, 105, 12] {
        let (waited, errors, calls) = behind_errors(code, 50).await;
        assert!(waited >= Duration::from_millis(50 * mail::limits::ACCEPT_BACKOFF_MS));
        assert_eq!(errors, 50);
        assert!(calls <= 53, "{calls} calls: it spins");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_died_in_the_backlog_costs_no_pause() {
    let (waited, errors, _) = behind_errors(103, 50).await;
    assert!(waited < Duration::from_millis(mail::limits::ACCEPT_BACKOFF_MS));
    assert_eq!(errors, 0);
}

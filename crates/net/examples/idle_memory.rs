//! Measures what an idle TLS connection costs: `idle_memory [N]` (default 5,000).
//!
//! Opens N connections from a second process, lets each say and hear a line, and prints the growth
//! of this process's resident memory per connection. Kernel memory is not in it.

#![expect(clippy::print_stdout, reason = "the figure is what it is for")]

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mail::Timestamp;
use net::cert::{Identity, LiveIdentity};
use net::{Accepted, Budget, Clock, Counters, Opening, Port, Service, bind_all, serve, shutdown};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[path = "../src/testing/anybody.rs"]
mod anybody;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [address, n] => clients(address, n.parse()?).await,
        [n] => measure(n.parse()?).await,
        _ => measure(5_000).await,
    }
}

async fn measure(n: usize) -> Outcome<()> {
    let heard = Arc::new(AtomicUsize::new(0));
    let listener =
        bind_all(&["127.0.0.1:0".parse()?]).map_err(|errors| format!("{errors:?}"))?.remove(0);
    let address = listener.address();
    let live = LiveIdentity::new(Identity::ephemeral(&["localhost".into()], Timestamp(0))?);
    let port = Port {
        listener,
        opening: Opening::Tls(Service::Imap, live.tls()?),
        budget: Budget::unlimited_share(n + 10),
        counters: Arc::new(Counters::default()),
        clock: Clock::real(),
    };
    let (_trigger, shutdown) = shutdown::channel();
    let counter = Arc::clone(&heard);
    tokio::spawn(serve(port, shutdown, move |accepted| idle(accepted, Arc::clone(&counter))));

    // The first connections warm up what is needed once.
    let mut warm = spawn_clients(&address.to_string(), 50)?;
    wait(&heard, 50).await;
    warm.kill()?;
    warm.wait()?;
    let before = resident_kib()?;
    let mut clients = spawn_clients(&address.to_string(), n)?;
    wait(&heard, 50 + n).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let grown = resident_kib()? - before;
    println!("{n} idle TLS connections: {grown} KiB, {:.2} KiB each", grown as f64 / n as f64);
    clients.kill()?;
    clients.wait()?;
    Ok(())
}

/// The shape of an idling session: one line heard and answered, then waiting for either side.
async fn idle(mut accepted: Accepted, heard: Arc<AtomicUsize>) {
    let mut line = Vec::new();
    loop {
        tokio::select! {
            () = accepted.shutdown.requested() => return,
            () = tokio::time::sleep(Duration::from_secs(1_800)) => return,
            n = accepted.stream.read_some(&mut line, 4_096) => if n.unwrap_or(0) == 0 { return },
        }
        if accepted.stream.write_all(b"* OK heard\r\n").await.is_err() {
            return;
        }
        line = Vec::new();
        heard.fetch_add(1, Ordering::Relaxed);
    }
}

async fn wait(heard: &AtomicUsize, n: usize) {
    while heard.load(Ordering::Relaxed) < n {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn spawn_clients(address: &str, n: usize) -> std::io::Result<std::process::Child> {
    std::process::Command::new("/proc/self/exe")
        .args([address, &n.to_string()])
        .stdin(Stdio::null())
        .spawn()
}

async fn clients(address: &str, n: usize) -> Outcome<()> {
    let connector =
        tokio_rustls::TlsConnector::from(anybody::client(&[&rustls::version::TLS13], &[]));
    let mut held = Vec::with_capacity(n);
    for _ in 0..n {
        let tcp = TcpStream::connect(address).await?;
        let mut stream = connector.connect("localhost".try_into()?, tcp).await?;
        stream.write_all(b"a idle\r\n").await?;
        held.push(stream);
    }
    tokio::time::sleep(Duration::from_secs(600)).await;
    Ok(())
}

fn resident_kib() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).ok_or("no figure")?.parse()?)
}

//! Measures a running relay from outside and prints the figures.
//!
//! `drive --imaps 10993 --submissions 10465 --domain chat.test --pid 4711` against a relay started
//! with `martlet dev --unlimited`. With `--pid`, CPU and memory of that process are shown as well.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use rustls::ClientConfig;
use sim::client::{Imap, Smtp, any_certificate};
use sim::sample;
use tokio::task::JoinSet;

#[derive(Parser)]
struct Options {
    /// Port of IMAP over TLS on loopback.
    #[arg(long, default_value_t = 10993)]
    imaps: u16,
    /// Port of submission over TLS on loopback.
    #[arg(long, default_value_t = 10465)]
    submissions: u16,
    /// The relay's mail domain.
    #[arg(long, default_value = "chat.test")]
    domain: String,
    /// Process id of the relay.
    #[arg(long)]
    pid: Option<u32>,
    /// Rounds of the latency measurement.
    #[arg(long, default_value_t = 500)]
    rounds: usize,
    /// Messages of the throughput measurement, in all.
    #[arg(long, default_value_t = 8_000)]
    messages: usize,
    /// Senders of the throughput measurement.
    #[arg(long, default_value_t = 8)]
    senders: usize,
    /// Size of a message in bytes.
    #[arg(long, default_value_t = 2_000)]
    size: usize,
    /// Idle connections of the memory measurement.
    #[arg(long, default_value_t = 500)]
    idle: usize,
}

/// The relay as the driver sees it.
struct Relay {
    imaps: SocketAddr,
    submissions: SocketAddr,
    tls: Arc<ClientConfig>,
    domain: String,
    run: u32,
}

const PASSWORD: &str = "correct-horse-battery";

impl Relay {
    /// Addresses are new for each run, so that runs do not meet each other's mail.
    fn user(&self, n: usize) -> String {
        format!("u{:04x}{n:04}@{}", self.run & 0xffff, self.domain)
    }

    async fn imap(&self, user: &str) -> io::Result<Imap> {
        let mut imap = Imap::connect(self.imaps, Arc::clone(&self.tls)).await?;
        imap.login(user, PASSWORD).await?;
        imap.command("SELECT INBOX").await?;
        Ok(imap)
    }

    async fn smtp(&self, user: &str) -> io::Result<Smtp> {
        Smtp::connect(self.submissions, Arc::clone(&self.tls), user, PASSWORD).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let options = Options::parse();
    let on = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let relay = Arc::new(Relay {
        imaps: on(options.imaps),
        submissions: on(options.submissions),
        tls: any_certificate(None),
        domain: options.domain.clone(),
        run: std::process::id(),
    });
    latency(&relay, &options).await?;
    throughput(&relay, &options).await?;
    memory(&relay, &options).await
}

/// From the first byte of MAIL to the whole body in the hands of a receiver that was idling.
async fn latency(relay: &Relay, options: &Options) -> io::Result<()> {
    let (alice, bob) = (relay.user(0), relay.user(1));
    let (mut sender, mut receiver) = (relay.smtp(&alice).await?, relay.imap(&bob).await?);
    let mut taken = Vec::with_capacity(options.rounds);
    for round in 0..options.rounds {
        let message = sample::encrypted(&alice, options.size, round as u64);
        receiver.idle().await?;
        let start = Instant::now();
        let to = [bob.as_str()];
        let sent = sender.send(&alice, &to, &message);
        let got = async {
            let n = receiver.announced().await?;
            receiver.done().await?;
            receiver.command(&format!("FETCH {n} (UID BODY.PEEK[])")).await
        };
        let (sent, got) = tokio::join!(sent, got);
        sent?;
        taken.push(start.elapsed());
        assert!(got?.windows(6).any(|window| window == b"--b000"), "the body is not the message");
        receiver.command("STORE 1:* +FLAGS.SILENT (\\Deleted)").await?;
        receiver.command("EXPUNGE").await?;
    }
    taken.sort_unstable();
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize];
    let (median, p90, p99) = (at(0.5), at(0.9), at(0.99));
    println!("latency, {} B: median {median:?}, p90 {p90:?}, p99 {p99:?}", options.size);
    Ok(())
}

/// Each sender to a receiver of its own; all are accepted and all are there at the end.
async fn throughput(relay: &Arc<Relay>, options: &Options) -> io::Result<()> {
    let each = options.messages / options.senders;
    let mut receivers = Vec::new();
    for n in 0..options.senders {
        receivers.push(relay.imap(&relay.user(100 + n)).await?);
    }
    let cpu = options.pid.map(cpu_time).transpose()?;
    let start = Instant::now();
    let mut senders = JoinSet::new();
    for n in 0..options.senders {
        let (relay, size) = (Arc::clone(relay), options.size);
        senders.spawn(async move {
            let (from, to) = (relay.user(200 + n), relay.user(100 + n));
            let mut smtp = relay.smtp(&from).await?;
            let message = sample::encrypted(&from, size, n as u64);
            for _ in 0..each {
                smtp.send(&from, &[&to], &message).await?;
            }
            io::Result::Ok(())
        });
    }
    while let Some(result) = senders.join_next().await {
        result.map_err(io::Error::other)??;
    }
    let taken = start.elapsed();
    for receiver in &mut receivers {
        let status = receiver.command("STATUS INBOX (MESSAGES)").await?;
        let wanted = format!("MESSAGES {each}");
        let found = status.windows(wanted.len()).any(|window| window == wanted.as_bytes());
        assert!(found, "lost mail: {}", String::from_utf8_lossy(&status));
    }
    let total = each * options.senders;
    println!(
        "throughput, {} senders, {} B: {:.0} messages/s",
        options.senders,
        options.size,
        total as f64 / taken.as_secs_f64()
    );
    if let (Some(pid), Some(before)) = (options.pid, cpu) {
        let used = cpu_time(pid)?.saturating_sub(before);
        println!("server CPU: {:?} for each message", used / total as u32);
    }
    Ok(())
}

/// Resident memory of the relay for each connection in IDLE.
async fn memory(relay: &Relay, options: &Options) -> io::Result<()> {
    let Some(pid) = options.pid else { return Ok(()) };
    let user = relay.user(300);
    drop(relay.imap(&user).await?);
    let before = resident_bytes(pid)?;
    let mut idlers = Vec::with_capacity(options.idle);
    for n in 0..options.idle {
        let mut imap = relay.imap(&relay.user(300 + n / 10)).await?;
        imap.idle().await?;
        idlers.push(imap);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let grown = resident_bytes(pid)?.saturating_sub(before);
    println!(
        "memory: {} B for each of {} idle connections, {:.1} MB in all",
        grown / options.idle as u64,
        options.idle,
        resident_bytes(pid)? as f64 / 1e6
    );
    Ok(())
}

/// User and system time of a process so far (Linux: clock ticks of 10 ms).
fn cpu_time(pid: u32) -> io::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> =
        stat.rsplit(") ").next().unwrap_or_default().split_ascii_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|it| it.parse::<u64>().ok()).unwrap_or(0);
    Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
}

fn resident_bytes(pid: u32) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no VmRSS"))
}

//! What is measured, one function for each.

use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

use sim::client::number_after;
use sim::{process, sample};
use tokio::task::JoinSet;

use super::target::Target;

/// A line of the table.
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) figure: String,
}

fn line(what: impl Into<String>, figure: impl Into<String>) -> Line {
    Line { what: what.into(), figure: figure.into() }
}

fn rate(n: usize, unit: &str, taken: Duration) -> String {
    format!("{:.0} {unit}/s", n as f64 / taken.as_secs_f64())
}

/// Does `work` with each of the clients at once; how long all of it took.
async fn at_once<F>(target: &Target, work: impl Fn(Target, usize) -> F) -> io::Result<Duration>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for n in 0..target.options.clients {
        clients.spawn(work(target.clone(), n));
    }
    while let Some(done) = clients.join_next().await {
        done.map_err(io::Error::other)??;
    }
    Ok(start.elapsed())
}

/// How often each client does something.
fn each(target: &Target) -> usize {
    (target.options.count / target.options.clients).max(1)
}

pub(crate) async fn latency(target: &Target) -> io::Result<Vec<Line>> {
    let (alice, bob) = (target.user('a', 0), target.user('b', 0));
    let (mut sender, mut receiver) = (target.smtp(&alice).await?, target.imap(&bob).await?);
    let mut taken = Vec::with_capacity(target.options.count);
    for round in 0..target.options.count {
        let message = sample::encrypted(&alice, target.options.size, round as u64);
        receiver.idle().await?;
        let start = Instant::now();
        let to = [bob.as_str()];
        let read = async {
            let n = receiver.announced().await?;
            receiver.done().await?;
            receiver.command(&format!("FETCH {n} (UID BODY.PEEK[])")).await
        };
        let (sent, read) = tokio::join!(sender.send(&alice, &to, &message), read);
        sent?;
        taken.push(start.elapsed());
        assert!(read?.len() > message.len(), "the body is not the message");
        receiver.command("STORE 1:* +FLAGS.SILENT (\\Deleted)").await?;
        receiver.command("EXPUNGE").await?;
    }
    let size = target.options.size;
    Ok(quantiles(&format!("submission to body, {size} B"), taken))
}

fn quantiles(what: &str, mut taken: Vec<Duration>) -> Vec<Line> {
    taken.sort_unstable();
    let at = |percent: usize| taken.get((taken.len().saturating_sub(1)) * percent / 100);
    let shown = |(name, percent)| {
        line(format!("{what}, {name}"), format!("{:.2?}", at(percent).copied().unwrap_or_default()))
    };
    [("median", 50), ("p90", 90), ("p99", 99)].into_iter().map(shown).collect()
}

pub(crate) async fn throughput(target: &Target) -> io::Result<Vec<Line>> {
    let (each, options) = (each(target), &target.options);
    for n in 0..options.clients {
        target.login(&target.user('d', n)).await?;
    }
    let cpu = options.pid.map(process::cpu_time).transpose()?;
    let taken = at_once(target, |target, n| async move {
        let (from, to) = (target.user('c', n), target.user('d', n));
        let mut smtp = target.smtp(&from).await?;
        let message = sample::encrypted(&from, target.options.size, n as u64);
        for _ in 0..each {
            smtp.send(&from, &[&to], &message).await?;
        }
        Ok(())
    })
    .await?;
    let total = each * options.clients;
    let what = format!("messages of {} B, {} senders", options.size, options.clients);
    let mut lines = vec![line(what, rate(total, "messages", taken))];
    if let (Some(pid), Some(before)) = (options.pid, cpu) {
        let used = process::cpu_time(pid)?.saturating_sub(before) / total as u32;
        lines.push(line("server CPU for each of them", format!("{used:.2?}")));
    }
    for n in 0..options.clients {
        all_there(target, &target.user('d', n), each).await?;
    }
    Ok(lines)
}

/// Fails if a mailbox has fewer messages than were acknowledged.
async fn all_there(target: &Target, user: &str, wanted: usize) -> io::Result<()> {
    let status = target.login(user).await?.command("STATUS INBOX (MESSAGES)").await?;
    let found = number_after(&String::from_utf8_lossy(&status), "MESSAGES ").unwrap_or_default();
    match found as usize >= wanted {
        true => Ok(()),
        false => Err(io::Error::other(format!("{user} has {found} messages of {wanted}"))),
    }
}

pub(crate) async fn fan_out(target: &Target) -> io::Result<Vec<Line>> {
    const ROUNDS: u64 = 20;
    let (from, idlers) = (target.user('e', 0), target.options.idlers);
    let users: Vec<String> = (0..idlers).map(|n| target.user('f', n)).collect();
    let to: Vec<&str> = users.iter().map(String::as_str).collect();
    let mut devices = Vec::with_capacity(idlers);
    for user in &users {
        let mut device = target.imap(user).await?;
        device.idle().await?;
        devices.push(device);
    }
    let mut smtp = target.smtp(&from).await?;
    let mut taken = Vec::new();
    for round in 0..ROUNDS {
        let message = sample::encrypted(&from, target.options.size, round);
        let start = Instant::now();
        smtp.send(&from, &to, &message).await?;
        for device in &mut devices {
            device.announced().await?;
        }
        taken.push(start.elapsed());
    }
    Ok(quantiles(&format!("last of {idlers} idling recipients"), taken))
}

pub(crate) async fn logins(target: &Target) -> io::Result<Vec<Line>> {
    let each = each(target);
    for n in 0..target.options.clients {
        target.login(&target.user('g', n)).await?;
    }
    let taken = at_once(target, |target, n| async move {
        for _ in 0..each {
            target.imap(&target.user('g', n)).await?.command("LOGOUT").await?;
        }
        Ok(())
    })
    .await?;
    Ok(vec![line("logins", rate(each * target.options.clients, "logins", taken))])
}

pub(crate) async fn first_logins(target: &Target) -> io::Result<Vec<Line>> {
    let each = each(target);
    let taken = at_once(target, |target, n| async move {
        for round in 0..each {
            target.login(&target.user('h', n * each + round)).await?;
        }
        Ok(())
    })
    .await?;
    Ok(vec![line("first logins", rate(each * target.options.clients, "accounts", taken))])
}

pub(crate) async fn fetch(target: &Target) -> io::Result<Vec<Line>> {
    const MESSAGES: usize = 20;
    const SIZE: usize = 100_000;
    for n in 0..target.options.clients {
        let user = target.user('i', n);
        target.login(&user).await?;
        let mut smtp = target.smtp(&user).await?;
        for seed in 0..MESSAGES {
            smtp.send(&user, &[&user], &sample::encrypted(&user, SIZE, seed as u64)).await?;
        }
    }
    let rounds = (each(target) / MESSAGES).max(1);
    let taken = at_once(target, |target, n| async move {
        let mut imap = target.imap(&target.user('i', n)).await?;
        for _ in 0..rounds {
            imap.command("FETCH 1:* BODY.PEEK[]").await?;
        }
        Ok(())
    })
    .await?;
    let megabytes = rounds * MESSAGES * SIZE * target.options.clients / 1_000_000;
    Ok(vec![line("fetched, messages of 100 kB", rate(megabytes, "MB", taken))])
}

pub(crate) async fn idle(target: &Target) -> io::Result<Vec<Line>> {
    let Some(pid) = target.options.pid else { return Ok(Vec::new()) };
    let idlers = target.options.idlers;
    drop(target.imap(&target.user('k', 0)).await?);
    let before = process::resident_bytes(pid)?;
    let mut devices = Vec::with_capacity(idlers);
    for n in 0..idlers {
        let mut device = target.imap(&target.user('k', n / 10)).await?;
        device.idle().await?;
        devices.push(device);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let now = process::resident_bytes(pid)?;
    let each = now.saturating_sub(before) / idlers.max(1) as u64;
    Ok(vec![
        line(format!("memory for each of {idlers} idle connections"), format!("{each} B")),
        line("memory in all", format!("{:.1} MB", now as f64 / 1e6)),
    ])
}

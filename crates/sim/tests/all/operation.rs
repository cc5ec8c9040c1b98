//! Starting, stopping, full disks and logs of the running program.

use std::path::Path;
use std::time::Duration;

use sim::relay::{Manner, Relay};
use sim::sample;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::world::{ALICE, BOB, PASSWORD, World};

async fn refused(words: &[String]) -> String {
    let end = Command::new(&words[0]).args(&words[1..]).kill_on_drop(true).output();
    let end = timeout(Duration::from_secs(10), end).await.expect("it ends").unwrap();
    assert_eq!(end.status.code(), Some(1), "{end:?}");
    String::from_utf8(end.stderr).unwrap()
}

#[tokio::test]
async fn c7_a_second_server_on_the_same_folder_is_refused() {
    let world = World::new().await;
    let mut words = world.relay.command_line().to_vec();
    let port = words.iter().position(|word| word == "--port-base").unwrap() + 1;
    words[port] = "40000".into();
    let said = refused(&words).await;
    assert!(said.contains("mail store"), "{said}");
    world.chat(1).await;
}

#[tokio::test]
async fn g5_a_busy_port_is_named_and_nothing_half_starts() {
    let world = World::new().await;
    let mut words = world.relay.command_line().to_vec();
    let dir = words.iter().position(|word| word == "--dir").unwrap() + 1;
    words[dir] = world.dir.path().join("other").display().to_string();
    let said = refused(&words).await;
    assert!(said.contains(&world.relay.at(993).to_string()), "{said}");
    assert!(said.contains(&world.relay.pid().to_string()), "{said}");
    world.chat(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_a_stop_under_load_is_quick_and_loses_nothing() {
    let mut world = World::new().await;
    drop(world.imap(BOB).await.unwrap());
    let mut idler = world.imap(BOB).await.unwrap();
    idler.idle().await.unwrap();
    let mut smtp = world.smtp(ALICE).await.unwrap();
    let load = tokio::spawn(async move {
        let mut accepted = 0_u32;
        while smtp.send(ALICE, &[BOB], &sample::encrypted(ALICE, 2_000, 1)).await.is_ok() {
            accepted += 1;
        }
        accepted
    });
    sleep(Duration::from_millis(500)).await;
    let clock = net::Clock::real();
    assert!(world.relay.stop().await.unwrap().success());
    assert!(clock.elapsed() < Duration::from_secs(10), "{:?}", clock.elapsed());
    let accepted = load.await.unwrap();
    world.relay.restart().await.unwrap();
    let mut bob = world.imap(BOB).await.unwrap();
    let status = bob.command("STATUS INBOX (MESSAGES)").await.unwrap();
    let status = String::from_utf8(status).unwrap();
    let found = sim::client::number_after(&status, "MESSAGES ").unwrap();
    assert!(found >= accepted && found <= accepted + 1, "{found} of {accepted}");
}

#[tokio::test]
async fn i6_the_last_delivery_of_every_burst_is_announced() {
    let world = World::new().await;
    let mut bob = world.imap(BOB).await.unwrap();
    let mut smtp = world.smtp(ALICE).await.unwrap();
    bob.idle().await.unwrap();
    let mut sent = 0;
    for burst in 1..=30_u32 {
        for _ in 0..1 + burst * 7 % 5 {
            sent += 1;
            let message = sample::encrypted(ALICE, 1_000, u64::from(sent));
            smtp.send(ALICE, &[BOB], &message).await.unwrap();
        }
        let all = async { while bob.announced().await.unwrap() < sent {} };
        timeout(Duration::from_secs(2), all).await.expect("the last one was not announced");
    }
    bob.done().await.unwrap();
}

#[tokio::test]
async fn g10_g11_the_log_holds_no_secret_and_no_address() {
    let mut world = World::new().await;
    world.chat(1).await;
    let mut lines = world.tls(993, None).await.unwrap();
    lines.line().await.unwrap();
    for said in ["a LOGIN \"evil\u{1b}[2J\" marker-password\r\n", "\u{202e}b BAD marker-body\r\n"] {
        lines.send(said.as_bytes()).await.unwrap();
        lines.line().await.unwrap();
    }
    let mut smtp = world.smtp(ALICE).await.unwrap();
    let clear = format!("From: <{ALICE}>\r\nSubject: marker-subject\r\n\r\nmarker-body\r\n");
    let why = smtp.send(ALICE, &[BOB], &clear).await.unwrap_err().to_string();
    assert!(why.contains("523"), "{why}");
    assert!(world.relay.stop().await.unwrap().success());
    let log = world.relay.log();
    assert!(log.contains("account created"), "{log}");
    for secret in [PASSWORD, "marker", "127.0.0.1:", ALICE, "\u{1b}", "\u{202e}", "BEGIN PGP"] {
        assert!(!log.contains(secret), "{secret:?} is in the log:\n{log}");
    }
}

/// A file system of so many MiB, gone when this is.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &Path, mib: u32) -> Option<SmallDisk> {
        let size = format!("size={mib}m");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(at)
            .output();
        mounted.is_ok_and(|it| it.status.success()).then(|| SmallDisk(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn c4_a_full_disk_refuses_new_mail_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let Some(_disk) = SmallDisk::mount(dir.path(), 200) else {
        println!("skipped: only root may mount a small disk");
        return;
    };
    let data = dir.path().join("data");
    let relay = Relay::start(&data, &Manner::default()).await.unwrap();
    let world = World { relay, dir: tempfile::tempdir().unwrap() };
    world.chat(1).await;
    let ballast = dir.path().join("ballast");
    std::fs::write(&ballast, vec![0; 150_000_000]).unwrap();
    // The relay looks at the disk now and then.
    let mut smtp = world.smtp(ALICE).await.unwrap();
    let mut refusal = String::new();
    for seed in 2..60 {
        match smtp.send(ALICE, &[BOB], &sample::encrypted(ALICE, 2_000, seed)).await {
            Ok(_) => sleep(Duration::from_millis(200)).await,
            Err(why) => {
                refusal = why.to_string();
                break;
            }
        }
    }
    assert!(refusal.contains("452"), "{refusal}");
    let mut bob = world.imap(BOB).await.unwrap();
    bob.command("FETCH 1 BODY.PEEK[]").await.unwrap();
    bob.command("STORE 1 +FLAGS.SILENT (\\Deleted)").await.unwrap();
    bob.command("EXPUNGE").await.unwrap();
    std::fs::remove_file(ballast).unwrap();
    for seed in 100..160 {
        let message = sample::encrypted(ALICE, 2_000, seed);
        if world.smtp(ALICE).await.unwrap().send(ALICE, &[BOB], &message).await.is_ok() {
            return;
        }
        sleep(Duration::from_millis(200)).await;
    }
    panic!("it does not take mail again");
}

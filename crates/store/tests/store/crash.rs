//! Death at any moment: a second process delivers, deletes and is killed; afterwards everything it
//! acknowledged is there, nothing is there twice, and no UID was given twice.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use mail::mailbox::Uid;
use store::{Acceptance, Options, SqliteStore, Store};

use crate::support::{
    account, address, body, content, delete, deliver, inbox_uids, key, read_all, stored_uid, to,
    uids,
};

const ROUNDS: u32 = 6;
/// Small ones, and some in files.
const SIZES: [usize; 4] = [100, 3_000, 70_000, 300];

/// With the usual quota: much is delivered here.
fn open(dir: &Path) -> Arc<SqliteStore> {
    SqliteStore::open(Options::new(dir.to_owned())).unwrap()
}

/// What the other process has acknowledged: numbers and UIDs of messages, and of deletions.
#[derive(Default)]
struct Ledger {
    stored: BTreeMap<Uid, u64>,
    deleted: Vec<Uid>,
    /// Begun, perhaps done.
    deleting: Vec<Uid>,
}

impl Ledger {
    fn note(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["stored", uid, number] => {
                let (uid, number) =
                    (crate::support::uid(uid.parse().unwrap()), number.parse().unwrap());
                assert!(self.stored.insert(uid, number).is_none(), "I8: {uid} was given twice");
                assert_eq!(self.stored.last_key_value().unwrap().0, &uid, "I8: not ascending");
            }
            ["deleting", uid] => self.deleting.push(crate::support::uid(uid.parse().unwrap())),
            ["deleted", uid] => self.deleted.push(crate::support::uid(uid.parse().unwrap())),
            _ => {}
        }
    }
}

/// Runs in the other process: the directory and the first message's number come by stdin.
#[test]
#[ignore = "a part of other tests"]
fn other_process() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let Some((dir, first)) = line.trim().rsplit_once(' ') else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let store = open(Path::new(dir));
        let Err(error) = work(&store, first.parse().unwrap()).await else { return };
        say(&format!("failed {error:?}: {}", store.failed().await));
    });
}

async fn work(store: &SqliteStore, first: u64) -> store::Result<()> {
    let anna = store.find_account(&address("anna")).await?.unwrap();
    for number in first..first + 100_000 {
        let bytes = content(number, SIZES[number as usize % SIZES.len()]);
        let body = body(store, &bytes).await;
        let acceptance = Acceptance { dedupe: Some(key(number)), ..to(body, &["anna"]) };
        let uid = stored_uid(&store.accept(acceptance).await?, 0);
        say(&format!("stored {uid} {number}"));
        if number % 3 == 0 {
            say(&format!("deleting {uid}"));
            let one = [uid].into_iter().collect();
            store.store_flags(anna.inbox, one, delete(), None).await?;
            store.expunge(anna.inbox, None).await?;
            say(&format!("deleted {uid}"));
        }
    }
    Ok(())
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

fn start(mut command: Command, dir: &Path, first: u64) -> Child {
    command.args(["--exact", "crash::other_process", "--ignored", "--nocapture"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{} {first}", dir.display()).unwrap();
    child
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

/// Everything acknowledged is there, and everything that is there is whole.
async fn check(dir: &Path, ledger: &Ledger) {
    let store = open(dir);
    let anna = store.find_account(&address("anna")).await.unwrap().unwrap();
    let present = inbox_uids(store.as_ref(), anna.id).await;
    for (uid, number) in &ledger.stored {
        if ledger.deleted.contains(uid) {
            assert!(!present.contains(*uid), "a deletion of {uid} was lost");
        } else if !ledger.deleting.contains(uid) || present.contains(*uid) {
            let bytes = read_all(store.as_ref(), &anna, *uid).await.unwrap();
            assert_eq!(bytes, content(*number, SIZES[*number as usize % SIZES.len()]));
        }
    }
    let unknown = present.iter().filter(|uid| !ledger.stored.contains_key(uid)).count();
    assert!(unknown <= ROUNDS as usize, "at most one a round was on its way");
    assert_eq!(store.verify().await, Ok(Vec::new()), "C10");
    store.close().await.unwrap();
}

#[tokio::test]
async fn c1_i8_killed_at_any_moment_nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    account(store.as_ref(), "anna").await;
    store.close().await.unwrap();
    let mut ledger = Ledger::default();
    for round in 0..ROUNDS {
        let mut child = start(this_program(), dir.path(), u64::from(round) * 1_000);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in 0..10 + 7 * round {
            ledger.note(&lines.next().unwrap().unwrap());
        }
        child.kill().unwrap();
        lines.map_while(std::result::Result::ok).for_each(|line| ledger.note(&line));
        child.wait().unwrap();
        check(dir.path(), &ledger).await;
    }
    assert!(ledger.stored.len() > 50);
}

/// The kernel refuses to let any file of the process grow past a ceiling: an input/output error at
/// some write, of the log or of a body.
#[tokio::test]
async fn c3_after_a_write_error_the_store_stops_and_keeps_its_word() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    account(store.as_ref(), "anna").await;
    store.close().await.unwrap();
    let mut ledger = Ledger::default();
    let mut shell = Command::new("sh");
    // Units of 512 bytes.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 1500; exec \"$0\" \"$@\""]);
    shell.arg(std::env::current_exe().unwrap());
    let mut child = start(shell, dir.path(), 0);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut failure = None;
    for line in lines.map_while(std::result::Result::ok) {
        ledger.note(&line);
        failure = failure.or(line.strip_prefix("failed ").map(str::to_owned));
    }
    child.wait().unwrap();
    let failure = failure.expect("the store says that it failed");
    assert!(failure.contains("Unknown") || failure.contains("Unavailable"), "{failure}");
    assert!(ledger.stored.len() > 5);
    check(dir.path(), &ledger).await;
}

/// The directory as it was at some moment, with a log nobody closed.
#[tokio::test]
async fn c1_a_copy_taken_between_two_commits_opens() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(dir.path());
    let anna = account(store.as_ref(), "anna").await;
    for n in 0..20 {
        deliver(store.as_ref(), "anna", &content(n, 1_000)).await;
    }
    for file in ["mail.db", "mail.db-wal"] {
        std::fs::copy(dir.path().join(file), copy.path().join(file)).unwrap();
    }
    // A torn tail.
    let log = copy.path().join("mail.db-wal");
    let mut bytes = std::fs::read(&log).unwrap();
    bytes.truncate(bytes.len() - 2_000);
    std::fs::write(&log, bytes).unwrap();
    let copied = open(copy.path());
    let left = inbox_uids(copied.as_ref(), anna.id).await;
    assert!(left == uids("1:19") || left == uids("1:20"), "{left:?}");
    assert_eq!(copied.verify().await, Ok(Vec::new()));
}

//! Mail for other servers that waited too long: it goes, and its sender learns of it.
//!
//! There is no way out to other servers in this version, so whatever is queued waits here until a
//! later version takes it, or for `QUEUE_LIFETIME_S`. The report is on disk before the entry is
//! forgotten; a crash between the two makes a second report, never none.

use bytes::Bytes;
use mail::header::{HeaderProgress, HeaderReader};
use mail::{Address, Timestamp, limits};
use smtp::Reply;
use store::{Acceptance, QueueItem, Result, Store};

use super::Postmaster;
use crate::undelivered::Reporter;

/// Who claims queue entries here.
const OWNER: &str = "housekeeping";
/// Entries one step looks at.
const STEP_ITEMS: usize = 50;
/// How long a claim lasts, in seconds: longer than any step takes.
const CLAIM_S: u32 = 300;

/// Looks at some of the entries that are due; true once there are no more.
pub(super) async fn step(
    store: &dyn Store,
    postmaster: &Postmaster,
    now: Timestamp,
) -> Result<bool> {
    let items = store.claim(OWNER, now, STEP_ITEMS, CLAIM_S).await?;
    let all = items.len() < STEP_ITEMS;
    for item in items {
        let ends = item.accepted.plus_s(limits::QUEUE_LIFETIME_S);
        if now < ends {
            let until = now.plus_s(limits::QUEUE_PAUSE_S).min(ends);
            store.defer(item.id, item.token, until, WAITING.into()).await?;
        } else {
            give_up(store, postmaster, item, now).await?;
        }
    }
    Ok(all)
}

const WAITING: &str = "this version does not send to other servers";

async fn give_up(
    store: &dyn Store,
    postmaster: &Postmaster,
    item: QueueItem,
    now: Timestamp,
) -> Result<()> {
    match &item.envelope.sender {
        Some(sender) if *sender.domain() == postmaster.domain => {
            report(store, postmaster, &item, sender, now).await?;
        }
        // A report nobody could deliver, or a sender who is not ours: nobody to tell.
        _ => tracing::info!("mail without a sender of ours waited too long and was dropped"),
    }
    store.finish(item.id, item.token, item.envelope.recipients).await.map(drop)
}

async fn report(
    store: &dyn Store,
    postmaster: &Postmaster,
    item: &QueueItem,
    sender: &Address,
    now: Timestamp,
) -> Result<()> {
    let recipients = item.envelope.recipients.iter().cloned();
    let refusals: Vec<_> = recipients.map(|it| (it, Reply::waited_too_long())).collect();
    let Postmaster { hostname, domain } = postmaster;
    let reporter = Reporter { hostname, domain, now };
    let body = Bytes::from(reporter.report(sender, &refusals, &head(store, item).await?));
    let (local, remote) = (vec![sender.clone()], Vec::new());
    let acceptance = Acceptance { dedupe: None, body: body.into(), local, remote, now };
    store.accept(acceptance).await.map(drop)
}

/// The header block of a queued message.
async fn head(store: &dyn Store, item: &QueueItem) -> Result<Vec<u8>> {
    let mut reader = HeaderReader::new();
    let (mut offset, end) = (0, limits::HEADER_BLOCK_BYTES_MAX as u64);
    while offset < end {
        let chunk = store.read_queued(item.id, offset..end).await?;
        if chunk.is_empty() || !matches!(reader.feed(&chunk), HeaderProgress::More) {
            break;
        }
        offset += chunk.len() as u64;
    }
    Ok(reader.into_bytes())
}

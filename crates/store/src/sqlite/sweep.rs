//! Expiry, eviction and tidying, a bounded piece at a time.

use std::collections::BTreeMap;

use mail::limits::DEDUPE_KEPT_S;
use mail::mailbox::MailboxId;
use mail::{Day, Timestamp};
use rusqlite::Row;

use super::account::quota;
use super::change::remove;
use super::fault::Outcome;
use super::rows::{Rows, StoredMessage, message_columns, number, stored_message};
use super::tx::Tx;
use crate::boundary::*;

/// Unused pages are given back to the file system once they are more than this, in pages ...
const FREE_PAGES_KEPT: i64 = 4_096;
/// ... and more than one in this many; so many at a time.
const FREE_PAGES_SHARE: i64 = 4;
const FREE_PAGES_STEP: i64 = 1_024;

type Doomed = (MailboxId, StoredMessage);

/// See [`Store::expire_due`]. The index is read from its low end, so cost follows what is removed.
pub(super) fn expire_due(tx: &mut Tx<'_>, rule: ExpiryRule, budget: usize) -> Outcome<Swept> {
    tx.flush_noticed()?;
    let mut doomed = Vec::new();
    let large_before = rule.before.max(rule.large_before);
    for (class, before) in [(0, rule.before), (1, large_before), (2, rule.before)] {
        let wanted = budget.saturating_add(1) - doomed.len();
        doomed.extend(due(tx, class, before, wanted)?);
    }
    finish(tx, doomed, budget)
}

fn due(tx: &Tx<'_>, class: u8, before: Day, n: usize) -> Outcome<Vec<Doomed>> {
    let sql = concat!(
        "SELECT ",
        message_columns!(),
        ", mailbox FROM message INDEXED BY message_expiry
          WHERE class = ?1 AND day < ?2 ORDER BY day, mailbox, uid LIMIT ?3"
    );
    let mut statement = tx.db.prepare_cached(sql)?;
    let found = statement.query_map((class, before.0, limit(n)), doomed)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn doomed(row: &Row<'_>) -> Rows<Doomed> {
    Ok((MailboxId(number(row, 8)?), stored_message(row)?))
}

fn limit(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Removes the first `budget`, one change counter for each mailbox.
fn finish(tx: &mut Tx<'_>, mut doomed: Vec<Doomed>, budget: usize) -> Outcome<Swept> {
    let more = doomed.len() > budget;
    doomed.truncate(budget);
    let removed = doomed.len() as u64;
    let mut by_mailbox: BTreeMap<MailboxId, Vec<StoredMessage>> = BTreeMap::new();
    for (mailbox, message) in doomed {
        by_mailbox.entry(mailbox).or_default().push(message);
    }
    for (mailbox, messages) in by_mailbox {
        remove(tx, mailbox, messages)?;
    }
    Ok(Swept { removed, more })
}

/// See [`Store::evict`].
pub(super) fn evict(
    tx: &mut Tx<'_>,
    account: AccountId,
    target_bytes: u64,
    before: Timestamp,
    budget: usize,
) -> Outcome<Swept> {
    let mut used = quota(tx.db, tx.shared, account)?.used_bytes;
    if used <= target_bytes {
        return Ok(Swept::default());
    }
    let mut oldest = oldest(tx, account, before, budget.saturating_add(1))?;
    let needed = oldest.iter().take_while(|(_, message)| {
        let is_needed = used > target_bytes;
        used = used.saturating_sub(u64::from(message.meta.size_bytes));
        is_needed
    });
    let needed = needed.count();
    oldest.truncate(needed);
    finish(tx, oldest, budget)
}

fn oldest(tx: &Tx<'_>, account: AccountId, before: Timestamp, n: usize) -> Outcome<Vec<Doomed>> {
    let sql = concat!(
        "SELECT ",
        message_columns!(),
        ", mailbox FROM mailbox JOIN message ON mailbox = id
          WHERE account = ?1 AND date <= ?2 ORDER BY date, mailbox, uid LIMIT ?3"
    );
    let mut statement = tx.db.prepare_cached(sql)?;
    let found = statement.query_map((account.0 as i64, before.0, limit(n)), doomed)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// See [`Store::reclaim`].
pub(super) fn reclaim(tx: &mut Tx<'_>, now: Timestamp, budget: usize) -> Outcome<Swept> {
    let old = now.0.saturating_sub(DEDUPE_KEPT_S);
    let keys = "DELETE FROM dedupe WHERE id IN
        (SELECT id FROM dedupe WHERE at <= ?1 ORDER BY at, key LIMIT ?2)";
    let values = "DELETE FROM meta WHERE id IN
        (SELECT id FROM meta WHERE expires <= ?1 ORDER BY expires LIMIT ?2)";
    let mut removed = tx.db.prepare_cached(keys)?.execute((old, limit(budget)))?;
    removed += tx.db.prepare_cached(values)?.execute((now.0, limit(budget - removed)))?;
    let more = "SELECT EXISTS (SELECT 1 FROM dedupe WHERE at <= ?1)
        OR EXISTS (SELECT 1 FROM meta WHERE expires <= ?2)";
    let more = tx.db.prepare_cached(more)?.query_row((old, now.0), |row| row.get(0))?;
    give_back_pages(tx)?;
    Ok(Swept { removed: removed as u64, more })
}

/// Lets the database file shrink after much was removed.
fn give_back_pages(tx: &Tx<'_>) -> Outcome<()> {
    let pragma =
        |name: &str| tx.db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let free = pragma("freelist_count")?;
    if free > FREE_PAGES_KEPT && free > pragma("page_count")? / FREE_PAGES_SHARE {
        let mut vacuum = tx.db.prepare(&format!("PRAGMA incremental_vacuum({FREE_PAGES_STEP})"))?;
        let mut pages = vacuum.query([])?;
        while pages.next()?.is_some() {}
    }
    Ok(())
}

//! The outgoing queue and the named leases.
//!
//! `due` says when an entry may be claimed next: the next try, or the end of the lease while
//! somebody holds it. One index on it serves both.

use std::ops::Range;

use bytes::Bytes;
use mail::{Address, Domain, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};

use super::Shared;
use super::bodies::{self, body_columns, drop_ref};
use super::fault::Outcome;
use super::rows::{Rows, address, number};
use super::tx::Tx;
use crate::boundary::*;

/// Adds an entry that is due at once; the body's reference is counted already.
pub(super) fn enqueue(
    tx: &Tx<'_>,
    to: &RemoteEnvelope,
    body: u64,
    size: u32,
    now: Timestamp,
) -> Outcome<QueueId> {
    let sql = "INSERT INTO queue
        VALUES (NULL, ?1, ?1, NULL, NULL, ?2, ?3, ?4, ?5, ?6, ?1, 0, '')";
    tx.db.prepare_cached(sql)?.execute((
        now.0,
        body as i64,
        size,
        to.sender.as_ref().map(Address::as_str),
        to.domain.as_str(),
        joined(&to.recipients),
    ))?;
    Ok(QueueId(tx.db.last_insert_rowid() as u64))
}

/// One address a line: none holds a line feed.
fn joined(addresses: &[Address]) -> String {
    addresses.iter().map(Address::as_str).collect::<Vec<_>>().join("\n")
}

/// See [`Store::claim`].
pub(super) fn claim(
    tx: &Tx<'_>,
    owner: &str,
    now: Timestamp,
    n: usize,
    lease_s: u32,
) -> Outcome<Vec<QueueItem>> {
    let until = now.0.saturating_add(i64::from(lease_s));
    let due = due(tx.db, now, n)?;
    let sql = "UPDATE queue SET due = ?2, token = ?3, owner = ?4 WHERE id = ?1";
    let mut take = tx.db.prepare_cached(sql)?;
    let mut items = Vec::with_capacity(due.len());
    for mut item in due {
        item.token = ClaimToken(tx.shared.next_token());
        take.execute((item.id.0 as i64, until, item.token.0 as i64, owner))?;
        items.push(item);
    }
    Ok(items)
}

fn due(db: &Connection, now: Timestamp, n: usize) -> Outcome<Vec<QueueItem>> {
    let sql = "SELECT id, sender, domain, recipients, size, accepted, attempts, last_error
        FROM queue WHERE due <= ?1 ORDER BY due, id LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let items = statement.query_map((now.0, i64::try_from(n).unwrap_or(i64::MAX)), item)?;
    Ok(items.collect::<rusqlite::Result<_>>()?)
}

/// An entry whose token is still to be made.
fn item(row: &Row<'_>) -> Rows<QueueItem> {
    let has_sender = row.get_ref(1)?.as_str_or_null()?.is_some();
    let domain = Domain::parse(row.get_ref(2)?.as_str()?);
    Ok(QueueItem {
        id: QueueId(number(row, 0)?),
        token: ClaimToken(0),
        envelope: RemoteEnvelope {
            sender: has_sender.then(|| address(row, 1)).transpose()?,
            domain: domain.map_err(|_| rusqlite::Error::IntegralValueOutOfRange(2, 0))?,
            recipients: split(row.get_ref(3)?.as_str()?),
        },
        size_bytes: number(row, 4)?,
        accepted: Timestamp(row.get(5)?),
        attempts: row.get(6)?,
        last_error: row.get(7)?,
    })
}

fn split(text: &str) -> Vec<Address> {
    text.lines().filter_map(|line| Address::parse(line).ok()).collect()
}

/// See [`Store::read_queued`].
pub(super) fn read(
    db: &Connection,
    shared: &Shared,
    id: QueueId,
    range: Range<u64>,
) -> Outcome<Bytes> {
    let sql = concat!(
        "SELECT ",
        body_columns!(),
        " FROM queue JOIN body ON body.id = queue.body WHERE queue.id = ?1"
    );
    bodies::read(db, &shared.dir, sql, [id.0 as i64], range)
}

/// Runs an UPDATE of one claimed entry; false if the token is stale.
fn update(tx: &Tx<'_>, sql: &str, values: impl rusqlite::Params) -> Outcome<bool> {
    Ok(tx.db.prepare_cached(sql)?.execute(values)? > 0)
}

pub(super) fn renew(
    tx: &Tx<'_>,
    id: QueueId,
    token: ClaimToken,
    until: Timestamp,
) -> Outcome<bool> {
    let sql = "UPDATE queue SET due = ?3 WHERE id = ?1 AND token = ?2";
    update(tx, sql, (id.0 as i64, token.0 as i64, until.0))
}

/// See [`Store::finish`].
pub(super) fn finish(
    tx: &mut Tx<'_>,
    id: QueueId,
    token: ClaimToken,
    done: &[Address],
) -> Outcome<bool> {
    let sql = "SELECT recipients, body FROM queue WHERE id = ?1 AND token = ?2";
    let found = tx.db.prepare_cached(sql)?.query_row((id.0 as i64, token.0 as i64), |row| {
        Ok((split(row.get_ref(0)?.as_str()?), number(row, 1)?))
    });
    let Some((mut recipients, body)) = found.optional()? else { return Ok(false) };
    recipients.retain(|recipient| !done.contains(recipient));
    if recipients.is_empty() {
        tx.db.prepare_cached("DELETE FROM queue WHERE id = ?1")?.execute([id.0 as i64])?;
        drop_ref(tx, body)?;
        return Ok(true);
    }
    update(tx, "UPDATE queue SET recipients = ?2 WHERE id = ?1", (id.0 as i64, joined(&recipients)))
}

pub(super) fn defer(
    tx: &Tx<'_>,
    id: QueueId,
    token: ClaimToken,
    until: Timestamp,
    reason: &str,
) -> Outcome<bool> {
    let sql = "UPDATE queue SET due = ?3, next_try = ?3, token = NULL, owner = NULL,
        attempts = attempts + 1, last_error = ?4 WHERE id = ?1 AND token = ?2";
    update(tx, sql, (id.0 as i64, token.0 as i64, until.0, reason))
}

pub(super) fn release(tx: &Tx<'_>, id: QueueId, token: ClaimToken) -> Outcome<bool> {
    let sql = "UPDATE queue SET due = next_try, token = NULL, owner = NULL
        WHERE id = ?1 AND token = ?2";
    update(tx, sql, (id.0 as i64, token.0 as i64))
}

/// Asked for a report now and then, never on the way of a message.
pub(super) fn len(db: &Connection) -> Outcome<u64> {
    let mut statement = db.prepare_cached("SELECT count(*) FROM queue")?;
    Ok(statement.query_row([], |row| number(row, 0))?)
}

// ---- Leases -----------------------------------------------------------------------------------

/// See [`Store::acquire_lease`].
pub(super) fn acquire(
    tx: &Tx<'_>,
    name: &str,
    owner: &str,
    now: Timestamp,
    ttl_s: u32,
) -> Outcome<Option<Lease>> {
    let mut find =
        tx.db.prepare_cached("SELECT owner, epoch, expires FROM lease WHERE name = ?1")?;
    let known: Option<(Option<String>, u64, i64)> =
        find.query_row([name], |row| Ok((row.get(0)?, number(row, 1)?, row.get(2)?))).optional()?;
    let (holder, epoch, held_until) = known.unwrap_or((None, 0, i64::MIN));
    let is_mine = holder.as_deref() == Some(owner);
    if !is_mine && holder.is_some() && held_until > now.0 {
        return Ok(None);
    }
    let epoch = if is_mine { epoch } else { epoch + 1 };
    let expires = now.0.saturating_add(i64::from(ttl_s));
    let sql = "INSERT INTO lease VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (name) DO UPDATE SET owner = ?2, epoch = ?3, expires = ?4";
    tx.db.prepare_cached(sql)?.execute((name, owner, epoch as i64, expires))?;
    Ok(Some(Lease { epoch, expires: Timestamp(expires) }))
}

/// The row stays, for its epoch.
pub(super) fn release_lease(tx: &Tx<'_>, name: &str, owner: &str) -> Outcome<()> {
    let sql = "UPDATE lease SET owner = NULL WHERE name = ?1 AND owner = ?2";
    tx.db.prepare_cached(sql)?.execute((name, owner))?;
    Ok(())
}

//! Looking into mailboxes: the hottest statements after acceptance, since a client opens its mailbox
//! anew for nearly every message.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use mail::MailboxName;
use mail::limits::HISTORY_MODSEQS;
use mail::mailbox::{
    Changes, MailboxId, MailboxStatus, MessageMeta, ModSeq, SystemFlags, Uid, UidSet,
};
use rusqlite::{Connection, OptionalExtension};

use super::Shared;
use super::bodies::{self, body_columns};
use super::fault::Outcome;
use super::rows::{MailboxRow, StoredMessage, message_columns, meta, number, stored_message, uid};
use super::views::{VIEW_MESSAGES_MIN, View};
use crate::boundary::*;

const SEEN: SystemFlags = SystemFlags::SEEN;
/// A set with more runs than this share of the mailbox is looked up in one pass over it.
const PASS_SHARE: u32 = 16;

/// See [`Store::status`].
pub(super) fn status(
    db: &Connection,
    shared: &Shared,
    account: AccountId,
    name: &MailboxName,
) -> Outcome<MailboxStatus> {
    let row = MailboxRow::find(db, account, name)?;
    let noticed = shared.noticed.get(row.id, row.noticed);
    let recent = if noticed >= row.last_uid() { 0 } else { count_after(db, row.id, noticed)? };
    Ok(row.status(recent))
}

/// How many messages came after a UID. Only STATUS asks, and only for mailboxes nobody opened.
fn count_after(db: &Connection, mailbox: MailboxId, after: u32) -> Outcome<u32> {
    let sql = "SELECT count(*) FROM message WHERE mailbox = ?1 AND uid > ?2";
    let mut statement = db.prepare_cached(sql)?;
    Ok(statement.query_row((mailbox.0 as i64, after), |row| row.get(0))?)
}

/// See [`Store::open`].
pub(super) fn open(
    db: &Connection,
    shared: &Shared,
    account: AccountId,
    name: &MailboxName,
    read_only: bool,
) -> Outcome<Opened> {
    let row = MailboxRow::find(db, account, name)?;
    let View { uids, first_unseen, .. } = view(db, shared, &row)?;
    let noticed = if read_only {
        shared.noticed.get(row.id, row.noticed)
    } else {
        shared.noticed.raise(row.id, row.noticed, row.last_uid())
    };
    let recent = recent_of(&uids, noticed);
    let status = row.status(recent.len() as u32);
    Ok(Opened { id: row.id, status, first_recent: recent.first(), uids, first_unseen })
}

/// All UIDs, and the first without `\Seen`.
fn view(db: &Connection, shared: &Shared, row: &MailboxRow) -> Outcome<View> {
    if row.messages < VIEW_MESSAGES_MIN {
        return scan(db, row);
    }
    let known = shared.views.get(row.id);
    // One that is newer than this snapshot is of no use to it.
    let view = match known.filter(|view| view.modseq <= row.modseq) {
        Some(view) if view.modseq == row.modseq => return Ok(View::clone(&view)),
        Some(view) if view.modseq.0 + HISTORY_MODSEQS >= row.modseq.0 => advanced(db, row, &view)?,
        _ => scan(db, row)?,
    };
    shared.views.put(row.id, Arc::new(view.clone()));
    Ok(view)
}

fn scan(db: &Connection, row: &MailboxRow) -> Outcome<View> {
    let sql = "SELECT uid, flags FROM message WHERE mailbox = ?1 ORDER BY uid";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([row.id.0 as i64])?;
    let (mut uids, mut first_unseen) = (Vec::with_capacity(row.messages as usize), None);
    while let Some(message) = rows.next()? {
        let uid = uid(message, 0)?;
        uids.push(uid);
        if first_unseen.is_none() && !SystemFlags::from_bits(message.get(1)?).contains(SEEN) {
            first_unseen = Some(uid);
        }
    }
    Ok(View { modseq: row.modseq, uids: uids.into_iter().collect(), first_unseen })
}

/// An earlier view with what happened since.
fn advanced(db: &Connection, row: &MailboxRow, view: &View) -> Outcome<View> {
    let born = born_since(db, row.id, view.modseq)?;
    let touched = touched_since(db, row.id, view.modseq)?;
    let vanished = vanished_since(db, row.id, view.modseq)?;
    let mut uids = view.uids.difference(&vanished);
    uids.extend(born.iter().map(|meta| meta.uid));
    // What is unseen now was so in the view, or has changed since.
    let unseen = born.iter().chain(&touched).filter(|meta| !meta.flags.contains(SEEN));
    let from = unseen.map(|meta| meta.uid).chain(view.first_unseen).min();
    let first_unseen = from.map(|from| first_unseen(db, row, from)).transpose()?.flatten();
    Ok(View { modseq: row.modseq, uids, first_unseen })
}

/// The first message without `\Seen` from a UID on.
fn first_unseen(db: &Connection, row: &MailboxRow, from: Uid) -> Outcome<Option<Uid>> {
    if row.unseen == 0 {
        return Ok(None);
    }
    let sql = "SELECT uid FROM message
        WHERE mailbox = ?1 AND uid >= ?2 AND (flags & 1) = 0 ORDER BY uid LIMIT 1";
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_row((row.id.0 as i64, from.get()), |row| uid(row, 0));
    Ok(found.optional()?)
}

fn recent_of(uids: &UidSet, noticed: u32) -> UidSet {
    match noticed.checked_add(1).and_then(Uid::new) {
        Some(first) => uids.intersection(&UidSet::from_range(first, Uid::MAX)),
        None => UidSet::new(),
    }
}

/// See [`Store::messages`].
pub(super) fn messages(
    db: &Connection,
    mailbox: MailboxId,
    uids: &UidSet,
    n: usize,
) -> Outcome<Vec<MessageMeta>> {
    let row = MailboxRow::by_id(db, mailbox)?;
    let mut found = Vec::new();
    each(db, &row, uids, n, |message| {
        found.push(meta(message)?);
        Ok(())
    })?;
    Ok(found)
}

/// The named messages that exist, with their bodies, ascending.
pub(super) fn select(
    db: &Connection,
    row: &MailboxRow,
    uids: &UidSet,
) -> Outcome<Vec<StoredMessage>> {
    let mut found = Vec::new();
    each(db, row, uids, usize::MAX, |message| {
        found.push(stored_message(message)?);
        Ok(())
    })?;
    Ok(found)
}

/// Visits up to `n` of the named messages, ascending.
fn each(
    db: &Connection,
    mailbox: &MailboxRow,
    uids: &UidSet,
    n: usize,
    mut visit: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<()>,
) -> Outcome<()> {
    let sql = concat!(
        "SELECT ",
        message_columns!(),
        " FROM message WHERE mailbox = ?1 AND uid BETWEEN ?2 AND ?3 ORDER BY uid"
    );
    let mut statement = db.prepare_cached(sql)?;
    let mut left = n;
    for (first, last) in passes(mailbox, uids) {
        let mut rows = statement.query((mailbox.id.0 as i64, first.get(), last.get()))?;
        while left > 0
            && let Some(row) = rows.next()?
        {
            if uids.contains(uid(row, 0)?) {
                left -= 1;
                visit(row)?;
            }
        }
        if left == 0 {
            break;
        }
    }
    Ok(())
}

/// The stretches of a mailbox in which to look: the runs of a set, or one if they are very many.
fn passes(mailbox: &MailboxRow, uids: &UidSet) -> Vec<(Uid, Uid)> {
    let runs = uids.ranges();
    let many = runs.len() > (mailbox.messages / PASS_SHARE) as usize + 1;
    match (uids.first(), uids.last()) {
        (Some(first), Some(last)) if many => vec![(first, last)],
        _ => runs.collect(),
    }
}

/// See [`Store::changes_since`].
pub(super) fn changes_since(
    db: &Connection,
    mailbox: MailboxId,
    since: ModSeq,
) -> Outcome<Changes> {
    let row = MailboxRow::by_id(db, mailbox)?;
    let (upto, exists) = (row.modseq, row.messages);
    if since >= upto {
        return Ok(Changes { changed: Vec::new(), vanished: UidSet::new(), upto, exists });
    }
    let mut changed = touched_since(db, mailbox, since)?;
    changed.extend(born_since(db, mailbox, since)?);
    changed.sort_unstable_by_key(|meta| meta.uid);
    let is_forgotten = since.0 + HISTORY_MODSEQS < upto.0;
    let vanished =
        if is_forgotten { all_vanished(db, &row)? } else { vanished_since(db, mailbox, since)? };
    Ok(Changes { changed, vanished, upto, exists })
}

/// Messages that arrived after `since`, found from the end of the mailbox.
fn born_since(db: &Connection, mailbox: MailboxId, since: ModSeq) -> Outcome<Vec<MessageMeta>> {
    let sql = concat!(
        "SELECT ",
        message_columns!(),
        " FROM message WHERE mailbox = ?1 ORDER BY uid DESC"
    );
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([mailbox.0 as i64])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if number(row, 7)? <= since.0 {
            break;
        }
        found.push(meta(row)?);
    }
    Ok(found)
}

/// Older messages whose flags changed after `since`.
fn touched_since(db: &Connection, mailbox: MailboxId, since: ModSeq) -> Outcome<Vec<MessageMeta>> {
    let sql = concat!(
        "SELECT ",
        message_columns!(),
        " FROM message INDEXED BY message_touched
          WHERE mailbox = ?1 AND touched > ?2 AND born <= ?2"
    );
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_map((mailbox.0 as i64, since.0 as i64), meta)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn vanished_since(db: &Connection, mailbox: MailboxId, since: ModSeq) -> Outcome<UidSet> {
    let sql = "SELECT uids FROM vanished WHERE mailbox = ?1 AND modseq > ?2";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query((mailbox.0 as i64, since.0 as i64))?;
    let mut all = UidSet::new();
    while let Some(row) = rows.next()? {
        let damaged = || StoreError::Damaged("a list of removed messages".into());
        let uids: UidSet = row.get_ref(0)?.as_str()?.parse().map_err(|_| damaged())?;
        all = if all.is_empty() { uids } else { all.union(&uids) };
    }
    Ok(all)
}

/// Every UID that ever was and is no more.
fn all_vanished(db: &Connection, row: &MailboxRow) -> Outcome<UidSet> {
    let Some(last) = Uid::new(row.last_uid()) else { return Ok(UidSet::new()) };
    Ok(UidSet::from_range(Uid::MIN, last).difference(&scan(db, row)?.uids))
}

/// See [`Store::read_body`].
pub(super) fn read_body(
    db: &Connection,
    shared: &Shared,
    mailbox: MailboxId,
    uid: Uid,
    range: Range<u64>,
) -> Outcome<Bytes> {
    let sql = concat!(
        "SELECT ",
        body_columns!(),
        " FROM message JOIN body ON body.id = message.body WHERE mailbox = ?1 AND uid = ?2"
    );
    bodies::read(db, &shared.dir, sql, (mailbox.0 as i64, uid.get()), range)
}

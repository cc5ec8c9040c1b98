//! Flags, EXPUNGE, and removing messages in general.

use mail::mailbox::{FlagChange, Flags, MailboxId, MessageMeta, ModSeq, Uid, UidSet};

use super::bodies::drop_ref;
use super::fault::Outcome;
use super::read::select;
use super::rows::{MailboxRow, StoredMessage, flag_columns, message_columns, stored_message};
use super::tx::Tx;
use crate::boundary::*;
use crate::refusal::check_flags;

/// See [`Store::store_flags`].
pub(super) fn store_flags(
    tx: &mut Tx<'_>,
    mailbox: MailboxId,
    uids: &UidSet,
    change: &FlagChange,
    unchanged_since: Option<ModSeq>,
) -> Outcome<FlagsStored> {
    let mut row = tx.mailbox(mailbox)?;
    let named = select(tx.db, &row, uids)?.into_iter().map(|message| message.meta);
    let is_newer = |meta: &MessageMeta| unchanged_since.is_some_and(|since| meta.modseq > since);
    let (rejected, mut messages): (Vec<_>, Vec<_>) = named.partition(is_newer);
    let rejected = rejected.into_iter().map(|meta| meta.uid).collect();
    let wanted = messages.iter().map(|meta| change.apply(&meta.flags)).collect::<Vec<_>>();
    wanted.iter().try_for_each(check_flags)?;
    let pairs = || messages.iter().zip(&wanted);
    if pairs().any(|(meta, flags)| meta.flags != *flags) {
        let modseq = row.bump();
        for (meta, flags) in messages.iter_mut().zip(wanted) {
            if meta.flags != flags {
                set_flags(tx, &mut row, meta, flags, modseq)?;
            }
        }
        tx.save(&row)?;
    }
    Ok(FlagsStored { messages, rejected })
}

fn set_flags(
    tx: &Tx<'_>,
    row: &mut MailboxRow,
    meta: &mut MessageMeta,
    flags: Flags,
    modseq: ModSeq,
) -> Outcome<()> {
    row.count_flags(meta.flags.system, -1);
    row.count_flags(flags.system, 1);
    let sql = "UPDATE message SET touched = ?3, flags = ?4, keywords = ?5
        WHERE mailbox = ?1 AND uid = ?2";
    let (bits, keywords) = flag_columns(&flags);
    let mut statement = tx.db.prepare_cached(sql)?;
    statement.execute((row.id.0 as i64, meta.uid.get(), modseq.0 as i64, bits, keywords))?;
    (meta.flags, meta.modseq) = (flags, modseq);
    Ok(())
}

/// See [`Store::expunge`].
pub(super) fn expunge(
    tx: &mut Tx<'_>,
    mailbox: MailboxId,
    uids: Option<&UidSet>,
) -> Outcome<Expunged> {
    let row = tx.mailbox(mailbox)?;
    let mut doomed = if row.deleted == 0 { Vec::new() } else { deleted(tx, mailbox)? };
    doomed.retain(|message| uids.is_none_or(|uids| uids.contains(message.meta.uid)));
    remove(tx, mailbox, doomed)
}

/// The messages with `\Deleted`.
fn deleted(tx: &Tx<'_>, mailbox: MailboxId) -> Outcome<Vec<StoredMessage>> {
    let sql = concat!(
        "SELECT ",
        message_columns!(),
        " FROM message INDEXED BY message_deleted
          WHERE mailbox = ?1 AND (flags & 8) != 0 ORDER BY uid"
    );
    let mut statement = tx.db.prepare_cached(sql)?;
    let found = statement.query_map([mailbox.0 as i64], stored_message)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Takes messages out of a mailbox under one new change counter.
pub(super) fn remove(
    tx: &mut Tx<'_>,
    mailbox: MailboxId,
    doomed: Vec<StoredMessage>,
) -> Outcome<Expunged> {
    let mut row = tx.mailbox(mailbox)?;
    let uids: UidSet = doomed.iter().map(|message| message.meta.uid).collect();
    if doomed.is_empty() {
        return Ok(Expunged { uids, modseq: row.modseq });
    }
    let bytes = doomed.iter().map(|message| u64::from(message.meta.size_bytes)).sum();
    for message in doomed {
        remove_row(tx, mailbox, message.meta.uid)?;
        drop_ref(tx, message.body)?;
        row.count_out(&message.meta);
    }
    let modseq = row.bump();
    tx.save(&row)?;
    tx.remember_vanished(&row, &uids)?;
    tx.weigh(row.account, 0, bytes)?;
    Ok(Expunged { uids, modseq })
}

fn remove_row(tx: &Tx<'_>, mailbox: MailboxId, uid: Uid) -> Outcome<()> {
    let sql = "DELETE FROM message WHERE mailbox = ?1 AND uid = ?2";
    tx.db.prepare_cached(sql)?.execute((mailbox.0 as i64, uid.get()))?;
    Ok(())
}

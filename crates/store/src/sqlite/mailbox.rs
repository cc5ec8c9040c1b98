//! Mailboxes as LIST, CREATE, DELETE, RENAME and SUBSCRIBE know them.

use mail::limits::{MAILBOXES_MAX, SUBSCRIPTIONS_MAX};
use mail::mailbox::{MailboxId, MailboxInfo, ModSeq, UidSet, UidValidity};
use mail::{MailboxName, Timestamp};
use rusqlite::Connection;

use super::accept::move_messages;
use super::bodies::drop_ref;
use super::fault::Outcome;
use super::rows::{MailboxRow, mailbox_name, number};
use super::tx::Tx;
use crate::boundary::*;
use crate::listing::{ancestors, listing};
use crate::refusal::{
    BAD_NEW_NAME, INBOX_STAYS, INTO_ITSELF, TOO_MANY_MAILBOXES, TOO_MANY_SUBSCRIPTIONS,
    next_validity,
};

/// See [`Store::mailboxes`].
pub(super) fn list(db: &Connection, account: AccountId) -> Outcome<Vec<MailboxInfo>> {
    newest_validity(db, account)?;
    let names = names(db, account)?.into_iter().map(|(name, _)| name);
    Ok(listing(names, subscriptions(db, account)?))
}

/// All mailboxes of an account, by name.
fn names(db: &Connection, account: AccountId) -> Outcome<Vec<(MailboxName, MailboxId)>> {
    let sql = "SELECT name, id FROM mailbox WHERE account = ?1 ORDER BY name";
    let mut statement = db.prepare_cached(sql)?;
    let names = statement.query_map([account.0 as i64], |row| {
        Ok((mailbox_name(row, 0)?, MailboxId(number(row, 1)?)))
    })?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

fn subscriptions(db: &Connection, account: AccountId) -> Outcome<Vec<MailboxName>> {
    let mut statement = db.prepare_cached("SELECT name FROM subscription WHERE account = ?1")?;
    let names = statement.query_map([account.0 as i64], |row| mailbox_name(row, 0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

/// The newest UIDVALIDITY the account has given away; `NotFound` if there is no such account.
fn newest_validity(db: &Connection, account: AccountId) -> Outcome<u32> {
    let mut statement = db.prepare_cached("SELECT validity FROM account WHERE id = ?1")?;
    Ok(statement.query_row([account.0 as i64], |row| row.get(0))?)
}

/// A fresh UIDVALIDITY for the account.
fn validity(tx: &Tx<'_>, account: AccountId, now: Timestamp) -> Outcome<UidValidity> {
    let next = next_validity(now, newest_validity(tx.db, account)?)?;
    let mut raise = tx.db.prepare_cached("UPDATE account SET validity = ?2 WHERE id = ?1")?;
    raise.execute((account.0 as i64, next.get()))?;
    Ok(next)
}

/// Makes an empty mailbox.
pub(super) fn insert_mailbox(
    tx: &Tx<'_>,
    account: AccountId,
    name: &MailboxName,
    validity: UidValidity,
) -> Outcome<MailboxId> {
    let sql = "INSERT INTO mailbox VALUES (NULL, ?1, ?2, ?3, 1, ?4, 0, 0, 0, 0, 0)";
    let mut insert = tx.db.prepare_cached(sql)?;
    let ModSeq(first) = ModSeq::FIRST;
    insert.execute((account.0 as i64, name.as_str(), validity.get(), first as i64))?;
    Ok(MailboxId(tx.db.last_insert_rowid() as u64))
}

/// Makes a mailbox and the parents it lacks.
pub(super) fn create(
    tx: &mut Tx<'_>,
    account: AccountId,
    name: &MailboxName,
    now: Timestamp,
) -> Outcome<()> {
    newest_validity(tx.db, account)?;
    check_free(tx.db, account, name)?;
    let mut missing = missing_parents(tx.db, account, name)?;
    missing.push(name.clone());
    check_room(tx.db, account, missing.len())?;
    create_all(tx, account, &missing, now)
}

fn check_free(db: &Connection, account: AccountId, name: &MailboxName) -> Outcome<()> {
    match MailboxRow::named(db, account, name)? {
        Some(_) => Err(StoreError::Conflict.into()),
        None => Ok(()),
    }
}

fn check_room(db: &Connection, account: AccountId, more: usize) -> Outcome<()> {
    let too_many = names(db, account)?.len() + more > MAILBOXES_MAX;
    if too_many { Err(TOO_MANY_MAILBOXES.into()) } else { Ok(()) }
}

/// Topmost first.
fn missing_parents(
    db: &Connection,
    account: AccountId,
    name: &MailboxName,
) -> Outcome<Vec<MailboxName>> {
    let mut missing = Vec::new();
    for parent in ancestors(name) {
        if MailboxRow::named(db, account, &parent)?.is_none() {
            missing.push(parent);
        }
    }
    missing.reverse();
    Ok(missing)
}

fn create_all(
    tx: &mut Tx<'_>,
    account: AccountId,
    names: &[MailboxName],
    now: Timestamp,
) -> Outcome<()> {
    for name in names {
        let validity = validity(tx, account, now)?;
        insert_mailbox(tx, account, name, validity)?;
    }
    Ok(())
}

/// See [`Store::delete_mailbox`].
pub(super) fn delete(tx: &mut Tx<'_>, account: AccountId, name: &MailboxName) -> Outcome<()> {
    if name.is_inbox() {
        return Err(INBOX_STAYS.into());
    }
    let row = MailboxRow::find(tx.db, account, name)?;
    drop_contents(tx, row.id)?;
    tx.weigh(account, 0, row.bytes)?;
    tx.db.prepare_cached("DELETE FROM mailbox WHERE id = ?1")?.execute([row.id.0 as i64])?;
    Ok(())
}

/// Removes all that a mailbox holds; its own row and the account's counter are the caller's.
pub(super) fn drop_contents(tx: &mut Tx<'_>, mailbox: MailboxId) -> Outcome<()> {
    let key = [mailbox.0 as i64];
    for body in bodies_of(tx.db, mailbox)? {
        drop_ref(tx, body)?;
    }
    tx.db.prepare_cached("DELETE FROM message WHERE mailbox = ?1")?.execute(key)?;
    tx.db.prepare_cached("DELETE FROM vanished WHERE mailbox = ?1")?.execute(key)?;
    let modseq = tx.mailbox(mailbox)?.bump();
    tx.hint(mailbox, modseq);
    Ok(())
}

fn bodies_of(db: &Connection, mailbox: MailboxId) -> Outcome<Vec<u64>> {
    let mut statement = db.prepare_cached("SELECT body FROM message WHERE mailbox = ?1")?;
    let bodies = statement.query_map([mailbox.0 as i64], |row| number(row, 0))?;
    Ok(bodies.collect::<rusqlite::Result<_>>()?)
}

/// See [`Store::rename_mailbox`]. Renamed mailboxes get a new UIDVALIDITY: an earlier mailbox of the
/// new name may have had greater UIDs under a greater one.
pub(super) fn rename(
    tx: &mut Tx<'_>,
    account: AccountId,
    from: &MailboxName,
    to: &MailboxName,
    now: Timestamp,
) -> Outcome<()> {
    let source = MailboxRow::find(tx.db, account, from)?;
    check_free(tx.db, account, to)?;
    if from.is_inbox() {
        return empty_inbox(tx, &source, to, now);
    }
    if to.is_child_of(from) {
        return Err(INTO_ITSELF.into());
    }
    let renamed = renamed(tx.db, account, from, to)?;
    let parents = missing_parents(tx.db, account, to)?;
    check_room(tx.db, account, parents.len())?;
    create_all(tx, account, &parents, now)?;
    for (id, name) in renamed {
        let validity = validity(tx, account, now)?;
        let sql = "UPDATE mailbox SET name = ?2, uidvalidity = ?3 WHERE id = ?1";
        tx.db.prepare_cached(sql)?.execute((id.0 as i64, name.as_str(), validity.get()))?;
        let modseq = tx.mailbox(id)?.modseq;
        tx.hint(id, modseq);
    }
    Ok(())
}

/// The mailbox and its children with their new names, by old name.
fn renamed(
    db: &Connection,
    account: AccountId,
    from: &MailboxName,
    to: &MailboxName,
) -> Outcome<Vec<(MailboxId, MailboxName)>> {
    let mut renamed = Vec::new();
    for (name, id) in names(db, account)? {
        if name == *from || name.is_child_of(from) {
            let new = name.moved(from, to).ok_or(BAD_NEW_NAME)?;
            check_free(db, account, &new)?;
            renamed.push((id, new));
        }
    }
    Ok(renamed)
}

/// RFC 3501 section 6.3.5: renaming INBOX moves its messages and leaves it.
fn empty_inbox(
    tx: &mut Tx<'_>,
    inbox: &MailboxRow,
    to: &MailboxName,
    now: Timestamp,
) -> Outcome<()> {
    create(tx, inbox.account, to, now)?;
    let all = UidSet::from_range(mail::mailbox::Uid::MIN, mail::mailbox::Uid::MAX);
    move_messages(tx, inbox.account, inbox.id, &all, to).map(drop)
}

/// See [`Store::subscribe`].
pub(super) fn subscribe(
    tx: &Tx<'_>,
    account: AccountId,
    name: &MailboxName,
    subscribed: bool,
) -> Outcome<()> {
    newest_validity(tx.db, account)?;
    let key = (account.0 as i64, name.as_str());
    if !subscribed {
        let sql = "DELETE FROM subscription WHERE account = ?1 AND name = ?2";
        tx.db.prepare_cached(sql)?.execute(key)?;
        return Ok(());
    }
    let known = subscriptions(tx.db, account)?;
    if known.contains(name) {
        return Ok(());
    }
    if known.len() >= SUBSCRIPTIONS_MAX {
        return Err(TOO_MANY_SUBSCRIPTIONS.into());
    }
    tx.db.prepare_cached("INSERT INTO subscription VALUES (?1, ?2)")?.execute(key)?;
    Ok(())
}

//! Messages on their way in: acceptance, APPEND, COPY and MOVE.

use std::collections::HashMap;

use mail::mailbox::{Flags, MailboxId, Uid, UidSet};
use mail::{Address, Day, MailboxName, Timestamp};
use rusqlite::OptionalExtension;

use super::account::quota;
use super::bodies::{ReadyBody, add_ref};
use super::change::remove;
use super::fault::Outcome;
use super::queue::enqueue;
use super::read::select;
use super::rows::{MailboxRow, flag_columns, fresh_class, number};
use super::sweep::evict;
use super::tx::Tx;
use crate::boundary::*;
use crate::refusal::check_flags;
use crate::room;

/// What one local recipient's row says.
struct Recipient {
    account: AccountId,
    inbox: MailboxId,
    has_room: bool,
}

/// A message as a row: its body is in its own row already.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub(super) body: u64,
    pub(super) size: u32,
    pub(super) flags: Flags,
    pub(super) date: Timestamp,
}

/// The commit point of `250`: see [`Store::accept`].
pub(super) fn accept(
    tx: &mut Tx<'_>,
    dedupe: Option<DedupeKey>,
    body: ReadyBody,
    local: &[Address],
    remote: &[RemoteEnvelope],
    now: Timestamp,
) -> Outcome<Accepted> {
    if let Some(first) = dedupe.map(|key| first_result(tx, key)).transpose()?.flatten() {
        return Ok(first);
    }
    let accepted = deliver(tx, body, local, remote, now)?;
    if let Some(key) = dedupe {
        let mut insert = tx.db.prepare_cached("INSERT INTO dedupe VALUES (NULL, ?1, ?2, ?3)")?;
        insert.execute((&key.0[..], now.0, encoded(&accepted)))?;
    }
    Ok(accepted)
}

fn deliver(
    tx: &mut Tx<'_>,
    body: ReadyBody,
    local: &[Address],
    remote: &[RemoteEnvelope],
    now: Timestamp,
) -> Outcome<Accepted> {
    let size = body.size;
    let mut found: HashMap<&Address, Option<Recipient>> = HashMap::with_capacity(local.len());
    for address in local {
        if !found.contains_key(address) {
            found.insert(address, recipient(tx, address, size, now)?);
        }
    }
    let takers = found.values().flatten().filter(|recipient| recipient.has_room).count();
    let body = match takers + remote.len() {
        0 => 0,
        refs => body.insert(tx, refs)?,
    };
    let message = Incoming { body, size, flags: Flags::new(), date: now };
    let mut outcomes: HashMap<&Address, LocalOutcome> = HashMap::with_capacity(local.len());
    for address in local {
        if !outcomes.contains_key(address) {
            outcomes.insert(address, deliver_to(tx, found[address].as_ref(), &message)?);
        }
    }
    let local = local.iter().map(|address| outcomes[address]).collect();
    let queued = remote.iter().map(|to| enqueue(tx, to, body, size, now));
    Ok(Accepted { local, queued: queued.collect::<Outcome<_>>()? })
}

/// Looks a recipient up, and pushes old mail out of an account that gets too full.
fn recipient(
    tx: &mut Tx<'_>,
    address: &Address,
    size: u32,
    now: Timestamp,
) -> Outcome<Option<Recipient>> {
    let size = u64::from(size);
    let Some((mut recipient, used, limit)) = account_row(tx, address)? else { return Ok(None) };
    let mut left = limit.saturating_sub(used);
    if let Some(target) = room::target(used, size, limit) {
        let before = room::before(now);
        evict(tx, recipient.account, target, before, room::PUSHED_OUT_MAX)?;
        left = limit.saturating_sub(quota(tx.db, tx.shared, recipient.account)?.used_bytes);
    }
    recipient.has_room &= size <= left;
    Ok(Some(recipient))
}

/// The account's row, what it uses and what it may use, in bytes. `has_room` says only whether there
/// is a UID left.
fn account_row(tx: &Tx<'_>, address: &Address) -> Outcome<Option<(Recipient, u64, u64)>> {
    let sql = "SELECT account.id, inbox, used, quota, uidnext FROM account
        JOIN mailbox ON mailbox.id = inbox WHERE address = ?1";
    let mut statement = tx.db.prepare_cached(sql)?;
    let found = statement.query_row([address.as_str()], |row| {
        let limit =
            row.get::<_, Option<i64>>(3)?.map_or(tx.shared.quota_bytes, |quota| quota as u64);
        let recipient = Recipient {
            account: AccountId(number(row, 0)?),
            inbox: MailboxId(number(row, 1)?),
            has_room: number(row, 4)? <= u64::from(Uid::MAX.get()),
        };
        Ok((recipient, number(row, 2)?, limit))
    });
    Ok(found.optional()?)
}

fn deliver_to(
    tx: &mut Tx<'_>,
    recipient: Option<&Recipient>,
    message: &Incoming,
) -> Outcome<LocalOutcome> {
    let Some(recipient) = recipient else { return Ok(LocalOutcome::NoSuchUser) };
    if !recipient.has_room {
        return Ok(LocalOutcome::OverQuota);
    }
    let mut row = tx.mailbox(recipient.inbox)?;
    let uids = place(tx, &mut row, std::slice::from_ref(message))?;
    tx.weigh(recipient.account, u64::from(message.size), 0)?;
    Ok(LocalOutcome::Stored { mailbox: row.id, uid: uids[0], modseq: row.modseq })
}

/// Puts messages at the end of a mailbox under one new change counter.
pub(super) fn place(
    tx: &mut Tx<'_>,
    row: &mut MailboxRow,
    messages: &[Incoming],
) -> Outcome<Vec<Uid>> {
    row.check_uids(messages.len())?;
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let modseq = row.bump();
    let sql = "INSERT INTO message VALUES (?1, ?2, ?3, NULL, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let mut statement = tx.db.prepare_cached(sql)?;
    let mut uids = Vec::with_capacity(messages.len());
    for message in messages {
        let uid = row.count_in(message.size, message.flags.system);
        let (bits, keywords) = flag_columns(&message.flags);
        let Day(day) = message.date.day();
        statement.execute((
            row.id.0 as i64,
            uid.get(),
            modseq.0 as i64,
            bits,
            keywords,
            message.date.0,
            message.size,
            message.body as i64,
            fresh_class(message.size),
            day,
        ))?;
        uids.push(uid);
    }
    drop(statement);
    tx.save(row)?;
    Ok(uids)
}

/// See [`Store::append`].
pub(super) fn append(
    tx: &mut Tx<'_>,
    account: AccountId,
    name: &MailboxName,
    messages: Vec<(ReadyBody, Flags, Timestamp)>,
) -> Outcome<Placed> {
    let mut row = MailboxRow::find(tx.db, account, name)?;
    messages.iter().try_for_each(|(_, flags, _)| check_flags(flags))?;
    let bytes = messages.iter().map(|(body, ..)| u64::from(body.size)).sum();
    check_quota(tx, account, bytes)?;
    let mut incoming = Vec::with_capacity(messages.len());
    for (body, flags, date) in messages {
        let size = body.size;
        incoming.push(Incoming { body: body.insert(tx, 1)?, size, flags, date });
    }
    let uids = place(tx, &mut row, &incoming)?;
    tx.weigh(account, bytes, 0)?;
    Ok(Placed { uid_validity: row.validity, uids: uids.iter().map(|uid| (*uid, *uid)).collect() })
}

/// See [`Store::copy`].
pub(super) fn copy(
    tx: &mut Tx<'_>,
    account: AccountId,
    from: MailboxId,
    uids: &UidSet,
    to: &MailboxName,
) -> Outcome<Placed> {
    let (source, messages) = chosen(tx, account, from, uids)?;
    let mut row = MailboxRow::find(tx.db, account, to)?;
    let bytes = messages.iter().map(|message| u64::from(message.size)).sum();
    check_quota(tx, account, bytes)?;
    let target = place(tx, &mut row, &messages)?;
    messages.iter().try_for_each(|message| add_ref(tx, message.body))?;
    tx.weigh(account, bytes, 0)?;
    Ok(Placed { uid_validity: row.validity, uids: source.into_iter().zip(target).collect() })
}

/// See [`Store::move_messages`].
pub(super) fn move_messages(
    tx: &mut Tx<'_>,
    account: AccountId,
    from: MailboxId,
    uids: &UidSet,
    to: &MailboxName,
) -> Outcome<Placed> {
    let (source, messages) = chosen(tx, account, from, uids)?;
    let mut row = MailboxRow::find(tx.db, account, to)?;
    let target = place(tx, &mut row, &messages)?;
    messages.iter().try_for_each(|message| add_ref(tx, message.body))?;
    let moved: UidSet = source.iter().copied().collect();
    let bytes = messages.iter().map(|message| u64::from(message.size)).sum();
    tx.weigh(account, bytes, 0)?;
    // Read anew: source and target may be the same mailbox.
    let stale = select(tx.db, &tx.mailbox(from)?, &moved)?;
    remove(tx, from, stale)?;
    Ok(Placed { uid_validity: row.validity, uids: source.into_iter().zip(target).collect() })
}

/// The messages that exist, and their UIDs.
fn chosen(
    tx: &Tx<'_>,
    account: AccountId,
    from: MailboxId,
    uids: &UidSet,
) -> Outcome<(Vec<Uid>, Vec<Incoming>)> {
    let row = tx.mailbox(from)?;
    if row.account != account {
        return Err(StoreError::NotFound.into());
    }
    let found = select(tx.db, &row, uids)?.into_iter();
    Ok(found
        .map(|m| {
            (
                m.meta.uid,
                Incoming {
                    body: m.body,
                    size: m.meta.size_bytes,
                    flags: m.meta.flags,
                    date: m.meta.internal_date,
                },
            )
        })
        .unzip())
}

fn check_quota(tx: &Tx<'_>, account: AccountId, more: u64) -> Outcome<()> {
    let quota = quota(tx.db, tx.shared, account)?;
    if quota.used_bytes + more > quota.limit_bytes {
        return Err(StoreError::OverQuota.into());
    }
    Ok(())
}

// ---- The dedupe record ------------------------------------------------------------------------

fn first_result(tx: &Tx<'_>, key: DedupeKey) -> Outcome<Option<Accepted>> {
    let mut statement = tx.db.prepare_cached("SELECT result FROM dedupe WHERE key = ?1")?;
    let result = statement.query_row([&key.0[..]], |row| Ok(decoded(row.get_ref(0)?.as_blob()?)));
    Ok(result.optional()?.flatten())
}

/// Numbers of eight bytes each: how many local outcomes; for each a word that says which kind, and
/// its numbers; then the queue ids.
fn encoded(accepted: &Accepted) -> Vec<u8> {
    let mut numbers = vec![accepted.local.len() as u64];
    for outcome in &accepted.local {
        match outcome {
            LocalOutcome::NoSuchUser => numbers.push(0),
            LocalOutcome::OverQuota => numbers.push(1),
            LocalOutcome::Stored { mailbox, uid, modseq } => {
                numbers.extend([2, mailbox.0, u64::from(uid.get()), modseq.0]);
            }
        }
    }
    numbers.extend(accepted.queued.iter().map(|id| id.0));
    numbers.into_iter().flat_map(u64::to_le_bytes).collect()
}

fn decoded(bytes: &[u8]) -> Option<Accepted> {
    let chunks = bytes.chunks_exact(8).map(|chunk| chunk.try_into().map(u64::from_le_bytes));
    let mut numbers = chunks.map_while(std::result::Result::ok);
    let count = numbers.next()?;
    let mut local = Vec::new();
    for _ in 0..count {
        local.push(match numbers.next()? {
            0 => LocalOutcome::NoSuchUser,
            1 => LocalOutcome::OverQuota,
            _ => LocalOutcome::Stored {
                mailbox: MailboxId(numbers.next()?),
                uid: u32::try_from(numbers.next()?).ok().and_then(Uid::new)?,
                modseq: mail::mailbox::ModSeq(numbers.next()?),
            },
        });
    }
    Some(Accepted { local, queued: numbers.map(QueueId).collect() })
}

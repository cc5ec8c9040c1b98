//! Between rows and the words of the boundary.

use mail::limits::LARGE_MESSAGE_BYTES;
use mail::mailbox::{
    Flags, Keyword, MailboxId, MailboxStatus, MessageMeta, ModSeq, SystemFlags, Uid, UidValidity,
};
use mail::{Address, MailboxName, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use super::fault::Outcome;
use crate::boundary::{AccountId, Result, StoreError};
use crate::refusal::UIDS_EXHAUSTED;

pub(super) type Rows<T> = rusqlite::Result<T>;

/// An unsigned number, which SQLite keeps as a signed one of the same bits.
pub(super) fn number(row: &Row<'_>, column: usize) -> Rows<u64> {
    row.get::<_, i64>(column).map(|value| value as u64)
}

/// A value that was written by us and does not parse: the database is damaged.
fn strange(column: usize, what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
}

pub(super) fn address(row: &Row<'_>, column: usize) -> Rows<Address> {
    Address::parse(row.get_ref(column)?.as_str()?).map_err(|_| strange(column, "not an address"))
}

pub(super) fn mailbox_name(row: &Row<'_>, column: usize) -> Rows<MailboxName> {
    let text = row.get_ref(column)?;
    MailboxName::parse(text.as_str()?).map_err(|_| strange(column, "not a mailbox name"))
}

pub(super) fn uid(row: &Row<'_>, column: usize) -> Rows<Uid> {
    Uid::new(row.get(column)?).ok_or_else(|| strange(column, "zero is no UID"))
}

// ---- Messages ---------------------------------------------------------------------------------

/// The columns [`meta`] and [`StoredMessage`] are read from.
macro_rules! message_columns {
    () => {
        "uid, coalesce(touched, born), flags, keywords, date, size, body, born"
    };
}
pub(super) use message_columns;

/// What is known of a message, from `message_columns!()`.
pub(super) fn meta(row: &Row<'_>) -> Rows<MessageMeta> {
    Ok(MessageMeta {
        uid: uid(row, 0)?,
        modseq: ModSeq(number(row, 1)?),
        flags: flags(row, 2, 3)?,
        internal_date: Timestamp(row.get(4)?),
        size_bytes: row.get(5)?,
    })
}

/// A message with the body it refers to.
#[derive(Debug)]
pub(super) struct StoredMessage {
    pub(super) meta: MessageMeta,
    pub(super) body: u64,
}

/// From `message_columns!()`.
pub(super) fn stored_message(row: &Row<'_>) -> Rows<StoredMessage> {
    Ok(StoredMessage { meta: meta(row)?, body: number(row, 6)? })
}

fn flags(row: &Row<'_>, bits: usize, keywords: usize) -> Rows<Flags> {
    let mut flags = Flags::from(SystemFlags::from_bits(row.get(bits)?));
    if let Some(text) = row.get_ref(keywords)?.as_str_or_null()? {
        text.split(' ').filter_map(Keyword::parse).for_each(|word| flags.insert_keyword(word));
    }
    Ok(flags)
}

/// Flags as stored: system flags as bits, keywords as one text, if any.
pub(super) fn flag_columns(flags: &Flags) -> (u8, Option<String>) {
    let words: Vec<&str> = flags.keywords().iter().map(Keyword::as_str).collect();
    (flags.system.bits(), (!words.is_empty()).then(|| words.join(" ")))
}

/// The expiry class of a message that nobody has noticed yet.
pub(super) fn fresh_class(size_bytes: u32) -> u8 {
    if u64::from(size_bytes) >= LARGE_MESSAGE_BYTES { 2 } else { 0 }
}

// ---- Mailboxes --------------------------------------------------------------------------------

/// A mailbox with its counters: read, changed and written back inside one transaction.
#[derive(Clone, Debug)]
pub(super) struct MailboxRow {
    pub(super) id: MailboxId,
    pub(super) account: AccountId,
    pub(super) validity: UidValidity,
    /// One more than the last UID; 64 bits because the last one has a successor, too.
    pub(super) uid_next: u64,
    pub(super) modseq: ModSeq,
    pub(super) messages: u32,
    pub(super) bytes: u64,
    pub(super) unseen: u32,
    pub(super) deleted: u32,
    /// As written down; what is newer is in `Noticed`.
    pub(super) noticed: u32,
}

macro_rules! mailbox_columns {
    () => {
        "id, account, uidvalidity, uidnext, modseq, messages, bytes, unseen, deleted, noticed"
    };
}

impl MailboxRow {
    /// `NotFound` if there is none.
    pub(super) fn by_id(db: &Connection, id: MailboxId) -> Outcome<MailboxRow> {
        let sql = concat!("SELECT ", mailbox_columns!(), " FROM mailbox WHERE id = ?1");
        Ok(db.prepare_cached(sql)?.query_row([id.0 as i64], MailboxRow::from)?)
    }

    pub(super) fn named(
        db: &Connection,
        account: AccountId,
        name: &MailboxName,
    ) -> Outcome<Option<MailboxRow>> {
        let sql = concat!(
            "SELECT ",
            mailbox_columns!(),
            " FROM mailbox WHERE account = ?1 AND name = ?2"
        );
        let mut statement = db.prepare_cached(sql)?;
        let key = (account.0 as i64, name.as_str());
        Ok(statement.query_row(key, MailboxRow::from).optional()?)
    }

    /// `NotFound` if there is none.
    pub(super) fn find(
        db: &Connection,
        account: AccountId,
        name: &MailboxName,
    ) -> Outcome<MailboxRow> {
        MailboxRow::named(db, account, name)?.ok_or(StoreError::NotFound.into())
    }

    fn from(row: &Row<'_>) -> Rows<MailboxRow> {
        let validity = UidValidity::new(row.get(2)?);
        Ok(MailboxRow {
            id: MailboxId(number(row, 0)?),
            account: AccountId(number(row, 1)?),
            validity: validity.ok_or_else(|| strange(2, "zero is no UIDVALIDITY"))?,
            uid_next: number(row, 3)?,
            modseq: ModSeq(number(row, 4)?),
            messages: row.get(5)?,
            bytes: number(row, 6)?,
            unseen: row.get(7)?,
            deleted: row.get(8)?,
            noticed: row.get(9)?,
        })
    }

    /// Writes the counters back.
    pub(super) fn write(&self, db: &Connection) -> Outcome<()> {
        let sql = "UPDATE mailbox SET uidnext = ?2, modseq = ?3, messages = ?4, bytes = ?5,
            unseen = ?6, deleted = ?7 WHERE id = ?1";
        db.prepare_cached(sql)?.execute((
            self.id.0 as i64,
            self.uid_next as i64,
            self.modseq.0 as i64,
            self.messages,
            self.bytes as i64,
            self.unseen,
            self.deleted,
        ))?;
        Ok(())
    }

    /// Refuses if there are fewer than `n` UIDs left.
    pub(super) fn check_uids(&self, n: usize) -> Result<()> {
        let left = u64::from(Uid::MAX.get()) + 1 - self.uid_next;
        if n as u64 <= left { Ok(()) } else { Err(UIDS_EXHAUSTED) }
    }

    /// Begins a change.
    pub(super) fn bump(&mut self) -> ModSeq {
        self.modseq = self.modseq.next();
        self.modseq
    }

    /// Counts a message in and gives it its UID; `check_uids` was asked.
    pub(super) fn count_in(&mut self, size_bytes: u32, flags: SystemFlags) -> Uid {
        let uid = u32::try_from(self.uid_next).ok().and_then(Uid::new).expect("UIDs were checked");
        self.uid_next += 1;
        self.messages += 1;
        self.bytes += u64::from(size_bytes);
        self.count_flags(flags, 1);
        uid
    }

    /// Counts a message out.
    pub(super) fn count_out(&mut self, meta: &MessageMeta) {
        self.messages = self.messages.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(u64::from(meta.size_bytes));
        self.count_flags(meta.flags.system, -1);
    }

    /// Counts one message's flags in (1) or out (-1).
    pub(super) fn count_flags(&mut self, flags: SystemFlags, by: i32) {
        let step = |count: u32, counts: bool| {
            if counts { count.saturating_add_signed(by) } else { count }
        };
        self.unseen = step(self.unseen, !flags.contains(SystemFlags::SEEN));
        self.deleted = step(self.deleted, flags.contains(SystemFlags::DELETED));
    }

    /// What SELECT and STATUS report.
    pub(super) fn status(&self, recent: u32) -> MailboxStatus {
        MailboxStatus {
            uid_validity: self.validity,
            uid_next: u32::try_from(self.uid_next).ok().and_then(Uid::new),
            highest_modseq: self.modseq,
            exists: self.messages,
            unseen: self.unseen,
            deleted: self.deleted,
            recent,
            size_bytes: self.bytes,
        }
    }

    /// The greatest UID given away so far; zero before the first.
    pub(super) fn last_uid(&self) -> u32 {
        u32::try_from(self.uid_next - 1).expect("UIDs are 32 bits wide")
    }
}

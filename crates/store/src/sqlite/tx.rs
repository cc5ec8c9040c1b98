//! What a request may do inside the writer's transaction, and what is remembered of it until the
//! commit: hints, files that became reachable, files that became unreachable.

use mail::mailbox::{MailboxId, ModSeq, UidSet};
use rusqlite::Connection;

use super::Shared;
use super::fault::Outcome;
use super::rows::MailboxRow;
use crate::body::Settled;
use crate::boundary::AccountId;

pub(super) struct Tx<'a> {
    pub(super) db: &'a Connection,
    pub(super) shared: &'a Shared,
    changed: Vec<(MailboxId, ModSeq)>,
    named: Vec<Settled>,
    unreachable: Vec<u64>,
    noticed: Vec<(MailboxId, u32)>,
}

/// A point to which a refused request is taken back.
pub(super) struct Mark {
    changed: usize,
    named: usize,
    unreachable: usize,
    noticed: usize,
}

/// What the world may learn after the commit.
pub(super) struct Published {
    pub(super) changed: Vec<(MailboxId, ModSeq)>,
    pub(super) unreachable: Vec<u64>,
    pub(super) noticed: Vec<(MailboxId, u32)>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(db: &'a Connection, shared: &'a Shared) -> Tx<'a> {
        let (changed, named, unreachable, noticed) = Default::default();
        Tx { db, shared, changed, named, unreachable, noticed }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            changed: self.changed.len(),
            named: self.named.len(),
            unreachable: self.unreachable.len(),
            noticed: self.noticed.len(),
        }
    }

    pub(super) fn rewind(&mut self, mark: &Mark) {
        self.changed.truncate(mark.changed);
        self.named.truncate(mark.named);
        self.unreachable.truncate(mark.unreachable);
        self.noticed.truncate(mark.noticed);
    }

    /// A row names this file now.
    pub(super) fn name_file(&mut self, file: Settled) {
        self.named.push(file);
    }

    /// No row names this body's file any more.
    pub(super) fn abandon_file(&mut self, body: u64) {
        self.unreachable.push(body);
    }

    /// The watchers of this mailbox are to look.
    pub(super) fn hint(&mut self, mailbox: MailboxId, modseq: ModSeq) {
        self.changed.push((mailbox, modseq));
    }

    /// Files that rows may name stay.
    pub(super) fn keep_files(&mut self) {
        self.named.iter_mut().for_each(Settled::keep);
    }

    pub(super) fn committed(mut self) -> Published {
        self.keep_files();
        let Tx { changed, unreachable, noticed, .. } = self;
        Published { changed, unreachable, noticed }
    }

    pub(super) fn mailbox(&self, id: MailboxId) -> Outcome<MailboxRow> {
        MailboxRow::by_id(self.db, id)
    }

    /// Writes a mailbox's counters back and tells its watchers.
    pub(super) fn save(&mut self, row: &MailboxRow) -> Outcome<()> {
        row.write(self.db)?;
        self.hint(row.id, row.modseq);
        Ok(())
    }

    /// Changes what an account's messages weigh.
    pub(super) fn weigh(&self, account: AccountId, more: u64, less: u64) -> Outcome<()> {
        let sql = "UPDATE account SET used = used + ?2 - ?3 WHERE id = ?1";
        let mut statement = self.db.prepare_cached(sql)?;
        statement.execute((account.0 as i64, more as i64, less as i64))?;
        Ok(())
    }

    /// Remembers which UIDs went with the mailbox's present change, and forgets old history.
    pub(super) fn remember_vanished(&self, row: &MailboxRow, uids: &UidSet) -> Outcome<()> {
        let (id, modseq) = (row.id.0 as i64, row.modseq.0 as i64);
        let mut insert = self.db.prepare_cached("INSERT INTO vanished VALUES (?1, ?2, ?3)")?;
        insert.execute((id, modseq, uids.to_string()))?;
        let sql = "DELETE FROM vanished WHERE mailbox = ?1 AND modseq <= ?2";
        let mut trim = self.db.prepare_cached(sql)?;
        trim.execute((id, modseq - mail::limits::HISTORY_MODSEQS as i64))?;
        Ok(())
    }

    /// Writes down how far mailboxes were noticed; large messages among them may expire earlier.
    pub(super) fn flush_noticed(&mut self) -> Outcome<()> {
        for (mailbox, upto) in self.shared.noticed.all() {
            self.flush_one(mailbox, upto)?;
            self.noticed.push((mailbox, upto));
        }
        Ok(())
    }

    fn flush_one(&self, mailbox: MailboxId, upto: u32) -> Outcome<()> {
        let id = mailbox.0 as i64;
        let flip = "UPDATE message SET class = 1 WHERE mailbox = ?1 AND uid <= ?2 AND class = 2
            AND uid > (SELECT noticed FROM mailbox WHERE id = ?1)";
        self.db.prepare_cached(flip)?.execute((id, upto))?;
        let raise = "UPDATE mailbox SET noticed = ?2 WHERE id = ?1 AND noticed < ?2";
        self.db.prepare_cached(raise)?.execute((id, upto))?;
        Ok(())
    }
}

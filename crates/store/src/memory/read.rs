//! Looking into mailboxes.

use std::ops::Range;

use bytes::Bytes;
use mail::MailboxName;
use mail::limits::HISTORY_MODSEQS;
use mail::mailbox::{
    Changes, MailboxId, MailboxStatus, MessageMeta, ModSeq, SystemFlags, Uid, UidSet,
};

use super::state::{MailboxRow, State};
use crate::body::clipped;
use crate::boundary::*;

impl State {
    pub(super) fn status(
        &mut self,
        account: AccountId,
        name: &MailboxName,
    ) -> Result<MailboxStatus> {
        let id = self.find(account, name)?;
        Ok(self.mailbox(id)?.status())
    }

    pub(super) fn open(
        &mut self,
        account: AccountId,
        name: &MailboxName,
        read_only: bool,
    ) -> Result<Opened> {
        let id = self.find(account, name)?;
        let row = self.mailbox(id)?;
        let uids: UidSet = row.messages.keys().copied().collect();
        let first_recent = row.messages.keys().find(|uid| uid.get() > row.noticed).copied();
        let unseen = row.messages.iter().find(|(_, m)| !m.has(SystemFlags::SEEN));
        let first_unseen = unseen.map(|(uid, _)| *uid);
        let status = row.status();
        if !read_only {
            row.noticed = u32::try_from(row.uid_next - 1).expect("UIDs are 32 bits wide");
        }
        Ok(Opened { id, status, uids, first_recent, first_unseen })
    }

    pub(super) fn messages(
        &mut self,
        mailbox: MailboxId,
        uids: &UidSet,
        n: usize,
    ) -> Result<Vec<MessageMeta>> {
        let all = self.mailbox(mailbox)?.messages.values().map(|message| &message.meta);
        Ok(all.filter(|meta| uids.contains(meta.uid)).take(n).cloned().collect())
    }

    pub(super) fn changes_since(&mut self, mailbox: MailboxId, since: ModSeq) -> Result<Changes> {
        let row = self.mailbox(mailbox)?;
        let all = row.messages.values().map(|message| &message.meta);
        let changed = all.filter(|meta| meta.modseq > since).cloned().collect();
        // Too long ago: every UID that ever was and is no more.
        let forgotten = since.0 + HISTORY_MODSEQS < row.modseq.0;
        let gone = row.gone.iter().filter(|(_, modseq)| forgotten || **modseq > since);
        let vanished = gone.map(|(uid, _)| *uid).collect();
        Ok(Changes { changed, vanished, upto: row.modseq, exists: row.messages.len() as u32 })
    }

    pub(super) fn read_body(
        &mut self,
        mailbox: MailboxId,
        uid: Uid,
        range: Range<u64>,
    ) -> Result<Bytes> {
        let row = self.mailbox(mailbox)?;
        let message = row.messages.get(&uid).ok_or(StoreError::NotFound)?;
        Ok(slice(&message.body, range))
    }

    pub(super) fn read_queued(&mut self, id: QueueId, range: Range<u64>) -> Result<Bytes> {
        let row = self.queue.get(&id).ok_or(StoreError::NotFound)?;
        Ok(slice(&row.body, range))
    }
}

impl MailboxRow {
    fn status(&self) -> MailboxStatus {
        MailboxStatus {
            uid_validity: self.validity,
            uid_next: u32::try_from(self.uid_next).ok().and_then(Uid::new),
            highest_modseq: self.modseq,
            exists: self.messages.len() as u32,
            unseen: self.count(|message| !message.has(SystemFlags::SEEN)),
            deleted: self.count(|message| message.has(SystemFlags::DELETED)),
            recent: self.count(|message| message.meta.uid.get() > self.noticed),
            size_bytes: self.bytes(),
        }
    }
}

fn slice(body: &Bytes, range: Range<u64>) -> Bytes {
    let range = clipped(range, body.len() as u64);
    body.slice(range.start as usize..range.end as usize)
}

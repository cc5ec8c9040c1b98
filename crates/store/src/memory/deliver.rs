//! Messages on their way in: acceptance, APPEND, COPY and MOVE.

use std::collections::HashMap;

use bytes::Bytes;
use mail::mailbox::{Flags, MailboxId, Uid, UidSet};
use mail::{Address, MailboxName, Timestamp};

use super::state::{QueueRow, State};
use crate::boundary::*;
use crate::refusal::check_flags;
use crate::room;

impl State {
    pub(super) fn accept(
        &mut self,
        dedupe: Option<DedupeKey>,
        body: &Bytes,
        local: &[Address],
        remote: Vec<RemoteEnvelope>,
        now: Timestamp,
    ) -> Result<Accepted> {
        if let Some((_, first)) = dedupe.and_then(|key| self.dedupe.get(&key)) {
            return Ok(first.clone());
        }
        let mut done: HashMap<&Address, LocalOutcome> = HashMap::new();
        for address in local {
            if !done.contains_key(address) {
                done.insert(address, self.deliver(address, body, now)?);
            }
        }
        let local = local.iter().map(|address| done[address]).collect();
        let queued = remote.into_iter().map(|to| self.enqueue(to, body, now)).collect();
        let accepted = Accepted { local, queued };
        if let Some(key) = dedupe {
            self.dedupe.insert(key, (now, accepted.clone()));
        }
        Ok(accepted)
    }

    fn deliver(&mut self, to: &Address, body: &Bytes, now: Timestamp) -> Result<LocalOutcome> {
        let Some(account) = self.find_account(to) else { return Ok(LocalOutcome::NoSuchUser) };
        let (mailbox, size) = (account.inbox, body.len() as u64);
        let used = self.used_bytes(account.id);
        if let Some(target) = room::target(used, size, self.quota_bytes) {
            self.evict(account.id, target, room::before(now), room::PUSHED_OUT_MAX)?;
        }
        let has_uid = self.mailbox(mailbox)?.check_uids(1).is_ok();
        if !has_uid || !self.has_room(account.id, size) {
            return Ok(LocalOutcome::OverQuota);
        }
        let modseq = self.bump(mailbox)?;
        let uid = self.mailbox(mailbox)?.add(modseq, body.clone(), Flags::new(), now);
        Ok(LocalOutcome::Stored { mailbox, uid, modseq })
    }

    fn enqueue(&mut self, envelope: RemoteEnvelope, body: &Bytes, now: Timestamp) -> QueueId {
        self.last_queued += 1;
        let row = QueueRow {
            envelope,
            body: body.clone(),
            accepted: now,
            attempts: 0,
            last_error: String::new(),
            next_try: now,
            claim: None,
        };
        self.queue.insert(QueueId(self.last_queued), row);
        QueueId(self.last_queued)
    }

    pub(super) fn append(
        &mut self,
        account: AccountId,
        name: &MailboxName,
        messages: Vec<(Bytes, Flags, Timestamp)>,
    ) -> Result<Placed> {
        let to = self.find(account, name)?;
        messages.iter().try_for_each(|(_, flags, _)| check_flags(flags))?;
        let bytes = messages.iter().map(|(body, ..)| body.len() as u64).sum();
        if !self.has_room(account, bytes) {
            return Err(StoreError::OverQuota);
        }
        let uids = self.place(to, messages)?;
        let uid_validity = self.mailbox(to)?.validity;
        Ok(Placed { uid_validity, uids: uids.into_iter().map(|uid| (uid, uid)).collect() })
    }

    pub(super) fn copy(
        &mut self,
        account: AccountId,
        from: MailboxId,
        uids: &UidSet,
        to: &MailboxName,
    ) -> Result<Placed> {
        let (source, messages) = self.chosen(account, from, uids)?;
        let to = self.find(account, to)?;
        let bytes = messages.iter().map(|(body, ..)| body.len() as u64).sum();
        if !self.has_room(account, bytes) {
            return Err(StoreError::OverQuota);
        }
        let target = self.place(to, messages)?;
        self.placed(to, source, target)
    }

    pub(super) fn move_messages(
        &mut self,
        account: AccountId,
        from: MailboxId,
        uids: &UidSet,
        to: &MailboxName,
    ) -> Result<Placed> {
        let (source, messages) = self.chosen(account, from, uids)?;
        let to = self.find(account, to)?;
        let target = self.place(to, messages)?;
        self.remove(from, &source)?;
        self.placed(to, source, target)
    }

    /// The messages that exist, and their UIDs.
    #[allow(clippy::type_complexity)]
    fn chosen(
        &mut self,
        account: AccountId,
        from: MailboxId,
        uids: &UidSet,
    ) -> Result<(Vec<Uid>, Vec<(Bytes, Flags, Timestamp)>)> {
        let row = self.mailbox(from)?;
        if row.account != account {
            return Err(StoreError::NotFound);
        }
        let chosen = row.messages.iter().filter(|(uid, _)| uids.contains(**uid));
        Ok(chosen
            .map(|(uid, m)| (*uid, (m.body.clone(), m.meta.flags.clone(), m.meta.internal_date)))
            .unzip())
    }

    /// Puts messages at the end of a mailbox under one new change counter.
    pub(super) fn place(
        &mut self,
        to: MailboxId,
        messages: Vec<(Bytes, Flags, Timestamp)>,
    ) -> Result<Vec<Uid>> {
        self.mailbox(to)?.check_uids(messages.len())?;
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let modseq = self.bump(to)?;
        let row = self.mailbox(to)?;
        let added =
            messages.into_iter().map(|(body, flags, date)| row.add(modseq, body, flags, date));
        Ok(added.collect())
    }

    fn placed(&mut self, to: MailboxId, source: Vec<Uid>, target: Vec<Uid>) -> Result<Placed> {
        let uid_validity = self.mailbox(to)?.validity;
        Ok(Placed { uid_validity, uids: source.into_iter().zip(target).collect() })
    }
}

//! What the model knows, and the few steps everything else is made of.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use mail::limits::LARGE_MESSAGE_BYTES;
use mail::mailbox::{Flags, MailboxId, MessageMeta, ModSeq, SystemFlags, Uid, UidValidity};
use mail::{Address, Day, MailboxName, Timestamp};

use crate::boundary::*;
use crate::refusal::{UIDS_EXHAUSTED, next_validity};

#[derive(Debug)]
pub(super) struct State {
    pub(super) quota_bytes: u64,
    pub(super) accounts: BTreeMap<AccountId, AccountRow>,
    pub(super) mailboxes: BTreeMap<MailboxId, MailboxRow>,
    pub(super) queue: BTreeMap<QueueId, QueueRow>,
    pub(super) leases: HashMap<String, LeaseRow>,
    pub(super) dedupe: HashMap<DedupeKey, (Timestamp, Accepted)>,
    /// The greatest UIDVALIDITY any deleted account had.
    pub(super) validity_floor: u32,
    pub(super) last_account: u64,
    pub(super) last_mailbox: u64,
    pub(super) last_queued: u64,
    pub(super) last_token: u64,
    pub(super) last_sweep: Option<Timestamp>,
    /// Hints for the watchers.
    pub(super) changed: Vec<(MailboxId, ModSeq)>,
}

#[derive(Debug)]
pub(super) struct AccountRow {
    pub(super) account: Account,
    /// The newest UIDVALIDITY given away.
    pub(super) validity: u32,
    pub(super) subscribed: Vec<MailboxName>,
    /// In order of first insertion.
    pub(super) meta: Vec<(String, MetaValue)>,
}

#[derive(Debug)]
pub(super) struct MailboxRow {
    pub(super) account: AccountId,
    pub(super) name: MailboxName,
    pub(super) validity: UidValidity,
    /// One more than the last UID; 64 bits because the last one has a successor, too.
    pub(super) uid_next: u64,
    pub(super) modseq: ModSeq,
    /// What a read-write opening has seen.
    pub(super) noticed: u32,
    pub(super) messages: BTreeMap<Uid, Message>,
    /// Every UID that was removed, and when.
    pub(super) gone: BTreeMap<Uid, ModSeq>,
}

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) meta: MessageMeta,
    pub(super) body: Bytes,
}

#[derive(Debug)]
pub(super) struct QueueRow {
    pub(super) envelope: RemoteEnvelope,
    pub(super) body: Bytes,
    pub(super) accepted: Timestamp,
    pub(super) attempts: u32,
    pub(super) last_error: String,
    pub(super) next_try: Timestamp,
    /// Token and end of the lease, while claimed.
    pub(super) claim: Option<(ClaimToken, Timestamp)>,
}

#[derive(Debug)]
pub(super) struct LeaseRow {
    pub(super) owner: Option<String>,
    pub(super) epoch: u64,
    pub(super) expires: Timestamp,
}

impl State {
    pub(super) fn new(quota_bytes: u64) -> State {
        State {
            quota_bytes,
            accounts: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            queue: BTreeMap::new(),
            leases: HashMap::new(),
            dedupe: HashMap::new(),
            validity_floor: 0,
            last_account: 0,
            last_mailbox: 0,
            last_queued: 0,
            last_token: 0,
            last_sweep: None,
            changed: Vec::new(),
        }
    }

    pub(super) fn account(&mut self, id: AccountId) -> Result<&mut AccountRow> {
        self.accounts.get_mut(&id).ok_or(StoreError::NotFound)
    }

    pub(super) fn account_of(&self, address: &Address) -> Option<&Account> {
        let rows = self.accounts.values().map(|row| &row.account);
        rows.into_iter().find(|account| account.address == *address)
    }

    pub(super) fn mailbox(&mut self, id: MailboxId) -> Result<&mut MailboxRow> {
        self.mailboxes.get_mut(&id).ok_or(StoreError::NotFound)
    }

    pub(super) fn named(&self, account: AccountId, name: &MailboxName) -> Option<MailboxId> {
        let mut rows = self.mailboxes.iter();
        rows.find(|(_, row)| row.account == account && row.name == *name).map(|(id, _)| *id)
    }

    pub(super) fn find(&self, account: AccountId, name: &MailboxName) -> Result<MailboxId> {
        self.named(account, name).ok_or(StoreError::NotFound)
    }

    pub(super) fn used_bytes(&self, account: AccountId) -> u64 {
        self.mailboxes.values().filter(|row| row.account == account).map(MailboxRow::bytes).sum()
    }

    pub(super) fn has_room(&self, account: AccountId, bytes: u64) -> bool {
        self.used_bytes(account) + bytes <= self.quota_bytes
    }

    /// A fresh UIDVALIDITY for the account.
    pub(super) fn validity(&mut self, account: AccountId, now: Timestamp) -> Result<UidValidity> {
        let row = self.account(account)?;
        let validity = next_validity(now, row.validity)?;
        row.validity = validity.get();
        Ok(validity)
    }

    /// Makes an empty mailbox; the caller has checked that it may be.
    pub(super) fn add_mailbox(
        &mut self,
        account: AccountId,
        name: MailboxName,
        now: Timestamp,
    ) -> Result<MailboxId> {
        let validity = self.validity(account, now)?;
        self.last_mailbox += 1;
        let id = MailboxId(self.last_mailbox);
        let row = MailboxRow {
            account,
            name,
            validity,
            uid_next: 1,
            modseq: ModSeq::FIRST,
            noticed: 0,
            messages: BTreeMap::new(),
            gone: BTreeMap::new(),
        };
        self.mailboxes.insert(id, row);
        Ok(id)
    }

    /// Removes a mailbox and tells its watchers.
    pub(super) fn drop_mailbox(&mut self, id: MailboxId) {
        if let Some(row) = self.mailboxes.remove(&id) {
            self.changed.push((id, row.modseq.next()));
        }
    }

    /// One new change counter for the mailbox.
    pub(super) fn bump(&mut self, id: MailboxId) -> Result<ModSeq> {
        let row = self.mailbox(id)?;
        row.modseq = row.modseq.next();
        let modseq = row.modseq;
        self.changed.push((id, modseq));
        Ok(modseq)
    }

    /// Takes messages away under one new change counter.
    pub(super) fn remove(&mut self, id: MailboxId, uids: &[Uid]) -> Result<Vec<Message>> {
        if uids.is_empty() {
            return Ok(Vec::new());
        }
        let modseq = self.bump(id)?;
        let row = self.mailbox(id)?;
        row.gone.extend(uids.iter().map(|uid| (*uid, modseq)));
        Ok(uids.iter().filter_map(|uid| row.messages.remove(uid)).collect())
    }
}

impl MailboxRow {
    pub(super) fn bytes(&self) -> u64 {
        self.messages.values().map(|message| u64::from(message.meta.size_bytes)).sum()
    }

    pub(super) fn count(&self, matches: impl Fn(&Message) -> bool) -> u32 {
        self.messages.values().filter(|message| matches(message)).count() as u32
    }

    pub(super) fn check_uids(&self, n: usize) -> Result<()> {
        let room = u64::from(Uid::MAX.get()) + 1 - self.uid_next;
        if n as u64 <= room { Ok(()) } else { Err(UIDS_EXHAUSTED) }
    }

    /// Puts a message at the end; `check_uids` has been asked.
    pub(super) fn add(
        &mut self,
        modseq: ModSeq,
        body: Bytes,
        flags: Flags,
        internal_date: Timestamp,
    ) -> Uid {
        let uid = u32::try_from(self.uid_next).ok().and_then(Uid::new).expect("UIDs were checked");
        self.uid_next += 1;
        let size_bytes = u32::try_from(body.len()).expect("writers refuse longer messages");
        let meta = MessageMeta { uid, modseq, flags, internal_date, size_bytes };
        self.messages.insert(uid, Message { meta, body });
        uid
    }
}

impl Message {
    pub(super) fn has(&self, flag: SystemFlags) -> bool {
        self.meta.flags.contains(flag)
    }

    pub(super) fn is_large(&self) -> bool {
        u64::from(self.meta.size_bytes) >= LARGE_MESSAGE_BYTES
    }

    pub(super) fn day(&self) -> Day {
        self.meta.internal_date.day()
    }
}

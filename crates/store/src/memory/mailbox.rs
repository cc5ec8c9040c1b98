//! Mailboxes as LIST, CREATE, DELETE, RENAME and SUBSCRIBE know them.

use mail::limits::{MAILBOXES_MAX, SUBSCRIPTIONS_MAX};
use mail::mailbox::{MailboxId, MailboxInfo};
use mail::{MailboxName, Timestamp};

use super::state::State;
use crate::boundary::*;
use crate::listing::{ancestors, listing};
use crate::refusal::{
    BAD_NEW_NAME, INBOX_STAYS, INTO_ITSELF, TOO_MANY_MAILBOXES, TOO_MANY_SUBSCRIPTIONS,
    next_validity,
};

impl State {
    pub(super) fn mailboxes(&mut self, account: AccountId) -> Result<Vec<MailboxInfo>> {
        let subscribed = self.account(account)?.subscribed.clone();
        Ok(listing(self.names(account), subscribed))
    }

    fn names(&self, account: AccountId) -> Vec<MailboxName> {
        let rows = self.mailboxes.values().filter(|row| row.account == account);
        rows.map(|row| row.name.clone()).collect()
    }

    pub(super) fn create_mailbox(
        &mut self,
        account: AccountId,
        name: &MailboxName,
        now: Timestamp,
    ) -> Result<()> {
        self.make(account, name, now).map(drop)
    }

    /// Makes a mailbox and the parents it lacks, all or none.
    fn make(
        &mut self,
        account: AccountId,
        name: &MailboxName,
        now: Timestamp,
    ) -> Result<MailboxId> {
        self.account(account)?;
        if self.named(account, name).is_some() {
            return Err(StoreError::Conflict);
        }
        let mut missing = self.missing_parents(account, name);
        missing.push(name.clone());
        self.check_room(account, missing.len(), now)?;
        let mut made = MailboxId(0);
        for name in missing {
            made = self.add_mailbox(account, name, now)?;
        }
        Ok(made)
    }

    /// Topmost first.
    fn missing_parents(&self, account: AccountId, name: &MailboxName) -> Vec<MailboxName> {
        let missing = ancestors(name).filter(|parent| self.named(account, parent).is_none());
        let mut missing: Vec<_> = missing.collect();
        missing.reverse();
        missing
    }

    /// Refuses if `more` mailboxes, or as many UIDVALIDITYs, are too many.
    fn check_room(&mut self, account: AccountId, more: usize, now: Timestamp) -> Result<()> {
        if self.names(account).len() + more > MAILBOXES_MAX {
            return Err(TOO_MANY_MAILBOXES);
        }
        self.check_validities(account, more, now)
    }

    fn check_validities(&mut self, account: AccountId, n: usize, now: Timestamp) -> Result<()> {
        let mut last = self.account(account)?.validity;
        for _ in 0..n {
            last = next_validity(now, last)?.get();
        }
        Ok(())
    }

    pub(super) fn delete_mailbox(&mut self, account: AccountId, name: &MailboxName) -> Result<()> {
        if name.is_inbox() {
            return Err(INBOX_STAYS);
        }
        let id = self.find(account, name)?;
        self.drop_mailbox(id);
        Ok(())
    }

    pub(super) fn rename_mailbox(
        &mut self,
        account: AccountId,
        from: &MailboxName,
        to: &MailboxName,
        now: Timestamp,
    ) -> Result<()> {
        let source = self.find(account, from)?;
        if self.named(account, to).is_some() {
            return Err(StoreError::Conflict);
        }
        if from.is_inbox() {
            return self.empty_inbox(account, source, to, now);
        }
        if to.is_child_of(from) {
            return Err(INTO_ITSELF);
        }
        let renamed = self.renamed(account, from, to)?;
        let parents = self.missing_parents(account, to);
        self.check_room(account, parents.len(), now)?;
        self.check_validities(account, parents.len() + renamed.len(), now)?;
        for parent in parents {
            self.add_mailbox(account, parent, now)?;
        }
        for (id, name) in renamed {
            let validity = self.validity(account, now)?;
            let row = self.mailbox(id)?;
            (row.name, row.validity) = (name, validity);
            let modseq = row.modseq;
            self.changed.push((id, modseq));
        }
        Ok(())
    }

    /// The mailbox and its children with their new names, by old name.
    fn renamed(
        &self,
        account: AccountId,
        from: &MailboxName,
        to: &MailboxName,
    ) -> Result<Vec<(MailboxId, MailboxName)>> {
        let rows = self.mailboxes.iter().filter(|(_, row)| row.account == account);
        let mut old: Vec<_> = rows
            .filter(|(_, row)| row.name == *from || row.name.is_child_of(from))
            .map(|(id, row)| (row.name.clone(), *id))
            .collect();
        old.sort();
        let new = |(name, id): (MailboxName, MailboxId)| {
            let name = name.moved(from, to).ok_or(BAD_NEW_NAME)?;
            let taken = self.named(account, &name).is_some();
            if taken { Err(StoreError::Conflict) } else { Ok((id, name)) }
        };
        old.into_iter().map(new).collect()
    }

    /// RFC 3501 section 6.3.5: renaming INBOX moves its messages and leaves it.
    fn empty_inbox(
        &mut self,
        account: AccountId,
        inbox: MailboxId,
        to: &MailboxName,
        now: Timestamp,
    ) -> Result<()> {
        self.make(account, to, now)?;
        let all = self.mailbox(inbox)?.messages.keys().copied().collect();
        self.move_messages(account, inbox, &all, to).map(drop)
    }

    pub(super) fn subscribe(
        &mut self,
        account: AccountId,
        name: MailboxName,
        subscribed: bool,
    ) -> Result<()> {
        let names = &mut self.account(account)?.subscribed;
        let known = names.contains(&name);
        match subscribed {
            false => names.retain(|other| *other != name),
            true if known => {}
            true if names.len() >= SUBSCRIPTIONS_MAX => return Err(TOO_MANY_SUBSCRIPTIONS),
            true => names.push(name),
        }
        Ok(())
    }
}

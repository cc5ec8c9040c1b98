//! Accounts and the values kept beside them.

use mail::limits::META_VALUES_MAX;
use mail::mailbox::{MailboxId, Quota};
use mail::{Address, Day, MailboxName, Timestamp};

use super::state::{AccountRow, State};
use crate::boundary::*;
use crate::refusal::{check_value, next_validity};

impl State {
    pub(super) fn create_account(&mut self, new: NewAccount) -> Result<Account> {
        if self.account_of(&new.address).is_some() {
            return Err(StoreError::Conflict);
        }
        next_validity(new.now, self.validity_floor)?;
        self.last_account += 1;
        let id = AccountId(self.last_account);
        let account = Account {
            id,
            address: new.address,
            password_hash: new.password_hash,
            inbox: MailboxId(self.last_mailbox + 1),
            last_login: new.day,
            enabled: true,
        };
        let validity = self.validity_floor;
        let row = AccountRow { account, validity, subscribed: Vec::new(), meta: Vec::new() };
        self.accounts.insert(id, row);
        self.add_mailbox(id, MailboxName::inbox(), new.now)?;
        Ok(self.account(id)?.account.clone())
    }

    pub(super) fn find_account(&self, address: &Address) -> Option<Account> {
        self.account_of(address).cloned()
    }

    pub(super) fn set_password(&mut self, id: AccountId, hash: String) -> Result<()> {
        self.account(id)?.account.password_hash = hash;
        Ok(())
    }

    /// A login that ends after its account did is no error.
    pub(super) fn touch_login(&mut self, id: AccountId, day: Day) -> Result<()> {
        if let Ok(row) = self.account(id) {
            row.account.last_login = row.account.last_login.max(day);
        }
        Ok(())
    }

    pub(super) fn set_enabled(&mut self, id: AccountId, enabled: bool) -> Result<()> {
        self.account(id)?.account.enabled = enabled;
        Ok(())
    }

    pub(super) fn delete_account(&mut self, id: AccountId) -> Result<()> {
        let row = self.accounts.remove(&id).ok_or(StoreError::NotFound)?;
        self.validity_floor = self.validity_floor.max(row.validity);
        for mailbox in self.mailboxes_of(id) {
            self.drop_mailbox(mailbox);
        }
        Ok(())
    }

    pub(super) fn mailboxes_of(&self, id: AccountId) -> Vec<MailboxId> {
        let rows = self.mailboxes.iter();
        rows.filter(|(_, row)| row.account == id).map(|(mailbox, _)| *mailbox).collect()
    }

    pub(super) fn inactive_accounts(
        &self,
        day: Day,
        cursor: Option<AccountId>,
        n: usize,
    ) -> Vec<Account> {
        let accounts = self.accounts.values().map(|row| &row.account);
        let later = accounts.filter(|account| Some(account.id) > cursor);
        later.filter(|account| account.last_login < day).take(n).cloned().collect()
    }

    pub(super) fn quota(&mut self, id: AccountId) -> Result<Quota> {
        self.account(id)?;
        Ok(Quota { used_bytes: self.used_bytes(id), limit_bytes: self.quota_bytes })
    }

    pub(super) fn meta_get(
        &mut self,
        id: AccountId,
        key: &str,
        now: Timestamp,
    ) -> Result<Vec<MetaValue>> {
        let meta = self.account(id)?.meta.iter();
        let live = meta.filter(|(other, value)| other == key && value.expires > now);
        Ok(live.map(|(_, value)| value.clone()).collect())
    }

    pub(super) fn meta_put(&mut self, id: AccountId, key: &str, value: MetaValue) -> Result<()> {
        check_value(&value.value)?;
        let meta = &mut self.account(id)?.meta;
        let same = meta.iter_mut().find(|(k, v)| k == key && v.value == value.value);
        if let Some((_, known)) = same {
            known.expires = value.expires;
            return Ok(());
        }
        let under_key = meta.iter().enumerate().filter(|(_, (k, _))| k == key);
        let (places, count) = (under_key.clone(), under_key.count());
        let first_to_go = places.min_by_key(|(_, (_, v))| v.expires).map(|(place, _)| place);
        if let Some(place) = first_to_go.filter(|_| count >= META_VALUES_MAX) {
            meta.remove(place);
        }
        meta.push((key.to_owned(), value));
        Ok(())
    }

    pub(super) fn meta_remove(&mut self, id: AccountId, key: &str, value: &[u8]) -> Result<()> {
        self.account(id)?.meta.retain(|(k, v)| k != key || v.value != value);
        Ok(())
    }
}

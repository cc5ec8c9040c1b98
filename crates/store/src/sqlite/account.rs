//! Accounts and the values kept beside them.

use mail::limits::META_VALUES_MAX;
use mail::mailbox::{MailboxId, Quota};
use mail::{Address, Day, MailboxName, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};

use super::Shared;
use super::fault::Outcome;
use super::mailbox::{drop_contents, insert_mailbox};
use super::rows::{Rows, address, number};
use super::schema::{set_setting, setting};
use super::tx::Tx;
use crate::boundary::*;
use crate::refusal::{check_value, next_validity};

/// The greatest UIDVALIDITY any deleted account had: a name that is taken again starts above it.
const VALIDITY_FLOOR: &str = "validity_floor";

macro_rules! account_columns {
    () => {
        "id, address, password, inbox, last_login, enabled"
    };
}

fn account(row: &Row<'_>) -> Rows<Account> {
    Ok(Account {
        id: AccountId(number(row, 0)?),
        address: address(row, 1)?,
        password_hash: row.get(2)?,
        inbox: MailboxId(number(row, 3)?),
        last_login: Day(row.get(4)?),
        enabled: row.get(5)?,
    })
}

pub(super) fn find(db: &Connection, address: &Address) -> Outcome<Option<Account>> {
    let sql = concat!("SELECT ", account_columns!(), " FROM account WHERE address = ?1");
    Ok(db.prepare_cached(sql)?.query_row([address.as_str()], account).optional()?)
}

/// See [`Store::create_account`].
pub(super) fn create(tx: &mut Tx<'_>, new: NewAccount) -> Outcome<Account> {
    if find(tx.db, &new.address)?.is_some() {
        return Err(StoreError::Conflict.into());
    }
    let floor = setting(tx.db, VALIDITY_FLOOR)?.unwrap_or(0) as u32;
    let validity = next_validity(new.now, floor)?;
    let sql = "INSERT INTO account VALUES (NULL, ?1, ?2, ?3, ?3, TRUE, 0, 0, NULL, ?4)";
    tx.db.prepare_cached(sql)?.execute((
        new.address.as_str(),
        &new.password_hash,
        new.day.0,
        validity.get(),
    ))?;
    let id = AccountId(tx.db.last_insert_rowid() as u64);
    let inbox = insert_mailbox(tx, id, &MailboxName::inbox(), validity)?;
    let mut point = tx.db.prepare_cached("UPDATE account SET inbox = ?2 WHERE id = ?1")?;
    point.execute((id.0 as i64, inbox.0 as i64))?;
    Ok(Account {
        id,
        address: new.address,
        password_hash: new.password_hash,
        inbox,
        last_login: new.day,
        enabled: true,
    })
}

/// Runs an UPDATE of one account; `NotFound` if it changed nothing.
fn update(tx: &Tx<'_>, sql: &str, values: impl rusqlite::Params) -> Outcome<()> {
    match tx.db.prepare_cached(sql)?.execute(values)? {
        0 => Err(StoreError::NotFound.into()),
        _ => Ok(()),
    }
}

pub(super) fn set_password(tx: &Tx<'_>, id: AccountId, hash: &str) -> Outcome<()> {
    update(tx, "UPDATE account SET password = ?2 WHERE id = ?1", (id.0 as i64, hash))
}

pub(super) fn set_enabled(tx: &Tx<'_>, id: AccountId, enabled: bool) -> Outcome<()> {
    update(tx, "UPDATE account SET enabled = ?2 WHERE id = ?1", (id.0 as i64, enabled))
}

/// A login that ends after its account did is no error.
pub(super) fn touch_login(tx: &Tx<'_>, id: AccountId, day: Day) -> Outcome<()> {
    let sql = "UPDATE account SET last_login = ?2 WHERE id = ?1 AND last_login < ?2";
    tx.db.prepare_cached(sql)?.execute((id.0 as i64, day.0))?;
    Ok(())
}

/// See [`Store::delete_account`].
pub(super) fn delete(tx: &mut Tx<'_>, id: AccountId) -> Outcome<()> {
    let key = [id.0 as i64];
    let sql = "SELECT validity FROM account WHERE id = ?1";
    let validity: i64 = tx.db.prepare_cached(sql)?.query_row(key, |row| row.get(0))?;
    let floor = setting(tx.db, VALIDITY_FLOOR)?.unwrap_or(0);
    set_setting(tx.db, VALIDITY_FLOOR, floor.max(validity))?;
    for mailbox in mailboxes_of(tx.db, id)? {
        drop_contents(tx, mailbox)?;
    }
    for sql in [
        "DELETE FROM mailbox WHERE account = ?1",
        "DELETE FROM subscription WHERE account = ?1",
        "DELETE FROM meta WHERE account = ?1",
        "DELETE FROM account WHERE id = ?1",
    ] {
        tx.db.prepare_cached(sql)?.execute(key)?;
    }
    Ok(())
}

pub(super) fn mailboxes_of(db: &Connection, id: AccountId) -> Outcome<Vec<MailboxId>> {
    let mut statement = db.prepare_cached("SELECT id FROM mailbox WHERE account = ?1")?;
    let ids = statement.query_map([id.0 as i64], |row| number(row, 0).map(MailboxId))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// See [`Store::inactive_accounts`]. Cost follows what is inactive, not what exists.
pub(super) fn inactive(
    db: &Connection,
    day: Day,
    cursor: Option<AccountId>,
    n: usize,
) -> Outcome<Vec<Account>> {
    let sql = concat!(
        "SELECT ",
        account_columns!(),
        " FROM account INDEXED BY account_login
          WHERE last_login < ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    );
    let after = cursor.map_or(-1, |id| id.0 as i64);
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_map((day.0, after, n as i64), account)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// See [`Store::quota`].
pub(super) fn quota(db: &Connection, shared: &Shared, id: AccountId) -> Outcome<Quota> {
    let mut statement = db.prepare_cached("SELECT used, quota FROM account WHERE id = ?1")?;
    let quota = statement.query_row([id.0 as i64], |row| {
        let own: Option<i64> = row.get(1)?;
        let limit_bytes = own.map_or(shared.quota_bytes, |bytes| bytes as u64);
        Ok(Quota { used_bytes: number(row, 0)?, limit_bytes })
    });
    Ok(quota?)
}

// ---- Values beside an account -----------------------------------------------------------------

fn check_exists(db: &Connection, id: AccountId) -> Outcome<()> {
    let mut statement = db.prepare_cached("SELECT 1 FROM account WHERE id = ?1")?;
    Ok(statement.query_row([id.0 as i64], |_| Ok(()))?)
}

pub(super) fn meta_get(
    db: &Connection,
    id: AccountId,
    key: &str,
    now: Timestamp,
) -> Outcome<Vec<MetaValue>> {
    check_exists(db, id)?;
    let sql = "SELECT value, expires FROM meta
        WHERE account = ?1 AND key = ?2 AND expires > ?3 ORDER BY id";
    let mut statement = db.prepare_cached(sql)?;
    let values = statement.query_map((id.0 as i64, key, now.0), |row| {
        let value = row.get::<_, Vec<u8>>(0)?.into();
        Ok(MetaValue { value, expires: Timestamp(row.get(1)?) })
    })?;
    Ok(values.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn meta_put(tx: &Tx<'_>, id: AccountId, key: &str, value: &MetaValue) -> Outcome<()> {
    check_value(&value.value)?;
    check_exists(tx.db, id)?;
    let account = id.0 as i64;
    let bytes = &value.value[..];
    let sql = "UPDATE meta SET expires = ?4 WHERE account = ?1 AND key = ?2 AND value = ?3";
    let known = tx.db.prepare_cached(sql)?.execute((account, key, bytes, value.expires.0))?;
    if known > 0 {
        return Ok(());
    }
    // All but as many as leave room for one, those that expire first.
    let sql = "DELETE FROM meta WHERE id IN (SELECT id FROM meta WHERE account = ?1 AND key = ?2
        ORDER BY expires DESC, id DESC LIMIT -1 OFFSET ?3)";
    tx.db.prepare_cached(sql)?.execute((account, key, META_VALUES_MAX as i64 - 1))?;
    let sql = "INSERT INTO meta VALUES (NULL, ?1, ?2, ?3, ?4)";
    tx.db.prepare_cached(sql)?.execute((account, key, bytes, value.expires.0))?;
    Ok(())
}

pub(super) fn meta_remove(tx: &Tx<'_>, id: AccountId, key: &str, value: &[u8]) -> Outcome<()> {
    check_exists(tx.db, id)?;
    let sql = "DELETE FROM meta WHERE account = ?1 AND key = ?2 AND value = ?3";
    tx.db.prepare_cached(sql)?.execute((id.0 as i64, key, value))?;
    Ok(())
}

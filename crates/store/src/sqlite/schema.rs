//! The tables, and how a connection to them is set up.
//!
//! `synchronous=FULL` is what makes a returned COMMIT a promise: NORMAL loses acknowledged commits
//! at power loss. Checkpoints are not left to chance (`wal_autocheckpoint=0`): see `checkpoint.rs`.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

/// Raised with every change of the tables that an older program cannot work with.
pub(super) const VERSION: i64 = 1;

/// `born` is the MODSEQ of arrival and rises with the UID; `touched` is that of the last change of
/// flags, if there was one. New messages are thus found from the end of a mailbox and changed ones
/// by an index that arrivals never touch, so that neither costs more in a large mailbox.
///
/// `class` is 0 for ordinary messages, 2 for large ones, 1 for large ones that were noticed.
/// `vanished` rows hold UID sets as IMAP writes them. A body without `bytes` lies in a file of its
/// own, after the bytes in `head`; `sums` are CRC-32Cs, of four bytes each.
const TABLES: &str = "
CREATE TABLE setting (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE account (
  id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL UNIQUE, password TEXT NOT NULL,
  created INTEGER NOT NULL, last_login INTEGER NOT NULL, enabled INTEGER NOT NULL,
  inbox INTEGER NOT NULL, used INTEGER NOT NULL, quota INTEGER, validity INTEGER NOT NULL
) STRICT;
CREATE INDEX account_login ON account (last_login);
CREATE TABLE meta (
  id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL, key TEXT NOT NULL,
  value BLOB NOT NULL, expires INTEGER NOT NULL, UNIQUE (account, key, value)
) STRICT;
CREATE INDEX meta_expiry ON meta (expires);
CREATE TABLE mailbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL, name TEXT NOT NULL,
  uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL, modseq INTEGER NOT NULL,
  messages INTEGER NOT NULL, bytes INTEGER NOT NULL, unseen INTEGER NOT NULL,
  deleted INTEGER NOT NULL, noticed INTEGER NOT NULL, UNIQUE (account, name)
) STRICT;
CREATE TABLE subscription (
  account INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE message (
  mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, born INTEGER NOT NULL, touched INTEGER,
  flags INTEGER NOT NULL, keywords TEXT, date INTEGER NOT NULL, size INTEGER NOT NULL,
  body INTEGER NOT NULL, class INTEGER NOT NULL, day INTEGER NOT NULL,
  PRIMARY KEY (mailbox, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_touched ON message (mailbox, touched) WHERE touched IS NOT NULL;
CREATE INDEX message_deleted ON message (mailbox, uid) WHERE (flags & 8) != 0;
CREATE INDEX message_expiry ON message (class, day, mailbox, uid);
CREATE TABLE vanished (
  mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL, uids TEXT NOT NULL,
  PRIMARY KEY (mailbox, modseq)
) STRICT, WITHOUT ROWID;
CREATE TABLE body (
  id INTEGER PRIMARY KEY, refs INTEGER NOT NULL, size INTEGER NOT NULL, sums BLOB NOT NULL,
  head BLOB, bytes BLOB
) STRICT;
CREATE TABLE queue (
  id INTEGER PRIMARY KEY AUTOINCREMENT, due INTEGER NOT NULL, next_try INTEGER NOT NULL,
  token INTEGER, owner TEXT, body INTEGER NOT NULL, size INTEGER NOT NULL, sender TEXT,
  domain TEXT NOT NULL, recipients TEXT NOT NULL, accepted INTEGER NOT NULL,
  attempts INTEGER NOT NULL, last_error TEXT NOT NULL
) STRICT;
CREATE INDEX queue_due ON queue (due, id);
CREATE TABLE dedupe (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, at INTEGER NOT NULL,
  result BLOB NOT NULL
) STRICT;
CREATE INDEX dedupe_age ON dedupe (at);
CREATE TABLE lease (
  name TEXT PRIMARY KEY, owner TEXT, epoch INTEGER NOT NULL, expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Statements each connection keeps ready: all there are.
const STATEMENTS_CACHED: usize = 128;

/// Why the tables cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SchemaError {
    #[error(transparent)]
    Engine(#[from] rusqlite::Error),
    #[error(
        "this mail store was written by a newer version (layout {found}, this program knows \
         {VERSION}); use that version, or restore a backup"
    )]
    Newer { found: i64 },
}

/// The one connection that writes. Makes the tables if there are none.
pub(super) fn open_writer(path: &Path) -> Result<Connection, SchemaError> {
    let mut db = Connection::open(path)?;
    db.pragma_update(None, "page_size", 4096)?;
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.pragma_update(None, "journal_size_limit", mail::limits::WAL_CHECKPOINT_BYTES as i64)?;
    db.pragma_update(None, "cache_size", -32 * 1024)?;
    set_up(&db)?;
    make_tables(&mut db)?;
    Ok(db)
}

/// The connection of the chores: it copies the write-ahead log, which is writing.
pub(super) fn open_helper(path: &Path) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    set_up(&db)?;
    Ok(db)
}

/// One of the connections that read.
pub(super) fn open_reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.pragma_update(None, "cache_size", -4 * 1024)?;
    set_up(&db)?;
    Ok(db)
}

fn set_up(db: &Connection) -> Result<(), rusqlite::Error> {
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(())
}

fn make_tables(db: &mut Connection) -> Result<(), SchemaError> {
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    match version(&tx)? {
        Some(found) if found > VERSION => return Err(SchemaError::Newer { found }),
        Some(_) => {}
        None => {
            tx.execute_batch(TABLES)?;
            tx.execute("INSERT INTO setting VALUES ('version', ?1)", [VERSION])?;
        }
    }
    Ok(tx.commit()?)
}

/// `None` if there are no tables yet.
fn version(db: &Connection) -> Result<Option<i64>, rusqlite::Error> {
    let made = "SELECT 1 FROM sqlite_schema WHERE name = 'setting'";
    if db.query_row(made, [], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    setting(db, "version")
}

pub(super) fn setting(db: &Connection, key: &str) -> Result<Option<i64>, rusqlite::Error> {
    let mut statement = db.prepare_cached("SELECT value FROM setting WHERE key = ?1")?;
    statement.query_row([key], |row| row.get(0)).optional()
}

pub(super) fn set_setting(db: &Connection, key: &str, value: i64) -> Result<(), rusqlite::Error> {
    let mut statement = db.prepare_cached(
        "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
    )?;
    statement.execute((key, value)).map(drop)
}

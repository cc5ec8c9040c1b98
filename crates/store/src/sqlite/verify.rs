//! Recomputing what is kept as a counter.

use rusqlite::Connection;

use super::Shared;
use super::fault::Outcome;
use super::rows::number;
use crate::body::body_path;

/// Each finds rows that do not agree with the rows they count, as one line of text.
const QUESTIONS: [&str; 5] = [
    "SELECT 'mailbox ' || id || ': counters do not agree with its messages' FROM mailbox
     LEFT JOIN (SELECT mailbox, count(*) AS n, sum(size) AS weight, sum((flags & 1) = 0) AS fresh,
                       sum((flags & 8) != 0) AS doomed, max(uid) AS last,
                       max(coalesce(touched, born)) AS newest
                FROM message GROUP BY mailbox) ON mailbox = id
     WHERE messages != ifnull(n, 0) OR bytes != ifnull(weight, 0) OR unseen != ifnull(fresh, 0)
        OR deleted != ifnull(doomed, 0) OR ifnull(last, 0) >= uidnext
        OR ifnull(newest, 0) > modseq",
    "SELECT 'account ' || id || ': quota does not agree with its mailboxes' FROM account
     LEFT JOIN (SELECT account, sum(bytes) AS weight FROM mailbox GROUP BY account) ON account = id
     WHERE used != ifnull(weight, 0)",
    "SELECT 'body ' || id || ': ' || refs || ' references are counted, ' || ifnull(n, 0) || ' exist'
     FROM body LEFT JOIN
       (SELECT body, count(*) AS n FROM (SELECT body FROM message UNION ALL SELECT body FROM queue)
        GROUP BY body) ON body = id
     WHERE refs != ifnull(n, 0)",
    "SELECT 'message ' || mailbox || '/' || uid || ': it has no body' FROM message
     WHERE body NOT IN (SELECT id FROM body)",
    "SELECT 'message ' || mailbox || '/' || uid || ': it has no mailbox' FROM message
     WHERE mailbox NOT IN (SELECT id FROM mailbox)",
];

/// See [`super::SqliteStore::verify`].
pub(super) fn verify(db: &Connection, shared: &Shared) -> Outcome<Vec<String>> {
    let mut complaints = Vec::new();
    let mut check = db.prepare("PRAGMA integrity_check")?;
    for line in check.query_map([], |row| row.get::<_, String>(0))? {
        complaints.push(line?);
    }
    complaints.retain(|line| line != "ok");
    for question in QUESTIONS {
        let mut statement = db.prepare(question)?;
        for line in statement.query_map([], |row| row.get::<_, String>(0))? {
            complaints.push(line?);
        }
    }
    complaints.extend(missing_files(db, shared)?);
    Ok(complaints)
}

fn missing_files(db: &Connection, shared: &Shared) -> Outcome<Vec<String>> {
    let sql = "SELECT id, size - ifnull(length(head), 0) FROM body WHERE bytes IS NULL";
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut missing = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, len) = (number(row, 0)?, number(row, 1)?);
        let file = std::fs::metadata(body_path(&shared.dir, id));
        if file.map(|meta| meta.len()).ok() != Some(len) {
            missing.push(format!("body {id}: its file is missing or has another length"));
        }
    }
    Ok(missing)
}

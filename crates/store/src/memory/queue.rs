//! The outgoing queue and the named leases.

use mail::{Address, Timestamp};

use super::state::{LeaseRow, QueueRow, State};
use crate::boundary::*;

impl State {
    pub(super) fn claim(
        &mut self,
        _owner: &str,
        now: Timestamp,
        n: usize,
        lease_s: u32,
    ) -> Vec<QueueItem> {
        let mut due: Vec<_> = self.queue.iter().map(|(id, row)| (row.due(), *id)).collect();
        due.retain(|(due, _)| *due <= now);
        due.sort();
        let until = Timestamp(now.0.saturating_add(i64::from(lease_s)));
        due.into_iter().take(n).map(|(_, id)| self.claim_one(id, until)).collect()
    }

    fn claim_one(&mut self, id: QueueId, until: Timestamp) -> QueueItem {
        self.last_token += 1;
        let token = ClaimToken(self.last_token);
        let row = self.queue.get_mut(&id).expect("it was there just now");
        row.claim = Some((token, until));
        QueueItem {
            id,
            token,
            envelope: row.envelope.clone(),
            size_bytes: row.body.len() as u64,
            accepted: row.accepted,
            attempts: row.attempts,
            last_error: row.last_error.clone(),
        }
    }

    /// The entry, if the token is the one it was last claimed with.
    fn claimed(&mut self, id: QueueId, token: ClaimToken) -> Option<&mut QueueRow> {
        let row = self.queue.get_mut(&id)?;
        row.claim.is_some_and(|(current, _)| current == token).then_some(row)
    }

    pub(super) fn renew(&mut self, id: QueueId, token: ClaimToken, until: Timestamp) -> bool {
        let Some(row) = self.claimed(id, token) else { return false };
        row.claim = Some((token, until));
        true
    }

    pub(super) fn finish(&mut self, id: QueueId, token: ClaimToken, done: &[Address]) -> bool {
        let Some(row) = self.claimed(id, token) else { return false };
        row.envelope.recipients.retain(|recipient| !done.contains(recipient));
        if row.envelope.recipients.is_empty() {
            self.queue.remove(&id);
        }
        true
    }

    pub(super) fn defer(
        &mut self,
        id: QueueId,
        token: ClaimToken,
        until: Timestamp,
        reason: String,
    ) -> bool {
        let Some(row) = self.claimed(id, token) else { return false };
        row.claim = None;
        row.attempts += 1;
        row.next_try = until;
        row.last_error = reason;
        true
    }

    pub(super) fn release(&mut self, id: QueueId, token: ClaimToken) -> bool {
        let Some(row) = self.claimed(id, token) else { return false };
        row.claim = None;
        true
    }

    pub(super) fn acquire_lease(
        &mut self,
        name: &str,
        owner: &str,
        now: Timestamp,
        ttl_s: u32,
    ) -> Option<Lease> {
        let free = LeaseRow { owner: None, epoch: 0, expires: Timestamp(i64::MIN) };
        let row = self.leases.entry(name.to_owned()).or_insert(free);
        let is_mine = row.owner.as_deref() == Some(owner);
        let is_held = row.owner.is_some() && row.expires > now;
        if is_held && !is_mine {
            return None;
        }
        if !is_mine {
            row.epoch += 1;
            row.owner = Some(owner.to_owned());
        }
        row.expires = Timestamp(now.0.saturating_add(i64::from(ttl_s)));
        Some(Lease { epoch: row.epoch, expires: row.expires })
    }

    pub(super) fn release_lease(&mut self, name: &str, owner: &str) {
        let row = self.leases.get_mut(name).filter(|row| row.owner.as_deref() == Some(owner));
        if let Some(row) = row {
            row.owner = None;
        }
    }
}

impl QueueRow {
    /// When somebody may claim it next.
    fn due(&self) -> Timestamp {
        self.claim.map_or(self.next_try, |(_, until)| until)
    }
}

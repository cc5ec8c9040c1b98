//! A message on its way in by APPEND.

use bytes::Bytes;
use mail::mailbox::Flags;
use mail::{MailboxName, Timestamp};
use store::{AccountId, BodyWriter, NewMessage, Placed, Store, StoreError};

pub(super) struct Upload {
    name: MailboxName,
    writer: BodyWriter,
}

impl Upload {
    /// Checks early, before the client sends megabytes, that the mailbox exists and has room. The
    /// store checks again when the message is complete.
    pub(super) async fn begin(
        store: &dyn Store,
        account: AccountId,
        name: MailboxName,
        size_bytes: u64,
    ) -> Result<Upload, StoreError> {
        store.status(account, name.clone()).await?;
        let quota = store.quota(account).await?;
        if quota.used_bytes.saturating_add(size_bytes) > quota.limit_bytes {
            return Err(StoreError::OverQuota);
        }
        Ok(Upload { name, writer: store.body_writer() })
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.writer.write(bytes).await
    }

    pub(super) async fn end(
        self,
        store: &dyn Store,
        account: AccountId,
        flags: Flags,
        internal_date: Timestamp,
    ) -> Result<Placed, StoreError> {
        let body = self.writer.finish().await?;
        let message = NewMessage { body, flags, internal_date };
        store.append(account, self.name, vec![message]).await
    }
}

//! Reads a stored message once, chunk by chunk, into its MIME skeleton.

use mail::mailbox::{MailboxId, Uid};
use mail::mime::SkeletonBuilder;
use mail::skeleton::Skeleton;
use store::{Store, StoreError};

/// Memory is bounded by one chunk and the skeleton's own ceilings, whatever the message's size.
pub(super) async fn read(
    store: &dyn Store,
    mailbox: MailboxId,
    uid: Uid,
) -> Result<Skeleton, StoreError> {
    let mut builder = SkeletonBuilder::new();
    let mut offset = 0;
    loop {
        let chunk = store.read_body(mailbox, uid, offset..u64::MAX).await?;
        if chunk.is_empty() {
            return Ok(builder.finish());
        }
        builder.feed(&chunk);
        offset += chunk.len() as u64;
    }
}

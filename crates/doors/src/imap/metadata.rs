//! METADATA (RFC 5464): what the server tells every client, and the push tokens a client leaves.
//!
//! A device token is *added* to the account's set and lives 90 days from the last time it was
//! given; reading gives all live ones, separated by one space, in order of first insertion
//! (mail specification 6.6). Everything else is read-only.

use bytes::Bytes;
use mail::{Timestamp, limits};
use store::{AccountId, MetaValue, Store, StoreError};

/// Where push tokens lie, on the wire and in the store.
const DEVICE_TOKEN: &str = "/private/devicetoken";
/// How long a token counts after it was last given, in seconds (90 days).
const TOKEN_LIFE_S: i64 = 90 * 86_400;

/// What METADATA tells of the server itself (mailbox `""`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerMetadata {
    /// `/shared/admin`, a URI.
    pub admin: Option<String>,
    /// `/shared/vendor/deltachat/maxsmtprecipients`.
    pub recipients_max: usize,
}

impl ServerMetadata {
    /// The value of a server entry, whose name is in lower case.
    pub(super) fn get(&self, entry: &str) -> Option<Bytes> {
        match entry {
            "/shared/admin" => self.admin.clone().map(Bytes::from),
            "/shared/vendor/deltachat/maxsmtprecipients" => {
                Some(Bytes::from(self.recipients_max.to_string()))
            }
            _ => None,
        }
    }
}

/// The value of an account's own entry.
pub(super) async fn get(
    store: &dyn Store,
    account: AccountId,
    entry: &str,
    now: Timestamp,
) -> Result<Option<Bytes>, StoreError> {
    if entry != DEVICE_TOKEN {
        return Ok(None);
    }
    let tokens = store.meta_get(account, DEVICE_TOKEN, now).await?;
    let values: Vec<&[u8]> = tokens.iter().map(|token| &token.value[..]).collect();
    Ok((!values.is_empty()).then(|| Bytes::from(values.join(&b' '))))
}

/// Adds a token. Removing (`NIL`) changes nothing and is no error: tokens end by themselves.
pub(super) async fn set(
    store: &dyn Store,
    account: AccountId,
    entry: &str,
    value: Option<Bytes>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if entry != DEVICE_TOKEN {
        return Err(StoreError::NotAllowed("this server keeps no such entry"));
    }
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(()) };
    if value.len() > limits::META_VALUE_BYTES_MAX {
        return Err(StoreError::NotAllowed("the value is too long"));
    }
    let expires = Timestamp(now.0 + TOKEN_LIFE_S);
    store.meta_put(account, DEVICE_TOKEN, MetaValue { value, expires }).await
}

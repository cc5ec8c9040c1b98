//! The boundary: everything the rest of the house may ask of the mail store, in mail terms.
//!
//! Each operation is atomic, and cancel-safe: a dropped future leaves either the whole change or
//! none. Within one mailbox operations are linearizable, and an operation that begins after
//! another was answered sees its effect. Across mailboxes no order is promised, except that one
//! [`Store::accept`] is one commit.
//!
//! No SQL, file name or engine detail crosses this line.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;

use bytes::Bytes;
use mail::mailbox::{
    Changes, FlagChange, Flags, MailboxId, MailboxInfo, MailboxStatus, MessageMeta, ModSeq, Quota,
    Uid, UidSet, UidValidity,
};
use mail::{Address, Day, Domain, MailboxName, Timestamp};

use crate::body::{BodyWriter, PreparedBody};
use crate::watch::Watch;

/// What every operation gives back.
pub type Result<T> = std::result::Result<T, StoreError>;

/// An operation under way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Why an operation did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Too much waits already; nothing changed; try again shortly.
    #[error("the mail store is busy")]
    Busy,
    /// The name is taken, or the thing changed meanwhile. Nothing changed.
    #[error("it exists already")]
    Conflict,
    /// There is no such account, mailbox or message.
    #[error("there is no such thing")]
    NotFound,
    /// The account's quota does not allow it. Nothing changed.
    #[error("the mailbox is full")]
    OverQuota,
    /// The name or value is against a rule of the store (a ceiling, INBOX deleted ...).
    #[error("not allowed: {0}")]
    NotAllowed(&'static str),
    /// The disk is full, or so nearly full that the reserve would be touched.
    #[error("the disk is full")]
    Full,
    /// One message's bytes are damaged; the operator must look. Others are not concerned.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// The store cannot work at present, or has stopped for good after a failed flush.
    #[error("the mail store is unavailable: {0}")]
    Unavailable(String),
    /// It is not known whether the change happened: ask again with the same dedupe key.
    #[error("the outcome is unknown")]
    Unknown,
}

/// Names an account. Opaque elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u64);

/// An account as authentication needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its handle.
    pub id: AccountId,
    /// Its one address, normalised.
    pub address: Address,
    /// `{SCHEME}hash` (see `policy::password`).
    pub password_hash: String,
    /// Where its mail arrives.
    pub inbox: MailboxId,
    /// The day of the last successful IMAP login, or of creation.
    pub last_login: Day,
    /// False if the operator blocked it.
    pub enabled: bool,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its address.
    pub address: Address,
    /// `{SCHEME}hash`.
    pub password_hash: String,
    /// Today.
    pub day: Day,
    /// Now; the UIDVALIDITY of its INBOX.
    pub now: Timestamp,
}

/// Names a body whose acceptance may be tried more than once: chosen by the caller before the
/// first try, unique for ever (a hash of connection and transaction).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DedupeKey(pub [u8; 16]);

/// One message on its way in: every local mailbox and every queue entry, or nothing.
#[derive(Debug)]
pub struct Acceptance {
    /// The same key again gives the first result again and changes nothing. Kept for 24 h.
    pub dedupe: Option<DedupeKey>,
    /// The message as it is to be stored.
    pub body: PreparedBody,
    /// Local recipients, resolved inside the transaction. A repeated address is delivered once.
    pub local: Vec<Address>,
    /// Messages for elsewhere, one queue entry for each destination domain.
    pub remote: Vec<RemoteEnvelope>,
    /// When it arrived.
    pub now: Timestamp,
}

/// The part of an envelope that goes to one destination domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteEnvelope {
    /// Envelope sender; `None` is the null sender.
    pub sender: Option<Address>,
    /// The destination.
    pub domain: Domain,
    /// Recipients at that domain.
    pub recipients: Vec<Address>,
}

/// What became of an [`Acceptance`]: durable when this is returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// One outcome for each of `Acceptance::local`, in its order.
    pub local: Vec<LocalOutcome>,
    /// One id for each of `Acceptance::remote`, in its order.
    pub queued: Vec<QueueId>,
}

/// What became of one local recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalOutcome {
    /// It lies in the INBOX.
    Stored {
        /// Which mailbox.
        mailbox: MailboxId,
        /// Under which UID.
        uid: Uid,
        /// With which change counter.
        modseq: ModSeq,
    },
    /// There is no such account.
    NoSuchUser,
    /// It would exceed the account's quota.
    OverQuota,
}

/// One message for [`Store::append`].
#[derive(Debug)]
pub struct NewMessage {
    /// The message as it is to be stored.
    pub body: PreparedBody,
    /// Its first flags.
    pub flags: Flags,
    /// Its INTERNALDATE.
    pub internal_date: Timestamp,
}

/// Where appended or copied messages went (RFC 4315 APPENDUID and COPYUID).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The target's UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// (UID at the source, UID at the target), ascending; for append the source is the target.
    pub uids: Vec<(Uid, Uid)>,
}

/// A mailbox as a session first sees it, all from one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its handle.
    pub id: MailboxId,
    /// Its counters. `recent` counts what this opening saw first.
    pub status: MailboxStatus,
    /// Every UID in it.
    pub uids: UidSet,
    /// The first UID that is `\Recent` for this session, if any.
    pub first_recent: Option<Uid>,
    /// The lowest UID without `\Seen`, if any.
    pub first_unseen: Option<Uid>,
}

/// What a flag change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagsStored {
    /// Every message that was named and exists and was not rejected, as it is now.
    pub messages: Vec<MessageMeta>,
    /// Messages that changed after `unchanged_since` and were left alone (RFC 7162 section 3.1.3).
    pub rejected: UidSet,
}

/// What an expunge removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expunged {
    /// The UIDs that are gone.
    pub uids: UidSet,
    /// The change counter of the removal; the mailbox's present one if nothing was removed.
    pub modseq: ModSeq,
}

/// A value kept beside an account. One (account, key) holds a *set* of values, in order of first
/// insertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaValue {
    /// The bytes, opaque.
    pub value: Bytes,
    /// When it stops counting.
    pub expires: Timestamp,
}

/// Names a queue entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(pub u64);

/// Proof of a claim: a stale one changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClaimToken(pub u64);

/// A claimed queue entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueItem {
    /// Which entry.
    pub id: QueueId,
    /// Needed to finish, defer, renew or release it.
    pub token: ClaimToken,
    /// Where it goes, from whom, and to whom it has not been delivered yet.
    pub envelope: RemoteEnvelope,
    /// Size of the message in bytes.
    pub size_bytes: u64,
    /// When the message was accepted.
    pub accepted: Timestamp,
    /// How often it was deferred.
    pub attempts: u32,
    /// What the last attempt failed with; empty before the first.
    pub last_error: String,
}

/// A named, fenced lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Rises with every change of owner; a fencing value.
    pub epoch: u64,
    /// Until when it is held.
    pub expires: Timestamp,
}

/// Which messages are due to go (spec: general age, and an earlier one for large messages).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryRule {
    /// Messages that arrived before this day go.
    pub before: Day,
    /// Large messages (class 1) that arrived before this day and were noticed by a session go.
    pub large_before: Day,
}

/// What one bounded sweep step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Messages, bodies or rows removed.
    pub removed: u64,
    /// True if more is due already.
    pub more: bool,
}

/// The mail store.
pub trait Store: Send + Sync + 'static {
    // ---- accounts -------------------------------------------------------------------------

    /// Makes an account with its INBOX. `Conflict` if the address is taken, by anybody, ever so
    /// slightly earlier: the caller then looks it up and compares passwords.
    fn create_account(&self, new: NewAccount) -> Pending<'_, Account>;
    /// The account with this address, if there is one.
    fn find_account<'a>(&'a self, address: &'a Address) -> Pending<'a, Option<Account>>;
    /// Replaces the password hash.
    fn set_password(&self, account: AccountId, hash: String) -> Pending<'_, ()>;
    /// Remembers a login; written at most once for each account and day.
    fn touch_login(&self, account: AccountId, day: Day) -> Pending<'_, ()>;
    /// Blocks or unblocks an account.
    fn set_enabled(&self, account: AccountId, enabled: bool) -> Pending<'_, ()>;
    /// Removes an account and all its mail.
    fn delete_account(&self, account: AccountId) -> Pending<'_, ()>;
    /// Up to `n` accounts whose last login was before `day`, ascending by id, after `cursor`.
    fn inactive_accounts(
        &self,
        day: Day,
        cursor: Option<AccountId>,
        n: usize,
    ) -> Pending<'_, Vec<Account>>;
    /// The live values under a key, in order of first insertion.
    fn meta_get<'a>(
        &'a self,
        account: AccountId,
        key: &'a str,
        now: Timestamp,
    ) -> Pending<'a, Vec<MetaValue>>;
    /// Adds a value to the set, or refreshes its expiry. At most `limits::META_VALUES_MAX` per key:
    /// the one that expires first makes room.
    fn meta_put<'a>(
        &'a self,
        account: AccountId,
        key: &'a str,
        value: MetaValue,
    ) -> Pending<'a, ()>;
    /// Removes a value; no error if it is not there.
    fn meta_remove<'a>(
        &'a self,
        account: AccountId,
        key: &'a str,
        value: &'a [u8],
    ) -> Pending<'a, ()>;

    // ---- acceptance -----------------------------------------------------------------------

    /// A place for a message's bytes while they arrive. What is never accepted vanishes.
    fn body_writer(&self) -> BodyWriter;
    /// **The commit point of `250`**: when this returns, everything in it is on disk.
    fn accept(&self, acceptance: Acceptance) -> Pending<'_, Accepted>;

    // ---- mailboxes ------------------------------------------------------------------------

    /// All mailboxes and subscribed names of an account, INBOX first, then by name.
    fn mailboxes(&self, account: AccountId) -> Pending<'_, Vec<MailboxInfo>>;
    /// Makes a mailbox and the parents it lacks. `Conflict` if it exists, `NotAllowed` over a ceiling.
    fn create_mailbox(
        &self,
        account: AccountId,
        name: MailboxName,
        now: Timestamp,
    ) -> Pending<'_, ()>;
    /// Removes a mailbox with its messages; its children stay. INBOX: `NotAllowed`.
    fn delete_mailbox(&self, account: AccountId, name: MailboxName) -> Pending<'_, ()>;
    /// Renames a mailbox and its children. INBOX: its messages move to a new mailbox and it stays
    /// (RFC 3501 section 6.3.5).
    fn rename_mailbox(
        &self,
        account: AccountId,
        from: MailboxName,
        to: MailboxName,
        now: Timestamp,
    ) -> Pending<'_, ()>;
    /// Subscribes or unsubscribes a name, which need not exist.
    fn subscribe(&self, account: AccountId, name: MailboxName, subscribed: bool)
    -> Pending<'_, ()>;
    /// A mailbox's counters, without opening it.
    fn status(&self, account: AccountId, name: MailboxName) -> Pending<'_, MailboxStatus>;
    /// Opens a mailbox for a session. Unless `read_only`, what is `\Recent` is so for this opening
    /// only.
    fn open(&self, account: AccountId, name: MailboxName, read_only: bool) -> Pending<'_, Opened>;
    /// How full the account is.
    fn quota(&self, account: AccountId) -> Pending<'_, Quota>;
    /// Puts messages into a mailbox, all or none.
    fn append(
        &self,
        account: AccountId,
        name: MailboxName,
        messages: Vec<NewMessage>,
    ) -> Pending<'_, Placed>;
    /// Copies messages into another mailbox of the same account; the bodies are shared. UIDs that
    /// do not exist are passed over.
    fn copy(
        &self,
        account: AccountId,
        from: MailboxId,
        uids: UidSet,
        to: MailboxName,
    ) -> Pending<'_, Placed>;
    /// As `copy`, and removes them from the source in the same commit (RFC 6851).
    fn move_messages(
        &self,
        account: AccountId,
        from: MailboxId,
        uids: UidSet,
        to: MailboxName,
    ) -> Pending<'_, Placed>;

    // ---- reading --------------------------------------------------------------------------

    /// Up to `n` of the named messages, ascending by UID. UIDs that do not exist are passed over.
    fn messages(&self, mailbox: MailboxId, uids: UidSet, n: usize)
    -> Pending<'_, Vec<MessageMeta>>;
    /// What happened after `since`. `NotFound` if the mailbox is gone.
    fn changes_since(&self, mailbox: MailboxId, since: ModSeq) -> Pending<'_, Changes>;
    /// Bytes of a message; fewer than asked only at its end, at most `limits::BODY_CHUNK_BYTES`.
    /// `NotFound` if it was expunged.
    fn read_body(&self, mailbox: MailboxId, uid: Uid, range: Range<u64>) -> Pending<'_, Bytes>;

    // ---- changing -------------------------------------------------------------------------

    /// Changes flags of the named messages that exist. Messages that already are as wanted keep
    /// their MODSEQ; the others share one new one.
    fn store_flags(
        &self,
        mailbox: MailboxId,
        uids: UidSet,
        change: FlagChange,
        unchanged_since: Option<ModSeq>,
    ) -> Pending<'_, FlagsStored>;
    /// Removes the messages with `\Deleted`, of all or of the named ones.
    fn expunge(&self, mailbox: MailboxId, uids: Option<UidSet>) -> Pending<'_, Expunged>;

    // ---- the outgoing queue ---------------------------------------------------------------

    /// Claims up to `n` due entries for `owner` until `now + lease_s`.
    fn claim<'a>(
        &'a self,
        owner: &'a str,
        now: Timestamp,
        n: usize,
        lease_s: u32,
    ) -> Pending<'a, Vec<QueueItem>>;
    /// Bytes of a queued message, as `read_body`.
    fn read_queued(&self, id: QueueId, range: Range<u64>) -> Pending<'_, Bytes>;
    /// Extends a claim. False if the token is stale.
    fn renew(&self, id: QueueId, token: ClaimToken, until: Timestamp) -> Pending<'_, bool>;
    /// Recipients that need no further attempt leave the entry; an entry without recipients is
    /// gone. False if the token is stale.
    fn finish(&self, id: QueueId, token: ClaimToken, done: Vec<Address>) -> Pending<'_, bool>;
    /// Puts the entry back until `until`, counting an attempt. False if the token is stale.
    fn defer(
        &self,
        id: QueueId,
        token: ClaimToken,
        until: Timestamp,
        reason: String,
    ) -> Pending<'_, bool>;
    /// Puts the entry back at once, counting nothing. False if the token is stale.
    fn release(&self, id: QueueId, token: ClaimToken) -> Pending<'_, bool>;
    /// Number of queue entries.
    fn queue_len(&self) -> Pending<'_, u64>;

    // ---- leases ---------------------------------------------------------------------------

    /// Takes a free or expired lease, or the one `owner` holds already. `None` if another holds it.
    fn acquire_lease<'a>(
        &'a self,
        name: &'a str,
        owner: &'a str,
        now: Timestamp,
        ttl_s: u32,
    ) -> Pending<'a, Option<Lease>>;
    /// Gives a lease back; no error if it was lost.
    fn release_lease<'a>(&'a self, name: &'a str, owner: &'a str) -> Pending<'a, ()>;

    // ---- sweeping: bounded work for each call ---------------------------------------------

    /// Removes up to `budget` messages that are due; cost follows what is removed.
    fn expire_due(&self, rule: ExpiryRule, budget: usize) -> Pending<'_, Swept>;
    /// Brings an account down to `target_bytes`, oldest first, sparing what arrived after `before`.
    fn evict(
        &self,
        account: AccountId,
        target_bytes: u64,
        before: Timestamp,
        budget: usize,
    ) -> Pending<'_, Swept>;
    /// Removes what nothing refers to any more: old dedupe keys, expired values, trimmed history.
    fn reclaim(&self, now: Timestamp, budget: usize) -> Pending<'_, Swept>;

    /// When housekeeping last ran to its end, by the wall clock of then. Outlives restarts: a clock
    /// that jumped meanwhile is noticed before anything is deleted by it.
    fn last_sweep(&self) -> Pending<'_, Option<Timestamp>>;
    /// Remembers it.
    fn set_last_sweep(&self, now: Timestamp) -> Pending<'_, ()>;

    // ---- hints ----------------------------------------------------------------------------

    /// Level-triggered hints that a mailbox changed: lossy, coalesced, possibly spurious; the
    /// newest MODSEQ is there before the wake-up, so no wake-up can be lost.
    fn watch(&self, mailbox: MailboxId) -> Watch;
    /// Resolves when the store can no longer promise durability (a flush failed): the process must
    /// end. Never resolves otherwise.
    fn failed(&self) -> Pin<Box<dyn Future<Output = String> + Send + '_>>;
    /// Commits what waits, checkpoints and closes; later operations answer `Unavailable`.
    fn close(&self) -> Pending<'_, ()>;
}

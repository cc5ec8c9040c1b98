//! One IMAP conversation without a socket: the machine, and the answers to what it asks.
//!
//! The same code serves real connections and golden dialogues.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use imap::ask::{Answer, Ask, OpenedMailbox, Refusal, Step};
use imap::{Session, Transport};
use mail::MailboxName;
use mail::mailbox::{MailboxId, ModSeq, Uid};
use net::Clock;
use store::{AccountId, Expunged, FlagsStored, StoreError, Watch};

use super::residents::Place;
use super::upload::Upload;
use super::{ImapDoor, metadata, skeleton};
use crate::accounts::{Door, Entry};

/// What the conversation needs from outside before it can go on. Output first, always.
#[derive(Debug, PartialEq, Eq)]
pub enum Pause {
    /// Only that the output is written.
    Flush,
    /// Input, or a change of the open mailbox while `watching`, or the end of `patience`.
    Input {
        /// How long to wait.
        patience: Duration,
        /// Whether changes of the open mailbox matter now.
        watching: bool,
    },
    /// A TLS handshake.
    StartTls,
    /// The end.
    Close,
}

/// One client's conversation.
pub struct Conversation {
    door: Arc<ImapDoor>,
    session: Session,
    resident: Option<Resident>,
    open: Option<MailboxId>,
    /// Of the mailbox that is open or was the last one; from login on of INBOX.
    watch: Option<(MailboxId, Watch)>,
    upload: Option<Box<Upload>>,
}

struct Resident {
    account: AccountId,
    _place: Place,
}

/// Something was asked that the machine only asks in another state: our bug, and the session's end.
const OUT_OF_ORDER: &str = "internal error";

impl Conversation {
    /// A conversation that begins; its greeting is in the output after the first run.
    pub fn new(door: Arc<ImapDoor>, transport: Transport) -> Self {
        let session = Session::new(Arc::clone(&door.machine), transport);
        Conversation { door, session, resident: None, open: None, watch: None, upload: None }
    }

    /// Runs until something is needed from outside.
    pub async fn run(&mut self) -> Pause {
        loop {
            match self.session.poll() {
                Step::Ask(ask) => {
                    // Boxed, so that a connection that waits does not carry the room for this.
                    let answer = Box::pin(self.answer(ask)).await;
                    self.session.answer(answer);
                    self.note_changes();
                }
                Step::Flush => return Pause::Flush,
                Step::Input { patience, watching } => return Pause::Input { patience, watching },
                Step::StartTls => return Pause::StartTls,
                Step::Close => return Pause::Close,
            }
        }
    }

    /// The door's clock.
    pub(super) fn clock(&self) -> Clock {
        self.door.clock.clone()
    }

    /// Bytes for the client.
    pub fn output(&mut self) -> &mut Vec<u8> {
        self.session.output()
    }

    /// Bytes from the client.
    pub fn feed(&mut self, input: &[u8]) {
        self.note_changes();
        self.session.feed(input);
    }

    /// The client will send no more; what it sent is still served.
    pub fn end_of_input(&mut self) {
        self.session.end_of_input();
    }

    /// True once somebody is logged in.
    pub fn is_logged_in(&self) -> bool {
        self.resident.is_some()
    }

    /// Nothing came in time.
    pub fn timed_out(&mut self) {
        self.session.timed_out();
    }

    /// The handshake is done.
    pub fn tls_established(&mut self) {
        self.session.tls_established();
    }

    /// The server stops.
    pub fn shut_down(&mut self) {
        self.session.shut_down();
    }

    /// Waits for a change of the open mailbox; for ever if none is open.
    pub async fn changed(&mut self) {
        match &mut self.watch {
            Some((_, watch)) if self.open.is_some() => {
                watch.changed().await;
                self.session.mailbox_changed();
            }
            _ => std::future::pending().await,
        }
    }

    /// Tells the machine of changes of the open mailbox that came while nobody waited for them.
    fn note_changes(&mut self) {
        let Some((_, watch)) = &mut self.watch else { return };
        if self.open.is_some() && watch.has_changed() {
            watch.mark_seen(watch.current());
            self.session.mailbox_changed();
        }
    }

    fn newest_hint(&self) -> ModSeq {
        self.watch.as_ref().map_or(ModSeq::ZERO, |(_, watch)| watch.current())
    }

    /// What this session changed itself is no news to it.
    fn note_own(&mut self, modseq: ModSeq) {
        if let Some((_, watch)) = &mut self.watch {
            watch.mark_own(modseq);
        }
    }

    async fn answer(&mut self, ask: Ask) -> Answer {
        self.try_answer(ask).await.unwrap_or_else(Answer::Refused)
    }

    async fn try_answer(&mut self, ask: Ask) -> Result<Answer, Refusal> {
        if let Ask::Login { user, password } = ask {
            return self.log_in(&user, &password).await;
        }
        let account = self.resident.as_ref().ok_or_else(out_of_order)?.account;
        match ask {
            Ask::Open { name, read_only } => self.open(account, name, read_only).await,
            Ask::Leave => {
                self.open = None;
                Ok(Answer::Done)
            }
            Ask::AppendBegin { .. }
            | Ask::AppendData(_)
            | Ask::AppendEnd { .. }
            | Ask::AppendAbort => self.upload(account, ask).await,
            Ask::Messages { .. }
            | Ask::Changes { .. }
            | Ask::Skeleton { .. }
            | Ask::Body { .. }
            | Ask::StoreFlags { .. }
            | Ask::Expunge { .. }
            | Ask::Copy { .. } => {
                let mailbox = self.open.ok_or_else(out_of_order)?;
                self.of_mailbox(account, mailbox, ask).await
            }
            _ => self.of_account(account, ask).await,
        }
    }

    async fn log_in(&mut self, user: &[u8], password: &[u8]) -> Result<Answer, Refusal> {
        match self.door.accounts.enter(user, password, Door::Imap).await {
            Entry::Welcome(account) => {
                let place = self.door.residents.admit(account.id).ok_or_else(|| {
                    Refusal::TooManyConnections(
                        "Maximum number of connections of this user exceeded".into(),
                    )
                })?;
                self.resident = Some(Resident { account: account.id, _place: place });
                self.watch = Some((account.inbox, self.door.store.watch(account.inbox)));
                Ok(Answer::LoggedIn)
            }
            Entry::Refused => Err(Refusal::AuthenticationFailed),
            Entry::Unavailable => Err(Refusal::Unavailable),
        }
    }

    async fn open(
        &mut self,
        account: AccountId,
        name: MailboxName,
        read_only: bool,
    ) -> Result<Answer, Refusal> {
        self.open = None;
        let store = &self.door.store;
        let opened = store.open(account, name, read_only).await.map_err(mailbox)?;
        self.open = Some(opened.id);
        match &mut self.watch {
            Some((watched, watch)) if *watched == opened.id => {
                watch.mark_seen(opened.status.highest_modseq);
            }
            // The watch begins after the look: what came in between is looked for once.
            watch => {
                *watch = Some((opened.id, store.watch(opened.id)));
                self.session.mailbox_changed();
            }
        }
        Ok(Answer::Opened(Box::new(OpenedMailbox {
            id: opened.id,
            status: opened.status,
            uids: opened.uids,
            first_recent: opened.first_recent,
            first_unseen: opened.first_unseen,
        })))
    }

    async fn of_account(&self, account: AccountId, ask: Ask) -> Result<Answer, Refusal> {
        let (store, now) = (&self.door.store, self.door.clock.now());
        let done = match ask {
            Ask::Mailboxes => {
                return Ok(Answer::Mailboxes(store.mailboxes(account).await.map_err(mailbox)?));
            }
            Ask::Status { name } => {
                return Ok(Answer::Status(store.status(account, name).await.map_err(mailbox)?));
            }
            Ask::Quota => return Ok(Answer::Quota(store.quota(account).await.map_err(mailbox)?)),
            Ask::GetMetadata { mailbox, entries } => {
                return self.get_metadata(account, mailbox.is_some(), entries).await;
            }
            Ask::SetMetadata { mailbox, entries } => {
                return self.set_metadata(account, mailbox.is_some(), entries).await;
            }
            Ask::Create { name } => store.create_mailbox(account, name, now).await,
            Ask::Delete { name } => store.delete_mailbox(account, name).await,
            Ask::Rename { from, to } => store.rename_mailbox(account, from, to, now).await,
            Ask::Subscribe { name, subscribed } => store.subscribe(account, name, subscribed).await,
            _ => return Err(out_of_order()),
        };
        done.map(|()| Answer::Done).map_err(mailbox)
    }

    async fn of_mailbox(
        &mut self,
        account: AccountId,
        id: MailboxId,
        ask: Ask,
    ) -> Result<Answer, Refusal> {
        let store = Arc::clone(&self.door.store);
        match ask {
            Ask::Messages { uids, n } => {
                store.messages(id, uids, n).await.map(Answer::Messages).map_err(passing)
            }
            Ask::Changes { since } => {
                store.changes_since(id, since).await.map(Answer::Changes).map_err(mailbox)
            }
            Ask::Skeleton { uid } => {
                let skeleton = skeleton::read(store.as_ref(), id, uid).await;
                of_message(uid, skeleton.map(|skeleton| Answer::Skeleton(Arc::new(skeleton))))
            }
            Ask::Body { uid, range } => {
                of_message(uid, store.read_body(id, uid, range).await.map(Answer::Bytes))
            }
            Ask::StoreFlags { uids, change, unchanged_since } => {
                let before = self.newest_hint();
                let stored = store.store_flags(id, uids, change, unchanged_since).await;
                let FlagsStored { messages, rejected } = stored.map_err(mailbox)?;
                // Messages that were as wanted already bear the mark of somebody else's change.
                let newest = messages.iter().map(|message| message.modseq).max();
                if let Some(newest) = newest.filter(|newest| *newest > before) {
                    self.note_own(newest);
                }
                Ok(Answer::FlagsStored { messages, rejected })
            }
            Ask::Expunge { uids } => {
                let Expunged { uids, modseq } = store.expunge(id, uids).await.map_err(mailbox)?;
                // Where nothing was removed, the mark is somebody else's, of a delivery perhaps.
                if !uids.is_empty() {
                    self.note_own(modseq);
                }
                Ok(Answer::Expunged { uids, modseq })
            }
            Ask::Copy { uids, to, remove: false } => {
                store.copy(account, id, uids, to).await.map(placed).map_err(mailbox)
            }
            Ask::Copy { uids, to, remove: true } => {
                store.move_messages(account, id, uids, to).await.map(placed).map_err(mailbox)
            }
            _ => Err(out_of_order()),
        }
    }

    async fn upload(&mut self, account: AccountId, ask: Ask) -> Result<Answer, Refusal> {
        let store = Arc::clone(&self.door.store);
        match ask {
            Ask::AppendBegin { name, size_bytes } => {
                let upload = Upload::begin(store.as_ref(), account, name, size_bytes).await;
                self.upload = Some(Box::new(upload.map_err(mailbox)?));
                Ok(Answer::Done)
            }
            Ask::AppendData(bytes) => {
                let upload = self.upload.as_mut().ok_or_else(out_of_order)?;
                upload.write(bytes).await.map(|()| Answer::Done).map_err(mailbox)
            }
            Ask::AppendEnd { flags, internal_date } => {
                let upload = self.upload.take().ok_or_else(out_of_order)?;
                // A date still to come would keep the message beyond its time.
                let now = self.door.clock.now();
                let date = internal_date.map_or(now, |date| date.min(now));
                upload.end(store.as_ref(), account, flags, date).await.map(placed).map_err(mailbox)
            }
            _ => {
                self.upload = None;
                Ok(Answer::Done)
            }
        }
    }

    async fn get_metadata(
        &self,
        account: AccountId,
        of_mailbox: bool,
        entries: Vec<String>,
    ) -> Result<Answer, Refusal> {
        let (store, now) = (self.door.store.as_ref(), self.door.clock.now());
        let mut values = Vec::with_capacity(entries.len());
        for entry in entries {
            let value = match of_mailbox {
                true => metadata::get(store, account, &entry, now).await.map_err(mailbox)?,
                false => self.door.metadata.get(&entry),
            };
            values.push((entry, value));
        }
        Ok(Answer::Metadata(values))
    }

    async fn set_metadata(
        &self,
        account: AccountId,
        of_mailbox: bool,
        entries: Vec<(String, Option<Bytes>)>,
    ) -> Result<Answer, Refusal> {
        if !of_mailbox {
            return Err(Refusal::Cannot("The server's own entries are read-only".into()));
        }
        let (store, now) = (self.door.store.as_ref(), self.door.clock.now());
        for (entry, value) in entries {
            metadata::set(store, account, &entry, value, now).await.map_err(mailbox)?;
        }
        Ok(Answer::Done)
    }
}

fn placed(placed: store::Placed) -> Answer {
    Answer::Placed { uid_validity: placed.uid_validity, uids: placed.uids }
}

fn out_of_order() -> Refusal {
    Refusal::Passing(OUT_OF_ORDER.into())
}

/// How a store error sounds to a client that named a mailbox or wanted a change.
fn mailbox(error: StoreError) -> Refusal {
    match error {
        StoreError::NotFound => Refusal::NoSuchMailbox,
        StoreError::Conflict => Refusal::AlreadyExists,
        StoreError::OverQuota => Refusal::OverQuota,
        StoreError::NotAllowed(why) => Refusal::Cannot(why.into()),
        StoreError::Full => Refusal::Limit("The server's disk is full, try again later".into()),
        other => passing(other),
    }
}

/// Trouble while reading: the connection ends, so that no client takes it for "no mail there".
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn passing(error: StoreError) -> Refusal {
    tracing::warn!(%error, "the mail store did not answer");
    Refusal::Passing("The mail store is busy, try again".into())
}

/// One message that is gone or damaged is left out; the rest is served.
fn of_message(uid: Uid, read: Result<Answer, StoreError>) -> Result<Answer, Refusal> {
    match read {
        Err(StoreError::NotFound) => Ok(Answer::Gone),
        Err(StoreError::Damaged(what)) => {
            tracing::error!(%uid, what, "a stored message is damaged and was left out");
            Ok(Answer::Gone)
        }
        other => other.map_err(passing),
    }
}

#[cfg(test)]
mod tests;

//! A mail world that fits in a test: one account, its mailboxes in memory, answers at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use imap::ask::{Answer, Ask, OpenedMailbox, Refusal};
use mail::mailbox::{
    Changes, FlagChange, Flags, MailboxId, MailboxInfo, MailboxStatus, MessageMeta, ModSeq, Quota,
    Uid, UidSet, UidValidity,
};
use mail::mime::SkeletonBuilder;
use mail::{MailboxName, Timestamp};

/// The one account.
pub(crate) const USER: &[u8] = b"alice@example.org";
/// Its password, with everything that is hard to quote.
pub(crate) const PASSWORD: &[u8] = "pa\"ss\\wörd".as_bytes();
/// When everything happens: 2026-01-02 03:04:05 UTC.
pub(crate) const NOW: Timestamp = Timestamp(1_767_323_045);
/// Most bytes of one body answer: small, so that streaming is seen.
const CHUNK_BYTES: u64 = 10_000;
const TOKENS_MAX: usize = 3;

#[derive(Default)]
pub(crate) struct World {
    mailboxes: BTreeMap<String, Mailbox>,
    subscribed: Vec<MailboxName>,
    open: Option<MailboxName>,
    upload: Option<(MailboxName, Vec<u8>)>,
    tokens: Vec<Bytes>,
    /// The next question is refused.
    pub(crate) refusal: Option<Refusal>,
    /// The account's quota.
    pub(crate) quota_bytes: u64,
    /// Uploads that were forgotten.
    pub(crate) aborted: u32,
    /// All questions so far, by kind.
    pub(crate) asked: Vec<String>,
}

#[derive(Default)]
struct Mailbox {
    messages: Vec<(MessageMeta, Bytes)>,
    vanished: Vec<(Uid, ModSeq)>,
    uid_next: u32,
    modseq: u64,
    seen_upto: u32,
}

impl World {
    pub(crate) fn new() -> World {
        let mut world = World { quota_bytes: 512_000 * 1024, ..World::default() };
        world.create("INBOX");
        world
    }

    pub(crate) fn create(&mut self, name: &str) {
        self.mailboxes
            .insert(name.into(), Mailbox { uid_next: 1, modseq: 1, ..Mailbox::default() });
    }

    pub(crate) fn delete(&mut self, name: &str) {
        self.mailboxes.remove(name);
    }

    pub(crate) fn deliver(&mut self, name: &str, body: &[u8]) {
        self.mailbox(name).add(Bytes::copy_from_slice(body), Flags::new(), NOW);
    }

    pub(crate) fn expunge(&mut self, name: &str, uids: &str) {
        let gone: UidSet = uids.parse().unwrap();
        self.mailbox(name).remove(|meta| gone.contains(meta.uid));
    }

    pub(crate) fn store(&mut self, name: &str, uids: &str, change: &FlagChange) {
        let uids = uids.parse().unwrap();
        self.mailbox(name).store(&uids, change);
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.mailboxes[name].messages.len()
    }

    pub(crate) fn uids(&self, name: &str) -> Vec<u32> {
        self.mailboxes[name].messages.iter().map(|(meta, _)| meta.uid.get()).collect()
    }

    fn mailbox(&mut self, name: &str) -> &mut Mailbox {
        self.mailboxes.get_mut(name).unwrap()
    }

    pub(crate) fn answer(&mut self, ask: Ask) -> Answer {
        let kind = format!("{ask:?}");
        self.asked.push(kind.split([' ', '(']).next().unwrap().to_owned());
        if let Some(refusal) = self.refusal.take() {
            return Answer::Refused(refusal);
        }
        self.try_answer(ask).unwrap_or_else(Answer::Refused)
    }

    fn try_answer(&mut self, ask: Ask) -> Result<Answer, Refusal> {
        Ok(match ask {
            Ask::Login { user, password } => match user == USER && password == PASSWORD {
                true => Answer::LoggedIn,
                false => return Err(Refusal::AuthenticationFailed),
            },
            Ask::Mailboxes => Answer::Mailboxes(self.list()),
            Ask::Open { name, read_only } => self.open(name, read_only)?,
            Ask::Leave => {
                self.open = None;
                Answer::Done
            }
            Ask::Status { name } => Answer::Status(self.named(&name)?.status()),
            Ask::Create { name } => match self.mailboxes.contains_key(name.as_str()) {
                true => return Err(Refusal::AlreadyExists),
                false => {
                    self.create(name.as_str());
                    Answer::Done
                }
            },
            Ask::Delete { name } if name.is_inbox() => {
                return Err(Refusal::Cannot("INBOX stays.".into()));
            }
            Ask::Delete { name } => match self.mailboxes.remove(name.as_str()) {
                Some(_) => Answer::Done,
                None => return Err(Refusal::NoSuchMailbox),
            },
            Ask::Rename { from, to } => {
                let mailbox = self.mailboxes.remove(from.as_str()).ok_or(Refusal::NoSuchMailbox)?;
                self.mailboxes.insert(to.to_string(), mailbox);
                Answer::Done
            }
            Ask::Subscribe { name, subscribed } => {
                self.subscribed.retain(|other| *other != name);
                self.subscribed.extend(subscribed.then_some(name));
                Answer::Done
            }
            Ask::AppendBegin { .. }
            | Ask::AppendData(_)
            | Ask::AppendEnd { .. }
            | Ask::AppendAbort => self.append(ask)?,
            Ask::Quota => {
                Answer::Quota(Quota { used_bytes: self.used(), limit_bytes: self.quota_bytes })
            }
            Ask::GetMetadata { mailbox, entries } => self.metadata(mailbox.is_some(), entries),
            Ask::SetMetadata { mailbox: None, .. } => {
                return Err(Refusal::Cannot("The server's entries are fixed.".into()));
            }
            Ask::SetMetadata { entries, .. } => self.set_metadata(entries)?,
            _ => self.of_open_mailbox(ask)?,
        })
    }

    fn of_open_mailbox(&mut self, ask: Ask) -> Result<Answer, Refusal> {
        let name =
            self.open.clone().expect("the machine asks for messages of an open mailbox only");
        if let Ask::Copy { uids, to, remove } = ask {
            return self.copy(&name, &uids, &to, remove);
        }
        let mailbox = self.named(&name)?;
        Ok(match ask {
            Ask::Messages { uids, n } => {
                let metas = mailbox.messages.iter().map(|(meta, _)| meta);
                let named = metas.filter(|meta| uids.contains(meta.uid)).take(n);
                Answer::Messages(named.cloned().collect())
            }
            Ask::Changes { since } => Answer::Changes(mailbox.changes(since)),
            Ask::Skeleton { uid } => match mailbox.bytes(uid) {
                Some(bytes) => {
                    let mut builder = SkeletonBuilder::new();
                    builder.feed(&bytes);
                    Answer::Skeleton(Arc::new(builder.finish()))
                }
                None => Answer::Gone,
            },
            Ask::Body { uid, range } => match mailbox.bytes(uid) {
                Some(bytes) => {
                    let end = range.end.min(range.start + CHUNK_BYTES).min(bytes.len() as u64);
                    Answer::Bytes(bytes.slice(range.start as usize..end as usize))
                }
                None => Answer::Gone,
            },
            Ask::StoreFlags { uids, change, unchanged_since: None } => {
                let messages = mailbox.store(&uids, &change);
                Answer::FlagsStored { messages, rejected: UidSet::new() }
            }
            Ask::Expunge { uids } => {
                let deleted = mail::mailbox::SystemFlags::DELETED;
                let uids = mailbox.remove(|meta| {
                    meta.flags.contains(deleted)
                        && uids.as_ref().is_none_or(|uids| uids.contains(meta.uid))
                });
                Answer::Expunged { uids, modseq: ModSeq(mailbox.modseq) }
            }
            other => panic!("{other:?}"),
        })
    }

    fn named(&mut self, name: &MailboxName) -> Result<&mut Mailbox, Refusal> {
        self.mailboxes.get_mut(name.as_str()).ok_or(Refusal::NoSuchMailbox)
    }

    fn list(&self) -> Vec<MailboxInfo> {
        let mut names: Vec<_> = self.mailboxes.keys().map(|name| (name.clone(), true)).collect();
        let only_subscribed = |name: &&MailboxName| !self.mailboxes.contains_key(name.as_str());
        let subscribed = self.subscribed.iter().filter(only_subscribed);
        names.extend(subscribed.map(|name| (name.to_string(), false)));
        let info = |(name, exists): (String, bool)| {
            let name = MailboxName::parse(&name).unwrap();
            let subscribed = self.subscribed.contains(&name);
            MailboxInfo { special_use: name.special_use(), name, exists, subscribed }
        };
        names.into_iter().map(info).collect()
    }

    fn open(&mut self, name: MailboxName, read_only: bool) -> Result<Answer, Refusal> {
        self.open = None;
        let mailbox = self.named(&name)?;
        let status = mailbox.status();
        let metas = || mailbox.messages.iter().map(|(meta, _)| meta);
        let opened = OpenedMailbox {
            id: MailboxId(1),
            uids: metas().map(|meta| meta.uid).collect(),
            first_recent: metas().map(|meta| meta.uid).find(|uid| uid.get() > mailbox.seen_upto),
            first_unseen: metas()
                .find(|meta| !meta.flags.contains(mail::mailbox::SystemFlags::SEEN))
                .map(|meta| meta.uid),
            status,
        };
        if !read_only {
            mailbox.seen_upto = mailbox.uid_next - 1;
        }
        self.open = Some(name);
        Ok(Answer::Opened(Box::new(opened)))
    }

    fn used(&self) -> u64 {
        let messages = self.mailboxes.values().flat_map(|mailbox| &mailbox.messages);
        messages.map(|(meta, _)| u64::from(meta.size_bytes)).sum()
    }

    fn append(&mut self, ask: Ask) -> Result<Answer, Refusal> {
        match ask {
            Ask::AppendBegin { name, size_bytes } => {
                self.named(&name)?;
                if self.used() + size_bytes > self.quota_bytes {
                    return Err(Refusal::OverQuota);
                }
                self.upload = Some((name, Vec::new()));
                Ok(Answer::Done)
            }
            Ask::AppendData(bytes) => {
                self.upload.as_mut().unwrap().1.extend_from_slice(&bytes);
                Ok(Answer::Done)
            }
            Ask::AppendEnd { flags, internal_date } => {
                let (name, bytes) = self.upload.take().unwrap();
                let date = internal_date.unwrap_or(NOW);
                let uid = self.named(&name)?.add(bytes.into(), flags, date);
                Ok(Answer::Placed { uid_validity: VALIDITY, uids: vec![(uid, uid)] })
            }
            _ => {
                self.upload = None;
                self.aborted += 1;
                Ok(Answer::Done)
            }
        }
    }

    fn copy(
        &mut self,
        from: &MailboxName,
        uids: &UidSet,
        to: &MailboxName,
        remove: bool,
    ) -> Result<Answer, Refusal> {
        self.named(to)?;
        let source = self.named(from)?.messages.iter();
        let wanted: Vec<_> = source.filter(|(meta, _)| uids.contains(meta.uid)).cloned().collect();
        let target = self.named(to)?;
        let uids: Vec<_> = wanted
            .into_iter()
            .map(|(meta, bytes)| (meta.uid, target.add(bytes, meta.flags, meta.internal_date)))
            .collect();
        if remove {
            let gone: UidSet = uids.iter().map(|(uid, _)| *uid).collect();
            self.named(from)?.remove(|meta| gone.contains(meta.uid));
        }
        Ok(Answer::Placed { uid_validity: VALIDITY, uids })
    }

    fn metadata(&self, of_mailbox: bool, entries: Vec<String>) -> Answer {
        let value = |entry: &str| match (of_mailbox, entry) {
            (true, "/private/devicetoken") if !self.tokens.is_empty() => {
                Some(Bytes::from(self.tokens.join(&b" "[..])))
            }
            (false, "/shared/vendor/deltachat/maxsmtprecipients") => Some(Bytes::from("1000")),
            (false, "/shared/admin") => Some(Bytes::from("mailto:root@example.org")),
            _ => None,
        };
        Answer::Metadata(entries.into_iter().map(|name| (name.clone(), value(&name))).collect())
    }

    fn set_metadata(&mut self, entries: Vec<(String, Option<Bytes>)>) -> Result<Answer, Refusal> {
        for (entry, value) in entries {
            if entry != "/private/devicetoken" {
                return Err(Refusal::Cannot("There is no such entry.".into()));
            }
            if let Some(value) = value {
                self.tokens.retain(|token| *token != value);
                self.tokens.push(value);
                let surplus = self.tokens.len().saturating_sub(TOKENS_MAX);
                self.tokens.drain(..surplus);
            }
        }
        Ok(Answer::Done)
    }
}

const VALIDITY: UidValidity = UidValidity::new(7).unwrap();

impl Mailbox {
    fn add(&mut self, bytes: Bytes, flags: Flags, internal_date: Timestamp) -> Uid {
        self.modseq += 1;
        let uid = Uid::new(self.uid_next).unwrap();
        self.uid_next += 1;
        let size_bytes = u32::try_from(bytes.len()).unwrap();
        let modseq = ModSeq(self.modseq);
        self.messages.push((MessageMeta { uid, modseq, flags, internal_date, size_bytes }, bytes));
        uid
    }

    fn remove(&mut self, goes: impl Fn(&MessageMeta) -> bool) -> UidSet {
        let gone: UidSet =
            self.messages.iter().filter(|(meta, _)| goes(meta)).map(|(meta, _)| meta.uid).collect();
        if !gone.is_empty() {
            self.modseq += 1;
        }
        let modseq = ModSeq(self.modseq);
        self.messages.retain(|(meta, _)| !gone.contains(meta.uid));
        self.vanished.extend(gone.iter().map(|uid| (uid, modseq)));
        gone
    }

    fn store(&mut self, uids: &UidSet, change: &FlagChange) -> Vec<MessageMeta> {
        let next = ModSeq(self.modseq + 1);
        let mut stored = Vec::new();
        for (meta, _) in self.messages.iter_mut().filter(|(meta, _)| uids.contains(meta.uid)) {
            let after = change.apply(&meta.flags);
            if after != meta.flags {
                (meta.flags, meta.modseq, self.modseq) = (after, next, next.0);
            }
            stored.push(meta.clone());
        }
        stored
    }

    fn changes(&self, since: ModSeq) -> Changes {
        let metas = self.messages.iter().map(|(meta, _)| meta);
        Changes {
            changed: metas.filter(|meta| meta.modseq > since).cloned().collect(),
            vanished: self
                .vanished
                .iter()
                .filter(|gone| gone.1 > since)
                .map(|gone| gone.0)
                .collect(),
            upto: ModSeq(self.modseq),
            exists: u32::try_from(self.messages.len()).unwrap(),
        }
    }

    fn bytes(&self, uid: Uid) -> Option<Bytes> {
        self.messages.iter().find(|(meta, _)| meta.uid == uid).map(|(_, bytes)| bytes.clone())
    }

    fn status(&self) -> MailboxStatus {
        let metas = || self.messages.iter().map(|(meta, _)| meta);
        let count = |test: &dyn Fn(&MessageMeta) -> bool| {
            u32::try_from(metas().filter(|meta| test(meta)).count()).unwrap()
        };
        MailboxStatus {
            uid_validity: VALIDITY,
            uid_next: Uid::new(self.uid_next),
            highest_modseq: ModSeq(self.modseq),
            exists: count(&|_| true),
            unseen: count(&|meta| !meta.flags.contains(mail::mailbox::SystemFlags::SEEN)),
            deleted: count(&|meta| meta.flags.contains(mail::mailbox::SystemFlags::DELETED)),
            recent: count(&|meta| meta.uid.get() > self.seen_upto),
            size_bytes: metas().map(|meta| u64::from(meta.size_bytes)).sum(),
        }
    }
}

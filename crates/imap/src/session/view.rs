//! What a session has told its client of the open mailbox.
//!
//! Sequence numbers are ranks among the UIDs the client was told of, whatever has happened to the
//! mailbox since (RFC 3501 sections 2.3.1.2 and 5.5). Flags are not kept: they are read again when
//! they are needed, so an open mailbox costs a few dozen bytes, not a few for each message.

use std::collections::BTreeMap;

use mail::MailboxName;
use mail::limits;
use mail::mailbox::{Changes, Keyword, MessageMeta, ModSeq, Uid, UidSet};

use crate::ask::OpenedMailbox;

/// The client's view of the open mailbox.
#[derive(Debug)]
pub(super) struct View {
    /// Which mailbox.
    pub(super) name: MailboxName,
    /// EXAMINE instead of SELECT.
    pub(super) read_only: bool,
    /// The messages the client knows; a sequence number is a rank in here, plus one.
    pub(super) uids: UidSet,
    /// Everything up to here is in this view.
    pub(super) since: ModSeq,
    /// Of `uids`, what no longer exists and could not be said yet.
    vanished: UidSet,
    /// First and last UID that are `\Recent` here.
    recent: Option<(Uid, Uid)>,
    /// States of messages after `since` that the client knows of, being its own doing.
    told: BTreeMap<ModSeq, UidSet>,
    /// Keywords that were in a FLAGS line.
    announced: Vec<Keyword>,
}

/// What a client is to be told after [`View::take`].
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// There are new messages.
    pub(super) arrived: bool,
    /// Messages whose flags others changed.
    pub(super) flags: Vec<MessageMeta>,
}

impl View {
    /// The view of a mailbox that was just opened.
    pub(super) fn new(name: MailboxName, read_only: bool, opened: OpenedMailbox) -> View {
        let last = opened.uids.last();
        View {
            name,
            read_only,
            recent: opened.first_recent.zip(last).filter(|(first, last)| first <= last),
            uids: opened.uids,
            since: opened.status.highest_modseq,
            vanished: UidSet::new(),
            told: BTreeMap::new(),
            announced: Vec::new(),
        }
    }

    /// Number of messages, as the client counts.
    pub(super) fn exists(&self) -> u64 {
        self.uids.len()
    }

    /// The sequence number of a message.
    pub(super) fn number(&self, uid: Uid) -> Option<u32> {
        self.uids.position(uid).map(|rank| rank + 1)
    }

    /// True if a message is `\Recent` for this session.
    pub(super) fn is_recent(&self, uid: Uid) -> bool {
        self.recent.is_some_and(|(first, last)| first <= uid && uid <= last)
    }

    /// All messages that are `\Recent` for this session.
    pub(super) fn recent_uids(&self) -> UidSet {
        match self.recent {
            Some((first, last)) => UidSet::from_range(first, last).intersection(&self.uids),
            None => UidSet::new(),
        }
    }

    /// The client knows these messages as they are now: they are no news later.
    pub(super) fn remember_told(&mut self, messages: &[MessageMeta]) {
        for meta in messages.iter().filter(|meta| meta.modseq > self.since) {
            self.told.entry(meta.modseq).or_default().insert(meta.uid);
        }
    }

    /// Takes in what happened. Messages that vanished keep their numbers until
    /// [`View::take_expunged`] gives them out.
    pub(super) fn take(&mut self, changes: Changes) -> News {
        self.since = self.since.max(changes.upto);
        self.vanished = self.vanished.union(&changes.vanished).intersection(&self.uids);
        let last = self.uids.last();
        let (new, old): (Vec<_>, Vec<_>) =
            changes.changed.into_iter().partition(|meta| Some(meta.uid) > last);
        self.uids.extend(new.iter().map(|meta| meta.uid));
        let told = std::mem::take(&mut self.told);
        let is_told =
            |meta: &MessageMeta| told.get(&meta.modseq).is_some_and(|uids| uids.contains(meta.uid));
        let flags =
            old.into_iter().filter(|meta| self.uids.contains(meta.uid) && !is_told(meta)).collect();
        News { arrived: !new.is_empty(), flags }
    }

    /// These are gone, and the client is about to hear it.
    pub(super) fn vanish(&mut self, gone: &UidSet) {
        self.vanished = self.vanished.union(&gone.intersection(&self.uids));
    }

    /// True if there is an EXPUNGE to be said.
    pub(super) fn has_vanished(&self) -> bool {
        !self.vanished.is_empty()
    }

    /// Removes what vanished and gives the sequence numbers for EXPUNGE, highest first, so that
    /// saying one does not shift the next.
    pub(super) fn take_expunged(&mut self) -> Vec<u32> {
        let vanished = std::mem::take(&mut self.vanished);
        let numbers = vanished.iter().rev().filter_map(|uid| self.number(uid)).collect();
        self.uids = self.uids.difference(&vanished);
        numbers
    }

    /// Adds keywords of these messages that were in no FLAGS line yet; true if there are any. At
    /// most [`limits::IMAP_KEYWORDS_ANNOUNCED_MAX`] are kept.
    pub(super) fn announce(&mut self, messages: &[MessageMeta]) -> bool {
        let before = self.announced.len();
        for keyword in messages.iter().flat_map(|meta| meta.flags.keywords()) {
            if self.announced.len() >= limits::IMAP_KEYWORDS_ANNOUNCED_MAX {
                break;
            }
            if let Err(place) = self.announced.binary_search(keyword) {
                self.announced.insert(place, keyword.clone());
            }
        }
        self.announced.len() > before
    }

    /// The keywords of the FLAGS line.
    pub(super) fn keywords(&self) -> &[Keyword] {
        &self.announced
    }
}

#[cfg(test)]
mod tests {
    use mail::Timestamp;
    use mail::mailbox::{Flags, MailboxId, MailboxStatus, UidValidity};

    use super::*;

    fn set(text: &str) -> UidSet {
        text.parse().unwrap()
    }

    fn meta(uid: u32, modseq: u64) -> MessageMeta {
        MessageMeta {
            uid: Uid::new(uid).unwrap(),
            modseq: ModSeq(modseq),
            flags: Flags::new(),
            internal_date: Timestamp(0),
            size_bytes: 1,
        }
    }

    fn view(uids: &str) -> View {
        let status = MailboxStatus {
            uid_validity: UidValidity::new(1).unwrap(),
            uid_next: Uid::new(100),
            highest_modseq: ModSeq(10),
            exists: 0,
            unseen: 0,
            deleted: 0,
            recent: 0,
            size_bytes: 0,
        };
        let opened = OpenedMailbox {
            id: MailboxId(1),
            status,
            uids: set(uids),
            first_recent: Uid::new(5),
            first_unseen: None,
        };
        View::new(MailboxName::inbox(), false, opened)
    }

    fn changes(changed: Vec<MessageMeta>, vanished: &str, upto: u64) -> Changes {
        Changes { changed, vanished: set(vanished), upto: ModSeq(upto), exists: 0 }
    }

    #[test]
    fn new_messages_are_appended_and_others_changes_are_news() {
        let mut view = view("1:3");
        let news = view.take(changes(vec![meta(2, 11), meta(7, 12)], "", 12));
        assert!(news.arrived);
        assert_eq!(news.flags, [meta(2, 11)]);
        assert_eq!((view.number(Uid::new(7).unwrap()), view.since), (Some(4), ModSeq(12)));
    }

    #[test]
    fn own_changes_are_no_news() {
        let mut view = view("1:3");
        view.remember_told(&[meta(1, 11)]);
        let news = view.take(changes(vec![meta(1, 11), meta(2, 11), meta(3, 12)], "", 12));
        assert_eq!(news.flags, [meta(2, 11), meta(3, 12)]);
    }

    #[test]
    fn i7_what_vanished_keeps_its_number_until_it_is_said() {
        let mut view = view("1:6");
        view.take(changes(vec![], "2,4,77", 11));
        assert_eq!(view.number(Uid::new(5).unwrap()), Some(5));
        assert_eq!(view.take_expunged(), [4, 2]);
        assert_eq!(view.number(Uid::new(5).unwrap()), Some(3));
        assert!(!view.has_vanished());
    }

    #[test]
    fn i19_recent_is_what_was_there_at_the_opening() {
        let mut view = view("1:6");
        view.take(changes(vec![meta(8, 11)], "", 11));
        assert_eq!(view.recent_uids(), set("5:6"));
        assert!(!view.is_recent(Uid::new(8).unwrap()));
    }

    #[test]
    fn i19_announced_keywords_are_bounded() {
        let mut view = view("1:6");
        let with = |n: usize| {
            let mut meta = meta(1, 1);
            meta.flags.insert_keyword(Keyword::parse(&format!("k{n}")).unwrap());
            meta
        };
        for n in 0..limits::IMAP_KEYWORDS_ANNOUNCED_MAX {
            assert!(view.announce(&[with(n)]));
        }
        assert!(!view.announce(&[with(9_999)]));
        assert_eq!(view.keywords().len(), limits::IMAP_KEYWORDS_ANNOUNCED_MAX);
    }
}

//! The UIDs of mailboxes that were opened lately, so that opening a large one again costs what has
//! changed in it, not what it holds.
//!
//! A view says at which change counter it was taken; readers bring it up to date from the rows of
//! their own snapshot, so it can never show what is not there.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use mail::mailbox::{MailboxId, ModSeq, Uid, UidSet};

/// Mailboxes with fewer messages are read anew: that is as quick.
pub(super) const VIEW_MESSAGES_MIN: u32 = 16;
/// Views kept. Beyond: the oldest goes.
const VIEWS_MAX: usize = 1_024;
/// Runs of UIDs in all views together, of twelve bytes each. Beyond: the oldest goes.
const RUNS_MAX: usize = 1_000_000;

/// A mailbox at one change counter.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) modseq: ModSeq,
    pub(super) uids: UidSet,
    pub(super) first_unseen: Option<Uid>,
}

#[derive(Debug, Default)]
pub(super) struct Views {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    views: HashMap<MailboxId, Arc<View>>,
    /// Oldest first; each mailbox once.
    order: VecDeque<MailboxId>,
    runs: usize,
}

impl Views {
    pub(super) fn get(&self, mailbox: MailboxId) -> Option<Arc<View>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).views.get(&mailbox).cloned()
    }

    /// Keeps a view, unless a newer one is there.
    pub(super) fn put(&self, mailbox: MailboxId, view: Arc<View>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.views.get(&mailbox).is_some_and(|known| known.modseq >= view.modseq) {
            return;
        }
        kept.runs += view.uids.ranges().len();
        match kept.views.insert(mailbox, view) {
            Some(old) => kept.runs -= old.uids.ranges().len(),
            None => kept.order.push_back(mailbox),
        }
        while kept.order.len() > VIEWS_MAX || kept.runs > RUNS_MAX {
            kept.drop_oldest();
        }
    }
}

impl Kept {
    fn drop_oldest(&mut self) {
        let oldest = self.order.pop_front().and_then(|mailbox| self.views.remove(&mailbox));
        self.runs -= oldest.map_or(0, |view| view.uids.ranges().len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(modseq: u64, uids: &str) -> Arc<View> {
        let uids = uids.parse().unwrap();
        Arc::new(View { modseq: ModSeq(modseq), uids, first_unseen: None })
    }

    #[test]
    fn an_older_view_does_not_replace_a_newer_one() {
        let views = Views::default();
        views.put(MailboxId(1), view(5, "1:9"));
        views.put(MailboxId(1), view(4, "1:8"));
        assert_eq!(views.get(MailboxId(1)).unwrap().modseq, ModSeq(5));
    }

    #[test]
    fn at_the_ceiling_all_are_kept_and_beyond_the_oldest_goes() {
        let views = Views::default();
        for n in 0..VIEWS_MAX as u64 {
            views.put(MailboxId(n), view(1, "1,3,5"));
        }
        assert!(views.get(MailboxId(0)).is_some());
        views.put(MailboxId(VIEWS_MAX as u64), view(1, "1"));
        assert!(views.get(MailboxId(0)).is_none() && views.get(MailboxId(1)).is_some());
        assert_eq!(views.kept.lock().unwrap().runs, 3 * (VIEWS_MAX - 1) + 1);
    }

    #[test]
    fn one_view_beyond_all_runs_is_not_kept() {
        let views = Views::default();
        let odd = |n: u32| (0..n).map(|n| Uid::new(2 * n + 1).unwrap()).collect::<UidSet>();
        let view = |n| Arc::new(View { modseq: ModSeq(1), uids: odd(n), first_unseen: None });
        views.put(MailboxId(1), view(RUNS_MAX as u32));
        assert!(views.get(MailboxId(1)).is_some());
        views.put(MailboxId(2), view(RUNS_MAX as u32 + 1));
        assert!(views.get(MailboxId(2)).is_none());
        assert_eq!(views.kept.lock().unwrap().runs, 0);
    }
}

//! Flags and EXPUNGE.

use mail::mailbox::{FlagChange, Flags, MailboxId, ModSeq, SystemFlags, Uid, UidSet};

use super::state::State;
use crate::boundary::*;
use crate::refusal::check_flags;

impl State {
    pub(super) fn store_flags(
        &mut self,
        mailbox: MailboxId,
        uids: &UidSet,
        change: &FlagChange,
        unchanged_since: Option<ModSeq>,
    ) -> Result<FlagsStored> {
        let row = self.mailbox(mailbox)?;
        let named = row.messages.values().map(|message| &message.meta);
        let named = named.filter(|meta| uids.contains(meta.uid));
        let is_newer = |modseq: ModSeq| unchanged_since.is_some_and(|since| modseq > since);
        let (rejected, taken): (Vec<_>, Vec<_>) = named.partition(|meta| is_newer(meta.modseq));
        let rejected: UidSet = rejected.into_iter().map(|meta| meta.uid).collect();
        let after = |flags: &Flags| {
            let after = change.apply(flags);
            check_flags(&after).map(|()| after)
        };
        let taken: Result<Vec<(Uid, Flags)>> =
            taken.into_iter().map(|meta| Ok((meta.uid, after(&meta.flags)?))).collect();
        let messages = self.set_flags(mailbox, taken?)?;
        Ok(FlagsStored { messages, rejected })
    }

    fn set_flags(
        &mut self,
        mailbox: MailboxId,
        wanted: Vec<(Uid, Flags)>,
    ) -> Result<Vec<mail::mailbox::MessageMeta>> {
        let row = self.mailbox(mailbox)?;
        let differs = wanted.iter().any(|(uid, flags)| row.messages[uid].meta.flags != *flags);
        let modseq = if differs { self.bump(mailbox)? } else { ModSeq::ZERO };
        let row = self.mailbox(mailbox)?;
        let mut now = Vec::with_capacity(wanted.len());
        for (uid, flags) in wanted {
            let meta = &mut row.messages.get_mut(&uid).expect("it was there just now").meta;
            if meta.flags != flags {
                (meta.flags, meta.modseq) = (flags, modseq);
            }
            now.push(meta.clone());
        }
        Ok(now)
    }

    pub(super) fn expunge(
        &mut self,
        mailbox: MailboxId,
        uids: Option<&UidSet>,
    ) -> Result<Expunged> {
        let row = self.mailbox(mailbox)?;
        let is_named = |uid: &Uid| uids.is_none_or(|uids| uids.contains(*uid));
        let deleted = row.messages.values().filter(|m| m.has(SystemFlags::DELETED));
        let doomed: Vec<Uid> = deleted.map(|m| m.meta.uid).filter(is_named).collect();
        self.remove(mailbox, &doomed)?;
        let modseq = self.mailbox(mailbox)?.modseq;
        Ok(Expunged { uids: doomed.into_iter().collect(), modseq })
    }
}

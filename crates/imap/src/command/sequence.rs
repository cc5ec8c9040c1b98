//! Sequence sets (RFC 3501 section 9, `sequence-set`), with `*` kept as a word.
//!
//! What `*` means is known only to whoever knows the mailbox; [`Messages::resolve`] puts the two
//! together.

use mail::mailbox::{Uid, UidSet};

/// One end of a range. Ordered so that `Star`, the largest number in use, comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeqNumber {
    /// A number from 1.
    Number(u32),
    /// `*`
    Star,
}

/// `a:b`, in the order the client wrote; a single number has both ends equal. The order of the
/// ends does not matter (`5:3` is `3:5`, and `*:5` may be either).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SeqRange {
    pub from: SeqNumber,
    pub to: SeqNumber,
}

/// A sequence set as written. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeqSet(pub Vec<SeqRange>);

/// What the numbers of a set count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// Positions in the mailbox, from 1.
    Sequence,
    /// Unique identifiers.
    Uid,
}

/// The messages a command speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Messages {
    pub numbering: Numbering,
    pub set: SeqSet,
}

impl SeqSet {
    /// The messages of `mailbox` whose sequence numbers are in the set. Numbers beyond the last
    /// message name nothing; `*` is the last message, if there is one.
    pub fn resolve_sequence(&self, mailbox: &UidSet) -> UidSet {
        let exists = u32::try_from(mailbox.len()).unwrap_or(u32::MAX);
        let mut found = UidSet::new();
        for (first, last) in self.spans(exists) {
            let last = last.min(exists);
            if let (Some(first), Some(last)) = (nth(mailbox, first), nth(mailbox, last)) {
                found.insert_range(first, last);
            }
        }
        found.intersection(mailbox)
    }

    /// The messages of `mailbox` whose UIDs are in the set. `*` is the greatest UID in use.
    pub fn resolve_uids(&self, mailbox: &UidSet) -> UidSet {
        let Some(greatest) = mailbox.last() else { return UidSet::new() };
        let mut wanted = UidSet::new();
        for (first, last) in self.spans(greatest.get()) {
            if let (Some(first), Some(last)) = (Uid::new(first), Uid::new(last)) {
                wanted.insert_range(first, last);
            }
        }
        wanted.intersection(mailbox)
    }

    /// True if the set names, by number and not by `*`, a message beyond the last one.
    pub fn exceeds(&self, exists: u32) -> bool {
        self.0.iter().any(|range| match (range.from, range.to) {
            (SeqNumber::Number(a), SeqNumber::Number(b)) => a.max(b) > exists,
            _ => false,
        })
    }

    /// The ranges with `*` put in, each ascending, and all ascending by their beginning, which
    /// makes adding them to a set cheap.
    fn spans(&self, star: u32) -> Vec<(u32, u32)> {
        let number = |number| match number {
            SeqNumber::Number(number) => number,
            SeqNumber::Star => star,
        };
        let span = |range: &SeqRange| {
            let (a, b) = (number(range.from), number(range.to));
            match range.from == SeqNumber::Star || range.to == SeqNumber::Star {
                true => (a.min(b), star),
                false => (a.min(b), a.max(b)),
            }
        };
        let mut spans: Vec<_> = self.0.iter().map(span).collect();
        spans.sort_unstable();
        spans
    }
}

fn nth(mailbox: &UidSet, number: u32) -> Option<Uid> {
    mailbox.nth(number.checked_sub(1)?)
}

/// A command names a message that is not there: the answer is `BAD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("There is no such message.")]
pub struct NoSuchMessage;

impl Messages {
    /// The UIDs meant, all of them in `mailbox`, which holds every UID as the client knows it.
    /// UIDs that are not there are left out (RFC 3501 section 6.4.8).
    ///
    /// # Errors
    /// If a sequence number is beyond the last message. A range with `*` never is.
    pub fn resolve(&self, mailbox: &UidSet) -> Result<UidSet, NoSuchMessage> {
        let exists = u32::try_from(mailbox.len()).unwrap_or(u32::MAX);
        match self.numbering {
            Numbering::Uid => Ok(self.set.resolve_uids(mailbox)),
            Numbering::Sequence if self.set.exceeds(exists) => Err(NoSuchMessage),
            Numbering::Sequence => Ok(self.set.resolve_sequence(mailbox)),
        }
    }

    /// True if the numbers are positions and not UIDs.
    pub fn is_by_sequence(&self) -> bool {
        self.numbering == Numbering::Sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(text: &str) -> UidSet {
        text.parse().unwrap()
    }

    fn messages(numbering: Numbering, ranges: &[(u32, u32)]) -> Messages {
        let number = |number| if number == 0 { SeqNumber::Star } else { SeqNumber::Number(number) };
        let range = |(from, to): &(u32, u32)| SeqRange { from: number(*from), to: number(*to) };
        Messages { numbering, set: SeqSet(ranges.iter().map(range).collect()) }
    }

    /// Ranges (zero stands for `*`), the mailbox, what is found.
    type Case = (&'static [(u32, u32)], &'static str, &'static str);

    fn resolved(
        numbering: Numbering,
        ranges: &[(u32, u32)],
        uids: &str,
    ) -> Result<String, NoSuchMessage> {
        messages(numbering, ranges).resolve(&mailbox(uids)).map(|uids| uids.to_string())
    }

    #[test]
    fn uids_that_are_not_there_are_left_out() {
        let table: [Case; 9] = [
            (&[(1, 0)], "10:12,20", "10:12,20"),
            (&[(11, 11)], "10:12,20", "11"),
            (&[(13, 19)], "10:12,20", ""),
            (&[(15, 12)], "10:12,20", "12"),
            (&[(0, 0)], "10:12,20", "20"),
            (&[(99, 0)], "10:12,20", "20"),
            (&[(0, 99)], "10:12,20", "20"),
            (&[(20, 20), (10, 10), (10, 11)], "10:12,20", "10:11,20"),
            (&[(1, 0)], "", ""),
        ];
        for (ranges, uids, expected) in table {
            let found = resolved(Numbering::Uid, ranges, uids);
            assert_eq!(found.as_deref(), Ok(expected), "{ranges:?}");
        }
    }

    #[test]
    fn sequence_numbers_count_messages() {
        let table: [Case; 7] = [
            (&[(1, 0)], "10:12,20", "10:12,20"),
            (&[(3, 4)], "10:12,20", "12,20"),
            (&[(4, 1)], "10:12,20", "10:12,20"),
            (&[(0, 0)], "10:12,20", "20"),
            (&[(9, 0)], "10:12,20", "20"),
            (&[(2, 2), (1, 1)], "10:12,20", "10:11"),
            (&[(1, 0)], "", ""),
        ];
        for (ranges, uids, expected) in table {
            let found = resolved(Numbering::Sequence, ranges, uids);
            assert_eq!(found.as_deref(), Ok(expected), "{ranges:?}");
        }
    }

    #[test]
    fn a_number_beyond_the_last_message_is_a_mistake() {
        for ranges in [&[(5, 5)][..], &[(1, 5)], &[(5, 1)], &[(1, 1), (5, 5)]] {
            assert_eq!(resolved(Numbering::Sequence, ranges, "10:12,20"), Err(NoSuchMessage));
        }
        assert_eq!(resolved(Numbering::Sequence, &[(1, 1)], ""), Err(NoSuchMessage));
    }

    #[test]
    fn many_ranges_in_any_order_are_cheap() {
        let ranges: Vec<_> = (1..=30_000).rev().map(|number| (number * 2, number * 2)).collect();
        let found = messages(Numbering::Uid, &ranges).resolve(&mailbox("1:60000")).unwrap();
        assert_eq!(found.len(), 30_000);
    }
}

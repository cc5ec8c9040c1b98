//! A set of UIDs as ranges.
//!
//! Nearly every mailbox is one run of UIDs with a few holes, so a hundred thousand messages are a
//! handful of ranges. Each range knows how many UIDs lie before it: sequence number from UID, UID
//! from sequence number and the number of messages are found by bisection, and a new message at the
//! end costs nothing. A change in the middle costs time linear in the number of ranges.

use std::fmt;
use std::str::FromStr;

use crate::mailbox::Uid;

/// A run of UIDs without a hole.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Run {
    first: u32,
    last: u32,
    /// How many UIDs of the set are smaller than `first`.
    before: u32,
}

impl Run {
    fn len(self) -> u32 {
        self.last - self.first + 1
    }

    fn end_rank(self) -> u32 {
        self.before + self.len()
    }
}

/// A set of UIDs: ascending runs, with at least one missing UID between any two.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct UidSet {
    runs: Vec<Run>,
}

impl UidSet {
    /// The empty set.
    pub const fn new() -> UidSet {
        UidSet { runs: Vec::new() }
    }

    /// All UIDs from `first` to `last`, both included; empty if `first` is the greater one.
    pub fn from_range(first: Uid, last: Uid) -> UidSet {
        if first > last { UidSet::new() } else { UidSet::from_pairs(vec![pair(first, last)]) }
    }

    /// Adds one.
    pub fn insert(&mut self, uid: Uid) {
        self.insert_range(uid, uid);
    }

    /// Adds all from `first` to `last`, both included; nothing if `first` is the greater one.
    pub fn insert_range(&mut self, first: Uid, last: Uid) {
        if first > last {
            return;
        }
        let (mut first, mut last) = pair(first, last);
        // The runs this one touches or overlaps, which it swallows.
        let from = self.runs.partition_point(|run| run.last < first.saturating_sub(1));
        let upto = self.runs.partition_point(|run| run.first <= last.saturating_add(1));
        if let (Some(low), Some(high)) = (self.runs.get(from), self.runs[..upto].last())
            && from < upto
        {
            first = first.min(low.first);
            last = last.max(high.last);
        }
        self.runs.splice(from..upto, [Run { first, last, before: 0 }]);
        self.recount(from);
    }

    /// Takes one away; false if it was not there.
    pub fn remove(&mut self, uid: Uid) -> bool {
        let uid = uid.get();
        let Some(at) = self.run_of(uid) else { return false };
        let Run { first, last, before } = self.runs[at];
        let left = (first < uid).then_some(Run { first, last: uid.wrapping_sub(1), before });
        let right = (uid < last).then_some(Run { first: uid.wrapping_add(1), last, before });
        self.runs.splice(at..=at, left.into_iter().chain(right));
        self.recount(at);
        true
    }

    /// True if it is in the set.
    pub fn contains(&self, uid: Uid) -> bool {
        self.run_of(uid.get()).is_some()
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.runs.last().map_or(0, |run| u64::from(run.end_rank()))
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The smallest.
    pub fn first(&self) -> Option<Uid> {
        self.runs.first().and_then(|run| Uid::new(run.first))
    }

    /// The greatest.
    pub fn last(&self) -> Option<Uid> {
        self.runs.last().and_then(|run| Uid::new(run.last))
    }

    /// How many smaller ones there are, if it is in the set: its sequence number less one.
    pub fn position(&self, uid: Uid) -> Option<u32> {
        let run = self.runs[self.run_of(uid.get())?];
        Some(run.before + (uid.get() - run.first))
    }

    /// The one with `rank` smaller ones: [`UidSet::position`] the other way round.
    pub fn nth(&self, rank: u32) -> Option<Uid> {
        let at = self.runs.partition_point(|run| run.end_rank() <= rank);
        let run = self.runs.get(at)?;
        Uid::new(run.first + (rank - run.before))
    }

    /// All of them, ascending.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Uid> + '_ {
        self.runs.iter().flat_map(|run| (run.first..=run.last).filter_map(Uid::new))
    }

    /// The runs, ascending: first and last UID of each.
    pub fn ranges(&self) -> impl DoubleEndedIterator<Item = (Uid, Uid)> + ExactSizeIterator + '_ {
        self.runs.iter().map(|run| (uid(run.first), uid(run.last)))
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &UidSet) -> UidSet {
        UidSet::from_pairs(self.pairs().chain(other.pairs()).collect())
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &UidSet) -> UidSet {
        let (mut left, mut right) = (self.runs.as_slice(), other.runs.as_slice());
        let mut both = Vec::new();
        while let (Some(l), Some(r)) = (left.first(), right.first()) {
            let (first, last) = (l.first.max(r.first), l.last.min(r.last));
            if first <= last {
                both.push((first, last));
            }
            if l.last <= r.last {
                left = &left[1..];
            } else {
                right = &right[1..];
            }
        }
        UidSet::from_pairs(both)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn difference(&self, other: &UidSet) -> UidSet {
        let mut rest = Vec::new();
        let mut holes = other.runs.as_slice();
        for run in &self.runs {
            // 64 bits, because the next candidate after the last UID is no u32.
            let mut next = u64::from(run.first);
            while let Some(hole) = holes.first().filter(|hole| hole.first <= run.last) {
                if next < u64::from(hole.first) {
                    rest.push((low_half(next), hole.first - 1));
                }
                next = next.max(u64::from(hole.last) + 1);
                if hole.last > run.last {
                    break;
                }
                holes = &holes[1..];
            }
            if next <= u64::from(run.last) {
                rest.push((low_half(next), run.last));
            }
        }
        UidSet::from_pairs(rest)
    }

    fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.runs.iter().map(|run| (run.first, run.last))
    }

    fn run_of(&self, uid: u32) -> Option<usize> {
        let at = self.runs.partition_point(|run| run.last < uid);
        self.runs.get(at).filter(|run| run.first <= uid).map(|_| at)
    }

    /// Restores `before` from a place on.
    fn recount(&mut self, from: usize) {
        let mut before = self.runs[..from].last().map_or(0, |run| run.end_rank());
        for run in &mut self.runs[from..] {
            run.before = before;
            before = run.end_rank();
        }
    }

    /// From pairs in any order that may overlap and touch.
    fn from_pairs(mut pairs: Vec<(u32, u32)>) -> UidSet {
        pairs.sort_unstable();
        let mut runs: Vec<Run> = Vec::with_capacity(pairs.len());
        for (first, last) in pairs {
            match runs.last_mut() {
                Some(run) if first <= run.last.saturating_add(1) => run.last = run.last.max(last),
                _ => runs.push(Run { first, last, before: 0 }),
            }
        }
        let mut set = UidSet { runs };
        set.recount(0);
        set
    }
}

fn pair(first: Uid, last: Uid) -> (u32, u32) {
    (first.get(), last.get())
}

fn uid(value: u32) -> Uid {
    Uid::new(value).expect("runs are made of UIDs, which are never zero")
}

fn low_half(value: u64) -> u32 {
    u32::try_from(value).expect("not greater than the last UID of a run")
}

impl FromIterator<Uid> for UidSet {
    fn from_iter<I: IntoIterator<Item = Uid>>(uids: I) -> UidSet {
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for uid in uids {
            match pairs.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(uid.get()) => *last = uid.get(),
                _ => pairs.push((uid.get(), uid.get())),
            }
        }
        UidSet::from_pairs(pairs)
    }
}

impl Extend<Uid> for UidSet {
    fn extend<I: IntoIterator<Item = Uid>>(&mut self, uids: I) {
        *self = self.union(&uids.into_iter().collect());
    }
}

/// `1:4,7`, as IMAP writes sets; nothing for the empty set.
impl fmt::Display for UidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, run) in self.runs.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match run.len() {
                1 => write!(f, "{comma}{}", run.first)?,
                _ => write!(f, "{comma}{}:{}", run.first, run.last)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for UidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

/// A text is not of the form `1:4,7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a set of UIDs")]
pub struct UidSetError;

/// Takes numbers and ranges in any order and direction; zero, `*`, signs and spaces are refused.
impl FromStr for UidSet {
    type Err = UidSetError;

    fn from_str(text: &str) -> Result<UidSet, UidSetError> {
        if text.is_empty() {
            return Ok(UidSet::new());
        }
        let pairs: Option<Vec<_>> = text.split(',').map(parsed_pair).collect();
        pairs.map(UidSet::from_pairs).ok_or(UidSetError)
    }
}

fn parsed_pair(text: &str) -> Option<(u32, u32)> {
    let (a, b) = text.split_once(':').unwrap_or((text, text));
    let (a, b) = (parsed_number(a)?, parsed_number(b)?);
    Some((a.min(b), a.max(b)))
}

fn parsed_number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|&number| digits && number > 0)
}

#[cfg(test)]
mod tests;

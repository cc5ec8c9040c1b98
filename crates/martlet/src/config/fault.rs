//! A fault of a configuration file: where, why, and what to write instead.

use std::fmt;

/// One thing that is wrong with a file. Prints as `line:column: key: problem. Advice.`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// `section.key`, if the fault belongs to one; else empty.
    pub key: String,
    /// What is wrong, in words.
    pub problem: String,
    /// What to write instead.
    pub advice: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}. {}", self.problem, self.advice)
    }
}

/// Collects the faults of one text.
pub(super) struct Faults<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
    list: Vec<Fault>,
}

impl<'t> Faults<'t> {
    pub(super) fn new(text: &'t str) -> Faults<'t> {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(after_breaks).collect();
        Faults { text, line_starts, list: Vec::new() }
    }

    /// Notes a fault at a byte offset of the text.
    pub(super) fn add(
        &mut self,
        at: usize,
        key: impl Into<String>,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let (line, column) = self.place(at);
        let (key, problem, advice) = (key.into(), problem.into(), advice.into());
        self.list.push(Fault { line, column, key, problem, advice });
    }

    /// True if nothing is wrong so far.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// True if something is wrong at just this place.
    pub(super) fn has_at(&self, at: usize) -> bool {
        let place = self.place(at);
        self.list.iter().any(|fault| (fault.line, fault.column) == place)
    }

    /// All faults in the order of the file.
    pub(super) fn into_list(mut self) -> Vec<Fault> {
        self.list.sort_by_key(|fault| (fault.line, fault.column));
        self.list
    }

    fn place(&self, at: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= at);
        let before = self.text.get(self.line_starts[line - 1]..at).unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}

/// The candidate that differs least from a word, if it could be meant: at most a third of the word
/// may be wrong.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word: Vec<char> = word.to_lowercase().chars().take(WORD_CHARS_MAX).collect();
    let scored = candidates.into_iter().map(|candidate| (distance(&word, candidate), candidate));
    let (distance, best) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= (word.len() / 3).max(1)).then_some(best)
}

/// No key is longer; what is longer is near none of them.
const WORD_CHARS_MAX: usize = 64;

/// How many characters must be inserted, removed, replaced or swapped with their neighbour.
fn distance(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().take(WORD_CHARS_MAX).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for i in 0..from.len() {
        let mut row = vec![i + 1];
        for j in 0..to.len() {
            let replaced = above[j] + usize::from(from[i] != to[j]);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from[i] == to[j - 1] && from[i - 1] == to[j] {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let faults = Faults::new("a\n\u{e4}\u{e4}b\n");
        assert_eq!(faults.place(0), (1, 1));
        assert_eq!(faults.place(2), (2, 1));
        assert_eq!(faults.place(6), (2, 3));
        assert_eq!(faults.place(8), (3, 1));
        assert_eq!(faults.place(1_000), (3, 1));
    }

    #[test]
    fn g2_the_nearest_word_is_found_if_it_can_be_meant() {
        let words = ["domain", "data_dir", "limits"];
        assert_eq!(nearest("domian", words), Some("domain"));
        assert_eq!(nearest("Domain", words), Some("domain"));
        assert_eq!(nearest("limit", words), Some("limits"));
        assert_eq!(nearest("datadir", words), Some("data_dir"));
        assert_eq!(nearest("x", words), None);
        assert_eq!(nearest("quota", words), None);
        assert_eq!(nearest(&"x".repeat(100_000), words), None);
    }
}

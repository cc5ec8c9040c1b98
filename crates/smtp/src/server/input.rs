//! The bytes that wait to be understood, and the lines among them.
//!
//! A line ends in CR LF and nothing else (RFC 5321 section 2.3.8). A line above its ceiling is
//! reported once and the rest of it skipped, so that memory stays flat.

use ::mail::limits::{SMTP_INPUT_BYTES_MAX, SMTP_LINE_SKIP_BYTES_MAX};
use memchr::memchr;

/// The input buffer.
#[derive(Debug, Default)]
pub(super) struct Input {
    bytes: Vec<u8>,
    /// Bytes before this were used.
    start: usize,
    /// No LF between `start` and this: each byte is looked at once, however finely split.
    searched: usize,
    skipping: Skipping,
}

/// Whether the rest of a line that was too long is still to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Skipping {
    #[default]
    No,
    /// It is: whether its last byte was a CR, and how many bytes were skipped.
    Rest { after_cr: bool, skipped_bytes: usize },
}

/// What [`Input::line`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its CR LF.
    Whole(Vec<u8>),
    /// A line above the ceiling; the rest of it will be skipped.
    TooLong,
    /// Still no end of a line after all that may be skipped of one.
    Endless,
    /// A line with a CR or LF alone.
    Broken,
    /// Not yet a whole line.
    Incomplete,
}

impl Input {
    /// Appends; false if that is more than may wait.
    #[must_use]
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        if self.unread().len() + bytes.len() > SMTP_INPUT_BYTES_MAX {
            return false;
        }
        self.bytes.drain(..self.start);
        self.searched = self.searched.saturating_sub(self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
        true
    }

    /// What was not used yet.
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unread().is_empty()
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Marks the first `n` unread bytes as used.
    pub(super) fn consume(&mut self, n: usize) {
        self.start += n;
        self.searched = self.searched.max(self.start);
    }

    /// Gives memory back if nothing waits.
    pub(super) fn release(&mut self) {
        if self.is_empty() {
            self.bytes = Vec::new();
            self.start = 0;
            self.searched = 0;
        }
    }

    /// The next line of at most `bytes_max` bytes, CR LF included.
    pub(super) fn line(&mut self, bytes_max: usize) -> Line {
        match self.skip() {
            Ok(()) => self.whole_line(bytes_max),
            Err(line) => line,
        }
    }

    fn whole_line(&mut self, bytes_max: usize) -> Line {
        let end = self.bytes.len().min(self.start + bytes_max);
        let Some(found) = memchr(b'\n', &self.bytes[self.searched..end]) else {
            return self.no_end_until(end, bytes_max);
        };
        let length = self.searched + found - self.start;
        let line = match self.unread()[..length].split_last() {
            Some((b'\r', line)) if memchr(b'\r', line).is_none() => Line::Whole(line.to_vec()),
            _ => Line::Broken,
        };
        self.consume(length + 1);
        line
    }

    fn no_end_until(&mut self, end: usize, bytes_max: usize) -> Line {
        self.searched = end;
        if end - self.start < bytes_max {
            return Line::Incomplete;
        }
        let after_cr = self.bytes[..end].ends_with(b"\r");
        self.skipping = Skipping::Rest { after_cr, skipped_bytes: 0 };
        self.consume(bytes_max);
        Line::TooLong
    }

    /// Drops the rest of a line that was too long.
    fn skip(&mut self) -> Result<(), Line> {
        let Skipping::Rest { after_cr, skipped_bytes } = self.skipping else {
            return Ok(());
        };
        let Some(at) = memchr(b'\n', self.unread()) else {
            let after_cr = self.unread().last().map_or(after_cr, |&last| last == b'\r');
            let skipped_bytes = skipped_bytes + self.unread().len();
            self.skipping = Skipping::Rest { after_cr, skipped_bytes };
            self.consume(self.unread().len());
            let is_endless = skipped_bytes > SMTP_LINE_SKIP_BYTES_MAX;
            return Err(if is_endless { Line::Endless } else { Line::Incomplete });
        };
        let after_cr = if at == 0 { after_cr } else { self.unread()[at - 1] == b'\r' };
        self.skipping = Skipping::No;
        self.consume(at + 1);
        if after_cr { Ok(()) } else { Err(Line::Broken) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(bytes: &[u8]) -> Input {
        let mut input = Input::default();
        assert!(input.push(bytes));
        input
    }

    #[test]
    fn a_line_at_the_ceiling_and_one_past_it() {
        assert_eq!(input(b"12345678\r\n").line(10), Line::Whole(b"12345678".to_vec()));
        assert_eq!(input(b"123456789\r\n").line(10), Line::TooLong);
    }

    #[test]
    fn s24_a_line_is_skipped_up_to_the_ceiling_and_endless_one_past_it() {
        let mut input = input(b"1234567890");
        assert_eq!(input.line(10), Line::TooLong);
        for _ in 0..SMTP_LINE_SKIP_BYTES_MAX / 1_024 {
            assert!(input.push(&[b'x'; 1_024]));
            assert_eq!(input.line(10), Line::Incomplete);
        }
        assert!(input.push(b"x"));
        assert_eq!(input.line(10), Line::Endless);
    }

    #[test]
    fn the_line_after_one_that_was_too_long_is_whole() {
        let mut input = input(b"1234567890123\r\nNOOP\r\n");
        assert_eq!(input.line(10), Line::TooLong);
        assert_eq!(input.line(10), Line::Whole(b"NOOP".to_vec()));
        assert_eq!(input.line(10), Line::Incomplete);
    }

    #[test]
    fn the_rest_of_a_long_line_is_not_kept() {
        let mut input = input(&[b'x'; 1000]);
        assert_eq!(input.line(10), Line::TooLong);
        assert_eq!(input.line(10), Line::Incomplete);
        input.release();
        assert_eq!(input.bytes.capacity(), 0);
    }

    #[test]
    fn a_long_line_with_a_bare_line_feed_is_broken() {
        let mut input = input(b"1234567890123\nNOOP\r\n");
        assert_eq!(input.line(10), Line::TooLong);
        assert_eq!(input.line(10), Line::Broken);
    }

    #[test]
    fn bare_line_ends_break_a_line() {
        for bad in [&b"NOOP\n"[..], b"\n", b"NO\rOP\r\n", b"NOOP\r\r\n", b"\r\r\n"] {
            assert_eq!(input(bad).line(100), Line::Broken, "{bad:?}");
        }
    }

    #[test]
    fn what_may_wait_is_bounded() {
        let mut input = Input::default();
        assert!(input.push(&vec![b'x'; SMTP_INPUT_BYTES_MAX]));
        assert!(!input.push(b"x"));
    }
}

//! Finds the first byte that ends a line in some programs and not in others, or ends a text in
//! some: bare CR, bare LF, NUL.

use memchr::memchr3_iter;

/// A message being looked through.
#[derive(Debug, Default)]
pub(super) struct LineCheck {
    offset: u64,
    after_return: bool,
    oddity: Option<u64>,
}

impl LineCheck {
    pub(super) fn new() -> LineCheck {
        LineCheck::default()
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.oddity.is_none() {
            self.oddity = self.first_odd(bytes).map(|at| self.offset + at as u64);
        }
        self.offset += bytes.len() as u64;
        self.after_return = bytes.last().map_or(self.after_return, |&b| b == b'\r');
    }

    /// Where the first one is. A CR at the very end is one.
    pub(super) fn finish(&self) -> Option<u64> {
        self.oddity.or(self.after_return.then_some(self.offset))
    }

    fn first_odd(&self, bytes: &[u8]) -> Option<usize> {
        if self.after_return && bytes.first().is_some_and(|&b| b != b'\n') {
            return Some(0);
        }
        memchr3_iter(b'\r', b'\n', b'\0', bytes).find(|&at| match bytes[at] {
            // One at the end of the piece is judged with the next piece.
            b'\r' => bytes.get(at + 1).is_some_and(|&next| next != b'\n'),
            b'\n' if at == 0 => !self.after_return,
            b'\n' => bytes[at - 1] != b'\r',
            _ => true,
        })
    }
}

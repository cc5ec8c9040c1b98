//! A second pair of eyes on where requests begin and end, stricter than `hyper`'s.
//!
//! `hyper` takes a bare LF for a line end and a request with both Content-Length and
//! Transfer-Encoding for a chunked one. RFC 9112 (sections 2.2 and 6.1) allows that, but every
//! smuggled request lives off two programs reading one byte stream differently. What could be read
//! in two ways is refused here before `hyper` sees it.

/// Bytes of a header line that are kept: enough for the two names that matter and any honest
/// length.
const LINE_KEPT_BYTES: usize = 64;
/// Most digits of a Content-Length; no body here is near 10^18 bytes.
const LENGTH_DIGITS_MAX: usize = 18;

/// Follows the bytes of one connection from request to request.
#[derive(Debug, Default)]
pub(super) struct Framing {
    place: Place,
    heads_done: u64,
}

/// Bytes may be refused: they are this far into what was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RefusedAt(pub(super) usize);

/// Where the next byte belongs.
#[derive(Debug, Default)]
enum Place {
    /// Before a request line.
    #[default]
    Between,
    Head(Head),
    /// In a body with this many bytes to come, never zero.
    Body(u64),
    /// In a chunked body, after which the connection ends: see [`super::connection`].
    Chunked,
}

#[derive(Debug, Default)]
struct Head {
    line: Vec<u8>,
    line_bytes: usize,
    after_cr: bool,
    has_request_line: bool,
    content_length: Option<u64>,
    is_chunked: bool,
}

impl Framing {
    /// Reads on. An error is final.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), RefusedAt> {
        let mut at = 0;
        while at < bytes.len() {
            at += self.step(&bytes[at..]).ok_or(RefusedAt(at))?;
        }
        Ok(())
    }

    /// True from the first byte of a head to its empty line.
    pub(super) fn is_in_head(&self) -> bool {
        matches!(self.place, Place::Head(_))
    }

    /// Whole heads so far.
    pub(super) fn heads_done(&self) -> u64 {
        self.heads_done
    }

    /// Takes at least one byte of a non-empty slice; `None` refuses the first of them.
    fn step(&mut self, bytes: &[u8]) -> Option<usize> {
        match &mut self.place {
            Place::Between => {
                self.place = Place::Head(Head::default());
                self.step_head(bytes[0])?;
                Some(1)
            }
            Place::Head(_) => {
                self.step_head(bytes[0])?;
                Some(1)
            }
            Place::Body(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                if *left == 0 {
                    self.place = Place::Between;
                }
                Some(taken)
            }
            Place::Chunked => Some(bytes.len()),
        }
    }

    fn step_head(&mut self, byte: u8) -> Option<()> {
        let Place::Head(head) = &mut self.place else { return Some(()) };
        if byte != b'\n' {
            head.push(byte);
            return Some(());
        }
        if !head.after_cr {
            return None;
        }
        if !head.is_at_empty_line() {
            return head.end_line();
        }
        // Empty lines before a request line are skipped (RFC 9112 section 2.2).
        self.heads_done += u64::from(head.has_request_line);
        self.place = head.what_follows();
        Some(())
    }
}

impl Head {
    fn push(&mut self, byte: u8) {
        self.after_cr = byte == b'\r';
        self.line_bytes += 1;
        if self.line.len() < LINE_KEPT_BYTES {
            self.line.push(byte);
        }
    }

    fn is_at_empty_line(&self) -> bool {
        self.line_bytes == 1
    }

    /// Judges the line that is complete, its CR included; `None` refuses it.
    fn end_line(&mut self) -> Option<()> {
        if self.has_request_line {
            self.end_field()?;
        }
        self.has_request_line = true;
        self.line.clear();
        self.line_bytes = 0;
        self.after_cr = false;
        Some(())
    }

    fn end_field(&mut self) -> Option<()> {
        let line = &self.line[..self.line.len().min(self.line_bytes - 1)];
        if line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
            return None;
        }
        let colon = line.iter().position(|&b| b == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        if name.eq_ignore_ascii_case(b"content-length") {
            let is_whole = self.line_bytes <= LINE_KEPT_BYTES;
            let is_first = self.content_length.is_none() && !self.is_chunked;
            let length = value.get(1..).filter(|_| is_whole && is_first).and_then(length)?;
            self.content_length = Some(length);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.content_length.is_some() || self.is_chunked {
                return None;
            }
            self.is_chunked = true;
        }
        Some(())
    }

    fn what_follows(&self) -> Place {
        match self.content_length {
            _ if self.is_chunked => Place::Chunked,
            Some(length) if length > 0 => Place::Body(length),
            _ => Place::Between,
        }
    }
}

/// A Content-Length value: digits alone, between optional white space.
fn length(value: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    let is_plain = (1..=LENGTH_DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit());
    if is_plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds whole and byte by byte; both must agree.
    fn feed(bytes: &str) -> Result<u64, RefusedAt> {
        let mut whole = Framing::default();
        let result = whole.feed(bytes.as_bytes()).map(|()| whole.heads_done());
        let mut single = Framing::default();
        let by_byte = (0..bytes.len())
            .try_for_each(|at| {
                single.feed(&bytes.as_bytes()[at..=at]).map_err(|RefusedAt(_)| RefusedAt(at))
            })
            .map(|()| single.heads_done());
        assert_eq!(result, by_byte);
        result
    }

    fn is_refused(fields: &str) -> bool {
        feed(&format!("POST /new HTTP/1.1\r\nHost: x\r\n{fields}\r\n")).is_err()
    }

    #[test]
    fn requests_are_told_apart() {
        let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        assert_eq!(feed(&format!("{get}{get}\r\n\r\n{get}")), Ok(3));
        let post = "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\na\nb\n\n";
        assert_eq!(feed(&format!("{post}{get}{post}")), Ok(3));
        assert_eq!(feed("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n"), Ok(1));
    }

    #[test]
    fn h1_bare_lf_in_a_head_is_refused() {
        assert_eq!(feed("GET / HTTP/1.1\nHost: x\n\n"), Err(RefusedAt(14)));
        assert_eq!(feed("GET / HTTP/1.1\r\nHost: x\n\r\n"), Err(RefusedAt(23)));
        assert_eq!(feed("\nGET / HTTP/1.1\r\n\r\n"), Err(RefusedAt(0)));
    }

    #[test]
    fn h1_two_framings_of_one_body_are_refused() {
        assert!(is_refused("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"));
        assert!(is_refused("Transfer-Encoding: chunked\r\ncontent-length: 1\r\n"));
        assert!(is_refused("Content-Length: 1\r\nContent-Length: 1\r\n"));
        assert!(is_refused("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"));
    }

    #[test]
    fn h1_folded_lines_are_refused() {
        assert!(is_refused("X: a\r\n b\r\n"));
        assert!(is_refused("Content-Length: 1\r\n\t0\r\n"));
    }

    #[test]
    fn h1_only_plain_lengths_count() {
        for value in ["+1", "-1", "1, 1", "1 1", "0x1", "", "1234567890123456789", "\u{661}"] {
            assert!(is_refused(&format!("Content-Length: {value}\r\n")), "{value}");
        }
        assert!(is_refused(&format!("Content-Length:{}1\r\n", " ".repeat(LINE_KEPT_BYTES))));
        assert!(!is_refused("Content-Length: \t 123456789012345678 \r\n"));
        assert!(!is_refused(&format!("X-Long: {}\r\n", "y".repeat(10_000))));
    }
}

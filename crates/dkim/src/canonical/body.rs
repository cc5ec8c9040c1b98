//! Bodies in canonical form (RFC 6376 sections 3.4.3 and 3.4.4), as they stream by.
//!
//! What counts only if something follows (line ends, and in relaxed form white space) is counted
//! and not kept, so that the state has one size whatever the body. CR LF ends a line; a CR or LF
//! alone is content.

use memchr::{memchr, memchr3};
use ring::digest;

use super::Form;

const LINE_END: &[u8] = b"\r\n";
/// Line ends to be given out many at once.
const LINE_ENDS: &[u8] = b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";

/// A body on its way into canonical form.
#[derive(Clone, Debug)]
pub struct BodyForm {
    form: Form,
    /// Anything but line ends was given out.
    begun: bool,
    /// The last byte was a CR.
    cr: bool,
    /// Line ends that wait for content after them.
    line_ends: u64,
    /// Relaxed: white space that waits for content in the same line.
    space: bool,
}

impl BodyForm {
    /// Before the first byte.
    pub fn new(form: Form) -> BodyForm {
        BodyForm { form, begun: false, cr: false, line_ends: 0, space: false }
    }

    /// The next bytes of the body; canonical ones go to `out`.
    pub fn feed(&mut self, mut bytes: &[u8], out: &mut impl FnMut(&[u8])) {
        if self.cr && !bytes.is_empty() {
            self.cr = false;
            if let Some(rest) = bytes.strip_prefix(b"\n") {
                self.line_end();
                bytes = rest;
            } else {
                self.content(b"\r", out);
            }
        }
        while !bytes.is_empty() {
            let used = self.step(bytes, out);
            bytes = &bytes[used..];
        }
    }

    /// The body is over. Its last line is ended if it was not, and empty lines at the end count for
    /// nothing; an empty body is one line end in simple form and nothing in relaxed form.
    pub fn finish(mut self, out: &mut impl FnMut(&[u8])) {
        if self.cr {
            self.content(b"\r", out);
        }
        if self.begun || self.form == Form::Simple {
            out(LINE_END);
        }
    }

    /// Takes at least one byte; gives how many.
    fn step(&mut self, bytes: &[u8], out: &mut impl FnMut(&[u8])) -> usize {
        match bytes {
            [b'\r'] => {
                self.cr = true;
                1
            }
            [b'\r', b'\n', ..] => {
                self.line_end();
                2
            }
            [b' ' | b'\t', ..] if self.form == Form::Relaxed => {
                self.space = true;
                1
            }
            _ => {
                let run = 1 + self.plain_run(&bytes[1..]);
                self.content(&bytes[..run], out);
                run
            }
        }
    }

    /// How many bytes may be passed on as they are.
    fn plain_run(&self, bytes: &[u8]) -> usize {
        let end = match self.form {
            Form::Simple => memchr(b'\r', bytes),
            Form::Relaxed => memchr3(b'\r', b' ', b'\t', bytes),
        };
        end.unwrap_or(bytes.len())
    }

    fn line_end(&mut self) {
        self.line_ends += 1;
        self.space = false;
    }

    fn content(&mut self, bytes: &[u8], out: &mut impl FnMut(&[u8])) {
        while self.line_ends > 0 {
            let now = self.line_ends.min((LINE_ENDS.len() / LINE_END.len()) as u64);
            out(&LINE_ENDS[..now as usize * LINE_END.len()]);
            self.line_ends -= now;
        }
        if std::mem::take(&mut self.space) {
            out(b" ");
        }
        out(bytes);
        self.begun = true;
    }
}

/// SHA-256 of a body in canonical form.
#[derive(Clone)]
pub struct BodyHash {
    form: BodyForm,
    digest: digest::Context,
    len: u64,
}

impl BodyHash {
    /// Before the first byte.
    pub fn new(form: Form) -> BodyHash {
        let digest = digest::Context::new(&digest::SHA256);
        BodyHash { form: BodyForm::new(form), digest, len: 0 }
    }

    /// The next bytes of the body.
    pub fn feed(&mut self, bytes: &[u8]) {
        let (digest, len) = (&mut self.digest, &mut self.len);
        self.form.feed(bytes, &mut |canonical| {
            digest.update(canonical);
            *len += canonical.len() as u64;
        });
    }

    /// The hash, and the length in bytes of what was hashed.
    pub fn finish(self) -> (digest::Digest, u64) {
        let BodyHash { form, mut digest, mut len } = self;
        form.finish(&mut |canonical| {
            digest.update(canonical);
            len += canonical.len() as u64;
        });
        (digest.finish(), len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(form: Form, pieces: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut body = BodyForm::new(form);
        pieces.iter().for_each(|piece| body.feed(piece, &mut |bytes| out.extend_from_slice(bytes)));
        body.finish(&mut |bytes| out.extend_from_slice(bytes));
        out
    }

    /// The same on a whole body, said the way the RFC says it.
    fn naive(form: Form, body: &str) -> Vec<u8> {
        let mut lines: Vec<String> = body.split("\r\n").map(str::to_owned).collect();
        if form == Form::Relaxed {
            lines.iter_mut().for_each(|line| *line = squeezed(line));
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let mut text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        if text.is_empty() && form == Form::Simple {
            text = "\r\n".into();
        }
        text.into_bytes()
    }

    fn squeezed(line: &str) -> String {
        let mut out = String::new();
        for c in line.trim_end_matches([' ', '\t']).chars() {
            let space = c == ' ' || c == '\t';
            match (space, out.ends_with(' ')) {
                (true, true) => {}
                (true, false) => out.push(' '),
                _ => out.push(c),
            }
        }
        out
    }

    #[test]
    fn k2_the_examples_of_rfc_6376_section_3_4_5() {
        let body: &[u8] = b" C \r\nD \t E\r\n\r\n\r\n";
        assert_eq!(canonical(Form::Relaxed, &[body]), b" C\r\nD E\r\n");
        assert_eq!(canonical(Form::Simple, &[body]), b" C \r\nD \t E\r\n");
    }

    #[test]
    fn k2_corners() {
        for (body, simple, relaxed) in [
            (&b""[..], &b"\r\n"[..], &b""[..]),
            (b"\r\n\r\n", b"\r\n", b""),
            (b" \t\r\n \r\n", b" \t\r\n \r\n", b""),
            (b"a", b"a\r\n", b"a\r\n"),
            (b"a\r", b"a\r\r\n", b"a\r\r\n"),
            (b"\r\n\r\na\r\n", b"\r\n\r\na\r\n", b"\r\n\r\na\r\n"),
            (b"\t a\r\n", b"\t a\r\n", b" a\r\n"),
            (b"a\n\r\n", b"a\n\r\n", b"a\n\r\n"),
        ] {
            assert_eq!(canonical(Form::Simple, &[body]), simple, "{body:?}");
            assert_eq!(canonical(Form::Relaxed, &[body]), relaxed, "{body:?}");
        }
    }

    #[test]
    fn many_empty_lines_are_given_out_when_something_follows() {
        let body = ["\r\n".repeat(1_000), "x\r\n".into()].concat();
        assert_eq!(canonical(Form::Relaxed, &[body.as_bytes()]), body.as_bytes());
    }

    #[test]
    fn hashes_known_to_everybody() {
        let hash = |form, body: &[u8]| {
            let mut hash = BodyHash::new(form);
            hash.feed(body);
            hash.finish()
        };
        let (digest, len) = hash(Form::Relaxed, b"\r\n");
        assert_eq!((digest.as_ref()[..4].to_vec(), len), (b"\xe3\xb0\xc4\x42".to_vec(), 0));
        let (digest, len) = hash(Form::Simple, b"");
        assert_eq!((digest.as_ref()[..4].to_vec(), len), (b"\x7e\xb7\x02\x57".to_vec(), 2));
    }

    proptest! {
        #[test]
        fn k2_streaming_is_the_same_as_the_whole(
            pieces in proptest::collection::vec("[ab \t\r\n]{0,6}|(\r\n){0,20}|( |\r\n){0,9}", 0..12),
        ) {
            let body = pieces.concat();
            let pieces: Vec<_> = pieces.iter().map(String::as_bytes).collect();
            for form in [Form::Simple, Form::Relaxed] {
                prop_assert_eq!(canonical(form, &pieces), naive(form, &body));
            }
        }
    }
}

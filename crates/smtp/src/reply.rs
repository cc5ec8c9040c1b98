//! Replies, closed: whatever text goes in, what comes out is one well-formed reply.
//!
//! A [`Reply`] cannot hold CR or LF or any other control character, and none of its lines is longer
//! than RFC 5321 section 4.5.3.1.5 allows. [`table`] holds every reply of the house by name; nobody
//! else makes one out of a code and a text, except to pass on what a peer said.

mod table;

use std::borrow::Cow;
use std::fmt;

/// Longest line of a reply in bytes, without CR LF (RFC 5321 section 4.5.3.1.5).
const LINE_BYTES_MAX: usize = 510;

/// Class, subject and detail of an enhanced status code (RFC 3463).
pub type EnhancedCode = (u8, u16, u16);

/// One SMTP reply of one or more lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    enhanced: Option<EnhancedCode>,
    /// Lines joined by LF; no other control character.
    text: Cow<'static, str>,
}

impl Reply {
    /// A reply of one line. Control characters in `text` become `?`. A code outside 200 to 599
    /// becomes 451: a reply nobody could read must not look like success.
    pub fn new(code: u16, enhanced: Option<EnhancedCode>, text: &str) -> Self {
        Self::assemble(code, enhanced, Cow::Owned(clean(text)))
    }

    /// A reply of several lines, each as in [`Reply::new`].
    pub fn of_lines<'a>(
        code: u16,
        enhanced: Option<EnhancedCode>,
        lines: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let lines: Vec<_> = lines.into_iter().map(clean).collect();
        Self::assemble(code, enhanced, Cow::Owned(lines.join("\n")))
    }

    /// A reply of the table: `text` is one clean line by inspection.
    const fn fixed(code: u16, enhanced: Option<EnhancedCode>, text: &'static str) -> Self {
        Self { code, enhanced, text: Cow::Borrowed(text) }
    }

    fn assemble(code: u16, enhanced: Option<EnhancedCode>, text: Cow<'static, str>) -> Self {
        let code = if (200..600).contains(&code) { code } else { 451 };
        Self { code, enhanced, text }
    }

    /// The three digits.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced status code, if there is one.
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        self.enhanced
    }

    /// The text without codes; lines are joined by LF.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// 2xx.
    pub fn is_success(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4xx: the same may work later.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// 5xx: the same will fail again.
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }

    /// Appends the reply as it goes over the wire (RFC 5321 section 4.2), with CR LF.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let mut lines = self.text.split('\n').peekable();
        while let Some(line) = lines.next() {
            let separator = if lines.peek().is_some() { '-' } else { ' ' };
            out.extend_from_slice(self.line(separator, line).as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }

    fn line(&self, separator: char, text: &str) -> String {
        let mut line = match self.enhanced {
            Some((class, subject, detail)) => {
                format!("{}{separator}{class}.{subject}.{detail} {text}", self.code)
            }
            None => format!("{}{separator}{text}", self.code),
        };
        line.truncate(line.floor_char_boundary(LINE_BYTES_MAX));
        line
    }
}

/// One line without CR LF, as in a log, an HTTP body or a delivery report.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line(' ', &self.text.replace('\n', " ")))
    }
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests;

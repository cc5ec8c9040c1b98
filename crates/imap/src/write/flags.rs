//! Flags (RFC 3501 sections 2.3.2 and 7.2.6).

use std::fmt;

use mail::mailbox::{Flags, Keyword, SystemFlags};

use super::put;

/// The flags of one message in parentheses.
pub struct FlagList<'a> {
    /// Flags and keywords.
    pub flags: &'a Flags,
    /// `\Recent`, which is the session's knowledge.
    pub recent: bool,
}

impl fmt::Display for FlagList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        let mut gap = "";
        for name in self.flags.system.names().chain(self.recent.then_some("\\Recent")) {
            write!(f, "{gap}{name}")?;
            gap = " ";
        }
        for keyword in self.flags.keywords() {
            write!(f, "{gap}{}", keyword.as_str())?;
            gap = " ";
        }
        f.write_str(")")
    }
}

/// `* FLAGS (...)`: the system flags and these keywords.
pub fn flags_line(out: &mut Vec<u8>, keywords: &[Keyword]) {
    out.extend_from_slice(b"* FLAGS (");
    for (index, name) in SystemFlags::ALL.names().enumerate() {
        put!(out, "{}{name}", if index == 0 { "" } else { " " });
    }
    for keyword in keywords {
        put!(out, " {}", keyword.as_str());
    }
    out.extend_from_slice(b")\r\n");
}

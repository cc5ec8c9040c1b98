//! Flag lists (RFC 3501 sections 2.3.2 and 9).

use mail::limits;
use mail::mailbox::{Flags, Keyword, SystemFlags};

use super::cursor::Cursor;
use super::{Parsed, is_atom_char};
use crate::command::{BadFlags, FlagsArg};

/// `(flag flag ...)`
pub(super) fn flag_list(cursor: &mut Cursor<'_>) -> Parsed<FlagsArg> {
    let mut found = Found::default();
    cursor.list(|cursor| found.flag(cursor))?;
    Ok(found.into_argument())
}

/// Flags without parentheses, up to the end of the command.
pub(super) fn bare_flags(cursor: &mut Cursor<'_>) -> Parsed<FlagsArg> {
    let mut found = Found::default();
    found.flag(cursor)?;
    while !cursor.at_end() {
        found.flag(cursor)?;
    }
    Ok(found.into_argument())
}

#[derive(Default)]
struct Found {
    flags: Flags,
    count: usize,
}

impl Found {
    fn flag(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        self.count += 1;
        if self.count > limits::IMAP_ITEMS_MAX {
            return Err("Too many flags.");
        }
        let is_system = cursor.peek() == Some(b'\\');
        let name = cursor.take_while(|byte| is_atom_char(byte) || byte == b'\\');
        let name = std::str::from_utf8(name).map_err(|_| "Bad flag.")?;
        match is_system {
            true => self.system(name),
            false => self.keyword(name),
        }
    }

    /// `\Recent` is the server's alone to give; asking for it changes nothing.
    fn system(&mut self, name: &str) -> Parsed<()> {
        if !name.eq_ignore_ascii_case("\\Recent") {
            self.flags.insert(SystemFlags::parse(name).ok_or("Unknown system flag.")?);
        }
        Ok(())
    }

    fn keyword(&mut self, name: &str) -> Parsed<()> {
        self.flags.insert_keyword(keyword(name)?);
        Ok(())
    }

    fn into_argument(self) -> FlagsArg {
        match self.flags.has_too_many_keywords() {
            true => Err(BadFlags { text: "Too many keywords." }),
            false => Ok(self.flags),
        }
    }
}

/// A keyword by its name.
pub(super) fn keyword(name: &str) -> Parsed<Keyword> {
    Keyword::parse(name).ok_or("Not a keyword, or too long.")
}

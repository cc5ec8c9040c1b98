//! SEARCH's keys into a flat program (RFC 3501 section 6.4.4).
//!
//! Nesting lives on a stack of its own, never on the call stack, and each key is read once.

use mail::limits;

use super::arguments::sequence_set;
use super::cursor::Cursor;
use super::flags::keyword;
use super::{Parsed, arguments};
use crate::command::{DateTest, SearchCharset, SearchFlag, SearchKey, SearchQuery, SearchStep};
use mail::time::text::parse_imap_date;

/// Everything after SEARCH and its space.
pub(super) fn query(cursor: &mut Cursor<'_>) -> Parsed<SearchQuery> {
    let mut builder = Builder { steps: Vec::new(), open: vec![Open::List(0)], keys: 0 };
    let mut charset = SearchCharset::Utf8;
    let mut first_word = None;
    if cursor.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
        let word = cursor.word()?;
        if word == b"CHARSET" {
            charset = read_charset(cursor)?;
        } else {
            first_word = Some(word);
        }
    }
    builder.run(cursor, first_word)?;
    Ok(SearchQuery { charset, steps: builder.steps })
}

fn read_charset(cursor: &mut Cursor<'_>) -> Parsed<SearchCharset> {
    cursor.space()?;
    let name = cursor.astring()?.to_ascii_uppercase();
    cursor.space()?;
    match name.as_slice() {
        b"UTF-8" | b"US-ASCII" => Ok(SearchCharset::Utf8),
        _ => Ok(SearchCharset::Other),
    }
}

/// Something that waits for the keys it is made of.
enum Open {
    /// A list with this many keys so far; the outermost one ends with the command.
    List(usize),
    Not,
    /// True once the first of the two keys is there.
    Or(bool),
}

struct Builder {
    steps: Vec<SearchStep>,
    open: Vec<Open>,
    keys: usize,
}

impl Builder {
    /// Reads keys until the outermost list is complete.
    fn run(&mut self, cursor: &mut Cursor<'_>, mut word: Option<Vec<u8>>) -> Parsed<()> {
        loop {
            let complete = match word.take() {
                Some(word) => self.named_key(&word, cursor)?,
                None => self.key(cursor)?,
            };
            if complete && self.close(cursor)? {
                return Ok(());
            }
        }
    }

    /// Reads the beginning of a key; true if that was all of it.
    fn key(&mut self, cursor: &mut Cursor<'_>) -> Parsed<bool> {
        match cursor.peek() {
            Some(b'(') => {
                cursor.eat(b'(');
                cursor.skip_spaces();
                self.enter(Open::List(0))
            }
            Some(b'*' | b'0'..=b'9') => self.leaf(SearchKey::Sequence(sequence_set(cursor)?)),
            _ => {
                let word = cursor.word()?;
                self.named_key(&word, cursor)
            }
        }
    }

    fn named_key(&mut self, word: &[u8], cursor: &mut Cursor<'_>) -> Parsed<bool> {
        match word {
            b"NOT" => {
                cursor.space()?;
                self.enter(Open::Not)
            }
            b"OR" => {
                cursor.space()?;
                self.enter(Open::Or(false))
            }
            b"NEW" => {
                self.leaf(SearchKey::Flag(SearchFlag::Recent))?;
                self.negated_leaf(SearchKey::Flag(SearchFlag::Seen))?;
                self.steps.push(SearchStep::And(2));
                Ok(true)
            }
            _ => match flag_key(word) {
                Some((flag, true)) => self.leaf(SearchKey::Flag(flag)),
                Some((flag, false)) => self.negated_leaf(SearchKey::Flag(flag)),
                None => self.key_with_argument(word, cursor),
            },
        }
    }

    fn key_with_argument(&mut self, word: &[u8], cursor: &mut Cursor<'_>) -> Parsed<bool> {
        if word == b"ALL" {
            return self.leaf(SearchKey::All);
        }
        let spaced = cursor.skip_spaces();
        let key = argument_key(word, cursor)?;
        if !spaced {
            return Err("Expected a space.");
        }
        if word == b"UNKEYWORD" { self.negated_leaf(key) } else { self.leaf(key) }
    }

    fn leaf(&mut self, key: SearchKey) -> Parsed<bool> {
        self.keys += 1;
        if self.keys > limits::IMAP_ITEMS_MAX {
            return Err("Too many search keys.");
        }
        self.steps.push(SearchStep::Key(key));
        Ok(true)
    }

    fn negated_leaf(&mut self, key: SearchKey) -> Parsed<bool> {
        self.leaf(key)?;
        self.steps.push(SearchStep::Not);
        Ok(true)
    }

    /// The outermost list is not counted as nesting.
    fn enter(&mut self, open: Open) -> Parsed<bool> {
        if self.open.len() > limits::IMAP_NESTING_MAX {
            return Err("The search is nested too deeply.");
        }
        self.open.push(open);
        Ok(false)
    }

    /// A key is complete: completes whatever it completes. True if that is the whole query.
    fn close(&mut self, cursor: &mut Cursor<'_>) -> Parsed<bool> {
        loop {
            let outermost = self.open.len() == 1;
            match self.open.last_mut() {
                None => return Ok(true),
                Some(Open::Not) => self.steps.push(SearchStep::Not),
                Some(Open::Or(has_first @ false)) => {
                    *has_first = true;
                    cursor.space()?;
                    return Ok(false);
                }
                Some(Open::Or(true)) => self.steps.push(SearchStep::Or),
                Some(Open::List(count)) => {
                    *count += 1;
                    let spaced = cursor.skip_spaces();
                    let ended = if outermost { cursor.at_end() } else { cursor.eat(b')') };
                    match (ended, spaced) {
                        (true, _) if *count > 1 => self.steps.push(SearchStep::And(*count)),
                        (true, _) => {}
                        (false, true) => return Ok(false),
                        (false, false) => return Err("Expected a space or the end of a list."),
                    }
                }
            }
            self.open.pop();
        }
    }
}

/// Keys that are one flag, and whether it is to be set.
fn flag_key(word: &[u8]) -> Option<(SearchFlag, bool)> {
    let (name, set) = match word.strip_prefix(b"UN") {
        Some(name) => (name, false),
        None => (word, true),
    };
    let flag = match name {
        b"ANSWERED" => SearchFlag::Answered,
        b"DELETED" => SearchFlag::Deleted,
        b"DRAFT" => SearchFlag::Draft,
        b"FLAGGED" => SearchFlag::Flagged,
        b"SEEN" => SearchFlag::Seen,
        b"RECENT" if set => SearchFlag::Recent,
        b"OLD" if set => return Some((SearchFlag::Recent, false)),
        _ => return None,
    };
    Some((flag, set))
}

fn argument_key(word: &[u8], cursor: &mut Cursor<'_>) -> Parsed<SearchKey> {
    Ok(match word {
        b"BEFORE" => SearchKey::InternalDate(DateTest::Before(day(cursor)?)),
        b"ON" => SearchKey::InternalDate(DateTest::On(day(cursor)?)),
        b"SINCE" => SearchKey::InternalDate(DateTest::Since(day(cursor)?)),
        b"SENTBEFORE" => SearchKey::SentDate(DateTest::Before(day(cursor)?)),
        b"SENTON" => SearchKey::SentDate(DateTest::On(day(cursor)?)),
        b"SENTSINCE" => SearchKey::SentDate(DateTest::Since(day(cursor)?)),
        b"LARGER" => SearchKey::Larger(cursor.number()?),
        b"SMALLER" => SearchKey::Smaller(cursor.number()?),
        b"UID" => SearchKey::Uid(sequence_set(cursor)?),
        b"KEYWORD" | b"UNKEYWORD" => SearchKey::Keyword(read_keyword(cursor)?),
        b"BODY" => SearchKey::Body(cursor.astring()?.into_owned()),
        b"TEXT" => SearchKey::Text(cursor.astring()?.into_owned()),
        b"HEADER" => {
            let name = arguments::text(&cursor.astring()?)?.to_ascii_lowercase();
            cursor.space()?;
            SearchKey::Header { name, value: cursor.astring()?.into_owned() }
        }
        b"BCC" | b"CC" | b"FROM" | b"SUBJECT" | b"TO" => {
            let name = arguments::text(word)?.to_ascii_lowercase();
            SearchKey::Header { name, value: cursor.astring()?.into_owned() }
        }
        _ => return Err("Unknown search key."),
    })
}

fn read_keyword(cursor: &mut Cursor<'_>) -> Parsed<mail::mailbox::Keyword> {
    let name = arguments::text(cursor.atom()?)?;
    keyword(&name)
}

fn day(cursor: &mut Cursor<'_>) -> Parsed<mail::Day> {
    parse_imap_date(&cursor.astring()?).map(mail::Timestamp::day).ok_or("Bad date.")
}

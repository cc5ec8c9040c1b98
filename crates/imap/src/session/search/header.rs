//! What SEARCH looks at in a header block.
//!
//! Values are unfolded, encoded words (RFC 2047) decoded, case folded; the raw form counts as well,
//! so that a search for what a client sees and one for what is written both succeed.

use mail::encoding::words;
use mail::header::{Field, HeaderBlock};
use mail::time::text::parse_rfc5322;
use memchr::memmem;

use super::program::{Leaf, holds};
use super::scan::fold;

/// Whether a leaf is true of a header block. Unknown for what the body may decide.
pub(super) fn truth(leaf: &Leaf, block: &[u8]) -> Option<bool> {
    let header = HeaderBlock::new(block);
    match leaf {
        Leaf::Header { name, value } => Some(header.all(name).any(|field| contains(&field, value))),
        Leaf::SentDate(test) => {
            let date = header.first("date");
            let sent = date.and_then(|field| parse_rfc5322(&field.unfolded()));
            Some(sent.is_some_and(|sent| holds(*test, sent.local_date().day())))
        }
        Leaf::Text(value) => {
            let mut fields = header.fields().filter_map(Result::ok);
            let found = is_in(block, value) || fields.any(|field| contains(&field, value));
            found.then_some(true)
        }
        _ => None,
    }
}

fn contains(field: &Field<'_>, folded: &[u8]) -> bool {
    let value = field.unfolded();
    is_in(&value, folded) || is_in(words::decode_words(&value).as_bytes(), folded)
}

fn is_in(text: &[u8], folded: &[u8]) -> bool {
    memmem::find(&fold(text), folded).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &[u8] = b"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n aus Wien\r\n\
        Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nX: y\r\n\r\n";

    fn subject(value: &str) -> Option<bool> {
        truth(&Leaf::Header { name: "subject".into(), value: fold(value.as_bytes()) }, BLOCK)
    }

    #[test]
    fn encoded_words_and_folds_are_read() {
        assert_eq!(subject("GRÜß"), Some(true));
        assert_eq!(subject("=?utf-8?q?"), Some(true));
        assert_eq!(subject("AUS wien"), Some(true));
        assert_eq!(subject(""), Some(true));
        assert_eq!(subject("y"), Some(false));
    }

    #[test]
    fn a_field_that_is_not_there_holds_not_even_nothing() {
        assert_eq!(
            truth(&Leaf::Header { name: "to".into(), value: Vec::new() }, BLOCK),
            Some(false)
        );
    }

    #[test]
    fn text_that_is_not_in_the_header_may_be_in_the_body() {
        assert_eq!(truth(&Leaf::Text(b"wien".to_vec()), BLOCK), Some(true));
        assert_eq!(truth(&Leaf::Text(b"berlin".to_vec()), BLOCK), None);
        assert_eq!(truth(&Leaf::Body(b"wien".to_vec()), BLOCK), None);
    }
}

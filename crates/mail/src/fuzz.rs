//! What fuzzers do with bytes: one function for each parser a stranger can reach.
//!
//! Each checks what must hold for every input and panics where it does not. The same functions run
//! over the kept corpus (`fuzz/corpus`) as an ordinary test. Nothing in the program calls them.

use std::str::FromStr;

use crate::address::Address;
use crate::gate::{Direction, Findings, Gate, GateError};
use crate::header::{addresses, disposition, media_type};
use crate::mailbox_name::MailboxName;
use crate::mime::SkeletonBuilder;
use crate::skeleton::Skeleton;
use crate::time::Timestamp;
use crate::time::text::{parse_imap_date, parse_imap_date_time, parse_rfc5322};
use crate::uid_set::UidSet;

/// The gate finds the same in a message however it is cut.
pub fn gate(bytes: &[u8]) {
    for direction in [Direction::Outgoing, Direction::Incoming] {
        let whole = judged(bytes, direction, bytes.len());
        assert_eq!(judged(bytes, direction, 7), whole);
    }
}

fn judged(bytes: &[u8], direction: Direction, piece: usize) -> Result<Findings, GateError> {
    let mut gate = Gate::new(direction);
    bytes.chunks(piece.max(1)).for_each(|piece| gate.feed(piece));
    gate.finish()
}

/// The skeleton is the same however a message is cut, and its parts lie within their parents.
pub fn mime_skeleton(bytes: &[u8]) {
    let whole = skeleton(bytes, bytes.len());
    assert_eq!(skeleton(bytes, 5), whole);
    for part in &whole.parts {
        assert!(part.header.end <= part.body.start && part.body.start <= part.body.end);
        for child in &part.children {
            let child = &whole.parts[*child as usize];
            assert!(part.body.start <= child.header.start && child.body.end <= part.body.end);
        }
    }
}

fn skeleton(bytes: &[u8], piece: usize) -> Skeleton {
    let mut builder = SkeletonBuilder::new();
    bytes.chunks(piece.max(1)).for_each(|piece| builder.feed(piece));
    builder.finish()
}

/// Structured field values of any kind.
pub fn header_addresses(bytes: &[u8]) {
    let _ = addresses(bytes);
    let _ = (media_type(bytes), disposition(bytes));
}

/// An address that parses is clean and parses to itself.
pub fn address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(address) = Address::parse(text) else { return };
    let shown = address.as_str();
    assert!(!shown.contains(|c: char| c.is_control() || c.is_whitespace() || "<>".contains(c)));
    assert_eq!(Address::parse(shown).as_ref(), Ok(&address));
    let _ = address.without_tag();
}

/// A set that parses comes back from its own text.
pub fn uid_set(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(set) = UidSet::from_str(text) else { return };
    assert_eq!(set.to_string().parse(), Ok(set.clone()));
    if let (Some(last), Ok(rank)) = (set.last(), u32::try_from(set.len().saturating_sub(1))) {
        assert_eq!(set.nth(rank), Some(last));
    }
}

/// A name that parses comes back from its own text, and so does its parent.
pub fn mailbox_name(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(name) = MailboxName::parse(text) else { return };
    assert_eq!(MailboxName::parse(name.as_str()).as_ref(), Ok(&name));
    if let Some(parent) = name.parent() {
        assert!(name.is_child_of(&parent));
    }
}

/// A date that parses comes back from its own text.
pub fn imap_date(bytes: &[u8]) {
    let _ = (parse_imap_date(bytes), parse_rfc5322(bytes));
    if let Some(moment) = parse_imap_date_time(bytes) {
        // An offset may push the moment out of the years that can be written.
        let written = Timestamp::from_civil(moment.civil());
        assert_eq!(parse_imap_date_time(moment.to_imap_date_time().as_bytes()), written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Target = fn(&[u8]);

    const TARGETS: [(&str, Target); 7] = [
        ("gate", gate),
        ("mime_skeleton", mime_skeleton),
        ("header_addresses", header_addresses),
        ("address", address),
        ("uid_set", uid_set),
        ("mailbox_name", mailbox_name),
        ("imap_date", imap_date),
    ];

    #[test]
    fn the_corpus_holds() {
        for (name, target) in TARGETS {
            let folder = format!("{}/../../fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
            let files =
                std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
            let mut seeds = 0;
            for file in files {
                target(&std::fs::read(file.unwrap().path()).unwrap());
                seeds += 1;
            }
            assert!(seeds > 0, "{folder} is empty");
        }
    }
}

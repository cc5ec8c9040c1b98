use super::*;
use proptest::prelude::*;

fn keyword(text: &str) -> Keyword {
    Keyword::parse(text).unwrap()
}

fn flags(system: SystemFlags, keywords: &[&str]) -> Flags {
    let mut flags = Flags::from(system);
    keywords.iter().for_each(|text| flags.insert_keyword(keyword(text)));
    flags
}

fn texts(flags: &Flags) -> Vec<&str> {
    flags.keywords().iter().map(Keyword::as_str).collect()
}

#[test]
fn system_flags_are_a_set() {
    let mut set = SystemFlags::SEEN.union(SystemFlags::DRAFT);
    assert!(set.contains(SystemFlags::SEEN) && !set.contains(SystemFlags::DELETED));
    set.insert(SystemFlags::FLAGGED);
    set.remove(SystemFlags::DRAFT);
    assert_eq!(set.names().collect::<Vec<_>>(), ["\\Flagged", "\\Seen"]);
    assert_eq!(SystemFlags::from_bits(set.bits()), set);
    assert_eq!(SystemFlags::from_bits(0xff), SystemFlags::ALL);
    assert_eq!(set.difference(SystemFlags::SEEN), SystemFlags::FLAGGED);
    assert!(SystemFlags::NONE.is_empty());
}

#[test]
fn system_flags_by_name() {
    assert_eq!(SystemFlags::parse("\\SEEN"), Some(SystemFlags::SEEN));
    for name in ["Seen", "\\Recent", "\\", ""] {
        assert_eq!(SystemFlags::parse(name), None, "{name}");
    }
}

#[test]
fn keywords_are_atoms() {
    for text in ["$Forwarded", "NonJunk", "$MDNSent", "a.b:c", "x+y"] {
        assert_eq!(keyword(text).as_str(), text);
    }
    for text in
        ["", "\\Seen", "a b", "a(b", "a)", "{1}", "a%", "a*", "a\"", "a]", "a\r", "\u{fc}", "\0"]
    {
        assert!(Keyword::parse(text).is_none(), "{text:?}");
    }
    assert!(Keyword::parse(&"k".repeat(KEYWORD_BYTES_MAX)).is_some());
    assert!(Keyword::parse(&"k".repeat(KEYWORD_BYTES_MAX + 1)).is_none());
}

#[test]
fn keywords_differ_by_more_than_case() {
    let set = flags(SystemFlags::NONE, &["b", "A", "B", "a"]);
    assert_eq!(texts(&set), ["A", "b"]);
    assert!(set.contains_keyword(&keyword("a")));
    let other = flags(SystemFlags::NONE, &["a", "B"]);
    assert_eq!(set, other);
    let hash = |keyword: &Keyword| {
        let mut hasher = std::hash::DefaultHasher::new();
        keyword.hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!(hash(&keyword("Ab")), hash(&keyword("aB")));
}

#[test]
fn changes() {
    let before = flags(SystemFlags::SEEN, &["One", "Two"]);
    let change = |op| {
        FlagChange { op, flags: flags(SystemFlags::DELETED, &["two", "three"]) }.apply(&before)
    };
    let set = change(FlagOp::Set);
    assert_eq!((set.system, texts(&set)), (SystemFlags::DELETED, vec!["three", "Two"]));
    let added = change(FlagOp::Add);
    assert_eq!(added.system, SystemFlags::SEEN.union(SystemFlags::DELETED));
    assert_eq!(texts(&added), ["One", "three", "Two"]);
    let removed = change(FlagOp::Remove);
    assert_eq!((removed.system, texts(&removed)), (SystemFlags::SEEN, vec!["One"]));
}

#[test]
fn the_number_of_keywords_is_watched() {
    let mut set = Flags::new();
    assert!(set.is_empty());
    for index in 0..KEYWORDS_PER_MESSAGE_MAX {
        set.insert_keyword(keyword(&format!("k{index}")));
    }
    assert!(!set.has_too_many_keywords());
    set.insert_keyword(keyword("more"));
    assert!(set.has_too_many_keywords());
    set.remove_keyword(&keyword("MORE"));
    assert!(!set.has_too_many_keywords() && !set.is_empty());
}

proptest! {
    #[test]
    fn a_change_twice_is_a_change_once(
        bits: u8, names in proptest::collection::vec("[a-cA-C]", 0..5), change_bits: u8,
        change_names in proptest::collection::vec("[a-cA-C]", 0..5), op in 0..3_usize,
    ) {
        let make = |bits, names: &[String]| {
            flags(SystemFlags::from_bits(bits), &names.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let op = [FlagOp::Set, FlagOp::Add, FlagOp::Remove][op];
        let change = FlagChange { op, flags: make(change_bits, &change_names) };
        let once = change.apply(&make(bits, &names));
        prop_assert_eq!(change.apply(&once), once);
    }
}

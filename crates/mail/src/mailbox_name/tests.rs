use super::*;
use proptest::prelude::*;

fn name(text: &str) -> MailboxName {
    MailboxName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn inbox_is_inbox_in_any_case() {
    assert_eq!(name("iNbOx"), MailboxName::inbox());
    assert_eq!(name("inbox.Sub").as_str(), "INBOX.Sub");
    assert_eq!(name("Inboxes").as_str(), "Inboxes");
    assert!(name("inbox").is_inbox() && !name("inbox.a").is_inbox());
}

#[test]
fn what_is_no_name() {
    use MailboxNameError::*;
    let long = "a".repeat(MAILBOX_NAME_BYTES_MAX + 1);
    let deep = vec!["a"; MAILBOX_LEVELS_MAX + 1].join(".");
    for (text, error) in [
        ("", Empty),
        (".", EmptyLevel),
        (".a", EmptyLevel),
        ("a.", EmptyLevel),
        ("a..b", EmptyLevel),
        ("../etc", BadCharacter),
        ("a/b", BadCharacter),
        ("a\\b", BadCharacter),
        ("a%", BadCharacter),
        ("*", BadCharacter),
        ("a\0", BadCharacter),
        ("a\r\nb", BadCharacter),
        ("a\u{85}", BadCharacter),
        (&long, TooLong),
        (&deep, TooDeep),
    ] {
        assert_eq!(MailboxName::parse(text), Err(error), "{text:?}");
    }
    name(&"a".repeat(MAILBOX_NAME_BYTES_MAX));
    name(&vec!["a"; MAILBOX_LEVELS_MAX].join("."));
    name("Entw\u{fc}rfe und \"mehr\"");
}

#[test]
fn levels() {
    assert_eq!(name("a.b.c").parent(), Some(name("a.b")));
    assert_eq!(name("a").parent(), None);
    assert!(name("a.b.c").is_child_of(&name("a")));
    for (lower, upper) in [("a", "a"), ("ab", "a"), ("a", "a.b"), ("b.a", "a")] {
        assert!(!name(lower).is_child_of(&name(upper)), "{lower} {upper}");
    }
}

#[test]
fn moving() {
    let moved =
        |text: &str| name(text).moved(&name("a.b"), &name("x")).map(|name| name.to_string());
    assert_eq!(moved("a.b"), Some("x".into()));
    assert_eq!(moved("a.b.c"), Some("x.c".into()));
    assert_eq!(moved("a.bc"), None);
    assert_eq!(moved("a"), None);
    let long = name(&"y".repeat(MAILBOX_NAME_BYTES_MAX));
    assert_eq!(name("a.b").moved(&name("a"), &long), None);
}

#[test]
fn uses_by_name() {
    for (text, special_use) in [
        ("Drafts", Some(SpecialUse::Drafts)),
        ("Junk", Some(SpecialUse::Junk)),
        ("Trash", Some(SpecialUse::Trash)),
        ("Sent", Some(SpecialUse::Sent)),
        ("Sent Messages", Some(SpecialUse::Sent)),
        ("sent", None),
        ("INBOX", None),
        ("a.Sent", None),
    ] {
        assert_eq!(name(text).special_use(), special_use, "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_a_name_stays_one(text in "[a-cA-C.inboxINBOX/%*\u{0}\u{e9} -]{0,20}") {
        if let Ok(name) = MailboxName::parse(&text) {
            prop_assert_eq!(MailboxName::parse(name.as_str()), Ok(name.clone()));
            if let Some(parent) = name.parent() {
                prop_assert!(name.is_child_of(&parent));
                prop_assert_eq!(MailboxName::parse(parent.as_str()), Ok(parent));
            }
        }
    }
}

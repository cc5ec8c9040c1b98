use super::*;
use proptest::prelude::*;

fn address(text: &str) -> String {
    Address::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).as_str().to_owned()
}

#[test]
fn addresses_are_normalised() {
    for (written, normal) in [
        ("Alice@Example.ORG", "alice@example.org"),
        ("a.b+c@x", "a.b+c@x"),
        ("\"alice\"@example.org", "alice@example.org"),
        ("\"a\\b\"@example.org", "ab@example.org"),
        ("\"a..b\"@example.org", "\"a..b\"@example.org"),
        ("\"a\\\"\\\\\"@example.org", "\"a\\\"\\\\\"@example.org"),
        ("srs1=x=y==z=@example.org", "srs1=x=y==z=@example.org"),
        ("\u{fc}@B\u{dc}CHER.example", "\u{fc}@xn--bcher-kva.example"),
        ("a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example"),
        ("a@[192.0.2.0]", "a@[192.0.2.0]"),
        ("a@[IPv6:2001:DB8:0::1]", "a@[ipv6:2001:db8::1]"),
        ("a@_test.example.org", "a@_test.example.org"),
    ] {
        assert_eq!(address(written), normal);
        assert_eq!(address(normal), normal);
    }
}

#[test]
fn what_is_no_address() {
    use AddressError::*;
    let long_local = format!("{}@x", "a".repeat(LOCAL_PART_BYTES_MAX + 1));
    let long_domain = format!("a@{}", "a.".repeat(DOMAIN_BYTES_MAX / 2 + 1));
    for (text, error) in [
        ("", NotOneAt),
        ("a", NotOneAt),
        ("a@b@c", NotOneAt),
        ("\"a@b\"@c", NotOneAt),
        ("@b", EmptyLocalPart),
        ("\"\"@b", EmptyLocalPart),
        ("a@", MalformedDomain),
        ("a b@c", MalformedLocalPart),
        (".a@c", MalformedLocalPart),
        ("a.@c", MalformedLocalPart),
        ("a..b@c", MalformedLocalPart),
        ("a\r\n@c", MalformedLocalPart),
        ("a\0@c", MalformedLocalPart),
        ("<a@c", MalformedLocalPart),
        ("\"a b\"@c", MalformedLocalPart),
        ("\"a\r\n\"@c", MalformedLocalPart),
        ("\"a@c", MalformedLocalPart),
        ("\"a\"b@c", MalformedLocalPart),
        ("\"<a>\"@c", MalformedLocalPart),
        ("a\u{85}@c", MalformedLocalPart),
        ("a\u{2028}@c", MalformedLocalPart),
        ("a@c>", MalformedDomain),
        ("a@c d", MalformedDomain),
        ("a@c\r\n", MalformedDomain),
        ("a@.c", MalformedDomain),
        ("a@c.", MalformedDomain),
        ("a@-c", MalformedDomain),
        ("a@c-", MalformedDomain),
        ("a@1.2.3.4", MalformedDomain),
        ("a@[1.2.3]", MalformedDomain),
        ("a@[::1]", MalformedDomain),
        ("a@[IPv6:1.2.3.4]", MalformedDomain),
        ("a@[1.2.3.4", MalformedDomain),
        ("a@c/d", MalformedDomain),
        ("a@c\u{3002}\u{3002}d", MalformedDomain),
        (&long_local, LocalPartTooLong),
        (&long_domain, DomainTooLong),
    ] {
        assert_eq!(Address::parse(text), Err(error), "{text:?}");
    }
    let label = "a".repeat(LABEL_BYTES_MAX);
    assert!(Domain::parse(&label).is_ok());
    assert_eq!(Domain::parse(&format!("{label}a")), Err(MalformedDomain));
}

#[test]
fn lengths_at_their_limits() {
    assert!(Address::parse(&format!("{}@x", "a".repeat(LOCAL_PART_BYTES_MAX))).is_ok());
    let domain = format!("{}a", "a.".repeat(DOMAIN_BYTES_MAX / 2));
    assert_eq!(domain.len(), DOMAIN_BYTES_MAX);
    assert!(Domain::parse(&domain).is_ok());
}

#[test]
fn parts_of_an_address() {
    let whole = Address::parse("Al.Ice@Example.org").unwrap();
    assert_eq!((whole.local(), whole.domain().as_str()), ("al.ice", "example.org"));
    assert_eq!(Address::new("AL.ice", whole.domain()).unwrap(), whole);
    assert!(Address::new("a@b", whole.domain()).is_err());
}

#[test]
fn tags_are_stripped() {
    for (with, without) in [
        ("user+tag@d", "user@d"),
        ("user+a+b@d", "user@d"),
        ("user+@d", "user@d"),
        ("user@d", "user@d"),
        ("+tag@d", "+tag@d"),
        ("\"a..b+c\"@d", "\"a..b+c\"@d"),
    ] {
        assert_eq!(Address::parse(with).unwrap().without_tag().as_str(), without);
    }
}

#[test]
fn kinds_of_domains() {
    let v4 = Domain::parse("[1.2.3.4]").unwrap();
    assert_eq!((v4.is_literal(), v4.bare(), v4.ip()), (true, "1.2.3.4", Some([1, 2, 3, 4].into())));
    let v6 = Domain::parse("[ipv6:2001:db8::1]").unwrap();
    assert_eq!((v6.bare(), v6.ip()), ("2001:db8::1", "2001:db8::1".parse().ok()));
    assert_eq!(Domain::from_ip(v6.ip().unwrap()), v6);
    let name = Domain::parse("_x.example.org").unwrap();
    assert_eq!((name.is_literal(), name.is_underscore(), name.ip()), (false, true, None));
    assert_eq!(name.bare(), "_x.example.org");
}

#[test]
fn local_parts_of_our_own_accounts() {
    for text in ["abc123", "a.b-c_d", "."] {
        assert!(is_account_local_part(text), "{text}");
    }
    for text in ["", "Abc", "a b", "a+b", "a!", "a@b", "a/b", "a\\b", "\u{fc}"] {
        assert!(!is_account_local_part(text), "{text}");
    }
}

proptest! {
    #[test]
    fn m9_what_is_parsed_is_clean_and_stays_itself(text in "[a-zA-Z0-9@.\"\\\\\\[\\]:+<> \u{0}-\u{1f}\u{e9}_-]{0,30}") {
        if let Ok(address) = Address::parse(&text) {
            let shown = address.as_str();
            prop_assert!(!shown.chars().any(|c| c.is_control() || c.is_whitespace() || "<>".contains(c)));
            prop_assert_eq!(shown.matches('@').count(), 1);
            prop_assert_eq!(Address::parse(shown), Ok(address.clone()));
        }
    }

    #[test]
    fn no_text_panics(text: String) {
        let _ = (Address::parse(&text), Domain::parse(&text));
    }
}

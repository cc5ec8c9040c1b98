use bytes::Bytes;
use mail::limits;
use mail::mailbox::{FlagOp, Flags, Keyword, SystemFlags};
use mail::{Day, MailboxName};
use proptest::prelude::*;

use super::*;
use crate::command::*;
use crate::list_pattern::ListPattern;

fn body(text: &str) -> CommandBody {
    let line = format!("a1 {text}");
    match parse(line.as_bytes()) {
        Ok(command) => {
            assert_eq!(command.tag.as_str(), "a1");
            command.body
        }
        Err(error) => panic!("{text}: {error}"),
    }
}

fn error(text: &str) -> &'static str {
    let line = format!("a1 {text}");
    match parse(line.as_bytes()) {
        Ok(command) => panic!("{text}: {command:?}"),
        Err(error) => {
            assert_eq!(error.tag.map(|tag| tag.to_string()).as_deref(), Some("a1"));
            error.text
        }
    }
}

fn name(text: &str) -> MailboxArg {
    Ok(MailboxName::parse(text).unwrap())
}

fn set(text: &str) -> SeqSet {
    let number = |text: &str| match text {
        "*" => SeqNumber::Star,
        text => SeqNumber::Number(text.parse().unwrap()),
    };
    SeqSet(
        text.split(',')
            .map(|range| {
                let (from, to) = range.split_once(':').unwrap_or((range, range));
                SeqRange { from: number(from), to: number(to) }
            })
            .collect(),
    )
}

fn by_sequence(text: &str) -> Messages {
    Messages { numbering: Numbering::Sequence, set: set(text) }
}

fn by_uid(text: &str) -> Messages {
    Messages { numbering: Numbering::Uid, set: set(text) }
}

#[test]
fn commands_without_arguments_in_any_case() {
    let table = [
        ("CAPABILITY", CommandBody::Capability),
        ("noop", CommandBody::Noop),
        ("LogOut", CommandBody::Logout),
        ("STARTTLS", CommandBody::StartTls),
        ("CHECK", CommandBody::Check),
        ("CLOSE", CommandBody::Close),
        ("UNSELECT", CommandBody::Unselect),
        ("EXPUNGE", CommandBody::Expunge { uids: None }),
        ("IDLE", CommandBody::Idle),
        ("NAMESPACE", CommandBody::Namespace),
        ("NOOP  ", CommandBody::Noop),
    ];
    for (text, expected) in table {
        assert_eq!(body(text), expected);
        if text != "EXPUNGE" {
            assert_eq!(error(&format!("{text} x")), "Too many arguments.");
        }
        assert_eq!(error(&format!("UID {text}")), expected_uid_error(text));
    }
}

fn expected_uid_error(text: &str) -> &'static str {
    if text == "EXPUNGE" { "Bad message set." } else { "Unknown UID command." }
}

#[test]
fn i20_login_in_every_spelling() {
    let login = |password: &[u8]| CommandBody::Login {
        user: b"tim@example.org".to_vec(),
        password: password.to_vec(),
    };
    assert_eq!(body("LOGIN tim@example.org tan"), login(b"tan"));
    assert_eq!(body(r#"LOGIN "tim@example.org" "tan""#), login(b"tan"));
    assert_eq!(body(r#"login tim@example.org "a\"b\\c""#), login(br#"a"b\c"#));
    assert_eq!(body("LOGIN {15}\ntim@example.org {3+}\r\nt\"n"), login(b"t\"n"));
    assert_eq!(body("LOGIN tim@example.org \"t\u{e4}n {3}\""), login("t\u{e4}n {3}".as_bytes()));
    assert_eq!(body(r#"LOGIN tim@example.org """#), login(b""));
    assert_eq!(body("LOGIN  tim@example.org  ta]n "), login(b"ta]n"));
    let raw = parse(b"a1 LOGIN tim@example.org \"\xff\xfe\"").unwrap();
    assert_eq!(raw.body, login(b"\xff\xfe"));
    let wrong = [
        "LOGIN",
        "LOGIN tim",
        "LOGIN tim \"tan",
        "LOGIN tim \"t\\an\"",
        "LOGIN tim ta\"n",
        "LOGIN tim ta\\n",
        "LOGIN tim t\u{e4}n",
        "LOGIN tim {4}\ntan",
        "LOGIN tim {3}tan",
        "LOGIN tim tan x",
        "LOGIN\"tim\" tan",
    ];
    for text in wrong {
        error(text);
    }
}

#[test]
fn authenticate_with_and_without_initial_response() {
    let authenticate = |mechanism, initial: Option<&[u8]>| CommandBody::Authenticate {
        mechanism,
        initial: initial.map(<[u8]>::to_vec),
    };
    assert_eq!(body("AUTHENTICATE plain"), authenticate(Mechanism::Plain, None));
    let given = authenticate(Mechanism::Plain, Some(b"\0tim\0tan"));
    assert_eq!(body("AUTHENTICATE PLAIN AHRpbQB0YW4="), given);
    assert_eq!(body("AUTHENTICATE PLAIN ="), authenticate(Mechanism::Plain, Some(b"")));
    assert_eq!(body("AUTHENTICATE GSSAPI"), authenticate(Mechanism::Other, None));
    assert_eq!(error("AUTHENTICATE PLAIN !"), "Bad base64.");
}

#[test]
fn mailbox_commands() {
    let mailbox = || name("Sent");
    let table = [
        ("SELECT Sent", CommandBody::Select { mailbox: mailbox(), read_only: false }),
        ("EXAMINE \"Sent\"", CommandBody::Select { mailbox: mailbox(), read_only: true }),
        ("SELECT inBox", CommandBody::Select { mailbox: name("INBOX"), read_only: false }),
        ("CREATE {4}\nSent", CommandBody::Create { mailbox: mailbox() }),
        ("DELETE M&APw-ll", CommandBody::Delete { mailbox: name("M\u{fc}ll") }),
        ("RENAME a Sent", CommandBody::Rename { from: name("a"), to: mailbox() }),
        ("SUBSCRIBE Sent", CommandBody::Subscribe { mailbox: mailbox(), subscribed: true }),
        ("UNSUBSCRIBE Sent", CommandBody::Subscribe { mailbox: mailbox(), subscribed: false }),
        ("GETQUOTAROOT \"INBOX\"", CommandBody::GetQuotaRoot { mailbox: name("INBOX") }),
    ];
    for (text, expected) in table {
        assert_eq!(body(text), expected);
    }
    for text in
        ["SELECT", "SELECT a b", "SELECT (a)", "RENAME a", "CREATE ", "SELECT %", "DELETE *"]
    {
        error(text);
    }
}

#[test]
fn i12_impossible_mailbox_names_are_no_and_not_bad() {
    let deep = vec!["x"; 1_000].join(".");
    for text in ["../", "/etc", "\"\"", "&Jj-", "a..b", "\"a\\\\b\"", "\"\u{7f}\"", &deep] {
        match body(&format!("SELECT {text}")) {
            CommandBody::Select { mailbox: Err(bad), .. } => assert!(!bad.to_string().is_empty()),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(parse(b"a SELECT \"a\0b\"").unwrap_err().text, "A command cannot hold NUL.");
}

#[test]
fn list_and_lsub() {
    let table = [
        ("LIST \"\" \"*\"", "", "*", false),
        ("LIST \"\" %", "", "%", false),
        ("LSUB Archive. \"%\"", "Archive.", "%", true),
        ("LIST {0+}\n {1+}\n*", "", "*", false),
        ("LIST \"\" \"\"", "", "", false),
        ("LIST \"\" in*%box]", "", "in*%box]", false),
    ];
    for (text, reference, pattern, subscribed_only) in table {
        let pattern = ListPattern::new(reference.as_bytes(), pattern.as_bytes());
        assert_eq!(body(text), CommandBody::List { pattern, subscribed_only });
    }
    for text in ["LIST", "LIST \"\"", "LIST * *", "LIST \"\" (a)", "LIST \"\" a b"] {
        error(text);
    }
}

#[test]
fn status() {
    use StatusItem::*;
    let all = vec![Messages, Recent, UidNext, UidValidity, Unseen];
    let text = "STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN MESSAGES)";
    assert_eq!(body(text), CommandBody::Status { mailbox: name("INBOX"), items: all });
    let real = body("STATUS \"INBOX\" (UIDNEXT)");
    assert_eq!(real, CommandBody::Status { mailbox: name("INBOX"), items: vec![UidNext] });
    for text in ["STATUS INBOX", "STATUS INBOX ()", "STATUS INBOX (X)", "STATUS INBOX (UIDNEXT"] {
        error(text);
    }
}

fn append(text: &str, size_bytes: u64) -> Result<AppendHead, &'static str> {
    match append::parse_append(text.as_bytes(), size_bytes, true) {
        Ok(Command { body: CommandBody::Append(head), .. }) => Ok(head),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.text),
    }
}

#[test]
fn append_heads() {
    let head = append("a APPEND saved-messages (\\Seen) {310}", 310).unwrap();
    assert_eq!(head.mailbox, name("saved-messages"));
    assert_eq!(head.flags, Ok(Flags::from(SystemFlags::SEEN)));
    assert_eq!((head.internal_date, head.size_bytes), (None, 310));
    let text = "a append inbox () \"17-Jul-1996 02:44:25 -0700\" {1+}";
    let head = append(text, 1).unwrap();
    assert_eq!(head.internal_date, Some(mail::Timestamp(837_596_665)));
    assert_eq!(head.flags, Ok(Flags::new()));
    assert!(append("a APPEND {5}\nINBOX {1}", 1).is_ok());
    assert!(append("a APPEND &Jj- {1}", 1).unwrap().mailbox.is_err());
    let wrong = [
        "a APPEND INBOX{1}",
        "a APPEND INBOX (\\Seen){1}",
        "a APPEND INBOX (\\Foo) {1}",
        "a APPEND INBOX \"yesterday\" {1}",
        "a APPEND INBOX \"17-Jul-1996 02:44:25 -0700\" (\\Seen) {1}",
        "a APPEND INBOX ~{1}",
        "a APPEND INBOX CATENATE (TEXT {1}",
    ];
    for text in wrong {
        append(text, 1).unwrap_err();
    }
    assert_eq!(error("APPEND INBOX x"), "APPEND ends with a literal.");
}

fn header_fields(not: bool, names: &[&str]) -> SectionText {
    let names = names.iter().map(|name| name.as_bytes().to_vec()).collect();
    SectionText::HeaderFields { not, names }
}

fn section(path: &[u32], text: SectionText, partial: Option<(u32, u32)>) -> FetchItem {
    let section = Section { path: path.to_vec(), text };
    let partial = partial.map(|(offset, count)| Partial { offset, count });
    FetchItem::BodySection { section, partial, peek: false }
}

fn items(text: &str) -> Vec<FetchItem> {
    match body(&format!("FETCH 1 {text}")) {
        CommandBody::Fetch { items, .. } => items,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fetch_items_in_every_spelling() {
    use FetchItem::*;
    let table = [
        ("FAST", vec![Flags, InternalDate, Rfc822Size]),
        ("all", vec![Flags, InternalDate, Rfc822Size, Envelope]),
        ("FULL", vec![Flags, InternalDate, Rfc822Size, Envelope, Body]),
        ("(BODY BODYSTRUCTURE)", vec![Body, BodyStructure]),
        ("( UID FLAGS )", vec![Uid, Flags]),
        ("RFC822", vec![Rfc822]),
        ("(RFC822.HEADER RFC822.SIZE RFC822.TEXT)", vec![Rfc822Header, Rfc822Size, Rfc822Text]),
        ("body[]", vec![section(&[], SectionText::Whole, None)]),
        ("BODY[]<0.2048>", vec![section(&[], SectionText::Whole, Some((0, 2048)))]),
        ("BODY[1.2.3]", vec![section(&[1, 2, 3], SectionText::Whole, None)]),
        ("BODY[HEADER]", vec![section(&[], SectionText::Header, None)]),
        ("BODY[TEXT]<5.1>", vec![section(&[], SectionText::Text, Some((5, 1)))]),
        ("BODY[4.2.MIME]", vec![section(&[4, 2], SectionText::Mime, None)]),
        ("BODY[4.HEADER]", vec![section(&[4], SectionText::Header, None)]),
        ("BODY[4.TEXT]", vec![section(&[4], SectionText::Text, None)]),
        (
            "BODY[HEADER.FIELDS (Date \"From\" {2}\nTo)]",
            vec![section(&[], header_fields(false, &["Date", "From", "To"]), None)],
        ),
        (
            "BODY[2.HEADER.FIELDS.NOT (Received)]",
            vec![section(&[2], header_fields(true, &["Received"]), None)],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(items(text), expected, "{text}");
    }
}

#[test]
fn peeking_is_noticed() {
    let peek = items("BODY.PEEK[HEADER]");
    assert!(matches!(peek.as_slice(), [FetchItem::BodySection { peek: true, .. }]));
    assert!(!peek[0].sets_seen());
    for text in ["BODY[HEADER]", "RFC822", "RFC822.TEXT"] {
        assert!(items(text)[0].sets_seen(), "{text}");
    }
    for text in ["RFC822.HEADER", "BODY", "ENVELOPE"] {
        assert!(!items(text)[0].sets_seen(), "{text}");
    }
}

#[test]
fn what_is_no_fetch_item_is_refused() {
    let wrong = [
        "",
        "()",
        "(FLAGS",
        "(FLAGS)(UID)",
        "(FAST)",
        "FLAGS UID",
        "BODY.PEEK",
        "BODY[",
        "BODY[0]",
        "BODY[1.]",
        "BODY[1..2]",
        "BODY[MIME]",
        "BODY[HEADER.FIELDS]",
        "BODY[HEADER.FIELDS ()]",
        "BODY[FOO]",
        "BODY[]<1>",
        "BODY[]<1.0>",
        "BODY[]<-1.5>",
        "BODY[]<4294967296.1>",
        "BODY[1.FOO]",
        "BINARY[]",
        "X",
    ];
    for text in wrong {
        error(&format!("FETCH 1 {text}"));
    }
}

#[test]
fn i13_the_deepest_section_and_one_deeper() {
    let path = |depth| vec!["1"; depth].join(".");
    items(&format!("BODY[{}]", path(limits::IMAP_SECTION_DEPTH_MAX)));
    let deeper = format!("FETCH 1 BODY[{}]", path(limits::IMAP_SECTION_DEPTH_MAX + 1));
    assert_eq!(error(&deeper), "The section is too deep.");
}

#[test]
fn the_most_items_and_one_more() {
    let list = |item: &str, count| vec![item; count].join(" ");
    let max = limits::IMAP_ITEMS_MAX;
    items(&format!("({})", list("UID", max)));
    assert_eq!(error(&format!("FETCH 1 ({})", list("UID", max + 1))), "Too many data items.");
    items(&format!("BODY[HEADER.FIELDS ({})]", list("a", max)));
    let text = format!("FETCH 1 BODY[HEADER.FIELDS ({})]", list("a", max + 1));
    assert_eq!(error(&text), "Too many field names.");
    body(&format!("SEARCH {}", list("SEEN", max)));
    assert_eq!(error(&format!("SEARCH {}", list("NEW", max / 2 + 1))), "Too many search keys.");
    body(&format!("STORE 1 FLAGS ({})", list("\\Seen", max)));
    assert_eq!(error(&format!("STORE 1 FLAGS ({})", list("\\Seen", max + 1))), "Too many flags.");
    body(&format!("ENABLE {}", list("X", max)));
    assert_eq!(error(&format!("ENABLE {}", list("X", max + 1))), "Too many extensions.");
    body(&format!("SETQUOTA \"\" ({})", list("STORAGE 1", max)));
    let text = format!("SETQUOTA \"\" ({})", list("STORAGE 1", max + 1));
    assert_eq!(error(&text), "Too many resources.");
}

#[test]
fn uid_commands_speak_of_uids() {
    let expected = CommandBody::Fetch {
        messages: by_uid("4827313:*"),
        items: vec![FetchItem::Uid, FetchItem::Flags],
    };
    assert_eq!(body("UID FETCH 4827313:* FLAGS"), expected);
    assert_eq!(body("uid fetch 4827313:* (UID FLAGS)"), expected);
    let copy = CommandBody::Copy { messages: by_uid("1"), mailbox: name("x"), remove: false };
    assert_eq!(body("UID COPY 1 x"), copy);
    let moved = CommandBody::Copy { messages: by_uid("1,3:2"), mailbox: name("x"), remove: true };
    assert_eq!(body("UID MOVE 1,3:2 x"), moved);
    assert_eq!(body("UID EXPUNGE 1:*"), CommandBody::Expunge { uids: Some(set("1:*")) });
    assert!(matches!(
        body("UID SEARCH ALL"),
        CommandBody::Search { numbering: Numbering::Uid, .. }
    ));
    for text in ["UID", "UID UID FETCH 1 UID", "UID NOOP", "UID EXPUNGE", "UID SELECT x"] {
        error(text);
    }
}

#[test]
fn message_sets() {
    for text in ["1", "*", "1:*", "*:1", "2,4:7,9,12:*", "4294967295"] {
        let expected =
            CommandBody::Copy { messages: by_sequence(text), mailbox: name("x"), remove: false };
        assert_eq!(body(&format!("COPY {text} x")), expected);
    }
    for text in ["0", "1:0", "1,", ",1", "1:", ":1", "1::2", "4294967296", "-1", "a", "$", "1 :2"] {
        error(&format!("COPY {text} x"));
    }
}

#[test]
fn store_in_every_spelling() {
    let store =
        |messages, op, silent, flags| CommandBody::Store { messages, op, silent, flags: Ok(flags) };
    let deleted = || Flags::from(SystemFlags::DELETED);
    let mut two = Flags::from(SystemFlags::SEEN);
    two.insert_keyword(Keyword::parse("$Forwarded").unwrap());
    let table = [
        ("STORE 2:4 +FLAGS (\\Deleted)", store(by_sequence("2:4"), FlagOp::Add, false, deleted())),
        (
            "UID STORE 7 -flags.silent \\DELETED",
            store(by_uid("7"), FlagOp::Remove, true, deleted()),
        ),
        (
            "STORE 1 FLAGS \\Seen $Forwarded",
            store(by_sequence("1"), FlagOp::Set, false, two.clone()),
        ),
        (
            "STORE 1 FLAGS.SILENT (\\Seen $Forwarded )",
            store(by_sequence("1"), FlagOp::Set, true, two),
        ),
        ("STORE 1 FLAGS ()", store(by_sequence("1"), FlagOp::Set, false, Flags::new())),
        ("STORE 1 +FLAGS (\\Recent)", store(by_sequence("1"), FlagOp::Add, false, Flags::new())),
    ];
    for (text, expected) in table {
        assert_eq!(body(text), expected);
    }
    let wrong = [
        "STORE 1",
        "STORE 1 FLAGS",
        "STORE 1 FLAGS (",
        "STORE 1 +-FLAGS ()",
        "STORE 1 ++FLAGS ()",
        "STORE 1 FLAGS (\\Foo)",
        "STORE 1 FLAGS (\\)",
        "STORE 1 FLAGS (a]b)",
        "STORE 1 FLAGS (\\*)",
        "STORE 1 FLAGS (\"a\")",
        "STORE 1 FLAGS () x",
        "STORE 1 FLAGS.LOUD ()",
    ];
    for text in wrong {
        error(text);
    }
}

#[test]
fn i19_the_most_keywords_and_one_more() {
    let store = |count: usize| {
        let keywords: Vec<String> = (0..count).map(|index| format!("k{index}")).collect();
        match body(&format!("STORE 1 FLAGS ({})", keywords.join(" "))) {
            CommandBody::Store { flags, .. } => flags,
            other => panic!("{other:?}"),
        }
    };
    assert!(store(limits::KEYWORDS_PER_MESSAGE_MAX).is_ok());
    assert!(store(limits::KEYWORDS_PER_MESSAGE_MAX + 1).is_err());
    let longest = "k".repeat(limits::KEYWORD_BYTES_MAX);
    body(&format!("STORE 1 FLAGS {longest}"));
    error(&format!("STORE 1 FLAGS {longest}k"));
}

/// The program in short: leaves by their first letters.
fn program(text: &str) -> String {
    let CommandBody::Search { query, .. } = body(&format!("SEARCH {text}")) else {
        panic!("{text}");
    };
    let step = |step: &SearchStep| match step {
        SearchStep::Key(key) => format!("{key:?}"),
        SearchStep::Not => "not".into(),
        SearchStep::Or => "or".into(),
        SearchStep::And(count) => format!("and{count}"),
    };
    query.steps.iter().map(step).collect::<Vec<_>>().join(" ")
}

#[test]
fn search_flags() {
    let table = [
        ("ALL", "All"),
        ("answered", "Flag(Answered)"),
        ("UNANSWERED", "Flag(Answered) not"),
        ("DELETED UNDELETED", "Flag(Deleted) Flag(Deleted) not and2"),
        ("DRAFT UNDRAFT", "Flag(Draft) Flag(Draft) not and2"),
        ("FLAGGED UNFLAGGED", "Flag(Flagged) Flag(Flagged) not and2"),
        ("SEEN UNSEEN", "Flag(Seen) Flag(Seen) not and2"),
        ("RECENT", "Flag(Recent)"),
        ("OLD", "Flag(Recent) not"),
        ("NEW", "Flag(Recent) Flag(Seen) not and2"),
        ("KEYWORD $x UNKEYWORD y", "Keyword($x) Keyword(y) not and2"),
    ];
    for (text, expected) in table {
        assert_eq!(program(text), expected, "{text}");
    }
}

fn leaf(text: &str) -> SearchKey {
    let CommandBody::Search { query, .. } = body(&format!("SEARCH {text}")) else {
        panic!("{text}");
    };
    match query.steps.as_slice() {
        [SearchStep::Key(key)] => key.clone(),
        steps => panic!("{text}: {steps:?}"),
    }
}

#[test]
fn search_keys_with_arguments() {
    let header =
        |name: &str, value: &[u8]| SearchKey::Header { name: name.into(), value: value.to_vec() };
    let day = Day(8_797);
    let table = [
        ("BCC x", header("bcc", b"x")),
        ("CC \"x y\"", header("cc", b"x y")),
        ("FROM \"\"", header("from", b"")),
        ("SUBJECT {3}\nx\ny", header("subject", b"x\ny")),
        ("TO x", header("to", b"x")),
        ("HEADER Message-ID <1@x>", header("message-id", b"<1@x>")),
        ("BODY x", SearchKey::Body(b"x".to_vec())),
        ("TEXT \"\u{fc}\"", SearchKey::Text("\u{fc}".into())),
        ("BEFORE 1-Feb-1994", SearchKey::InternalDate(DateTest::Before(day))),
        ("ON \"1-Feb-1994\"", SearchKey::InternalDate(DateTest::On(day))),
        ("SINCE 01-feb-1994", SearchKey::InternalDate(DateTest::Since(day))),
        ("SENTBEFORE 1-Feb-1994", SearchKey::SentDate(DateTest::Before(day))),
        ("SENTON 1-Feb-1994", SearchKey::SentDate(DateTest::On(day))),
        ("SENTSINCE 1-Feb-1994", SearchKey::SentDate(DateTest::Since(day))),
        ("LARGER 0", SearchKey::Larger(0)),
        ("SMALLER 4294967295", SearchKey::Smaller(u32::MAX)),
        ("2,4:*", SearchKey::Sequence(set("2,4:*"))),
        ("*", SearchKey::Sequence(set("*"))),
        ("UID 1:*", SearchKey::Uid(set("1:*"))),
    ];
    for (text, expected) in table {
        assert_eq!(leaf(text), expected, "{text}");
        assert_eq!(leaf(&format!("( {text} )")), expected, "{text}");
    }
}

#[test]
fn search_operators_and_nesting() {
    let table = [
        ("NOT SEEN", "Flag(Seen) not"),
        ("NOT UNSEEN", "Flag(Seen) not not"),
        ("OR SEEN DRAFT", "Flag(Seen) Flag(Draft) or"),
        (
            "OR NOT SEEN (DRAFT FLAGGED) ALL",
            "Flag(Seen) not Flag(Draft) Flag(Flagged) and2 or All and2",
        ),
        ("OR OR SEEN DRAFT ALL", "Flag(Seen) Flag(Draft) or All or"),
        ("NOT (SEEN DRAFT)", "Flag(Seen) Flag(Draft) and2 not"),
        ("((SEEN))", "Flag(Seen)"),
        ("(SEEN) (DRAFT) ", "Flag(Seen) Flag(Draft) and2"),
        ("SEEN DRAFT ALL", "Flag(Seen) Flag(Draft) All and3"),
    ];
    for (text, expected) in table {
        assert_eq!(program(text), expected, "{text}");
    }
    let wrong = [
        "",
        "()",
        "NOT",
        "OR SEEN",
        "OR SEEN ",
        "(SEEN",
        "SEEN)",
        "(SEEN))",
        "SEENDRAFT",
        "(SEEN)(ALL)",
        "FOO",
        "LARGER",
        "LARGER x",
        "LARGER 4294967296",
        "BEFORE 1-Foo-1994",
        "BEFORE 31-Feb-1994",
        "HEADER x",
        "KEYWORD",
        "KEYWORD \\Seen",
        "UNKEYWORD",
        "UNOLD",
        "UNRECENT",
        "UNALL",
        "0",
        "UID",
        "UID x",
        "FROM\"x\"",
        "CHARSET",
        "CHARSET UTF-8",
        "SEEN,DRAFT",
        "NOT)",
    ];
    for text in wrong {
        error(&format!("SEARCH {text}"));
    }
}

#[test]
fn search_charsets() {
    let charset = |text: &str| match body(&format!("SEARCH {text}")) {
        CommandBody::Search { query, .. } => query.charset,
        other => panic!("{other:?}"),
    };
    for text in ["CHARSET utf-8 TEXT x", "CHARSET \"US-ASCII\" ALL", "ALL", "(ALL)", "1"] {
        assert_eq!(charset(text), SearchCharset::Utf8, "{text}");
    }
    assert_eq!(charset("CHARSET KOI8-R TEXT x"), SearchCharset::Other);
}

#[test]
fn i15_the_deepest_search_and_one_deeper() {
    let max = limits::IMAP_NESTING_MAX;
    for (open, close) in [("NOT ", ""), ("(", ")"), ("OR ALL ", "")] {
        let nested = |depth| format!("SEARCH {}ALL{}", open.repeat(depth), close.repeat(depth));
        body(&nested(max));
        assert_eq!(error(&nested(max + 1)), "The search is nested too deeply.");
        assert_eq!(error(&nested(10_000)), "The search is nested too deeply.");
    }
}

#[test]
fn extensions() {
    let root = || b"User quota".to_vec();
    let table = [
        ("ID NIL", CommandBody::Id),
        ("ID (\"name\" \"Delta Chat\")", CommandBody::Id),
        ("ID (\"name\" NIL \"version\" {1}\n2)", CommandBody::Id),
        ("ID ()", CommandBody::Id),
        (
            "ENABLE condstore X",
            CommandBody::Enable { extensions: vec!["CONDSTORE".into(), "X".into()] },
        ),
        ("GETQUOTA \"User quota\"", CommandBody::GetQuota { root: root() }),
        (
            "SETQUOTA \"User quota\" (STORAGE 512)",
            CommandBody::SetQuota { root: root(), resources: vec![("STORAGE".into(), 512)] },
        ),
        ("SETQUOTA \"User quota\" ()", CommandBody::SetQuota { root: root(), resources: vec![] }),
        (
            "MOVE 1 x",
            CommandBody::Copy { messages: by_sequence("1"), mailbox: name("x"), remove: true },
        ),
    ];
    for (text, expected) in table {
        assert_eq!(body(text), expected);
    }
    for text in ["ID", "ID x", "ID \"x\"", "ID (\"name\")", "ENABLE", "GETQUOTA", "SETQUOTA x (a)"]
    {
        error(text);
    }
}

fn get_metadata(
    mailbox: Option<&str>,
    depth: MetadataDepth,
    max_size: Option<u32>,
    entries: &[&str],
) -> CommandBody {
    CommandBody::GetMetadata {
        mailbox: mailbox.map(name),
        depth,
        max_size,
        entries: entries.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn getmetadata_in_every_spelling() {
    use MetadataDepth::*;
    let both = ["/shared/comment", "/private/comment"];
    let table = [
        ("\"\" /Shared/Comment", get_metadata(None, Zero, None, &both[..1])),
        (
            "\"INBOX\" (/shared/comment /private/COMMENT )",
            get_metadata(Some("INBOX"), Zero, None, &both),
        ),
        (
            "inbox (/shared/comment /SHARED/comment)",
            get_metadata(Some("INBOX"), Zero, None, &both[..1]),
        ),
        ("\"\" \"/shared/comment\"", get_metadata(None, Zero, None, &both[..1])),
        ("(DEPTH 1) \"\" /shared/comment", get_metadata(None, One, None, &both[..1])),
        (
            "(MAXSIZE 1024 depth infinity) x (/shared/comment)",
            get_metadata(Some("x"), Infinity, Some(1024), &both[..1]),
        ),
        (
            "\"INBOX\" (MAXSIZE 1024) (/shared/comment /private/comment)",
            get_metadata(Some("INBOX"), Zero, Some(1024), &both),
        ),
        (
            "\"INBOX\" (DEPTH 0) /shared/comment",
            get_metadata(Some("INBOX"), Zero, None, &both[..1]),
        ),
    ];
    for (text, expected) in table {
        assert_eq!(body(&format!("GETMETADATA {text}")), expected);
    }
    let wrong = [
        "",
        "\"\"",
        "\"\" ()",
        "\"\" x",
        "\"\" /private",
        "\"\" /private/",
        "\"\" /other/x",
        "\"\" /shared//x",
        "\"\" /shared/x/",
        "\"\" \"/shared/*\"",
        "\"\" \"/shared/%\"",
        "\"\" (DEPTH 2) /shared/x",
        "\"\" (FOO 1) /shared/x",
        "(DEPTH 1)",
        "\"\" (DEPTH 1)",
        "\"\" (/shared/x DEPTH 1)",
        "\"\" \"/shared/\u{fc}\"",
    ];
    for text in wrong {
        error(&format!("GETMETADATA {text}"));
    }
}

#[test]
fn setmetadata_in_every_spelling() {
    let set = |mailbox: Option<&str>, entries: &[(&str, Option<&'static str>)]| {
        CommandBody::SetMetadata {
            mailbox: mailbox.map(name),
            entries: entries
                .iter()
                .map(|(name, value)| {
                    ((*name).to_owned(), value.map(|text| Bytes::from_static(text.as_bytes())))
                })
                .collect(),
        }
    };
    let token = "/private/devicetoken";
    let table = [
        ("INBOX (/private/devicetoken \"1111\" )", set(Some("INBOX"), &[(token, Some("1111"))])),
        ("INBOX (/private/DeviceToken {4+}\n1111)", set(Some("INBOX"), &[(token, Some("1111"))])),
        ("INBOX (/private/devicetoken ~{4}\n1111)", set(Some("INBOX"), &[(token, Some("1111"))])),
        (
            "\"\" (/private/devicetoken nil /shared/x \"\")",
            set(None, &[(token, None), ("/shared/x", Some(""))]),
        ),
    ];
    for (text, expected) in table {
        assert_eq!(body(&format!("SETMETADATA {text}")), expected);
    }
    for text in [
        "",
        "INBOX",
        "INBOX ()",
        "INBOX (/private/x)",
        "INBOX (/private/x y)",
        "INBOX /private/x y",
    ] {
        error(&format!("SETMETADATA {text}"));
    }
}

#[test]
fn the_most_metadata_entries_and_one_more() {
    let entries = |count: usize, value: &str| {
        (0..count).map(|index| format!("/shared/{index}{value}")).collect::<Vec<_>>().join(" ")
    };
    let max = limits::IMAP_METADATA_ENTRIES_MAX;
    body(&format!("GETMETADATA \"\" ({})", entries(max, "")));
    body(&format!("SETMETADATA \"\" ({})", entries(max, " NIL")));
    error(&format!("GETMETADATA \"\" ({})", entries(max + 1, "")));
    error(&format!("SETMETADATA \"\" ({})", entries(max + 1, " NIL")));
}

#[test]
fn tags() {
    for tag in ["a", "A0001", "1.2", "a]b", "]", "a-_/:;<=>?@[^`|}~!#$&',x"] {
        let command = parse(format!("{tag} NOOP").as_bytes()).unwrap();
        assert_eq!(command.tag.as_str(), tag);
    }
    for line in
        ["", " NOOP", "+ NOOP", "a+b NOOP", "a\"b NOOP", "(a) NOOP", "a{b NOOP", "\u{fc} NOOP"]
    {
        assert_eq!(parse(line.as_bytes()).unwrap_err().tag, None, "{line}");
    }
    for line in ["a", "a ", "a  "] {
        assert_eq!(parse(line.as_bytes()).unwrap_err().text, "Expected a command.");
    }
    let longest = "a".repeat(Tag::BYTES_MAX);
    assert!(parse(format!("{longest} NOOP").as_bytes()).is_ok());
    assert_eq!(parse(format!("{longest}a NOOP").as_bytes()).unwrap_err().tag, None);
}

/// The commands of the sample session in RFC 3501 section 8.
#[test]
fn the_sample_session_is_understood() {
    let table = [
        ("a001 login mrc secret", "Login"),
        ("a002 select inbox", "Select"),
        ("a003 fetch 12 full", "Fetch"),
        ("a004 fetch 12 body[header]", "Fetch"),
        ("a005 store 12 +flags \\deleted", "Store"),
        ("a006 logout", "Logout"),
    ];
    for (line, kind) in table {
        let command = parse(line.as_bytes()).unwrap();
        assert!(format!("{:?}", command.body).starts_with(kind), "{line}");
    }
}

/// Every command of the real client in its exact form.
#[test]
fn the_real_client_is_understood() {
    let lines = [
        r#"A0001 LOGIN "tim@example.org" "tan sta""#,
        r#"A0002 ID ("name" "Delta Chat")"#,
        r#"A0003 GETQUOTAROOT "INBOX""#,
        r#"A0004 GETMETADATA "" (/shared/comment /shared/admin /shared/vendor/deltachat/irohrelay /shared/vendor/deltachat/turn /shared/vendor/deltachat/maxsmtprecipients /shared/vendor/deltachat/appversions)"#,
        r#"A0005 SETMETADATA "INBOX" (/private/devicetoken "openpgp:AAAA+/==")"#,
        r#"A0006 SELECT "INBOX""#,
        "A0007 UID FETCH 1:500 (UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE X-MICROSOFT-ORIGINAL-MESSAGE-ID FROM CONTENT-TYPE SECURE-JOIN CHAT-VERSION CHAT-IS-POST-MESSAGE AUTOCRYPT-SETUP-MESSAGE)])",
        "A0008 UID FETCH 1:4,7,9:12 (FLAGS BODY.PEEK[])",
        r"A0009 UID STORE 7 +FLAGS (\Deleted)",
        r"A0010 UID STORE 7 +FLAGS (\Seen)",
        "A0011 CLOSE",
        "A0012 IDLE",
        "A0013 CAPABILITY",
        r#"A0014 STATUS "INBOX" (UIDNEXT)"#,
        "A0015 UID FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID X-MICROSOFT-ORIGINAL-MESSAGE-ID)])",
        r#"A0016 UID MOVE 1 "DeltaChat""#,
        r#"A0017 UID COPY 1 "DeltaChat""#,
        "A0018 STARTTLS",
    ];
    for line in lines {
        parse(line.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn i1_hostile_commands_cost_linear_time() {
    let size = limits::IMAP_COMMAND_BYTES_MAX;
    let floods = [
        ("a SEARCH ", "("),
        ("a SEARCH ", "NOT "),
        ("a FETCH 1 (", "FLAGS "),
        ("a LOGIN ", " "),
        ("a LOGIN \"", "\\\\"),
        ("a LOGIN ", "{0+}\n"),
        ("a FETCH ", "1,"),
        ("a ID (", "\"\" \"\" "),
        ("a LIST \"\" ", "*%"),
        ("a LIST \"\" ", "&AOQ-"),
        ("a STORE 1 FLAGS (", "k "),
        ("a GETMETADATA \"\" (", "/shared/x "),
        ("a SELECT ", "&Jjo-"),
        ("a SEARCH ", "1 "),
    ];
    // The greatest size of all: quadratic cost at any of them would take minutes.
    for (head, flood) in floods {
        let line = head.to_owned() + &flood.repeat(size / flood.len());
        let _ = parse(line.as_bytes());
    }
}

/// Pieces out of which nearly right commands are made.
fn word() -> impl Strategy<Value = String> {
    let words = [
        "a",
        "UID",
        "FETCH",
        "SEARCH",
        "STORE",
        "LOGIN",
        "LIST",
        "SELECT",
        "GETMETADATA",
        "SETMETADATA",
        "SETQUOTA",
        "ID",
        "STATUS",
        "AUTHENTICATE",
        "PLAIN",
        "1:*",
        "2,4",
        "(",
        ")",
        "NOT",
        "OR",
        "FROM",
        "BODY[",
        "BODY.PEEK[",
        "HEADER.FIELDS",
        "]",
        "<0.5>",
        "FLAGS",
        "+FLAGS.SILENT",
        "\\Seen",
        "\"a\\\"b\"",
        "\"",
        "{3}\r\nabc",
        "{2+}\nab",
        "{99}",
        "NIL",
        "/shared/x",
        "&AOQ-",
        "&",
        "*",
        "%",
        "CHARSET",
        "UTF-8",
        "SINCE",
        "1-Feb-1994",
        "MESSAGES",
        "DEPTH",
        "1",
        "=",
        "AAAA",
        "",
    ];
    prop_oneof![9 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,4}"]
}

proptest! {
    #[test]
    fn any_words_are_a_command_or_an_error(
        words in prop::collection::vec(word(), 0..12),
        gap in "[ ]{0,2}",
    ) {
        let line = format!("a {}", words.join(&gap));
        if let Err(error) = parse(line.as_bytes()) {
            prop_assert!(!error.text.is_empty());
        }
        let _ = append::parse_append(line.as_bytes(), 1, true);
    }

    #[test]
    fn any_bytes_are_a_command_or_an_error(line: Vec<u8>) {
        let _ = parse(&line);
        let _ = append::parse_append(&line, 1, false);
        let _ = append::announces_message(&line);
    }

    #[test]
    fn any_password_survives_quoting(password in "[^\0\r\n]{0,30}") {
        let quoted = password.replace('\\', "\\\\").replace('"', "\\\"");
        let expected = CommandBody::Login { user: b"u".to_vec(), password: password.into_bytes() };
        prop_assert_eq!(body(&format!("LOGIN u \"{quoted}\"")), expected);
    }
}

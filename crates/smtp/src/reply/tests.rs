use mail::Address;
use proptest::prelude::*;

use super::*;

fn wire(reply: &Reply) -> String {
    let mut out = Vec::new();
    reply.write_to(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn one_line() {
    assert_eq!(wire(&Reply::ok()), "250 2.0.0 Ok\r\n");
    assert_eq!(Reply::accepted().to_string(), "250 OK");
}

#[test]
fn several_lines() {
    let reply = Reply::of_lines(250, Some((2, 1, 0)), ["one", "two\nthree", "four"]);
    assert_eq!(wire(&reply), "250-2.1.0 one\r\n250-2.1.0 two?three\r\n250 2.1.0 four\r\n");
    assert_eq!(reply.to_string(), "250 2.1.0 one two?three four");
}

#[test]
fn no_lines_are_still_a_reply() {
    assert_eq!(wire(&Reply::of_lines(250, None, [])), "250 \r\n");
}

#[test]
fn s42_a_reply_cannot_be_split() {
    let reply = Reply::new(550, None, "x\r\n250 OK\u{85}\0");
    assert_eq!(wire(&reply), "550 x??250 OK??\r\n");
}

#[test]
fn a_code_that_is_none_is_no_success() {
    for code in [0, 199, 600, 65_535] {
        assert_eq!(Reply::new(code, None, "").code(), 451);
    }
}

#[test]
fn a_line_at_the_ceiling_and_one_past_it() {
    let long = "ü".repeat(400);
    let line = wire(&Reply::new(550, None, &long));
    assert!((511..=512).contains(&line.len()), "{}", line.len());
    let exact = "x".repeat(506);
    assert_eq!(wire(&Reply::new(550, None, &exact)).len(), 512);
    assert_eq!(wire(&Reply::new(550, None, &format!("{exact}x"))).len(), 512);
}

#[test]
fn what_clients_compare() {
    let (a, b) = (Address::parse("a@x.org").unwrap(), Address::parse("b@x.org").unwrap());
    for (reply, text) in [
        (Reply::encryption_needed(), "523 Encryption Needed: Invalid Unencrypted Mail"),
        (Reply::invalid_data(), "500 Invalid DATA"),
        (Reply::invalid_from(&b, &a), "500 Invalid FROM <b@x.org> for <a@x.org>"),
        (Reply::invalid_from(&b, ""), "500 Invalid FROM <b@x.org> for <>"),
        (Reply::size_too_large(), "552 5.3.4 Message size exceeds fixed limit"),
        (Reply::starttls_first(), "530 5.7.0 Must issue a STARTTLS command first"),
        (Reply::authenticated(), "235 2.7.0 Authentication successful"),
        (Reply::login_failed(), "535 5.7.8 Error: authentication failed"),
        (Reply::dkim_missing(), "554 5.7.1 No DKIM signature found"),
        (Reply::dkim_invalid(), "554 5.7.1 No valid DKIM signature found"),
        (Reply::relay_denied(&a), "554 5.7.1 <a@x.org>: Relay access denied"),
        (Reply::no_such_user(&a), "550 5.1.1 <a@x.org> User doesn't exist: a@x.org"),
        (Reply::over_quota(&a), "552 5.2.2 <a@x.org> Quota exceeded (mailbox for user is full)"),
        (Reply::cannot_verify("nobody"), "252 2.0.0 nobody"),
        (Reply::too_many_recipients(), "452 4.5.3 Error: too many recipients"),
        (
            Reply::sender_not_owned(&a, &b),
            "553 5.7.1 <a@x.org>: Sender address rejected: not owned by user b@x.org",
        ),
        (
            Reply::too_much_mail(&a, 7),
            "450 4.7.1: Too much mail from <a@x.org>, rate limited until 7 seconds from now",
        ),
    ] {
        assert_eq!(reply.to_string(), text);
    }
}

#[test]
fn the_table_is_consistent() {
    let fixed = [
        Reply::ready_for_tls(),
        Reply::bye(),
        Reply::authenticated(),
        Reply::ok(),
        Reply::sender_ok(),
        Reply::recipient_ok(),
        Reply::accepted(),
        Reply::help(),
        Reply::start_data(),
        Reply::talked_too_early(),
        Reply::local_error(),
        Reply::dns_trouble(),
        Reply::insufficient_storage(),
        Reply::too_many_recipients(),
        Reply::login_unavailable(),
        Reply::unknown_command(),
        Reply::bad_characters(),
        Reply::bad_line_end(),
        Reply::line_too_long(),
        Reply::auth_line_too_long(),
        Reply::bad_sender_syntax(),
        Reply::bad_recipient_syntax(),
        Reply::bad_parameter(),
        Reply::bad_auth_response(),
        Reply::auth_cancelled(),
        Reply::not_implemented(),
        Reply::hello_first(),
        Reply::mail_first(),
        Reply::transaction_open(),
        Reply::already_authenticated(),
        Reply::auth_not_offered(),
        Reply::tls_already_active(),
        Reply::unknown_mechanism(),
        Reply::no_valid_recipients(),
        Reply::invalid_data(),
        Reply::encryption_needed(),
        Reply::starttls_first(),
        Reply::login_first(),
        Reply::login_failed(),
        Reply::size_too_large(),
        Reply::message_too_large(),
        Reply::needs_smtputf8(),
        Reply::too_many_hops(),
        Reply::dkim_missing(),
        Reply::dkim_invalid(),
        Reply::not_utf8(),
    ];
    for reply in fixed {
        assert_eq!(Reply::new(reply.code(), reply.enhanced(), reply.text()), reply);
        assert!(reply.enhanced().is_none_or(|(class, ..)| u16::from(class) == reply.code() / 100));
        assert!(reply.text().is_ascii() && !reply.text().is_empty());
    }
}

proptest! {
    #[test]
    fn s42_whatever_the_text_it_is_one_reply(code: u16, text: String, more: String) {
        for line in wire(&Reply::of_lines(code, Some((5, 0, 0)), [&*text, &*more])).lines() {
            prop_assert!(line.len() <= 510 && line.as_bytes()[..3].is_ascii());
            prop_assert!(!line.contains(char::is_control));
        }
    }
}

//! The door over the model store and a fake DNS, without sockets.

mod world;

use mail::Address;
use net::LookupError;
use smtp::TlsState;
use store::Store;

use world::{KEY, Signer, World, encrypted, report};

const AUTHOR: &str = "them@there.example";

/// The replies after the banner and EHLO, joined.
async fn said(world: &World, commands: &str) -> String {
    world.said(&format!("EHLO there.example\r\n{commands}"), TlsState::Established).await
}

/// What the door says about a message at the end of its data.
async fn verdict(world: &World, sender: &str, recipients: &[&str], message: &str) -> String {
    world.deliver(sender, recipients, message).await
}

fn signed() -> String {
    Signer::of("there.example").sign(&encrypted(AUTHOR))
}

#[tokio::test]
async fn a_signed_encrypted_message_lies_in_the_inbox() {
    let world = World::new().await;
    assert_eq!(verdict(&world, AUTHOR, &["me@here.example"], &signed()).await, "250 OK");
    let inbox = world.inbox("me").await;
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0], encrypted(AUTHOR), "all but the signature");
    assert_eq!(world.store.queue_len().await, Ok(0));
}

#[tokio::test]
async fn nothing_of_weight_before_tls() {
    let world = World::new().await;
    let commands = "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<me@here.example>\r\nDATA\r\n";
    let said = world.said(commands, TlsState::Offered).await;
    assert!(said.contains("STARTTLS"));
    assert_eq!(said.matches("530 5.7.0 Must issue a STARTTLS command first").count(), 3);
}

#[tokio::test]
async fn s29_no_relay_for_anybody() {
    let world = World::new().await;
    for recipient in [
        "user@there.example",
        "user@[192.0.2.1]",
        "user@[127.0.0.1]",
        "user%there.example@here.example",
        "there.example!user@here.example",
        "user@there.example@here.example",
        "\"user@there.example\"@here.example",
        "\"user%there.example\"@here.example",
        "@here.example:user@there.example",
        "@here.example,@b.example:user@there.example",
        "user",
        "user%there.example",
    ] {
        for sender in ["", AUTHOR, "me@here.example", "x@[192.0.2.1]"] {
            let commands = format!("MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n");
            let said = said(&world, &commands).await;
            let last: Vec<_> = said.lines().rev().take(2).collect();
            assert!(last[1].starts_with('5') && last[0].starts_with("554 5.5.1"), "{said}");
        }
    }
    assert_eq!(
        said(&world, "MAIL FROM:<>\r\nRCPT TO:<u@there.example>\r\n").await.lines().last(),
        Some("554 5.7.1 <u@there.example>: Relay access denied")
    );
}

#[tokio::test]
async fn who_exists_is_not_told_before_the_message_is_there() {
    let world = World::new().await;
    let commands = "MAIL FROM:<>\r\nRCPT TO:<me@here.example>\r\nRCPT TO:<nobody@here.example>\r\n";
    let said = said(&world, commands).await;
    let last: Vec<_> = said.lines().rev().take(2).collect();
    assert_eq!(last, ["250 2.1.5 Ok", "250 2.1.5 Ok"]);
}

#[tokio::test]
async fn s31_a_web_browser_is_shown_the_door() {
    for request in ["GET / HTTP/1.1\r\n", "POST /mxdeliv HTTP/1.1\r\n", "CONNECT x:25 HTTP/1.1\r\n"]
    {
        let world = World::new().await;
        let more = format!("{request}Host: x\r\n\r\nMAIL FROM:<>\r\n");
        let said = world.said(&more, TlsState::Offered).await;
        assert!(said.lines().count() <= 2 && !said.contains("530"), "{said}");
    }
}

#[tokio::test]
async fn s32_names_that_are_none_are_refused_and_leave_no_trace() {
    let world = World::new().await;
    let long = "x".repeat(500);
    for name in ["", "\u{1}x", &long] {
        let said = world.said(&format!("EHLO {name}\r\n"), TlsState::Established).await;
        let last = said.lines().last().unwrap();
        assert!(last.starts_with("501") || last.starts_with("500"), "{name:?}: {last}");
    }
}

#[tokio::test]
async fn s33_mail_that_goes_in_circles_is_refused() {
    let world = World::new().await;
    let hops = |n: usize| format!("{}{}", "Received: x\r\n".repeat(n), encrypted(AUTHOR));
    let there = Signer::of("there.example");
    let judge = async |message: String| {
        verdict(&world, AUTHOR, &["me@here.example"], &there.sign(&message)).await
    };
    assert_eq!(judge(hops(50)).await, "250 OK");
    assert_eq!(judge(hops(51)).await, "554 5.4.6 Error: too many hops");
    let was_here = format!("Delivered-To: me+x@here.example\r\n{}", encrypted(AUTHOR));
    assert_eq!(judge(was_here).await, "554 5.4.6 Error: too many hops");
    let elsewhere = format!("Delivered-To: me@forwarder.example\r\n{}", encrypted(AUTHOR));
    assert_eq!(judge(elsewhere).await, "250 OK");
}

#[tokio::test]
async fn s34_nobody_is_sent_a_report_about_mail_without_sender() {
    let world = World::new().await;
    let refused = "550 5.1.1 <nobody@here.example> User doesn't exist: nobody@here.example";
    assert_eq!(verdict(&world, "", &["nobody@here.example"], &signed()).await, refused);
    let daemon = "mailer-daemon@there.example";
    let report = Signer::of("there.example").sign(&report(daemon));
    for sender in ["", daemon] {
        assert_eq!(verdict(&world, sender, &["nobody@here.example"], &report).await, refused);
    }
    let forwarder = "srs0=a=b@forwarder.example";
    assert_eq!(verdict(&world, forwarder, &["nobody@here.example"], &signed()).await, refused);
    assert_eq!(world.store.queue_len().await, Ok(0));
    let some = ["nobody@here.example", "me@here.example"];
    assert_eq!(verdict(&world, "", &some, &signed()).await, "250 OK");
    assert_eq!(world.store.queue_len().await, Ok(0));
}

#[tokio::test]
async fn who_sent_to_nobody_is_sent_a_report() {
    let world = World::new().await;
    let recipients = ["nobody@here.example", "me@here.example"];
    assert_eq!(verdict(&world, AUTHOR, &recipients, &signed()).await, "250 OK");
    assert_eq!(world.inbox("me").await.len(), 1);
    let (envelope, report) = world.queued().await;
    assert_eq!((envelope.sender, envelope.domain.as_str()), (None, "there.example"));
    assert_eq!(envelope.recipients, [Address::parse(AUTHOR).unwrap()]);
    assert!(report.contains("Final-Recipient: rfc822; nobody@here.example"), "{report}");
    assert!(report.contains("550 5.1.1"), "{report}");
    assert!(!report.contains("DKIM-Signature") && !report.contains("PGP MESSAGE"), "{report}");
}

#[tokio::test]
async fn a_full_mailbox_is_reported_too() {
    let world = World::with_quota(1_000).await;
    let long = format!("X-Padding: {}\r\n{}", "x".repeat(900), encrypted(AUTHOR));
    let message = Signer::of("there.example").sign(&long);
    let full = "552 5.2.2 <me@here.example> Quota exceeded (mailbox for user is full)";
    assert_eq!(verdict(&world, "", &["me@here.example"], &message).await, full);
    assert_eq!(verdict(&world, AUTHOR, &["me@here.example"], &message).await, "250 OK");
    assert!(world.queued().await.1.contains("Status: 5.2.2"));
}

#[tokio::test]
async fn clear_text_is_refused_before_signatures_are_looked_at() {
    let world = World::new().await;
    let text = format!("From: {AUTHOR}\r\nSubject: x\r\n\r\nhello\r\n");
    let needed = "523 Encryption Needed: Invalid Unencrypted Mail";
    for message in [&text, &Signer::of("there.example").sign(&text)] {
        for recipient in ["me@here.example", "me+tag@here.example", "nobody@here.example"] {
            assert_eq!(verdict(&world, AUTHOR, &[recipient], message).await, needed);
        }
    }
    assert_eq!(world.resolver.times_asked(KEY), 0);
}

#[tokio::test]
async fn k7_dns_trouble_means_later_and_is_not_remembered() {
    let world = World::new().await;
    world.resolver.set_txt(KEY, Err(LookupError::Temporary));
    let later = "451 4.7.5 Temporary DNS failure, try again later";
    assert_eq!(verdict(&world, AUTHOR, &["me@here.example"], &signed()).await, later);
    world.publish_key();
    assert_eq!(verdict(&world, AUTHOR, &["me@here.example"], &signed()).await, "250 OK");
}

#[tokio::test]
async fn a_key_is_asked_for_once_more_before_it_counts_against_a_message() {
    let world = World::new().await;
    assert_eq!(verdict(&world, AUTHOR, &["me@here.example"], &signed()).await, "250 OK");
    assert_eq!(world.resolver.times_asked(KEY), 1);
    world.resolver.set_txt(KEY, Err(LookupError::NoSuchName));
    let invalid = "554 5.7.1 No valid DKIM signature found";
    assert_eq!(verdict(&world, AUTHOR, &["me@here.example"], &signed()).await, invalid);
    assert_eq!(world.resolver.times_asked(KEY), 2);
}

#[tokio::test]
async fn k10_only_the_author_s_own_domain_can_vouch() {
    let world = World::new().await;
    let invalid = "554 5.7.1 No valid DKIM signature found";
    for author in ["them@sub.there.example", "them@other.example", "them@example"] {
        let message = Signer::of("there.example").sign(&encrypted(author));
        assert_eq!(verdict(&world, author, &["me@here.example"], &message).await, invalid);
    }
    assert_eq!(world.resolver.times_asked(KEY), 0, "keys of others are not asked for");
    let shouting = Signer::of("THERE.example").sign(&encrypted("Them@There.EXAMPLE"));
    assert_eq!(verdict(&world, AUTHOR, &["me@here.example"], &shouting).await, "250 OK");
}

#[tokio::test]
async fn k11_no_signature_no_entry() {
    let world = World::new().await;
    let missing = "554 5.7.1 No DKIM signature found";
    let message = encrypted("fake@there.example");
    assert_eq!(verdict(&world, AUTHOR, &["me@here.example"], &message).await, missing);
    let ours = encrypted("me@here.example");
    assert_eq!(verdict(&world, "me@here.example", &["me@here.example"], &ours).await, missing);
    assert!(world.inbox("me").await.is_empty());
}

#[tokio::test]
async fn k3_k4_a_message_changed_on_the_way_is_refused() {
    let world = World::new().await;
    let invalid = "554 5.7.1 No valid DKIM signature found";
    let longer = signed().replace("\r\n--b--\r\n", "x\r\n--b--\r\n");
    for message in [signed().replace("Subject: [...]", "Subject: other"), longer] {
        let said = verdict(&world, AUTHOR, &["me@here.example"], &message).await;
        assert!(said == invalid || said.starts_with("523"), "{said}");
    }
    let two_authors = format!("From: x@there.example\r\n{}", signed());
    let said = verdict(&world, AUTHOR, &["me@here.example"], &two_authors).await;
    assert!(said.starts_with("500 Invalid FROM header"), "{said}");
}

#[tokio::test]
async fn k13_forged_traces_are_not_delivered() {
    let world = World::new().await;
    let forged = format!(
        "Authentication-Results: here.example; dkim=pass\r\nReceived: from [192.0.2.7] by x\r\n{}",
        signed()
    );
    assert_eq!(verdict(&world, AUTHOR, &["me@here.example"], &forged).await, "250 OK");
    assert_eq!(world.inbox("me").await, [encrypted(AUTHOR)]);
}

#[tokio::test]
async fn lines_that_begin_with_a_dot_are_signed_without_stuffing() {
    let world = World::new().await;
    let noted =
        encrypted(AUTHOR).replacen("\r\n\r\n--b\r\n", "\r\n\r\n.a note\r\n..\r\n--b\r\n", 1);
    let message = Signer::of("there.example").sign(&noted);
    assert_eq!(verdict(&world, AUTHOR, &["me@here.example"], &message).await, "250 OK");
    assert_eq!(world.inbox("me").await, [noted]);
}

#[tokio::test]
async fn an_ip_address_cannot_sign_and_need_not() {
    let world = World::new().await;
    for author in ["them@[192.0.2.1]", "them@[IPv6:2001:db8::1]"] {
        let message = encrypted(author);
        assert_eq!(verdict(&world, author, &["me@here.example"], &message).await, "250 OK");
        let said = verdict(&world, author, &["nobody@here.example"], &message).await;
        assert!(said.starts_with("550 5.1.1"), "an unproven author is sent no report: {said}");
    }
    assert_eq!(world.store.queue_len().await, Ok(0));
}

#[tokio::test]
async fn tags_are_resolved_and_nobody_gets_a_message_twice() {
    let world = World::new().await;
    let all = ["me+a@here.example", "ME@here.example", "me+b@here.example"];
    assert_eq!(verdict(&world, AUTHOR, &all, &signed()).await, "250 OK");
    assert_eq!(world.inbox("me").await.len(), 1);
}

#[tokio::test]
async fn a_blocked_user_gets_nothing_and_nobody_is_told() {
    let world = World::new().await;
    world.block("me").await;
    assert_eq!(verdict(&world, AUTHOR, &["me@here.example"], &signed()).await, "250 OK");
    assert!(world.inbox("me").await.is_empty());
    assert_eq!(world.store.queue_len().await, Ok(0));
    let missing = "554 5.7.1 No DKIM signature found";
    let unsigned = verdict(&world, AUTHOR, &["me@here.example"], &encrypted(AUTHOR)).await;
    assert_eq!(unsigned, missing, "the checks come first");
}

#[tokio::test]
async fn a_full_disk_means_later() {
    let world = World::new().await;
    world.store.set_full(true);
    let said = verdict(&world, AUTHOR, &["me@here.example"], &signed()).await;
    assert_eq!(said, "452 4.3.1 Insufficient system storage");
}

#[tokio::test]
async fn what_is_no_message_is_refused() {
    let world = World::new().await;
    for (message, reply) in [
        ("no header\r\n", "500 Failed to parse message"),
        ("From: a@b.example\r\n", "500 Failed to parse message"),
        ("Subject: x\r\n\r\n", "500 Invalid FROM header"),
        ("From: a@b.example\r\n\r\nbare\nlf\r\n", "500 Invalid DATA"),
    ] {
        let said = verdict(&world, AUTHOR, &["me@here.example"], message).await;
        assert!(said.starts_with(reply), "{message:?}: {said}");
    }
    let mut latin = signed().into_bytes();
    latin.splice(0..0, b"X-Name: \xe4\r\n".iter().copied());
    let said = world.deliver_bytes(AUTHOR, &["me@here.example"], &latin).await;
    assert_eq!(said, "554 Non-UTF-8 message");
}

#[tokio::test]
async fn a_second_message_on_the_same_connection_knows_nothing_of_the_first() {
    let world = World::new().await;
    let one = |recipient: &str| {
        let message = signed();
        format!("MAIL FROM:<{AUTHOR}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n{message}.\r\n")
    };
    let other = "MAIL FROM:<x@y.example>\r\nRCPT TO:<me@here.example>\r\nRSET\r\n";
    let commands = format!("{}{other}{}", one("me@here.example"), one("you@here.example"));
    let said = said(&world, &commands).await;
    assert_eq!(said.matches("250 OK").count(), 2, "{said}");
    assert_eq!((world.inbox("me").await.len(), world.inbox("you").await.len()), (1, 1));
}

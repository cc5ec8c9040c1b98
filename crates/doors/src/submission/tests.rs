//! The door over the model store, without sockets.

mod world;

use mail::limits::HEADER_BLOCK_BYTES_MAX;
use store::Store;

use world::{World, encrypted};

const ME: &str = "me@here.example";
const YOU: &str = "you@here.example";

#[tokio::test]
async fn a_message_lies_in_the_inbox_with_its_header_cleaned() {
    let world = World::new().await;
    let sent = format!("Subject: secret\r\nReceived: x\r\n{}", encrypted(ME));
    assert_eq!(world.send(ME, &[YOU], &sent).await, "250 OK");
    let [got] = &world.inbox("you").await[..] else { panic!("one message") };
    assert!(got.starts_with("Subject: [...]\r\nFrom: <me@here.example>\r\n"), "{got}");
    assert!(!got.contains("secret") && !got.contains("Received"), "{got}");
    assert!(got.contains("\r\nDate: ") && got.contains("@here.example>\r\n\r\n--b\r\n"), "{got}");
}

#[tokio::test]
async fn what_is_complete_stays_byte_for_byte() {
    let world = World::new().await;
    let sent = format!(
        "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <x@localhost>\r\n\
         To: \"hidden-recipients\": ;\r\nChat-Is-Post-Message: 1\r\n{}",
        encrypted(ME)
    );
    assert_eq!(world.send(ME, &[YOU], &sent).await, "250 OK");
    assert_eq!(world.inbox("you").await, [sent]);
}

#[tokio::test]
async fn s19_senders_who_are_somebody_else() {
    let world = World::new().await;
    let said =
        world.said("MAIL FROM:<you@here.example>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n").await;
    let last: Vec<_> = said.lines().rev().take(3).collect();
    assert_eq!(last[0], "554 5.5.1 Error: no valid recipients");
    assert_eq!(
        last[1],
        "553 5.7.1 <you@here.example>: Sender address rejected: not owned by user me@here.example"
    );
    assert_eq!(last[2], "250 2.1.0 Ok");
    assert_eq!(
        world.send(ME, &[YOU], &encrypted("you@here.example")).await,
        "500 Invalid FROM <you@here.example> for <me@here.example>"
    );
    assert_eq!(
        world.send("", &[YOU], &encrypted(ME)).await,
        "500 Invalid FROM <me@here.example> for <>"
    );
    assert_eq!(world.send("ME@Here.Example", &[YOU], &encrypted(ME)).await, "250 OK");
}

#[tokio::test]
async fn s21_clear_text_is_refused_and_nothing_of_it_stays() {
    let world = World::new().await;
    let clear = "From: <me@here.example>\r\n\r\nhello\r\n";
    let refusal = "523 Encryption Needed: Invalid Unencrypted Mail";
    assert_eq!(world.send(ME, &[ME, YOU, "x@y.example"], clear).await, refusal);
    assert!(world.inbox("you").await.is_empty());
    assert_eq!(world.store.queue_len().await, Ok(0));
}

#[tokio::test]
async fn s6_after_each_refusal_a_transaction_begins_afresh() {
    let good = encrypted(ME);
    for refused in [
        "MAIL FROM:<x>\r\n",
        "MAIL FROM:<me@here.example> SIZE=99999999\r\n",
        "MAIL FROM:<me@here.example>\r\nRCPT TO:<ghost>\r\nRSET\r\n",
        "MAIL FROM:<x@y.example>\r\nRCPT TO:<ghost@here.example>\r\nDATA\r\n",
        "MAIL FROM:<me@here.example>\r\nRCPT TO:<ghost@here.example>\r\nEHLO x\r\n",
        "MAIL FROM:<me@here.example>\r\nRCPT TO:<ghost@here.example>\r\nDATA\r\nFrom: x\r\n.\r\n",
        "MAIL FROM:<me@here.example>\r\nRCPT TO:<ghost@here.example>\r\nDATA\r\n\0\r\n.\r\n",
    ] {
        let world = World::new().await;
        let said = world
            .said(&format!("{refused}MAIL FROM:<{ME}>\r\nRCPT TO:<{YOU}>\r\nDATA\r\n{good}.\r\n"))
            .await;
        assert!(said.ends_with("250 OK\r\n"), "{said}");
        assert_eq!(world.inbox("you").await.len(), 1, "{refused}");
        assert!(world.inbox("me").await.is_empty(), "no report about the ghost: {refused}");
    }
}

#[tokio::test]
async fn s27_who_vanishes_before_the_last_dot_has_sent_nothing() {
    let world = World::new().await;
    let said = world
        .said(&format!(
            "MAIL FROM:<{ME}>\r\nRCPT TO:<{YOU}>\r\nRCPT TO:<nobody>\r\nDATA\r\n{}QUIT\r\n",
            encrypted(ME)
        ))
        .await;
    assert!(said.ends_with("354 End data with <CR><LF>.<CR><LF>\r\n"), "{said}");
    assert!(world.inbox("you").await.is_empty());
}

#[tokio::test]
async fn s44_the_eleventh_message_at_once_is_too_much_and_refused_data_is_not_refunded() {
    let world = World::new().await;
    for _ in 0..5 {
        assert_eq!(world.send(ME, &[YOU, ME, "x@y.example"], &encrypted(ME)).await, "250 OK");
        assert!(world.send(ME, &[YOU], "From: x\r\n\r\n").await.starts_with("500 "));
    }
    for _ in 0..3 {
        let said = world.said(&format!("MAIL FROM:<{ME}>\r\nRCPT TO:<{YOU}>\r\n")).await;
        let (_, after) = said.split_once("250 2.1.0 Ok\r\n").unwrap();
        assert!(
            after.starts_with("450 4.7.1: Too much mail from <me@here.example>, rate"),
            "{said}"
        );
    }
    world.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(world.send(ME, &[YOU], &encrypted(ME)).await, "250 OK");
}

#[tokio::test]
async fn each_recipient_gets_it_once_however_it_is_written() {
    let world = World::new().await;
    let recipients = [
        YOU,
        "YOU@here.example",
        "you+a@here.example",
        "You+b@HERE.example",
        ME,
        "me+x@here.example",
    ];
    assert_eq!(world.send(ME, &recipients, &encrypted(ME)).await, "250 OK");
    assert_eq!((world.inbox("you").await.len(), world.inbox("me").await.len()), (1, 1));
    let remote = ["a@y.example", "A@Y.example", "a+x@y.example", "b@z.example", "c@y.example"];
    assert_eq!(world.send(ME, &remote, &encrypted(ME)).await, "250 OK");
    assert_eq!(
        world.queued().await,
        [
            "me@here.example > a@y.example a+x@y.example c@y.example",
            "me@here.example > b@z.example"
        ]
    );
}

#[tokio::test]
async fn who_got_nothing_is_reported_before_250() {
    let world = World::new().await;
    assert_eq!(world.send(ME, &[YOU, "ghost@here.example"], &encrypted(ME)).await, "250 OK");
    assert_eq!(world.inbox("you").await.len(), 1);
    let [report] = &world.inbox("me").await[..] else { panic!("one report") };
    assert!(report.contains("From: MAILER-DAEMON@here.example"), "{report}");
    assert!(report.contains("550 5.1.1 <ghost@here.example> User doesn't exist"), "{report}");
    assert!(report.contains("Action: failed") && report.contains("Message-ID"), "{report}");
}

#[tokio::test]
async fn who_cannot_be_told_by_a_report_is_told_by_the_reply() {
    let world = World::with_quota(600).await;
    assert_eq!(
        world.send(ME, &[YOU, "ghost@here.example"], &encrypted(ME)).await,
        "550 5.1.1 <ghost@here.example> User doesn't exist: ghost@here.example"
    );
    assert_eq!(world.inbox("you").await.len(), 1, "the others got it");
    assert_eq!(
        world.send(ME, &[YOU], &encrypted(ME)).await,
        "552 5.2.2 <you@here.example> Quota exceeded (mailbox for user is full)"
    );
}

#[tokio::test]
async fn a_full_mailbox_of_ones_own_stops_no_message_to_others() {
    let world = World::with_quota(600).await;
    assert_eq!(world.send(ME, &[ME], &encrypted(ME)).await, "250 OK");
    assert_eq!(world.send(ME, &["x@y.example", ME], &encrypted(ME)).await, "250 OK");
    assert_eq!(world.queued().await.len(), 1);
}

#[tokio::test]
async fn a_blocked_user_sends_and_gets_nothing_and_nobody_is_told() {
    let world = World::new().await;
    world.block("you").await;
    assert_eq!(world.send(ME, &[YOU], &encrypted(ME)).await, "250 OK");
    assert!(world.inbox("you").await.is_empty() && world.inbox("me").await.is_empty());
    let blocked_meanwhile = async || world.block("me").await;
    let said = world.send_after(blocked_meanwhile, ME, &[ME, "x@y.example"], &encrypted(ME)).await;
    assert_eq!(said, "250 OK");
    assert!(world.inbox("me").await.is_empty() && world.queued().await.is_empty());
}

#[tokio::test]
async fn a_full_disk_is_no_fault_of_the_sender() {
    let world = World::new().await;
    world.store.set_full(true);
    let refusal = "452 4.3.1 Insufficient system storage";
    assert_eq!(world.send(ME, &[YOU], &encrypted(ME)).await, refusal);
    world.store.set_full(false);
    assert_eq!(world.send(ME, &[YOU], &encrypted(ME)).await, "250 OK");
}

#[tokio::test]
async fn headers_at_their_edges() {
    let world = World::new().await;
    let message = encrypted(ME);
    let header = message.split_once("\r\n\r\n").unwrap().0.len() + 4;
    let padded = |more: usize| {
        let room = HEADER_BLOCK_BYTES_MAX - header + more - "X: \r\n".len();
        format!("X: {}\r\n{message}", "x".repeat(room))
    };
    assert_eq!(world.send(ME, &[YOU], &padded(0)).await, "250 OK");
    for (bad, reply) in [
        (padded(1), "500 Failed to parse message: the header is too long"),
        (String::new(), "500 Failed to parse message: the header does not end"),
        (format!("From: <{ME}>\r\n"), "500 Failed to parse message: the header does not end"),
        (format!("\r\n{message}"), "500 Invalid FROM header: there is no From header"),
        (format!("From: <{ME}>\r\n\r\n"), "523 Encryption Needed: Invalid Unencrypted Mail"),
        (
            format!("From: <{ME}>\r\n{message}"),
            "500 Invalid FROM header: there is more than one From header",
        ),
    ] {
        assert_eq!(world.send(ME, &[YOU], &bad).await, reply);
    }
    assert_eq!(world.inbox("you").await.len(), 1);
}

#[tokio::test]
async fn s23_recipients_past_the_ceiling_are_refused_and_the_rest_is_served() {
    let world = World::new().await;
    let recipients: String = (0..=100).map(|n| format!("RCPT TO:<u{n}@y.example>\r\n")).collect();
    let message = encrypted(ME);
    let said = world.said(&format!("MAIL FROM:<{ME}>\r\n{recipients}DATA\r\n{message}.\r\n")).await;
    assert_eq!(said.matches("250 2.1.5 Ok\r\n").count(), 100);
    assert_eq!(said.matches("452 4.5.3 Error: too many recipients\r\n").count(), 1);
    assert!(said.ends_with("250 OK\r\n"), "{said}");
}

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::client::TlsStream;

use super::*;
use crate::Service;
use crate::handshake;
use crate::testing::{TLS_1_2, TLS_1_3, client, connect, live_identity, pair};
use crate::tls::Routing;

/// A connection under TLS: the peer's end and ours.
async fn secure(
    versions: &'static [&rustls::SupportedProtocolVersion],
) -> (TlsStream<TcpStream>, Stream) {
    let (theirs, ours) = pair().await;
    let tls = live_identity().tls().unwrap();
    let config = client(versions, &[]);
    let (theirs, ours) = tokio::join!(
        connect(theirs, &config),
        handshake::accept(ours, &tls, Routing::Fixed(Service::Web))
    );
    (theirs.unwrap(), ours.unwrap().0)
}

async fn read_exactly(stream: &mut Stream, n: usize, step: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < n {
        let most = step.min(n - all.len());
        let got = stream.read_some(&mut all, most).await.unwrap();
        assert!((1..=most).contains(&got));
    }
    all
}

/// Bytes that do not repeat where records or buffers end.
fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i % 251) as u8).collect()
}

#[tokio::test]
async fn bytes_pass_both_ways_in_every_size_and_version() {
    for versions in [TLS_1_2, TLS_1_3] {
        let (mut theirs, mut ours) = secure(versions).await;
        for (n, step) in [(1, 1), (100, 7), (16_384, 16_384), (16_385, 1_000), (300_000, 65_536)] {
            let sent = pattern(n);
            let (_, got) = tokio::join!(
                async { theirs.write_all(&sent).await.unwrap() },
                read_exactly(&mut ours, n, step)
            );
            assert!(got == sent, "{n} bytes in");
            let mut back = vec![0; n];
            let (written, read) = tokio::join!(ours.write_all(&sent), theirs.read_exact(&mut back));
            written.unwrap();
            read.unwrap();
            assert!(back == sent, "{n} bytes out");
        }
    }
}

#[tokio::test]
async fn reading_appends_and_an_idle_connection_holds_no_buffer() {
    let (mut theirs, mut ours) = secure(TLS_1_3).await;
    theirs.write_all(b"two words").await.unwrap();
    let mut into = b"> ".to_vec();
    ours.read_some(&mut into, 4).await.unwrap();
    ours.read_some(&mut into, 100).await.unwrap();
    assert_eq!(into, b"> two words");
    ours.write_all(&pattern(100_000)).await.unwrap();
    assert_eq!(ours.tls.as_ref().unwrap().buffered_capacity(), 0);
}

#[tokio::test]
async fn a_cut_off_read_loses_nothing() {
    let (mut theirs, mut ours) = secure(TLS_1_3).await;
    let mut into = Vec::new();
    let patience = Duration::from_millis(5);
    let none = ours.read_some_within(&mut into, 10, patience).await.unwrap_err();
    assert_eq!(none.kind(), io::ErrorKind::TimedOut);
    theirs.write_all(b"late").await.unwrap();
    ours.read_some(&mut into, 10).await.unwrap();
    assert_eq!(into, b"late");
}

#[tokio::test]
async fn the_end_is_an_end_with_or_without_goodbye() {
    for polite in [true, false] {
        let (mut theirs, mut ours) = secure(TLS_1_3).await;
        // With its ticket unread the peer's kernel would reset the connection.
        ours.write_all(b"x").await.unwrap();
        theirs.read_exact(&mut [0]).await.unwrap();
        theirs.write_all(b"bye").await.unwrap();
        if polite {
            theirs.shutdown().await.unwrap();
        }
        drop(theirs);
        let mut into = Vec::new();
        while ours.read_some(&mut into, 100).await.unwrap() > 0 {}
        assert_eq!(into, b"bye");
        assert_eq!(ours.read_some(&mut into, 100).await.unwrap(), 0, "and it stays the end");
    }
}

#[tokio::test]
async fn shutdown_says_goodbye_and_the_last_words_arrive_despite_unread_input() {
    let (mut theirs, mut ours) = secure(TLS_1_3).await;
    theirs.write_all(&pattern(10_000)).await.unwrap();
    ours.write_all(b"421 no more").await.unwrap();
    let peer = async {
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).await.unwrap();
        drop(theirs);
        all
    };
    let (all, ()) = tokio::join!(peer, ours.shutdown());
    assert_eq!(all, b"421 no more");
}

#[tokio::test]
async fn broken_records_end_the_connection_with_an_alert() {
    let (theirs, mut ours) = secure(TLS_1_3).await;
    let (mut raw, _) = theirs.into_inner();
    raw.write_all(&[23, 3, 3, 0, 32, 1, 2]).await.unwrap();
    raw.write_all(&[0; 30]).await.unwrap();
    let error = ours.read_some(&mut Vec::new(), 100).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    let mut alert = [0; 5];
    raw.read_exact(&mut alert).await.unwrap();
    assert_eq!(alert[0], 23, "an alert, sealed");
}

#[tokio::test]
async fn records_may_come_byte_by_byte() {
    let (mut theirs, mut ours) = secure(TLS_1_3).await;
    let (relay_in, mut relay_out) = pair().await;
    // What the peer seals is passed on one byte at a time.
    theirs.write_all(b"drop by drop").await.unwrap();
    let mut sealed = vec![0; 12 + 22];
    ours.tcp.readable().await.unwrap();
    let n = ours.tcp.try_read(&mut sealed).unwrap();
    assert_eq!(n, sealed.len());
    ours.tcp = relay_in;
    let drip = async {
        for byte in sealed {
            relay_out.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let ((), got) = tokio::join!(drip, read_exactly(&mut ours, 12, 100));
    assert_eq!(got, b"drop by drop");
}

#[tokio::test(start_paused = true)]
async fn t4_a_peer_that_takes_nothing_is_given_up() {
    let (theirs, ours) = pair().await;
    let mut ours = Stream::plain(ours);
    let error = ours.write_all(&pattern(64 * 1024 * 1024)).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    drop(theirs);
}

#[tokio::test]
async fn in_the_clear_it_works_the_same() {
    let (mut theirs, ours) = pair().await;
    let mut ours = Stream::plain(ours);
    assert!(ours.tcp.nodelay().unwrap());
    theirs.write_all(b"hello").await.unwrap();
    assert_eq!(read_exactly(&mut ours, 5, 2).await, b"hello");
    ours.write_all(b"220 ready\r\n").await.unwrap();
    let mut back = [0; 11];
    theirs.read_exact(&mut back).await.unwrap();
    drop(theirs);
    assert_eq!(ours.read_some(&mut Vec::new(), 10).await.unwrap(), 0);
}

#[tokio::test]
async fn hyper_s_way_of_reading_and_writing_works_too() {
    let (mut theirs, mut ours) = secure(TLS_1_2).await;
    let sent = pattern(200_000);
    let mut got = vec![0; sent.len()];
    let (a, b) = tokio::join!(
        async {
            theirs.write_all(&sent).await?;
            theirs.flush().await
        },
        ours.read_exact(&mut got)
    );
    a.unwrap();
    b.unwrap();
    assert!(got == sent);
    got.fill(0);
    let (a, b) = tokio::join!(
        async {
            AsyncWriteExt::write_all(&mut ours, &sent).await?;
            AsyncWriteExt::flush(&mut ours).await?;
            AsyncWriteExt::shutdown(&mut ours).await
        },
        theirs.read_exact(&mut got)
    );
    a.unwrap();
    b.unwrap();
    assert!(got == sent);
}

#[tokio::test]
async fn the_version_is_told() {
    assert_eq!(secure(TLS_1_2).await.1.tls_version(), Some("TLS1.2"));
    assert_eq!(secure(TLS_1_3).await.1.tls_version(), Some("TLS1.3"));
    assert_eq!(Stream::plain(pair().await.0).tls_version(), None);
}

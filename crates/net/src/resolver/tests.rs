use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::UdpSocket;

use super::*;

const NO_ERROR: u8 = 0;
const SERVER_FAILURE: u8 = 2;
const NO_SUCH_NAME: u8 = 3;

/// A name server on loopback that says the same to every question.
struct NameServer {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl NameServer {
    async fn saying(code: u8, records: &[&[&str]]) -> NameServer {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (socket.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&asked);
        let records: Vec<Vec<u8>> = records.iter().map(|strings| txt_record(strings)).collect();
        tokio::spawn(async move {
            let mut question = [0; 512];
            while let Ok((n, peer)) = socket.recv_from(&mut question).await {
                count.fetch_add(1, Ordering::Relaxed);
                socket.send_to(&reply(&question[..n], code, &records), peer).await.unwrap();
            }
        });
        NameServer { address, asked }
    }

    fn resolver(&self) -> Resolver {
        Resolver::with_servers(&[self.address]).unwrap()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// The name of the question again, TXT, IN, a minute to live.
fn txt_record(strings: &[&str]) -> Vec<u8> {
    let data: Vec<u8> =
        strings.iter().flat_map(|s| [&[s.len() as u8], s.as_bytes()].concat()).collect();
    let mut record = vec![0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60];
    record.extend_from_slice(&(data.len() as u16).to_be_bytes());
    record.extend(data);
    record
}

fn reply(question: &[u8], code: u8, records: &[Vec<u8>]) -> Vec<u8> {
    let name_len = question[12..].iter().position(|&b| b == 0).unwrap();
    let mut reply = question[..2].to_vec();
    reply.extend([0x81, 0x80 | code, 0, 1, 0, records.len() as u8, 0, 0, 0, 0]);
    reply.extend_from_slice(&question[12..12 + name_len + 5]);
    reply.extend(records.concat());
    reply
}

#[tokio::test]
async fn the_strings_of_a_record_belong_together() {
    let server = NameServer::saying(NO_ERROR, &[&["v=DKIM1; ", "p=abc"], &["other"]]).await;
    let mut found = server.resolver().txt("s._domainkey.example.org").await.unwrap();
    found.sort();
    assert_eq!(found, ["other", "v=DKIM1; p=abc"]);
}

#[tokio::test]
async fn answers_are_remembered_until_they_are_forgotten() {
    let server = NameServer::saying(NO_ERROR, &[&["x"]]).await;
    let resolver = server.resolver();
    for _ in 0..3 {
        assert!(resolver.clone().txt("Example.org").await.is_ok());
    }
    assert_eq!(server.asked(), 1);
    resolver.forget_txt("example.org");
    assert!(resolver.txt("example.org").await.is_ok());
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn nothing_is_only_said_if_a_server_says_so() {
    let nobody = NameServer::saying(NO_SUCH_NAME, &[]).await;
    assert_eq!(nobody.resolver().txt("example.org").await, Err(LookupError::NoSuchName));
    let empty = NameServer::saying(NO_ERROR, &[]).await;
    assert_eq!(empty.resolver().txt("example.org").await, Err(LookupError::NoData));
}

#[tokio::test(start_paused = true)]
async fn k7_failures_are_temporary_and_not_remembered() {
    let broken = NameServer::saying(SERVER_FAILURE, &[]).await;
    let resolver = broken.resolver();
    assert_eq!(resolver.txt("example.org").await, Err(LookupError::Temporary));
    let asked = broken.asked();
    assert_eq!(resolver.txt("example.org").await, Err(LookupError::Temporary));
    assert!(broken.asked() > asked);
}

#[tokio::test(start_paused = true)]
async fn k7_a_silent_server_is_not_waited_for_for_ever() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = Resolver::with_servers(&[silent.local_addr().unwrap()]).unwrap();
    let patience = Duration::from_secs(DNS_LOOKUP_TIMEOUT_S + 1);
    let answer = tokio::time::timeout(patience, resolver.txt("example.org")).await;
    assert_eq!(answer, Ok(Err(LookupError::Temporary)));
}

#[tokio::test]
async fn what_is_no_name_is_not_asked_for() {
    let server = NameServer::saying(NO_ERROR, &[&["x"]]).await;
    let long = ["a"; 200].join(".");
    for name in ["a..b", &long, &"a".repeat(64)] {
        assert_eq!(server.resolver().txt(name).await, Err(LookupError::NoSuchName), "{name}");
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_fake_dns_says_what_it_was_told() {
    let resolver = Resolver::fake();
    assert_eq!(resolver.txt("a.org").await, Err(LookupError::NoSuchName));
    resolver.set_txt("A.org.", Ok(vec!["x".into()]));
    assert_eq!(resolver.txt("a.ORG").await, Ok(vec!["x".into()]));
    assert_eq!(resolver.times_asked("a.org"), 1);
    resolver.set_txt("a.org", Err(LookupError::Temporary));
    assert_eq!(resolver.txt("a.org").await, Err(LookupError::Temporary));
}

//! The stage with sockets: the same doors behind real listeners on loopback, under TLS.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use net::cert::{Identity, LiveIdentity};
use net::shutdown::channel;
use net::{Budget, Counters, Opening, Port, Service, ShutdownTrigger, Tls};
use tokio::time::timeout;

use super::play::Stage;
use super::script::{Door, Event};
use crate::client::{Lines, Smtp, any_certificate};
use crate::rehearsal::{DOMAIN, PASSWORD, Rehearsal};
use crate::sample;

/// How long an expected line may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to listen for a line that should not come.
const MOMENT: Duration = Duration::from_millis(30);

pub(super) struct Wire {
    house: Rehearsal,
    imaps: SocketAddr,
    submissions: SocketAddr,
    parties: BTreeMap<String, Lines>,
    _end: ShutdownTrigger,
}

impl Wire {
    /// Opens the doors of a rehearsal. Must be called within a runtime; they close with it.
    pub(super) fn new(house: Rehearsal) -> Wire {
        let now = house.clock.now();
        let identity = Identity::ephemeral(&["localhost".to_owned()], now);
        let tls = LiveIdentity::new(identity.expect("localhost is a name")).tls();
        let tls = tls.expect("a fresh certificate fits");
        let (end, shutdown) = channel();
        let (imap, submission) = (Arc::clone(&house.imap), Arc::clone(&house.submission));
        let port = port(&house, Service::Imap, &tls);
        let imaps = port.listener.address();
        tokio::spawn(net::serve(port, shutdown.clone(), move |connection| {
            doors::imap::serve(Arc::clone(&imap), connection)
        }));
        let port = self::port(&house, Service::Submission, &tls);
        let submissions = port.listener.address();
        tokio::spawn(net::serve(port, shutdown, move |connection| {
            doors::submission::serve(Arc::clone(&submission), connection)
        }));
        Wire { house, imaps, submissions, parties: BTreeMap::new(), _end: end }
    }

    fn party(&mut self, name: &str) -> &mut Lines {
        self.parties.get_mut(name).unwrap_or_else(|| panic!("nobody here is called {name}"))
    }

    async fn send_mail(&self, from: &str, to: &str, n: u64) {
        let tls = any_certificate(None);
        let mut sender =
            Smtp::connect(self.submissions, tls, from, PASSWORD).await.expect("residents may in");
        for n in 0..n {
            let message = sample::encrypted(from, 0, 1_000_000 + n);
            sender.send(from, &[to], &message).await.expect("the sample is accepted");
        }
    }
}

fn port(house: &Rehearsal, service: Service, tls: &Tls) -> Port<net::Listener> {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = net::bind_all(&[anywhere]).expect("loopback has a free port").remove(0);
    Port {
        listener,
        opening: Opening::Tls(service, tls.clone()),
        budget: Budget::unlimited_share(100),
        counters: Arc::new(Counters::default()),
        clock: house.clock.clone(),
    }
}

impl Stage for Wire {
    async fn open(&mut self, party: &str, door: Door) {
        let server = match door {
            Door::Imap => self.imaps,
            Door::Submission => self.submissions,
        };
        let lines = Lines::connect(server, any_certificate(None)).await;
        let before = self.parties.insert(party.to_owned(), lines.expect(DOMAIN));
        assert!(before.is_none(), "there is a {party} already");
    }

    async fn say(&mut self, party: &str, bytes: &[u8]) {
        // A server that closed already does not hear the rest; what it said is looked at anyway.
        let _ = self.party(party).send(bytes).await;
    }

    async fn line(&mut self, party: &str, expected: bool) -> Option<String> {
        let patience = if expected { PATIENCE } else { MOMENT };
        let lines = self.parties.get_mut(party)?;
        match timeout(patience, lines.line()).await.ok()? {
            Ok(line) => Some(line.trim_end_matches("\r\n").to_owned()),
            Err(error) => {
                let ended = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
                assert!(ended.contains(&error.kind()), "{error}");
                Some("<close>".into())
            }
        }
    }

    async fn happen(&mut self, party: &str, event: &Event) {
        match event {
            Event::Mail { from, to, n } => self.send_mail(from, to, *n).await,
            Event::Advance { seconds } => self.house.clock.advance(Duration::from_secs(*seconds)),
            Event::Vanish => {
                self.parties.remove(party);
                tokio::time::sleep(MOMENT).await;
            }
            Event::Full(full) => self.house.store.set_full(*full),
            Event::Silence | Event::Stop => unreachable!("such scripts stay in the rehearsal"),
        }
    }
}

//! The IMAP door: joins the session machine with accounts, the store and the network.
//!
//! One task serves one connection. An idle one keeps the machine's few words and no buffer. What
//! goes wrong here ends this connection and no other.

mod conversation;
mod metadata;
mod residents;
mod skeleton;
mod upload;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use imap::Transport;
use mail::limits;
use net::clock::Clock;
use net::server::Accepted;
use store::Store;

pub use conversation::{Conversation, Pause};
pub use metadata::ServerMetadata;

use crate::accounts::Accounts;
use residents::Residents;

/// What all IMAP connections share.
pub struct ImapDoor {
    store: Arc<dyn Store>,
    accounts: Arc<Accounts>,
    clock: Clock,
    machine: Arc<imap::Config>,
    metadata: ServerMetadata,
    residents: Residents,
    login_failure_delay: Duration,
}

/// What an operator decides about the IMAP door.
#[derive(Clone, Debug)]
pub struct ImapSettings {
    /// For the machine.
    pub machine: imap::Config,
    /// What METADATA tells of the server.
    pub metadata: ServerMetadata,
    /// Logged-in connections of one account; the next one is refused.
    pub connections_per_user: usize,
}

impl ImapDoor {
    /// A door to `store`.
    pub fn new(
        store: Arc<dyn Store>,
        accounts: Arc<Accounts>,
        clock: Clock,
        settings: ImapSettings,
    ) -> Self {
        ImapDoor {
            store,
            accounts,
            clock,
            machine: Arc::new(settings.machine),
            metadata: settings.metadata,
            residents: Residents::new(settings.connections_per_user),
            login_failure_delay: Duration::from_millis(limits::LOGIN_FAILURE_DELAY_MS),
        }
    }

    /// For tests: refuses logins without making the guesser wait.
    #[must_use]
    pub fn without_login_delay(mut self) -> Self {
        self.login_failure_delay = Duration::ZERO;
        self
    }
}

/// Serves one connection to its end.
pub async fn serve(door: Arc<ImapDoor>, mut connection: Accepted) {
    let transport = if connection.stream.is_tls() {
        Transport::Tls
    } else {
        Transport::Plain { starttls: connection.starttls.is_some() }
    };
    let mut conversation = Conversation::new(door, transport);
    // An I/O error is the peer's way of leaving; there is nobody to tell.
    let _ = talk(&mut conversation, &mut connection).await;
    conversation.leave().await;
    connection.stream.close().await;
}

async fn talk(conversation: &mut Conversation, connection: &mut Accepted) -> io::Result<()> {
    loop {
        let pause = conversation.run().await;
        send(conversation, connection).await?;
        match pause {
            Pause::Flush => {}
            Pause::Input { patience, watching } => {
                if !listen(conversation, connection, patience, watching).await? {
                    return Ok(());
                }
            }
            Pause::StartTls => {
                let Some(starttls) = connection.starttls.take() else { return Ok(()) };
                connection.stream.start_tls(&starttls).await?;
                conversation.tls_established();
            }
            Pause::Close => return Ok(()),
        }
    }
}

async fn send(conversation: &mut Conversation, connection: &mut Accepted) -> io::Result<()> {
    let output = conversation.output();
    if !output.is_empty() {
        connection.stream.write_all(output).await?;
        output.clear();
        output.shrink_to(0);
    }
    Ok(())
}

/// Waits for whatever comes first; false once the peer has gone.
async fn listen(
    conversation: &mut Conversation,
    connection: &mut Accepted,
    patience: Duration,
    watching: bool,
) -> io::Result<bool> {
    let mut input = Vec::new();
    tokio::select! {
        biased;
        read = connection.stream.read_some(&mut input, limits::IMAP_LINE_BYTES_MAX) => {
            if read? == 0 {
                return Ok(false);
            }
            conversation.feed(&input);
        }
        () = conversation.changed(), if watching => {}
        () = connection.shutdown.requested() => conversation.shut_down(),
        () = tokio::time::sleep(patience) => conversation.timed_out(),
    }
    Ok(true)
}

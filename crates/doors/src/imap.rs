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
use net::{Accepted, Clock};
use store::Store;

pub use conversation::{Conversation, Pause};
pub use metadata::ServerMetadata;

use crate::accounts::Accounts;
use crate::line::{Heard, Line};
use residents::Residents;

/// What all IMAP connections share.
pub struct ImapDoor {
    store: Arc<dyn Store>,
    accounts: Arc<Accounts>,
    clock: Clock,
    machine: Arc<imap::Config>,
    metadata: ServerMetadata,
    residents: Residents,
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
        }
    }
}

/// Serves one connection to its end.
pub async fn serve(door: Arc<ImapDoor>, connection: Accepted) {
    let line = Line::new(connection);
    let transport = match line.is_tls() {
        true => Transport::Tls,
        false => Transport::Plain { starttls: line.offers_starttls() },
    };
    // An I/O error is the client's way of leaving; there is nobody to tell.
    if let Ok(line) = talk(Conversation::new(door, transport), line).await {
        line.close().await;
    }
}

async fn talk(mut conversation: Conversation, mut line: Line) -> io::Result<Line> {
    let clock = conversation.clock();
    let login_by = clock.elapsed() + Duration::from_secs(limits::IMAP_PREAUTH_TIMEOUT_S);
    loop {
        let pause = conversation.run().await;
        line.say(conversation.output()).await?;
        match pause {
            Pause::Flush => {}
            Pause::Input { patience, watching } => {
                // Dripping bytes buys a stranger no time.
                let patience = match conversation.is_logged_in() {
                    true => patience,
                    false => patience.min(login_by.saturating_sub(clock.elapsed())),
                };
                tokio::select! {
                    biased;
                    heard = line.listen(patience) => match heard? {
                        Heard::Bytes(bytes) => conversation.feed(&bytes),
                        Heard::End => conversation.end_of_input(),
                        Heard::Stop => conversation.shut_down(),
                        Heard::Silence => conversation.timed_out(),
                    },
                    () = conversation.changed(), if watching => {}
                }
            }
            Pause::StartTls => {
                line = line.start_tls().await?;
                conversation.tls_established();
            }
            Pause::Close => return Ok(line),
        }
    }
}

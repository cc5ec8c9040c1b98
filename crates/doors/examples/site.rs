//! Shows the default site on this machine: `cargo run -p doors --example site -- PORT [self]`.
//!
//! Plain HTTP on loopback, for looking at the pages; with `self` as a relay whose certificate
//! nobody signed. Set nothing else here: what a relay serves comes from its configuration.

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use doors::web::{self, Ports, Privacy, Registration, ShownLimits, Site, SiteFacts};
use mail::{Domain, limits};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().ok_or("a port, please")?.parse()?;
    let is_self_signed = arguments.next().is_some_and(|word| word == "self");
    let site = Arc::new(Site::new(facts(is_self_signed)?, registration())?);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, peer) = listener.accept().await?;
        let site = Arc::clone(&site);
        let now = || Duration::ZERO;
        tokio::spawn(web::serve(stream, site, peer.ip(), now, std::future::pending()));
    }
}

fn facts(tls_self_signed: bool) -> Result<SiteFacts, mail::AddressError> {
    Ok(SiteFacts {
        domain: Domain::parse(if tls_self_signed { "[192.0.2.7]" } else { "chat.example" })?,
        tls_self_signed,
        connect_host: None,
        ports: Ports::STANDARD,
        limits: ShownLimits {
            send_per_minute: limits::SEND_PER_MINUTE,
            mailbox_bytes_max: limits::MAILBOX_BYTES_MAX,
            message_bytes_max: limits::MESSAGE_BYTES_MAX,
            delete_after_days: 20,
            delete_large_after_days: 7,
            large_message_bytes: limits::LARGE_MESSAGE_BYTES,
            delete_inactive_after_days: 90,
        },
        username_chars_max: limits::USERNAME_CHARS_MAX,
        password_chars_min: limits::PASSWORD_CHARS_MIN,
        privacy: Privacy {
            postal: Some("Example Society\n1 Harbour Street\n12345 Town".to_owned()),
            mail: Some("privacy@chat.example".to_owned()),
            ..Privacy::default()
        },
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// Credentials for looking at; a relay takes its randomness from the operating system.
fn registration() -> Registration {
    Registration {
        random: Arc::new(|out| {
            for chunk in out.chunks_mut(8) {
                let word = RandomState::new().hash_one(0).to_le_bytes();
                chunk.copy_from_slice(&word[..chunk.len()]);
            }
        }),
        closed: Arc::new(|| None),
        limit: None,
    }
}

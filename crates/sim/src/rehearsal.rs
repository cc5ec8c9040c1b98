//! The two mail doors over a store in memory, with a clock that stands still until it is moved.
//!
//! Alice, Bob and Carol live here already, with a stored password that costs nothing to compare, so
//! that a dialogue can be played a thousand times. Nobody waits after a wrong password.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use doors::accounts::{AccountRules, Accounts};
use doors::imap::{ImapDoor, ImapSettings, ServerMetadata};
use doors::submission::{SubmissionDoor, SubmissionSettings};
use mail::{Address, Domain, Timestamp, limits};
use net::Clock;
use policy::accounts::{NameRules, SystemFacts, SystemLimits};
use policy::rate::Gcra;
use store::{MemoryStore, NewAccount, Store};

/// The mail domain of every rehearsal.
pub const DOMAIN: &str = "chat.test";
/// Who lives there from the start.
pub const RESIDENTS: [&str; 3] = ["alice", "bob", "carol"];
/// The password of all of them.
pub const PASSWORD: &str = "correct-horse-battery";

/// What a rehearsal may have different from the usual.
#[derive(Clone, Debug)]
pub struct Props {
    /// An account's quota in bytes.
    pub quota_bytes: u64,
    /// Whether senders have the usual rate limit; without it they have none.
    pub rate_limited: bool,
    /// IMAP connections of one account.
    pub connections_per_user: usize,
}

impl Default for Props {
    fn default() -> Props {
        Props {
            quota_bytes: limits::MAILBOX_BYTES_MAX,
            rate_limited: false,
            connections_per_user: limits::IMAP_CONNECTIONS_PER_USER_MAX,
        }
    }
}

/// The doors and what is behind them.
pub struct Rehearsal {
    /// Where the mail is.
    pub store: Arc<MemoryStore>,
    /// The time; 2026-11-21 at first.
    pub clock: Clock,
    /// The IMAP door.
    pub imap: Arc<ImapDoor>,
    /// The submission door.
    pub submission: Arc<SubmissionDoor>,
}

impl Rehearsal {
    /// Sets the stage.
    pub async fn new(props: &Props) -> Rehearsal {
        let store = MemoryStore::new(props.quota_bytes);
        let clock = Clock::fake(Timestamp(1_795_248_000));
        for name in RESIDENTS {
            move_in(store.as_ref(), name, clock.now()).await;
        }
        let shared: Arc<dyn Store> = Arc::clone(&store) as _;
        let accounts =
            Accounts::new(Arc::clone(&shared), clock.clone(), rules(), 1).without_delay();
        let accounts = Arc::new(accounts);
        let settings = imap_settings(props);
        let imap =
            ImapDoor::new(Arc::clone(&shared), Arc::clone(&accounts), clock.clone(), settings);
        let settings = submission_settings(props);
        let submission = SubmissionDoor::new(shared, accounts, clock.clone(), settings);
        Rehearsal { store, clock, imap: Arc::new(imap), submission: Arc::new(submission) }
    }
}

async fn move_in(store: &dyn Store, name: &str, now: Timestamp) {
    let address = Address::parse(&format!("{name}@{DOMAIN}")).expect("residents have addresses");
    let password_hash = format!("{{PLAIN}}{PASSWORD}");
    let account = NewAccount { address, password_hash, day: now.day(), now };
    store.create_account(account).await.expect("a fresh store in memory has room");
}

fn domain() -> Domain {
    Domain::parse(DOMAIN).expect("the domain is one")
}

fn rules() -> AccountRules {
    AccountRules {
        names: NameRules {
            username_min: limits::USERNAME_CHARS_MIN,
            username_max: limits::USERNAME_CHARS_MAX,
            password_min: limits::PASSWORD_CHARS_MIN,
            domain: domain(),
        },
        system: SystemLimits {
            load_1m_max: f64::MAX,
            available_memory_bytes_min: 0,
            free_disk_bytes_min: 0,
        },
        facts: Arc::new(SystemFacts::default),
    }
}

fn imap_settings(props: &Props) -> ImapSettings {
    ImapSettings {
        machine: imap::Config::default(),
        metadata: ServerMetadata { admin: None, recipients_max: limits::SMTP_RECIPIENTS_MAX },
        connections_per_user: props.connections_per_user,
    }
}

fn submission_settings(props: &Props) -> SubmissionSettings {
    let count = |n| NonZeroU32::new(n).expect("no usual rate is zero");
    let usual = Gcra::new(
        count(limits::SEND_PER_MINUTE),
        Duration::from_secs(60),
        count(limits::SEND_BURST),
    );
    SubmissionSettings {
        hostname: DOMAIN.into(),
        domain: domain(),
        message_size_max: 100_000,
        recipients_max: 5,
        rate: props.rate_limited.then_some(usual),
    }
}

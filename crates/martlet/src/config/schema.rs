//! Every key there is.
//!
//! A new key is one entry here, and a line in the room that obeys it. The doc comments are what
//! operators read; `=>` says what happens at the limit.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use mail::size::ByteSize;
use mail::{Address, Domain, limits};

use super::read::Reader;
use super::section::{Entry, Section, sections};
use super::value::Value;
use super::word::{LogFormat, LogLevel, TlsMode};

/// The keys above all sections.
pub(super) fn root(domain: &Domain, data_dir: &Path) -> Vec<Entry> {
    let entry = |key, kind, meaning, value| Entry {
        section: "",
        about: "",
        key,
        kind,
        meaning,
        beyond: "",
        value,
    };
    vec![
        entry(
            "domain",
            Domain::KIND,
            "The mail domain: what follows the @ of every address of this relay. The only key that \
             must be there.",
            domain.write(),
        ),
        entry(
            "data_dir",
            PathBuf::KIND,
            "The folder where mail, keys and certificates are kept. Back it up, keep it private.",
            data_dir.to_path_buf().write(),
        ),
    ]
}

sections! {
    /// Where the relay listens. Each key is a list, so that a service can have several addresses;
    /// an empty list turns the service off. No two services can share an address.
    [listen] ListenConfig {
        /// Mail from other servers. No other port will do: they only ever try 25.
        smtp: Vec<SocketAddr> = everywhere(25),
        /// Mail from users, beginning in clear text and going on with STARTTLS.
        submission: Vec<SocketAddr> = everywhere(587),
        /// Mail from users, with TLS from the first byte.
        submissions: Vec<SocketAddr> = everywhere(465),
        /// Mailboxes, beginning in clear text and going on with STARTTLS.
        imap: Vec<SocketAddr> = everywhere(143),
        /// Mailboxes, with TLS from the first byte.
        imaps: Vec<SocketAddr> = everywhere(993),
        /// Web pages, with TLS. Serves mail too for clients that ask for it (ALPN), so that a
        /// network which lets nothing but 443 pass is no obstacle.
        https: Vec<SocketAddr> = everywhere(443),
        /// Sends browsers on to `https`.
        http: Vec<SocketAddr> = everywhere(80),
    }

    /// The certificate with which the relay proves who it is.
    [tls] TlsConfig {
        /// Where the certificate comes from: `"self-signed"` makes one itself, good for trying and for
        /// domains that begin with an underscore; `"files"` takes the two files below and follows them
        /// when they change.
        mode: TlsMode = TlsMode::SelfSigned,
        /// The certificate chain as PEM, the relay's own certificate first. For mode `"files"` only.
        cert: Option<PathBuf> = None,
        /// The private key as PEM. For mode `"files"` only. Nobody else may be able to read it.
        key: Option<PathBuf> = None,
    }

    /// How much of everything there may be. Nothing is unlimited, and zero means nothing.
    [limits] LimitsConfig {
        /// Largest message, as transmitted.
        message_size_max: ByteSize = size(limits::MESSAGE_BYTES_MAX)
            => "The sender gets a permanent refusal (SMTP 552).",
        /// Most that one account may keep. From three quarters of it on, the oldest messages that are
        /// older than a day make room.
        mailbox_size_max: ByteSize = size(limits::MAILBOX_BYTES_MAX)
            => "New mail for this account is refused and the sender gets a report.",
        /// Most recipients of one message. Clients are told and split larger ones.
        recipients_max: usize = limits::SMTP_RECIPIENTS_MAX
            => "Further recipients are refused for the moment (SMTP 452).",
        /// Messages one user may send a minute in the long run.
        send_per_minute: u32 = limits::SEND_PER_MINUTE
            => "The client is told to wait and tries again by itself (SMTP 450).",
        /// Messages one user may send at once before `send_per_minute` begins to count.
        send_burst: u32 = limits::SEND_BURST
            => "The client is told to wait and tries again by itself (SMTP 450).",
        /// IMAP connections in all. A device holds one for as long as it is online.
        imap_connections_max: usize = limits::IMAP_CONNECTIONS_MAX
            => "New connections wait until others end. One network may hold a fifth of them.",
        /// IMAP connections of one account after its login.
        imap_connections_per_user: usize = limits::IMAP_CONNECTIONS_PER_USER_MAX
            => "Further logins of this account are refused for the moment; those that exist stay.",
        /// Connections of users sending mail, in all.
        smtp_connections_max: usize = limits::SMTP_CONNECTIONS_MAX
            => "New connections wait until others end. One network may hold a fifth of them.",
        /// Web connections in all.
        http_connections_max: usize = limits::HTTP_CONNECTIONS_MAX
            => "New connections wait until others end. One network may hold a fifth of them.",
    }

    /// Who may become a user. An account is made by logging in with a name nobody has yet.
    [accounts] AccountsConfig {
        /// Fewest characters before the @ of a new address. Existing addresses are not affected.
        username_min_length: usize = limits::USERNAME_CHARS_MIN
            => "Login fails as with a wrong password.",
        /// Most characters before the @ of a new address. Existing addresses are not affected.
        username_max_length: usize = limits::USERNAME_CHARS_MAX
            => "Login fails as with a wrong password.",
        /// Fewest characters of a new account's password.
        password_min_length: usize = limits::PASSWORD_CHARS_MIN
            => "Login fails as with a wrong password.",
        /// While this file exists no new accounts are made. A name without a leading slash is looked
        /// for in `data_dir`.
        no_create_file: PathBuf = "nocreate".into(),
        /// Greatest load average (of the last minute) at which new accounts are made.
        max_load_1m: f64 = 5.0
            => "Only users who have an account can log in until the load falls.",
        /// Memory that must be available for new accounts to be made.
        min_available_memory: ByteSize = size(200 << 20)
            => "Only users who have an account can log in until memory is free.",
        /// Disk space that must be free in `data_dir` for new accounts to be made.
        min_free_disk: ByteSize = size(1 << 30)
            => "Only users who have an account can log in until space is free.",
    }

    /// When mail and accounts go by themselves, in whole days.
    [retention] RetentionConfig {
        /// Days after which every message is deleted, read or not.
        delete_mails_after_days: u32 = limits::MAIL_DAYS,
        /// Days after which messages of 200,000 bytes and more are deleted, if a device has seen them.
        delete_large_after_days: u32 = limits::LARGE_MAIL_DAYS,
        /// Days without an IMAP login after which an account is deleted with all its mail. Its address
        /// is then free for anybody.
        delete_inactive_users_after_days: u32 = limits::INACTIVE_USER_DAYS,
    }

    /// Who answers for this relay. Shown on its web pages; what is not set is left out.
    [privacy] PrivacyConfig {
        /// Postal address; may have several lines.
        postal: Option<String> = None,
        /// Mail address for questions and complaints.
        mail: Option<Address> = None,
        /// Data protection officer.
        pdo: Option<String> = None,
        /// Supervisory authority.
        supervisor: Option<String> = None,
    }

    /// What the relay says of its work. Message content, passwords and addresses of clients are never
    /// part of it.
    [log] LogConfig {
        /// How much is said: each level says what those before it say, and more.
        level: LogLevel = LogLevel::Info,
        /// Text for people, or JSON for programs, one line for each event.
        format: LogFormat = LogFormat::Text,
    }
}

/// A port on all IPv4 and all IPv6 addresses.
fn everywhere(port: u16) -> Vec<SocketAddr> {
    vec![(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into()]
}

fn size(bytes: u64) -> ByteSize {
    ByteSize::new(bytes).expect("no default size is zero")
}

//! What the pages say about this relay: values from the configuration, handed in once at start.

use std::net::IpAddr;

use mail::Domain;

/// Everything the site tells its visitors. The limits are the ones the mail doors really keep, so
/// that a page can never promise something else.
#[derive(Clone, Debug)]
pub struct SiteFacts {
    /// The mail domain: what follows the `@` of every address.
    pub domain: Domain,
    /// The certificate is one no public authority vouches for; clients need a `dclogin:` link that
    /// says so.
    pub tls_self_signed: bool,
    /// Host that clients are told to connect to when it is not the domain (a relay on a
    /// developer's own machine: `127.0.0.1`).
    pub connect_host: Option<String>,
    /// Where the mail doors listen.
    pub ports: Ports,
    /// The limits that the information page shows.
    pub limits: ShownLimits,
    /// Characters of the local part that `/new` invents.
    pub username_chars_max: usize,
    /// Fewest characters of a password; `/new` invents three more.
    pub password_chars_min: usize,
    /// Who answers for the relay.
    pub privacy: Privacy,
    /// The program's version, shown in the footer.
    pub version: String,
}

/// Ports of the doors; `None` is a door that does not listen and is not advertised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// IMAP with STARTTLS, usually 143.
    pub imap: Option<u16>,
    /// IMAP over TLS, usually 993.
    pub imaps: Option<u16>,
    /// Submission with STARTTLS, usually 587.
    pub submission: Option<u16>,
    /// Submission over TLS, usually 465.
    pub submissions: Option<u16>,
    /// The door that HTTPS, IMAP and submission share by ALPN, usually 443.
    pub https: Option<u16>,
}

impl Ports {
    /// The numbers every client tries first.
    pub const STANDARD: Ports = Ports {
        imap: Some(143),
        imaps: Some(993),
        submission: Some(587),
        submissions: Some(465),
        https: Some(443),
    };
}

/// The numbers on the information and privacy pages.
#[derive(Clone, Copy, Debug)]
pub struct ShownLimits {
    /// Messages one user may send a minute in the long run.
    pub send_per_minute: u32,
    /// Quota of one account in bytes.
    pub mailbox_bytes_max: u64,
    /// Largest message in bytes.
    pub message_bytes_max: u64,
    /// Days after which every message is deleted.
    pub delete_after_days: u32,
    /// Days after which large messages are deleted.
    pub delete_large_after_days: u32,
    /// Size in bytes from which a message is large.
    pub large_message_bytes: u64,
    /// Days without login after which an account is deleted.
    pub delete_inactive_after_days: u32,
}

/// Contacts of the operator. What is not configured is left out of the pages.
#[derive(Clone, Debug, Default)]
pub struct Privacy {
    /// Postal address; may have several lines.
    pub postal: Option<String>,
    /// Mail address for questions and complaints.
    pub mail: Option<String>,
    /// Data protection officer.
    pub pdo: Option<String>,
    /// Supervisory authority.
    pub supervisor: Option<String>,
}

impl SiteFacts {
    /// The name of the HTTPS server, with a port if it is not 443 and brackets if it is IPv6.
    pub fn web_host(&self) -> String {
        let host = self.host_for_urls();
        match self.ports.https {
            Some(port) if port != 443 => format!("{host}:{port}"),
            _ => host,
        }
    }

    /// The name of the mail servers as clients resolve it.
    pub fn mail_host(&self) -> &str {
        self.connect_host.as_deref().unwrap_or(self.domain.bare())
    }

    /// What the invite code says: the client asks this URL for an account (services
    /// specification 2.2).
    pub fn invite(&self) -> String {
        format!("DCACCOUNT:https://{}/new", self.web_host())
    }

    fn host_for_urls(&self) -> String {
        match self.mail_host().parse() {
            Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
            _ => self.mail_host().to_owned(),
        }
    }
}

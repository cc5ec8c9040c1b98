//! Relays that the tests of this door speak about.

use mail::{Domain, limits};

use super::{Ports, Privacy, ShownLimits, SiteFacts};

/// `chat.example` with a trusted certificate, standard ports and no contacts.
pub(super) fn ordinary() -> SiteFacts {
    SiteFacts {
        domain: Domain::parse("chat.example").unwrap(),
        tls_self_signed: false,
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
        privacy: Privacy::default(),
        version: "0.1.0".to_owned(),
    }
}

/// The same under another domain and with a certificate nobody signed.
pub(super) fn self_signed(domain: &str) -> SiteFacts {
    SiteFacts { domain: Domain::parse(domain).unwrap(), tls_self_signed: true, ..ordinary() }
}

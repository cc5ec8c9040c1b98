//! What the web pages say about a relay, taken from its configuration so that they cannot promise
//! something else.

use std::net::SocketAddr;
use std::sync::Arc;

use doors::web::redirect::Redirect;
use doors::web::{Ports, Privacy, ShownLimits, SiteFacts};
use mail::limits;

use crate::VERSION;
use crate::config::{Config, TlsMode};

/// The facts the pages show.
pub(crate) fn facts(config: &Config) -> SiteFacts {
    SiteFacts {
        domain: config.domain.clone(),
        tls_self_signed: config.tls.mode == TlsMode::SelfSigned,
        connect_host: local_host(config),
        ports: ports(config),
        limits: shown_limits(config),
        username_chars_max: config.accounts.username_max_length,
        password_chars_min: config.accounts.password_min_length,
        privacy: privacy(config),
        version: VERSION.to_owned(),
    }
}

/// What port 80 needs. There is no certificate authority to answer yet.
pub(crate) fn redirect(config: &Config) -> Redirect {
    Redirect {
        domain: config.domain.clone(),
        https_port: port(&config.listen.https).unwrap_or(443),
        challenge: Arc::new(|_| None),
    }
}

/// A relay that listens on loopback only is reached there, whatever its domain says.
fn local_host(config: &Config) -> Option<String> {
    let address = config.listen.imaps.first()?;
    config.is_local().then(|| address.ip().to_string())
}

fn ports(config: &Config) -> Ports {
    let listen = &config.listen;
    Ports {
        imap: port(&listen.imap),
        imaps: port(&listen.imaps),
        submission: port(&listen.submission),
        submissions: port(&listen.submissions),
        https: port(&listen.https),
    }
}

/// The port clients are told: that of the first address.
pub(crate) fn port(addresses: &[SocketAddr]) -> Option<u16> {
    addresses.first().map(SocketAddr::port)
}

fn shown_limits(config: &Config) -> ShownLimits {
    ShownLimits {
        send_per_minute: config.limits.send_per_minute,
        mailbox_bytes_max: config.limits.mailbox_size_max.bytes(),
        message_bytes_max: config.limits.message_size_max.bytes(),
        delete_after_days: config.retention.delete_mails_after_days,
        delete_large_after_days: config.retention.delete_large_after_days,
        large_message_bytes: limits::LARGE_MESSAGE_BYTES,
        delete_inactive_after_days: config.retention.delete_inactive_users_after_days,
    }
}

fn privacy(config: &Config) -> Privacy {
    let privacy = &config.privacy;
    Privacy {
        postal: privacy.postal.clone(),
        mail: privacy.mail.as_ref().map(ToString::to_string),
        pdo: privacy.pdo.clone(),
        supervisor: privacy.supervisor.clone(),
    }
}

//! What can only be seen by looking at several keys together, or at what the rooms can bear.

use std::net::SocketAddr;
use std::path::Path;

use mail::limits::{LOCAL_PART_BYTES_MAX, PASSWORD_BYTES_MAX};

use super::read::Reader;
use super::word::TlsMode;
use super::{Config, ListenConfig};

/// A message's size is a 32-bit number in IMAP (RFC 3501 section 7.4.2).
const MESSAGE_SIZE_MAX: u64 = u32::MAX as u64;

/// Notes every fault of a configuration whose values are fine one by one.
pub(super) fn all(config: &Config, reader: &mut Reader<'_, '_>) {
    names(config, reader);
    sizes(config, reader);
    paths(config, reader);
    certificate(config, reader);
    addresses(&config.listen, reader);
}

fn names(config: &Config, reader: &mut Reader<'_, '_>) {
    let accounts = &config.accounts;
    let (min, max) = (accounts.username_min_length, accounts.username_max_length);
    if max > LOCAL_PART_BYTES_MAX {
        reader.fault(
            "accounts.username_max_length",
            format!("no mail address has more than {LOCAL_PART_BYTES_MAX} characters before the @"),
            &format!("Write a number up to {LOCAL_PART_BYTES_MAX}"),
        );
    }
    if min > max {
        let key = match reader.has("accounts.username_min_length") {
            true => "accounts.username_min_length",
            false => "accounts.username_max_length",
        };
        reader.fault(
            key,
            format!("the shortest name ({min}) is longer than the longest ({max})"),
            "Write a username_min_length that is at most username_max_length",
        );
    }
    if accounts.password_min_length > PASSWORD_BYTES_MAX {
        reader.fault(
            "accounts.password_min_length",
            format!("no password has more than {PASSWORD_BYTES_MAX} bytes"),
            &format!("Write a number up to {PASSWORD_BYTES_MAX}"),
        );
    }
}

fn sizes(config: &Config, reader: &mut Reader<'_, '_>) {
    let (message, mailbox) = (config.limits.message_size_max, config.limits.mailbox_size_max);
    if message.bytes() > MESSAGE_SIZE_MAX {
        reader.fault(
            "limits.message_size_max",
            "mail programs cannot handle messages of 4G and more",
            "Write a smaller size, such as \"30M\"",
        );
    } else if message > mailbox {
        let key = match reader.has("limits.mailbox_size_max") {
            true => "limits.mailbox_size_max",
            false => "limits.message_size_max",
        };
        reader.fault(
            key,
            format!("the largest message ({message}) does not fit into a mailbox ({mailbox})"),
            "Write a message_size_max that is at most mailbox_size_max",
        );
    }
}

fn paths(config: &Config, reader: &mut Reader<'_, '_>) {
    let paths = [
        ("data_dir", Some(&config.data_dir)),
        ("tls.cert", config.tls.cert.as_ref()),
        ("tls.key", config.tls.key.as_ref()),
    ];
    for (key, path) in paths {
        if path.is_some_and(|path: &std::path::PathBuf| !Path::is_absolute(path)) {
            reader.fault(
                key,
                "where this path leads depends on where the program is started",
                "Write the whole path, beginning with a slash",
            );
        }
    }
}

fn certificate(config: &Config, reader: &mut Reader<'_, '_>) {
    for (key, path) in [("tls.cert", &config.tls.cert), ("tls.key", &config.tls.key)] {
        match (config.tls.mode, path) {
            (TlsMode::Files, None) if !reader.has(key) => {
                let place = "tls.mode";
                let problem = format!("mode = \"files\" needs the key {key}, which is missing");
                reader.fault(
                    place,
                    problem,
                    "Write both cert and key, each with the path of a file",
                );
            }
            (TlsMode::SelfSigned, Some(_)) => reader.fault(
                key,
                "this file would not be used: the certificate is self-signed",
                "Write mode = \"files\" in [tls], or remove this line",
            ),
            _ => {}
        }
    }
}

fn addresses(listen: &ListenConfig, reader: &mut Reader<'_, '_>) {
    let services = [
        ("listen.smtp", &listen.smtp),
        ("listen.submission", &listen.submission),
        ("listen.submissions", &listen.submissions),
        ("listen.imap", &listen.imap),
        ("listen.imaps", &listen.imaps),
        ("listen.https", &listen.https),
        ("listen.http", &listen.http),
    ];
    let mut taken: Vec<(&str, SocketAddr)> = Vec::new();
    for (key, list) in services {
        for address in list {
            if let Some(other) = taken.iter().find(|(_, it)| collide(*it, *address)) {
                let this = (key, *address);
                // The line to blame is one that is in the file.
                let (blamed, by) = if reader.has(key) { (this, *other) } else { (*other, this) };
                reader.fault(
                    blamed.0,
                    format!("{} is taken by {} already", blamed.1, by.0),
                    "Write another port, or remove the address from one of the two",
                );
            }
            taken.push((key, *address));
        }
    }
    if taken.is_empty() {
        let last = services.iter().rev().map(|(key, _)| *key).find(|key| reader.has(key));
        reader.fault(
            last.unwrap_or("listen.imaps"),
            "no service listens anywhere, so nobody could reach this relay",
            "Leave the line out for the default, or write an address such as \"0.0.0.0:993\"",
        );
    }
}

/// Two listeners cannot have the same port of the same address; "all addresses" is every one.
fn collide(a: SocketAddr, b: SocketAddr) -> bool {
    let same_family = a.is_ipv4() == b.is_ipv4();
    let same_ip = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && same_family && same_ip
}

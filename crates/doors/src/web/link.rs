//! `dclogin:` links: credentials a client takes over without asking anyone.
//!
//! A relay without a publicly trusted certificate hands these out in place of `DCACCOUNT:` codes,
//! because the client would refuse the HTTPS request. Percent-encoding is exact: in the password
//! only letters, digits and `_ . - ~` stay (services specification 2.3), in the address also
//! `@ [ ]`.

use super::SiteFacts;
use super::facts::Ports;

/// One mail server of a link.
#[derive(Clone, Copy)]
struct Server {
    port: u16,
    security: &'static str,
}

/// The link that logs a client in as `address` (complete, with domain) with `password`.
///
/// Host, ports and security are spelled out when the client could not find them by itself: when
/// the host is an address or not the domain, or the ports are unusual. `ic=3` (take any
/// certificate) is only there if `facts` say the certificate is self-signed.
pub fn dclogin_url(facts: &SiteFacts, address: &str, password: &str) -> String {
    let mut link = String::from("dclogin:");
    percent_encode(&mut link, address, b"@[]");
    link.push_str("?p=");
    percent_encode(&mut link, password, b"");
    link.push_str("&v=1");
    if must_spell_out(facts) {
        let host = facts.mail_host();
        add_server(&mut link, 'i', host, server(facts.ports.imaps, facts.ports.imap));
        add_server(&mut link, 's', host, server(facts.ports.submissions, facts.ports.submission));
    }
    if facts.tls_self_signed {
        link.push_str("&ic=3");
    }
    link
}

fn must_spell_out(facts: &SiteFacts) -> bool {
    facts.connect_host.is_some()
        || facts.domain.is_literal()
        || Ports { https: None, ..facts.ports } != Ports { https: None, ..Ports::STANDARD }
}

fn server(tls: Option<u16>, starttls: Option<u16>) -> Option<Server> {
    tls.map(|port| Server { port, security: "ssl" })
        .or(starttls.map(|port| Server { port, security: "starttls" }))
}

fn add_server(link: &mut String, protocol: char, host: &str, server: Option<Server>) {
    let Some(Server { port, security }) = server else { return };
    link.push_str(&format!("&{protocol}h="));
    percent_encode(link, host, b"");
    link.push_str(&format!("&{protocol}p={port}&{protocol}s={security}"));
}

/// Appends `text` with every byte escaped but unreserved ones (RFC 3986 section 2.3) and `keep`.
fn percent_encode(out: &mut String, text: &str, keep: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) || keep.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn every_ascii_punctuation_survives_the_password() {
        let punctuation: String = (0x21..0x7f_u8).map(char::from).collect();
        let mut encoded = String::new();
        percent_encode(&mut encoded, &punctuation, b"");
        assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-~%".contains(&b)));
        assert_eq!(percent_decode(&encoded), punctuation);
        assert!(encoded.starts_with("%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F0"));
    }

    #[test]
    fn a_self_signed_domain_needs_only_the_certificate_word() {
        let facts = samples::self_signed("_relay.example");
        assert_eq!(
            dclogin_url(&facts, "abc@_relay.example", "a b"),
            "dclogin:abc@_relay.example?p=a%20b&v=1&ic=3"
        );
    }

    #[test]
    fn an_address_literal_gets_hosts_ports_and_security() {
        let facts = samples::self_signed("[192.0.2.7]");
        assert_eq!(
            dclogin_url(&facts, "abc@[192.0.2.7]", "x&y"),
            "dclogin:abc@[192.0.2.7]?p=x%26y&v=1&ih=192.0.2.7&ip=993&is=ssl\
             &sh=192.0.2.7&sp=465&ss=ssl&ic=3"
        );
    }

    #[test]
    fn a_relay_on_this_machine_names_its_host_and_ports() {
        let mut facts = samples::self_signed("dev.test");
        facts.connect_host = Some("127.0.0.1".to_owned());
        facts.ports.imaps = Some(10993);
        facts.ports.submissions = None;
        facts.ports.submission = Some(10587);
        assert_eq!(
            dclogin_url(&facts, "abc@dev.test", "pw"),
            "dclogin:abc@dev.test?p=pw&v=1&ih=127.0.0.1&ip=10993&is=ssl\
             &sh=127.0.0.1&sp=10587&ss=starttls&ic=3"
        );
    }

    #[test]
    fn a_trusted_certificate_is_checked() {
        let facts = samples::ordinary();
        assert_eq!(dclogin_url(&facts, "a@chat.example", "p"), "dclogin:a@chat.example?p=p&v=1");
    }

    fn percent_decode(text: &str) -> String {
        let mut bytes = text.bytes();
        let mut out = Vec::new();
        while let Some(byte) = bytes.next() {
            let decoded = match byte {
                b'%' => {
                    let pair = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap()
                }
                plain => plain,
            };
            out.push(decoded);
        }
        String::from_utf8(out).unwrap()
    }
}

//! The document from which mail clients learn our servers (services specification 3.1): Mozilla's
//! `clientConfig` 1.1, as Delta Chat and Thunderbird read it.

use minijinja::HtmlEscape;

use super::SiteFacts;

/// Renders the document. Servers that do not listen are left out; the order is the one clients try.
pub(super) fn render(facts: &SiteFacts) -> String {
    let domain = HtmlEscape(facts.domain.as_str());
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <clientConfig version=\"1.1\">\n\
         \x20 <emailProvider id=\"{domain}\">\n\
         \x20   <domain>{domain}</domain>\n\
         \x20   <displayName>{domain} chatmail</displayName>\n\
         \x20   <displayShortName>{domain}</displayShortName>\n"
    );
    let ports = &facts.ports;
    for (port, socket) in [(ports.imaps, "SSL"), (ports.imap, "STARTTLS"), (ports.https, "SSL")] {
        add_server(&mut xml, facts, "incomingServer", "imap", port, socket);
    }
    for (port, socket) in
        [(ports.submissions, "SSL"), (ports.submission, "STARTTLS"), (ports.https, "SSL")]
    {
        add_server(&mut xml, facts, "outgoingServer", "smtp", port, socket);
    }
    xml.push_str("  </emailProvider>\n</clientConfig>\n");
    xml
}

fn add_server(
    xml: &mut String,
    facts: &SiteFacts,
    element: &str,
    kind: &str,
    port: Option<u16>,
    socket: &str,
) {
    let Some(port) = port else { return };
    let host = HtmlEscape(facts.mail_host());
    xml.push_str(&format!(
        "    <{element} type=\"{kind}\">\n\
         \x20     <hostname>{host}</hostname>\n\
         \x20     <port>{port}</port>\n\
         \x20     <socketType>{socket}</socketType>\n\
         \x20     <authentication>password-cleartext</authentication>\n\
         \x20     <username>%EMAILADDRESS%</username>\n\
         \x20   </{element}>\n"
    ));
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    /// (element, port, socket type) in order.
    fn servers(xml: &str) -> Vec<(String, String, String)> {
        let field = |text: &str, name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>")).unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        };
        xml.split("Server type=\"")
            .skip(1)
            .map(|s| (s[..4].to_owned(), field(s, "port"), field(s, "socketType")))
            .collect()
    }

    #[test]
    fn six_servers_in_the_expected_order() {
        let xml = render(&samples::ordinary());
        let found = servers(&xml);
        let found: Vec<_> =
            found.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
        assert_eq!(
            found,
            [
                ("imap", "993", "SSL"),
                ("imap", "143", "STARTTLS"),
                ("imap", "443", "SSL"),
                ("smtp", "465", "SSL"),
                ("smtp", "587", "STARTTLS"),
                ("smtp", "443", "SSL"),
            ]
        );
        assert_eq!(xml.matches("<hostname>chat.example</hostname>").count(), 6);
        assert_eq!(xml.matches("<username>%EMAILADDRESS%</username>").count(), 6);
    }

    #[test]
    fn a_door_that_does_not_listen_is_not_advertised() {
        let mut facts = samples::ordinary();
        facts.ports.imap = None;
        facts.ports.https = None;
        facts.ports.submissions = Some(10465);
        let ports: Vec<_> = servers(&render(&facts)).into_iter().map(|s| s.1).collect();
        assert_eq!(ports, ["993", "10465", "587"]);
    }
}

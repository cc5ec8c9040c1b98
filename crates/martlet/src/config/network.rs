//! Settings that name something on the network: domains, mail addresses, places to listen.

use std::net::{IpAddr, SocketAddr};

use mail::{Address, Domain};
use toml::Spanned;
use toml::de::DeValue;

use super::value::{Value, Wrong, other_type, quoted, wrong};

impl Value for Domain {
    const KIND: &'static str = "a domain in quotes, such as \"chat.example.org\"";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<Domain, Vec<Wrong>> {
        let DeValue::String(text) = value.get_ref() else {
            return other_type(value, "\"chat.example.org\"");
        };
        Domain::parse(text).or_else(|why| match text.parse::<IpAddr>() {
            Ok(ip) => wrong(
                value,
                "an IP address is a mail domain only in brackets",
                format!("Write \"{}\"", Domain::from_ip(ip)),
            ),
            Err(_) => wrong(
                value,
                format!("\"{}\" is no domain: {why}", text.escape_debug()),
                "Write only the name, such as \"chat.example.org\": no @, no https://, no slash",
            ),
        })
    }

    fn write(&self) -> Option<String> {
        Some(quoted(self.as_str()))
    }
}

impl Value for Address {
    const KIND: &'static str = "a mail address in quotes";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<Address, Vec<Wrong>> {
        let DeValue::String(text) = value.get_ref() else {
            return other_type(value, "\"someone@example.org\"");
        };
        Address::parse(text).or_else(|why| {
            let problem = format!("\"{}\" is no mail address: {why}", text.escape_debug());
            wrong(value, problem, "Write for example \"someone@example.org\"")
        })
    }

    fn write(&self) -> Option<String> {
        Some(quoted(self.as_str()))
    }
}

impl Value for SocketAddr {
    const KIND: &'static str = "an IP address and a port in quotes, such as \"192.0.2.1:993\"";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<SocketAddr, Vec<Wrong>> {
        let DeValue::String(text) = value.get_ref() else {
            return other_type(value, "\"0.0.0.0:993\"");
        };
        match text.parse::<SocketAddr>() {
            Ok(address) if address.port() == 0 => {
                wrong(value, "port 0 is no port anybody can find", "Write a port from 1 to 65535")
            }
            Ok(address) => Ok(address),
            Err(_) => wrong(
                value,
                format!("\"{}\" is no IP address with a port", text.escape_debug()),
                "Write an IP address, a colon and a port: \"0.0.0.0:993\" for all IPv4 addresses of \
                 this machine, \"[::]:993\" for all IPv6 addresses",
            ),
        }
    }

    fn write(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

impl Value for Vec<SocketAddr> {
    const KIND: &'static str =
        "a list of IP addresses with ports, such as [\"0.0.0.0:993\", \"[::]:993\"]";

    fn read(value: &Spanned<DeValue<'_>>) -> Result<Vec<SocketAddr>, Vec<Wrong>> {
        let DeValue::Array(items) = value.get_ref() else {
            return other_type(value, "[\"0.0.0.0:993\", \"[::]:993\"]");
        };
        let (mut addresses, mut faults) = (Vec::new(), Vec::new());
        for item in items.iter() {
            match SocketAddr::read(item) {
                Ok(address) => addresses.push(address),
                Err(more) => faults.extend(more),
            }
        }
        if faults.is_empty() { Ok(addresses) } else { Err(faults) }
    }

    fn write(&self) -> Option<String> {
        let items: Vec<String> = self.iter().filter_map(Value::write).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

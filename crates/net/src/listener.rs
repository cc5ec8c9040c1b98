//! Sockets that wait for connections: all of them or none.
//!
//! An IPv6 socket takes IPv6 only, so that `0.0.0.0:25` and `[::]:25` may stand side by side. On a
//! machine without IPv6 the address `[::]` is left out, for it means "whatever there is".

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use crate::holder;

/// Connections the kernel keeps for us while we are busy.
const BACKLOG: i32 = 1_024;

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// An address that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {reason}{}", by(holder.as_deref()))]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// What the system says.
    #[source]
    pub reason: io::Error,
    /// Name and process id of who has the port, if that can be seen.
    pub holder: Option<String>,
}

/// Where connections come from; a trait so that tests can let accept fail.
pub trait Accept: Send + Sync + 'static {
    /// The next connection. Cancel-safe.
    ///
    /// # Errors
    /// As accept(2).
    fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send;
}

/// Binds every address, in order. Must be called within a tokio runtime.
///
/// # Errors
/// If one address cannot be had, none is: all faults are reported together and what was bound is
/// given back.
pub fn bind_all(addresses: &[SocketAddr]) -> Result<Vec<Listener>, Vec<BindError>> {
    let (mut listeners, mut errors) = (Vec::new(), Vec::new());
    for &address in addresses {
        match bind(address) {
            Ok(listener) => listeners.push(listener),
            Err(reason) if is_left_out(address, &reason) => {
                tracing::info!(%address, "this machine has no IPv6");
            }
            Err(reason) => errors.push(BindError::new(address, reason)),
        }
    }
    if errors.is_empty() { Ok(listeners) } else { Err(errors) }
}

impl Listener {
    /// The address that is really bound: port 0 is replaced by the system's choice.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Accept for Listener {
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.socket.accept().await
    }
}

impl BindError {
    fn new(address: SocketAddr, reason: io::Error) -> Self {
        let busy = reason.kind() == io::ErrorKind::AddrInUse;
        Self { address, reason, holder: busy.then(|| holder::of(address)).flatten() }
    }
}

fn by(holder: Option<&str>) -> String {
    holder.map(|holder| format!("; the port belongs to {holder}")).unwrap_or_default()
}

fn bind(address: SocketAddr) -> io::Result<Listener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Connections of an earlier run that linger in TIME_WAIT must not hinder a restart.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let socket = TcpListener::from_std(socket.into())?;
    let address = socket.local_addr()?;
    Ok(Listener { socket, address })
}

fn is_left_out(address: SocketAddr, reason: &io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    let no_family = reason.raw_os_error() == Some(EAFNOSUPPORT)
        || reason.kind() == io::ErrorKind::AddrNotAvailable;
    address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) && no_family
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    #[tokio::test]
    async fn g5_a_busy_port_is_named_with_its_holder_and_nothing_stays_bound() {
        let free = bind(at("127.77.0.1:0")).unwrap().address();
        let holder = std::net::TcpListener::bind("127.77.0.1:0").unwrap();
        let taken = holder.local_addr().unwrap();
        let errors = bind_all(&[free, taken, at("192.0.2.1:25")]).unwrap_err();
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].starts_with(&format!("cannot listen on {taken}: Address")));
        assert!(texts[0].contains(&format!("(pid {})", std::process::id())), "{texts:?}");
        assert!(texts[1].starts_with("cannot listen on 192.0.2.1:25: "), "{texts:?}");
        bind(free).expect("the one that was free is free again");
    }

    #[tokio::test]
    async fn both_families_share_a_port_number() {
        let v4 = bind(at("0.0.0.0:0")).unwrap();
        let port = v4.address().port();
        bind_all(&[SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port)]).unwrap();
    }

    #[test]
    fn only_the_unspecified_ipv6_address_may_be_left_out() {
        let no_ipv6 = || io::Error::from_raw_os_error(97);
        assert!(is_left_out(at("[::]:25"), &no_ipv6()));
        assert!(!is_left_out(at("[2001:db8::1]:25"), &no_ipv6()));
        assert!(!is_left_out(at("0.0.0.0:25"), &no_ipv6()));
        assert!(!is_left_out(at("[::]:25"), &io::ErrorKind::AddrInUse.into()));
    }
}

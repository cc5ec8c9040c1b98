//! Telling the service manager how we are: the `sd_notify` protocol, one datagram per message.
//!
//! The socket's address comes from `$NOTIFY_SOCKET`, which the program reads and hands in. Without
//! one there is nobody to tell, and telling does nothing.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;

/// What the service manager may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// All sockets are bound and served.
    Ready,
    /// A reload begins; `Ready` ends it.
    Reloading,
    /// A stop begins.
    Stopping,
    /// One line for `systemctl status`; line ends in it become spaces.
    Status(&'a str),
    /// Sign of life for `WatchdogSec=`.
    Watchdog,
}

/// The service manager, or nobody.
#[derive(Clone, Debug, Default)]
pub struct Notifier(Option<SocketAddr>);

impl Notifier {
    /// `socket` is the content of `$NOTIFY_SOCKET`: a path, or `@name` for an abstract socket.
    ///
    /// # Errors
    /// If it is no possible socket address.
    pub fn new(socket: Option<&Path>) -> io::Result<Self> {
        socket.map(address).transpose().map(Self)
    }

    /// Sends one message; does nothing when nobody listens.
    ///
    /// # Errors
    /// If the datagram cannot be sent. Worth a warning, never a reason to stop.
    pub fn tell(&self, state: &State<'_>) -> io::Result<()> {
        let Some(address) = &self.0 else { return Ok(()) };
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.send_to_addr(message(state).as_bytes(), address).map(|_| ())
    }
}

fn address(socket: &Path) -> io::Result<SocketAddr> {
    match socket.as_os_str().as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(socket),
    }
}

fn message(state: &State<'_>) -> String {
    match state {
        State::Ready => "READY=1".into(),
        State::Reloading => format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic_us()),
        State::Stopping => "STOPPING=1".into(),
        State::Status(text) => format!("STATUS={}", text.replace(['\r', '\n'], " ")),
        State::Watchdog => "WATCHDOG=1".into(),
    }
}

/// The system's monotonic clock in microseconds, which `Type=notify-reload` compares.
fn monotonic_us() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 256];
        let n = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..n].to_vec()).unwrap()
    }

    #[test]
    fn messages_reach_a_socket_in_the_file_system() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let notifier = Notifier::new(Some(&path)).unwrap();
        notifier.tell(&State::Ready).unwrap();
        assert_eq!(received(&manager), "READY=1");
        notifier.tell(&State::Status("two\nlines")).unwrap();
        assert_eq!(received(&manager), "STATUS=two lines");
    }

    #[test]
    fn messages_reach_an_abstract_socket() {
        let name = format!("net-test-{}", crate::random::alphanumeric(16));
        let manager =
            UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let notifier = Notifier::new(Some(Path::new(&format!("@{name}")))).unwrap();
        notifier.tell(&State::Reloading).unwrap();
        let text = received(&manager);
        let time = text.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(time.parse::<u64>().unwrap() > 0);
        notifier.tell(&State::Stopping).unwrap();
        assert_eq!(received(&manager), "STOPPING=1");
    }

    #[test]
    fn nobody_listening_is_no_error_but_a_missing_socket_is() {
        Notifier::new(None).unwrap().tell(&State::Ready).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let gone = Notifier::new(Some(&folder.path().join("gone"))).unwrap();
        assert!(gone.tell(&State::Watchdog).is_err());
    }
}

//! Who listens on a port we cannot have. Read from `/proc`; a guess is never made.

use std::fs;
use std::net::SocketAddr;

/// `name (pid N)` of a process that listens on `address`'s port, if it can be seen.
pub(crate) fn of(address: SocketAddr) -> Option<String> {
    let sockets: Vec<_> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listening(&table, address.port()))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let mut processes = fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
    let pid = processes.find(|pid| holds(*pid, &sockets))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    // A process may call itself anything, line ends and escape codes included.
    Some(format!("{} (pid {pid})", name.trim_end().escape_debug()))
}

/// Inodes of the sockets that listen on `port`, from a table of `/proc/net`.
fn listening(table: &str, port: u16) -> Vec<u64> {
    const LISTEN: &str = "0A";
    let on_port = |line: &str| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let (_, found) = columns.next()?.rsplit_once(':')?;
        let matches = u16::from_str_radix(found, 16) == Ok(port) && columns.nth(1)? == LISTEN;
        matches.then(|| columns.nth(5)?.parse().ok()).flatten()
    };
    table.lines().skip(1).filter_map(on_port).collect()
}

fn holds(pid: u32, sockets: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.flatten().any(|descriptor| {
        fs::read_link(descriptor.path())
            .is_ok_and(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_the_kernel_is_understood() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid\n\
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 4711 1\n\
             1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000  0 0 4712 1\n\
             nonsense\n";
        assert_eq!(listening(table, 8080), [4711]);
        assert_eq!(listening(table, 8081), []);
    }

    #[test]
    fn g5_the_holder_of_a_port_is_found() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = of(socket.local_addr().unwrap()).unwrap();
        assert!(holder.ends_with(&format!("(pid {})", std::process::id())), "{holder}");
    }
}

//! What the kernel knows of a process (Linux).

use std::io;
use std::time::Duration;

/// Resident memory in bytes.
///
/// # Errors
/// If there is no such process.
pub fn resident_bytes(pid: u32) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no VmRSS"))
}

/// User and system time so far, in steps of 10 ms.
///
/// # Errors
/// If there is no such process.
pub fn cpu_time(pid: u32) -> io::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may contain anything; what follows it is numbers.
    let numbers = stat.rsplit(") ").next().unwrap_or_default();
    let fields: Vec<&str> = numbers.split_ascii_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|it| it.parse::<u64>().ok()).unwrap_or(0);
    Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
}

/// How many descriptors are open.
///
/// # Errors
/// If there is no such process.
pub fn open_descriptors(pid: u32) -> io::Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_are_there_and_nobody_is_not() {
        let me = std::process::id();
        assert!(resident_bytes(me).is_ok_and(|bytes| bytes > 100_000));
        assert!(cpu_time(me).is_ok() && open_descriptors(me).is_ok_and(|n| n > 2));
        assert!(resident_bytes(u32::MAX).is_err());
    }
}

//! What this machine looks like right now: load, memory, disk, and the operator's stop file.
//!
//! Read at most once a second, so that a storm of first logins costs no storm of file reads. An
//! unreadable value is unknown and does not stop anybody.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use doors::accounts::FactsSource;
use net::clock::Clock;
use policy::accounts::SystemFacts;

/// How old an observation may be.
const FRESH: Duration = Duration::from_secs(1);

/// A source of facts about this machine and the file system under `data_dir`.
pub fn source(clock: Clock, data_dir: PathBuf, no_create_file: PathBuf) -> FactsSource {
    let last: Mutex<Option<(Duration, SystemFacts)>> = Mutex::new(None);
    Arc::new(move || {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock.elapsed();
        match *last {
            Some((at, facts)) if now.saturating_sub(at) < FRESH => facts,
            _ => {
                let facts = observe(&data_dir, &no_create_file);
                *last = Some((now, facts));
                facts
            }
        }
    })
}

fn observe(data_dir: &Path, no_create_file: &Path) -> SystemFacts {
    SystemFacts {
        no_create: no_create_file.exists(),
        load_1m: load_1m(),
        available_memory_bytes: available_memory_bytes(),
        free_disk_bytes: net::system::free_disk_bytes(data_dir),
    }
}

fn load_1m() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_ascii_whitespace().next()?.parse().ok()
}

fn available_memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

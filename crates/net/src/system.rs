//! Facts about the machine that only a system call tells.

use std::path::Path;

/// Bytes that we may still write on the file system under `path`: what is kept back for the
/// superuser does not count. `None` if it cannot be found out.
pub fn free_disk_bytes(path: &Path) -> Option<u64> {
    let facts = rustix::fs::statvfs(path).ok()?;
    facts.f_bavail.checked_mul(facts.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_room_and_a_missing_one_has_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_disk_bytes(folder.path()).is_some_and(|free| free > 0));
        assert_eq!(free_disk_bytes(&folder.path().join("missing")), None);
    }
}

//! Noticing that the certificate's files were replaced.
//!
//! Polling, because file notifications do not cross bind mounts. A pair that is not usable (half
//! written, not matching, expired) leaves the old one in service, and that is said in the log once
//! for each change.

use std::time::Duration;

use super::files::Stamp;
use super::{CertError, Files, LiveIdentity};
use crate::{Clock, Shutdown};

/// How often the files are looked at.
const POLL: Duration = Duration::from_secs(5);

impl LiveIdentity {
    /// Loads the files now and serves what is in them.
    ///
    /// # Errors
    /// As [`Files::load`]; the old identity then stays in service.
    pub fn reload(&self, files: &Files, clock: &Clock) -> Result<(), CertError> {
        self.replace(files.load(clock.now())?);
        Ok(())
    }
}

/// Follows `files` until shutdown: whenever they change, `live` serves what is in them, or keeps
/// what it has and says so.
pub async fn watch(files: Files, live: LiveIdentity, clock: Clock, mut shutdown: Shutdown) {
    let mut seen = files.stamp();
    loop {
        tokio::select! {
            () = shutdown.requested() => return,
            () = tokio::time::sleep(POLL) => {}
        }
        seen = look(&files, &live, &clock, seen);
    }
}

/// One look at the files; the answer is what they look like now.
fn look(files: &Files, live: &LiveIdentity, clock: &Clock, seen: Stamp) -> Stamp {
    let stamp = files.stamp();
    if stamp == seen {
        return seen;
    }
    match live.reload(files, clock) {
        Ok(()) => tracing::info!(file = %files.certificate.display(), "certificate replaced"),
        Err(error) => tracing::error!(%error, "new certificate not usable, keeping the old one"),
    }
    stamp
}

#[cfg(test)]
mod tests {
    use mail::Timestamp;

    use super::*;
    use crate::cert::SelfSigned;

    fn der(live: &LiveIdentity) -> Vec<u8> {
        live.current().chain().next().unwrap().to_vec()
    }

    #[test]
    fn t5_replaced_files_are_served_and_broken_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fake(Timestamp(1_800_000_000));
        let own = SelfSigned::of_relay("a.example", folder.path(), false);
        let live = LiveIdentity::new(own.load_or_make(clock.now()).unwrap());
        let (seen, first) = (own.files.stamp(), der(&live));

        assert_eq!(look(&own.files, &live, &clock, seen), seen);
        std::fs::write(&own.files.certificate, "half a").unwrap();
        let seen = look(&own.files, &live, &clock, seen);
        assert_eq!(der(&live), first, "the old one stays");

        std::fs::remove_file(&own.files.certificate).unwrap();
        own.load_or_make(clock.now()).unwrap();
        look(&own.files, &live, &clock, seen);
        assert_ne!(der(&live), first, "the new one is served");
    }
}

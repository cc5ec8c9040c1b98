//! Many messages, a bounded number at a time.

use mail::limits::IMAP_BATCH_MESSAGES_MAX;
use mail::mailbox::UidSet;

/// The first messages of a set, at most [`IMAP_BATCH_MESSAGES_MAX`]; the set then lacks them.
pub(super) fn take(rest: &mut UidSet) -> UidSet {
    match (rest.first(), rest.nth(IMAP_BATCH_MESSAGES_MAX)) {
        (Some(first), Some(next)) => {
            let upto = rest.nth(IMAP_BATCH_MESSAGES_MAX - 1).unwrap_or(next);
            let batch = UidSet::from_range(first, upto).intersection(rest);
            *rest = rest.difference(&batch);
            batch
        }
        _ => std::mem::take(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_bounded_and_loses_nothing() {
        let mut rest: UidSet = "1:499,501:502,600".parse().unwrap();
        assert_eq!(take(&mut rest), "1:499,501".parse().unwrap());
        assert_eq!(take(&mut rest), "502,600".parse().unwrap());
        assert_eq!(take(&mut rest), UidSet::new());
        let mut rest: UidSet = "7:506".parse().unwrap();
        assert_eq!(take(&mut rest).len(), u64::from(IMAP_BATCH_MESSAGES_MAX));
        assert!(rest.is_empty());
    }
}

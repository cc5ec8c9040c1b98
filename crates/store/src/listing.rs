//! What LIST and LSUB show, computed from the names of an account.

use std::collections::BTreeMap;

use mail::MailboxName;
use mail::mailbox::MailboxInfo;

/// All mailboxes, the parents they lack, and all subscribed names: INBOX first, then by name.
pub(crate) fn listing(
    mailboxes: impl IntoIterator<Item = MailboxName>,
    subscribed: impl IntoIterator<Item = MailboxName>,
) -> Vec<MailboxInfo> {
    let mut shown: BTreeMap<MailboxName, (bool, bool)> = BTreeMap::new();
    for name in mailboxes {
        for parent in ancestors(&name) {
            shown.entry(parent).or_default();
        }
        shown.entry(name).or_default().0 = true;
    }
    for name in subscribed {
        shown.entry(name).or_default().1 = true;
    }
    let mut list: Vec<MailboxInfo> = shown.into_iter().map(info).collect();
    list.sort_by_key(|info| !info.name.is_inbox());
    list
}

/// The names above a name, nearest first.
pub(crate) fn ancestors(name: &MailboxName) -> impl Iterator<Item = MailboxName> + use<> {
    std::iter::successors(name.parent(), MailboxName::parent)
}

fn info((name, (exists, subscribed)): (MailboxName, (bool, bool))) -> MailboxInfo {
    MailboxInfo { special_use: name.special_use(), name, exists, subscribed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<MailboxName> {
        list.iter().map(|name| MailboxName::parse(name).unwrap()).collect()
    }

    #[test]
    fn inbox_is_first_and_missing_parents_are_shown() {
        let list = listing(names(&["A", "INBOX", "A.B.C"]), names(&["Gone", "A"]));
        let shown: Vec<_> =
            list.iter().map(|i| (i.name.as_str(), i.exists, i.subscribed)).collect();
        let expected = [
            ("INBOX", true, false),
            ("A", true, true),
            ("A.B", false, false),
            ("A.B.C", true, false),
            ("Gone", false, true),
        ];
        assert_eq!(shown, expected);
    }
}

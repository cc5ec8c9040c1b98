//! GETQUOTAROOT, GETQUOTA, SETQUOTA (RFC 9208): one root for the whole account, one resource.

use mail::mailbox::Quota;

use super::core::Core;
use super::verb::{Begin, Outcome, ask, no, ok};
use crate::ask::Ask;
use crate::command::MailboxArg;
use crate::write;

/// The name of the one quota root, as chatmail relays have it.
const ROOT: &str = "User quota";

/// GETQUOTAROOT
pub(super) fn get_quota_root(mailbox: MailboxArg) -> Begin {
    match mailbox {
        Err(bad) => no(format!("[CANNOT] {bad}")).into(),
        Ok(name) => ask(Ask::Quota, move |answer, core| {
            let quota = answer.quota()?;
            let name = write::MailboxString(&name);
            core.untagged(format_args!("QUOTAROOT {name} \"{ROOT}\""));
            say(&quota, core, "Getquotaroot completed.")
        }),
    }
}

/// GETQUOTA
pub(super) fn get_quota(root: &[u8]) -> Begin {
    match root == ROOT.as_bytes() {
        true => ask(Ask::Quota, |answer, core| {
            let quota = answer.quota()?;
            say(&quota, core, "Getquota completed.")
        }),
        false => no("[NONEXISTENT] There is no such quota root.").into(),
    }
}

/// SETQUOTA
pub(super) fn set_quota() -> Begin {
    no("[NOPERM] Quotas are the operator's.").into()
}

fn say(quota: &Quota, core: &mut Core, text: &'static str) -> Outcome {
    let (used, limit) = (quota.used_bytes.div_ceil(1024), quota.limit_bytes.div_ceil(1024));
    core.untagged(format_args!("QUOTA \"{ROOT}\" (STORAGE {used} {limit})"));
    Ok(ok(text))
}

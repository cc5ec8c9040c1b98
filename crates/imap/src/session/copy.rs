//! COPY and MOVE with their UID forms (RFC 3501 section 6.4.7, RFC 6851, COPYUID of RFC 4315).

use mail::mailbox::{Uid, UidSet, UidValidity};

use super::core::Core;
use super::verb::{Begin, Next, ask, bad, no, ok};
use crate::ask::Ask;
use crate::command::{MailboxArg, Messages};

/// COPY, or MOVE if `remove`. The engine says what a MOVE took away.
pub(super) fn copy(
    messages: &Messages,
    mailbox: MailboxArg,
    remove: bool,
    core: &mut Core,
) -> Begin {
    let Some(view) = core.view().filter(|view| !(remove && view.read_only)) else {
        return no("[READ-ONLY] The mailbox is open for reading.").into();
    };
    let to = match mailbox {
        Ok(to) => to,
        Err(why) => return no(format!("[CANNOT] {why}")).into(),
    };
    let uids = match messages.resolve(&view.uids) {
        Ok(uids) => uids,
        Err(error) => return bad(error.to_string()).into(),
    };
    if uids.is_empty() {
        return ok("There are no such messages.").into();
    }
    ask(Ask::Copy { uids, to: to.clone(), remove }, move |answer, core| {
        let (validity, uids) = answer.placed()?;
        core.changed |= core.view().is_some_and(|view| view.name == to);
        Ok(if remove { moved(validity, &uids, core) } else { copied(validity, &uids) })
    })
}

fn copied(validity: UidValidity, uids: &[(Uid, Uid)]) -> Next {
    match uids {
        [] => ok("There are no such messages any more."),
        uids => ok(format!("{} Copy completed.", code(validity, uids))),
    }
}

/// The code comes before the EXPUNGEs, so that the client knows the UIDs while it has them (RFC
/// 6851 section 4.3).
fn moved(validity: UidValidity, uids: &[(Uid, Uid)], core: &mut Core) -> Next {
    if !uids.is_empty() {
        core.untagged(format_args!("OK {} Moved.", code(validity, uids)));
    }
    let gone: UidSet = uids.iter().map(|(from, _)| *from).collect();
    if let Some(view) = core.view() {
        view.vanish(&gone);
    }
    ok("Move completed.")
}

fn code(validity: UidValidity, uids: &[(Uid, Uid)]) -> String {
    let from: UidSet = uids.iter().map(|(from, _)| *from).collect();
    let to: UidSet = uids.iter().map(|(_, to)| *to).collect();
    format!("[COPYUID {validity} {from} {to}]")
}

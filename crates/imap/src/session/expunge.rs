//! EXPUNGE and UID EXPUNGE (RFC 3501 section 6.4.3, RFC 4315 section 2.1).

use super::core::Core;
use super::verb::{Begin, ask, no, ok};
use crate::ask::Ask;
use crate::command::SeqSet;

/// EXPUNGE, of all or of some UIDs. The engine says what vanished.
pub(super) fn expunge(uids: Option<SeqSet>, core: &mut Core) -> Begin {
    let Some(view) = core.view().filter(|view| !view.read_only) else {
        return no("[READ-ONLY] The mailbox is open for reading.").into();
    };
    let uids = uids.map(|set| set.resolve_uids(&view.uids));
    ask(Ask::Expunge { uids }, |answer, core| {
        let (gone, _) = answer.expunged()?;
        if let Some(view) = core.view() {
            view.vanish(&gone);
        }
        Ok(ok("Expunge completed."))
    })
}

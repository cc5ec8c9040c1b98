//! Telling the client what happened to the open mailbox (RFC 3501 sections 5.2 and 7.4.1).
//!
//! Order matters: EXPUNGE first, so that EXISTS and the numbers after it count what is left.

use mail::mailbox::{Changes, MessageMeta};

use super::core::{Core, line};
use crate::write;

/// Takes in the changes and says them.
pub(super) fn say(core: &mut Core, changes: Changes, may_expunge: bool) {
    let Some(view) = core.view() else { return };
    let news = view.take(changes);
    if may_expunge {
        say_expunged(core);
    }
    if news.arrived {
        say_exists(core);
    }
    say_new_keywords(core, &news.flags);
    for meta in &news.flags {
        say_flags(core, meta, true);
    }
}

/// EXPUNGE for everything that vanished and was not said yet.
pub(super) fn say_expunged(core: &mut Core) {
    let Some((view, out)) = core.view_and_out() else { return };
    if view.has_vanished() {
        for number in view.take_expunged() {
            line(out, format_args!("* {number} EXPUNGE"));
        }
    }
}

/// EXISTS
pub(super) fn say_exists(core: &mut Core) {
    let Some((view, out)) = core.view_and_out() else { return };
    line(out, format_args!("* {} EXISTS", view.exists()));
}

/// FLAGS again, if these messages have keywords that were in none yet (RFC 3501 section 7.2.6).
pub(super) fn say_new_keywords(core: &mut Core, messages: &[MessageMeta]) {
    let Some((view, out)) = core.view_and_out() else { return };
    if view.announce(messages) {
        write::flags_line(out, view.keywords());
    }
}

/// FETCH with the flags of one message, and its UID if asked.
pub(super) fn say_flags(core: &mut Core, meta: &MessageMeta, with_uid: bool) {
    let Some((view, out)) = core.view_and_out() else { return };
    let Some(number) = view.number(meta.uid) else { return };
    let flags = write::FlagList { flags: &meta.flags, recent: view.is_recent(meta.uid) };
    match with_uid {
        true => line(out, format_args!("* {number} FETCH (UID {} FLAGS {flags})", meta.uid)),
        false => line(out, format_args!("* {number} FETCH (FLAGS {flags})")),
    }
}

//! Which verb serves which command, and at which stage (RFC 3501 section 6).

use super::core::{Core, Stage};
use super::verb::{After, Begin, Done, Next, Status, bad};
use super::{
    Transport, append, capability, copy, expunge, fetch, idle, list, login, mailboxes, metadata,
    quota, search, select, store,
};
use crate::command::CommandBody;

/// Begins a command.
pub(super) fn begin(body: CommandBody, core: &mut Core) -> Begin {
    use CommandBody as C;
    match body {
        C::Capability => return capability::capability(core),
        C::Noop => return verb_noop(),
        C::Logout => return logout(core),
        C::Id => return capability::id(core),
        _ => {}
    }
    match core.stage {
        Stage::NotAuthenticated => before_login(body, core),
        Stage::Authenticated => after_login(body, core),
        Stage::Selected(_) => with_mailbox(body, core),
    }
}

fn before_login(body: CommandBody, core: &mut Core) -> Begin {
    use CommandBody as C;
    match body {
        C::StartTls => start_tls(core),
        C::Login { user, password } => login::login(user, password, core),
        C::Authenticate { mechanism, initial } => login::authenticate(mechanism, initial, core),
        _ => bad("Log in first.").into(),
    }
}

fn after_login(body: CommandBody, core: &mut Core) -> Begin {
    use CommandBody as C;
    match body {
        C::StartTls | C::Login { .. } | C::Authenticate { .. } => {
            bad("You are logged in already.").into()
        }
        C::Select { mailbox, read_only } => select::select(mailbox, read_only, core),
        C::Create { mailbox } => mailboxes::create(mailbox),
        C::Delete { mailbox } => mailboxes::delete(mailbox),
        C::Rename { from, to } => mailboxes::rename(from, to),
        C::Subscribe { mailbox, subscribed } => mailboxes::subscribe(mailbox, subscribed),
        C::List { pattern, subscribed_only } => list::list(pattern, subscribed_only, core),
        C::Status { mailbox, items } => mailboxes::status(mailbox, items),
        C::Append(head) => append::append(head),
        C::Idle => idle::idle(core),
        C::Enable { .. } => capability::enable(core),
        C::Namespace => capability::namespace(core),
        C::GetQuota { root } => quota::get_quota(&root),
        C::GetQuotaRoot { mailbox } => quota::get_quota_root(mailbox),
        C::SetQuota { .. } => quota::set_quota(),
        C::GetMetadata { mailbox, depth: _, max_size, entries } => {
            metadata::get(mailbox, max_size, entries)
        }
        C::SetMetadata { mailbox, entries } => metadata::set(mailbox, entries),
        _ => bad("Select a mailbox first.").into(),
    }
}

fn with_mailbox(body: CommandBody, core: &mut Core) -> Begin {
    use CommandBody as C;
    match body {
        C::Check => check(),
        C::Close => select::close(core),
        C::Unselect => select::unselect(),
        C::Expunge { uids } => expunge::expunge(uids, core),
        C::Search { numbering, query } => search::search(numbering, query, core),
        C::Fetch { messages, items } => fetch::fetch(&messages, items, core),
        C::Store { messages, op, silent, flags } => {
            store::store(&messages, op, silent, flags, core)
        }
        C::Copy { messages, mailbox, remove } => copy::copy(&messages, mailbox, remove, core),
        other => after_login(other, core),
    }
}

fn verb_noop() -> Begin {
    super::verb::ok("Noop completed.").into()
}

/// CHECK: there is nothing left to do, since every `OK` is durable already.
fn check() -> Begin {
    super::verb::ok("Check completed.").into()
}

fn logout(core: &mut Core) -> Begin {
    core.bye("Logging out.");
    finally(Status::Ok, "Logout completed.", After::Close(None))
}

fn start_tls(core: &Core) -> Begin {
    match core.transport {
        Transport::Plain { starttls: true } => {
            finally(Status::Ok, "Begin TLS now.", After::StartTls)
        }
        Transport::Plain { starttls: false } => bad("There is no TLS here.").into(),
        Transport::Tls => bad("TLS is on already.").into(),
    }
}

fn finally(status: Status, text: &'static str, after: After) -> Begin {
    Next::Done(Done { status, text: text.into(), after }).into()
}

//! What the server can do, and who it says it is: the greeting, CAPABILITY, ID, ENABLE, NAMESPACE
//! (RFC 3501 sections 6.1.1 and 7.1.1, RFC 2971, 5161, 2342).
//!
//! Only what works is named. `XCHATMAIL` and `XDELTAPUSH` stand there before login already, since
//! clients look for them then.

use super::Transport;
use super::core::Core;
use super::verb::{Begin, ok};

const ALWAYS: &str = "IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+ XDELTAPUSH XCHATMAIL";
const LOGGED_IN: &str =
    "CHILDREN NAMESPACE UIDPLUS MOVE UNSELECT SPECIAL-USE QUOTA QUOTA=RES-STORAGE METADATA";

/// The list, at this stage of the connection.
pub(super) fn list(core: &Core) -> String {
    let more = match (core.is_authenticated(), core.transport) {
        (true, _) => LOGGED_IN,
        (false, Transport::Tls) => "AUTH=PLAIN",
        (false, Transport::Plain { starttls: true }) => "STARTTLS LOGINDISABLED",
        (false, Transport::Plain { starttls: false }) => "LOGINDISABLED",
    };
    format!("{ALWAYS} {more}")
}

/// The first line of the connection.
pub(super) fn greet(core: &mut Core) {
    let list = list(core);
    let name = core.config.name.clone();
    core.untagged(format_args!("OK [CAPABILITY {list}] {name} ready."));
}

/// CAPABILITY
pub(super) fn capability(core: &mut Core) -> Begin {
    let list = list(core);
    core.untagged(format_args!("CAPABILITY {list}"));
    ok("Capability completed.").into()
}

/// ID: what the client says of itself is nobody's business.
pub(super) fn id(core: &mut Core) -> Begin {
    let name = core.config.name.clone();
    core.untagged(format_args!("ID (\"name\" \"{name}\")"));
    ok("ID completed.").into()
}

/// ENABLE: there is nothing that needs enabling.
pub(super) fn enable(core: &mut Core) -> Begin {
    core.untagged(format_args!("ENABLED"));
    ok("Enable completed.").into()
}

/// NAMESPACE: the account's own mailboxes, and nobody else's.
pub(super) fn namespace(core: &mut Core) -> Begin {
    core.untagged(format_args!("NAMESPACE ((\"\" \".\")) NIL NIL"));
    ok("Namespace completed.").into()
}

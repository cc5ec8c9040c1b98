//! Every reply of the house by name.
//!
//! The table is the vocabulary; which word is said is the doors' decision. Codes and texts marked
//! "read by clients" are compared by the clients or by their tests and must not change.
//! Enhanced codes are those of RFC 3463, RFC 4954 section 6 and RFC 5248.

use std::fmt::Display;

use super::Reply;

// ---- Good news --------------------------------------------------------------------------------

impl Reply {
    /// The first line of a connection.
    pub fn greeting(hostname: &str) -> Self {
        Self::new(220, None, &format!("{hostname} ESMTP Martlet"))
    }

    /// To STARTTLS (RFC 3207 section 4).
    pub const fn ready_for_tls() -> Self {
        Self::fixed(220, Some((2, 0, 0)), "Ready to start TLS")
    }

    /// To QUIT.
    pub const fn bye() -> Self {
        Self::fixed(221, Some((2, 0, 0)), "Bye")
    }

    /// To AUTH (RFC 4954 section 6).
    pub const fn authenticated() -> Self {
        Self::fixed(235, Some((2, 7, 0)), "Authentication successful")
    }

    /// To HELO, and the first line to EHLO.
    pub fn hello(hostname: &str) -> Self {
        Self::new(250, None, hostname)
    }

    /// To NOOP and RSET.
    pub const fn ok() -> Self {
        Self::fixed(250, Some((2, 0, 0)), "Ok")
    }

    /// To MAIL.
    pub const fn sender_ok() -> Self {
        Self::fixed(250, Some((2, 1, 0)), "Ok")
    }

    /// To RCPT.
    pub const fn recipient_ok() -> Self {
        Self::fixed(250, Some((2, 1, 5)), "Ok")
    }

    /// At the end of data: the message is durable. Read by clients.
    pub const fn accepted() -> Self {
        Self::fixed(250, None, "OK")
    }

    /// To VRFY, whatever the argument: nobody learns who exists (RFC 5321 section 7.3).
    pub fn cannot_verify(argument: &str) -> Self {
        Self::new(252, Some((2, 0, 0)), argument)
    }

    /// To HELP.
    pub const fn help() -> Self {
        Self::fixed(214, Some((2, 0, 0)), "RFC 5321; the mail here is encrypted end to end")
    }

    /// AUTH goes on: the client answers the challenge, which is in base64 (RFC 4954 section 4).
    pub(crate) const fn challenge(base64: &'static str) -> Self {
        Self::fixed(334, None, base64)
    }

    /// To DATA.
    pub const fn start_data() -> Self {
        Self::fixed(354, None, "End data with <CR><LF>.<CR><LF>")
    }
}

// ---- The connection ends ----------------------------------------------------------------------

impl Reply {
    /// The server stops.
    pub fn shutting_down(hostname: &str) -> Self {
        Self::new(421, Some((4, 3, 2)), &format!("{hostname} Service shutting down"))
    }

    /// The client was silent for too long.
    pub fn timed_out(hostname: &str) -> Self {
        Self::new(421, Some((4, 4, 2)), &format!("{hostname} Error: timeout exceeded"))
    }

    /// The ceiling of errors in one connection.
    pub fn too_many_errors(hostname: &str) -> Self {
        Self::new(421, Some((4, 7, 0)), &format!("{hostname} Error: too many errors"))
    }

    /// The ceiling of refused logins in one connection.
    pub fn too_many_logins(hostname: &str) -> Self {
        Self::new(421, Some((4, 7, 0)), &format!("{hostname} Error: too many failed logins"))
    }

    /// Somebody who talks before being greeted does not speak SMTP.
    pub const fn talked_too_early() -> Self {
        Self::fixed(554, Some((5, 5, 1)), "Error: wait for the greeting")
    }
}

// ---- Try later --------------------------------------------------------------------------------

impl Reply {
    /// The sender's rate is used up; `wait_s` in seconds. Read by clients: the status code is
    /// followed by a colon.
    pub fn too_much_mail(sender: impl Display, wait_s: u64) -> Self {
        let text = format!(
            "4.7.1: Too much mail from <{sender}>, rate limited until {wait_s} seconds from now"
        );
        Self::new(450, None, &text)
    }

    /// Something on our side failed; the log says what.
    pub const fn local_error() -> Self {
        Self::fixed(451, Some((4, 3, 0)), "Error: temporary local problem, try again later")
    }

    /// Names could not be looked up, so nothing was decided.
    pub const fn dns_trouble() -> Self {
        Self::fixed(451, Some((4, 7, 5)), "Temporary DNS failure, try again later")
    }

    /// The disk is nearly full.
    pub const fn insufficient_storage() -> Self {
        Self::fixed(452, Some((4, 3, 1)), "Insufficient system storage")
    }

    /// The ceiling of recipients of one message.
    pub const fn too_many_recipients() -> Self {
        Self::fixed(452, Some((4, 5, 3)), "Error: too many recipients")
    }

    /// Passing trouble with login (RFC 4954 section 6).
    pub const fn login_unavailable() -> Self {
        Self::fixed(454, Some((4, 7, 0)), "Temporary authentication failure")
    }
}

// ---- Not understood ---------------------------------------------------------------------------

impl Reply {
    /// No such verb.
    pub const fn unknown_command() -> Self {
        Self::fixed(500, Some((5, 5, 1)), "Error: command not recognized")
    }

    /// Control characters, broken UTF-8, or 8-bit where there may be none.
    pub const fn bad_characters() -> Self {
        Self::fixed(500, Some((5, 5, 2)), "Error: bad characters in command")
    }

    /// A line of a command that does not end in CR LF, or has one of them alone.
    pub const fn bad_line_end() -> Self {
        Self::fixed(500, Some((5, 5, 2)), "Error: lines end in <CR><LF>")
    }

    /// The ceiling of a command line.
    pub const fn line_too_long() -> Self {
        Self::fixed(500, Some((5, 5, 2)), "Error: line too long")
    }

    /// The ceiling of a line of an AUTH exchange (RFC 4954 section 6).
    pub const fn auth_line_too_long() -> Self {
        Self::fixed(500, Some((5, 5, 6)), "Authentication exchange line is too long")
    }

    /// The argument is missing or not of the form said.
    pub fn syntax(form: &str) -> Self {
        Self::new(501, Some((5, 5, 4)), &format!("Syntax: {form}"))
    }

    /// MAIL with something that is no address.
    pub const fn bad_sender_syntax() -> Self {
        Self::fixed(501, Some((5, 1, 7)), "Bad sender address syntax")
    }

    /// RCPT with something that is no address.
    pub const fn bad_recipient_syntax() -> Self {
        Self::fixed(501, Some((5, 1, 3)), "Bad recipient address syntax")
    }

    /// A parameter we know with a value we do not.
    pub const fn bad_parameter() -> Self {
        Self::fixed(501, Some((5, 5, 4)), "Bad parameter value")
    }

    /// What the client sent within AUTH is not what the mechanism says.
    pub const fn bad_auth_response() -> Self {
        Self::fixed(501, Some((5, 5, 2)), "Cannot decode authentication response")
    }

    /// The client gave AUTH up.
    pub const fn auth_cancelled() -> Self {
        Self::fixed(501, Some((5, 7, 0)), "Authentication aborted")
    }

    /// A verb we know of and do not offer.
    pub const fn not_implemented() -> Self {
        Self::fixed(502, Some((5, 5, 1)), "Error: command not implemented")
    }

    /// Before EHLO.
    pub const fn hello_first() -> Self {
        Self::fixed(503, Some((5, 5, 1)), "Error: send EHLO first")
    }

    /// RCPT or DATA before MAIL.
    pub const fn mail_first() -> Self {
        Self::fixed(503, Some((5, 5, 1)), "Error: need MAIL command")
    }

    /// A second MAIL, or AUTH or STARTTLS, within a transaction.
    pub const fn transaction_open() -> Self {
        Self::fixed(503, Some((5, 5, 1)), "Error: mail transaction in progress")
    }

    /// A second AUTH.
    pub const fn already_authenticated() -> Self {
        Self::fixed(503, Some((5, 5, 1)), "Error: already authenticated")
    }

    /// AUTH where there are no users.
    pub const fn auth_not_offered() -> Self {
        Self::fixed(503, Some((5, 5, 1)), "Error: authentication not enabled")
    }

    /// STARTTLS within TLS.
    pub const fn tls_already_active() -> Self {
        Self::fixed(503, Some((5, 5, 1)), "Error: TLS already active")
    }

    /// AUTH with a mechanism we do not have.
    pub const fn unknown_mechanism() -> Self {
        Self::fixed(504, Some((5, 5, 4)), "Unrecognized authentication mechanism")
    }

    /// DATA when no recipient was accepted.
    pub const fn no_valid_recipients() -> Self {
        Self::fixed(554, Some((5, 5, 1)), "Error: no valid recipients")
    }

    /// A parameter of MAIL or RCPT that was not offered.
    pub fn unsupported_parameter(name: &str) -> Self {
        Self::new(555, Some((5, 5, 4)), &format!("Unsupported option: {name}"))
    }
}

// ---- Not allowed ------------------------------------------------------------------------------

impl Reply {
    /// Bare CR or LF, or NUL, in the message.
    pub const fn invalid_data() -> Self {
        Self::fixed(500, None, "Invalid DATA")
    }

    /// The message is not a message.
    pub fn unparsable(why: impl Display) -> Self {
        Self::new(500, None, &format!("Failed to parse message: {why}"))
    }

    /// The From field is missing, double or unreadable.
    pub fn invalid_from_header(why: impl Display) -> Self {
        Self::new(500, None, &format!("Invalid FROM header: {why}"))
    }

    /// The From field is not the envelope sender; `envelope` is empty for `<>`.
    pub fn invalid_from(header: impl Display, envelope: impl Display) -> Self {
        Self::new(500, None, &format!("Invalid FROM <{header}> for <{envelope}>"))
    }

    /// Read by clients, who explain it to the user.
    pub const fn encryption_needed() -> Self {
        Self::fixed(523, None, "Encryption Needed: Invalid Unencrypted Mail")
    }

    /// Anything of weight before TLS.
    pub const fn starttls_first() -> Self {
        Self::fixed(530, Some((5, 7, 0)), "Must issue a STARTTLS command first")
    }

    /// Mail on submission before AUTH (RFC 4954 section 6).
    pub const fn login_first() -> Self {
        Self::fixed(530, Some((5, 7, 0)), "Authentication required")
    }

    /// Wrong name or password, or no new account: never tells which.
    pub const fn login_failed() -> Self {
        Self::fixed(535, Some((5, 7, 8)), "Error: authentication failed")
    }

    /// No such account.
    pub fn no_such_user(address: impl Display) -> Self {
        Self::new(550, Some((5, 1, 1)), &format!("<{address}> User doesn't exist: {address}"))
    }

    /// The recipient's mailbox is full.
    pub fn over_quota(address: impl Display) -> Self {
        let text = format!("<{address}> Quota exceeded (mailbox for user is full)");
        Self::new(552, Some((5, 2, 2)), &text)
    }

    /// A message for another server that could not be delivered in its time.
    pub fn waited_too_long() -> Self {
        Self::new(554, Some((5, 4, 7)), "Delivery time expired: the server could not be reached")
    }

    /// SIZE= above the limit (RFC 1870 section 6.1).
    pub const fn size_too_large() -> Self {
        Self::fixed(552, Some((5, 3, 4)), "Message size exceeds fixed limit")
    }

    /// Message data above the limit (RFC 1870 section 6.3).
    pub const fn message_too_large() -> Self {
        Self::fixed(552, Some((5, 3, 4)), "Error: message file too big")
    }

    /// MAIL with somebody else's address. Read by clients.
    pub fn sender_not_owned(sender: impl Display, login: impl Display) -> Self {
        let text = format!("<{sender}>: Sender address rejected: not owned by user {login}");
        Self::new(553, Some((5, 7, 1)), &text)
    }

    /// A non-ASCII address without SMTPUTF8 (RFC 6531 section 3.5).
    pub const fn needs_smtputf8() -> Self {
        Self::fixed(553, Some((5, 6, 7)), "Non-ASCII address needs SMTPUTF8")
    }

    /// A recipient elsewhere, and the client is not one of ours.
    pub fn relay_denied(address: impl Display) -> Self {
        Self::new(554, Some((5, 7, 1)), &format!("<{address}>: Relay access denied"))
    }

    /// Too many `Received` fields.
    pub const fn too_many_hops() -> Self {
        Self::fixed(554, Some((5, 4, 6)), "Error: too many hops")
    }

    /// There is no DKIM signature. Read by peers.
    pub const fn dkim_missing() -> Self {
        Self::fixed(554, Some((5, 7, 1)), "No DKIM signature found")
    }

    /// No DKIM signature verifies and belongs to the From domain. Read by peers.
    pub const fn dkim_invalid() -> Self {
        Self::fixed(554, Some((5, 7, 1)), "No valid DKIM signature found")
    }

    /// The message's header is not UTF-8.
    pub const fn not_utf8() -> Self {
        Self::fixed(554, None, "Non-UTF-8 message")
    }
}

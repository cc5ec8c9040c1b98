//! The report to a sender that a message did not arrive (RFC 3464 in RFC 6522).
//!
//! The clients find the failed message by the Message-ID in the third part, and take the report for
//! one only if it comes from MAILER-DAEMON and its `Action` is `failed`; other relays let it through
//! unencrypted for the same reasons. Whatever the texts are that came from elsewhere, the report has
//! CR LF at the end of each line and no line that was not meant.

use std::borrow::Cow;

use mail::limits::REPORT_ORIGINAL_BYTES_MAX;
use mail::{Address, Domain};
use memchr::{memchr2, memmem};

use crate::reply::EnhancedCode;

/// Longest text of one field in bytes, so that its line stays below the 998 of RFC 5322.
const FIELD_BYTES_MAX: usize = 900;

/// A report, to be rendered.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryReport<'a> {
    /// Our host name.
    pub reporting_mta: &'a str,
    /// The domain MAILER-DAEMON lives in.
    pub from_domain: &'a Domain,
    /// The sender of the message that failed.
    pub to: &'a Address,
    /// The recipients that did not get it; at least one.
    pub failures: &'a [FailedRecipient],
    /// The message that failed, or only its header.
    pub original: &'a [u8],
    /// True if `original` has the body too. Above `REPORT_ORIGINAL_BYTES_MAX` only the header is
    /// returned.
    pub original_is_whole: bool,
    /// The report's date as of RFC 5322 section 3.3.
    pub date: &'a str,
    /// Letters and digits nobody can guess: the Message-ID, and the boundary between the parts.
    pub token: &'a str,
}

/// One recipient that did not get the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRecipient {
    /// Who.
    pub recipient: Address,
    /// The enhanced status code (RFC 3463).
    pub status: EnhancedCode,
    /// The reply that refused it, as an SMTP reply line.
    pub diagnostic: String,
    /// Who gave that reply, if it was another server.
    pub remote_mta: Option<String>,
}

impl DeliveryReport<'_> {
    /// The whole message, with CR LF line ends, not dot-stuffed and not signed.
    pub fn render(&self) -> Vec<u8> {
        let mut out = Text::default();
        self.header(&mut out);
        self.explanation(&mut out);
        self.status(&mut out);
        self.returned(&mut out);
        out.line(&format!("--{}--", self.boundary()));
        out.0
    }

    fn header(&self, out: &mut Text) {
        let domain = self.from_domain;
        out.field("Date", self.date);
        out.field("From", &format!("MAILER-DAEMON@{domain} (Mail Delivery System)"));
        out.field("To", self.to.as_str());
        out.field("Subject", "Undelivered Mail Returned to Sender");
        out.field("Message-ID", &format!("<{}@{}>", self.clean_token(), domain));
        out.field("Auto-Submitted", "auto-replied");
        out.field("MIME-Version", "1.0");
        out.line("Content-Type: multipart/report; report-type=delivery-status;");
        out.line(&format!("\tboundary=\"{}\"", self.boundary()));
        out.line("");
    }

    fn explanation(&self, out: &mut Text) {
        self.begin_part(out, "text/plain; charset=utf-8");
        let host = self.reporting_mta;
        out.line(&format!("This is the mail delivery system at {host}."));
        out.line("");
        out.line("Your message could not be delivered to:");
        for failure in self.failures {
            out.line("");
            out.line(&format!("<{}>: {}", failure.recipient, failure.diagnostic));
        }
        out.line("");
        out.line("The undelivered message, or its header, is attached.");
        out.line("");
    }

    fn status(&self, out: &mut Text) {
        self.begin_part(out, "message/delivery-status");
        out.field("Reporting-MTA", &format!("dns; {}", self.reporting_mta));
        for failure in self.failures {
            out.line("");
            failure.fields(out);
        }
        out.line("");
    }

    fn returned(&self, out: &mut Text) {
        let fits = self.original.len() <= REPORT_ORIGINAL_BYTES_MAX;
        if self.original_is_whole && fits {
            self.begin_part(out, "message/rfc822");
            out.foreign(self.original);
        } else {
            self.begin_part(out, "text/rfc822-headers");
            out.foreign(header_of(self.original));
        }
    }

    fn begin_part(&self, out: &mut Text, content_type: &str) {
        out.line(&format!("--{}", self.boundary()));
        out.field("Content-Type", content_type);
        out.field("Content-Transfer-Encoding", "8bit");
        out.line("");
    }

    fn boundary(&self) -> String {
        format!("=_{}", self.clean_token())
    }

    /// At most 60 characters: a boundary has no more than 70 (RFC 2046 section 5.1.1).
    fn clean_token(&self) -> String {
        self.token.chars().filter(char::is_ascii_alphanumeric).take(60).collect()
    }
}

impl FailedRecipient {
    fn fields(&self, out: &mut Text) {
        let (class, subject, detail) = self.status;
        let kind = if self.recipient.as_str().is_ascii() { "rfc822" } else { "utf-8" };
        out.field("Final-Recipient", &format!("{kind}; {}", self.recipient));
        out.field("Action", "failed");
        out.field("Status", &format!("{class}.{subject}.{detail}"));
        if let Some(remote) = &self.remote_mta {
            out.field("Remote-MTA", &format!("dns; {remote}"));
        }
        out.field("Diagnostic-Code", &format!("smtp; {}", self.diagnostic));
    }
}

/// Everything before the first empty line, at most as many bytes as are returned, in whole lines.
fn header_of(original: &[u8]) -> &[u8] {
    let end = match (memmem::find(original, b"\r\n\r\n"), memmem::find(original, b"\n\n")) {
        (Some(crlf), Some(lf)) => crlf.min(lf),
        (one, other) => one.or(other).unwrap_or(original.len()),
    };
    let header = &original[..end];
    match header.get(..REPORT_ORIGINAL_BYTES_MAX) {
        Some(start) => &start[..memchr::memrchr(b'\n', start).unwrap_or(0)],
        None => header,
    }
}

/// The message as it grows; the only place where lines end.
#[derive(Default)]
struct Text(Vec<u8>);

impl Text {
    fn field(&mut self, name: &str, value: &str) {
        self.line(&format!("{name}: {value}"));
    }

    /// One line, whatever the text: control characters (but not the tab of a folded field) become
    /// spaces, too much of it is cut off.
    fn line(&mut self, text: &str) {
        let text = one_line(&text[..text.floor_char_boundary(FIELD_BYTES_MAX)]);
        self.0.extend_from_slice(text.as_bytes());
        self.0.extend_from_slice(b"\r\n");
    }

    /// Lines that came from elsewhere, with our line ends and an end to the last one.
    fn foreign(&mut self, mut text: &[u8]) {
        while let Some(end) = memchr2(b'\r', b'\n', text) {
            self.0.extend_from_slice(&text[..end]);
            self.0.extend_from_slice(b"\r\n");
            let both = text[end..].starts_with(b"\r\n");
            text = &text[end + 1 + usize::from(both)..];
        }
        self.0.extend_from_slice(text);
        self.0.extend_from_slice(b"\r\n");
    }
}

fn one_line(text: &str) -> Cow<'_, str> {
    let unwanted = |c: char| c.is_control() && c != '\t';
    if text.contains(unwanted) { text.replace(unwanted, " ").into() } else { text.into() }
}

#[cfg(test)]
mod tests;

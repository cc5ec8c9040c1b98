//! BODY and BODYSTRUCTURE (RFC 3501 section 7.4.2) from a skeleton.
//!
//! The tree is walked with a stack of its own, each part once. A multipart or an enclosed message of
//! which nothing is known (cut off, or too deep) is shown with an empty text inside, because the
//! grammar wants something there.

use mail::limits;
use mail::skeleton::{Content, Part, Skeleton};

use super::envelope::envelope;
use super::put;
use super::text::{nstring, string};

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// `BODY`
    Basic,
    /// `BODYSTRUCTURE`: with MD5, disposition, language and location.
    Full,
}

/// The structure of the whole message, in parentheses.
pub fn body_structure(out: &mut Vec<u8>, skeleton: &Skeleton, detail: Detail) {
    let mut writer = Writer { begin: out.len(), out, skeleton, detail };
    let mut work = vec![Step::Open(0)];
    while let Some(step) = work.pop() {
        match step {
            Step::Open(index) => writer.open(index, &mut work),
            Step::CloseMultipart(index) => writer.close_multipart(index),
            Step::CloseMessage(index) => writer.close_message(index),
        }
    }
}

enum Step {
    Open(u32),
    CloseMultipart(u32),
    CloseMessage(u32),
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Where this structure begins in `out`.
    begin: usize,
    skeleton: &'a Skeleton,
    detail: Detail,
}

/// Stands for a part nothing is known of.
const NOTHING: &[u8] = br#"("text" "plain" NIL NIL NIL "7bit" 0 0)"#;

impl<'a> Writer<'a> {
    fn part(&self, index: u32) -> Option<&'a Part> {
        self.skeleton.parts.get(usize::try_from(index).ok()?)
    }

    fn open(&mut self, index: u32, work: &mut Vec<Step>) {
        let Some(part) = self.part(index) else {
            return self.out.extend_from_slice(NOTHING);
        };
        match kind(&part.content) {
            Kind::Multipart => {
                self.out.push(b'(');
                work.push(Step::CloseMultipart(index));
                self.enter(&part.children, work);
            }
            Kind::Message => {
                self.out.push(b'(');
                self.basic_fields(part);
                self.enclosed_envelope(part);
                work.push(Step::CloseMessage(index));
                self.enter(part.children.get(..1).unwrap_or_default(), work);
            }
            Kind::Text | Kind::Other => self.leaf(part),
        }
    }

    fn enter(&mut self, children: &[u32], work: &mut Vec<Step>) {
        if children.is_empty() {
            self.out.extend_from_slice(NOTHING);
        }
        work.extend(children.iter().rev().map(|child| Step::Open(*child)));
    }

    fn enclosed_envelope(&mut self, part: &Part) {
        let child = part.children.first().and_then(|child| self.part(*child));
        let fields = child.and_then(|child| child.envelope.as_deref());
        let fields = fields.filter(|_| !self.is_long());
        self.out.push(b' ');
        envelope(self.out, fields);
        self.out.push(b' ');
    }

    fn close_multipart(&mut self, index: u32) {
        let Some(part) = self.part(index) else { return };
        self.out.push(b' ');
        string(self.out, part.content.sub_type.as_bytes());
        if self.detail == Detail::Full {
            self.out.push(b' ');
            self.parameters(&part.content.parameters);
            self.extension(&part.content);
        }
        self.out.push(b')');
    }

    fn close_message(&mut self, index: u32) {
        let Some(part) = self.part(index) else { return };
        put!(self.out, " {}", part.lines);
        self.md5_and_extension(&part.content);
        self.out.push(b')');
    }

    fn leaf(&mut self, part: &Part) {
        self.out.push(b'(');
        self.basic_fields(part);
        if kind(&part.content) == Kind::Text {
            put!(self.out, " {}", part.lines);
        }
        self.md5_and_extension(&part.content);
        self.out.push(b')');
    }

    /// Type, subtype, parameters, id, description, encoding, size.
    fn basic_fields(&mut self, part: &Part) {
        let content = &part.content;
        string(self.out, content.main_type.as_bytes());
        self.out.push(b' ');
        string(self.out, content.sub_type.as_bytes());
        self.out.push(b' ');
        self.parameters(&content.parameters);
        self.optional(content.id.as_deref());
        self.optional(content.description.as_deref());
        self.out.push(b' ');
        string(self.out, content.transfer_encoding.as_bytes());
        put!(self.out, " {}", part.body.end.saturating_sub(part.body.start));
    }

    fn md5_and_extension(&mut self, content: &Content) {
        if self.detail == Detail::Full {
            self.optional(content.md5.as_deref());
            self.extension(content);
        }
    }

    /// Disposition, language, location.
    fn extension(&mut self, content: &Content) {
        self.out.push(b' ');
        match content.disposition.as_ref().filter(|_| !self.is_long()) {
            None => nstring(self.out, None),
            Some((word, parameters)) => {
                self.out.push(b'(');
                string(self.out, word.as_bytes());
                self.out.push(b' ');
                self.parameters(parameters);
                self.out.push(b')');
            }
        }
        self.out.push(b' ');
        match content.language.as_slice() {
            languages @ [_, ..] if !self.is_long() => self.strings(languages.iter()),
            _ => nstring(self.out, None),
        }
        self.optional(content.location.as_deref());
    }

    fn parameters(&mut self, parameters: &[(String, String)]) {
        match parameters {
            [_, ..] if !self.is_long() => {
                self.strings(parameters.iter().flat_map(|(name, value)| [name, value]));
            }
            _ => nstring(self.out, None),
        }
    }

    fn strings<'s>(&mut self, strings: impl Iterator<Item = &'s String>) {
        for (index, text) in strings.enumerate() {
            self.out.push(if index == 0 { b'(' } else { b' ' });
            string(self.out, text.as_bytes());
        }
        self.out.push(b')');
    }

    fn optional(&mut self, text: Option<&str>) {
        let text = text.filter(|_| !self.is_long());
        self.out.push(b' ');
        nstring(self.out, text.map(str::as_bytes));
    }

    fn is_long(&self) -> bool {
        self.out.len() - self.begin > limits::IMAP_STRUCTURE_BYTES_MAX
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Multipart,
    Message,
    Text,
    Other,
}

fn kind(content: &Content) -> Kind {
    match (content.main_type.as_str(), content.sub_type.as_str()) {
        ("multipart", _) => Kind::Multipart,
        ("message", "rfc822") => Kind::Message,
        ("text", _) => Kind::Text,
        _ => Kind::Other,
    }
}

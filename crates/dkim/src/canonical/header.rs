//! Header fields in canonical form (RFC 6376 sections 3.4.1, 3.4.2 and 3.7).

use std::ops::Range;

use mail::header::Field;

use super::Form;

/// Appends a field with CR LF at its end.
pub fn field(form: Form, field: &Field<'_>, out: &mut Vec<u8>) {
    line(form, field.name, &[field.value], out);
    out.extend_from_slice(b"\r\n");
}

/// Appends a signature's own field: the value of `b=` left out, and without CR LF.
pub fn field_without_signature(form: Form, field: &Field<'_>, out: &mut Vec<u8>) {
    let cut = signature_range(field.value);
    line(form, field.name, &[&field.value[..cut.start], &field.value[cut.end..]], out);
}

/// A field whose value comes in pieces, none of which begins or ends within a word.
fn line(form: Form, name: &str, value: &[&[u8]], out: &mut Vec<u8>) {
    match form {
        Form::Simple => {
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            value.iter().for_each(|piece| out.extend_from_slice(piece));
        }
        Form::Relaxed => {
            out.extend(name.bytes().map(|b| b.to_ascii_lowercase()));
            out.push(b':');
            relaxed(&value.concat(), out);
        }
    }
}

/// Unfolds, makes each run of white space one space, and has none at both ends.
fn relaxed(value: &[u8], out: &mut Vec<u8>) {
    let is_space = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    let words = value.split(is_space).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

/// Where the value of `b=` is, with the white space around it; empty if there is none.
fn signature_range(value: &[u8]) -> Range<usize> {
    let mut start = 0;
    for entry in value.split(|&b| b == b';') {
        let end = start + entry.len();
        match entry.iter().position(|&b| b == b'=') {
            Some(at) if entry[..at].trim_ascii() == b"b" => return start + at + 1..end,
            _ => start = end + 1,
        }
    }
    0..0
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::header::HeaderBlock;

    fn canonical(form: Form, block: &str) -> String {
        let mut out = Vec::new();
        for one in HeaderBlock::new(block.as_bytes()).fields() {
            field(form, &one.unwrap(), &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    fn own(form: Form, text: &str) -> String {
        let mut out = Vec::new();
        let one = HeaderBlock::new(text.as_bytes()).fields().next().unwrap().unwrap();
        field_without_signature(form, &one, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn k2_the_examples_of_rfc_6376_section_3_4_5() {
        let block = "A: X\r\nB:Y\t\r\n\tZ  \r\n";
        assert_eq!(canonical(Form::Relaxed, block), "a:X\r\nb:Y Z\r\n");
        assert_eq!(canonical(Form::Simple, block), block);
    }

    #[test]
    fn k2_empty_values_and_colons() {
        assert_eq!(canonical(Form::Relaxed, "A: \r\nB:\r\nC: a: b\r\n"), "a:\r\nb:\r\nc:a: b\r\n");
    }

    #[test]
    fn a_signature_does_not_sign_itself() {
        assert_eq!(own(Form::Simple, "D: a=b; b = x\r\n y ;c=b\r\n"), "D: a=b; b =;c=b");
        assert_eq!(own(Form::Relaxed, "D: bh=b; b=x\r\n y \r\n"), "d:bh=b; b=");
        assert_eq!(own(Form::Simple, "D: no tags\r\n"), "D: no tags");
    }
}

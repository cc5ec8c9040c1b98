//! A second opinion: a slow checker of PGP/MIME that holds everything in memory and shares no code
//! with the gate. What the gate calls encrypted, this must call encrypted too. It is the laxer one
//! of the two, but never about what is inside.

/// True if the message is an OpenPGP message in PGP/MIME.
pub(super) fn is_encrypted(message: &[u8]) -> bool {
    check(message).is_some()
}

fn check(message: &[u8]) -> Option<()> {
    let text = String::from_utf8_lossy(message);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let kind = field(head, "content-type")?;
    if !kind.to_lowercase().starts_with("multipart/encrypted") {
        return None;
    }
    let boundary = kind.split("boundary=").nth(1)?;
    let boundary = boundary.split(['"', ';', ' ']).find(|piece| !piece.is_empty())?;
    let framed = format!("\r\n{body}");
    let parts: Vec<&str> = framed.split(&format!("\r\n--{boundary}")).collect();
    let [_, first, second, last] = parts.as_slice() else { return None };
    (last.strip_prefix("--")?.trim().is_empty()).then_some(())?;
    let (first_kind, first) = part(first)?;
    let (second_kind, second) = part(second)?;
    let right = first_kind.starts_with("application/pgp-encrypted")
        && first.trim() == "Version: 1"
        && second_kind.starts_with("application/octet-stream");
    right.then_some(())?;
    packets(&dearmored(&second)?)
}

/// Type and decoded text of a part.
fn part(part: &str) -> Option<(String, String)> {
    let (head, body) = part.strip_prefix("\r\n")?.split_once("\r\n\r\n")?;
    let kind = field(head, "content-type")?.to_lowercase();
    let encoding = field(head, "content-transfer-encoding").unwrap_or_default().to_lowercase();
    let body = match encoding.as_str() {
        "base64" => String::from_utf8(base64(&body.replace("\r\n", ""))?).ok()?,
        "quoted-printable" => unquoted(&body.replace("=\r\n", ""))?,
        _ => body.to_owned(),
    };
    Some((kind, body))
}

fn field(head: &str, name: &str) -> Option<String> {
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let mut values = head.split("\r\n").filter_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    });
    let first = values.next();
    if values.next().is_some() { None } else { first }
}

fn unquoted(text: &str) -> Option<String> {
    let mut pieces = text.split('=');
    let mut result = pieces.next()?.to_owned();
    for piece in pieces {
        let code = u8::from_str_radix(piece.get(..2)?, 16).ok()?;
        result.push(char::from(code));
        result.push_str(&piece[2..]);
    }
    Some(result)
}

fn dearmored(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("-----BEGIN PGP MESSAGE-----\r\n")?;
    let text = text.trim_end_matches("\r\n").strip_suffix("-----END PGP MESSAGE-----")?;
    let mut lines: Vec<&str> = text.split("\r\n").filter(|line| !line.is_empty()).collect();
    if lines.first()?.starts_with("Version: ") {
        lines.remove(0);
    }
    if lines.last()?.len() == 5 && lines.last()?.starts_with('=') {
        lines.pop();
    }
    base64(&lines.concat())
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let data = text.strip_suffix("==").or(text.strip_suffix('=')).unwrap_or(text);
    let mut bits = Vec::new();
    for c in data.chars() {
        let value = alphabet.find(c)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    Some(
        bits.chunks_exact(8)
            .map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | *bit as u8))
            .collect(),
    )
}

fn packets(mut bytes: &[u8]) -> Option<()> {
    loop {
        let (&tag, rest) = bytes.split_first()?;
        let (kind, rest) = match tag >> 6 {
            3 => (tag & 63, new_body(rest)?),
            2 => (tag >> 2 & 15, legacy_body(tag, rest)?),
            _ => return None,
        };
        bytes = rest;
        match kind {
            18 if rest.is_empty() => return Some(()),
            1 | 3 => {}
            _ => return None,
        }
    }
}

/// What follows a packet in the new format.
fn new_body(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let first = usize::from(*bytes.first()?);
        let (header, length) = match first {
            0..=191 => (1, first),
            192..=223 => (2, (first - 192) * 256 + usize::from(*bytes.get(1)?) + 192),
            224..=254 => (1, 1 << (first - 224)),
            _ => (5, number(bytes.get(1..5)?)),
        };
        bytes = bytes.get(header + length..)?;
        if !(224..=254).contains(&first) {
            return Some(bytes);
        }
    }
}

/// What follows a packet in the legacy format.
fn legacy_body(tag: u8, bytes: &[u8]) -> Option<&[u8]> {
    let octets = match tag & 3 {
        0 => 1,
        1 => 2,
        2 => 4,
        _ => return None,
    };
    bytes.get(octets + number(bytes.get(..octets)?)..)
}

fn number(octets: &[u8]) -> usize {
    octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet))
}

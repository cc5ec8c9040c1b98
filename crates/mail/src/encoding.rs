//! Transfer encodings (RFC 2045 section 6, RFC 4648), read in pieces and strictly.
//!
//! Strictly, because these decoders stand before the encryption gate: what two readers could
//! decode differently is an error here. Encoded words, which are only ever shown, are read
//! leniently in [`words`]. Linear time; no memory beyond the output.

pub mod words;

/// The bytes are not what the encoding allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("broken transfer encoding")]
pub struct DecodeError;

/// Standard base64 with padding (RFC 4648 section 4), without any other character, line ends
/// included. Bits that padding leaves over must be zero.
#[derive(Clone, Debug, Default)]
pub struct Base64Decoder {
    /// The bits of the group under way, newest lowest.
    bits: u32,
    /// How many characters of the group were seen, padding included: 0 to 3.
    seen: u8,
    /// How many of them were `=`.
    padding: u8,
    /// A group with padding is over: nothing may follow.
    ended: bool,
}

/// Marks what is no base64 character in [`BASE64_VALUES`].
const NO_VALUE: u8 = 0xff;
const BASE64_VALUES: [u8; 256] = base64_values();

const fn base64_values() -> [u8; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [NO_VALUE; 256];
    let mut value = 0_u8;
    while value < 64 {
        values[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    values
}

/// True for the 64 characters; not for `=`.
pub fn is_base64_byte(b: u8) -> bool {
    BASE64_VALUES[usize::from(b)] != NO_VALUE
}

impl Base64Decoder {
    /// Nothing decoded yet.
    pub fn new() -> Base64Decoder {
        Base64Decoder::default()
    }

    /// Appends what `input` decodes to. After an error the decoder is of no more use.
    pub fn feed(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<(), DecodeError> {
        output.reserve(input.len() / 4 * 3 + 3);
        let mut rest = input;
        loop {
            if self.seen == 0 && !self.ended {
                rest = whole_groups(rest, output);
            }
            let Some((&b, after)) = rest.split_first() else { return Ok(()) };
            self.push(b, output)?;
            rest = after;
        }
    }

    /// Whether the text was whole.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.seen == 0 { Ok(()) } else { Err(DecodeError) }
    }

    fn push(&mut self, b: u8, output: &mut Vec<u8>) -> Result<(), DecodeError> {
        let value = BASE64_VALUES[usize::from(b)];
        match b {
            _ if self.ended => return Err(DecodeError),
            b'=' if self.seen >= 2 => self.padding += 1,
            _ if value == NO_VALUE || self.padding > 0 => return Err(DecodeError),
            _ => {}
        }
        let six_bits = if b == b'=' { 0 } else { value };
        self.bits = (self.bits << 6) | u32::from(six_bits);
        self.seen += 1;
        if self.seen == 4 { self.close_group(output) } else { Ok(()) }
    }

    fn close_group(&mut self, output: &mut Vec<u8>) -> Result<(), DecodeError> {
        let [_, bytes @ ..] = self.bits.to_be_bytes();
        let (kept, left_over) = bytes.split_at(3 - usize::from(self.padding));
        if left_over.iter().any(|&b| b != 0) {
            return Err(DecodeError);
        }
        output.extend_from_slice(kept);
        *self = Base64Decoder { ended: self.padding > 0, ..Base64Decoder::default() };
        Ok(())
    }
}

/// Decodes groups without padding as long as there are any; gives back the rest.
fn whole_groups<'a>(input: &'a [u8], output: &mut Vec<u8>) -> &'a [u8] {
    let mut rest = input;
    while let Some((group, after)) = rest.split_first_chunk::<4>() {
        let [a, b, c, d] = group.map(|b| BASE64_VALUES[usize::from(b)]);
        // NO_VALUE is the one value above 63.
        if a | b | c | d > 63 {
            break;
        }
        let bits = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
        output.extend_from_slice(&bits.to_be_bytes()[1..]);
        rest = after;
    }
    rest
}

/// Quoted-printable (RFC 2045 section 6.7). Refuses 8-bit and control characters, lower-case
/// hexadecimal digits, white space before a line end and bare CR or LF, about all of which
/// readers differ.
#[derive(Clone, Debug, Default)]
pub struct QuotedPrintableDecoder {
    state: QuotedState,
    /// The last character was a space or a tab.
    spaced: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum QuotedState {
    #[default]
    Text,
    /// A CR came.
    LineEnd,
    /// `=`
    Escape,
    /// `=` and one digit
    Digit(u8),
    /// `=` and CR
    SoftBreak,
}

impl QuotedPrintableDecoder {
    /// Nothing decoded yet.
    pub fn new() -> QuotedPrintableDecoder {
        QuotedPrintableDecoder::default()
    }

    /// Appends what `input` decodes to. After an error the decoder is of no more use.
    pub fn feed(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<(), DecodeError> {
        input.iter().try_for_each(|&b| self.push(b, output))
    }

    /// Whether the text was whole.
    pub fn finish(&self) -> Result<(), DecodeError> {
        let whole = self.state == QuotedState::Text && !self.spaced;
        if whole { Ok(()) } else { Err(DecodeError) }
    }

    fn push(&mut self, b: u8, output: &mut Vec<u8>) -> Result<(), DecodeError> {
        self.state = match (self.state, b) {
            (QuotedState::Text, b'=') => QuotedState::Escape,
            (QuotedState::Text, b'\r') if !self.spaced => QuotedState::LineEnd,
            (QuotedState::Text, b' '..=b'~' | b'\t') => {
                output.push(b);
                QuotedState::Text
            }
            (QuotedState::LineEnd, b'\n') => {
                output.extend_from_slice(b"\r\n");
                QuotedState::Text
            }
            (QuotedState::Escape, b'\r') => QuotedState::SoftBreak,
            (QuotedState::SoftBreak, b'\n') => QuotedState::Text,
            (QuotedState::Escape, _) => QuotedState::Digit(hex_digit(b)?),
            (QuotedState::Digit(high), _) => {
                output.push(high << 4 | hex_digit(b)?);
                QuotedState::Text
            }
            _ => return Err(DecodeError),
        };
        self.spaced = matches!(b, b' ' | b'\t');
        Ok(())
    }
}

fn hex_digit(b: u8) -> Result<u8, DecodeError> {
    match b {
        b'0'..=b'9' => Ok(b - b'0'),
        b'A'..=b'F' => Ok(b - b'A' + 10),
        _ => Err(DecodeError),
    }
}

#[cfg(test)]
pub(crate) mod tests;

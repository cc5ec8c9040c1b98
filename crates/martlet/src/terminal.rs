//! A QR code in the terminal: two modules to a character, quiet zone included.

use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of quiet zone on each side.
const QUIET: i32 = 2;

/// The code as lines of text that a phone can read from a dark or a light terminal; `None` if the
/// text is too long for a QR code.
pub(crate) fn qr(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let modules = -QUIET..code.size() + QUIET;
    let mut lines = String::new();
    for y in modules.clone().step_by(2) {
        // White on black by explicit colours: the reader wants dark modules on a light ground.
        lines.push_str("\x1b[38;5;16m\x1b[48;5;231m");
        for x in modules.clone() {
            lines.push(half_blocks(code.get_module(x, y), code.get_module(x, y + 1)));
        }
        lines.push_str("\x1b[0m\n");
    }
    Some(lines)
}

fn half_blocks(upper: bool, lower: bool) -> char {
    match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lines_are_equally_wide_and_square_in_print() {
        let text = qr("dclogin:someone@chat.test?p=secret&v=1").expect("it is short");
        let widths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]));
        assert!(widths.len() * 2 >= 25);
    }

    #[test]
    fn what_is_too_long_is_no_code() {
        assert!(qr(&"x".repeat(3_000)).is_none());
    }
}

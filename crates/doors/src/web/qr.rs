//! QR codes as images: SVG for pages, PNG for printing (ISO/IEC 18004 through `qrcodegen`).

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the code that readers rely on.
const QUIET_MODULES: i32 = 4;
/// A PNG is at least this wide and high, in pixels.
const PNG_PIXELS_MIN: u32 = 384;

/// How much damage a code survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Robustness {
    /// A seventh of the code may be lost: for screens, and for long contents.
    Screen,
    /// Nearly a third may be lost: for paper.
    Paper,
}

impl Robustness {
    fn level(self) -> QrCodeEcc {
        match self {
            Robustness::Screen => QrCodeEcc::Medium,
            Robustness::Paper => QrCodeEcc::High,
        }
    }
}

/// The content does not fit into the largest code: it has far more than a thousand bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text is too long for a QR code")]
pub struct TooLong;

/// An inline SVG element for a page; `label` is read to those who cannot see it and must be plain
/// words (it is not escaped).
pub(super) fn svg(
    content: &str,
    robustness: Robustness,
    label: &'static str,
) -> Result<String, TooLong> {
    let code = QrCode::encode_text(content, robustness.level()).map_err(|_| TooLong)?;
    let side = code.size() + 2 * QUIET_MODULES;
    let mut path = String::new();
    for y in 0..code.size() {
        for (x, length) in dark_runs(&code, y) {
            path.push_str(&format!("M{} {}h{length}v1H{0}z", x + QUIET_MODULES, y + QUIET_MODULES));
        }
    }
    Ok(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path fill=\"#101418\" d=\"{path}\"/></svg>"
    ))
}

/// A black-and-white PNG of error correction level H, at least 384 pixels wide.
pub(super) fn png(content: &str) -> Result<Vec<u8>, TooLong> {
    let code = QrCode::encode_text(content, QrCodeEcc::High).map_err(|_| TooLong)?;
    let modules = (code.size() + 2 * QUIET_MODULES).unsigned_abs();
    let scale = PNG_PIXELS_MIN.div_ceil(modules);
    let side = modules * scale;
    let mut pixels = Vec::with_capacity((side * side) as usize);
    for y in 0..side {
        pixels.extend((0..side).map(|x| grey(&code, x / scale, y / scale)));
    }
    Ok(encode_grey(side, &pixels))
}

/// Where dark modules begin in row `y`, and how many there are in a row.
fn dark_runs(code: &QrCode, y: i32) -> Vec<(i32, i32)> {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for x in (0..code.size()).filter(|&x| code.get_module(x, y)) {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == x => *length += 1,
            _ => runs.push((x, 1)),
        }
    }
    runs
}

fn grey(code: &QrCode, column: u32, row: u32) -> u8 {
    // A code has at most 177 modules a side.
    let (x, y) = (column as i32 - QUIET_MODULES, row as i32 - QUIET_MODULES);
    if code.get_module(x, y) { 0 } else { 255 }
}

fn encode_grey(side: u32, pixels: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(pixels))
        .expect("writing to memory succeeds and there are side * side pixels");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "DCACCOUNT:https://chat.example/new";

    #[test]
    fn the_png_shows_the_modules_with_a_quiet_zone() {
        let bytes = png(INVITE).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let code = QrCode::encode_text(INVITE, QrCodeEcc::High).unwrap();
        let modules = code.size() + 8;
        let scale = info.width as i32 / modules;
        assert_eq!(scale * modules, info.width as i32);
        assert!(info.width >= 384 && info.width == info.height);
        for y in 0..modules {
            for x in 0..modules {
                let at = (y * scale + scale / 2) * info.width as i32 + x * scale + scale / 2;
                let dark = pixels[at as usize] == 0;
                assert_eq!(dark, code.get_module(x - 4, y - 4), "module {x}, {y}");
            }
        }
    }

    #[test]
    fn the_svg_covers_exactly_the_dark_modules() {
        let image = svg(INVITE, Robustness::Paper, "code").unwrap();
        let code = QrCode::encode_text(INVITE, QrCodeEcc::High).unwrap();
        let dark = (0..code.size())
            .flat_map(|y| (0..code.size()).map(move |x| (x, y)))
            .filter(|&(x, y)| code.get_module(x, y))
            .count();
        let drawn: usize = image
            .split('h')
            .filter_map(|part| part.split_once("v1H")?.0.parse::<usize>().ok())
            .sum();
        assert_eq!(drawn, dark);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(svg(&"x".repeat(5_000), Robustness::Screen, "code"), Err(TooLong));
        assert_eq!(png(&"x".repeat(5_000)), Err(TooLong));
    }
}

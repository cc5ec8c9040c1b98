//! Messages for tests: built like the real client's, with noise where the ciphertext would be.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A message that passes the gate: PGP/MIME with one PKESK and one SEIPD packet of noise, about
/// `size_bytes` long, from `from`. `seed` makes it different from its siblings.
pub fn encrypted(from: &str, size_bytes: usize, seed: u64) -> String {
    let frame = frame(from, seed, "");
    let armored = size_bytes.saturating_sub(frame.len()).max(200);
    self::frame(from, seed, &armor(&packets(armored * 3 / 4 * 64 / 66, seed)))
}

fn frame(from: &str, seed: u64, armored: &str) -> String {
    format!(
        "From: <{from}>\r\n\
         Date: Sat, 21 Nov 2026 08:00:00 +0000\r\n\
         Message-ID: <{seed:016x}@localhost>\r\n\
         To: \"hidden-recipients\": ;\r\n\
         Subject: [...]\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n\
         \tboundary=\"b{seed:016x}\"\r\n\
         \r\n\
         --b{seed:016x}\r\n\
         Content-Type: application/pgp-encrypted; charset=\"utf-8\"\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         Version: 1\r\n\
         \r\n\
         --b{seed:016x}\r\n\
         Content-Type: application/octet-stream; name=\"encrypted.asc\"; charset=\"utf-8\"\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         {armored}\r\n\
         --b{seed:016x}--\r\n"
    )
}

/// One PKESK packet (RFC 9580 section 5.1) and one SEIPD packet (5.13) around noise.
fn packets(size_bytes: usize, seed: u64) -> Vec<u8> {
    let mut bytes = packet(1, noise(94, seed));
    let rest = size_bytes.saturating_sub(bytes.len() + 6).max(32);
    bytes.extend(packet(18, noise(rest, !seed)));
    bytes
}

fn packet(kind: u8, content: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let mut bytes = vec![0xc0 | kind, 255];
    bytes.extend(length.to_be_bytes());
    bytes.extend(content);
    bytes
}

fn armor(packets: &[u8]) -> String {
    let mut text = String::from("-----BEGIN PGP MESSAGE-----\r\n\r\n");
    let encoded = STANDARD.encode(packets);
    for line in encoded.as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).unwrap_or_default());
        text.push_str("\r\n");
    }
    text.push_str("-----END PGP MESSAGE-----\r\n");
    text
}

/// Bytes that look like chance and are the same for the same seed (xorshift64*).
fn noise(size_bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(size_bytes + 8);
    while bytes.len() < size_bytes {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(size_bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::gate::{Class, Direction, Gate};

    #[test]
    fn samples_of_all_sizes_pass_the_gate() {
        for size in [0, 2_000, 100_000] {
            let mut gate = Gate::new(Direction::Outgoing);
            gate.feed(encrypted("alice@example.org", size, 7).as_bytes());
            let findings = gate.finish().expect("a sample parses");
            assert!(matches!(findings.class, Class::Encrypted), "{size}: {findings:?}");
        }
    }

    #[test]
    fn samples_have_about_the_size_that_was_asked_for() {
        for size in [2_000, 100_000, 1_000_000] {
            let got = encrypted("alice@example.org", size, 7).len();
            assert!(got.abs_diff(size) < size / 10, "{size}: {got}");
        }
    }
}

//! The only place that asks for chance: the operating system's generator, nothing of our own.
//!
//! A machine whose kernel cannot give random bytes cannot make keys or passwords; there is nothing
//! sensible to go on with, so these functions panic then instead of returning something weak.

/// Letters and digits of ASCII, for passwords and tokens that a person may have to copy.
pub const ALPHANUMERIC: &[u8; 62] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Fills `buffer` with random bytes.
#[expect(clippy::disallowed_methods, reason = "this is the source of chance")]
pub fn fill(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("the kernel's random generator answers");
}

/// `N` random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// `n` characters of [`ALPHANUMERIC`], each equally likely (5.95 bits a character).
pub fn alphanumeric(n: usize) -> String {
    from_alphabet(ALPHANUMERIC, n)
}

/// `n` characters of `alphabet`, each equally likely. The alphabet is ASCII, 1 to 256 long.
pub fn from_alphabet(alphabet: &[u8], n: usize) -> String {
    assert!((1..=256).contains(&alphabet.len()) && alphabet.is_ascii(), "a usable alphabet");
    let mut text = String::with_capacity(n);
    while text.len() < n {
        let chosen = bytes::<32>().into_iter().filter_map(|byte| pick(alphabet, byte));
        text.extend(chosen.take(n - text.len()).map(char::from));
    }
    text
}

/// Bytes beyond the last whole multiple of the alphabet are thrown away: they would make its first
/// characters likelier than the others.
fn pick(alphabet: &[u8], byte: u8) -> Option<u8> {
    let fair = 256 - 256 % alphabet.len();
    (usize::from(byte) < fair).then(|| alphabet[usize::from(byte) % alphabet.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(bytes::<32>(), bytes::<32>());
    }

    #[test]
    fn text_has_the_length_and_alphabet_asked_for() {
        for n in [0, 1, 22, 31, 32, 33, 1_000] {
            let text = alphanumeric(n);
            assert_eq!(text.len(), n);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        }
    }

    #[test]
    fn every_character_comes_from_equally_many_bytes() {
        for alphabet in [&ALPHANUMERIC[..], b"ab", b"abc", b"x"] {
            let mut counts = [0; 128];
            (0..=u8::MAX)
                .filter_map(|byte| pick(alphabet, byte))
                .for_each(|c| counts[usize::from(c)] += 1);
            let expected = 256 / alphabet.len();
            assert!(alphabet.iter().all(|&c| counts[usize::from(c)] == expected));
        }
    }
}

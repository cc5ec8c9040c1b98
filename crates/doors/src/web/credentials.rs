//! Inventing credentials for `/new` (services specification 1.5).
//!
//! Nothing is stored: the address comes to life at its first login. Randomness is handed in.

use super::SiteFacts;

const NAME_ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// First and last of the characters of a password: every visible one of ASCII.
const PASSWORD_ALPHABET: std::ops::RangeInclusive<u8> = b'!'..=b'~';
/// Characters an invented password has beyond the least that is allowed.
const PASSWORD_CHARS_SPARE: usize = 3;

/// An address nobody has yet, and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `<local part>@<domain>`.
    pub address: String,
    /// Visible ASCII of any kind: whoever prints it must escape it.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Invents credentials from `random`, which must fill its slice from a cryptographic generator.
pub fn invent(facts: &SiteFacts, random: &dyn Fn(&mut [u8])) -> Credentials {
    let visible: Vec<u8> = PASSWORD_ALPHABET.collect();
    let name = draw(random, NAME_ALPHABET, facts.username_chars_max);
    Credentials {
        address: format!("{name}@{}", facts.domain),
        password: draw(random, &visible, facts.password_chars_min + PASSWORD_CHARS_SPARE),
    }
}

/// `count` characters, each from the whole alphabet alike.
///
/// Scaling a 64-bit draw favours no character by more than one part in 2^57; unlike drawing again
/// until the byte fits, it ends whatever the generator does.
fn draw(random: &dyn Fn(&mut [u8]), alphabet: &[u8], count: usize) -> String {
    (0..count)
        .map(|_| {
            let mut bytes = [0; 8];
            random(&mut bytes);
            let scaled = u128::from(u64::from_be_bytes(bytes)) * alphabet.len() as u128;
            char::from(alphabet[(scaled >> 64) as usize])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::HashMap;

    use super::super::samples;
    use super::*;

    /// A small generator with a period of 2^64 (a Weyl sequence, mixed).
    fn seeded(seed: u64) -> impl Fn(&mut [u8]) {
        let state = Cell::new(seed);
        move |out: &mut [u8]| {
            for chunk in out.chunks_mut(8) {
                state.set(state.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
                let mut mixed = state.get();
                mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes()[..chunk.len()]);
            }
        }
    }

    #[test]
    fn lengths_follow_the_configuration() {
        let credentials = invent(&samples::ordinary(), &seeded(1));
        let (local, domain) = credentials.address.split_once('@').unwrap();
        assert_eq!((local.len(), domain), (9, "chat.example"));
        assert_eq!(credentials.password.len(), 12);
    }

    #[test]
    fn first_and_last_character_are_reachable() {
        assert_eq!(draw(&|out| out.fill(0), NAME_ALPHABET, 2), "aa");
        assert_eq!(draw(&|out| out.fill(0xff), NAME_ALPHABET, 2), "99");
    }

    #[test]
    fn every_character_is_as_likely_as_the_others() {
        let visible: Vec<u8> = PASSWORD_ALPHABET.collect();
        assert_eq!(visible.len(), 26 + 26 + 10 + 32);
        let drawn = draw(&seeded(7), &visible, 94 * 1_000);
        let mut counts: HashMap<char, i64> = HashMap::new();
        drawn.chars().for_each(|c| *counts.entry(c).or_default() += 1);
        assert_eq!(counts.len(), 94);
        // Chi-square with 93 degrees of freedom: above 150 by chance once in ten thousand seeds.
        let chi: i64 = counts.values().map(|n| (n - 1_000).pow(2)).sum::<i64>() / 1_000;
        assert!(chi < 150, "chi-square {chi}");
    }

    #[test]
    fn a_password_is_not_printed_by_accident() {
        let credentials = invent(&samples::ordinary(), &seeded(3));
        assert!(!format!("{credentials:?}").contains(&credentials.password));
    }
}

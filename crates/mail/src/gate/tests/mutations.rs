//! M10: samples damaged at random. The verdict never becomes "encrypted" without the message being
//! so in the eyes of an independent checker, never depends on how the bytes were cut, and no bytes
//! panic.

use super::checker::is_encrypted;
use super::samples::{PACKETS, TABLE, crlf, encrypted};
use super::*;
use proptest::prelude::*;
use proptest::sample::Index;

/// Pieces of syntax that mean something somewhere.
const SHARDS: [&str; 24] = [
    "\r\n",
    "\n",
    "\r",
    "--edge",
    "--edge-of-the-world",
    "--edge--",
    "--",
    "\0",
    " ",
    "\t",
    "=",
    "\"",
    "\\",
    "(",
    ";",
    "\r\n\r\n",
    "Content-Type: text/plain\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "boundary=x",
    "hello",
    "-----BEGIN PGP MESSAGE-----\r\n",
    "-----END PGP MESSAGE-----\r\n",
    "Version: 1\r\n",
    "\u{fffd}",
];

#[derive(Clone, Debug)]
enum Damage {
    Overwrite(Index, u8),
    Insert(Index, Index),
    Remove(Index, usize),
    Repeat(Index, usize, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Overwrite(at, byte)),
        (any::<Index>(), any::<Index>()).prop_map(|(at, shard)| Damage::Insert(at, shard)),
        (any::<Index>(), 1_usize..200).prop_map(|(at, size)| Damage::Remove(at, size)),
        (any::<Index>(), 1_usize..400, any::<Index>())
            .prop_map(|(at, size, to)| Damage::Repeat(at, size, to)),
    ]
}

fn damaged(mut message: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        if message.is_empty() {
            break;
        }
        let size = message.len();
        match damage {
            Damage::Overwrite(at, byte) => message[at.index(size)] = *byte,
            Damage::Insert(at, shard) => {
                let at = at.index(size);
                message.splice(at..at, SHARDS[shard.index(SHARDS.len())].bytes());
            }
            Damage::Remove(at, length) => {
                let at = at.index(size);
                message.drain(at..size.min(at + length));
            }
            Damage::Repeat(at, length, to) => {
                let at = at.index(size);
                let piece = message[at..size.min(at + length)].to_vec();
                let to = to.index(size);
                message.splice(to..to, piece);
            }
        }
    }
    message
}

fn sample() -> impl Strategy<Value = Vec<u8>> {
    (0..=TABLE.len()).prop_map(|index| match TABLE.get(index) {
        Some((_, message, _)) => crlf(message).into_bytes(),
        None => encrypted(PACKETS).into_bytes(),
    })
}

#[test]
fn the_checker_agrees_on_the_samples() {
    for (name, message, class) in TABLE {
        assert_eq!(is_encrypted(crlf(message).as_bytes()), *class == Class::Encrypted, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn m10_damage_never_makes_encryption(
        message in sample(),
        damages in proptest::collection::vec(damage(), 1..4),
        piece in 1_usize..50,
    ) {
        let message = damaged(message, &damages);
        for way in [Direction::Outgoing, Direction::Incoming] {
            let findings = judged(&message, way);
            prop_assert_eq!(&judged_in(&message, way, piece), &findings);
            if findings.is_ok_and(|findings| findings.class == Class::Encrypted) {
                prop_assert!(is_encrypted(&message), "{}", String::from_utf8_lossy(&message));
            }
        }
    }

    #[test]
    fn m9_no_bytes_panic(bytes: Vec<u8>, piece in 1_usize..20) {
        let whole = judged(&bytes, Direction::Incoming);
        prop_assert_eq!(judged_in(&bytes, Direction::Incoming, piece), whole);
    }
}

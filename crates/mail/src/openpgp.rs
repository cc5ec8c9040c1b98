//! Walks the packets of an OpenPGP message without any cryptography (RFC 9580 section 4.2).
//!
//! Accepts one shape: any number of session keys (PKESK, SKESK), then one symmetrically encrypted
//! and integrity protected packet (SEIPD) that ends where the data ends. Everything else is
//! refused: literal, compressed, marker and padding packets, the old unprotected encryption,
//! indeterminate lengths, packets that run past the end, anything after the end. Partial lengths
//! are accepted only where RFC 9580 section 4.2.1.4 permits them.
//!
//! A few bytes of memory, whatever lengths are declared; nothing is kept of the contents.

use crate::limits::OPENPGP_PACKETS_MAX;

/// Public-key encrypted session key (RFC 9580 section 5.1).
const PKESK: u8 = 1;
/// Symmetric-key encrypted session key (RFC 9580 section 5.3).
const SKESK: u8 = 3;
/// Symmetrically encrypted and integrity protected data (RFC 9580 section 5.13).
const SEIPD: u8 = 18;
/// The first of several partial lengths must not be smaller, in bytes.
const FIRST_PARTIAL_BYTES_MIN: u64 = 512;

/// The data is not an encrypted OpenPGP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an encrypted OpenPGP message")]
pub struct NotEncrypted;

/// Where in the data the walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Before a packet's first octet.
    Tag,
    /// Before the first octet of a new-format length.
    NewLength { first: bool },
    /// Before the second octet of a two-octet length.
    SecondOctet { high: u64 },
    /// Inside a length of one, two, four octets: so many to come.
    Octets { to_come: u8, value: u64 },
    /// Inside a body: so many octets to come, and whether another length follows them.
    Body { to_come: u64, partial: bool },
    /// It is not an encrypted message, whatever follows.
    Refused,
}

/// A walk under way.
#[derive(Clone, Debug)]
pub struct PacketWalk {
    step: Step,
    packet: u8,
    packets: usize,
}

impl Default for PacketWalk {
    fn default() -> PacketWalk {
        PacketWalk::new()
    }
}

impl PacketWalk {
    /// Before the first octet.
    pub fn new() -> PacketWalk {
        PacketWalk { step: Step::Tag, packet: 0, packets: 0 }
    }

    /// The next octets.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((&octet, after)) = rest.split_first() {
            rest = after;
            self.step = match self.step {
                Step::Tag => self.tag(octet),
                Step::NewLength { first } => self.new_length(octet, first),
                Step::SecondOctet { high } => body((high << 8 | u64::from(octet)) + 192, false),
                Step::Octets { to_come, value } => {
                    octets(to_come - 1, value << 8 | u64::from(octet))
                }
                Step::Body { to_come, partial } => {
                    let skipped =
                        after.len().min(usize::try_from(to_come - 1).unwrap_or(usize::MAX));
                    rest = &after[skipped..];
                    body(to_come - 1 - skipped as u64, partial)
                }
                Step::Refused => return,
            };
        }
    }

    /// The data is over: was it an encrypted message?
    pub fn finish(&self) -> Result<(), NotEncrypted> {
        if self.step == Step::Tag && self.packet == SEIPD { Ok(()) } else { Err(NotEncrypted) }
    }

    fn tag(&mut self, octet: u8) -> Step {
        let legacy = octet & 0xc0 == 0x80;
        let packet = if legacy { octet >> 2 & 0x0f } else { octet & 0x3f };
        let allowed = octet & 0x80 != 0
            && matches!(packet, PKESK | SKESK | SEIPD)
            && self.packet != SEIPD
            && self.packets < OPENPGP_PACKETS_MAX;
        if !allowed {
            return Step::Refused;
        }
        self.packet = packet;
        self.packets += 1;
        match octet & 0x03 {
            _ if !legacy => Step::NewLength { first: true },
            3 => Step::Refused,
            power => Step::Octets { to_come: 1 << power, value: 0 },
        }
    }

    fn new_length(&self, octet: u8, first: bool) -> Step {
        match octet {
            0..=191 => body(u64::from(octet), false),
            192..=223 => Step::SecondOctet { high: u64::from(octet - 192) },
            224..=254 => {
                let length = 1_u64 << (octet & 0x1f);
                let permitted =
                    self.packet == SEIPD && (!first || length >= FIRST_PARTIAL_BYTES_MIN);
                if permitted { body(length, true) } else { Step::Refused }
            }
            255 => Step::Octets { to_come: 4, value: 0 },
        }
    }
}

/// What comes after another octet of a plain length. At most four octets, so nothing overflows.
fn octets(to_come: u8, value: u64) -> Step {
    if to_come == 0 { body(value, false) } else { Step::Octets { to_come, value } }
}

/// What comes next when so much of a body is left.
fn body(to_come: u64, partial: bool) -> Step {
    match (to_come, partial) {
        (0, false) => Step::Tag,
        (0, true) => Step::NewLength { first: false },
        _ => Step::Body { to_come, partial },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn walked(bytes: &[u8]) -> bool {
        let mut walk = PacketWalk::new();
        walk.feed(bytes);
        walk.finish().is_ok()
    }

    fn joined(pieces: &[&[u8]]) -> Vec<u8> {
        pieces.concat()
    }

    /// A new-format packet with a five-octet length.
    fn packet(kind: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![0xc0 | kind, 255];
        bytes.extend(u32::try_from(length).unwrap().to_be_bytes());
        bytes.extend(std::iter::repeat_n(7, length));
        bytes
    }

    #[test]
    fn m4_known_shapes_pass() {
        let seipd = packet(SEIPD, 40);
        assert!(walked(&seipd));
        assert!(walked(&joined(&[&packet(PKESK, 94), &packet(PKESK, 200), &seipd])));
        assert!(walked(&joined(&[&packet(SKESK, 10), &seipd])));
        // One-octet, two-octet and every legacy length.
        assert!(walked(&joined(&[&[0xc1, 2, 0, 0], &[0xd2, 1, 9]])));
        assert!(walked(&joined(&[&[0xd2, 192, 1], &[0; 193]])));
        assert!(walked(&joined(&[
            &[0x84, 1, 0],
            &[0x85, 0, 1, 0],
            &[0x86, 0, 0, 0, 1, 0],
            &seipd
        ])));
        // SEIPD has no legacy form: its number does not fit in four bits.
    }

    #[test]
    fn m4_other_packets_are_refused() {
        let seipd = packet(SEIPD, 40);
        for kind in (0..64).filter(|kind| ![PKESK, SKESK].contains(kind)) {
            assert!(!walked(&joined(&[&packet(kind, 5), &seipd])), "packet {kind} before");
            assert!(!walked(&joined(&[&seipd, &packet(kind, 5)])), "packet {kind} after");
            assert!(kind == SEIPD || !walked(&packet(kind, 5)), "packet {kind} alone");
        }
        assert!(!walked(&packet(PKESK, 94)));
        assert!(!walked(&joined(&[&seipd, &packet(PKESK, 94)])));
    }

    #[test]
    fn m4_lengths_that_lie_are_refused() {
        let seipd = packet(SEIPD, 40);
        assert!(!walked(b""));
        assert!(!walked(&seipd[..45]));
        assert!(!walked(&joined(&[&seipd, b"\0"])));
        for end in 0..seipd.len() {
            assert!(!walked(&seipd[..end]), "{end}");
        }
        // Indeterminate length, first bit clear.
        assert!(!walked(&joined(&[&[0x87, 0, 0], &seipd])));
        assert!(!walked(&[0x52, 1, 9]));
    }

    #[test]
    fn m5_a_gigabyte_that_is_not_there() {
        assert!(!walked(&[0xd2, 255, 0x40, 0, 0, 0, 1, 2, 3]));
        assert!(!walked(&[0xd2, 255, 0xff, 0xff, 0xff, 0xff]));
        assert!(!walked(&[0xd2, 254, 1, 2, 3]));
    }

    #[test]
    fn m4_partial_lengths() {
        let data = [0_u8; 512];
        // 512 octets, 2 octets, 1 last octet.
        assert!(walked(&joined(&[&[0xd2, 233], &data, &[225, 1, 2], &[1, 3]])));
        assert!(walked(&joined(&[&[0xd2, 233], &data, &[0]])));
        // No last length; the first too short; not in a data packet.
        assert!(!walked(&joined(&[&[0xd2, 233], &data])));
        assert!(!walked(&joined(&[&[0xd2, 225], &[1, 2], &[1, 3]])));
        assert!(!walked(&joined(&[&[0xc1, 233], &data, &[0], &packet(SEIPD, 40)])));
    }

    #[test]
    fn m4_the_number_of_packets_is_bounded() {
        let keys = |count: usize| [0xc1, 1, 0].repeat(count);
        let seipd = packet(SEIPD, 40);
        assert!(walked(&joined(&[&keys(OPENPGP_PACKETS_MAX - 1), &seipd])));
        assert!(!walked(&joined(&[&keys(OPENPGP_PACKETS_MAX), &seipd])));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_verdict(
            bytes in prop_oneof![
                any::<Vec<u8>>(),
                (0_usize..300, 0_usize..300).prop_map(|(a, b)| [packet(1, a), packet(18, b)].concat()),
            ],
            cut: usize,
        ) {
            let cut = cut % (bytes.len() + 1);
            let mut walk = PacketWalk::new();
            walk.feed(&bytes[..cut]);
            walk.feed(&bytes[cut..]);
            prop_assert_eq!(walk.finish().is_ok(), walked(&bytes));
        }
    }
}

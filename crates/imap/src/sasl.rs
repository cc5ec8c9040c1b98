//! The client's side of AUTHENTICATE: base64 lines (RFC 3501 section 6.2.2) and the message of PLAIN
//! (RFC 4616).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A response as a client sends it after `+` or with AUTHENTICATE: strict base64 with padding; empty
/// is fine. `None` if it is anything else.
pub fn decode_response(line: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(line).ok()
}

/// What PLAIN says, raw bytes as given.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain {
    /// Whom to act as; empty for the user itself.
    pub authorize_as: Vec<u8>,
    /// Who logs in. Never empty.
    pub user: Vec<u8>,
    /// The password.
    pub password: Vec<u8>,
}

impl std::fmt::Debug for Plain {
    /// Never shows the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plain").finish_non_exhaustive()
    }
}

/// Takes the message of PLAIN apart; `None` if it is none.
pub fn parse_plain(message: &[u8]) -> Option<Plain> {
    let mut parts = message.split(|byte| *byte == 0).map(<[u8]>::to_vec);
    let (authorize_as, user, password) = (parts.next()?, parts.next()?, parts.next()?);
    let complete = parts.next().is_none() && !user.is_empty();
    complete.then_some(Plain { authorize_as, user, password })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i20_plain_gives_what_login_would() {
        let plain = parse_plain(b"\0tim\0tan\"sta\\af\xc3\xa4").unwrap();
        assert_eq!(plain.authorize_as, b"");
        assert_eq!(plain.user, b"tim");
        assert_eq!(plain.password, b"tan\"sta\\af\xc3\xa4");
    }

    #[test]
    fn plain_needs_exactly_two_nul_and_a_user() {
        for bad in [&b""[..], b"tim", b"tim\0x", b"\0tim", b"\0\0x", b"a\0b\0c\0d"] {
            assert_eq!(parse_plain(bad), None);
        }
        assert_eq!(parse_plain(b"boss\0tim\0").unwrap().authorize_as, b"boss");
    }

    #[test]
    fn a_response_is_strict_base64() {
        assert_eq!(decode_response(b"AHRpbQB0YW4="), Some(b"\0tim\0tan".to_vec()));
        assert_eq!(decode_response(b""), Some(Vec::new()));
        for bad in [&b"*"[..], b"AHR*", b"AHRpbQB0YW4", b"AHRpbQB0YW5=", b" AHRpbQB0YW4="] {
            assert_eq!(decode_response(bad), None);
        }
    }

    #[test]
    fn the_password_is_not_in_debug_output() {
        let plain = parse_plain(b"\0tim\0secret").unwrap();
        assert!(!format!("{plain:?}").contains("115"), "no bytes of it");
    }
}

//! Passwords: made into hashes, and compared with hashes of any scheme an older server left behind.
//!
//! A stored password is `{SCHEME}` and what the scheme says, as Dovecot writes it; without a scheme
//! it is plain text. New ones are `{ARGON2ID}` and a PHC string.
//!
//! Promises: comparisons take the same time wherever the first difference is; a stored value that
//! asks for an absurd amount of work is refused before any work; an empty stored value matches
//! nothing. Refuses: passwords longer than [`PASSWORD_BYTES_MAX`], before any hashing.
//!
//! Why the parameters are small (1 MiB, one pass, well under a millisecond): nearly all passwords
//! here are made by the client, 22 random characters that no amount of hashing makes safer, and a
//! relay whose ten thousand clients reconnect at once has one slow core. What remains is a barrier
//! for the few passwords that people type.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use mail::limits::{
    ARGON2_MEMORY_KIB_MAX, ARGON2_PASSES_MAX, BCRYPT_COST_MAX, PASSWORD_BYTES_MAX,
    SHA_CRYPT_ROUNDS_MAX,
};
use sha_crypt::ShaCrypt;
use subtle::ConstantTimeEq;

/// Memory of a new hash, in KiB.
const MEMORY_KIB: u32 = 1_024;
/// Passes over that memory.
const PASSES: u32 = 1;
/// Lanes: one, since a check runs on one worker.
const LANES: u32 = 1;

/// How every hash made by [`hash`] begins.
const CURRENT: &str = "{ARGON2ID}$argon2id$v=19$m=1024,t=1,p=1$";

/// Has the present parameters; its last field is 32 random bytes, so no known password matches.
const DUMMY: &str = "{ARGON2ID}$argon2id$v=19$m=1024,t=1,p=1$bWFydGxldCBkdW1teSAxNg$\
                     /3FAsG02mA0qZRfw8R75TBSgPSYkqmDQKhY265J1Xow";

/// Why a stored password cannot be compared with anything. The operator must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoredHashError {
    /// The word in braces names no scheme known here.
    #[error("the stored password has an unknown scheme")]
    UnknownScheme,
    /// What follows the scheme is not what the scheme prescribes.
    #[error("the stored password is malformed")]
    Malformed,
    /// The hash asks for more memory or rounds than the house allows.
    #[error("the stored password asks for too much work")]
    TooCostly,
}

/// Hashes a new password. The salt must be fresh random bytes.
pub fn hash(password: &str, salt: [u8; 16]) -> String {
    let phc: PasswordHash = current()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .expect("16 bytes are a valid salt and no password reaches the length ceiling of argon2");
    format!("{{ARGON2ID}}{phc}")
}

/// Compares a password with a stored one of any known scheme.
pub fn verify(stored: &str, password: &str) -> Result<bool, StoredHashError> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    let (scheme, value) = split_scheme(stored);
    match scheme.to_ascii_uppercase().as_str() {
        "ARGON2ID" | "ARGON2I" => verify_argon2(value, password),
        "SHA512-CRYPT" => verify_sha_crypt(value, "$6$", password),
        "SHA256-CRYPT" => verify_sha_crypt(value, "$5$", password),
        "BLF-CRYPT" | "BCRYPT" => verify_bcrypt(value, password),
        "CRYPT" => verify_crypt(value, password),
        "" | "PLAIN" | "CLEARTEXT" => Ok(same_text(value, password)),
        _ => Err(StoredHashError::UnknownScheme),
    }
}

/// A stored password to compare with when there is no account, so that an unknown user costs the
/// same as a wrong password. It matches nothing that anybody knows.
pub fn dummy_hash() -> &'static str {
    DUMMY
}

/// True if the stored password is of the scheme and parameters [`hash`] uses now; if not, it is
/// worth replacing after the next successful login.
pub fn is_current(stored: &str) -> bool {
    stored.starts_with(CURRENT)
}

fn current() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32))
        .expect("1 MiB, one pass, one lane, 32 bytes are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The scheme without braces, empty if there is none, and the rest.
fn split_scheme(stored: &str) -> (&str, &str) {
    let split = stored.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    split.filter(|(scheme, _)| !scheme.is_empty()).unwrap_or(("", stored))
}

fn verify_argon2(value: &str, password: &str) -> Result<bool, StoredHashError> {
    let phc = PasswordHash::new(value).map_err(|_| StoredHashError::Malformed)?;
    if phc.salt.is_none() || phc.hash.is_none() {
        return Err(StoredHashError::Malformed);
    }
    let params = Params::try_from(&phc).map_err(|_| StoredHashError::Malformed)?;
    if params.m_cost() > ARGON2_MEMORY_KIB_MAX || params.t_cost() > ARGON2_PASSES_MAX {
        return Err(StoredHashError::TooCostly);
    }
    verdict(Argon2::default().verify_password(password.as_bytes(), &phc))
}

fn verify_sha_crypt(value: &str, id: &str, password: &str) -> Result<bool, StoredHashError> {
    let rest = value.strip_prefix(id).ok_or(StoredHashError::Malformed)?;
    if let Some(rounds) = rest.strip_prefix("rounds=") {
        let digits = rounds.split('$').next().unwrap_or_default();
        let rounds: u32 = digits.parse().map_err(|_| StoredHashError::Malformed)?;
        if rounds > SHA_CRYPT_ROUNDS_MAX {
            return Err(StoredHashError::TooCostly);
        }
    }
    verdict(ShaCrypt::default().verify_password(password.as_bytes(), value))
}

fn verify_bcrypt(value: &str, password: &str) -> Result<bool, StoredHashError> {
    let parts: bcrypt::HashParts = value.parse().map_err(|_| StoredHashError::Malformed)?;
    if parts.get_cost() > BCRYPT_COST_MAX {
        return Err(StoredHashError::TooCostly);
    }
    bcrypt::verify(password, value).map_err(|_| StoredHashError::Malformed)
}

/// `{CRYPT}` leaves it to the crypt(3) string to say what it is.
fn verify_crypt(value: &str, password: &str) -> Result<bool, StoredHashError> {
    match value.get(..3) {
        Some("$6$") => verify_sha_crypt(value, "$6$", password),
        Some("$5$") => verify_sha_crypt(value, "$5$", password),
        Some("$2a" | "$2b" | "$2y") => verify_bcrypt(value, password),
        _ => Err(StoredHashError::UnknownScheme),
    }
}

fn verdict(result: argon2::password_hash::Result<()>) -> Result<bool, StoredHashError> {
    match result {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(_) => Err(StoredHashError::Malformed),
    }
}

/// Compares over the whole ceiling, so that not even the length shows.
fn same_text(stored: &str, password: &str) -> bool {
    if stored.is_empty() || stored.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    let same_bytes = padded(stored).ct_eq(&padded(password));
    bool::from(same_bytes & stored.len().ct_eq(&password.len()))
}

fn padded(text: &str) -> [u8; PASSWORD_BYTES_MAX] {
    let mut all = [0; PASSWORD_BYTES_MAX];
    all[..text.len()].copy_from_slice(text.as_bytes());
    all
}

#[cfg(test)]
mod tests;

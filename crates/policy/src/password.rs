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

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
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
/// Length of a new hash, in bytes.
const HASH_BYTES: usize = 32;

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

/// The memory one check works in, kept from check to check: taken anew each time, a burst of logins
/// leaves a megabyte behind in every thread that took part.
#[derive(Default)]
pub struct Scratch(Vec<Block>);

impl Scratch {
    /// The blocks these parameters want. What an imported hash wanted more is given back.
    fn blocks(&mut self, params: &Params) -> &mut [Block] {
        let usual = MEMORY_KIB as usize;
        if self.0.len() > usual && params.block_count() <= usual {
            self.0 = Vec::new();
        }
        if self.0.len() < params.block_count() {
            self.0.resize(params.block_count().max(usual), Block::default());
        }
        &mut self.0[..params.block_count()]
    }
}

/// Hashes a new password. The salt must be fresh random bytes.
pub fn hash(password: &str, salt: [u8; 16], scratch: &mut Scratch) -> String {
    let mut digest = [0; HASH_BYTES];
    let argon2 = current();
    let blocks = scratch.blocks(argon2.params());
    argon2
        .hash_password_into_with_memory(password.as_bytes(), &salt, &mut digest, blocks)
        .expect("16 bytes are a valid salt and no password reaches the length ceiling of argon2");
    let encoded = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
    format!("{CURRENT}{}${}", encoded(&salt), encoded(&digest))
}

/// Compares a password with a stored one of any known scheme.
pub fn verify(
    stored: &str,
    password: &str,
    scratch: &mut Scratch,
) -> Result<bool, StoredHashError> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    let (scheme, value) = split_scheme(stored);
    match scheme.to_ascii_uppercase().as_str() {
        "ARGON2ID" | "ARGON2I" => verify_argon2(value, password, scratch),
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
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES))
        .expect("1 MiB, one pass, one lane, 32 bytes are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The scheme without braces, empty if there is none, and the rest.
fn split_scheme(stored: &str) -> (&str, &str) {
    let split = stored.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    split.filter(|(scheme, _)| !scheme.is_empty()).unwrap_or(("", stored))
}

fn verify_argon2(
    value: &str,
    password: &str,
    scratch: &mut Scratch,
) -> Result<bool, StoredHashError> {
    let phc = PasswordHash::new(value).map_err(|_| StoredHashError::Malformed)?;
    let (Some(salt), Some(expected)) = (&phc.salt, &phc.hash) else {
        return Err(StoredHashError::Malformed);
    };
    let algorithm =
        Algorithm::try_from(phc.algorithm.as_str()).map_err(|_| StoredHashError::Malformed)?;
    let version = phc.version.map_or(Ok(Version::V0x13), Version::try_from);
    let version = version.map_err(|_| StoredHashError::Malformed)?;
    let params = Params::try_from(&phc).map_err(|_| StoredHashError::Malformed)?;
    if params.m_cost() > ARGON2_MEMORY_KIB_MAX || params.t_cost() > ARGON2_PASSES_MAX {
        return Err(StoredHashError::TooCostly);
    }
    let mut digest = vec![0; expected.as_bytes().len()];
    let blocks = scratch.blocks(&params);
    Argon2::new(algorithm, version, params.clone())
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut digest, blocks)
        .map_err(|_| StoredHashError::Malformed)?;
    Ok(digest.ct_eq(expected.as_bytes()).into())
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

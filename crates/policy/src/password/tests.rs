//! Known answers come from crypt(3) of libxcrypt and from the reference implementation of Argon2.

use super::*;

fn verify(stored: &str, password: &str) -> Result<bool, StoredHashError> {
    super::verify(stored, password, &mut Scratch::default())
}

fn hash(password: &str, salt: [u8; 16]) -> String {
    super::hash(password, salt, &mut Scratch::default())
}

const SALT: [u8; 16] = *b"0123456789abcdef";

fn assert_only(stored: &str, password: &str) {
    assert_eq!(verify(stored, password), Ok(true), "{stored}");
    for wrong in ["", "x", &format!("{password} "), &password.to_uppercase()] {
        assert_eq!(verify(stored, wrong), Ok(false), "{stored} {wrong}");
    }
}

#[test]
fn a_new_hash_verifies_and_is_current() {
    let stored = hash("p\u{e4}ss \"word'\\/", SALT);
    assert_only(&stored, "p\u{e4}ss \"word'\\/");
    assert!(is_current(&stored));
    assert!(stored.starts_with(CURRENT), "{stored}");
}

#[test]
fn the_same_password_with_another_salt_is_another_hash() {
    assert_ne!(hash("correct horse", SALT), hash("correct horse", [0; 16]));
    assert_eq!(hash("correct horse", SALT), hash("correct horse", SALT));
}

#[test]
fn argon2_known_answer() {
    assert_only(
        "{ARGON2ID}$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$\
         CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "password",
    );
    let other = "{ARGON2ID}$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$\
                 CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    assert!(!is_current(other));
}

#[test]
fn sha512_crypt_known_answers() {
    assert_only(
        "{SHA512-CRYPT}$6$saltstring$.r0X7ub5wGR2v4Xz7svCIozfnlorFh19V89t8KC9Umd81uGhFgsyTRNyzQDXD\
         Im17fFcR9z3z7oBNdsyYBbtm/",
        "correct horse",
    );
    assert_only(
        "{sha512-crypt}$6$rounds=1400$anotherlongsalts$BIJq9mRCZh1kev4gsEFy0R5hLBKgZM.fwvpxgy31e6b\
         RJqRdXTpSE8TJFJysi3GwDPeX9bz4aZklq669D26ai0",
        "correct horse",
    );
    assert_only(
        "{CRYPT}$6$rounds=1000$abc$GpkYBCKy9U6eSFze8Nd7T1dj4zQIkARtvCfw5lPedllPin0qRTH7BoYwBdh.rfLU\
         /nq00cqqVotXu9N5pDkGt/",
        "pass\"w'\u{f6}\\/rd",
    );
    assert_only(
        "{SHA512-CRYPT}$6$saltstring$MTEOJx1zhJ5109YzqYzCaFk55JWZM1QJeKTBu63saMo0UwwWLpCB56lyhLVgv\
         ClgMHXn3tBaHXoSTCac4QqUv0",
        &"x".repeat(100),
    );
}

#[test]
fn sha256_crypt_known_answer() {
    assert_only(
        "{SHA256-CRYPT}$5$abcdefgh$ruMep1ijHnJPZbETDNiumskxcX3kN4lzZd5VlsqE7eB",
        "correct horse",
    );
}

#[test]
fn bcrypt_known_answers() {
    let cost_5 = "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";
    let cost_4 = "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
    for scheme in ["{BLF-CRYPT}", "{BCRYPT}", "{CRYPT}"] {
        assert_only(&format!("{scheme}{cost_5}"), "correct horse");
        assert_only(&format!("{scheme}{cost_4}"), "correct horse");
    }
}

#[test]
fn plain_text_with_and_without_its_scheme() {
    for stored in ["secret", "{PLAIN}secret", "{cleartext}secret"] {
        assert_only(stored, "secret");
    }
    assert_only("{unclosed", "{unclosed");
    assert_only("{}empty", "{}empty");
    assert_only("$6$no-scheme-means-plain", "$6$no-scheme-means-plain");
}

#[test]
fn an_empty_stored_password_matches_nothing() {
    for stored in ["", "{PLAIN}"] {
        assert_eq!(verify(stored, ""), Ok(false));
        assert_eq!(verify(stored, "x"), Ok(false));
    }
}

#[test]
fn a_password_at_the_ceiling_is_checked_and_one_past_it_is_not() {
    let at = "x".repeat(PASSWORD_BYTES_MAX);
    assert_eq!(verify(&hash(&at, SALT), &at), Ok(true));
    assert_eq!(verify(&at, &at), Ok(true));
    let past = format!("{at}x");
    assert_eq!(verify(&hash(&past, SALT), &past), Ok(false));
    assert_eq!(verify(&past, &at), Ok(false));
}

#[test]
fn unknown_schemes_and_broken_hashes_are_told_apart_from_wrong_passwords() {
    for stored in ["{MD5}x", "{SHA512-CRYPT.HEX}x", "{CRYPT}$1$x$y", "{CRYPT}\u{20ac}"] {
        assert_eq!(verify(stored, "x"), Err(StoredHashError::UnknownScheme), "{stored}");
    }
    for stored in [
        "{ARGON2ID}",
        "{ARGON2ID}$argon2id$v=19$m=1024,t=1,p=1$bWFydGxldCBkdW1teSAxNg",
        "{SHA512-CRYPT}",
        "{SHA512-CRYPT}$6$",
        "{SHA512-CRYPT}$6$salt",
        "{SHA512-CRYPT}$6$rounds=x$salt$y",
        "{SHA512-CRYPT}$5$abcdefgh$ruMep1ijHnJPZbETDNiumskxcX3kN4lzZd5VlsqE7eB",
        "{BCRYPT}$2b$05$short",
    ] {
        assert_eq!(verify(stored, "x"), Err(StoredHashError::Malformed), "{stored}");
    }
}

#[test]
fn o9_a_stored_hash_cannot_ask_for_unbounded_work() {
    let argon2 = |m: u32, t: u32| {
        let hash = "bWFydGxldCBkdW1teSAxNg$/3FAsG02mA0qZRfw8R75TBSgPSYkqmDQKhY265J1Xow";
        verify(&format!("{{ARGON2ID}}$argon2id$v=19$m={m},t={t},p=1${hash}"), "x")
    };
    assert_eq!(argon2(1_024, ARGON2_PASSES_MAX), Ok(false));
    assert_eq!(argon2(1_024, ARGON2_PASSES_MAX + 1), Err(StoredHashError::TooCostly));
    assert_eq!(argon2(ARGON2_MEMORY_KIB_MAX, 1), Ok(false));
    assert_eq!(argon2(ARGON2_MEMORY_KIB_MAX + 1, 1), Err(StoredHashError::TooCostly));
    let sha = |rounds: u32| {
        let hash = "ruMep1ijHnJPZbETDNiumskxcX3kN4lzZd5VlsqE7eB";
        verify(&format!("{{SHA256-CRYPT}}$5$rounds={rounds}$abcdefgh${hash}"), "x")
    };
    assert_eq!(sha(SHA_CRYPT_ROUNDS_MAX), Ok(false));
    assert_eq!(sha(SHA_CRYPT_ROUNDS_MAX + 1), Err(StoredHashError::TooCostly));
    let bcrypt = |cost: u32| {
        let hash = "abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";
        verify(&format!("{{BCRYPT}}$2b${cost:02}${hash}"), "x")
    };
    assert_eq!(bcrypt(BCRYPT_COST_MAX), Ok(false));
    assert_eq!(bcrypt(BCRYPT_COST_MAX + 1), Err(StoredHashError::TooCostly));
}

#[test]
fn s15_an_unknown_user_costs_what_a_wrong_password_costs() {
    assert!(is_current(dummy_hash()), "same scheme and parameters as every new hash");
    assert_eq!(dummy_hash().len(), hash("x", SALT).len());
    assert_eq!(verify(dummy_hash(), "a guess"), Ok(false));
}

#[test]
fn scratch_that_was_used_before_changes_nothing() {
    let mut scratch = Scratch::default();
    let costly = "{ARGON2ID}$argon2id$v=19$m=2048,t=1,p=1$c29tZXNhbHQ$\
                  AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let fresh = hash("correct horse", SALT);
    assert_eq!(super::verify(costly, "x", &mut scratch), Ok(false));
    assert_eq!(super::hash("correct horse", SALT, &mut scratch), fresh);
    assert_eq!(super::verify(&fresh, "correct horse", &mut scratch), Ok(true));
}

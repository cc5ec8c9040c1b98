use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail::Domain;
use proptest::prelude::*;
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::*;
use crate::verdict::Standing;

/// The moment at which the signatures of the stored messages were made.
const THEN: Timestamp = Timestamp(1_700_000_000);
const FROM: &str = "From: a@example.org\r\n";
const OWN_KEY: &str = "own._domainkey.example.org";

fn key_pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn own_record() -> String {
    format!("k=ed25519; p={}", STANDARD.encode(key_pair().public_key().as_ref()))
}

/// Signs by another road than the verifier: the whole text at once, relaxed/simple, a body that
/// needs no change. `tags` come before `bh=` and `b=`; `signed` are the lines of the signed fields
/// in canonical form, in the order of `h=`.
fn sign(tags: &str, signed: &str, body: &str) -> String {
    let hash = |text: &str| ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let body_hash = STANDARD.encode(hash(body).as_ref());
    let start = format!(
        "v=1; a=ed25519-sha256; c=relaxed/simple; d=example.org; s=own; {tags}; bh={body_hash}; b="
    );
    let data = format!("{signed}dkim-signature:{start}");
    let signature = STANDARD.encode(key_pair().sign(hash(&data).as_ref()).as_ref());
    format!("DKIM-Signature: {start}{signature}\r\n")
}

fn known_keys() -> Vec<(String, Vec<String>)> {
    let mut keys: Vec<_> = include_str!("../../tests/vectors/keys.txt")
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, record)| (name.to_owned(), vec![record.to_owned()]))
        .collect();
    keys.push((OWN_KEY.to_owned(), vec![own_record()]));
    keys
}

fn looked_up(names: &[KeyName], known: &[(String, Vec<String>)]) -> Vec<(KeyName, KeyLookup)> {
    let find = |name: &KeyName| {
        let records = known.iter().find(|(known, _)| *known == name.to_string());
        let answer = records.map_or(KeyLookup::Nothing, |it| KeyLookup::Records(it.1.clone()));
        (name.clone(), answer)
    };
    names.iter().map(find).collect()
}

/// What came of each signature of a message that arrives in pieces of `piece` bytes.
fn outcomes_of(
    message: &[u8],
    piece: usize,
    known: &[(String, Vec<String>)],
    now: Timestamp,
) -> Vec<Outcome> {
    let end = memchr::memmem::find(message, b"\r\n\r\n").unwrap() + 4;
    let mut verifier = Verifier::new(message[..end].to_vec());
    message[end..].chunks(piece).for_each(|bytes| verifier.feed(bytes));
    let keys = looked_up(&verifier.keys(), known);
    verifier.verdict(&keys, now).signatures.into_iter().map(|it| it.outcome).collect()
}

fn outcomes(message: &str) -> Vec<Outcome> {
    outcomes_of(message.as_bytes(), 1_000, &known_keys(), THEN)
}

fn outcome(message: &str) -> Outcome {
    let [outcome] = outcomes(message)[..] else { panic!("one signature") };
    outcome
}

/// A message signed with `tags`; From alone is signed.
fn message(tags: &str) -> String {
    let signature = sign(tags, "from:a@example.org\r\n", "text\r\n");
    format!("{signature}{FROM}Subject: x\r\n\r\ntext\r\n")
}

#[test]
fn k1_the_example_of_rfc_6376_appendix_a() {
    let message = include_str!("../../tests/vectors/rfc6376-a.eml");
    assert_eq!(outcome(message), Outcome::Pass);
    let changed = message.replace("lost", "won");
    assert_eq!(outcome(&changed), Outcome::Fail(Fault::BodyChanged));
    let changed = message.replace("dinner", "lunch");
    assert_eq!(outcome(&changed), Outcome::Fail(Fault::SignatureDiffers));
}

#[test]
fn k1_the_example_of_rfc_8463_appendix_a() {
    let message = include_str!("../../tests/vectors/rfc8463-a.eml");
    assert_eq!(outcomes(message), [Outcome::Pass, Outcome::Pass]);
    let changed = message.replace("Suzie", "Susie");
    assert_eq!(outcomes(&changed), [Outcome::Fail(Fault::SignatureDiffers); 2]);
}

#[test]
fn k2_what_dkimpy_signed_is_valid_however_it_is_cut() {
    for (number, line) in include_str!("../../tests/vectors/random.txt").lines().enumerate() {
        let message = STANDARD.decode(line).unwrap();
        for piece in [1, 7, 100_000] {
            let outcomes = outcomes_of(&message, piece, &known_keys(), THEN);
            assert_eq!(outcomes, [Outcome::Pass], "message {number} by {piece}");
        }
    }
}

#[test]
fn k3_a_signature_of_a_part_of_the_body_does_not_count() {
    assert_eq!(outcome(&message("h=from; l=6")), Outcome::Pass);
    let signature = sign("h=from; l=6", "from:a@example.org\r\n", "text\r\n");
    let longer = format!("{signature}{FROM}\r\ntext\r\nmore\r\n");
    assert_eq!(outcome(&longer), Outcome::Fail(Fault::BodyPartlySigned));
}

#[test]
fn k4_what_is_added_to_an_oversigned_header_is_noticed() {
    let signed = "from:a@example.org\r\nsubject:x\r\n";
    let signature = sign("h=from:subject:subject", signed, "text\r\n");
    let whole = format!("{signature}{FROM}Subject: x\r\n\r\ntext\r\n");
    assert_eq!(outcome(&whole), Outcome::Pass);
    for added in
        [format!("Subject: y\r\n{whole}"), whole.replace("\r\n\r\n", "\r\nSubject: y\r\n\r\n")]
    {
        assert_eq!(outcome(&added), Outcome::Fail(Fault::SignatureDiffers), "{added}");
    }
    let second_author = format!("From: b@example.org\r\n{whole}");
    assert_eq!(outcome(&second_author), Outcome::Fail(Fault::FromUnsigned));
}

#[test]
fn k5_time_and_tags() {
    let long_ago = format!("h=from; x={}", THEN.0 - 301);
    assert_eq!(outcome(&message(&long_ago)), Outcome::Fail(Fault::Expired));
    let future = format!("h=from; t={}", THEN.0 + 301);
    assert_eq!(outcome(&message(&future)), Outcome::Fail(Fault::NotYetValid));
    assert_eq!(outcome(&message("h=from; d=x")), Outcome::Fail(Fault::RepeatedTag));
    assert_eq!(outcome(&message("h=from; q=x")), Outcome::Fail(Fault::Query));
    assert_eq!(
        outcome("DKIM-Signature: v\r\nFrom: a@b.org\r\n\r\n"),
        Outcome::Fail(Fault::Malformed)
    );
}

#[test]
fn k6_a_strict_key_is_not_for_sub_domains() {
    let strict = vec![(OWN_KEY.to_owned(), vec![format!("t=y:s; {}", own_record())])];
    let judge = |tags: &str| outcomes_of(message(tags).as_bytes(), 9, &strict, THEN);
    assert_eq!(judge("h=from; i=@x.example.org"), [Outcome::Fail(Fault::KeyStrict)]);
    assert_eq!(judge("h=from; i=@example.org"), [Outcome::Pass]);
    assert_eq!(outcome(&message("h=from; i=@x.example.org")), Outcome::Pass);
}

#[test]
fn k6_an_rsa_key_does_not_fit_an_ed25519_signature() {
    let rsa = known_keys()[0].1.clone();
    let known = vec![(OWN_KEY.to_owned(), rsa)];
    let outcomes = outcomes_of(message("h=from").as_bytes(), 9, &known, THEN);
    assert_eq!(outcomes, [Outcome::Fail(Fault::KeyKind)]);
}

#[test]
fn k7_a_key_that_cannot_be_looked_up_decides_nothing() {
    let text = message("h=from");
    let end = text.find("\r\n\r\n").unwrap() + 4;
    let mut verifier = Verifier::new(text[..end].into());
    verifier.feed(&text.as_bytes()[end..]);
    let own = Domain::parse("example.org").unwrap();
    let standing = |lookup: Option<KeyLookup>| {
        let keys: Vec<_> = verifier.keys().into_iter().zip(lookup).collect();
        verifier.verdict(&keys, THEN).standing(&own)
    };
    assert_eq!(standing(Some(KeyLookup::Unknown)), Standing::Undecided);
    assert_eq!(standing(Some(KeyLookup::Nothing)), Standing::Unvouched(Some(Fault::KeyMissing)));
    assert_eq!(standing(None), Standing::Unvouched(None));
    assert_eq!(standing(Some(KeyLookup::Records(vec![own_record()]))), Standing::Vouched);
}

#[test]
fn k8_so_many_signatures_and_no_more() {
    let bad = |n: usize| -> String {
        let one = |i| {
            format!("DKIM-Signature: v=1; a=rsa-sha256; d=d{i}.org; s=s; h=from; bh=AA; b=AA\r\n")
        };
        (0..n).map(one).collect()
    };
    let last = |n| outcomes(&format!("{}{}", bad(n), message("h=from"))).pop().unwrap();
    assert_eq!(last(DKIM_SIGNATURES_MAX - 1), Outcome::Pass);
    assert_eq!(last(DKIM_SIGNATURES_MAX), Outcome::Fail(Fault::BodyChanged), "not reached");
    let many = Verifier::new(format!("{}{FROM}\r\n", bad(50)).into());
    assert_eq!(many.keys().len(), DKIM_SIGNATURES_MAX);
}

#[test]
fn k9_rsa_keys_by_size() {
    let rsa = |bits, message| (bits, outcome(message));
    for (bits, outcome) in [
        rsa(512, include_str!("../../tests/vectors/rsa512.eml")),
        rsa(1_024, include_str!("../../tests/vectors/rsa1024.eml")),
        rsa(2_048, include_str!("../../tests/vectors/rsa2048.eml")),
        rsa(4_096, include_str!("../../tests/vectors/rsa4096.eml")),
    ] {
        let expected = if bits < 1_024 { Outcome::Fail(Fault::KeySize) } else { Outcome::Pass };
        assert_eq!(outcome, expected, "{bits}");
    }
}

#[test]
fn k9_one_of_several_keys_at_a_selector_will_do() {
    let known = |others: usize| {
        let mut records = vec!["v=DKIM1; p=".to_owned(); others];
        records.push(own_record());
        vec![(OWN_KEY.to_owned(), records)]
    };
    let judge = |others| outcomes_of(message("h=from").as_bytes(), 9, &known(others), THEN);
    assert_eq!(judge(DKIM_KEY_RECORDS_MAX - 1), [Outcome::Pass]);
    assert_eq!(judge(DKIM_KEY_RECORDS_MAX), [Outcome::Fail(Fault::KeyRevoked)]);
}

#[test]
fn a_signature_may_sign_other_signatures_but_not_itself() {
    let signed = "from:a@example.org\r\ndkim-signature:other\r\n";
    let signature = sign("h=from:dkim-signature", signed, "text\r\n");
    let whole = format!("{signature}DKIM-Signature: other\r\n{FROM}\r\ntext\r\n");
    assert_eq!(outcomes(&whole), [Outcome::Pass, Outcome::Fail(Fault::Malformed)]);
}

#[test]
fn k15_thirty_megabytes_stream_by_without_being_kept() {
    let line = format!("{}\r\n", "x".repeat(62));
    let lines = 30 * 1024 * 1024 / line.len();
    let signature = sign("h=from", "from:a@example.org\r\n", &line.repeat(lines));
    let padding: String = (0..900).map(|i| format!("X-{i}: {}\r\n", "y".repeat(90))).collect();
    let mut verifier = Verifier::new(format!("{signature}{FROM}{padding}\r\n").into());
    let chunk = line.repeat(1_024);
    (0..lines / 1_024).for_each(|_| verifier.feed(chunk.as_bytes()));
    let keys = looked_up(&verifier.keys(), &known_keys());
    assert_eq!(verifier.verdict(&keys, THEN).signatures[0].outcome, Outcome::Pass);
    // What does not follow from the header has one size.
    assert!(size_of::<BodyHash>() < 512 && size_of::<Verifier>() < 2_048);
    assert!(verifier.header.capacity() < 2 * mail::limits::HEADER_BLOCK_BYTES_MAX);
}

proptest! {
    #[test]
    fn nothing_a_stranger_writes_is_a_surprise(
        header in "((DKIM-Signature|From|X)(:| :|;)|[a-z]{1,2}=| from:to|;|[ \t\r\n]|\\PC){0,60}",
        body in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut verifier = Verifier::new(header.into_bytes());
        verifier.feed(&body);
        let keys = looked_up(&verifier.keys(), &known_keys());
        let verdict = verifier.verdict(&keys, THEN);
        prop_assert!(verdict.signatures.iter().all(|it| it.outcome != Outcome::Pass));
    }
}

#[test]
fn no_changed_byte_passes() {
    let text = include_str!("../../tests/vectors/rsa1024.eml");
    let signed = text.find("Joe SixPack").unwrap()..text.find("\r\nTo: ").unwrap();
    let body = text.find("\r\n\r\n").unwrap() + 4..text.len();
    for at in signed.chain(body) {
        let mut message = text.as_bytes().to_vec();
        message[at] ^= 1;
        // White space may turn into other white space.
        if text.as_bytes()[at].is_ascii_graphic() && message[at].is_ascii_graphic() {
            let outcomes = outcomes_of(&message, 64, &known_keys(), THEN);
            assert!(matches!(outcomes[..], [Outcome::Fail(_)]), "byte {at}");
        }
    }
}

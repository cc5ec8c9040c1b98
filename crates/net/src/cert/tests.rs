use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000);

fn own(folder: &Path) -> SelfSigned {
    SelfSigned::of_relay("a.example", folder, true)
}

/// The error text after `spoil` has worked on a good pair.
fn complaint(spoil: impl Fn(&Files)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let files = own(folder.path()).files;
    own(folder.path()).load_or_make(NOW).unwrap();
    spoil(&files);
    let error = files.load(NOW).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn g4_every_fault_names_the_file_and_the_reason() {
    let missing = complaint(|f| fs::remove_file(&f.certificate).unwrap());
    assert_eq!(missing, "tls.pem: no such file");
    let missing = complaint(|f| fs::remove_file(&f.key).unwrap());
    assert_eq!(missing, "tls.key: no such file");
    let folder = complaint(|f| {
        fs::remove_file(&f.key).unwrap();
        fs::create_dir(&f.key).unwrap();
    });
    assert!(folder.starts_with("tls.key: Is a directory"), "{folder}");
    let swapped = complaint(|f| {
        fs::copy(&f.key, &f.certificate).unwrap();
    });
    assert!(swapped.starts_with("tls.pem: no certificate in this file"), "{swapped}");
    let swapped = complaint(|f| {
        fs::copy(&f.certificate, &f.key).unwrap();
    });
    assert!(swapped.starts_with("tls.key: no private key in this file"), "{swapped}");
}

#[test]
fn g4_a_key_of_another_certificate_is_told_from_a_broken_one() {
    let other = tempfile::tempdir().unwrap();
    own(other.path()).load_or_make(NOW).unwrap();
    let mismatch = complaint(|f| {
        fs::copy(own(other.path()).files.key, &f.key).unwrap();
    });
    assert!(mismatch.starts_with("tls.key: this key does not belong"), "{mismatch}");
    let broken = complaint(|f| {
        fs::write(&f.key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
            .unwrap();
    });
    assert!(broken.starts_with("tls.key: the private key cannot be used"), "{broken}");
    let cut = complaint(|f| fs::write(&f.key, "-----BEGIN PRIVATE KEY-----\nAAAA\n").unwrap());
    assert!(cut.starts_with("tls.key: damaged PEM"), "{cut}");
    let nonsense = complaint(|f| {
        let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        fs::write(&f.certificate, pem).unwrap();
    });
    assert!(nonsense.starts_with("tls.pem: the first certificate cannot"), "{nonsense}");
}

#[test]
fn g4_an_encrypted_key_is_recognised_in_both_forms() {
    for head in [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END EC PRIVATE KEY-----\n",
    ] {
        let text = complaint(|f| fs::write(&f.key, head).unwrap());
        assert!(text.starts_with("tls.key: the private key is encrypted"), "{text}");
    }
}

#[test]
fn g4_a_certificate_is_good_to_its_last_second_and_expired_one_later() {
    let folder = tempfile::tempdir().unwrap();
    let last = own(folder.path()).load_or_make(NOW).unwrap().not_after();
    let files = own(folder.path()).files;
    files.load(last).unwrap();
    let late = files.load(Timestamp(last.0 + 1)).unwrap_err();
    assert!(matches!(late.reason, Reason::Expired { .. }));
    assert_eq!(late.file, files.certificate);
}

#[test]
fn a_pair_of_our_own_is_made_once_private_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let own = own(folder.path());
    let first = own.load_or_make(NOW).unwrap();
    let again = own.load_or_make(Timestamp(NOW.0 + 1_000_000)).unwrap();
    assert!(first.chain().eq(again.chain()));
    assert_eq!(first.not_after(), Timestamp(NOW.0 + 36_499 * 86_400));
    for file in [&own.files.certificate, &own.files.key] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside them");
}

#[test]
fn a_pair_that_is_there_and_unusable_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let own = own(folder.path());
    fs::write(&own.files.certificate, "precious").unwrap();
    assert!(own.load_or_make(NOW).is_err());
    assert_eq!(fs::read(&own.files.certificate).unwrap(), b"precious");
}

#[test]
fn the_leftover_of_an_interrupted_start_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let own = own(folder.path());
    fs::write(folder.path().join("tls.new"), "half").unwrap();
    fs::write(&own.files.key, "key without certificate").unwrap();
    own.load_or_make(NOW).unwrap();
}

#[test]
fn a_relay_is_named_for_its_domain_or_its_address() {
    let names = |host, local| SelfSigned::of_relay(host, Path::new(""), local).names;
    assert_eq!(names("_a.example", false), ["_a.example", "www._a.example", "mta-sts._a.example"]);
    assert_eq!(names("192.0.2.1", false), ["192.0.2.1"]);
    assert_eq!(names("127.0.0.1", true), ["127.0.0.1", "localhost", "::1"]);
}

#[test]
fn a_file_may_be_as_large_as_the_limit_and_no_larger() {
    let folder = tempfile::tempdir().unwrap();
    own(folder.path()).load_or_make(NOW).unwrap();
    let files = own(folder.path()).files;
    let mut pem = fs::read(&files.certificate).unwrap();
    pem.resize(usize::try_from(files::PEM_BYTES_MAX).unwrap(), b'\n');
    fs::write(&files.certificate, &pem).unwrap();
    files.load(NOW).unwrap();
    pem.push(b'\n');
    fs::write(&files.certificate, &pem).unwrap();
    assert!(matches!(files.load(NOW).unwrap_err().reason, Reason::TooLarge(_)));
}

/// DER of an iPAddress entry: context tag 7, four bytes.
#[test]
fn an_address_becomes_an_address_entry() {
    let identity = Identity::ephemeral(&["192.0.2.1".into()], NOW).unwrap();
    let der = identity.chain().next().unwrap().to_vec();
    assert!(der.windows(6).any(|w| w == [0x87, 4, 192, 0, 2, 1]));
}

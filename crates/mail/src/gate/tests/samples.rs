//! Messages of every class, written for these tests. Files have plain LF; [`crlf`] mends that.

use super::Class;
use crate::encoding::tests::base64;

/// Name, message, class: the table of sample files.
pub(super) const TABLE: &[(&str, &str, Class)] = &[
    ("encrypted", include_str!("samples/encrypted.eml"), Class::Encrypted),
    ("encrypted-symmetric", include_str!("samples/encrypted-symmetric.eml"), Class::Encrypted),
    ("encrypted-checksum", include_str!("samples/encrypted-checksum.eml"), Class::Encrypted),
    ("encrypted-base64", include_str!("samples/encrypted-base64.eml"), Class::Encrypted),
    ("encrypted-quoted", include_str!("samples/encrypted-quoted.eml"), Class::Encrypted),
    ("encrypted-preamble", include_str!("samples/encrypted-preamble.eml"), Class::Encrypted),
    ("literal", include_str!("samples/literal.eml"), Class::Cleartext),
    ("fake-encrypted", include_str!("samples/fake-encrypted.eml"), Class::Cleartext),
    ("plain", include_str!("samples/plain.eml"), Class::Cleartext),
    ("mdn", include_str!("samples/mdn.eml"), Class::Cleartext),
    ("asm", include_str!("samples/asm.eml"), Class::SetupMessage),
    ("mailer-daemon", include_str!("samples/mailer-daemon.eml"), Class::Report),
    ("securejoin-vc", include_str!("samples/securejoin-vc.eml"), Class::SecureJoin),
    ("securejoin-vg", include_str!("samples/securejoin-vg.eml"), Class::SecureJoin),
    ("securejoin-vc-fake", include_str!("samples/securejoin-vc-fake.eml"), Class::Cleartext),
];

/// A session key for one recipient and an encrypted packet.
pub(super) const PACKETS: &[u8] = &[
    0xc1, 12, 3, 1, 2, 3, 4, 5, 6, 7, 8, 18, 99, 98, 0xd2, 44, 1, 200, 3, 17, 90, 255, 254, 7, 0,
    45, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    26, 27, 28, 29, 30, 31, 32, 33, 34,
];

pub(super) fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

pub(super) fn armor(packets: &[u8]) -> String {
    let text = base64(packets);
    let lines: Vec<_> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "-----BEGIN PGP MESSAGE-----\r\n\r\n{}\r\n-----END PGP MESSAGE-----\r\n",
        lines.join("\r\n")
    )
}

/// PGP/MIME as the real client writes it.
pub(super) fn encrypted(packets: &[u8]) -> String {
    let armor = armor(packets);
    format!(
        "From: <alice@example.org>\r\n\
         To: \"hidden-recipients\": ;\r\n\
         Subject: [...]\r\n\
         Message-ID: <1@example.org>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n\
         \tboundary=\"edge\"\r\n\
         \r\n\
         --edge\r\n\
         Content-Type: application/pgp-encrypted; charset=\"utf-8\"\r\n\
         Content-Description: PGP/MIME version identification\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         Version: 1\r\n\
         \r\n\
         --edge\r\n\
         Content-Type: application/octet-stream; name=\"encrypted.asc\"; charset=\"utf-8\"\r\n\
         Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         {armor}\
         \r\n\
         --edge--\r\n\
         \r\n"
    )
}

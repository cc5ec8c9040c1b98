//! S22, M2-M6: messages that look encrypted, or like secure-join, and are not.
//!
//! Each imitation is the good message with one piece of text replaced.

use super::samples::{self, PACKETS, armor, encrypted};
use super::*;
use crate::encoding::tests::base64;

/// The good message with a text in it replaced; the text must be there.
fn with(from: &str, to: &str) -> String {
    let good = encrypted(PACKETS);
    assert!(good.contains(from), "{from:?} is not in the message");
    good.replacen(from, to, 1)
}

/// The good message with other packets.
fn of(packets: &[u8]) -> String {
    encrypted(packets)
}

fn packet(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xc0 | kind, u8::try_from(content.len()).unwrap()];
    bytes.extend_from_slice(content);
    bytes
}

/// The second part in a transfer encoding.
fn encoded(encoding: &str, body: &str) -> String {
    let good = encrypted(PACKETS);
    let start = good.find("-----BEGIN").unwrap();
    let end = good.find("\r\n--edge--").unwrap();
    let text = format!("{}{body}{}", &good[..start], &good[end..]);
    let at = text.rfind("Encoding: 7bit").unwrap();
    format!("{}Encoding: {encoding}{}", &text[..at], &text[at + 14..])
}

const FIRST: &str = "--edge\r\nContent-Type: application/pgp-encrypted; charset=\"utf-8\"";
const SECOND: &str =
    "Content-Type: application/octet-stream; name=\"encrypted.asc\"; charset=\"utf-8\"";
const TEXT_PART: &str = "--edge\r\nContent-Type: text/plain\r\n\r\nhello\r\n";
const TOP: &str = "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n\tboundary=\"edge\"";
const LAST: &str = "\r\n--edge--\r\n";

fn all_refused(table: &[(&str, String)]) {
    assert_eq!(class(encrypted(PACKETS)), Ok(Class::Encrypted));
    for (name, message) in table {
        let verdict = class(message);
        assert!(
            !matches!(verdict, Ok(Class::Encrypted | Class::SecureJoin)),
            "{name}: {verdict:?}"
        );
    }
}

#[test]
fn s22_m3_wrong_parts() {
    all_refused(&[
        ("third part", with(LAST, &format!("\r\n{TEXT_PART}\r\n--edge--\r\n"))),
        ("third part, empty", with(LAST, "\r\n--edge\r\n\r\n\r\n--edge--\r\n")),
        ("third part without a header", with(LAST, "\r\n--edge\r\nhello\r\n--edge--\r\n")),
        (
            "third part that repeats the second",
            with(LAST, &format!("\r\n--edge\r\n{SECOND}\r\n\r\n{}{LAST}", armor(PACKETS))),
        ),
        ("part before the first", with(FIRST, &format!("{TEXT_PART}{FIRST}"))),
        (
            "part between",
            with(
                "--edge\r\nContent-Type: application/octet",
                &format!("{TEXT_PART}--edge\r\nContent-Type: application/octet"),
            ),
        ),
        (
            "one part",
            with(
                "--edge\r\nContent-Type: application/octet-stream",
                "X\r\nContent-Type: application/octet-stream",
            ),
        ),
        (
            "no part at all",
            with("--edge\r\nContent-Type: application/pgp", "x\r\nContent-Type: application/pgp")
                .replace("--edge", "x"),
        ),
        ("only the second part", {
            let good = encrypted(PACKETS);
            let (first, second) =
                (good.find("--edge\r\n").unwrap(), good.rfind("--edge\r\n").unwrap());
            format!("{}{}", &good[..first], &good[second..])
        }),
        (
            "parts in the wrong order",
            with("application/pgp-encrypted; charset", "application/x; charset")
                .replace(SECOND, "Content-Type: application/pgp-encrypted")
                .replace("application/x", "application/octet-stream"),
        ),
        ("text after the last boundary", with(LAST, "\r\n--edge--\r\nhello")),
        ("text on the line of the last boundary", with(LAST, "\r\n--edge--hello\r\n")),
        ("text after the last boundary, later", format!("{}\r\n\r\nhello\r\n", encrypted(PACKETS))),
        (
            "boundary again after the last one",
            with(LAST, &format!("\r\n--edge--\r\n{TEXT_PART}--edge--\r\n")),
        ),
        ("second message behind", format!("{}{}", encrypted(PACKETS), encrypted(PACKETS))),
        (
            "first part of another type",
            with("application/pgp-encrypted; charset", "text/plain; charset"),
        ),
        (
            "second part of another type",
            with(SECOND, "Content-Type: text/plain; charset=\"utf-8\""),
        ),
        ("second part inline image", with(SECOND, "Content-Type: image/png")),
        ("second part without type", with(&format!("{SECOND}\r\n"), "")),
        (
            "first part without type",
            with("Content-Type: application/pgp-encrypted; charset=\"utf-8\"\r\n", ""),
        ),
        ("nested multipart", with(SECOND, "Content-Type: multipart/mixed; boundary=in")),
        (
            "nested multipart with the same boundary",
            with(SECOND, "Content-Type: multipart/mixed; boundary=edge"),
        ),
        ("nested message", with(SECOND, "Content-Type: message/rfc822")),
        (
            "first part is a message",
            with(
                "application/pgp-encrypted; charset=\"utf-8\"\r\nContent-Desc",
                "message/rfc822\r\nContent-Desc",
            ),
        ),
        ("version 2", with("7bit\r\n\r\nVersion: 1", "7bit\r\n\r\nVersion: 2")),
        ("version in lower case", with("7bit\r\n\r\nVersion: 1", "7bit\r\n\r\nversion: 1")),
        ("version and more", with("7bit\r\n\r\nVersion: 1", "7bit\r\n\r\nVersion: 1\r\nhello")),
        ("more and version", with("7bit\r\n\r\nVersion: 1", "7bit\r\n\r\nhello\r\nVersion: 1")),
        (
            "version too long",
            with(
                "7bit\r\n\r\nVersion: 1",
                &format!("7bit\r\n\r\n{}Version: 1", "\r\n".repeat(600)),
            ),
        ),
        ("version empty", with("7bit\r\n\r\nVersion: 1", "7bit\r\n\r\n")),
        ("version with wide space", with("7bit\r\n\r\nVersion: 1", "7bit\r\n\r\nVersion: 1\u{a0}")),
    ]);
}

#[test]
fn s22_m3_wrong_top() {
    all_refused(&[
        ("multipart/mixed", with("multipart/encrypted", "multipart/mixed")),
        ("multipart/signed", with("multipart/encrypted", "multipart/signed")),
        ("text/plain", with("multipart/encrypted", "text/plain")),
        (
            "wrong protocol",
            with("protocol=\"application/pgp-encrypted\"", "protocol=\"application/pkcs7\""),
        ),
        ("protocol twice", with("protocol=", "protocol=\"x\"; protocol=")),
        ("no type", with(TOP, "X-Nothing: here")),
        ("broken type", with("multipart/encrypted", "multipart")),
        ("type with a space", with("multipart/encrypted", "multipart /encrypted")),
        ("type with a comment", with("multipart/encrypted", "multipart/encrypted (really)")),
        ("two types, good one first", with(TOP, &format!("{TOP}\r\nContent-Type: text/plain"))),
        ("two types, good one last", with(TOP, &format!("Content-Type: text/plain\r\n{TOP}"))),
        ("the same type twice", with(TOP, &format!("{TOP}\r\n{TOP}"))),
        ("two types in different case", with(TOP, &format!("{TOP}\r\ncontent-TYPE: text/plain"))),
        ("top in base64", with(TOP, &format!("{TOP}\r\nContent-Transfer-Encoding: base64"))),
        ("top in unknown encoding", with(TOP, &format!("{TOP}\r\nContent-Transfer-Encoding: x-y"))),
        (
            "top with two encodings",
            with(
                TOP,
                &format!(
                    "{TOP}\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64"
                ),
            ),
        ),
        ("type continued by a line of spaces", with(";\r\n\tboundary", ";\r\n \r\n\tboundary")),
        (
            "type ended early by a line of spaces",
            with("\tboundary=\"edge\"\r\n", "\tboundary=\"edge\"\r\n \r\nX: y\r\n"),
        ),
        ("space before the colon", with("Content-Type: multipart", "Content-Type : multipart")),
        ("header ended by text", with(TOP, &format!("hello\r\n{TOP}"))),
        ("early end of the header", with(TOP, &format!("\r\n{TOP}"))),
        ("NUL in the type", with("multipart/encrypted", "multipart/encrypted\0")),
    ]);
}

#[test]
fn s22_m2_boundary_tricks() {
    let edge = |parameter: &str| with("boundary=\"edge\"", parameter);
    all_refused(&[
        ("no boundary", with(";\r\n\tboundary=\"edge\"", "")),
        ("empty boundary", edge("boundary=\"\"")),
        ("two boundaries", edge("boundary=\"edge\"; boundary=\"other\"")),
        ("two boundaries, good one last", edge("boundary=\"other\"; boundary=\"edge\"")),
        ("split boundary", edge("boundary*0=ed; boundary*1=ge")),
        ("split boundary and a whole one", edge("boundary=\"edge\"; boundary*0=other")),
        ("encoded boundary", edge("boundary*=us-ascii''edge")),
        ("escaped boundary", edge("boundary=\"ed\\ge\"")),
        ("folded boundary", edge("boundary=\"ed\r\n ge\"")),
        ("boundary left open", edge("boundary=\"edge")),
        ("boundary with a comment", edge("boundary=edge(x)")),
        ("boundary with spaces around", edge("boundary = edge")),
        ("boundary with a space at the end", edge("boundary=\"edge \"")),
        (
            "boundary with a space at the start",
            edge("boundary=\" edge\"").replace("--edge", "-- edge"),
        ),
        ("boundary in a piece with a strange number", edge("boundary=edge; boundary*x=other")),
        ("boundary in another case", edge("boundary=\"EDGE\"")),
        ("boundary that is a prefix", edge("boundary=\"edg\"")),
        ("boundary that is longer", edge("boundary=\"edgeX\"")),
        ("boundary that ends itself", edge("boundary=\"edge--\"").replace("--edge", "--edge--")),
        (
            "boundary with strange characters",
            edge("boundary=\"edge*\"").replace("--edge", "--edge*"),
        ),
        ("boundary beyond ASCII", edge("boundary=\"\u{e9}dge\"").replace("--edge", "--\u{e9}dge")),
        ("boundary of 201 bytes", encrypted(PACKETS).replace("edge", &"e".repeat(201))),
        ("boundary of 2048 bytes", encrypted(PACKETS).replace("edge", &"e".repeat(2048))),
        ("garbage after the boundary", edge("boundary=\"edge\" x")),
        ("boundary line with a space", with("--edge\r\n", "--edge \r\n")),
        ("last boundary line with a space", with(LAST, "\r\n--edge-- \r\n")),
        ("boundary line with more", with(FIRST, &format!("--edgeX\r\nhello\r\n{FIRST}"))),
        ("boundary line with more in the second part", with("-----BEGIN", "--edge2\r\n-----BEGIN")),
        (
            "boundary line with more, very long",
            with(FIRST, &format!("--edge{}\r\n{FIRST}", "x".repeat(5_000))),
        ),
        ("last boundary missing", with(LAST, "\r\n")),
        (
            "last boundary before the second part",
            with(
                "--edge\r\nContent-Type: application/oct",
                "--edge--\r\nContent-Type: application/oct",
            ),
        ),
        ("last boundary only", with("--edge\r\n", "--edge--\r\n")),
        ("boundary in the middle of the armor", with("\r\n-----END", "\r\n--edge\r\n-----END")),
        (
            "boundary after CR",
            with(
                "\r\n--edge\r\nContent-Type: application/oct",
                "\r--edge\r\nContent-Type: application/oct",
            ),
        ),
        (
            "boundary after LF",
            with(
                "\r\n--edge\r\nContent-Type: application/oct",
                "\n--edge\r\nContent-Type: application/oct",
            ),
        ),
        ("header of a part ended by a boundary", with("7bit\r\n\r\nVersion: 1\r\n", "7bit\r\n")),
    ]);
}

#[test]
fn s22_m6_part_headers_and_encodings() {
    let armored = armor(PACKETS);
    let base64_lines = base64(armored.as_bytes());
    let quoted = armored.replacen("-----", "=2D----", 1);
    let second = |more: &str| with(SECOND, &format!("{SECOND}{more}"));
    assert_eq!(class(encoded("base64", &format!("{base64_lines}\r\n"))), Ok(Class::Encrypted));
    assert_eq!(class(encoded("BASE64", &base64_lines)), Ok(Class::Encrypted));
    assert_eq!(class(encoded("quoted-printable", &quoted)), Ok(Class::Encrypted));
    assert_eq!(class(encoded("8bit", &armored)), Ok(Class::Encrypted));
    all_refused(&[
        ("two types in the second part", second("\r\nContent-Type: text/plain")),
        (
            "two types in the first part",
            with(FIRST, &format!("{FIRST}\r\nContent-Type: text/plain")),
        ),
        ("two encodings", second("\r\nContent-Transfer-Encoding: base64")),
        ("encoding with a comment", encoded("7bit (x)", &armored)),
        ("unknown encoding", encoded("x-uuencode", &armored)),
        ("empty encoding", encoded("", &armored)),
        ("says base64, is not", encoded("base64", &armored)),
        ("base64 with spaces", encoded("base64", &base64_lines.replacen('L', " L", 1))),
        ("base64 cut short", encoded("base64", &base64_lines[..base64_lines.len() - 3])),
        ("base64 twice", encoded("base64", &format!("{base64_lines}\r\n{base64_lines}"))),
        (
            "base64 with text after its padding",
            encoded(
                "base64",
                &format!("{}\r\naGVsbG8=", base64(format!("{armored}\r\n").as_bytes())),
            ),
        ),
        ("base64 of plain text", encoded("base64", &base64(b"hello"))),
        ("base64 of base64", encoded("base64", &base64(base64_lines.as_bytes()))),
        ("base64 of LF armor", encoded("base64", &base64(armored.replace('\r', "").as_bytes()))),
        (
            "base64 of armor and text",
            encoded("base64", &base64(format!("{armored}hello").as_bytes())),
        ),
        ("base64 of armor and NUL", encoded("base64", &base64(format!("{armored}\0").as_bytes()))),
        ("quoted-printable broken", encoded("quoted-printable", &quoted.replacen('A', "=Z1", 1))),
        (
            "quoted-printable in lower case",
            encoded("quoted-printable", &quoted.replace("=2D", "=2d")),
        ),
        (
            "quoted-printable with spaces at the end",
            encoded("quoted-printable", &quoted.replace("\r\n", " \r\n")),
        ),
        (
            "quoted-printable with a hidden line",
            encoded("quoted-printable", &format!("hello=0D=0A{quoted}")),
        ),
        ("quoted-printable open at the end", encoded("quoted-printable", &format!("{quoted}="))),
        (
            "charset utf-16",
            second("").replace("asc\"; charset=\"utf-8\"", "asc\"; charset=\"utf-16\""),
        ),
        (
            "charset utf-7",
            second("").replace("asc\"; charset=\"utf-8\"", "asc\"; charset=\"utf-7\""),
        ),
        (
            "charset iso-2022-jp",
            second("").replace("asc\"; charset=\"utf-8\"", "asc\"; charset=iso-2022-jp"),
        ),
        ("charset twice", second("; charset=utf-16")),
        (
            "charset ebcdic in the first part",
            with("encrypted; charset=\"utf-8\"", "encrypted; charset=\"cp037\""),
        ),
        ("no empty line in the second part", with("7bit\r\n\r\n-----BEGIN", "7bit\r\n-----BEGIN")),
        ("line that is no field in the second part", second("\r\nhello")),
        ("continuation of nothing", with(SECOND, &format!(" x\r\n{SECOND}"))),
        ("header of the second part too long", second(&format!("\r\nX: {}", "x".repeat(20_000)))),
        ("comment in the type", with("application/octet-stream;", "application/octet-stream (x);")),
        ("type with garbage", with("application/octet-stream;", "application/octet-stream x;")),
        ("type with escapes", with("name=\"encrypted.asc\"", "name=\"a\\\"; charset=\\\"x\"")),
    ]);
}

#[test]
fn s22_m5_armor_tricks() {
    let begin = "-----BEGIN PGP MESSAGE-----\r\n\r\n";
    all_refused(&[
        ("text before the armor", with(begin, &format!("hello\r\n{begin}"))),
        ("empty line before the armor", with(begin, &format!("\r\n{begin}"))),
        (
            "text after the armor",
            with("-----END PGP MESSAGE-----\r\n", "-----END PGP MESSAGE-----\r\nhello\r\n"),
        ),
        (
            "text on the last line",
            with("-----END PGP MESSAGE-----", "-----END PGP MESSAGE-----hello"),
        ),
        ("Comment", with(begin, "-----BEGIN PGP MESSAGE-----\r\nComment: hello\r\n\r\n")),
        ("Hash", with(begin, "-----BEGIN PGP MESSAGE-----\r\nHash: SHA256\r\n\r\n")),
        ("Charset", with(begin, "-----BEGIN PGP MESSAGE-----\r\nCharset: utf-8\r\n\r\n")),
        ("signed message", with("-----BEGIN PGP MESSAGE", "-----BEGIN PGP SIGNED MESSAGE")),
        ("no begin", with(begin, "")),
        ("no end", with("-----END PGP MESSAGE-----\r\n", "")),
        (
            "two armors",
            with(
                "-----END PGP MESSAGE-----\r\n",
                &format!("-----END PGP MESSAGE-----\r\n{}", armor(PACKETS)),
            ),
        ),
        ("broken base64", with(begin, &format!("{begin}*"))),
        ("spaces in base64", with(begin, &format!("{begin} "))),
        (
            "nothing inside",
            with(begin, "-----BEGIN PGP MESSAGE-----\r\n\r\n-----END PGP MESSAGE-----\r\n"),
        ),
        ("text inside", of(b"hello, this is a message that only looks encrypted")),
        ("NUL in the preamble", with("--edge\r\n", "\0\r\n--edge\r\n")),
        ("NUL after the end", format!("{}\0", encrypted(PACKETS))),
        ("bare CR after the end", format!("{}\r", encrypted(PACKETS))),
        ("bare LF in the preamble", with("--edge\r\n", "\n--edge\r\n")),
        ("bare LF in the armor", with(begin, "-----BEGIN PGP MESSAGE-----\r\n\n")),
        ("8-bit in the armor", with(begin, &format!("{begin}\u{e9}"))),
    ]);
}

#[test]
fn s22_m4_packets() {
    let key = packet(1, &[3; 90]);
    let data = packet(18, &[2; 60]);
    let join = |packets: &[&[u8]]| encrypted(&packets.concat());
    assert_eq!(class(join(&[&key, &data])), Ok(Class::Encrypted));
    all_refused(&[
        ("literal", join(&[&packet(11, b"t\0\0\0\0\0hello")])),
        ("literal after a key", join(&[&key, &packet(11, b"t\0\0\0\0\0hello")])),
        ("compressed", join(&[&key, &packet(8, &[1; 20])])),
        ("unprotected encryption", join(&[&key, &packet(9, &[1; 20])])),
        ("old AEAD", join(&[&key, &packet(20, &[1; 20])])),
        ("marker first", join(&[&packet(10, b"PGP"), &key, &data])),
        ("padding between", join(&[&key, &packet(21, &[0; 9]), &data])),
        ("padding last", join(&[&key, &data, &packet(21, &[0; 9])])),
        ("literal last", join(&[&key, &data, &packet(11, b"t\0\0\0\0\0hello")])),
        ("data twice", join(&[&key, &data, &data])),
        ("key last", join(&[&data, &key])),
        ("keys only", join(&[&key, &key])),
        ("signature", join(&[&packet(2, &[4; 20]), &data])),
        ("public key", join(&[&packet(6, &[4; 20])])),
        ("data cut short", join(&[&key, &data[..40]])),
        ("data with one byte more", join(&[&key, &data, &[0]])),
        ("length past the end", join(&[&[0xd2, 255, 0x7f, 0xff, 0xff, 0xff], &[1; 60]])),
        ("indeterminate length", join(&[&[0x87], &[1; 60], &data])),
        ("first bit clear", join(&[&[0x12, 3, 1, 2, 3]])),
        ("partial without end", join(&[&[0xd2, 233], &[1; 512]])),
    ]);
}

#[test]
fn secure_join_is_that_and_nothing_else() {
    let good = samples::crlf(include_str!("samples/securejoin-vc.eml"));
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from:?} is not in the message");
        good.replacen(from, to, 1)
    };
    let body = "\r\nSecure-Join: vc-request\r\n\r\n--";
    for other in [
        with("Secure-Join: vc-request\r\nSecure", "Secure-Join: vg-request\r\nSecure"),
        with(body, "\r\n  SECURE-JOIN: VG-REQUEST\r\n\r\n\r\n--"),
    ] {
        assert_eq!(class(&other), Ok(Class::SecureJoin), "{other}");
    }
    all_refused(&[
        ("no header", with("Secure-Join: vc-request\r\nSecure", "X-Join: vc-request\r\nSecure")),
        (
            "header in another case",
            with("Secure-Join: vc-request\r\nSecure", "Secure-Join: VC-Request\r\nSecure"),
        ),
        (
            "another step",
            with(
                "Secure-Join: vc-request\r\nSecure",
                "Secure-Join: vc-request-with-auth\r\nSecure",
            ),
        ),
        ("header twice", with("Secure-Join: vc", "Secure-Join: vc-request\r\nSecure-Join: vc")),
        ("more text", with(body, "\r\nSecure-Join: vc-request hello\r\n\r\n--")),
        ("more lines", with(body, "\r\nSecure-Join: vc-request\r\nhello\r\n--")),
        ("no text", with(body, "\r\n\r\n--")),
        (
            "much space",
            with(body, &format!("{}Secure-Join: vc-request\r\n\r\n--", "\r\n".repeat(600))),
        ),
        ("html", with("text/plain", "text/html")),
        ("no multipart", with("multipart/mixed", "text/plain")),
        (
            "second part",
            with("--edge--", "--edge\r\nContent-Type: text/plain\r\n\r\nhello\r\n--edge--"),
        ),
        ("text after", with("--edge--", "--edge--\r\nhello")),
        ("nested", with("text/plain; charset=\"utf-8\"", "multipart/mixed; boundary=x")),
        (
            "type twice",
            with("Content-Type: text/plain", "Content-Type: text/html\r\nContent-Type: text/plain"),
        ),
    ]);
}

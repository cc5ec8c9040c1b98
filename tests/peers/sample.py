"""Messages that look encrypted, as the real client's do, with noise for ciphertext."""

import base64
import os
import textwrap


def _packet(kind: int, content: bytes) -> bytes:
    return bytes([0xC0 | kind, 255]) + len(content).to_bytes(4, "big") + content


def armor(size: int = 600) -> str:
    packets = _packet(1, os.urandom(94)) + _packet(18, b"\x01" + os.urandom(size))
    lines = textwrap.wrap(base64.b64encode(packets).decode(), 64)
    body = "\r\n".join(lines)
    return f"-----BEGIN PGP MESSAGE-----\r\n\r\n{body}\r\n-----END PGP MESSAGE-----\r\n"


def encrypted(sender: str, subject: str = "secret plans", size: int = 600) -> bytes:
    """A PGP/MIME message from `sender`."""
    return (
        f"From: <{sender}>\r\n"
        f"Received: from [192.0.2.99] by nowhere\r\n"
        f"Subject: {subject}\r\n"
        f"X-Mailer: telltale 1.0\r\n"
        f"Message-ID: <{os.urandom(8).hex()}@localhost>\r\n"
        "Date: Sat, 21 Nov 2026 08:00:00 +0000\r\n"
        "To: \"hidden-recipients\": ;\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n"
        " boundary=\"frontier\"\r\n"
        "\r\n"
        "--frontier\r\n"
        "Content-Type: application/pgp-encrypted; charset=\"utf-8\"\r\n"
        "\r\n"
        "Version: 1\r\n"
        "\r\n"
        "--frontier\r\n"
        "Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n"
        "\r\n"
        f"{armor(size)}\r\n"
        "--frontier--\r\n"
    ).encode()


def plain(sender: str, recipient: str) -> bytes:
    return (
        f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: hi\r\n"
        "Message-ID: <1@localhost>\r\nDate: Sat, 21 Nov 2026 08:00:00 +0000\r\n"
        "\r\nin the clear\r\n"
    ).encode()

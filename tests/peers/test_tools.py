"""Programs people really have: swaks, mbsync, IMAPClient."""

import subprocess

import pytest
from imapclient import IMAPClient
from relay import any_certificate

from sample import encrypted
from test_python import imap, smtp


@pytest.fixture
def alice(relay):
    login = relay.new_login()
    imap(relay, *login).logout()
    return login


def deliver(relay, login, count):
    out = smtp(relay, *login)
    for _ in range(count):
        out.sendmail(login[0], [login[0]], encrypted(login[0]))
    out.quit()


def test_swaks_sends_over_tls_and_starttls(relay, alice, tmp_path):
    address, password = alice
    message = tmp_path / "message.eml"
    message.write_bytes(encrypted(address).replace(b"\r\n", b"\n"))
    for port, tls in ((relay.ports["submissions"], "-tlsc"), (relay.ports["submission"], "-tls")):
        command = ["swaks", "--server", "127.0.0.1", "--port", str(port), tls]
        command += ["--auth", "PLAIN", "--auth-user", address, "--auth-password", password]
        command += ["--from", address, "--to", address, "--data", f"@{message}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stdout + done.stderr
    box = imap(relay, *alice)
    assert box.select() == ("OK", [b"2"])


def mbsync(config):
    command = ["mbsync", "-c", str(config), "--all"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def synced(relay, alice, tmp_path):
    """An mbsync configuration for Alice; certificate pinned, so that it is really checked."""
    address, password = alice
    maildir = tmp_path / "maildir"
    maildir.mkdir()
    config = tmp_path / "mbsyncrc"
    config.write_text(
        f"IMAPStore relay\nHost localhost\nPort {relay.ports['imaps']}\nUser {address}\n"
        f"Pass {password}\nSSLType IMAPS\nCertificateFile {relay.directory / 'tls.pem'}\n\n"
        f"MaildirStore local\nPath {maildir}/\nInbox {maildir}/INBOX\nSubFolders Verbatim\n\n"
        "Channel all\nFar :relay:\nNear :local:\nPatterns *\nCreate Both\nExpunge Both\n"
        "SyncState *\n"
    )
    return config, maildir


def test_i25_mbsync_syncs_both_ways(relay, alice, synced):
    config, maildir = synced
    deliver(relay, alice, 20)
    mbsync(config)
    messages = [it for sub in ("cur", "new") for it in (maildir / "INBOX" / sub).iterdir()]
    assert len(messages) == 20

    for message in messages[:5]:
        message.unlink()
    deliver(relay, alice, 3)
    mbsync(config)
    box = imap(relay, *alice)
    assert box.select() == ("OK", [b"18"])

    box.store("1", "+FLAGS", "\\Seen")
    box.create("Archive")
    box.copy("1", "Archive")
    mbsync(config)
    assert len(list((maildir / "Archive" / "cur").iterdir())) == 1
    mbsync(config)


def test_imapclient_walks_through_everyday_commands(relay, alice):
    deliver(relay, alice, 3)
    client = IMAPClient(
        "127.0.0.1", port=relay.ports["imaps"], ssl_context=any_certificate(), use_uid=True
    )
    client.login(*alice)
    assert client.namespace().personal == (("", "."),)
    status = client.select_folder("INBOX")
    assert status[b"EXISTS"] == 3
    uids = client.search(["UNSEEN"])
    assert len(uids) == 3
    data = client.fetch(uids, ["FLAGS", "ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "INTERNALDATE"])
    assert all(data[uid][b"ENVELOPE"].subject == b"[...]" for uid in uids)
    assert all(data[uid][b"BODYSTRUCTURE"].is_multipart for uid in uids)
    client.create_folder("Trash")
    assert any(b"\\Trash" in flags for flags, _, _ in client.list_folders())
    client.move(uids[:1], "Trash")
    client.add_flags(uids[1:2], [b"\\Deleted"])
    client.expunge(uids[1:2])
    assert client.search("ALL") == uids[2:]
    message = encrypted(alice[0])
    client.append("INBOX", message, [b"\\Seen"])
    (appended,) = client.search(["SEEN"])
    assert client.fetch([appended], ["BODY.PEEK[]"])[appended][b"BODY[]"] == message
    assert client.fetch([appended], ["BODY.PEEK[2]"])[appended][b"BODY[2]"].startswith(b"-----BEGIN")
    quota = client.get_quota("INBOX")
    assert quota[0].resource == "STORAGE" and quota[0].limit == 512_000
    client.idle()
    deliver(relay, alice, 1)
    assert any(response[1] == b"EXISTS" for response in client.idle_check(timeout=10))
    client.idle_done()
    client.logout()

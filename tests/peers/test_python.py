"""Python's own imaplib and smtplib, as scripts and test rigs use them."""

import imaplib
import smtplib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest
from relay import Relay, any_certificate

from sample import encrypted, plain


def imap(relay, address=None, password=None):
    box = imaplib.IMAP4_SSL("127.0.0.1", relay.ports["imaps"], ssl_context=any_certificate())
    if address:
        box.login(address, password)
    return box


def smtp(relay, address=None, password=None):
    context = any_certificate()
    out = smtplib.SMTP_SSL("127.0.0.1", relay.ports["submissions"], context=context)
    if address:
        out.login(address, password)
    return out


def mailbox(relay, address, password, count):
    """The INBOX, once it holds `count` messages."""
    box = imap(relay, address, password)
    assert box.select() == ("OK", [str(count).encode()])
    return box


@pytest.fixture
def alice(relay):
    return relay.new_login()


@pytest.fixture
def bob(relay):
    login = relay.new_login()
    imap(relay, *login).logout()
    return login


def test_capabilities_before_login_show_a_chatmail_relay(relay):
    box = imap(relay)
    assert {"XCHATMAIL", "XDELTAPUSH", "IMAP4REV1"} <= set(box.capabilities)


def test_first_login_creates_and_a_wrong_password_fails(relay, alice):
    address, password = alice
    imap(relay, address, password).logout()
    smtp(relay, address, password).quit()
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        imap(relay, address, "wrong-password")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        smtp(relay, address, "wrong-password")
    with pytest.raises(imaplib.IMAP4.error):
        imap(relay, relay.new_login()[0], "short")


def test_i21_first_logins_at_once_make_one_account(relay, alice):
    address, password = alice
    with ThreadPoolExecutor(10) as pool:
        boxes = list(pool.map(lambda _: imap(relay, address, password), range(10)))
    for box in boxes:
        assert box.noop()[0] == "OK"
        box.logout()


def test_s17_two_passwords_at_once_bind_the_account_to_one(relay, alice):
    address, _ = alice

    def attempt(password):
        try:
            imap(relay, address, password).logout()
            return password
        except imaplib.IMAP4.error:
            return None

    with ThreadPoolExecutor(2) as pool:
        won = [it for it in pool.map(attempt, ["password-one", "password-two"]) if it]
    assert len(won) == 1
    assert attempt(won[0]) == won[0]


def test_i20_a_password_with_quotes_and_backslashes(relay):
    address, password = relay.new_login()[0], "a\"b\\c'd/e%f&g"
    imap(relay, address, password).logout()
    smtp(relay, address, password).quit()
    box = imap(relay)
    assert box.authenticate("PLAIN", lambda _: f"\0{address}\0{password}".encode())[0] == "OK"


def test_starttls_on_both_ports(relay, alice):
    box = imaplib.IMAP4("127.0.0.1", relay.ports["imap"])
    assert "LOGINDISABLED" in box.capabilities
    box.starttls(any_certificate())
    box.login(*alice)
    out = smtplib.SMTP("127.0.0.1", relay.ports["submission"])
    out.starttls(context=any_certificate())
    out.login(*alice)
    out.quit()
    box.logout()


@pytest.mark.parametrize("service,greeting", [("imap", b"* OK"), ("smtp", b"220 ")])
def test_t3_one_port_for_all_by_alpn(relay, service, greeting):
    context = any_certificate()
    context.set_alpn_protocols([service])
    raw = socket.create_connection(("127.0.0.1", relay.ports["https"]))
    with context.wrap_socket(raw, server_hostname=relay.domain) as tls:
        assert tls.recv(100).startswith(greeting)
        assert tls.version() == "TLSv1.3"


def test_mail_ports_want_tls_1_3(relay):
    context = any_certificate()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    raw = socket.create_connection(("127.0.0.1", relay.ports["imaps"]))
    with pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname=relay.domain)


def test_a_message_arrives_cleaned(relay, alice, bob):
    address = alice[0]
    out = smtp(relay, *alice)
    out.sendmail(address, [bob[0]], encrypted(address))
    box = mailbox(relay, *bob, 1)
    _, [(_, message), _] = box.fetch("1", "(RFC822)")
    assert b"Subject: [...]\r\n" in message
    for leak in (b"secret plans", b"192.0.2.99", b"telltale", b"Received", b"127.0.0.1"):
        assert leak not in message
    assert b"-----BEGIN PGP MESSAGE-----" in message


def test_sub_addresses_and_capitals_reach_the_user(relay, alice, bob):
    local, domain = bob[0].split("@")
    out = smtp(relay, *alice)
    out.sendmail(alice[0], [f"{local.upper()}+tag@{domain.upper()}"], encrypted(alice[0]))
    mailbox(relay, *bob, 1)


def test_refusals_come_where_clients_look_for_them(relay, alice, bob):
    out = smtp(relay, *alice)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        out.sendmail(bob[0], [bob[0]], encrypted(bob[0]))
    assert refused.value.recipients[bob[0]][0] == 553

    with pytest.raises(smtplib.SMTPDataError) as refused:
        out.sendmail(alice[0], [bob[0]], plain(alice[0], bob[0]))
    assert refused.value.smtp_code == 523
    assert b"Invalid Unencrypted Mail" in refused.value.smtp_error

    with pytest.raises(smtplib.SMTPDataError) as refused:
        out.sendmail(alice[0], [bob[0]], encrypted(bob[0]))
    assert refused.value.smtp_code == 500
    assert out.noop()[0] == 250


def test_s44_the_rate_limit_spares_the_burst_and_bites_after_it(own_relay):
    alice, bob = own_relay.new_login(), own_relay.new_login()
    imap(own_relay, *bob).logout()
    out = smtp(own_relay, *alice)
    refused = None
    for sent in range(30):
        try:
            out.sendmail(alice[0], [bob[0]], encrypted(alice[0]))
        except smtplib.SMTPRecipientsRefused as error:
            refused = (sent, *error.recipients[bob[0]])
            break
    assert refused is not None, "nothing was ever refused"
    sent, code, text = refused
    assert sent >= 10 and code == 450 and b"4.7.1: Too much mail from" in text


def test_vrfy_tells_nothing(relay, alice):
    out = smtp(relay, *alice)
    answers = {out.verify(name)[0] for name in (alice[0], "nobody@" + relay.domain, "word")}
    assert answers == {252}


def test_device_tokens_are_a_set(relay, alice):
    box = imap(relay, *alice)
    send = box._simple_command
    imaplib.Commands["SETMETADATA"] = imaplib.Commands["GETMETADATA"] = ("AUTH", "SELECTED")
    for token in ("1111", "2222"):
        assert send("SETMETADATA", "INBOX", f'(/private/devicetoken "{token}")')[0] == "OK"
    assert send("GETMETADATA", "INBOX", "(/private/devicetoken)")[0] == "OK"
    _, answer = box._untagged_response("OK", [None], "METADATA")
    assert answer[0][1] == b"1111 2222"


def test_mail_for_elsewhere_is_accepted_and_kept(relay, alice):
    out = smtp(relay, *alice)
    assert out.sendmail(alice[0], ["friend@elsewhere.test"], encrypted(alice[0])) == {}


def from_elsewhere(relay):
    """A connection of another mail server, under TLS."""
    out = smtplib.SMTP("127.0.0.1", relay.ports["smtp"])
    out.ehlo()
    assert not out.has_extn("auth")
    out.starttls(context=any_certificate())
    out.ehlo()
    return out


def test_k11_mail_from_elsewhere_must_be_encrypted_and_signed(relay, bob):
    stranger = "fake@example.org"
    for message, code, words in (
        (encrypted(stranger), 554, b"No DKIM signature found"),
        (plain(stranger, bob[0]), 523, b"Encryption Needed"),
    ):
        with pytest.raises(smtplib.SMTPDataError) as refused:
            from_elsewhere(relay).sendmail(stranger, [bob[0]], message)
        assert refused.value.smtp_code == code and words in refused.value.smtp_error


def test_s29_no_mail_passes_through_to_others(relay):
    out = from_elsewhere(relay)
    assert out.mail("fake@example.org")[0] == 250
    assert out.rcpt("someone@elsewhere.test")[0] == 554
    assert out.rcpt(f"whoever@{relay.domain}")[0] == 250


def test_port_25_wants_tls(relay):
    out = smtplib.SMTP("127.0.0.1", relay.ports["smtp"])
    out.ehlo()
    assert out.mail("fake@example.org")[0] == 530


def test_g7_a_stop_right_after_the_start(tmp_path):
    for _ in range(5):
        assert Relay(tmp_path / "data").start().stop() == 0


def test_g7_a_stop_under_load_loses_nothing(own_relay):
    alice, bob = own_relay.new_login(), own_relay.new_login()
    imap(own_relay, *bob).logout()
    out = smtp(own_relay, *alice)
    out.sendmail(alice[0], [bob[0]], encrypted(alice[0]))
    assert own_relay.stop() == 0
    own_relay.start()
    mailbox(own_relay, *bob, 1)

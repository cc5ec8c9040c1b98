"""The pages and files a browser or a client asks for."""

import http.client
import imaplib
import json
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

import pytest
from relay import any_certificate
from served import Served, make_certificate

FILES = '[tls]\nmode = "files"\ncert = "/etc/ssl/chat/fullchain.pem"\nkey = "/etc/ssl/chat/privkey.pem"\n'


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """A relay with a certificate from elsewhere."""
    home = tmp_path_factory.mktemp("certified") / "home"
    relay = Served(home, f'domain = "chat.example.org"\n{FILES}')
    make_certificate(home, relay.domain)
    yield relay.start()
    assert relay.stop() == 0


def ask(relay, path, method="GET", host=None):
    """The answer over HTTPS, and its body."""
    context = any_certificate()
    web = http.client.HTTPSConnection(
        "127.0.0.1", relay.ports["https"], context=context, timeout=10
    )
    web.request(method, path, headers={"Host": host or relay.domain})
    answer = web.getresponse()
    return answer, answer.read()


def ask_plain(relay, path):
    web = http.client.HTTPConnection("127.0.0.1", relay.ports["http"], timeout=10)
    web.request("GET", path, headers={"Host": relay.domain})
    answer = web.getresponse()
    return answer, answer.read()


@pytest.mark.parametrize("path,words", [
    ("/", [b"dclogin:", b"<svg"]),
    ("/info", [b"messages a minute", b"30"]),
    ("/privacy", [b"GDPR"]),
])
def test_pages_are_there_and_load_nothing_from_elsewhere(relay, path, words):
    answer, page = ask(relay, path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    for word in [b"<!doctype html>", relay.domain.encode(), *words]:
        assert word in page
    assert b"<script" not in page and b'src="http' not in page
    assert answer.headers["Set-Cookie"] is None


@pytest.mark.parametrize("path,kind", [
    ("/main.css", "text/css"), ("/logo.svg", "image/svg+xml"), ("/robots.txt", "text/plain"),
])
def test_what_the_pages_name_is_there(relay, path, kind):
    answer, body = ask(relay, path)
    assert answer.status == 200 and body
    assert answer.headers["Content-Type"].startswith(kind)


def login(relay, address, password):
    box = imaplib.IMAP4_SSL("127.0.0.1", relay.ports["imaps"], ssl_context=any_certificate())
    assert box.login(address, password)[0] == "OK"
    box.logout()


def test_credentials_from_new_log_in(relay):
    answer, body = ask(relay, "/new", method="POST")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    account = json.loads(body)
    assert account["email"].endswith(f"@{relay.domain}")
    login(relay, account["email"], account["password"])
    link = urllib.parse.urlsplit(account["dclogin_url"])
    options = dict(urllib.parse.parse_qsl(link.query))
    assert (link.scheme, link.path) == ("dclogin", account["email"])
    assert options["p"] == account["password"]
    assert int(options["ip"]) == relay.ports["imaps"]
    assert int(options["sp"]) == relay.ports["submissions"]


def test_credentials_of_a_certified_relay_need_no_link(certified):
    answer, body = ask(certified, "/new", method="POST")
    assert answer.status == 200
    account = json.loads(body)
    assert set(account) == {"email", "password"}
    login(certified, account["email"], account["password"])
    answer, _ = ask(certified, "/new")
    assert answer.status in (301, 302)
    # A relay on loopback is reached there, whatever its domain says.
    here = f"127.0.0.1:{certified.ports['https']}"
    assert answer.headers["Location"] == f"dcaccount:https://{here}/new"


def test_autoconfig_names_the_ports_that_listen(relay):
    answer, body = ask(relay, "/.well-known/autoconfig/mail/config-v1.1.xml")
    assert answer.status == 200
    provider = ElementTree.fromstring(body).find("emailProvider")
    assert provider.find("domain").text == relay.domain
    incoming = {int(it.find("port").text) for it in provider.findall("incomingServer")}
    outgoing = {int(it.find("port").text) for it in provider.findall("outgoingServer")}
    assert {relay.ports["imaps"], relay.ports["imap"]} <= incoming
    assert {relay.ports["submissions"], relay.ports["submission"]} <= outgoing


def test_the_printable_invite_code_is_a_picture(certified):
    answer, body = ask(certified, f"/qr-chatmail-invite-{certified.domain}.png")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert body.startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize("path", ["/none", "/../etc/passwd", "/%00", "/wp-login.php"])
def test_what_is_not_there_is_refused_at_once(relay, path):
    began = time.monotonic()
    answer, _ = ask(relay, path)
    assert answer.status in (400, 404)
    assert time.monotonic() - began < 2


def test_head_has_no_body_and_other_methods_are_refused(relay):
    answer, body = ask(relay, "/info", method="HEAD")
    assert (answer.status, body) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 1000
    assert ask(relay, "/info", method="DELETE")[0].status == 405


def test_port_80_sends_browsers_on(relay):
    answer, _ = ask_plain(relay, "/info?a=b")
    assert answer.status == 301
    where = f"https://{relay.domain}:{relay.ports['https']}/info?a=b"
    assert answer.headers["Location"] == where
    assert ask_plain(relay, "/generate_204")[0].status == 204

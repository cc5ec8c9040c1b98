"""What README and handbook tell an operator to type, typed."""

import imaplib
import socket
import ssl
import subprocess
import time

import pytest
from pages import PAGES, commands, fenced, sample
from relay import PROGRAM, REPO, Relay, any_certificate
from served import Served, make_certificate

COMMANDS = [(page, command) for page in PAGES for command in commands(page)]


def martlet(*arguments, cwd=None):
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=cwd)


@pytest.fixture
def served(tmp_path):
    """The relay of the handbook, with the certificate files of its example."""
    served = Served(tmp_path / "home", sample("docs/operating.md"))
    make_certificate(served.directory, served.domain)
    served.start()
    yield served
    if served.is_running:
        assert served.stop() == 0


def certificate_of(relay) -> bytes:
    """The certificate a new connection is shown."""
    raw = socket.create_connection(("127.0.0.1", relay.ports["imaps"]), timeout=10)
    with any_certificate().wrap_socket(raw, server_hostname=relay.domain) as tls:
        return tls.getpeercert(binary_form=True)


def eventually(true, seconds=15):
    for _ in range(seconds * 10):
        if true():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen in time")


def test_the_pages_have_commands():
    verbs = {command[0] for _, command in COMMANDS}
    assert verbs == {"dev", "serve", "config", "verify"}


@pytest.mark.parametrize("page,command", COMMANDS, ids=lambda it: str(it))
def test_every_command_works(page, command, tmp_path):
    if command[0] == "dev":
        relay = Relay(tmp_path / "data", *command[1:]).start()
        assert relay.stop() == 0
        return
    relay = Served(tmp_path / "home", sample(page))
    make_certificate(relay.directory, relay.domain)
    if command[0] == "serve":
        assert command[1] == "--config"
        relay.start()
        assert relay.stop() == 0
        return
    mine = {"/var/lib/martlet": str(relay.directory)}
    here = [mine.get(it, str(relay.config) if it.endswith(".toml") else it) for it in command]
    done = martlet(*here)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


@pytest.mark.parametrize("page", PAGES)
def test_every_sample_is_a_configuration(page, tmp_path):
    file = tmp_path / "martlet.toml"
    whole = [sample(page), *(it for it in fenced(page, "toml") if it.startswith("domain"))]
    for text in whole:
        file.write_text(text)
        done = martlet("config", "check", file)
        assert done.returncode == 0, done.stderr


def test_g13_what_show_prints_is_the_same_configuration(tmp_path):
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text(sample("docs/operating.md"))
    second.write_text(martlet("config", "show", first).stdout)
    assert martlet("config", "show", second).stdout == second.read_text()


def test_describe_is_the_page_in_the_repository():
    assert martlet("config", "describe").stdout == (REPO / "docs/configuration.md").read_text()


def test_a_client_that_checks_the_certificate_is_content(served):
    context = ssl.create_default_context(cafile=served.directory / "fullchain.pem")
    raw = socket.create_connection(("127.0.0.1", served.ports["imaps"]))
    with context.wrap_socket(raw, server_hostname=served.domain) as tls:
        assert tls.recv(100).startswith(b"* OK")


def test_t5_sighup_serves_the_new_certificate_and_spares_old_sessions(served):
    old = certificate_of(served)
    box = imaplib.IMAP4_SSL("127.0.0.1", served.ports["imaps"], ssl_context=any_certificate())
    box.login(*served.new_login())
    make_certificate(served.directory, served.domain)
    subprocess.run(["kill", "-HUP", str(served.pid)], check=True)
    eventually(lambda: certificate_of(served) != old)
    assert box.sock.getpeercert(binary_form=True) == old
    assert box.select()[0] == "OK"
    box.logout()


def test_t5_replaced_files_are_noticed_without_a_signal(served):
    old = certificate_of(served)
    make_certificate(served.directory, served.domain)
    eventually(lambda: certificate_of(served) != old)


def test_g6_a_pair_that_does_not_fit_is_reported_and_the_old_one_stays(served):
    old = certificate_of(served)
    spare = served.directory / "spare"
    spare.mkdir()
    make_certificate(spare, served.domain).replace(served.directory / "fullchain.pem")
    subprocess.run(["kill", "-HUP", str(served.pid)], check=True)
    eventually(lambda: "the certificate was not reloaded" in served.log.read_text())
    assert "this key does not belong to the certificate" in served.log.read_text()
    assert certificate_of(served) == old


def test_the_data_folder_holds_what_the_handbook_says(own_relay):
    address, password = own_relay.new_login()
    box = imaplib.IMAP4_SSL("127.0.0.1", own_relay.ports["imaps"], ssl_context=any_certificate())
    box.login(address, password)
    page = (REPO / "docs/operating.md").read_text()
    _, table = page.split("| in the data folder | what |", 1)
    table, _ = table.split("\n\n", 1)
    for entry in own_relay.directory.iterdir():
        assert f"`{entry.name}" in table, f"{entry.name} is not explained"
    assert own_relay.directory.stat().st_mode & 0o077 == 0
    for entry in own_relay.directory.iterdir():
        assert entry.stat().st_mode & 0o077 == 0, entry


def test_touching_nocreate_closes_the_relay_to_newcomers(own_relay):
    def login(address, password):
        box = imaplib.IMAP4_SSL("127.0.0.1", own_relay.ports["imaps"], ssl_context=any_certificate())
        return box.login(address, password)[0] == "OK"

    member = own_relay.new_login()
    assert login(*member)
    stop = own_relay.directory / "nocreate"
    stop.touch()
    time.sleep(1.2)
    with pytest.raises(imaplib.IMAP4.error):
        login(*own_relay.new_login())
    assert login(*member)
    stop.unlink()
    time.sleep(1.2)
    assert login(*own_relay.new_login())


def test_verify_wants_a_stopped_relay_and_finds_it_in_order(own_relay):
    address, password = own_relay.new_login()
    box = imaplib.IMAP4_SSL(
        "127.0.0.1", own_relay.ports["imaps"], ssl_context=any_certificate()
    )
    box.login(address, password)
    assert box.append("INBOX", None, None, b"Subject: x\r\n\r\nbody\r\n")[0] == "OK"
    box.logout()
    running = martlet("verify", own_relay.directory)
    assert running.returncode == 1 and "server" in running.stderr, running.stderr
    assert own_relay.stop() == 0
    stopped = martlet("verify", own_relay.directory)
    assert (stopped.returncode, stopped.stderr) == (0, "")
    nowhere = martlet("verify", own_relay.directory / "nowhere")
    assert nowhere.returncode == 1 and "no such folder" in nowhere.stderr

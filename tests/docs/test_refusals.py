"""Starts that must fail, and whether a person can tell from the words what to do."""

import socket
import subprocess

import pytest
from relay import PROGRAM, Relay
from served import Served, make_certificate

FILES = '[tls]\nmode = "files"\ncert = "/etc/ssl/chat/fullchain.pem"\nkey = "/etc/ssl/chat/privkey.pem"\n'


def complaint(tmp_path, text: str) -> list[str]:
    """What `config check` says of a configuration, one fault to a line."""
    file = tmp_path / "martlet.toml"
    file.write_text(text)
    command = [PROGRAM, "config", "check", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr.replace(f"martlet: {file}:", "").splitlines()


def test_g1_every_fault_is_told_at_once_with_its_line(tmp_path):
    faults = complaint(
        tmp_path,
        'data_dir = "mail"\n[limits]\nmessage_size_max = 0\nsend_per_minute = -3\n'
        'mailbox_size_max = "5X"\n[tls]\nmode = "file"\n',
    )
    assert [line.split(":")[0] for line in faults] == ["1", "1", "3", "4", "5", "7"]
    for line, word in zip(faults, ["domain", "slash", "unlimited", "negative", "500M", "files"]):
        assert word in line


@pytest.mark.parametrize("text,words", [
    ('domian = "a.org"\n', ["1:1: domian: there is no such key", "Did you mean domain?"]),
    ('domain = "a.org"\n[limit]\n', ["2:2: limit: there is no such section", "limits"]),
    ('domain = "a.org"\ndomain = "b.org"\n', ['2:1: "domain" is there twice']),
    ('domain = \n', ["1:10: the value is missing"]),
    ('domain = a.org\n', ["1:10: a.org has no quotes around it", '"a.org"']),
])
def test_g2_unknown_and_double_keys_are_named(tmp_path, text, words):
    said = "\n".join(complaint(tmp_path, text))
    for word in words:
        assert word in said


def test_g1_a_bad_configuration_binds_nothing(tmp_path):
    relay = Served(tmp_path / "home", 'domain = "chat.example.org"\nquota = 5\n')
    code, said = relay.refusal()
    assert code == 2 and "quota" in said


def test_a_configuration_that_is_not_there(tmp_path):
    command = [PROGRAM, "serve", "--config", str(tmp_path / "none.toml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "none.toml" in done.stderr and 'domain = "example.org"' in done.stderr


@pytest.fixture
def home(tmp_path):
    return Served(tmp_path / "home", f'domain = "chat.example.org"\n{FILES}')


def test_g4_certificate_files_that_are_not_there(home):
    code, said = home.refusal()
    assert code == 1
    assert f"{home.directory}/fullchain.pem: no such file" in said


def test_g4_a_key_of_another_certificate(home):
    spare = home.directory / "spare"
    spare.mkdir()
    make_certificate(home.directory, home.domain)
    make_certificate(spare, home.domain).replace(home.directory / "fullchain.pem")
    code, said = home.refusal()
    assert code == 1
    assert f"{home.directory}/privkey.pem: this key does not belong to the certificate" in said


@pytest.mark.parametrize("name", ["fullchain.pem", "privkey.pem"])
def test_g4_files_with_something_else_in_them(home, name):
    make_certificate(home.directory, home.domain)
    (home.directory / name).write_text("nothing of the kind\n")
    code, said = home.refusal()
    assert code == 1
    assert f"{home.directory}/{name}: no " in said


def test_g5_a_busy_port_is_named_with_its_holder_and_nothing_else_is_bound(home):
    make_certificate(home.directory, home.domain)
    with socket.create_server(("127.0.0.1", home.ports["http"])):
        code, said = home.refusal()
    assert code == 1
    assert f"cannot listen on 127.0.0.1:{home.ports['http']}" in said
    assert "the port belongs to" in said and "(pid " in said
    home.start()
    assert home.stop() == 0


def test_a_second_relay_in_the_same_folder_is_refused_with_a_way_out(own_relay):
    command = [PROGRAM, "dev", "--dir", str(own_relay.directory), "--port-base", "29000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "in use by another server" in done.stderr and "--dir" in done.stderr
    assert own_relay.is_running


def test_g5_a_second_relay_on_the_same_ports_is_refused_with_a_way_out(own_relay, tmp_path):
    second = Relay(tmp_path / "second")
    command = [PROGRAM, "dev", "--dir", str(second.directory)]
    command += ["--port-base", str(own_relay.port_base)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert f"(pid {own_relay.pid})" in done.stderr and "--port-base" in done.stderr


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "file").touch()
    command = [PROGRAM, "dev", "--dir", str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "not a folder" in done.stderr

"""The README's first command, as somebody new would use it: read the screen, scan, chat."""

import html
import re
import signal
import subprocess
import urllib.request

import pytest
from deltachat_rpc_client import DeltaChat, Rpc
from profiles import Profiles
from relay import PROGRAM, any_certificate, free_port_base


@pytest.fixture
def screen(tmp_path):
    """What `martlet dev` shows; the relay ends with the test."""
    command = [PROGRAM, "dev", "--dir", str(tmp_path / "dev")]
    command += ["--port-base", str(free_port_base())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Stop with"):
            break
    yield "".join(lines)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=15) == 0
    process.stdout.close()


def login_link(text):
    return re.search(r"dclogin:[^\s\"<]+", html.unescape(text)).group()


def test_from_the_first_screen_to_two_chatting_clients(screen, tmp_path):
    page = re.search(r"https://\S+", screen).group().rstrip(".")
    with urllib.request.urlopen(page, context=any_certificate()) as answer:
        second_link = login_link(answer.read().decode())
    with Rpc(accounts_dir=str(tmp_path / "accounts")) as rpc:
        alice, bob = DeltaChat(rpc).add_account(), DeltaChat(rpc).add_account()
        for profile, link in ((alice, login_link(screen)), (bob, second_link)):
            profile.add_transport_from_qr(link)
            profile.bring_online()
        chat = Profiles.join(alice, bob)
        chat.send_text("hello from the README")
        assert alice.wait_for_incoming_msg().get_snapshot().text == "hello from the README"

"""A relay under test: the real program on loopback ports of its own, ended by its own pid."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import ssl
import string
import subprocess
import urllib.parse
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
PROGRAM = os.environ.get("MARTLET", str(REPO / "target" / "release" / "martlet"))
WELL_KNOWN = (25, 80, 143, 443, 465, 587, 993, 3478)


def free_port_base() -> int:
    """A port base under which every port the relay wants is free right now."""
    for _ in range(200):
        base = random.randrange(12_000, 28_000)
        if all(_is_free(base + port) for port in WELL_KNOWN):
            return base
    raise RuntimeError("no free range of ports on loopback")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Relay:
    """`martlet dev` with a directory, a domain and ports."""

    def __init__(self, directory: Path, *arguments: str, domain: str = "chat.test"):
        self.directory = directory
        self.domain = domain
        self.port_base = free_port_base()
        self.arguments = arguments
        self.process: subprocess.Popen | None = None
        self.ports: dict[str, int] = {}
        self.log = directory.parent / f"{directory.name}.log"

    def start(self) -> "Relay":
        command = [PROGRAM, "dev", "--json", "--dir", str(self.directory), "--domain", self.domain]
        command += ["--port-base", str(self.port_base), *self.arguments]
        log = self.log.open("ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        line = self.process.stdout.readline()
        assert line, f"the relay did not start: {self.log.read_text()[-2000:]}"
        self.ports = json.loads(line)["ports"]
        return self

    def stop(self) -> int:
        """Asks it to end, as systemd would; its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it as a power cut would end the process."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        try:
            return self.process.wait(timeout=15)
        finally:
            self.process.stdout.close()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        return self.process.pid

    def new_login(self) -> tuple[str, str]:
        """An address nobody has yet, and a password."""
        letters = string.ascii_lowercase + string.digits
        name = "".join(random.choices(letters, k=9))
        return f"{name}@{self.domain}", "".join(random.choices(string.ascii_letters, k=22))

    def login_link(self, address: str, password: str) -> str:
        """The `dclogin:` link for this relay: explicit host and ports, any certificate."""
        options = {
            "p": password, "v": 1,
            "ih": "127.0.0.1", "ip": self.ports["imaps"], "is": "ssl",
            "sh": "127.0.0.1", "sp": self.ports["submissions"], "ss": "ssl", "ic": 3,
        }
        return f"dclogin:{address}?{urllib.parse.urlencode(options)}"


def any_certificate() -> ssl.SSLContext:
    """A TLS context for a self-signed server on loopback."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

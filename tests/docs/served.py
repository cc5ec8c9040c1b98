"""`martlet serve` as a service manager runs it: a configuration, a readiness socket, signals."""

import socket
import subprocess
from pathlib import Path

from relay import PROGRAM, Relay

SERVICES = {
    "smtp": 25, "submission": 587, "submissions": 465,
    "imap": 143, "imaps": 993, "https": 443, "http": 80,
}


class Served(Relay):
    """A relay with a configuration file. Certificates the file names are looked for in `directory`."""

    def __init__(self, directory: Path, sample: str, domain: str = "chat.example.org"):
        super().__init__(directory, domain=domain)
        directory.mkdir(parents=True, exist_ok=True)
        self.ports = {name: self.port_base + port for name, port in SERVICES.items()}
        self.config = directory / "martlet.toml"
        self.config.write_text(self._at_home(sample))

    def _at_home(self, sample: str) -> str:
        """The sample with folders and ports that a test may have."""
        listen = [f'{name} = ["127.0.0.1:{port}"]' for name, port in self.ports.items()]
        sample = sample.replace("/etc/ssl/chat", str(self.directory))
        # A machine that builds and tests is busier than one that only serves.
        busy = ["[accounts]", "max_load_1m = 1000.0"]
        lines = [f'data_dir = "{self.directory}/data"', sample, "[listen]", *listen, *busy, ""]
        return "\n".join(lines)

    def start(self) -> "Served":
        """Starts it, and returns when it told its service manager that it is ready."""
        ready = self.directory / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            ready.unlink(missing_ok=True)
            manager.bind(str(ready))
            manager.settimeout(20)
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--config", str(self.config)],
                stdout=subprocess.PIPE, stderr=self.log.open("ab"),
                env={"NOTIFY_SOCKET": str(ready)},
            )
            assert b"READY=1" in manager.recv(4096), self.log.read_text()
        return self

    def refusal(self) -> tuple[int, str]:
        """The exit code and the words of a start that fails."""
        command = [PROGRAM, "serve", "--config", str(self.config)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        return done.returncode, done.stderr


def make_certificate(folder: Path, domain: str, name: str = "fullchain.pem") -> Path:
    """A certificate for the domain and loopback, its key beside it as `privkey.pem`."""
    certificate = folder / name
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", f"/CN={domain}",
         "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-addext", f"subjectAltName=DNS:{domain},IP:127.0.0.1",
         "-keyout", str(folder / "privkey.pem"), "-out", str(certificate)],
        check=True, capture_output=True, timeout=30,
    )
    return certificate

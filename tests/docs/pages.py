"""The commands and samples in fenced blocks of the repository's pages."""

import re
import shlex
from relay import REPO

PAGES = ("README.md", "docs/operating.md")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# As a word of its own, behind a path, in a unit file, or through cargo.
COMMAND = re.compile(r"(?:^|/|=)martlet (?=\w)|^cargo run --release -- ", re.MULTILINE)


def fenced(page: str, *languages: str) -> list[str]:
    """The text of a page's blocks in these languages."""
    text = (REPO / page).read_text()
    return [block for language, block in FENCE.findall(text) if language in languages]


def commands(page: str) -> list[list[str]]:
    """The arguments of every `martlet` command of a page."""
    lines = "\n".join(fenced(page, "sh", "ini")).splitlines()
    found = [(COMMAND.search(line), line) for line in lines]
    return [shlex.split(line[match.end():], comments=True) for match, line in found if match]


def sample(page: str) -> str:
    """A page's configuration: all its TOML, in the order of the page."""
    return "".join(fenced(page, "toml"))

"""Links of the repository's pages lead to something."""

import re

import pytest
from relay import REPO

LINK = re.compile(r"\]\((?!\w+:)([^)\s]*)\)")
PAGES = sorted([*REPO.glob("*.md"), *REPO.glob("docs/*.md")])


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    words = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in words}


@pytest.mark.parametrize("page", PAGES, ids=lambda it: it.name)
def test_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text()):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link

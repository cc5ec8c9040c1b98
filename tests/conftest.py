"""Fixtures: a relay for each test module, and one that a test may mistreat."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from relay import Relay  # noqa: E402


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    """A relay without limits on how much a user sends, shared by the tests of a module."""
    relay = Relay(tmp_path_factory.mktemp("relay") / "data", "--unlimited").start()
    yield relay
    if relay.is_running:
        assert relay.stop() == 0


@pytest.fixture
def own_relay(tmp_path):
    """A relay of this test's own, with the limits that users meet."""
    relay = Relay(tmp_path / "data").start()
    yield relay
    if relay.is_running:
        assert relay.stop() == 0

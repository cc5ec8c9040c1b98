"""The real client on the module's relay."""

import pytest
from profiles import Profiles
from deltachat_rpc_client import DeltaChat, Rpc


@pytest.fixture
def profiles(relay, tmp_path):
    with Rpc(accounts_dir=str(tmp_path / "accounts")) as rpc:
        yield Profiles(DeltaChat(rpc), relay)

"""What the real client shows when something goes wrong at the relay's end."""

import shutil

import pytest
from profiles import Profiles
from deltachat_rpc_client import DeltaChat, EventType, Rpc


@pytest.fixture
def profiles(own_relay, tmp_path):
    with Rpc(accounts_dir=str(tmp_path / "accounts")) as rpc:
        yield Profiles(DeltaChat(rpc), own_relay)


def test_mail_to_nobody_comes_back_and_marks_the_message_failed(profiles, own_relay):
    alice, bob = profiles.friends("Alice", "Bob")
    # With its default the client fetches a report and throws it away, for it is not encrypted.
    alice.set_config("force_encryption", "0")
    alice.stop_io()
    bob.stop_io()
    own_relay.stop()
    shutil.rmtree(own_relay.directory)
    own_relay.start()
    alice.bring_online()
    message = alice.create_chat(bob).send_text("is anybody there?")
    event = alice.wait_for_event(EventType.MSG_FAILED)
    assert event.msg_id == message.id
    assert "doesn't exist" in message.get_snapshot().error


def test_a_relay_that_was_killed_comes_back_with_everything(profiles, own_relay):
    alice, bob = profiles.friends("Alice", "Bob")
    bob.stop_io()
    alice.create_chat(bob).send_text("before the crash")
    alice.wait_for_event(EventType.MSG_DELIVERED)
    own_relay.kill()
    own_relay.start()
    bob.start_io()
    assert bob.wait_for_incoming_msg().get_snapshot().text == "before the crash"
    chat = bob.create_chat(alice)
    chat.send_text("after the crash")
    profiles.deltachat.maybe_network()
    assert alice.wait_for_incoming_msg().get_snapshot().text == "after the crash"

"""The real client talks through the relay: what people do every day."""

import os

import pytest
from deltachat_rpc_client import EventType
from deltachat_rpc_client.rpc import JsonRpcError


def texts(chat):
    return [message.get_snapshot().text for message in chat.get_messages()]


def next_text(profile):
    return profile.wait_for_incoming_msg().get_snapshot().text


def test_an_account_comes_to_life_by_its_first_login(profiles):
    profile = profiles.online("Alice")
    info = profile.get_info()
    assert info is not None and profile.is_configured()


def test_a_wrong_password_is_told_as_such(profiles, relay):
    profile = profiles.configured("Alice")
    address, _ = profile.login
    other = profiles.deltachat.add_account()
    with pytest.raises(JsonRpcError, match="(?i)authentication"):
        other.add_transport_from_qr(relay.login_link(address, "not-the-password"))


def test_secure_join_and_one_to_one_both_ways(profiles):
    alice, bob = profiles.online("Alice"), profiles.online("Bob")
    chat = profiles.join(alice, bob)
    chat.send_text("hello Alice")
    received = alice.wait_for_incoming_msg().get_snapshot()
    assert received.text == "hello Alice"
    assert received.show_padlock
    alice.get_chat_by_id(received.chat_id).send_text("hello Bob")
    assert next_text(bob) == "hello Bob"


def test_group_of_four(profiles):
    alice, bob, carol, dave = profiles.friends("Alice", "Bob", "Carol", "Dave")
    group = alice.create_group("four")
    for friend in (bob, carol, dave):
        group.add_contact(friend)
    group.send_text("welcome all")
    for friend in (bob, carol, dave):
        while next_text(friend) != "welcome all":
            pass
    message = bob.get_chatlist()[0]
    message.accept()
    message.send_text("thank you from Bob")
    for friend in (alice, carol, dave):
        while next_text(friend) != "thank you from Bob":
            pass


def test_attachment_of_five_megabytes(profiles, tmp_path):
    alice, bob = profiles.friends("Alice", "Bob")
    picture = tmp_path / "noise.bin"
    picture.write_bytes(os.urandom(5_000_000))
    alice.create_chat(bob).send_file(str(picture))
    message = bob.wait_for_incoming_msg()
    for _ in range(200):
        snapshot = message.get_snapshot()
        if snapshot.download_state == "Done" and snapshot.file:
            break
        bob.wait_for_event()
    assert open(snapshot.file, "rb").read() == picture.read_bytes()


def test_reaction_edit_and_delete_for_all(profiles):
    alice, bob = profiles.friends("Alice", "Bob")
    sent = alice.create_chat(bob).send_text("a tpyo")
    received = bob.wait_for_incoming_msg()
    bob.get_chat_by_id(received.get_snapshot().chat_id).accept()

    received.send_reaction("\N{THUMBS UP SIGN}")
    alice.wait_for_reactions_changed()
    reactions = sent.get_reactions()
    assert "\N{THUMBS UP SIGN}" in str(reactions)

    alice._rpc.send_edit_request(alice.id, sent.id, "a typo")
    for _ in range(200):
        if received.get_snapshot().text == "a typo":
            break
        bob.wait_for_event()
    assert received.get_snapshot().text == "a typo"

    alice._rpc.delete_messages_for_all(alice.id, [sent.id])
    for _ in range(200):
        if not received.exists():
            break
        bob.wait_for_event()
    assert not received.exists()


def test_read_receipt(profiles):
    alice, bob = profiles.friends("Alice", "Bob")
    sent = alice.create_chat(bob).send_text("did you read this?")
    received = bob.wait_for_incoming_msg()
    bob.get_chat_by_id(received.get_snapshot().chat_id).accept()
    received.mark_seen()
    event = alice.wait_for_event(EventType.MSG_READ)
    assert event.msg_id == sent.id


def test_second_device_by_backup(profiles, tmp_path):
    alice, bob = profiles.friends("Alice", "Bob")
    alice.set_config("bcc_self", "1")
    alice.stop_io()
    alice.export_backup(tmp_path)
    alice.start_io()
    (backup,) = tmp_path.glob("*.tar")
    second = profiles.deltachat.add_account()
    second.import_backup(str(backup))
    second.bring_online()
    bob.create_chat(alice).send_text("to both devices")
    assert next_text(alice) == "to both devices"
    assert next_text(second) == "to both devices"
    alice.create_chat(bob).send_text("from the first device")
    assert next_text(bob) == "from the first device"
    for _ in range(200):
        if "from the first device" in texts(second.create_chat(bob)):
            break
        second.wait_for_event()
    assert "from the first device" in texts(second.create_chat(bob))


def test_offline_delivery(profiles):
    alice, bob = profiles.friends("Alice", "Bob")
    bob.stop_io()
    chat = alice.create_chat(bob)
    for number in range(5):
        chat.send_text(f"while you were away {number}")
    for _ in range(5):
        alice.wait_for_event(EventType.MSG_DELIVERED)
    bob.start_io()
    got = {next_text(bob) for _ in range(5)}
    assert got == {f"while you were away {number}" for number in range(5)}


def test_quota_is_shown(profiles):
    alice = profiles.online("Alice")
    html = alice._rpc.get_connectivity_html(alice.id)
    assert "500" in html and "MiB" in html, html


def test_cleartext_is_refused_with_the_right_text(profiles):
    alice = profiles.online("Alice")
    alice.set_config("force_encryption", "0")
    chat = alice.create_contact("someone@elsewhere.test").create_chat()
    message = chat.send_text("in the clear")
    alice.wait_for_event(EventType.MSG_FAILED)
    assert "Invalid Unencrypted Mail" in message.get_snapshot().error

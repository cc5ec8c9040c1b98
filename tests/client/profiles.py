"""Profiles of the real client on a relay under test."""


class Profiles:
    """Makes profiles that are online. `bot=1` lifts the client's own brake on sending."""

    def __init__(self, deltachat, relay):
        self.deltachat = deltachat
        self.relay = relay

    def online(self, name):
        profile = self.configured(name)
        profile.bring_online()
        return profile

    def configured(self, name):
        address, password = self.relay.new_login()
        profile = self.deltachat.add_account()
        profile.set_config("displayname", name)
        profile.login = (address, password)
        profile.add_transport_from_qr(self.relay.login_link(address, password))
        assert profile.is_configured()
        return profile

    def friends(self, *names):
        """Profiles that are online and of which each knows the first one by secure-join."""
        first, *others = (self.online(name) for name in names)
        for other in others:
            self.join(first, other)
        return first, *others

    @staticmethod
    def join(inviter, joiner):
        """A complete secure-join; the joiner's chat with the inviter."""
        chat = joiner.secure_join(inviter.get_qr_code())
        inviter.wait_for_securejoin_inviter_success()
        joiner.wait_for_securejoin_joiner_success()
        return chat

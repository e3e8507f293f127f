"""Who asks for administration: a session's token or the master key in a header, or the cookie of a session.

A header with a key or a token decides by itself; a cookie counts where there is none (`auth.pages` says what it needs).
"""

from gigamost.admin.logins import Logins
from gigamost.auth import scopes
from gigamost.auth.access import Access, Peer, keys_in
from gigamost.auth.administrators import MASTER, Actor
from gigamost.auth.pages import check_change
from gigamost.auth.sessions import COOKIE, PREFIX


class Entry:
    """`trusted_proxies` are the networks whose `X-Forwarded-For` is believed; they may be replaced."""

    def __init__(self, access: Access, logins: Logins, trusted_proxies: scopes.Networks = ()) -> None:
        self._access = access
        self._logins = logins
        self.trusted = trusted_proxies

    async def actor(self, peer: Peer, method: str) -> Actor:
        """Raises GatewayError: 401; 403 for a client's key, and for a foreign page; 503."""
        given = keys_in(peer)
        token = next((text for text in given if text.startswith(PREFIX)), "")
        if token:
            return await self._logins.actor(token)
        cookie = cookie_of(peer)
        if given or not cookie:
            self._access.administer(peer)
            return MASTER
        actor = await self._logins.actor(cookie)
        if method not in ("GET", "HEAD"):
            check_change(peer.headers)
        return actor

    def address(self, peer: Peer) -> str:
        """Of whoever sends the request, as far as our proxies say."""
        return scopes.client_address(peer.address, peer.headers.get("x-forwarded-for", ""), self.trusted)


def cookie_of(peer: Peer) -> str:
    """The session's token, "" for none."""
    for part in peer.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""

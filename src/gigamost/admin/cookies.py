"""The cookie of a session, for browsers: no script reads it, no other site sends it, and only `/admin` gets it."""

from typing import Final

from gigamost.auth.access import Peer
from gigamost.auth.sessions import COOKIE, LONGEST

_TERMS: Final = "Path=/admin; HttpOnly; SameSite=Strict"


def set_cookie(token: str, peer: Peer) -> tuple[str, str]:
    """The response header. Whoever claims to have come by https gets a cookie for https alone."""
    return "set-cookie", f"{COOKIE}={token}; Max-Age={LONGEST}; {_TERMS}{_secure(peer)}"


def clear_cookie(peer: Peer) -> tuple[str, str]:
    return "set-cookie", f"{COOKIE}=; Max-Age=0; {_TERMS}{_secure(peer)}"


def _secure(peer: Peer) -> str:
    """The gateway itself speaks plain HTTP: TLS ends at a proxy."""
    return "; Secure" if peer.headers.get("x-forwarded-proto", "").partition(",")[0].strip() == "https" else ""

"""Sessions of administrators: the token that stands for one, and when it is over. Pure rules.

    gms-<base64url( 24 random bytes || the first 8 of their HMAC )>

Kept is another HMAC of the random bytes, under a key that is derived from the root secret: nothing in a database is a
token or leads to one. What was not made here is known without asking the database.
"""

import base64
import binascii
import hmac
from typing import Final

import msgspec

from gigamost.core.administrators import Administrator, Session

LABEL: Final = "administrators' sessions"  # of the derived keys (`auth.root.derive`)
PREFIX: Final = "gms-"
COOKIE: Final = "gigamost_session"
ENTROPY: Final = 24  # bytes
LONGEST: Final = 12 * 3600  # seconds from the login
IDLE: Final = 3600  # seconds without a request
SEEN: Final = 60  # seconds after which a request is written down again
_TAG: Final = 8


class Ticket(msgspec.Struct, frozen=True):
    """`text` goes to the client and nowhere else, `digest` is kept."""

    text: str
    digest: bytes


class Tickets:
    """`keys`, 32 bytes each, are for this purpose alone; the first is for what is made from now on."""

    def __init__(self, *keys: bytes) -> None:
        self._keys = keys

    def make(self, entropy: bytes) -> Ticket:
        """Of `ENTROPY` random bytes."""
        key = self._keys[0]
        text = base64.urlsafe_b64encode(entropy + _tag(key, entropy)).decode().rstrip("=")
        return Ticket(PREFIX + text, _digest(key, entropy))

    def digest(self, text: str) -> bytes | None:
        """None for what was not made here."""
        encoded = text.removeprefix(PREFIX)
        try:
            said = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        entropy, tag = said[:ENTROPY], said[ENTROPY:]
        own = (key for key in self._keys if hmac.compare_digest(tag, _tag(key, entropy)))
        return next((_digest(key, entropy) for key in own), None)


def is_over(session: Session, now: float) -> bool:
    """By time. `now` is unix seconds."""
    return session.ends <= now or session.seen + IDLE <= now


def is_of(session: Session, administrator: Administrator) -> bool:
    """Whether nothing has happened since that ends the administrator's sessions."""
    return session.epoch == administrator.epoch and not administrator.is_disabled


def _tag(key: bytes, entropy: bytes) -> bytes:
    return hmac.digest(key, b"made here" + entropy, "sha256")[:_TAG]


def _digest(key: bytes, entropy: bytes) -> bytes:
    return hmac.digest(key, b"kept" + entropy, "sha256")

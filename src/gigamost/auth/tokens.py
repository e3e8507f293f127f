"""Access tokens that stand for a client key for half an hour, for clients that know GigaChat's exchange only.

    gmt-<base64url( nonce || AES-GCM( digest of the key || moment of its end ) )>

No table: a token is opened with a key derived from the root secret, and then serves as long as the client key that it
names is known. It says nothing about that key, and the key cannot be had from it.
"""

import base64
import binascii
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from struct import Struct
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LIFETIME: Final = 30 * 60  # seconds, as GigaChat's own
PREFIX: Final = "gmt-"
_NONCE: Final = 12
_SAID: Final = Struct(">32sQ")  # the digest, and unix milliseconds


class Token(msgspec.Struct, frozen=True):
    """`expires_at` is unix milliseconds."""

    text: str
    expires_at: int


class Holder(msgspec.Struct, frozen=True):
    """What a token says: the digest of a client key, and until when (unix milliseconds)."""

    digest: bytes
    expires_at: int


class Tokens:
    """`key`: 32 bytes for this purpose alone; tokens that were made with one of `former` are read too. `now` is unix
    seconds."""

    def __init__(self, key: bytes, now: Callable[[], float], former: Sequence[bytes] = ()) -> None:
        self._cipher = AESGCM(key)
        self._ciphers = (self._cipher, *map(AESGCM, former))
        self._now = now
        self._opened = lru_cache(maxsize=1024)(self._open)  # a client sends the same one for half an hour

    def issue(self, digest: bytes) -> Token:
        expires_at = int((self._now() + LIFETIME) * 1000)
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, _SAID.pack(digest, expires_at), None)
        return Token(PREFIX + base64.urlsafe_b64encode(sealed).decode().rstrip("="), expires_at)

    def read(self, text: str) -> Holder | None:
        """None for what is no token of ours. One that has expired is read all the same: see `is_expired`."""
        return self._opened(text) if text.startswith(PREFIX) else None

    def is_expired(self, holder: Holder) -> bool:
        return holder.expires_at <= self._now() * 1000

    def _open(self, text: str) -> Holder | None:
        encoded = text.removeprefix(PREFIX)
        try:
            sealed = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        for cipher in self._ciphers:
            with suppress(ValueError, InvalidTag):
                digest, expires_at = _SAID.unpack(cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], None))
                return Holder(digest, expires_at)
        return None

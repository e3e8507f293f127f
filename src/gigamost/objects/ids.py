"""Sealed ids: an upstream's id, its owner and a MAC in letters and digits.

What an upstream keeps under our credential (state ids, files, threads) is handed to clients only in this form. It can
be opened only for the same tenant and credential, needs no table, and survives clients that drop `_` and `-`:

    <prefix><base62(uuid || mac)>        mac: 8 bytes of keyed BLAKE2b (RFC 7693) over kind, owner and uuid

The prefix is decoration (`call`, `toolu`, `file`): only the last 33 characters are read.
"""

import hmac
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from uuid import UUID

import msgspec

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_MAC_BYTES: Final = 8
_BYTES: Final = 16 + _MAC_BYTES
_LENGTH: Final = 33  # base62 digits that 24 bytes need
_CACHED: Final = 64 * 1024  # characters; a UUID of longer texts is made every time, or the cache could eat the memory


class Owner(msgspec.Struct, frozen=True):
    """Who may use an object: the tenant, and the credential under which the upstream keeps it."""

    tenant: str
    credential: str


def base62(data: bytes, length: int) -> str:
    """`data` as a number in base 62, padded to `length` digits."""
    number = int.from_bytes(data, "big")
    digits: list[str] = []
    while number:
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits)).rjust(length, "0")


class Seal:
    """Makes sealed ids with `key` (32 bytes, derived from the root secret for this purpose alone), and opens those that
    were made with one of `former`, too."""

    def __init__(self, key: bytes, *former: bytes) -> None:
        self._key = key
        self._keys = (key, *former)
        # Every turn of a conversation brings the ids of all earlier ones.
        self._opened = lru_cache(maxsize=8192)(self._open)
        # So does it bring the opening that names it.
        self._uuids = lru_cache(maxsize=256)(self._uuid)

    def close(self, kind: str, upstream_id: str, owner: Owner, prefix: str = "") -> str | None:
        """The sealed form, None when `upstream_id` is not a UUID (no other kind was ever seen)."""
        try:
            uuid = UUID(upstream_id).bytes
        except ValueError:
            return None
        return prefix + base62(uuid + self._mac(kind, uuid, owner, self._key), _LENGTH)

    def open(self, kind: str, sealed: str, owner: Owner) -> str | None:
        """The upstream's id, None when the text is not ours, not this owner's, or was changed."""
        return self._opened(kind, sealed, owner)

    def _open(self, kind: str, sealed: str, owner: Owner) -> str | None:
        bare = "".join(filter(str.isalnum, sealed)) if not sealed.isalnum() else sealed
        digits = bare[-_LENGTH:]
        if len(bare) < _LENGTH or not all(digit in _VALUES for digit in digits):
            return None
        number = 0
        for digit in digits:
            number = number * 62 + _VALUES[digit]
        if number.bit_length() > _BYTES * 8:
            return None
        data = number.to_bytes(_BYTES, "big")
        uuid, mac = data[:16], data[16:]
        if not any(hmac.compare_digest(mac, self._mac(kind, uuid, owner, key)) for key in self._keys):
            return None
        return str(UUID(bytes=uuid))

    def tag(self, label: str, text: str) -> str:
        """A short public name (22 letters and digits) for a private text: says nothing about it, always the same."""
        return self.tags(label, text)[0]

    def tags(self, label: str, text: str) -> tuple[str, ...]:
        """The name that `tag` gives, and those that it gave with the former keys."""
        data = text.encode("utf-8", "surrogatepass")
        return tuple(base62(_digest(label, data, key)[:16], 22) for key in self._keys)

    def uuid(self, label: str, *texts: str) -> str:
        """A UUID made from private texts: stable, says nothing about them."""
        return (self._uuids if sum(map(len, texts)) <= _CACHED else self._uuid)(label, *texts)

    def _uuid(self, label: str, *texts: str) -> str:
        joined = b"".join(
            len(data).to_bytes(4, "big") + data for data in (text.encode("utf-8", "surrogatepass") for text in texts)
        )
        return str(UUID(bytes=_digest(label, joined, self._key)[:16], version=4))

    def _mac(self, kind: str, uuid: bytes, owner: Owner, key: bytes) -> bytes:
        text = f"{kind}\0{owner.tenant}\0{owner.credential}\0".encode()
        return _digest("id", text + uuid, key)[:_MAC_BYTES]


def _digest(label: str, data: bytes, key: bytes) -> bytes:
    # Keyed BLAKE2b is a MAC by itself, and costs a tenth of HMAC-SHA256 through OpenSSL 3.
    return blake2b(label.encode() + b"\0" + data, key=key, digest_size=32).digest()

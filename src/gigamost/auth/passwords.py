"""Passwords as they are kept: scrypt (RFC 7914) of an HMAC of the password, whose key is derived from the root secret.

    scrypt$32768$8$3$<mark of the key>$<salt>$<hash>        N, r, p; salt (16 bytes) and hash (32 bytes) as Base64

N=2^15, r=8, p=3 is what OWASP's "Password Storage Cheat Sheet" asks for: 32 MiB and a third of a second of a core for
every guess. The HMAC makes a database alone useless even for a weak password. Slow on purpose: call it in a thread.
"""

import binascii
import hmac
import unicodedata
from base64 import b64decode, b64encode
from typing import Final

import msgspec
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gigamost.core.errors import invalid
from gigamost.core.secret import Secret

LABEL: Final = "administrators' passwords"  # of the derived keys (`auth.root.derive`)
SHORTEST: Final = 12  # characters
LONGEST: Final = 256
SALT: Final = 16  # bytes
_HASH: Final = 32
_DIFFERENT: Final = 5  # characters at least
_NAME: Final = 4  # characters from which on a name says something


class Cost(msgspec.Struct, frozen=True):
    n: int = 2**15
    r: int = 8
    p: int = 3


class _Kept(msgspec.Struct, frozen=True):
    cost: Cost
    mark: str
    salt: bytes
    hash: bytes


USUAL: Final = Cost()


class Passwords:
    """`peppers` are the keys of HMACs, the first for what is kept from now on, as is `cost`."""

    def __init__(self, *peppers: bytes, cost: Cost = USUAL) -> None:
        self._peppers = {_mark(pepper): pepper for pepper in peppers}
        self._mark = _mark(peppers[0])
        self._cost = cost

    def keep(self, password: Secret, salt: bytes) -> str:
        """`salt`: `SALT` random bytes."""
        cost = self._cost
        hashed = _hash(password, self._peppers[self._mark], salt, cost)
        fields = (cost.n, cost.r, cost.p, self._mark, b64encode(salt).decode(), b64encode(hashed).decode())
        return "$".join(("scrypt", *map(str, fields)))

    def fits(self, password: Secret, kept: str | None) -> bool:
        """In constant time. None, for nobody, takes as long as a wrong password. Raises ValueError for a damaged
        text."""
        found = None if kept is None else _parsed(kept)
        pepper = None if found is None else self._peppers.get(found.mark)
        if found is None or pepper is None:
            _hash(password, b"", bytes(SALT), self._cost)
            return False
        return hmac.compare_digest(_hash(password, pepper, found.salt, found.cost), found.hash)

    def is_outdated(self, kept: str) -> bool:
        """Whether it hangs on a former key, or is too cheap to guess by now."""
        found = _parsed(kept)
        return found.mark != self._mark or found.cost != self._cost


def check_new(password: Secret, name: str, field: str = "password") -> None:
    """Raises GatewayError (400) that never repeats the password."""
    text = password.reveal()
    if not SHORTEST <= len(text) <= LONGEST:
        message = f"{field}: a password has {SHORTEST} to {LONGEST} characters."
        raise invalid(message, field, "password_unfit")
    if len(name) >= _NAME and name in text.lower():
        raise invalid(f"{field}: a password must not have the name in it.", field, "password_unfit")
    if len(set(text)) < _DIFFERENT:
        raise invalid(f"{field}: this password has too few different characters.", field, "password_unfit")


def _hash(password: Secret, pepper: bytes, salt: bytes, cost: Cost) -> bytes:
    # Two keyboards may write the same letter in two ways.
    text = unicodedata.normalize("NFKC", password.reveal()).encode("utf-8", "surrogatepass")
    peppered = hmac.digest(pepper, text, "sha256")
    return Scrypt(salt=salt, length=_HASH, n=cost.n, r=cost.r, p=cost.p).derive(peppered)


def _mark(pepper: bytes) -> str:
    """Says which key it was; the key cannot be had from it."""
    return hmac.digest(pepper, b"mark", "sha256")[:6].hex()


def _parsed(kept: str) -> _Kept:
    try:
        scheme, n, r, p, mark, salt, hashed = kept.split("$")
        if scheme != "scrypt":
            raise ValueError(scheme)
        return _Kept(Cost(int(n), int(r), int(p)), mark, b64decode(salt), b64decode(hashed))
    except (ValueError, binascii.Error):
        raise ValueError("a kept password is damaged") from None

"""Keys of clients: how one is made, what of it is shown and kept, and whether it is good. Pure rules.

    gm- <33 letters and digits: 24 random bytes> <6: their CRC-32>

The key itself is shown once and kept nowhere. Kept is its HMAC under a key that is derived from the root secret, so
that a database alone opens nothing; it is found by that digest, which nobody can choose.
"""

import hashlib
import hmac
import re
from typing import Final, Literal
from zlib import crc32

import msgspec

from gigamost.auth.root import Roots, base62, born, derive, mark
from gigamost.auth.tokens import LIFETIME
from gigamost.core.tenancy import Former, Key, Tenant

LABEL: Final = "client keys"  # of the derived key (`auth.root.derive`)
ENTROPY: Final = 24  # bytes
_START: Final = "gm-"
_CHECK: Final = 6  # characters
_SHOWN: Final = len(_START) + 7
_MADE_HERE: Final = re.compile(r"gm-[0-9A-Za-z]{36,42}")  # one letter too few or too many is a mistake as well

Standing = Literal["good", "revoked", "expired", "disabled"]


class Pepper(msgspec.Struct, frozen=True):
    """The key of digests that hang on one root secret; `root` is its mark. Digests of an outdated one are renewed: not
    those of a newer one, or gateways that a rotation has not reached yet would take back what others renew."""

    key: bytes
    root: str
    is_outdated: bool = False


def peppers(roots: Roots) -> tuple[Pepper, ...]:
    """The current one, and those by which keys are recognised as well."""
    newest = born(roots.current)
    former = tuple(Pepper(derive(each, LABEL), mark(each), born(each) <= newest) for each in roots.former)
    return (Pepper(derive(roots.current, LABEL), mark(roots.current)), *former)


def make(entropy: bytes) -> str:
    """A new key, of `ENTROPY` random bytes."""
    body = _START + base62(entropy)
    return body + _check(body)


def prefix(text: str) -> str:
    """The part of a key that may be shown: never more than a quarter of it."""
    return text[: min(_SHOWN, len(text) // 4)]


def is_mistyped(text: str) -> bool:
    """Whether it looks like a key that was made here, but cannot be one."""
    if _MADE_HERE.fullmatch(text) is None:
        return False
    return _check(text[:-_CHECK]) != text[-_CHECK:]


def is_made_here(text: str) -> bool:
    """Whether somebody's gateway made it: a key that another's configuration names looks different."""
    return _MADE_HERE.fullmatch(text) is not None and not is_mistyped(text)


def digest(pepper: bytes, text: str) -> bytes:
    """HMAC-SHA256, 32 bytes."""
    return hmac.digest(pepper, text.encode("utf-8", "surrogatepass"), "sha256")


def configured(name: str, text: str, tenant: str, pepper: bytes, *, pass_token: bool) -> Key:
    """A key that the configuration names. Its id is that of its name, which another text does not change."""
    made = "config_" + hashlib.sha256(name.encode()).hexdigest()[:24]
    return Key(made, name, tenant, digest(pepper, text), prefix(text), created=0, pass_token=pass_token)


def standing(key: Key, tenant: Tenant, now: float) -> Standing:
    """`now` is unix seconds."""
    if key.revoked is not None:
        return "revoked"
    if key.expires is not None and key.expires <= now:
        return "expired"
    return "disabled" if tenant.is_disabled else "good"


def rotated(key: Key, text: str, pepper: bytes, now: int, grace: int, root: str = "") -> Key:
    """The key with the new text `text`, whose digest hangs on `root`; the one that it has now stays good for `grace`
    seconds. What was replaced earlier keeps its own end."""
    ends = now + grace
    former = [
        Former(each.digest, min(each.expires, ends)) if each.is_same else each
        for each in (Former(key.digest, ends), *key.former)
    ]
    return msgspec.structs.replace(
        key,
        digest=digest(pepper, text),
        prefix=prefix(text),
        former=tuple(each for each in former if each.expires > now),
        root=root,
    )


def renewed(key: Key, old: bytes, new: bytes, root: str, now: int) -> Key | None:
    """The key with the digest `new` of the text that had `old`, which hangs on another root secret now. None when it is
    another key meanwhile. Tokens that were issued for it go on to their end."""
    if key.digest != old or key.revoked is not None:
        return None
    former = tuple(each for each in key.former if each.expires > now)
    same = Former(old, now + LIFETIME, is_same=True)
    return msgspec.structs.replace(key, digest=new, former=(same, *former), root=root)


def hangs_on_another(key: Key, root: str, now: float) -> bool:
    """Whether it can be used, and would end if every root secret but the one with this mark were gone."""
    return key.root != root and key.revoked is None and (key.expires is None or key.expires > now)


def made_id(kind: str, now: float, entropy: bytes) -> str:
    """An id of something new, ordered by the time `now` (unix seconds): `key_0193...`. 8 random bytes are enough."""
    return f"{kind}_{int(now * 1000):012x}{entropy.hex()}"


def _check(body: str) -> str:
    return base62(crc32(body.encode()).to_bytes(4))

"""Which key a text is: by the digest that it has now, else by one that hangs on a root secret of before.

A key whose digest is up to date is found by one look-up. The digest of another is renewed beside the request, so that
the former secret can be dropped one day.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Final

from gigamost.auth import keys
from gigamost.auth.ring import Known, Ring
from gigamost.core.tenancy import Key

_CACHED: Final = 1024  # a client sends the same key with every request, and its digest costs more than all the rest
Renew = Callable[[Key, bytes], None]


class Digests:
    """`pepper` is the key of digests, those that hang on `former` are recognised too. `renew` is told of stored keys
    that need not hang on it any more: the key, and the digest that its text has now."""

    def __init__(self, pepper: bytes, former: Sequence[keys.Pepper] = (), renew: Renew | None = None) -> None:
        self.of = _by(pepper)
        self._former = [(each.is_outdated, _by(each.key)) for each in former]
        self._renew = renew

    def find(self, ring: Ring, text: str, digest: bytes) -> Known | None:
        """`digest` is that of the text, or the one that a token in its place names."""
        known = ring.find(digest)
        if not self._former or (known is not None and known.until is None):
            return known
        for is_outdated, digest_by in self._former:
            lasting = ring.find(digest_by(text))
            if lasting is not None and lasting.until is None:
                if is_outdated and lasting.is_stored and self._renew is not None:
                    self._renew(lasting.principal.key, digest)
                return lasting
        return known or next((found for _, found in self.every(ring, text)), None)

    def lasting(self, ring: Ring, text: str) -> bytes | None:
        """The digest by which a key is known, of several the one that has no end; None for no key."""
        found = [(known.until is not None, digest) for digest, known in self.every(ring, text)]
        return min(found)[1] if found else None

    def every(self, ring: Ring, text: str) -> Iterator[tuple[bytes, Known]]:
        for digest_by in (self.of, *(digest_by for _, digest_by in self._former)):
            digest = digest_by(text)
            known = ring.find(digest)
            if known is not None:
                yield digest, known


def _by(pepper: bytes) -> Callable[[str], bytes]:
    return lru_cache(maxsize=_CACHED)(partial(keys.digest, pepper))

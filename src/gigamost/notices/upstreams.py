"""How credentials of upstreams stand: whether requests can go there, and whether their tokens will go on coming.

Both last as long as they are so. A credential is down from two looks on, so that a single failure is none.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

import msgspec

from gigamost.core.notices import Finding, Json

NEAR: Final = 300.0  # seconds before the end of a token that nobody can renew

Tokens = Literal["none", "valid", "refreshing", "fallback", "failed"]
DOWN: Final = "upstream.down:"
TROUBLE: Final = "token.trouble:"


class Seen(msgspec.Struct, frozen=True):
    """A credential as one look found it. `token_left` is seconds, None where nobody knows."""

    name: str
    upstream: str
    is_closed: bool  # its breaker
    tokens: Tokens
    token_left: float | None
    last_error: str


def down(seen: Iterable[Seen]) -> Iterator[Finding]:
    """Those that nothing can be sent to: the breaker is open or probes, or there is no token."""
    for each in seen:
        if not each.is_closed or each.tokens == "failed":
            reason = "token" if each.tokens == "failed" else "breaker"
            yield _lasting("upstream.down", f"{DOWN}{each.name}", each, {"reason": reason, "error": each.last_error})


def up(name: str, seen: Seen | None) -> Finding:
    """The other end of `down`; without `seen` the credential was taken out of the settings."""
    data: dict[str, Json] = {"name": name, "upstream": seen.upstream if seen else None, "removed": seen is None}
    return Finding("upstream.up", f"upstream.up:{name}", "", data)


def is_over(key: str, seen: Mapping[str, Seen]) -> bool:
    """Whether what lasted under this key is known to be over: a token that is being asked for says nothing yet. `seen`
    are the credentials by name."""
    found = seen.get(name_in(key))
    if found is None:
        return True
    return found.tokens in ("valid", "fallback") and (found.is_closed or not key.startswith(DOWN))


def name_in(key: str) -> str:
    """The credential that a key of this module names."""
    return key.removeprefix(DOWN) if key.startswith(DOWN) else key.removeprefix(TROUBLE).partition(":")[2]


def troubled(seen: Iterable[Seen]) -> Iterator[Finding]:
    """Those whose tokens are refused, or whose fallback serves because none comes; that one cannot be renewed, so its
    end is told of as well."""
    for each in seen:
        if each.tokens == "failed":
            yield _lasting("token.trouble", f"{TROUBLE}refused:{each.name}", each, _told(each, "refused"))
        elif each.tokens == "fallback":
            yield _lasting("token.trouble", f"{TROUBLE}fallback:{each.name}", each, _told(each, "fallback"))
            if each.token_left is not None and each.token_left <= NEAR:
                yield _lasting("token.trouble", f"{TROUBLE}ending:{each.name}", each, _told(each, "fallback_ending"))


def _told(seen: Seen, reason: str) -> dict[str, Json]:
    left = None if seen.token_left is None else int(seen.token_left)
    return {"reason": reason, "token_left": left, "error": seen.last_error}


def _lasting(kind: Literal["upstream.down", "token.trouble"], key: str, seen: Seen, more: dict[str, Json]) -> Finding:
    return Finding(kind, key, "", {"name": seen.name, "upstream": seen.upstream, **more}, lasts=True)

"""What ends by itself, and is told of ahead: 14, 3 and 1 days."""

from collections.abc import Iterable, Iterator
from typing import Final

from gigamost.core.notices import FOR_EVER, Finding
from gigamost.core.tenancy import Key

DAY: Final = 86_400
AHEAD: Final = (1, 3, 14)  # days


def stage(left: float, life: float = FOR_EVER) -> int | None:
    """The days of `AHEAD` that are reached when `left` seconds are left. What lives shorter than that (`life`, seconds)
    is not told of so early."""
    return next((days for days in AHEAD if left <= days * DAY < life), None)


def keys(known: Iterable[Key], now: float) -> Iterator[Finding]:
    """The keys that will end. What has ended is nobody's surprise any more."""
    for key in known:
        if key.expires is None or key.revoked is not None or key.expires <= now:
            continue
        days = stage(key.expires - now, key.expires - key.created)
        if days is not None:
            yield Finding(
                kind="key.expiring",
                key=f"key.expiring:{key.id}:{key.expires}:{days}",
                tenant=key.tenant,
                data={"id": key.id, "name": key.name, "prefix": key.prefix, "expires": key.expires, "days": days},
                keep=key.expires + DAY,
            )

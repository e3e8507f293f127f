"""`core.ports.Cache` in the memory of this process: what was not asked for the longest goes first."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

LARGEST: Final = 256 * 1024  # bytes of a value that is kept, here and in Redis
_ASIDE: Final = 300  # bytes that an entry takes beside its value


class _Kept(NamedTuple):
    value: bytes
    ends: float


class LocalCache:
    """`max_bytes` for everything in it. `now` is seconds of any clock that does not go back."""

    def __init__(self, max_bytes: int, now: Callable[[], float]) -> None:
        self.size = 0
        self._max = max_bytes
        self._now = now
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()

    async def get(self, digests: Sequence[bytes]) -> Sequence[bytes | None]:
        now = self._now()
        return [self._get(digest, now) for digest in digests]

    def put(self, digest: bytes, value: bytes, seconds: int) -> None:
        self._drop(digest)
        if len(value) > LARGEST:
            return
        self._kept[digest] = _Kept(value, self._now() + seconds)
        self.size += len(value) + _ASIDE
        while self.size > self._max:
            self._drop(next(iter(self._kept)))

    def _get(self, digest: bytes, now: float) -> bytes | None:
        kept = self._kept.get(digest)
        if kept is None:
            return None
        if kept.ends <= now:
            self._drop(digest)
            return None
        self._kept.move_to_end(digest)
        return kept.value

    def _drop(self, digest: bytes) -> None:
        kept = self._kept.pop(digest, None)
        if kept is not None:
            self.size -= len(kept.value) + _ASIDE

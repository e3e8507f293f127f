"""Links that let one person in, once: dev mode prints one at the start. They are in this process alone."""

import hashlib
import secrets
from collections.abc import Callable
from typing import Final

LIFETIME: Final = 600  # seconds


class Links:
    """`now` is seconds of a clock that does not go back."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ends: dict[bytes, float] = {}  # by digest

    def make(self) -> str:
        """The text of a new one. It is found by its digest, which nobody can choose."""
        text = secrets.token_urlsafe(32)
        self._ends[_digest(text)] = self._now() + LIFETIME
        return text

    def use(self, text: str) -> bool:
        """Whether it was good; it is not good again."""
        ends = self._ends.pop(_digest(text), None)
        return ends is not None and self._now() < ends


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

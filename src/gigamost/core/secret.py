"""A value that must never be printed: it shows itself only when asked by name."""

import hashlib
from typing import Final

import msgspec


class Secret:
    """A key, a password or a token. `repr`, `str`, `format` and JSON show stars; `reveal()` gives the text."""

    __slots__ = ("_text",)
    STARS: Final = "**********"

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def digest(self, purpose: str) -> str:
        """A full SHA-256 (hex) bound to a purpose: safe as a cache key, useless as a credential."""
        return hashlib.sha256(purpose.encode() + b"\0" + self._text.encode("utf-8", "surrogatepass")).hexdigest()

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return f"Secret({self.STARS!r})" if self._text else "Secret('')"

    def __str__(self) -> str:
        return self.STARS if self._text else ""


class AccessToken(msgspec.Struct, frozen=True):
    """`value` goes into `Authorization: Bearer`; None: no such header (a client certificate says who we are).

    `expires_at` is unix seconds, None when the upstream did not say: the token then serves until a 401.
    """

    value: Secret | None
    expires_at: float | None = None

"""Credentials of upstreams: what the gateway knows (a key, a password, a certificate) turned into an access token.

A credential is a generator flow without I/O: it yields requests, is sent their answers and returns the token.
"""

from collections.abc import Callable, Generator
from typing import Literal, NamedTuple, Protocol

from gigamost.core.secret import AccessToken, Secret
from gigamost.upstreams.http import HttpAnswer, HttpRequest

__all__ = ["AccessToken", "Credential", "Flow", "Holder", "Owner"]

Owner = Literal["operator", "client"]
Flow = Generator[HttpRequest, HttpAnswer, AccessToken]


class Holder(NamedTuple):
    """Who has to correct a credential, in which settings, and what of it no error may quote."""

    owner: Owner
    settings: str
    secrets: tuple[Secret, ...] = ()


class Credential(Protocol):
    @property
    def id(self) -> str:
        """A full SHA-256 (hex) over the secret and all that decides what its token may do, the owner included: a cache
        key, and no two credentials share it."""
        ...

    @property
    def holder(self) -> Holder: ...

    def flow(self, now: Callable[[], float], new_id: Callable[[], str]) -> Flow:
        """`now` is unix seconds, `new_id` makes a new uuid4. Raises GatewayError whose code is a `TokenFault` when the
        upstream gives no token."""
        ...

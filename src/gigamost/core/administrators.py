"""Who runs the gateway: administrators and the sessions that their logins begin, and what is needed of a store of them.

Nothing here opens anything by itself: a password is kept as `auth.passwords` has it, a session as a digest.
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import msgspec

from gigamost.core.tenancy import Change

Role = Literal["viewer", "operator", "admin"]  # each may do what those before it may


class Administrator(msgspec.Struct, frozen=True):
    """`tenant` is the id of the one to whose things this administrator is confined, None for nobody's. `epoch` goes up
    whenever the sessions that there are have to end; `created` is unix seconds."""

    id: str
    name: str
    role: Role
    password: str
    created: int
    tenant: str | None = None
    is_disabled: bool = False
    epoch: int = 0


class Session(msgspec.Struct, frozen=True):
    """`administrator` is an id, "" for whoever came by the one-time link of dev mode. Times are unix seconds: `ends` at
    the latest, `seen` when it was used last (to the minute)."""

    digest: bytes
    administrator: str
    epoch: int
    began: int
    seen: int
    ends: int


class Administrators(Protocol):
    """No two have one name: GatewayError (400) for a name that is taken."""

    async def add(self, administrator: Administrator, change: Change) -> None: ...

    async def get(self, administrator: str) -> Administrator | None:
        """By the id, else by the name."""
        ...

    async def edit(
        self, administrator: str, edit: Callable[[Administrator], Administrator], change: Change
    ) -> Administrator | None:
        """By the id; otherwise as `core.directory.Keys.edit`."""
        ...

    async def page(self, before: str, limit: int, tenant: str | None = None) -> Sequence[Administrator]:
        """The newest first; with `tenant` those who are confined to it."""
        ...


class Sessions(Protocol):
    async def begin(self, session: Session, change: Change) -> None:
        """Forgets those that have ended by then, too."""
        ...

    async def find(self, digest: bytes) -> tuple[Session, Administrator | None] | None:
        """With its administrator as he or she is now."""
        ...

    async def see(self, digest: bytes, seen: int) -> None: ...

    async def end(self, digest: bytes) -> None: ...

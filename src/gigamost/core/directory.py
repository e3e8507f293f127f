"""What is needed of a store of keys and tenants.

Directory ─ keys, tenants, administrators, sessions, audit
    every change writes its line into the audit, in one piece with itself
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from gigamost.core.administrators import Administrators, Sessions
from gigamost.core.tenancy import Change, Key, Roll, Tenant


class Keys(Protocol):
    """Every change raises the revision."""

    async def add(self, key: Key, change: Change) -> None: ...

    async def get(self, key: str) -> Key | None:
        """By its id."""
        ...

    async def edit(self, key: str, edit: Callable[[Key], Key], change: Change) -> Key | None:
        """Replaces it by what `edit` makes of it, which nobody else changes meanwhile; what `edit` raises comes
        through, and nothing is changed then. None when there is no such key."""
        ...

    async def page(self, before: str, limit: int, tenant: str | None = None) -> Sequence[Key]:
        """The newest first, with `tenant` (an id) its own alone; `before` is the id of the last one of the page before,
        "" for the first page."""
        ...


class Tenants(Protocol):
    """As `Keys`. No two tenants have one name: GatewayError (400) for a name that is taken."""

    async def add(self, tenant: Tenant, change: Change) -> None: ...

    async def get(self, tenant: str) -> Tenant | None:
        """By its id, else by its name."""
        ...

    async def edit(self, tenant: str, edit: Callable[[Tenant], Tenant], change: Change) -> Tenant | None:
        """By its id."""
        ...

    async def page(self, before: str, limit: int) -> Sequence[Tenant]: ...


class Audit(Protocol):
    """What administrators did. Changes of keys, tenants and administrators come here by themselves, with the tenant
    whose they are."""

    async def add(self, change: Change) -> None: ...

    async def page(self, before: str, limit: int, tenant: str | None = None) -> Sequence[Change]: ...


class Rolls(Protocol):
    async def revision(self) -> int:
        """Higher after every change of a key or a tenant."""
        ...

    async def roll(self) -> Roll: ...


class Directory(Rolls, Protocol):
    """Every method raises GatewayError (503) when the store cannot be used."""

    @property
    def keys(self) -> Keys: ...

    @property
    def tenants(self) -> Tenants: ...

    @property
    def administrators(self) -> Administrators: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def audit(self) -> Audit: ...


class OpenDirectory(Protocol):
    """Opens it when it is needed for the first time. Raises GatewayError (503)."""

    async def __call__(self) -> Directory: ...

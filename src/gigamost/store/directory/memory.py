"""Keys and tenants for as long as the process lives, and the model that the tests hold the databases to."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from gigamost.core.errors import invalid
from gigamost.core.tenancy import DEFAULT_TENANT, Change, Key, Roll, Tenant

Item = TypeVar("Item", Key, Tenant, Change)


class MemoryDirectory:
    """`core.directory.Directory`."""

    def __init__(self) -> None:
        self.number = 0
        self.audit = _Audit()
        self.keys = _Keys(self)
        self.tenants = _Tenants(self)

    async def revision(self) -> int:
        return self.number

    async def roll(self) -> Roll:
        return Roll(self.number, tuple(self.keys.all.values()), tuple(self.tenants.all.values()))

    async def changed(self, change: Change) -> None:
        self.number += 1
        await self.audit.add(change)


class _Keys:
    def __init__(self, directory: MemoryDirectory) -> None:
        self._directory = directory
        self.all: dict[str, Key] = {}

    async def add(self, key: Key, change: Change) -> None:
        self.all[key.id] = key
        await self._directory.changed(change)

    async def get(self, key: str) -> Key | None:
        return self.all.get(key)

    async def edit(self, key: str, edit: Callable[[Key], Key], change: Change) -> Key | None:
        if key not in self.all:
            return None
        self.all[key] = edited = edit(self.all[key])
        await self._directory.changed(change)
        return edited

    async def page(self, before: str, limit: int) -> Sequence[Key]:
        return _newest(self.all, before, limit)


class _Tenants:
    def __init__(self, directory: MemoryDirectory) -> None:
        self._directory = directory
        self.all = {DEFAULT_TENANT: Tenant(DEFAULT_TENANT, DEFAULT_TENANT, created=0)}

    async def add(self, tenant: Tenant, change: Change) -> None:
        self._put(tenant)
        await self._directory.changed(change)

    async def get(self, tenant: str) -> Tenant | None:
        return self.all.get(tenant) or next((each for each in self.all.values() if each.name == tenant), None)

    async def edit(self, tenant: str, edit: Callable[[Tenant], Tenant], change: Change) -> Tenant | None:
        if tenant not in self.all:
            return None
        edited = edit(self.all[tenant])
        self._put(edited)
        await self._directory.changed(change)
        return edited

    async def page(self, before: str, limit: int) -> Sequence[Tenant]:
        return _newest(self.all, before, limit)

    def _put(self, tenant: Tenant) -> None:
        if any(each.name == tenant.name and each.id != tenant.id for each in self.all.values()):
            raise invalid(f"name: there is a tenant called {tenant.name[:80]!r} already.", "name", "name_taken")
        self.all[tenant.id] = tenant


class _Audit:
    def __init__(self) -> None:
        self.all: dict[str, Change] = {}

    async def add(self, change: Change) -> None:
        self.all[change.id] = change

    async def page(self, before: str, limit: int) -> Sequence[Change]:
        return _newest(self.all, before, limit)


def _newest(items: dict[str, Item], before: str, limit: int) -> Sequence[Item]:
    ids = sorted((each for each in items if not before or each < before), reverse=True)
    return [items[each] for each in ids[:limit]]

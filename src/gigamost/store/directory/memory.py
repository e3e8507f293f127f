"""Keys and tenants for as long as the process lives, and the model that the tests hold the databases to."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from gigamost.core.administrators import Administrator, Session
from gigamost.core.errors import invalid
from gigamost.core.tenancy import DEFAULT_TENANT, Change, Key, Roll, Tenant

Item = TypeVar("Item", Key, Tenant, Administrator, Change)


class MemoryDirectory:
    """`core.directory.Directory`."""

    def __init__(self) -> None:
        self.number = 0
        self.audit = _Audit()
        self.keys = _Keys(self)
        self.tenants = _Tenants(self)
        self.administrators = _Administrators(self)
        self.sessions = _Sessions(self)

    async def revision(self) -> int:
        return self.number

    async def roll(self) -> Roll:
        return Roll(self.number, tuple(self.keys.all.values()), tuple(self.tenants.all.values()))

    async def changed(self, change: Change, tenant: str) -> None:
        self.number += 1
        await self.noted(change, tenant)

    async def noted(self, change: Change, tenant: str | None) -> None:
        await self.audit.add(msgspec.structs.replace(change, tenant=tenant))


class _Keys:
    def __init__(self, directory: MemoryDirectory) -> None:
        self._directory = directory
        self.all: dict[str, Key] = {}

    async def add(self, key: Key, change: Change) -> None:
        self.all[key.id] = key
        await self._directory.changed(change, key.tenant)

    async def get(self, key: str) -> Key | None:
        return self.all.get(key)

    async def edit(self, key: str, edit: Callable[[Key], Key], change: Change) -> Key | None:
        if key not in self.all:
            return None
        self.all[key] = edited = edit(self.all[key])
        await self._directory.changed(change, edited.tenant)
        return edited

    async def page(self, before: str, limit: int, tenant: str | None = None) -> Sequence[Key]:
        mine = {id_: each for id_, each in self.all.items() if tenant in (None, each.tenant)}
        return _newest(mine, before, limit)


class _Tenants:
    def __init__(self, directory: MemoryDirectory) -> None:
        self._directory = directory
        self.all = {DEFAULT_TENANT: Tenant(DEFAULT_TENANT, DEFAULT_TENANT, created=0)}

    async def add(self, tenant: Tenant, change: Change) -> None:
        self._put(tenant)
        await self._directory.changed(change, tenant.id)

    async def get(self, tenant: str) -> Tenant | None:
        return self.all.get(tenant) or next((each for each in self.all.values() if each.name == tenant), None)

    async def edit(self, tenant: str, edit: Callable[[Tenant], Tenant], change: Change) -> Tenant | None:
        if tenant not in self.all:
            return None
        edited = edit(self.all[tenant])
        self._put(edited)
        await self._directory.changed(change, edited.id)
        return edited

    async def page(self, before: str, limit: int) -> Sequence[Tenant]:
        return _newest(self.all, before, limit)

    def _put(self, tenant: Tenant) -> None:
        if any(each.name == tenant.name and each.id != tenant.id for each in self.all.values()):
            raise invalid(f"name: there is a tenant called {tenant.name[:80]!r} already.", "name", "name_taken")
        self.all[tenant.id] = tenant


class _Administrators:
    def __init__(self, directory: MemoryDirectory) -> None:
        self._directory = directory
        self.all: dict[str, Administrator] = {}

    async def add(self, administrator: Administrator, change: Change) -> None:
        if any(each.name == administrator.name for each in self.all.values()):
            name = administrator.name[:80]
            raise invalid(f"name: there is an administrator called {name!r} already.", "name", "name_taken")
        self.all[administrator.id] = administrator
        await self._directory.noted(change, administrator.tenant)

    async def get(self, administrator: str) -> Administrator | None:
        named = (each for each in self.all.values() if each.name == administrator)
        return self.all.get(administrator) or next(named, None)

    async def edit(
        self, administrator: str, edit: Callable[[Administrator], Administrator], change: Change
    ) -> Administrator | None:
        if administrator not in self.all:
            return None
        self.all[administrator] = edited = edit(self.all[administrator])
        await self._directory.noted(change, edited.tenant)
        return edited

    async def page(self, before: str, limit: int, tenant: str | None = None) -> Sequence[Administrator]:
        mine = {id_: each for id_, each in self.all.items() if tenant in (None, each.tenant)}
        return _newest(mine, before, limit)


class _Sessions:
    def __init__(self, directory: MemoryDirectory) -> None:
        self._directory = directory
        self.all: dict[bytes, Session] = {}

    async def begin(self, session: Session, change: Change) -> None:
        self.all = {digest: each for digest, each in self.all.items() if each.ends > session.began}
        self.all[session.digest] = session
        await self._directory.noted(change, change.tenant)

    async def find(self, digest: bytes) -> tuple[Session, Administrator | None] | None:
        session = self.all.get(digest)
        return (session, self._directory.administrators.all.get(session.administrator)) if session else None

    async def see(self, digest: bytes, seen: int) -> None:
        if digest in self.all:
            self.all[digest] = msgspec.structs.replace(self.all[digest], seen=seen)

    async def end(self, digest: bytes) -> None:
        self.all.pop(digest, None)


class _Audit:
    def __init__(self) -> None:
        self.all: dict[str, Change] = {}

    async def add(self, change: Change) -> None:
        self.all[change.id] = change

    async def page(self, before: str, limit: int, tenant: str | None = None) -> Sequence[Change]:
        mine = {id_: each for id_, each in self.all.items() if tenant in (None, each.tenant)}
        return _newest(mine, before, limit)


def _newest(items: Mapping[str, Item], before: str, limit: int) -> Sequence[Item]:
    ids = sorted((each for each in items if not before or each < before), reverse=True)
    return [items[each] for each in ids[:limit]]

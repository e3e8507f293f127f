"""`core.directory.Directory` in a database. A change, its line in the audit and its revision are one transaction."""

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost.core.errors import invalid
from gigamost.core.tenancy import Change, Key, Roll, Tenant
from gigamost.store.directory.audit import SqlAudit, line, newest
from gigamost.store.directory.people import SqlAdministrators, SqlSessions
from gigamost.store.directory.rows import (
    KEY_COLUMNS,
    TENANT_COLUMNS,
    key_of,
    row_of_key,
    row_of_tenant,
    tenant_of,
)
from gigamost.store.engine import Database
from gigamost.store.tables.access import AUDIT, KEYS, REVISIONS, TENANTS

ACCESS: Final = "access"  # the revision of keys and tenants
_KEYS: Final = select(*(KEYS.c[name] for name in KEY_COLUMNS))
_TENANTS: Final = select(*(TENANTS.c[name] for name in TENANT_COLUMNS))
_REVISION: Final = select(REVISIONS.c.number).where(REVISIONS.c.name == ACCESS)


class SqlDirectory:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.keys = _Keys(database)
        self.tenants = _Tenants(database)
        self.administrators = SqlAdministrators(database)
        self.sessions = SqlSessions(database)
        self.audit = SqlAudit(database)

    async def revision(self) -> int:
        async with self._database.read() as connection:
            return await _revision(connection)

    async def roll(self) -> Roll:
        async with self._database.read() as connection:
            revision = await _revision(connection)
            keys = tuple(key_of(row) for row in await connection.execute(_KEYS))
            tenants = tuple(tenant_of(row) for row in await connection.execute(_TENANTS))
        return Roll(revision, keys, tenants)


class _Keys:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: Key, change: Change) -> None:
        async with self._database.write() as connection:
            await connection.execute(insert(KEYS), row_of_key(key))
            await _changed(connection, change, key.tenant)

    async def get(self, key: str) -> Key | None:
        async with self._database.read() as connection:
            row = (await connection.execute(_KEYS.where(KEYS.c.id == key))).first()
        return key_of(row) if row is not None else None

    async def edit(self, key: str, edit: Callable[[Key], Key], change: Change) -> Key | None:
        this = KEYS.c.id == key
        async with self._database.write() as connection:
            row = (await connection.execute(_KEYS.where(this).with_for_update())).first()
            if row is None:
                return None
            edited = edit(key_of(row))
            await connection.execute(update(KEYS).where(this).values(row_of_key(edited)))
            await _changed(connection, change, edited.tenant)
        return edited

    async def page(self, before: str, limit: int, tenant: str | None = None) -> Sequence[Key]:
        async with self._database.read() as connection:
            rows = (await connection.execute(newest(_KEYS, KEYS, before, limit, tenant))).all()
        return [key_of(row) for row in rows]


class _Tenants:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, tenant: Tenant, change: Change) -> None:
        async with self._database.write() as connection:
            try:
                await connection.execute(insert(TENANTS), row_of_tenant(tenant))
            except IntegrityError as error:
                raise name_taken(tenant.name) from error
            await _changed(connection, change, tenant.id)

    async def get(self, tenant: str) -> Tenant | None:
        by_either = _TENANTS.where(or_(TENANTS.c.id == tenant, TENANTS.c.name == tenant))
        async with self._database.read() as connection:
            found = [tenant_of(row) for row in await connection.execute(by_either)]
        return next((each for each in found if each.id == tenant), found[0] if found else None)

    async def edit(self, tenant: str, edit: Callable[[Tenant], Tenant], change: Change) -> Tenant | None:
        this = TENANTS.c.id == tenant
        async with self._database.write() as connection:
            row = (await connection.execute(_TENANTS.where(this).with_for_update())).first()
            if row is None:
                return None
            edited = edit(tenant_of(row))
            try:
                await connection.execute(update(TENANTS).where(this).values(row_of_tenant(edited)))
            except IntegrityError as error:
                raise name_taken(edited.name) from error
            await _changed(connection, change, edited.id)
        return edited

    async def page(self, before: str, limit: int) -> Sequence[Tenant]:
        async with self._database.read() as connection:
            rows = (await connection.execute(newest(_TENANTS, TENANTS, before, limit))).all()
        return [tenant_of(row) for row in rows]


def name_taken(name: str) -> Exception:
    return invalid(f"name: there is a tenant called {name[:80]!r} already.", "name", "name_taken")


async def _revision(connection: AsyncConnection) -> int:
    return int(await connection.scalar(_REVISION) or 0)


async def _changed(connection: AsyncConnection, change: Change, tenant: str) -> None:
    """The revision's row is the last that a change locks: who reads a revision sees everything that led to it."""
    await connection.execute(insert(AUDIT), line(change, tenant))
    number = REVISIONS.c.number
    await connection.execute(update(REVISIONS).where(REVISIONS.c.name == ACCESS).values(number=number + 1))

"""The audit in a database, and how lists are read from it and its neighbours: the newest first."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, Table, insert, select

from gigamost.core.tenancy import Change
from gigamost.store.engine import Database
from gigamost.store.tables.access import AUDIT


class SqlAudit:
    """`core.directory.Audit`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, change: Change) -> None:
        async with self._database.write() as connection:
            await connection.execute(insert(AUDIT), line(change, change.tenant))

    async def page(self, before: str, limit: int, tenant: str | None = None) -> Sequence[Change]:
        async with self._database.read() as connection:
            rows = (await connection.execute(newest(select(AUDIT), AUDIT, before, limit, tenant))).all()
        return [
            Change(row.id, row.at, row.actor, row.action, row.target, msgspec.Raw(row.details), row.tenant)
            for row in rows
        ]


def line(change: Change, tenant: str | None) -> dict[str, Any]:  # values of any column
    """As the line of this tenant."""
    return msgspec.structs.asdict(change) | {"details": bytes(change.details), "tenant": tenant}


def newest(
    query: Select[*tuple[Any, ...]], table: Table, before: str, limit: int, tenant: str | None = None
) -> Select[*tuple[Any, ...]]:
    """A page of a table with an id and a tenant; `tenant` None: everybody's."""
    if before:
        query = query.where(table.c.id < before)
    if tenant is not None:
        query = query.where(table.c.tenant == tenant)
    return query.order_by(table.c.id.desc()).limit(limit)

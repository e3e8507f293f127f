"""Administrators and their sessions in a database: a part of `sql.SqlDirectory`."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from gigamost.core.administrators import Administrator, Session
from gigamost.core.errors import GatewayError, invalid
from gigamost.core.tenancy import Change
from gigamost.store.directory.audit import line, newest
from gigamost.store.engine import Database
from gigamost.store.tables.access import ADMINISTRATORS, AUDIT, SESSIONS

_FIELDS: Final = Administrator.__struct_fields__
_EVERYBODY: Final = select(*(ADMINISTRATORS.c[name] for name in _FIELDS))
_ALL_SESSIONS: Final = select(*(SESSIONS.c[name] for name in Session.__struct_fields__))
_PERSON: Final = ADMINISTRATORS.c


class SqlAdministrators:
    """`core.administrators.Administrators`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, administrator: Administrator, change: Change) -> None:
        async with self._database.write() as connection:
            try:
                await connection.execute(insert(ADMINISTRATORS), _columns(administrator))
            except IntegrityError as error:
                raise person_taken(administrator.name) from error
            await connection.execute(insert(AUDIT), line(change, administrator.tenant))

    async def get(self, administrator: str) -> Administrator | None:
        by_either = _EVERYBODY.where(or_(_PERSON.id == administrator, _PERSON.name == administrator))
        async with self._database.read() as connection:
            found = [_person(row) for row in await connection.execute(by_either)]
        return next((each for each in found if each.id == administrator), found[0] if found else None)

    async def edit(
        self, administrator: str, edit: Callable[[Administrator], Administrator], change: Change
    ) -> Administrator | None:
        this = _PERSON.id == administrator
        async with self._database.write() as connection:
            row = (await connection.execute(_EVERYBODY.where(this).with_for_update())).first()
            if row is None:
                return None
            edited = edit(_person(row))
            await connection.execute(update(ADMINISTRATORS).where(this).values(_columns(edited)))
            await connection.execute(insert(AUDIT), line(change, edited.tenant))
        return edited

    async def page(self, before: str, limit: int, tenant: str | None = None) -> Sequence[Administrator]:
        async with self._database.read() as connection:
            rows = await connection.execute(newest(_EVERYBODY, ADMINISTRATORS, before, limit, tenant))
            return [_person(row) for row in rows]


class SqlSessions:
    """`core.administrators.Sessions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, session: Session, change: Change) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(SESSIONS).where(SESSIONS.c.ends <= session.began))
            await connection.execute(insert(SESSIONS), msgspec.structs.asdict(session))
            await connection.execute(insert(AUDIT), line(change, change.tenant))

    async def find(self, digest: bytes) -> tuple[Session, Administrator | None] | None:
        this = _ALL_SESSIONS.where(SESSIONS.c.digest == digest)
        async with self._database.read() as connection:
            row = (await connection.execute(this)).first()
            if row is None:
                return None
            session = Session(*row)
            whose = _EVERYBODY.where(_PERSON.id == session.administrator)
            found = (await connection.execute(whose)).first()
        return session, _person(found) if found is not None else None

    async def see(self, digest: bytes, seen: int) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(SESSIONS).where(SESSIONS.c.digest == digest).values(seen=seen))

    async def end(self, digest: bytes) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest))


def person_taken(name: str) -> GatewayError:
    return invalid(f"name: there is an administrator called {name[:80]!r} already.", "name", "name_taken")


def _columns(administrator: Administrator) -> dict[str, Any]:  # values of any column
    return msgspec.structs.asdict(administrator)


def _person(row: Row[Any]) -> Administrator:
    """Checked: a role that this version does not know must not become one that it does."""
    return msgspec.convert(dict(zip(_FIELDS, row, strict=True)), Administrator)

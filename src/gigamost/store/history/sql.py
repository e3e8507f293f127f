"""`core.ports.History` in a database."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, literal, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gigamost.core.history import Conversation, Erased, Item, KeptResponse, Link, Page, Refers, Window
from gigamost.store.engine import Database
from gigamost.store.tables.history import CONVERSATIONS, ITEMS, NAMED, RESPONSES

_AT_ONCE: Final = 500  # ids in one statement
_metadata = msgspec.json.Decoder(dict[str, str]).decode


class SqlHistory:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.responses = _Responses(database)
        self.conversations = _Conversations(database)
        self.items = _Items(database)

    async def said(self, tenant: str, holders: Sequence[str], limit: int) -> Sequence[Item] | None:
        found: dict[str, list[Item]] = {holder: [] for holder in holders}
        async with self._database.read() as connection:
            for ids in _batches(holders):
                these = and_(ITEMS.c.tenant == tenant, ITEMS.c.holder.in_(ids))
                size = await connection.scalar(select(func.sum(func.length(ITEMS.c.body))).where(these))
                limit -= size or 0
                if limit < 0:
                    return None
                query = select(ITEMS.c.holder, ITEMS.c.id, ITEMS.c.body).where(these)
                for row in await connection.execute(query.order_by(ITEMS.c.holder, ITEMS.c.position)):
                    found[row.holder].append(_item(row))
        return [item for items in found.values() for item in items]

    async def erase(self, tenant: str, subjects: Sequence[str]) -> Erased:
        async with self._database.write() as connection:
            responses = (
                await connection.scalars(select(RESPONSES.c.id).where(*_named(RESPONSES.c, tenant, subjects)))
            ).all()
            talks = (
                await connection.scalars(select(CONVERSATIONS.c.id).where(*_named(CONVERSATIONS.c, tenant, subjects)))
            ).all()
            for some in _batches(responses):
                # What was said stands in the conversation of the answer as well, under the same ids.
                said = select(ITEMS.c.id).where(ITEMS.c.holder.in_(some), ITEMS.c.tenant == tenant)
                everywhere = (await connection.scalars(said)).all()
                for items in _batches(everywhere):
                    await connection.execute(delete(ITEMS).where(ITEMS.c.tenant == tenant, ITEMS.c.id.in_(items)))
                await connection.execute(delete(RESPONSES).where(RESPONSES.c.id.in_(some)))
            for some in _batches(talks):
                await connection.execute(delete(ITEMS).where(ITEMS.c.holder.in_(some), ITEMS.c.tenant == tenant))
                await connection.execute(delete(CONVERSATIONS).where(CONVERSATIONS.c.id.in_(some)))
        await _forgotten(self._database, len(responses) + len(talks))
        return Erased(tuple(sorted(responses)), len(talks))

    async def sweep(self, now: int) -> int:
        newer = RESPONSES.alias("newer")
        needed = select(newer.c.id).where(newer.c.previous == RESPONSES.c.id).exists()
        expired = select(RESPONSES.c.id).where(RESPONSES.c.expires <= now, ~needed).limit(_AT_ONCE)
        gone = 0
        while True:  # what is forgotten may have been the last one that needed an older one
            async with self._database.write() as connection:
                ids = (await connection.scalars(expired)).all()
                await connection.execute(delete(RESPONSES).where(RESPONSES.c.id.in_(ids)))
                await connection.execute(delete(ITEMS).where(ITEMS.c.holder.in_(ids)))
            gone += len(ids)
            if not ids:
                break
        if gone:
            await self._database.forget()
        return gone


class _Responses:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, tenant: str, kept: KeptResponse, expires: int) -> None:
        row = {
            "id": kept.id,
            "tenant": tenant,
            "previous": kept.refers.response,
            "conversation": kept.refers.conversation,
            "created": kept.created,
            "expires": expires,
            "subject": kept.subject,
            "body": kept.body,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(RESPONSES), row)
            await _put(connection, tenant, kept.id, kept.input, 0)
            await _put(connection, tenant, kept.id, kept.output, len(kept.input), listed=False)
            if kept.refers.conversation:
                await _append(connection, tenant, kept.refers.conversation, (*kept.input, *kept.output))
                if kept.subject:
                    talk = _own(CONVERSATIONS.c, tenant, kept.refers.conversation)
                    unnamed = update(CONVERSATIONS).where(*talk, CONVERSATIONS.c.subject == "")
                    await connection.execute(unnamed.values(subject=kept.subject))

    async def get(self, tenant: str, response: str) -> KeptResponse | None:
        items = select(ITEMS.c.id, ITEMS.c.body, ITEMS.c.listed)
        async with self._database.read() as connection:
            row = (await connection.execute(select(RESPONSES).where(*_own(RESPONSES.c, tenant, response)))).first()
            if row is None:
                return None
            query = items.where(ITEMS.c.holder == response).order_by(ITEMS.c.position)
            rows = (await connection.execute(query)).all()
        asked = tuple(_item(each) for each in rows if each.listed)
        answered = tuple(_item(each) for each in rows if not each.listed)
        refers = Refers(row.previous, row.conversation)
        return KeptResponse(row.id, row.created, row.body, asked, answered, refers, row.subject)

    async def chain(self, tenant: str, response: str) -> Sequence[Link]:
        columns = (RESPONSES.c.id, RESPONSES.c.previous, RESPONSES.c.conversation)
        first = select(*columns, literal(0).label("depth")).where(*_own(RESPONSES.c, tenant, response))
        chain = first.cte("chain", recursive=True)
        older = select(*columns, chain.c.depth + 1).where(
            RESPONSES.c.id == chain.c.previous, RESPONSES.c.tenant == tenant
        )
        chain = chain.union_all(older)
        async with self._database.read() as connection:
            rows = (await connection.execute(select(chain).order_by(chain.c.depth))).all()
        return [Link(row.id, Refers(row.previous, row.conversation)) for row in rows]

    async def delete(self, tenant: str, response: str) -> bool:
        async with self._database.write() as connection:
            done = await connection.execute(delete(RESPONSES).where(*_own(RESPONSES.c, tenant, response)))
            if done.rowcount:
                await connection.execute(delete(ITEMS).where(ITEMS.c.holder == response))
        return await _forgotten(self._database, done.rowcount)


class _Conversations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, tenant: str, conversation: Conversation, items: Sequence[Item]) -> None:
        row = {
            "id": conversation.id,
            "tenant": tenant,
            "created": conversation.created,
            "metadata": msgspec.json.encode(conversation.metadata),
            "subject": conversation.subject,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(CONVERSATIONS), row)
            await _put(connection, tenant, conversation.id, items, 0)

    async def get(self, tenant: str, conversation: str) -> Conversation | None:
        query = select(CONVERSATIONS).where(*_own(CONVERSATIONS.c, tenant, conversation))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return Conversation(row.id, row.created, _metadata(row.metadata), row.subject) if row is not None else None

    async def describe(self, tenant: str, conversation: str, metadata: Mapping[str, str]) -> Conversation | None:
        this = _own(CONVERSATIONS.c, tenant, conversation)
        async with self._database.write() as connection:
            await connection.execute(update(CONVERSATIONS).where(*this).values(metadata=msgspec.json.encode(metadata)))
            columns = select(CONVERSATIONS.c.created, CONVERSATIONS.c.subject)
            row = (await connection.execute(columns.where(*this))).first()
        return Conversation(conversation, row.created, dict(metadata), row.subject) if row is not None else None

    async def delete(self, tenant: str, conversation: str) -> bool:
        async with self._database.write() as connection:
            done = await connection.execute(delete(CONVERSATIONS).where(*_own(CONVERSATIONS.c, tenant, conversation)))
            if done.rowcount:
                await connection.execute(delete(ITEMS).where(ITEMS.c.holder == conversation))
        return await _forgotten(self._database, done.rowcount)


class _Items:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, tenant: str, conversation: str, items: Sequence[Item]) -> bool:
        async with self._database.write() as connection:
            return await _append(connection, tenant, conversation, items)

    async def page(self, tenant: str, holder: str, window: Window) -> Page | None:
        at, is_rising = ITEMS.c.position, window.order == "asc"
        listed = and_(ITEMS.c.tenant == tenant, ITEMS.c.holder == holder, ITEMS.c.listed)
        query = select(ITEMS.c.id, ITEMS.c.body).where(listed).order_by(at if is_rising else at.desc())
        async with self._database.read() as connection:
            if window.after:
                nearest = func.min(at) if is_rising else func.max(at)
                after = await connection.scalar(select(nearest).where(listed, ITEMS.c.id == window.after))
                if after is None:
                    return None
                query = query.where(at > after if is_rising else at < after)
            rows = (await connection.execute(query.limit(window.limit + 1))).all()
        return Page(tuple(map(_item, rows[: window.limit])), len(rows) > window.limit)

    async def find(self, tenant: str, ids: Sequence[str], holder: str = "") -> Mapping[str, Item]:
        found: dict[str, Item] = {}
        async with self._database.read() as connection:
            for some in _batches(ids):
                query = select(ITEMS.c.id, ITEMS.c.body).where(ITEMS.c.tenant == tenant, ITEMS.c.id.in_(some))
                rows = await connection.execute(query.where(ITEMS.c.holder == holder) if holder else query)
                found.update((row.id, _item(row)) for row in rows)
        return found

    async def delete(self, tenant: str, conversation: str, item: str) -> bool:
        there = select(CONVERSATIONS.c.id).where(*_own(CONVERSATIONS.c, tenant, conversation)).exists()
        this = (ITEMS.c.tenant == tenant, ITEMS.c.holder == conversation, ITEMS.c.id == item, there)
        async with self._database.write() as connection:
            done = await connection.execute(delete(ITEMS).where(*this))
        return await _forgotten(self._database, done.rowcount)


async def _forgotten(database: Database, rows: int) -> bool:
    if rows:
        await database.forget()
    return bool(rows)


async def _append(connection: AsyncConnection, tenant: str, conversation: str, items: Sequence[Item]) -> bool:
    """The lock on the conversation's row makes appending processes take turns where the database knows such locks."""
    lock = select(CONVERSATIONS.c.id).where(*_own(CONVERSATIONS.c, tenant, conversation)).with_for_update()
    if await connection.scalar(lock) is None:
        return False
    last = await connection.scalar(select(func.max(ITEMS.c.position)).where(ITEMS.c.holder == conversation))
    await _put(connection, tenant, conversation, items, 0 if last is None else last + 1)
    return True


async def _put(
    connection: AsyncConnection, tenant: str, holder: str, items: Sequence[Item], start: int, *, listed: bool = True
) -> None:
    rows = [
        {"holder": holder, "position": at, "tenant": tenant, "id": item.id, "listed": listed, "body": item.body}
        for at, item in enumerate(items, start)
    ]
    if rows:
        await connection.execute(insert(ITEMS), rows)


def _own(columns: Any, tenant: str, id_: str) -> Iterable[ColumnElement[bool]]:  # the columns of a table, by name
    return columns.id == id_, columns.tenant == tenant


def _named(columns: Any, tenant: str, subjects: Sequence[str]) -> Iterable[ColumnElement[bool]]:  # as above
    return columns.tenant == tenant, columns.subject.in_(subjects), literal_column(NAMED)


def _item(row: Row[*tuple[Any, ...]]) -> Item:
    return Item(row.id, row.body)


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]

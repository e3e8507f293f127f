"""What is kept, in memory, in a SQLite file and in a PostgreSQL: the same suite runs over all of them."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import msgspec
import pytest

from gigamost.core.history import Item, KeptResponse, Refers
from gigamost.core.ports import Books, History, Ledger, Upkeep
from gigamost.store.door import Door
from gigamost.store.engine import Database
from gigamost.store.history.opening import OpeningHistory
from gigamost.store.ledger.memory import MemoryLedger
from gigamost.store.ledger.opening import LedgerOpening
from gigamost.store.ledger.reading import SqlBooks
from gigamost.store.place import Place, Postgres
from gigamost.store.schema import upgrade
from gigamost.store.tables.prompts import SEARCH
from tests.store.servers import copied, empty


def is_compared(name: str | None, kind: str, parents: object) -> bool:
    """The tables of the search are each database's own, and the revision's alone (`store.tables.prompts`)."""
    return kind != "table" or not (name or "").startswith(SEARCH)


COMPARED = {"compare_type": True, "include_name": is_compared}  # tables with revisions, by Alembic
STORES = ("memory", "sqlite", "postgres")
HOUR = 3600.0
NEVER = 2**40


def beginning() -> float:
    """A clock by which nothing expires until a test says so."""
    return 0.0


def item(name: str, text: str = "") -> Item:
    return Item(name, f'{{"id":"{name}","text":"{text}"}}'.encode())


def answer(name: str, *, after: str = "", within: str = "", text: str = "") -> KeptResponse:
    """A response with two items asked and one answered."""
    asked = (item(f"ask0{name}", text), item(f"ask1{name}"))
    body = f'{{"id":"{name}"}}'.encode()
    return KeptResponse(name, 1_700_000_000, body, asked, (item(f"out{name}", text),), Refers(after, within))


class Opened(msgspec.Struct, frozen=True):
    ledger: Ledger
    books: Books
    upkeep: Upkeep


class OpenLedger(Protocol):
    """Opens the ledger for a gateway of that name: of all that a test opens, on the same store."""

    async def __call__(self, replica: str) -> Opened: ...


@pytest.fixture(scope="session")
def template() -> Iterator[Postgres]:
    """A PostgreSQL with the newest schema and nothing in it, to be copied."""
    with empty() as made:
        upgrade(made)
        yield made


@pytest.fixture
def database(template: Postgres) -> Iterator[Postgres]:
    with copied(template) as made:
        yield made


@pytest.fixture(params=STORES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a test keeps things."""
    if request.param == "postgres":
        found: Postgres = request.getfixturevalue("database")
        return found
    return tmp_path / "state.db" if request.param == "sqlite" else None


@pytest.fixture
async def ledgers(place: Place, tmp_path: Path) -> AsyncIterator[OpenLedger]:
    first = MemoryLedger()
    opened: list[LedgerOpening] = []

    async def open_(replica: str) -> Opened:
        if place is None:
            ledger = MemoryLedger(replica, beside=first)
            await ledger.beat()
            return Opened(ledger, ledger, ledger)
        opening = LedgerOpening(place, replica, tmp_path / replica)
        opened.append(opening)
        await opening.start()
        return Opened(opening.ledger, opening.books, opening.upkeep)

    yield open_
    for opening in opened:
        await opening.close()


@pytest.fixture
async def history(place: Place) -> AsyncIterator[History]:
    door = Door(place)
    opening = OpeningHistory(door, sweep=HOUR, now=beginning)
    yield await opening()
    await opening.close()
    await door.close()


@asynccontextmanager
async def postgres_books(place: Postgres) -> AsyncIterator[SqlBooks]:
    database = Database(place)
    yield SqlBooks(database)
    await database.close()

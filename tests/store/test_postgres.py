"""PostgreSQL: who upgrades its schema, and what happens to those who meet an old one."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import Secret
from gigamost.store.door import Door
from gigamost.store.engine import Database
from gigamost.store.history.opening import OpeningHistory
from gigamost.store.ledger.opening import LedgerOpening
from gigamost.store.migrations import HEAD
from gigamost.store.place import Postgres, is_postgres, place_of
from gigamost.store.schema import upgrade
from gigamost.store.tables import METADATA
from tests.store.conftest import COMPARED, HOUR
from tests.store.ledgers import intent
from tests.store.servers import empty, tell


@pytest.fixture
def bare() -> Iterator[Postgres]:
    with empty() as made:
        yield made


async def test_an_upgrade_is_made_once_whoever_asks_for_it(bare: Postgres, tmp_path: Path) -> None:
    """The command, in four processes at the same moment."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "import sys; from gigamost.cli import main; sys.argv[0] = 'gigamost'; main()",
            "db",
            "upgrade",
            stdout=PIPE,
            env={"GIGAMOST_DATABASE_URL": bare.url.reveal(), "HOME": str(tmp_path)},
            cwd=tmp_path,
        )
        for _ in range(4)
    ]
    said = [(await process.communicate())[0].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted("already" in text for text in said) == [False, True, True, True]
    assert all(HEAD in text for text in said)


async def test_the_revisions_make_the_tables(bare: Postgres) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts=COMPARED), METADATA))

    assert await asyncio.to_thread(upgrade, bare) is None
    assert await asyncio.to_thread(upgrade, bare) == HEAD
    database = Database(bare)
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()


@pytest.mark.parametrize("revision", ["", "0001"])
async def test_an_old_schema_is_refused_in_one_line_that_names_the_command(
    bare: Postgres, tmp_path: Path, revision: str
) -> None:
    if revision:
        tell("CREATE TABLE alembic_version (version_num varchar)", bare.url.reveal())
        tell(f"INSERT INTO alembic_version VALUES ('{revision}')", bare.url.reveal())
    opening = LedgerOpening(bare, "here", tmp_path)
    with pytest.raises(GatewayError, match="run `gigamost db upgrade`") as refused:
        await opening.start()
    assert refused.value.problem.kind is Kind.INTERNAL
    assert "\n" not in refused.value.problem.message
    await opening.close()
    door = Door(bare)
    history = OpeningHistory(door, sweep=HOUR)
    with pytest.raises(GatewayError, match="run `gigamost db upgrade`"):
        await history()
    await asyncio.to_thread(tell, "DROP TABLE IF EXISTS alembic_version", bare.url.reveal())
    await asyncio.to_thread(upgrade, bare)
    assert await (await history()).responses.get("one", "a") is None  # no restart is needed
    await history.close()
    await door.close()


async def test_a_gateway_of_this_version_works_on_the_schema_of_the_next(database: Postgres, tmp_path: Path) -> None:
    tell("UPDATE alembic_version SET version_num = '9999'", database.url.reveal())
    opening = LedgerOpening(database, "here", tmp_path)
    await opening.start()
    assert await opening.ledger.open(intent("r1")) is None
    await opening.close()


async def test_a_server_that_is_away_is_said_without_its_password(tmp_path: Path) -> None:
    door = Door(Postgres(Secret("postgresql://me:canary@127.0.0.1:1/db")))
    history = OpeningHistory(door, sweep=HOUR)
    with pytest.raises(GatewayError) as raised:
        await history()
    assert raised.value.problem.kind is Kind.UNAVAILABLE
    assert "canary" not in raised.value.problem.message + raised.value.problem.detail
    await history.close()
    await door.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_urls_of_postgresql(scheme: str) -> None:
    url = f"{scheme}://me:secret@host:5433/db?sslmode=require"
    assert is_postgres(url)
    assert place_of(url, 7) == Postgres(Secret("postgresql://me:secret@host:5433/db?sslmode=require"), 7)


@pytest.mark.parametrize("url", ["postgresql://host", "postgresql://host/", "mysql://host/db", "postgresql"])
def test_other_urls(url: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite:///|names a database"):
        place_of(url)

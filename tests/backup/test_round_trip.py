"""What is backed up comes back, from either kind of database into either kind, all of it or nothing."""

import asyncio
import json
import sqlite3
import stat
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text

from gigamost.core.errors import GatewayError
from gigamost.store.backup.archive import Archive
from gigamost.store.backup.restoring import NotEmptyError
from gigamost.store.door import make_file
from gigamost.store.engine import Database
from gigamost.store.migrations import HEAD
from gigamost.store.place import Postgres
from gigamost.store.prompts.search import search_in
from gigamost.store.tables import METADATA
from gigamost.store.tables.prompts import EXCHANGES
from tests.backup.conftest import Place
from tests.backup.filled import ROWS, backed_up, everything, fill, ready, restored
from tests.store.servers import tell


def test_every_row_of_every_table_comes_back(source: Place, target: Place, tmp_path: Path) -> None:
    fill(source)
    manifest = backed_up(source, tmp_path / "archive.zip")
    assert {member.table for member in manifest.tables} == set(METADATA.tables)
    assert manifest.revision == HEAD
    restored(target, tmp_path / "archive.zip")
    assert everything(target) == everything(source)
    assert all(rows for name, rows in everything(target).items() if name != "budget_leases")


def test_the_archive_is_for_its_owner_and_readable_without_this_program(tmp_path: Path) -> None:
    ready(tmp_path / "source.db")
    fill(tmp_path / "source.db")
    file = tmp_path / "archive.zip"
    backed_up(tmp_path / "source.db", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir() if "source" not in each.name) == ["archive.zip"]
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {"manifest.json", *(f"tables/{name}.ndjson" for name in METADATA.tables)}
        manifest = json.loads(archive.read("manifest.json"))
        (keys,) = [each for each in manifest["tables"] if each["table"] == "keys"]
        lines = archive.read("tables/keys.ndjson").splitlines()
        assert keys["rows"] == len(lines) == ROWS
        assert all(len(json.loads(line)) == len(keys["columns"]) for line in lines)


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    ready(tmp_path / "source.db")
    (tmp_path / "archive.zip").write_text("mine")
    with pytest.raises(GatewayError, match="is there already"):
        backed_up(tmp_path / "source.db", tmp_path / "archive.zip")
    assert (tmp_path / "archive.zip").read_text() == "mine"
    with pytest.raises(GatewayError, match="cannot be written"):
        backed_up(tmp_path / "source.db", tmp_path / "nowhere" / "archive.zip")


def test_a_database_with_something_in_it_is_left_alone_unless_it_may_go(target: Place, tmp_path: Path) -> None:
    ready(tmp_path / "source.db")
    fill(tmp_path / "source.db", seed=1)
    backed_up(tmp_path / "source.db", tmp_path / "archive.zip")
    fill(target, seed=2, rows=7)
    before = everything(target)
    with pytest.raises(NotEmptyError) as raised:
        restored(target, tmp_path / "archive.zip")
    assert raised.value.rows["keys"] == 7
    assert everything(target) == before
    restored(target, tmp_path / "archive.zip", replacing=True)
    assert everything(target) == everything(tmp_path / "source.db")


def test_a_database_without_a_schema_gets_one(bare: Postgres, tmp_path: Path) -> None:
    ready(tmp_path / "source.db")
    fill(tmp_path / "source.db")
    backed_up(tmp_path / "source.db", tmp_path / "archive.zip")
    make_file(tmp_path / "new.db")
    for place in (bare, tmp_path / "new.db"):
        restored(place, tmp_path / "archive.zip")
        assert everything(place) == everything(tmp_path / "source.db")


def test_an_archive_of_an_older_schema_is_upgraded(source: Place, target: Place, tmp_path: Path) -> None:
    """Made from a database of revision 0003: what came since is empty, and the rest is there."""
    at_revision(source, "0003")
    file = tmp_path / "archive.zip"
    manifest = backed_up(source, file)
    assert manifest.revision == "0003"
    restored(target, file, replacing=True)
    assert answer(target, "SELECT version_num FROM alembic_version") == HEAD
    rows = everything(target)
    assert [row[0] for row in rows["tenants"]] == ["acme", "default"]
    assert rows["jobs"] == []


@pytest.mark.parametrize("what", ["revision", "format"])
def test_an_archive_of_a_newer_version_is_refused(tmp_path: Path, what: str) -> None:
    ready(tmp_path / "source.db")
    backed_up(tmp_path / "source.db", tmp_path / "archive.zip")
    newer = {"revision": "9999"} if what == "revision" else {"format": 2}
    rewrite(tmp_path / "archive.zip", lambda manifest: {**manifest, **newer, "version": "99.0.0"})
    with pytest.raises(GatewayError, match=r"99\.0\.0, which is newer"):
        Archive(tmp_path / "archive.zip")


def test_a_database_of_a_newer_version_is_refused(source: Place, target: Place, tmp_path: Path) -> None:
    file = tmp_path / "archive.zip"
    backed_up(source, file)
    for place in (source, target):
        say(place, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(GatewayError, match="9999, newer"):
        backed_up(source, tmp_path / "other.zip")
    with pytest.raises(GatewayError, match="9999, newer"):
        restored(target, file)


def test_any_damage_is_found_before_anything_is_written(tmp_path: Path) -> None:
    ready(tmp_path / "source.db")
    fill(tmp_path / "source.db", rows=5)
    file = tmp_path / "archive.zip"
    backed_up(tmp_path / "source.db", file)
    whole = file.read_bytes()
    damaged = tmp_path / "damaged.zip"
    refused = 0
    for at in range(0, len(whole), len(whole) // 100):
        damaged.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        refused += is_refused(damaged)
    assert refused > 70  # the others changed a time or a flag, which nobody reads
    for end in range(0, len(whole), len(whole) // 20):
        damaged.write_bytes(whole[:end])
        assert is_refused(damaged)


def is_refused(file: Path) -> bool:
    try:
        with Archive(file) as archive:
            archive.verify(lambda done, total: None)
    except GatewayError:
        return True
    return False


def test_rows_that_do_not_fit_change_nothing(target: Place, tmp_path: Path) -> None:
    """The checksums are right, a row is there twice."""
    ready(tmp_path / "source.db")
    fill(tmp_path / "source.db")
    file = tmp_path / "archive.zip"
    backed_up(tmp_path / "source.db", file)
    double(file, "keys")
    fill(target, seed=3)
    before = everything(target)
    with pytest.raises(GatewayError, match=r"keys of the archive cannot be written\. Nothing was changed"):
        restored(target, file, replacing=True)
    assert everything(target) == before


def test_what_is_asked_last_may_still_say_no(target: Place, tmp_path: Path) -> None:
    from gigamost.store.backup.restoring import restore

    ready(tmp_path / "source.db")
    fill(tmp_path / "source.db")
    backed_up(tmp_path / "source.db", tmp_path / "archive.zip")
    before = everything(target)

    def no() -> None:
        raise ValueError("no")

    with Archive(tmp_path / "archive.zip") as archive, pytest.raises(ValueError, match="no"):
        asyncio.run(restore(target, archive, replacing=False, last=no, step=lambda done, total: None))
    assert everything(target) == before


def test_leases_of_gateways_that_are_gone_are_returned(source: Place, target: Place, tmp_path: Path) -> None:
    say(source, "INSERT INTO budget_periods VALUES ('key:a', 'total', 0, 100, 70), ('key:b', 'day', 5, 1, 2)")
    say(source, "INSERT INTO budget_leases VALUES ('r1', 'key:a', 'total', 0, 40), ('r2', 'key:a', 'total', 0, 20)")
    backed_up(source, tmp_path / "archive.zip")
    restored(target, tmp_path / "archive.zip")
    rows = everything(target)
    assert rows["budget_periods"] == [("key:a", "total", 0, 100, 10), ("key:b", "day", 5, 1, 2)]
    assert rows["budget_leases"] == []


def test_what_is_numbered_goes_on_and_what_was_said_is_found(source: Place, target: Place, tmp_path: Path) -> None:
    fill(source)
    backed_up(source, tmp_path / "archive.zip")
    fill(target, seed=2)
    restored(target, tmp_path / "archive.zip", replacing=True)
    everybody = [row[0] for row in everything(target)["exchanges"]]
    assert found(target, "bridge") == found(target, "bri") == sorted(everybody)
    assert found(target, "river") == []
    if isinstance(target, Postgres):
        sequence = "nextval(pg_get_serial_sequence('exchanges', 'number'))"
        assert answer(target, f"SELECT {sequence}") == max(everybody) + 1


def found(place: Place, word: str) -> list[int]:
    async def run() -> list[int]:
        database = Database(place)
        search = await search_in(database, is_sqlite=isinstance(place, Path))
        async with database.read() as connection:
            numbers = select(EXCHANGES.c.number).where(search.matching([word]))
            rows = sorted((await connection.scalars(numbers)).all())
        await database.close()
        return rows

    return asyncio.run(run())


def at_revision(place: Place, wanted: str) -> None:
    """As an older version left it."""
    from gigamost.store.schema import bring_to

    async def run() -> None:
        database = Database(place)
        async with database.write() as connection:
            for table in reversed(METADATA.sorted_tables):
                await connection.execute(text(f"DROP TABLE {table.name}"))
            await connection.execute(text("DROP TABLE IF EXISTS exchange_words"))
            await connection.execute(text("DROP TABLE alembic_version"))
            await connection.run_sync(bring_to, wanted)
            await connection.execute(
                text("INSERT INTO tenants (id, name, created, terms) VALUES ('acme', 'acme', 1, :terms)"),
                {"terms": b"{}"},
            )
        await database.close()

    asyncio.run(run())


def answer(place: Place, question: str) -> object:
    async def run() -> object:
        database = Database(place)
        async with database.write() as connection:
            value: object = await connection.scalar(text(question))
        await database.close()
        return value

    return asyncio.run(run())


def say(place: Place, statement: str) -> None:
    if isinstance(place, Postgres):
        tell(statement, place.url.reveal())
        return
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute(statement)


def rewrite(file: Path, change: object) -> None:
    """The same archive with another manifest."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert callable(change)
    members["manifest.json"] = json.dumps(change(json.loads(members["manifest.json"]))).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def double(file: Path, table: str) -> None:
    """The table's rows twice, with the checksum of that."""
    import hashlib

    name = f"tables/{table}.ndjson"
    with zipfile.ZipFile(file) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    members[name] *= 2
    manifest = json.loads(members["manifest.json"])
    for each in manifest["tables"]:
        if each["table"] == table:
            each |= {
                "rows": each["rows"] * 2,
                "size": len(members[name]),
                "sha256": hashlib.sha256(members[name]).hexdigest(),
            }
    members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for each, data in members.items():
            archive.writestr(each, data)

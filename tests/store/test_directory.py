"""Keys and tenants, by one suite over memory, SQLite and PostgreSQL."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from gigamost.core.directory import Directory
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.tenancy import Budget, Change, Defaults, Former, Key, Rates, Scope, Tenant
from gigamost.store.directory.opening import DirectoryOpening
from gigamost.store.door import Door
from gigamost.store.place import Place
from tests.store.postgres import database

FULL = Key(
    id="key_2",
    name="ключ 🔑",
    tenant="tenant_1",
    digest=bytes(range(256))[:32],
    prefix="gm-abcdefg",
    created=1_700_000_000,
    expires=1_800_000_000,
    revoked=1_750_000_000,
    scope=Scope(("gpt-*", "GigaChat-2"), ("openai",), ("10.0.0.0/8", "::1")),
    rates=Rates(1, 2, 3, 4, 5),
    budget=Budget(10**18, "total", "RUB", 10**17),
    defaults=Defaults("a", "b", "Ты — мост.", True, False, None, -3),
    pass_token=True,
    former=(Former(b"\0" * 32, 1), Former(b"\xff" * 32, 2)),
)


def bare(name: str) -> Key:
    return Key(name, f"name of {name}", "default", name.encode().ljust(32), "gm-", created=1)


def tenant(name: str, called: str = "") -> Tenant:
    return Tenant(name, called or f"name of {name}", created=1)


def change(at: int = 1, target: str = "x") -> Change:
    return Change(f"change_{at:04}", at + 0.25, "somebody", "key.create", target, msgspec.Raw(b'{"a":1}'))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "postgres":
        async with database() as made:
            yield made
    else:
        yield tmp_path / "state.db" if request.param == "sqlite" else None


@pytest.fixture
async def opening(place: Place) -> AsyncIterator[DirectoryOpening]:
    door = Door(place)
    made = DirectoryOpening(door)
    yield made
    made.close()
    await door.close()


@pytest.fixture
async def directory(opening: DirectoryOpening) -> Directory:
    return await opening()


async def test_what_is_put_in_comes_back_whole(directory: Directory) -> None:
    await directory.keys.add(FULL, change(1))
    await directory.keys.add(bare("key_1"), change(2))
    assert await directory.keys.get("key_2") == FULL
    assert await directory.keys.get("key_1") == bare("key_1")
    assert await directory.keys.get("key_3") is None
    full = Tenant("tenant_1", "Ромашка", 5, FULL.rates, FULL.budget, FULL.defaults, is_disabled=True, scope=FULL.scope)
    await directory.tenants.add(full, change(3))
    assert await directory.tenants.get("tenant_1") == full
    assert await directory.tenants.get("Ромашка") == full


async def test_the_default_tenant_is_there_from_the_beginning(directory: Directory) -> None:
    assert await directory.tenants.get("default") == Tenant("default", "default", created=0)
    edited = await directory.tenants.edit("default", lambda it: msgspec.structs.replace(it, rates=Rates(5)), change())
    assert edited == await directory.tenants.get("default")
    assert edited is not None
    assert edited.rates == Rates(5)


async def test_every_change_raises_the_revision_and_is_in_the_audit(directory: Directory) -> None:
    revisions = [await directory.revision()]
    await directory.keys.add(bare("key_1"), change(1))
    revisions.append(await directory.revision())
    await directory.keys.edit("key_1", lambda key: msgspec.structs.replace(key, revoked=9), change(2))
    revisions.append(await directory.revision())
    await directory.tenants.add(tenant("tenant_1"), change(3))
    revisions.append(await directory.revision())
    await directory.tenants.edit("tenant_1", lambda it: msgspec.structs.replace(it, is_disabled=True), change(4))
    revisions.append(await directory.revision())
    assert revisions == sorted(set(revisions))
    await directory.audit.add(change(5))
    assert await directory.revision() == revisions[-1]
    whose = {1: "default", 2: "default", 3: "tenant_1", 4: "tenant_1", 5: None}
    lines = {at: msgspec.structs.replace(change(at), tenant=tenant) for at, tenant in whose.items()}
    assert list(await directory.audit.page("", 10)) == [lines[at] for at in (5, 4, 3, 2, 1)]
    assert list(await directory.audit.page("", 10, "tenant_1")) == [lines[4], lines[3]]
    assert list(await directory.audit.page("change_0002", 10, "default")) == [lines[1]]
    assert list(await directory.audit.page("", 10, "nobody")) == []


async def test_the_roll_has_everybody_at_its_revision(directory: Directory) -> None:
    empty = await directory.roll()
    assert (empty.keys, [each.id for each in empty.tenants]) == ((), ["default"])
    await directory.keys.add(FULL, change(1))
    await directory.tenants.add(tenant("tenant_1"), change(2))
    roll = await directory.roll()
    assert roll.revision == await directory.revision() > empty.revision
    assert roll.keys == (FULL,)
    assert {each.id for each in roll.tenants} == {"default", "tenant_1"}


async def test_a_name_is_taken_once(directory: Directory) -> None:
    await directory.tenants.add(tenant("tenant_1", "one"), change(1))
    await directory.tenants.add(tenant("tenant_2", "two"), change(2))
    before = await directory.revision()
    with pytest.raises(GatewayError, match="one") as caught:
        await directory.tenants.add(tenant("tenant_3", "one"), change(3))
    assert (caught.value.problem.kind, caught.value.problem.param) == (Kind.INVALID_REQUEST, "name")
    with pytest.raises(GatewayError):
        await directory.tenants.edit("tenant_2", lambda it: msgspec.structs.replace(it, name="one"), change(4))
    assert await directory.tenants.get("tenant_3") is None
    assert (await directory.tenants.get("two")) == tenant("tenant_2", "two")
    assert await directory.revision() == before
    assert len(await directory.audit.page("", 10)) == 2


async def test_an_id_goes_before_a_name(directory: Directory) -> None:
    await directory.tenants.add(tenant("one", "two"), change(1))
    await directory.tenants.add(tenant("two", "one"), change(2))
    assert (await directory.tenants.get("one")) == tenant("one", "two")


async def test_an_edit_that_is_refused_changes_nothing(directory: Directory) -> None:
    await directory.keys.add(bare("key_1"), change(1))
    before = await directory.revision()

    def refuse(key: Key) -> Key:
        raise GatewayError(Kind.INVALID_REQUEST, "not so")

    with pytest.raises(GatewayError, match="not so"):
        await directory.keys.edit("key_1", refuse, change(2))
    assert await directory.keys.edit("nobody", lambda key: key, change(3)) is None
    assert await directory.tenants.edit("nobody", lambda found: found, change(4)) is None
    assert await directory.revision() == before
    assert len(await directory.audit.page("", 10)) == 1


async def test_pages_have_everything_once_the_newest_first(directory: Directory) -> None:
    names = [f"key_{at:012x}" for at in range(25)]
    for at, name in enumerate(names):
        await directory.keys.add(bare(name), change(at))
    found: list[str] = []
    while page := await directory.keys.page(found[-1] if found else "", 10):
        found += [key.id for key in page]
    assert found == names[::-1]
    assert await directory.keys.page("", 10, "nobody") == []
    assert len(await directory.keys.page(names[20], 100, "default")) == 20
    assert [each.id for each in await directory.tenants.page("", 5)] == ["default"]
    assert [each.id for each in await directory.audit.page("change_0003", 2)] == ["change_0002", "change_0001"]


async def test_edits_at_the_same_time_lose_nothing(directory: Directory) -> None:
    await directory.keys.add(msgspec.structs.replace(bare("key_1"), rates=Rates(rpm=0)), change(0))

    def more(key: Key) -> Key:
        return msgspec.structs.replace(key, rates=Rates(rpm=(key.rates.rpm or 0) + 1))

    await asyncio.gather(*(directory.keys.edit("key_1", more, change(at)) for at in range(1, 21)))
    found = await directory.keys.get("key_1")
    assert found is not None
    assert found.rates.rpm == 20


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE keys; --", "%", "_", "\\", 'a"b', "x" * 10_000, "ключ", "\u202e", "null", "key_1' OR '1'='1"],
)
async def test_no_text_is_more_than_a_text(directory: Directory, text: str) -> None:
    """S7: what people write is never a part of a statement or of a pattern."""
    await directory.keys.add(bare("key_1"), change(1))
    assert await directory.keys.get(text) is None
    assert await directory.tenants.get(text) is None
    await directory.tenants.add(tenant("tenant_1", text), change(2))
    found = await directory.tenants.get(text)
    assert found is not None
    assert found.id == "tenant_1"
    assert len((await directory.roll()).keys) == 1
    assert len(await directory.keys.page(text, 5)) <= 1


async def test_reading_makes_no_file(tmp_path: Path) -> None:
    door = Door(tmp_path / "there" / "state.db")
    opening = DirectoryOpening(door)
    assert (await opening.revision(), (await opening.roll()).keys) == (0, ())
    assert os.listdir(tmp_path) == []
    opening.close()
    await door.close()


async def test_a_file_of_an_older_version_has_no_keys(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    file = tmp_path / "state.db"
    with closing(sqlite3.connect(file)) as old:
        old.execute("CREATE TABLE responses (id TEXT)")
    door = Door(file)
    opening = DirectoryOpening(door)
    assert (await opening.revision(), (await opening.roll()).keys) == (0, ())
    opening.close()
    await door.close()


async def test_a_damaged_file_is_an_error_that_heals(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(b"this is no database" * 100)
    door = Door(file)
    opening = DirectoryOpening(door)
    with pytest.raises(GatewayError) as caught:
        await opening.roll()
    assert caught.value.problem.kind is Kind.UNAVAILABLE
    file.unlink()
    assert await opening.revision() == 0
    opening.close()
    await door.close()

"""Administrators and their sessions, by one suite over memory, SQLite and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from gigamost.core.administrators import Administrator, Session
from gigamost.core.directory import Directory
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.tenancy import Change
from gigamost.store.directory.opening import DirectoryOpening
from gigamost.store.door import Door
from gigamost.store.place import Place


def somebody(id_: str, name: str = "", tenant: str | None = None) -> Administrator:
    return Administrator(id_, name or f"name-of-{id_}", "operator", "scrypt$...", created=1, tenant=tenant)


def session(digest: bytes, administrator: str = "admin_1", ends: int = 100, began: int = 10) -> Session:
    return Session(digest, administrator, 0, began, began, ends)


def change(at: int = 1, action: str = "administrator.create") -> Change:
    return Change(f"change_{at:04}", at + 0.25, "somebody", action, "x")


@pytest.fixture
async def directory(place: Place) -> AsyncIterator[Directory]:
    door = Door(place)
    opening = DirectoryOpening(door)
    yield await opening()
    opening.close()
    await door.close()


async def test_administrators_come_back_as_they_were(directory: Directory) -> None:
    full = Administrator("admin_1", "anna@example.org", "admin", "kept", 1_700_000_000, "tenant_1", True, 7)
    await directory.administrators.add(full, change(1))
    await directory.administrators.add(somebody("admin_2"), change(2))
    assert await directory.administrators.get("admin_1") == full
    assert await directory.administrators.get("anna@example.org") == full
    assert await directory.administrators.get("name-of-admin_2") == somebody("admin_2")
    assert await directory.administrators.get("nobody") is None


async def test_a_name_is_taken_once(directory: Directory) -> None:
    await directory.administrators.add(somebody("admin_1", "anna"), change(1))
    with pytest.raises(GatewayError, match="anna") as caught:
        await directory.administrators.add(somebody("admin_2", "anna"), change(2))
    assert (caught.value.problem.kind, caught.value.problem.param) == (Kind.INVALID_REQUEST, "name")
    assert await directory.administrators.get("admin_2") is None
    assert len(await directory.audit.page("", 10)) == 1


async def test_pages_are_those_of_a_tenant_if_one_is_named(directory: Directory) -> None:
    for at in range(1, 8):
        await directory.administrators.add(somebody(f"admin_{at}", tenant="one" if at % 2 else None), change(at))
    first = await directory.administrators.page("", 3)
    assert [each.id for each in first] == ["admin_7", "admin_6", "admin_5"]
    assert [each.id for each in await directory.administrators.page("admin_5", 9, "one")] == ["admin_3", "admin_1"]
    assert await directory.administrators.page("", 9, "other") == []


async def test_a_change_is_in_the_audit_as_its_tenants_and_is_no_news_for_keys(directory: Directory) -> None:
    before = await directory.revision()
    await directory.administrators.add(somebody("admin_1", tenant="one"), change(1))
    edited = await directory.administrators.edit(
        "admin_1", lambda it: msgspec.structs.replace(it, tenant="two", epoch=1), change(2, "administrator.update")
    )
    assert edited == await directory.administrators.get("admin_1")
    assert edited is not None
    assert edited.epoch == 1
    await directory.sessions.begin(session(b"a"), msgspec.structs.replace(change(3), tenant="two"))
    assert [each.id for each in await directory.audit.page("", 9, "one")] == ["change_0001"]
    assert [each.id for each in await directory.audit.page("", 9, "two")] == ["change_0003", "change_0002"]
    assert await directory.administrators.edit("nobody", lambda it: it, change(4)) is None
    assert len(await directory.audit.page("", 9)) == 3
    assert await directory.revision() == before


async def test_an_edit_that_is_refused_changes_nothing(directory: Directory) -> None:
    await directory.administrators.add(somebody("admin_1"), change(1))

    def refuse(found: Administrator) -> Administrator:
        raise GatewayError(Kind.FORBIDDEN, "not so")

    with pytest.raises(GatewayError, match="not so"):
        await directory.administrators.edit("admin_1", refuse, change(2))
    assert await directory.administrators.get("admin_1") == somebody("admin_1")
    assert len(await directory.audit.page("", 9)) == 1


async def test_edits_at_the_same_time_lose_nothing(directory: Directory) -> None:
    await directory.administrators.add(somebody("admin_1"), change(0))

    def more(found: Administrator) -> Administrator:
        return msgspec.structs.replace(found, epoch=found.epoch + 1)

    await asyncio.gather(*(directory.administrators.edit("admin_1", more, change(at)) for at in range(1, 11)))
    found = await directory.administrators.get("admin_1")
    assert found is not None
    assert found.epoch == 10


async def test_a_session_is_found_with_its_administrator_as_he_is_now(directory: Directory) -> None:
    assert await directory.sessions.find(b"a") is None
    await directory.sessions.begin(session(b"a"), change(1))
    assert await directory.sessions.find(b"a") == (session(b"a"), None)
    await directory.administrators.add(somebody("admin_1"), change(2))
    assert await directory.sessions.find(b"a") == (session(b"a"), somebody("admin_1"))
    await directory.administrators.edit("admin_1", lambda it: msgspec.structs.replace(it, is_disabled=True), change(3))
    await directory.sessions.see(b"a", 70)
    found = await directory.sessions.find(b"a")
    assert found is not None
    assert found[1] is not None
    assert (found[0].seen, found[1].is_disabled) == (70, True)
    await directory.sessions.end(b"a")
    await directory.sessions.end(b"a")
    await directory.sessions.see(b"a", 80)
    assert await directory.sessions.find(b"a") is None


async def test_sessions_that_have_ended_are_forgotten_when_one_begins(directory: Directory) -> None:
    await directory.sessions.begin(session(b"a", ends=100), change(1))
    await directory.sessions.begin(session(b"b", ends=101), change(2))
    await directory.sessions.begin(session(b"c", began=100, ends=200), change(3))
    assert await directory.sessions.find(b"a") is None
    assert await directory.sessions.find(b"b") is not None


@pytest.mark.parametrize("text", ["'; DROP TABLE administrators; --", "%", "_", "name%", "\\", "x" * 10_000, "ключ"])
async def test_no_text_is_more_than_a_text(directory: Directory, text: str) -> None:
    """S7."""
    await directory.administrators.add(somebody("admin_1"), change(1))
    assert await directory.administrators.get(text) is None
    assert await directory.administrators.page("", 9, text) == []
    assert await directory.audit.page("", 9, text) == []
    assert await directory.sessions.find(text.encode()) is None

"""Stored files through the pipeline: nobody sees another tenant's, and nothing but the emulator remembers whose
they are."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.face import NewFile
from gigamost.core.tasks import StoredFile
from gigamost.emulator import COMPANY, TRADER
from gigamost.emulator.picture import draw
from gigamost.pipeline.context import Context
from gigamost.pipeline.files import AccountFiles
from tests.pipeline.conftest import FIRST, OTHER, Bench, bench_of, context_of

NOTES = NewFile("заметки 100%-ные.md", "# Заметки\n".encode(), "text/markdown", "assistants")


async def names(bench: Bench, context: Context = FIRST) -> list[str]:
    return sorted(file.name for file in await bench.tasks.list_files(context))


async def missing(bench: Bench, file_id: str, context: Context = FIRST) -> None:
    calls: list[Callable[[str, Context], Awaitable[object]]] = [
        bench.tasks.get_file,
        bench.tasks.read_file,
        bench.tasks.delete_file,
    ]
    for call in calls:
        with pytest.raises(GatewayError) as caught:
            await call(file_id, context)
        assert caught.value.problem.kind is Kind.NOT_FOUND


async def test_a_file_lives_from_upload_to_deletion(bench: Bench) -> None:
    stored = await bench.tasks.upload(NOTES, FIRST)
    assert stored.id.startswith("file-")
    assert (stored.name, stored.purpose, stored.size) == (NOTES.name, "assistants", len(NOTES.data))
    assert stored.created > 1_700_000_000
    assert await bench.tasks.list_files(FIRST) == [stored]
    assert await bench.tasks.get_file(stored.id, FIRST) == stored
    assert await bench.tasks.read_file(stored.id, FIRST) == (NOTES.data, "text/plain")
    await bench.tasks.delete_file(stored.id, FIRST)
    assert await names(bench) == []
    await missing(bench, stored.id)


async def test_a_file_of_another_tenant_does_not_exist(bench: Bench) -> None:
    mine = await bench.tasks.upload(NOTES, FIRST)
    theirs = await bench.tasks.upload(msgspec.structs.replace(NOTES, name="theirs.md"), OTHER)
    assert await names(bench) == [NOTES.name]
    assert await names(bench, OTHER) == ["theirs.md"]
    await missing(bench, theirs.id)
    await missing(bench, mine.id, OTHER)
    assert await names(bench, OTHER) == ["theirs.md"]


async def test_an_upstream_s_own_id_opens_nothing(bench: Bench) -> None:
    await bench.tasks.upload(NOTES, FIRST)
    (told,) = bench.app.state.files.of(COMPANY.client_id)
    for file_id in (told.id, f"file-{told.id}", "file-", "x" * 300, "../models"):
        await missing(bench, file_id)


async def test_what_the_gateway_or_others_uploaded_is_not_listed(bench: Bench) -> None:
    files = AccountFiles(bench.accounts[0], "")
    await files.upload(b"cached", "text/plain", "cached.txt")
    await files.upload(b"forged", "text/plain", "gm-0000000000000000000000-user_data-forged.txt.txt")
    await bench.tasks.upload(NOTES, FIRST)
    assert await names(bench) == [NOTES.name]


@pytest.mark.parametrize(
    "name",
    [
        "plain.txt",
        "no ending",
        "data.jsonl",
        'quo"ted\\and/slashed.txt',
        "gm-0000000000000000000000-user_data-nested.txt.txt",
        "line\r\nbreak\x00.txt",
        "100%25.txt",
        "-.txt",
        "файл с пробелами.txt",
    ],
)
async def test_a_name_comes_back_as_it_was(bench: Bench, name: str) -> None:
    await bench.tasks.upload(NewFile(name, b"text", "", "fine-tune"), FIRST)
    (listed,) = await bench.tasks.list_files(FIRST)
    assert (listed.name, listed.purpose) == (name, "fine-tune")


async def test_a_long_name_keeps_its_end_and_an_empty_one_gets_a_name(bench: Bench) -> None:
    long = await bench.tasks.upload(NewFile("x" * 300 + ".txt", b"text", "", "user_data"), FIRST)
    empty = await bench.tasks.upload(NewFile("", b"text", "", "user_data"), FIRST)
    assert (long.name, empty.name) == ("x" * 96 + ".txt", "file")
    assert await names(bench) == ["file", long.name]


async def test_what_a_file_is_its_bytes_say(bench: Bench) -> None:
    picture = draw("a cat")
    stored = await bench.tasks.upload(NewFile("cat.png", picture, "application/octet-stream", "vision"), FIRST)
    assert await bench.tasks.read_file(stored.id, FIRST) == (picture, "image/jpeg")
    (kept,) = bench.app.state.files.of(COMPANY.client_id)
    assert (kept.mime, kept.purpose) == ("image/jpeg", "general")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"\x00\x01\x02", 400),
        (b"GIF89a" + b"\0" * 20, 400),
        (b"\xff\xd8\xff" + b"\0" * 15_000_000, 413),
        (b"a" * 40_000_001, 413),
    ],
)
async def test_what_gigachat_does_not_keep_is_refused_before_it_is_sent(bench: Bench, data: bytes, status: int) -> None:
    with pytest.raises(GatewayError) as caught:
        await bench.tasks.upload(NewFile("a", data, "", "user_data"), FIRST)
    assert (caught.value.problem.status, caught.value.problem.param) == (status, "file")
    assert bench.seen("/files") == []


async def test_a_pool_is_one_storage() -> None:
    async with bench_of(COMPANY, TRADER) as bench:
        first = await bench.tasks.upload(NewFile("a.txt", b"a", "", "user_data"), FIRST)
        with await bench.accounts[0].gate.acquire("busy", 1):  # now the other one is the least busy
            second = await bench.tasks.upload(NewFile("b.txt", b"b", "", "user_data"), FIRST)
        assert {seen.client_id for seen in bench.seen("/files")} == {COMPANY.client_id, TRADER.client_id}
        assert await names(bench) == ["a.txt", "b.txt"]
        contents = [await bench.tasks.read_file(stored.id, FIRST) for stored in (first, second)]
        assert [data for data, _ in contents] == [b"a", b"b"]
        await bench.tasks.delete_file(first.id, FIRST)
        assert await names(bench) == ["b.txt"]


async def test_an_upload_goes_elsewhere_when_a_credential_fails() -> None:
    async with bench_of(COMPANY, TRADER) as bench:
        for _ in range(3):
            bench.app.script.next("status=503", "/files")
        stored = await bench.tasks.upload(NOTES, FIRST)
        assert [seen.status for seen in bench.seen("/files")] == [503, 503, 503, 200]
        assert (await bench.tasks.read_file(stored.id, FIRST))[0] == NOTES.data


async def test_half_of_a_list_is_no_list() -> None:
    async with bench_of(COMPANY, TRADER) as bench:
        await bench.tasks.upload(NOTES, FIRST)
        for _ in range(3):
            bench.app.script.next("status=403", "/files")
        with pytest.raises(GatewayError) as caught:
            await bench.tasks.list_files(FIRST)
        assert caught.value.problem.status == 502


async def test_a_client_s_own_credential_has_its_own_files() -> None:
    async with bench_of(COMPANY, client=TRADER) as bench:
        own = context_of("first", passes=True)
        stored: StoredFile = await bench.tasks.upload(NOTES, own)
        assert await names(bench, own) == [NOTES.name]
        assert await names(bench) == []
        await missing(bench, stored.id)

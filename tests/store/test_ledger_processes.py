"""The ledger of several gateways that are processes: exact budgets, and what is left when one of them is killed."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from gigamost.core.accounting import Entry, Mark, Question, Standing, Wanted
from gigamost.core.ports import Books
from gigamost.store.ledger.opening import LedgerOpening
from gigamost.store.place import Place, Postgres
from tests.store.conftest import OpenLedger
from tests.store.ledgers import settlement

pytestmark = pytest.mark.parametrize("place", ["sqlite", "postgres"], indirect=True)


async def gateway(what: str, place: Place, replica: str, folder: Path, count: int) -> Process:
    """Started and ready; it begins with the next line."""
    where = place.url.reveal() if isinstance(place, Postgres) else str(place)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.store.gateway",
        what,
        where,
        replica,
        str(folder / replica),
        str(count),
        stdin=PIPE,
        stdout=PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready" + os.linesep.encode()
    return process


def begin(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


async def every_row(books: Books) -> list[Entry]:
    rows: list[Entry] = []
    after: Mark | None = None
    while True:
        page = await books.requests(Wanted(limit=500, after=after))
        rows += page.entries
        if page.next is None:
            return rows
        after = page.next


async def sums_agree(books: Books) -> bool:
    rows = [row for row in await every_row(books) if row.state != "open"]
    days = await books.usage(Question())
    return (sum(day.requests for day in days), sum(day.cost for day in days)) == (
        len(rows),
        sum(row.cost for row in rows),
    )


async def test_four_gateways_admit_together_exactly_what_the_budget_has(
    place: Place, ledgers: OpenLedger, tmp_path: Path
) -> None:
    """R7: 500 requests, enough for 100 of them."""
    here = await ledgers("here")
    gateways = [await gateway("admit", place, f"g{at}", tmp_path, 125) for at in range(4)]
    for process in gateways:
        begin(process)
    said = await asyncio.gather(*(process.communicate() for process in gateways))
    assert [process.returncode for process in gateways] == [0] * 4
    assert sum(int(out) for out, _ in said) == 100
    assert await here.books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 1000, 0)]
    assert len(await every_row(here.books)) == 100
    assert await sums_agree(here.books)


async def test_a_gateway_that_is_killed_with_a_thousand_requests_leaves_them_all_and_once(
    place: Place, ledgers: OpenLedger, tmp_path: Path
) -> None:
    """R1: what was open is aborted at its estimate, nothing is lost or there twice."""
    here = await ledgers("here")
    victim = await gateway("hang", place, "victim", tmp_path, 1000)
    begin(victim)
    assert victim.stdout is not None
    assert (await victim.stdout.readline()).split() == [b"open"]
    victim.kill()
    await victim.wait()
    assert await here.upkeep.sweep(3600) == 0
    assert await here.upkeep.sweep(-1) == 1000
    assert await here.upkeep.sweep(-1) == 0
    rows = await every_row(here.books)
    assert sorted(row.id for row in rows) == sorted(f"victim-{at}" for at in range(1000))
    assert {(row.state, row.status, row.cost) for row in rows} == {("aborted", None, 1000)}
    assert await here.books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 1_000_000, 0)]
    assert await sums_agree(here.books)


async def test_a_gateway_that_is_killed_while_it_works_loses_nothing_that_was_open(
    place: Place, ledgers: OpenLedger, tmp_path: Path
) -> None:
    """R1: every row that was said to be open is there, settled or aborted; budgets and sums are those of the rows."""
    here = await ledgers("here")
    victim = await gateway("churn", place, "victim", tmp_path, 50)
    begin(victim)
    assert victim.stdout is not None
    told = [await victim.stdout.readline() for _ in range(3000)]
    victim.kill()
    told += (await victim.stdout.read()).splitlines(keepends=True)
    await victim.wait()
    opened = {line.split()[1].decode() for line in told if line.startswith(b"opened ") and line.endswith(b"\n")}
    assert len(opened) > 1000
    await here.upkeep.sweep(-1)
    rows = await every_row(here.books)
    names = [row.id for row in rows]
    assert len(names) == len(set(names))
    assert opened <= set(names)
    assert {(row.state, row.cost) for row in rows} == {("done", 7), ("aborted", 10)}
    spent = sum(row.cost for row in rows)
    assert await here.books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, spent, 0)]
    assert await sums_agree(here.books)


async def test_a_restarted_gateway_closes_what_its_predecessor_left(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself, once the predecessor was silent for long enough."""
    victim = await gateway("hang", place, "victim", tmp_path, 10)
    begin(victim)
    assert victim.stdout is not None
    await victim.stdout.readline()
    victim.kill()
    await victim.wait()
    monkeypatch.setattr("gigamost.store.ledger.opening.SWEEP", 0.05)
    monkeypatch.setattr("gigamost.store.ledger.opening.SILENT", 0.2)
    opening = LedgerOpening(place, "successor", tmp_path / "successor")
    await opening.start()
    try:
        async with asyncio.timeout(20):
            while any(row.state == "open" for row in await every_row(opening.books)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert {row.state for row in await every_row(opening.books)} == {"aborted"}
    finally:
        await opening.close()


async def test_what_was_settled_is_written_before_a_gateway_ends(
    place: Place, ledgers: OpenLedger, tmp_path: Path
) -> None:
    process = await gateway("admit", place, "one", tmp_path, 50)
    begin(process)
    out, _ = await process.communicate()
    assert (int(out), process.returncode) == (50, 0)
    here = await ledgers("here")
    assert {row.state for row in await every_row(here.books)} == {"done"}
    here.ledger.settle(settlement("one-1", cost=10**6))  # is settled: changes nothing
    await here.ledger.drain()
    assert await sums_agree(here.books)

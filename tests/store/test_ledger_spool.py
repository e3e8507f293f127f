"""PostgreSQL away: what is opened and settled meanwhile waits on this machine's disk, and comes to it once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gigamost.core.accounting import Hold, Question, Standing, Wanted
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.ports import Books
from gigamost.core.secret import Secret
from gigamost.store.ledger.opening import SPOOL, LedgerOpening
from gigamost.store.ledger.postgres import PostgresLedger
from gigamost.store.ledger.reading import SqlBooks
from gigamost.store.ledger.spool import Spool
from gigamost.store.place import Postgres
from tests.store import test_ledger_processes as processes
from tests.store.conftest import postgres_books
from tests.store.ledgers import hold, intent, settlement
from tests.store.wire import Wire, wire


@pytest.fixture
async def line(database: Postgres) -> AsyncIterator[Wire]:
    parts = urlsplit(database.url.reveal())
    async with wire(parts.hostname or "", parts.port or 5432) as made:
        yield made


@pytest.fixture
async def books(database: Postgres) -> AsyncIterator[SqlBooks]:
    """By a way that is never cut."""
    async with postgres_books(database) as made:
        yield made


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gigamost.store.ledger.postgres._PROBE", 0.05)


def at_the_end_of(line: Wire, database: Postgres) -> Postgres:
    parts = urlsplit(database.url.reveal())
    return Postgres(Secret(f"postgresql://{parts.username}@127.0.0.1:{line.port}{parts.path}"))


@pytest.fixture
async def ledger(line: Wire, database: Postgres, tmp_path: Path) -> AsyncIterator[PostgresLedger]:
    made = PostgresLedger(at_the_end_of(line, database), "here", tmp_path / SPOOL)
    await made.start()
    yield made
    await made.close()


async def back(ledger: PostgresLedger) -> None:
    async with asyncio.timeout(20):
        while ledger.is_away:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def states(books: Books) -> dict[str, str]:
    return {row.id: row.state for row in await processes.every_row(books)}


async def test_what_happens_while_it_is_away_is_there_when_it_is_back(
    line: Wire, ledger: PostgresLedger, books: Books, tmp_path: Path
) -> None:
    """R10, with requests that were open before."""
    await asyncio.gather(*(ledger.open(intent(f"before{at}")) for at in range(20)))
    await line.cut()
    for at in range(30):
        assert await ledger.open(intent(f"away{at}")) is None
    for name in (*(f"before{at}" for at in range(10)), *(f"away{at}" for at in range(15))):
        ledger.settle(settlement(name, cost=3))
    await ledger.drain()
    assert len(await states(books)) == 20
    await line.mend()
    await back(ledger)
    found = await states(books)
    assert len(found) == 50
    assert {name for name, state in found.items() if state == "done"} == {
        *(f"before{at}" for at in range(10)),
        *(f"away{at}" for at in range(15)),
    }
    assert await processes.sums_agree(books)
    assert Spool(tmp_path / SPOOL).first(10).last == 0


async def test_requests_go_on_while_it_goes_away_and_comes_back(
    line: Wire, ledger: PostgresLedger, books: Books
) -> None:
    names: list[str] = []

    async def client(number: int) -> None:
        for at in range(60):
            name = f"c{number}-{at}"
            assert await ledger.open(intent(name)) is None
            names.append(name)
            await asyncio.sleep(0.005)
            ledger.settle(settlement(name, cost=1))

    async def weather() -> None:
        for _ in range(3):
            await asyncio.sleep(0.05)
            await line.cut()
            await asyncio.sleep(0.1)
            await line.mend()

    await asyncio.gather(weather(), *(client(number) for number in range(20)))
    await back(ledger)
    await ledger.drain()
    assert await states(books) == dict.fromkeys(names, "done")
    assert [day.cost for day in await books.usage(Question())] == [len(names)]


async def test_a_commit_of_which_nobody_heard_is_not_made_twice(
    line: Wire, ledger: PostgresLedger, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(5):
        await ledger.open(intent(f"open{at}", hold(10)))
    line.deafen()
    asked = [asyncio.create_task(ledger.open(intent(f"r{at}"))) for at in range(5)]
    held = asyncio.create_task(ledger.open(intent("held", hold(10))))
    for at in range(5):
        ledger.settle(settlement(f"open{at}", cost=4))
    await asyncio.sleep(0.3)
    await line.cut()
    assert await asyncio.gather(*asked) == [None] * 5
    with pytest.raises(GatewayError) as refused:
        await held
    assert refused.value.problem.kind is Kind.UNAVAILABLE
    await ledger.drain()
    await line.mend()
    await back(ledger)
    found = await states(books)
    assert {name: state for name, state in found.items() if name.startswith("open")} == {
        f"open{at}": "done" for at in range(5)
    }
    assert {name: state for name, state in found.items() if name.startswith("r")} == {
        f"r{at}": "open" for at in range(5)
    }
    assert found.get("held", "aborted") == "aborted"  # nobody was let in with it, so it holds nothing
    assert await books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 20, 0)]
    assert await processes.sums_agree(books)


async def test_a_database_that_hangs_is_as_good_as_away(
    line: Wire,
    ledger: PostgresLedger,
    database: Postgres,
    books: Books,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gigamost.store.ledger.postgres._COMMAND", 0.2)
    short = PostgresLedger(at_the_end_of(line, database), "short", tmp_path / "short.db")
    await short.start()
    line.deafen()
    assert await short.open(intent("r1")) is None
    assert short.is_away
    await line.cut()
    await line.mend()
    await back(short)
    assert (await states(books))["r1"] == "open"
    await short.close()


async def test_a_budget_is_spent_within_its_lease_and_no_further(
    line: Wire, ledger: PostgresLedger, books: Books
) -> None:
    """R10: of 990 that are left a twentieth."""
    await ledger.open(intent("r0", hold(10, 1000)))
    await ledger.beat()
    assert await books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 0, 10)]  # a lease is nobody's spending
    await line.cut()
    outcomes = await asyncio.gather(
        *(ledger.open(intent(f"r{at}", hold(10, 1000))) for at in range(1, 11)), return_exceptions=True
    )
    assert [outcome is None for outcome in outcomes] == [True] * 4 + [False] * 6
    assert {outcome.problem.kind for outcome in outcomes if isinstance(outcome, GatewayError)} == {Kind.UNAVAILABLE}
    for at in range(1, 5):
        ledger.settle(settlement(f"r{at}", cost=4))
    await ledger.drain()  # 4 x 6 of them are free again, and 9 never were taken
    outcomes = await asyncio.gather(
        *(ledger.open(intent(f"s{at}", hold(10, 1000))) for at in range(5)), return_exceptions=True
    )
    assert [outcome is None for outcome in outcomes] == [True] * 3 + [False] * 2
    await line.mend()
    await back(ledger)
    assert await books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 16, 40)]
    assert await processes.sums_agree(books)


async def test_what_is_leased_is_missing_to_nobody_who_can_reach_the_database(
    database: Postgres, books: Books, tmp_path: Path
) -> None:
    """R7 with leases: enough for exactly a hundred, and a lease is given up when it is that what is missing."""
    ledgers = [PostgresLedger(database, f"g{at}", tmp_path / f"{at}.db") for at in range(4)]
    for at, ledger in enumerate(ledgers):
        await ledger.start()
        assert await ledger.open(intent(f"first{at}", hold(10, 1000))) is None
        await ledger.beat()
    outcomes = [await ledgers[at % 4].open(intent(f"r{at}", hold(10, 1000))) for at in range(200)]
    assert sum(outcome is None for outcome in outcomes) == 96
    for ledger in ledgers:
        await ledger.beat()
    assert await ledgers[0].open(intent("one more", hold(10, 1000))) is not None
    for ledger in ledgers:
        await ledger.leave()
        await ledger.close()
    assert await books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 0, 1000)]


async def test_the_lease_of_a_gateway_that_died_ends(
    database: Postgres, books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, here = (PostgresLedger(database, name, tmp_path / f"{name}.db") for name in ("dead", "here"))
    for ledger in (dead, here):
        await ledger.start()
    await dead.open(intent("r0", hold(100, 1000)))
    await dead.beat()
    await dead.close()
    assert await here.open(intent("r1", hold(900, 1000))) is not None
    await here.sweep(3600)
    assert await here.open(intent("r2", hold(900, 1000))) is not None  # what it spooled may still come
    monkeypatch.setattr("gigamost.store.ledger.postgres_leases._EXPIRE", -1.0)
    await here.sweep(3600)
    assert await here.open(intent("r3", hold(900, 1000))) is None
    await here.close()


async def test_a_hard_budget_is_refused_while_nobody_can_know_it(
    line: Wire, ledger: PostgresLedger, books: Books
) -> None:
    await ledger.open(intent("r0", hold(10, 100)))
    await line.cut()
    held = Hold("key:k1", "total", 0, 10, 100)
    with pytest.raises(GatewayError) as refused:
        await ledger.open(intent("r1", held))
    assert (refused.value.problem.kind, refused.value.problem.retry_after) == (Kind.UNAVAILABLE, 1)
    ledger.settle(settlement("r0", cost=5))
    await ledger.drain()
    await line.mend()
    await back(ledger)
    assert await books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 5, 0)]
    assert await ledger.open(intent("r1", held)) is None


async def test_a_gateway_starts_while_it_is_away(line: Wire, database: Postgres, books: Books, tmp_path: Path) -> None:
    await line.cut()
    opening = LedgerOpening(at_the_end_of(line, database), "here", tmp_path)
    await opening.start()
    assert await opening.ledger.open(intent("r1")) is None
    opening.ledger.settle(settlement("r1"))
    await opening.ledger.drain()
    with pytest.raises(GatewayError) as unknown:
        await opening.books.requests(Wanted())
    assert unknown.value.problem.kind is Kind.UNAVAILABLE
    await line.mend()
    assert isinstance(opening.ledger, PostgresLedger)
    await back(opening.ledger)
    assert await states(opening.books) == {"r1": "done"}
    await opening.close()


async def test_what_a_killed_gateway_had_spooled_comes_with_the_next_one(
    database: Postgres, books: Books, tmp_path: Path
) -> None:
    away = Postgres(Secret("postgresql://nobody@127.0.0.1:1/nowhere"))
    victim = await processes.gateway("plain", away, "victim", tmp_path, 100)
    processes.begin(victim)
    assert victim.stdout is not None
    assert (await victim.stdout.readline()).split() == [b"open"]
    victim.kill()
    await victim.wait()
    opening = LedgerOpening(database, "successor", tmp_path / "victim")
    await opening.start()
    assert isinstance(opening.ledger, PostgresLedger)
    await back(opening.ledger)
    await opening.upkeep.sweep(0)
    rows = await processes.every_row(books)
    assert {row.id: row.state for row in rows} == {f"victim-{at}": "aborted" if at % 2 else "done" for at in range(100)}
    assert await processes.sums_agree(books)
    await opening.close()


async def test_a_spool_is_brought_twice_without_harm(database: Postgres, books: Books, tmp_path: Path) -> None:
    """By two gateways of one machine at the same moment, and by one that died before it could forget."""
    for copy in range(3):
        spool = Spool(tmp_path / f"{copy}.db")
        spool.append([intent(f"r{at}") for at in range(700)], [settlement(f"r{at}", cost=2) for at in range(600)])
        spool.close()
    ledgers = [PostgresLedger(database, f"g{at}", tmp_path / f"{at % 2}.db") for at in range(3)]
    await asyncio.gather(*(ledger.start() for ledger in ledgers))
    await asyncio.gather(*map(back, ledgers))
    late = PostgresLedger(database, "late", tmp_path / "2.db")
    await late.start()
    await back(late)
    rows = await processes.every_row(books)
    assert (len(rows), sum(row.cost for row in rows)) == (700, 1200)
    assert await processes.sums_agree(books)
    for ledger in (*ledgers, late):
        await ledger.close()


async def test_replicas_count_by_the_clock_of_the_database(
    database: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R8: two of them are five seconds apart."""
    from time import time

    ledgers = [
        PostgresLedger(database, f"g{skew}", tmp_path / f"{skew}.db", now=lambda skew=skew: time() + skew)  # type: ignore[misc]
        for skew in (-5, 5)
    ]
    for ledger in ledgers:
        await ledger.start()
    assert abs(ledgers[0].now() - ledgers[1].now()) < 0.5
    for ledger in ledgers:
        await ledger.close()

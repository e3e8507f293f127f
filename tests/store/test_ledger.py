"""The ports `Ledger`, `Books` and `Upkeep`, the same for every store."""

import asyncio
from collections import Counter

import msgspec
import pytest

from gigamost.core.accounting import Mark, Question, Refusal, Spending, Standing, Wanted
from gigamost.core.usage import Usage
from tests.store.conftest import Opened, OpenLedger
from tests.store.ledgers import DAY, ESTIMATE, NOON, USAGE, hold, intent, settlement

TODAY = int(NOON // DAY * DAY)


async def test_a_row_is_there_before_anything_is_sent(ledgers: OpenLedger) -> None:
    opening = await ledgers("here")
    assert await opening.ledger.open(intent("r1")) is None
    (entry,) = (await opening.books.requests(Wanted())).entries
    assert (entry.id, entry.client_request_id, entry.started) == ("r1", "client-r1", NOON)
    assert (entry.key_id, entry.tenant, entry.face, entry.model) == ("k1", "t1", "openai", "GigaChat-2")
    assert (entry.state, entry.status, entry.finished, entry.duration_ms) == ("open", None, None, None)
    assert (entry.usage, entry.cost, entry.reserved) == (ESTIMATE, 0, 1000)
    assert await opening.books.usage(Question()) == []


async def test_a_settled_row_says_what_became_of_it(ledgers: OpenLedger) -> None:
    opening = await ledgers("here")
    await opening.ledger.open(intent("r1"))
    opening.ledger.settle(settlement("r1"))
    await opening.ledger.drain()
    (entry,) = (await opening.books.requests(Wanted())).entries
    assert (entry.state, entry.status, entry.finished) == ("done", 200, NOON + 2)
    assert (entry.usage, entry.cost, entry.upstream, entry.attempts) == (USAGE, 300, "gigachat", 1)
    assert (entry.ttft_ms, entry.duration_ms) == (120, 2000)


async def test_what_is_said_again_changes_nothing(ledgers: OpenLedger) -> None:
    opening = await ledgers("here")
    for _ in range(2):
        assert await opening.ledger.open(intent("r1", hold())) is None
    assert await opening.books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 0, 1000)]
    for cost in (300, 400):
        opening.ledger.settle(settlement("r1", cost=cost))
        await opening.ledger.drain()
    opening.ledger.settle(settlement("never opened"))
    await opening.ledger.drain()
    assert [entry.cost for entry in (await opening.books.requests(Wanted())).entries] == [300]
    assert [each.cost for each in await opening.books.usage(Question())] == [300]
    assert await opening.books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 300, 0)]


async def test_a_budget_is_held_refunded_and_refused(ledgers: OpenLedger) -> None:
    opening = await ledgers("here")
    assert await opening.ledger.open(intent("r1", hold(600, 1000))) is None
    refused = await opening.ledger.open(intent("r2", hold(600, 1000)))
    assert refused == Refusal("key:k1", "total", 0, 600, 1000)
    opening.ledger.settle(settlement("r1", cost=400))
    await opening.ledger.drain()
    assert await opening.ledger.open(intent("r3", hold(600, 1000))) is None
    refused = await opening.ledger.open(intent("r4", hold(1, 1000)))
    assert refused == Refusal("key:k1", "total", 400, 600, 1000)
    names = [entry.id for entry in (await opening.books.requests(Wanted())).entries]
    assert sorted(names) == ["r1", "r3"]  # what was refused left nothing


async def test_several_holds_are_taken_together_or_not_at_all(ledgers: OpenLedger) -> None:
    opening = await ledgers("here")
    tenants = hold(600, 1000, owner="tenant:t1", began=TODAY)
    assert await opening.ledger.open(intent("r1", hold(600, 5000), tenants)) is None
    refused = await opening.ledger.open(intent("r2", hold(600, 5000), tenants))
    assert refused == Refusal("tenant:t1", "day", 0, 600, 1000)
    held = [Standing("key:k1", "total", 0, 0, 600), Standing("tenant:t1", "day", TODAY, 0, 600)]
    assert await opening.books.standings(["tenant:t1", "key:k1", "key:other"]) == held
    opening.ledger.settle(settlement("r1", cost=10))
    await opening.ledger.drain()
    spent = [Standing("key:k1", "total", 0, 10, 0), Standing("tenant:t1", "day", TODAY, 10, 0)]
    assert await opening.books.standings(["tenant:t1", "key:k1"]) == spent
    assert await opening.books.standings(["tenant:t1", "key:k1"], TODAY + 1) == spent[:1]


async def test_periods_are_budgets_of_their_own(ledgers: OpenLedger) -> None:
    opening = await ledgers("here")
    assert await opening.ledger.open(intent("r1", hold(900, 1000, began=TODAY))) is None
    assert await opening.ledger.open(intent("r2", hold(900, 1000, began=TODAY))) is not None
    assert await opening.ledger.open(intent("r3", hold(900, 1000, began=TODAY + DAY), started=NOON + DAY)) is None
    opening.ledger.settle(settlement("r1", cost=5))  # after the next day has begun: it counts where it was held
    await opening.ledger.drain()
    assert await opening.books.standings(["key:k1"]) == [
        Standing("key:k1", "day", TODAY, 5, 0),
        Standing("key:k1", "day", TODAY + DAY, 0, 900),
    ]


async def test_a_new_budget_knows_what_was_spent_before_it_in_its_period(ledgers: OpenLedger) -> None:
    opening = await ledgers("here")
    for name, key, started in (("old", "k1", NOON - DAY), ("r1", "k1", NOON), ("r2", "k2", NOON)):
        await opening.ledger.open(intent(name, key=key, started=started))
        opening.ledger.settle(settlement(name, cost=300))
    await opening.ledger.drain()
    tenants = hold(1, 10_000, owner="tenant:t1", began=TODAY)
    await opening.ledger.open(intent("r3", hold(1, 10_000, began=TODAY), hold(1, 10_000), tenants))
    assert await opening.books.standings(["tenant:t1", "key:k1"]) == [
        Standing("key:k1", "day", TODAY, 300, 1),
        Standing("key:k1", "total", 0, 600, 1),
        Standing("tenant:t1", "day", TODAY, 600, 1),
    ]


async def test_of_many_at_once_exactly_as_many_are_admitted_as_the_budget_has(ledgers: OpenLedger) -> None:
    openings = [await ledgers(name) for name in ("one", "two")]
    outcomes = await asyncio.gather(
        *(
            openings[at % 2].ledger.open(intent(f"r{at}", hold(10, 1000), replica=("one", "two")[at % 2]))
            for at in range(300)
        )
    )
    assert Counter(outcome is None for outcome in outcomes) == {True: 100, False: 200}
    admitted = [f"r{at}" for at, outcome in enumerate(outcomes) if outcome is None]
    for at, name in enumerate(admitted):
        openings[at % 2].ledger.settle(settlement(name, cost=7))
    for opening in openings:
        await opening.ledger.drain()
    assert await openings[0].books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 700, 0)]
    assert [each.cost for each in await openings[1].books.usage(Question())] == [700]


async def test_a_client_that_leaves_while_its_row_is_written_owes_nothing(ledgers: OpenLedger) -> None:
    opening = await ledgers("here")
    tasks = [asyncio.create_task(opening.ledger.open(intent(f"r{at}", hold(10, 1000)))) for at in range(40)]
    for at, task in enumerate(tasks):
        await asyncio.sleep(0)
        if at % 2:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    gone = sum(task.cancelled() for task in tasks)
    await opening.ledger.drain()
    entries = (await opening.books.requests(Wanted(limit=100))).entries
    assert sum(entry.state == "open" for entry in entries) == 40 - gone
    assert {(entry.state, entry.status, entry.cost) for entry in entries} <= {("open", None, 0), ("aborted", 499, 0)}
    assert await opening.books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 0, 10 * (40 - gone))]


async def test_rows_of_a_dead_gateway_are_aborted_and_booked_at_their_most(ledgers: OpenLedger) -> None:
    dead, here = await ledgers("dead"), await ledgers("here")
    await dead.ledger.open(intent("r1", hold(1000), replica="dead"))
    await here.ledger.open(intent("r2", hold(1000), replica="here"))
    assert await here.upkeep.sweep(3600) == 0  # it was heard of in this hour
    assert await here.upkeep.sweep(-1) == 1
    assert await here.upkeep.sweep(-1) == 0
    (entry,) = (await here.books.requests(Wanted(state="aborted"))).entries
    assert (entry.id, entry.status, entry.usage, entry.cost) == ("r1", None, ESTIMATE, 1000)
    assert entry.finished is not None
    assert await here.books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 1000, 1000)]
    (day,) = await here.books.usage(Question())
    assert (day.requests, day.failed, day.cost) == (1, 1, 1000)


async def test_a_gateway_that_was_only_thought_dead_corrects_its_rows(ledgers: OpenLedger) -> None:
    slow, here = await ledgers("slow"), await ledgers("here")
    await slow.ledger.open(intent("r1", hold(1000), replica="slow"))
    await slow.ledger.open(intent("r2", replica="slow"))
    assert await here.upkeep.sweep(-1) == 2
    for cost in (300, 999):  # the second one says it again
        slow.ledger.settle(settlement("r1", cost=cost))
        await slow.ledger.drain()
    (entry,) = (await here.books.requests(Wanted(state="done"))).entries
    assert (entry.id, entry.usage, entry.cost) == ("r1", USAGE, 300)
    assert await here.books.standings(["key:k1"]) == [Standing("key:k1", "total", 0, 300, 0)]
    (day,) = await here.books.usage(Question())
    assert (day.requests, day.failed, day.cost) == (2, 1, 1300)
    assert day.usage == Usage(180, 70, 10, 5)


async def test_a_gateway_that_has_left_is_swept_at_once(ledgers: OpenLedger) -> None:
    left, here = await ledgers("left"), await ledgers("here")
    await left.ledger.open(intent("r1", replica="left"))
    await left.upkeep.leave()
    assert await here.upkeep.sweep(3600) == 1


async def test_old_rows_go_and_what_they_came_to_stays(ledgers: OpenLedger) -> None:
    opening = await ledgers("here")
    for at in range(1200):
        await opening.ledger.open(intent(f"old{at}", started=NOON - DAY + at))
        opening.ledger.settle(settlement(f"old{at}", cost=1))
    await opening.ledger.open(intent("open", started=NOON - DAY))
    await opening.ledger.open(intent("new", started=NOON))
    opening.ledger.settle(settlement("new", cost=1))
    await opening.ledger.drain()
    before = await opening.books.usage(Question())
    assert await opening.upkeep.forget(NOON) == 1200
    assert {entry.id for entry in (await opening.books.requests(Wanted())).entries} == {"open", "new"}
    assert await opening.books.usage(Question()) == before
    assert [each.requests for each in before] == [1200, 1]


async def seed(opening: Opened) -> None:
    """Two keys of one tenant and one of another, over three days."""
    for at in range(30):
        key = f"k{at % 3}"
        started = NOON + at % 3 * DAY + at // 15
        await opening.ledger.open(
            intent(f"r{at:02}", key=key, tenant=f"t{at % 3 // 2}", model=f"m{at % 2}", started=started)
        )
        if at < 27:
            failed = settlement(f"r{at:02}", cost=at, state="failed", status=502)
            opening.ledger.settle(failed if at % 9 == 0 else settlement(f"r{at:02}", cost=at))
    await opening.ledger.drain()


@pytest.mark.parametrize("by", ["key", "tenant", "model", "day"])
async def test_usage_is_the_sum_of_the_rows(ledgers: OpenLedger, by: str) -> None:
    opening = await ledgers("here")
    await seed(opening)
    rows = [entry for entry in (await opening.books.requests(Wanted(limit=100))).entries if entry.state != "open"]
    names = {"key": "key_id", "tenant": "tenant", "model": "model"}
    found: Counter[str] = Counter()
    costs: Counter[str] = Counter()
    for entry in rows:
        group = str(getattr(entry, names[by])) if by in names else f"day {int(entry.started // DAY)}"
        found[group] += 1
        costs[group] += entry.cost
    usage = await opening.books.usage(Question(by=by))  # type: ignore[arg-type]  # one of the four words
    assert sorted(each.requests for each in usage) == sorted(found.values())
    assert sorted(each.cost for each in usage) == sorted(costs.values())
    assert sum((each.usage for each in usage), Usage()) == Usage(27 * 80, 27 * 20, 27 * 10, 27 * 5)
    if by in names:
        assert {each.group: each.cost for each in usage} == dict(costs)
        assert [each.cost for each in usage] == sorted(costs.values(), reverse=True)


async def test_usage_of_a_span_and_of_one_key(ledgers: OpenLedger) -> None:
    opening = await ledgers("here")
    await seed(opening)
    days = [each.group for each in await opening.books.usage(Question())]
    assert len(days) == 3
    assert days == sorted(days)
    two = Question(since=NOON + DAY, until=NOON + 2 * DAY)
    assert [each.group for each in await opening.books.usage(two)] == days[1:]
    one = Question(since=float(TODAY), until=float(TODAY + DAY))
    assert [each.group for each in await opening.books.usage(one)] == days[:1]
    (key,) = await opening.books.usage(Question(by="key", key_id="k1"))
    assert key == Spending("k1", 9, 0, Usage(720, 180, 90, 45), sum(range(1, 27, 3)))
    assert [each.group for each in await opening.books.usage(Question(by="key", tenant="t1"))] == ["k2"]
    assert await opening.books.usage(Question(by="model", key_id="nobody")) == []


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(key_id="k1"),
        Wanted(tenant="t0"),
        Wanted(state="open"),
        Wanted(state="failed"),
        Wanted(status=502),
        Wanted(status=200, key_id="k2"),
        Wanted(since=NOON + DAY),
        Wanted(until=NOON + DAY),
        Wanted(key_id="k0", since=NOON, until=NOON + 1),
    ],
)
async def test_pages_join_to_the_whole_list(ledgers: OpenLedger, wanted: Wanted) -> None:
    opening = await ledgers("here")
    await seed(opening)
    every = (await opening.books.requests(Wanted(limit=100))).entries
    assert [(entry.started, entry.id) for entry in every] == sorted(
        ((entry.started, entry.id) for entry in every), reverse=True
    )
    matching = [
        entry.id
        for entry in every
        if wanted.key_id in ("", entry.key_id)
        and wanted.tenant in ("", entry.tenant)
        and wanted.state in (None, entry.state)
        and wanted.status in (None, entry.status)
        and (wanted.since or 0) <= entry.started < (wanted.until or 1e18)
    ]
    assert matching
    seen: list[str] = []
    after: Mark | None = None
    while True:
        page = await opening.books.requests(msgspec.structs.replace(wanted, after=after, limit=4))
        seen += [entry.id for entry in page.entries]
        assert len(page.entries) <= 4
        if page.next is None:
            break
        after = page.next
    assert seen == matching


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "мост 🌉", "'; DROP TABLE requests; --", "%", "x" * 5000])
async def test_any_text_of_a_client_is_kept_and_harms_nobody(ledgers: OpenLedger, text: str) -> None:
    opening = await ledgers("here")
    await asyncio.gather(
        opening.ledger.open(intent("r1", model=text)), *(opening.ledger.open(intent(f"n{at}")) for at in range(5))
    )
    opening.ledger.settle(settlement("r1"))
    opening.ledger.settle(settlement("n0"))
    await opening.ledger.drain()
    assert len((await opening.books.requests(Wanted())).entries) == 6
    assert len((await opening.books.requests(Wanted(state="done"))).entries) == 2


async def test_numbers_that_no_database_holds_stop_nobody(ledgers: OpenLedger) -> None:
    opening = await ledgers("here")
    for name in ("r1", "r2"):
        await opening.ledger.open(intent(name))
    opening.ledger.settle(settlement("r1", usage=Usage(10**30, 1)))
    opening.ledger.settle(settlement("r2"))
    await opening.ledger.drain()
    states = {entry.id: entry.state for entry in (await opening.books.requests(Wanted())).entries}
    assert states == {"r1": "done", "r2": "done"}

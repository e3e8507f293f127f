"""The desk: what a request may cost is held before it, what it came to is booked after it, whatever happens between."""

from time import monotonic_ns

import msgspec
import pytest

from gigamost.auth.principal import Principal, made_up
from gigamost.core.accounting import Entry, Wanted
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.tenancy import Budget, Period, Rates
from gigamost.core.usage import Usage
from gigamost.ledger.prices import Price, Prices
from gigamost.limits.counters import LocalCounters
from gigamost.limits.limiter import Limiter
from gigamost.limits.places import LocalPlaces
from gigamost.pipeline.desk import GONE, Desk, Visit
from gigamost.store.ledger.memory import MemoryLedger

PRICES = Prices({"m": Price(input=1_000_000, output=2_000_000)})  # one micro for a token of input, two for output
MOST = Usage(10, 20)  # 50 micros


class Office:
    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now
        self.ledger = MemoryLedger("here", lambda: self.now)
        limiter = Limiter(LocalCounters(monotonic_ns), LocalPlaces(), 0.01)
        self.desk = Desk(limiter, self.ledger, lambda: PRICES, "here")
        self.requests = 0

    async def enter(self, principal: Principal) -> Visit:
        self.requests += 1
        return await self.desk.enter(principal, "openai", f"request-{self.requests}", "theirs")

    async def rows(self) -> tuple[Entry, ...]:
        return (await self.ledger.requests(Wanted())).entries

    async def spent(self) -> list[tuple[str, int, int]]:
        return [(each.owner, each.spent, each.reserved) for each in await self.ledger.standings(("key:k", "tenant:t"))]


def caller(key: Budget | None = None, tenant: Budget | None = None, rates: Rates | None = None) -> Principal:
    principal = made_up("t", "k")
    return msgspec.structs.replace(
        principal,
        key=msgspec.structs.replace(principal.key, budget=key, rates=rates or Rates()),
        owner=msgspec.structs.replace(principal.owner, budget=tenant),
    )


async def test_a_request_is_known_before_it_goes_upstream_and_settled_after() -> None:
    office = Office()
    visit = await office.enter(caller())
    with pytest.raises(RuntimeError, match="without a row"):
        visit.require()
    await visit.reserve("m", MOST)
    visit.require()
    (row,) = await office.rows()
    assert (row.id, row.client_request_id, row.state, row.reserved, row.usage) == (
        "request-1",
        "theirs",
        "open",
        50,
        MOST,
    )
    visit.trail.upstream, visit.trail.posts = "account-0", 2
    visit.show()
    visit.spend(Usage(3, 1))
    visit.spend(Usage(2, 1))
    office.now += 5
    visit.leave(200)
    visit.leave(500)
    (row,) = await office.rows()
    assert (row.state, row.status, row.usage, row.cost) == ("done", 200, Usage(5, 2), 9)
    assert (row.upstream, row.attempts, row.key_id, row.tenant, row.face) == ("account-0", 2, "k", "t", "openai")
    assert (row.started, row.finished) == (1_000_000.0, 1_000_005.0)
    assert row.ttft_ms is not None


@pytest.mark.parametrize(
    ("status", "fails", "state"),
    [(200, False, "done"), (200, True, "failed"), (502, False, "failed"), (GONE, False, "aborted")],
)
async def test_what_became_of_it(status: int, fails: bool, state: str) -> None:
    office = Office()
    visit = await office.enter(caller())
    await visit.reserve("m", MOST)
    if fails:
        visit.fail()
    visit.leave(status)
    assert [row.state for row in await office.rows()] == [state]


async def test_a_request_that_never_went_upstream_is_in_no_book() -> None:
    office = Office()
    (await office.enter(caller())).leave(400)
    assert await office.rows() == ()


@pytest.mark.parametrize(("period", "kind"), [("total", Kind.QUOTA_EXHAUSTED), ("day", Kind.RATE_LIMITED)])
async def test_a_budget_is_never_exceeded(period: Period, kind: Kind) -> None:
    office = Office()
    principal = caller(key=Budget(120, period), tenant=Budget(1000, period))
    first, second, third = [await office.enter(principal) for _ in range(3)]
    await first.reserve("m", MOST)
    await second.reserve("m", MOST)
    with pytest.raises(GatewayError, match=r"This key's budget .* 0\.00002 are left") as caught:
        await third.reserve("m", MOST)
    assert caught.value.problem.kind is kind
    assert (caught.value.problem.retry_after or 0) == (0 if period == "total" else 36_800)
    third.leave(429)
    assert await office.spent() == [("key:k", 0, 100), ("tenant:t", 0, 100)]
    first.spend(Usage(10, 0))
    first.leave(200)
    second.leave(GONE)
    assert await office.spent() == [("key:k", 10, 0), ("tenant:t", 10, 0)]
    again = await office.enter(principal)
    await again.reserve("m", MOST)


async def test_the_tenants_budget_binds_its_keys() -> None:
    office = Office()
    visit = await office.enter(caller(tenant=Budget(49, "month")))
    with pytest.raises(GatewayError, match=r"^Your organisation's budget"):
        await visit.reserve("m", MOST)


async def test_rates_are_taken_at_the_desk_and_given_back() -> None:
    office = Office()
    slow = caller(rates=Rates(concurrency=1))
    visit = await office.enter(slow)
    with pytest.raises(GatewayError) as caught:
        await office.enter(slow)
    assert caught.value.problem.kind is Kind.RATE_LIMITED
    visit.leave(200)
    (await office.enter(slow)).leave(200)

    few = caller(rates=Rates(tpm=60))
    first = await office.enter(few)
    await first.reserve("m", MOST)
    second = await office.enter(few)
    with pytest.raises(GatewayError):
        await second.reserve("m", Usage(10, 21))
    first.spend(Usage(1, 1))
    first.leave(200)
    await (await office.enter(few)).reserve("m", MOST)

"""What a key may see of itself. It is no request to a model: it counts under no limit and waits behind nobody, so that
a client whose limits are used up can still learn why.

The database is asked through the books' own connections, for one question of a key at a time, a few keys at a time and
so many times a minute; what it said is good for some seconds. What is left of the limits is never old.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import monotonic, monotonic_ns
from typing import Final, Literal

import msgspec

from gigamost.auth.principal import Principal
from gigamost.core.accounting import Question, Spending, Standing
from gigamost.core.errors import GatewayError, Kind, invalid
from gigamost.core.limiting import Draw, Full, Measure
from gigamost.core.own_usage import BudgetLeft, Holder, KeyUsage, LimitLeft, Span, Sum
from gigamost.core.ports import Books
from gigamost.core.tenancy import Budget
from gigamost.core.usage import Usage
from gigamost.ledger.money import amount
from gigamost.ledger.periods import began, ends, unix_seconds
from gigamost.limits import windows
from gigamost.limits.counters import LocalCounters
from gigamost.limits.limiter import Limiter

FRESH: Final = 5.0  # seconds that an answer of the database is good for
_QUESTIONS: Final = 30  # of one key to the database in a minute
_AT_ONCE: Final = 2  # keys whose questions are asked at the same time: administrators need connections too
_REMEMBERED: Final = 1000  # keys
_DAY: Final = 86_400


class _Found(msgspec.Struct, frozen=True):
    """What the database said about the days from `since` to `until`."""

    since: int
    until: int
    standings: Sequence[Standing]
    days: Sequence[Spending]
    models: Sequence[Spending]


class _Memory:
    """Of one key. Who holds the lock asks; who waited for it mostly finds the answer."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.good_until = 0.0
        self.found: _Found | None = None

    def recall(self, since: int, until: int) -> _Found | None:
        found = self.found if monotonic() < self.good_until else None
        return found if found is not None and (found.since, found.until) == (since, until) else None


class OwnUsage:
    """`now` is the ledger's clock."""

    def __init__(self, books: Books, limiter: Limiter, now: Callable[[], float]) -> None:
        self._books = books
        self._limiter = limiter
        self._now = now
        self._asking = asyncio.Semaphore(_AT_ONCE)
        self._questions = LocalCounters(monotonic_ns)
        self._memories: OrderedDict[str, _Memory] = OrderedDict()

    async def of(self, principal: Principal, span: Span) -> KeyUsage:
        """Raises GatewayError: 400 for what is no span of time, 429 for a key that asks too often, 503 when the ledger
        cannot be read."""
        now = self._now()
        first = _moment(span.since, "from") if span.since else began("month", now)
        last = _moment(span.until, "to") if span.until else max(now, first)
        if last < first:
            raise invalid("to: it is before from.", "to", "invalid_value")
        since, until = int(first // _DAY) * _DAY, -int(-last // _DAY) * _DAY
        found = await self._find(principal, since, until)
        key = principal.key
        return KeyUsage(
            key_id=key.id,
            key_name=key.name,
            expires=key.expires,
            since=since,
            until=until,
            budgets=tuple(_budgets(principal, found.standings, now)),
            limits=await self._limits(principal),
            total=_sum("", found.days),
            days=tuple(_sum(each.group, (each,)) for each in found.days),
            models=tuple(_sum(each.group, (each,)) for each in found.models),
        )

    async def _find(self, principal: Principal, since: int, until: int) -> _Found:
        memory = self._memories.setdefault(principal.key_id, _Memory())
        self._memories.move_to_end(principal.key_id)
        if len(self._memories) > _REMEMBERED:
            self._memories.popitem(last=False)
        async with memory.lock:
            found = memory.recall(since, until)
            if found is None:
                self._count(principal.key_id)
                async with self._asking:
                    found = memory.found = await self._ask(principal, since, until)
                memory.good_until = monotonic() + FRESH
        return found

    def _count(self, key: str) -> None:
        outcome = self._questions.take_now((Draw(key, "requests", windows.MINUTE, _QUESTIONS, 1),))
        if isinstance(outcome, Full):
            message = f"A key may ask for its usage {_QUESTIONS} times a minute: ask less often."
            raise GatewayError(Kind.RATE_LIMITED, message, code="rate_limit_exceeded", retry_after=outcome.wait)

    async def _ask(self, principal: Principal, since: int, until: int) -> _Found:
        books, key = self._books, principal.key_id
        owners = [owner for _, owner, _ in _held(principal)]
        standings = await books.standings(owners, began("month", self._now())) if owners else ()
        days = await books.usage(Question("day", since, until, key))
        models = await books.usage(Question("model", since, until, key)) if days else ()
        return _Found(since, until, standings, days, models)

    async def _limits(self, principal: Principal) -> tuple[LimitLeft, ...]:
        key, tenant = principal.key, principal.owner
        told: list[LimitLeft] = []
        draws = (*windows.requests(key, tenant), *windows.tokens(key, tenant, 0))
        if draws:
            known = await self._limiter.counters.look(draws)
            for draw, left, resets in zip(known.draws, known.left, known.resets, strict=True):
                name = _NAMES[draw.measure, draw.seconds]
                told.append(LimitLeft(_holder(draw.owner), name, draw.limit, left, resets))
        for owner, rates in windows.owners(key, tenant):
            if rates.concurrency is not None:
                crowd = self._limiter.places.crowd(owner, rates.concurrency)
                left = max(rates.concurrency - crowd.in_flight, 0)
                told.append(LimitLeft(_holder(owner), "concurrency", rates.concurrency, left, None))
        return tuple(told)


_NAMES: Final[Mapping[tuple[Measure, int], Literal["rpm", "rpd", "tpm", "tpd"]]] = {
    ("requests", windows.MINUTE): "rpm",
    ("requests", windows.DAY): "rpd",
    ("tokens", windows.MINUTE): "tpm",
    ("tokens", windows.DAY): "tpd",
}


def _holder(owner: str) -> Holder:
    return "key" if owner.startswith("key:") else "tenant"


def _held(principal: Principal) -> Iterator[tuple[Holder, str, Budget]]:
    if principal.key.budget is not None:
        yield "key", f"key:{principal.key_id}", principal.key.budget
    if principal.owner.budget is not None:
        yield "tenant", f"tenant:{principal.tenant}", principal.owner.budget


def _budgets(principal: Principal, standings: Iterable[Standing], now: float) -> Iterator[BudgetLeft]:
    spent = {(each.owner, each.period, each.began): (each.spent, each.reserved) for each in standings}
    for holder, owner, budget in _held(principal):
        begins = began(budget.period, now)
        gone, held = spent.get((owner, budget.period, begins), (0, 0))
        yield BudgetLeft(
            of=holder,
            period=budget.period,
            currency=budget.currency,
            amount=amount(budget.amount),
            soft=None if budget.soft is None else amount(budget.soft),
            spent=amount(gone),
            reserved=amount(held),
            left=amount(max(budget.amount - gone - held, 0)),
            begins=None if budget.period == "total" else begins,
            ends=ends(budget.period, now),
        )


def _moment(text: str, name: str) -> float:
    try:
        return unix_seconds(text)
    except ValueError as error:
        raise invalid(f"{name}: {error}.", name, "invalid_value") from None


def _sum(name: str, parts: Sequence[Spending]) -> Sum:
    return Sum(
        name,
        sum(each.requests for each in parts),
        sum(each.failed for each in parts),
        sum((each.usage for each in parts), Usage()),
        amount(sum(each.cost for each in parts)),
    )

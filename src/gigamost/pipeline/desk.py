"""The one choke point: every request enters here before anything is done for it, and is booked here when it is over.

    entered --reserve--> reserved --leave--> settled        entered --leave--> gone, and nothing is in the ledger

    enter      requests per minute and day, a place under the key's and the tenant's concurrency
    reserve    tokens per minute and day, budgets, the row in the ledger

Nothing goes upstream for a request that is not reserved: whoever sends demands it (`Visit.require`).
"""

import math
from collections.abc import Awaitable, Callable, Iterator
from time import monotonic
from typing import Final, Literal

import msgspec

from gigamost.auth.principal import Principal
from gigamost.core.accounting import Hold, Intent, Refusal, Settlement, State
from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.ports import Ledger
from gigamost.core.prompts import Heard, Recorder
from gigamost.core.usage import Usage
from gigamost.ledger.money import amount
from gigamost.ledger.periods import began, ends
from gigamost.ledger.prices import Prices
from gigamost.limits.limiter import Limiter, Stay
from gigamost.pipeline.meter import Meter
from gigamost.pipeline.tape import Tape

GONE: Final = 499  # the status, in log and ledger, of a request whose client left; never sent


class Trail(msgspec.Struct):
    """What a request went through, for its response headers, the ledger and the log. `unbooked` are attempts that may
    have generated something that nobody has seen; `model` is the one that is being asked, by the name of its prices, ""
    for the one that was reserved. `cache` is for keys with a cache; `age`, of a hit, is seconds."""

    upstream: str = ""
    model: str = ""
    posts: int = 0
    unbooked: int = 0
    upstream_seconds: float = 0.0
    queued_seconds: float = 0.0
    cache: Literal["", "hit", "miss"] = ""
    age: int = 0


class Desk:
    """`replica` is this gateway's name in the ledger. `prices` is asked for every request: prices can be reloaded.
    `recorder` gets what is said where that is kept."""

    def __init__(
        self,
        limiter: Limiter,
        ledger: Ledger,
        prices: Callable[[], Prices],
        replica: str,
        recorder: Recorder | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.limiter = limiter
        self.meter = meter or Meter()
        self.ledger = ledger
        self.prices = prices
        self.replica = replica
        self.recorder = recorder
        # The budgets that refused something, until somebody takes them away who tells people so.
        self.refused: dict[str, Refusal] = {}

    def visit(self, principal: Principal, face: str, request_id: str, client_request_id: str = "") -> "Visit":
        """One that has not entered. `client_request_id` is the client's own, "" when it sent none."""
        stay = self.limiter.stay(principal.key, principal.owner)
        return Visit(self, stay, principal, face, request_id, client_request_id)

    async def enter(self, principal: Principal, face: str, request_id: str, client_request_id: str = "") -> "Visit":
        """Raises GatewayError (429)."""
        visit = self.visit(principal, face, request_id, client_request_id)
        await visit.enter()
        return visit


class Visit:
    """One request on its way through: whose it is, and what it came to so far."""

    def __init__(
        self, desk: Desk, stay: Stay, principal: Principal, face: str, request_id: str, client_request_id: str
    ) -> None:
        self.principal = principal
        self.stay = stay
        self.trail = Trail()
        self.usage = Usage()
        self.cost = 0
        self._desk = desk
        self._face = face
        self._id = request_id
        self._client_id = client_request_id
        self._entered = monotonic()
        self._first_content: float | None = None
        self._is_failed = False
        self._is_over = False
        self._intent: Intent | None = None
        # For a request whose exchange is kept: what was said. `conversation` is the one that the client named.
        self.tape: Tape | None = None
        self.conversation = ""
        # Set for work that nobody waits for: it goes behind everybody who does, and is told before anything is sent.
        self.before_sending: Callable[[], Awaitable[None]] | None = None

    async def enter(self) -> None:
        """Once for each request that counts. Raises GatewayError (429): what is left is known all the same
        (`stay.known`)."""
        try:
            await self.stay.enter(self.principal.defaults.priority)
        except GatewayError as error:
            self._desk.meter.refuse(error.problem)
            raise
        self._entered = monotonic()

    async def reserve(self, model: str, most: Usage, *others: str) -> None:
        """Holds the most that the request may cost and makes it known to the ledger; once for each request. `others`
        are the models that may stand in for this one. Raises GatewayError: 429 or 402 for a limit or a budget that does
        not allow it, 503 when the ledger cannot be written."""
        if self._intent is not None:
            return
        try:
            await self.stay.reserve(most.total_tokens)
        except GatewayError as error:
            self._desk.meter.refuse(error.problem)
            raise
        prices, now = self._desk.prices(), self._desk.ledger.now()
        cost = max(prices.most(name, most) for name in (model, *others))
        await self._open(model, now, cost, most, tuple(_holds(self.principal, cost, now)))

    async def note(self, model: str) -> None:
        """In the place of `reserve`, for an answer of `model` that costs nothing: it is known to the ledger, and no
        limit of tokens or money stands in its way. Raises GatewayError (503) when the ledger cannot be written."""
        await self._open(model, self._desk.ledger.now(), 0, Usage(), ())

    async def _open(self, model: str, now: float, cost: int, most: Usage, holds: tuple[Hold, ...]) -> None:
        intent = Intent(
            id=self._id,
            replica=self._desk.replica,
            started=now,
            key_id=self.principal.key_id,
            tenant=self.principal.tenant,
            face=self._face,
            model=model,
            reserved=cost,
            estimate=most,
            holds=holds,
            client_request_id=self._client_id,
        )
        refusal = await self._desk.ledger.open(intent)
        if refusal is not None:
            self._desk.refused[refusal.owner] = refusal
            self._desk.meter.refusals["key_budget" if refusal.owner.startswith("key:") else "tenant_budget"] += 1
            raise _refused(refusal, now)
        self._intent = intent

    def require(self) -> None:
        """Raises RuntimeError for a request that would go upstream without a row in the ledger."""
        if self._intent is None:
            raise RuntimeError(f"request {self._id} would go upstream without a row in the ledger")

    def spend(self, usage: Usage, model: str = "") -> None:
        """Called for every generation, when it is over. `model`: where it is not the one that was asked last."""
        self.usage += usage
        model = model or self.trail.model or (self._intent.model if self._intent is not None else "")
        self.cost += self._desk.prices().of(model, self.trail.upstream).of(usage)

    def show(self) -> None:
        """The client now has something to see."""
        if self._first_content is None:
            self._first_content = monotonic()

    def fail(self) -> None:
        """The answer broke off after its status was sent."""
        self._is_failed = True

    def refuse(self, problem: Problem) -> None:
        """The client is told this in the place of an answer."""
        if self.tape is not None:
            self.tape.problem = problem

    def leave(self, status: int) -> None:
        """It is over, with this HTTP status. Called again it does nothing."""
        self.stay.leave(self.usage.total_tokens)
        intent, self._intent = self._intent, None
        self._count(intent, status)
        if intent is None:
            return
        if self.tape is not None:
            self._tell(self.tape, intent, status)
        now = monotonic()
        first = self._first_content
        settlement = Settlement(
            id=intent.id,
            finished=self._desk.ledger.now(),
            state=self._state(status),
            status=status,
            usage=self.usage,
            cost=self.cost,
            holds=intent.holds,
            upstream=self.trail.upstream,
            attempts=self.trail.posts,
            ttft_ms=round((first - self._entered) * 1000) if first is not None else None,
            duration_ms=round((now - self._entered) * 1000),
        )
        self._desk.ledger.settle(settlement)

    def _tell(self, tape: Tape, intent: Intent, status: int) -> None:
        tape.close()
        heard = Heard(
            id=intent.id,
            tenant=intent.tenant,
            key_id=intent.key_id,
            user=tape.user,
            session=tape.session,
            face=intent.face,
            model=self.trail.model or intent.model or tape.model,
            started=intent.started,
            finished=self._desk.ledger.now(),
            status=status,
            usage=self.usage,
            asked=tape.asked,
            reply=tape.reply,
            events=tuple(tape.events),
            problem=tape.problem,
        )
        if self._desk.recorder is not None:
            self._desk.recorder.record(heard)

    def _count(self, intent: Intent | None, status: int) -> None:
        """Once."""
        if self._is_over:
            return
        self._is_over = True
        meter, trail, first = self._desk.meter, self.trail, self._first_content
        meter.count(
            (self._face, trail.model or (intent.model if intent is not None else ""), trail.upstream),
            status,
            monotonic() - self._entered,
            None if first is None else first - self._entered,
            self.usage,
            self.cost,
            broke=self._is_failed,
        )
        if trail.cache:
            meter.caches[trail.cache] += 1

    def _state(self, status: int) -> State:
        if status == GONE:
            return "aborted"
        return "failed" if self._is_failed or not 200 <= status < 400 else "done"


def _holds(principal: Principal, cost: int, now: float) -> Iterator[Hold]:
    for owner, budget in (
        (f"key:{principal.key_id}", principal.key.budget),
        (f"tenant:{principal.tenant}", principal.owner.budget),
    ):
        if budget is not None:
            yield Hold(owner, budget.period, began(budget.period, now), cost, budget.amount)


def _refused(refusal: Refusal, now: float) -> GatewayError:
    """A period's budget comes again, a total one does not (the contract, "Ledger")."""
    whose = "This key's" if refusal.owner.startswith("key:") else "Your organisation's"
    left = max(refusal.limit - refusal.spent - refusal.reserved, 0)
    said = (
        f"{whose} budget has not enough left for this request: {amount(refusal.spent)} of {amount(refusal.limit)} are "
        f"spent, {amount(refusal.reserved)} are held for requests under way, {amount(left)} are left."
    )
    end = ends(refusal.period, now)
    if end is None:
        return GatewayError(Kind.QUOTA_EXHAUSTED, f"{said} Ask whoever gave you the key.", code="budget_exhausted")
    said += f" Lower max_tokens, or wait: it begins anew in {math.ceil((end - now) / 60)} minutes."
    return GatewayError(Kind.RATE_LIMITED, said, code="budget_exhausted", retry_after=end - now)

"""One request as the ledger knows it: an intent before it goes upstream, a settlement after it.

    open ── done | failed | aborted        a row is open until it is settled, or swept when its gateway has died

Money is micros (`ledger.money`), times are unix seconds with a fraction.
"""

from typing import Literal

import msgspec

from gigamost.core.tenancy import Period
from gigamost.core.usage import Usage

State = Literal["open", "done", "failed", "aborted"]


class Hold(msgspec.Struct, frozen=True):
    """The most that a request may take of a budget. `owner` is `key:<id>` or `tenant:<id>`; `began` is the start of the
    budget's period; `amount` what the request may cost at most, `limit` what the period has in all."""

    owner: str
    period: Period
    began: int
    amount: int
    limit: int


class Intent(msgspec.Struct, frozen=True):
    """Durable before anything is sent. `id` is our request id; `replica` the gateway that holds it; `reserved` the most
    that it may cost, which is booked if nobody ever says more."""

    id: str
    replica: str
    started: float
    key_id: str
    tenant: str
    face: str
    model: str
    reserved: int = 0
    estimate: Usage = Usage()
    holds: tuple[Hold, ...] = ()
    client_request_id: str = ""


class Settlement(msgspec.Struct, frozen=True):
    """What became of it. `status` is the HTTP status that the client saw, 499 for one that left (from 400 on the state
    is failed or aborted); durations are milliseconds, `ttft_ms` to the first content."""

    id: str
    finished: float
    state: State
    status: int
    usage: Usage
    cost: int
    holds: tuple[Hold, ...] = ()
    upstream: str = ""
    attempts: int = 0
    ttft_ms: int | None = None
    duration_ms: int = 0


class Refusal(msgspec.Struct, frozen=True):
    """A budget that has not enough left: nothing was written and nothing is held."""

    owner: str
    period: Period
    spent: int
    reserved: int
    limit: int


Grouping = Literal["key", "tenant", "model", "day"]


class Entry(msgspec.Struct, frozen=True):
    """A row as it is read. `finished`, `status` and `duration_ms` are None while it is open; `status` stays None when
    nobody said what became of it. The usage of an open row is its estimate, its cost is 0."""

    id: str
    client_request_id: str
    started: float
    finished: float | None
    key_id: str
    tenant: str
    face: str
    model: str
    upstream: str
    state: State
    status: int | None
    usage: Usage
    cost: int
    reserved: int
    ttft_ms: int | None
    duration_ms: int | None
    attempts: int


class Mark(msgspec.Struct, frozen=True):
    """A place in the list of rows: that of the row which a page ended with."""

    started: float
    id: str


class Wanted(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which rows, newest first; what is left out is not asked about. `since` is included, `until` is not; `after` is
    where the page before ended."""

    key_id: str = ""
    tenant: str = ""
    state: State | None = None
    status: int | None = None
    since: float | None = None
    until: float | None = None
    after: Mark | None = None
    limit: int = 50


class Entries(msgspec.Struct, frozen=True):
    """One page. `next` is None on the last one."""

    entries: tuple[Entry, ...]
    next: Mark | None = None


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was spent, by what. Whole days of UTC: the one that `since` is in is the first, the one that `until` is in
    the last, unless `until` is its very beginning. With `key_id` or `tenant`, of these alone."""

    by: Grouping = "day"
    since: float | None = None
    until: float | None = None
    key_id: str = ""
    tenant: str = ""


class Spending(msgspec.Struct, frozen=True):
    """What one key, tenant, model or day (`2026-07-31`) came to; `failed` of the requests were no success."""

    group: str
    requests: int
    failed: int
    usage: Usage
    cost: int


class Backlog(msgspec.Struct, frozen=True):
    """What a gateway has not written to the ledger's database yet. `is_away`: it is spooled on this machine."""

    unwritten: int
    is_away: bool = False


class Standing(msgspec.Struct, frozen=True):
    """How much of a budget's period is gone, and how much is held by requests that are open. What gateways have leased
    is in neither, though nobody else may spend it."""

    owner: str
    period: Period
    began: int
    spent: int
    reserved: int

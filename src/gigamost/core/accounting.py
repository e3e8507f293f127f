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
    """What became of it. `status` is the HTTP status that the client saw, 499 for one that left; durations are
    milliseconds, `ttft_ms` to the first content."""

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

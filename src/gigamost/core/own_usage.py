"""What a client may see of its own key: its budgets and limits with what is left of them, and what it has spent.

Money is decimal text, moments are unix seconds. Of the key's tenant there are amounts alone, nothing of other keys.
"""

from typing import Literal

import msgspec

from gigamost.core.tenancy import Period
from gigamost.core.usage import Usage

Holder = Literal["key", "tenant"]


class Span(msgspec.Struct, frozen=True):
    """Two moments as the client wrote them (`from`, `to`), for whole days of UTC as in `core.accounting.Question`.
    Empty: from this month's beginning; until now."""

    since: str = ""
    until: str = ""


class BudgetLeft(msgspec.Struct, frozen=True):
    """Of the period that runs now; a total one neither began nor ends. `reserved` is held for requests under way."""

    of: Holder
    period: Period
    currency: str
    amount: str
    soft: str | None
    spent: str
    reserved: str
    left: str
    begins: int | None
    ends: int | None


class LimitLeft(msgspec.Struct, frozen=True):
    """`resets` is the seconds until all of it is free again, None for `concurrency`."""

    of: Holder
    limit: Literal["rpm", "rpd", "tpm", "tpd", "concurrency"]
    amount: int
    left: int
    resets: float | None


class Sum(msgspec.Struct, frozen=True):
    """What a day (`2026-07-31`), a model or all of them (`name` is "") came to; `failed` requests were no success."""

    name: str
    requests: int
    failed: int
    usage: Usage
    cost: str


class KeyUsage(msgspec.Struct, frozen=True):
    """`since` and `until` are the first day's beginning and the last one's end."""

    key_id: str
    key_name: str
    expires: int | None
    since: int
    until: int
    budgets: tuple[BudgetLeft, ...]
    limits: tuple[LimitLeft, ...]
    total: Sum
    days: tuple[Sum, ...]
    models: tuple[Sum, ...]

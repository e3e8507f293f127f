"""Budgets that are nearly gone, or gone.

A soft budget is told of when it is spent. A hard one when a request was refused for it: it is hardly ever spent to the
last kopeck, because requests are refused as soon as what is left is less than they may cost.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal

import msgspec

from gigamost.core.accounting import Refusal, Standing
from gigamost.core.notices import FOR_EVER, Finding, Json
from gigamost.core.tenancy import Budget

LATE: Final = 86_400.0  # seconds after a period's end in which somebody may still find what was in it

Show = Callable[[int], str]  # an amount of micros as text


class Purse(msgspec.Struct, frozen=True):
    """A budget in its current period. `owner` is `key:<id>` or `tenant:<id>`; `ends` None: never."""

    owner: str
    name: str
    tenant: str
    budget: Budget
    began: int
    ends: int | None


def crossed(purses: Iterable[Purse], standings: Iterable[Standing], show: Show) -> Iterator[Finding]:
    """The soft budgets that are spent."""
    spent = {(each.owner, each.period, each.began): each for each in standings}
    for purse in purses:
        soft = purse.budget.soft
        found = spent.get((purse.owner, purse.budget.period, purse.began))
        if soft is not None and found is not None and found.spent >= soft:
            yield _finding("budget.soft", purse, soft, found.spent, found.reserved, show)


def exhausted(purses: Iterable[Purse], refusals: Iterable[Refusal], show: Show) -> Iterator[Finding]:
    """The budgets for which a request was refused, if they still are what they were then."""
    refused = {(each.owner, each.period, each.limit): each for each in refusals}
    for purse in purses:
        found = refused.get((purse.owner, purse.budget.period, purse.budget.amount))
        if found is not None:
            yield _finding("budget.hard", purse, purse.budget.amount, found.spent, found.reserved, show)


def _finding(
    kind: Literal["budget.soft", "budget.hard"], purse: Purse, limit: int, spent: int, reserved: int, show: Show
) -> Finding:
    """Who raises the limit and crosses it again is told again."""
    budget = purse.budget
    of, _, id_ = purse.owner.partition(":")
    data: dict[str, Json] = {
        "owner": of,
        "id": id_,
        "name": purse.name,
        "period": budget.period,
        "period_began": purse.began,
        "spent": show(spent),
        "reserved": show(reserved),
        "soft": None if budget.soft is None else show(budget.soft),
        "amount": show(budget.amount),
        "currency": budget.currency,
    }
    return Finding(
        kind=kind,
        key=f"{kind}:{purse.owner}:{budget.period}:{purse.began}:{limit}",
        tenant=purse.tenant,
        data=data,
        keep=FOR_EVER if purse.ends is None else purse.ends + LATE,
    )

"""What the reading side answers with, said once for every store."""

from datetime import UTC, datetime

from gigamost.core.accounting import Grouping, Question, Spending
from gigamost.core.usage import Usage
from gigamost.store.ledger.group import DAY


def day_span(question: Question) -> tuple[int | None, int | None]:
    """The first day, and the one after the last, as the moments when they begin."""
    since = None if question.since is None else int(question.since // DAY) * DAY
    until = None if question.until is None else -int(-question.until // DAY) * DAY
    return since, until


def group_name(by: Grouping, value: str | int) -> str:
    """A day is the moment when it began."""
    return datetime.fromtimestamp(value, UTC).date().isoformat() if isinstance(value, int) else value


def as_spending(  # one argument for each column of a rollup
    group: str, requests: int, failed: int, input_: int, output: int, cached: int, reasoning: int, cost: int
) -> Spending:
    return Spending(group, requests, failed, Usage(input_, output, cached, reasoning), cost)


def in_order(by: Grouping, found: list[Spending]) -> list[Spending]:
    if by == "day":
        return sorted(found, key=lambda each: each.group)
    return sorted(found, key=lambda each: (-each.cost, each.group))

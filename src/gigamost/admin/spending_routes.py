"""The routes of the ledger: what was spent, and the requests behind it."""

from collections.abc import Sequence
from typing import Final, get_args

import msgspec

from gigamost.admin import spending, wire
from gigamost.admin.exchange import PAGED, Answer, Asked, Route
from gigamost.admin.terms import seconds_of
from gigamost.core.accounting import Grouping, Question, State, Wanted
from gigamost.core.errors import invalid
from gigamost.core.ports import Books

_SPAN: Final = ("from", "to")


def spending_routes(books: Books) -> Sequence[Route]:
    async def usage(asked: Asked) -> Answer:
        by = _grouping(asked.query.get("group_by", "day"))
        since, until = _span(asked)
        question = Question(by=by, since=since, until=until, tenant=asked.tenant or "")
        return Answer(spending.usage(by, await books.usage(question)))

    async def requests(asked: Asked) -> Answer:
        place, (since, until) = asked.page(), _span(asked)
        wanted = Wanted(
            key_id=asked.query.get("key", ""),
            tenant=asked.tenant or "",
            state=_state(asked.query.get("status")),
            since=since,
            until=until,
            after=spending.mark(place.cursor),
            limit=place.limit,
        )
        return Answer(spending.page(await books.requests(wanted)))

    grouped, filtered = (*_SPAN, "group_by"), (*PAGED, "key", "status", *_SPAN)
    rows = wire.Page[spending.Request]
    said = "What was spent, by key, tenant, model or day."
    return (
        Route("GET", "/usage", usage, said, spending.Usage, query=grouped, within="call"),
        Route("GET", "/requests", requests, "Rows of the ledger, newest first.", rows, query=filtered, within="call"),
    )


def _span(asked: Asked) -> tuple[float | None, float | None]:
    """Raises GatewayError (400) for what is no moment."""
    since, until = (seconds_of(asked.query.get(name) or None, name) for name in _SPAN)
    return since, until


def _grouping(word: str) -> Grouping:
    """Raises GatewayError (400), as the next one does."""
    try:
        found: Grouping = msgspec.convert(word, Grouping)
    except msgspec.ValidationError:
        raise invalid(f"group_by: {word[:40]!r} is none of {', '.join(get_args(Grouping))}.", "group_by") from None
    return found


def _state(word: str | None) -> State | None:
    try:
        found: State | None = msgspec.convert(word, State | None)
    except msgspec.ValidationError:
        raise invalid(f"status: {word!r} is none of {', '.join(get_args(State))}.", "status") from None
    return found

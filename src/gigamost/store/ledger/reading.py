"""`core.ports.Books` in a database: rows by keyset pages, sums from the rollups."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Column, ColumnElement, Row, cast, func, literal_column, or_, select, tuple_
from sqlalchemy.sql import Select

from gigamost.core.accounting import Entries, Entry, Grouping, Mark, Question, Spending, Standing, Wanted
from gigamost.core.usage import Usage
from gigamost.store.engine import Database
from gigamost.store.ledger.answers import as_spending, day_span, group_name, in_order
from gigamost.store.tables.ledger import BUDGET_LEASES, BUDGET_PERIODS, OPEN, REQUESTS, ROLLUPS, UNWELL

_R: Final = REQUESTS.c
_SHOWN: Final = [column for column in _R if column.name not in ("replica", "holds")]
_COUNTS: Final = (
    "requests",
    "failed",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "cost",
)
_COLUMNS: Final[dict[Grouping, Column[Any]]] = {
    "key": ROLLUPS.c.key_id,
    "tenant": ROLLUPS.c.tenant,
    "model": ROLLUPS.c.model,
    "day": ROLLUPS.c.day,
}


class SqlBooks:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def requests(self, wanted: Wanted) -> Entries:
        query = select(*_SHOWN).where(*_conditions(wanted)).order_by(_R.started.desc(), _R.id.desc())
        async with self._database.read() as connection:
            rows = (await connection.execute(query.limit(wanted.limit + 1))).all()
        page = tuple(map(_entry, rows[: wanted.limit]))
        return Entries(page, Mark(page[-1].started, page[-1].id) if len(rows) > wanted.limit else None)

    async def usage(self, question: Question) -> Sequence[Spending]:
        async with self._database.read() as connection:
            rows = (await connection.execute(_sums(question))).all()
        return in_order(question.by, [as_spending(group_name(question.by, row[0]), *row[1:]) for row in rows])

    async def standings(self, owners: Sequence[str], since: int = 0) -> Sequence[Standing]:
        table, lease = BUDGET_PERIODS.c, BUDGET_LEASES.c
        leased = (
            select(func.coalesce(func.sum(lease.amount), 0))
            .where(lease.owner == table.owner, lease.period == table.period, lease.began == table.began)
            .scalar_subquery()
        )
        reserved = cast(table.reserved - leased, BigInteger)
        query = select(table.owner, table.period, table.began, table.spent, reserved).where(
            table.owner.in_(owners), or_(table.began >= since, table.period == "total")
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(table.owner, table.period, table.began))).all()
        return [Standing(*row) for row in rows]


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.key_id:
        yield _R.key_id == wanted.key_id
    if wanted.tenant:
        yield _R.tenant == wanted.tenant
    if wanted.state is not None:
        yield _R.state == wanted.state
    # The words of a partial index: without them its few rows would be looked for among all.
    if wanted.state == "open":
        yield literal_column(OPEN)
    elif wanted.state in ("failed", "aborted") or (wanted.status or 0) >= 400:
        yield literal_column(UNWELL)
    if wanted.status is not None:
        yield _R.status == wanted.status
    if wanted.since is not None:
        yield _R.started >= wanted.since
    if wanted.until is not None:
        yield _R.started < wanted.until
    if wanted.after is not None:
        yield tuple_(_R.started, _R.id) < (wanted.after.started, wanted.after.id)


def _sums(question: Question) -> Select[Any]:
    since, until = day_span(question)
    group = _COLUMNS[question.by]
    sums = [cast(func.sum(ROLLUPS.c[name]), BigInteger) for name in _COUNTS]
    query = select(group, *sums).group_by(group)
    if since is not None:
        query = query.where(ROLLUPS.c.day >= since)
    if until is not None:
        query = query.where(ROLLUPS.c.day < until)
    if question.key_id:
        query = query.where(ROLLUPS.c.key_id == question.key_id)
    if question.tenant:
        query = query.where(ROLLUPS.c.tenant == question.tenant)
    return query


def _entry(row: Row[*tuple[Any, ...]]) -> Entry:
    return Entry(
        id=row.id,
        client_request_id=row.client_request_id,
        started=row.started,
        finished=row.finished,
        key_id=row.key_id,
        tenant=row.tenant,
        face=row.face,
        model=row.model,
        upstream=row.upstream,
        state=row.state,
        status=row.status,
        usage=Usage(row.input_tokens, row.output_tokens, row.cached_tokens, row.reasoning_tokens, row.estimated),
        cost=row.cost,
        reserved=row.reserved,
        ttft_ms=row.ttft_ms,
        duration_ms=row.duration_ms,
        attempts=row.attempts,
    )

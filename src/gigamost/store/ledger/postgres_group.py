"""A group in PostgreSQL: a handful of statements however many requests it has, each with a column as an array.

Every transaction takes its locks in the same order: rows by id, budgets, rollups; so that replicas wait for each other
and do not stop each other.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec

from gigamost.core.accounting import Intent, Refusal, Settlement
from gigamost.store.ledger.group import Account, Balance, Group, Row, accounts
from gigamost.store.ledger.rows import COLUMNS, intent_values, read_row, settlement_values

Connection: TypeAlias = "asyncpg.Connection[Any]"  # the record type says nothing about the columns

CLOCK: Final = "extract(epoch FROM clock_timestamp())::float8"
_SPOOLED: Final = 0x67696762  # the advisory lock of those who bring what was spooled
_INSERT: Final = (
    "INSERT INTO requests (id, client_request_id, replica, started, key_id, tenant, face, model, input_tokens,"
    " output_tokens, cached_tokens, reasoning_tokens, reserved, holds, upstream, state, estimated, cost, attempts)"
    " SELECT *, '', 'open', true, 0, 0 FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::text[],"
    " $6::text[], $7::text[], $8::text[], $9::int8[], $10::int8[], $11::int8[], $12::int8[], $13::int8[], $14::text[])"
    " ON CONFLICT (id) DO NOTHING"
)
_SETTLE: Final = (
    "UPDATE requests SET finished = new.finished, state = new.state, status = new.status,"
    " input_tokens = new.input_tokens, output_tokens = new.output_tokens, cached_tokens = new.cached_tokens,"
    " reasoning_tokens = new.reasoning_tokens, estimated = new.estimated, cost = new.cost, upstream = new.upstream,"
    " attempts = new.attempts, ttft_ms = new.ttft_ms, duration_ms = new.duration_ms"
    " FROM unnest($1::float8[], $2::text[], $3::int4[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::bool[],"
    " $9::int8[], $10::text[], $11::int4[], $12::int8[], $13::int8[], $14::text[]) AS new (finished, state, status,"
    " input_tokens, output_tokens, cached_tokens, reasoning_tokens, estimated, cost, upstream, attempts, ttft_ms,"
    " duration_ms, id) WHERE requests.id = new.id"
)
_ABORT: Final = (
    f"UPDATE requests SET finished = {CLOCK}, state = 'aborted', cost = reserved"  # noqa: S608
    " WHERE id = ANY($1::text[])"
)
_ROWS: Final = f"SELECT {COLUMNS} FROM requests WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE"  # noqa: S608
_ORPHANS: Final = (
    f"SELECT {COLUMNS} FROM requests WHERE state = 'open' AND replica <> $1"  # noqa: S608
    f" AND replica NOT IN (SELECT id FROM replicas WHERE seen > {CLOCK} - $2::float8)"
    " ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED"
)
_BALANCES: Final = (
    "SELECT owner, period, began, spent, reserved FROM budget_periods WHERE (owner, period, began) IN"
    " (SELECT * FROM unnest($1::text[], $2::text[], $3::int8[])) ORDER BY owner, period, began FOR UPDATE"
)
_NEW_BALANCES: Final = (
    "INSERT INTO budget_periods (owner, period, began, spent, reserved)"
    " SELECT owner, period, began, coalesce(CASE split_part(owner, ':', 1)"
    " WHEN 'key' THEN (SELECT sum(cost) FROM rollups WHERE key_id = substr(owner, 5) AND day >= began)"
    " WHEN 'tenant' THEN (SELECT sum(cost) FROM rollups WHERE tenant = substr(owner, 8) AND day >= began)"
    " END, 0), 0 FROM unnest($1::text[], $2::text[], $3::int8[]) AS new (owner, period, began)"
    " ON CONFLICT (owner, period, began) DO NOTHING"
)
MOVE: Final = (
    "UPDATE budget_periods AS old SET spent = old.spent + new.spent, reserved = old.reserved + new.reserved"
    " FROM unnest($1::text[], $2::text[], $3::int8[], $4::int8[], $5::int8[])"
    " AS new (owner, period, began, spent, reserved)"
    " WHERE old.owner = new.owner AND old.period = new.period AND old.began = new.began"
)
_TALLY: Final = (
    "INSERT INTO rollups AS old (day, key_id, tenant, model, requests, failed, input_tokens, output_tokens,"
    " cached_tokens, reasoning_tokens, cost) SELECT * FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[],"
    " $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::int8[], $11::int8[])"
    " ON CONFLICT (day, key_id, tenant, model) DO UPDATE SET requests = old.requests + excluded.requests,"
    " failed = old.failed + excluded.failed, input_tokens = old.input_tokens + excluded.input_tokens,"
    " output_tokens = old.output_tokens + excluded.output_tokens,"
    " cached_tokens = old.cached_tokens + excluded.cached_tokens,"
    " reasoning_tokens = old.reasoning_tokens + excluded.reasoning_tokens, cost = old.cost + excluded.cost"
)
_BEAT: Final = (
    f"INSERT INTO replicas (id, seen) VALUES ($1, {CLOCK})"  # noqa: S608
    " ON CONFLICT (id) DO UPDATE SET seen = excluded.seen RETURNING seen"
)
_GONE: Final = (
    f"DELETE FROM replicas WHERE seen <= {CLOCK} - $1::float8 AND id <> $2"  # noqa: S608
    " AND id NOT IN (SELECT replica FROM requests WHERE state = 'open')"
    " AND id NOT IN (SELECT replica FROM budget_leases)"
)
_FORGET: Final = (
    "WITH gone AS (DELETE FROM requests WHERE id IN"
    " (SELECT id FROM requests WHERE started < $1 AND state <> 'open' LIMIT $2) RETURNING 1) SELECT count(*) FROM gone"
)


class SaidAgainError(Exception):
    """A request was opened already: what it holds must not be held twice."""


async def write_group(
    connection: Connection, intents: Sequence[Intent], settlements: Sequence[Settlement], *, is_spooled: bool = False
) -> Sequence[Refusal | None]:
    """All of it in one transaction. `is_spooled`: it was admitted already, and some of it may be there.

    Raises SaidAgainError when somebody else opens one of these requests at the same moment.
    """
    if not settlements and not is_spooled and not any(intent.holds for intent in intents):
        await connection.execute(_INSERT, *columns(map(intent_values, intents), 14))
        return [None] * len(intents)
    try:
        return await _write(connection, intents, settlements, is_spooled=is_spooled, is_careful=is_spooled)
    except SaidAgainError:
        return await _write(connection, intents, settlements, is_spooled=is_spooled, is_careful=True)


async def _write(
    connection: Connection,
    intents: Sequence[Intent],
    settlements: Sequence[Settlement],
    *,
    is_spooled: bool,
    is_careful: bool,
) -> Sequence[Refusal | None]:
    """`is_careful`: which of the openings are there already is asked first."""
    async with connection.transaction():
        ids = [settlement.id for settlement in settlements]
        if is_spooled:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _SPOOLED)
        if is_careful:
            ids += [intent.id for intent in intents]
        rows = await _rows(connection, _ROWS, ids) if ids else {}
        group = Group(rows, await balances(connection, accounts(intents, rows.values())))
        outcomes = [group.open(intent, is_forced=is_spooled) for intent in intents]
        for settlement in settlements:
            group.settle(settlement)
        await _save(connection, group)
    return outcomes


async def sweep(connection: Connection, replica: str, silent: float, limit: int) -> int:
    """Aborts at most `limit` open rows of gateways that are silent. Says how many."""
    async with connection.transaction():
        rows = await _rows(connection, _ORPHANS, replica, silent, limit)
        group = Group(rows, await balances(connection, accounts((), rows.values())))
        for row in list(rows.values()):
            group.abort(row)
        await _save(connection, group)
        if not rows:
            await connection.execute(_GONE, silent, replica)
    return len(group.aborted)


async def revision(connection: Connection) -> str | None:
    """Of the schema, None when there is none."""
    try:
        found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    return found


async def beat(connection: Connection, replica: str) -> float:
    """The database's clock."""
    seen: float = await connection.fetchval(_BEAT, replica)
    return seen


async def leave(connection: Connection, replica: str) -> None:
    await connection.execute("DELETE FROM replicas WHERE id = $1", replica)


async def forget(connection: Connection, before: float, limit: int) -> int:
    gone: int = await connection.fetchval(_FORGET, before, limit)
    return gone


async def _rows(connection: Connection, query: str, *arguments: object) -> dict[str, Row]:
    rows = map(read_row, await connection.fetch(query, *arguments))
    return {row.id: row for row in rows}


async def balances(connection: Connection, known: Sequence[Account]) -> dict[Account, Balance]:
    """Locked. A new one begins with what was spent in its period before it had a budget."""
    if not known:
        return {}
    named = columns(known, 3)
    found = await connection.fetch(_BALANCES, *named)
    if len(found) < len(known):
        await connection.execute(_NEW_BALANCES, *named)
        found = await connection.fetch(_BALANCES, *named)
    return {(owner, period, began): Balance(spent, reserved) for owner, period, began, spent, reserved in found}


async def _save(connection: Connection, group: Group) -> None:
    if group.inserted:
        done = await connection.execute(_INSERT, *columns(map(intent_values, group.inserted), 14))
        if done != f"INSERT 0 {len(group.inserted)}":
            raise SaidAgainError
    if group.settled:
        await connection.execute(_SETTLE, *columns(map(settlement_values, group.settled), 14))
    if group.aborted:
        await connection.execute(_ABORT, [row.id for row in group.aborted])
    if group.moved:
        moved = ((*account, by.spent, by.reserved) for account, by in sorted(group.moved.items()))
        await connection.execute(MOVE, *columns(moved, 5))
    if group.tallies:
        tallies = ((*line, *msgspec.structs.astuple(tally)) for line, tally in sorted(group.tallies.items()))
        await connection.execute(_TALLY, *columns(tallies, 11))


def columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    turned = [list(column) for column in zip(*rows, strict=True)]
    return turned or [[] for _ in range(width)]

"""`usage`: what was spent, and the requests behind it, read from the store."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from gigamost.admin import spending
from gigamost.admin.terms import seconds_of
from gigamost.app.place import kept_at
from gigamost.cli.terminal import note, say, table
from gigamost.config import load
from gigamost.core.accounting import Grouping, Question, Wanted
from gigamost.core.ports import Books
from gigamost.store.ledger.opening import LedgerOpening

Answer = TypeVar("Answer")


class Narrowed(msgspec.Struct, frozen=True):
    """What the options narrow it to: moments as they were written, and ids."""

    since: str | None = None
    until: str | None = None
    key_id: str = ""
    tenant: str = ""


def show_spending(by: Grouping, narrowed: Narrowed, config: Path | None, output: str) -> None:
    question = Question(
        by=by,
        since=seconds_of(narrowed.since, "--from"),
        until=seconds_of(narrowed.until, "--to"),
        key_id=narrowed.key_id,
        tenant=narrowed.tenant,
    )
    found = spending.usage(by, _ask(config, lambda books: books.usage(question)))
    if output == "json":
        _json(found)
        return
    columns = (by, "requests", "failed", "prompt", "completion", "cached", "roubles")
    table(columns, [_spent(each) for each in found.data])


def show_requests(narrowed: Narrowed, limit: int, cursor: str, config: Path | None, output: str) -> None:
    wanted = Wanted(
        key_id=narrowed.key_id,
        tenant=narrowed.tenant,
        since=seconds_of(narrowed.since, "--from"),
        until=seconds_of(narrowed.until, "--to"),
        after=spending.mark(cursor),
        limit=limit,
    )
    found = spending.page(_ask(config, lambda books: books.requests(wanted)))
    if output == "json":
        _json(found)
        return
    columns = ("started", "key", "face", "model", "state", "status", "prompt", "completion", "roubles", "ms", "id")
    table(columns, [_request(each) for each in found.data])
    if found.next_cursor is not None:
        note(f"There are more: --cursor {found.next_cursor}")


def _ask(config: Path | None, question: Callable[[Books], Awaitable[Answer]]) -> Answer:
    settings = load(config=config)

    async def ask() -> Answer:
        opening = LedgerOpening(kept_at(settings), "", settings.state_dir)
        try:
            return await question(opening.books)
        finally:
            await opening.close()

    return asyncio.run(ask())


def _spent(spent: spending.Spent) -> Sequence[str]:
    group = spent.key_id or spent.tenant_id or spent.model or spent.day or ""
    counts = (spent.requests, spent.failed, spent.prompt_tokens, spent.completion_tokens, spent.cached_tokens)
    return (group, *map(str, counts), spent.cost)


def _request(row: spending.Request) -> Sequence[str]:
    status = "" if row.status is None else str(row.status)
    duration = "" if row.duration_ms is None else str(row.duration_ms)
    tokens = (str(row.prompt_tokens), str(row.completion_tokens))
    return (
        row.started_at,
        row.key_id,
        row.face,
        row.model,
        row.state,
        status,
        *tokens,
        row.cost,
        duration,
        row.id,
    )


def _json(value: object) -> None:
    say(msgspec.json.format(msgspec.json.encode(value)).decode())

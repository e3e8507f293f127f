"""The ledger as the API and the command line show it: what was spent, and the requests behind it."""

import base64
import binascii
from collections.abc import Iterable

import msgspec

from gigamost.admin import wire
from gigamost.core.accounting import Entries, Entry, Grouping, Mark, Spending, State
from gigamost.core.errors import invalid
from gigamost.core.instant import SECOND, rfc3339
from gigamost.ledger.money import amount


class Spent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one key, tenant, model or day came to; the one that was asked for is there. `failed` of the requests were no
    success."""

    key_id: str | None = None
    tenant_id: str | None = None
    model: str | None = None
    day: str | None = None
    requests: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: wire.Money


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    data: tuple[Spent, ...]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the ledger. What is not known yet is null; a row without a status was closed by another gateway, after
    the one that had it died, with the most that it may have cost."""

    id: str
    client_request_id: str | None
    started_at: str
    finished_at: str | None
    key_id: str
    tenant_id: str
    face: str
    model: str
    upstream: str | None
    state: State
    status: int | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    estimated: bool
    cost: wire.Money
    ttft_ms: int | None
    duration_ms: int | None
    attempts: int


def usage(by: Grouping, spendings: Iterable[Spending]) -> Usage:
    return Usage(data=tuple(_spent(by, spending) for spending in spendings))


def page(entries: Entries) -> wire.Page[Request]:
    after = None if entries.next is None else cursor(entries.next)
    return wire.Page(data=tuple(map(request, entries.entries)), next_cursor=after)


def request(entry: Entry) -> Request:
    return Request(
        id=entry.id,
        client_request_id=entry.client_request_id or None,
        started_at=_moment(entry.started),
        finished_at=None if entry.finished is None else _moment(entry.finished),
        key_id=entry.key_id,
        tenant_id=entry.tenant,
        face=entry.face,
        model=entry.model,
        upstream=entry.upstream or None,
        state=entry.state,
        status=entry.status,
        prompt_tokens=entry.usage.input_tokens,
        completion_tokens=entry.usage.output_tokens,
        cached_tokens=entry.usage.cached_tokens,
        estimated=entry.usage.estimated,
        cost=amount(entry.cost),
        ttft_ms=entry.ttft_ms,
        duration_ms=entry.duration_ms,
        attempts=entry.attempts,
    )


def cursor(mark: Mark) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(mark)).decode().rstrip("=")


def mark(text: str) -> Mark | None:
    """Of a cursor; None for "". Raises GatewayError (400)."""
    if not text:
        return None
    try:
        return msgspec.json.decode(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), type=Mark)
    except (binascii.Error, ValueError):
        raise invalid("cursor: it is none of those that this list gave.", "cursor") from None


def _spent(by: Grouping, spending: Spending) -> Spent:
    names: dict[Grouping, str] = {"key": "key_id", "tenant": "tenant_id", "model": "model", "day": "day"}
    return msgspec.structs.replace(
        Spent(
            requests=spending.requests,
            failed=spending.failed,
            prompt_tokens=spending.usage.input_tokens,
            completion_tokens=spending.usage.output_tokens,
            cached_tokens=spending.usage.cached_tokens,
            cost=amount(spending.cost),
        ),
        **{names[by]: spending.group},
    )


def _moment(seconds: float) -> str:
    """To the millisecond."""
    whole = rfc3339(int(seconds) * SECOND, fraction=False)
    return f"{whole[:-1]}.{int(seconds * 1000) % 1000:03}Z"

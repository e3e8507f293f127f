"""`GET /v1/usage`: a key's own spending. OpenAI has nothing like it for clients, so the form is the gateway's own."""

from typing import Any

import msgspec

from gigamost.core.face import Incoming
from gigamost.core.instant import SECOND, rfc3339
from gigamost.core.own_usage import BudgetLeft, KeyUsage, LimitLeft, Span, Sum

JsonObject = dict[str, Any]


def decode(incoming: Incoming) -> Span:
    return Span(incoming.query.get("from", ""), incoming.query.get("to", ""))


def encode(usage: KeyUsage) -> bytes:
    return msgspec.json.encode(
        {
            "object": "usage",
            "key": {"id": usage.key_id, "name": usage.key_name, "expires_at": _told(usage.expires)},
            "budgets": [_budget(each) for each in usage.budgets],
            "limits": [_limit(each) for each in usage.limits],
            "from": _told(usage.since),
            "to": _told(usage.until),
            "total": _sum(usage.total),
            "days": [{"day": each.name, **_sum(each)} for each in usage.days],
            "models": [{"model": each.name, **_sum(each)} for each in usage.models],
        }
    )


def _budget(budget: BudgetLeft) -> JsonObject:
    return {
        "of": budget.of,
        "period": budget.period,
        "currency": budget.currency,
        "amount": budget.amount,
        "soft": budget.soft,
        "spent": budget.spent,
        "reserved": budget.reserved,
        "left": budget.left,
        "begins_at": _told(budget.begins),
        "ends_at": _told(budget.ends),
    }


def _limit(limit: LimitLeft) -> JsonObject:
    resets = None if limit.resets is None else round(limit.resets, 3)
    return {
        "of": limit.of,
        "limit": limit.limit,
        "amount": limit.amount,
        "left": limit.left,
        "resets_in_seconds": resets,
    }


def _sum(spent: Sum) -> JsonObject:
    return {
        "requests": spent.requests,
        "failed": spent.failed,
        "prompt_tokens": spent.usage.input_tokens,
        "completion_tokens": spent.usage.output_tokens,
        "cached_tokens": spent.usage.cached_tokens,
        "cost": spent.cost,
    }


def _told(moment: int | None) -> str | None:
    return None if moment is None else rfc3339(moment * SECOND, fraction=False)

"""What is left, as response headers: the words of OpenAI's API and of Anthropic's.

Of several windows of a measure the one is told that has the smallest part left.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from gigamost.core.limiting import Full, Grant, Measure

Headers = Mapping[str, str]
_MEASURES: Final[tuple[Measure, ...]] = ("requests", "tokens")


class Allowance(msgspec.Struct, frozen=True):
    """`reset` is the seconds until all of `limit` is free again."""

    measure: Measure
    limit: int
    left: int
    reset: float


def allowances(outcome: Grant | Full) -> tuple[Allowance, ...]:
    if isinstance(outcome, Full):
        return (Allowance(outcome.draw.measure, outcome.draw.limit, outcome.left, outcome.reset),)
    rows = zip(outcome.draws, outcome.left, outcome.resets, strict=True)
    return tuple(Allowance(draw.measure, draw.limit, left, reset) for draw, left, reset in rows)


def openai(known: Iterable[Allowance]) -> Headers:
    """`x-ratelimit-limit-requests: 60`, `-remaining-requests: 59`, `-reset-requests: 1m0s` and the same of tokens
    (OpenAI's guide "Rate limits", section "Rate limits in headers")."""
    headers = {}
    for tightest in _tightest(known):
        measure = tightest.measure
        headers[f"x-ratelimit-limit-{measure}"] = str(tightest.limit)
        headers[f"x-ratelimit-remaining-{measure}"] = str(tightest.left)
        headers[f"x-ratelimit-reset-{measure}"] = _duration(tightest.reset)
    return headers


def anthropic(known: Iterable[Allowance], now: Callable[[], float]) -> Headers:
    """`anthropic-ratelimit-requests-limit`, `-remaining`, `-reset` (RFC 3339) and the same of tokens (Anthropic's page
    "Rate limits", section "Response headers"). `now` is unix seconds."""
    headers = {}
    for tightest in _tightest(known):
        name = f"anthropic-ratelimit-{tightest.measure}"
        moment = datetime.fromtimestamp(now() + tightest.reset, UTC)
        headers[f"{name}-limit"] = str(tightest.limit)
        headers[f"{name}-remaining"] = str(tightest.left)
        headers[f"{name}-reset"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return headers


def _tightest(known: Iterable[Allowance]) -> Iterable[Allowance]:
    all_known = tuple(known)
    for measure in _MEASURES:
        of_measure = [each for each in all_known if each.measure == measure]
        if of_measure:
            yield min(of_measure, key=lambda each: each.left / each.limit)


def _duration(seconds: float) -> str:
    """As OpenAI writes it: `6m0s`, `1s`, `12ms`."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours}h{minutes}m{left}s"
    return f"{minutes}m{left}s" if minutes else f"{left}s"

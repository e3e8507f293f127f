"""What a refusal says: whose limit it was, how much it is, and when to come again. Always a 429 with `Retry-After`."""

import math

from gigamost.core.errors import GatewayError, Kind
from gigamost.core.limiting import Crowd, Full
from gigamost.limits.windows import MINUTE

LONGEST_GUESS = 30.0  # seconds: nobody knows how long those who wait will take


def full(refused: Full) -> GatewayError:
    draw, wait = refused.draw, max(1, math.ceil(refused.wait))
    period = "minute" if draw.seconds == MINUTE else "day"
    said = f"{_whose(draw.owner)} may use {draw.limit} {draw.measure} a {period}"
    if draw.measure == "tokens":
        said += f"; this request may need {draw.amount}, {refused.left} are left: lower max_tokens, or"
    else:
        said += ", and they are used up:"
    message = f"{said} try again in {_time(wait)}."
    return GatewayError(Kind.RATE_LIMITED, message, code="rate_limit_exceeded", retry_after=float(wait))


def crowded(name: str, crowd: Crowd, waited: float) -> GatewayError:
    """Nothing came free in `waited` seconds."""
    message = (
        f"{_whose(name)} may have {crowd.limit} request(s) under way at the same time, and none ended within "
        f"{waited:g} s: send fewer at once, or try again later."
    )
    return GatewayError(Kind.RATE_LIMITED, message, code="concurrency_limit", retry_after=guess(crowd))


def guess(crowd: Crowd) -> float:
    """Seconds after which it may be worth to come again: as if each of those in front took a second."""
    return min(math.ceil(crowd.waiting / crowd.limit) + 1.0, LONGEST_GUESS)


def _time(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    return f"{math.ceil(seconds / 60)} minutes" if seconds < 7200 else f"{math.ceil(seconds / 3600)} hours"


def _whose(owner: str) -> str:
    return "This key" if owner.startswith("key:") else "Your organisation"

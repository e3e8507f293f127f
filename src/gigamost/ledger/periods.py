"""The periods of budgets: a day or a month by the calendar of UTC, or for ever.

All replicas count by the database's clock, so a skew between their own does no harm.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from gigamost.core.tenancy import Period

FOR_EVER: Final = 0
LAST: Final = 253_402_300_800  # the year 10000 in unix seconds


def began(period: Period, now: float) -> int:
    """When the period that contains `now` began, both in unix seconds."""
    moment = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match period:
        case "day":
            return int(moment.timestamp())
        case "month":
            return int(moment.replace(day=1).timestamp())
        case "total":
            return FOR_EVER


def ends(period: Period, now: float) -> int | None:
    """When the next one begins, None for a total."""
    start = datetime.fromtimestamp(began(period, now), UTC)
    match period:
        case "day":
            return int((start + timedelta(days=1)).timestamp())
        case "month":
            return int((start.replace(day=28) + timedelta(days=4)).replace(day=1).timestamp())
        case "total":
            return None


def unix_seconds(text: str) -> float:
    """Of RFC 3339, a date, or digits, which are seconds since 1970 already. Without an offset it is UTC. Raises
    ValueError that says what is wrong."""
    try:
        moment = float(text) if text.isascii() and text.isdecimal() else _said(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{text[:40]!r} is no moment like 2027-01-31T12:00:00Z") from None
    if not 0 <= moment < LAST:
        raise ValueError("this is no moment in seconds since 1970")
    return moment


def _said(text: str) -> float:
    said = datetime.fromisoformat(text)
    return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()

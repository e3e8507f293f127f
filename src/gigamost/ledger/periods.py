"""The periods of budgets: a day or a month by the calendar of UTC, or for ever.

All replicas count by the database's clock, so a skew between their own does no harm.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from gigamost.core.tenancy import Period

FOR_EVER: Final = 0


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

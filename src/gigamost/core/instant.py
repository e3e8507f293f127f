"""A moment as most wires write it: RFC 3339 in UTC. No clock here: the moment is passed in."""

from functools import lru_cache
from typing import Final

SECOND: Final = 1_000_000_000  # nanoseconds
_DAY: Final = 86_400  # seconds
# The Gregorian calendar repeats after 400 years. Years are counted from 1 March, so that a leap day comes last.
_ERA: Final = 146_097  # days of 400 years
_EPOCH: Final = 719_468  # days from 0000-03-01 to 1970-01-01


def rfc3339(nanoseconds: int, *, fraction: bool = True) -> str:
    """`nanoseconds` since 1970: `2023-11-09T21:07:55.186497123Z`, or whole seconds without the fraction."""
    seconds, rest = divmod(nanoseconds, SECOND)
    day, second = divmod(seconds, _DAY)
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"{_date(day)}T{clock}.{rest:09}Z" if fraction else f"{_date(day)}T{clock}Z"


@lru_cache(maxsize=8)
def _date(day: int) -> str:
    era, of_era = divmod(day + _EPOCH, _ERA)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153  # 0 is March
    of_month = of_year - (153 * month + 2) // 5 + 1
    if month >= 10:
        year, month = year + 1, month - 12
    return f"{year + era * 400:04}-{month + 3:02}-{of_month:02}"

"""Money as integers: millionths of a unit of the currency, so that one token of the cheapest model has a whole price.

GigaChat-2 costs 65 roubles per million tokens, which is 65 millionths per token. Sums are exact; only a cost that is
not whole is rounded, once, up.
"""

import re
from typing import Final

Micros = int
UNIT: Final = 1_000_000
_AMOUNT: Final = re.compile(r"(?P<whole>[0-9]{1,12})(?:\.(?P<part>[0-9]{1,6}))?")


def micros(amount: str) -> Micros:
    """Of a decimal amount: "1000.00" is 1_000_000_000. Raises ValueError for anything else than digits and a point."""
    found = _AMOUNT.fullmatch(amount.strip())
    if found is None:
        raise ValueError(f'{amount!r} is no amount: write it with digits and a point, for example "1000.00"')
    return int(found["whole"]) * UNIT + int((found["part"] or "").ljust(6, "0"))


def amount(value: Micros) -> str:
    """The shortest decimal with at least two places: "1000.00", "0.000065"."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    whole, part = divmod(value, UNIT)
    digits = f"{part:06}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole}.{digits}"

"""What tokens cost, by model. Prices are data: shipped ones for GigaChat, corrected by the operator's."""

from collections.abc import Mapping
from typing import Final

import msgspec

from gigamost.core.usage import Usage
from gigamost.ledger.money import Micros

_MILLION: Final = 1_000_000


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Micros per million tokens. Cached input is not billed by GigaChat (gigachat-api.md section 4.10); an upstream
    that bills it has its own number."""

    input: Micros = 0
    output: Micros = 0
    cached: Micros = 0

    def of(self, usage: Usage) -> Micros:
        """What this usage costs, rounded up to a whole micro. `usage.input_tokens` includes the cached ones."""
        fresh = max(usage.input_tokens - usage.cached_tokens, 0)
        cost = fresh * self.input + usage.cached_tokens * self.cached + usage.output_tokens * self.output
        return -(-cost // _MILLION)


def _roubles(per_million: int) -> Price:
    return Price(per_million * _MILLION, per_million * _MILLION)


FREE: Final = Price()
# Roubles per million tokens, input and output alike. A third party's catalogue, not GigaChat's own price list
# (gigachat-api.md section 3, unverified): the operator's tariff goes into `prices` of the configuration.
SHIPPED: Final[Mapping[str, Price]] = {
    "GigaChat-2": _roubles(65),
    "GigaChat-2-Pro": _roubles(500),
    "GigaChat-2-Max": _roubles(650),
    # Names of the first generation are served by the second (section 3).
    "GigaChat": _roubles(65),
    "GigaChat-Plus": _roubles(65),
    "GigaChat-Pro": _roubles(500),
    "GigaChat-Max": _roubles(650),
}


class Prices:
    """`own` are the operator's, by a model's name, or by `credential/model` where a credential has a tariff of its own.
    A model without a price costs nothing, and `knows` says so to those who warn."""

    def __init__(self, own: Mapping[str, Price] = {}) -> None:
        self._prices = {**SHIPPED, **own}
        self._tariffs: dict[str, list[Price]] = {}  # by the model
        for name, price in own.items():
            _, is_of_one, model = name.partition("/")
            if is_of_one:
                self._tariffs.setdefault(model, []).append(price)

    def knows(self, model: str) -> bool:
        return self._base(model) in self._prices

    def of(self, model: str, credential: str = "") -> Price:
        """An early-access name (`-preview`) costs what its model costs unless it has a price of its own."""
        if credential and model in self._tariffs:
            own = self._prices.get(f"{credential}/{model}")
            if own is not None:
                return own
        return self._prices.get(model) or self._prices.get(self._base(model), FREE)

    def most(self, model: str, usage: Usage) -> Micros:
        """What this usage costs with the credential where it costs most."""
        cost = self.of(model).of(usage)
        for price in self._tariffs.get(model, ()):
            cost = max(cost, price.of(usage))
        return cost

    def _base(self, model: str) -> str:
        return model if model in self._prices else model.removesuffix("-preview")

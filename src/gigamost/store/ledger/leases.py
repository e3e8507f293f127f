"""What a gateway may spend of budgets while the database is away: a part of each, held there beforehand.

Of a budget that has at least a fifth of its amount left, every gateway that uses it holds a twentieth of what is left.
That is taken from what all others may spend, so that nothing is overspent whoever is away; and it is given back when a
request would be refused for the want of it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from gigamost.core.accounting import Hold, Intent, Settlement
from gigamost.store.ledger.group import Account, Balance, account

_SCARCE: Final = 5  # a budget of which less than one part in so many is left is not leased
_SHARE: Final = 20  # one part in so many of what is left
_IN_USE: Final = 3600.0  # seconds for which a budget that is not held any more is leased


def worth_leasing(limit: int, balance: Balance, own: int) -> int:
    """Of a budget of `limit`, of which `own` is leased to whoever asks already."""
    left = limit - balance.spent - balance.reserved + own
    return left // _SHARE if left * _SCARCE >= limit else 0


class _Used(msgspec.Struct):
    limit: int
    at: float


class Leases:
    """Of one gateway. Times are of any clock that goes on by seconds."""

    def __init__(self) -> None:
        self._used: dict[Account, _Used] = {}
        self._left: dict[Account, int] = {}
        self._given: dict[str, tuple[Hold, ...]] = {}  # by request, what was taken while the database was away

    def use(self, holds: Iterable[Hold], now: float) -> None:
        for hold in holds:
            self._used[account(hold)] = _Used(hold.limit, now)

    def wanted(self, now: float) -> Mapping[Account, int]:
        """The limits of the budgets that are in use."""
        self._used = {each: used for each, used in self._used.items() if used.at > now - _IN_USE}
        return {each: used.limit for each, used in self._used.items()}

    def renew(self, amounts: Mapping[Account, int]) -> None:
        """What is leased now; what was given before is in the database by now."""
        self._left = dict(amounts)
        self._given.clear()

    def returned(self, accounts: Iterable[Account]) -> None:
        for each in accounts:
            self._left.pop(each, None)

    def among(self, holds: Iterable[Hold]) -> set[Account]:
        """Those that are leased."""
        return {account(hold) for hold in holds if self._left.get(account(hold), 0)}

    def take(self, intent: Intent) -> bool:
        """Whether there is enough for everything that it holds; then it is taken."""
        if any(self._left.get(account(hold), 0) < hold.amount for hold in intent.holds):
            return False
        for hold in intent.holds:
            self._left[account(hold)] -= hold.amount
        if intent.holds:
            self._given[intent.id] = intent.holds
        return True

    def settle(self, settlement: Settlement) -> None:
        """What the request did not cost can be taken again."""
        for hold in self._given.pop(settlement.id, ()):
            if account(hold) in self._left:
                self._left[account(hold)] += hold.amount - settlement.cost

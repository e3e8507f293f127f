"""The budgets of everybody who is known, in their current periods."""

from collections.abc import Iterator
from typing import NamedTuple

from gigamost.core.tenancy import Budget, Key, Period, Roll, Tenant
from gigamost.ledger.periods import began, ends
from gigamost.notices.budgets import Purse


class _Owner(NamedTuple):
    name: str
    tenant: str
    budget: Budget


class Purses:
    """Worked out anew only when somebody changed a key or a tenant."""

    def __init__(self) -> None:
        self._roll: Roll | None = None
        self._owners: dict[str, _Owner] = {}
        self._now = 0.0
        self._spans: dict[Period, tuple[int, int | None]] = {}
        self.soft: tuple[str, ...] = ()  # the owners of those that have a soft limit

    def load(self, roll: Roll) -> None:
        if roll is self._roll:
            return
        self._roll = roll
        self._owners = dict(_owners(roll))
        self.soft = tuple(name for name, owner in self._owners.items() if owner.budget.soft is not None)

    def find(self, owner: str, now: float) -> Purse | None:
        """`now` is unix seconds of the ledger's clock."""
        found = self._owners.get(owner)
        if found is None:
            return None
        period = found.budget.period
        if now != self._now:  # one look asks about all of them
            self._now, self._spans = now, {}
        if period not in self._spans:
            self._spans[period] = began(period, now), ends(period, now)
        return Purse(owner, found.name, found.tenant, found.budget, *self._spans[period])


def _owners(roll: Roll) -> Iterator[tuple[str, _Owner]]:
    for key in roll.keys:
        if key.budget is not None and key.revoked is None:
            yield f"key:{key.id}", _owner(key, key.tenant, key.budget)
    for tenant in roll.tenants:
        if tenant.budget is not None:
            yield f"tenant:{tenant.id}", _owner(tenant, tenant.id, tenant.budget)


def _owner(who: Key | Tenant, tenant: str, budget: Budget) -> _Owner:
    return _Owner(who.name, tenant, budget)

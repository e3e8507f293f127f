"""Which windows and places a request uses: its key's first, then its tenant's."""

from collections.abc import Iterator
from typing import Final

from gigamost.core.limiting import Draw
from gigamost.core.tenancy import Key, Rates, Tenant

MINUTE: Final = 60
DAY: Final = 86_400


def owners(key: Key, tenant: Tenant) -> Iterator[tuple[str, Rates]]:
    """Those who have limits at all. Two tenants never share a name, and no key has a tenant's."""
    if key.rates != _NONE:
        yield f"key:{key.id}", key.rates
    if tenant.rates != _NONE:
        yield f"tenant:{tenant.id}", tenant.rates


def requests(key: Key, tenant: Tenant) -> tuple[Draw, ...]:
    """What one request draws."""
    return tuple(
        Draw(owner, "requests", seconds, limit, 1)
        for owner, rates in owners(key, tenant)
        for seconds, limit in ((MINUTE, rates.rpm), (DAY, rates.rpd))
        if limit is not None
    )


def tokens(key: Key, tenant: Tenant, amount: int) -> tuple[Draw, ...]:
    """What `amount` tokens draw."""
    return tuple(
        Draw(owner, "tokens", seconds, limit, amount)
        for owner, rates in owners(key, tenant)
        for seconds, limit in ((MINUTE, rates.tpm), (DAY, rates.tpd))
        if limit is not None
    )


_NONE: Final = Rates()

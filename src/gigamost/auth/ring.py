"""Every key that opens something, by its digest, in memory: a request is admitted by one look-up.

configured keys ─┐
                 ├─ by digest ─> Known(principal, expires)
stored keys ─────┘  replaced as a whole whenever the store has a newer revision
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from gigamost.auth.principal import Principal
from gigamost.auth.scopes import combined
from gigamost.core.tenancy import Key, Roll, Tenant

FRESH: Final = 5.0  # seconds after which somebody may have made a key that is not known here
KEPT: Final = 3600.0  # seconds that stored keys are good for while nobody can say whether they were revoked


class Known(msgspec.Struct, frozen=True):
    """`until` is the end of a former digest, in unix seconds."""

    principal: Principal
    is_stored: bool
    until: int | None = None


class Ring:
    """`clock` is monotonic seconds. Until it was loaded or confirmed once, nobody knows which keys there are."""

    def __init__(self, configured: Sequence[Key], clock: Callable[[], float]) -> None:
        self._configured = tuple(configured)
        self._clock = clock
        self._confirmed: float | None = None
        self._known: Mapping[bytes, Known] = {}
        self.roll = Roll(-1)
        self._build()

    def adopt(self, configured: Sequence[Key]) -> None:
        """The configured keys are these from now on."""
        self._configured = tuple(configured)
        self._build()

    def load(self, roll: Roll) -> None:
        self.roll = roll
        self._build()
        self.confirm()

    def confirm(self) -> None:
        """What is loaded is what is stored now."""
        self._confirmed = self._clock()

    def find(self, digest: bytes) -> Known | None:
        return self._known.get(digest)

    def of_key(self, key_id: str) -> Known | None:
        """Looks at all of them: for work that is done later, not for requests."""
        found = (known for known in self._known.values() if known.principal.key_id == key_id and known.until is None)
        return next(found, None)

    @property
    def is_empty(self) -> bool:
        """Whether nobody ever made a key. A revoked one is one: a gateway must not open when its last key ends."""
        return self._confirmed is not None and not self._known

    @property
    def is_fresh(self) -> bool:
        return self._confirmed is not None and self._clock() - self._confirmed < FRESH

    @property
    def is_kept(self) -> bool:
        return self._confirmed is not None and self._clock() - self._confirmed < KEPT

    def _build(self) -> None:
        tenants = {tenant.id: tenant for tenant in self.roll.tenants}
        by_name = {tenant.name: tenant for tenant in self.roll.tenants}
        known: dict[bytes, Known] = {}
        for key in self.roll.keys:
            owner = tenants.get(key.tenant) or _unknown(key.tenant)
            known.update(_entries(key, owner, is_stored=True))
        for key in self._configured:
            owner = tenants.get(key.tenant) or by_name.get(key.tenant) or _unknown(key.tenant)
            known.update(_entries(key, owner, is_stored=False))
        self._known = known


def _entries(key: Key, owner: Tenant, *, is_stored: bool) -> Iterator[tuple[bytes, Known]]:
    principal = Principal(key, owner, combined(owner.defaults, key.defaults))
    for former in key.former:
        yield former.digest, Known(principal, is_stored, former.expires)
    yield key.digest, Known(principal, is_stored)


def _unknown(tenant: str) -> Tenant:
    """Of a configured key: it need not be stored."""
    return Tenant(id=tenant, name=tenant, created=0)

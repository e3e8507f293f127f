"""The caller of a request, once authenticated."""

from typing import Final

import msgspec

from gigamost.core.secret import Secret
from gigamost.core.tenancy import Defaults, Key, Tenant


class Principal(msgspec.Struct, frozen=True):
    """`owner` is the tenant, who owns everything the request leaves behind. `defaults` are the key's within its
    tenant's (`auth.scopes.combined`). `authorization` is the client's own upstream credential as it was sent, for keys
    with `pass_token`; None: the operator's credentials are used."""

    key: Key
    owner: Tenant
    defaults: Defaults = Defaults()
    authorization: Secret | None = None

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        return self.owner.id

    @property
    def key_id(self) -> str:
        return self.key.id

    @property
    def name(self) -> str:
        return self.key.name


def made_up(tenant: str, key: str, name: str = "", authorization: Secret | None = None) -> Principal:
    """Of somebody who is in no list of keys: open mode, tests. There is no digest that would let anybody in as them."""
    return Principal(
        Key(id=key, name=name or key, tenant=tenant, digest=b"", prefix="", created=0),
        Tenant(id=tenant, name=tenant, created=0),
        authorization=authorization,
    )


NOBODY: Final = made_up("", "", "nobody")  # on the few routes that are open to all, and own nothing

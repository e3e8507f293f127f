"""What administrators may do. Pure rules.

    viewer   reads
    operator keys, tenants, upstreams, whatever serves clients
    admin    everything, administrators too

Whoever is confined to a tenant sees and changes what is that tenant's, and nothing that is everybody's. Nobody makes or
changes an administrator who may do more than he or she may.
"""

import re
from typing import Final

import msgspec

from gigamost.core.administrators import Administrator, Role
from gigamost.core.errors import GatewayError, Kind, invalid

_RANKS: Final[tuple[Role, ...]] = ("viewer", "operator", "admin")
# No spaces: in the audit nobody can be taken for the master key or the command line.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


class Actor(msgspec.Struct, frozen=True):
    """Who asks. `tenant` is the id of the one that the actor is confined to, None: to nobody. `id` is an
    administrator's, `session` the digest of the one that the request came with; both are empty for the master key."""

    name: str
    role: Role
    tenant: str | None = None
    id: str = ""
    session: bytes = b""


MASTER: Final = Actor("master key", "admin")
COMMAND_LINE: Final = Actor("command line", "admin")
STRANGER: Final = Actor("somebody unknown", "viewer")  # on the routes that are open to all


def reaches(role: Role, needed: Role) -> bool:
    return _RANKS.index(role) >= _RANKS.index(needed)


def check_role(actor: Actor, needed: Role) -> None:
    """Raises GatewayError (403)."""
    if not reaches(actor.role, needed):
        message = f"This needs the role {needed}; {actor.name} has the role {actor.role}."
        raise GatewayError(Kind.FORBIDDEN, message, code="role_too_low")


def check_everywhere(actor: Actor) -> None:
    """For what is no tenant's alone. Raises GatewayError (403)."""
    if actor.tenant is not None:
        message = f"This is about the whole gateway; {actor.name} is confined to the tenant {actor.tenant}."
        raise GatewayError(Kind.FORBIDDEN, message, code="confined_to_tenant")


def check_below(actor: Actor, role: Role, tenant: str | None) -> None:
    """Whether the actor may make or change an administrator of this role and confinement. Raises GatewayError (403)."""
    check_role(actor, "admin")
    check_role(actor, role)
    if actor.tenant is not None and tenant != actor.tenant:
        message = f"{actor.name} is confined to the tenant {actor.tenant}, and so is everybody whom {actor.name} makes."
        raise GatewayError(Kind.FORBIDDEN, message, code="confined_to_tenant")


def check_other(actor: Actor, administrator: Administrator) -> None:
    """Nobody raises, ends or locks out the own account. Raises GatewayError (403)."""
    if actor.id == administrator.id:
        raise GatewayError(Kind.FORBIDDEN, "Somebody else has to change your own account.", code="own_account")


def name_of(text: str) -> str:
    """As it is kept and looked for: in small letters. Raises GatewayError (400)."""
    name = text.strip().lower()
    if _NAME.fullmatch(name) is None:
        message = "name: up to 64 letters (a-z), digits and . _ @ + - are possible, beginning with a letter or a digit."
        raise invalid(message, "name", "invalid_value")
    return name


def ended(administrator: Administrator) -> Administrator:
    """With every session over that there is."""
    return msgspec.structs.replace(administrator, epoch=administrator.epoch + 1)

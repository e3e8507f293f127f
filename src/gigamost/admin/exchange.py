"""One request of an administrator and its answer, and the table that says which call serves it."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Final, Literal, TypeVar

import msgspec

from gigamost.admin.reading import read
from gigamost.auth.access import Peer
from gigamost.auth.administrators import Actor
from gigamost.core.administrators import Role
from gigamost.core.errors import GatewayError, Kind, invalid

Body = TypeVar("Body", bound=msgspec.Struct)
MOST: Final = 500  # items of one page
_USUAL: Final = 50


class Asked(msgspec.Struct, frozen=True):
    """`path` has the parameters of the route's path, `by` is who asks, `peer` the request's headers and address."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    by: Actor
    peer: Peer

    @property
    def actor(self) -> str:
        """Who asks, for the audit."""
        return self.by.name

    @property
    def tenant(self) -> str | None:
        """The id of the tenant whose things alone this administrator may see and change; None: everybody's."""
        return self.by.tenant

    def read(self, shape: type[Body]) -> Body:
        """The body; without one, every default. Raises GatewayError (400) that names the field."""
        return read(self.body or b"{}", shape)

    def page(self) -> "Place":
        """Raises GatewayError (400)."""
        text = self.query.get("limit", "")
        if text and not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST):
            raise invalid(f"limit: {text[:40]!r} is no whole number from 1 to {MOST}.", "limit")
        return Place(self.query.get("cursor", ""), int(text) if text else _USUAL)


class Place(msgspec.Struct, frozen=True):
    """Which page: what comes after `cursor`, "" for the first one."""

    cursor: str = ""
    limit: int = _USUAL


class Lines(msgspec.Struct, frozen=True):
    """An answer that is never whole in memory: pieces as they come, of this content type. What fails after the first
    one ends the connection improperly."""

    pieces: AsyncGenerator[bytes, None]
    content_type: str


class Answer(msgspec.Struct, frozen=True):
    """`value` is a Struct of `wire`, or anything else that msgspec writes as a JSON object."""

    value: object
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


Serve = Callable[[Asked], Awaitable[Answer]]


class Owned(msgspec.Struct, frozen=True):
    """Something in a route's path that is a tenant's: `parameter` names it, `tenant_of` says whose it is by that value
    (a tenant's id; None: nobody's alone, or there is no such thing), `what` it is called in errors."""

    what: str
    tenant_of: Callable[[str], Awaitable[str | None]]
    parameter: str = "id"


class Route(msgspec.Struct, frozen=True):
    """`path` is below `/admin/api` and may have parameters: `/keys/{id}`. `body` and `answer` describe it for OpenAPI;
    `query` are the parameters that it knows, others are refused.

    `role` is the one that it needs; left out, viewer for GET and operator for all else. `within` says how it keeps to a
    tenant, for administrators who are confined to one: None, not at all, and it is refused to them; `Owned`, what is in
    the path must be that tenant's; "call", the call itself heeds `Asked.tenant`. `is_open`: it is for strangers."""

    method: str
    path: str
    serve: Serve
    summary: str
    answer: object  # a type, for msgspec's schemas
    body: type[msgspec.Struct] | None = None
    query: tuple[str, ...] = ()
    status: int = 200
    role: Role | None = None
    within: Owned | Literal["call"] | None = None
    is_open: bool = False

    @property
    def needs(self) -> Role:
        return self.role or ("viewer" if self.method == "GET" else "operator")


PAGED: Final = ("limit", "cursor")


def missing(what: str, id_: str) -> GatewayError:
    return GatewayError(Kind.NOT_FOUND, f"There is no {what} {id_[:80]!r}.", code="not_found")

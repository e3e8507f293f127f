"""One request of an administrator and its answer, and the table that says which call serves it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import msgspec

from gigamost.admin.reading import read
from gigamost.core.errors import GatewayError, Kind, invalid

Body = TypeVar("Body", bound=msgspec.Struct)
MOST: Final = 500  # items of one page
_USUAL: Final = 50


class Asked(msgspec.Struct, frozen=True):
    """`path` has the parameters of the route's path, `actor` who asks, for the audit."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    actor: str

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


class Answer(msgspec.Struct, frozen=True):
    """`value` is a Struct of `wire`, or anything else that msgspec writes as a JSON object."""

    value: object
    status: int = 200


Serve = Callable[[Asked], Awaitable[Answer]]


class Route(msgspec.Struct, frozen=True):
    """`path` is below `/admin/api` and may have parameters: `/keys/{id}`. `body` and `answer` describe it for OpenAPI;
    `query` are the parameters that it knows, others are refused."""

    method: str
    path: str
    serve: Serve
    summary: str
    answer: object  # a type, for msgspec's schemas
    body: type[msgspec.Struct] | None = None
    query: tuple[str, ...] = ()
    status: int = 200


PAGED: Final = ("limit", "cursor")


def missing(what: str, id_: str) -> GatewayError:
    return GatewayError(Kind.NOT_FOUND, f"There is no {what} {id_[:80]!r}.", code="not_found")

"""Google's lists come in pages: `pageSize` and `pageToken` in the query, `nextPageToken` in the answer (AIP-158)."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from gigamost.core.errors import invalid

Item = TypeVar("Item")
LARGEST: Final = 1000  # what a larger page is cut to, as Google documents


class Page(NamedTuple):
    """`following` is the token of the next page as a field of the answer, nothing on the last page."""

    first: int
    end: int
    following: dict[str, str]

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        return items[self.first : self.end]


def page(count: int, query: Mapping[str, str], default: int) -> Page:
    """The page of `count` items that the query asks for. Raises GatewayError (400)."""
    first = _number(query, "pageToken", "page_token", 0)
    size = _number(query, "pageSize", "page_size", 0) or default
    end = first + min(size, LARGEST)
    return Page(first, end, {"nextPageToken": str(end)} if end < count else {})


def _number(query: Mapping[str, str], camel: str, snake: str, default: int) -> int:
    name = camel if camel in query else snake
    given = query.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdecimal() and len(given) <= 9):
        raise invalid(f"{name} must be a number that a list of the gateway gave.", name)
    return int(given)

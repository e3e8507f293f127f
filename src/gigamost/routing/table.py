"""Routes as the operator writes them: for a model's name, where its requests go and what stands in when that fails."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Final

import msgspec

GIGACHAT: Final = "gigachat"


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """A model of an upstream. Without `model` it is the one that the client named, less the upstream's own name before
    a slash. `credentials` narrows GigaChat's pool; `weight` is the share among the targets of a route."""

    upstream: str = GIGACHAT
    credentials: tuple[str, ...] = ()
    model: str = ""
    weight: Annotated[int, msgspec.Meta(ge=1)] = 1

    def model_for(self, name: str) -> str:
        """`name` is what the client asked for."""
        return self.model or name.removeprefix(f"{self.upstream}/")


class Fallback(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, in this order, after a failure that allows it; after a prompt that is too long; after an answer
    that the upstream's censor withheld."""

    failure: tuple[Destination, ...] = ()
    context_overflow: tuple[Destination, ...] = ()
    blacklist: tuple[Destination, ...] = ()


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """`targets` share the requests by weight; none: the name keeps its meaning and gets a fallback.
    `first_content_timeout` is seconds."""

    targets: tuple[Destination, ...] = ()
    fallback: Fallback = Fallback()
    first_content_timeout: Annotated[float, msgspec.Meta(gt=0, le=86_400)] | None = None

    def destinations(self) -> tuple[Destination, ...]:
        """All that it names."""
        fallback = self.fallback
        return self.targets + fallback.failure + fallback.context_overflow + fallback.blacklist


class Table:
    """Routes by name; a name may be a pattern with `*`. An exact one goes before patterns, those go in their order."""

    def __init__(self, routes: Mapping[str, Route]) -> None:
        self._exact = {name: route for name, route in routes.items() if not is_pattern(name)}
        self._patterns = [(name, route) for name, route in routes.items() if is_pattern(name)]

    @property
    def is_empty(self) -> bool:
        return not (self._exact or self._patterns)

    def destinations(self) -> Iterator[Destination]:
        """Of all routes."""
        for route in (*self._exact.values(), *(route for _, route in self._patterns)):
            yield from route.destinations()

    def exact(self, name: str) -> Route | None:
        return self._exact.get(name)

    def matching(self, name: str) -> Route | None:
        """By a pattern."""
        for pattern, route in self._patterns:
            if fnmatchcase(name, pattern):
                return route
        return None

    def named(self, offers: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """The names that a list of models shows. `offers` are the models that each upstream is known to have: behind a
        pattern stand those of its targets."""
        names = list(self._exact)
        for pattern, route in self._patterns:
            for target in route.targets:
                for model in offers.get(target.upstream, ()) if not target.model else ():
                    forms = (f"{target.upstream}/{model}", model)
                    names += [name for name in forms if fnmatchcase(name, pattern)][:1]
        return tuple(dict.fromkeys(names))


def is_pattern(name: str) -> bool:
    return re.search(r"[*?\[]", name) is not None

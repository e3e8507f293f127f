"""Requests to endpoints. Exact paths by one look-up, the few with parameters by pattern, the longest literal first."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from gigamost.core.face import Endpoint, Face

_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")


class Match(msgspec.Struct, frozen=True):
    """What serves a request. `endpoint` is None when the path exists for other methods, `allowed`, only. `parameters`
    as they stand in the path, percent-decoded."""

    face: Face
    endpoint: Endpoint | None
    parameters: Mapping[str, str]
    allowed: Sequence[str]


class _Place:
    """One path: by method the endpoints there, those with a condition before the one without."""

    def __init__(self) -> None:
        self.methods: dict[str, list[tuple[Face, Endpoint]]] = {}

    def add(self, face: Face, endpoint: Endpoint) -> None:
        there = self.methods.setdefault(endpoint.method, [])
        if any(set(other.headers) & set(endpoint.headers) or other.headers == endpoint.headers for _, other in there):
            raise ValueError(f"two endpoints serve {endpoint.method} {endpoint.path}")
        there.insert(0 if endpoint.headers else len(there), (face, endpoint))

    def find(self, method: str, headers: Mapping[str, str], parameters: Mapping[str, str]) -> Match:
        there = self.methods.get(method)
        if there is None and method == "HEAD":
            there = self.methods.get("GET")
        for face, endpoint in there or ():
            if not endpoint.headers or any(name in headers for name in endpoint.headers):
                return Match(face, endpoint, parameters, ())
        others = next(iter(self.methods.values()))
        return Match(others[0][0], None, parameters, sorted(self.methods))


class Router:
    """Raises ValueError when two endpoints claim the same requests."""

    def __init__(self, faces: Sequence[Face]) -> None:
        self._exact: dict[str, _Place] = {}
        patterns: dict[str, _Place] = {}
        for face in faces:
            for endpoint in face.endpoints:
                places = patterns if _PARAMETER.search(endpoint.path) else self._exact
                places.setdefault(endpoint.path, _Place()).add(face, endpoint)
        by_literal = sorted(patterns, key=lambda path: len(_PARAMETER.sub("", path)), reverse=True)
        self._patterns = [(_compile(path), patterns[path]) for path in by_literal]

    def find(self, method: str, path: str, headers: Mapping[str, str]) -> Match | None:
        """None: nothing stands at this path."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact.find(method, headers, {})
        found = _first(self._matching(method, path, headers))
        if found is not None:
            return found
        # Base URLs with a slash at their end give double ones; a trailing slash is no different resource.
        tidy = re.sub(r"/{2,}", "/", path).rstrip("/")
        return self.find(method, tidy, headers) if tidy and tidy != path else None

    def _matching(self, method: str, path: str, headers: Mapping[str, str]) -> Iterable[Match]:
        for pattern, place in self._patterns:
            found = pattern.fullmatch(path)
            if found is not None:
                yield place.find(method, headers, found.groupdict())


def _first(matches: Iterable[Match]) -> Match | None:
    """The first that serves the method; else the first, which says what is allowed."""
    best: Match | None = None
    for match in matches:
        if match.endpoint is not None:
            return match
        best = best or match
    return best


@lru_cache(maxsize=1024)
def _compile(path: str) -> re.Pattern[str]:
    parts: list[str] = []
    at = 0
    for found in _PARAMETER.finditer(path):
        parts.append(re.escape(path[at : found.start()]))
        parts.append(f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})")
        at = found.end()
    return re.compile("".join(parts) + re.escape(path[at:]))

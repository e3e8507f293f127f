"""Paths to endpoints. Exact paths by one look-up, the few with parameters by pattern."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from gigamost.core.face import Endpoint, Face

_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")


class Match(msgspec.Struct, frozen=True):
    """What stands at a path. `endpoints` by method; `parameters` as they stand in the path, percent-decoded."""

    face: Face
    endpoints: Mapping[str, Endpoint]
    parameters: Mapping[str, str]


class Router:
    """Raises ValueError when two endpoints claim the same method and path."""

    def __init__(self, faces: Sequence[Face]) -> None:
        self._exact: dict[str, Match] = {}
        self._patterns: list[tuple[re.Pattern[str], Match]] = []
        by_path: dict[str, tuple[Face, dict[str, Endpoint]]] = {}
        for face in faces:
            for endpoint in face.endpoints:
                _, methods = by_path.setdefault(endpoint.path, (face, {}))
                if endpoint.method in methods:
                    raise ValueError(f"two endpoints serve {endpoint.method} {endpoint.path}")
                methods[endpoint.method] = endpoint
        for path, (face, methods) in by_path.items():
            match = Match(face, methods, {})
            if _PARAMETER.search(path):
                self._patterns.append((_compile(path), match))
            else:
                self._exact[path] = match

    def find(self, path: str) -> Match | None:
        exact = self._exact.get(path)
        if exact is not None:
            return exact
        for pattern, match in self._patterns:
            found = pattern.fullmatch(path)
            if found is not None:
                return Match(match.face, match.endpoints, found.groupdict())
        # Base URLs with a slash at their end give double ones; a trailing slash is no different resource.
        tidy = re.sub(r"/{2,}", "/", path).rstrip("/")
        return self.find(tidy) if tidy and tidy != path else None


def _compile(path: str) -> re.Pattern[str]:
    parts: list[str] = []
    at = 0
    for found in _PARAMETER.finditer(path):
        parts.append(re.escape(path[at : found.start()]))
        parts.append(f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})")
        at = found.end()
    return re.compile("".join(parts) + re.escape(path[at:]))

"""The head of a request as bytes, and where its URL points. No line break of a caller can get into it."""

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple
from urllib.parse import quote, urlsplit

from gigamost.upstreams.http import HttpRequest

_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f]")
_HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "expect"})
_BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
_SAFE: Final = "!#$%&'()*+,/:;=?@[]~|"


class Origin(NamedTuple):
    """Where a connection goes. `host` is lower-case ASCII: a name, or an address without brackets."""

    scheme: Literal["http", "https"]
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Location(NamedTuple):
    """A URL taken apart: `authority` is what Host says, `path` has the query and is percent-encoded ASCII."""

    origin: Origin
    authority: str
    path: str


@lru_cache(maxsize=512)
def locate(url: str) -> Location:
    """Raises ValueError for anything but an absolute http(s) URL without white space and user name.

    The message never repeats the URL: its query may hold a key.
    """
    if _FORBIDDEN.search(url):
        raise ValueError("a URL with a control character or a space: percent-encode it")
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna").decode("ascii").lower()
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        raise ValueError("not an absolute http:// or https:// URL")
    if parts.username is not None:
        raise ValueError(f"the URL of {host} has a user name in it: send credentials in a header")
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    standard = 443 if scheme == "https" else 80
    origin = Origin(scheme, host, parts.port or standard)
    authority = str(origin) if origin.port != standard else str(origin).rpartition(":")[0]
    query = f"?{parts.query}" if parts.query else ""
    return Location(origin, authority, quote((parts.path or "/") + query, safe=_SAFE))


def encode_head(request: HttpRequest, location: Location, proxy_authorization: str | None = None) -> bytes:
    """Head of `request`, up to and with its empty line. Raises ValueError for a header that cannot be written.

    `proxy_authorization` is None unless the request goes to a proxy as it is, and "" when that wants no credentials.
    """
    headers = request.headers
    lines = "".join([f"{_name(name)}: {value}\r\n" for name, value in headers])
    if lines.count("\r") != len(headers) or lines.count("\n") != len(headers) or "\0" in lines:
        broken = next(name for name, value in headers if any(c in value for c in "\r\n\0"))
        raise ValueError(f"the value of header {broken} has a line break or a NUL in it")
    target = location.path
    if proxy_authorization is not None:
        target = f"http://{location.authority}{location.path}"
    if proxy_authorization:
        lines += f"Proxy-Authorization: {proxy_authorization}\r\n"
    if request.body or request.method in _BODY_METHODS:
        lines += f"Content-Length: {len(request.body)}\r\n"
    return (
        f"{_name(request.method)} {target} HTTP/1.1\r\nHost: {location.authority}\r\n"
        f"Accept-Encoding: identity\r\n{lines}\r\n"
    ).encode("latin-1")


@lru_cache(maxsize=512)
def _name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not a name that HTTP allows")
    if name.lower() in _OURS:
        raise ValueError(f"the transport writes {name} itself")
    return name

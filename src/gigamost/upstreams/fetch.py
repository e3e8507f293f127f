"""Fetches what a client's URL names, and can be talked into nothing else.

What a URL may be, and where connections may go, is in `outside`. Each redirect starts from scratch.
"""

import asyncio
import ssl
from urllib.parse import unquote, urljoin

import msgspec

from gigamost.core.errors import GatewayError, Kind
from gigamost.upstreams.addresses import Network
from gigamost.upstreams.http import HttpRequest, Response, TransportError
from gigamost.upstreams.outside import Target, guarded, parse
from gigamost.upstreams.tcp import Resolve

REDIRECTS = 3
INLINE = "Send the data inline (base64) instead."
_REDIRECT_STATUSES = (301, 302, 303, 307, 308)
_HEADERS = (("User-Agent", "gigamost"), ("Accept", "*/*"))
# One text for a name that does not exist, an internal address and a closed port: none can be told from another.
_UNREACHABLE = f"could not be fetched: it does not answer, or it is not on the public internet. {INLINE}"


class Fetched(msgspec.Struct, frozen=True):
    """`mime` is what the server said, without parameters, "" when it said nothing; `name` the last part of the path."""

    data: bytes
    mime: str
    name: str


class Fetcher:
    """`allowed` lists networks that are not public and may be reached all the same (an operator's own file server);
    `seconds` is the time that one fetch may take, redirects included."""

    def __init__(
        self,
        *,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        allowed: tuple[Network, ...] = (),
        seconds: float = 10.0,
    ) -> None:
        self._seconds = seconds
        self._transport = guarded(resolve=resolve, tls=tls, allowed=allowed)

    async def fetch(self, url: str, *, max_bytes: int, param: str) -> Fetched:
        """Raises GatewayError (400, or 413 for more than `max_bytes`) that names `param` and says what to do."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(url, max_bytes, param)
        except TimeoutError:
            raise _failed(f"took longer than {self._seconds:g} seconds. {INLINE}", param) from None
        except TransportError as error:
            if error.reason == "too_large":
                raise _too_large(max_bytes, param) from None
            raise _failed(_UNREACHABLE, param, f"{error.reason}: {error}") from None

    async def close(self) -> None:
        await self._transport.close()

    async def _follow(self, url: str, max_bytes: int, param: str) -> Fetched:
        target = parse_url(url, param)
        for _ in range(REDIRECTS + 1):
            request = HttpRequest("GET", target.url, _HEADERS)
            response = await self._transport.send(request, silence=self._seconds)
            try:
                location = response.headers.get("location", "")
                if response.status not in _REDIRECT_STATUSES or not location:
                    return await _body(response, target, max_bytes, param)
            finally:
                response.close()
            try:
                following = parse_url(urljoin(target.url, location), param)
            except ValueError:
                raise _failed(f"redirects to something that is no address. {INLINE}", param) from None
            if target.scheme == "https" and following.scheme == "http":
                raise _failed(f"redirects from https to http. {INLINE}", param)
            target = following
        raise _failed(f"redirects more than {REDIRECTS} times. {INLINE}", param)


def parse_url(url: str, param: str) -> Target:
    """Raises GatewayError (400) for what `outside.parse` refuses."""
    try:
        return parse(url)
    except ValueError as error:
        raise _failed(f"{error}. {INLINE}", param) from None


async def _body(response: Response, target: Target, max_bytes: int, param: str) -> Fetched:
    mime = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status != 200:
        raise _failed(f"was answered with HTTP {response.status}. {INLINE}", param)
    if mime in ("text/html", "application/xhtml+xml"):
        raise _failed("leads to a web page, not to a file: link the file itself, or send the data inline.", param)
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise _too_large(max_bytes, param)
    data = await response.read(max_bytes)
    return Fetched(data, mime, unquote(target.path.partition("?")[0]).rpartition("/")[2])


def _failed(why: str, param: str, detail: str = "") -> GatewayError:
    return GatewayError(Kind.INVALID_REQUEST, f"The address in {param} {why}", param=param, detail=detail)


def _too_large(max_bytes: int, param: str) -> GatewayError:
    message = f"The file behind the address in {param} is larger than {max_bytes // 1_000_000} MB: send a smaller one."
    return GatewayError(Kind.TOO_LARGE, message, param=param)

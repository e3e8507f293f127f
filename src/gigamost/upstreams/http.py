"""HTTP towards upstreams as values and one narrow port.

    HttpRequest --Transport.send--> Response (status and headers are there; the body is still to be read)

Credential flows work on `HttpRequest` and `HttpAnswer` alone and do no I/O.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

import msgspec

# connect: nothing of the request was sent (DNS, refused, proxy). tls: the certificate was refused, nothing was sent.
# reset: the connection broke after the request was (partly) sent. silence: no byte for `silence` seconds.
# protocol: the answer is not HTTP. too_large: the answer is over the reader's limit.
Reason = Literal["connect", "tls", "reset", "silence", "protocol", "too_large"]


class HttpRequest(msgspec.Struct, frozen=True):
    """`url` is absolute. `headers` without Host and Content-Length: the transport adds both."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class HttpAnswer(msgspec.Struct, frozen=True):
    """A whole answer. Header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes


class TransportError(Exception):
    """No (whole) answer came. `reason` decides what may be done about it; the text is for the operator."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


class Response(Protocol):
    """An answer whose head has come. Header names are lower-case, repeated ones joined by ", ".

    Cancelling `chunk` or `read` closes the connection: a reader that waits with a limit must shield or end there.
    """

    status: int
    headers: Mapping[str, str]

    async def chunk(self) -> bytes:
        """The body bytes that have come, at least one; b"" at the (proper) end. Raises TransportError."""
        ...

    async def read(self, limit: int = 64 * 1024 * 1024) -> bytes:
        """The whole rest of the body. Raises TransportError."""
        ...

    def close(self) -> None:
        """Gives the connection back when the body was read to its end, else closes it at once. May be called twice."""
        ...


class Transport(Protocol):
    async def send(self, request: HttpRequest, *, silence: float) -> Response:
        """Returns once the head of the answer is there. `silence`: seconds without a byte that are too many, for
        connecting, for the head and between body bytes. Raises TransportError, and ValueError for a request that
        cannot be written (a line break in a header value, a URL that is none)."""
        ...

    async def close(self) -> None: ...

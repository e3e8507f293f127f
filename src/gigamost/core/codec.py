"""The contracts that a protocol fulfils: `Exchange` in the server role, `Call` in the client role.

    client --bytes--> Face.decode -> Exchange.request --> [gateway] --> Wire.encode -> Call.body --bytes--> upstream
    client <--bytes-- Exchange.encode|encoder <-- events <-- [gateway] <-- events <-- Call.decode|decoder <-- upstream

Both are sans-IO and safe to call again, because retries do. Ids and clocks are passed in.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from gigamost.core.errors import Problem
from gigamost.core.events import Event
from gigamost.core.fold import Reply
from gigamost.core.models import Model
from gigamost.core.request import ChatRequest


def _at_once() -> int:
    return 0


class Stamp(msgspec.Struct, frozen=True):
    """What an encoder must not make up: `id` is our request id (letters and digits), `created` unix seconds, `model`
    the name that the client asked for, `elapsed` the nanoseconds since the request came."""

    id: str
    created: int
    model: str
    elapsed: Callable[[], int] = _at_once


class StreamEncoder(Protocol):
    """Events to the bytes of a client's stream. A Failure becomes the protocol's in-band error."""

    @property
    def content_type(self) -> str: ...

    def feed(self, event: Event) -> bytes:
        """The bytes to send now, often none."""
        ...

    def keepalive(self) -> bytes:
        """Bytes that keep an idle stream alive; none where the protocol's clients do not survive them."""
        ...


class Exchange(Protocol):
    """One decoded chat request of a client, and how to answer it in the client's protocol."""

    @property
    def request(self) -> ChatRequest: ...

    @property
    def content_type(self) -> str:
        """Of the whole answer."""
        ...

    def encode(self, reply: Reply, stamp: Stamp) -> bytes: ...

    def encoder(self, stamp: Stamp) -> StreamEncoder: ...


class StreamDecoder(Protocol):
    """Bytes of an upstream's stream to events, by the grammar of `core.events`; bytes may be cut anywhere."""

    def feed(self, chunk: bytes) -> list[Event]: ...

    def close(self, problem: Problem | None = None) -> list[Event]:
        """The stream ended; `problem` says why it broke. Finish only if the upstream had said so, else Failure."""
        ...


class Call(Protocol):
    """One chat request as an upstream wants it, and how to read its answer.

    `ignored` names what could not be expressed, as the client wrote it.
    """

    def url(self, base: str) -> str:
        """Where it goes; `base` is the upstream's base URL without a slash at its end."""
        ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes: ...

    @property
    def ignored(self) -> tuple[str, ...]: ...

    def decode(self, body: bytes) -> list[Event]:
        """A whole (non-stream) answer as events."""
        ...

    def decoder(self) -> StreamDecoder: ...

    def correct(self, problem: Problem) -> str | None:
        """The named dialect correction that this refusal asks for; None when none would help or it is in force."""
        ...


class Wire(Protocol):
    """The client role of a protocol: how we speak to an upstream."""

    @property
    def name(self) -> str: ...

    def encode(self, request: ChatRequest, model: Model, dialect: frozenset[str]) -> Call:
        """Raises GatewayError (400) for what cannot be expressed. `dialect`: corrections learnt from this upstream."""
        ...

    def decode_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Problem:
        """An error answer of the upstream. Header names are lower-case. Never raises."""
        ...

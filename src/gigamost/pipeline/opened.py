"""An upstream's answer that has begun: events are read from it in batches, one batch per read.

It holds the credential's slot and the connection, and gives both back exactly once, however it ends.
"""

from collections.abc import Callable
from time import monotonic

from gigamost.core.codec import StreamDecoder
from gigamost.core.events import Event, Failure, Finish, PartEnd, PartKind, PartStart, is_content
from gigamost.pipeline.recovery import problem_of_transport
from gigamost.upstreams.account import Account
from gigamost.upstreams.http import Response, TransportError

_ENDS = (Finish, Failure)


class Opened:
    """`first` are the events up to the first content, or to the end. `decoder` is None for a whole answer."""

    def __init__(self, account: Account, response: Response, decoder: StreamDecoder | None) -> None:
        self.account = account
        self.first: list[Event] = []
        self.ended = False
        self.has_content = False
        self._response = response
        self._decoder = decoder
        self._opened: PartKind | None = None
        self._on_close: list[Callable[[], None]] = []

    def on_close(self, action: Callable[[], None]) -> None:
        self._on_close.append(action)

    def add(self, events: list[Event]) -> None:
        """The first events: remembers whether the client has something to see yet."""
        for event in events:
            self.has_content = self.has_content or is_content(event, self._opened)
            if type(event) is PartStart:
                self._opened = event.kind
            elif type(event) is PartEnd:
                self._opened = None
        self.first += events
        self.ended = self.ended or (bool(events) and type(events[-1]) in _ENDS)

    async def read(self) -> list[Event]:
        """The events of the next bytes. The end of the stream, proper or not, is an event as well."""
        if self._decoder is None:
            raise RuntimeError("a whole answer has nothing more to read")
        try:
            chunk = await self._response.chunk()
        except TransportError as error:
            events = self._decoder.close(problem_of_transport(error))
        else:
            events = self._decoder.feed(chunk) if chunk else self._decoder.close()
        if events and type(events[-1]) in _ENDS:
            self.ended = True
            if self.has_content and type(events[-1]) is Failure:
                self.account.breaker.fail(monotonic())
            self.close()
        return events

    def close(self) -> None:
        """Frees the slot and the connection: kept when the body was read to its end, cut otherwise."""
        self._response.close()
        actions, self._on_close = self._on_close, []
        for action in actions:
            action()

"""An upstream's answer that has begun: events are read from it in batches, one batch per read.

It holds the credential's slot and the connection, and gives both back exactly once, however it ends.
"""

from collections.abc import Callable

from gigamost.core.codec import StreamDecoder
from gigamost.core.events import Event, Failure, Finish, PartEnd, PartKind, PartStart, is_content
from gigamost.pipeline.recovery import problem_of_transport
from gigamost.upstreams.account import Account
from gigamost.upstreams.http import Response, TransportError


class Opened:
    """`batch` holds events that were read and not yet taken."""

    def __init__(self, account: Account, response: Response, decoder: StreamDecoder | None) -> None:
        self.account = account
        self.batch: list[Event] = []
        self.ended = False
        self.has_content = False
        self._response = response
        self._decoder = decoder
        self._opened: PartKind | None = None
        self._on_close: list[Callable[[], None]] = []

    def on_close(self, action: Callable[[], None]) -> None:
        self._on_close.append(action)

    def add(self, events: list[Event]) -> None:
        """Events of a whole (non-stream) answer."""
        self._note(events)
        self.batch += events

    async def read(self) -> None:
        """Waits for the next bytes and adds their events. The end of the stream, proper or not, is an event as well."""
        if self._decoder is None:
            raise RuntimeError("a whole answer has nothing more to read")
        try:
            chunk = await self._response.chunk()
        except TransportError as error:
            events = list(self._decoder.close(problem_of_transport(error)))
        else:
            events = list(self._decoder.feed(chunk) if chunk else self._decoder.close())
        self._note(events)
        self.batch += events
        if self.ended:
            self.close()

    def take(self) -> list[Event]:
        batch, self.batch = self.batch, []
        return batch

    def close(self) -> None:
        """Frees the slot and the connection: kept when the body was read to its end, cut otherwise."""
        self._response.close()
        actions, self._on_close = self._on_close, []
        for action in actions:
            action()

    def _note(self, events: list[Event]) -> None:
        """Remembers whether the client has something to see yet, and whether the answer has ended."""
        for event in events:
            if not self.has_content:
                self.has_content = is_content(event, self._opened)
                if isinstance(event, PartStart):
                    self._opened = event.kind
                elif isinstance(event, PartEnd):
                    self._opened = None
            if isinstance(event, Finish | Failure):
                self.ended = True

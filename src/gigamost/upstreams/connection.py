"""One HTTP/1.1 connection, one exchange at a time.

    idle --send--> busy --answer ended--> idle        any --eof|lost|silence|garbage|abort--> closed

No task and no stream object per request; one lazy timer per connection serves silence and idleness alike.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final, cast

from gigamost.upstreams.answer import HIGH_WATER, Answer
from gigamost.upstreams.http import TransportError

SLICE: Final = 256 * 1024  # a longer body is written in such pieces, each when the last has left


class Connection(asyncio.Protocol):
    """`peer` names the other side in messages, `idle_timeout` is seconds. `freed` is called whenever an exchange has
    ended and once when the connection closes: `is_reusable()` tells which."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        peer: str,
        *,
        idle_timeout: float,
        freed: Callable[["Connection"], None],
    ) -> None:
        self.peer = peer
        self.gone: asyncio.Future[None] = loop.create_future()  # resolved when the socket is released
        self._loop = loop
        self._freed = freed
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._persistent = True
        self._answered = False
        self._reading = True
        self._writable = True
        self._uploading = False
        self._idle_timeout = idle_timeout
        self._silence = idle_timeout
        self._active_at = loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def is_reusable(self) -> bool:
        transport = self._transport
        return (
            transport is not None
            and self._answer is None
            and self._persistent
            and not transport.is_closing()
            and self._loop.time() - self._active_at < self._idle_timeout
        )

    async def send(self, head: bytes, body: bytes, *, silence: float, bodiless: bool = False) -> Answer:
        """Writes a request and returns once the head of its answer is there. Raises TransportError.

        An answer that comes before all of a long body was sent ends the upload, and later the connection.
        """
        transport = self._transport
        if transport is None:
            raise TransportError("connect", f"{self.peer} closed the connection before it was used")
        answer = self._answer = Answer(self, self._loop, bodiless=bodiless)
        self._silence = silence
        self._active_at = self._loop.time()
        self._watch()
        if len(body) <= SLICE:
            transport.write(head + body if body else head)
        else:
            await self._upload(transport, answer, head, body)
        await answer.head()
        return answer

    async def _upload(self, transport: asyncio.Transport, answer: Answer, head: bytes, body: bytes) -> None:
        self._uploading = True
        transport.write(head)
        view = memoryview(body)
        for start in range(0, len(view), SLICE):
            while not self._writable and not answer.status:
                await answer.news()
            if answer.status:
                return
            transport.write(view[start : start + SLICE])
            self._active_at = self._loop.time()
        self._uploading = False

    def abort(self) -> None:
        """Closes the connection at once, whatever is under way."""
        self._shut(TransportError("reset", f"the connection to {self.peer} was closed on this side"))

    def detach(self) -> asyncio.Transport:
        """Hands the socket over (to TLS inside a tunnel): this object has no part in it any more."""
        transport, self._transport = self._transport, None
        self._stop_timer()
        if transport is None:
            raise TransportError("connect", f"{self.peer} closed the connection")
        return transport

    def resume(self) -> None:
        if not self._reading and self._transport is not None:
            self._reading = True
            self._active_at = self._loop.time()
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports do not inherit from asyncio's

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None:
            self.abort()  # bytes that nobody asked for: the next answer could not be told from them
            return
        self._active_at = self._loop.time()
        self._answered = True
        try:
            answer.feed(data)
        except TransportError as error:
            self._shut(error)
            return
        if answer.ended:
            self._release(answer)
        elif answer.buffered > HIGH_WATER and self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()

    def eof_received(self) -> None:
        error = self._cut(None)
        if self._answer is not None:
            self._answer.eof(error)
        self._shut(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._shut(self._cut(exc))
        if not self.gone.done():
            self.gone.set_result(None)

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._active_at = self._loop.time()
        if self._answer is not None:
            self._answer.wake()

    def _release(self, answer: Answer) -> None:
        self._answer = None
        self._persistent = answer.persistent and not self._uploading
        self._watch()
        self._freed(self)

    def _shut(self, error: TransportError) -> None:
        transport, self._transport = self._transport, None
        if transport is None:
            return
        self._stop_timer()
        transport.abort()
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.fail(error)
        self._freed(self)

    def _cut(self, exc: Exception | None) -> TransportError:
        if isinstance(exc, ssl.SSLError) and not self._answered:
            # TLS 1.3 learns only now that the server refuses the client's certificate; no request was read.
            return TransportError("tls", f"{self.peer} refused the TLS connection: {exc.reason or exc}")
        stage = "before its answer was whole" if self._answer is not None and self._answer.status else "unanswered"
        return TransportError("reset", f"{self.peer} closed the connection {stage}{f': {exc}' if exc else ''}")

    def _watch(self) -> None:
        """Makes the timer ring at the deadline of now, or earlier: most rings find that something happened since."""
        deadline = self._deadline()
        if self._timer is None or self._timer.when() > deadline:
            self._stop_timer()
            self._timer = self._loop.call_at(deadline, self._ring)

    def _deadline(self) -> float:
        return self._active_at + (self._idle_timeout if self._answer is None else self._silence)

    def _ring(self) -> None:
        self._timer = None
        now = self._loop.time()
        if not self._reading:
            self._active_at = now  # the reader is slow, not the peer
        if self._deadline() > now:
            self._watch()
        elif self._answer is None:
            self.abort()
        else:
            self._shut(TransportError("silence", f"{self.peer} sent nothing for {self._silence:g} s"))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

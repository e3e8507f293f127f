"""The shell around a reader of answers: bytes of a stream, cut anywhere, to frames, and what the end of them means."""

from typing import Protocol

import msgspec

from gigamost.core.errors import Problem
from gigamost.core.events import Event
from gigamost.framing import sse
from gigamost.protocols.gigachat.problems import CUT, unreadable


class FrameReader(Protocol):
    """Makes events of one version's frames."""

    done: bool

    @property
    def finished(self) -> bool:
        """Whether the upstream has said how the answer ends: what is cut after that was whole."""
        ...

    def read(self, event: str, data: bytes) -> list[Event]:
        """One frame. Raises msgspec.DecodeError for data that is none."""
        ...

    def end(self) -> list[Event]: ...

    def fail(self, problem: Problem) -> list[Event]: ...


class Decoder:
    """`core.codec.StreamDecoder`."""

    def __init__(self, reader: FrameReader) -> None:
        self._frames = sse.Reader()
        self._reader = reader

    def feed(self, chunk: bytes) -> list[Event]:
        events: list[Event] = []
        try:
            for event, data in self._frames.feed(chunk):
                events += self._reader.read(event, data)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
            events += self._reader.fail(unreadable(error, chunk))
        return events

    def close(self, problem: Problem | None = None) -> list[Event]:
        if self._reader.done:
            return []
        return self._reader.end() if self._reader.finished else self._reader.fail(problem or CUT)

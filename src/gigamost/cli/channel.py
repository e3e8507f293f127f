"""What a supervisor and its workers say to each other: lines of JSON over a pair of sockets, whose end means that the
other one is gone."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from gigamost.app.fellows import Drained, Reread, Rotated

_PIECE = 65536


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """A worker takes requests. `summary` is what `serve` says at its start."""

    summary: tuple[str, ...]


class Drain(msgspec.Struct, frozen=True, tag="drain"):
    """A worker is to finish what it has and to end; in a `hurry`, without finishing."""

    hurry: bool = False


Message = Ready | Drain | Drained | Rotated | Reread
_decode = msgspec.json.Decoder(Message).decode
_encode = msgspec.json.Encoder().encode


class Channel:
    """One end. Never blocks."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self._received = b""
        self.is_closed = False

    def fileno(self) -> int:
        return self._end.fileno()

    def send(self, message: Message) -> None:
        """Whoever is gone, or has not read for long, does not get it."""
        with suppress(OSError):
            self._end.sendall(_encode(message) + b"\n")

    def receive(self) -> Iterator[Message]:
        """What has come. `is_closed` afterwards: the other end is gone."""
        while not self.is_closed:
            try:
                data = self._end.recv(_PIECE)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            self.is_closed = not data
            self._received += data
        *lines, self._received = self._received.split(b"\n")
        yield from map(_decode, lines)

    def close(self) -> None:
        self._end.close()


def channel_pair() -> tuple[Channel, Channel]:
    one, other = socket.socketpair()
    return Channel(one), Channel(other)

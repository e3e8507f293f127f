"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), both ways.

The reader takes bytes cut anywhere: inside a UTF-8 character, between CR and LF, inside the byte order mark. Comments,
`id:` and `retry:` fields are dropped: no LLM wire uses them. A frame that the end of the stream cuts is not an event.
"""

from typing import NamedTuple


class Frame(NamedTuple):
    """One event: `event` is "" where the wire names none; `data` is undecoded UTF-8, lines joined by LF."""

    event: str
    data: bytes


_BOM = b"\xef\xbb\xbf"


class Reader:
    """Feed bytes, get whole frames."""

    def __init__(self, limit: int = 32 * 1024 * 1024) -> None:
        self._rest = b""
        self._first = True
        self._limit = limit

    def feed(self, chunk: bytes) -> list[Frame]:
        """Raises ValueError when one frame grows over `limit` bytes (default 32 MiB)."""
        if not self._rest and chunk.startswith(b"data: {") and chunk.find(b"\n") == len(chunk) - 2:
            self._first = False  # one whole frame of one line: the usual read, on the request path
            if chunk.endswith(b"\n\n"):
                return [Frame("", chunk[6:-2])]
        data = self._rest + chunk if self._rest else chunk
        if self._first:
            if len(data) < len(_BOM) and _BOM.startswith(data):
                self._rest = data
                return []
            self._first = False
            data = data.removeprefix(_BOM)
        if b"\r" in data:
            # A CR at the very end may be half of a CRLF: it waits for the next chunk.
            held = b"\r" if data.endswith(b"\r") else b""
            data = data[: len(data) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        else:
            held = b""
        blocks = data.split(b"\n\n")
        self._rest = blocks.pop() + held
        if len(self._rest) > self._limit:
            raise ValueError(f"a server-sent event is longer than {self._limit} bytes")
        return [frame for block in blocks if (frame := _frame(block)) is not None]

    @property
    def cut(self) -> bool:
        """Whether bytes of an unfinished frame are waiting."""
        return bool(self._rest.strip())


def _frame(block: bytes) -> Frame | None:
    if block.startswith(b"data: ") and b"\n" not in block:  # the usual frame, on the request path
        return Frame("", block[6:])
    event = ""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data.append(value)
        elif name == b"event":
            event = value.decode("utf-8", "replace")
    return Frame(event, b"\n".join(data)) if data else None


def encode(data: bytes, event: str = "") -> bytes:
    """One frame. `data` must not contain a line break: JSON from msgspec has none."""
    if event:
        return b"event: %b\ndata: %b\n\n" % (event.encode(), data)
    return b"data: %b\n\n" % data


def comment(text: str) -> bytes:
    """A comment that keeps the connection alive; not every client accepts one (Gemini's do not)."""
    return b": %b\n\n" % text.encode()

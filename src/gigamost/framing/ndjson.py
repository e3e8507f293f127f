"""JSON lines (https://github.com/ndjson/ndjson-spec), both ways: one JSON value, one LF.

The reader takes bytes cut anywhere. Empty lines are none; a line that the end of the stream cuts is not given out.
"""

CONTENT_TYPE = "application/x-ndjson"


class Reader:
    """Feed bytes, get whole lines."""

    def __init__(self, limit: int = 32 * 1024 * 1024) -> None:
        self._rest = b""
        self._limit = limit

    def feed(self, chunk: bytes) -> list[bytes]:
        """Raises ValueError when one line grows over `limit` bytes (default 32 MiB)."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > self._limit:
            raise ValueError(f"a line is longer than {self._limit} bytes")
        return [bare for line in lines if (bare := line.strip())]

    @property
    def cut(self) -> bool:
        """Whether bytes of an unfinished line are waiting."""
        return bool(self._rest.strip())


def encode(data: bytes) -> bytes:
    """One line. `data` must not contain a line break: JSON from msgspec has none."""
    return data + b"\n"

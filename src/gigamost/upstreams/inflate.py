"""Undoes gzip and deflate of answers that come compressed although nobody asked, within a limit."""

import zlib
from typing import Final

from gigamost.upstreams.http import TransportError

LIMIT: Final = 64 * 1024 * 1024  # bytes of one answer: no more is unpacked, however small it was on the wire


class Inflater:
    """Feed compressed bytes, get plain ones. Raises TransportError (protocol, too_large)."""

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self._left = LIMIT
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes) -> bytes:
        if self._stream is None:
            # "deflate" means zlib in the RFC and raw deflate in some servers; 8 is zlib's method, 0x1f opens gzip.
            raw = data[0] & 0x0F != 8 and data[0] != 0x1F
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS | 32)
        try:
            plain = self._stream.decompress(data, self._left + 1)
        except zlib.error as error:
            raise TransportError("protocol", f"{self._peer} sent a broken compressed answer: {error}") from None
        self._left -= len(plain)
        if self._left < 0:
            raise TransportError("too_large", f"{self._peer} sent an answer that unpacks to more than {LIMIT} bytes")
        if self._stream.unused_data:
            raise TransportError("protocol", f"{self._peer} sent bytes after the end of a compressed answer")
        return plain

    def close(self) -> None:
        """The body is over. Raises TransportError when the compressed data is not."""
        if self._stream is not None and not self._stream.eof:
            raise TransportError("reset", f"{self._peer} cut its compressed answer short")

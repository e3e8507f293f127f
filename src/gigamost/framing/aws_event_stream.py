"""AWS event streams (`application/vnd.amazon.eventstream`), both ways. Numbers are big-endian; CRC is CRC-32 (IEEE).

    message = total length u32, headers length u32, CRC of these 8 bytes, headers, payload, CRC of all before it
    header  = name length u8, name, type u8, value: see `Value`

The reader takes bytes cut anywhere. A message that the end of the stream cuts is none.
"""

import struct
from collections.abc import Mapping
from struct import pack, unpack_from
from typing import Final, Literal, NamedTuple, assert_never
from zlib import crc32

import msgspec

MAX_HEADERS: Final = 128 * 1024  # bytes, as AWS's own readers limit them
MAX_MESSAGE: Final = 24 * 1024 * 1024 + MAX_HEADERS + 16
_PRELUDE: Final = 12
_CRC: Final = 4
_FORMATS: Final = {1: ">b", 2: ">h", 4: ">i", 8: ">q"}
_TYPES: Final = {1: 2, 2: 3, 4: 4, 8: 5}
_SIZES: Final[dict[int, Literal[1, 2, 4, 8]]] = {2: 1, 3: 2, 4: 4, 5: 8}


class Number(msgspec.Struct, frozen=True):
    """A signed integer of `size` bytes: AWS calls them byte, short, integer and long."""

    value: int
    size: Literal[1, 2, 4, 8] = 4


class Timestamp(msgspec.Struct, frozen=True):
    """Milliseconds since 1970."""

    milliseconds: int


class Uuid(msgspec.Struct, frozen=True):
    """16 bytes."""

    data: bytes


Value = bool | str | bytes | Number | Timestamp | Uuid


class Message(NamedTuple):
    headers: Mapping[str, Value]
    payload: bytes


def encode(headers: Mapping[str, Value], payload: bytes) -> bytes:
    """One message. Raises ValueError for a header that has no such form."""
    return frame(encode_headers(headers), payload)


def frame(headers: bytes, payload: bytes) -> bytes:
    """One message with headers that were encoded before: those of a stream's events are few."""
    lengths = pack(">II", _PRELUDE + len(headers) + len(payload) + _CRC, len(headers))
    message = b"%b%b%b%b" % (lengths, pack(">I", crc32(lengths)), headers, payload)
    return message + pack(">I", crc32(message))


def encode_headers(headers: Mapping[str, Value]) -> bytes:
    """Raises ValueError for a name or a value that is too long, and for a number that does not fit its size."""
    encoded = b""
    for name, value in headers.items():
        label = name.encode()
        try:
            encoded += pack(">B", len(label)) + label + _encode_value(value)
        except struct.error as error:
            raise ValueError(f"the header {name[:100]!r} does not fit an event stream: {error}") from None
    if len(encoded) > MAX_HEADERS:
        raise ValueError(f"the headers of a message are longer than {MAX_HEADERS} bytes")
    return encoded


def _encode_value(value: Value) -> bytes:
    match value:
        case bool():
            return b"\0" if value else b"\1"  # AWS: 0 is true
        case Number(value=number, size=size):
            return pack(">B", _TYPES[size]) + pack(_FORMATS[size], number)
        case bytes():
            return pack(">BH", 6, len(value)) + value
        case str():
            text = value.encode()
            return pack(">BH", 7, len(text)) + text
        case Timestamp(milliseconds=moment):
            return pack(">Bq", 8, moment)
        case Uuid(data=data):
            if len(data) != 16:
                raise ValueError(f"a UUID has 16 bytes, not {len(data)}")
            return b"\x09" + data
        case _:
            assert_never(value)


class Reader:
    """Feed bytes, get whole messages."""

    def __init__(self, limit: int = MAX_MESSAGE) -> None:
        self._rest = bytearray()
        self._limit = limit

    def feed(self, chunk: bytes) -> list[Message]:
        """Raises ValueError for a CRC that does not fit, and for lengths that cannot be: nothing after it is read."""
        self._rest += chunk
        messages: list[Message] = []
        while len(self._rest) >= _PRELUDE:
            total, headers = self._lengths()
            if len(self._rest) < total:
                break
            messages.append(_message(bytes(self._rest[:total]), headers))
            del self._rest[:total]
        return messages

    @property
    def cut(self) -> bool:
        """Whether bytes of an unfinished message are waiting."""
        return bool(self._rest)

    def _lengths(self) -> tuple[int, int]:
        total, headers, crc = unpack_from(">III", self._rest)
        if crc != crc32(self._rest[:8]):
            raise ValueError("the prelude of an event stream message does not have its CRC")
        if headers > MAX_HEADERS or not _PRELUDE + headers + _CRC <= total <= self._limit:
            raise ValueError(f"an event stream message of {total} bytes with {headers} bytes of headers")
        return total, headers


def _message(data: bytes, headers: int) -> Message:
    end = len(data) - _CRC
    if unpack_from(">I", data, end)[0] != crc32(data[:end]):
        raise ValueError("an event stream message does not have its CRC")
    split = _PRELUDE + headers
    return Message(_decode_headers(data[_PRELUDE:split]), data[split:end])


def _decode_headers(data: bytes) -> dict[str, Value]:
    headers: dict[str, Value] = {}
    at = 0
    try:
        while at < len(data):
            start, end = at + 1, at + 1 + data[at]
            value, at = _decode_value(data, end)
            name = data[start:end].decode()
            if name in headers:
                raise ValueError(f"an event stream message has the header {name!r} twice")
            headers[name] = value
    except (struct.error, IndexError) as error:
        raise ValueError(f"the headers of an event stream message are cut: {error}") from None
    return headers


def _decode_value(data: bytes, at: int) -> tuple[Value, int]:
    """The value whose type stands at `at`, and where it ends."""
    kind, at = data[at], at + 1
    match kind:
        case 0 | 1:
            return kind == 0, at
        case 2 | 3 | 4 | 5:
            size = _SIZES[kind]
            return Number(unpack_from(_FORMATS[size], data, at)[0], size), at + size
        case 6 | 7:
            length: int = unpack_from(">H", data, at)[0]
            found: bytes = unpack_from(f">{length}s", data, at + 2)[0]
            return found if kind == 6 else found.decode(), at + 2 + length
        case 8:
            return Timestamp(unpack_from(">q", data, at)[0]), at + 8
        case 9:
            return Uuid(unpack_from(">16s", data, at)[0]), at + 16
        case _:
            raise ValueError(f"an event stream header of type {kind}, which does not exist")

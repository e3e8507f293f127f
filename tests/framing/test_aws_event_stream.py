"""AWS event streams: round trips over every type of header, cuts at every byte; botocore's own parser is the judge."""

from contextlib import suppress
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]  # AWS gives it no types
from hypothesis import given
from hypothesis import strategies as st

from gigamost.framing.aws_event_stream import Message, Number, Reader, Timestamp, Uuid, Value, encode, frame

numbers = st.one_of(
    *[
        st.builds(Number, st.integers(-(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1), st.just(size))
        for size in (1, 2, 4, 8)
    ]
)
values: st.SearchStrategy[Value] = st.one_of(
    st.booleans(),
    st.text(max_size=50),
    st.binary(max_size=50),
    numbers,
    st.builds(Timestamp, st.integers(-(2**63), 2**63 - 1)),
    st.builds(Uuid, st.binary(min_size=16, max_size=16)),
)
headers = st.dictionaries(st.text(min_size=1, max_size=20), values, max_size=6)
messages = st.builds(Message, headers, st.binary(max_size=200))
EVENT: dict[str, Value] = {":event-type": "messageStart", ":message-type": "event", "n": Number(-2, 8), "yes": True}
SENT = encode(EVENT, b'{"role":"assistant"}')


def plain(value: Value) -> Any:
    """A value as botocore gives it."""
    match value:
        case Number(value=number):
            return number
        case Timestamp(milliseconds=moment):
            return moment
        case Uuid(data=data):
            return data
        case _:
            return value


@given(st.lists(messages, max_size=4), st.integers(1, 40))
def test_what_is_written_is_read_wherever_it_is_cut(sent: list[Message], size: int) -> None:
    data = b"".join(encode(*message) for message in sent)
    reader = Reader()
    read = [message for at in range(0, len(data), size) for message in reader.feed(data[at : at + size])]
    assert read == sent
    assert not reader.cut


@pytest.mark.parametrize("at", range(len(SENT)))
def test_a_cut_at_any_byte_is_no_message(at: int) -> None:
    reader = Reader()
    assert reader.feed(SENT[:at]) == []
    assert reader.cut is (at > 0)
    assert reader.feed(SENT[at:]) == [Message(EVENT, b'{"role":"assistant"}')]


@given(messages)
def test_botocore_reads_the_same(sent: Message) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(encode(*sent))
    (read,) = list(buffer)
    assert read.headers == {name: plain(value) for name, value in sent.headers.items()}
    assert read.payload == sent.payload


@pytest.mark.parametrize("at", range(len(SENT)))
def test_no_changed_bit_goes_unnoticed(at: int) -> None:
    broken = bytearray(SENT)
    broken[at] ^= 0x10
    reader = Reader()
    with pytest.raises(ValueError, match="event stream"):
        assert reader.feed(bytes(broken) + SENT) == []


def test_the_bytes_are_those_of_the_specification() -> None:
    """An empty message, and one with a string: CRC-32 over the lengths, then over all."""
    assert encode({}, b"") == bytes.fromhex("00000010 00000000 05c248eb 7d98c8ff")
    said = encode({"a": "b"}, b"c")
    assert said[:8] == bytes.fromhex("00000017 00000006")
    assert said[12:19] == b"\x01a\x07\x00\x01bc"


@given(st.binary(max_size=100))
def test_nonsense_is_a_value_error_or_waits(data: bytes) -> None:
    with suppress(ValueError):
        assert Reader().feed(data) == []


@pytest.mark.parametrize(
    "bad", [{"n": Number(300, 1)}, {"x" * 256: True}, {"t": "x" * 70_000}, {"u": Uuid(b"short")}, {"a": "b" * 65_000}]
)
def test_what_has_no_such_form_is_refused(bad: dict[str, Value]) -> None:
    many = {f"{name}{at}": value for at in range(3) for name, value in bad.items()}
    with pytest.raises(ValueError, match=r"."):
        encode(many, b"")


def test_a_message_over_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="event stream message of"):
        Reader(limit=20).feed(encode({}, b"x" * 10))


def forged(head: bytes) -> bytes:
    """A message whose headers are these bytes, with every CRC right."""
    return frame(head, b"")


@pytest.mark.parametrize(
    "head",
    [b"\x01a", b"\x01a\x0a", b"\x05a", b"\x01a\x07\x00\x05b", b"\x01a\x00\x01a\x01", b"\x01\xff\x00", b"\x01a\x04\x00"],
)
def test_headers_that_cannot_be_read_are_refused(head: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Reader().feed(forged(head))

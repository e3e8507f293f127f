"""Server-sent events: the same frames however the bytes are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.framing.sse import Frame, Reader, comment, encode

STREAM = 'event: a\ndata: {"x":"Привет 👋"}\n\n: keep-alive\n\ndata: one\ndata: two\n\nid: 7\nretry: 5\ndata:three\n\n'
FRAMES = [Frame("a", '{"x":"Привет 👋"}'.encode()), Frame("", b"one\ntwo"), Frame("", b"three")]


def read(*chunks: bytes) -> list[Frame]:
    reader = Reader()
    return [frame for chunk in chunks for frame in reader.feed(chunk)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_cut_gives_the_same_frames(newline: str, mark: bytes) -> None:
    data = mark + STREAM.replace("\n", newline).encode()
    # With bare CRs the last frame waits for a byte that tells CR from CRLF.
    data += b":" if newline == "\r" else b""
    assert read(data) == FRAMES
    assert read(*(data[at : at + 1] for at in range(len(data)))) == FRAMES
    for at in range(len(data)):
        assert read(data[:at], data[at:]) == FRAMES


@given(st.lists(st.binary(min_size=1, max_size=30).map(lambda data: data.hex().encode()), max_size=5), st.data())
def test_what_is_encoded_is_read_back(payloads: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(encode(payload) + comment("idle") for payload in payloads)
    cut = data.draw(st.integers(0, len(stream)))
    assert [frame.data for frame in read(stream[:cut], stream[cut:])] == payloads


def test_a_frame_that_the_end_cuts_is_no_event() -> None:
    reader = Reader()
    assert reader.feed(b"data: half") == []
    assert reader.cut
    assert reader.feed(b"\n\n") == [Frame("", b"half")]
    assert not reader.cut


def test_a_frame_has_a_limit() -> None:
    with pytest.raises(ValueError, match="longer than 10 bytes"):
        Reader(limit=10).feed(b"data: 0123456789")


def test_an_event_name_goes_before_its_data() -> None:
    assert encode(b"{}", "message_stop") == b"event: message_stop\ndata: {}\n\n"

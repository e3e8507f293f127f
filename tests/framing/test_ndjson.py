"""JSON lines: the same lines however the bytes are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.framing.ndjson import Reader, encode


@given(st.lists(st.text(min_size=1).map(lambda text: text.encode().hex().encode()), max_size=5), st.data())
def test_what_is_encoded_is_read_back_however_it_is_cut(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(encode, lines))
    cut = data.draw(st.integers(0, len(stream)))
    reader = Reader()
    assert reader.feed(stream[:cut]) + reader.feed(stream[cut:]) == lines
    assert not reader.cut


def test_line_ends_of_windows_and_empty_lines() -> None:
    assert Reader().feed(b'{"a":1}\r\n\n  \n{"b":2}\n') == [b'{"a":1}', b'{"b":2}']


def test_a_line_that_the_end_cuts_is_none() -> None:
    reader = Reader()
    assert reader.feed(b'{"a":') == []
    assert reader.cut


def test_a_line_without_end_is_refused() -> None:
    reader = Reader(limit=10)
    with pytest.raises(ValueError, match="longer than 10 bytes"):
        reader.feed(b"x" * 11)

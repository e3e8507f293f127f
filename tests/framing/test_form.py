"""Forms with files: read whole, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigamost.framing.form import Upload, read

TYPE = "multipart/form-data; boundary=b"
BODY = (
    '--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nобщее\r\n'
    '--b\r\nContent-Disposition: form-data; name="file"; filename="кот.txt"\r\nContent-Type: text/plain\r\n\r\n'
).encode() + b"\x00\xff\r\n--b--\r\n"


def test_a_form() -> None:
    form = read(TYPE, BODY)
    assert form.fields == {"purpose": "общее"}
    assert form.uploads == (Upload("file", "кот.txt", "text/plain", b"\x00\xff"),)


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=b"])
def test_what_is_no_form(kind: str) -> None:
    with pytest.raises(ValueError, match="multipart/form-data"):
        read(kind, BODY)


@given(st.binary(max_size=200), st.integers(0, len(BODY)))
def test_any_bytes_are_read_or_refused(data: bytes, at: int) -> None:
    for body in (data, BODY[:at], BODY[:at] + data):
        try:
            form = read(TYPE, body)
        except ValueError:
            continue
        assert all(isinstance(upload.data, bytes) for upload in form.uploads)

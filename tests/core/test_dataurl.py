"""Data URLs and Base64 from clients."""

import pytest

from gigamost.core.dataurl import decode_base64, decode_data_url, source_of
from gigamost.core.errors import GatewayError
from gigamost.core.messages import Inline, Url


@pytest.mark.parametrize(
    ("url", "mime", "data"),
    [
        ("data:image/png;base64,aGk=", "image/png", b"hi"),
        ("data:image/png;base64,aGk", "image/png", b"hi"),
        ("DATA:image/PNG;charset=utf-8;base64,aG\nk=", "image/png", b"hi"),
        ("data:text/plain,%D0%B0+b", "text/plain", "а+b".encode()),
        ("data:;base64,-_-_", "", b"\xfb\xff\xbf"),
    ],
)
def test_data_urls(url: str, mime: str, data: bytes) -> None:
    assert decode_data_url(url, "x") == (mime, data)


@pytest.mark.parametrize("text", ["", "@@@", "a", "aGk=!"])
def test_what_is_not_base64_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(GatewayError, match=r"messages\[0\]"):
        decode_base64(text, "messages[0]")


def test_sources() -> None:
    assert source_of("data:,a", "x") == ("", Inline(b"a"))
    assert source_of("HTTPS://example.com/a.png", "x") == ("", Url("HTTPS://example.com/a.png"))
    for bad in ("ftp://example.com/a", "file:///etc/passwd", "a.png", ""):
        with pytest.raises(GatewayError, match="http"):
            source_of(bad, "x")

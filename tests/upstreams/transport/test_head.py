"""The bytes of a request, and what cannot become one."""

import pytest

from gigamost.upstreams.head import encode_head, locate
from gigamost.upstreams.http import HttpRequest


def head(request: HttpRequest, proxy_authorization: str | None = None) -> bytes:
    return encode_head(request, locate(request.url), proxy_authorization)


def test_a_request_is_written_as_rfc_9112_says() -> None:
    request = HttpRequest("POST", "https://api.giga.chat/v1/x?a=b#part", (("X-One", "a"), ("X-Two", "ü")), b"{}")
    assert head(request) == (
        b"POST /v1/x?a=b HTTP/1.1\r\nHost: api.giga.chat\r\nAccept-Encoding: identity\r\n"
        b"X-One: a\r\nX-Two: \xfc\r\nContent-Length: 2\r\n\r\n"
    )


def test_a_length_is_said_where_a_body_is_expected() -> None:
    assert b"Content-Length: 0\r\n" in head(HttpRequest("POST", "http://a/"))
    assert b"Content-Length" not in head(HttpRequest("GET", "http://a/"))
    assert b"Content-Length: 1\r\n" in head(HttpRequest("DELETE", "http://a/", (), b"x"))


def test_through_a_plain_proxy_the_target_is_absolute() -> None:
    request = HttpRequest("GET", "http://example.org:8080/a")
    assert head(request, "").startswith(b"GET http://example.org:8080/a HTTP/1.1\r\nHost: example.org:8080\r\n")
    assert b"\r\nProxy-Authorization: Basic eDp5\r\n" in head(request, "Basic eDp5")


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "path"),
    [
        ("http://A.example", "a.example", 80, "a.example", "/"),
        ("https://a.example:443/x", "a.example", 443, "a.example", "/x"),
        ("https://a.example:80?q=1", "a.example", 80, "a.example:80", "/?q=1"),
        ("http://[::1]:8090/x", "::1", 8090, "[::1]:8090", "/x"),
        ("http://[::1]/", "::1", 80, "[::1]", "/"),
        ("http://пример.рф/ё?x=%D1", "xn--e1afmkfd.xn--p1ai", 80, "xn--e1afmkfd.xn--p1ai", "/%D1%91?x=%D1"),
    ],
)
def test_urls_are_taken_apart(url: str, host: str, port: int, authority: str, path: str) -> None:
    location = locate(url)
    assert (location.origin.host, location.origin.port, location.authority, location.path) == (
        host,
        port,
        authority,
        path,
    )


@pytest.mark.parametrize(
    "url",
    ["/v1", "a.example/x", "ftp://a/", "https://", "http://a:b@c/", "http://a:99999/", "http://a b/", "http://a/ b"]
    + [f"http://a/{c}" for c in "\r\n\0\t"]
    + ["http://a\r\nX: y/", "http://a<b/", "http://a\\b/", f"http://{'a' * 64}.example/"],
)
def test_urls_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        locate(url)
    assert url == "https://" or url not in str(caught.value)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "\r\n\r\nGET / HTTP/1.1"])
def test_a_header_value_cannot_break_out(value: str) -> None:
    with pytest.raises(ValueError, match="X-Safe has a line break") as caught:
        head(HttpRequest("GET", "http://a/", (("Accept", "*/*"), ("X-Safe", value))))
    assert value not in str(caught.value)


@pytest.mark.parametrize("name", ["", "X Y", "X:", "X\r\nY", "Ж", "Host", "content-length", "Transfer-Encoding"])
def test_header_names_are_tokens_and_not_the_transports_own(name: str) -> None:
    with pytest.raises(ValueError, match=r"name|itself"):
        head(HttpRequest("GET", "http://a/", ((name, "1"),)))


def test_a_method_cannot_break_out() -> None:
    with pytest.raises(ValueError, match="name"):
        head(HttpRequest("GET / HTTP/1.1\r\nX:", "http://a/"))


def test_text_that_no_header_can_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="latin-1"):
        head(HttpRequest("GET", "http://a/", (("X-Name", "Ж"),)))

"""Bytes inside JSON: Base64 and `data:` URLs (RFC 2397), read tolerantly and never half."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from gigamost.core.errors import invalid
from gigamost.core.messages import Inline, Source, Url

_SPACE = re.compile(r"\s+")


def decode_base64(text: str, param: str) -> bytes:
    """Standard or URL-safe alphabet, with or without padding and line breaks. Raises GatewayError (400)."""
    bare = _SPACE.sub("", text).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"{param} is not valid Base64.", param) from None
    if not data:
        raise invalid(f"{param} is empty.", param)
    return data


def decode_data_url(url: str, param: str) -> tuple[str, bytes]:
    """(MIME type or "", bytes) of a `data:` URL. Raises GatewayError (400)."""
    head, comma, payload = url[len("data:") :].partition(",")
    if not comma:
        raise invalid(f"{param} is a data URL without a comma: write data:<type>;base64,<data>.", param)
    mime, *options = head.split(";")
    if "base64" in (option.strip().lower() for option in options):
        return mime.strip().lower(), decode_base64(unquote_to_bytes(payload).decode("latin-1"), param)
    data = unquote_to_bytes(payload)
    if not data:
        raise invalid(f"{param} is empty.", param)
    return mime.strip().lower(), data


def source_of(url: str, param: str) -> tuple[str, Source]:
    """What a client's URL stands for: (MIME type or "", the bytes of a data URL or the address to fetch)."""
    if url[:5].lower() == "data:":
        mime, data = decode_data_url(url, param)
        return mime, Inline(data)
    if url[:7].lower() == "http://" or url[:8].lower() == "https://":
        return "", Url(url)
    raise invalid(f"{param} must be an http(s) URL or a data URL.", param)

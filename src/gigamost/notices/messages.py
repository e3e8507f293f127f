"""A notice as it is sent: JSON, and headers by the Standard Webhooks convention (standardwebhooks.com).

webhook-id         the notice's, the same in every attempt: whoever knows it already need not act again
webhook-timestamp  unix seconds of this attempt
webhook-signature  v1,<Base64 of HMAC-SHA256 over "id.timestamp.body">
"""

import base64
import binascii
import hmac
from typing import Final

import msgspec

from gigamost.core.instant import SECOND, rfc3339
from gigamost.core.notices import Notice
from gigamost.core.secret import Secret

PREFIX: Final = "whsec_"
ENTROPY: Final = 32  # bytes of a new secret
_SHORTEST, _LONGEST = 24, 64  # bytes of any (the convention, "Signature scheme")
HOW: Final = f'"{PREFIX}" and 24 to 64 bytes as Base64, for example of `openssl rand -base64 32`'


class _Message(msgspec.Struct, frozen=True):
    id: str
    type: str
    timestamp: str
    tenant_id: str | None
    data: msgspec.Raw


def body_of(notice: Notice) -> bytes:
    at = rfc3339(int(notice.at) * SECOND, fraction=False)
    return msgspec.json.encode(_Message(notice.id, notice.kind, at, notice.tenant or None, notice.data))


def headers_of(notice: Notice, body: bytes, secret: Secret, now: float) -> tuple[tuple[str, str], ...]:
    """Unsigned with an empty secret. Raises ValueError for one that is none."""
    moment = str(int(now))
    headers = (("content-type", "application/json"), ("webhook-id", notice.id), ("webhook-timestamp", moment))
    if not secret:
        return headers
    return (*headers, ("webhook-signature", signature(secret, notice.id, moment, body)))


def signature(secret: Secret, id_: str, moment: str, body: bytes) -> str:
    """Raises ValueError for a secret that is none."""
    content = f"{id_}.{moment}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(_key(secret), content, "sha256")).decode()


def new_secret(entropy: bytes) -> Secret:
    return Secret(PREFIX + base64.b64encode(entropy).decode())


def fault_in_secret(secret: Secret) -> str:
    """What is wrong with it, "" when nothing is."""
    try:
        _key(secret)
    except ValueError as error:
        return str(error)
    return ""


def _key(secret: Secret) -> bytes:
    text = secret.reveal()
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"this is no secret of a webhook: it is {HOW}")
    return key

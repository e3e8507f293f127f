"""Reading what a token endpoint answers: an access token or a refusal.

Shapes, by GigaChat's documentation and recordings of its official SDK: `{"access_token", "expires_at"}` from
`/api/v2/oauth` (milliseconds), `{"tok", "exp"}` from `/token` (seconds), refusals as `{"code", "message"}` from the
first and `{"status", "message"}` from the second; HTML or nothing from the proxies in front of them.
"""

import math
import re
from typing import Final

import msgspec

from gigamost.core.errors import GatewayError
from gigamost.core.secret import Secret
from gigamost.upstreams.credentials import AccessToken, Holder
from gigamost.upstreams.credentials.faults import TokenFault, no_token
from gigamost.upstreams.http import HttpAnswer

_FAULTS: Final = {
    1: TokenFault.SCOPE_REFUSED,  # scope data format invalid
    4: TokenFault.KEY_UNREADABLE,  # Can't decode 'Authorization' header
    5: TokenFault.SCOPE_REFUSED,  # scope is empty
    6: TokenFault.KEY_REFUSED,  # credentials doesn't match db data
    7: TokenFault.SCOPE_REFUSED,  # scope from db not fully includes consumed scope
}
_SECONDS_LIMIT: Final = 1e11


class _Grant(msgspec.Struct):
    access_token: str | None = None
    expires_at: float | None = None
    tok: str | None = None
    exp: float | None = None


class _Refusal(msgspec.Struct):
    code: int | None = None


def read_token(answer: HttpAnswer, now: float, holder: Holder) -> AccessToken:
    """`now` is unix seconds. Raises GatewayError with a `TokenFault` as its code."""
    if answer.status != 200:
        raise _refusal(answer, holder)
    try:
        grant = msgspec.json.decode(answer.body, type=_Grant)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise no_token(TokenFault.ANSWER_UNREADABLE, holder, _shape(answer)) from error
    text = grant.access_token or grant.tok or ""
    if not is_header_safe(text):
        raise no_token(TokenFault.ANSWER_UNREADABLE, holder, _shape(answer))
    expires_at = unix_seconds(grant.expires_at if grant.access_token else grant.exp)
    if expires_at is not None and expires_at <= now:
        seen = f"it expired at {expires_at:.0f}, this clock says {now:.0f}"
        raise no_token(TokenFault.CLOCK_WRONG, holder, seen)
    return AccessToken(Secret(text), expires_at)


def unix_seconds(moment: float | None) -> float | None:
    """Seconds or milliseconds since 1970 as seconds: which of the two comes depends on the endpoint, and for one of
    them the documentation shows both."""
    if moment is None or not math.isfinite(moment):
        return None
    return moment if moment < _SECONDS_LIMIT else moment / 1000


def is_header_safe(text: str) -> bool:
    """Whether it can stand in a header: one word of visible ASCII."""
    return re.fullmatch(r"[\x21-\x7e]+", text) is not None


def _refusal(answer: HttpAnswer, holder: Holder) -> GatewayError:
    try:
        code = msgspec.json.decode(answer.body, type=_Refusal, strict=False).code
    except (msgspec.DecodeError, UnicodeDecodeError):
        code = None  # a proxy's page: the status says all there is to know
    wait = answer.headers.get("retry-after", "")
    retry_after = float(wait) if re.fullmatch(r"[0-9]{1,6}", wait) else None
    return no_token(_fault(answer.status, code), holder, _quote(answer, holder), code, retry_after)


def _fault(status: int, code: int | None) -> TokenFault:
    """The code goes before the 4xx status: clients have seen codes 4 and 7 with 400 and with 401."""
    if status == 429:
        return TokenFault.RATE_LIMITED
    if status >= 500:
        return TokenFault.FAILED
    if code in _FAULTS:
        return _FAULTS[code]
    return {401: TokenFault.KEY_REFUSED, 403: TokenFault.FORBIDDEN}.get(status, TokenFault.REQUEST_REFUSED)


def _quote(answer: HttpAnswer, holder: Holder) -> str:
    """The beginning of a refusal, on one line. A proxy may echo our request, so the secrets are taken out."""
    text = answer.body.decode("utf-8", "replace")
    for secret in holder.secrets:
        text = text.replace(secret.reveal(), Secret.STARS) if secret else text
    return f"HTTP {answer.status}: {' '.join(text.split())[:200]}"


def _shape(answer: HttpAnswer) -> str:
    """A 200 is not quoted: its body may hold a token in a shape that we do not know."""
    kind = answer.headers.get("content-type", "no content type")
    return f"HTTP {answer.status}, {kind[:60]}, {len(answer.body)} bytes"

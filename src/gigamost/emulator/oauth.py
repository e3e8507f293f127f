"""Access tokens (section 2): `/api/v2/oauth` for authorization keys, `{base}/token` for user and password.

OAuth errors have a shape of their own: `{"code":<int>,"message":"<text>"}`.
"""

import base64
import binascii
import secrets
from collections.abc import Callable
from urllib.parse import parse_qs
from uuid import UUID

import msgspec

from gigamost.emulator.gate import Rate
from gigamost.emulator.http import Answer, HttpRequest, Write
from gigamost.emulator.refusal import RefusalError
from gigamost.emulator.settings import STREAMS, Account

OAUTH_JSON = "application/json"  # recorded without a charset

SCOPE_INVALID = (400, 1, "scope data format invalid")
RQUID_INVALID = (400, 2, "header 'RqUID' is invalid")  # only the status is documented
AUTHORIZATION = (400, 4, "Can't decode 'Authorization' header")
SCOPE_EMPTY = (400, 5, "scope is empty")
UNKNOWN_CLIENT = (401, 6, "credentials doesn't match db data")
SCOPE_DENIED = (400, 7, "scope from db not fully includes consumed scope")


class Issued(msgspec.Struct, frozen=True):
    """A token of an account, good until `expires` (unix seconds)."""

    account: Account
    expires: float


class Tokens:
    """Gives tokens out and knows them again. Several of one account may be alive at once."""

    def __init__(self, accounts: tuple[Account, ...], lifetime: float, rate: int, clock: Callable[[], float]) -> None:
        self._accounts = {account.client_id: account for account in accounts}
        self._lifetime = lifetime
        self._clock = clock
        self._rate = Rate(rate, clock)
        self._issued: dict[str, Issued] = {}

    def oauth(self, request: HttpRequest) -> Answer:
        """`expires_at` is in milliseconds [recorded]."""
        try:
            account = self._account(request)
            if not _is_uuid4(request.headers.get("rquid", "")):
                raise _OAuthError(*RQUID_INVALID)
            _check_scope(request.body, account)
            self._rate.take(account.client_id)
        except _OAuthError as error:
            return error.answer
        token, expires = self._issue(account)
        body = {"access_token": token, "expires_at": int(expires * 1000)}
        return Answer(200, (Write(msgspec.json.encode(body)),), OAUTH_JSON)

    def token(self, request: HttpRequest) -> Answer:
        """`exp` is in seconds [inferred, strong]."""
        try:
            account = self._account(request)
        except _OAuthError:
            raise RefusalError(401, "Unauthorized") from None
        token, expires = self._issue(account)
        return Answer(200, (Write(msgspec.json.encode({"tok": token, "exp": int(expires)})),))

    def authenticate(self, authorization: str) -> Account:
        """The account of a bearer token. Raises RefusalError (401)."""
        scheme, _, token = authorization.partition(" ")
        issued = self._issued.get(token) if scheme.lower() == "bearer" else None
        if issued is None:
            raise RefusalError(401, "Unauthorized")
        if issued.expires <= self._clock():
            raise RefusalError(401, "Token has expired")
        return issued.account

    def expire(self) -> None:
        """Every token that was given out has now expired."""
        self._issued = {token: Issued(issued.account, 0) for token, issued in self._issued.items()}

    def revoke(self) -> None:
        """No token that was given out is known any more."""
        self._issued.clear()

    def _issue(self, account: Account) -> tuple[str, float]:
        # An opaque JWE has five parts.
        token = "eyJ" + ".".join(secrets.token_urlsafe(size) for size in (24, 32, 12, 96, 16))
        expires = self._clock() + self._lifetime
        self._issued[token] = Issued(account, expires)
        return token, expires

    def _account(self, request: HttpRequest) -> Account:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise _OAuthError(*AUTHORIZATION) from None
        if scheme.lower() != "basic" or not colon:
            raise _OAuthError(*AUTHORIZATION)
        account = self._accounts.get(client_id)
        if account is None or not secrets.compare_digest(account.secret.encode(), secret.encode()):
            raise _OAuthError(*UNKNOWN_CLIENT)
        return account


class _OAuthError(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        body = msgspec.json.encode({"code": code, "message": message})
        self.answer = Answer(status, (Write(body),), OAUTH_JSON)


def _check_scope(body: bytes, account: Account) -> None:
    try:
        values = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=bool(body)).get("scope", [])
    except ValueError:
        raise _OAuthError(*SCOPE_INVALID) from None
    if not values or not values[0].strip():
        raise _OAuthError(*SCOPE_EMPTY)
    if len(values) > 1 or values[0] not in STREAMS:
        raise _OAuthError(*SCOPE_INVALID)
    if values[0] != account.scope:
        raise _OAuthError(*SCOPE_DENIED)


def _is_uuid4(text: str) -> bool:
    try:
        return UUID(text).version == 4
    except ValueError:
        return False

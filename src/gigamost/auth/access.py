"""Which key a request brought, and who may ask without one. Pure rules; keys are compared by digest only."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from gigamost.auth.principal import Principal
from gigamost.auth.tokens import Token, Tokens
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import Secret

# In the order in which they are tried: with `pass_token` the gateway's key never stands in Authorization.
KEY_HEADERS = ("x-api-key", "api-key", "x-goog-api-key")
_FORWARDING = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_NO_KEY = bytes(32)  # in open mode a token stands for nobody
_SIGV4 = re.compile(r"^AWS4-HMAC-SHA256\s.*?Credential=([^/,\s]+)")
HOW = "Send it as `Authorization: Bearer gm-...` or in `x-api-key`."


class Key(msgspec.Struct, frozen=True):
    """A key that opens the model routes. `pass_token`: its requests bring their own GigaChat credential."""

    name: str
    secret: Secret
    tenant: str = "default"
    pass_token: bool = False


class Peer(msgspec.Struct, frozen=True):
    """What is known of a request before it is read. Header names are lower-case."""

    headers: Mapping[str, str]
    query: Mapping[str, str]


class Access:
    """`open_mode`: nobody needs a key, as long as the request comes from this machine and no browser page of another
    origin sent it. `allowed_origins` are the operator's CORS origins. `tokens` may stand for keys."""

    def __init__(
        self,
        keys: Sequence[Key],
        *,
        master_key: Secret | None,
        open_mode: bool,
        tokens: Tokens,
        allowed_origins: Sequence[str] = (),
    ) -> None:
        self._keys = {_digest(key.secret.reveal()): key for key in keys}
        self._master = _digest(master_key.reveal()) if master_key else None
        self._tokens = tokens
        self.open_mode = open_mode and not keys
        self._origins = frozenset(allowed_origins)

    def admit(self, peer: Peer) -> Principal:
        """Who is asking. Raises GatewayError: 401 without a good key, 403 for the administrator's."""
        given = list(keys_in(peer))
        for text in given:
            digest = self._digest_of(text)
            key = self._keys.get(digest)
            if key is not None:
                return _principal(key, digest, text, peer)
            if digest == self._master:
                raise GatewayError(
                    Kind.FORBIDDEN,
                    "The master key is for administration only: create a key for clients and send that one.",
                    code="master_key_refused",
                )
        if self.open_mode and self._is_local(peer):
            return Principal("default", "open", "open mode")
        if given:
            raise GatewayError(Kind.UNAUTHENTICATED, f"This key is not known to the gateway. {HOW}")
        raise GatewayError(Kind.UNAUTHENTICATED, f"A key is required. {HOW}")

    def issue(self, peer: Peer) -> Token:
        """A token for the client key of a request that was admitted. Raises GatewayError (401) when it brought none."""
        for text in keys_in(peer):
            digest = _digest(text)
            if digest in self._keys:
                return self._tokens.issue(digest)
        if not self.open_mode:
            raise GatewayError(Kind.UNAUTHENTICATED, f"A token is issued for a key. {HOW}")
        return self._tokens.issue(_NO_KEY)

    def is_master(self, peer: Peer) -> bool:
        return self._master is not None and any(_digest(text) == self._master for text in keys_in(peer))

    def _digest_of(self, text: str) -> bytes:
        """Of the key itself, or of the one that a token stands for. Raises GatewayError (401) for an old token."""
        holder = self._tokens.read(text)
        if holder is None:
            return _digest(text)
        if self._tokens.is_expired(holder):
            raise GatewayError(Kind.UNAUTHENTICATED, "Token has expired", code="token_expired")
        return holder.digest

    def _is_local(self, peer: Peer) -> bool:
        headers = peer.headers
        if any(name in headers for name in _FORWARDING) or not is_loopback(headers.get("host", "")):
            return False
        origin = headers.get("origin")
        return origin is None or origin in self._origins


def keys_in(peer: Peer) -> list[str]:
    """Everything in a request that may be a key of the gateway, the surest place first."""
    found = [value for name in KEY_HEADERS if (value := peer.headers.get(name))]
    found += _authorization_keys(peer.headers.get("authorization", ""))
    if key := peer.query.get("key"):
        found.append(key)
    return found


def _authorization_keys(authorization: str) -> list[str]:
    """A bearer's, a signature's key id, or Basic credentials: a bare key, or the password in them."""
    if not authorization:
        return []
    signed = _SIGV4.match(authorization)
    if signed is not None:
        return [signed[1]]
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    match scheme.lower():
        case "bearer" | "token" if value:  # GitHub's clients say "token"
            return [value]
        case "basic" if value:
            password = _password(value)
            return [value, password] if password else [value]
        case _:
            return [authorization]


def _password(basic: str) -> str:
    try:
        return base64.b64decode(basic, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a `Host` value, or an address to bind, names this machine alone."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _principal(key: Key, digest: bytes, text: str, peer: Peer) -> Principal:
    """`text` is what was sent for the key: itself, or a token."""
    key_id = digest.hex()[:16]
    if not key.pass_token:
        return Principal(key.tenant, key_id, key.name)
    authorization = peer.headers.get("authorization", "")
    if not authorization or text in _authorization_keys(authorization):
        raise GatewayError(
            Kind.UNAUTHENTICATED,
            "This key passes your own GigaChat credential on: send the gateway's key in `x-api-key` and the GigaChat "
            "credential in `Authorization`.",
            code="gigachat_credential_missing",
        )
    return Principal(key.tenant, key_id, key.name, Secret(authorization))


def _digest(text: str) -> bytes:
    return hashlib.sha256(b"gigamost client key\0" + text.encode("utf-8", "surrogatepass")).digest()

"""Which key a request brought, and who may ask without one. Pure rules; keys are found and compared by digest only."""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from time import time
from urllib.parse import urlsplit

import msgspec

from gigamost.auth import keys, scopes, sessions
from gigamost.auth.digests import Digests
from gigamost.auth.principal import Principal, made_up
from gigamost.auth.ring import Known, Ring
from gigamost.auth.tokens import Token, Tokens
from gigamost.core.errors import GatewayError, Kind
from gigamost.core.secret import Secret
from gigamost.core.tenancy import DEFAULT_TENANT

# In the order in which they are tried: with `pass_token` the gateway's key never stands in Authorization.
KEY_HEADERS = ("x-api-key", "api-key", "x-goog-api-key")
_FORWARDING = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_NO_KEY = bytes(32)  # in open mode a token stands for nobody
_SIGV4 = re.compile(r"^AWS4-HMAC-SHA256\s.*?Credential=([^/,\s]+)")
HOW = "Send it as `Authorization: Bearer gm-...` or in `x-api-key`."
_OPEN = made_up(DEFAULT_TENANT, "open", "open mode")


class Peer(msgspec.Struct, frozen=True):
    """What is known of a request before it is read. Header names are lower-case. `address` is the other end of the
    connection, "" where it has none."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    address: str = ""


class Access:
    """`digests` say which key a text is. `open_mode`: nobody needs a key, as long as there is none, the request
    comes from this machine and no browser page of another origin sent it. `allowed_origins` are the operator's CORS
    origins. `tokens` may stand for keys. `trusted_proxies` are the networks whose `X-Forwarded-For` is believed."""

    def __init__(
        self,
        ring: Ring,
        *,
        digests: Digests,
        master_key: Secret | None,
        open_mode: bool,
        tokens: Tokens,
        allowed_origins: Sequence[str] = (),
        trusted_proxies: scopes.Networks = (),
        now: Callable[[], float] = time,
    ) -> None:
        self.ring = ring
        self._digests = digests
        self._digest = digests.of
        self._tokens = tokens
        self._now = now
        self.adopt(
            master_key=master_key,
            open_mode=open_mode,
            allowed_origins=allowed_origins,
            trusted_proxies=trusted_proxies,
        )

    def adopt(
        self,
        *,
        master_key: Secret | None,
        open_mode: bool,
        allowed_origins: Sequence[str],
        trusted_proxies: scopes.Networks,
    ) -> None:
        """From the next request on."""
        self._master = self._digest(master_key.reveal()) if master_key else None
        self._may_be_open = open_mode
        self._origins = frozenset(allowed_origins)
        self._trusted = trusted_proxies

    @property
    def open_mode(self) -> bool:
        return self._may_be_open and self.ring.is_empty

    def admit(self, peer: Peer) -> Principal:
        """Who is asking. Raises GatewayError: 401 without a good key, 403 for the administrator's and for a key that is
        not good here, 503 when nobody can say."""
        given = keys_in(peer)
        for text in given:
            digest = self._digest_of(text)
            known = self._digests.find(self.ring, text, digest)
            if known is not None:
                return self._welcome(known, text, peer)
            if self._is_master(digest):
                raise GatewayError(
                    Kind.FORBIDDEN,
                    "The master key is for administration only: create a key for clients and send that one.",
                    code="master_key_refused",
                )
        if self.open_mode and self._is_local(peer):
            return _OPEN
        if not given:
            raise GatewayError(Kind.UNAUTHENTICATED, f"A key is required. {HOW}")
        raise self._unknown(given)

    def admit_again(self, key_id: str) -> Principal:
        """Who asked earlier for something that is done now. Raises GatewayError as `admit` does."""
        if key_id == _OPEN.key_id and self._may_be_open:
            return _OPEN
        known = self.ring.of_key(key_id)
        if known is None:
            gone = _not_good("The key that asked for this is gone.", "key_gone")
            raise gone if self.ring.is_fresh else _unreachable()
        self._demand_good(known)
        return known.principal

    def administer(self, peer: Peer) -> None:
        """Raises GatewayError unless the master key came in a header: 403 for a client's key, 401 for anything else."""
        texts = keys_in(Peer(peer.headers, {}))
        digests = {text: self._digest_of(text) for text in texts}
        if any(map(self._is_master, digests.values())):
            return
        if any(self._digests.find(self.ring, text, digest) is not None for text, digest in digests.items()):
            message = "This key is for clients: administration needs a login or the master key."
            raise GatewayError(Kind.FORBIDDEN, message, code="master_key_required")
        if self._master is None:
            message = "Administration needs a login. The first administrator is made by `gigamost admins create`."
            raise GatewayError(Kind.UNAUTHENTICATED, message)
        message = "Administration needs a login or the master key: `Authorization: Bearer <GIGAMOST_MASTER_KEY>`."
        raise GatewayError(Kind.UNAUTHENTICATED, message)

    def issue(self, peer: Peer) -> Token:
        """A token for the client key of a request that was admitted. Raises GatewayError (401) when it brought none."""
        for text in keys_in(peer):
            digest = self._digests.lasting(self.ring, text)
            if digest is not None:
                return self._tokens.issue(digest)
        if not self.open_mode:
            raise GatewayError(Kind.UNAUTHENTICATED, f"A token is issued for a key. {HOW}")
        return self._tokens.issue(_NO_KEY)

    def is_master(self, peer: Peer) -> bool:
        return any(self._is_master(self._digest(text)) for text in keys_in(peer))

    def _is_master(self, digest: bytes) -> bool:
        return self._master is not None and hmac.compare_digest(digest, self._master)

    def _welcome(self, known: Known, text: str, peer: Peer) -> Principal:
        """`text` is what was sent for the key: itself, or a token."""
        principal = known.principal
        self._demand_good(known)
        if principal.key.scope.addresses or principal.owner.scope.addresses:
            forwarded = peer.headers.get("x-forwarded-for", "")
            scopes.check_address(principal, scopes.client_address(peer.address, forwarded, self._trusted))
        return _passing(principal, text, peer) if principal.key.pass_token else principal

    def _demand_good(self, known: Known) -> None:
        principal, now = known.principal, self._now()
        if known.is_stored and not self.ring.is_kept:
            raise _unreachable()
        if known.until is not None and known.until <= now:
            raise _not_good("This key was replaced by another one, and its time is over.", "key_rotated")
        match keys.standing(principal.key, principal.owner, now):
            case "revoked":
                raise _not_good("This key was revoked.", "key_revoked")
            case "expired":
                raise _not_good("This key has expired.", "key_expired")
            case "disabled":
                raise GatewayError(Kind.FORBIDDEN, "This key's tenant is disabled.", code="tenant_disabled")
            case "good":
                pass

    def _unknown(self, given: Sequence[str]) -> GatewayError:
        if any(map(keys.is_mistyped, given)):
            return _not_good("This key has a typing error, or a part of it is missing: copy it again.", "key_mistyped")
        if any(text.startswith(sessions.PREFIX) for text in given):
            return _not_good("This is the token of an administrator's session: clients need keys.", "session_refused")
        if not self.ring.is_fresh and any(map(keys.is_made_here, given)):
            return _unreachable()
        return GatewayError(Kind.UNAUTHENTICATED, f"This key is not known to the gateway. {HOW}")

    def _digest_of(self, text: str) -> bytes:
        """Of the key itself, or of the one that a token stands for. Raises GatewayError (401) for an old token."""
        holder = self._tokens.read(text)
        if holder is None:
            return self._digest(text)
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


def _passing(principal: Principal, text: str, peer: Peer) -> Principal:
    """With the client's own credential. Raises GatewayError (401) when it brought none."""
    authorization = peer.headers.get("authorization", "")
    if not authorization or text in _authorization_keys(authorization):
        raise GatewayError(
            Kind.UNAUTHENTICATED,
            "This key passes your own GigaChat credential on: send the gateway's key in `x-api-key` and the GigaChat "
            "credential in `Authorization`.",
            code="gigachat_credential_missing",
        )
    return msgspec.structs.replace(principal, authorization=Secret(authorization))


def _not_good(message: str, code: str) -> GatewayError:
    return GatewayError(Kind.UNAUTHENTICATED, message, code=code)


def _unreachable() -> GatewayError:
    message = "Keys cannot be checked now: try again."
    return GatewayError(Kind.UNAVAILABLE, message, retry_after=1, detail="the store of keys is out of reach")

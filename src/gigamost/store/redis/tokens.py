"""Access tokens that all gateways share: whichever comes first asks the upstream, the others wait for what it gets.

In Redis a token is sealed (AES-256-GCM, bound to its credential). Without Redis each gateway asks for itself.
"""

import asyncio
import hmac
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.secret import AccessToken, Secret
from gigamost.store.redis.link import Argument, AwayError, Link, Reply, Script

TOKENS: Final = Script("tokens")
KEY_BYTES: Final = 64  # of the key of `SharedTokens`
_ASKING: Final = 3.0  # seconds after which a gateway that asks and says nothing counts as gone
_FAILED: Final = 1.0  # seconds for which a failure answers for a new attempt, as in `upstreams.tokens`
_NONCE: Final = 12

Fetch = Callable[[], Awaitable[AccessToken]]


class SharedTokens:
    """`core.ports.TokenShare`. `key` is `KEY_BYTES` long; `gateway` the name of this one."""

    def __init__(self, link: Link, key: bytes, gateway: str) -> None:
        self._link = link
        self._seal = AESGCM(key[:32])
        self._tag_key = key[32:]
        self._gateway = gateway
        self._news: dict[str, asyncio.Event] = {}
        link.listen("tokens", self._hear)

    async def obtain(
        self, credential: str, known: Secret | None, fetch: Fetch, *, is_rejected: bool = False
    ) -> AccessToken:
        tag = self._tag(known) if known is not None else ""
        news = self._news.setdefault(credential, asyncio.Event())
        while True:
            news.clear()
            try:
                reply = await self._call("ask", credential, tag, int(is_rejected), round(_ASKING * 1000))
            except AwayError:
                return await fetch()
            match reply:
                case [b"token", bytes(sealed), bytes(expires)]:
                    token = self._open(credential, sealed, expires)
                    if token is not None:
                        return token
                    return await self._fetch(credential, fetch)
                case [b"failed", bytes(problem)]:
                    raise _raised(problem)
                case [b"yours"]:
                    return await self._fetch(credential, fetch)
                case [b"wait", int(milliseconds)]:
                    await _until(news, max(milliseconds, 10) / 1000)
                case _:
                    raise AssertionError(f"tokens.lua answered {reply!r}")

    async def _fetch(self, credential: str, fetch: Fetch) -> AccessToken:
        """While nobody else does."""
        task = asyncio.ensure_future(fetch())
        try:
            while not (await asyncio.wait((task,), timeout=_ASKING / 3))[0]:
                self._post("stay", credential, round(_ASKING * 1000))
            token = task.result()
        except GatewayError as error:
            self._post("fail", credential, _told(error.problem), round(_FAILED * 1000))
            raise
        except BaseException:
            task.cancel()
            self._post("fail", credential, b"", 0)
            raise
        if token.value is not None:
            nonce = os.urandom(_NONCE)
            sealed = nonce + self._seal.encrypt(nonce, token.value.reveal().encode(), credential.encode())
            expires = "" if token.expires_at is None else repr(token.expires_at)
            self._post("put", credential, self._tag(token.value), sealed, expires)
        return token

    def _open(self, credential: str, sealed: bytes, expires: bytes) -> AccessToken | None:
        """None for one that was sealed with another key."""
        try:
            text = self._seal.decrypt(sealed[:_NONCE], sealed[_NONCE:], credential.encode())
        except InvalidTag:
            return None
        return AccessToken(Secret(text.decode()), float(expires) if expires else None)

    def _tag(self, token: Secret) -> str:
        """Tells tokens apart, and says nothing about them."""
        return hmac.digest(self._tag_key, token.reveal().encode(), "sha256").hex()

    def _hear(self, credential: bytes) -> None:
        news = self._news.get(credential.decode())
        if news is not None:
            news.set()

    def _keys(self, credential: str) -> Sequence[str]:
        name = f"{self._link.prefix}token:{credential}:"
        return [name + "token", name + "asking", name + "failed", f"{self._link.prefix}tokens"]

    async def _call(self, what: str, credential: str, *rest: Argument) -> Reply:
        """Raises AwayError."""
        return await self._link.call(TOKENS, self._keys(credential), [what, self._gateway, credential, *rest])

    def _post(self, what: str, credential: str, *rest: Argument) -> None:
        arguments = [what, self._gateway, credential, *rest]
        self._link.post(TOKENS, self._keys(credential), arguments, lambda _: None)


async def _until(news: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return


class _Told(msgspec.Struct, omit_defaults=True):
    """A problem as it is in Redis, where another version of the gateway may read it."""

    kind: str
    message: str
    param: str | None = None
    code: str | None = None
    retry_after: float | None = None
    detail: str = ""


def _told(problem: Problem) -> bytes:
    fields = msgspec.structs.asdict(problem)
    return msgspec.msgpack.encode(_Told(**{**fields, "kind": problem.kind.name}))


def _raised(told: bytes) -> GatewayError:
    problem = msgspec.msgpack.decode(told, type=_Told)
    kind = Kind.__members__.get(problem.kind, Kind.UPSTREAM_FAILED)
    return GatewayError.of(Problem(**{**msgspec.structs.asdict(problem), "kind": kind}))

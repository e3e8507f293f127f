"""The access token of one credential: fetched once for all who wait, renewed ahead of time, dropped after a 401.

    none --get--> refreshing --token--> valid --expired, rejected--> refreshing
                  refreshing --no token--> failed | fallback --token, asked for in the background--> valid

A token that has expired is never used. While the token endpoint cannot be reached the static fallback serves, if there
is one, and the endpoint is asked again until it answers: within 15 s of its recovery.
"""

import asyncio
import math
from collections.abc import Callable
from functools import partial
from typing import Final, Literal

import msgspec

from gigamost.core.errors import GatewayError, Kind, Problem
from gigamost.core.ports import TokenShare
from gigamost.core.secret import Secret
from gigamost.upstreams.credentials import AccessToken, Credential, Flow
from gigamost.upstreams.credentials.faults import TokenFault, no_token
from gigamost.upstreams.credentials.static import Static
from gigamost.upstreams.http import HttpAnswer, HttpRequest, Transport, TransportError

TIMEOUT: Final = 8.0  # with the longest pause between attempts it stays under the 15 s of the contract
_AHEAD: Final = 60.0  # seconds before its end from which a token is renewed
_SPACING: Final = 0.1  # seconds between two requests: the endpoint allows 10 a second
_HOLD: Final = 1.0  # seconds for which a failure answers instead of a new attempt
_REFUSED_HOLD: Final = 10.0  # seconds for which a token that nobody can renew is not tried again after a 401
_LONGEST_PAUSE: Final = 5.0  # seconds between attempts in the background; the first comes after _HOLD
_ANSWER_LIMIT: Final = 64 * 1024

State = Literal["none", "valid", "refreshing", "fallback", "failed"]


class TokenInfo(msgspec.Struct, frozen=True):
    """What may be known about a token. Moments are unix seconds. `last_error` is for the operator, "" after a success.

    `refreshing`: nothing can be served until the request under way is answered. `failed`, `fallback`: the last attempt
    failed; more are made.
    """

    state: State
    expires_at: float | None
    fetched_at: float | None
    last_error: str


class _Held(msgspec.Struct, frozen=True):
    """A token that serves. `renew_at` is unix seconds."""

    token: AccessToken
    fetched_at: float
    renew_at: float


class _Outage(msgspec.Struct, frozen=True):
    """The last attempt failed. Until `until` (seconds of the event loop's clock) its problem answers for it."""

    problem: Problem
    until: float


class TokenSource:
    """`now` is unix seconds, `new_id` makes a new uuid4, `timeout` is seconds for one token request as a whole. With a
    `share` other gateways use the same tokens."""

    def __init__(
        self,
        credential: Credential,
        transport: Transport,
        *,
        now: Callable[[], float],
        new_id: Callable[[], str],
        fallback: Static | None = None,
        timeout: float = TIMEOUT,
        share: TokenShare | None = None,
    ) -> None:
        self._share = share
        self._credential = credential
        self._transport = transport
        self._now = now
        self._new_id = new_id
        self._fallback = fallback.token if fallback is not None else None
        self._timeout = timeout
        self._held: _Held | None = None
        self._outage: _Outage | None = None
        self._attempt: asyncio.Task[AccessToken | Problem] | None = None
        self._recovery: asyncio.Task[None] | None = None
        self._rejected: tuple[Secret | None, float] | None = None
        self._next_request = 0.0

    async def get(self) -> Secret | None:
        """The token to send; None where no `Authorization` is wanted. Raises GatewayError: 502 when none can be had,
        401 or 403 when it is a client's own credential that is refused."""
        held = self._held
        now = self._now()
        if held is None or _expired(held.token, now):
            return (await self._obtain()).value
        if now >= held.renew_at and self._answering_outage() is None:
            self._request()
        return held.token.value

    def reject(self, token: Secret | None) -> None:
        """The API answered 401 to `token`: if it is still the one that serves, the next `get` asks for a new one."""
        if self._held is not None and self._held.token.value == token:
            self._held = None
            self._rejected = (token, self._now() + _REFUSED_HOLD)
        elif self._fallback is not None and self._fallback.value == token:
            self._fallback = None

    def info(self) -> TokenInfo:
        now = self._now()
        held = self._held if self._held is not None and not _expired(self._held.token, now) else None
        token = held.token if held is not None else self._spare() if self._outage is not None else None
        state: State = "none"
        if held is not None:
            state = "valid"
        elif self._outage is not None:
            state = "fallback" if token is not None else "failed"
        elif self._attempt is not None and not self._attempt.done():
            state = "refreshing"
        return TokenInfo(
            state,
            token.expires_at if token is not None else None,
            held.fetched_at if held is not None else None,
            self._outage.problem.detail if self._outage is not None else "",
        )

    async def close(self) -> None:
        """Ends the work in the background; who waits in `get` gets a GatewayError (503)."""
        tasks = [task for task in (self._recovery, self._attempt) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _obtain(self) -> AccessToken:
        if self._outage is not None and (spare := self._spare()) is not None:
            return spare
        if (outage := self._answering_outage()) is not None:
            raise GatewayError.of(outage.problem)
        attempt = self._request()
        # Unlike awaiting the task itself, this neither cancels it with one of its waiters nor them with it.
        await asyncio.wait((attempt,))
        if attempt.cancelled():
            raise GatewayError(Kind.UNAVAILABLE, "The gateway is shutting down")
        outcome = attempt.result()
        if isinstance(outcome, AccessToken):
            return outcome
        if (spare := self._spare()) is not None:
            return spare
        raise GatewayError.of(outcome)

    def _answering_outage(self) -> _Outage | None:
        return self._outage if self._outage is not None and _monotonic() < self._outage.until else None

    def _spare(self) -> AccessToken | None:
        return self._fallback if self._fallback is not None and not _expired(self._fallback, self._now()) else None

    def _request(self) -> asyncio.Task[AccessToken | Problem]:
        """The one attempt under way, begun if there is none."""
        if self._attempt is None or self._attempt.done():
            self._attempt = asyncio.create_task(self._fetch())
        return self._attempt

    async def _fetch(self) -> AccessToken | Problem:
        holder = self._credential.holder
        await asyncio.sleep(self._next_request - _monotonic())
        self._next_request = _monotonic() + _SPACING
        try:
            async with asyncio.timeout(self._timeout):
                token = await self._follow()
        except GatewayError as error:
            return self._failed(error.problem)
        except TimeoutError:
            seen = f"no answer within {self._timeout:g} s"
            return self._failed(no_token(TokenFault.UNREACHABLE, holder, seen).problem)
        now = self._now()
        renew_at = math.inf
        if token.expires_at is not None:
            renew_at = token.expires_at - min(_AHEAD, (token.expires_at - now) / 2)
        self._held = _Held(token, now, renew_at)
        self._outage = None
        return token

    async def _follow(self) -> AccessToken:
        """What the credential's flow comes to, here or at another gateway. Raises GatewayError."""
        flow = self._credential.flow(self._now, self._new_id)
        try:
            request = next(flow)
        except StopIteration as end:
            token: AccessToken = end.value
            self._check_given(token)
            return token
        fetch = partial(self._ask, flow, request)
        if self._share is None:
            return await fetch()
        if self._held is not None:
            return await self._share.obtain(self._credential.id, self._held.token.value, fetch)
        rejected = self._rejected[0] if self._rejected is not None else None
        return await self._share.obtain(self._credential.id, rejected, fetch, is_rejected=True)

    async def _ask(self, flow: Flow, request: HttpRequest) -> AccessToken:
        """Raises GatewayError."""
        try:
            while True:
                request = flow.send(await self._send(request))
        except StopIteration as end:
            token: AccessToken = end.value
            return token
        except TransportError as error:
            fault = TokenFault.UNTRUSTED if error.reason == "tls" else TokenFault.UNREACHABLE
            raise no_token(fault, self._credential.holder, f"{error.reason}: {error}") from error

    async def _send(self, request: HttpRequest) -> HttpAnswer:
        response = await self._transport.send(request, silence=self._timeout)
        try:
            body = await response.read(_ANSWER_LIMIT)
        finally:
            response.close()
        return HttpAnswer(response.status, dict(response.headers), body)

    def _check_given(self, token: AccessToken) -> None:
        """A token that came without asking anyone is the same every time: if it no longer serves, say so.

        A 401 may have been a mishap of the API, so after a while it is tried again.
        """
        now = self._now()
        if _expired(token, now):
            raise no_token(TokenFault.NOT_RENEWABLE, self._credential.holder, "it has expired")
        if self._rejected is not None and self._rejected[0] == token.value and now < self._rejected[1]:
            raise no_token(TokenFault.NOT_RENEWABLE, self._credential.holder, "the API answered 401")

    def _failed(self, problem: Problem) -> Problem:
        hold = min(max(_HOLD, problem.retry_after or 0.0), _LONGEST_PAUSE)
        self._outage = _Outage(problem, _monotonic() + hold)
        # A client's own bad credential must not keep us calling: only that client's next request does.
        if self._recovery is None and self._credential.holder.owner == "operator":
            self._recovery = asyncio.create_task(self._recover())
        return problem

    async def _recover(self) -> None:
        """Asks again, with growing pauses, until a token comes."""
        pause = _HOLD
        while (outage := self._outage) is not None:
            await asyncio.sleep(max(pause, outage.until - _monotonic()))
            if self._outage is not None:
                await asyncio.wait((self._request(),))
            pause = min(pause * 2, _LONGEST_PAUSE)
        self._recovery = None


def _expired(token: AccessToken, now: float) -> bool:
    return token.expires_at is not None and token.expires_at <= now


def _monotonic() -> float:
    return asyncio.get_running_loop().time()

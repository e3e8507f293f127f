"""One credential of an upstream, with all that a request under it needs: tokens, a gate, a transport, an address."""

from collections.abc import Callable, Mapping
from typing import Protocol

from gigamost.core.ports import Place
from gigamost.core.secret import Secret
from gigamost.routing.breaker import Breaker
from gigamost.routing.retries import RetryBudget
from gigamost.upstreams.credentials.gigachat_oauth import USER_AGENT
from gigamost.upstreams.discreet import Discreet
from gigamost.upstreams.gate import Gate
from gigamost.upstreams.http import HttpRequest, Response, Transport
from gigamost.upstreams.tokens import TokenInfo


class Tokens(Protocol):
    """What goes into `Authorization`: `tokens.TokenSource`, or `api_key.ApiKey` where nothing has to be fetched."""

    async def get(self) -> Secret | None:
        """Raises GatewayError when none can be had."""
        ...

    def reject(self, token: Secret | None) -> None:
        """The API answered 401 to it."""
        ...

    def info(self) -> TokenInfo: ...

    async def close(self) -> None: ...


class Account:
    """`id` is the credential's digest: what is kept under this credential is found, and sealed, by it.

    `balance`: the tokens that were left of GigaChat's packages when it was asked last, None for no packages.

    `base_url` has no slash at its end (`https://api.giga.chat/v1`); `silence` is seconds; `headers` go with every
    request, `secrets` are taken out of what the upstream says when it refuses. `client_owned`: the client brought the
    credential itself, so a refusal is its own fault. `is_draining`: what is under way may finish, nothing new is sent.
    `successor` has its name now: it was replaced.
    """

    def __init__(  # noqa: PLR0913 - a plain record of its parts
        self,
        *,
        upstream: str,
        name: str,
        id: str,  # noqa: A002 - the field's word
        base_url: str,
        transport: Transport,
        tokens: Tokens,
        gate: Gate,
        silence: float,
        client_owned: bool = False,
        headers: tuple[tuple[str, str], ...] = (),
        secrets: tuple[Secret, ...] = (),
    ) -> None:
        self.upstream = upstream
        self.name = name
        self.id = id
        self.base_url = base_url
        self.transport = transport
        self.tokens = tokens
        self.gate = gate
        self.silence = silence
        self.client_owned = client_owned
        self.is_draining = False
        self.balance: Mapping[str, float] | None = None
        self.successor: Account | None = None
        self.breaker = Breaker()
        self.retries = RetryBudget()
        self._headers = (USER_AGENT, *headers)
        self._secrets = secrets

    @property
    def load(self) -> float:
        """Requests under way and waiting for each place: full from 1 on."""
        state = self.gate.snapshot()
        return (state.in_flight + state.waiting) / state.limit

    @property
    def current(self) -> "Account":
        """This one, or what has replaced it."""
        found = self
        while found.successor is not None:
            found = found.successor
        return found

    async def place(self, tenant: str, timeout: float, *, yields: bool = False) -> "tuple[Account, Place]":
        """A turn under this credential, or under the one that replaced it while the request waited. Raises GatewayError
        (429)."""
        account = self.current
        while True:
            place = await account.gate.acquire(tenant, timeout, yields=yields)
            if account.successor is None:
                return account, place
            place.release()
            account = account.current

    async def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[Response, Callable[[], None]]:
        """One HTTP request under this credential. The second value takes back the token after a 401.

        Raises GatewayError when no token can be had, TransportError when no answer came.
        """
        return await self.send_to(method, self.base_url + path, headers, body)

    async def send_to(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[Response, Callable[[], None]]:
        """The same to a whole address, which must be one of this upstream: the credential goes there."""
        token = await self.tokens.get()
        sent = [*headers.items(), *self._headers]
        if token is not None:
            sent.append(("Authorization", f"Bearer {token.reveal()}"))
        request = HttpRequest(method, url, tuple(sent), body)
        response = await self.transport.send(request, silence=self.silence)
        if response.status >= 400:
            response = Discreet(response, [*self._secrets, token] if token is not None else self._secrets)
        return response, lambda: self.tokens.reject(token)

"""Sends one message to one webhook, and says what came back. Redirects are not followed."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from typing import Final

from gigamost.core.notices import Attempt, Notice, Webhook
from gigamost.notices.messages import body_of, headers_of
from gigamost.upstreams.addresses import Network
from gigamost.upstreams.http import HttpRequest, Response, TransportError
from gigamost.upstreams.outside import guarded, parse
from gigamost.upstreams.tcp import Resolve

log = logging.getLogger(__name__)

SECONDS: Final = 10.0  # for one attempt as a whole
# What an operator's own network may be; link-local addresses are none of it, clouds keep their metadata there.
OWN_NETWORK: Final[tuple[Network, ...]] = tuple(
    map(
        ip_network,
        ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)
_AGENT: Final = ("user-agent", "gigamost")
# One text for a name that does not exist, an internal address and a closed port: none can be told from another.
_UNREACHABLE: Final = "no connection: it does not answer, or it is not on the public internet"


class Sender:
    """`own` are networks that the webhooks of the configuration may be in, `allowed` those that any may be in, although
    they are not public. `now` is unix seconds."""

    def __init__(
        self,
        now: Callable[[], float],
        *,
        own: Sequence[Network] = (),
        allowed: Sequence[Network] = (),
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._now = now
        self._seconds = seconds
        self._outside = guarded(resolve=resolve, tls=tls, allowed=allowed)
        self._inside = guarded(resolve=resolve, tls=tls, allowed=(*own, *allowed)) if own else self._outside

    async def send(self, webhook: Webhook, notice: Notice) -> Attempt:
        if webhook.secret is None:
            return self._failed("its secret cannot be read, the root secret is another one: create the webhook anew")
        body = body_of(notice)
        try:
            url = parse(webhook.url).url
            headers = (*headers_of(notice, body, webhook.secret, self._now()), _AGENT)
            request = HttpRequest("POST", url, headers, body)
            transport = self._inside if webhook.is_configured else self._outside
            async with asyncio.timeout(self._seconds):
                response = await transport.send(request, silence=self._seconds)
        except TimeoutError:
            return self._failed(f"no answer within {self._seconds:g} seconds")
        except TransportError as error:
            log.info("webhook %s: %s", webhook.id, error)
            return self._failed(_told(error))
        except ValueError as error:
            return self._failed(f"the address or the secret cannot be used: {error}")
        try:
            return self._answered(response)
        finally:
            response.close()

    async def close(self) -> None:
        await self._outside.close()
        await self._inside.close()

    def _answered(self, response: Response) -> Attempt:
        status, problem = response.status, ""
        if 300 <= status < 400:
            problem = f"HTTP {status}: redirects are not followed"
        elif not 200 <= status < 300:
            problem = f"HTTP {status}"
        asked = response.headers.get("retry-after", "")
        wait = float(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 8 else 0.0
        return Attempt(self._now(), status, problem, wait)

    def _failed(self, problem: str) -> Attempt:
        return Attempt(self._now(), 0, problem)


def _told(error: TransportError) -> str:
    match error.reason:
        case "connect":
            return _UNREACHABLE
        case "tls":
            return "its certificate was refused"
        case "reset":
            return "the connection broke off"
        case "silence":
            return "it does not answer"
        case "protocol" | "too_large":
            return "the answer is not HTTP"

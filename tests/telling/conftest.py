"""A receiver of webhooks on a real socket, which checks what it gets as the page of the documentation says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest

from gigamost.core.notices import Notice, Webhook
from gigamost.core.secret import Secret
from gigamost.notices.messages import new_secret
from gigamost.upstreams.addresses import Network
from tests.telling.documented import verify
from tests.upstreams.sockets import Peer, Seen, serving

SECRET = new_secret(bytes(range(32)))
LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"),)
NOW = 1_700_000_000.0


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


class Receiver:
    """`status` is what it answers, `answers` goes before it. `told` are the messages whose signatures are right, as
    they came; `moment` is its clock."""

    def __init__(self, secret: Secret, clock: Callable[[], float]) -> None:
        self.status = 200
        self.answers: list[int] = []
        self.told: list[dict[str, Any]] = []
        self.stop: asyncio.Event | None = None
        self.peer: Peer
        self._secret = secret
        self._clock = clock

    @property
    def url(self) -> str:
        return f"{self.peer.url}/hook"

    async def answer(self, seen: Seen) -> tuple[int, bytes]:
        if self.stop is not None:
            await self.stop.wait()
        status = self.answers.pop(0) if self.answers else self.status
        if 200 <= status < 300:
            self.told.append(verify(self._secret.reveal(), seen.headers, seen.body, self._clock()))
        return status, b""

    @property
    def kinds(self) -> list[str]:
        return [each["type"] for each in self.told]


@asynccontextmanager
async def receiving(clock: Callable[[], float], secret: Secret = SECRET) -> AsyncIterator[Receiver]:
    receiver = Receiver(secret, clock)
    async with serving(receiver.answer) as peer:
        receiver.peer = peer
        yield receiver


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def receiver(clock: Clock) -> AsyncIterator[Receiver]:
    async with receiving(clock) as made:
        yield made


def hook(url: str, name: str = "hook", tenant: str = "", *events: str, configured: bool = False) -> Webhook:
    return Webhook(name, tenant, url, events, SECRET, 1, is_configured=configured)


def notice(number: int = 1, kind: str = "budget.soft", tenant: str = "", **more: object) -> Notice:
    data = msgspec.Raw(json.dumps({"n": number}).encode())
    made = Notice(f"notice_{number:05}", NOW, kind, tenant, data, f"{kind}:{number}")
    return msgspec.structs.replace(made, **more)


async def until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 (facts of the outside have no event)
            await asyncio.sleep(0.01)

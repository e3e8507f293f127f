"""A gateway's shared parts in a process of their own: reads one command per line, answers with one line of JSON.

python -m tests.shared.worker <redis url> <group> <name> <gateways> <token endpoint>
"""

import asyncio
import base64
import json
import sys
import uuid
from time import monotonic_ns, time

from gigamost.core.errors import GatewayError
from gigamost.core.limiting import Draw, Grant, Line
from gigamost.core.secret import Secret
from gigamost.store.redis.link import Pace
from gigamost.store.redis.sharing import Shared
from gigamost.upstreams.credentials.gigachat_oauth import GigaChatOAuth
from gigamost.upstreams.tokens import TokenSource
from gigamost.upstreams.transport import HttpTransport

PACE = Pace(deadline=2.0, lease=1.5, beat=0.5)  # many processes share two cores


class Worker:
    def __init__(self, shared: Shared, source: TokenSource) -> None:
        self.shared = shared
        self.source = source

    async def tokens(self, count: int) -> object:
        """`count` requests that want a token at the same time."""
        found = await asyncio.gather(*(self.source.get() for _ in range(count)), return_exceptions=True)
        return [token.reveal() if isinstance(token, Secret) else f"failed: {token}" for token in found]

    async def refused(self, count: int) -> object:
        """`count` requests whose token got a 401, and which want another one."""
        old = await self.source.get()

        async def again() -> str:
            self.source.reject(old)
            token = await self.source.get()
            return token.reveal() if token is not None else "none"

        return await asyncio.gather(*(again() for _ in range(count)))

    async def take(self, count: int, limit: int) -> object:
        draw = Draw("key:k", "requests", 60, limit, 1)
        outcomes = await asyncio.gather(*(self.shared.counters.take([draw]) for _ in range(count)))
        return sum(isinstance(outcome, Grant) for outcome in outcomes)

    async def hold(self, count: int, limit: int) -> object:
        """Takes places and keeps them."""
        found = await asyncio.gather(
            *(self.shared.places.hold("credential:c", limit, Line("t"), 5.0) for _ in range(count))
        )
        return sum(place is not None for place in found)

    async def mode(self) -> object:
        return self.shared.sharing().mode


async def main(url: str, group: str, name: str, replicas: str, endpoint: str) -> None:
    shared = Shared(
        Secret(url),
        group=group,
        gateway=name,
        replicas=int(replicas),
        token_key=bytes(64),
        clock=monotonic_ns,
        pace=PACE,
    )
    await shared.start()
    transport = HttpTransport()
    source = TokenSource(
        GigaChatOAuth(Secret(base64.b64encode(b"client:secret").decode()), url=endpoint),
        transport,
        now=time,
        new_id=lambda: str(uuid.uuid4()),
        share=shared.tokens,
    )
    worker = Worker(shared, source)
    print(json.dumps(shared.sharing().mode), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        command, *numbers = line.split()
        try:
            answer = await getattr(worker, command)(*map(int, numbers))
        except GatewayError as error:
            answer = f"failed: {error}"
        print(json.dumps(answer), flush=True)
    await source.close()
    await transport.close()
    await shared.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
